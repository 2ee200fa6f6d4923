/* SPDX-License-Identifier: BSD-2-Clause */
/* Wrong configurations and wrong requests, through the binary: a clear answer, and no change. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "netns/postern.h"

TestSuite(netns_errors, .init = world_init, .fini = world_done, .timeout = 30);

/* The edit of the good file, and the text that the one line of output must contain. */
struct bad {
	const char *name, *edit, *line, *text;
};

static const struct bad bad_files[] = {
	{"an unknown key", "sed -i '1i colour = \"red\"' $conf", ":1:", "colour"},
	{"a bad address", "sed -i 's/192.0.2.11/192.0.2.311/' $conf", ":6:", "192.0.2.311"},
	{"an address in two pools", "sed -i 's/192.0.2.30/192.0.2.10/' $conf",
	 ":16:", "192.0.2.10"},
	{"a handle in two pools", "sed -i 's/100.127.0.2/100.127.0.1/' $conf",
	 ":12:", "100.127.0.1"},
	{"an unknown pool by default", "sed -i 's/\"normal\"$/\"nosuch\"/' $conf", ":4:", "nosuch"},
	{"high-risk falling back to normal",
	 "sed -i '/risk.example.net/a when_empty = \"normal\"' $conf", ":", "when_empty"},
	{"an empty file", ": >$conf", "", "empty"},
	{"a binary file", "head -c 4096 $POSTERN >$conf", "", "text"},
	{"a file of 10 MB", "head -c 10485760 /dev/zero | tr '\\0' '#' >$conf",
	 ":1:", "8388608 bytes"},
	{"a file that ends in a block", "sed -i '6,$d' $conf", ":5:", "never closed"},
	{"a file that is not there", "rm $conf", "", "No such file"},
};

Test(netns_errors, a_wrong_configuration_is_refused_and_nothing_changes)
{
	static const char picture[] = "ip -o address; tc qdisc; ls $pin_path 2>&1 || true";
	_cleanup_(free_p) char *before = host_must(MAIL, picture);

	for (size_t i = 0; i < sizeof(bad_files) / sizeof(bad_files[0]); i++) {
		const struct bad *bad = &bad_files[i];
		_cleanup_result_ struct result check = {0}, up = {0};
		_cleanup_(free_p) char *after = NULL;
		char place[96];

		setenv("conf", postern_configure(NULL), 1);
		free(host_must(MAIL, "%s", bad->edit));
		check = postern_run("check");
		cr_expect_eq(check.status, 1, "%s: exit %d: %s", bad->name, check.status,
			     check.text);
		snprintf(place, sizeof(place), "%s/postern.conf%s", world.directory, bad->line);
		cr_expect_not_null(strstr(check.text, place), "%s: expected %s in: %s", bad->name,
				   place, check.text);
		cr_expect_not_null(strstr(check.text, bad->text), "%s: expected '%s' in: %s",
				   bad->name, bad->text, check.text);
		up = postern_run("up");
		cr_expect_eq(up.status, 1, "%s: up: exit %d", bad->name, up.status);
		after = host_must(MAIL, picture);
		cr_expect_str_eq(before, after, "%s", bad->name);
	}
}

Test(netns_errors, a_wrong_command_line_is_answered_with_usage_and_exit_2)
{
	static const char *const lines[] = {"nosuch",
					    "pool",
					    "pool nosuch",
					    "sender set",
					    "sender set tenant-7",
					    "pool drain normal",
					    "explain",
					    "explain 1@x --sender tenant-7",
					    "-xj status",
					    ""};

	postern_configure(NULL);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		_cleanup_result_ struct result result = postern_run("%s", lines[i]);

		cr_expect_eq(result.status, 2, "'%s': exit %d: %s", lines[i], result.status,
			     result.text);
	}
}

Test(netns_errors, an_order_for_an_unknown_name_fails_in_one_line)
{
	static const struct {
		const char *line, *text;
	} cases[] = {
		{"sender set nosuch high-risk", "nosuch"},
		{"sender set tenant-7 nosuch", "nosuch"},
		{"sender show nosuch", "nosuch"},
		{"pool disable nosuch", "nosuch"},
		{"pool drain normal 192.0.2.99", "192.0.2.99"},
		{"pool drain normal horse", "horse"},
		{"sender set tenant-7 relay --for never", "never"},
	};

	postern_begin(NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_result_ struct result result = postern_run("%s", cases[i].line);

		cr_expect(result.status == 1 || result.status == 2, "'%s': exit %d: %s",
			  cases[i].line, result.status, result.text);
		cr_expect_not_null(strstr(result.text, cases[i].text), "'%s': %s", cases[i].line,
				   result.text);
	}
}

Test(netns_errors, a_malformed_request_to_the_api_gets_a_4xx_with_a_json_reason)
{
	static const struct {
		const char *request;
		const char *status;
	} cases[] = {
		{"http://localhost/v1/nosuch", "404"},
		{"http://localhost/", "404"},
		{"http://localhost/v1/senders/nosuch", "404"},
		{"-X DELETE http://localhost/v1/pools", "405"},
		{"-X PUT -d '' http://localhost/v1/senders/tenant-7/verdict", "400"},
		{"-X PUT -d 'not json' http://localhost/v1/senders/tenant-7/verdict", "400"},
		{"-X PUT -d '[]' http://localhost/v1/senders/tenant-7/verdict", "400"},
		{"-X PUT -d '{\"action\":7}' http://localhost/v1/senders/tenant-7/verdict", "400"},
		{"-X PUT -d '{\"action\":\"steer\",\"pool\":\"nosuch\"}' "
		 "http://localhost/v1/senders/tenant-7/verdict",
		 "4"},
		{"-X PATCH -d '{\"state\":\"asleep\"}' http://localhost/v1/pools/normal", "400"},
		{"-X PATCH -d '{\"state\":\"disabled\"}' http://localhost/v1/pools/nosuch", "404"},
		{"-X PATCH -d '{\"state\":\"draining\"}' "
		 "http://localhost/v1/pools/normal/addresses/192.0.2.99",
		 "404"},
		{"-X PATCH -d '{\"state\":\"draining\"}' "
		 "http://localhost/v1/pools/normal/addresses/horse",
		 "4"},
		{"-X PUT --data-binary @big http://localhost/v1/senders/tenant-7/verdict", "4"},
	};

	postern_begin(NULL);
	free(host_must(MAIL, "head -c 500000 /dev/zero | tr '\\0' ' ' >%s/big", world.directory));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_result_ struct result result = host_run(
			MAIL, "cd %s; curl -s -w '\\n%%{http_code}' --unix-socket run/api.sock %s",
			world.directory, cases[i].request);
		char *code = strrchr(result.text, '\n');

		cr_expect(code && !strncmp(code + 1, cases[i].status, strlen(cases[i].status)),
			  "%s: %s", cases[i].request, result.text);
		cr_expect_not_null(strstr(result.text, "\"error\""), "%s: %s", cases[i].request,
				   result.text);
	}
	free(postern_must("status"));
}
