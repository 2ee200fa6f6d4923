/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Three hosts in network namespaces for one test, and commands and daemons on them.
 *
 *   tenant ── lan  mail  wan ── internet
 *
 *   tenant     10.1.7.0/24, fd00:7::/64
 *   wan        192.0.2.0/24, 2001:db8:1::/64
 *   internet   198.51.100.0/24, 2001:db8:2::/64
 *
 * `mail` forwards for `tenant`; `internet` routes back to everything, so that all of it works
 * before a datapath is up. Interfaces are veth pairs: a host's own end carries the name of the
 * network.
 *
 * Each Criterion test is a process of its own and has one world: give the suite .init = world_init
 * and .fini = world_done. Every name in it derives from the test's pid. A watchdog process removes
 * the world when the test has ended, however it ended; world_done() only waits for that. A failure
 * in here fails the test, with the command and its output.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "common/patience.h"

enum host { INTERNET, MAIL, TENANT, HOSTS };

#define MAIL_IPV4     "192.0.2.2" /* the mail host's own; pool addresses are its neighbours */
#define MAIL_IPV6     "2001:db8:1::2"
#define RECEIVER_IPV4 "198.51.100.25"
#define RECEIVER_IPV6 "2001:db8:2::25"
#define TENANT_IPV4   "10.1.7.2"
#define TENANT_IPV6   "fd00:7::2"
#define TENANT_OTHER  "10.1.8.2" /* a second tenant's, on the same host */

struct world {
	char name[24];	    /* prefix of the namespaces: pst-PID */
	char directory[32]; /* 0755, for everything that the test writes */
	char pin_path[48];
	char cgroup[128];     /* a cgroup v2 of the test's own, absolute */
	char cgroup_path[32]; /* the same below the cgroup v2 mount: /postern-test-PID */
	int namespaces[HOSTS];
	pid_t watchdog;
	int watchdog_pipe;
};
extern struct world world;

void world_init(void);
void world_done(void);

struct result {
	int status; /* exit code, or 128 + the signal */
	char *text; /* stdout and stderr as they came; NUL-terminated, the caller's */
};
#define _cleanup_result_ __attribute__((cleanup(result_done)))
void result_done(struct result *result);

/*
 * Runs a shell command line on a host. bpffs stays visible: only the network namespace is entered.
 */
struct result host_run(enum host host, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The same; a status other than 0 fails the test. The text is the caller's. */
char *host_must(enum host host, const char *format, ...) __attribute__((format(printf, 2, 3)));

bool host_succeeds(enum host host, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Starts a process on a host; its output is appended to world.directory/NAME.log. It ends with the
 * test.
 */
pid_t host_start(enum host host, const char *name, const char *const argv[]);
/* Sends the signal, awaits the end and returns the status as in struct result. */
int host_stop(pid_t pid, int signal);

/* Runs as `host` from here on: in a forked child, or until host_leave(). */
void host_enter(enum host host);
void host_leave(void);

/* Has the kernel TCX (Linux 6.6)? Tried by a query. Without it "auto" means clsact. */
bool kernel_has_tcx(void);
#define NEEDS_TCX()                                                                                \
	do {                                                                                       \
		if (!kernel_has_tcx())                                                             \
			cr_skip_test("this kernel has no TCX");                                    \
	} while (0)

/* Writes a file below world.directory and returns its path (the caller's). */
char *world_write(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The content of a file, the caller's; "" if there is none. */
char *read_text(const char *path);

static inline uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/*
 * A condition ends a wait; time ends only the wait of a test that fails. So no wait is shorter than
 * this.
 */
#define WAIT_LEAST_MS 15000

/*
 * Did the condition become true within the time? WAIT_LEAST_MS is the shortest, test_patience()
 * multiplies it. Polls every 2 ms.
 */
#define wait_for(condition, within_ms)                                                             \
	({                                                                                         \
		uint64_t _deadline =                                                               \
			now_ms() +                                                                 \
			(uint64_t)((within_ms) > WAIT_LEAST_MS ? (within_ms) : WAIT_LEAST_MS) *    \
				test_patience();                                                   \
		bool _met;                                                                         \
		while (!(_met = (condition)) && now_ms() < _deadline)                              \
			poll(NULL, 0, 2);                                                          \
		_met;                                                                              \
	})
