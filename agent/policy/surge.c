/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts of an interval against moving averages, in a set-associative table of domains. */
#include "policy/surge.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/word.h"

#define SKETCH_WORDS (SURGE_SKETCH_BITS / 64)

/* From this count on, spam and unknown connections may have risen. */
#define RISE_MIN 10

/* Counts of the current and the previous interval, and the usual count. */
struct rate {
	uint32_t count;
	uint32_t last;
	float baseline;
};

struct domain {
	struct siphash key;
	char name[SURGE_DOMAIN_SIZE]; /* "": a free place */
	int64_t interval;	      /* number of the current one, since the epoch */
	struct rate bounces;
	struct rate spam;
	uint32_t not_sent_here;
	uint32_t sent_here;
	bool surging;
	uint64_t sketch[SKETCH_WORDS];
};

struct surges {
	struct domain *domains;
	uint32_t sets;
	uint8_t secret[SIPHASH_KEY_SIZE];
	struct rate connections; /* of unknown senders */
	int64_t interval;	 /* of `connections` */
	uint64_t begun[SURGE_CAUSES];
	uint64_t evicted;
};

const char *surge_cause_name(enum surge_cause cause)
{
	static const char *const names[] = {
		[SURGE_UNKNOWN] = "unknown",	       [SURGE_HARVEST] = "harvest",
		[SURGE_SPOOFING] = "spoofing",	       [SURGE_SPAM_ATTACK] = "spam-attack",
		[SURGE_ROGUE_SERVER] = "rogue-server",
	};

	return WORD_OF(names, cause);
}

int surges_new(uint32_t domains_max, const uint8_t secret[SIPHASH_KEY_SIZE],
	       struct surges **ret_surges)
{
	struct surges *surges = calloc(1, sizeof(*surges));

	if (!surges || domains_max == 0) {
		free(surges);
		return domains_max ? -ENOMEM : -EINVAL;
	}
	surges->sets = (domains_max - 1) / SURGE_WAYS + 1;
	surges->domains = calloc((size_t)surges->sets * SURGE_WAYS, sizeof(*surges->domains));
	memcpy(surges->secret, secret, SIPHASH_KEY_SIZE);
	if (!surges->domains) {
		surges_free(surges);
		return -ENOMEM;
	}
	*ret_surges = surges;
	return 0;
}

void surges_free(struct surges *surges)
{
	if (!surges)
		return;
	free(surges->domains);
	free(surges);
}

/* ---- rates */

static double threshold(const struct rate *rate, double min)
{
	return fmax(min, SURGE_FACTOR * rate->baseline);
}

static bool has_risen(const struct rate *rate, double min)
{
	return rate->count >= threshold(rate, min);
}

/* The cause of bounces may have been in the previous interval. */
static bool rose_before(const struct rate *rate)
{
	return rate->count + rate->last >= threshold(rate, RISE_MIN);
}

/* Ends the interval, and `passed` - 1 silent ones after it. */
static void close_interval(struct rate *rate, double min, int64_t passed)
{
	double seen = fmin(rate->count, threshold(rate, min));
	double baseline = rate->baseline + (seen - rate->baseline) / SURGE_MEMORY;

	rate->baseline = (float)(baseline * pow(1 - 1.0 / SURGE_MEMORY, (double)(passed - 1)));
	rate->last = passed == 1 ? rate->count : 0;
	rate->count = 0;
}

/*
 * Number of intervals that have passed. 0: none, or the clock stepped back a little. After a big
 * step back the interval counts as over, so that nothing lasts for ever.
 */
static int64_t intervals_passed(int64_t from, int64_t to)
{
	if (to >= from)
		return to - from;
	return from - to > 1;
}

static void bring_up_to_date(struct domain *domain, int64_t now_sec)
{
	int64_t interval = now_sec / SURGE_INTERVAL_SEC;
	int64_t passed = intervals_passed(domain->interval, interval);

	if (passed == 0)
		return;
	if (passed > 1 || !has_risen(&domain->bounces, SURGE_MIN))
		domain->surging = false;
	close_interval(&domain->bounces, SURGE_MIN, passed);
	close_interval(&domain->spam, RISE_MIN, passed);
	domain->not_sent_here = 0;
	domain->sent_here = 0;
	memset(domain->sketch, 0, sizeof(domain->sketch));
	domain->interval = interval;
}

/* ---- the table */

static struct domain *choose_place(struct surges *surges, struct domain *set)
{
	struct domain *oldest = set;

	for (unsigned i = 0; i < SURGE_WAYS; i++) {
		if (!set[i].name[0])
			return &set[i];
		if (set[i].interval < oldest->interval)
			oldest = &set[i];
	}
	surges->evicted++;
	return oldest;
}

/* NULL: not a domain name. */
static struct domain *take_domain(struct surges *surges, const char *name, int64_t now_sec)
{
	char folded[SURGE_DOMAIN_SIZE] = "";
	size_t length = name ? strnlen(name, SURGE_DOMAIN_SIZE) : 0;
	struct siphash key;
	struct domain *set, *domain;

