/* SPDX-License-Identifier: BSD-2-Clause */
/* The values of mta/exim/main. */
#include "mta/exim_macros.h"

#include <ctype.h>
#include <string.h>

#include "config/config.h"
#include "config/scanner.h"
#include "mta/exim_transports.h"
#include "mta/template.h"

#define NOTHING_MATCHES "(?!)"
#define MS_PER_SEC	1000
#define HEADERS_SEEN	65000 /* below 64 KiB: decoding can shorten a header */

/* ---- quoting */

/* For an expanded string: only these characters are literal in every kind of list. */
static void print_text(const char *text, FILE *out)
{
	for (; *text; text++)
		fprintf(out,
			isalnum((unsigned char)*text) || strchr("/._-", *text) ? "%c" : "\\x%02x",
			(unsigned char)*text);
}

static void print_literal(char c, FILE *out)
{
	fprintf(out, isalnum((unsigned char)c) || strchr("_-", c) ? "%c" : "\\x%02x",
		(unsigned char)c);
}

/* A bracket expression of fnmatch(3) as a class of PCRE; returns its last character. */
static const char *print_class(const char *open, const char *close, FILE *out)
{
	const char *c = open + 1;

	fputc('[', out);
	if (*c == '!' || *c == '^') {
		fputc('^', out);
		c++;
	}
	for (; c < close; c++)
		print_literal(*c, out);
	fputc(']', out);
	return close;
}

/* A pattern of fnmatch(3) with FNM_NOESCAPE. */
static void print_pattern(const char *pattern, FILE *out)
{
	for (const char *c = pattern; *c; c++) {
		/* The first character of a class may be the bracket itself. */
		const char *close = *c == '[' && c[1] ? strchr(c + 2 + (c[1] == '!'), ']') : NULL;

		if (*c == '*')
			fputs(".*", out);
		else if (*c == '?')
			fputc('.', out);
		else if (close)
			c = print_class(c, close, out);
		else
			print_literal(*c, out);
	}
}

static void print_patterns(const struct config_texts *patterns, FILE *out)
{
	for (size_t i = 0; i < patterns->count; i++) {
		fputs(i ? "|" : "", out);
		print_pattern(patterns->texts[i], out);
	}
	if (patterns->count == 0)
		fputs(NOTHING_MATCHES, out);
}

/* ---- marks */

/* A header may be folded at every blank. */
static void print_value(const struct config_mark *mark, FILE *out)
{
	if (!*mark->value)
		fputs("[^\\n]*?", out);
	for (const char *c = mark->value; *c; c++) {
		if (*c != ' ' && *c != '\t')
			print_literal(*c, out);
		else if (c[1] != ' ' && c[1] != '\t')
			fputs("(?:[ \\t]|\\r?\\n[ \\t])+", out);
	}
}

static void print_mark(const struct config_mark *mark, FILE *out)
{
	for (const char *c = mark->header; *c; c++)
		print_literal(*c, out);
	fputs("[ \\t]*:(?:[ \\t]|\\r?\\n[ \\t])*", out);
	print_value(mark, out);
}

/* Of one scanner, NULL: those that the file names; "(?!)" if there are none. */
static void print_alternatives(const struct config_mail *mail, const struct scanner *scanner,
			       bool clean, FILE *out)
{
	size_t count = 0;

	for (size_t i = 0; i < mail->n_spam_marks; i++) {
		const struct config_mark *mark = &mail->spam_marks[i];

		if (mark->scanner != scanner || mark->clean != clean)
			continue;
		fputs(count++ ? "|\\\n  " : "\\\n  ", out);
		print_mark(mark, out);
	}
	if (count == 0)
		fputs(NOTHING_MATCHES, out);
}

#define NO_WORD_FOLLOWS "(?![A-Za-z0-9])"

static void print_marks(const struct lane_set *lanes, FILE *out)
{
	const struct config_mail *mail = &lanes->config->mail;
	bool any = false;

	for (size_t i = 0; i < mail->n_spam_marks; i++)
		any |= mail->spam_marks[i].scanner == NULL;
	fputs(any ? "^(?:" : "", out);
	print_alternatives(mail, NULL, false, out);
	fputs(any ? ")" NO_WORD_FOLLOWS : "", out);
}

#define HEADERS "{match{$message_headers_raw\\n$headers_added}"

/* The last verdict: a mark of spam with no other verdict behind it. */
static void print_last_verdict(const struct config_mail *mail, const struct scanner *scanner,
			       FILE *out)
{
	fputs("\\\n  " HEADERS "{\\N(?ims)^(?:", out);
	print_alternatives(mail, scanner, false, out);
	fputs(")" NO_WORD_FOLLOWS "(?!.*^(?:", out);
	print_alternatives(mail, scanner, true, out);
	fputs(")" NO_WORD_FOLLOWS ")\\N}}", out);
}

