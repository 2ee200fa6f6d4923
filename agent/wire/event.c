/* SPDX-License-Identifier: BSD-2-Clause */
/* Events as JSON. */
#include "wire/event.h"

#include "base/names.h"
#include "config/config.h"
#include "wire/values.h"

static json_t *begin(const char *event, int64_t now_sec)
{
	return json_pack("{s:o, s:s}", "time", value_time(now_sec), "event", event);
}

static void add_text(json_t *news, const char *name, const char *text)
{
	json_object_set_new(news, name, value_text(text));
}

static void add_number(json_t *news, const char *name, uint64_t number)
{
	json_object_set_new(news, name, value_number(number));
}

json_t *news_policy(const struct policy_event *event, int64_t now_sec)
{
	json_t *news = begin(policy_event_name(event->kind), now_sec);

	if (event->sender && event->sender[0])
		add_text(news, "sender", event->sender);
	if (event->tenant)
		add_text(news, "tenant", event->tenant);
	if (event->limit < CONFIG_LIMITS) {
		add_text(news, "limit", config_limit_name(event->limit));
		add_number(news, "count", event->count);
		add_number(news, "max", event->max);
	}
	if (event->kind == POLICY_RESTRICTED || event->kind == POLICY_SPAM_SENDER)
		json_object_set_new(news, "until", value_time(event->until_sec));
	return news;
}

json_t *news_verdict(const char *sender, const struct sender_verdict *verdict, const char *pool,
		     int64_t now_sec)
{
	json_t *news = begin("verdict", now_sec);

	add_text(news, "sender", sender);
	add_text(news, "action", verdict_action_name(verdict->action));
	add_text(news, "pool", pool);
	add_text(news, "reason", reason_name(verdict->reason));
	json_object_set_new(news, "until", value_time(verdict->until_sec));
	return news;
}

json_t *news_surge(const struct surge_state *surge, int64_t now_sec)
{
	json_t *news = begin("bounce-surge", now_sec);

	add_text(news, "domain", surge->domain);
	add_text(news, "cause", surge_cause_name(surge->cause));
	add_number(news, "bounces", surge->bounces);
	json_object_set_new(news, "baseline", json_real(surge->baseline));
	add_number(news, "unknown_recipients", surge->unknown_recipients);
	add_number(news, "not_sent_here", surge->not_sent_here);
	return news;
}

json_t *news_state(const char *trouble, int64_t now_sec)
{
	json_t *news = begin("state", now_sec);

	add_text(news, "trouble", trouble && *trouble ? trouble : NULL);
	return news;
}

json_t *news_error(const char *what, const char *text, const char *sender, const char *pool,
		   const char *source, const char *destination, int64_t now_sec)
{
	const struct {
		const char *name, *text;
	} members[] = {
		{"what", what}, {"text", text},	    {"sender", sender},
		{"pool", pool}, {"source", source}, {"destination", destination},
	};
	json_t *news = begin("error", now_sec);

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (*members[i].text)
			add_text(news, members[i].name, members[i].text);
	return news;
}
