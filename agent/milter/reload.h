/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A thread that reads the configuration again when it is told to, for the messages that begin from then on
 * (config_ref.h), and tells meanwhile when the DNS fails (dns_alarm.h). A configuration that is wrong is told of, and the
 * old one stays. What was opened at the start changes with a new start only, and that is told, too.
 */
#pragma once

struct config;
struct error;
struct settings_holder;

/* Once a process; borrows both until reload_end(). -EAGAIN: no thread. */
int reload_begin(struct settings_holder *holder, const struct config *start, struct error *error);

/* Does it soon; may be called in a handler of a signal. */
void reload_ask(void);

/* When what has begun is done. */
void reload_end(void);
