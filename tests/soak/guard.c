/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host that loses its uplink, pool addresses and handles at random while the guard lives, under
 * new connections of the host. Must be zero: packets by a wrong source, losses that are not put
 * back.
 */
#include <criterion/criterion.h>
#include <poll.h>
#include <stdlib.h>

#include "netns/postern.h"
#include "netns/stream.h"
#include "soak/count.h"

#define LOSSES	 4 /* of each kind at most: the guard puts an address back ten times */
#define PAUSE_MS 300

TestSuite(soak_guard, .init = world_init, .fini = world_done, .timeout = 180);

static const struct loss {
	const char *name, *command, *is_back;
} losses[] = {
	{"uplinks moved away and back",
	 "ip link set wan netns $name-tenant; sleep 0.1; ip -n $name-tenant link set wan netns "
	 "$name-mail;"
	 "ip address add " MAIL_IPV4 "/24 dev wan; ip address add " MAIL_IPV6 "/64 dev wan nodad;"
	 "ip link set wan up; ip route add default via 192.0.2.1;"
	 "ip -6 route add default via 2001:db8:1::1",
	 "ip address show dev wan | grep -q 2001:db8:1::30"},
	{"pool addresses removed", "ip address del 192.0.2.10/32 dev wan",
	 "ip address show dev wan | grep -q 192.0.2.10/32"},
	{"pool addresses removed", "ip address del 2001:db8:1::20/128 dev wan",
	 "ip address show dev wan | grep -q 2001:db8:1::20/128"},
	{"handles removed", "ip address del " HANDLE_HIGH_RISK "/32 dev lo",
	 "ip address show dev lo | grep -q " HANDLE_HIGH_RISK "/32"},
};
#define N_LOSSES (sizeof(losses) / sizeof(losses[0]))

static void lose(const struct loss *loss)
{
	poll(NULL, 0, (int)count_random(PAUSE_MS));
	free(host_must(MAIL, "%s", loss->command));
	count_add(loss->name, 1);
	count_add_zero("losses that stayed",
		       !wait_for(host_succeeds(MAIL, "%s", loss->is_back), 5000));
}

Test(soak_guard, losses_at_random)
{
	unsigned times[N_LOSSES] = {0};
	struct capture *capture;

	receiver_open(25);
	postern_configure(NULL);
	postern_guard();
	capture = capture_start();
	stream_start(MAIL);
	for (int i = 0; i < 2 * LOSSES; i++) {
		unsigned kind = count_random(N_LOSSES);

		if (times[kind]++ < LOSSES)
			lose(&losses[kind]);
	}
	count_capture(capture);
}
