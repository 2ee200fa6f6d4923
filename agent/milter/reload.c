/* SPDX-License-Identifier: BSD-2-Clause */
/* One thread, which a semaphore wakes. */
#include "milter/reload.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "config/config.h"
#include "dns/maildns.h"
#include "milter/dns_alarm.h"
#include "milter/config_ref.h"

#define MODULE "milter"

static struct settings_holder *holder;
static const struct config *start;
static pthread_t thread;
static sem_t told;
static atomic_bool asked, ends;

static void warn_fixed(const struct config *config)
{
	if (strcmp(config->runtime_dir, start->runtime_dir) != 0 ||
	    strcmp(config->user, start->user) != 0 ||
	    !config_socket_equal(&config->mail.milter, &start->mail.milter))
		log_warning(MODULE,
			    "%s: runtime_dir, user and milter change only with a new start of the "
			    "milter, ignoring",
			    config->file);
}

static void reload(void)
{
	struct settings *settings;
	struct config *config = NULL;
	struct error error;
	int code = config_load(start->file, &config, &error);

	if (code == 0)
		code = settings_new(config, config, &settings, &error);
	if (code < 0) {
		config_free(config);
		log_error(MODULE, "reading the configuration again: %s; the old one stays",
			  error.text);
		return;
	}
	warn_fixed(config);
	settings_replace(holder, settings);
	log_info(MODULE, "%s: read again", config->file);
}

static void watch_lookups(struct lookups *lookups)
{
	struct settings *settings = settings_get(holder);
	struct maildns_counters counters;

	maildns_counters(settings->dns, &counters);
	lookups_watch(lookups, &counters, clock_monotonic_ns());
	settings_put(holder, settings);
}

/* For a second at most. */
static void await_told(void)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec++;
	sem_clockwait(&told, CLOCK_MONOTONIC, &until);
}

static void *run(void *nothing)
{
	struct lookups lookups = {.since_ns = 0};

	while (!ends) {
		if (atomic_exchange(&asked, false)) {
			reload();
			lookups.since_ns = 0; /* others are counted now */
		}
		watch_lookups(&lookups);
		await_told();
	}
	return nothing;
}

int reload_begin(struct settings_holder *of, const struct config *config, struct error *error)
{
	holder = of;
	start = config;
	if (sem_init(&told, 0, 0) < 0 || pthread_create(&thread, NULL, run, NULL) != 0)
		return error_set(error, -EAGAIN, "no thread for the configuration");
	return 0;
}

void reload_ask(void)
{
	const int before = errno;

	asked = true;
	sem_post(&told);
	errno = before;
}

void reload_end(void)
{
	ends = true;
	sem_post(&told);
	pthread_join(thread, NULL);
}
