/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of the configuration for Exim. tests/netns runs Exim with it. */
#include "mta/exim.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "config/config.h"
#include "config_file.h"

TestSuite(mta_exim, .init = config_file_setup, .fini = config_file_teardown);

#define NORMAL                                                                                     \
	"pool \"normal\" { addresses = { \"192.0.2.10\", \"2001:db8::10\" }"                       \
	" handles = { \"100.127.0.1\", \"fd70::1\" }"                                              \
	" helo = \"out.example.net\" }\n"
#define HIGH_RISK                                                                                  \
	"pool \"high-risk\" { addresses = { \"198.51.100.20\" }"                                   \
	" handles = { \"fd70::2\", \"100.127.0.2\" } }\n"

static const char *print(const char *text, enum exim_part part)
{
	static char output[32768];
	struct config *config = config_file_load(text);
	FILE *out = fmemopen(output, sizeof(output), "w");
	struct error error = {""};

	cr_assert_not_null(out);
	cr_expect_eq(exim_print(config, part, out, &error), 0, "%s", error.text);
	fclose(out);
	config_free(config);
	return output;
}

#define expect_in(output, text)                                                                    \
	cr_expect(strstr(output, text), "not found:\n%s\nin:\n%s", text, output)

Test(mta_exim, each_lane_is_a_transport_with_constant_addresses_of_both_families)
{
	const char *output = print(NORMAL HIGH_RISK, EXIM_TRANSPORTS);

	expect_in(output, "\npostern_normal:\n"
			  "  driver = smtp\n"
			  "  interface = <; 100.127.0.1 ; fd70::1\n"
			  "  helo_data = out.example.net\n"
			  ".ifdef POSTERN_SMTP\n.include POSTERN_SMTP\n.endif\n");
	/* ff00:: sends nothing: the pool has no IPv6 address. */
	expect_in(output, "\npostern_high_risk:\n"
			  "  driver = smtp\n"
			  "  interface = <; 100.127.0.2 ; ff00::\n"
			  ".ifdef POSTERN_SMTP\n");
}

Test(mta_exim, a_lane_of_one_family_ignores_hosts_of_the_other)
{
	const char *output = print(NORMAL HIGH_RISK "pool \"six\" { addresses = \"2001:db8::30\""
						    " handles = \"fd70::3\" }\n",
				   EXIM_ALL);

	expect_in(
		output,
		"POSTERN_FAMILIES = ${extract{${if def:r_postern_lane{$r_postern_lane}{none}}}{\\\n"
		"  postern-high-risk=::/0 \\\n"
		"  postern-six=0.0.0.0/0 }{; $value}}\n");
	expect_in(output, "  interface = <; 127.0.0.1 ; fd70::3\n");
}

Test(mta_exim, each_handle_of_a_pool_is_a_transport)
{
	const char *output =
		print("pool \"normal\" { addresses = { \"192.0.2.10\", \"2001:db8::10\" }"
		      " handles = { \"100.127.0.1\", \"100.127.0.9\", \"fd70::1\" } }\n" HIGH_RISK,
		      EXIM_ALL);

	expect_in(output, "  postern-normal=postern_normal \\\n"
			  "  postern-normal~2=postern_normal_2 \\\n"
			  "  postern-high-risk=postern_high_risk \\\n");
	expect_in(output, "\npostern_normal_2:\n"
			  "  driver = smtp\n"
			  "  interface = <; 100.127.0.9 ; fd70::1\n");
	expect_in(output,
		  "POSTERN_KNOWN = <, postern-normal, postern-normal~2, postern-high-risk\n");
}

Test(mta_exim, lanes_with_equal_names_in_exim_get_different_ones)
{
	const char *output =
		print(NORMAL HIGH_RISK "pool \"high_risk\" { addresses = \"192.0.2.30\""
				       " handles = \"100.127.0.3\" }\n"
				       "pool \"high.risk\" { addresses = \"192.0.2.31\""
				       " handles = \"100.127.0.4\" }\n",
		      EXIM_ALL);

	expect_in(output, "  postern-normal=postern_normal \\\n"
			  "  postern-high-risk=postern_high_risk \\\n"
			  "  postern-high_risk=postern2_high_risk \\\n"
			  "  postern-high.risk=postern3_high_risk \\\n"
			  "  }{$value}{postern_high_risk}}\n");
	expect_in(output, "\npostern_high_risk:\n");
	expect_in(output, "\npostern2_high_risk:\n");
	expect_in(output, "\npostern3_high_risk:\n");
	expect_in(output, "POSTERN_KNOWN = <, postern-normal, postern-high-risk, "
			  "postern-high_risk, postern-high.risk\n");
}

