/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cost of the hold to traffic that is not mail: sendto() of small UDP packets on loopback, in a
 * network namespace of its own, with the hold's programs on the root cgroup and without.
 *
 * usage: bench-hold CPU ROUNDS
 *
 * Parts of 512 packets take turns, and a round's figure is the first quartile of its parts: other
 * work on the machine only adds. Prints "hold-send postern NS" and "hold-send other NS" a round.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "bench/wire.h"
#include "hold.skel.h"
#include "postern/hold.h"

#define PART_PACKETS 512
#define PARTS	     32 /* of each kind in a round */
#define PAYLOAD	     64
#define BUFFER_BYTES (8 << 20)
#define LINKS	     3

static struct hold_bpf *hold;
static struct bpf_link *links[LINKS];
static int cgroup = -1;
static int receiver = -1;
static int sender = -1;
static struct sockaddr_in to = {.sin_family = AF_INET};

static void check(bool good, const char *what)
{
	if (!good)
		die("%s: %s", what, strerror(errno));
}

static void open_loopback(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	socklen_t size = sizeof(to);
	int bytes = BUFFER_BYTES;

	check(!unshare(CLONE_NEWNET), "a network namespace");
	receiver = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	sender = socket(AF_INET, SOCK_DGRAM, 0);
	check(receiver >= 0 && sender >= 0 && !ioctl(sender, SIOCSIFFLAGS, &request), "lo");
	setsockopt(receiver, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	check(!bind(receiver, (struct sockaddr *)&to, sizeof(to)) &&
		      !getsockname(receiver, (struct sockaddr *)&to, &size),
	      "bind");
}

static void load(void)
{
	struct hold_settings settings = {.scope = HOLD_NEW_INTERFACES, .ports = {25, 465, 587}};
	socklen_t size = sizeof(settings.netns_cookie);
	const __u32 zero = 0;

	hold = hold_bpf__open_and_load();
	check(hold && !cgroup_open_root(&cgroup), "the hold");
	check(!getsockopt(sender, SOL_SOCKET, SO_NETNS_COOKIE, &settings.netns_cookie, &size) &&
		      !bpf_map_update_elem(bpf_map__fd(hold->maps.postern_hold), &zero, &settings,
					   BPF_ANY),
	      "settings");
}

static void attach(void)
{
	const struct bpf_program *programs[LINKS] = {hold->progs.postern_connect4,
						     hold->progs.postern_connect6,
						     hold->progs.postern_held_out};

	for (int i = 0; i < LINKS; i++) {
		links[i] = bpf_program__attach_cgroup(programs[i], cgroup);
		check(links[i], "attaching");
	}
}

static void detach(void)
{
	for (int i = 0; i < LINKS; i++)
		bpf_link__destroy(links[i]);
}

static double run_part(void)
{
	char payload[PAYLOAD] = {0};
	uint64_t before = cpu_ns();
	int received = 0;

	for (int i = 0; i < PART_PACKETS; i++)
		check(sendto(sender, payload, sizeof(payload), 0, (struct sockaddr *)&to,
			     sizeof(to)) == sizeof(payload),
		      "sendto");
	before = cpu_ns() - before;
	while (recv(receiver, payload, sizeof(payload), 0) > 0)
		received++;
	if (received != PART_PACKETS)
		die("%d of %d packets came", received, PART_PACKETS);
	return (double)before / PART_PACKETS;
}

static int compare(const void *a, const void *b)
{
	double first = *(const double *)a, second = *(const double *)b;

	return (first > second) - (first < second);
}

static double first_quartile(double parts[PARTS])
{
	qsort(parts, PARTS, sizeof(*parts), compare);
	return parts[PARTS / 4];
}

static void run_round(void)
{
	double with[PARTS], without[PARTS];

	for (int i = 0; i < PARTS; i++) {
		for (int half = 0; half < 2; half++) {
			bool is_attached = (i + half) % 2;

			if (is_attached)
				attach();
			run_part(); /* both begin warm */
			*(is_attached ? &with[i] : &without[i]) = run_part();
			if (is_attached)
				detach();
		}
	}
	printf("hold-send postern %.1f\n", first_quartile(with));
	printf("hold-send other %.1f\n", first_quartile(without));
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "hold: wrong usage, see the head of its source\n");
		return 2;
	}
	pin_to_cpu((unsigned)atoi(argv[1]));
	open_loopback();
	load();
	for (int round = atoi(argv[2]); round > 0; round--)
		run_round();
	hold_bpf__destroy(hold);
	return 0;
}
