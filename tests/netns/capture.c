/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The packet capture of traffic.h: a thread reads a packet socket on the receiver's wire and counts
 * packets by source.
 */
#include "netns/traffic.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOURCES_MAX 64

struct capture {
	int fd;
	pthread_t reader;
	atomic_bool stop;
	size_t n_sources;
	struct capture_source sources[SOURCES_MAX];
};

static bool is_smtp(const uint8_t *tcp)
{
	return tcp[2] == 0 && tcp[3] == 25; /* destination port */
}

/*
 * Returns the source of an IP packet if it is TCP to port 25. Packets on this wire have no IP
 * options and are no fragments.
 */
static bool parse(const uint8_t *packet, size_t size, struct address *ret_source)
{
	const struct ip *ip = (const struct ip *)packet;
	const struct ip6_hdr *ip6 = (const struct ip6_hdr *)packet;

	if (size >= sizeof(*ip) + 4 && ip->ip_v == 4) {
		if (ip->ip_p != IPPROTO_TCP || !is_smtp(packet + ip->ip_hl * 4))
			return false;
		*ret_source = (struct address){.bytes = {[10] = 0xff, [11] = 0xff}};
		memcpy(ret_source->bytes + 12, &ip->ip_src, 4);
		return true;
	}
	if (size < sizeof(*ip6) + 4 || ip->ip_v != 6 || ip6->ip6_nxt != IPPROTO_TCP ||
	    !is_smtp(packet + sizeof(*ip6)))
		return false;
	memcpy(ret_source->bytes, &ip6->ip6_src, 16);
	return true;
}

static void count(struct capture *capture, const struct address *source)
{
	size_t i = 0;

	while (i < capture->n_sources && !address_equal(&capture->sources[i].address, source))
		i++;
	if (i == SOURCES_MAX)
		return;
	if (i == capture->n_sources)
		capture->sources[capture->n_sources++].address = *source;
	capture->sources[i].packets++;
}

static void *read_packets(void *data)
{
	struct capture *capture = data;
	struct address source;
	_Alignas(8) uint8_t packet[128];
	bool last;

	do {
		struct pollfd readable = {.fd = capture->fd, .events = POLLIN};
		struct sockaddr_ll from;
		socklen_t from_size = sizeof(from);
		ssize_t size;

		last = atomic_load(&capture->stop);
		poll(&readable, 1, 10);
		while ((size = recvfrom(capture->fd, packet, sizeof(packet), MSG_DONTWAIT,
					(struct sockaddr *)&from, &from_size)) >= 0)
			if (from.sll_pkttype != PACKET_OUTGOING &&
			    parse(packet, (size_t)size, &source))
				count(capture, &source);
	} while (!last);
	return NULL;
}

struct capture *capture_start_on(enum host host, const char *interface)
{
	struct capture *capture = calloc(1, sizeof(*capture));
	struct sockaddr_ll wire = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	int buffer_bytes = 256 << 20;

	cr_assert_not_null(capture);
	host_enter(host);
	capture->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	wire.sll_ifindex = (int)if_nametoindex(interface);
	host_leave();
	cr_assert_geq(capture->fd, 0, "packet socket: %s", strerror(errno));
	setsockopt(capture->fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof(buffer_bytes));
	cr_assert_eq(bind(capture->fd, (struct sockaddr *)&wire, sizeof(wire)), 0);
	cr_assert_eq(pthread_create(&capture->reader, NULL, read_packets, capture), 0);
	return capture;
}

struct capture *capture_start(void)
{
	return capture_start_on(INTERNET, "wan");
}

const struct capture_source *capture_stop(struct capture *capture, size_t *ret_count)
{
	struct tpacket_stats stats;
	socklen_t size = sizeof(stats);

	atomic_store(&capture->stop, true);
	pthread_join(capture->reader, NULL);
	cr_assert_eq(getsockopt(capture->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size), 0);
	cr_assert_eq(stats.tp_drops, 0, "the capture lost %u packets", stats.tp_drops);
	cr_assert_lt(capture->n_sources, SOURCES_MAX);
	close(capture->fd);
	*ret_count = capture->n_sources;
	return capture->sources;
}

void capture_free(struct capture *capture)
{
	free(capture);
}
