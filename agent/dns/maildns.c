/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Domains that are known or asked for, and the threads that wait for them.
 *
 * One lock for all; one thread takes results from libunbound, which calls back without locks of its own.
 * A domain stays where it is while a thread waits for it or libunbound still has a query of it.
 */
#include "dns/maildns.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <search.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unbound.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "config/config.h"
#include "dns/outcome.h"
#include "dns/context.h"
#include "mail/mailbox.h"

struct domain {
	TAILQ_ENTRY(domain) link;
	struct maildns *maildns;
	struct answer answer;
	unsigned waiting;
	bool decided;
	enum facts_dns dns; /* where decided */
	uint64_t asked_ns;
	uint64_t expires_ns; /* where decided */
	char name[MAILBOX_DOMAIN_SIZE];
};
TAILQ_HEAD(domains, domain);

struct maildns {
	struct ub_ctx *context;
	bool aaaa, null_mx;
	uint64_t timeout_ns;
	pthread_t thread;
	int stop_fd;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t decided;
	void *by_name;	       /* tsearch(3) */
	struct domains by_age; /* longest not asked for first */
	unsigned waiting, asked;
	struct maildns_counters counters;
};

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
	TAILQ_REMOVE(&maildns->by_age, domain, link);
	maildns->counters.domains--;
	free(domain);
}

static void make_room(struct maildns *maildns)
{
	struct domain *domain = TAILQ_FIRST(&maildns->by_age);

	while (domain && (domain->waiting > 0 || domain->answer.pending > 0))
		domain = TAILQ_NEXT(domain, link);
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
	strcpy(domain->name, name);
	if (maildns->counters.domains >= MAILDNS_DOMAINS_MAX)
		make_room(maildns);
	if (!tsearch(domain, &maildns->by_name, compare)) {
		free(domain);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&maildns->by_age, domain, link);
	maildns->counters.domains++;
	return domain;
}

static void touch(struct maildns *maildns, struct domain *domain)
{
	TAILQ_REMOVE(&maildns->by_age, domain, link);
	TAILQ_INSERT_TAIL(&maildns->by_age, domain, link);
}

/* Does what was decided still hold? While a query is under way it does: it cannot be asked again. */
static bool is_known(const struct domain *domain, uint64_t now_ns)
{
	return domain->decided && (domain->answer.pending > 0 || now_ns < domain->expires_ns);
}

/* ---- queries */

static void take(struct domain *domain, int type, const struct ub_result *result)
{
	struct maildns *maildns = domain->maildns;
	uint32_t sec;

	answer_take(&domain->answer, type, result);
	if (domain->answer.pending == 0)
		maildns->asked--;
	if (!answer_decide(&domain->answer, maildns->null_mx, &domain->dns, &sec))
		return;
	domain->decided = true;
	domain->expires_ns = clock_monotonic_ns() + sec * NS_PER_SEC;
	pthread_cond_broadcast(&maildns->decided);
}

