/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The milter's own socket for commands, runtime_dir/milter.control: HTTP, for root and the milter's
 * user only (its mode is 0600). POST /v1/reload answers {"reloaded": true} once the configuration
 * is in force, or 400 and {"error": text}.
 */
#pragma once

#include <stdbool.h>

struct control;
struct error;
struct event_base;

/* -EINVAL and others: `error` says why, and the old configuration stays. */
typedef int (*control_reload)(void *data, struct error *error);

/* Errors: listen_private(); -ENOMEM. */
int control_new(struct event_base *base, const char *runtime_dir, control_reload reload, void *data,
		struct control **ret_control, struct error *error);
/* Its file was removed or replaced: it needs a new one. */
bool control_is_lost(const struct control *control);
/* Removes the socket's file. NULL is fine. */
void control_free(struct control *control);
