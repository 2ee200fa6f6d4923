/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of the configuration for Postfix, and its reading by Postfix. */
#include "mta/postfix.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config_file.h"

TestSuite(mta_postfix, .init = config_file_setup, .fini = config_file_teardown);

#define NORMAL                                                                                     \
	"pool \"normal\" { addresses = { \"192.0.2.10\", \"2001:db8::10\" }"                       \
	" handles = { \"100.127.0.1\", \"100.127.0.9\", \"fd70::1\", \"fd70::9\" }"                \
	" helo = \"out.example.net\" }\n"
#define HIGH_RISK                                                                                  \
	"pool \"high-risk\" { addresses = { \"198.51.100.20\" }"                                   \
	" handles = { \"fd70::2\", \"100.127.0.2\" } }\n"

#define STRIP                                                                                      \
	"  -o { smtp_header_checks = regexp:{ {/^X-Postern-/ IGNORE} } }\n"                        \
	"  -o { smtp_nested_header_checks = $smtp_header_checks }\n"
#define MASTER_HEADING                                                                             \
	"# Postern: one lane per pool; smtp_bind_address_enforce needs Postfix 3.7.\n"
#define ADDRESS_HEADING                                                                            \
	"# Postern: one lane per address; smtp_bind_address_enforce needs Postfix 3.7.\n"
#define FIRST_LANE                                                                                 \
	"postern-normal unix - - n - - smtp\n"                                                     \
	"  -o smtp_bind_address=100.127.0.1\n"                                                     \
	"  -o smtp_bind_address6=fd70::1\n"                                                        \
	"  -o smtp_bind_address_enforce=yes\n"                                                     \
	"  -o smtp_helo_name=out.example.net\n" STRIP "  -o syslog_name=postfix/postern-normal\n"
#define SECOND_LANE                                                                                \
	"postern-normal~2 unix - - n - - smtp\n"                                                   \
	"  -o smtp_bind_address=100.127.0.9\n"                                                     \
	"  -o smtp_bind_address6=fd70::9\n"                                                        \
	"  -o smtp_bind_address_enforce=yes\n"                                                     \
	"  -o smtp_helo_name=out.example.net\n" STRIP                                              \
	"  -o syslog_name=postfix/postern-normal~2\n"
#define NORMAL_LANE FIRST_LANE SECOND_LANE
#define HIGH_RISK_LANE                                                                             \
	"postern-high-risk unix - - n - - smtp\n"                                                  \
	"  -o smtp_bind_address=100.127.0.2\n"                                                     \
	"  -o inet_protocols=ipv4\n"                                                               \
	"  -o inet_interfaces=100.127.0.2\n"                                                       \
	"  -o smtp_bind_address_enforce=yes\n" STRIP                                               \
	"  -o syslog_name=postfix/postern-high-risk\n"

#define REWRITE_MASTER                                                                             \
	"# At each delivery the agent is asked for the lane of the sender, so queued mail "        \
	"follows a\n"                                                                              \
	"# changed verdict. Bounces (the null sender), also Postfix's own, use the lane of pool\n" \
	"# high-risk. While the agent is down, mail waits.\n"                                      \
	"rewrite-postern unix - - n - - trivial-rewrite\n"                                         \
	"  -o "                                                                                    \
	"sender_dependent_default_transport_maps=socketmap:unix:/run/postern/"                     \
	"socketmap.sock:lane\n"

#define MAIN_HEADING "# Postern: the choice of the lane.\n"
#define NORMAL_COMMENT                                                                             \
	"# Mail to other hosts uses a lane of pool normal, unless the agent names another one.\n"  \
	"# relayhost stays the next hop; transport_maps and relay_transport (for relay_domains)\n" \
	"# are not affected.\n"