/* libunbound's; in the thread below. */
static void on_result(void *data, int code, struct ub_result *result, int type)
{
	struct domain *domain = data;
	struct maildns *maildns = domain->maildns;

	pthread_mutex_lock(&maildns->lock);
	take(domain, type, code == 0 ? result : NULL);
	pthread_mutex_unlock(&maildns->lock);
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

static void ask(struct maildns *maildns, struct domain *domain)
{
	const struct {
		int type;
		ub_callback_type callback;
	} queries[] = {{ns_t_mx, on_mx}, {ns_t_a, on_a}, {ns_t_aaaa, on_aaaa}};
	size_t n = maildns->aaaa ? 3 : 2;

	domain->decided = false;
	domain->answer = (struct answer){.pending = 0};
	domain->asked_ns = clock_monotonic_ns();
	maildns->asked++;
	for (size_t i = 0; i < n; i++)
		answer_ask(&domain->answer, queries[i].type);
	for (size_t i = 0; i < n; i++) {
		maildns->counters.queries++;
		if (ub_resolve_async(maildns->context, domain->name, queries[i].type, ns_c_in,
				     domain, queries[i].callback, NULL) != 0)
			take(domain, queries[i].type, NULL);
	}
}

static void *run(void *data)
{
	struct maildns *maildns = data;
	struct pollfd fds[] = {
		{.fd = ub_fd(maildns->context), .events = POLLIN},
		{.fd = maildns->stop_fd, .events = POLLIN},
	};

	while (!(fds[1].revents & POLLIN)) {
		if (poll(fds, 2, -1) > 0 && fds[0].revents)
			ub_process(maildns->context);
	}
	return NULL;
}

/* ---- lookups */

static enum facts_dns unknown(struct maildns *maildns, uint64_t *counter)
{
	maildns->counters.unknowns++;
	if (counter)
		(*counter)++;
	return FACTS_DNS_UNKNOWN;
}

static bool await(struct maildns *maildns, struct domain *domain)
{
	uint64_t until_ns = domain->asked_ns + maildns->timeout_ns;
	const struct timespec until = {
		.tv_sec = (time_t)(until_ns / NS_PER_SEC),
		.tv_nsec = (long)(until_ns % NS_PER_SEC),
	};

	maildns->waiting++;
	domain->waiting++;
	while (!domain->decided &&
	       pthread_cond_timedwait(&maildns->decided, &maildns->lock, &until) == 0)
		;
	domain->waiting--;
	maildns->waiting--;
	return domain->decided;
}

static enum facts_dns lookup(struct maildns *maildns, const char *name)
{
	struct domain *domain = find(maildns, name);

	maildns->counters.lookups++;
	if (domain && is_known(domain, clock_monotonic_ns())) {
		maildns->counters.hits++;
	} else {
		bool pending = domain && domain->answer.pending > 0;

		if (maildns->waiting >= MAILDNS_WAITING_MAX ||
		    (!pending && maildns->asked >= MAILDNS_ASKED_MAX))
			return unknown(maildns, &maildns->counters.refused);
		if (!domain)
			domain = add(maildns, name);
		if (!domain)
			return unknown(maildns, &maildns->counters.refused);
		if (!pending)
			ask(maildns, domain);
		if (!await(maildns, domain))
			return unknown(maildns, &maildns->counters.timeouts);
	}
	touch(maildns, domain);
	return domain->dns == FACTS_DNS_UNKNOWN ? unknown(maildns, NULL) : domain->dns;
}

enum facts_dns maildns_lookup(struct maildns *maildns, const char *domain)
{
	char name[MAILBOX_DOMAIN_SIZE];
	enum facts_dns dns;

	if (!domain || !*domain)
		return FACTS_DNS_UNKNOWN;
	if (mailbox_domain_ascii(domain, name) < 0)
		return FACTS_DNS_ABSENT;
	if (name[0] == '[')
		return FACTS_DNS_PRESENT;
	pthread_mutex_lock(&maildns->lock);
	dns = lookup(maildns, name);
	pthread_mutex_unlock(&maildns->lock);
	return dns;
}

void maildns_counters(struct maildns *maildns, struct maildns_counters *ret_counters)
{
	pthread_mutex_lock(&maildns->lock);
	*ret_counters = maildns->counters;
	pthread_mutex_unlock(&maildns->lock);
}

/* ---- life */

static void init_locks(struct maildns *maildns)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&maildns->decided, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&maildns->lock, NULL);
}

/* Signals are for the threads of the caller. */
static int start(struct maildns *maildns)
{
	sigset_t all, before;
	int code;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&maildns->thread, NULL, run, maildns);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -code;
}

int maildns_new(const struct config_mail *config, struct maildns **ret_maildns, struct error *error)
{
	struct maildns *maildns = calloc(1, sizeof(*maildns));
	int r;

	if (!maildns)
		return error_set(error, -ENOMEM, "out of memory");
	maildns->aaaa = config->dns_aaaa;
	maildns->null_mx = config->dns_null_mx;
	maildns->timeout_ns = config->dns_timeout_ms * (NS_PER_SEC / 1000);
	TAILQ_INIT(&maildns->by_age);
	init_locks(maildns);
	maildns->stop_fd = eventfd(0, EFD_CLOEXEC);
	r = maildns->stop_fd < 0 ? error_set(error, -errno, "eventfd: %s", strerror(errno))
				 : context_new(config, &maildns->context, error);
	if (r < 0)
		goto fail;
	r = start(maildns);
	if (r < 0) {
		error_set(error, r, "no thread for DNS: %s", strerror(-r));
		goto fail;
	}
	*ret_maildns = maildns;
	return 0;
fail:
	ub_ctx_delete(maildns->context);
	if (maildns->stop_fd >= 0)
		close(maildns->stop_fd);
	free(maildns);
	return r;
}

void maildns_free(struct maildns *maildns)
{
	if (!maildns)
		return;
	eventfd_write(maildns->stop_fd, 1);
	pthread_join(maildns->thread, NULL);
	ub_ctx_delete(maildns->context);
	while (!TAILQ_EMPTY(&maildns->by_age))
		forget(maildns, TAILQ_FIRST(&maildns->by_age));
	pthread_cond_destroy(&maildns->decided);
	pthread_mutex_destroy(&maildns->lock);
	close(maildns->stop_fd);
	free(maildns);
}
