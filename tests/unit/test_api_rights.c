/* SPDX-License-Identifier: BSD-2-Clause */
/* Rights by user, alone and on the routes. */
#include "api/rights.h"

#include <criterion/criterion.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/routes.h"
#include "base/error.h"
#include "process/caller.h"
#include "unit/api_fixture.h"
#include "unit/config_file.h"
#include "wire/event.h"

TestSuite(api_rights, .init = api_fixture_open, .fini = api_fixture_close);

#define STRANGER 4711 /* in the group, as a mail server is */

/* Of an agent that runs as `user`. */
static struct rights *rights_of(const char *keys, uid_t user)
{
	char text[512];
	struct config *config;
	struct rights *rights = NULL;

	snprintf(text, sizeof(text), TWO_POOLS "%s", keys);
	config = config_file_load(text);
	cr_assert_eq(seteuid(user), 0);
	cr_assert_eq(rights_new(config, &rights, &config_file_error), 0);
	cr_assert_eq(seteuid(0), 0);
	config_free(config);
	return rights;
}

Test(api_rights, root_and_the_agents_user_may_do_everything)
{
	struct rights *rights = rights_of("", STRANGER + 1);

	cr_expect(rights_allow(rights, 0, -1, RIGHT_COMMAND));
	cr_expect(rights_allow(rights, STRANGER + 1, -1, RIGHT_COMMAND));
	cr_expect(rights_allow(rights, STRANGER, -1, RIGHT_LOOK));
	cr_expect(rights_allow(rights, STRANGER, -1, RIGHT_ASK));
	cr_expect_not(rights_allow(rights, STRANGER, -1, RIGHT_TELL));
	cr_expect_not(rights_allow(rights, STRANGER, -1, RIGHT_COMMAND));
	cr_expect_not(rights_allow(rights, CALLER_NOBODY, -1, RIGHT_TELL));
	rights_free(rights);
}

Test(api_rights, configured_users_may_tell_or_command)
{
	struct rights *rights = rights_of("commanders = { \"daemon\", \"no-such-user\" }\n"
					  "tellers = { \"games\", \"mail\" }",
					  0);

	cr_expect(rights_allow(rights, 1, -1, RIGHT_COMMAND)); /* daemon */
	cr_expect(rights_allow(rights, 1, -1, RIGHT_TELL));
	cr_expect(rights_allow(rights, 8, -1, RIGHT_TELL)); /* mail */
	cr_expect_not(rights_allow(rights, 8, -1, RIGHT_COMMAND));
	cr_expect_not(rights_allow(rights, STRANGER, -1, RIGHT_TELL));
	rights_free(rights);
}

/* Its end of the pair is ours too, then the child ends. */
static int take_socket(pid_t child, int report)
{
	char text[64] = "";
	int pidfd, fd, pid, number;

	cr_assert_gt(read(report, text, sizeof(text) - 1), 0);
	cr_assert_eq(sscanf(text, "%d %d", &pid, &number), 2);
	pidfd = (int)syscall(SYS_pidfd_open, child, 0);
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
	cr_assert_geq(fd, 0);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(pidfd);
	close(report);
	return fd;
}

