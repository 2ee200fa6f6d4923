/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters and the times of reports. */
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
	return !outage->reported_ns ||
	       now_ns - outage->reported_ns >= OUTAGE_REPORT_SEC * NS_PER_SEC;
}

static void report(const struct outage *outage, const char *what)
{
	log_warning(MODULE,
		    "%s: of the messages without the agent's decision %" PRIu64 " passed, %" PRIu64
		    " were marked high-risk, %" PRIu64 " were deferred",
		    what, outage->counts[OUTAGE_PASSED], outage->counts[OUTAGE_HIGH_RISK],
		    outage->counts[OUTAGE_DEFERRED]);
}

uint32_t outage_take(struct outage *outage)
{
	uint32_t taken;

	taken = outage->unreported < FACTS_RECIPIENTS_MAX ? outage->unreported
							  : FACTS_RECIPIENTS_MAX;
	outage->unreported -= taken;
	return taken;
}

void outage_count(struct outage *outage, enum outage_kind kind, uint32_t taken,
		  const struct error *why, uint64_t now_ns)
{
	outage->counts[kind]++;
	outage->unreported += taken + 1;
	if (is_due(outage, now_ns)) {
		report(outage, why->text);
		outage->away = true;
		outage->reported_ns = now_ns;
	}
}

void outage_end(struct outage *outage, uint64_t now_ns)
{
	if (!is_empty(outage) && (outage->away || is_due(outage, now_ns))) {
		report(outage, "the agent answers again");
		memset(outage->counts, 0, sizeof(outage->counts));
		outage->away = false;
		outage->reported_ns = now_ns;
	}
}

void outage_report(struct outage *outage)
{
	if (!is_empty(outage))
		report(outage, "the agent did not answer");
}
