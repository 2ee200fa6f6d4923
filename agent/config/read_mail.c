/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys that concern the mail itself: sockets, marks of scanners, whom to believe, DNS. */
#include "config/read.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/cleanup.h"

#define DNS_TIMEOUT_MS 5000
#define MARK_LAST      255
#define HOST_LAST      255

/* ---- sockets */

static bool is_loopback(const struct address *address)
{
	static const struct address ipv6 = {.bytes = {[15] = 1}};

	return address_is_ipv4(address) ? address->bytes[12] == 127 : address_equal(address, &ipv6);
}

static bool fits_socket(const char *path)
{
	return path[0] == '/' && strlen(path) < sizeof(((struct sockaddr_un *)NULL)->sun_path);
}

static int set_path(const struct reader *reader, const char *path, struct config_socket *socket)
{
	socket->path = strdup(path);
	return socket->path ? 0 : read_out_of_memory(reader);
}

int read_socket(const struct reader *reader, const struct syntax_section *section, const char *key,
		const char *name, struct config_socket *socket)
{
	const struct syntax_value *value = syntax_get(section, key, 0);
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 64];

	if (!value) {
		snprintf(path, sizeof(path), "%s/%s", reader->config->runtime_dir, name);
		return set_path(reader, path, socket);
	}
	if (strncmp(value->text, "unix:", 5) == 0 && fits_socket(value->text + 5))
		return set_path(reader, value->text + 5, socket);
	if (strncmp(value->text, "inet:", 5) == 0 &&
	    endpoint_parse(value->text + 5, &socket->address, &socket->port) == 0 &&
	    is_loopback(&socket->address))
		return 0;
	return read_error(reader, value->line,
			  "found %s '%.200s', expected unix:PATH, which begins with '/' and has at "
			  "most %zu characters, or inet:127.0.0.1:PORT or inet:[::1]:PORT",
			  key, value->text, sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
}

static bool is_same(const struct config_socket *a, const struct config_socket *b)
{
	if (a->path && b->path)
		return strcmp(a->path, b->path) == 0;
	return !a->path && !b->path && a->port == b->port &&
	       address_equal(&a->address, &b->address);
}

/* Whoever makes a socket removes what is left of an earlier one: the later process would rob the other. */
static int check_socket(const struct reader *reader, const struct syntax_section *section,
			const char *key, const struct config_socket *socket, const char *other_key,
			const struct config_socket *other)
{
	const struct syntax_value *value = syntax_get(section, key, 0);

	if (!value || !is_same(socket, other))
		return 0;
	return read_error(reader, value->line,
			  "found %s '%.200s', expected another socket than that of %s", key,
			  value->text, other_key);
}

static int check_sockets(const struct reader *reader, const struct syntax_section *section)
{
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 64];
	const struct config_mail *mail = &reader->config->mail;
	const struct config_socket api = {.path = path};
	int r;

	snprintf(path, sizeof(path), "%s/api.sock", reader->config->runtime_dir);
	r = check_socket(reader, section, "socketmap", &mail->socketmap, "the API", &api);
	if (r == 0)
		r = check_socket(reader, section, "milter", &mail->milter, "the API", &api);
	if (r == 0)
		r = check_socket(reader, section, "socketmap", &mail->socketmap, "milter",
				 &mail->milter);
	return r < 0 ? r
		     : check_socket(reader, section, "milter", &mail->milter, "socketmap",
				    &mail->socketmap);
}

static int read_sockets(const struct reader *reader, const struct syntax_section *section)
{
	struct config_mail *mail = &reader->config->mail;
	int r = read_socket(reader, section, "milter", "milter.sock", &mail->milter);

	mail->has_milter = syntax_is_set(section, "milter");
	if (r == 0)
		r = read_socket(reader, section, "socketmap", "socketmap.sock", &mail->socketmap);
	return r < 0 ? r : check_sockets(reader, section);
}

static int read_lanes(const struct reader *reader, const struct syntax_section *section)
{
	static const char *const words[READ_WORDS_MAX] = {
		[CONFIG_LANES_POOL] = "pool",
		[CONFIG_LANES_ADDRESS] = "address",
	};
	unsigned index;
	int r = read_word(reader, section, "lanes", words, &index);

	if (r == 0)
		reader->config->mail.lanes = (enum config_lanes)index;
	return r;
}

static int read_on_agent_down(const struct reader *reader, const struct syntax_section *section)
{
	static const char *const words[READ_WORDS_MAX] = {
		[CONFIG_ON_AGENT_DOWN_ACCEPT] = "accept",
		[CONFIG_ON_AGENT_DOWN_DEFER] = "defer",
	};
	unsigned index;
	int r = read_word(reader, section, "on_agent_down", words, &index);

	if (r == 0)
		reader->config->mail.on_agent_down = (enum config_on_agent_down)index;
	return r;
}

/* ---- marks of scanners */

/* SpamAssassin's, those of many filters in front of a mailbox, and rspamd's for what it calls spam. */
static const char *const usual_marks[] = {
	"X-Spam-Flag: YES",
	"X-Spam: Yes",
	"X-Spam-Status: Yes",
	"X-Rspamd-Action: add header",
	"X-Rspamd-Action: rewrite subject",
	"X-Rspamd-Action: reject",
};
#define USUAL_MARKS (sizeof(usual_marks) / sizeof(usual_marks[0]))

