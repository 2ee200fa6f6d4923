/* SPDX-License-Identifier: BSD-2-Clause */
/* Names become numbers once: the API's loop must not wait for a directory of users. */
#include "api/rights.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "config/config.h"
#include "process/caller.h"

struct holder {
	bool is_group;
	id_t id;
	enum right right; /* the highest */
};

struct rights {
	size_t count;
	struct holder holders[];
};

/* True: there is such a user, or, behind '@', such a group. */
static bool find(const char *name, enum right right, struct holder *ret_holder)
{
	const struct group *group = *name == '@' ? getgrnam(name + 1) : NULL;
	const struct passwd *user = *name == '@' ? NULL : getpwnam(name);

	if (group)
		*ret_holder = (struct holder){true, group->gr_gid, right};
	else if (user)
		*ret_holder = (struct holder){false, user->pw_uid, right};
	return group || user;
}

static void add(struct rights *rights, const struct config_texts *names, enum right right)
{
	for (size_t i = 0; i < names->count; i++)
		rights->count += find(names->texts[i], right, &rights->holders[rights->count]);
}

int rights_new(const struct config *config, struct rights **ret_rights, struct error *error)
{
	size_t max = 2 + config->commanders.count + config->tellers.count;
	struct rights *rights = calloc(1, sizeof(*rights) + max * sizeof(struct holder));

	if (!rights)
		return error_set(error, -ENOMEM, "out of memory");
	rights->holders[rights->count++] = (struct holder){false, 0, RIGHT_COMMAND};
	rights->holders[rights->count++] = (struct holder){false, geteuid(), RIGHT_COMMAND};
	add(rights, &config->commanders, RIGHT_COMMAND);
	add(rights, &config->tellers, RIGHT_TELL);
	*ret_rights = rights;
	return 0;
}

void rights_free(struct rights *rights)
{
	free(rights);
}

static bool is_held_by(const struct holder *holder, uid_t uid, int fd)
{
	return holder->is_group ? caller_is_in(fd, holder->id) : holder->id == uid;
}

bool rights_allow(const struct rights *rights, uid_t uid, int fd, enum right right)
{
	if (!rights || right <= RIGHT_ASK)
		return true;
	for (size_t i = 0; uid != CALLER_NOBODY && i < rights->count; i++)
		if (rights->holders[i].right >= right && is_held_by(&rights->holders[i], uid, fd))
			return true;
	return false;
}
