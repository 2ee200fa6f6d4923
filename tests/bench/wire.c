/* SPDX-License-Identifier: BSD-2-Clause */
/* Packet sockets in namespaces; see wire.h. */
#include "bench/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RECEIVE_BYTES (16 << 20)

void die(const char *format, ...)
{
	int error = errno;
	va_list arguments;

	fprintf(stderr, "bench: ");
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, error ? ": %s\n" : "\n", strerror(error));
	exit(1);
}

uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void pin_to_cpu(unsigned cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("CPU %u", cpu);
}

static void enter(const struct wire *wire)
{
	if (setns(wire->namespace, CLONE_NEWNET))
		die("setns");
}

/* Bound to the interface; with protocol 0 it receives nothing. */
static int packet_socket(const struct wire *wire, uint16_t protocol)
{
	struct sockaddr_ll place = {.sll_family = AF_PACKET,
				    .sll_protocol = htons(protocol),
				    .sll_ifindex = wire->index};
	int fd;

	enter(wire);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&place, sizeof(place)))
		die("%s: packet socket", wire->name);
	return fd;
}

static void parse_address(const char *text, uint8_t address[6])
{
	if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &address[0], &address[1], &address[2],
		   &address[3], &address[4], &address[5]) != 6)
		die("'%s' is no Ethernet address", text);
}

void wire_open(const char *host, const char *name, const char *peer, struct wire *ret)
{
	struct ifreq request = {0};
	int on = 1;

	memset(ret, 0, sizeof(*ret));
	ret->receiver = -1;
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	parse_address(peer, ret->peer);
	ret->namespace = open(host, O_RDONLY | O_CLOEXEC);
	if (ret->namespace < 0)
		die("%s", host);
	enter(ret);
	ret->index = (int)if_nametoindex(name);
	if (!ret->index)
		die("%s: no interface '%s'", host, name);
	ret->sender = packet_socket(ret, 0);
	memcpy(request.ifr_name, ret->name, sizeof(ret->name));
	if (ioctl(ret->sender, SIOCGIFHWADDR, &request) ||
	    setsockopt(ret->sender, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)))
		die("%s", name);
	memcpy(ret->address, request.ifr_hwaddr.sa_data, sizeof(ret->address));
}

void wire_send(const struct wire *wire, const struct frame frames[], unsigned count)
{
	struct mmsghdr messages[WIRE_BATCH];
	struct iovec vectors[WIRE_BATCH];
	int sent;

	memset(messages, 0, count * sizeof(messages[0]));
	for (unsigned i = 0; i < count; i++) {
		vectors[i].iov_base = (uint8_t *)&frames[i] + FRAME_START;
		vectors[i].iov_len = frame_bytes(&frames[i]);
		messages[i].msg_hdr.msg_iov = &vectors[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	for (unsigned done = 0; done < count; done += (unsigned)sent) {
		sent = sendmmsg(wire->sender, messages + done, count - done, 0);
		if (sent <= 0)
			die("%s: sendmmsg", wire->name);
	}
}

void wire_listen(struct wire *wire)
{
	int bytes = RECEIVE_BYTES;

	wire->receiver = packet_socket(wire, ETH_P_IP);
	if (setsockopt(wire->receiver, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		die("%s: SO_RCVBUFFORCE", wire->name);
}

void wire_deafen(struct wire *wire)
{
	close(wire->receiver);
	wire->receiver = -1;
}

static bool is_wanted(const struct sockaddr_ll *from, const struct frame *frame, unsigned bytes)
{
	return from->sll_pkttype == PACKET_HOST &&
	       bytes >= ETH_HLEN + sizeof(frame->ip) + sizeof(frame->tcp) && frame->ip.ihl == 5 &&
	       frame->ip.protocol == IPPROTO_TCP;
}

unsigned wire_receive(const struct wire *wire, struct frame frames[WIRE_BATCH])
{
	struct mmsghdr messages[WIRE_BATCH];
	struct sockaddr_ll from[WIRE_BATCH];
	struct iovec vectors[WIRE_BATCH];
	unsigned wanted = 0;
	int count;

	memset(messages, 0, sizeof(messages));
	for (unsigned i = 0; i < WIRE_BATCH; i++) {
		vectors[i].iov_base = (uint8_t *)&frames[i] + FRAME_START;
		vectors[i].iov_len = sizeof(frames[i]) - FRAME_START;
		messages[i].msg_hdr.msg_iov = &vectors[i];
		messages[i].msg_hdr.msg_iovlen = 1;
		messages[i].msg_hdr.msg_name = &from[i];
		messages[i].msg_hdr.msg_namelen = sizeof(from[i]);
	}
	count = recvmmsg(wire->receiver, messages, WIRE_BATCH, MSG_DONTWAIT, NULL);
	if (count < 0 && errno != EAGAIN)
		die("%s: recvmmsg", wire->name);
	for (int i = 0; i < count; i++)
		if (is_wanted(&from[i], &frames[i], messages[i].msg_len))
			frames[wanted++] = frames[i];
	return count > 0 && !wanted ? wire_receive(wire, frames) : wanted;
}

/* Read in the namespace of this thread. */
uint64_t wire_received(const struct wire *wire)
{
	unsigned long long bytes, packets;
	char line[512], name[32];
	bool found = false;
	FILE *in;

	enter(wire);
	in = fopen("/proc/thread-self/net/dev", "re");
	if (!in)
		die("/proc/thread-self/net/dev");
	while (!found && fgets(line, sizeof(line), in))
		found = sscanf(line, " %31[^:]: %llu %llu", name, &bytes, &packets) == 3 &&
			!strcmp(name, wire->name);
	fclose(in);
	if (!found)
		die("%s: not in /proc/thread-self/net/dev", wire->name);
	return packets;
}
