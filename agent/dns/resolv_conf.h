/* SPDX-License-Identifier: BSD-2-Clause */
/* Changes of /etc/resolv.conf: DHCP may write it long after the start. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* All zero before the first look. */
struct resolv_conf {
	uint64_t looked_ns;
	struct timespec changed;
	ino_t inode;
};

/* Looks once a second at most. True: the file differs from the one of the look before. */
bool resolv_conf_changed(struct resolv_conf *file, uint64_t now_ns);