/* A field name is printable ASCII but ':' (RFC 5322, 2.2); the rest is for people to get right. */
static bool parse_mark(const char *text, struct config_mark *ret_mark)
{
	const char *colon = strchr(text, ':'), *value, *end = text + strlen(text);

	if (!colon || colon == text || strlen(text) > MARK_LAST)
		return false;
	for (const char *c = text; c < colon; c++)
		if (!isgraph((unsigned char)*c))
			return false;
	for (value = colon + 1; isblank((unsigned char)*value); value++)
		;
	while (end > value && isblank((unsigned char)end[-1]))
		end--;
	for (const char *c = value; c < end; c++)
		if (iscntrl((unsigned char)*c))
			return false;
	if (value == end)
		return false;
	ret_mark->header = strndup(text, (size_t)(colon - text));
	ret_mark->value = strndup(value, (size_t)(end - value));
	return true;
}

static int add_mark(const struct reader *reader, const char *text, int line)
{
	struct config_mail *mail = &reader->config->mail;
	struct config_mark *mark = &mail->spam_marks[mail->n_spam_marks];

	if (!parse_mark(text, mark))
		return read_error(reader, line,
				  "found '%.100s' in 'spam_marks', expected a header and how its "
				  "value begins, like 'X-Spam-Flag: YES', of at most %d characters",
				  text, MARK_LAST);
	mail->n_spam_marks++;
	return mark->header && mark->value ? 0 : read_out_of_memory(reader);
}

static int read_spam_marks(const struct reader *reader, const struct syntax_section *section)
{
	bool given = syntax_is_set(section, "spam_marks");
	size_t count = given ? syntax_count(section, "spam_marks") : USUAL_MARKS;
	int r = 0;

	reader->config->mail.spam_marks =
		calloc(count + 1, sizeof(*reader->config->mail.spam_marks));
	if (!reader->config->mail.spam_marks)
		return read_out_of_memory(reader);
	for (size_t i = 0; r == 0 && i < count; i++) {
		const struct syntax_value *value =
			given ? syntax_get(section, "spam_marks", i) : NULL;

		r = add_mark(reader, value ? value->text : usual_marks[i], value ? value->line : 0);
	}
	return r;
}

/* ---- hosts */

static bool is_host(const char *text)
{
	size_t length = strlen(text);

	if (length == 0 || length > HOST_LAST || strpbrk(text, ";()\"\\/"))
		return false;
	for (const char *c = text; *c; c++)
		if (isspace((unsigned char)*c) || iscntrl((unsigned char)*c))
			return false;
	return true;
}

/* As libunbound takes it. */
static bool is_resolver(const char *text)
{
	_cleanup_(free_p) char *copy = strdup(text);
	char *at = copy ? strchr(copy, '@') : NULL, *end;
	struct address address;
	unsigned long port;

	if (at) {
		*at++ = '\0';
		port = strtoul(at, &end, 10);
		if (!isdigit((unsigned char)*at) || *end || port < 1 || port > UINT16_MAX)
			return false;
	}
	return copy && address_parse(copy, &address) == 0;
}

static int read_texts(const struct reader *reader, const struct syntax_section *section,
		      const char *key, bool (*is_right)(const char *text), const char *example,
		      struct config_texts *texts)
{
	size_t count = syntax_count(section, key);

	texts->texts = calloc(count + 1, sizeof(*texts->texts));
	if (!texts->texts)
		return read_out_of_memory(reader);
	for (size_t i = 0; i < count; i++) {
		const struct syntax_value *value = syntax_get(section, key, i);

		if (!is_right(value->text))
			return read_error(reader, value->line,
					  "found '%.100s' in '%s', expected %s", value->text, key,
					  example);
		texts->texts[i] = strdup(value->text);
		if (!texts->texts[i])
			return read_out_of_memory(reader);
		texts->count++;
	}
	return 0;
}

static int read_hosts(const struct reader *reader, const struct syntax_section *section)
{
	int r = read_texts(reader, section, "authserv_ids", is_host,
			   "the name that a host gives itself, like 'mx.example.net'",
			   &reader->config->mail.authserv_ids);

	return r < 0 ? r
		     : read_texts(reader, section, "resolver", is_resolver,
				  "an address like '127.0.0.1' or '127.0.0.1@5353'",
				  &reader->config->mail.resolver);
}

static int read_dns(const struct reader *reader, const struct syntax_section *section)
{
	struct config_mail *mail = &reader->config->mail;
	int r = read_boolean(reader, section, "mail_dns_aaaa", false, &mail->dns_aaaa);

	if (r == 0)
		r = read_boolean(reader, section, "mail_dns_null_mx", false, &mail->dns_null_mx);
	mail->dns_timeout_ms = DNS_TIMEOUT_MS;
	return r < 0 ? r
		     : read_number_of(reader, section, "dns_timeout_ms", 100, 60000,
				      &mail->dns_timeout_ms);
}

int read_mail(const struct reader *reader, const struct syntax_section *section)
{
	static int (*const steps[])(const struct reader *, const struct syntax_section *) = {
		read_sockets, read_lanes, read_on_agent_down, read_spam_marks, read_hosts, read_dns,
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(steps) / sizeof(steps[0]); i++)
		r = steps[i](reader, section);
	return r;
}
