/* SPDX-License-Identifier: BSD-2-Clause */
/* Names become numbers once: the API's loop must not wait for a directory of users. */
#include "api/rights.h"

#include <errno.h>
#include <pwd.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "config/config.h"
#include "process/caller.h"

struct user {
	uid_t uid;
	enum right right; /* the highest */
};

struct rights {
	size_t count;
	struct user users[];
};

static void add(struct rights *rights, const struct config_texts *names, enum right right)
{
	for (size_t i = 0; i < names->count; i++) {
		const struct passwd *entry = getpwnam(names->texts[i]);

		if (entry)
			rights->users[rights->count++] = (struct user){entry->pw_uid, right};
	}
}

int rights_new(const struct config *config, struct rights **ret_rights, struct error *error)
{
	size_t max = 2 + config->commanders.count + config->tellers.count;
	struct rights *rights = calloc(1, sizeof(*rights) + max * sizeof(struct user));

	if (!rights)
		return error_set(error, -ENOMEM, "out of memory");
	rights->users[rights->count++] = (struct user){0, RIGHT_COMMAND};
	rights->users[rights->count++] = (struct user){geteuid(), RIGHT_COMMAND};
	add(rights, &config->commanders, RIGHT_COMMAND);
	add(rights, &config->tellers, RIGHT_TELL);
	*ret_rights = rights;
	return 0;
}

void rights_free(struct rights *rights)
{
	free(rights);
}

bool rights_allow(const struct rights *rights, uid_t uid, enum right right)
{
	if (!rights || right <= RIGHT_ASK)
		return true;
	for (size_t i = 0; uid != CALLER_NOBODY && i < rights->count; i++)
		if (rights->users[i].uid == uid && rights->users[i].right >= right)
			return true;
	return false;
}
