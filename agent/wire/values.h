/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON values that several documents use; each is a new reference. */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct error;

#define VALUE_TIME_SIZE 32
/* RFC 3339 in UTC; NULL for 0. */
const char *value_time_text(int64_t sec, char buffer[VALUE_TIME_SIZE]);
/* The same as JSON. */
json_t *value_time(int64_t sec);

/*
 * null for NULL. A text from mail may not be UTF-8, or cut inside a character: then other bytes
 * than ASCII become '?'.
 */
json_t *value_text(const char *text);

json_t *value_number(uint64_t number);

/* *ret is the document. -ENOMEM: it is NULL. */
int value_give(json_t *document, json_t **ret, struct error *error);
