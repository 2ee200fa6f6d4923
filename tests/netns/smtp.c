/* SPDX-License-Identifier: BSD-2-Clause */
/* The client's side of SMTP, command by command. */
#include "netns/smtp.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

#define REPLY_MAX  4096
#define STALL_SEC  60
#define LINE_BYTES 78 /* bytes of a line that is added to a body, CRLF included */

static int connect_mta(unsigned port)
{
	const struct timeval stall = {.tv_sec = STALL_SEC * test_patience()};
	struct sockaddr_in mta = {.sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd;

	host_enter(MAIL);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_geq(fd, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &stall, sizeof(stall));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &stall, sizeof(stall));
	cr_assert_eq(connect(fd, (const struct sockaddr *)&mta, sizeof(mta)), 0, "%s",
		     strerror(errno));
	host_leave();
	return fd;
}

/* Has a complete last line ("250 …", not "250-…") arrived? */
static bool is_whole(const char *reply, size_t size)
{
	const char *line = reply;

	for (const char *end; (end = memchr(line, '\n', size - (size_t)(line - reply)));
	     line = end + 1)
		if (end - line >= 4 && line[3] != '-')
			return true;
	return false;
}

/* Without its line end; "" if the connection ended. */
static char *read_reply(int fd)
{
	char *reply = calloc(1, REPLY_MAX);
	size_t size = 0;

	while (!is_whole(reply, size)) {
		ssize_t got = recv(fd, reply + size, REPLY_MAX - size - 1, 0);

		if (got <= 0) {
			*reply = '\0';
			return reply;
		}
		size += (size_t)got;
	}
	reply[strcspn(reply, "\r\n")] = '\0';
	return reply;
}

static bool write_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		bytes += sent;
		size -= (size_t)sent;
	}
	return true;
}

static char *command(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));
static char *command(int fd, const char *format, ...)
{
	_cleanup_(free_p) char *line = NULL;
	va_list arguments;
	int size;

	va_start(arguments, format);
	size = vasprintf(&line, format, arguments);
	va_end(arguments);
	cr_assert_geq(size, 0);
	return write_all(fd, line, (size_t)size) ? read_reply(fd) : strdup("");
}

/* Keeps `reply` in *last instead of the previous one. Does it begin as expected? */
static bool keep(char **last, char *reply, char expected)
{
	free(*last);
	*last = reply;
	return *reply == expected;
}

/* RFC 4616: NUL, user, NUL, password; the caller's. */
static char *encode_plain(const char *user)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t size = strlen(user) + 3, at = 0;
	unsigned char *plain = calloc(1, size + 2);
	char *text = calloc(1, size * 2);

	cr_assert(plain && text);
	memcpy(plain + 1, user, strlen(user));
	plain[size - 1] = 'x';
	for (size_t i = 0; i < size; i += 3) {
		unsigned group = (unsigned)plain[i] << 16 | plain[i + 1] << 8 | plain[i + 2];

		for (int shift = 18; shift >= 0; shift -= 6)
			text[at++] = digits[group >> shift & 63];
	}
	for (size_t missing = (3 - size % 3) % 3; missing; missing--)
		text[at - missing] = '=';
	free(plain);
	return text;
}

static bool log_in(int fd, const char *user, char **reply)
{
	_cleanup_(free_p) char *plain = encode_plain(user);

	return keep(reply, command(fd, "AUTH PLAIN %s\r\n", plain), '2');
}

static bool say_who(int fd, const struct mail *mail, char **reply)
{
	if (mail->user && !log_in(fd, mail->user, reply))
		return false;
	if (!mail->client && !mail->login)
		return true;
	return keep(reply,
		    command(fd, "XCLIENT ADDR=%s LOGIN=%s\r\n",
			    mail->client ? mail->client : "127.0.0.1",
			    mail->login ? mail->login : "[UNAVAILABLE]"),
		    '2') &&
	       keep(reply, command(fd, "EHLO client.example\r\n"), '2');
}

