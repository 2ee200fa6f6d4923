/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Haraka's plugin judges like the milter: node runs it with a stand-in of Haraka (haraka.js), over
 * tests/corpus/. Differences: the plugin does not read bodies.
 */
#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/config.h"
#include "config_file.h"
#include "fuzz/mail_feed.h"
#include "mail/message.h"

#define NODE "node tests/unit/haraka.js tools/haraka/postern.js"

TestSuite(mail_haraka, .init = config_file_setup, .fini = config_file_teardown, .timeout = 60);

static const struct config_mail *config;

static void need_node(void)
{
	if (system("node --version >/dev/null 2>&1") != 0)
		cr_skip_test("node is not installed");
}

static void run(const char *command, char *ret_output, size_t size)
{
	FILE *in = popen(command, "re");

	cr_assert_not_null(in);
	ret_output[fread(ret_output, 1, size - 1, in)] = '\0';
	cr_assert_eq(pclose(in), 0, "%s", command);
}

/* "NAME bounce automatic spam", by the parser of the milter. */
static void print_findings(const char *file, const char *sender, FILE *out)
{
	_cleanup_(fclose_p) FILE *in = fopen(file, "re");
	const char *name = strrchr(file, '/') + 1;
	struct message_findings findings;
	struct message *message;
	uint8_t bytes[8192];

	cr_assert_not_null(in);
	message = mail_feed(config, bytes, fread(bytes, 1, sizeof(bytes), in), 0);
	message_findings(message, sender, &findings);
	fprintf(out, "%.*s %s %s %s\n", (int)strcspn(name, "."), name,
		findings.bounce ? "true" : "false", findings.automatic ? "true" : "false",
		findings.spam ? "true" : "false");
	message_free(message);
}

/* One run for all files: node takes a while to start. */
static void expect_the_same(const glob_t *files, const char *sender)
{
	_cleanup_(free_p) char *command = NULL, *expected = NULL;
	size_t command_size, expected_size;
	FILE *commands = open_memstream(&command, &command_size);
	FILE *lines = open_memstream(&expected, &expected_size);
	char output[8192];

	fputs(NODE, commands);
	for (size_t i = 0; i < files->gl_pathc; i++) {
		fprintf(commands, " '%s' %s", sender, files->gl_pathv[i]);
		print_findings(files->gl_pathv[i], sender, lines);
	}
	fclose(commands);
	fclose(lines);
	run(command, output, sizeof(output));
	cr_expect_str_eq(output, expected, "<%s>: %s\nnot %s", sender, output, expected);
}

Test(mail_haraka, the_plugin_finds_bounces_and_automatic_messages_like_the_milter)
{
	static const char *const senders[] = {"", "a@b.example", "Mailer-Daemon@b.example"};
	struct config *defaults = config_file_load(TWO_POOLS);
	glob_t files;

	need_node();
	config = &defaults->mail;
	cr_assert_eq(glob("tests/corpus/*.eml", 0, NULL, &files), 0);
	for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++)
		expect_the_same(&files, senders[i]);
	globfree(&files);
	config_free(defaults);
}

Test(mail_haraka, a_null_mx_is_no_host_to_connect_to)
{
	char output[1024];

	need_node();
	run("printf '10 .\\n0 .,10 .\\n0 .,10 mx.example.\\n' | " NODE, output, sizeof(output));
	cr_expect_str_eq(output,
			 "OK [{\"priority\":0,\"exchange\":\"\"}]\n"
			 "OK [{\"priority\":0,\"exchange\":\"\"}]\n"
			 "OK [{\"priority\":10,\"exchange\":\"192.0.2.25\","
			 "\"bind\":\"100.127.0.1\"}]\n",
			 "%s", output);
}
