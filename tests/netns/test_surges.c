/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sudden rises of bounces in a running agent: each likely cause, from its facts to event and
 * metric.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/http.h"
#include "netns/postern.h"
#include "netns/walltime.h"

/* 2026-11-21 12:00:10 UTC: a whole test fits into one interval of five minutes. */
#define NOON 1795262410

/* The number of bounces that starts a surge of a domain without bounces (policy/surge.h). */
#define SURGE 20

TestSuite(netns_surges, .init = world_init, .fini = world_done, .timeout = 60);

static int begin(void)
{
	static const struct setup nothing;

	postern_configure(&nothing);
	free(postern_must("up"));
	walltime_set(NOON);
	walltime_agent();
	postern_follow();
	return http_connect();
}

/* The first facts of a bounce to a sender of the domain. */
#define BOUNCE(domain)                                                                             \
	"{\"envelope_from\":\"\",\"bounce\":true,\"bounce_to\":\"someone@" domain "\","

/* One event with its cause, and no surge of another cause. */
static void expect_surge(const char *domain, const char *cause)
{
	_cleanup_(free_p) char *what = NULL, *metric = NULL;

	cr_assert_geq(asprintf(&what, "\"domain\":\"%s\",\"cause\":\"%s\",\"bounces\":%d", domain,
			       cause, SURGE),
		      0);
	cr_assert(wait_for(postern_printed("bounce-surge", what), 2000), "%s", what);
	cr_assert_geq(asprintf(&metric, "postern_bounce_surges_total{cause=\"%s\"}", cause), 0);
	cr_assert_eq(postern_metric(metric), 1, "%s", metric);
	cr_assert_eq(postern_metric("postern_bounce_surges"), 1);
}

Test(netns_surges, many_recipients_that_do_not_exist_are_a_harvest)
{
	_cleanup_(close_fd_p) int api = begin();

	for (int i = 0; i < SURGE; i++)
		json_decref(http_message(
			api,
			BOUNCE("shop.example") "\"unknown_recipient\":\"guess-%d@victim.example\"}",
			i));
	expect_surge("shop.example", "harvest");
}

Test(netns_surges, bounces_of_mail_that_was_never_sent_here_mean_spoofing)
{
	_cleanup_(close_fd_p) int api = begin();

	for (int i = 0; i < SURGE; i++)
		json_decref(http_message(api, BOUNCE("bank.example") "\"sent_here\":false}"));
	expect_surge("bank.example", "spoofing");
}

Test(netns_surges, bounces_after_spam_of_the_domains_own_senders_are_a_spam_attack)
{
	_cleanup_(close_fd_p) int api = begin();

	for (int i = 0; i < SURGE; i++)
		json_decref(http_message(api,
					 "{\"user\":\"bob@hacked.example\",\"spam\":true,"
					 "\"message_id\":\"<%d@hacked.example>\","
					 "\"recipients_external\":50}",
					 i));
	for (int i = 0; i < SURGE; i++)
		json_decref(http_message(
			api, BOUNCE("hacked.example") "\"original_id\":\"<%d@hacked.example>\"}",
			i));
	expect_surge("hacked.example", "spam-attack");
}

Test(netns_surges, bounces_with_connections_of_unknown_senders_mean_a_rogue_server)
{
	int receiver = receiver_open(25);
	const struct origin nobody = {.host = MAIL, .uid = 4711};
	_cleanup_(close_fd_p) int api = begin();

	for (int i = 0; i < SURGE; i++)
		expect_pool(receiver, &nobody, RECEIVER_IPV4, "normal");
	for (int i = 0; i < SURGE; i++)
		json_decref(http_message(api, BOUNCE("example.org") "\"sent_here\":false}"));
	expect_surge("example.org", "rogue-server");
}
