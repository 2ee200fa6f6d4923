/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of a document in words for people, in the caller's buffer. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#define WORDS_SIZE 64

/* 90 -> "90s", 5400 -> "90m", 7300 -> "2h": in the largest unit that fits twice, rounded down. */
const char *words_duration(int64_t sec, char buffer[WORDS_SIZE]);

/* RFC 3339 in UTC -> "in 14m", "now" once it has passed; NULL (no end) -> "". */
const char *words_until(const char *until, int64_t now_sec, char buffer[WORDS_SIZE]);

/* disarm_text() for all texts and names of the document. */
void words_disarm(json_t *document);

/* A member that is a string, else "". Borrowed. */
const char *words_string(const json_t *object, const char *name);
/* A member that is an integer, else 0. */
long long words_integer(const json_t *object, const char *name);
