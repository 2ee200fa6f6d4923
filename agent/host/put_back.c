/* SPDX-License-Identifier: BSD-2-Clause */
/* The single steps of `up`, each under its lock. */
#include "host/put_back.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "config/config.h"
#include "datapath/hook.h"
#include "datapath/pins.h"
#include "host/handles.h"
#include "host/interfaces.h"
#include "host/journal.h"
#include "host/plumb.h"
#include "host/runtime.h"
#include "host/undo.h"
#include "netlink/netlink.h"

struct turn {
	int lock;
	struct journal *journal;
};
#define _cleanup_turn_ __attribute__((cleanup(turn_end)))

static void turn_end(struct turn *turn)
{
	journal_free(turn->journal);
	close_fd_p(&turn->lock);
}

static int turn_begin(struct turn *turn, const struct config *config, struct error *error)
{
	int r = runtime_lock(config->runtime_dir, &turn->lock, error);

	return r ? r : journal_open(config->runtime_dir, &turn->journal, error);
}

/* For parts of a datapath: a `down` that held the lock until now has taken them away. */
static int turn_begin_up(struct turn *turn, const struct config *config, struct error *error)
{
	int r = turn_begin(turn, config, error);
	ino_t ignored;

	if (r)
		return r;
	r = pins_inode(config->pin_path, &ignored);
	return r ? error_set(error, r, "nothing is up") : 0;
}

static int move_before(const struct put_back *put_back, const struct interface *interface,
		       struct error *error)
{
	const struct hook hooks[] = {{HOOK_EGRESS, interface->choice.egress},
				     {HOOK_INGRESS, interface->choice.ingress}};
	const char *pin_path = put_back->config->pin_path;
	char ignored[HOOK_PROGRAM_NAME];
	int r = 0;

	for (size_t i = 0; !r && i < 2; i++)
		if (hooks[i].kind == HOOK_TCX &&
		    hook_is_behind(pin_path, &interface->hook, hooks[i], ignored))
			r = hook_put_first(put_back->programs, pin_path, &interface->hook, hooks[i],
					   error);
	return r;
}

/* For undo: the hook for handles of the interface. */
static bool is_handles_of(const void *data, size_t index, const struct journal_entry *entry)
{
	(void)index;
	return handles_is_hook(entry) && !strcmp(entry->what, data);
}

static int forget_handles(const struct put_back *put_back, struct journal *journal,
			  const char *interface, struct error *error)
{
	struct undo undo = {journal, put_back->netlink, put_back->config->pin_path, is_handles_of,
			    interface};

	return undo_network(&undo, error);
}

int put_back_hooks(const struct put_back *put_back, const struct netlink_interface *link,
		   struct error *error)
{
	_cleanup_turn_ struct turn turn = {.lock = -1};
	struct attachment to = {.config = put_back->config,
				.netlink = put_back->netlink,
				.programs = put_back->programs};
	struct interfaces one = {0};
	int r = turn_begin_up(&turn, put_back->config, error);

	if (!r)
		r = interfaces_take(put_back->config, link, 1, &one, error);
	if (r)
		return r;
	to.journal = turn.journal;
	r = interfaces_attach(&one, &to, error);
	if (!r)
		r = move_before(put_back, &one.list[0], error);
	if (!r)
		r = forget_handles(put_back, turn.journal, link->name, error);
	interfaces_done(&one);
	return r;
}

static int add_address(const struct put_back *put_back, struct journal *journal,
		       const struct address *address, struct error *error)
{
	struct interfaces interfaces = {0};
	struct plumb plumb = {put_back->config, put_back->netlink, journal, &interfaces,
			      put_back->announcer};
	int r;

	if (!put_back->n_links)
		return error_set(error, -ENODEV, "no interface is there for it");
	r = interfaces_take(put_back->config, put_back->links, put_back->n_links, &interfaces,
			    error);
	if (!r)
		r = plumb_address(&plumb, address, error);
	interfaces_done(&interfaces);
	return r;
}

int put_back_address(const struct put_back *put_back, const struct address *address, bool is_handle,
		     struct error *error)
{
	_cleanup_turn_ struct turn turn = {.lock = -1};
	struct plumb plumb = {.config = put_back->config, .netlink = put_back->netlink};
	int r = turn_begin_up(&turn, put_back->config, error);

	if (r)
		return r;
	if (!is_handle)
		return add_address(put_back, turn.journal, address, error);
	plumb.journal = turn.journal;
	return plumb_handle(&plumb, address, error);
}

int put_back_hold(const struct put_back *put_back, const struct netlink_interface *link,
		  const struct hold *hold, struct error *error)
{
	_cleanup_turn_ struct turn turn = {.lock = -1};
	struct attachment to = {
		.config = put_back->config, .netlink = put_back->netlink, .hold = hold};
	struct interfaces one = {0};
	int r = turn_begin(&turn, put_back->config, error);

	if (!r)
		r = interfaces_take(put_back->config, link, 1, &one, error);
	if (r)
		return r;
	to.journal = turn.journal;
	r = interfaces_hold(&one, &to, error);
	interfaces_done(&one);
	return r;
}

/* For undo: hooks of the interface, but these for handles. */
static bool is_hook_of(const void *data, size_t index, const struct journal_entry *entry)
{
	(void)index;
	return entry->kind == JOURNAL_HOOK && !strcmp(entry->what, data) && !handles_is_hook(entry);
}

int put_back_release(const struct put_back *put_back, const char *interface, struct error *error)
{
	_cleanup_turn_ struct turn turn = {.lock = -1};
	struct undo undo = {.netlink = put_back->netlink,
			    .pin_path = put_back->config->pin_path,
			    .selects = is_hook_of,
			    .data = interface};
	int r = turn_begin(&turn, put_back->config, error);

	undo.journal = turn.journal;
	return r ? r : undo_network(&undo, error);
}

int put_back_handles(const struct put_back *put_back, const struct netlink_interface *link,
		     struct error *error)
{
	_cleanup_turn_ struct turn turn = {.lock = -1};
	struct attachment to = {.config = put_back->config,
				.netlink = put_back->netlink,
				.programs = put_back->programs};
	int r = turn_begin_up(&turn, put_back->config, error);

	to.journal = turn.journal;
	return r ? r : handles_attach(&to, link, error);
}

int put_back_forget_handles(const struct put_back *put_back, const char *interface,
			    struct error *error)
{
	_cleanup_turn_ struct turn turn = {.lock = -1};
	int r = turn_begin(&turn, put_back->config, error);

	return r ? r : forget_handles(put_back, turn.journal, interface, error);
}
