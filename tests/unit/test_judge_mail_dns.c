/* SPDX-License-Identifier: BSD-2-Clause */
/* Name servers that answer no longer, and again; what the judge tells of it. */
#include "judge/mail_dns.h"

#include <criterion/criterion.h>

#include "unit/judge_fixture.h"

TestSuite(judge_mail_dns, .init = judge_fixture_open_kept, .fini = judge_fixture_close);

#define UNKNOWN FACTS_DNS_UNKNOWN
#define PRESENT FACTS_DNS_PRESENT

/* Messages that were looked up with this answer; returns how many changed the state. */
static unsigned note(struct mail_dns *mail_dns, unsigned n, enum facts_dns answer)
{
	unsigned changes = 0;

	while (n--)
		changes += mail_dns_note(mail_dns, answer, NOON);
	return changes;
}

Test(judge_mail_dns, most_of_the_last_messages_decide)
{
	struct mail_dns mail_dns = {.since_sec = 0};

	cr_expect_eq(note(&mail_dns, MAIL_DNS_MANY - 1, UNKNOWN), 0);
	cr_expect_eq(note(&mail_dns, 1, FACTS_DNS_ABSENT), 0);
	cr_expect_eq(mail_dns.since_sec, 0);
	cr_expect_eq(note(&mail_dns, 1, UNKNOWN), 1);
	cr_expect_eq(mail_dns.since_sec, NOON);
	cr_expect_eq(note(&mail_dns, 100, UNKNOWN), 0);
	cr_expect_eq(note(&mail_dns, MAIL_DNS_LAST - MAIL_DNS_FEW - 1, PRESENT), 0);
	cr_expect_eq(note(&mail_dns, 1, PRESENT), 1);
	cr_expect_eq(mail_dns.since_sec, 0);
	cr_expect_eq(mail_dns.counts[UNKNOWN], 106);
	cr_expect_eq(mail_dns.counts[PRESENT], 6);
}

Test(judge_mail_dns, a_domain_whose_name_servers_fail_is_one_of_many)
{
	struct mail_dns mail_dns = {.since_sec = 0};

	for (unsigned i = 0; i < 1000; i++)
		cr_expect_eq(note(&mail_dns, 1, i % 2 ? PRESENT : UNKNOWN), 0);
}

static void send(const struct facts *facts, bool looked_up, unsigned n)
{
	while (n--)
		judge_fixture_ask(
			&(struct message_facts){.facts = *facts, .mail_dns_asked = looked_up});
}

Test(judge_mail_dns, a_dead_resolver_is_an_event_with_its_end)
{
	const struct facts sender = {.envelope_from = "ann@example.net", .recipients_external = 1};
	const struct facts nobody = {.envelope_from = "", .recipients_external = 1};
	struct facts known = sender;
	struct judge_stats stats;

	known.mail_dns = PRESENT;
	/* Nobody has asked for these. */
	send(&nobody, true, 10);
	send(&sender, false, 10);
	cr_expect_eq(judge_fixture_news("mail-dns"), 0);
	send(&sender, true, 10);
	cr_expect_eq(judge_fixture_news("mail-dns"), 1);
	judge_stats(judge_fixture.judge, &stats);
	cr_expect_eq(stats.mail_dns.since_sec, NOON);
	cr_expect_eq(stats.mail_dns.counts[UNKNOWN], 10);
	send(&known, true, 10);
	cr_expect_eq(judge_fixture_news("mail-dns"), 2);
	judge_stats(judge_fixture.judge, &stats);
	cr_expect_eq(stats.mail_dns.since_sec, 0);
}
