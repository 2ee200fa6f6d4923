/* SPDX-License-Identifier: BSD-2-Clause */
/* SPF and DKIM results of trusted hosts; results of other hosts do not count. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "mail/authres.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define UNKNOWN FACTS_AUTH_UNKNOWN
#define NONE	FACTS_AUTH_NONE
#define PASS	FACTS_AUTH_PASS
#define FAIL	FACTS_AUTH_FAIL

TestSuite(mail_authres);

static char *ids[] = {"mx.example.net", "other.example.net"};
static const struct config_texts trusted = {ids, COUNT(ids)};

Test(mail_authres, results_are_read_in_every_form_of_the_grammar)
{
	static const struct {
		const char *value;
		enum facts_auth spf, dkim;
	} cases[] = {
		{"mx.example.net; none", UNKNOWN, UNKNOWN},
		{"mx.example.net 1; none", UNKNOWN, UNKNOWN},
		{"mx.example.net", UNKNOWN, UNKNOWN},
		{"mx.example.net; spf=pass smtp.mailfrom=example.com", PASS, UNKNOWN},
		{"MX.Example.Net; SPF=Pass smtp.mailfrom=example.com", PASS, UNKNOWN},
		{"\"mx.example.net\" 1 ; spf = pass smtp . mailfrom = a", PASS, UNKNOWN},
		{"mx.example.net;\r\n\tspf=pass;\r\n\tdkim=pass header.d=a", PASS, PASS},
		{"(c) mx.example.net (c) 1 (c (n) \\) c) ; (c) spf (c) / (c) 1 (c) = (c) pass (c) "
		 "smtp (c) . (c) mailfrom (c) = (c) a@b",
		 PASS, UNKNOWN},
		{"mx.example.net; dkim=pass (2048-bit key; x=y) header.i=@a "
		 "header.b=\"x;dkim=fail\"",
		 UNKNOWN, PASS},
		{"mx.example.net; dkim=fail reason=\"bad; dkim=pass\" header.d=a", UNKNOWN, FAIL},
		{"mx.example.net; auth=pass (cram) smtp.auth=a; spf=fail smtp.mailfrom=a", FAIL,
		 UNKNOWN},
		{"mx.example.net; spf=pass smtp.mailfrom=\"a;b\"@c; dkim=pass", PASS, PASS},
		{"mx.example.net; spf=softfail", FAIL, UNKNOWN},
		{"mx.example.net; spf=policy; dkim=policy", FAIL, FAIL},
		{"mx.example.net; spf=neutral; dkim=neutral", NONE, NONE},
		{"mx.example.net; spf=none; dkim=none", NONE, NONE},
		{"mx.example.net; spf=fail; spf=pass", FAIL, UNKNOWN},
		{"mx.example.net; spf=temperror; dkim=permerror", UNKNOWN, UNKNOWN},
		{"mx.example.net; spf=passed; dkim=hardfail", UNKNOWN, UNKNOWN},
		/* several signatures */
		{"mx.example.net; dkim=fail header.d=a; dkim=pass header.d=b; dkim=none", UNKNOWN,
		 PASS},
		{"mx.example.net; dkim=none; dkim=fail; dkim=temperror", UNKNOWN, FAIL},
		/* SPF of the HELO name does not count */
		{"mx.example.net; spf=pass smtp.helo=a", UNKNOWN, UNKNOWN},
		{"mx.example.net; spf=pass smtp.helo=a; spf=fail smtp.mailfrom=b", FAIL, UNKNOWN},
		{"mx.example.net; spf=fail smtp.mailfrom=b; spf=pass smtp.helo=a", FAIL, UNKNOWN},
		{"mx.example.net; spf=pass smtp.helo=a smtp.mailfrom=b", PASS, UNKNOWN},
		/* malformed parts are skipped */
		{"mx.example.net; ; =; spf; spf=; /1=pass; dkim=pass", UNKNOWN, PASS},
		{"mx.example.net; spf/2=pass; dkim/1=pass", UNKNOWN, PASS},
		{"mx.example.net; x-spf=pass; spfx=pass", UNKNOWN, UNKNOWN},
		{"mx.example.net; spf=pass =.= smtp..=. ;dkim=pass", PASS, PASS},
		{"mx.example.net; spf=pass (never closed; dkim=pass", PASS, UNKNOWN},
		{"mx.example.net; spf=pass \"never closed; dkim=pass", PASS, UNKNOWN},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct authres authres = {.spf = UNKNOWN};

		authres_read(&authres, &trusted, cases[i].value);
		cr_expect_eq(authres.spf, cases[i].spf, "%s: spf %d", cases[i].value, authres.spf);
		cr_expect_eq(authres.dkim, cases[i].dkim, "%s: dkim %d", cases[i].value,
			     authres.dkim);
	}
}

