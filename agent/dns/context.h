/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets libunbound up to ask the configured resolvers for every name. */
#pragma once

#include <event2/event.h>

struct config_mail;
struct error;
struct resolv_conf;
struct ub_ctx;

/* All zero: not open. */
struct context {
	struct ub_ctx *unbound;
	struct event *results; /* readable: ub_process() has results to report */
};

/*
 * `file`: asked where `config` names no resolver. It sends nothing before the first query.
 * `on_results` must call ub_process(). -EINVAL: no address of a resolver; -ENOMEM.
 */
int context_open(const struct config_mail *config, const struct resolv_conf *file,
		 struct event_base *base, event_callback_fn on_results, void *data,
		 struct context *ret_context, struct error *error);
void context_close(struct context *context);
