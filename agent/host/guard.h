/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `postern guard`: does `up`, then stays and keeps the host as the datapath needs it (watch.h).
 * Without it the datapath works on; it loses what the host then loses.
 *
 *   state     enters                                    does
 *   starting  at first                  tries `up` every GUARD_RETRY_SEC, and after each change
 *                                       that the kernel announces
 *   watching  after `up`                looks after each change, and once a second
 *   resting   after somebody's `down`   nothing, until another `up` or SIGHUP
 *
 * SIGHUP: reads the configuration and does `up` again; if either fails, all stays as it was.
 * SIGTERM, SIGINT: ends and leaves the datapath in place.
 */
#pragma once

struct config;
struct error;
struct programs;

#define GUARD_RETRY_SEC 2

struct guard_options {
	const char *config_file;
	struct config *config;	/* borrowed until it returns */
	void (*on_ready)(void); /* once, when nothing can leave unsteered any more; may be NULL */
	/* Consumed: of an `up` by the caller with this configuration; NULL: the guard does it. */
	struct programs *programs;
};

/*
 * Returns after a signal that ends it. -EPERM: not privileged; -EBUSY: another guard of this
 * runtime_dir runs; -ENOENT: no such user; -ENOMEM; an errno of making runtime_dir.
 */
int guard_run(const struct guard_options *options, struct error *error);
