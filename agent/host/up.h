/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `postern up`: maps, programs, addresses, hooks. Then it exits, and the datapath works by itself.
 *
 *   privileges, user, interfaces, lock      the host is unchanged
 *   bpffs, maps and programs                new, or re-used with the flows in them
 *   pool addresses                          before flows use them
 *   fresh:  maps filled, then hooks         no packet finds empty maps
 *   over a running datapath:                maps of another capacity move first, which cannot be
 *           hooks, then maps filled         undone; otherwise a failing hook still changes nothing
 *   existing connections adopted            before new flows can take their ports
 *   handles                                 last: no connection leaves by one untranslated
 *   pins given to the agent's user
 *   old addresses, hooks and programs       of an earlier `up`: removed
 *
 * On failure, `up` undoes its own changes and keeps those of an earlier call. There is one
 * exception: over a running datapath whose maps follow the new configuration already, its changes
 * stay, and the error says so. `up` never removes an address that was on the host before it.
 */
#pragma once

struct config;
struct error;
struct programs;

/*
 * Writes the ids of the pools into *config. *ret_note reports a limitation although `up` succeeded;
 * the caller frees it, NULL: nothing to report. -EPERM: not privileged; -ENODEV: an interface is
 * missing; -ENOENT: no such user, or no default route; -EPROTO: pinned maps of another layout;
 * -EOPNOTSUPP: the kernel lacks a feature; the errors of the functions that do each step.
 */
int up_run(struct config *config, char **ret_note, struct error *error);

/*
 * The same, for `guard`, which attaches the programs to interfaces that come later:
 * programs_free() frees them.
 */
int up_run_and_keep(struct config *config, struct programs **ret_programs, char **ret_note,
		    struct error *error);
