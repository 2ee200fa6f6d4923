/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration and commands of the binary under test, and the assertions that most tests share. */
#include "netns/postern.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/hostile.h"

static const char usual_pools[] =
	"pool \"normal\" {\n"
	"	addresses = { \"192.0.2.10\", \"192.0.2.11\", \"2001:db8:1::10\", "
	"\"2001:db8:1::11\" }\n"
	"	handles = { \"" HANDLE_NORMAL "\", \"" HANDLE_NORMAL6 "\" }\n"
	"	helo = \"out.example.net\"\n"
	"}\n"
	"pool \"high-risk\" {\n"
	"	addresses = { \"192.0.2.20\", \"192.0.2.21\", \"2001:db8:1::20\", "
	"\"2001:db8:1::21\" }\n"
	"	handles = { \"" HANDLE_HIGH_RISK "\", \"" HANDLE_HIGH_RISK6 "\" }\n"
	"	helo = \"risk.example.net\"\n"
	"}\n"
	"pool \"relay\" {\n"
	"	addresses = { \"192.0.2.30\", \"2001:db8:1::30\" }\n"
	"	handles = { \"" HANDLE_RELAY "\", \"" HANDLE_RELAY6 "\" }\n"
	"	helo = \"relay.example.net\"\n"
	"}\n";

static const char configuration[] =
	"interfaces = { \"wan\" }\n"
	"egress = \"%s\"\n"
	"ingress = \"%s\"\n"
	"default = \"%s\"\n"
	"%s"
	"sender \"tenant-7\" { source = { \"10.1.7.0/24\", \"fd00:7::/64\" } }\n"
	"sender \"tenant-8\" { source = { \"10.1.8.0/24\" } }\n"
	"sender \"printer\" { source = { \"10.1.7.99\" } }\n"
	"sender \"marked\" { mark = { %d } }\n"
	"sender \"webmail\" { uid = { \"%d\" } }\n"
	"sender \"shop\" { cgroup = { \"%s\" } }\n"
	"pin_path = \"%s\"\n"
	"runtime_dir = \"%s/run\"\n"
	"state = \"%s/state/state.db\"\n"
	"user = \"nobody\"\n"
	"%s";

static char conf_path[64];

const char *postern_configure(const struct setup *setup)
{
	const char *egress = setup && setup->egress ? setup->egress : "auto";
	const char *ingress = setup && setup->ingress ? setup->ingress : "auto";
	const char *fallback = setup && setup->fallback ? setup->fallback : "normal";
	const char *pools = setup && setup->pools ? setup->pools : usual_pools;
	_cleanup_(free_p) char *written = world_write(
		"postern.conf.new", configuration, egress, ingress, fallback, pools, SENDER_MARK,
		SENDER_UID, world.cgroup_path, world.pin_path, world.directory, world.directory,
		setup && setup->more ? setup->more : "");

	snprintf(conf_path, sizeof(conf_path), "%s/postern.conf", world.directory);
	/* A running agent may read the file at any time, and ends if it finds half of one. */
	cr_assert_eq(rename(written, conf_path), 0, "%s", strerror(errno));
	return conf_path;
}

struct result postern_run(const char *format, ...)
{
	_cleanup_(free_p) char *command = NULL;
	va_list arguments;

	va_start(arguments, format);
	cr_assert_geq(vasprintf(&command, format, arguments), 0);
	va_end(arguments);
	return host_run(MAIL, "exec %s -c %s %s", getenv("POSTERN"), conf_path, command);
}

char *postern_must(const char *format, ...)
{
	_cleanup_(free_p) char *command = NULL;
	va_list arguments;

	va_start(arguments, format);
	cr_assert_geq(vasprintf(&command, format, arguments), 0);
	va_end(arguments);
	return host_must(MAIL, "exec %s -c %s %s", getenv("POSTERN"), conf_path, command);
}

static bool api_answers(void)
{
	return host_succeeds(MAIL,
			     "curl -sf --unix-socket %s/run/api.sock http://localhost/v1/status",
			     world.directory);
}

pid_t postern_agent(void)
{
	const char *const argv[] = {getenv("POSTERN"), "-c", conf_path, "agent", NULL};
	pid_t pid = host_start(MAIL, "agent", argv);
	_cleanup_(free_p) char *log = NULL;
	char log_path[64];

	if (wait_for(api_answers(), 5000))
		return pid;
	snprintf(log_path, sizeof(log_path), "%s/agent.log", world.directory);
	log = read_text(log_path);
	cr_assert_fail("the agent does not answer; its log: %s", log);
	return -1;
}