#define NORMAL_MAIN NORMAL_COMMENT "default_transport = postern-normal:\n"
#define REWRITE_MAIN                                                                               \
	"# Only the queue manager asks for the lane of a sender (master.cf): mail is received "    \
	"while\n"                                                                                  \
	"# the agent is down.\n"                                                                   \
	"rewrite_service_name = ${{$process_name} == {qmgr} ? {rewrite-postern} : {rewrite}}\n"
#define MILTER_MAIN                                                                                \
	"# The milter judges each received message. It comes after other milters, to see the "     \
	"marks\n"                                                                                  \
	"# of scanners: smtpd_milters = OTHERS, { …\n"                                           \
	"# default_action follows on_agent_down = \"accept\".\n"                                   \
	"smtpd_milters = { unix:/run/postern/milter.sock, default_action=accept }\n"               \
	"non_smtpd_milters = $smtpd_milters\n"
#define FILTER_MAIN                                                                                \
	"# A message for another pool than normal keeps its lane for all of its recipients, "      \
	"whatever\n"                                                                               \
	"# is decided later, also for recipients on this host and in transport_maps.\n"
#define FILTER_HIGH_RISK                                                                           \
	"milter_header_checks = regexp:{ "                                                         \
	"{/^X-Postern-Lane:[[:space:]]*postern-high-risk[[:space:]]*$$/ FILTER "                   \
	"postern-high-risk:$relayhost} }\n"

static const char *print(const char *text, enum postfix_part part)
{
	static char output[8192];
	struct config *config = config_file_load(text);
	FILE *out = fmemopen(output, sizeof(output), "w");

	cr_assert_not_null(out);
	cr_expect_eq(postfix_print(config, part, out), 0);
	fclose(out);
	config_free(config);
	return output;
}

Test(mta_postfix, the_master_part_has_a_lane_for_each_pool)
{
	cr_expect_str_eq(print(NORMAL HIGH_RISK, POSTFIX_MASTER),
			 MASTER_HEADING NORMAL_LANE HIGH_RISK_LANE REWRITE_MASTER);
}

Test(mta_postfix, the_main_part_chooses_lanes_for_mail)
{
	cr_expect_str_eq(
		print(NORMAL HIGH_RISK, POSTFIX_MAIN),
		MAIN_HEADING NORMAL_MAIN REWRITE_MAIN MILTER_MAIN FILTER_MAIN FILTER_HIGH_RISK);
}

Test(mta_postfix, the_whole_names_the_place_of_each_part)
{
	cr_expect_str_eq(
		print(NORMAL HIGH_RISK, POSTFIX_ALL),
		"# ---- to be appended to master.cf (postern mta postfix master)\n\n" MASTER_HEADING
			NORMAL_LANE HIGH_RISK_LANE REWRITE_MASTER
		"\n# ---- to be appended to main.cf (postern mta postfix main)\n\n" MAIN_HEADING
			NORMAL_MAIN REWRITE_MAIN MILTER_MAIN FILTER_MAIN FILTER_HIGH_RISK);
}

Test(mta_postfix, a_pool_without_ipv4_has_a_lane_of_ipv6_only)
{
	cr_expect_str_eq(print(NORMAL "pool \"high-risk\" { addresses = \"2001:db8::20\""
				      " handles = { \"100.127.0.2\", \"fd70::2\" }"
				      " helo = \"[IPv6:2001:db8::20]\" }\n",
			       POSTFIX_MASTER),
			 MASTER_HEADING NORMAL_LANE
			 "postern-high-risk unix - - n - - smtp\n"
			 "  -o smtp_bind_address6=fd70::2\n"
			 "  -o inet_protocols=ipv6\n"
			 "  -o inet_interfaces=fd70::2\n"
			 "  -o smtp_bind_address_enforce=yes\n"
			 "  -o smtp_helo_name=[IPv6:2001:db8::20]\n" STRIP
			 "  -o syslog_name=postfix/postern-high-risk\n" REWRITE_MASTER);
}

