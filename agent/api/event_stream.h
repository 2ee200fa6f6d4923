/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Those who follow the events: each has an answer that does not end, one line of JSON an event. At most
 * FOLLOWERS_MAX; one who has FOLLOWER_BACKLOG_BYTES still to read when the next event comes is dropped.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct door;
struct evhttp_request;
struct followers;

#define FOLLOWERS_MAX	       16
#define FOLLOWER_BACKLOG_BYTES (256 << 10)

struct followers *followers_new(struct door *door); /* NULL: out of memory */
/* After the door: connections that it ends still come here. */
void followers_free(struct followers *followers);

/* Begins the answer. False: there are FOLLOWERS_MAX already, nothing was answered. */
bool followers_add(struct followers *followers, struct evhttp_request *request);
void followers_publish(struct followers *followers, const json_t *event);

struct followers_stats {
	uint32_t now;
	uint64_t dropped;
};
void followers_stats(const struct followers *followers, struct followers_stats *ret_stats);