/* The first verdict, whichever it is; $1 if it is a mark of spam. */
static void print_first_verdict(const struct config_mail *mail, const struct scanner *scanner,
				FILE *out)
{
	fputs("\\\n  {and{" HEADERS "{\\N(?im)^(?:(", out);
	print_alternatives(mail, scanner, false, out);
	fputs(")|", out);
	print_alternatives(mail, scanner, true, out);
	fputs(")" NO_WORD_FOLLOWS "\\N}}{!eq{$1}{}}}}", out);
}

static bool is_configured(const struct config_mail *mail, const struct scanner *scanner)
{
	for (size_t i = 0; i < mail->n_spam_marks; i++)
		if (mail->spam_marks[i].scanner == scanner)
			return true;
	return false;
}

static void print_scanner_marks(const struct lane_set *lanes, FILE *out)
{
	const struct config_mail *mail = &lanes->config->mail;
	const struct scanner *scanner;

	for (unsigned i = 0; (scanner = scanner_get(i)); i++) {
		if (!is_configured(mail, scanner))
			continue;
		if (scanner->on_top)
			print_first_verdict(mail, scanner, out);
		else
			print_last_verdict(mail, scanner, out);
	}
}

/* Can $h_NAME: name this header? */
static bool is_plain(const char *header)
{
	return header[strspn(header, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789-_")] == '\0';
}

static void print_long_mark(const struct config_mark *mark, FILE *out)
{
	fprintf(out, "{>={${strlen:$h_%s:}}{%d}}{match{$h_%s:}{\\N(?im)^", mark->header,
		HEADERS_SEEN, mark->header);
	print_value(mark, out);
	fputs(NO_WORD_FOLLOWS "\\N}}", out);
}

/*
 * Exim gives only the first 64 KiB of all headers: marks after that are looked up by the name of
 * the header. A sender may write that much under one name to hide a scanner's mark. Of a named
 * scanner any mark counts then: the order of its verdicts is not known.
 */
static void print_long_marks(const struct lane_set *lanes, FILE *out)
{
	const struct config_mail *mail = &lanes->config->mail;

	for (size_t i = 0; i < mail->n_spam_marks; i++) {
		const struct config_mark *mark = &mail->spam_marks[i];

		if (mark->clean || !is_plain(mark->header))
			continue;
		fputs("\\\n  ", out);
		if (mark->scanner)
			fprintf(out, "{and{{>={${strlen:$message_headers_raw}}{%d}}{or{",
				HEADERS_SEEN);
		print_long_mark(mark, out);
		fputs(mark->scanner ? "}}}}" : "", out);
	}
}

/* ---- DNS */

static void print_dns_sec(const struct lane_set *lanes, FILE *out)
{
	fprintf(out, "%u", (lanes->config->mail.dns_timeout_ms + MS_PER_SEC - 1) / MS_PER_SEC);
}

/* A single MX with the root as its target (RFC 7505), whatever else there is. */
static void print_null_mx(const struct lane_set *lanes, FILE *out)
{
	if (lanes->config->mail.dns_null_mx)
		fputs("{!match{POSTERN_MX}{\\N^\\d+ \\.?$\\N}}", out);
}

static void print_aaaa(const struct lane_set *lanes, FILE *out)
{
	if (!lanes->config->mail.dns_aaaa)
		return;
	fputs("\\\n  {!eq{${lookup dnsdb{retrans_", out);
	print_dns_sec(lanes, out);
	fputs("s,retry_1,aaaa=$acl_m_postern_domain}}}{}}", out);
}

/* ---- lanes */

/* exim_print() has checked that the pool has a lane. */
static const struct lane *first_lane(const struct lane_set *lanes, const struct config_pool *pool)
{
	size_t count;

	return lane_of_pool(lanes, pool, &count);
}

/* "<, a, b": the lanes of the pool, or all lanes (NULL). */
static void print_list(const struct lane_set *lanes, const struct config_pool *pool, FILE *out)
{
	fputs("<", out);
	for (size_t i = 0; i < lanes->n_lanes; i++)
		if (!pool || lanes->lanes[i].pool == pool)
			fprintf(out, ", %s", lanes->lanes[i].name);
}

static size_t high_risk_lane(const struct lane_set *lanes)
{
	const struct config_pool *high_risk = &lanes->config->pools[1];

	return (size_t)(first_lane(lanes, high_risk) - lanes->lanes);
}

static void print_high_risk_lane(const struct lane_set *lanes, FILE *out)
{
	fputs(lanes->lanes[high_risk_lane(lanes)].name, out);
}

static void print_high_risk_transport(const struct lane_set *lanes, FILE *out)
{
	char name[EXIM_TRANSPORT_NAME_SIZE];

	fputs(exim_transport_name(lanes, high_risk_lane(lanes), name), out);
}

static void print_transports(const struct lane_set *lanes, FILE *out)
{
	char name[EXIM_TRANSPORT_NAME_SIZE];

	for (size_t i = 0; i < lanes->n_lanes; i++)
		fprintf(out, "  %s=%s \\\n", lanes->lanes[i].name,
			exim_transport_name(lanes, i, name));
}

static void print_lanes(const struct lane_set *lanes, FILE *out)
{
	print_list(lanes, NULL, out);
}

/* The end of ignore_target_hosts, for lanes of one family. */
static void print_families(const struct lane_set *lanes, FILE *out)
{
	for (size_t i = 0; i < lanes->n_lanes; i++) {
		const struct lane *lane = &lanes->lanes[i];

		if (!lane->ipv4 || !lane->ipv6)
			fprintf(out, "\\\n  %s=%s ", lane->name, lane->ipv4 ? "::/0" : "0.0.0.0/0");
	}
}

static void print_normal_lane(const struct lane_set *lanes, FILE *out)
{
	fputs(first_lane(lanes, &lanes->config->pools[0])->name, out);
}

/* ---- the question while mail waits */

static void print_socketmap(const struct lane_set *lanes, FILE *out)
{
	const struct config_socket *socket = &lanes->config->mail.socketmap;
	char endpoint[ENDPOINT_TEXT_SIZE];

	if (socket->path)
		print_text(socket->path, out);
	else
		fprintf(out, "inet:%s", endpoint_format(&socket->address, socket->port, endpoint));
}

/*
 * If the client or a selector is the identity, the sender's address alone cannot repeat the
 * decision: then the decision holds however long the message waits.
 */
static bool is_asked_again(const struct config *config)
{
	return config->identity == CONFIG_IDENTITY_ENVELOPE ||
	       config->identity == CONFIG_IDENTITY_DOMAIN;
}

/*
 * A fresh decision holds: the message that reaches a limit is still within it, but has already
 * changed the verdict of its sender.
 */
static void print_decision_holds(const struct lane_set *lanes, FILE *out)
{
	if (!is_asked_again(lanes->config)) {
		fputs("def:acl_m_postern_lane", out);
		return;
	}
	fputs("and{{def:acl_m_postern_lane}{or{{<{$message_age}{POSTERN_FRESH}}"
	      "{!inlist{$acl_m_postern_lane}{",
	      out);
	print_list(lanes, &lanes->config->pools[0], out);
	fputs("}}}}}", out);
}

static bool is_deferred(const struct lane_set *lanes)
{
	return lanes->config->mail.on_agent_down == CONFIG_ON_AGENT_DOWN_DEFER;
}

static void print_lane_without_answer(const struct lane_set *lanes, FILE *out)
{
	if (!is_deferred(lanes))
		print_normal_lane(lanes, out);
}

static void print_away(const struct lane_set *lanes, FILE *out)
{
	fputs(is_deferred(lanes) ? "defer" : "accept", out);
}

/* ---- all of it */

static void print_runtime_dir(const struct lane_set *lanes, FILE *out)
{
	print_text(lanes->config->runtime_dir, out);
}

static void print_internal_domains(const struct lane_set *lanes, FILE *out)
{
	print_patterns(&lanes->config->internal_domains, out);
}

void exim_macros_print(const struct lane_set *lanes, FILE *out)
{
	static const struct template_value values[] = {
		{"runtime_dir", print_runtime_dir},
		{"away", print_away},
		{"marks", print_marks},
		{"scanner_marks", print_scanner_marks},
		{"long_marks", print_long_marks},
		{"internal_domains", print_internal_domains},
		{"dns_sec", print_dns_sec},
		{"null_mx", print_null_mx},
		{"aaaa", print_aaaa},
		{"high_risk_lane", print_high_risk_lane},
		{"high_risk_transport", print_high_risk_transport},
		{"transports", print_transports},
		{"lanes", print_lanes},
		{"families", print_families},
		{"socketmap", print_socketmap},
		{"decision_holds", print_decision_holds},
		{"normal_lane", print_normal_lane},
		{"lane_without_answer", print_lane_without_answer},
	};

	template_print(template_exim_main, values, sizeof(values) / sizeof(values[0]), lanes, out);
}
