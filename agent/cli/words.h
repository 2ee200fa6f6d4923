/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of a document as people read them. All texts are short and go into the caller's buffer. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#define WORDS_SIZE 64

/* 90 -> "90s", 5400 -> "90m", 7300 -> "2h": the largest unit of which there are two, rounded down. */
const char *words_duration(int64_t sec, char buffer[WORDS_SIZE]);

/* RFC 3339 in UTC -> "in 14m", "now" once it has passed; NULL (no end) -> "". */
const char *words_until(const char *until, int64_t now_sec, char buffer[WORDS_SIZE]);

/*
 * What mail says of itself may carry escape sequences, which would command the terminal: control characters
 * (those of Unicode's C1, too) become '?', in all texts of the document.
 */
void words_disarm(json_t *document);

/* A member that is a string, else "". Borrowed. */
const char *words_string(const json_t *object, const char *name);
/* A member that is an integer, else 0. */
long long words_integer(const json_t *object, const char *name);
