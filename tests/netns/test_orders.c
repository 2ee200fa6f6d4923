/* SPDX-License-Identifier: BSD-2-Clause */
/* Orders hold, whatever `up`, a changed file or a restart meets them. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/postern.h"

TestSuite(netns_orders, .init = world_init, .fini = world_done, .timeout = 90);

/* The pools of postern.h, but 192.0.2.10 and .20 have changed places. */
static const char exchanged[] =
	"pool \"normal\" { addresses = { \"192.0.2.20\", \"192.0.2.11\" }\n"
	"  handles = { \"" HANDLE_NORMAL "\" } }\n"
	"pool \"high-risk\" { addresses = { \"192.0.2.10\", \"192.0.2.21\" }\n"
	"  handles = { \"" HANDLE_HIGH_RISK "\" } }\n"
	"pool \"relay\" { addresses = { \"192.0.2.30\" } handles = { \"" HANDLE_RELAY "\" } }\n";

static char *dump(const char *map, const char *filter)
{
	char *text = host_must(
		MAIL, "bpftool -j map dump pinned $pin_path/postern_%s | jq -rj '%s'", map, filter);

	return text;
}

/* Does the one entry of the map whose `field` is `name` have this pool? */
static bool entry_has_pool(const char *map, const char *field, const char *name, const char *pool)
{
	_cleanup_(free_p) char *filter = NULL, *found = NULL;

	cr_assert_geq(asprintf(&filter, ".[].formatted.value | select(.%s == \"%s\").pool_label",
			       field, name),
		      0);
	found = dump(map, filter);
	return strcmp(found, pool) == 0;
}

static bool has_pool(const char *address, const char *pool)
{
	return entry_has_pool("addrs", "text", address, pool);
}

static bool has_verdict(const char *sender, const char *pool)
{
	return entry_has_pool("verdict", "label", sender, pool);
}

static void expect_exchanged(void)
{
	cr_expect(has_pool("192.0.2.10", "high-risk"));
	cr_expect(has_pool("192.0.2.20", "normal"));
}

Test(netns_orders, an_order_after_up_with_a_changed_file_never_brings_old_pools_back)
{
	_cleanup_(free_p) char *drained = NULL;

	postern_begin(NULL);
	postern_configure(&(struct setup){.pools = exchanged});
	free(postern_must("up"));
	expect_exchanged();
	free(postern_must("pool drain normal 192.0.2.11"));
	free(postern_must("sender set tenant-7 high-risk"));
	expect_exchanged();
	drained = dump("addrs", ".[].formatted.value | select(.text == \"192.0.2.11\").state");
	cr_assert_str_eq(drained, "ADDRESS_DRAINING");
	cr_assert(has_verdict("tenant-7", "high-risk"));
}

static bool log_says(const char *text)
{
	return host_succeeds(MAIL, "grep -q '%s' $directory/agent.log", text);
}

/* Root may read the file, the agent's user may not. */
Test(netns_orders, an_agent_that_cannot_read_the_new_file_refuses_orders_and_brings_nothing_back)
{
	pid_t agent = postern_begin(NULL);
	_cleanup_result_ struct result refused = {0};
	const char *conf = postern_configure(&(struct setup){.pools = exchanged});

	free(host_must(MAIL, "chmod 600 %s", conf));
	free(postern_must("up"));
	cr_assert(wait_for(log_says("reloading the configuration: .*Permission denied"), 3000));
	refused = postern_run("sender set tenant-7 high-risk");
	cr_assert_eq(refused.status, 1, "%s", refused.text);
	cr_assert_not_null(strstr(refused.text, "does not follow the configuration"), "%s",
			   refused.text);
	expect_exchanged();
	cr_assert(has_verdict("tenant-7", "normal"));
	free(host_must(MAIL, "chmod 644 %s", conf));
	kill(agent, SIGHUP);
	free(postern_must("sender set tenant-7 high-risk"));
	expect_exchanged();
	cr_assert(has_verdict("tenant-7", "high-risk"));
}

/* Holds the maps for a second, as `up` does while it writes them. */
static void hold_maps(const char *seconds)
{
	const char *const argv[] = {"flock", world.pin_path, "sleep", seconds, NULL};

	host_start(MAIL, "holder", argv);
	cr_assert(wait_for(!host_succeeds(MAIL, "flock -n $pin_path true"), 2000));
}

Test(netns_orders, an_order_waits_while_up_writes_the_maps)
{
	uint64_t begin_ms;

	postern_begin(NULL);
	hold_maps("0.7");
	begin_ms = now_ms();
	free(postern_must("sender set tenant-7 high-risk"));
	cr_assert_geq(now_ms() - begin_ms, 400);
	cr_assert(has_verdict("tenant-7", "high-risk"));
}

Test(netns_orders, up_waits_while_the_agent_writes_the_maps)
{
	uint64_t begin_ms;

	postern_begin(NULL);
	hold_maps("0.7");
	begin_ms = now_ms();
	free(postern_must("up"));
	cr_assert_geq(now_ms() - begin_ms, 400);
}

