/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The domains that are known or have queries, and the lookups that wait for them.
 *
 * libunbound reports results inside ub_process(). The lookups they end are collected in `finished`
 * and reported after it returns, so that a caller may start lookups from `done`. A domain stays in
 * memory while a lookup waits for it or libunbound holds a query of it.
 */
#include "dns/maildns.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <event2/event.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <unbound.h>

#include "base/clock.h"
#include "base/error.h"
#include "config/config.h"
#include "dns/context.h"
#include "dns/outcome.h"
#include "dns/resolv_conf.h"
#include "mail/mailbox.h"

TAILQ_HEAD(maildns_waits, maildns_wait);

struct domain {
	TAILQ_ENTRY(domain) by_use, by_asked;
	struct maildns *maildns;
	struct outcome outcome;
	struct maildns_waits waits;
	bool in_time; /* in the list by_asked: lookups may wait */
	bool decided;
	enum facts_dns dns; /* where decided */
	uint64_t asked_ns;
	uint64_t expires_ns; /* where decided */
	char name[MAILBOX_DOMAIN_SIZE];
};
TAILQ_HEAD(domains, domain);

struct maildns {
	struct context context;
	bool hosts_resolvers; /* those of resolv.conf */
	struct resolv_conf resolv_conf;
	bool aaaa, null_mx;
	uint64_t timeout_ns;
	struct event *timeout;
	void *by_name;		 /* tsearch(3) */
	struct domains by_use;	 /* least recently used first */
	struct domains by_asked; /* undecided ones in time, first asked first */
	struct maildns_waits finished;
	unsigned waiting, asked;
	struct maildns_counters counters;
};

/* ---- lookups that wait */

static void move(struct maildns_wait *wait, struct maildns_waits *to)
{
	if (wait->list)
		TAILQ_REMOVE(wait->list, wait, link);
	wait->list = to;
	if (to)
		TAILQ_INSERT_TAIL(to, wait, link);
}

static void leave_domain(struct maildns_wait *wait, struct maildns_waits *to)
{
	if (wait->list && wait->list != &wait->maildns->finished)
		wait->maildns->waiting--;
	move(wait, to);
}

void maildns_cancel(struct maildns_wait *wait)
{
	leave_domain(wait, NULL);
}

static enum facts_dns unknown(struct maildns *maildns, uint64_t *counter)
{
	maildns->counters.unknowns++;
	if (counter)
		(*counter)++;
	return FACTS_DNS_UNKNOWN;
}

/* Ends every wait of the domain: with its outcome, or unknown where there is none in time. */
static void finish(struct domain *domain)
{
	struct maildns *maildns = domain->maildns;
	struct maildns_wait *wait;

	if (domain->in_time)
		TAILQ_REMOVE(&maildns->by_asked, domain, by_asked);
	domain->in_time = false;
	while ((wait = TAILQ_FIRST(&domain->waits))) {
		if (!domain->decided)
			wait->dns = unknown(maildns, &maildns->counters.timeouts);
		else if (domain->dns == FACTS_DNS_UNKNOWN)
			wait->dns = unknown(maildns, NULL);
		else
			wait->dns = domain->dns;
		leave_domain(wait, &maildns->finished);
	}
}

static void report_finished(struct maildns *maildns)
{
	struct maildns_wait *wait;

	while ((wait = TAILQ_FIRST(&maildns->finished))) {
		move(wait, NULL);
		wait->done(wait->data, wait->dns);
	}
}

/* ---- domains */

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct domain *)a)->name, ((const struct domain *)b)->name);
}

static struct domain *find(struct maildns *maildns, const char *name)
{
	struct domain key;
	void *found;

	strcpy(key.name, name);
	found = tfind(&key, &maildns->by_name, compare);
	return found ? *(struct domain **)found : NULL;
}

static void forget(struct maildns *maildns, struct domain *domain)
{
	tdelete(domain, &maildns->by_name, compare);
	TAILQ_REMOVE(&maildns->by_use, domain, by_use);
	maildns->counters.domains--;
	free(domain);
}

/* A domain without pending queries has no waiting lookup either. */
static void evict(struct maildns *maildns)
{
	struct domain *domain = TAILQ_FIRST(&maildns->by_use);

	while (domain && domain->outcome.pending > 0)
		domain = TAILQ_NEXT(domain, by_use);
	if (domain)
		forget(maildns, domain);
}

/* NULL: no memory. */
static struct domain *add(struct maildns *maildns, const char *name)
{
	struct domain *domain = calloc(1, sizeof(*domain));

	if (!domain)
		return NULL;
	domain->maildns = maildns;
	TAILQ_INIT(&domain->waits);
	strcpy(domain->name, name);
	if (maildns->counters.domains >= MAILDNS_DOMAINS_MAX)
		evict(maildns);
	if (!tsearch(domain, &maildns->by_name, compare)) {
		free(domain);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&maildns->by_use, domain, by_use);
	maildns->counters.domains++;
	return domain;
}

