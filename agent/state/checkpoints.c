/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread that sleeps until a checkpoint is wanted. */
#include "state/checkpoints.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "state/database.h"

struct checkpoints {
	struct database database; /* the thread's own connection */
	pthread_t thread;
	pthread_mutex_t mutex; /* for all members below */
	pthread_cond_t changed;
	bool wanted;
	bool ending;
	int failed;
	struct error failure;
};

/* A checkpoint by another process is as good. */
static int result_of(struct database *database, int r, struct error *error)
{
	return r == SQLITE_OK || (r & 0xff) == SQLITE_BUSY ? 0 : database_fail(database, error);
}

/* A connection that has never read does not see the log, and finds nothing to do. */
static int connect_reading(struct database *database, struct error *error)
{
	int r = database_connect(database, error);

	if (r == 0)
		r = database_execute(database, "SELECT count(*) FROM sqlite_schema", error);
	if (r < 0)
		sqlite3_close(TAKE_PTR(database->db));
	return r;
}

static int checkpoint(struct database *database, struct error *error)
{
	int pages = 0, r = 0;

	if (!database->db)
		r = connect_reading(database, error);
	if (r < 0)
		return r;
	r = result_of(database,
		      sqlite3_wal_checkpoint_v2(database->db, NULL, SQLITE_CHECKPOINT_PASSIVE,
						&pages, NULL),
		      error);
	if (r < 0 || pages < CHECKPOINT_PAGES_MAX)
		return r;
	return result_of(database,
			 sqlite3_wal_checkpoint_v2(database->db, NULL, SQLITE_CHECKPOINT_RESTART,
						   NULL, NULL),
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
		int r = checkpoint(&checkpoints->database, &error);

		if (r == 0)
			continue;
		pthread_mutex_lock(&checkpoints->mutex);
		checkpoints->failed = r;
		checkpoints->failure = error;
		pthread_mutex_unlock(&checkpoints->mutex);
	}
	sqlite3_close(checkpoints->database.db);
	return NULL;
}

/* Signals belong to the thread of the event loop. */
static int start(struct checkpoints *checkpoints)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	r = pthread_create(&checkpoints->thread, NULL, run, checkpoints);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -r;
}

static void release(struct checkpoints *checkpoints)
{
	pthread_cond_destroy(&checkpoints->changed);
	pthread_mutex_destroy(&checkpoints->mutex);
	free(checkpoints->database.file);
	free(checkpoints);
}

int checkpoints_new(const char *file, struct checkpoints **ret_checkpoints, struct error *error)
{
	struct checkpoints *checkpoints = calloc(1, sizeof(*checkpoints));
	int r;

	if (!checkpoints)
		return error_set(error, -ENOMEM, "out of memory");
	pthread_mutex_init(&checkpoints->mutex, NULL);
	pthread_cond_init(&checkpoints->changed, NULL);
	checkpoints->database.file = strdup(file);
	r = checkpoints->database.file ? start(checkpoints) : -ENOMEM;
	if (r < 0) {
		release(checkpoints);
		return error_set(error, r, "cannot start the thread of checkpoints: %s",
				 strerror(-r));
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
