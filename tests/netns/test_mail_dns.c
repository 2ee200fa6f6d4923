/* SPDX-License-Identifier: BSD-2-Clause */
/* Mail DNS of the sender's domain, from a real name server (tools/nsd-instance), and its effect. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/mailhost.h"
#include "netns/nameserver.h"

TestSuite(netns_mail_dns, .init = world_init, .fini = mailhost_done, .timeout = 120);

struct domain {
	const char *name;
	bool high_risk;
};

/* One message from each sender over one connection, then the pools they left by. */
static void expect_domains(const struct domain *domains, size_t count)
{
	int fd = smtp_open();
	char from[96], id[96];

	for (size_t i = 0; i < count; i++) {
		char *reply;

		snprintf(from, sizeof(from), "<ann@%s>", domains[i].name);
		snprintf(id, sizeof(id), "of-%s", domains[i].name);
		reply = smtp_give(fd, &(struct mail){.from = from, .id = id});
		cr_assert_eq(*reply, '2', "%s: %s", from, reply);
		free(reply);
	}
	close(fd);
	for (size_t i = 0; i < count; i++) {
		snprintf(id, sizeof(id), "of-%s", domains[i].name);
		mailhost_expect_letter(id, domains[i].high_risk ? "high-risk" : "normal",
				       domains[i].high_risk ? "no-mail-dns" : "good");
	}
}

Test(netns_mail_dns, domains_with_neither_a_nor_mx_leave_by_high_risk)
{
	static const struct domain domains[] = {
		{"both.example", false},
		{"mx-only.example", false},
		{"a-only.example", false},
		{"alias.example", false},
		{"long-ago.example", false},
		{"any.many.example", false},
		{"xn--bcher-kva.example", false},
		{"null-mx.example", false},
		{"null-mx-a.example", false},
		/* Unknown is not absent. */
		{"servfail.example", false},
		{"below.servfail.example", false},
		{"aaaa-only.example", true},
		{"neither.example", true},
		{"dangling.example", true},
		{"nobody.example", true},
		{"below.nobody.example", true},
	};

	mailhost_begin(NULL);
	expect_domains(domains, sizeof(domains) / sizeof(domains[0]));
}

Test(netns_mail_dns, by_configuration_aaaa_counts_and_a_null_mx_does_not)
{
	static const struct domain domains[] = {
		{"aaaa-only.example", false}, {"mx-only.example", false},
		{"neither.example", true},    {"null-mx.example", true},
		{"null-mx-a.example", true},
	};

	mailhost_begin(&(struct mailhost_setup){.conf = "mail_dns_aaaa = true\n"
							"mail_dns_null_mx = true\n"});
	expect_domains(domains, sizeof(domains) / sizeof(domains[0]));
}

static void expect_silence_and_death_to_be_no_reason(void)
{
	mailhost_expect(&(struct mail){.from = "<ann@neither.example>", .id = "known@x"},
			"high-risk", "no-mail-dns");
	nameserver_signal(mailhost.nameserver, SIGSTOP);
	mailhost_expect(&(struct mail){.from = "<ann@nobody.example>", .id = "silent@x"}, "normal",
			"good");
	/* Known domains stay known. */
	mailhost_expect(&(struct mail){.from = "<bob@neither.example>", .id = "again@x"},
			"high-risk", "no-mail-dns");
	nameserver_signal(mailhost.nameserver, SIGCONT);
	nameserver_signal(mailhost.nameserver, SIGKILL);
	mailhost_expect(&(struct mail){.from = "<ann@dangling.example>", .id = "dead@x"}, "normal",
			"good");
}

static void expect_a_slow_answer_to_be_an_answer(void)
{
	_cleanup_(close_fd_p) int fd = smtp_open();
	_cleanup_(free_p) char *reply = NULL;
	pid_t waker;

	nameserver_signal(mailhost.nameserver, SIGSTOP);
	waker = fork();
	if (!waker) {
		poll(NULL, 0, 1000);
		nameserver_signal(mailhost.nameserver, SIGCONT);
		_exit(0);
	}
	reply = smtp_give(fd, &(struct mail){.from = "<ann@below.nobody.example>", .id = "slow@x"});
	cr_assert_eq(*reply, '2', "%s", reply);
	mailhost_expect_letter("slow@x", "high-risk", "no-mail-dns");
	waitpid(waker, NULL, 0);
}

Test(netns_mail_dns, a_missing_answer_is_no_reason_and_a_slow_one_counts)
{
	mailhost_begin(&(struct mailhost_setup){.conf = "dns_timeout_ms = 4000\n"});
	expect_a_slow_answer_to_be_an_answer();
	expect_silence_and_death_to_be_no_reason();
}
