/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opens connections at a steady rate; or receives them and tells the pool of each. A connection
 * opens, asks and gets its answer, waits, asks and gets its answer again, and closes; the question
 * names the expected pool. The caller disturbs the datapath meanwhile.
 *
 *   connections send POOL RATE SECONDS HOLD_MS ADDRESS…    SIGUSR1 ends all waits
 *   connections receive POOL=ADDRESS…                      until SIGTERM; POOL is one letter
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORT	    25
#define FDS_MAX	    16384
#define MESSAGE	    16 /* bytes; small enough to arrive in one piece */
#define EVENTS	    256
#define GIVE_UP_SEC 15
#define MS_NS	    1000000ULL
#define SEC_NS	    (1000 * MS_NS)

static volatile sig_atomic_t end, end_holding;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		end_holding = 1;
	else
		end = 1;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SEC_NS + (uint64_t)now.tv_nsec;
}

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "connections: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void watch(int poller, int operation, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	if (epoll_ctl(poller, operation, fd, &event))
		fail("epoll_ctl");
}

/* ---- sending */

enum phase { UNUSED, CONNECTING, ASKING, HOLDING, ASKING_AGAIN };

struct connection {
	enum phase phase;
	uint64_t since_ns; /* time of the open, later of the start of the wait */
};

struct sender {
	int poller;
	char pool;
	uint64_t hold_ns;
	char **addresses;
	int n_addresses;
	unsigned opened, ended, failed, reset;
	uint32_t *connect_us; /* one for each connection that succeeded */
	unsigned n_connected;
	struct connection connections[FDS_MAX]; /* by file descriptor */
};

static void finish(struct sender *sender, int fd, int error)
{
	sender->connections[fd].phase = UNUSED;
	close(fd);
	sender->ended++;
	if (error == ECONNRESET)
		sender->reset++;
	else if (error)
		sender->failed++;
	if (error && sender->failed + sender->reset <= 5)
		fprintf(stderr, "connections: one broke: %s\n", strerror(error));
}

static void open_one(struct sender *sender)
{
	const char *address = sender->addresses[sender->opened % (unsigned)sender->n_addresses];
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || fd >= FDS_MAX || inet_pton(AF_INET, address, &to.sin_addr) != 1)
		fail(address);
	sender->opened++;
	sender->connections[fd] = (struct connection){CONNECTING, now_ns()};
	watch(sender->poller, EPOLL_CTL_ADD, fd, EPOLLOUT);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) && errno != EINPROGRESS)
		finish(sender, fd, errno);
}

static int ask(struct sender *sender, int fd, enum phase phase)
{
	char message[MESSAGE];

	memset(message, sender->pool, sizeof(message));
	sender->connections[fd].phase = phase;
	return send(fd, message, sizeof(message), MSG_NOSIGNAL) == MESSAGE ? 0 : errno;
}

static int connected(struct sender *sender, int fd)
{
	socklen_t size = sizeof(int);
	int error = 0;

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	if (error)
		return error;
	sender->connect_us[sender->n_connected++] =
		(uint32_t)((now_ns() - sender->connections[fd].since_ns) / 1000);
	watch(sender->poller, EPOLL_CTL_MOD, fd, EPOLLIN);
	return ask(sender, fd, ASKING);
}

/* A connection that waits gets no data: anything that arrives is its end. */
static int answered(struct sender *sender, int fd, bool *ret_done)
{
	struct connection *connection = &sender->connections[fd];
	char message[MESSAGE];
	ssize_t size = recv(fd, message, sizeof(message), 0);

	if (size < 0)
		return errno;
	if (size != MESSAGE || message[0] != sender->pool || connection->phase == HOLDING)
		return EPROTO;
	*ret_done = connection->phase == ASKING_AGAIN;
	*connection = (struct connection){HOLDING, now_ns()};
	return 0;
}

static void serve(struct sender *sender, int fd)
{
	bool done = false;
	int error = sender->connections[fd].phase == CONNECTING ? connected(sender, fd)
								: answered(sender, fd, &done);

	if (error || done)
		finish(sender, fd, error);
}

/* Goes on with connections whose wait is over, and gives up those that get no answer. */
static void look_around(struct sender *sender)
{
	uint64_t now = now_ns();

	for (int fd = 0; fd < FDS_MAX; fd++) {
		struct connection *connection = &sender->connections[fd];
		uint64_t age_ns = now - connection->since_ns;
		int error = 0;

		if (connection->phase == UNUSED)
			continue;
		if (connection->phase != HOLDING)
			error = age_ns > GIVE_UP_SEC * SEC_NS ? ETIMEDOUT : 0;
		else if (end_holding || age_ns >= sender->hold_ns) {
			connection->since_ns = now;
			error = ask(sender, fd, ASKING_AGAIN);
		}
		if (error)
			finish(sender, fd, error);
	}
}

