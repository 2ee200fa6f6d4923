/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The documents of postern(8) about the datapath, the same whether the agent answers or the CLI
 * reads the maps. Each is a new reference in *ret. -ENOMEM.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "datapath/hook.h"

struct steering;
struct error;
struct now;
struct policy;

struct hooked_interface {
	char name[16];
	struct hook_status hooks;
};
struct hooked_interfaces {
	struct hooked_interface *list;
	size_t count;
};

/* Consumes `agent` (struct wire_agent as JSON). */
int view_status(struct steering *steering, const struct hooked_interfaces *interfaces,
		uint64_t now_ns, json_t *agent, json_t **ret, struct error *error);
int view_pools(struct steering *steering, json_t **ret, struct error *error);
/*
 * `policy` NULL: without the engine's counts. With it, senders that have a standing and no selector
 * come last. `limit` at least 1.
 */
int view_senders(struct steering *steering, struct policy *policy, size_t limit,
		 const struct now *now, json_t **ret, struct error *error);
/* -ENOENT: no such sender. */
int view_sender(struct steering *steering, struct policy *policy, const char *name,
		const struct now *now, json_t **ret, struct error *error);
/* `sender` NULL: all. `limit` 0: no limit. */
int view_flows(struct steering *steering, const char *sender, uint64_t now_ns, size_t limit,
	       json_t **ret, struct error *error);
