/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The maps in memory: the real struct datapath_ops over arrays, for tests of what stands above it.
 * Counts what is written, so that a test can say "and nothing else was".
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "datapath/datapath.h"

struct fake_map {
	size_t key_size;
	size_t value_size;
	unsigned char *entries;
	uint32_t count;
	uint32_t capacity;
};

struct fake_datapath {
	struct datapath datapath;
	struct fake_map maps[MAPS];
	struct stats stats;
	unsigned writes;      /* puts and adds that came through, slots by the slot */
	unsigned removals;    /* likewise */
	unsigned writes_left; /* puts and adds fail with -EIO once this many were done; 0: never */
	unsigned unreadable;  /* 1U << enum map: walks of these fail with -EIO */
};

/*
 * As `up` leaves the maps: control filled, slots all zero, the rest empty. Freed by
 * datapath_free().
 */
struct fake_datapath *fake_datapath_new(void);
