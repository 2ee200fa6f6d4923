/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keeps account of each part of the host: is it there, how often was it put back, and may it be
 * tried again? A program that removes a part again and again is not fought: after REPAIR_TRIES
 * within REPAIR_WINDOW_NS the part is left alone for that time, then tried again. After a failed
 * try the next one waits for REPAIR_PAUSE_NS. Pure; time is an argument.
 *
 *   state       finding            next state   returned
 *   any         refused            REFUSED      REPAIR_LEAVE
 *   any         present            PRESENT      REPAIR_LEAVE
 *   any         leaving            LEAVING      REPAIR_LEAVE
 *   any         missing            MISSING      REPAIR_TRY, at most REPAIR_TRIES times
 *   MISSING     missing, too often GIVEN_UP     REPAIR_LEAVE
 *   GIVEN_UP    missing, too soon  GIVEN_UP     REPAIR_LEAVE
 *   GIVEN_UP    missing, again_ns  MISSING      REPAIR_TRY
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "postern/host.h"

#define REPAIR_TRIES	 10
#define REPAIR_WINDOW_NS (600 * 1000000000ULL)
#define REPAIR_PAUSE_NS	 1000000000ULL

/* One part, as the last look found it. */
struct finding {
	enum host_kind kind;
	char name[POSTERN_HOST_NAME];
	char interface[16];
	int index;	       /* of the interface; another device has no tries yet */
	enum host_state state; /* PRESENT, MISSING, REFUSED or LEAVING */
	bool can_try;	       /* of a missing part: its interface exists and is up */
	char cause[POSTERN_CAUSE];
};

struct repair_part {
	struct host_key key;
	struct host_entry entry;
	int index;
	uint64_t tries_ns[REPAIR_TRIES]; /* the last ones, a ring; 0: none */
	unsigned next_try;		 /* the place in the ring */
	uint64_t failed_ns;		 /* the last try, if it failed; 0: it did not */
	bool seen;			 /* since repair_begin() */
	struct host_entry published;	 /* report.h: as it is in the map */
};

struct repair {
	struct repair_part *parts;
	size_t count;
};

void repair_done(struct repair *repair);

/* A part as an earlier process has published it; at the start. -ENOMEM. */
int repair_restore(struct repair *repair, const struct host_key *key,
		   const struct host_entry *entry);

/* A look begins: parts that it does not find are no longer wanted. */
void repair_begin(struct repair *repair);

enum repair_next { REPAIR_LEAVE, REPAIR_TRY };
/* *ret_part: valid until the next call. -ENOMEM. */
int repair_look(struct repair *repair, const struct finding *finding, uint64_t now_ns,
		enum repair_next *ret_next, struct repair_part **ret_part);

/* A try has ended; `cause` is why it failed, NULL: the part is there again. */
void repair_tried(struct repair_part *part, const char *cause, uint64_t now_ns);

/* Tries of the last REPAIR_WINDOW_NS. */
unsigned repair_tries(const struct repair_part *part, uint64_t now_ns);
