/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char log_file[] = "/tmp/postern-log-XXXXXX";

/* Sends stderr to a file. */
static void capture_log(void)
{
	int fd = mkstemp(log_file);

	cr_assert_geq(fd, 0);
	cr_assert_eq(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	close(fd);
	unsetenv("JOURNAL_STREAM");
}

static const char *log_content(void)
{
	static char content[8192];
	int fd = open(log_file, O_RDONLY);
	ssize_t size = read(fd, content, sizeof(content) - 1);

	cr_assert_geq(size, 0);
	content[size] = '\0';
	close(fd);
	return content;
}

static void remove_log(void)
{
	unlink(log_file);
}

TestSuite(base_log, .init = capture_log, .fini = remove_log);

Test(base_log, a_message_is_a_line_with_its_module)
{
	log_error("agent", "cannot read '%s'", "x");
	log_info("api", "listening");
	cr_expect_str_eq(log_content(), "agent: cannot read 'x'\napi: listening\n");
}

Test(base_log, quoted_input_makes_no_lines_of_its_own)
{
	log_warning("api", "found '%s'", "a\nagent: forged\x1b[2J\x7f");
	cr_expect_str_eq(log_content(), "api: found 'a?agent: forged?[2J?'\n");
}

Test(base_log, a_long_message_is_cut_and_ends_its_line)
{
	static char text[5000];
	const char *content;

	memset(text, 'a', sizeof(text) - 1);
	log_error("agent", "%s", text);
	content = log_content();
	cr_expect_lt(strlen(content), 2200);
	cr_expect_eq(strchr(content, '\n'), content + strlen(content) - 1);
}

Test(base_log, the_journal_gets_priorities_and_only_the_journal)
{
	struct stat status;
	char stream[64];

	cr_assert_eq(fstat(STDERR_FILENO, &status), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)status.st_dev,
		 (unsigned long long)status.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_error("m", "one");
	log_warning("m", "two");
	log_info("m", "three");
	snprintf(stream, sizeof(stream), "%llu:1", (unsigned long long)status.st_dev);
	setenv("JOURNAL_STREAM", stream, 1);
	log_error("m", "four");
	setenv("JOURNAL_STREAM", "nonsense", 1);
	log_error("m", "five");
	cr_expect_str_eq(log_content(), "<3>m: one\n<4>m: two\n<6>m: three\nm: four\nm: five\n");
}
