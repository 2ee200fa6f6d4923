/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of resolv.conf. */
#include "dns/resolv_conf.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

TestSuite(dns_resolv_conf);

Test(dns_resolv_conf, each_line_is_a_server_or_none)
{
	static const struct {
		const char *line;
		int result;
		const char *text, *interface;
	} cases[] = {
		{"nameserver 192.0.2.53\n", 1, "192.0.2.53", ""},
		{"nameserver\t2001:DB8::53 # ours\n", 1, "2001:db8::53", ""},
		{"nameserver 192.0.2.53\r\n", 1, "192.0.2.53", ""},
		{"nameserver fe80::53%lo\n", 1, "fe80::53%1", "lo"},
		{"nameserver fe80::53%7\n", 1, "fe80::53%7", "7"},
		{"nameserver fe80::53%none\n", 1, "", "none"},
		{"nameserver localhost\n", -EINVAL, NULL, NULL},
		{"nameserver 300.0.0.1\n", -EINVAL, NULL, NULL},
		{"nameserver fe80::53%\n", -EINVAL, NULL, NULL},
		{"nameserver fe80::53%much-longer-than-a-name\n", -EINVAL, NULL, NULL},
		{"nameserver \n", -EINVAL, NULL, NULL},
		{"nameserver\n", -EINVAL, NULL, NULL},
		{"nameserver", 0, NULL, NULL},
		{"nameservers 192.0.2.53\n", 0, NULL, NULL},
		{"#nameserver 192.0.2.53\n", 0, NULL, NULL},
		{"; nameserver 192.0.2.53\n", 0, NULL, NULL},
		{"options edns0\n", 0, NULL, NULL},
		{"", 0, NULL, NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct resolv_conf_server server;
		int r = resolv_conf_line(cases[i].line, &server);

		cr_expect_eq(r, cases[i].result, "'%s': %d", cases[i].line, r);
		if (r != 1 || cases[i].result != 1)
			continue;
		cr_expect_str_eq(server.text, cases[i].text, "'%s': '%s'", cases[i].line,
				 server.text);
		cr_expect_str_eq(server.interface, cases[i].interface, "'%s'", cases[i].line);
	}
}