static void touch(struct maildns *maildns, struct domain *domain)
{
	TAILQ_REMOVE(&maildns->by_use, domain, by_use);
	TAILQ_INSERT_TAIL(&maildns->by_use, domain, by_use);
}

/* While a query is pending the outcome holds: the domain cannot be asked for again. */
static bool is_known(const struct domain *domain, uint64_t now_ns)
{
	return domain->decided && (domain->outcome.pending > 0 || now_ns < domain->expires_ns);
}

/* ---- queries */

static void take(struct domain *domain, int type, const struct ub_result *result)
{
	struct maildns *maildns = domain->maildns;
	uint32_t sec;

	outcome_take(&domain->outcome, type, result);
	if (domain->outcome.pending == 0)
		maildns->asked--;
	if (!outcome_decide(&domain->outcome, maildns->null_mx, &domain->dns, &sec))
		return;
	domain->decided = true;
	domain->expires_ns = clock_monotonic_ns() + sec * NS_PER_SEC;
	if (!TAILQ_EMPTY(&domain->waits))
		touch(maildns, domain);
	finish(domain);
}

static void on_result(void *data, int code, struct ub_result *result, int type)
{
	take(data, type, code == 0 ? result : NULL);
	ub_resolve_free(result);
}

static void on_a(void *data, int code, struct ub_result *result)
{
	on_result(data, code, result, ns_t_a);
}

static void on_mx(void *data, int code, struct ub_result *result)
{
	on_result(data, code, result, ns_t_mx);
}

static void on_aaaa(void *data, int code, struct ub_result *result)
{
	on_result(data, code, result, ns_t_aaaa);
}

static void on_results_ready(evutil_socket_t fd, short what, void *data)
{
	struct maildns *maildns = data;

	(void)fd, (void)what;
	ub_process(maildns->context.unbound);
	report_finished(maildns);
}

static void set_timer(struct maildns *maildns)
{
	const struct domain *first = TAILQ_FIRST(&maildns->by_asked);
	const uint64_t now_ns = clock_monotonic_ns();
	uint64_t left_ns;
	struct timeval left;

	if (!first || evtimer_pending(maildns->timeout, NULL))
		return;
	left_ns = first->asked_ns + maildns->timeout_ns;
	left_ns = left_ns > now_ns ? left_ns - now_ns : 0;
	left = (struct timeval){.tv_sec = (time_t)(left_ns / NS_PER_SEC),
				.tv_usec = (suseconds_t)(left_ns % NS_PER_SEC / 1000) + 1};
	evtimer_add(maildns->timeout, &left);
}

static void on_timeout(evutil_socket_t fd, short what, void *data)
{
	struct maildns *maildns = data;
	const uint64_t now_ns = clock_monotonic_ns();
	struct domain *first;

	(void)fd, (void)what;
	while ((first = TAILQ_FIRST(&maildns->by_asked)) &&
	       now_ns - first->asked_ns >= maildns->timeout_ns)
		finish(first);
	set_timer(maildns);
	report_finished(maildns);
}

static void send_queries(struct maildns *maildns, struct domain *domain)
{
	const struct {
		int type;
		ub_callback_type callback;
	} queries[] = {{ns_t_mx, on_mx}, {ns_t_a, on_a}, {ns_t_aaaa, on_aaaa}};
	size_t n = maildns->aaaa ? 3 : 2;

	domain->outcome = (struct outcome){.pending = 0};
	maildns->asked++;
	for (size_t i = 0; i < n; i++)
		outcome_ask(&domain->outcome, queries[i].type);
	for (size_t i = 0; i < n; i++) {
		maildns->counters.queries++;
		if (ub_resolve_async(maildns->context.unbound, domain->name, queries[i].type,
				     ns_c_in, domain, queries[i].callback, NULL) != 0)
			take(domain, queries[i].type, NULL);
	}
}

static void ask(struct maildns *maildns, struct domain *domain)
{
	domain->decided = false;
	domain->in_time = true;
	domain->asked_ns = clock_monotonic_ns();
	TAILQ_INSERT_TAIL(&maildns->by_asked, domain, by_asked);
	send_queries(maildns, domain);
	set_timer(maildns);
}

/* ---- other resolvers */

/* The queries of the old context are lost. The lookups that wait for them get new ones. */
static void ask_again(struct maildns *maildns)
{
	struct domain *domain = TAILQ_FIRST(&maildns->by_use), *next;

	for (; domain; domain = TAILQ_NEXT(domain, by_use))
		domain->outcome.pending = 0;
	maildns->asked = 0;
	for (domain = TAILQ_FIRST(&maildns->by_asked); domain; domain = next) {
		next = TAILQ_NEXT(domain, by_asked);
		send_queries(maildns, domain);
	}
}

