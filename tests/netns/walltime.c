/* SPDX-License-Identifier: BSD-2-Clause */
/* libfaketime reads the offset from a file whenever the agent asks for the time. */
#include "netns/walltime.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/calendar.h"
#include "base/cleanup.h"
#include "netns/host.h"
#include "netns/http.h"
#include "netns/postern.h"

static int64_t ahead_sec; /* of the real clock */

static void set_ahead(int64_t sec)
{
	char next[64], file[64];

	ahead_sec = sec;
	/* In one step: half a file would be no valid time. */
	free(world_write("walltime.new", "%+lld", (long long)sec));
	snprintf(next, sizeof(next), "%s/walltime.new", world.directory);
	snprintf(file, sizeof(file), "%s/walltime", world.directory);
	cr_assert_eq(rename(next, file), 0, "%m");
}

void walltime_set(int64_t now_sec)
{
	set_ahead(now_sec - time(NULL));
}

void walltime_leap(int64_t sec)
{
	set_ahead(ahead_sec + sec);
}

void walltime_pass(int64_t sec)
{
	_cleanup_(close_fd_p) int api = http_connect();
	int status;

	while (sec) {
		int64_t step = sec > CALENDAR_LEAP_SEC	  ? CALENDAR_LEAP_SEC
			       : sec < -CALENDAR_LEAP_SEC ? -CALENDAR_LEAP_SEC
							  : sec;

		sec -= step;
		set_ahead(ahead_sec + step);
		/* It looks at its clocks. */
		json_decref(http_ask(api, "GET", "/v1/alive", NULL, &status));
	}
}

pid_t walltime_agent(void)
{
	static const char *const names[] = {"LD_PRELOAD", "FAKETIME_TIMESTAMP_FILE"};
	char file[64];
	pid_t agent;

	snprintf(file, sizeof(file), "%s/walltime", world.directory);
	setenv("FAKETIME_TIMESTAMP_FILE", file, 1);
	setenv("FAKETIME_NO_CACHE", "1", 1);
	setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1", 1);
	setenv("NO_FAKE_STAT", "1", 1);
	/* The sanitizer's runtime requires to be loaded first; it need not be here. */
	setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 0);
	setenv("LD_PRELOAD", "/usr/$LIB/faketime/libfaketimeMT.so.1", 1);
	agent = postern_agent();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
	return agent;
}