	if (length == 0 || length == SURGE_DOMAIN_SIZE)
		return NULL;
	for (size_t i = 0; i < length; i++)
		folded[i] = text_lower_character(name[i]);
	key = siphash(surges->secret, folded, length);
	set = &surges->domains[key.words[0] % surges->sets * SURGE_WAYS];
	for (unsigned i = 0; i < SURGE_WAYS; i++) {
		if (set[i].name[0] && memcmp(&set[i].key, &key, sizeof(key)) == 0) {
			bring_up_to_date(&set[i], now_sec);
			return &set[i];
		}
	}
	domain = choose_place(surges, set);
	*domain = (struct domain){.key = key, .interval = now_sec / SURGE_INTERVAL_SEC};
	memcpy(domain->name, folded, length + 1);
	return domain;
}

/* ---- different recipients */

static void sketch_add(struct surges *surges, struct domain *domain, const char *recipient)
{
	struct siphash hash = siphash(surges->secret, recipient, strlen(recipient));
	unsigned bit = hash.words[0] % SURGE_SKETCH_BITS;

	domain->sketch[bit / 64] |= 1ULL << (bit % 64);
}

static uint32_t sketch_estimate(const struct domain *domain)
{
	unsigned set = 0;

	for (unsigned i = 0; i < SKETCH_WORDS; i++)
		set += (unsigned)__builtin_popcountll(domain->sketch[i]);
	if (set == SURGE_SKETCH_BITS)
		set--;
	return (uint32_t)lround(-SURGE_SKETCH_BITS * log(1.0 - (double)set / SURGE_SKETCH_BITS));
}

/* ---- causes */

static enum surge_cause likely_cause(const struct surges *surges, const struct domain *domain)
{
	bool foreign = 2 * domain->not_sent_here > domain->not_sent_here + domain->sent_here &&
		       2 * domain->not_sent_here >= domain->bounces.count;
	bool connections = rose_before(&surges->connections);

	if (foreign)
		return connections ? SURGE_ROGUE_SERVER : SURGE_SPOOFING;
	if (2 * sketch_estimate(domain) >= domain->bounces.count)
		return SURGE_HARVEST;
	if (rose_before(&domain->spam))
		return SURGE_SPAM_ATTACK;
	return connections ? SURGE_ROGUE_SERVER : SURGE_UNKNOWN;
}

static void describe(const struct surges *surges, const struct domain *domain,
		     struct surge_state *ret_state)
{
	*ret_state = (struct surge_state){
		.domain = domain->name,
		.surging = domain->surging,
		.cause = likely_cause(surges, domain),
		.bounces = domain->bounces.count,
		.baseline = domain->bounces.baseline,
		.unknown_recipients = sketch_estimate(domain),
		.not_sent_here = domain->not_sent_here,
		.spam = domain->spam.count,
		.unknown_connections = surges->connections.count,
	};
}

/* ---- input */

bool surges_bounce(struct surges *surges, const struct surge_bounce *bounce, int64_t now_sec,
		   struct surge_state *ret_state)
{
	struct domain *domain = take_domain(surges, bounce->domain, now_sec);

	if (!domain)
		return false;
	surges_unknown_connections(surges, 0, now_sec);
	domain->bounces.count++;
	domain->not_sent_here += bounce->origin == SURGE_NOT_SENT_HERE;
	domain->sent_here += bounce->origin == SURGE_SENT_HERE;
	if (bounce->unknown_recipient)
		sketch_add(surges, domain, bounce->unknown_recipient);
	if (domain->surging || !has_risen(&domain->bounces, SURGE_MIN))
		return false;
	domain->surging = true;
	describe(surges, domain, ret_state);
	surges->begun[ret_state->cause]++;
	return true;
}

void surges_spam(struct surges *surges, const char *name, int64_t now_sec)
{
	struct domain *domain = take_domain(surges, name, now_sec);

	if (domain)
		domain->spam.count++;
}

void surges_unknown_connections(struct surges *surges, uint32_t count, int64_t now_sec)
{
	int64_t interval = now_sec / SURGE_INTERVAL_SEC;
	int64_t passed = intervals_passed(surges->interval, interval);

	if (passed) {
		close_interval(&surges->connections, RISE_MIN, passed);
		surges->interval = interval;
	}
	surges->connections.count += count;
}

/* ---- figures */

void surges_stats(struct surges *surges, int64_t now_sec, struct surges_stats *ret_stats)
{
	*ret_stats = (struct surges_stats){.evicted = surges->evicted};
	memcpy(ret_stats->begun, surges->begun, sizeof(surges->begun));
	for (size_t i = 0; i < (size_t)surges->sets * SURGE_WAYS; i++) {
		struct domain *domain = &surges->domains[i];

		if (!domain->name[0])
			continue;
		if (domain->surging)
			bring_up_to_date(domain, now_sec);
		ret_stats->domains++;
		ret_stats->surging += domain->surging;
	}
}
