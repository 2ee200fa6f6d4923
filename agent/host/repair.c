/* SPDX-License-Identifier: BSD-2-Clause */
/* One array of parts: they are some hundred at most. */
#include "host/repair.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

void repair_done(struct repair *repair)
{
	free(repair->parts);
	*repair = (struct repair){0};
}

static struct repair_part *find(const struct repair *repair, const struct host_key *key)
{
	for (size_t i = 0; i < repair->count; i++)
		if (!memcmp(&repair->parts[i].key, key, sizeof(*key)))
			return &repair->parts[i];
	return NULL;
}

/* NULL: no memory. */
static struct repair_part *find_or_add(struct repair *repair, const struct host_key *key)
{
	struct repair_part *part = find(repair, key), *parts;

	if (part)
		return part;
	parts = array_grow(repair->parts, repair->count, sizeof(*parts));
	if (!parts)
		return NULL;
	repair->parts = parts;
	part = &parts[repair->count++];
	*part = (struct repair_part){.key = *key};
	return part;
}

int repair_restore(struct repair *repair, const struct host_key *key,
		   const struct host_entry *entry)
{
	struct repair_part *part = find_or_add(repair, key);

	if (!part)
		return -ENOMEM;
	/* The first look finds the state anew, and reports what is not well again. */
	part->entry = *entry;
	part->entry.state = 0;
	part->entry.held = 0;
	part->published = (struct host_entry){.held = entry->held, .put_back = entry->put_back};
	return 0;
}

void repair_begin(struct repair *repair)
{
	for (size_t i = 0; i < repair->count; i++)
		repair->parts[i].seen = false;
}

unsigned repair_tries(const struct repair_part *part, uint64_t now_ns)
{
	unsigned count = 0;

	for (size_t i = 0; i < REPAIR_TRIES; i++)
		count += part->tries_ns[i] && now_ns - part->tries_ns[i] < REPAIR_WINDOW_NS;
	return count;
}

static void set_cause(struct repair_part *part, const char *cause)
{
	memset(part->entry.cause, 0, sizeof(part->entry.cause));
	snprintf(part->entry.cause, sizeof(part->entry.cause), "%.*s", POSTERN_CAUSE - 1, cause);
}

static void set_state(struct repair_part *part, enum host_state state, uint64_t now_ns)
{
	if (part->entry.state == state)
		return;
	part->entry.state = state;
	part->entry.held = state != HOST_PRESENT && state != HOST_LEAVING;
	part->entry.again_ns = state == HOST_GIVEN_UP ? now_ns + REPAIR_WINDOW_NS : 0;
	part->entry.last_ns = now_ns;
}

/* Another device than before: its maker has removed nothing of ours. */
static void set_place(struct repair_part *part, const struct finding *finding)
{
	if (finding->index && part->index && finding->index != part->index) {
		memset(part->tries_ns, 0, sizeof(part->tries_ns));
		part->failed_ns = 0;
		if (part->entry.state == HOST_GIVEN_UP)
			part->entry.again_ns = 0;
	}
	if (finding->index)
		part->index = finding->index;
	memcpy(part->entry.interface, finding->interface, sizeof(part->entry.interface));
}

static enum repair_next next_of(struct repair_part *part, const struct finding *finding,
				uint64_t now_ns)
{
	bool is_given_up = part->entry.state == HOST_GIVEN_UP;

	if (finding->state != HOST_MISSING) {
		set_state(part, finding->state, now_ns);
		return REPAIR_LEAVE;
	}
	if (is_given_up && now_ns < part->entry.again_ns)
		return REPAIR_LEAVE;
	if (!is_given_up && repair_tries(part, now_ns) >= REPAIR_TRIES) {
		set_state(part, HOST_GIVEN_UP, now_ns);
		return REPAIR_LEAVE;
	}
	set_state(part, HOST_MISSING, now_ns);
	if (part->failed_ns && now_ns - part->failed_ns < REPAIR_PAUSE_NS)
		return REPAIR_LEAVE;
	return finding->can_try ? REPAIR_TRY : REPAIR_LEAVE;
}

int repair_look(struct repair *repair, const struct finding *finding, uint64_t now_ns,
		enum repair_next *ret_next, struct repair_part **ret_part)
{
	struct host_key key = {.kind = finding->kind};
	struct repair_part *part;

	memcpy(key.name, finding->name, sizeof(key.name));
	part = find_or_add(repair, &key);
	if (!part)
		return -ENOMEM;
	part->seen = true;
	set_place(part, finding);
	if (finding->state != HOST_PRESENT && part->entry.state != HOST_GIVEN_UP)
		set_cause(part, finding->cause);
	*ret_next = next_of(part, finding, now_ns);
	*ret_part = part;
	return 0;
}

void repair_tried(struct repair_part *part, const char *cause, uint64_t now_ns)
{
	part->tries_ns[part->next_try++ % REPAIR_TRIES] = now_ns;
	part->failed_ns = cause ? now_ns : 0;
	if (cause) {
		set_cause(part, cause);
		return;
	}
	set_state(part, HOST_PRESENT, now_ns);
	part->entry.put_back++;
}
