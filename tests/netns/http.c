/* SPDX-License-Identifier: BSD-2-Clause */
/* HTTP written byte by byte: the tests decide what is sent and when. */
#include "netns/http.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/host.h"

#define ANSWER_MAX_BYTES (1 << 20)

int http_connect(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/run/api.sock", world.directory);
	cr_assert_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0, "%m");
	return fd;
}

/* The start of the body of a complete response; NULL: incomplete. */
static const char *find_body(const char *answer)
{
	const char *body = strstr(answer, "\r\n\r\n");
	const char *length = strcasestr(answer, "\r\nContent-Length: ");

	if (!body || !length || strlen(body + 4) < strtoul(length + 18, NULL, 10))
		return NULL;
	return body + 4;
}

json_t *http_ask(int fd, const char *method, const char *uri, const char *body, int *ret_status)
{
	static char answer[ANSWER_MAX_BYTES];
	_cleanup_(free_p) char *request = NULL;
	const char *text = body ? body : "";
	size_t used = 0;
	int size = asprintf(&request,
			    "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n%s",
			    method, uri, strlen(text), text);

	cr_assert_eq(send(fd, request, (size_t)size, MSG_NOSIGNAL), size);
	answer[0] = '\0';
	while (!find_body(answer)) {
		ssize_t got = recv(fd, answer + used, sizeof(answer) - used - 1, 0);

		cr_assert_gt(got, 0, "%s %s: the connection ended", method, uri);
		used += (size_t)got;
		answer[used] = '\0';
	}
	cr_assert_eq(sscanf(answer, "HTTP/1.%*d %d", ret_status), 1);
	return json_loads(find_body(answer), JSON_DECODE_ANY, NULL);
}

json_t *http_message(int fd, const char *format, ...)
{
	_cleanup_(free_p) char *body = NULL;
	va_list arguments;
	json_t *answer;
	int status;

	va_start(arguments, format);
	cr_assert_geq(vasprintf(&body, format, arguments), 0);
	va_end(arguments);
	answer = http_ask(fd, "POST", "/v1/messages", body, &status);
	cr_assert_eq(status, 200, "%s: %d, %s", body, status,
		     json_string_value(json_object_get(answer, "error")));
	return answer;
}
