// SPDX-License-Identifier: BSD-2-Clause
// Mail DNS of the sender's domain, asked of a real name server, and what it does to mail; names are those of tools/nsd-instance.
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netns/mailhost.h"
#include "netns/nameserver.h"

TestSuite(netns_mail_dns, .init = world_init, .fini = mailhost_done, .timeout = 120);

struct domain {
	const char *name;
	bool high_risk;
};

/* One mail from each, over one connection, and then what came of them. */
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
		/* Not known is not absent. */
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

Test(netns_mail_dns, aaaa_counts_and_a_null_mx_does_not_where_the_configuration_says_so)
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

Test(netns_mail_dns, no_answer_is_no_reason)
{
	mailhost_begin(&(struct mailhost_setup){.conf = "dns_timeout_ms = 500\n"});
	/* Silence: what is not known, and what is known to be absent already. */
	mailhost_expect(&(struct mail){.from = "<ann@neither.example>", .id = "known@x"},
			"high-risk", "no-mail-dns");
	nameserver_signal(mailhost.nameserver, SIGSTOP);
	mailhost_expect(&(struct mail){.from = "<ann@nobody.example>", .id = "silent@x"}, "normal",
			"good");
	mailhost_expect(&(struct mail){.from = "<bob@neither.example>", .id = "again@x"},
			"high-risk", "no-mail-dns");
	nameserver_signal(mailhost.nameserver, SIGCONT);
	/* Dead: the port refuses. */
	nameserver_signal(mailhost.nameserver, SIGKILL);
	mailhost_expect(&(struct mail){.from = "<ann@dangling.example>", .id = "dead@x"}, "normal",
			"good");
}

Test(netns_mail_dns, a_slow_answer_in_time_is_an_answer)
{
	int fd;
	char *reply;

	mailhost_begin(&(struct mailhost_setup){.conf = "dns_timeout_ms = 10000\n"});
	nameserver_signal(mailhost.nameserver, SIGSTOP);
	fd = smtp_open();
	if (!fork()) {
		poll(NULL, 0, 1500);
		nameserver_signal(mailhost.nameserver, SIGCONT);
		_exit(0);
	}
	reply = smtp_give(fd, &(struct mail){.from = "<ann@nobody.example>", .id = "slow@x"});
	cr_assert_eq(*reply, '2', "%s", reply);
	free(reply);
	mailhost_expect_letter("slow@x", "high-risk", "no-mail-dns");
}