pid_t postern_guard(void)
{
	const char *const argv[] = {getenv("POSTERN"), "-c", conf_path, "guard", NULL};
	_cleanup_(free_p) char *log = NULL;
	char log_path[64];
	pid_t pid;

	snprintf(log_path, sizeof(log_path), "%s/guard.log", world.directory);
	unlink(log_path);
	pid = host_start(MAIL, "guard", argv);
	if (wait_for(host_succeeds(MAIL, "grep -q watching %s", log_path), 5000))
		return pid;
	log = read_text(log_path);
	cr_assert_fail("the guard does not watch; its log: %s", log);
	return -1;
}

bool postern_host_has(const char *name, const char *state, unsigned put_back)
{
	return host_succeeds(MAIL,
			     "bpftool -j map dump pinned $pin_path/postern_host | jq -e '"
			     "[.[].formatted | select(.key.name == \"%s\" and"
			     "	.value.state == \"HOST_%s\" and .value.put_back == %u)] |"
			     "	length == 1'",
			     name, state, put_back);
}

pid_t postern_begin(const struct setup *setup)
{
	postern_configure(setup);
	free(postern_must("up"));
	if (hostile())
		hostile_host(conf_path);
	return postern_agent();
}

const char *pool_of(const char *address)
{
	static const struct {
		const char *address, *pool;
	} owners[] = {
		{"192.0.2.10", "normal"},	 {"192.0.2.11", "normal"},
		{"2001:db8:1::10", "normal"},	 {"2001:db8:1::11", "normal"},
		{"192.0.2.20", "high-risk"},	 {"192.0.2.21", "high-risk"},
		{"2001:db8:1::20", "high-risk"}, {"2001:db8:1::21", "high-risk"},
		{"192.0.2.30", "relay"},	 {"2001:db8:1::30", "relay"},
	};

	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++)
		if (!strcmp(owners[i].address, address))
			return owners[i].pool;
	return "none";
}

void expect_pool(int receiver, const struct origin *origin, const char *destination,
		 const char *pool)
{
	_cleanup_talk_ struct talk talk = talk_must(receiver, origin, destination, 25);

	cr_assert_str_eq(pool_of(talk.from), pool, "seen from %s, expected pool %s", talk.from,
			 pool);
}

void expect_refused(int receiver, const struct origin *origin, const char *destination)
{
	_cleanup_talk_ struct talk talk = TALK_NONE;
	int r = talk_open(receiver, origin, destination, 25, REFUSE_MS, &talk);

	cr_assert_neq(r, 0, "connected, seen from %s", talk.from);
}

void expect_pools_only(struct capture *capture)
{
	char text[ADDRESS_TEXT_SIZE];
	size_t n;
	const struct capture_source *sources = capture_stop(capture, &n);

	cr_assert_gt(n, 0, "the capture saw nothing");
	for (size_t i = 0; i < n; i++)
		cr_assert_str_neq(pool_of(address_format(&sources[i].address, text)), "none",
				  "on the wire to port 25: %s", text);
	capture_free(capture);
}

long long postern_metric(const char *name)
{
	_cleanup_(free_p) char *text = host_must(MAIL,
						 "curl -sf http://127.0.0.1:9525/metrics |\n"
						 "sed -n 's/^%s \\([0-9]*\\)$/\\1/p'",
						 name);

	return *text ? strtoll(text, NULL, 10) : -1;
}

pid_t postern_follow(void)
{
	const char *const argv[] = {getenv("POSTERN"), "-j", "-c", conf_path, "events", NULL};
	pid_t pid = host_start(MAIL, "events", argv);

	cr_assert(wait_for(postern_metric("postern_followers") == 1, 5000));
	return pid;
}

bool postern_printed(const char *event, const char *text)
{
	char path[64];
	_cleanup_(free_p) char *log = NULL;

	snprintf(path, sizeof(path), "%s/events.log", world.directory);
	log = read_text(path);
	for (char *line = strtok(log, "\n"); line; line = strtok(NULL, "\n")) {
		char name[64];

		snprintf(name, sizeof(name), "\"event\":\"%s\"", event);
		if (strstr(line, name) && strstr(line, text))
			return true;
	}
	return false;
}
