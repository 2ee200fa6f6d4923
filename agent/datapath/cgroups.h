/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The programs that follow the cgroups of the configuration: a service that starts again keeps its
 * sender from the first packet of its new cgroup, whether the agent runs or not. They need the
 * kernel's BTF and CAP_PERFMON. Without them the agent looks once a second (steering/selectors.c).
 *
 * Who owns an id in postern_senders: these programs insert it when the cgroup is made and remove it
 * when the cgroup is removed. User space inserts ids of cgroups that exist already, and removes ids
 * that no path of postern_cgroups has.
 *
 * Pins, in pin_path: the links cgroup_mkdir and cgroup_rmdir, of raw tracepoints.
 */
#pragma once

struct error;

/*
 * Attaches, or replaces what is attached, on the pinned maps: an `up` that moved maps must call it
 * again. Call it before the paths are written: no cgroup is missed in between. -EPERM: a capability
 * is missing; -EOPNOTSUPP: the kernel rejects the programs, or has no BTF; -ENODEV: no cgroup2 is
 * mounted; -ENOENT: the maps are not pinned.
 */
int cgroups_attach(const char *pin_path, struct error *error);

/* 0 also where nothing is attached. pins_remove() does it too. */
int cgroups_detach(const char *pin_path, struct error *error);
