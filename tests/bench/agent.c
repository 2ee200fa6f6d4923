/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asks for decisions as the many processes of an MTA do, each over a connection that it keeps.
 * Prints the number of answers and their times as one JSON object. Asks the agent's API, or any
 * service of Postfix' policy delegation: one asker measures both.
 *
 *   bench-agent [OPTION…] http|policy SOCKET   SOCKET: a path, or ADDRESS:PORT (IPv4)
 *     -c CONNECTIONS  (16)
 *     -r RATE         requests a second, each sent when it is due; 0 (default): each connection
 *                     asks again at once
 *     -s SECONDS      (5)
 *     -n COUNT        ends after so many requests, whatever the seconds
 *     -u USERS        (10000) senders, in turn
 *     -l EVERY        every so many requests a sender bench-N, N below 1000, sends its limit of 10
 *                     recipients, which writes a verdict
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 900
#define LIMITED		1000
#define ANSWER_BYTES	4096
#define QUESTION_BYTES	1024
#define SEC_NS		1000000000ULL
#define US_NS		1000
#define HOUR_SEC	3600

struct connection {
	int fd;
	bool asked;
	bool limited;	   /* the question was for a sender at its limit */
	uint64_t since_ns; /* when the question was due */
	size_t used;
	char answer[ANSWER_BYTES];
};

struct latencies {
	uint32_t *us;
	size_t count;
	size_t room;
};

struct protocol {
	const char *name;
	int (*question)(char *buffer, const char *user, unsigned recipients, uint64_t number);
	/* Is the answer complete? Tells whether it is a good one. */
	bool (*is_whole)(const char *answer, bool *ret_good);
};

static struct {
	const struct protocol *protocol;
	const char *socket;
	unsigned connections, rate, seconds, count, users, limit_every;
} options = {.connections = 16, .seconds = 5, .users = 10000};

static struct connection connections[CONNECTIONS_MAX];
static struct latencies all, limited;
static uint64_t asked, failed;
static int poller;

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "bench-agent: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SEC_NS + (uint64_t)now.tv_nsec;
}

/* ---- protocols */

static int http_question(char *buffer, const char *user, unsigned recipients, uint64_t number)
{
	char body[QUESTION_BYTES / 2];
	int size = snprintf(body, sizeof(body),
			    "{\"message_id\":\"<%llu.%d@mail.example.net>\",\"user\":\"%s\","
			    "\"envelope_from\":\"%s\",\"header_from\":\"%s\","
			    "\"client\":\"10.1.7.5\",\"recipients_external\":%u,"
			    "\"mail_dns\":\"present\",\"spf\":\"pass\",\"dkim\":\"pass\"}",
			    (unsigned long long)number, getpid(), user, user, user, recipients);

	return snprintf(buffer, QUESTION_BYTES,
			"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\n"
			"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			size, body);
}

static bool http_is_whole(const char *answer, bool *ret_good)
{
	const char *body = strstr(answer, "\r\n\r\n");
	const char *length = strcasestr(answer, "\r\nContent-Length: ");

	*ret_good = strncmp(answer, "HTTP/1.1 200 ", 13) == 0;
	return body && length && strlen(body + 4) >= strtoul(length + 18, NULL, 10);
}

/* The request of smtpd at DATA (SMTPD_POLICY_README of Postfix). */
static int policy_question(char *buffer, const char *user, unsigned recipients, uint64_t number)
{
	return snprintf(buffer, QUESTION_BYTES,
			"request=smtpd_access_policy\nprotocol_state=DATA\nprotocol_name=ESMTP\n"
			"helo_name=client.example.net\nqueue_id=%llX\ninstance=%x.%llx.0\n"
			"sender=%s\nrecipient=\nrecipient_count=%u\nclient_address=10.1.7.5\n"
			"client_name=client.example.net\nreverse_client_name=client.example.net\n"
			"sasl_method=plain\nsasl_username=%s\nsasl_sender=\nsize=12345\n\n",
			(unsigned long long)number, getpid(), (unsigned long long)number, user,
			recipients, user);
}

static bool policy_is_whole(const char *answer, bool *ret_good)
{
	*ret_good = strncmp(answer, "action=", 7) == 0;
	return strstr(answer, "\n\n");
}

static const struct protocol protocols[] = {
	{"http", http_question, http_is_whole},
	{"policy", policy_question, policy_is_whole},
};

/* ---- connections */

static int connect_to(const char *name)
{
	struct sockaddr_un local = {.sun_family = AF_UNIX};
	struct sockaddr_in remote = {.sin_family = AF_INET};
	const char *colon = strrchr(name, ':');
	char address[INET_ADDRSTRLEN] = "";
	bool is_remote = colon && colon - name < INET_ADDRSTRLEN;
	int fd;

	if (is_remote) {
		memcpy(address, name, (size_t)(colon - name));
		remote.sin_port = htons((uint16_t)atoi(colon + 1));
		if (inet_pton(AF_INET, address, &remote.sin_addr) != 1)
			fail(name);
	}
	snprintf(local.sun_path, sizeof(local.sun_path), "%s", name);
	fd = socket(is_remote ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || (is_remote ? connect(fd, (struct sockaddr *)&remote, sizeof(remote))
				 : connect(fd, (struct sockaddr *)&local, sizeof(local))) < 0)
		fail(name);
	return fd;
}

static void open_all(void)
{
	poller = epoll_create1(EPOLL_CLOEXEC);
	for (unsigned i = 0; i < options.connections; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};

		connections[i].fd = connect_to(options.socket);
		if (epoll_ctl(poller, EPOLL_CTL_ADD, connections[i].fd, &event) < 0)
			fail("epoll_ctl");
	}
}

