/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Orders on many senders while `up`, reloads, restarts and kills of the agent come at random times,
 * with two files in turn. Must be zero: orders that were confirmed and are not in the maps.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/postern.h"
#include "soak/count.h"

#define SENDERS 10000
#define EVENTS	6

TestSuite(soak_orders, .init = world_init, .fini = world_done, .timeout = 240);

/* Appends the senders, and a line that makes it another file. */
static const char *configure(unsigned version)
{
	const char *conf = postern_configure(NULL);

	free(host_must(MAIL,
		       "{ cat %s; seq %d | sed 's/.*/sender \"s&\" { mark = { 1&0 } }/';"
		       " echo 'decisions_max = %u'; } >%s.next && chmod 644 %s.next &&"
		       " mv %s.next %s",
		       conf, SENDERS, 1024 + version % 2, conf, conf, conf, conf));
	return conf;
}

/* Gives orders one after another; notes each that is confirmed, in order. */
static pid_t start_orders(const char *conf)
{
	static char salt[16];
	const char *const argv[] = {"env",
				    "-C",
				    world.directory,
				    "sh",
				    "-c",
				    "i=0; while [ $i -lt 40 ]; do i=$((i + 1));"
				    " n=$((1 + (i * 7919 + $1) % 500));"
				    " case $(((i + $1) % 3)) in 0) pool=high-risk;; 1) pool=relay;;"
				    " *) pool=normal;; esac;"
				    " \"$POSTERN\" -c \"$0\" sender set s$n $pool >>orders.log 2>&1"
				    " && echo s$n $pool >>confirmed; done",
				    conf,
				    salt,
				    NULL};

	snprintf(salt, sizeof(salt), "%u", count_random(1000));
	return host_start(MAIL, "orders", argv);
}

static pid_t disturb(pid_t agent, unsigned round)
{
	switch (count_random(5)) {
	case 0:
		free(postern_must("up"));
		break;
	case 1:
		configure(round);
		free(postern_must("up"));
		break;
	case 2:
		kill(agent, SIGHUP);
		break;
	case 3:
		host_stop(agent, SIGTERM);
		return postern_agent();
	default:
		host_stop(agent, SIGKILL);
		return postern_agent();
	}
	return agent;
}

/* Confirmed orders whose sender has another pool in the map; the last order of each counts. */
static long long wrong_orders(void)
{
	_cleanup_(free_p) char *count = host_must(
		MAIL,
		"cd $directory; bpftool -j map dump pinned $pin_path/postern_verdict |"
		" jq -r '.[].formatted.value | .label + \" \" + .pool_label' >maps;"
		" awk 'FILENAME == \"maps\" { map[$1] = $2; next } { last[$1] = $2 }"
		" END { for (n in last) bad += map[n] != last[n]; print bad + 0 }' maps confirmed");

	return atoll(count);
}

static long long confirmed(void)
{
	_cleanup_(free_p) char *count =
		host_must(MAIL, "cat $directory/confirmed 2>/dev/null | wc -l");

	return atoll(count);
}

Test(soak_orders, confirmed_orders_hold_whatever_comes_between)
{
	const char *conf = configure(0);
	pid_t agent, orders;

	free(postern_must("up"));
	agent = postern_agent();
	orders = start_orders(conf);
	for (unsigned i = 0; i < EVENTS; i++) {
		poll(NULL, 0, (int)count_random(300));
		agent = disturb(agent, i);
	}
	waitpid(orders, NULL, 0);
	count_add("orders confirmed", confirmed());
	count_add("disturbances", EVENTS);
	count_add_zero("orders lost or undone", wrong_orders());
	/* And after the last restart of all. */
	host_stop(agent, SIGKILL);
	free(postern_must("up"));
	postern_agent();
	count_add_zero("orders lost at the end", wrong_orders());
}
