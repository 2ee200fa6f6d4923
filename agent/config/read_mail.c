/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys of the top level for mail: sockets, marks of scanners, hosts that are believed or asked. */
#include "config/kinds.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/array.h"
#include "config/scanner.h"

#define SOCKET_PATH_SIZE sizeof(((struct sockaddr_un *)NULL)->sun_path)

/* ---- sockets */

static bool is_loopback(const struct address *address)
{
	static const struct address ipv6 = {.bytes = {[15] = 1}};

	return address_is_ipv4(address) ? address->bytes[12] == 127 : address_equal(address, &ipv6);
}

static int set_path(const struct reader *reader, const char *path, struct config_socket *socket)
{
	socket->path = strdup(path);
	return socket->path ? 0 : read_out_of_memory(reader);
}

static int socket_read(const struct reader *reader, const struct config_key *key,
		       const struct value *value, void *field)
{
	const char *text = value->text + 5;
	struct config_socket *socket = field;

	socket->line = value->line;
	if (strncmp(value->text, "unix:", 5) == 0 && text[0] == '/' &&
	    strlen(text) < SOCKET_PATH_SIZE)
		return set_path(reader, text, socket);
	if (strncmp(value->text, "inet:", 5) == 0 &&
	    endpoint_parse(text, &socket->address, &socket->port) == 0 &&
	    is_loopback(&socket->address))
		return 0;
	return read_error(reader, value->line,
			  "found %s '%.200s', expected unix:PATH, which begins with '/' and has at "
			  "most %zu characters, or inet:127.0.0.1:PORT or inet:[::1]:PORT",
			  key->name, value->text, SOCKET_PATH_SIZE - 1);
}

static void socket_print(const struct config_key *key, const void *field, FILE *out)
{
	const struct config_socket *socket = field;
	char text[ENDPOINT_TEXT_SIZE];

	(void)key;
	if (socket->path)
		fprintf(out, "unix:%s\n", socket->path);
	else
		fprintf(out, "inet:%s\n", endpoint_format(&socket->address, socket->port, text));
}

static void socket_release(void *field)
{
	free(((struct config_socket *)field)->path);
}

const struct kind kind_socket = {
	.name = "socket", .read = socket_read, .print = socket_print, .release = socket_release};

static int put_in_runtime_dir(const struct reader *reader, const char *name,
			      struct config_socket *socket)
{
	char path[SOCKET_PATH_SIZE + 64];

	if (socket->path || socket->port)
		return 0;
	snprintf(path, sizeof(path), "%s/%s", reader->config->runtime_dir, name);
	return set_path(reader, path, socket);
}

/* A process removes the stale socket in its way: the second one would rob the first. */
static int check_socket(const struct reader *reader, const char *key,
			const struct config_socket *socket, const char *other_key,
			const struct config_socket *other)
{
	char text[ENDPOINT_TEXT_SIZE];

	if (!socket->line || !config_socket_equal(socket, other))
		return 0;
	return read_error(
		reader, socket->line, "found %s '%s%.200s', expected a socket that %s does not use",
		key, socket->path ? "unix:" : "inet:",
		socket->path ? socket->path : endpoint_format(&socket->address, socket->port, text),
		other_key);
}

/* A login is what the MTA says it is, and any local user can say so over TCP. */
static int check_inet(const struct reader *reader, const struct config_mail *mail)
{
	char text[ENDPOINT_TEXT_SIZE];

	if (!mail->has_milter || mail->milter.path || mail->milter_inet)
		return 0;
	return read_error(
		reader, mail->milter.line,
		"found milter 'inet:%s', expected unix:PATH: any user of this host can "
		"connect to a TCP socket and name any login (milter_inet = true allows it)",
		endpoint_format(&mail->milter.address, mail->milter.port, text));
}

int mail_finish(const struct reader *reader)
{
	struct config_mail *mail = &reader->config->mail;
	char path[SOCKET_PATH_SIZE + 64];
	const struct config_socket api = {.path = path};
	int r = put_in_runtime_dir(reader, "milter.sock", &mail->milter);

	mail->has_milter = mail->milter.line > 0;
	if (r == 0)
		r = check_inet(reader, mail);
	snprintf(path, sizeof(path), "%s/api.sock", reader->config->runtime_dir);
	if (r == 0)
		r = put_in_runtime_dir(reader, "socketmap.sock", &mail->socketmap);
	if (r == 0)
		r = check_socket(reader, "socketmap", &mail->socketmap, "the API", &api);
	if (r == 0)
		r = check_socket(reader, "milter", &mail->milter, "the API", &api);
	if (r == 0)
		r = check_socket(reader, "socketmap", &mail->socketmap, "milter", &mail->milter);
	if (r == 0)
		r = check_socket(reader, "milter", &mail->milter, "socketmap", &mail->socketmap);
	return r;
}

