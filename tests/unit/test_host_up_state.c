/* SPDX-License-Identifier: BSD-2-Clause */
/* What `up` learns of a state file: sound, damaged, foreign, or exchanged by the agent's user. */
#include "host/up_state.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "config/config.h"
#include "state/sqlite.h"
#include "state/state.h"
#include "unit/scratch.h"

static struct error error;
static struct config config = {.user = "nobody"};

static void set_up(void)
{
	const struct saved_order order = {
		.sender = "tenant", .action = VERDICT_STEER, .pool = "high-risk"};
	struct state *state;

	if (geteuid() != 0)
		cr_skip_test("needs root to become another user");
	scratch_open();
	scratch_mkdir("lib", 0700);
	config.state = strdup(scratch_path("lib/state.db"));
	cr_assert_eq(sqlite_open(config.state, &state, &error), 0, "%s", error.text);
	cr_assert_eq(state->ops->put_pool(state, "relay", POOL_DISABLED, &error), 0);
	cr_assert_eq(state->ops->put_order(state, &order, &error), 0);
	state_free(state);
	setenv("state", config.state, 1);
	cr_assert_eq(system("chmod 755 ${state%/lib/*}; chown -R nobody ${state%/*}"), 0);
}

TestSuite(host_up_state, .init = set_up, .fini = scratch_close, .timeout = 120);

static int count_order(void *data, const struct saved_order *order)
{
	*(int *)data += strcmp(order->sender, "tenant") == 0;
	return 0;
}

/* Orders that were read. */
static int orders_of(struct state *state)
{
	int count = 0;
	const struct state_visitor visitor = {.data = &count, .order = count_order};

	cr_assert_eq(state->ops->load(state, &visitor, &error), 0);
	return count;
}

static int read_state(struct state **ret_state)
{
	error.text[0] = '\0';
	return up_state_read(&config, ret_state, &error);
}

Test(host_up_state, a_sound_file_tells_its_orders)
{
	struct state *state;

	cr_assert_eq(read_state(&state), 0, "%s", error.text);
	cr_assert(state_is_current(state));
	cr_assert_eq(orders_of(state), 1);
	cr_assert_str_eq(error.text, "");
	state_free(state);
}

static const struct damage {
	const char *name, *command;
	int orders;	 /* that can still be read */
	const char *why; /* NULL: it is a new file */
} damages[] = {
	{"truncated to half", "truncate -s $(($(stat -c %s $state) / 2)) $state", 0, "state.db"},
	{"a hundred bytes", "truncate -s 100 $state", 0, "state.db"},
	{"random bytes", "head -c 9000 /dev/urandom >$state", 0, "not a database"},
	{"a damaged page",
	 "head -c 4096 /dev/zero | dd of=$state bs=4096 seek=1 conv=notrunc status=none", 0,
	 "damaged"},
	{"a newer schema", "sqlite3 $state 'PRAGMA user_version = 99'", 0, "newer postern"},
	{"a table is missing", "sqlite3 $state 'DROP TABLE sender_verdict'", 0, "no such table"},
	{"a directory in its place", "rm $state; mkdir $state", 0, "directory"},
	{"a pipe in its place", "rm $state; mkfifo $state", 0, "regular"},
	{"a link in its place", "mv $state $state.2; ln -s $state.2 $state", 0, "symbolic links"},
	{"an unknown word in a row",
	 "sqlite3 $state \"INSERT INTO sender_verdict VALUES ('zz', 'x', '', 0, 0)\"", 1,
	 "unknown word"},
	{"another program's", "rm $state; sqlite3 $state 'CREATE TABLE packages (name)'", 0,
	 "another program"},
	{"text", "echo 'no database' >$state", 0, "not a database"},
	{"unreadable", "chown root $state; chmod 600 $state", 0, "Permission denied"},
	{"empty", ": >$state", 0, NULL},
	{"removed", "rm $state", 0, NULL},
};

static void expect_answer(const struct damage *damage)
{
	struct state *state;

	cr_assert_eq(read_state(&state), 0, "%s: %s", damage->name, error.text);
	cr_expect_eq(orders_of(state), damage->orders, "%s", damage->name);
	cr_expect_eq(state_is_current(state), !damage->why, "%s: %s", damage->name, error.text);
	cr_expect(!damage->why || strstr(error.text, damage->why), "%s: %s", damage->name,
		  error.text);
	state_free(state);
}

Test(host_up_state, whatever_the_file_is_there_is_an_answer_and_a_reason)
{
	cr_assert_eq(system("cp -a ${state%/*} ${state%/*}.good"), 0);
	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		cr_assert_eq(system("rm -rf ${state%/*}; cp -a ${state%/*}.good ${state%/*}"), 0);
		cr_assert_eq(system(damages[i].command), 0, "%s", damages[i].name);
		cr_assert_eq(system("test ! -e $state -a ! -L $state ||"
				    " test $(stat -c %a $state) = 600 || chown -h nobody $state"),
			     0);
		expect_answer(&damages[i]);
	}
}

/* The child is that user's process: it can be stopped, and what it opens it opens as that user. */
Test(host_up_state, what_the_user_cannot_open_stays_untouched)
{
	struct state *state;

	cr_assert_eq(system("mkdir -m 700 ${state%/lib/*}/roots && rm $state &&"
			    " ln -s ${state%/lib/*}/roots/made $state && chown -h nobody $state"),
		     0);
	cr_assert_eq(read_state(&state), 0, "%s", error.text);
	cr_expect_not(state_is_current(state));
	cr_expect_neq(access(scratch_path("roots/made"), F_OK), 0);
	state_free(state);
}

Test(host_up_state, without_the_user_there_is_no_state)
{
	struct state *state;

	config.user = "no-such-user";
	cr_assert_eq(read_state(&state), 0);
	cr_expect_not(state_is_current(state));
	cr_expect_not_null(strstr(error.text, "no-such-user"), "%s", error.text);
	state_free(state);
}
