/* SPDX-License-Identifier: BSD-2-Clause */
/* An interface is known by its index: a new one of the same name has another. */
#include "host/others.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "base/log.h"
#include "host/handles.h"
#include "host/put_back.h"
#include "netlink/snapshot.h"

void others_done(struct others *others)
{
	free(others->list);
	*others = (struct others){0};
}

static bool is_known(const struct others *others, int index)
{
	for (size_t i = 0; i < others->count; i++)
		if (others->list[i].index == index)
			return true;
	return false;
}

/* Has it the datapath's hooks, or does it get them? */
static bool is_steered(const struct put_back *put_back, int index)
{
	for (size_t i = 0; i < put_back->n_links; i++)
		if (put_back->links[i].index == index)
			return true;
	return false;
}

/* One that has become steered has lost the hook; a new one of its name may have it already. */
static void forget_gone(struct others *others, const struct put_back *put_back,
			const struct snapshot *snapshot)
{
	struct error ignored;
	size_t kept = 0;

	for (size_t i = 0; i < others->count; i++) {
		const struct other other = others->list[i];

		if (snapshot_link(snapshot, other.index) && !is_steered(put_back, other.index))
			others->list[kept++] = other;
		else if (other.is_hooked && !snapshot_link_named(snapshot, other.name))
			put_back_forget_handles(put_back, other.name, &ignored);
	}
	others->count = kept;
}

static int add(struct others *others, const struct put_back *put_back,
	       const struct netlink_interface *link)
{
	struct other *list = array_grow(others->list, others->count, sizeof(*list));
	struct error error;
	struct other *other;

	if (!list)
		return -ENOMEM;
	others->list = list;
	other = &list[others->count++];
	*other = (struct other){.index = link->index};
	memcpy(other->name, link->name, sizeof(other->name));
	if (handles_hook_kind(put_back->config, link) == HOOK_NONE)
		return 0;
	other->is_hooked = !put_back_handles(put_back, link, &error);
	if (!other->is_hooked)
		log_warning("guard", "mail from handles is not held: %s", error.text);
	return 0;
}

int others_follow(struct others *others, const struct put_back *put_back,
		  const struct snapshot *snapshot, struct error *error)
{
	int r = 0;

	forget_gone(others, put_back, snapshot);
	for (size_t i = 0; !r && i < snapshot->n_links; i++) {
		const struct netlink_interface *link = &snapshot->links[i];

		if (!is_steered(put_back, link->index) && !is_known(others, link->index))
			r = add(others, put_back, link);
	}
	return r ? error_set(error, r, "out of memory") : 0;
}