static bool say_envelope(int fd, const struct mail *mail, char **reply)
{
	const char *to = mail->to ? mail->to : "<bob@example.org>";

	if (!keep(reply, command(fd, "MAIL FROM:%s\r\n", mail->from), '2') ||
	    !keep(reply, command(fd, "RCPT TO:%s\r\n", to), '2'))
		return false;
	for (unsigned n = 1; n <= mail->copies; n++)
		if (!keep(reply, command(fd, "RCPT TO:<copy-%u@example.org>\r\n", n), '2'))
			return false;
	return keep(reply, command(fd, "DATA\r\n"), '3');
}

/* The message with another Message-ID, and with the line ends of SMTP. */
static char *make_whole(const struct mail *mail)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	bool in_headers = true;

	fprintf(out, "Message-ID: <%s>\r\n", mail->id);
	for (const char *line = mail->whole; *line;) {
		size_t length = strcspn(line, "\n");

		in_headers &= length > 0;
		if (!in_headers || strncasecmp(line, "Message-ID:", 11) != 0)
			fprintf(out, "%s%.*s\r\n", *line == '.' ? "." : "", (int)length, line);
		line += length + (line[length] == '\n');
	}
	fclose(out);
	return text;
}

static char *make_head(const struct mail *mail)
{
	int from = (int)strcspn(mail->from, " ");
	const char *id = mail->id ? mail->id : "";
	char *head;

	cr_assert_geq(asprintf(&head,
			       "From: %.*s\r\nTo: bob@example.org\r\nSubject: a test\r\n"
			       "Date: Sat, 21 Nov 2026 12:00:00 +0000\r\n%s%s%s%s\r\n%s",
			       mail->author ? (int)strlen(mail->author) : from,
			       mail->author ? mail->author : mail->from,
			       mail->id ? "Message-ID: <" : "", id, mail->id ? ">\r\n" : "",
			       mail->headers ? mail->headers : "",
			       mail->body ? mail->body : "Good morning.\r\n"),
		      0);
	return head;
}

static bool write_more(int fd, size_t bytes)
{
	char line[LINE_BYTES + 1];

	memset(line, 'x', LINE_BYTES - 2);
	memcpy(line + LINE_BYTES - 2, "\r\n", 3);
	for (; bytes >= LINE_BYTES; bytes -= LINE_BYTES)
		if (!write_all(fd, line, LINE_BYTES))
			return false;
	return true;
}

int smtp_open_port(unsigned port)
{
	int fd = connect_mta(port);
	char *reply = read_reply(fd);

	cr_assert_eq(*reply, '2', "greeted with: %s", reply);
	cr_assert(keep(&reply, command(fd, "EHLO client.example\r\n"), '2'), "%s", reply);
	free(reply);
	return fd;
}

int smtp_open(void)
{
	return smtp_open_port(SUBMISSION_PORT);
}

char *smtp_give(int fd, const struct mail *mail)
{
	_cleanup_(free_p) char *head = mail->whole ? make_whole(mail) : make_head(mail);
	char *reply = NULL;

	if (!say_who(fd, mail, &reply) || !say_envelope(fd, mail, &reply)) {
		free(command(fd, "RSET\r\n"));
		return reply;
	}
	/* A server may end the connection early: its last reply counts. */
	if (write_all(fd, head, strlen(head)) && write_more(fd, mail->more_bytes))
		write_all(fd, ".\r\n", 3);
	keep(&reply, read_reply(fd), '2');
	return reply;
}

char *smtp_try(const struct mail *mail)
{
	_cleanup_(close_fd_p) int fd = smtp_open();
	char *reply = smtp_give(fd, mail);

	free(command(fd, "QUIT\r\n"));
	return reply;
}

void smtp_send(const struct mail *mail)
{
	_cleanup_(free_p) char *reply = smtp_try(mail);

	cr_assert_eq(*reply, '2', "mail of %s: %s", mail->from, reply);
}
