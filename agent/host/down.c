/* SPDX-License-Identifier: BSD-2-Clause */
/* The order in which `up` is undone. undo.c undoes single lines of the journal. */
#include "host/down.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "config/config.h"
#include "datapath/hook.h"
#include "datapath/pins.h"
#include "host/closing.h"
#include "host/interfaces.h"
#include "host/journal.h"
#include "host/runtime.h"
#include "host/undo.h"
#include "netlink/netlink.h"

/* Keeps the first failure. */
static void keep(int r, const struct error *failure, int *result, struct error *error)
{
	if (r && !*result) {
		*result = r;
		*error = *failure;
	}
}

static void detach_clsact(const struct config *config, const struct netlink_interface *found,
			  int *result, struct error *error)
{
	static const struct hook hooks[] = {{HOOK_EGRESS, HOOK_CLSACT},
					    {HOOK_INGRESS, HOOK_CLSACT}};
	const struct hook_interface interface = interfaces_hook(found);
	struct error failure;

	for (size_t i = 0; i < 2; i++)
		keep(hook_detach(config->pin_path, &interface, hooks[i], &failure), &failure,
		     result, error);
}

/*
 * Filters on clsact have no pins, unlike links. Where the journal is lost, this detaches them from
 * the interfaces of the configuration.
 */
static void detach_unlisted(const struct config *config, struct netlink *netlink, int *result,
			    struct error *error)
{
	_cleanup_(free_p) struct netlink_interface *defaults = NULL;
	struct netlink_interface interface;
	struct error ignored;
	size_t count = 0;

	for (size_t i = 0; i < config->interfaces.count; i++)
		if (!netlink_interface_get(netlink, config->interfaces.texts[i], &interface,
					   &ignored))
			detach_clsact(config, &interface, result, error);
	if (config->interfaces.count ||
	    netlink_default_interfaces(netlink, &defaults, &count, &ignored))
		return;
	for (size_t i = 0; i < count; i++)
		detach_clsact(config, &defaults[i], result, error);
}

/* Lines of another version: this one cannot undo them, and keeps them. */
static int report_unknown(const struct journal *journal, struct error *error)
{
	char place[PATH_MAX];

	for (size_t i = 0; i < journal_count(journal); i++) {
		const struct journal_entry *entry = journal_get(journal, i);

		if (entry->kind == JOURNAL_UNKNOWN)
			return error_set(error, -EINVAL,
					 "%s: unknown line '%s': undo the change that it names, "
					 "then remove the line",
					 journal_place(journal, i, place, sizeof(place)),
					 entry->what);
	}
	return 0;
}

static int take_down(const struct config *config, struct journal *journal, struct netlink *netlink,
		     struct error *error)
{
	struct undo undo = {.journal = journal, .netlink = netlink, .pin_path = config->pin_path};
	bool listed = journal_count(journal);
	struct error failure;
	int result = 0;

	closing_run(config);
	keep(undo_network(&undo, &failure), &failure, &result, error);
	if (!listed)
		detach_unlisted(config, netlink, &result, error);
	keep(pins_remove(config->pin_path, &failure), &failure, &result, error);
	keep(undo_files(&undo, &failure), &failure, &result, error);
	keep(report_unknown(journal, &failure), &failure, &result, error);
	return result;
}

static void journal_free_p(struct journal **journal)
{
	journal_free(*journal);
}

static void netlink_free_p(struct netlink **netlink)
{
	netlink_free(*netlink);
}

int down_run(const struct config *config, struct error *error)
{
	_cleanup_(journal_free_p) struct journal *journal = NULL;
	_cleanup_(netlink_free_p) struct netlink *netlink = NULL;
	_cleanup_(close_fd_p) int lock = -1;
	int r = runtime_check_privileges(error);

	/* Without the directory there is neither a journal nor an `up` at work. */
	if (!r && !access(config->runtime_dir, F_OK))
		r = runtime_lock(config->runtime_dir, &lock, error);
	if (r)
		return r;
	r = journal_open(config->runtime_dir, &journal, error);
	if (r)
		return r;
	if (!journal_count(journal) && access(config->pin_path, F_OK)) {
		log_info("down", "nothing is up at '%s'", config->pin_path);
		return 0;
	}
	r = netlink_open(&netlink, error);
	return r ? r : take_down(config, journal, netlink, error);
}
