/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections between the hosts and byte-exact transfers over them. The capture is in capture.c. */
#include "netns/traffic.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/hostile.h"

#define BLOCK_WORDS 8192
#define STALL_SEC   (20 * (int)test_patience())

/* ---- one socket */

static socklen_t socket_address(const char *text, uint16_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;
	struct sockaddr_in *in = (struct sockaddr_in *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		return sizeof(*in6);
	}
	if (inet_pton(AF_INET, text, &in->sin_addr) != 1)
		return 0;
	in->sin_family = AF_INET;
	in->sin_port = htons(port);
	return sizeof(*in);
}

int receiver_open_on(enum host host, uint16_t port)
{
	struct sockaddr_storage any;
	socklen_t size = socket_address("::", port, &any);
	int one = 1, fd;

	host_enter(host);
	fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	host_leave();
	cr_assert_geq(fd, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	cr_assert_eq(bind(fd, (struct sockaddr *)&any, size), 0, "bind: %s", strerror(errno));
	cr_assert_eq(listen(fd, 512), 0);
	return fd;
}

int receiver_open(uint16_t port)
{
	return receiver_open_on(INTERNET, port);
}

/* A blocking socket whose calls all have a time limit. */
static void set_stall(int fd, int ms)
{
	struct timeval stall = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &stall, sizeof(stall));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &stall, sizeof(stall));
}

/* ---- the connecting process */

static int join_cgroup(void)
{
	char path[160];
	FILE *file;

	snprintf(path, sizeof(path), "%s/cgroup.procs", world.cgroup);
	file = fopen(path, "we");
	if (!file)
		return -errno;
	fputs("0\n", file);
	return fclose(file) ? -errno : 0;
}

static int prepare_socket(int fd, const struct origin *origin, int family, int within_ms)
{
	const char *any = family == AF_INET ? "0.0.0.0" : "::";
	struct sockaddr_storage source;
	socklen_t size;
	int one = 1;

	if (origin->mark &&
	    setsockopt(fd, SOL_SOCKET, SO_MARK, &origin->mark, sizeof(origin->mark)))
		return -errno;
	set_stall(fd, within_ms);
	if (!origin->bind && !origin->port)
		return 0;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	size = socket_address(origin->bind ? origin->bind : any, origin->port, &source);
	return bind(fd, (struct sockaddr *)&source, size) ? -errno : 0;
}

static int connect_as(const struct origin *origin, const char *destination, uint16_t port,
		      int within_ms, int *ret_fd)
{
	struct sockaddr_storage to;
	socklen_t size = socket_address(destination, port, &to);
	int fd, r;

	host_enter(origin->host);
	if (origin->in_cgroup && (r = join_cgroup()))
		return r;
	/* A mark needs root, so a socket with a mark belongs to root. */
	if (origin->uid && setresuid(origin->uid, origin->uid, origin->uid))
		return -errno;
	fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	r = prepare_socket(fd, origin, to.ss_family, within_ms);
	if (r)
		return r;
	if (connect(fd, (struct sockaddr *)&to, size))
		return errno == EINPROGRESS ? -ETIMEDOUT : -errno;
	*ret_fd = fd;
	return 0;
}

union rights {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
};

/* The result of the connecting process: 0 with the socket, or an errno. */
static void send_answer(int channel, int answer, int fd)
{
	struct iovec data = {.iov_base = &answer, .iov_len = sizeof(answer)};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
	union rights rights = {0};

	if (!answer) {
		message.msg_control = &rights;
		message.msg_controllen = sizeof(rights);
		rights.header.cmsg_level = SOL_SOCKET;
		rights.header.cmsg_type = SCM_RIGHTS;
		rights.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&rights.header), &fd, sizeof(fd));
	}
	sendmsg(channel, &message, 0);
}

static int receive_answer(int channel, int *ret_fd)
{
	int answer = -EPROTO;
	struct iovec data = {.iov_base = &answer, .iov_len = sizeof(answer)};
	union rights rights = {0};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = &rights,
				 .msg_controllen = sizeof(rights)};

	if (recvmsg(channel, &message, MSG_CMSG_CLOEXEC) != sizeof(answer))
		return -EPROTO;
	if (!answer)
		memcpy(ret_fd, CMSG_DATA(&rights.header), sizeof(*ret_fd));
	return answer;
}

static int connect_elsewhere(const struct origin *origin, const char *destination, uint16_t port,
			     int within_ms, int *ret_fd)
{
	int channel[2], fd = -1, r;
	pid_t pid;

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel), 0);
	pid = fork();
	cr_assert_geq(pid, 0, "fork: %s", strerror(errno));
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		r = connect_as(origin, destination, port, within_ms, &fd);
		send_answer(channel[1], r, fd);
		_exit(0);
	}
	close(channel[1]);
	r = receive_answer(channel[0], ret_fd);
	close(channel[0]);
	waitpid(pid, NULL, 0);
	return r;
}