Test(mta_exim, an_address_with_a_handle_of_its_own_is_a_transport_with_its_own_name)
{
	const char *output =
		print("lanes = \"address\"\n"
		      "pool \"normal\" { addresses = { \"192.0.2.10 handle 100.127.1.1 helo "
		      "a.example.net\","
		      " \"2001:db8::10 handle fd70::1 helo b.example.net\" } }\n" HIGH_RISK,
		      EXIM_ALL);

	expect_in(output, "  postern-normal~192.0.2.10=postern_normal_192_0_2_10 \\\n"
			  "  postern-normal~2001-db8--10=postern_normal_2001_db8__10 \\\n");
	expect_in(output, "\npostern_normal_2001_db8__10:\n"
			  "  driver = smtp\n"
			  "  interface = <; 127.0.0.1 ; fd70::1\n"
			  "  helo_data = b.example.net\n");
	expect_in(output, "{!inlist{$acl_m_postern_lane}{<, postern-normal~192.0.2.10, "
			  "postern-normal~2001-db8--10}}");
}

Test(mta_exim, a_pool_without_a_lane_is_named_and_its_mail_waits)
{
	const char *output =
		print(NORMAL HIGH_RISK "pool \"relay\" { addresses = \"192.0.2.30\" }\n", EXIM_ALL);

	expect_in(output, "# No lane for pool relay: no handle in a family of its addresses.\n"
			  "# Its mail waits in the queue.\n");
	expect_in(output, "POSTERN_KNOWN = <, postern-normal, postern-high-risk\n");
}

Test(mta_exim, without_a_high_risk_lane_there_is_no_configuration)
{
	struct config *config = config_file_load(
		NORMAL "pool \"high-risk\" { addresses = \"192.0.2.20\" handles = \"fd70::2\" }\n");
	struct error error;

	for (enum exim_part part = 0; part <= EXIM_ALL; part++) {
		char output[256] = "";
		FILE *out = fmemopen(output, sizeof(output), "w");

		cr_expect_eq(exim_print(config, part, out, &error), -EINVAL);
		fclose(out);
		cr_expect_str_eq(output, "");
	}
	cr_expect_str_eq(error.text, "pool 'high-risk' has no lane: found no handle in a family "
				     "of its addresses, expected one");
	config_free(config);
}

Test(mta_exim, marks_and_domains_become_regular_expressions_that_mean_the_same)
{
	const char *output =
		print(NORMAL HIGH_RISK "spam_marks = { \"X-Spam: a  b\", \"X.Y: 9.5 (\\\\N{$\" }\n"
				       "internal_domains = { \"example.net\", \"*.x?[!a-c]\" }\n",
		      EXIM_MAIN);

	expect_in(output,
		  "POSTERN_MARKS = ^(?:\\\n"
		  "  X-Spam[ \\t]*:(?:[ \\t]|\\r?\\n[ \\t])*a(?:[ \\t]|\\r?\\n[ \\t])+b|\\\n"
		  "  X\\x2eY[ \\t]*:(?:[ \\t]|\\r?\\n[ \\t])*"
		  "9\\x2e5(?:[ \\t]|\\r?\\n[ \\t])+\\x28\\x5cN\\x7b\\x24"
		  ")(?![A-Za-z0-9])\n");
	/* $h_NAME: cannot name the other header. */
	expect_in(output, "{\\N(?im)POSTERN_MARKS\\N}}\\\n"
			  "  {>={${strlen:$h_X-Spam:}}{65000}}{match{$h_X-Spam:}"
			  "{\\N(?im)^a(?:[ \\t]|\\r?\\n[ \\t])+b(?![A-Za-z0-9])\\N}}}\n");
	expect_in(output, "POSTERN_OURS = example\\x2enet|.*\\x2ex.[^a-c]\n");
}

