/* SPDX-License-Identifier: BSD-2-Clause */
/* When and how often the log reports undecided messages and a failing DNS. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "milter/dns_alarm.h"
#include "milter/outage.h"

#define FOR 1000 /* seconds on the clock at the start */

static struct outage outage;
static FILE *log_file;

/* stderr becomes an unnamed file. */
static void open_log(void)
{
	log_file = tmpfile();
	cr_assert_not_null(log_file);
	cr_assert_geq(dup2(fileno(log_file), STDERR_FILENO), 0);
}

TestSuite(milter_reports, .init = open_log);

/* The log since the last call. */
static void expect_reported(const char *expected)
{
	static long seen;
	char text[1024];
	size_t got;

	cr_assert_eq(fseek(log_file, seen, SEEK_SET), 0);
	got = fread(text, 1, sizeof(text) - 1, log_file);
	text[got] = '\0';
	seen += (long)got;
	cr_expect_str_eq(text, expected);
}

static void count(enum outage_kind kind, unsigned at_sec)
{
	static const struct error why = {"it hangs"};

	outage_count(&outage, kind, outage_take(&outage), &why, (FOR + at_sec) * NS_PER_SEC);
}

static void end(unsigned at_sec)
{
	outage_end(&outage, (FOR + at_sec) * NS_PER_SEC);
}

#define REPORT(what, passed, risky, deferred)                                                      \
	"milter: " what ": of the messages without the agent's decision " passed " passed, " risky \
	" were marked high-risk, " deferred " were deferred\n"

Test(milter_reports, an_outage_is_reported_at_once_every_minute_and_at_its_end)
{
	end(0);
	expect_reported("");
	count(OUTAGE_PASSED, 0);
	expect_reported(REPORT("it hangs", "1", "0", "0"));
	count(OUTAGE_HIGH_RISK, 1);
	count(OUTAGE_DEFERRED, 59);
	expect_reported("");
	count(OUTAGE_PASSED, 60);
	expect_reported(REPORT("it hangs", "2", "1", "1"));
	count(OUTAGE_PASSED, 61);
	end(62);
	expect_reported(REPORT("the agent answers again", "3", "1", "1"));
	end(200);
	expect_reported("");
}

Test(milter_reports, a_flapping_agent_is_reported_once_a_minute)
{
	count(OUTAGE_PASSED, 0);
	end(1);
	expect_reported(REPORT("it hangs", "1", "0", "0")
				REPORT("the agent answers again", "1", "0", "0"));
	count(OUTAGE_PASSED, 2);
	end(3);
	count(OUTAGE_PASSED, 4);
	end(5);
	expect_reported("");
	end(61);
	expect_reported(REPORT("the agent answers again", "2", "0", "0"));
}

Test(milter_reports, the_end_of_the_process_reports_the_rest)
{
	outage_report(&outage);
	expect_reported("");
	count(OUTAGE_PASSED, 0);
	end(1);
	count(OUTAGE_DEFERRED, 2);
	expect_reported(REPORT("it hangs", "1", "0", "0")
				REPORT("the agent answers again", "1", "0", "0"));
	outage_report(&outage);
	expect_reported(REPORT("the agent did not answer", "0", "0", "1"));
}

Test(milter_reports, the_agent_gets_each_undecided_message_once)
{
	count(OUTAGE_PASSED, 0);
	count(OUTAGE_HIGH_RISK, 0);
	count(OUTAGE_DEFERRED, 0);
	cr_expect_eq(outage_take(&outage), 3);
	cr_expect_eq(outage_take(&outage), 0);
}

/* ---- DNS */

static struct dns_alarm alarm_;

static void look(uint64_t asked, uint64_t unknown, unsigned at_sec)
{
	const struct maildns_counters counters = {.lookups = asked, .unknowns = unknown};

	dns_alarm_watch(&alarm_, &counters, (FOR + at_sec) * NS_PER_SEC);
}

#define FAILS(unknown, asked)                                                                      \
	"milter: DNS: " unknown " of " asked " lookups in the last minute were not answered: "     \
	"which senders' domains have neither A nor MX is not known\n"

Test(milter_reports, a_failing_dns_is_reported_once_a_minute_and_at_its_end)
{
	look(1000, 1000, 0); /* earlier lookups do not count */
	look(1020, 1010, 59);
	expect_reported("");
	look(1020, 1010, 60);
	expect_reported(FAILS("10", "20"));
	look(1040, 1030, 119);
	expect_reported("");
	look(1040, 1030, 120);
	expect_reported(FAILS("20", "20"));
	look(1049, 1030, 180); /* too few */
	expect_reported("");
	look(1069, 1039, 240); /* 9 of 20 */
	expect_reported("milter: DNS answers again\n");
	look(1089, 1048, 300);
	expect_reported("");
}

Test(milter_reports, few_lookups_do_not_judge_the_dns)
{
	look(0, 0, 0);
	look(9, 9, 60);
	look(18, 18, 120);
	expect_reported("");
	look(28, 23, 180);
	expect_reported(FAILS("5", "10"));
}
