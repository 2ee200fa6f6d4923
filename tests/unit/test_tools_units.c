/* SPDX-License-Identifier: BSD-2-Clause */
/* The exposure of the units of tools/systemd, as systemd-analyze(1) sees it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "unit/scratch.h"

TestSuite(tools_units, .init = scratch_open, .fini = scratch_close, .timeout = 60);

static const struct {
	const char *unit;
	int tenths_at_most;
} units[] = {
	{"postern-agent.service", 20}, {"postern-milter.service", 15}, {"postern.service", 33}};
#define N_UNITS (sizeof(units) / sizeof(units[0]))

static char *run(const char *command, int *ret_status)
{
	char *text = calloc(1, 65536);
	FILE *out = popen(command, "r");

	cr_assert_not_null(out);
	(void)!fread(text, 1, 65535, out);
	*ret_status = pclose(out);
	return text;
}

/* "✗ UMask=      Files …": the unit has a comment with "UMask=". */
static void expect_reason(const char *unit, const char *source, char *line)
{
	const char *name = line + strlen("\u2717 ");
	_cleanup_(free_p) char *copy = strndup(name, strcspn(name, " "));
	const char *place = strstr(source, "`systemd-analyze security`");

	cr_assert_not_null(place, "%s", unit);
	cr_expect_not_null(strstr(place, copy), "%s: no reason for %s", unit, copy);
}

static void expect_tight(const char *unit, int tenths_at_most)
{
	_cleanup_(free_p) char *command = NULL, *text = NULL, *source = NULL;
	char *save;
	int status;

	cr_assert_gt(asprintf(&command, "cat tools/systemd/%s.in", unit), 0);
	source = run(command, &status);
	free(command);
	cr_assert_gt(asprintf(&command,
			      "sed 's|@SBINDIR@|/usr/sbin|' tools/systemd/%s.in >%s && "
			      "SYSTEMD_COLORS=0 systemd-analyze security --no-pager --offline=yes "
			      "--threshold=%d %s 2>&1",
			      unit, scratch_path(unit), tenths_at_most, scratch_path(unit)),
		     0);
	text = run(command, &status);
	cr_expect_eq(status, 0, "%s: more than %d tenths: %s", unit, tenths_at_most, text);
	cr_assert_not_null(strstr(text, "Overall exposure level"), "%s", text);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strncmp(line, "\u2717 ", strlen("\u2717 ")) == 0)
			expect_reason(unit, source, line);
}

Test(tools_units, all_units_are_shut_in_and_each_open_door_has_its_reason)
{
	if (access("/usr/bin/systemd-analyze", X_OK) < 0)
		cr_skip_test("systemd is not installed");
	for (size_t i = 0; i < N_UNITS; i++)
		expect_tight(units[i].unit, units[i].tenths_at_most);
}
