/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Capabilities and users: giving them up for good. A set of capabilities is a mask of
 * PRIVILEGE(CAP_…) from <linux/capability.h>. All of it works on the calling thread: call it before
 * there is another.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct error;

#define PRIVILEGE(capability) (1ULL << (capability))
#define PRIVILEGES_USER_SIZE  64

/*
 * -EPERM: the process lacks a capability of the set `needed`; the text names it and says what to
 * do.
 */
int privileges_check(uint64_t needed, struct error *error);

/*
 * Keeps the capabilities of `kept` in the permitted, effective and (with CAP_SETPCAP) bounding set,
 * empties every set of all others, and sets no_new_privs, so that no exec brings one back. The user
 * stays. A process without capabilities makes no capset(2) here: a seccomp filter may kill at it.
 * -EPERM: the process lacks a capability of `kept`, and nothing has changed.
 */
int privileges_reduce(uint64_t kept, struct error *error);

/*
 * Root becomes `user`, with the groups of `user`; any other user stays. Then as
 * privileges_reduce(0). -ENOENT: no such user.
 */
int privileges_drop(const char *user, struct error *error);

/*
 * As privileges_drop(); with `ends_with_parent` the kernel also sends SIGTERM when the process that
 * forked this one ends. -ECHILD: it has ended already.
 */
int privileges_become(const char *user, bool ends_with_parent, struct error *error);

/* The name of the effective user, or its number where it has no name. */
void privileges_user(char buffer[PRIVILEGES_USER_SIZE]);
