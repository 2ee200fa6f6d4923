/* SPDX-License-Identifier: BSD-2-Clause */
/* Views of the engine: counts and limits of senders, explained decisions. view.h has the rest. */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct now;
struct steering;
struct error;
struct message_decision;
struct judge_explanation;
struct policy;

/* What the wall clock shows at an end that rules have by the calendar; 0: no end. */
int64_t view_end(int64_t until_sec, const struct now *now);

/* Adds the members of struct wire_counts to a sender's document. */
void view_add_windows(json_t *sender, struct policy *policy, const char *name,
		      const struct now *now);

/* The document of a sender without a selector. -ENOENT: the engine does not know it. */
int view_engine_sender(const struct steering *steering, struct policy *policy, const char *name,
		       const struct now *now, json_t **ret, struct error *error);

/* Adds the senders with a standing and without a selector, until the list has `limit` entries. */
void view_add_engine_senders(json_t *senders, const struct steering *steering,
			     struct policy *policy, size_t limit, const struct now *now);

/* The text of decision_print_explained(), with the pool as it is now. */
int view_explanation(const struct steering *steering, const struct judge_explanation *explanation,
		     char **ret_text, struct error *error);
