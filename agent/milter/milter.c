/* SPDX-License-Identifier: BSD-2-Clause */
/* The process: its socket, what all connections share, and a clean end. */
#include "milter/milter.h"

#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <libmilter/mfapi.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "config/config.h"
#include "milter/ask.h"
#include "milter/reload.h"
#include "milter/session.h"
#include "milter/config_ref.h"

#define MODULE	     "milter"
#define KNOCK_NS     20000000
#define DESCRIPTORS  65536
#define LIBMILTER_MS 5000
#define STOP_SEC     8ull /* libmilter gives a lock back every five */

/* ---- the socket */

struct place {
	union {
		struct sockaddr any;
		struct sockaddr_un un;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} address;
	socklen_t size;
	char text[160];	     /* as the configuration writes it */
	char libmilter[160]; /* as libmilter does */
};

static struct place place_of_path(const char *path)
{
	struct place place = {.size = sizeof(place.address.un)};

	place.address.un.sun_family = AF_UNIX;
	snprintf(place.address.un.sun_path, sizeof(place.address.un.sun_path), "%s", path);
	snprintf(place.text, sizeof(place.text), "unix:%s", path);
	memcpy(place.libmilter, place.text, sizeof(place.text));
	return place;
}

static struct place place_of(const struct config_socket *where)
{
	char endpoint[ENDPOINT_TEXT_SIZE], address[ADDRESS_TEXT_SIZE];
	struct place place = {.size = 0};

	if (where->path)
		return place_of_path(where->path);
	if (address_is_ipv4(&where->address)) {
		place.size = sizeof(place.address.in);
		place.address.in.sin_family = AF_INET;
		place.address.in.sin_port = htons(where->port);
		memcpy(&place.address.in.sin_addr, where->address.bytes + 12, 4);
	} else {
		place.size = sizeof(place.address.in6);
		place.address.in6.sin6_family = AF_INET6;
		place.address.in6.sin6_port = htons(where->port);
		memcpy(&place.address.in6.sin6_addr, where->address.bytes, 16);
	}
	snprintf(place.text, sizeof(place.text), "inet:%s",
		 endpoint_format(&where->address, where->port, endpoint));
	snprintf(place.libmilter, sizeof(place.libmilter), "%s:%u@%s",
		 place.address.any.sa_family == AF_INET ? "inet" : "inet6", where->port,
		 address_format(&where->address, address));
	return place;
}

