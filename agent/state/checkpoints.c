/* SPDX-License-Identifier: BSD-2-Clause */
/* One thread that sleeps until a checkpoint is wanted. */
#include "state/checkpoints.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "state/sqlite.h"

struct checkpoints {
	struct sqlite_state sqlite; /* the thread's; its connection and the file's name, no more */
	pthread_t thread;
	pthread_mutex_t mutex; /* of all below */
	pthread_cond_t changed;
	bool wanted;
	bool ending;
	int failed;
	struct error failure;
};

/* What another process checkpoints at the same time is as good. */
static int result_of(struct sqlite_state *sqlite, int code, struct error *error)
{
	return code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY ? 0 : sqlite_fail(sqlite, error);
}

/* A connection that has never read does not know of a log, and says that there is nothing to do. */
static int connect_reading(struct sqlite_state *sqlite, struct error *error)
{
	int code = sqlite_connect(sqlite, error);

	if (code == 0)
		code = sqlite_execute(sqlite, "SELECT count(*) FROM sqlite_schema", error);
	if (code < 0)
		sqlite3_close(TAKE_PTR(sqlite->db));
	return code;
}

static int checkpoint(struct sqlite_state *sqlite, struct error *error)
{
	int pages = 0, code = 0;

	if (!sqlite->db)
		code = connect_reading(sqlite, error);
	if (code < 0)
		return code;
	code = result_of(sqlite,
			 sqlite3_wal_checkpoint_v2(sqlite->db, NULL, SQLITE_CHECKPOINT_PASSIVE,
						   &pages, NULL),
			 error);
	if (code < 0 || pages < CHECKPOINT_PAGES_MAX)
		return code;
	return result_of(
		sqlite,
		sqlite3_wal_checkpoint_v2(sqlite->db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL),
		error);
}

/* False: it is time to end. */
static bool await(struct checkpoints *checkpoints)
{
	bool wanted;

	pthread_mutex_lock(&checkpoints->mutex);
	while (!checkpoints->wanted && !checkpoints->ending)
		pthread_cond_wait(&checkpoints->changed, &checkpoints->mutex);
	wanted = !checkpoints->ending;
	checkpoints->wanted = false;
	pthread_mutex_unlock(&checkpoints->mutex);
	return wanted;
}

static void *run(void *data)
{
	struct checkpoints *checkpoints = data;

	while (await(checkpoints)) {
		struct error error;
		int code = checkpoint(&checkpoints->sqlite, &error);

		if (code == 0)
			continue;
		pthread_mutex_lock(&checkpoints->mutex);
		checkpoints->failed = code;
		checkpoints->failure = error;
		pthread_mutex_unlock(&checkpoints->mutex);
	}
	sqlite3_close(checkpoints->sqlite.db);
	return NULL;
}

/* Signals are for the thread that has the loop. */
static int start(struct checkpoints *checkpoints)
{
	sigset_t all, before;
	int code;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	code = pthread_create(&checkpoints->thread, NULL, run, checkpoints);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -code;
}

static void release(struct checkpoints *checkpoints)
{
	pthread_cond_destroy(&checkpoints->changed);
	pthread_mutex_destroy(&checkpoints->mutex);
	free(checkpoints->sqlite.file);
	free(checkpoints);
}

int checkpoints_new(const char *file, struct checkpoints **ret_checkpoints, struct error *error)
{
	struct checkpoints *checkpoints = calloc(1, sizeof(*checkpoints));
	int code;

	if (!checkpoints)
		return error_set(error, -ENOMEM, "out of memory");
	pthread_mutex_init(&checkpoints->mutex, NULL);
	pthread_cond_init(&checkpoints->changed, NULL);
	checkpoints->sqlite.file = strdup(file);
	code = checkpoints->sqlite.file ? start(checkpoints) : -ENOMEM;
	if (code < 0) {
		release(checkpoints);
		return error_set(error, code, "no thread for checkpoints: %s", strerror(-code));
	}
	*ret_checkpoints = checkpoints;
	return 0;
}

void checkpoints_free(struct checkpoints *checkpoints)
{
	if (!checkpoints)
		return;
	pthread_mutex_lock(&checkpoints->mutex);
	checkpoints->ending = true;
	pthread_cond_signal(&checkpoints->changed);
	pthread_mutex_unlock(&checkpoints->mutex);
	pthread_join(checkpoints->thread, NULL);
	release(checkpoints);
}

void checkpoints_want(struct checkpoints *checkpoints)
{
	pthread_mutex_lock(&checkpoints->mutex);
	checkpoints->wanted = true;
	pthread_cond_signal(&checkpoints->changed);
	pthread_mutex_unlock(&checkpoints->mutex);
}

int checkpoints_take_failure(struct checkpoints *checkpoints, struct error *error)
{
	int failed;

	pthread_mutex_lock(&checkpoints->mutex);
	failed = checkpoints->failed;
	if (failed)
		*error = checkpoints->failure;
	checkpoints->failed = 0;
	pthread_mutex_unlock(&checkpoints->mutex);
	return failed;
}
