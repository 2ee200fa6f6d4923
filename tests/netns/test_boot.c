/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The units of tools/systemd under a real systemd: order at boot, a boot without a default route,
 * restart, reload, stop and shutdown under traffic, processes that end again and again.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "netns/boot.h"
#include "netns/mailhost.h"
#include "netns/postern.h"
#include "netns/stream.h"

TestSuite(netns_boot, .init = world_init, .fini = world_done, .timeout = 120);

/* ---- order at boot */

static void expect_letter(const char *id, const char *pool, const char *reason)
{
	_cleanup_letter_ struct letter letter = inbox_await(id);
	_cleanup_(free_p) char *explained = boot_must("postern -j explain \"%s\"", id);
	char expected[64];

	mailhost_expect_lane(&letter, pool);
	snprintf(expected, sizeof(expected), "\"reason\": \"%s\"", reason);
	cr_assert(strstr(explained, expected), "%s", explained);
}

/* The second began to start when the first was up. */
static void expect_order(const char *first, const char *second)
{
	uint64_t up = boot_number(first, "ActiveEnterTimestampMonotonic");
	uint64_t begun = boot_number(second, "InactiveExitTimestampMonotonic");

	cr_assert_gt(up, 0, "%s did not start", first);
	cr_assert_geq(begun, up, "%s began at %lu us, %s was up at %lu us", second, begun, first,
		      up);
}

Test(netns_boot, mail_that_waits_at_boot_leaves_by_its_pools_however_long_up_takes)
{
	struct capture *capture;

	boot_prepare_mail();
	boot_queue_mail();
	boot_file("/etc/systemd/system/postern.service.d/slow.conf",
		  "[Service]\nExecStartPre=/bin/sleep 2\n");
	capture = capture_start();
	boot_start();
	expect_letter("good@x", "normal", "good");
	expect_letter("spam@x", "high-risk", "spam");
	expect_letter("bounce@x", "high-risk", "bounce");
	expect_order("postern.service", "postern-agent.service");
	expect_order("postern-agent.service", "postern-milter.service");
	expect_order("postern-milter.service", "postfix@-.service");
	expect_pools_only(capture);
}

/* Postfix conflicts with them. Units that do nothing take their places. */
static const char *const others[] = {"exim4.service", "opensmtpd.service", "sendmail.service",
				     "haraka.service"};
#define N_OTHERS (sizeof(others) / sizeof(others[0]))

static void replace_postfix(void)
{
	char path[96], wants[96];

	boot_script("ln -s /dev/null /etc/systemd/system/postfix.service\n");
	for (size_t i = 0; i < N_OTHERS; i++) {
		snprintf(path, sizeof(path), "/etc/systemd/system/%s", others[i]);
		boot_file(path, "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=true\n");
		snprintf(wants, sizeof(wants), "[Unit]\nWants=%s\n", others[i]);
		boot_file("/etc/systemd/system/mail-host.target.d/others.conf", wants);
	}
}

Test(netns_boot, any_mail_server_starts_when_datapath_and_agent_are_up)
{
	boot_prepare();
	replace_postfix();
	boot_start();
	boot_finish();
	for (size_t i = 0; i < N_OTHERS; i++) {
		expect_order("postern.service", others[i]);
		expect_order("postern-agent.service", others[i]);
		/* Also where the agent is masked, which stands between the two here. */
		cr_assert(boot_succeeds("systemctl show --property Before postern.service |"
					"grep -qw %s",
					others[i]));
	}
	expect_order("postern-milter.service", "sendmail.service");
}

/* ---- a default route that comes late */

static bool is_held(void)
{
	return boot_succeeds("journalctl -u postern | grep -q 'no default route'");
}

