/* SPDX-License-Identifier: BSD-2-Clause */
/* The packets, and their repetition. */
#include "netlink/announcer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip6.h>
#include <stdio.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"

struct announcement {
	struct address address;
	int index;
	unsigned left;
};

struct announcer {
	int fd;
	struct announcement *list;
	size_t count;
};

int announcer_open(struct announcer **ret_announcer, struct error *error)
{
	struct announcer *announcer = calloc(1, sizeof(*announcer));
	int r;

	if (!announcer)
		return error_set(error, -ENOMEM, "out of memory");
	announcer->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (announcer->fd < 0) {
		r = -errno;
		announcer_close(announcer);
		return error_set(error, r, "cannot announce addresses: %s", strerror(-r));
	}
	*ret_announcer = announcer;
	return 0;
}

void announcer_close(struct announcer *announcer)
{
	if (!announcer)
		return;
	close_fd_p(&announcer->fd);
	free(announcer->list);
	free(announcer);
}

/* ---- packets */

struct link {
	char name[IF_NAMESIZE];
	uint8_t hardware[ETH_ALEN];
};

/* False: its neighbours have no table of hardware addresses, or it is gone. */
static bool link_read(int fd, int index, struct link *ret_link)
{
	struct ifreq request = {0};
	struct link link = {0};

	if (!if_indextoname((unsigned)index, link.name))
		return false;
	memcpy(request.ifr_name, link.name, sizeof(link.name));
	if (ioctl(fd, SIOCGIFFLAGS, &request) || request.ifr_flags & (IFF_NOARP | IFF_LOOPBACK) ||
	    ioctl(fd, SIOCGIFHWADDR, &request) || request.ifr_hwaddr.sa_family != ARPHRD_ETHER)
		return false;
	memcpy(link.hardware, request.ifr_hwaddr.sa_data, ETH_ALEN);
	*ret_link = link;
	return true;
}

static void send_to(int fd, int index, uint16_t protocol, const uint8_t hardware[ETH_ALEN],
		    const void *packet, size_t size)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET,
				 .sll_ifindex = index,
				 .sll_protocol = htons(protocol),
				 .sll_halen = ETH_ALEN};

	memcpy(to.sll_addr, hardware, ETH_ALEN);
	sendto(fd, packet, size, 0, (const struct sockaddr *)&to, sizeof(to));
}

