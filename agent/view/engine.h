/* SPDX-License-Identifier: BSD-2-Clause */
/* What the judge knows, as JSON: counts and limits of senders, answers and why. As view.h. */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct steering;
struct error;
struct message_decision;
struct judge_explanation;
struct policy;

/* Adds "policy", "windows", "spam" and "restricted_until" to a sender's object. */
void view_add_windows(json_t *sender, struct policy *policy, const char *name, int64_t now_sec);

/* A sender without a selector, in the shape of view_sender(). -ENOENT: nothing is known of it. */
int view_engine_sender(const struct steering *steering, struct policy *policy, const char *name,
		       int64_t now_sec, json_t **ret, struct error *error);

/* Adds those that have a standing and no selector to a list, up to `limit` in all. */
void view_add_engine_senders(json_t *senders, const struct steering *steering,
			     struct policy *policy, size_t limit, int64_t now_sec);

/* The text of decision_print_explained(), with the pool as it is now. */
int view_explanation(const struct steering *steering, const struct judge_explanation *explanation,
		     char **ret_text, struct error *error);
