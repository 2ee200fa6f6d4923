/* SPDX-License-Identifier: BSD-2-Clause */
/* Fills a Maglev table and re-assigns the slots of inactive members. Knows nothing of pools. */
#include "pool/maglev.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One member while the table is filled: its walk through all slots. */
struct walk {
	const struct maglev_member *member;
	uint32_t position; /* next slot of the preference list */
	uint32_t skip; /* 1..POSTERN_SLOTS-1; as POSTERN_SLOTS is prime, the walk meets each slot */
	uint64_t due;  /* the member takes a slot in a round once round * weight reaches it */
};

/* The finaliser of SplitMix64: each input bit affects each output bit. */
static uint64_t mix(uint64_t value)
{
	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
	value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
	return value ^ (value >> 31);
}

uint64_t maglev_hash(const void *bytes, size_t size)
{
	const uint8_t *byte = bytes;
	uint64_t hash = 0x9e3779b97f4a7c15ULL;

	for (size_t i = 0; i < size; i++)
		hash = mix(hash ^ byte[i]);
	return hash;
}

static int compare_walks(const void *a, const void *b)
{
	const struct maglev_member *left = ((const struct walk *)a)->member;
	const struct maglev_member *right = ((const struct walk *)b)->member;

	if (left->hash != right->hash)
		return left->hash < right->hash ? -1 : 1;
	return (left->id > right->id) - (left->id < right->id);
}

static uint32_t take_next_free(struct walk *walk, const struct walk *owners[POSTERN_SLOTS])
{
	uint32_t slot;

	do {
		slot = walk->position;
		walk->position = (walk->position + walk->skip) % POSTERN_SLOTS;
	} while (owners[slot]);
	return slot;
}

/*
 * In each round every member that is due takes the next free slot of its list: a member of half the
 * weight is due in every second round.
 */
static void fill(struct walk *walks, size_t n_walks, const struct walk *owners[POSTERN_SLOTS])
{
	uint64_t heaviest = 1;
	uint32_t filled = 0;

	for (size_t i = 0; i < n_walks; i++)
		if (walks[i].member->weight > heaviest)
			heaviest = walks[i].member->weight;

	for (uint64_t round = 1; filled < POSTERN_SLOTS; round++)
		for (size_t i = 0; i < n_walks && filled < POSTERN_SLOTS; i++) {
			if (round * walks[i].member->weight < walks[i].due)
				continue;
			walks[i].due += heaviest;
			owners[take_next_free(&walks[i], owners)] = &walks[i];
			filled++;
		}
}

/* Weighted rendezvous (Schindelhauer and Schomaker 2005): weight / -ln(u), u uniform in (0,1). */
static double score(const struct maglev_member *member, uint32_t slot)
{
	double u = ((double)(mix(member->hash + mix(slot)) >> 11) + 0.5) / 9007199254740992.0;

	return member->weight / -log(u);
}

static const struct maglev_member *best_active(const struct walk *walks, size_t n_walks,
					       uint32_t slot)
{
	const struct maglev_member *best = NULL;
	double best_score = -1;

	for (size_t i = 0; i < n_walks; i++) {
		const struct maglev_member *member = walks[i].member;
		double member_score;

		if (!member->active)
			continue;
		member_score = score(member, slot);
		if (member_score > best_score) {
			best = member;
			best_score = member_score;
		}
	}
	return best;
}

int maglev_build(const struct maglev_member *members, size_t n_members,
		 uint32_t ret_slots[POSTERN_SLOTS])
{
	const struct walk **owners;
	struct walk *walks;

	if (n_members > POSTERN_SLOTS)
		return -EINVAL;
	walks = calloc(n_members + 1, sizeof(*walks));
	owners = calloc(POSTERN_SLOTS, sizeof(const struct walk *));
	if (!walks || !owners) {
		free(walks);
		free(owners);
		return -ENOMEM;
	}

	for (size_t i = 0; i < n_members; i++) {
		walks[i].member = &members[i];
		walks[i].position = mix(members[i].hash) % POSTERN_SLOTS;
		walks[i].skip = mix(~members[i].hash) % (POSTERN_SLOTS - 1) + 1;
	}
	qsort(walks, n_members, sizeof(*walks), compare_walks);
	if (n_members)
		fill(walks, n_members, owners);

	for (uint32_t slot = 0; slot < POSTERN_SLOTS; slot++) {
		const struct maglev_member *owner = owners[slot] ? owners[slot]->member : NULL;

		if (!owner || !owner->active)
			owner = best_active(walks, n_members, slot);
		ret_slots[slot] = owner ? owner->id : 0;
	}
	free(walks);
	free(owners);
	return 0;
}
