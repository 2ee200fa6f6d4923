/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that are no configuration: missing, no regular file, not readable, no text, too large. */
#include "config/config.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "config_file.h"

TestSuite(config_files, .init = config_file_setup, .fini = config_file_teardown);

static int load(char *ret_text, size_t size)
{
	struct config *config = NULL;
	struct error error = {""};
	int r = config_load(config_file, &config, &error);

	config_free(config);
	snprintf(ret_text, size, "%s", error.text);
	return r;
}

static void expect_file_error(int code, const char *what)
{
	char text[512], expected[512];

	snprintf(expected, sizeof(expected), "%s%s", config_file, what);
	cr_expect_eq(load(text, sizeof(text)), code);
	cr_expect_str_eq(text, expected);
}

Test(config_files, a_file_that_is_missing_is_named)
{
	expect_file_error(-ENOENT, ": found 'No such file or directory', expected a readable file");
}

Test(config_files, a_directory_is_no_configuration)
{
	cr_assert_eq(mkdir(config_file, 0700), 0);
	expect_file_error(-EINVAL, ": found a directory, expected a regular file");
	rmdir(config_file);
}

Test(config_files, a_fifo_is_refused_and_not_waited_for, .timeout = 5)
{
	cr_assert_eq(mkfifo(config_file, 0600), 0);
	expect_file_error(-EINVAL, ": found a special file, expected a regular file");
}

Test(config_files, a_file_that_may_not_be_read_is_named)
{
	char directory[sizeof(config_file)];

	/* Root may read everything, so the reader is somebody else. */
	config_file_write(TWO_POOLS, strlen(TWO_POOLS));
	cr_assert_eq(chmod(config_file, 0), 0);
	snprintf(directory, sizeof(directory), "%.*s",
		 (int)(strrchr(config_file, '/') - config_file), config_file);
	cr_assert_eq(chmod(directory, 0755), 0);
	if (geteuid() == 0)
		cr_assert_eq(seteuid(65534), 0);
	expect_file_error(-EACCES, ": found 'Permission denied', expected a readable file");
	if (getuid() == 0)
		cr_assert_eq(seteuid(0), 0);
}

Test(config_files, a_nul_byte_is_found_wherever_it_is)
{
	static const char in_a_comment[] = TWO_POOLS "# a\0b\n";
	static const char in_a_string[] = TWO_POOLS "\n\nuser = \"a\0b\"\n";

	config_file_write(in_a_comment, sizeof(in_a_comment) - 1);
	expect_file_error(-EINVAL, ":3: found byte 0x00, expected text");
	config_file_write(in_a_string, sizeof(in_a_string) - 1);
	expect_file_error(-EINVAL, ":5: found byte 0x00, expected text");
}

Test(config_files, a_file_may_have_8_mib_and_not_a_byte_more)
{
	static char text[CONFIG_SIZE_MAX_BYTES + 1];
	char error[512];

	memset(text, ' ', sizeof(text));
	memcpy(text, TWO_POOLS, strlen(TWO_POOLS));
	config_file_write(text, sizeof(text) - 1);
	cr_expect_eq(load(error, sizeof(error)), 0, "%s", error);
	config_file_write(text, sizeof(text));
	expect_file_error(-EFBIG, ":1: found more than 8388608 bytes, expected no more");
}

Test(config_files, a_file_of_10_mb_is_refused)
{
	static char text[10000000];

	memset(text, '\n', sizeof(text));
	config_file_write(text, sizeof(text));
	expect_file_error(-EFBIG, ":1: found more than 8388608 bytes, expected no more");
}

/* ---- several at once */

#define THREADS 4
#define ROUNDS	200

/* NULL: every round gave the configuration that is asked for. */
static void *load_often(void *file)
{
	const char *state = file == config_file ? "/srv/own.db" : "/var/lib/postern/state.db";

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct config *config = NULL;
		struct error error;
		bool right = config_load(file, &config, &error) == 0 &&
			     strcmp(config->state, state) == 0;

		config_free(config);
		if (!right)
			return file;
	}
	return NULL;
}

Test(config_files, threads_may_load_at_the_same_time)
{
	pthread_t threads[THREADS];
	static char example[] = "tools/postern.conf";

	config_file_write(TWO_POOLS "state = /srv/own.db\nsender \"a\" { uid = root }\n",
			  strlen(TWO_POOLS "state = /srv/own.db\nsender \"a\" { uid = root }\n"));
	for (unsigned i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, load_often,
					    i % 2 ? example : config_file),
			     0);
	for (unsigned i = 0; i < THREADS; i++) {
		void *wrong;

		pthread_join(threads[i], &wrong);
		cr_expect_null(wrong, "%s", (const char *)wrong);
	}
}

static int load_top(const char *text, struct config **ret_config)
{
	config_file_write(text, strlen(text));
	return config_load_top(config_file, ret_config, &config_file_error);
}

Test(config_files, a_section_that_never_closes_is_found_without_a_look_at_it)
{
	struct config *config = NULL;

	cr_assert_eq(load_top("sender \"s\" {\n  mark = { 7 }\n\n", &config), -EINVAL);
	cr_expect(strstr(config_file_error.text, ":4: found the end of the file, expected '}'"),
		  "%s", config_file_error.text);
	cr_assert_eq(load_top("sender \"s\" { /* } \n", &config), -EINVAL);
	cr_expect(strstr(config_file_error.text, "a comment that is never closed"), "%s",
		  config_file_error.text);
}

Test(config_files, the_top_level_alone_is_read_without_the_sections)
{
	struct config *config = NULL;

	cr_assert_eq(load_top("pool \"normal\" { addresses = { \"nonsense\" } }\n"
			      "sender \"{\" { source = { \"}\" } # }\n }\n"
			      "sender 's' { cgroup = { /a//b, '{', \"\\\"{\" } // {\n/* { \n */ }\n"
			      "runtime_dir = \"/run/other\"\n",
			      &config),
		     0, "%s", config_file_error.text);
	cr_expect_str_eq(config->runtime_dir, "/run/other");
	cr_expect_str_eq(config->user, "postern");
	cr_expect_eq(config->n_pools, 0);
	cr_expect_eq(config->n_senders, 0);
	config_free(config);
}

Test(config_files, an_error_of_the_top_level_is_one_without_the_sections_too)
{
	struct config *config = NULL;

	cr_assert_eq(load_top("runtime_dir = 5\n", &config), -EINVAL);
	cr_assert_eq(load_top("sender \"x\" { mark = { 1\n", &config), -EINVAL);
}