/* ---- marks of scanners */

/* Blanks at both ends are gone already. */
static bool is_mark_value(const char *value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (iscntrl((unsigned char)value[i]))
			return false;
	return size > 0;
}

/* A field name is printable ASCII without ':' (RFC 5322, 2.2). */
static bool parse_mark(const char *text, struct config_mark *ret_mark)
{
	size_t name = 0, size;
	const char *value;

	while (isgraph((unsigned char)text[name]) && text[name] != ':')
		name++;
	if (name == 0 || text[name] != ':')
		return false;
	value = text + name + 1 + strspn(text + name + 1, " \t");
	for (size = strlen(value); size > 0 && isblank((unsigned char)value[size - 1]); size--)
		;
	if (!is_mark_value(value, size))
		return false;
	ret_mark->header = strndup(text, name);
	ret_mark->value = strndup(value, size);
	return true;
}

/* The texts of `mark` become the configuration's. */
static int add_mark(struct config_mail *mail, const struct config_mark *mark)
{
	struct config_mark *marks =
		array_grow(mail->spam_marks, mail->n_spam_marks, sizeof(*marks));

	if (!marks) {
		free(mark->header);
		free(mark->value);
		return -ENOMEM;
	}
	mail->spam_marks = marks;
	marks[mail->n_spam_marks++] = *mark;
	return mark->header && mark->value ? 0 : -ENOMEM;
}

static int add_scanner(struct config_mail *mail, const struct scanner *scanner)
{
	int r = 0;

	for (const struct scanner_mark *mark = scanner->marks; mark->header && r == 0; mark++) {
		const struct config_mark one = {
			.header = strdup(mark->header),
			.value = strdup(mark->value),
			.scanner = scanner,
			.clean = mark->clean,
		};

		r = add_mark(mail, &one);
	}
	return r;
}

static int marks_read(const struct reader *reader, const struct config_key *key,
		      const struct value *value, void *field)
{
	const struct scanner *scanner = scanner_find(value->text);
	struct config_mark mark = {.header = NULL};
	int r;

	if (!scanner && (strlen(value->text) > key->max || !parse_mark(value->text, &mark)))
		return read_refuse(reader, key, value, key->expected);
	r = scanner ? add_scanner(field, scanner) : add_mark(field, &mark);
	return r ? read_out_of_memory(reader) : 0;
}

static void marks_print(const struct config_key *key, const void *field, FILE *out)
{
	const struct config_mail *mail = field;

	(void)key;
	for (size_t i = 0; i < mail->n_spam_marks; i++) {
		const struct config_mark *mark = &mail->spam_marks[i];

		if (!mark->scanner)
			fprintf(out, "%s: %s\n", mark->header, mark->value);
		else if (i == 0 || mark[-1].scanner != mark->scanner)
			fprintf(out, "%s\n", mark->scanner->name);
	}
}

static void marks_release(void *field)
{
	struct config_mail *mail = field;

	for (size_t i = 0; i < mail->n_spam_marks; i++) {
		free(mail->spam_marks[i].header);
		free(mail->spam_marks[i].value);
	}
	free(mail->spam_marks);
}

const struct kind kind_marks = {.name = "header",
				.is_list = true,
				.read = marks_read,
				.print = marks_print,
				.release = marks_release};

/* ---- hosts */

bool mail_is_authserv_id(const char *text)
{
	for (const char *c = text; *c; c++)
		if (!isgraph((unsigned char)*c) || strchr(";()\"\\/", *c))
			return false;
	return true;
}

/* ADDRESS or ADDRESS@PORT, as libunbound takes it. */
bool mail_is_resolver(const char *text)
{
	size_t size = strcspn(text, "@");
	char copy[ADDRESS_TEXT_SIZE];
	struct address address;
	uint16_t port;

	if (size >= sizeof(copy))
		return false;
	snprintf(copy, sizeof(copy), "%.*s", (int)size, text);
	return address_parse(copy, &address) == 0 &&
	       (!text[size] || port_parse(text + size + 1, &port) == 0);
}