static void ask(struct connection *connection, uint64_t due_ns)
{
	static uint64_t turn, limited_turn;
	char question[QUESTION_BYTES], user[64];
	int size;

	asked++;
	connection->limited = options.limit_every && asked % options.limit_every == 0;
	if (connection->limited)
		snprintf(user, sizeof(user), "bench-%llu",
			 (unsigned long long)(limited_turn++ % LIMITED));
	else
		snprintf(user, sizeof(user), "user-%llu@example.net",
			 (unsigned long long)(turn++ % options.users));
	size = options.protocol->question(question, user, connection->limited ? 10 : 1, asked);
	connection->asked = true;
	connection->since_ns = due_ns;
	connection->used = 0;
	if (send(connection->fd, question, (size_t)size, MSG_NOSIGNAL) != size)
		fail("send");
}

static void note(struct latencies *latencies, uint64_t taken_ns)
{
	if (latencies->count == latencies->room) {
		latencies->room = latencies->room ? 2 * latencies->room : 65536;
		latencies->us = reallocarray(latencies->us, latencies->room, sizeof(uint32_t));
		if (!latencies->us)
			fail("latencies");
	}
	latencies->us[latencies->count++] = (uint32_t)(taken_ns / US_NS);
}

/* True: this completed an answer. */
static bool take(struct connection *connection)
{
	char *end = connection->answer + connection->used;
	ssize_t got = recv(connection->fd, end, ANSWER_BYTES - connection->used - 1, 0);
	uint64_t taken_ns;
	bool good;

	if (got <= 0)
		fail("the connection ended");
	end[got] = '\0';
	connection->used += (size_t)got;
	if (!options.protocol->is_whole(connection->answer, &good))
		return false;
	taken_ns = now_ns() - connection->since_ns;
	note(connection->limited ? &limited : &all, taken_ns);
	failed += !good;
	connection->asked = false;
	return true;
}

/* ---- time of questions */

static uint64_t due_at(uint64_t start_ns, uint64_t number)
{
	return start_ns + number * SEC_NS / options.rate;
}

