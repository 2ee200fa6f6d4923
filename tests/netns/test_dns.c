/* SPDX-License-Identifier: BSD-2-Clause */
/* Mail DNS (agent/dns/) with a real name server: present, absent and unknown domains. */
#include <criterion/criterion.h>
#include <errno.h>
#include <event2/event.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "config/config.h"
#include "dns/maildns.h"
#include "netns/host.h"
#include "netns/nameserver.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define PORT	     5353
#define TIMEOUT_MS   1000 /* a lookup that waits takes at least this long, others take less */
#define RESOLVER     "127.0.0.1@5353"

#define UNKNOWN FACTS_DNS_UNKNOWN
#define PRESENT FACTS_DNS_PRESENT
#define ABSENT	FACTS_DNS_ABSENT

static pid_t nameserver;
static struct event_base *base;

static void set_up(void)
{
	world_init();
	nameserver = nameserver_start(MAIL, "127.0.0.1", PORT);
	host_enter(MAIL); /* libunbound's threads start in this namespace */
	base = event_base_new();
}

static void tear_down(void)
{
	event_base_free(base);
	host_leave();
	world_done();
}

TestSuite(netns_dns, .init = set_up, .fini = tear_down, .timeout = 60);

static struct maildns *open_with(struct config_mail config)
{
	static char *resolver[] = {RESOLVER};
	struct maildns *maildns;
	struct error error;

	if (!config.resolver.texts)
		config.resolver = (struct config_texts){resolver, 1};
	if (!config.dns_timeout_ms)
		config.dns_timeout_ms = 5000;
	cr_assert_eq(maildns_new(&config, base, &maildns, &error), 0, "%s", error.text);
	return maildns;
}

static struct maildns_counters count(struct maildns *maildns)
{
	return *maildns_counters(maildns);
}

/* ---- lookups */

struct looker {
	struct maildns_wait wait;
	bool done;
	enum facts_dns dns;
};

static void on_done(void *data, enum facts_dns dns)
{
	struct looker *looker = data;

	cr_assert(!looker->done);
	looker->dns = dns;
	looker->done = true;
}

static void start(struct looker *looker, struct maildns *maildns, const char *name)
{
	*looker = (struct looker){.wait = {.done = on_done, .data = looker}};
	looker->done = maildns_lookup(maildns, name, &looker->wait, &looker->dns);
}

static enum facts_dns outcome(struct looker *looker)
{
	while (!looker->done)
		event_base_loop(base, EVLOOP_ONCE);
	return looker->dns;
}

static enum facts_dns look_up(struct maildns *maildns, const char *name)
{
	struct looker looker;

	event_base_loop(base, EVLOOP_NONBLOCK); /* takes late answers */
	start(&looker, maildns, name);
	return outcome(&looker);
}

struct name {
	const char *name;
	enum facts_dns plain, aaaa, null_mx;
};

static const struct name names[] = {
	{"both.example", PRESENT, PRESENT, PRESENT},
	{"Both.EXAMPLE.", PRESENT, PRESENT, PRESENT},
	{"mx-only.example", PRESENT, PRESENT, PRESENT},
	{"a-only.example", PRESENT, PRESENT, PRESENT},
	{"alias.example", PRESENT, PRESENT, PRESENT},
	{"chain.example", PRESENT, PRESENT, PRESENT},
	{"long-ago.example", PRESENT, PRESENT, PRESENT},
	{"x.many.example", PRESENT, PRESENT, PRESENT},
	{"xn--bcher-kva.example", PRESENT, PRESENT, PRESENT},
	{"BÜCHER.example", PRESENT, PRESENT, PRESENT},
	{"null-mx-a.example", PRESENT, PRESENT, ABSENT},
	{"null-mx.example", PRESENT, PRESENT, ABSENT},
	{"aaaa-only.example", ABSENT, PRESENT, ABSENT},
	{"neither.example", ABSENT, ABSENT, ABSENT},
	{"dangling.example", ABSENT, ABSENT, ABSENT},
	{"nobody.example", ABSENT, ABSENT, ABSENT},
	{"many.example", ABSENT, ABSENT, ABSENT}, /* it exists, without records */
	{"example", ABSENT, ABSENT, ABSENT},
	/* libunbound has built-in answers for these. */
	{"localhost", ABSENT, ABSENT, ABSENT},
	{"lab.test", PRESENT, PRESENT, PRESENT},
	{"home.arpa", PRESENT, PRESENT, PRESENT},
	{"servfail.example", UNKNOWN, UNKNOWN, UNKNOWN},
	{"mail.servfail.example", UNKNOWN, UNKNOWN, UNKNOWN},
	{"refused.example", UNKNOWN, UNKNOWN, UNKNOWN},
};

