/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The X-Postern-* headers that a message came in with: only this host may add them, so each is removed
 * (by its name and which of that name it is, as the milter protocol has it).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define FORGED_NAMES_MAX      16
#define FORGED_MAX	      256
#define FORGED_NAME_MAX_BYTES 128

struct forged_name {
	char name[FORGED_NAME_MAX_BYTES];
	unsigned count;
};

/* A zeroed one is empty. */
struct forged {
	struct forged_name *names; /* NULL until there is one */
	size_t n_names;
	unsigned count;
	bool too_many; /* some are not in here */
};

void forged_done(struct forged *forged);

/* Any header of the message, in their order; those of other names are none. */
void forged_add(struct forged *forged, const char *name);
