/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sends SYNs, each of another connection, to port 25 of addresses that never answer. Prints the
 * number of SYNs and the milliseconds.
 *
 *   syns SOURCE FIRST_DESTINATION DESTINATIONS COUNT RATE
 *
 * COUNT 0: repeats until SIGTERM. RATE 0: full speed; else SYNs a second.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#define BATCH	   64
#define PORT_FIRST 1024
#define PORTS	   (65536 - PORT_FIRST)

struct syn {
	struct iphdr ip;
	struct tcphdr tcp;
};

struct flood {
	int fd;
	in_addr_t source;
	uint32_t first_destination, destinations; /* host order */
	uint64_t sent, count, rate;
	uint64_t begin_ms;
};

static volatile sig_atomic_t end;

static void on_signal(int number)
{
	(void)number;
	end = 1;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* RFC 9293 section 3.1, over the pseudo header and the TCP header. */
static uint16_t tcp_checksum(const struct syn *syn)
{
	const uint16_t *word = (const uint16_t *)&syn->tcp;
	uint32_t sum = htons(IPPROTO_TCP) + htons(sizeof(syn->tcp));

	sum += (syn->ip.saddr & 0xffff) + (syn->ip.saddr >> 16);
	sum += (syn->ip.daddr & 0xffff) + (syn->ip.daddr >> 16);
	for (size_t i = 0; i < sizeof(syn->tcp) / 2; i++)
		sum += word[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* The number selects the connection: destinations in turn, then the next port. */
static void build(const struct flood *flood, uint64_t number, struct syn *syn)
{
	uint32_t destination = (uint32_t)(number % flood->destinations);
	uint32_t port = (uint32_t)(number / flood->destinations % PORTS);

	*syn = (struct syn){
		.ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP},
		.tcp = {.doff = 5, .syn = 1, .window = htons(65535)},
	};
	syn->ip.saddr = flood->source;
	syn->ip.daddr = htonl(flood->first_destination + destination);
	syn->tcp.source = htons((uint16_t)(PORT_FIRST + port));
	syn->tcp.dest = htons(25);
	syn->tcp.seq = htonl((uint32_t)number);
	syn->tcp.check = tcp_checksum(syn);
}

static void send_batch(struct flood *flood, unsigned count)
{
	struct mmsghdr messages[BATCH];
	struct sockaddr_in to[BATCH];
	struct iovec vectors[BATCH];
	struct syn syns[BATCH];
	int sent;

	memset(messages, 0, sizeof(messages));
	for (unsigned i = 0; i < count; i++) {
		build(flood, flood->sent + i, &syns[i]);
		to[i] = (struct sockaddr_in){.sin_family = AF_INET,
					     .sin_addr.s_addr = syns[i].ip.daddr};
		vectors[i] = (struct iovec){&syns[i], sizeof(syns[i])};
		messages[i].msg_hdr.msg_name = &to[i];
		messages[i].msg_hdr.msg_namelen = sizeof(to[i]);
		messages[i].msg_hdr.msg_iov = &vectors[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	sent = sendmmsg(flood->fd, messages, count, 0);
	if (sent > 0)
		flood->sent += (uint64_t)sent;
	else if (errno == ENOBUFS || errno == EAGAIN)
		poll(NULL, 0, 1);
	else if (errno != EINTR) {
		fprintf(stderr, "syns: sendmmsg: %s\n", strerror(errno));
		exit(1);
	}
}

/* The number of SYNs that are due. */
static unsigned due(const struct flood *flood)
{
	uint64_t until = UINT64_MAX;

	if (flood->rate)
		until = (now_ms() - flood->begin_ms + 1) * flood->rate / 1000;
	if (flood->count && until > flood->count)
		until = flood->count;
	if (until <= flood->sent)
		return 0;
	return until - flood->sent < BATCH ? (unsigned)(until - flood->sent) : BATCH;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct flood flood = {0};
	struct in_addr first;
	unsigned batch;

	if (argc != 6 || inet_pton(AF_INET, argv[1], &flood.source) != 1 ||
	    inet_pton(AF_INET, argv[2], &first) != 1 || atoi(argv[3]) < 1) {
		fprintf(stderr, "syns: wrong usage, see the head of its source\n");
		return 2;
	}
	sigaction(SIGTERM, &action, NULL);
	flood.first_destination = ntohl(first.s_addr);
	flood.destinations = (uint32_t)atoi(argv[3]);
	flood.count = strtoull(argv[4], NULL, 10);
	flood.rate = strtoull(argv[5], NULL, 10);
	flood.fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	flood.begin_ms = now_ms();
	while (!end && (!flood.count || flood.sent < flood.count))
		if ((batch = due(&flood)))
			send_batch(&flood, batch);
		else
			poll(NULL, 0, 1);
	printf("sent=%llu ms=%llu\n", (unsigned long long)flood.sent,
	       (unsigned long long)(now_ms() - flood.begin_ms));
	return 0;
}
