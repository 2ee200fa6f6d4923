/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts under a lock: whoever comes here has waited for the agent in vain, or finds nothing to do. */
#include "milter/outage.h"

#include <inttypes.h>
#include <string.h>

#include "wire/facts.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

#define MODULE "milter"

static bool is_empty(const struct outage *outage)
{
	for (unsigned i = 0; i < OUTAGE_KINDS; i++)
		if (outage->counts[i])
			return false;
	return true;
}

static bool is_due(const struct outage *outage, uint64_t now_ns)
{
	return !outage->told_ns || now_ns - outage->told_ns >= OUTAGE_TELL_SEC * NS_PER_SEC;
}

static void tell(const struct outage *outage, const char *what)
{
	log_warning(MODULE,
		    "%s: without it %" PRIu64 " messages passed, %" PRIu64
		    " were marked high-risk, %" PRIu64 " deferred",
		    what, outage->counts[OUTAGE_PASSED], outage->counts[OUTAGE_HIGH_RISK],
		    outage->counts[OUTAGE_DEFERRED]);
}

uint32_t outage_take(struct outage *outage)
{
	uint32_t taken;

	taken = outage->untold < FACTS_RECIPIENTS_MAX ? outage->untold : FACTS_RECIPIENTS_MAX;
	outage->untold -= taken;
	return taken;
}

void outage_count(struct outage *outage, enum outage_kind kind, uint32_t taken,
		  const struct error *why, uint64_t now_ns)
{
	outage->counts[kind]++;
	outage->untold += taken + 1;
	if (is_due(outage, now_ns)) {
		tell(outage, why->text);
		outage->away = true;
		outage->told_ns = now_ns;
	}
}

void outage_end(struct outage *outage, uint64_t now_ns)
{
	if (!is_empty(outage) && (outage->away || is_due(outage, now_ns))) {
		tell(outage, "the agent answers again");
		memset(outage->counts, 0, sizeof(outage->counts));
		outage->away = false;
		outage->told_ns = now_ns;
	}
}

void outage_tell(struct outage *outage)
{
	if (!is_empty(outage))
		tell(outage, "the agent did not answer");
}