/* On failure the old context stays. */
static void follow_resolv_conf(struct maildns *maildns)
{
	const struct config_mail of_host = {.resolver = {.count = 0}};
	struct context old = maildns->context;
	struct error error;

	if (!maildns->hosts_resolvers ||
	    !resolv_conf_follow(&maildns->resolv_conf, clock_monotonic_ns()) ||
	    context_open(&of_host, &maildns->resolv_conf, event_get_base(old.results),
			 on_results_ready, maildns, &maildns->context, &error) < 0)
		return;
	context_close(&old);
	ask_again(maildns);
}

const char *maildns_note(const struct maildns *maildns)
{
	return maildns->hosts_resolvers ? maildns->resolv_conf.note : "";
}

/* ---- lookups */

/* NULL: at a limit, or no memory. */
static struct domain *find_asked(struct maildns *maildns, struct domain *domain, const char *name)
{
	bool pending = domain && domain->outcome.pending > 0;

	if (maildns->waiting >= MAILDNS_WAITING_MAX ||
	    (!pending && maildns->asked >= MAILDNS_ASKED_MAX))
		return NULL;
	if (!domain)
		domain = add(maildns, name);
	if (domain && !pending)
		ask(maildns, domain);
	return domain;
}

static bool lookup(struct maildns *maildns, const char *name, struct maildns_wait *wait,
		   enum facts_dns *ret_dns)
{
	struct domain *domain;

	follow_resolv_conf(maildns);
	domain = find(maildns, name);
	maildns->counters.lookups++;
	if (domain && is_known(domain, clock_monotonic_ns())) {
		maildns->counters.hits++;
	} else {
		domain = find_asked(maildns, domain, name);
		if (!domain) {
			*ret_dns = unknown(maildns, &maildns->counters.refused);
			return true;
		}
		if (!domain->decided && domain->in_time) {
			wait->maildns = maildns;
			move(wait, &domain->waits);
			maildns->waiting++;
			return false;
		}
		if (!domain->decided) {
			*ret_dns = unknown(maildns, &maildns->counters.timeouts);
			return true;
		}
	}
	touch(maildns, domain);
	*ret_dns = domain->dns == FACTS_DNS_UNKNOWN ? unknown(maildns, NULL) : domain->dns;
	return true;
}

bool maildns_lookup(struct maildns *maildns, const char *domain, struct maildns_wait *wait,
		    enum facts_dns *ret_dns)
{
	char name[MAILBOX_DOMAIN_SIZE];

	if (!domain || !*domain)
		*ret_dns = FACTS_DNS_UNKNOWN;
	else if (mailbox_domain_ascii(domain, name) < 0)
		*ret_dns = FACTS_DNS_ABSENT;
	else if (name[0] == '[')
		*ret_dns = FACTS_DNS_PRESENT;
	else
		return lookup(maildns, name, wait, ret_dns);
	return true;
}

const struct maildns_counters *maildns_counters(const struct maildns *maildns)
{
	return &maildns->counters;
}

/* ---- life */

int maildns_new(const struct config_mail *config, struct event_base *base,
		struct maildns **ret_maildns, struct error *error)
{
	struct maildns *maildns = calloc(1, sizeof(*maildns));
	int r;

	if (!maildns)
		return error_set(error, -ENOMEM, "out of memory");
	maildns->aaaa = config->dns_aaaa;
	maildns->null_mx = config->dns_null_mx;
	maildns->timeout_ns = config->dns_timeout_ms * (NS_PER_SEC / 1000);
	TAILQ_INIT(&maildns->by_use);
	TAILQ_INIT(&maildns->by_asked);
	TAILQ_INIT(&maildns->finished);
	maildns->hosts_resolvers = config->resolver.count == 0;
	resolv_conf_follow(&maildns->resolv_conf, clock_monotonic_ns());
	r = context_open(config, &maildns->resolv_conf, base, on_results_ready, maildns,
			 &maildns->context, error);
	if (r < 0)
		goto fail;
	maildns->timeout = evtimer_new(base, on_timeout, maildns);
	if (!maildns->timeout) {
		r = error_set(error, -ENOMEM, "out of memory");
		goto fail;
	}
	*ret_maildns = maildns;
	return 0;
fail:
	maildns_free(maildns);
	return r;
}

void maildns_free(struct maildns *maildns)
{
	if (!maildns)
		return;
	if (maildns->timeout)
		event_free(maildns->timeout);
	context_close(&maildns->context);
	while (!TAILQ_EMPTY(&maildns->by_use))
		forget(maildns, TAILQ_FIRST(&maildns->by_use));
	free(maildns);
}
