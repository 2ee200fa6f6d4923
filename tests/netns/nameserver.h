/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A real name server (nsd) on a host of the world, with the names that tools/nsd-instance lists:
 * domains with A and MX, with one of them, AAAA only, neither, a null MX, an alias. nobody.example
 * does not exist. servfail.example and refused.example, and all names below them, fail as their
 * names say.
 */
#pragma once

#include <sys/types.h>

#include "netns/host.h"

/*
 * Listens on that address of the host, for example 127.0.0.1; returns when it answers. One server
 * for each port.
 */
pid_t nameserver_start(enum host host, const char *address, unsigned port);

/*
 * Sends a signal to all its processes. SIGSTOP: silence; questions that come meanwhile are answered
 * after SIGCONT. SIGKILL ends it: questions are refused (ICMP port unreachable).
 */
void nameserver_signal(pid_t nameserver, int signal);
