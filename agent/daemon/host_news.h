/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the guard finds of the host (map postern_host) reaches the agent: steering leaves addresses
 * that the host lacks, and each change of a part is an event. The guard changes the entry HOST_ALL
 * after all others, so a look without news is one read of the map.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct error_log;
struct host_part_known;
struct steering;

struct host_news {
	struct host_part_known *parts; /* as the last events had them */
	size_t count;
	uint64_t seen_ns; /* last_ns of HOST_ALL; 0: not seen yet */
};

/*
 * Every second. After the agent's start, parts that are not well are news. Where the maps cannot be
 * written now, the next call tries again.
 */
void host_news_follow(struct host_news *news, struct steering *steering,
		      const struct error_log *log);
void host_news_done(struct host_news *news);