Test(mta_postfix, a_family_may_have_its_addresses_through_when_empty)
{
	cr_expect_str_eq(print(NORMAL HIGH_RISK "pool \"x\" { addresses = \"192.0.2.30\""
						" handles = { \"100.127.0.3\", \"fd70::3\" }"
						" when_empty = \"y\" }\n"
						"pool \"y\" { addresses = \"192.0.2.31\""
						" handles = \"100.127.0.4\""
						" when_empty = \"normal\" }\n",
			       POSTFIX_MASTER),
			 MASTER_HEADING NORMAL_LANE HIGH_RISK_LANE
			 "postern-x unix - - n - - smtp\n"
			 "  -o smtp_bind_address=100.127.0.3\n"
			 "  -o smtp_bind_address6=fd70::3\n"
			 "  -o smtp_bind_address_enforce=yes\n" STRIP
			 "  -o syslog_name=postfix/postern-x\n"
			 "postern-y unix - - n - - smtp\n"
			 "  -o smtp_bind_address=100.127.0.4\n"
			 "  -o inet_protocols=ipv4\n"
			 "  -o inet_interfaces=100.127.0.4\n"
			 "  -o smtp_bind_address_enforce=yes\n" STRIP
			 "  -o syslog_name=postfix/postern-y\n" REWRITE_MASTER);
}

Test(mta_postfix, lanes_of_addresses_are_printed_one_by_one)
{
	const char *text = "lanes = \"address\"\n"
			   "pool \"normal\" { addresses = {\n"
			   "  \"192.0.2.10 handle 100.127.0.10 helo out10.example.net\",\n"
			   "  \"2001:db8::10 handle fd70::10 helo out10.example.net\" } }\n"
			   "pool \"high-risk\" { addresses = {\n"
			   "  \"198.51.100.20 handle 100.127.0.20\",\n"
			   "  \"2001:db8::20 handle fd70::20\" } }\n";

	cr_expect_str_eq(
		print(text, POSTFIX_MASTER), ADDRESS_HEADING
		"postern-normal~192.0.2.10 unix - - n - - smtp\n"
		"  -o smtp_bind_address=100.127.0.10\n"
		"  -o smtp_bind_address6=fd70::10\n"
		"  -o smtp_bind_address_enforce=yes\n"
		"  -o smtp_helo_name=out10.example.net\n" STRIP
		"  -o syslog_name=postfix/postern-normal~192.0.2.10\n"
		"postern-high-risk~198.51.100.20 unix - - n - - smtp\n"
		"  -o smtp_bind_address=100.127.0.20\n"
		"  -o inet_protocols=ipv4\n"
		"  -o inet_interfaces=100.127.0.20\n"
		"  -o smtp_bind_address_enforce=yes\n" STRIP
		"  -o syslog_name=postfix/postern-high-risk~198.51.100.20\n"
		"postern-high-risk~2001-db8--20 unix - - n - - smtp\n"
		"  -o smtp_bind_address6=fd70::20\n"
		"  -o inet_protocols=ipv6\n"
		"  -o inet_interfaces=fd70::20\n"
		"  -o smtp_bind_address_enforce=yes\n" STRIP
		"  -o syslog_name=postfix/postern-high-risk~2001-db8--20\n" REWRITE_MASTER);
	cr_expect_str_eq(
		print(text, POSTFIX_MAIN), MAIN_HEADING NORMAL_COMMENT
		"default_transport = postern-normal~192.0.2.10:\n" REWRITE_MAIN MILTER_MAIN
			FILTER_MAIN "milter_header_checks = regexp:{ "
		"{/^X-Postern-Lane:[[:space:]]*postern-high-risk~198\\.51\\.100\\.20[[:space:]]*$$/"
		" "
		"FILTER postern-high-risk~198.51.100.20:$relayhost} "
		"{/^X-Postern-Lane:[[:space:]]*postern-high-risk~2001-db8--20[[:space:]]*$$/ "
		"FILTER postern-high-risk~2001-db8--20:$relayhost} }\n");
}