Test(mta_exim, without_marks_and_domains_nothing_matches)
{
	const char *output = print(NORMAL HIGH_RISK "spam_marks = { }\n", EXIM_MAIN);

	expect_in(output, "POSTERN_MARKS = (?!)\n");
	expect_in(output, "POSTERN_OURS = (?!)\n");
}

Test(mta_exim, mail_dns_follows_the_configuration)
{
	const char *output = print(NORMAL HIGH_RISK, EXIM_MAIN);
	const char *lookup = "${lookup dnsdb{retrans_2s,retry_1,aaaa=$acl_m_postern_domain}}";

	expect_in(output, "${lookup dnsdb{retrans_5s,retry_1,mx=$acl_m_postern_domain}}\n");
	cr_expect_null(strstr(output, "match{POSTERN_MX}"));
	cr_expect_null(strstr(output, "aaaa="));
	output = print(NORMAL HIGH_RISK
		       "mail_dns_aaaa = true\nmail_dns_null_mx = true\ndns_timeout_ms = 1001\n",
		       EXIM_MAIN);
	expect_in(output, "{!match{POSTERN_MX}{\\N^\\d+ \\.?$\\N}}}");
	expect_in(output, lookup);
}

Test(mta_exim, behaviour_without_the_agent_follows_the_configuration)
{
	expect_in(print(NORMAL HIGH_RISK, EXIM_MAIN), "POSTERN_AWAY = accept\n");
	expect_in(print(NORMAL HIGH_RISK "on_agent_down = \"defer\"\n", EXIM_MAIN),
		  "POSTERN_AWAY = defer\n");
}

Test(mta_exim, with_clients_as_identity_a_decision_holds)
{
	expect_in(print(NORMAL HIGH_RISK, EXIM_MAIN),
		  "POSTERN_CHOSEN = ${if and{{def:acl_m_postern_lane}{or{{<{$message_age}"
		  "{POSTERN_FRESH}}{!inlist{$acl_m_postern_lane}{<, postern-normal}}}}}{");
	expect_in(print(NORMAL HIGH_RISK "identity = \"client\"\n", EXIM_MAIN),
		  "POSTERN_CHOSEN = ${if def:acl_m_postern_lane{");
}

Test(mta_exim, the_socketmap_may_be_tcp)
{
	expect_in(print(NORMAL HIGH_RISK "socketmap = \"inet:[::1]:7778\"\n", EXIM_MAIN),
		  "POSTERN_SOCKETMAP = inet:[::1]:7778\n");
}

Test(mta_exim, a_path_is_quoted)
{
	expect_in(print(NORMAL HIGH_RISK "runtime_dir = \"/run/a b;{$x}\"\n", EXIM_MAIN),
		  "POSTERN_API = /run/a\\x20b\\x3b\\x7b\\x24x\\x7d/api.sock\n");
}

Test(mta_exim, the_whole_is_the_parts_with_headings)
{
	static char all[65536];
	size_t size;

	snprintf(all, sizeof(all), "%s", print(NORMAL HIGH_RISK, EXIM_ALL));
	size = strlen(all);
	for (enum exim_part part = 0; part < EXIM_PARTS; part++) {
		char heading[64];

		snprintf(heading, sizeof(heading), "(postern mta exim %s)\n\n",
			 exim_part_name(part));
		expect_in(all, heading);
		expect_in(all, print(NORMAL HIGH_RISK, part));
		size -= strlen(print(NORMAL HIGH_RISK, part));
	}
	cr_expect_lt(size, 400);
}

Test(mta_exim, a_full_disk_is_reported)
{
	struct config *config = config_file_load(NORMAL HIGH_RISK);
	FILE *out = fopen("/dev/full", "w");
	struct error error;

	cr_assert_not_null(out);
	cr_expect_eq(exim_print(config, EXIM_ALL, out, &error), -EIO);
	/* Unbuffered, so the error comes before the last flush. */
	clearerr(out);
	setvbuf(out, NULL, _IONBF, 0);
	cr_expect_eq(exim_print(config, EXIM_ALL, out, &error), -EIO);
	fclose(out);
	config_free(config);
}
