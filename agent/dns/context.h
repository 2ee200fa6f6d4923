/* SPDX-License-Identifier: BSD-2-Clause */
/* libunbound, set up to ask the resolvers of the configuration, and nothing that it knows by itself. */
#pragma once

struct config_mail;
struct error;
struct ub_ctx;

/*
 * Nothing is sent before the first query. The result is the caller's, freed by ub_ctx_delete().
 * -EINVAL: no address of a resolver; -ENOMEM.
 */
int context_new(const struct config_mail *config, struct ub_ctx **ret_context, struct error *error);
