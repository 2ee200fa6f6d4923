/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An answer to facts as JSON text, written at once: it is made for every message, and as a tree of values
 * that is printed and thrown away it would be a third of all work. Everything else is view.h's.
 */
#pragma once

struct error;
struct judge_answer;

/*
 * {"message_id","action","pool","lane","helo","handles":{"ipv4","ipv6"},"reason","status","until","sender",
 * "identity","policy","tenant","why":[{"rule","outcome","limit","count","adds","max"}]}: what does not hold
 * is null, what a rule does not count is left out. `message_id` may be NULL. *ret_text is the caller's. -ENOMEM.
 */
int answer_print(const struct judge_answer *answer, const char *message_id, char **ret_text,
		 struct error *error);