Test(netns_dns, each_record_has_its_outcome_with_each_option)
{
	struct maildns *plain = open_with((struct config_mail){.n_spam_marks = 0});
	struct maildns *aaaa = open_with((struct config_mail){.dns_aaaa = true});
	struct maildns *null_mx = open_with((struct config_mail){.dns_null_mx = true});

	/* Twice: by the server, then from memory. */
	for (size_t i = 0; i < 2 * COUNT(names); i++) {
		const struct name *name = &names[i % COUNT(names)];
		enum facts_dns dns;

		dns = look_up(plain, name->name);
		cr_expect_eq(dns, name->plain, "%s: %d", name->name, dns);
		dns = look_up(aaaa, name->name);
		cr_expect_eq(dns, name->aaaa, "%s with AAAA: %d", name->name, dns);
		dns = look_up(null_mx, name->name);
		cr_expect_eq(dns, name->null_mx, "%s with null MX: %d", name->name, dns);
	}
	cr_expect_eq(count(plain).lookups, 2 * COUNT(names));
	/* "Both.EXAMPLE." and "BÜCHER.example" are second names. */
	cr_expect_eq(count(plain).hits, COUNT(names) + 2);
	cr_expect_eq(count(plain).queries, 2 * (COUNT(names) - 2));
	cr_expect_eq(count(aaaa).queries, 3 * (COUNT(names) - 2));
	cr_expect_eq(count(plain).domains, COUNT(names) - 2);
	cr_expect_eq(count(plain).unknowns, 6);
	maildns_free(plain);
	maildns_free(aaaa);
	maildns_free(null_mx);
}