Test(mta_postfix, without_a_fitting_handle_no_lane_is_printed_or_named)
{
	const char *text =
		"pool \"normal\" { addresses = \"192.0.2.10\" }\n"
		"pool \"high-risk\" { addresses = \"192.0.2.20\" handles = \"fd70::2\" }\n";

	cr_expect_str_eq(print(text, POSTFIX_MASTER), MASTER_HEADING
			 "# No lane for pool normal: no handle in a family of its addresses.\n"
			 "# No lane for pool high-risk: no handle in a family of its "
			 "addresses.\n" REWRITE_MASTER);
	cr_expect_str_eq(
		print(text, POSTFIX_MAIN), MAIN_HEADING
		"# Pool normal has no lane: default_transport stays unchanged.\n" REWRITE_MAIN
			MILTER_MAIN FILTER_MAIN "milter_header_checks = regexp:{ "
		"{/^X-Postern-Pool:[[:space:]]*high-risk[[:space:]]*$$/ FILTER "
		"retry:4.7.1 pool high-risk has no lane, mail waits} }\n");
}

Test(mta_postfix, a_full_disk_is_reported)
{
	struct config *config = config_file_load(NORMAL HIGH_RISK);
	FILE *out = fopen("/dev/full", "w");

	cr_assert_not_null(out);
	cr_expect_eq(postfix_print(config, POSTFIX_ALL, out), -EIO);
	/* Unbuffered, so the error comes before the last flush. */
	clearerr(out);
	setvbuf(out, NULL, _IONBF, 0);
	cr_expect_eq(postfix_print(config, POSTFIX_ALL, out), -EIO);
	fclose(out);
	config_free(config);
}

/* The output of a command. */
static const char *command_output(const char *command)
{
	static char output[8192];
	FILE *in = popen(command, "r");
	size_t size;

	cr_assert_not_null(in);
	size = fread(output, 1, sizeof(output) - 1, in);
	output[size] = '\0';
	cr_expect_eq(pclose(in), 0, "%s:\n%s", command, output);
	return output;
}

static void append(const char *directory, const char *name, const char *text)
{
	char path[128];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	out = fopen(path, "a");
	cr_assert_not_null(out);
	fputs(text, out);
	cr_expect_eq(fclose(out), 0);
}

/* The expansion by Postfix. */
static void expect_value(const char *directory, const char *parameter, const char *value)
{
	char command[256], line[256];

	snprintf(command, sizeof(command), "/usr/sbin/postconf -c %s -xh %s 2>&1", directory,
		 parameter);
	snprintf(line, sizeof(line), "%s\n", value);
	cr_expect_str_eq(command_output(command), line);
}

/* The result of milter_header_checks for a header. */
static void expect_filter(const char *directory, const char *header, const char *action)
{
	char command[512], line[128];

	snprintf(command, sizeof(command),
		 "/usr/sbin/postmap -c %s -q '%s' \"$(/usr/sbin/postconf -c %s -xh "
		 "milter_header_checks)\" 2>&1 || test -z '%s'",
		 directory, header, directory, action);
	snprintf(line, sizeof(line), *action ? "%s\n" : "%s", action);
	cr_expect_str_eq(command_output(command), line, "%s", header);
}

#define MORE_POOLS                                                                                 \
	"pool \"re.lay+1\" { addresses = \"192.0.2.30\" handles = \"100.127.0.3\" }\n"             \
	"pool \"bare\" { addresses = \"192.0.2.31\" }\n"