/* It writes in several turns. */
Test(netns_orders, each_turn_of_up_waits_for_an_agent_that_takes_turns_of_its_own)
{
	const char *const argv[] = {"sh", "-c", "while flock \"$0\" sleep 0.1; do :; done",
				    world.pin_path, NULL};

	postern_begin(NULL);
	host_start(MAIL, "holder", argv);
	cr_assert(wait_for(!host_succeeds(MAIL, "flock -n $pin_path true"), 2000));
	free(postern_must("up"));
}

/* Each `up` meets orders at other moments. */
Test(netns_orders, an_order_that_is_confirmed_while_up_runs_is_in_the_maps_afterwards)
{
	static const char *const pools[] = {"high-risk", "relay", "normal"};
	int orders = 0;

	postern_begin(NULL);
	for (int round = 0; round < 2; round++) {
		const char *const argv[] = {getenv("POSTERN"), "-c", postern_configure(NULL), "up",
					    NULL};
		pid_t up = host_start(MAIL, "up", argv);
		const char *pool;
		int status = -1;

		do {
			pool = pools[orders++ % 3];
			free(postern_must("sender set tenant-7 %s", pool));
		} while (waitpid(up, &status, WNOHANG) == 0);
		cr_assert_eq(status, 0);
		cr_assert(has_verdict("tenant-7", pool), "round %d: not %s", round, pool);
	}
	cr_assert_geq(orders, 4);
}

Test(netns_orders, an_agent_that_starts_while_up_replaces_its_file_follows_the_new_one)
{
	pid_t agent = postern_begin(NULL);

	host_stop(agent, SIGTERM);
	hold_maps("0.7");
	/* The agent loads the old file, and waits for the maps. */
	{
		const char *const argv[] = {getenv("POSTERN"), "-c", postern_configure(NULL),
					    "agent", NULL};

		agent = host_start(MAIL, "agent", argv);
		poll(NULL, 0, 300);
	}
	postern_configure(&(struct setup){.pools = exchanged});
	free(postern_must("up"));
	free(postern_must("pool drain normal 192.0.2.11"));
	expect_exchanged();
	cr_assert_eq(kill(agent, 0), 0);
}

static pid_t up_start(void)
{
	const char *const argv[] = {getenv("POSTERN"), "-c", postern_configure(NULL), "up", NULL};

	return host_start(MAIL, "up", argv);
}

/* The lock of `up` is held as long as the process lives. */
static pid_t hold_up(void)
{
	const char *const argv[] = {"sh", "-c",
				    "exec 9<$directory/run/up.lock; flock 9; exec sleep 60", NULL};
	pid_t holder = host_start(MAIL, "holder", argv);

	cr_assert(wait_for(!host_succeeds(MAIL, "flock -n $directory/run/up.lock true"), 2000));
	return holder;
}

static bool waits_for_lock(pid_t up)
{
	return host_succeeds(MAIL, "grep -q waiting $directory/up.log && test -e /proc/%d", up);
}

Test(netns_orders, an_up_that_waited_for_another_never_brings_its_older_file_back)
{
	pid_t holder, up;

	postern_begin(NULL);
	holder = hold_up();
	up = up_start();
	cr_assert(wait_for(waits_for_lock(up), 5000));
	postern_configure(&(struct setup){.pools = exchanged});
	host_stop(holder, SIGTERM);
	cr_assert_eq(host_stop(up, 0), 0);
	expect_exchanged();
}

/* ---- the state file */

static const struct origin tenant = {.host = TENANT};

/* test_host_up_state.c has all kinds. */
static const struct damage {
	const char *name;
	const char *command; /* in the directory of state.db */
	bool loses;	     /* orders are gone, and `up` says so */
} damages[] = {
	{"truncated to half", "truncate -s $(($(stat -c %s state.db) / 2)) state.db", true},
	{"a directory in its place", "rm state.db; mkdir state.db", true},
	{"empty", ": >state.db", false},
};

static void damage(const char *command)
{
	free(host_must(MAIL,
		       "cd $directory/state && rm -f state.db-wal state.db-shm && { %s; } 2>&1 &&"
		       " { chown -h nobody: state.db* || true; }",
		       command));
}

/* Between `up` and `down`; without the agent, so that the file alone knows the order. */
static void prepare_state(void)
{
	pid_t agent;

	free(host_must(MAIL, "rm -rf $directory/state"));
	agent = postern_begin(NULL);
	free(postern_must("pool disable relay"));
	free(postern_must("sender set tenant-7 high-risk"));
	cr_assert_eq(host_stop(agent, SIGTERM), 0);
}

Test(netns_orders, up_steers_whatever_the_state_file_is)
{
	int receiver = receiver_open(25);

	prepare_state();
	free(host_must(MAIL, "cp -a $directory/state $directory/good"));
	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		const struct damage *kind = &damages[i];
		_cleanup_(free_p) char *said = NULL;

		free(postern_must("down"));
		free(host_must(MAIL, "cd $directory && rm -rf state && cp -a good state"));
		damage(kind->command);
		said = postern_must("up 2>&1");
		cr_expect_eq(strstr(said, "the state cannot be read") != NULL, kind->loses,
			     "%s: %s", kind->name, said);
		cr_expect(!kind->loses || strstr(said, "state.db"), "%s: %s", kind->name, said);
		{
			_cleanup_talk_ struct talk talk =
				talk_must(receiver, &tenant, RECEIVER_IPV4, 25);

			cr_expect_str_neq(pool_of(talk.from), "none", "%s: left by %s", kind->name,
					  talk.from);
		}
	}
}