static void send_arp(int fd, const struct announcement *announcement, const struct link *link)
{
	static const uint8_t everybody[ETH_ALEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct ether_arp packet = {.ea_hdr = {.ar_hrd = htons(ARPHRD_ETHER),
					      .ar_pro = htons(ETHERTYPE_IP),
					      .ar_hln = ETH_ALEN,
					      .ar_pln = 4,
					      .ar_op = htons(ARPOP_REQUEST)}};

	memcpy(packet.arp_sha, link->hardware, ETH_ALEN);
	memcpy(packet.arp_spa, announcement->address.bytes + 12, 4);
	memcpy(packet.arp_tpa, announcement->address.bytes + 12, 4);
	send_to(fd, announcement->index, ETHERTYPE_ARP, everybody, &packet, sizeof(packet));
}

struct advertisement {
	struct ip6_hdr ip;
	struct nd_neighbor_advert advert;
	struct nd_opt_hdr option;
	uint8_t hardware[ETH_ALEN];
} __attribute__((packed));

/* RFC 4443 section 2.3: over the pseudo-header and the message. */
static uint16_t checksum(const struct advertisement *packet)
{
	const size_t size = sizeof(*packet) - sizeof(packet->ip);
	const uint8_t *bytes = (const uint8_t *)&packet->ip.ip6_src;
	uint32_t sum = IPPROTO_ICMPV6 + (uint32_t)size;

	for (size_t i = 0; i < 2 * sizeof(packet->ip.ip6_src) + size; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	return htons((uint16_t)~sum);
}

/*
 * RFC 4861 section 7.2.5: an advertisement without the router flag would make neighbours forget a
 * router.
 */
static bool is_router(const struct link *link)
{
	char path[sizeof("/proc/sys/net/ipv6/conf//forwarding") + IF_NAMESIZE];
	_cleanup_(fclose_p) FILE *file = NULL;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/forwarding", link->name);
	file = fopen(path, "re");
	return file && fgetc(file) != '0';
}

static void send_advertisement(int fd, const struct announcement *announcement,
			       const struct link *link)
{
	static const uint8_t all_nodes[ETH_ALEN] = {0x33, 0x33, 0, 0, 0, 1};
	struct advertisement packet = {
		.ip = {.ip6_hlim = 255, /* RFC 4861 section 7.1.2: others are ignored */
		       .ip6_nxt = IPPROTO_ICMPV6,
		       .ip6_plen = htons(sizeof(packet) - sizeof(packet.ip))},
		.advert = {.nd_na_hdr.icmp6_type = ND_NEIGHBOR_ADVERT,
			   .nd_na_flags_reserved = ND_NA_FLAG_OVERRIDE},
		.option = {.nd_opt_type = ND_OPT_TARGET_LINKADDR, .nd_opt_len = 1},
	};

	packet.ip.ip6_vfc = 6 << 4;
	inet_pton(AF_INET6, "ff02::1", &packet.ip.ip6_dst);
	memcpy(&packet.ip.ip6_src, announcement->address.bytes, 16);
	memcpy(&packet.advert.nd_na_target, announcement->address.bytes, 16);
	memcpy(packet.hardware, link->hardware, ETH_ALEN);
	if (is_router(link))
		packet.advert.nd_na_flags_reserved |= ND_NA_FLAG_ROUTER;
	packet.advert.nd_na_cksum = checksum(&packet);
	send_to(fd, announcement->index, ETHERTYPE_IPV6, all_nodes, &packet, sizeof(packet));
}

static void announce(int fd, const struct announcement *announcement)
{
	struct link link;

	if (!link_read(fd, announcement->index, &link))
		return;
	if (address_is_ipv4(&announcement->address))
		send_arp(fd, announcement, &link);
	else
		send_advertisement(fd, announcement, &link);
}

/* ---- their repetition */

int announcer_add(struct announcer *announcer, const struct address *address, int index)
{
	struct announcement *grown =
		array_grow(announcer->list, announcer->count, sizeof(*announcer->list));

	if (!grown)
		return -ENOMEM;
	announcer->list = grown;
	grown[announcer->count] = (struct announcement){*address, index, ANNOUNCER_TIMES - 1};
	announce(announcer->fd, &grown[announcer->count++]);
	return 0;
}

/* False: none is left. */
static bool repeat(struct announcer *announcer)
{
	size_t left = 0;

	for (size_t i = 0; i < announcer->count; i++) {
		struct announcement *announcement = &announcer->list[i];

		announce(announcer->fd, announcement);
		if (--announcement->left)
			announcer->list[left++] = *announcement;
	}
	announcer->count = left;
	return left;
}

/* Keeps no file of the caller's but the socket: not its lock, and no pipe that somebody reads. */
static void repeat_to_the_end(struct announcer *announcer)
{
	unsigned fd = (unsigned)announcer->fd;

	if (fd)
		close_range(0, fd - 1, 0);
	close_range(fd + 1, ~0U, 0);
	do
		nanosleep(&(const struct timespec){.tv_sec = 1}, NULL);
	while (repeat(announcer));
	_exit(0);
}

/* The child of the child belongs to init: nobody has to wait for it. */
static void repeat_in_child(struct announcer *announcer)
{
	pid_t child = fork();

	if (child == 0 && setsid() > 0 && fork() == 0)
		repeat_to_the_end(announcer);
	if (child == 0)
		_exit(0);
	if (child > 0)
		waitpid(child, NULL, 0);
}

void announcer_finish(struct announcer *announcer)
{
	if (!announcer || !announcer->count)
		return;
	repeat_in_child(announcer);
	announcer->count = 0;
}
