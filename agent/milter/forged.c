/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts each name; a message without such headers allocates nothing. */
#include "milter/forged.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mta/headers.h"

void forged_done(struct forged *forged)
{
	free(forged->names);
	*forged = (struct forged){0};
}

/* NULL: a limit is reached, or out of memory. */
static struct forged_name *find(struct forged *forged, const char *name)
{
	struct forged_name *last;

	if (!forged->names)
		forged->names = calloc(FORGED_NAMES_MAX, sizeof(*forged->names));
	if (!forged->names || strlen(name) >= FORGED_NAME_MAX_BYTES)
		return NULL;
	for (size_t i = 0; i < forged->n_names; i++)
		if (strcasecmp(forged->names[i].name, name) == 0)
			return &forged->names[i];
	if (forged->n_names == FORGED_NAMES_MAX)
		return NULL;
	last = &forged->names[forged->n_names++];
	snprintf(last->name, sizeof(last->name), "%s", name);
	return last;
}

void forged_add(struct forged *forged, const char *name)
{
	struct forged_name *known;

	if (strncasecmp(name, HEADERS_PREFIX, strlen(HEADERS_PREFIX)) != 0)
		return;
	known = forged->count < FORGED_MAX ? find(forged, name) : NULL;
	if (!known) {
		forged->too_many = true;
		return;
	}
	known->count++;
	forged->count++;
}
