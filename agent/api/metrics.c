/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counters of the datapath, pools and addresses, decisions, senders, surges. No label is a
 * sender's name: there may be a million senders.
 */
#include "api/metrics.h"

#include <errno.h>
#include <stdlib.h>

#include "api/api.h"
#include "api/metric.h"
#include "api/metrics_host.h"
#include "base/address.h"
#include "base/error.h"
#include "base/names.h"
#include "steering/steering.h"
#include "judge/judge.h"
#include "datapath/datapath.h"
#include "view/milter.h"

static void print_datapath(struct datapath *datapath, FILE *out)
{
	struct stats stats = {0};
	const __u64 *values = (const __u64 *)&stats;

	datapath->ops->stats(datapath, &stats);
	metric_one(out, "flows", "gauge", "live flows",
		   stats.flows_opened - stats.flows_expired - stats.flows_replaced);
	metric_one(out, "flows_max", "gauge", "flows that fit into the map",
		   datapath->ops->capacity(datapath, MAP_FLOWS));
	metric_one(out, "held", "gauge",
		   "1: an interrupted 'postern up' holds all steered traffic until the next one",
		   datapath_is_stuck(datapath));
	for (int i = 0; i < COUNTERS; i++) {
		char name[64];

		snprintf(name, sizeof(name), "%s_total", counter_name((enum counter)i));
		metric_one(out, name, "counter", counter_help((enum counter)i), values[i]);
	}
}

/* One line per address. The configuration allows no pool name that needs escaping. */
static void print_address(FILE *out, const char *name, const struct pool *pool,
			  const struct pool_address *address, uint64_t value)
{
	char text[ADDRESS_TEXT_SIZE];

	fprintf(out, "postern_%s{pool=\"%s\",address=\"%s\"} %llu\n", name, pool->name,
		address_format(&address->address, text), (unsigned long long)value);
}

static uint64_t flows_of(struct datapath *datapath, const struct pool_address *address)
{
	struct address_usage usage = {0};

	datapath->ops->get(datapath, MAP_ADDRUSE, &address->id, &usage);
	return usage.flows;
}

static uint64_t connections_of(struct datapath *datapath, const struct pool_address *address)
{
	struct address_usage usage = {0};

	datapath->ops->get(datapath, MAP_ADDRUSE, &address->id, &usage);
	return usage.connections;
}

static uint64_t active_of(struct datapath *datapath, const struct pool_address *address)
{
	(void)datapath;
	return address->state == ADDRESS_ACTIVE && !address->held;
}

static void print_pools(const struct steering *steering, FILE *out)
{
	static const struct {
		const char *name, *type, *help;
		uint64_t (*value)(struct datapath *datapath, const struct pool_address *address);
	} metrics[] = {
		{"address_flows", "gauge", "live flows on the address", flows_of},
		{"address_connections_total", "counter", "flows opened on the address",
		 connections_of},
		{"address_active", "gauge", "1: it gets new flows", active_of},
	};
	const struct pool_set *set = steering_pools(steering);

	metric_head(out, "pool_enabled", "gauge", "1: the pool is enabled");
	for (size_t i = 0; i < set->n_pools; i++)
		fprintf(out, "postern_pool_enabled{pool=\"%s\"} %d\n", set->pools[i].name,
			set->pools[i].state == POOL_ENABLED);
	for (size_t m = 0; m < sizeof(metrics) / sizeof(metrics[0]); m++) {
		metric_head(out, metrics[m].name, metrics[m].type, metrics[m].help);
		for (size_t i = 0; i < set->n_pools; i++)
			for (size_t j = 0; j < set->pools[i].n_addresses; j++) {
				const struct pool_address *address = &set->pools[i].addresses[j];

				print_address(
					out, metrics[m].name, &set->pools[i], address,
					metrics[m].value(steering_datapath(steering), address));
			}
	}
}