Test(mail_authres, spf_counts_for_this_envelope_sender_only)
{
	static const struct {
		const char *sender, *result;
		enum facts_auth spf;
	} cases[] = {
		{"x@victim.example", "pass smtp.mailfrom=x@victim.example", PASS},
		{"x@victim.example", "pass smtp.mailfrom=<x@VICTIM.example>", PASS},
		{"x@victim.example", "pass smtp.mailfrom=VICTIM.example", PASS},
		{"x@victim.example", "pass smtp.mailfrom=@victim.example", PASS},
		{"x@victim.example", "pass smtp.mailfrom=\"x\"@victim.example", PASS},
		{"x@victim.example", "pass smtp.mailfrom=x@victim.example(c) smtp.helo=a", PASS},
		{"x@victim.example", "pass smtp.helo=a smtp.mailfrom=x@victim.example", PASS},
		{"x@xn--bcher-kva.example", "pass smtp.mailfrom=b\303\274cher.example", PASS},
		{"x@victim.example", "pass", UNKNOWN},
		{"x@victim.example", "pass smtp.mailfrom=", UNKNOWN},
		{"x@victim.example", "pass smtp.mailfrom=attacker.example", UNKNOWN},
		{"x@victim.example", "pass smtp.mailfrom=y@victim.example", UNKNOWN},
		{"x@victim.example", "pass smtp.mailfrom=a.victim.example", UNKNOWN},
		{"x@victim.example", "pass smtp.mailfrom=victim.example.attacker.example", UNKNOWN},
		{"x@victim.example", "pass header.from=victim.example", UNKNOWN},
		{"x@victim.example", "fail smtp.mailfrom=attacker.example", UNKNOWN},
		{"x@victim.example", "fail smtp.mailfrom=victim.example", FAIL},
		{"x@victim.example", "softfail", FAIL},
		{"x@victim.example", "none", NONE},
		{"x", "pass smtp.mailfrom=victim.example", UNKNOWN},
		{"", "pass smtp.mailfrom=victim.example", UNKNOWN},
		{NULL, "pass smtp.mailfrom=victim.example", UNKNOWN},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct authres authres = {.spf = UNKNOWN};
		char value[256];

		snprintf(value, sizeof(value), "mx.example.net; spf=%s", cases[i].result);
		authres_read(&authres, &trusted, value);
		cr_expect_eq(authres_spf(&authres, cases[i].sender), cases[i].spf, "%s: %s",
			     cases[i].sender ? cases[i].sender : "NULL", value);
	}
}

Test(mail_authres, results_of_untrusted_or_malformed_headers_do_not_count)
{
	static const char *const values[] = {
		"mx.example.com; spf=pass; dkim=pass",
		"amx.example.net; spf=pass; dkim=pass",
		"mx.example.net.evil; spf=pass; dkim=pass",
		"mx.example.net 2; spf=pass; dkim=pass",
		"mx.example.net 1 1; spf=pass; dkim=pass",
		"mx.example.net, spf=pass; dkim=pass",
		"(mx.example.net) evil; spf=pass; dkim=pass",
		"spf=pass smtp.mailfrom=mx.example.net; dkim=pass",
		"; spf=pass; dkim=pass",
		"",
	};

	for (size_t i = 0; i < COUNT(values); i++) {
		struct authres authres = {.spf = UNKNOWN};

		authres_read(&authres, &trusted, values[i]);
		cr_expect(!authres.spf_said && !authres.dkim_said, "%s", values[i]);
		cr_expect_eq(authres.spf, UNKNOWN, "%s", values[i]);
		cr_expect_eq(authres.dkim, UNKNOWN, "%s", values[i]);
	}
}

Test(mail_authres, the_topmost_header_with_a_result_counts)
{
	static const struct {
		const char *values[3];
		enum facts_auth spf, dkim;
	} cases[] = {
		{{"mx.example.net; spf=fail", "mx.example.net; spf=pass; dkim=pass"}, FAIL, PASS},
		{{"mx.example.net; dkim=fail", "other.example.net; spf=pass; dkim=pass"},
		 PASS,
		 FAIL},
		{{"evil.example; spf=pass", "mx.example.net; spf=none", "mx.example.net; spf=pass"},
		 NONE,
		 UNKNOWN},
		{{"mx.example.net; dkim=temperror", "mx.example.net; dkim=pass"}, UNKNOWN, UNKNOWN},
		{{"mx.example.net; none", "mx.example.net; dkim=pass"}, UNKNOWN, PASS},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct authres authres = {.spf = UNKNOWN};

		for (size_t j = 0; j < 3 && cases[i].values[j]; j++)
			authres_read(&authres, &trusted, cases[i].values[j]);
		cr_expect_eq(authres.spf, cases[i].spf, "case %zu: spf %d", i, authres.spf);
		cr_expect_eq(authres.dkim, cases[i].dkim, "case %zu: dkim %d", i, authres.dkim);
	}
}

Test(mail_authres, without_trusted_hosts_nothing_is_known)
{
	static const struct config_texts nobody = {NULL, 0};
	struct authres authres = {.spf = UNKNOWN};

	authres_read(&authres, &nobody, "mx.example.net; spf=pass; dkim=pass");
	cr_assert(!authres.spf_said && !authres.dkim_said);
}
