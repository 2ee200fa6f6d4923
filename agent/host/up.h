/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `postern up`: maps, programs, addresses, hooks; then it exits, and the datapath stands by itself.
 *
 *   privileges, user, interfaces, lock      nothing is touched yet
 *   bpffs, maps and programs                created, or re-used with the flows in them
 *   pool addresses                          before anything is steered to them
 *   maps filled, then hooks                 no packet meets empty maps; over a datapath that is up
 *                                           the hooks come first, as what fails there is taken back,
 *                                           after maps of another capacity (from there on: forward)
 *   older connections from pool addresses   made flows, before their ports can be handed out
 *   handles                                 last, so that none ever leaves untranslated
 *   pins given to the agent's user
 *   what the configuration no longer has    addresses and hooks of an earlier `up`, and its programs
 *
 * If it fails, everything that this call added is taken back; what an earlier one did stays. Only over
 * a datapath that is up, once the maps follow the new configuration, it goes forward: what was done
 * stays, and the error says so. Addresses that were there before `up` are left alone, never removed.
 */
#pragma once

struct config;
struct error;

/*
 * *ret_note (freed by the caller; NULL: nothing to say) is what the operator should know although all
 * went well. -EPERM: not privileged; -ENODEV: an interface is missing; -ENOENT: no such user;
 * -EPROTO: pinned maps of another layout; -EOPNOTSUPP: the kernel lacks something; and others.
 */
int up_run(const struct config *config, char **ret_note, struct error *error);
