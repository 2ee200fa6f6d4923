/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `postern up`: maps, programs, addresses, hooks; then it exits, and the datapath stands by itself.
 *
 *   user, privileges, lock, interfaces      nothing is touched yet
 *   bpffs -> maps and programs              created, or re-used with the flows in them
 *   pool addresses -> maps filled -> hooks  no packet is steered to an address that is not there
 *   handles                                 after the hooks, so that none ever leaves untranslated
 *   pins given to the agent's user
 *   what the configuration no longer has    addresses and hooks of an earlier `up`, removed last
 *
 * Everything that this call added is taken back if it fails; what an earlier one did stays. Addresses
 * that were there before the first `up` are left alone and never removed.
 */
#pragma once

struct config;
struct error;

/*
 * *ret_note (freed by the caller; NULL: nothing to say) is what the operator should know although all
 * went well. -EPERM: not privileged; -ENODEV: an interface is missing; -ENOENT: no such user;
 * -EPROTO: pinned maps of another layout; -EOPNOTSUPP: the kernel lacks something; and others.
 */
int up(const struct config *config, char **ret_note, struct error *error);
