/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may do what over the API's socket. Its mode lets in the agent's user and its group; the right
 * of a route then decides by the user that connected (process/caller.h):
 *
 *   look, ask   all that can connect: an MTA asks about its mail
 *   tell        root, the agent's user, `commanders` and `tellers`
 *   command     root, the agent's user and `commanders`
 *
 * So a mail server that is broken into cannot free its own senders.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct config;
struct error;

/* What the caller of a route must be allowed to do. */
enum right { RIGHT_LOOK, RIGHT_ASK, RIGHT_TELL, RIGHT_COMMAND };

struct rights;

/*
 * Looks users and groups up; a name that none has gives no right. The agent's user is the one that
 * runs this. -ENOMEM.
 */
int rights_new(const struct config *config, struct rights **ret_rights, struct error *error);
void rights_free(struct rights *rights); /* NULL is fine */

/*
 * `fd` is the caller's socket, by which it is in a group; -1: in none. `rights` NULL: everything is
 * allowed, as to a command that reads the maps itself.
 */
bool rights_allow(const struct rights *rights, uid_t uid, int fd, enum right right);
