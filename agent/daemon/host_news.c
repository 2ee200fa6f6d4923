/* SPDX-License-Identifier: BSD-2-Clause */
/* Compares the parts of the host with those of the last look. */
#include "daemon/host_news.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/names.h"
#include "daemon/error_log.h"
#include "datapath/datapath.h"
#include "steering/steering.h"
#include "wire/event.h"

struct host_part_known {
	struct host_key key;
	struct host_entry entry;
};

static int collect(void *data, const void *key, const void *value)
{
	struct host_news *found = data;
	struct host_part_known *parts, *part;

	if (((const struct host_key *)key)->kind == HOST_ALL)
		return 0;
	parts = array_grow(found->parts, found->count, sizeof(*parts));
	if (!parts)
		return -ENOMEM;
	found->parts = parts;
	part = &parts[found->count++];
	memcpy(&part->key, key, sizeof(part->key));
	memcpy(&part->entry, value, sizeof(part->entry));
	return 0;
}

static const struct host_part_known *find(const struct host_news *news, const struct host_key *key)
{
	for (size_t i = 0; i < news->count; i++)
		if (!memcmp(&news->parts[i].key, key, sizeof(*key)))
			return &news->parts[i];
	return NULL;
}

/* NULL: nothing to report. */
static const char *news_of(const struct host_part_known *before, const struct host_part_known *now)
{
	enum host_state state = before ? before->entry.state : HOST_PRESENT;

	if (before && now->entry.state == HOST_PRESENT &&
	    now->entry.put_back > before->entry.put_back)
		return "put-back";
	return now->entry.state == state ? NULL : host_state_name(now->entry.state);
}

static const char *pool_of(const struct pool_set *set, const struct host_key *key)
{
	struct address address;

	if (key->kind != HOST_ADDRESS || address_parse(key->name, &address) < 0)
		return NULL;
	for (size_t i = 0; i < set->n_pools; i++)
		if (pool_find_address(&set->pools[i], &address))
			return set->pools[i].name;
	return NULL;
}

static void report(const struct host_part_known *part, const char *state,
		   const struct steering *steering, const struct error_log *log)
{
	const struct host_entry *entry = &part->entry;

	error_log_publish(
		(void *)log,
		&(struct wire_event){.kind = WIRE_EVENT_HOST,
				     .now_sec = clock_wall_sec(),
				     .host = {.part = host_kind_name(part->key.kind),
					      .name = part->key.name,
					      .pool = pool_of(steering_pools(steering), &part->key),
					      .state = state,
					      .held = entry->held,
					      .put_back = entry->put_back,
					      .cause = *entry->cause ? entry->cause : NULL}});
}

static int take(struct host_news *news, struct steering *steering, const struct error_log *log)
{
	struct datapath *datapath = steering_datapath(steering);
	struct host_news found = {.seen_ns = news->seen_ns};
	int r = datapath->ops->walk(datapath, MAP_HOST, collect, &found);

	if (r < 0) {
		host_news_done(&found);
		return r;
	}
	for (size_t i = 0; i < found.count; i++) {
		const struct host_part_known *part = &found.parts[i];
		const char *state = news_of(find(news, &part->key), part);

		if (state)
			report(part, state, steering, log);
	}
	host_news_done(news);
	*news = found;
	return 0;
}

void host_news_follow(struct host_news *news, struct steering *steering,
		      const struct error_log *log)
{
	struct datapath *datapath = steering_datapath(steering);
	const struct host_key key = {HOST_ALL, "all"};
	struct host_entry all;
	struct error error;
	int r;

	if (datapath->ops->get(datapath, MAP_HOST, &key, &all) || all.last_ns == news->seen_ns)
		return;
	r = steering_follow_host(steering, &error);
	if (r == 0 && take(news, steering, log) == 0)
		news->seen_ns = all.last_ns;
	else if (r < 0 && r != -EBUSY && r != -EPERM)
		error_log_add((void *)log, &error);
}

void host_news_done(struct host_news *news)
{
	free(news->parts);
	news->parts = NULL;
	news->count = 0;
}
