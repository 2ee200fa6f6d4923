/* SPDX-License-Identifier: BSD-2-Clause */
/* The processes are children of the test, and end with it. */
#include "milter/milter_fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/client.h"
#include "api/server.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "common/served.h"
#include "milter/milter.h"
#include "unit/config_file.h"
#include "unit/api_fixture.h"

static const char configuration[] =
	"pool \"normal\" { addresses = { \"192.0.2.10\" } handles = { \"100.127.0.1\" } }\n"
	"pool \"high-risk\" { addresses = { \"192.0.2.20\" } handles = { \"100.127.0.2\" } }\n"
	"pool \"relay\" { addresses = { \"192.0.2.30\" } }\n"
	"sender \"tenant-17\" { source = { \"10.1.0.0/16\", \"2001:db8:17::/48\" } }\n"
	"sender \"tenant-18\" { source = { \"10.1.18.0/24\" } }\n"
	"sender \"tenant-19\" { source = { \"10.64.0.0/10\" } }\n"
	"internal_domains = { \"example.net\" }\n"
	"senders_tracked_max = 16384\n"
	"decisions_max = 16384\n"
	"resolver = { \"127.0.0.1@9\" }\n"
	"dns_timeout_ms = 100\n"
	"runtime_dir = \"%s\"\n"
	"%s";

char milter_fixture_directory[64];
char milter_fixture_socket[96];
static char api_socket[96], log_file[96];
static struct config *config;
static pid_t agent, milter;
static struct error error;

/* ---- the agent */

static void run_agent(int ready)
{
	struct event_base *base = event_base_new();
	struct server *server;

	signal(SIGPIPE, SIG_IGN);
	api_fixture_begin(config, clock_monotonic_ns(), clock_wall_sec());
	if (server_new(base, api_socket, &api_fixture_api, &server, &error) < 0 ||
	    write(ready, "", 1) != 1)
		_exit(1);
	event_base_dispatch(base);
}

void milter_fixture_agent_start(void)
{
	agent = served_start(run_agent);
}

void milter_fixture_agent_kill(void)
{
	if (agent > 0)
		served_end(agent, SIGKILL);
	agent = 0;
	unlink(api_socket);
}

void milter_fixture_agent_signal(int signal)
{
	cr_assert_eq(kill(agent, signal), 0);
}

static const char *nonsense;

static void run_nonsense(int ready)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), connection;
	char request[8192];

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", api_socket);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 16) < 0 || write(ready, "", 1) != 1)
		_exit(1);
	while ((connection = accept(fd, NULL, NULL)) >= 0) {
		if (read(connection, request, sizeof(request)) > 0)
			send(connection, nonsense, strlen(nonsense), MSG_NOSIGNAL);
		close(connection);
	}
}

void milter_fixture_nonsense_start(const char *bytes)
{
	milter_fixture_agent_kill();
	nonsense = bytes;
	agent = served_start(run_nonsense);
}

/* ---- the milter */

static int milter_ready;

static void tell_ready(void)
{
	if (write(milter_ready, "", 1) != 1)
		_exit(1);
}

static void run_milter(int ready)
{
	const struct milter_options options = {.config = config, .on_ready = tell_ready};
	int log = open(log_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	milter_ready = ready;
	if (log < 0 || dup2(log, STDERR_FILENO) < 0)
		_exit(1);
	if (milter_run(&options, &error) < 0) {
		fprintf(stderr, "%s\n", error.text);
		_exit(1);
	}
	_exit(0);
}

void milter_fixture_milter_start(void)
{
	milter = served_start(run_milter);
}

pid_t milter_fixture_milter_pid(void)
{
	return milter;
}

char *milter_fixture_milter_refusal(void)
{
	const pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run_milter(open("/dev/null", O_WRONLY | O_CLOEXEC));
	}
	cr_assert_eq(served_end(pid, 0), 1);
	return milter_fixture_milter_log();
}

int milter_fixture_milter_end(int signal)
{
	pid_t pid = milter;

	milter = 0;
	cr_assert_gt(pid, 0);
	return served_end(pid, signal);
}

char *milter_fixture_milter_log(void)
{
	FILE *in = fopen(log_file, "r");
	char *text = calloc(1, 65536);

	cr_assert_not_null(text);
	if (in) {
		text[fread(text, 1, 65535, in)] = '\0';
		fclose(in);
	}
	return text;
}

/* ---- the fixture */

void milter_fixture_prepare(const char *more)
{
	_cleanup_(free_p) char *text = NULL;

	config_file_setup();
	snprintf(milter_fixture_directory, sizeof(milter_fixture_directory), "%.*s",
		 (int)(strrchr(config_file, '/') - config_file), config_file);
	snprintf(milter_fixture_socket, sizeof(milter_fixture_socket), "%s/milter.sock",
		 milter_fixture_directory);
	snprintf(api_socket, sizeof(api_socket), "%s/api.sock", milter_fixture_directory);
	snprintf(log_file, sizeof(log_file), "%s/milter.log", milter_fixture_directory);
	cr_assert_geq(asprintf(&text, configuration, milter_fixture_directory, more), 0);
	config = config_file_load(text);
}

void milter_fixture_write(const char *more)
{
	_cleanup_(free_p) char *text = NULL;

	cr_assert_geq(asprintf(&text, configuration, milter_fixture_directory, more), 0);
	config_file_write(text, strlen(text));
}

void milter_fixture_open(const char *more)
{
	milter_fixture_prepare(more);
	milter_fixture_agent_start();
	milter_fixture_milter_start();
}

void milter_fixture_close(void)
{
	int status = milter > 0 ? milter_fixture_milter_end(SIGTERM) : 0;
	_cleanup_(free_p) char *log = milter_fixture_milter_log();

	milter_fixture_agent_kill();
	unlink(log_file);
	unlink(milter_fixture_socket);
	config_free(config);
	config_file_teardown();
	cr_expect_eq(status, 0, "the milter ended with %d: %s", status, log);
}

struct peer milter_fixture_connect(void)
{
	return peer_open(milter_fixture_socket, PEER_STEPS_ALL, "198.51.100.7");
}

struct metric {
	const char *name;
	unsigned long long value;
	bool found;
};

static int find_metric(void *data, const char *line)
{
	struct metric *metric = data;
	size_t length = strlen(metric->name);

	if (strncmp(line, metric->name, length) == 0 && line[length] == ' ') {
		metric->value = strtoull(line + length, NULL, 10);
		metric->found = true;
	}
	return 0;
}

unsigned long long milter_fixture_metric(const char *name)
{
	struct metric metric = {.name = name};

	cr_assert_eq(client_follow(api_socket, "/metrics", find_metric, &metric, &error), 0, "%s",
		     error.text);
	cr_assert(metric.found, "no metric %s", name);
	return metric.value;
}

json_t *milter_fixture_explain(const char *message_id)
{
	_cleanup_(free_p) char *name = client_escape(message_id);
	char uri[1200];
	json_t *document = NULL;

	snprintf(uri, sizeof(uri), "/v1/decisions/%s", name);
	cr_assert_eq(client_request(api_socket, API_GET, uri, NULL, &document, &error), 0, "%s: %s",
		     message_id, error.text);
	return document;
}
