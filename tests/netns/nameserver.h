/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A real name server (nsd) on a host of the world, with the names that tools/nsd-instance lists: domains with
 * A and MX, with one of them, AAAA only, neither, a null MX, an alias; nobody.example does not exist, and
 * servfail.example and refused.example, and all below them, fail as they say.
 */
#pragma once

#include <sys/types.h>

#include "netns/host.h"

/* Listens on that address of the host, 127.0.0.1 for example; returns when it answers. One for each port. */
pid_t nameserver_start(enum host host, const char *address, unsigned port);

/*
 * To all its processes. SIGSTOP: silence; what was asked meanwhile is answered after SIGCONT. SIGKILL, of
 * which it is the end: questions are refused (ICMP port unreachable).
 */
void nameserver_signal(pid_t nameserver, int signal);
