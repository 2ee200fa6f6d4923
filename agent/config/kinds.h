/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kinds and rules of single sections, beyond the kinds of read.h. Within config/ only; results are
 * those of read.h.
 *
 * "_check" looks at the title before the section is added. "_finish" gets the section when it has
 * closed and its defaults are in place.
 */
#pragma once

#include "config/read.h"

/* ---- the top level: the host (read_host.c) and mail (read_mail.c) */

KIND(kind_ports, uint16_t[POSTERN_PORTS_MAX]);
KIND(kind_socket, struct config_socket);
KIND(kind_marks, struct config_mail);

bool host_is_interface(const char *text);
bool host_is_path(const char *text);
bool host_is_pin_path(const char *text);
bool host_is_user(const char *text);
bool host_is_caller(const char *text); /* a user, or "@GROUP" */
bool host_is_metrics(const char *text);
bool mail_is_authserv_id(const char *text);
bool mail_is_resolver(const char *text);

/* One port at least; works out sender_flows_max. */
int host_finish(const struct reader *reader);
/* Puts sockets that are left out into runtime_dir; no two may be the same. */
int mail_finish(const struct reader *reader);

/* ---- pools (read_pool.c) */

KIND(kind_addresses, struct config_pool);
KIND(kind_handles, struct config_pool);

#define POOL_HELO_EXPECTED                                                                         \
	"a domain name such as 'out.example.net' or an address literal such as '[192.0.2.1]'"
bool pool_is_helo(const char *text);
int pool_check(const struct reader *reader, const struct value *title);
int pool_finish(const struct reader *reader, void *pool);

/* ---- senders (read_sender.c) */

KIND(kind_sources, struct config_sender);
KIND(kind_fwmarks, struct config_sender);
KIND(kind_uids, struct config_sender);
KIND(kind_cgroups, struct config_sender);

bool sender_is_cgroup(const char *text);

int sender_finish(const struct reader *reader, void *sender);

/* ---- policies and tenants (read_policy.c) */

KIND(kind_like, enum config_like);
KIND(kind_spam_of_last, struct config_policy);

bool policy_is_sender(const char *text);
bool policy_is_sender_form(const char *text);
bool policy_is_domain(const char *text);
int policy_finish(const struct reader *reader, void *policy);
