/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration that messages are judged by, and what is made of it. It can be replaced at any time: a message
 * keeps what it has begun with, and what nobody uses any more is freed.
 */
#pragma once

#include <pthread.h>

#include "pool/lane.h"

struct config;
struct error;
struct maildns;

struct settings {
	const struct config *config;
	struct config *owned; /* the same, or NULL where it is the caller's */
	struct maildns *dns;
	char high_risk_lane[LANE_NAME_SIZE]; /* "": it has none */
	unsigned references;		     /* the holder's is one */
};

/* Those that hold for the next message. */
struct settings_holder {
	pthread_mutex_t mutex; /* of `current`, and of all references */
	struct settings *current;
};

#define SETTINGS_HOLDER_INIT                                                                       \
	{                                                                                          \
		.mutex = PTHREAD_MUTEX_INITIALIZER                                                 \
	}

/*
 * Borrows `config`, or owns it with `owned`: not where it fails. -EINVAL: no address of a resolver; -ENOMEM, -EAGAIN.
 */
int settings_new(const struct config *config, struct config *owned, struct settings **ret_settings,
		 struct error *error);

/* Takes them over; those that were there go with their last message. NULL: none any more. */
void settings_replace(struct settings_holder *holder, struct settings *settings);

/* Until settings_put(). */
struct settings *settings_get(struct settings_holder *holder);
/* NULL is fine. */
void settings_put(struct settings_holder *holder, struct settings *settings);