Test(netns_boot, while_up_finds_no_default_route_mail_is_taken_and_leaves_when_it_comes)
{
	struct capture *capture;

	boot_prepare_mail();
	free(host_must(MAIL,
		       "sed -i /^interfaces/d %s/postern.conf; ip route del default;"
		       "ip -6 route del default",
		       world.directory));
	capture = capture_start();
	boot_start();
	boot_expect_active("postern.service");
	boot_expect_active("postfix@-.service");
	cr_assert(wait_for(is_held(), 10000));
	cr_assert_not(boot_is_active("postern-agent.service"));
	free(host_must(MAIL, "ip route add default via 192.0.2.1;"
			     "ip -6 route add default via 2001:db8:1::1"));
	boot_expect_active("postern-agent.service");
	boot_expect_active("postern-milter.service");
	cr_assert_eq(boot_number("postern.service", "NRestarts"), 0);
	free(boot_must("printf \"Message-ID: <late@x>\\n\\nHello.\\n\" |"
		       "sendmail -f ann@example.net bob@example.org"));
	expect_letter("late@x", "normal", "good");
	expect_pools_only(capture);
}

/* ---- under traffic */

/* The agent's and the milter's processes are killed, and come up again. */
static void fail_once_more(unsigned times_before)
{
	static const char *const units[] = {"postern-agent.service", "postern-milter.service"};

	for (size_t i = 0; i < 2; i++)
		free(boot_must("systemctl kill --signal KILL %s", units[i]));
	for (size_t i = 0; i < 2; i++) {
		cr_assert(wait_for(boot_number(units[i], "NRestarts") > times_before, 20000),
			  "%s is not started again after failure %u", units[i], times_before + 1);
		boot_expect_active(units[i]);
	}
}

Test(netns_boot, agent_and_milter_are_started_again_after_each_of_many_quick_failures)
{
	static const char quick[] = "[Service]\nRestartSec=50ms\n";

	boot_prepare();
	boot_file("/etc/systemd/system/postern-agent.service.d/quick.conf", quick);
	boot_file("/etc/systemd/system/postern-milter.service.d/quick.conf", quick);
	boot_start();
	boot_finish();
	for (unsigned i = 0; i < 7; i++)
		fail_once_more(i);
}

#define HANG_MS	   10000
#define ANSWER_SEC 1

static void stop_process(const char *unit)
{
	free(boot_must("systemctl kill --kill-who main --signal STOP %s", unit));
}

/* Another process than before is ready. */
static bool is_again(const char *unit, uint64_t before)
{
	uint64_t now = boot_number(unit, "MainPID");

	return now && now != before && boot_is_active(unit);
}

/*
 * The agent has its unit's own times, the milter shorter ones: a process that is not hung lives on.
 */
Test(netns_boot, an_agent_that_hangs_is_up_again_within_ten_seconds_and_commands_answer_meanwhile)
{
	static const char agent[] = "postern-agent.service", milter[] = "postern-milter.service";
	uint64_t before, begun_ms, took_ms;

	boot_prepare();
	boot_file("/etc/systemd/system/postern-milter.service.d/quick.conf",
		  "[Service]\nWatchdogSec=2\n");
	boot_start();
	boot_finish();
	before = boot_number(agent, "MainPID");
	begun_ms = now_ms();
	stop_process(agent);
	stop_process(milter);
	cr_expect(boot_succeeds("timeout %u postern pool list | grep -q 192.0.2.10",
				ANSWER_SEC * test_patience()));
	cr_assert(wait_for(is_again(agent, before), HANG_MS));
	took_ms = now_ms() - begun_ms;
	cr_expect_leq(took_ms, HANG_MS * test_patience(), "after %lu ms", took_ms);
	boot_expect_active(milter);
	cr_expect_eq(boot_number(milter, "NRestarts"), 1);
	cr_expect_eq(boot_number(agent, "NRestarts"), 1);
}