Test(mta_postfix, postfix_understands_both_parts)
{
	char directory[] = "/tmp/postern-lanes-XXXXXX", command[512];

	cr_assert_not_null(mkdtemp(directory));
	append(directory, "main.cf", "compatibility_level = 3.6\n");
	append(directory, "main.cf", print(NORMAL HIGH_RISK MORE_POOLS, POSTFIX_MAIN));
	append(directory, "master.cf", "smtp unix - - n - - smtp\n");
	append(directory, "master.cf", print(NORMAL HIGH_RISK, POSTFIX_MASTER));

	snprintf(command, sizeof(command), "/usr/sbin/postconf -c %s -P 2>&1", directory);
	cr_expect_str_eq(
		command_output(command),
		"postern-normal/unix/smtp_bind_address = 100.127.0.1\n"
		"postern-normal/unix/smtp_bind_address6 = fd70::1\n"
		"postern-normal/unix/smtp_bind_address_enforce = yes\n"
		"postern-normal/unix/smtp_header_checks = regexp:{ {/^X-Postern-/ IGNORE} }\n"
		"postern-normal/unix/smtp_helo_name = out.example.net\n"
		"postern-normal/unix/smtp_nested_header_checks = $smtp_header_checks\n"
		"postern-normal/unix/syslog_name = postfix/postern-normal\n"
		"postern-normal~2/unix/smtp_bind_address = 100.127.0.9\n"
		"postern-normal~2/unix/smtp_bind_address6 = fd70::9\n"
		"postern-normal~2/unix/smtp_bind_address_enforce = yes\n"
		"postern-normal~2/unix/smtp_header_checks = regexp:{ {/^X-Postern-/ IGNORE} }\n"
		"postern-normal~2/unix/smtp_helo_name = out.example.net\n"
		"postern-normal~2/unix/smtp_nested_header_checks = $smtp_header_checks\n"
		"postern-normal~2/unix/syslog_name = postfix/postern-normal~2\n"
		"postern-high-risk/unix/inet_interfaces = 100.127.0.2\n"
		"postern-high-risk/unix/inet_protocols = ipv4\n"
		"postern-high-risk/unix/smtp_bind_address = 100.127.0.2\n"
		"postern-high-risk/unix/smtp_bind_address_enforce = yes\n"
		"postern-high-risk/unix/smtp_header_checks = regexp:{ {/^X-Postern-/ IGNORE} "
		"}\n"
		"postern-high-risk/unix/smtp_nested_header_checks = $smtp_header_checks\n"
		"postern-high-risk/unix/syslog_name = postfix/postern-high-risk\n"
		"rewrite-postern/unix/sender_dependent_default_transport_maps = "
		"socketmap:unix:/run/postern/socketmap.sock:lane\n");
	expect_value(directory, "default_transport", "postern-normal:");
	expect_value(directory, "smtpd_milters",
		     "{ unix:/run/postern/milter.sock, default_action=accept }");
	expect_value(directory, "non_smtpd_milters",
		     "{ unix:/run/postern/milter.sock, default_action=accept }");
	/* postconf is not the queue manager. */
	expect_value(directory, "rewrite_service_name", "rewrite");
	expect_filter(directory, "X-Postern-Lane: postern-high-risk", "FILTER postern-high-risk:");
	expect_filter(directory, "x-postern-lane:postern-high-risk", "FILTER postern-high-risk:");
	expect_filter(directory, "X-Postern-Lane: postern-re.lay+1", "FILTER postern-re.lay+1:");
	expect_filter(directory, "X-Postern-Lane: postern-reslay+1", "");
	expect_filter(directory, "X-Postern-Lane: postern-normal", "");
	expect_filter(directory, "X-Postern-Lane: postern-high-risks", "");
	expect_filter(directory, "X-Postern-Lane: a postern-high-risk", "");
	expect_filter(directory, "X-Postern-Pool: high-risk", "");
	expect_filter(directory, "X-Postern-Pool: bare",
		      "FILTER retry:4.7.1 pool bare has no lane, mail waits");
	append(directory, "main.cf", "relayhost = [mx.example.org]:587, [192.0.2.1]\n");
	expect_filter(directory, "X-Postern-Lane: postern-high-risk",
		      "FILTER postern-high-risk:[mx.example.org]:587, [192.0.2.1]");

	snprintf(command, sizeof(command), "rm -rf %s", directory);
	cr_expect_eq(system(command), 0);
}