Test(netns_orders, over_maps_with_orders_up_and_the_agent_take_them_up_whatever_the_file_is)
{
	static const char *const kinds[] = {"rm state.db", "echo 'no database' >state.db"};

	prepare_state();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		pid_t agent;

		damage(kinds[i]);
		free(postern_must("up"));
		cr_assert(has_verdict("tenant-7", "high-risk"), "up, %s", kinds[i]);
		agent = postern_agent();
		cr_assert(has_verdict("tenant-7", "high-risk"), "agent, %s", kinds[i]);
		cr_assert_eq(host_stop(agent, SIGTERM), 0);
	}
	/* A file that was made anew knows them by now. */
	damage("rm state.db");
	host_stop(postern_agent(), SIGTERM);
	free(postern_must("down"));
	free(postern_must("up"));
	cr_assert(has_verdict("tenant-7", "high-risk"));
}

/* The agent's user exchanges its file while root looks: nothing is made where a link leads. */
Test(netns_orders, up_opens_the_state_as_the_agents_user)
{
	_cleanup_(free_p) char *before = NULL, *after = NULL;

	prepare_state();
	free(host_must(MAIL,
		       "mkdir -m 700 $directory/roots && cd $directory/state && rm state.db* &&"
		       "ln -s $directory/roots/made state.db && chown -h nobody state.db"));
	free(postern_must("up 2>&1"));
	free(host_must(MAIL, "! test -e $directory/roots/made"));
	free(host_must(MAIL,
		       "cd $directory/state && rm state.db && echo kept >$directory/roots/text"
		       "&& ln $directory/roots/text state.db"));
	before = host_must(MAIL, "stat -c '%%u %%s' $directory/roots/text");
	free(postern_must("up 2>&1"));
	after = host_must(MAIL, "stat -c '%%u %%s' $directory/roots/text");
	cr_assert_str_eq(before, after);
}

Test(netns_orders, an_order_whose_pool_is_gone_leads_to_high_risk_and_up_and_agent_say_so)
{
	static const char without_relay[] = "pool \"normal\" { addresses = { \"192.0.2.10\" }\n"
					    "  handles = { \"" HANDLE_NORMAL "\" } }\n"
					    "pool \"high-risk\" { addresses = { \"192.0.2.20\" }\n"
					    "  handles = { \"" HANDLE_HIGH_RISK "\" } }\n";
	_cleanup_(free_p) char *said = NULL;

	postern_begin(NULL);
	free(postern_must("sender set tenant-7 relay"));
	postern_configure(&(struct setup){.pools = without_relay});
	said = postern_must("up 2>&1");
	cr_assert_not_null(strstr(said, "no pool 'relay': 'tenant-7'"), "%s", said);
	cr_assert(has_verdict("tenant-7", "high-risk"));
	cr_assert(wait_for(log_says("no pool .relay.: .tenant-7."), 5000));
	cr_assert(has_verdict("tenant-7", "high-risk"));
	postern_configure(NULL);
	free(postern_must("up"));
	cr_assert(has_verdict("tenant-7", "relay"));
}

/* ---- down */

Test(netns_orders, down_removes_what_is_ours_and_nothing_else)
{
	_cleanup_result_ struct result down = {0};

	postern_begin(NULL);
	free(host_must(MAIL, "cd $pin_path && mkdir link_x postern_x && mkdir -p postern_y/z &&"
			     "bpftool map create $pin_path/postern_other type array key 4 value 4 "
			     "entries 1 name others"));
	down = postern_run("down");
	cr_expect_eq(down.status, 1, "%s", down.text);
	free(host_must(MAIL, "test \"$(ls $pin_path | sort | tr '\\n' ' ')\" = "
			     "'postern_other postern_y '"));
	free(host_must(MAIL, "rm $pin_path/postern_other; rmdir $pin_path/postern_y/z"));
	free(postern_must("down"));
	free(host_must(MAIL, "! test -e $pin_path"));
}

Test(netns_orders, down_removes_nothing_where_there_is_no_bpf_file_system)
{
	_cleanup_result_ struct result down = {0};

	postern_configure(NULL);
	free(host_must(MAIL, "sed -i \"s|^pin_path.*|pin_path = \\\"$directory/backup\\\"|\" "
			     "$directory/postern.conf; mkdir -p $directory/backup;"
			     "echo kept >$directory/backup/postern_2026.tar"));
	down = postern_run("down");
	cr_expect_eq(down.status, 1, "%s", down.text);
	cr_expect_not_null(strstr(down.text, "not on a BPF file system"), "%s", down.text);
	free(host_must(MAIL, "grep -q kept $directory/backup/postern_2026.tar"));
}