Test(netns_boot, a_reload_is_done_when_it_returns_and_fails_where_one_refuses)
{
	static const char conf[] = "/etc/postern/postern.conf";

	boot_prepare();
	boot_start();
	boot_finish();
	free(boot_must("echo \"sender fresh { mark = { 77 } }\" >>%s", conf));
	free(boot_must("systemctl reload postern && postern sender show fresh"));
	/* root can read it, agent and milter cannot. */
	free(boot_must("chmod 600 %s", conf));
	cr_expect_not(boot_succeeds("systemctl reload postern"));
	cr_expect_not(boot_succeeds("systemctl reload postern-agent"));
	cr_expect_not(boot_succeeds("systemctl reload postern-milter"));
	free(boot_must("chmod 644 %s && systemctl reload postern-milter postern-agent", conf));
	boot_expect_active("postern-agent.service");
	boot_expect_active("postern-milter.service");
}

static bool journal_has(const char *filter, const char *text)
{
	return boot_succeeds("journalctl -o cat %s | grep -q \"%s\"", filter, text);
}

Test(netns_boot, events_orders_and_errors_are_found_in_the_journal)
{
	boot_prepare();
	boot_start();
	boot_finish();
	cr_expect(journal_has("-u postern.service", "up: the datapath is up; addresses of pools: "
						    "normal 4, high-risk 4, relay 2"));
	free(boot_must("postern pool drain normal 192.0.2.10"));
	free(boot_must("postern sender set tenant-7 high-risk"));
	cr_expect(journal_has("POSTERN_EVENT=order POSTERN_BY=root POSTERN_UID=0",
			      "PATCH /v1/pools/normal/addresses/192.0.2.10"));
	cr_expect(journal_has("-u postern-agent POSTERN_EVENT=verdict POSTERN_SENDER=tenant-7",
			      "verdict: sender tenant-7, action steer, pool high-risk"));
	free(boot_must("echo nonsense >/etc/postern/postern.conf;"
		       "systemctl restart --no-block postern-agent postern-milter;"
		       "! systemctl reload postern"));
	cr_expect(wait_for(journal_has("-p err -u postern-agent", "postern: /etc/postern"), 5000));
	cr_expect(wait_for(journal_has("-p err -u postern-milter", "postern: /etc/postern"), 5000));
	cr_expect(
		wait_for(journal_has("-p err -u postern.service", "postern: /etc/postern"), 5000));
}

/* Its unit makes /run/postern, which `up` makes elsewhere. */
Test(netns_boot, the_milter_starts_where_no_datapath_ever_was)
{
	boot_prepare();
	boot_script("ln -s /dev/null /etc/systemd/system/postern.service\n");
	boot_start();
	boot_expect_active("postern-milter.service");
	cr_assert(boot_succeeds("postern status | grep -q \"milter    running since\""));
}

Test(netns_boot, restart_reload_stop_and_shutdown_leave_connections_and_steering_alone)
{
	int receiver = receiver_open(25);
	_cleanup_talk_ struct talk talk = TALK_NONE;
	struct capture *capture;

	boot_prepare();
	boot_start();
	boot_finish();
	talk = talk_must(receiver, &(struct origin){.host = TENANT}, RECEIVER_IPV4, 25);
	capture = capture_start();
	stream_start(TENANT);
	stream_start(MAIL);
	free(boot_must("systemctl restart postern"));
	cr_assert(talk_lives(&talk));
	free(boot_must("systemctl reload postern"));
	cr_assert(talk_lives(&talk));
	cr_expect(boot_succeeds("postern -j status | grep -A1 guard | grep -q \"running.: true\""));
	free(boot_must("systemctl stop postern"));
	cr_assert(boot_is_active("postern-agent.service"));
	cr_expect(boot_succeeds("postern status | grep -q \"guard     NOT running\""));
	cr_assert(talk_lives(&talk));
	free(boot_must("systemctl start postern"));
	boot_expect_active("postern.service");
	boot_expect_active("postern-agent.service");
	boot_power_off();
	cr_assert(talk_lives(&talk));
	expect_pools_only(capture);
}
