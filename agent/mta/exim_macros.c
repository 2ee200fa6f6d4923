/* SPDX-License-Identifier: BSD-2-Clause */
/* The main part: all that depends on our configuration, as macros, for the other parts to use. */
#include "mta/exim.h"

#include <ctype.h>
#include <string.h>

#include "config/config.h"

#define NOTHING_MATCHES "(?!)"
#define PATIENCE_SEC	3
#define MS_PER_SEC	1000
#define FRESH_SEC	60
#define HEADERS_SEEN	65000 /* decoding may take some away */

/* ---- texts of ours inside of theirs */

/* In an expanded string; nothing else stays as it is in every kind of list, too. */
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

/* What stands in the brackets of fnmatch(3), as a class of PCRE; returns its last character. */
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

static void print_patterns(const struct config_patterns *patterns, FILE *out)
{
	for (size_t i = 0; i < patterns->count; i++) {
		fputs(i ? "|" : "", out);
		print_pattern(patterns->texts[i], out);
	}
	if (patterns->count == 0)
		fputs(NOTHING_MATCHES, out);
}

/* ---- marks */

/* A header may be folded wherever it has a blank. */
static void print_value(const struct config_mark *mark, FILE *out)
{
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

static void print_marks(const struct config_mail *mail, FILE *out)
{
	fputs("POSTERN_MARKS = ", out);
	if (mail->n_spam_marks == 0) {
		fputs(NOTHING_MATCHES "\n", out);
		return;
	}
	fputs("^(?:", out);
	for (size_t i = 0; i < mail->n_spam_marks; i++) {
		fputs(i ? "|\\\n  " : "\\\n  ", out);
		print_mark(&mail->spam_marks[i], out);
	}
	fputs(")(?![A-Za-z0-9])\n", out);
}

/* What Exim's name for a header's value takes ($h_NAME:). */
static bool is_plain(const char *header)
{
	return header[strspn(header, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789-_")] == '\0';
}

/*
 * A condition. Exim hands over 64 KiB of all headers and no more, so what stands behind as much is looked
 * for by name. As much of one name is no scanner's, but hides what a scanner says.
 */
static void print_marked(const struct config_mail *mail, FILE *out)
{
	fputs("POSTERN_MARKED = or{{match{$message_headers_raw\\n$headers_added}"
	      "{\\N(?im)POSTERN_MARKS\\N}}",
	      out);
	for (size_t i = 0; i < mail->n_spam_marks; i++) {
		const struct config_mark *mark = &mail->spam_marks[i];

		if (!is_plain(mark->header))
			continue;
		fprintf(out, "\\\n  {>={${strlen:$h_%s:}}{%d}}{match{$h_%s:}{\\N(?im)^",
			mark->header, HEADERS_SEEN, mark->header);
		print_value(mark, out);
		fputs("(?![A-Za-z0-9])\\N}}", out);
	}
	fputs("}\n", out);
}

/* ---- DNS */

static void print_lookup(const struct config_mail *mail, const char *type, FILE *out)
{
	fprintf(out, "${lookup dnsdb{retrans_%us,retry_1,%s=$acl_m_postern_domain}}",
		(mail->dns_timeout_ms + MS_PER_SEC - 1) / MS_PER_SEC, type);
}

/* A condition; where one lookup finds something, those behind it are not made. */
static void print_resolves(const struct config_mail *mail, FILE *out)
{
	fputs("POSTERN_RESOLVES = or{{!match{", out);
	print_lookup(mail, "mx", out);
	fprintf(out, "}{\\N^%s$\\N}}", mail->dns_null_mx ? "(?:0 \\.?)?" : "");
	fputs("\\\n  {!eq{", out);
	print_lookup(mail, "a", out);
	fputs("}{}}", out);
	if (mail->dns_aaaa) {
		fputs("\\\n  {!eq{", out);
		print_lookup(mail, "aaaa", out);
		fputs("}{}}", out);
	}
	fputs("}\n", out);
}

/* ---- lanes */

/* A key of extract must not be empty, as the lane is while an address is verified. */
#define LANE_OR_NONE "${if def:r_postern_lane{$r_postern_lane}{none}}"

/* The pool's first lane: it has one (exim_print()). */
static const struct lane *first_lane(const struct lane_set *lanes, const struct config_pool *pool)
{
	size_t count;

	return lane_of_pool(lanes, pool, &count);
}

/* "<, a, b": of that pool, or all (NULL). */
static void print_list(const struct lane_set *lanes, const struct config_pool *pool, FILE *out)
{
	fputs("<", out);
	for (size_t i = 0; i < lanes->n_lanes; i++)
		if (!pool || lanes->lanes[i].pool == pool)
			fprintf(out, ", %s", lanes->lanes[i].name);
}

static void print_transports(const struct lane_set *lanes, FILE *out)
{
	const struct lane *high_risk = first_lane(lanes, &lanes->config->pools[1]);
	char name[EXIM_TRANSPORT_SIZE];

	fputs("POSTERN_TRANSPORT = ${extract{" LANE_OR_NONE "}{\\\n", out);
	for (size_t i = 0; i < lanes->n_lanes; i++)
		fprintf(out, "  %s=%s \\\n", lanes->lanes[i].name, exim_transport(lanes, i, name));
	fprintf(out, "  }{$value}{%s}}\n",
		exim_transport(lanes, (size_t)(high_risk - lanes->lanes), name));
}

/* What ignore_target_hosts ends with, for the lanes that do one family. */
static void print_families(const struct lane_set *lanes, FILE *out)
{
	fputs("POSTERN_FAMILIES = ${extract{" LANE_OR_NONE "}{", out);
	for (size_t i = 0; i < lanes->n_lanes; i++) {
		const struct lane *lane = &lanes->lanes[i];

		if (!lane->ipv4 || !lane->ipv6)
			fprintf(out, "\\\n  %s=%s ", lane->name, lane->ipv4 ? "::/0" : "0.0.0.0/0");
	}
	fputs("}{; $value}}\n", out);
}

static void print_socket(const struct config_socket *socket, FILE *out)
{
	char endpoint[ENDPOINT_TEXT_SIZE];

	if (socket->path)
		print_text(socket->path, out);
	else
		fprintf(out, "inet:%s", endpoint_format(&socket->address, socket->port, endpoint));
}

/* Who is accountable is the user where there is one: policy/decision.h. */
static void print_question(const struct config_mail *mail, FILE *out)
{
	fputs("# Which lane does mail of a sender take now? As Postfix asks (socketmap).\n"
	      "POSTERN_SOCKETMAP = ",
	      out);
	print_socket(&mail->socketmap, out);
	fputs("\nPOSTERN_SENDER = "
	      "${if def:authenticated_id{$authenticated_id}{$sender_address}}\n"
	      "POSTERN_ASKED = ${readsocket{POSTERN_SOCKETMAP}\\\n"
	      "  {${strlen:lane POSTERN_SENDER}:lane POSTERN_SENDER,}{POSTERN_PATIENCE}{}{}}\n",
	      out);
}

/*
 * Where clients or selectors are who is counted, the sender's address says less than the decision did:
 * then that holds.
 */
static bool is_followed(const struct config *config)
{
	return config->identity == CONFIG_IDENTITY_ENVELOPE ||
	       config->identity == CONFIG_IDENTITY_DOMAIN;
}

/*
 * The message that reaches a limit is within it, and would find its sender's verdict changed by itself. An
 * answer that names no lane is for the MTA's own: a verdict that passes.
 */
static void print_chosen(const struct lane_set *lanes, FILE *out)
{
	const struct config *config = lanes->config;
	const char *normal = first_lane(lanes, &config->pools[0])->name;
	bool waits = config->mail.on_agent_down == CONFIG_ON_AGENT_DOWN_DEFER;

	fprintf(out,
		"# A decision holds, but where it was for normal and the mail has waited for so "
		"many "
		"seconds,\n"
		"# its sender may have another verdict by now. A null sender is high-risk. Without "
		"decision\n"
		"# and answer: as on_agent_down says.\n"
		"POSTERN_FRESH = %d\n"
		"POSTERN_CHOSEN = ${if ",
		FRESH_SEC);
	if (is_followed(config)) {
		fputs("and{{def:acl_m_postern_lane}{or{{<{$message_age}{POSTERN_FRESH}}"
		      "{!inlist{$acl_m_postern_lane}{",
		      out);
		print_list(lanes, &config->pools[0], out);
		fputs("}}}}}", out);
	} else {
		fputs("def:acl_m_postern_lane", out);
	}
	fprintf(out,
		"{$acl_m_postern_lane}\\\n"
		"  {${if eq{$sender_address}{}{POSTERN_RISKY}\\\n"
		"  {${if match{${sg{POSTERN_ASKED}{NOTFOUND}{OK %s}}}{\\N^\\d+:OK (.*?):?,$\\N}"
		"{$1}\\\n"
		"  {${if def:acl_m_postern_lane{$acl_m_postern_lane}{%s}}}}}}}}\n",
		normal, waits ? "" : normal);
}

static void print_lanes(const struct lane_set *lanes, FILE *out)
{
	fputs("\n# Lanes: the transport of each; which are there; the family that one does not "
	      "do.\n"
	      "# Your own routers to other hosts want these, too: transport = POSTERN_TRANSPORT\n",
	      out);
	fprintf(out, "POSTERN_RISKY = %s\n", first_lane(lanes, &lanes->config->pools[1])->name);
	print_transports(lanes, out);
	fputs("POSTERN_KNOWN = ", out);
	print_list(lanes, NULL, out);
	fputs("\n", out);
	print_families(lanes, out);
	print_question(&lanes->config->mail, out);
	print_chosen(lanes, out);
}

void exim_print_macros(const struct lane_set *lanes, FILE *out)
{
	const struct config *config = lanes->config;
	const struct config_mail *mail = &config->mail;
	bool waits = mail->on_agent_down == CONFIG_ON_AGENT_DOWN_DEFER;

	fputs("# Postern: what depends on its configuration; print this again when that has "
	      "changed.\n"
	      "POSTERN_API = ",
	      out);
	print_text(config->runtime_dir, out);
	fprintf(out, "/api.sock\nPOSTERN_PATIENCE = %ds\n", PATIENCE_SEC);
	fprintf(out, "# on_agent_down\nPOSTERN_AWAY = %s\n", waits ? "defer" : "accept");
	fputs("# spam_marks, and internal_domains: regular expressions\n", out);
	print_marks(mail, out);
	print_marked(mail, out);
	fputs("POSTERN_OURS = ", out);
	print_patterns(&config->internal_domains, out);
	fputs("\n# Does the sender's domain have mail DNS? A condition.\n", out);
	print_resolves(mail, out);
	print_lanes(lanes, out);
	fputs("\n# Where these two are set already, put POSTERN_CALLED = yes in front of this, "
	      "and\n"
	      "# \"require acl = postern\" (postern_local in acl_not_smtp) before the last accept "
	      "of\n"
	      "# yours.\n"
	      ".ifndef POSTERN_CALLED\n"
	      "acl_smtp_data = postern\n"
	      "acl_not_smtp = postern_local\n"
	      ".endif\n",
	      out);
}
