/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets libunbound up to ask the configured resolvers for every name. */
#pragma once

struct config_mail;
struct error;
struct ub_ctx;

/*
 * It sends nothing before the first query. The caller frees the result by ub_ctx_delete().
 * -EINVAL: no address of a resolver; -ENOMEM.
 */
int context_new(const struct config_mail *config, struct ub_ctx **ret_context, struct error *error);