/* ---- talks */

static void name_peer(struct talk *talk)
{
	struct sockaddr_in6 peer;
	socklen_t size = sizeof(peer);
	struct address address;

	cr_assert_eq(getpeername(talk->server, (struct sockaddr *)&peer, &size), 0);
	memcpy(address.bytes, &peer.sin6_addr, sizeof(address.bytes));
	address_format(&address, talk->from);
	talk->from_port = ntohs(peer.sin6_port);
}

int talk_open(int receiver, const struct origin *origin, const char *destination, uint16_t port,
	      int within_ms, struct talk *ret_talk)
{
	struct talk talk = TALK_NONE;
	int r = connect_elsewhere(origin, destination, port, within_ms, &talk.client);

	if (r)
		return r;
	cr_assert(wait_for((talk.server = accept4(receiver, NULL, NULL, SOCK_CLOEXEC)) >= 0,
			   CONNECT_MS),
		  "connected to %s, yet the receiver has no connection", destination);
	set_stall(talk.client, STALL_SEC * 1000);
	set_stall(talk.server, STALL_SEC * 1000);
	name_peer(&talk);
	*ret_talk = talk;
	return 0;
}

struct talk talk_must(int receiver, const struct origin *origin, const char *destination,
		      uint16_t port)
{
	const uint64_t deadline = now_ms() + (uint64_t)CONNECT_MS;
	struct talk talk = TALK_NONE;
	int r;

	do
		r = talk_open(receiver, origin, destination, port, CONNECT_MS, &talk);
	while (r && hostile() && now_ms() < deadline);
	cr_assert_eq(r, 0, "connect to %s port %u: %s", destination, port, strerror(-r));
	return talk;
}

void talk_close(struct talk *talk)
{
	if (talk->client >= 0)
		close(talk->client);
	if (talk->server >= 0)
		close(talk->server);
	*talk = TALK_NONE;
}

/* ---- transfers: a generator at one end, the same generator compared at the other */

static void fill_block(uint64_t *state, uint64_t block[BLOCK_WORDS])
{
	/* xorshift64: Marsaglia, "Xorshift RNGs" (2003) */
	for (size_t i = 0; i < BLOCK_WORDS; i++) {
		*state ^= *state << 13;
		*state ^= *state >> 7;
		*state ^= *state << 17;
		block[i] = *state;
	}
}

static bool write_stream(int fd, size_t bytes, uint64_t seed)
{
	uint64_t block[BLOCK_WORDS];
	size_t at = sizeof(block);

	while (bytes) {
		if (at == sizeof(block)) {
			fill_block(&seed, block);
			at = 0;
		}
		size_t part = sizeof(block) - at < bytes ? sizeof(block) - at : bytes;
		ssize_t sent = send(fd, (char *)block + at, part, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		at += (size_t)sent;
		bytes -= (size_t)sent;
	}
	return true;
}

static bool read_stream(int fd, size_t bytes, uint64_t seed)
{
	uint64_t block[BLOCK_WORDS], expected[BLOCK_WORDS];

	while (bytes) {
		size_t part = sizeof(block) < bytes ? sizeof(block) : bytes;

		if (recv(fd, block, part, MSG_WAITALL) != (ssize_t)part)
			return false;
		fill_block(&seed, expected);
		if (memcmp(block, expected, part))
			return false;
		bytes -= part;
	}
	return true;
}

static pid_t fork_stream(bool (*stream)(int, size_t, uint64_t), int fd, size_t bytes, uint64_t seed)
{
	pid_t pid = fork();

	cr_assert_geq(pid, 0, "fork: %s", strerror(errno));
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	_exit(!stream(fd, bytes, seed));
}

bool talk_transfer(const struct talk *talk, size_t up_bytes, size_t down_bytes)
{
	const pid_t pids[] = {
		fork_stream(write_stream, talk->client, up_bytes, 25),
		fork_stream(read_stream, talk->server, up_bytes, 25),
		fork_stream(write_stream, talk->server, down_bytes, 2525),
		fork_stream(read_stream, talk->client, down_bytes, 2525),
	};
	bool all = true;

	for (size_t i = 0; i < 4; i++) {
		int status;

		all &= waitpid(pids[i], &status, 0) == pids[i] && !status;
	}
	return all;
}

bool talk_lives(const struct talk *talk)
{
	return write_stream(talk->client, 64, 1) && read_stream(talk->server, 64, 1) &&
	       write_stream(talk->server, 64, 2) && read_stream(talk->client, 64, 2);
}

bool talk_is_reset(const struct talk *talk)
{
	char byte = 'x';

	return send(talk->client, &byte, 1, MSG_NOSIGNAL) == 1 &&
	       recv(talk->client, &byte, 1, 0) < 0 && errno == ECONNRESET &&
	       recv(talk->server, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}
