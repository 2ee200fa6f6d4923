/* SPDX-License-Identifier: BSD-2-Clause */
/* The harness itself, without a datapath: the assumptions of the other suites. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "netns/postern.h"

TestSuite(netns_world, .init = world_init, .fini = world_done, .timeout = 30);

Test(netns_world, every_host_reaches_the_receiver_by_its_own_address)
{
	static const struct {
		struct origin origin;
		const char *to, *from;
	} cases[] = {
		{{.host = MAIL}, RECEIVER_IPV4, MAIL_IPV4},
		{{.host = MAIL}, RECEIVER_IPV6, MAIL_IPV6},
		{{.host = TENANT}, RECEIVER_IPV4, TENANT_IPV4},
		{{.host = TENANT}, RECEIVER_IPV6, TENANT_IPV6},
		{{.host = TENANT, .bind = TENANT_OTHER, .port = 4000}, RECEIVER_IPV4, TENANT_OTHER},
		{{.host = MAIL, .uid = 65534, .in_cgroup = true}, RECEIVER_IPV4, MAIL_IPV4},
	};
	int receiver = receiver_open(25);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_talk_ struct talk talk =
			talk_must(receiver, &cases[i].origin, cases[i].to, 25);

		cr_assert_str_eq(talk.from, cases[i].from);
		cr_assert(talk_lives(&talk));
	}
}

Test(netns_world, the_capture_sees_an_address_that_is_in_no_pool)
{
	struct capture *capture = capture_start();
	char text[ADDRESS_TEXT_SIZE];
	const struct capture_source *sources;
	int receiver = receiver_open(25);
	size_t n;

	{
		_cleanup_talk_ struct talk talk =
			talk_must(receiver, &(struct origin){.host = TENANT}, RECEIVER_IPV6, 25);

		cr_assert(talk_lives(&talk));
	}
	sources = capture_stop(capture, &n);
	cr_assert_eq(n, 1);
	cr_assert_str_eq(address_format(&sources[0].address, text), TENANT_IPV6);
	cr_assert_str_eq(pool_of(text), "none");
	capture_free(capture);
}

Test(netns_world, a_transfer_of_200_mb_arrives_byte_for_byte_without_a_datapath)
{
	int receiver = receiver_open(25);
	_cleanup_talk_ struct talk talk =
		talk_must(receiver, &(struct origin){.host = MAIL}, RECEIVER_IPV4, 25);

	cr_assert(talk_transfer(&talk, 200 << 20, 20 << 20));
}
