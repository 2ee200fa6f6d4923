/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One line of the log for each event, with a field of the journal for each of its members:
 *
 *   journalctl POSTERN_EVENT=restricted --since today
 *   journalctl POSTERN_SENDER=ann@example.net
 */
#pragma once

#include <jansson.h>

/*
 * `document` as of wire/event.h; `text` is the line, NULL: its members, "over-limit: sender
 * ann@example.net, limit messages_per_minute, count 31, max 30".
 */
void event_log(const json_t *document, const char *text);
