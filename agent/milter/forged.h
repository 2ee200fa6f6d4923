/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The X-Postern-* headers that a message came in with. Only this host may add them, so each is
 * removed, by its name and its position among the headers of that name, as the milter protocol
 * counts them.
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

/* All zero: none. */
struct forged {
	struct forged_name *names; /* NULL until there is one */
	size_t n_names;
	unsigned count;
	bool too_many; /* some are missing here */
};

void forged_done(struct forged *forged);

/* Takes any header of the message, in order; ignores other names. */
void forged_add(struct forged *forged, const char *name);
