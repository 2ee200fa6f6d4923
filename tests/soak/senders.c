/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whatever the host does, by which source does mail leave? Each disturbance happens under a stream
 * of new connections of the host while the guard lives, is followed by connections whose pool is
 * known, and is undone. Must be zero: packets by a wrong source at both ends of the host, and
 * connections by another pool, refused late or not at all.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netns/postern.h"
#include "netns/stream.h"
#include "soak/count.h"
#include "soak/disturbances.h"

/* Of each disturbance: the guard puts a part back ten times in ten minutes. */
#define TIMES 3

TestSuite(soak_senders, .init = world_init, .fini = world_done, .timeout = 600);

/* ---- what a disturbance asks for */

static const char *why = "";

static void wrong(const char *count, const char *destination, int error)
{
	char name[96];

	snprintf(name, sizeof(name), "%s: %s", why, count);
	fprintf(stderr, "%s to %s: %s\n", name, destination, strerror(error));
	count_add_zero(name, 1);
}

/* Connections that were given up may have arrived since. */
static void forget_late_ones(int receiver)
{
	int fd;

	while ((fd = accept4(receiver, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
		close(fd);
}

int scene_open(const struct scene *scene, const struct origin *origin, const char *destination,
	       int within_ms, struct talk *ret_talk)
{
	forget_late_ones(scene->receiver);
	return talk_open(scene->receiver, origin, destination, 25, within_ms, ret_talk);
}

static bool leaves(const struct scene *scene, const struct origin *origin, const char *destination,
		   const char *pool, int *ret_error)
{
	struct talk talk = TALK_NONE;
	int r = scene_open(scene, origin, destination, CONNECT_MS, &talk);

	if (r == 0 && strcmp(pool_of(talk.from), pool) != 0)
		wrong("connections by another pool", talk.from, 0);
	talk_close(&talk);
	*ret_error = -r;
	return r == 0;
}

void must_leave(const struct scene *scene, const struct origin *origin, const char *destination,
		const char *pool)
{
	int error = 0;

	if (!wait_for(leaves(scene, origin, destination, pool, &error), 10000))
		wrong("connections that did not open again", destination, error);
}

void must_leave_at_once(const struct scene *scene, const struct origin *origin,
			const char *destination, const char *pool)
{
	int error;

	if (!leaves(scene, origin, destination, pool, &error))
		wrong("first connections that failed", destination, error);
}

#define AT_ONCE_MS 1000
#define HELD_MS	   7000 /* of an interface without hooks: 6.1 s */

void must_be_refused(const struct scene *scene, const struct origin *origin,
		     const char *destination, bool at_once)
{
	struct talk talk = TALK_NONE;
	int r = scene_open(scene, origin, destination, at_once ? AT_ONCE_MS : HELD_MS, &talk);

	if (r == 0)
		wrong("held connections that opened", talk.from, 0);
	else if (at_once && r == -ETIMEDOUT)
		wrong("refusals later than a second", destination, -r);
	talk_close(&talk);
}

void must_succeed(bool succeeds, const char *count)
{
	if (!succeeds)
		wrong(count, "", 0);
}

/* ---- a round */

/* Packets to port 25 at both wires of the host; on `lan` none of them is steered. */
static void disturb(const struct scene *scene, const struct disturbance *disturbance)
{
	struct capture *wan = capture_start(), *lan = capture_start_on(TENANT, "lan");

	why = disturbance->name;
	disturbance->happen(scene);
	count_add(disturbance->name, 1);
	count_capture(wan);
	count_capture(lan);
}

static void shuffle(size_t *order, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		size_t j = count_random((unsigned)i), kept = order[i - 1];

		order[i - 1] = order[j];
		order[j] = kept;
	}
}

Test(soak_senders, whatever_happens_to_the_host)
{
	size_t order[DISTURBANCES_MAX];
	struct scene scene = {.receiver = receiver_open(25)};

	postern_configure(NULL);
	postern_guard();
	postern_agent();
	scene.stream = stream_start_to(MAIL, "198.51.100.99");
	for (size_t i = 0; i < n_disturbances; i++)
		order[i] = i;
	for (int i = 0; i < TIMES; i++) {
		shuffle(order, n_disturbances);
		for (size_t j = 0; j < n_disturbances; j++)
			disturb(&scene, &disturbances[order[j]]);
	}
	host_stop(scene.stream, SIGKILL);
}