static void print_mail_dns(const struct mail_dns *mail_dns, FILE *out)
{
	metric_head(out, "mail_dns_total", "counter",
		    "messages whose sender's domain was looked up, by answer");
	for (enum facts_dns answer = 0; answer < FACTS_DNS_ANSWERS; answer++)
		fprintf(out, "postern_mail_dns_total{answer=\"%s\"} %llu\n", facts_dns_name(answer),
			(unsigned long long)mail_dns->counts[answer]);
	metric_one(out, "mail_dns_unknown", "gauge",
		   "1: name servers leave most questions unanswered, no-mail-dns matches nothing",
		   mail_dns->since_sec != 0);
}

static void print_judge(const struct judge *judge, FILE *out)
{
	struct judge_stats stats;

	judge_stats(judge, &stats);
	metric_head(out, "decisions_total", "counter", "decisions on messages and connections");
	for (enum reason reason = REASON_GOOD; reason < REASONS; reason++)
		fprintf(out, "postern_decisions_total{reason=\"%s\"} %llu\n", reason_name(reason),
			(unsigned long long)stats.policy.decisions[reason]);
	metric_one(out, "messages_unanswered_total", "counter",
		   "messages that passed or were deferred without a decision, reported afterwards",
		   stats.unanswered);
	print_mail_dns(&stats.mail_dns, out);
	metric_one(out, "reports_total", "counter", "reports of spam", stats.reports);
	metric_one(out, "senders", "gauge", "counted senders", stats.policy.senders);
	metric_one(out, "senders_evicted_total", "counter", "senders evicted for others",
		   stats.policy.senders_evicted);
	metric_one(out, "senders_refused_total", "counter", "senders without space in the table",
		   stats.policy.senders_refused);
	metric_one(out, "logins_evicted_total", "counter",
		   "envelope senders whose logins were forgotten before their time",
		   stats.logins_evicted);
	metric_one(out, "standings", "gauge",
		   "senders restricted, high-risk, at a limit or with a manual verdict",
		   stats.policy.standings);
	metric_one(out, "standings_refused_total", "counter",
		   "standings without space in the table", stats.policy.standings_refused);
	metric_one(out, "records_left_out_total", "counter",
		   "saved records that could not be restored", stats.left_out);
}

static void print_surges(const struct judge *judge, int64_t now_sec, FILE *out)
{
	struct surges_stats stats;

	surges_stats(judge_surges(judge), now_sec, &stats);
	metric_head(out, "bounce_surges_total", "counter",
		    "surges of bounces that began, by likely cause");
	for (enum surge_cause cause = SURGE_UNKNOWN; cause < SURGE_CAUSES; cause++)
		fprintf(out, "postern_bounce_surges_total{cause=\"%s\"} %llu\n",
			surge_cause_name(cause), (unsigned long long)stats.begun[cause]);
	metric_one(out, "bounce_surges", "gauge", "domains with a surge of bounces now",
		   stats.surging);
	metric_one(out, "bounce_domains", "gauge", "domains with counted bounces", stats.domains);
	metric_one(out, "bounce_domains_evicted_total", "counter", "domains evicted for others",
		   stats.evicted);
}

static void print_milter(const struct config *config, FILE *out)
{
	struct view_milter milter;

	view_milter_read(config, &milter);
	if (milter.is_known)
		metric_one(out, "milter_running", "gauge", "1: the milter runs", milter.is_running);
}

int metrics_print(const struct api *api, int64_t now_sec, char **ret_text, struct error *error)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return error_set(error, -ENOMEM, "out of memory");
	print_datapath(steering_datapath(api->steering), out);
	print_pools(api->steering, out);
	print_judge(api->judge, out);
	print_surges(api->judge, now_sec, out);
	print_milter(steering_config(api->steering), out);
	metrics_host(api->steering, out);
	if (api->metrics)
		api->metrics(api->data, out);
	if (fclose(out) != 0) {
		free(text);
		return error_set(error, -ENOMEM, "out of memory");
	}
	*ret_text = text;
	return 0;
}
