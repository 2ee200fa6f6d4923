/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The commands of main.c's table that are clients of the agent. `arguments` end with NULL. Each
 * returns 0, or a negative errno with the error set.
 */
#pragma once

#include <stdio.h>

#include <jansson.h>

struct cli;
struct error;

int cli_mta_install(struct cli *cli, char **arguments, struct error *error);
int cli_mta_remove(struct cli *cli, char **arguments, struct error *error);
int cli_check(struct cli *cli, char **arguments, struct error *error);
int cli_reload(struct cli *cli, char **arguments, struct error *error);
int cli_status(struct cli *cli, char **arguments, struct error *error);

int cli_pool_list(struct cli *cli, char **arguments, struct error *error);
int cli_pool_enable(struct cli *cli, char **arguments, struct error *error);
int cli_pool_disable(struct cli *cli, char **arguments, struct error *error);
int cli_pool_drain(struct cli *cli, char **arguments, struct error *error);
int cli_pool_activate(struct cli *cli, char **arguments, struct error *error);

int cli_sender_list(struct cli *cli, char **arguments, struct error *error);
int cli_sender_show(struct cli *cli, char **arguments, struct error *error);
int cli_sender_set(struct cli *cli, char **arguments, struct error *error);
int cli_sender_block(struct cli *cli, char **arguments, struct error *error);
int cli_sender_clear(struct cli *cli, char **arguments, struct error *error);
int cli_sender_release(struct cli *cli, char **arguments, struct error *error);

int cli_explain(struct cli *cli, char **arguments, struct error *error);
int cli_events(struct cli *cli, char **arguments, struct error *error);
int cli_top(struct cli *cli, char **arguments, struct error *error);

int cli_flow_list(struct cli *cli, char **arguments, struct error *error);
int cli_flow_cut(struct cli *cli, char **arguments, struct error *error);

int cli_mta_postfix(struct cli *cli, char **arguments, struct error *error);
int cli_mta_exim(struct cli *cli, char **arguments, struct error *error);

/* Their output without -j, from the documents of postern(8). */
void cli_print_status(const json_t *status, FILE *out);
void cli_print_pools(const json_t *pools, FILE *out);
void cli_print_senders(const json_t *senders, FILE *out);
void cli_print_sender(const json_t *sender, FILE *out);
void cli_print_flows(const json_t *flows, FILE *out);
void cli_print_decision(const json_t *decision, FILE *out);
void cli_print_explained_sender(const json_t *explained, FILE *out);
void cli_print_event(const json_t *event, FILE *out);

/* The most active of two lists of senders, `seconds` apart; a new reference. */
json_t *cli_top_rows(const json_t *before, const json_t *after, int seconds);
void cli_print_top(const json_t *rows, FILE *out);
