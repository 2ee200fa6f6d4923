/* SPDX-License-Identifier: BSD-2-Clause */
/* One printer per kind of event. */
#include "wire/event.h"

#include <jansson.h>

#include "base/names.h"
#include "config/config.h"
#include "policy/policy.h"
#include "policy/surge.h"
#include "wire/values.h"

#define MAIL_DNS_TROUBLE                                                                           \
	"name servers do not answer: which senders' domains have neither A nor MX is not known, "  \
	"and the rule no-mail-dns matches nothing"

static void add_text(json_t *object, const char *name, const char *text)
{
	json_object_set_new(object, name, value_text(text));
}

static void add_number(json_t *object, const char *name, uint64_t number)
{
	json_object_set_new(object, name, value_number(number));
}

static void add_policy(json_t *object, const struct policy_event *event)
{
	if (event->sender && event->sender[0])
		add_text(object, "sender", event->sender);
	if (event->tenant)
		add_text(object, "tenant", event->tenant);
	if (event->limit < CONFIG_LIMITS) {
		add_text(object, "limit", config_limit_name(event->limit));
		add_number(object, "count", event->count);
		add_number(object, "max", event->max);
	}
	if (event->kind == POLICY_RESTRICTED || event->kind == POLICY_SPAM_SENDER)
		json_object_set_new(object, "until", value_time(event->until_sec));
}

static void add_verdict(json_t *object, const struct wire_event *event)
{
	const struct sender_verdict *verdict = event->verdict.verdict;

	add_text(object, "sender", event->verdict.sender);
	add_text(object, "action", verdict_action_name(verdict->action));
	add_text(object, "pool", event->verdict.pool);
	add_text(object, "reason", reason_name(verdict->reason));
	json_object_set_new(object, "until", value_time(verdict->until_sec));
}

static void add_surge(json_t *object, const struct surge_state *surge)
{
	add_text(object, "domain", surge->domain);
	add_text(object, "cause", surge_cause_name(surge->cause));
	add_number(object, "bounces", surge->bounces);
	json_object_set_new(object, "baseline", json_real(surge->baseline));
	add_number(object, "unknown_recipients", surge->unknown_recipients);
	add_number(object, "not_sent_here", surge->not_sent_here);
}

static void add_error(json_t *object, const struct wire_event *event)
{
	const struct {
		const char *name, *text;
	} members[] = {
		{"what", event->error.what},	 {"text", event->error.text},
		{"sender", event->error.sender}, {"pool", event->error.pool},
		{"source", event->error.source}, {"destination", event->error.destination},
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (*members[i].text)
			add_text(object, members[i].name, members[i].text);
}

static void add_order(json_t *object, const struct wire_event *event)
{
	add_text(object, "by", event->order.by);
	add_number(object, "uid", event->order.uid);
	json_object_set_new(object, "request",
			    json_sprintf("%s %s", event->order.method, event->order.path));
	if (event->order.body)
		add_text(object, "body", event->order.body);
}

static void add_host(json_t *object, const struct wire_event *event)
{
	add_text(object, "part", event->host.part);
	add_text(object, "name", event->host.name);
	if (event->host.pool)
		add_text(object, "pool", event->host.pool);
	add_text(object, "state", event->host.state);
	json_object_set_new(object, "held", json_boolean(event->host.held));
	add_number(object, "put_back", event->host.put_back);
	if (event->host.cause)
		add_text(object, "cause", event->host.cause);
}

static const char *name_of(const struct wire_event *event)
{
	switch (event->kind) {
	case WIRE_EVENT_POLICY:
		return policy_event_name(event->policy->kind);
	case WIRE_EVENT_VERDICT:
		return "verdict";
	case WIRE_EVENT_SURGE:
		return "bounce-surge";
	case WIRE_EVENT_STATE:
		return "state";
	case WIRE_EVENT_MAIL_DNS:
		return "mail-dns";
	case WIRE_EVENT_CLOCK:
		return "clock";
	case WIRE_EVENT_ORDER:
		return "order";
	case WIRE_EVENT_HOST:
		return "host";
	case WIRE_EVENT_ERROR:
		return "error";
	}
	return "invalid";
}

json_t *event_json(const struct wire_event *event)
{
	json_t *object = json_pack("{s:o, s:s}", "time", value_time(event->now_sec), "event",
				   name_of(event));

	switch (event->kind) {
	case WIRE_EVENT_POLICY:
		add_policy(object, event->policy);
		break;
	case WIRE_EVENT_VERDICT:
		add_verdict(object, event);
		break;
	case WIRE_EVENT_SURGE:
		add_surge(object, event->surge);
		break;
	case WIRE_EVENT_CLOCK:
		json_object_set_new(object, "leap_sec", json_integer(event->clock.leap_sec));
		add_text(object, "state", event->clock.state);
		break;
	case WIRE_EVENT_STATE:
		add_text(object, "trouble",
			 event->trouble && *event->trouble ? event->trouble : NULL);
		break;
	case WIRE_EVENT_MAIL_DNS:
		add_text(object, "trouble", event->mail_dns_unknown ? MAIL_DNS_TROUBLE : NULL);
		break;
	case WIRE_EVENT_ORDER:
		add_order(object, event);
		break;
	case WIRE_EVENT_HOST:
		add_host(object, event);
		break;
	case WIRE_EVENT_ERROR:
		add_error(object, event);
		break;
	}
	return object;
}