/* Whether somebody takes connections there. */
static bool is_served(const struct place *place)
{
	_cleanup_(close_fd_p) int fd =
		socket(place->address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && connect(fd, &place->address.any, place->size) == 0;
}

/*
 * libmilter says no more than that it failed, so what would fail is tried first. A socket file that
 * nobody serves is what a killed process leaves behind.
 */
static int try_to_listen(const struct place *place, struct error *error)
{
	_cleanup_(close_fd_p) int fd =
		socket(place->address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool has_file = place->address.any.sa_family == AF_UNIX;
	const char *path = place->address.un.sun_path;
	struct stat status;
	int one = 1, r;

	if (is_served(place))
		return error_set(error, -EADDRINUSE, "socket '%s': somebody serves it",
				 place->text);
	if (has_file && lstat(path, &status) == 0 && !S_ISSOCK(status.st_mode))
		return error_set(error, -ENOTSOCK, "socket '%s': the file is there, and no socket",
				 place->text);
	if (fd < 0 || (has_file && unlink(path) < 0 && errno != ENOENT) ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(fd, &place->address.any, place->size) < 0 || (has_file && unlink(path) < 0)) {
		r = -errno;
		return error_set(error, r, "socket '%s': %s", place->text, strerror(-r));
	}
	return 0;
}

static int listen_at(struct place *place, struct error *error)
{
	int code = try_to_listen(place, error);

	if (code < 0)
		return code;
	/* The MTA's user connects by the group, which a setgid directory gives to the socket. */
	umask(0117);
	smfi_setbacklog(SOMAXCONN);
	smfi_settimeout(MILTER_IDLE_SEC);
	smfi_setmaxdatasize(MILTER_COMMAND_MAX_BYTES);
	if (smfi_setconn(place->libmilter) != MI_SUCCESS || smfi_opensocket(false) != MI_SUCCESS)
		return error_set(error, -EIO, "socket '%s': libmilter does not take it",
				 place->text);
	return 0;
}

/* ---- what is shared */

static void shared_done(struct session_shared *shared)
{
	asker_free(shared->asker);
	settings_replace(&shared->settings, NULL);
	curl_global_cleanup();
}

static int shared_init(struct session_shared *shared, const struct config *config,
		       struct error *error)
{
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	struct settings *settings = NULL;
	int code;

	*shared = (struct session_shared){.settings = SETTINGS_HOLDER_INIT, .outage = OUTAGE_INIT};
	json_object_seed(0); /* else whoever comes first does it, and several may */
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_set(error, -ENOMEM, "out of memory");
	snprintf(path, sizeof(path), "%s/api.sock", config->runtime_dir);
	code = asker_new(path, &shared->asker, error);
	if (code == 0)
		code = settings_new(config, NULL, &settings, error);
	if (code < 0)
		shared_done(shared);
	else
		settings_replace(&shared->settings, settings);
	return code;
}

/* ---- the process */

static void on_reload_signal(int number)
{
	(void)number;
	reload_ask();
}

/* Any thread that does not wait for them would be ended by them. */
static void block_signals(sigset_t *ret_signals)
{
	const struct sigaction reload = {.sa_handler = on_reload_signal,
					 .sa_flags = SA_RESTART | SA_NODEFER};
	sigset_t all;

	sigemptyset(ret_signals);
	sigaddset(ret_signals, SIGTERM);
	sigaddset(ret_signals, SIGINT);
	all = *ret_signals;
	sigaddset(&all, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	sigaction(SIGHUP, &reload, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/*
 * From here on this thread takes it at any time, in its handler, too (SA_NODEFER), and once libmilter has begun it
 * starts no thread, which would shut it out for a moment: libmilter's thread for signals waits for it as well, gets
 * what this one does not let in, and would end everything.
 */
static void let_reload_in(void)
{
	sigset_t reload;

	sigemptyset(&reload);
	sigaddset(&reload, SIGHUP);
	pthread_sigmask(SIG_UNBLOCK, &reload, NULL);
}

/* proc_pid_status(5): what a thread waits for is not blocked meanwhile (do_sigtimedwait() in kernel/signal.c). */
static bool lets_reload_in(const char *task)
{
	char path[64], line[128];
	_cleanup_(fclose_p) FILE *file = NULL;
	unsigned long long blocked = ~0ull;

	snprintf(path, sizeof(path), "/proc/self/task/%.20s/status", task);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "SigBlk: %llx", &blocked) == 1)
			break;
	return !(blocked & 1ull << (SIGHUP - 1));
}

/* Of the threads there are, this one and libmilter's do. */
static bool libmilter_waits_for_signals(void)
{
	DIR *tasks = opendir("/proc/self/task");
	const struct dirent *task;
	int count = 0;

	while (tasks && (task = readdir(tasks)))
		count += task->d_name[0] != '.' && lets_reload_in(task->d_name);
	if (tasks)
		closedir(tasks);
	return count > 1;
}

/*
 * A thread that comes to wait takes what is pending, were it another one's. So nobody is told that the milter is
 * ready before libmilter's waits, and gets only what nobody else takes. Where that is not to be seen, it goes on.
 */
static void await_libmilter(void)
{
	for (int ms = 0; ms < LIBMILTER_MS && !libmilter_waits_for_signals(); ms++)
		usleep(1000);
}

/* One for each connection of the MTA. Where none is left, libmilter ends after a few tries to accept. */
static void allow_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void *run_libmilter(void *nothing)
{
	(void)nothing;
	return smfi_main() == MI_SUCCESS ? NULL : (void *)-1;
}

/* All its threads are shut for what this one takes. */
static int start_libmilter(pthread_t *ret_listener)
{
	pthread_attr_t attributes;
	sigset_t blocked;
	int r;

	pthread_sigmask(SIG_BLOCK, NULL, &blocked);
	sigaddset(&blocked, SIGHUP);
	pthread_attr_init(&attributes);
	pthread_attr_setsigmask_np(&attributes, &blocked);
	r = pthread_create(ret_listener, &attributes, run_libmilter, NULL);
	pthread_attr_destroy(&attributes);
	return r;
}

static void *stop_libmilter(void *nothing)
{
	smfi_stop();
	return nothing;
}

/*
 * Whoever connects wakes the listener; once it was told to stop, that ends it, with an error where it finds
 * its socket closed already. libmilter's steering of workers may end with their lock held, and then none of
 * its threads goes on: after STOP_SEC nobody is waited for.
 */
static void stop(pthread_t listener, const struct place *place)
{
	const uint64_t end_ns = clock_monotonic_ns() + STOP_SEC * NS_PER_SEC;
	struct timespec until;
	pthread_t stopper;

	/* smfi_stop() waits for a lock that the listener gives back every five seconds. */
	if (pthread_create(&stopper, NULL, stop_libmilter, NULL) == 0)
		pthread_detach(stopper);
	do {
		is_served(place);
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += KNOCK_NS;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
	} while (pthread_clockjoin_np(listener, NULL, CLOCK_MONOTONIC, &until) != 0 &&
		 clock_monotonic_ns() < end_ns);
}

/*
 * libmilter has a thread for signals, too. What the kernel gives to this one, as it does while it waits,
 * is known at once; what went to the other is found out when the listener has ended.
 */
static void await_end(pthread_t listener, const sigset_t *signals, const struct place *place,
		      void **ret_result)
{
	static const struct timespec second = {.tv_sec = 1};

	while (sigtimedwait(signals, NULL, &second) < 0)
		if (pthread_tryjoin_np(listener, ret_result) == 0)
			return;
	stop(listener, place);
}

static int listen_and_serve(const struct milter_options *options, struct session_shared *shared,
			    const sigset_t *signals, struct error *error)
{
	struct place place = place_of(&options->config->mail.milter);
	int code = listen_at(&place, error);
	void *result = NULL;
	pthread_t listener;

	if (code < 0)
		return code;
	code = reload_begin(&shared->settings, options->config, error);
	if (code < 0)
		return code;
	let_reload_in();
	if (start_libmilter(&listener) != 0) {
		reload_end();
		return error_set(error, -EAGAIN, "no thread for the milter");
	}
	await_libmilter();
	if (options->on_ready)
		options->on_ready();
	await_end(listener, signals, &place, &result);
	reload_end();
	if (place.address.any.sa_family == AF_UNIX)
		unlink(place.address.un.sun_path);
	return result ? error_set(error, -EIO, "libmilter ended by itself; the system log says why")
		      : 0;
}

static int serve(const struct milter_options *options, struct session_shared *shared,
		 const sigset_t *signals, struct error *error)
{
	int code = smfi_register(session_callbacks(shared)) == MI_SUCCESS
			   ? 0
			   : error_set(error, -ENOMEM, "libmilter: out of memory");

	if (code == 0)
		code = listen_and_serve(options, shared, signals, error);
	if (session_end(MILTER_END_SEC))
		return code;
	/* Threads still use what the caller would free. */
	log_warning(MODULE, "messages are still being decided: their MTA will try again");
	_exit(code < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

int milter_run(const struct milter_options *options, struct error *error)
{
	static struct session_shared shared; /* callbacks may come once more: session_end() */
	sigset_t signals;
	int code;

	block_signals(&signals);
	allow_descriptors();
	code = shared_init(&shared, options->config, error);
	if (code < 0)
		return code;
	code = serve(options, &shared, &signals, error);
	outage_tell(&shared.outage);
	shared_done(&shared);
	return code;
}