/* Asks as many questions as are due and find a free connection. */
static void ask_due(uint64_t start_ns, uint64_t end_ns)
{
	uint64_t now = now_ns();

	for (unsigned i = 0; i < options.connections; i++) {
		uint64_t due = options.rate ? due_at(start_ns, asked) : now;

		if (due > now || due >= end_ns || (options.count && asked == options.count))
			return;
		if (!connections[i].asked)
			ask(&connections[i], due);
	}
}

static void await(uint64_t until_ns)
{
	struct epoll_event events[64];
	uint64_t now = now_ns();
	uint64_t left = until_ns > now ? until_ns - now : 0;
	const struct timespec timeout = {.tv_sec = (time_t)(left / SEC_NS),
					 .tv_nsec = (long)(left % SEC_NS)};
	int count = epoll_pwait2(poller, events, 64, &timeout, NULL);

	for (int i = 0; i < count; i++) {
		struct connection *connection = &connections[events[i].data.u32];

		take(connection);
	}
}

static unsigned count_asked(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < options.connections; i++)
		count += connections[i].asked;
	return count;
}

static double run(void)
{
	uint64_t start = now_ns();
	uint64_t end = start + (options.count ? HOUR_SEC : options.seconds) * SEC_NS;

	while (now_ns() < end && !(options.count && asked == options.count)) {
		ask_due(start, end);
		/* With all connections busy a due question waits for an answer. */
		await(options.rate && count_asked() < options.connections ? due_at(start, asked)
									  : end);
	}
	for (uint64_t last = now_ns() + 10 * SEC_NS; count_asked() && now_ns() < last;)
		await(last);
	return (double)(now_ns() - start) / SEC_NS;
}

/* ---- results */

static int compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

static void print_latencies(const char *name, struct latencies *latencies)
{
	size_t count = latencies->count;
	const uint32_t *us = latencies->us;

	if (!count)
		return;
	qsort(latencies->us, count, sizeof(uint32_t), compare);
	printf(", \"%s\": {\"count\": %zu, \"median_us\": %u, \"p99_us\": %u, \"p999_us\": %u, "
	       "\"max_us\": %u}",
	       name, count, us[count / 2], us[count * 99 / 100], us[count * 999 / 1000],
	       us[count - 1]);
}

static void read_options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "c:r:s:n:u:l:")) != -1) {
		unsigned value = optarg ? (unsigned)strtoul(optarg, NULL, 10) : 0;

		switch (option) {
		case 'c':
			options.connections = value;
			break;
		case 'r':
			options.rate = value;
			break;
		case 's':
			options.seconds = value;
			break;
		case 'n':
			options.count = value;
			break;
		case 'u':
			options.users = value;
			break;
		case 'l':
			options.limit_every = value;
			break;
		default:
			exit(2);
		}
	}
	for (size_t i = 0; optind + 2 == argc && i < sizeof(protocols) / sizeof(*protocols); i++)
		if (strcmp(argv[optind], protocols[i].name) == 0)
			options.protocol = &protocols[i];
	if (!options.protocol || !options.users || options.connections - 1 >= CONNECTIONS_MAX) {
		fprintf(stderr,
			"usage: bench-agent [-c CONNECTIONS] [-r RATE] [-s SECONDS | -n COUNT] "
			"[-u USERS] [-l EVERY] http|policy SOCKET\n");
		exit(2);
	}
	options.socket = argv[optind + 1];
}

int main(int argc, char **argv)
{
	double seconds;
	uint64_t answered;

	read_options(argc, argv);
	open_all();
	seconds = run();
	answered = all.count + limited.count;
	printf("{\"asked\": %llu, \"answered\": %llu, \"refused\": %llu, \"per_sec\": %.0f",
	       (unsigned long long)asked, (unsigned long long)answered, (unsigned long long)failed,
	       (double)answered / seconds);
	print_latencies("answers", &all);
	print_latencies("verdicts", &limited);
	printf("}\n");
	return answered == asked && failed == 0 ? 0 : 1;
}
