/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The maps in memory: the real struct datapath_ops over arrays. Counts writes, so that a test can
 * assert that nothing else was written.
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
	unsigned writes;      /* successful puts and adds, and each slot */
	unsigned removals;    /* likewise */
	unsigned writes_left; /* puts and adds fail with -EIO from this one on; 0: never */
	bool is_busy;	      /* another process has the lock */
	bool locked;
	unsigned unreadable; /* 1U << enum map: walks of these fail with -EIO */
};

/* The maps after `up`: control filled, slots zero, the rest empty. Freed by datapath_free(). */
struct fake_datapath *fake_datapath_new(void);