static void run(struct sender *sender, unsigned rate, unsigned total)
{
	uint64_t begin = now_ns(), looked = begin;
	struct epoll_event events[EVENTS];

	while (sender->ended < total) {
		uint64_t due = (now_ns() - begin) * rate / SEC_NS + 1;
		int n;

		while (sender->opened < total && sender->opened < due)
			open_one(sender);
		n = epoll_wait(sender->poller, events, EVENTS, 1);
		for (int i = 0; i < n; i++)
			serve(sender, events[i].data.fd);
		if (now_ns() - looked >= 20 * MS_NS) {
			look_around(sender);
			looked = now_ns();
		}
	}
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Quantile of the times to connect; `share` in thousandths. */
static unsigned quantile_us(const struct sender *sender, unsigned share)
{
	unsigned last = sender->n_connected - 1;

	return sender->n_connected ? sender->connect_us[(uint64_t)last * share / 1000] : 0;
}

static int send_all(int argc, char **argv)
{
	unsigned rate = (unsigned)atoi(argv[3]), total = rate * (unsigned)atoi(argv[4]);
	struct sender *sender = calloc(1, sizeof(*sender));

	if (!sender || !(sender->connect_us = calloc(total + 1, sizeof(uint32_t))))
		fail("memory");
	sender->poller = epoll_create1(EPOLL_CLOEXEC);
	sender->pool = argv[2][0];
	sender->hold_ns = strtoull(argv[5], NULL, 10) * MS_NS;
	sender->addresses = argv + 6;
	sender->n_addresses = argc - 6;
	run(sender, rate, total);
	qsort(sender->connect_us, sender->n_connected, sizeof(uint32_t), by_size);
	printf("opened=%u failed=%u reset=%u median_us=%u p99_us=%u max_us=%u\n", sender->opened,
	       sender->failed, sender->reset, quantile_us(sender, 500), quantile_us(sender, 990),
	       quantile_us(sender, 1000));
	free(sender->connect_us);
	free(sender);
	return 0;
}

/* ---- receiving */

struct receiver {
	int poller, n_owned;
	char **owned; /* POOL=ADDRESS */
	char from[FDS_MAX][INET_ADDRSTRLEN];
	unsigned questions, wrong, reset;
};

static int listen_here(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&any, sizeof(any)) || listen(fd, 4096))
		fail("listen");
	return fd;
}

static void accept_all(struct receiver *receiver, int listener)
{
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	int fd;

	while ((fd = accept4(listener, (struct sockaddr *)&from, &size,
			     SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		if (fd >= FDS_MAX)
			fail("accept");
		inet_ntop(AF_INET, &from.sin_addr, receiver->from[fd], INET_ADDRSTRLEN);
		watch(receiver->poller, EPOLL_CTL_ADD, fd, EPOLLIN);
	}
}

static bool owns(const struct receiver *receiver, char pool, const char *address)
{
	for (int i = 0; i < receiver->n_owned; i++)
		if (receiver->owned[i][0] == pool && !strcmp(receiver->owned[i] + 2, address))
			return true;
	return false;
}

static void answer(struct receiver *receiver, int fd)
{
	char message[MESSAGE];
	ssize_t size = recv(fd, message, sizeof(message), 0);

	if (size != MESSAGE) {
		receiver->reset += size < 0 && errno == ECONNRESET;
		close(fd);
		return;
	}
	receiver->questions++;
	if (!owns(receiver, message[0], receiver->from[fd]) && !receiver->wrong++)
		fprintf(stderr, "connections: %s is not of pool %c\n", receiver->from[fd],
			message[0]);
	send(fd, message, sizeof(message), MSG_NOSIGNAL);
}

static int receive_all(int argc, char **argv)
{
	struct receiver *receiver = calloc(1, sizeof(*receiver));
	int listener = listen_here();
	struct epoll_event events[EVENTS];

	if (!receiver)
		fail("memory");
	receiver->poller = epoll_create1(EPOLL_CLOEXEC);
	receiver->owned = argv + 2;
	receiver->n_owned = argc - 2;
	watch(receiver->poller, EPOLL_CTL_ADD, listener, EPOLLIN);
	while (!end) {
		int n = epoll_wait(receiver->poller, events, EVENTS, 1000);

		for (int i = 0; i < n; i++)
			if (events[i].data.fd == listener)
				accept_all(receiver, listener);
			else
				answer(receiver, events[i].data.fd);
	}
	printf("questions=%u wrong=%u reset_at_receiver=%u\n", receiver->questions, receiver->wrong,
	       receiver->reset);
	free(receiver);
	return 0;
}

int main(int argc, char **argv)
{
	struct rlimit files = {FDS_MAX, FDS_MAX};
	struct sigaction action = {.sa_handler = on_signal};

	setrlimit(RLIMIT_NOFILE, &files);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (argc >= 7 && !strcmp(argv[1], "send"))
		return send_all(argc, argv);
	if (argc >= 3 && !strcmp(argv[1], "receive"))
		return receive_all(argc, argv);
	fprintf(stderr, "connections: wrong usage, see the head of its source\n");
	return 2;
}
