/* SPDX-License-Identifier: BSD-2-Clause */
/* Documents of senders and flows. */
#include "view/view.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "unit/steering_fixture.h"

TestSuite(view, .init = steering_fixture_open, .fini = steering_fixture_close);

Test(view, a_sender_reads_as_documented)
{
	json_t *view;
	char *text;

	steering_fixture_steer("tenant-17", POOL_HIGH_RISK, NOW_SEC + 60);
	cr_assert_eq(view_sender(steering_fixture.steering, NULL, "tenant-17",
				 &(struct now){.ns = NOW_NS, .sec = NOW_SEC}, &view,
				 &steering_fixture.error),
		     0);
	text = json_dumps(view, JSON_COMPACT);
	cr_assert_str_eq(
		text,
		"{\"name\":\"tenant-17\",\"selectors\":[\"source 10.1.7.0/24\",\"mark 7\"],"
		"\"verdict\":{\"action\":\"steer\",\"pool\":\"high-risk\",\"reason\":\"manual\","
		"\"until\":\"2023-11-14T22:14:20Z\"},"
		"\"limits\":{\"connections_per_minute\":0,\"flows_max\":0},"
		"\"usage\":{\"flows\":0,\"connections\":0,\"refused\":0,\"over_limit\":0,"
		"\"idle_sec\":null}}");
	free(text);
	json_decref(view);
}

Test(view, flows_read_as_documented)
{
	struct flow_key key = {.source_port = 40000, .destination_port = 25};
	struct flow flow = {
		.port = 40001, .pool = POOL_NORMAL, .opened_ns = NOW_NS - 5 * NS_PER_SEC};
	struct return_key back_key = {.port = 40001, .remote_port = 25};
	struct return_entry back = {.in = {.packets = 2, .bytes = 100}};
	struct address address;
	json_t *view;
	char *text;

	address_parse("10.1.7.5", &address);
	memcpy(key.source, address.bytes, 16);
	address_parse("203.0.113.9", &address);
	memcpy(key.destination, address.bytes, 16);
	memcpy(back_key.remote, address.bytes, 16);
	memcpy(flow.address, steering_fixture.normal_addresses[0].address.bytes, 16);
	memcpy(back_key.address, flow.address, 16);
	flow.sender = steering_sender_find(steering_fixture.steering, "tenant-17")->id;
	flow.decider = flow.others[0] =
		steering_sender_find(steering_fixture.steering, "webmail")->id;
	flow.out.packets = 3;
	flow.out.bytes = 150;
	steering_fixture.fake->datapath.ops->put(&steering_fixture.fake->datapath, MAP_FLOWS, &key,
						 &flow);
	steering_fixture.fake->datapath.ops->put(&steering_fixture.fake->datapath, MAP_RETURNS,
						 &back_key, &back);
	cr_assert_eq(view_flows(steering_fixture.steering, NULL, NOW_NS, 0, &view,
				&steering_fixture.error),
		     0);
	text = json_dumps(view, JSON_COMPACT);
	cr_assert_str_eq(text, "[{\"sender\":\"tenant-17\",\"source\":\"10.1.7.5:40000\","
			       "\"destination\":\"203.0.113.9:25\",\"pool\":\"normal\","
			       "\"address\":\"192.0.2.10:40001\",\"state\":\"established\",\"cut\":"
			       "false,\"packets\":5,"
			       "\"bytes\":250,\"age_sec\":5,\"decider\":\"webmail\","
			       "\"others\":[\"webmail\"]}]");
	free(text);
	json_decref(view);
	cr_assert_eq(view_flows(steering_fixture.steering, "webmail", NOW_NS, 0, &view,
				&steering_fixture.error),
		     0);
	cr_assert_eq(json_array_size(view), 1, "it matched, too");
	json_decref(view);
	cr_assert_eq(view_flows(steering_fixture.steering, "handle/normal", NOW_NS, 0, &view,
				&steering_fixture.error),
		     0);
	cr_assert_eq(json_array_size(view), 0);
	json_decref(view);
}
