/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interfaces that carry no steered mail, as `guard` follows them: each gets the hook that keeps
 * handles on the host (handles.h) when it appears, and loses what is left of it when it is gone.
 * One that does not take it is logged once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct error;
struct put_back;
struct snapshot;

struct other {
	int index;
	char name[16];
	bool is_hooked;
};

struct others {
	struct other *list;
	size_t count;
};

/* Writes only changes. -ENOMEM. */
int others_follow(struct others *others, const struct put_back *put_back,
		  const struct snapshot *snapshot, struct error *error);
void others_done(struct others *others);
