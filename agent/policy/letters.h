/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One sequence of bytes for one name (SMTPUTF8): its letters composed (NFC, as RFC 6532 section 3.1
 * recommends) and in lower case. A name in ASCII stays as it is, and costs nothing.
 */
#pragma once

#include "policy/decision.h"

/*
 * In place. A name that grows too long is cut between characters; without memory, or if it is not
 * UTF-8, it stays.
 */
void letters_fold(char name[POLICY_NAME_SIZE]);
