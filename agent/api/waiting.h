/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests for a reload, which are answered at its end. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct evhttp_request;
struct waiting;

/* More are refused: each is a person or a script that asks for the same. */
#define WAITING_MAX 64

struct waiting *waiting_new(void); /* NULL: out of memory */
/* The connections of all that wait must exist until then. */
void waiting_free(struct waiting *waiting);

/* It waits for the end of reload `number`. False: no place is free. */
bool waiting_add(struct waiting *waiting, struct evhttp_request *request, uint64_t number);
/* One that waits for a reload up to `number`, no longer here; NULL: none is left. */
struct evhttp_request *waiting_take(struct waiting *waiting, uint64_t number);
