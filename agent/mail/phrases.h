/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words by which mail servers say that they do not know a recipient: in replies, diagnostics
 * and texts of bounces. Case, white space and addresses within a phrase do not matter: "User
 * <bob@example.net> unknown" says "user unknown".
 */
#pragma once

#include <stdbool.h>

/* One line or one unfolded field; only the first 1,023 bytes of its words count. */
bool phrases_say_unknown(const char *text);

/* Another cause: a full mailbox, a limit, a block, the sender. */
bool phrases_say_other(const char *text);