/* The other end of a connection of a process with these groups; the child ends with the caller. */
static int connected_with(gid_t group, gid_t other)
{
	int ends[2];
	pid_t child;

	cr_assert_eq(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		/* The kernel notes the groups of the process that makes the pair. */
		int pair[2];

		if (setgroups(1, &other) < 0 || setresgid(group, group, group) < 0 ||
		    socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
			_exit(1);
		dprintf(ends[1], "%d %d", getpid(), pair[0]);
		pause();
		_exit(0);
	}
	return child > 0 ? take_socket(child, ends[0]) : -1;
}

Test(api_rights, members_of_a_configured_group_may_tell_or_command)
{
	struct rights *rights = rights_of("commanders = { \"@adm\", \"@no-such-group\" }\n"
					  "tellers = { \"@mail\" }",
					  0);
	int by_primary = connected_with(4, STRANGER), by_other = connected_with(STRANGER, 4);
	int teller = connected_with(STRANGER, 8), stranger = connected_with(STRANGER, STRANGER);

	cr_expect(rights_allow(rights, STRANGER, by_primary, RIGHT_COMMAND));
	cr_expect(rights_allow(rights, STRANGER, by_other, RIGHT_COMMAND));
	cr_expect(rights_allow(rights, STRANGER, teller, RIGHT_TELL));
	cr_expect_not(rights_allow(rights, STRANGER, teller, RIGHT_COMMAND));
	cr_expect_not(rights_allow(rights, STRANGER, stranger, RIGHT_TELL));
	cr_expect_not(rights_allow(rights, STRANGER, -1, RIGHT_TELL));
	rights_free(rights);
}

Test(api_rights, each_route_that_changes_something_needs_a_right)
{
	for (size_t i = 0; i < n_routes; i++)
		cr_expect_eq(routes[i].method == API_GET, routes[i].right == RIGHT_LOOK, "%s",
			     routes[i].path);
}

static int status_for(uid_t uid, enum api_method method, const char *uri, const char *body,
		      char ret_reason[256])
{
	const struct api_request request = {.method = method,
					    .uri = uri,
					    .body = body,
					    .body_size = body ? strlen(body) : 0,
					    .now = {.ns = NOW_NS, .sec = NOW_SEC},
					    .uid = uid};
	struct api_response response;
	const char *reason;

	api_handle(&api_fixture_api, &request, &response);
	reason = json_string_value(json_object_get(response.body, "error"));
	snprintf(ret_reason, 256, "%s", reason ? reason : "");
	json_decref(response.body);
	return response.status;
}

Test(api_rights, a_caller_without_the_right_gets_403_and_changes_nothing)
{
	static const char order[] = "{\"action\":\"steer\",\"pool\":\"high-risk\"}";
	const char *uri = "/v1/senders/tenant-17/verdict";
	struct rights *rights = rights_of("", 0);
	char reason[256];
	json_t *sender;

	api_fixture_api.rights = rights;
	cr_expect_eq(status_for(STRANGER, API_PUT, uri, order, reason), 403);
	cr_expect_str_eq(reason, "user '4711' may not command; root, the agent's user and "
				 "'commanders' may");
	sender = api_fixture_done(API_GET, "/v1/senders/tenant-17", NULL);
	cr_expect_str_eq(api_fixture_string(json_object_get(sender, "verdict"), "pool"), "normal");
	json_decref(sender);
	cr_expect_eq(status_for(8, API_POST, "/v1/reports", "{\"sender\":\"a@b.example\"}", reason),
		     403);
	cr_expect_str_eq(reason, "user 'mail' may not report; root, the agent's user and "
				 "'commanders' and 'tellers' may");
	cr_expect_eq(status_for(STRANGER, API_GET, "/v1/pools", NULL, reason), 200);
	cr_expect_eq(status_for(STRANGER, API_POST, "/v1/messages", "{}", reason), 200, "%s",
		     reason);
	cr_expect_eq(status_for(0, API_PUT, uri, order, reason), 200, "%s", reason);
	rights_free(rights);
}

/* Text of the last one. */
static char announced[256];

static void note_order(void *data, const struct wire_event *event)
{
	(void)data;
	cr_assert_eq(event->kind, WIRE_EVENT_ORDER);
	snprintf(announced, sizeof(announced), "%s %u %s %s %s", event->order.by, event->order.uid,
		 event->order.method, event->order.path,
		 event->order.body ? event->order.body : "-");
}

Test(api_rights, an_order_that_was_carried_out_is_announced_with_its_user)
{
	char reason[256];

	api_fixture_api.on_order = note_order;
	cr_assert_eq(
		status_for(8, API_PATCH, "/v1/pools/normal", "{\"state\": \"disabled\"}", reason),
		200, "%s", reason);
	cr_expect_str_eq(announced, "mail 8 PATCH /v1/pools/normal {\"state\":\"disabled\"}");
	announced[0] = '\0';
	status_for(8, API_PATCH, "/v1/pools/nosuch", "{\"state\": \"disabled\"}", reason);
	status_for(8, API_GET, "/v1/pools", NULL, reason);
	status_for(8, API_POST, "/v1/messages", "{}", reason);
	cr_expect_str_empty(announced);
}

Test(api_rights, an_order_of_a_client_that_has_left_changes_nothing)
{
	const struct api_request request = {.method = API_PATCH,
					    .uri = "/v1/pools/normal",
					    .body = "{\"state\":\"disabled\"}",
					    .body_size = strlen("{\"state\":\"disabled\"}"),
					    .is_abandoned = true};
	struct api_response response;

	api_handle(&api_fixture_api, &request, &response);
	cr_expect_eq(response.status, 503);
	json_decref(response.body);
}
