/* SPDX-License-Identifier: BSD-2-Clause */
/* One sample for each part of map postern_host, and for each interface of the hold. */
#include "api/metrics_host.h"

#include <string.h>

#include "api/metric.h"
#include "base/error.h"
#include "base/names.h"
#include "config/config.h"
#include "datapath/datapath.h"
#include "datapath/hold.h"
#include "steering/steering.h"
#include "view/host.h"

/* The name of an interface may have any character but '/' and blanks. */
static void print_label(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			fputc('\\', out);
		fputc((unsigned char)*value < ' ' || *value == 0x7f ? '?' : *value, out);
	}
	fputc('"', out);
}

static uint64_t is_present(const struct host_entry *entry)
{
	return entry->state == HOST_PRESENT;
}

static uint64_t is_held(const struct host_entry *entry)
{
	return entry->held;
}

static uint64_t put_back(const struct host_entry *entry)
{
	return entry->put_back;
}

static const struct part_metric {
	const char *name, *type, *help;
	enum host_kind kind; /* 0: all */
	uint64_t (*value)(const struct host_entry *entry);
} part_metrics[] = {
	{"interface_attached", "gauge", "1: the interface has its hooks, and they are the first",
	 HOST_INTERFACE, is_present},
	{"interface_held", "gauge", "1: mail by the interface is held", HOST_INTERFACE, is_held},
	{"address_present", "gauge", "1: the host has the pool address", HOST_ADDRESS, is_present},
	{"address_held", "gauge", "1: the pool address takes no new flows, as the host lacks it",
	 HOST_ADDRESS, is_held},
	{"handle_present", "gauge", "1: the host has the handle", HOST_HANDLE, is_present},
	{"put_back_total", "counter", "times that the guard has put the part back", 0, put_back},
};

static void print_part(FILE *out, const struct part_metric *metric, const struct view_part *part)
{
	fprintf(out, "postern_%s{", metric->name);
	if (!metric->kind)
		fprintf(out, "part=\"%s\",", host_kind_name(part->key.kind));
	print_label(out, metric->kind ? host_kind_name(metric->kind) : "name", part->key.name);
	fprintf(out, "} %llu\n", (unsigned long long)metric->value(&part->entry));
}

static void print_parts(const struct steering *steering, FILE *out)
{
	struct view_parts parts;

	view_parts_read(steering_datapath(steering), &parts);
	for (size_t m = 0; m < sizeof(part_metrics) / sizeof(part_metrics[0]); m++) {
		const struct part_metric *metric = &part_metrics[m];

		metric_head(out, metric->name, metric->type, metric->help);
		for (size_t i = 0; i < parts.count; i++)
			if (!metric->kind || metric->kind == parts.list[i].key.kind)
				print_part(out, metric, &parts.list[i]);
	}
	view_parts_done(&parts);
}

/* ---- what was held */

struct held_samples {
	FILE *out;
	const char *name;
	size_t offset; /* of the counter in struct held */
};

static int print_held(void *data, int index, const struct hold_interface *interface,
		      const struct held *held)
{
	const struct held_samples *samples = data;
	__u64 value;

	memcpy(&value, (const char *)held + samples->offset, sizeof(value));
	if (!interface)
		return 0;
	(void)index;
	fprintf(samples->out, "postern_%s{", samples->name);
	print_label(samples->out, "interface", interface->label);
	fprintf(samples->out, "} %llu\n", (unsigned long long)value);
	return 0;
}

static int add_refused(void *data, int index, const struct hold_interface *interface,
		       const struct held *held)
{
	uint64_t *refused = data;

	(void)index, (void)interface;
	*refused += held->connections;
	return 0;
}

static void print_hold(const struct config *config, FILE *out)
{
	struct held_samples samples[] = {
		{out, "held_packets_total", offsetof(struct held, packets)},
		{out, "held_forwarded_total", offsetof(struct held, forwarded)},
	};
	static const char *const helps[] = {
		"packets of local sockets that were dropped, as the interface has no hook",
		"forwarded SYNs that were dropped, as the interface must not carry them"};
	struct error ignored;
	uint64_t refused = 0;

	if (hold_walk(config->pin_path, add_refused, &refused, &ignored))
		return;
	metric_one(out, "held_connections_total", "counter",
		   "connections that were refused, as no datapath was up", refused);
	for (size_t i = 0; i < 2; i++) {
		metric_head(out, samples[i].name, "counter", helps[i]);
		hold_walk(config->pin_path, print_held, &samples[i], &ignored);
	}
}

void metrics_host(const struct steering *steering, FILE *out)
{
	const struct config *config = steering_config(steering);
	struct view_guard guard;

	view_guard_read(config, &guard);
	if (guard.is_known)
		metric_one(out, "guard_running", "gauge", "1: the guard runs", guard.is_running);
	print_parts(steering, out);
	print_hold(config, out);
}
