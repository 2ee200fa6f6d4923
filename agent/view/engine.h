/* SPDX-License-Identifier: BSD-2-Clause */
/* Views of the engine: counts and limits of senders, explained decisions. view.h has the rest. */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct steering;
struct error;
struct message_decision;
struct judge_explanation;
struct policy;

/* Adds the members of struct wire_counts to a sender's document. */
void view_add_windows(json_t *sender, struct policy *policy, const char *name, int64_t now_sec);

/* The document of a sender without a selector. -ENOENT: the engine does not know it. */
int view_engine_sender(const struct steering *steering, struct policy *policy, const char *name,
		       int64_t now_sec, json_t **ret, struct error *error);

/* Adds the senders with a standing and without a selector, until the list has `limit` entries. */
void view_add_engine_senders(json_t *senders, const struct steering *steering,
			     struct policy *policy, size_t limit, int64_t now_sec);

/* The text of decision_print_explained(), with the pool as it is now. */
int view_explanation(const struct steering *steering, const struct judge_explanation *explanation,
		     char **ret_text, struct error *error);
