/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * New connections from a host of the world, one after the other: for tests of what happens to each
 * first packet.
 */
#pragma once

#include <sys/types.h>

#include "netns/host.h"

/*
 * To RECEIVER_IPV4, port 25, every few milliseconds, until the process is ended or the test is;
 * each is reset soon.
 */
pid_t stream_start(enum host host);
/* The same to another address, as of nobody: the receiver of a test accepts none of them. */
pid_t stream_start_to(enum host host, const char *destination);
