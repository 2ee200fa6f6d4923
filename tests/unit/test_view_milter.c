/* SPDX-License-Identifier: BSD-2-Clause */
/* The milter's state by its lock, with its socket in the configuration and without. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "process/lock.h"
#include "unit/config_file.h"
#include "view/milter.h"

static char runtime_dir[] = "/tmp/postern-view-XXXXXX";

static void setup(void)
{
	cr_assert_not_null(mkdtemp(runtime_dir));
	config_file_setup();
}

static void teardown(void)
{
	char file[64];

	snprintf(file, sizeof(file), "%s/milter.lock", runtime_dir);
	unlink(file);
	rmdir(runtime_dir);
	config_file_teardown();
}

TestSuite(view_milter, .init = setup, .fini = teardown);

static struct config *load(const char *more)
{
	char text[512];

	snprintf(text, sizeof(text), TWO_POOLS "runtime_dir = \"%s\"\n%s", runtime_dir, more);
	return config_file_load(text);
}

static int take(void)
{
	int fd = -1;

	cr_assert_eq(lock_take(runtime_dir, "milter", &fd, &config_file_error), 0, "%s",
		     config_file_error.text);
	return fd;
}

/* As a document; "null" where there is nothing to show. */
static void expect(const struct config *config, const char *expected)
{
	json_t *view = view_milter(config);
	_cleanup_(free_p) char *text = json_dumps(view, JSON_ENCODE_ANY | JSON_COMPACT);

	cr_expect_str_eq(text, expected);
	json_decref(view);
}

Test(view_milter, without_a_socket_and_a_past_run_nothing_is_shown)
{
	struct config *config = load("");

	expect(config, "null");
	config_free(config);
}

Test(view_milter, with_a_socket_it_is_down_before_and_after_it_runs)
{
	static const char down[] = "{\"running\":false,\"since\":null}";
	struct config *config = load("milter = \"unix:/run/postern/m.sock\"\n");
	struct view_milter milter;
	int fd;

	expect(config, down);
	fd = take();
	view_milter_read(config, &milter);
	cr_expect(milter.is_known && milter.is_running);
	cr_expect_gt(milter.since_sec, time(NULL) - 10);
	close(fd);
	expect(config, down);
	config_free(config);
}

Test(view_milter, a_past_run_at_the_default_socket_is_known)
{
	struct config *config = load("");
	struct view_milter milter;
	int fd = take();

	view_milter_read(config, &milter);
	cr_expect(milter.is_known && milter.is_running);
	close(fd);
	expect(config, "{\"running\":false,\"since\":null}");
	config_free(config);
}