Test(netns_dns, impossible_mail_domains_cause_no_query)
{
	struct maildns *maildns = open_with((struct config_mail){.n_spam_marks = 0});
	char longer[300];

	memset(longer, 'a', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	cr_expect_eq(look_up(maildns, "[192.0.2.1]"), PRESENT);
	cr_expect_eq(look_up(maildns, "[ipv6:2001:db8::1]"), PRESENT);
	cr_expect_eq(look_up(maildns, "[example.net]"), ABSENT);
	cr_expect_eq(look_up(maildns, longer), ABSENT);
	cr_expect_eq(look_up(maildns, "both..example"), ABSENT);
	cr_expect_eq(look_up(maildns, "both example"), ABSENT);
	cr_expect_eq(look_up(maildns, "\xff.example"), ABSENT);
	cr_expect_eq(look_up(maildns, ""), UNKNOWN);
	cr_expect_eq(look_up(maildns, NULL), UNKNOWN);
	cr_expect_eq(count(maildns).queries, 0);
	maildns_free(maildns);
}

/* A late answer is kept for the next lookup. */
static void await(struct maildns *maildns, const char *domain, enum facts_dns dns)
{
	cr_assert(wait_for(look_up(maildns, domain) == dns, 10000), "%s", domain);
}

Test(netns_dns, an_outcome_lasts_as_long_as_its_ttl)
{
	struct maildns *maildns = open_with((struct config_mail){.dns_timeout_ms = 200});
	uint64_t known_ms;

	await(maildns, "both.example", PRESENT);
	await(maildns, "nobody.example", ABSENT);
	known_ms = now_ms();
	await(maildns, "brief.example", PRESENT);
	nameserver_signal(nameserver, SIGSTOP);
	/* The TTL of A is a second; the negative answer for MX lasts longer. */
	cr_assert(look_up(maildns, "brief.example") == PRESENT || now_ms() - known_ms >= 1000);
	cr_assert(wait_for(look_up(maildns, "brief.example") == UNKNOWN, 3000));
	cr_assert_eq(look_up(maildns, "both.example"), PRESENT);
	cr_assert_eq(look_up(maildns, "nobody.example"), ABSENT);
	nameserver_signal(nameserver, SIGCONT);
	maildns_free(maildns);
}

Test(netns_dns, without_an_answer_in_time_it_is_unknown_and_a_late_one_is_kept)
{
	struct maildns *maildns = open_with((struct config_mail){.dns_timeout_ms = TIMEOUT_MS});
	uint64_t start;

	nameserver_signal(nameserver, SIGSTOP);
	start = now_ms();
	cr_assert_eq(look_up(maildns, "both.example"), UNKNOWN);
	cr_assert_geq(now_ms() - start, TIMEOUT_MS);
	cr_assert_lt(now_ms() - start, TIMEOUT_MS + 2000 * test_patience());
	/* Its time has passed: no further wait. */
	start = now_ms();
	cr_assert_eq(look_up(maildns, "both.example"), UNKNOWN);
	cr_assert_lt(now_ms() - start, TIMEOUT_MS);
	cr_assert_eq(count(maildns).timeouts, 2);
	nameserver_signal(nameserver, SIGCONT);
	cr_assert(wait_for(look_up(maildns, "both.example") == PRESENT, 10000));
	cr_assert_eq(count(maildns).queries, 2);
	maildns_free(maildns);
}

Test(netns_dns, a_dead_name_server_makes_new_domains_unknown_until_it_is_back)
{
	struct maildns *maildns = open_with((struct config_mail){.dns_timeout_ms = 300});

	await(maildns, "both.example", PRESENT);
	await(maildns, "nobody.example", ABSENT);
	nameserver_signal(nameserver, SIGKILL);
	cr_assert_eq(look_up(maildns, "both.example"), PRESENT);
	cr_assert_eq(look_up(maildns, "nobody.example"), ABSENT);
	cr_assert_eq(look_up(maildns, "mx-only.example"), UNKNOWN);
	cr_assert_eq(look_up(maildns, "nobody.nobody.example"), UNKNOWN);
	nameserver = nameserver_start(MAIL, "127.0.0.1", PORT);
	cr_assert(wait_for(look_up(maildns, "mx-only.example") == PRESENT, 30000));
	cr_assert(wait_for(look_up(maildns, "nobody.nobody.example") == ABSENT, 30000));
	maildns_free(maildns);
}

/* ---- many at once */

Test(netns_dns, a_hundred_lookups_of_one_domain_share_its_queries)
{
	struct maildns *maildns = open_with((struct config_mail){.dns_timeout_ms = 20000});
	struct looker lookers[100];

	nameserver_signal(nameserver, SIGSTOP);
	for (size_t i = 0; i < COUNT(lookers); i++)
		start(&lookers[i], maildns, i % 2 ? "both.example" : "Both.Example");
	cr_assert_eq(count(maildns).lookups, COUNT(lookers));
	nameserver_signal(nameserver, SIGCONT);
	for (size_t i = 0; i < COUNT(lookers); i++)
		cr_assert_eq(outcome(&lookers[i]), PRESENT);
	cr_assert_eq(count(maildns).queries, 2);
	cr_assert_eq(count(maildns).unknowns, 0);
	maildns_free(maildns);
}

/* `n_lookers` lookups at once, of `n_names` names; the name server is silent. */
static void look_in_vain(struct maildns *maildns, unsigned n_lookers, unsigned first_name,
			 unsigned n_names)
{
	struct looker lookers[n_lookers];
	char name[64];

	for (unsigned i = 0; i < n_lookers; i++) {
		snprintf(name, sizeof(name), "x%u.many.example", first_name + i % n_names);
		start(&lookers[i], maildns, name);
	}
	for (size_t i = 0; i < n_lookers; i++)
		cr_assert_eq(outcome(&lookers[i]), UNKNOWN);
}

Test(netns_dns, while_the_dns_is_silent_a_limited_number_of_lookups_wait)
{
	struct maildns *maildns = open_with((struct config_mail){.dns_timeout_ms = 2000});
	uint64_t begin = now_ms();

	nameserver_signal(nameserver, SIGSTOP);
	look_in_vain(maildns, MAILDNS_WAITING_MAX + 50, 0, 2);
	cr_assert_lt(now_ms() - begin, 2000 + 3000 * test_patience());
	cr_assert_eq(count(maildns).refused, 50);
	cr_assert_eq(count(maildns).timeouts, MAILDNS_WAITING_MAX);
	cr_assert_eq(count(maildns).queries, 4);
	nameserver_signal(nameserver, SIGCONT);
	maildns_free(maildns);
}

Test(netns_dns, while_the_dns_is_silent_a_limited_number_of_domains_have_queries)
{
	struct maildns *maildns = open_with((struct config_mail){.dns_timeout_ms = TIMEOUT_MS});
	uint64_t begin;

	nameserver_signal(nameserver, SIGSTOP);
	cr_assert_eq(look_up(maildns, "mx-only.example"), UNKNOWN);
	for (unsigned i = 0; i < MAILDNS_ASKED_MAX; i += MAILDNS_WAITING_MAX)
		look_in_vain(maildns, MAILDNS_WAITING_MAX, i, MAILDNS_WAITING_MAX);
	cr_assert_eq(count(maildns).refused, 1);
	cr_assert_eq(count(maildns).queries, 2 * MAILDNS_ASKED_MAX);
	/* No lookup waits any more. */
	begin = now_ms();
	cr_assert_eq(look_up(maildns, "both.example"), UNKNOWN);
	cr_assert_lt(now_ms() - begin, TIMEOUT_MS);
	cr_assert_eq(count(maildns).refused, 2);
	cr_assert_eq(count(maildns).queries, 2 * MAILDNS_ASKED_MAX);
	/* This domain has queries already. */
	cr_assert_eq(look_up(maildns, "mx-only.example"), UNKNOWN);
	cr_assert_eq(count(maildns).refused, 2);
	nameserver_signal(nameserver, SIGCONT);
	cr_assert(wait_for(look_up(maildns, "both.example") == PRESENT, 30000));
	maildns_free(maildns);
}

Test(netns_dns, the_least_recently_used_domain_is_evicted)
{
	struct maildns *maildns = open_with((struct config_mail){.n_spam_marks = 0});
	char name[64];

	cr_assert_eq(look_up(maildns, "both.example"), PRESENT);
	cr_assert_eq(look_up(maildns, "nobody.example"), ABSENT);
	for (size_t i = 0; i < MAILDNS_DOMAINS_MAX - 1; i++) {
		snprintf(name, sizeof(name), "x%zu.many.example", i);
		cr_assert_eq(look_up(maildns, name), PRESENT);
		cr_assert_eq(look_up(maildns, "both.example"), PRESENT);
	}
	cr_assert_eq(count(maildns).domains, MAILDNS_DOMAINS_MAX);
	/* The domain in use stayed known. */
	cr_assert_eq(count(maildns).queries, 2 * (MAILDNS_DOMAINS_MAX + 1));
	cr_assert_eq(look_up(maildns, "nobody.example"), ABSENT);
	cr_assert_eq(count(maildns).queries, 2 * (MAILDNS_DOMAINS_MAX + 2));
	cr_assert_eq(count(maildns).domains, MAILDNS_DOMAINS_MAX);
	maildns_free(maildns);
}

/* ---- resolvers */

Test(netns_dns, a_resolver_must_be_an_address)
{
	static char *const bad[] = {"localhost", "127.0.0.1@", "127.0.0.1@port", "", "300.0.0.1"};

	for (size_t i = 0; i < COUNT(bad); i++) {
		char *texts[] = {bad[i]};
		const struct config_mail config = {.resolver = {texts, 1}, .dns_timeout_ms = 1000};
		struct maildns *maildns;
		struct error error;

		cr_expect_eq(maildns_new(&config, base, &maildns, &error), -EINVAL, "'%s'", bad[i]);
		cr_expect_not_null(strstr(error.text, "resolver '"), "%s", error.text);
	}
}

Test(netns_dns, of_two_resolvers_one_may_be_dead)
{
	static char *both[] = {"127.0.0.1@5999", RESOLVER};
	struct maildns *maildns = open_with((struct config_mail){.resolver = {both, 2}});

	cr_assert_eq(look_up(maildns, "both.example"), PRESENT);
	cr_assert_eq(look_up(maildns, "nobody.example"), ABSENT);
	maildns_free(maildns);
}

Test(netns_dns, without_a_configured_resolver_the_hosts_is_asked)
{
	const struct config_mail config = {.dns_timeout_ms = 200};
	struct maildns *maildns;
	struct error error;

	cr_assert_eq(maildns_new(&config, base, &maildns, &error), 0, "%s", error.text);
	/* No resolver is reachable from this namespace. */
	cr_assert_eq(look_up(maildns, "both.example"), UNKNOWN);
	cr_assert_eq(count(maildns).queries, 2);
	maildns_free(maildns);
}

/* In place of /etc/resolv.conf, for this process. */
static char *resolv_conf_mount(const char *text)
{
	char *path = world_write("resolv.conf", text);

	cr_assert_eq(unshare(CLONE_NEWNS), 0);
	cr_assert_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	cr_assert_eq(mount(path, "/etc/resolv.conf", NULL, MS_BIND, NULL), 0);
	return path;
}

static void resolv_conf_write(const char *path, const char *text)
{
	FILE *out = fopen(path, "we");

	cr_assert(out && fputs(text, out) >= 0 && fclose(out) == 0);
}

Test(netns_dns, the_hosts_resolver_is_read_again_when_its_file_has_changed)
{
	const struct config_mail config = {.dns_timeout_ms = 200};
	pid_t other = nameserver_start(MAIL, "127.0.0.53", 53);
	char *path = resolv_conf_mount("");
	struct maildns *maildns;
	struct error error;

	cr_assert_eq(maildns_new(&config, base, &maildns, &error), 0, "%s", error.text);
	cr_assert_eq(look_up(maildns, "both.example"), UNKNOWN);
	resolv_conf_write(path, "nameserver 127.0.0.53\n");
	cr_assert(wait_for(look_up(maildns, "both.example") == PRESENT, 20000));
	/* To a resolver that is dead, and back. */
	resolv_conf_write(path, "nameserver 127.0.0.54\n");
	cr_assert(wait_for(look_up(maildns, "brief.example") == UNKNOWN, 20000));
	resolv_conf_write(path, "nameserver 127.0.0.53\noptions edns0\n");
	cr_assert(wait_for(look_up(maildns, "brief.example") == PRESENT, 20000));
	maildns_free(maildns);
	nameserver_signal(other, SIGKILL);
	free(path);
}

Test(netns_dns, a_name_server_with_a_scope_is_asked_and_a_line_that_is_none_is_noted)
{
	const struct config_mail config = {.dns_timeout_ms = 1000};
	_cleanup_(free_p) char *path = NULL;
	struct maildns *maildns;
	struct error error;

	free(host_must(INTERNET, "ip address add fe80::53/64 dev wan nodad"));
	free(host_must(MAIL, "ip address add fe80::54/64 dev wan nodad"));
	nameserver_start(INTERNET, "::", 53);
	path = resolv_conf_mount("nameserver localhost\nnameserver fe80::53%%wan\n");
	cr_assert_eq(maildns_new(&config, base, &maildns, &error), 0, "%s", error.text);
	cr_expect(wait_for(look_up(maildns, "both.example") == PRESENT, 10000));
	cr_expect(strstr(maildns_note(maildns), "resolv.conf:1: 'nameserver localhost': no add"));
	resolv_conf_write(path, "nameserver fe80::53%late\n");
	cr_assert(wait_for(look_up(maildns, "brief.example") == UNKNOWN, 20000));
	cr_expect(strstr(maildns_note(maildns), "no such interface"), "%s", maildns_note(maildns));
	free(host_must(MAIL, "ip link set wan down; ip link set wan name late;"
			     " ip link set late up; ip address add fe80::54/64 dev late nodad"));
	cr_expect(wait_for(look_up(maildns, "brief.example") == PRESENT, 20000));
	cr_expect_str_eq(maildns_note(maildns), "");
	maildns_free(maildns);
}
