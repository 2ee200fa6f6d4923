/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Much mail at once: several client processes, each with its connection, send their shares one by
 * one.
 */
#pragma once

#include "netns/smtp.h"

struct load {
	unsigned count;
	unsigned clients; /* client i sends mail i, i + clients, … */
	bool insists;	  /* a mail that is deferred (4xx) is sent again until it is accepted */
	/* Fills in mail number n; its texts may be overwritten by the next call. */
	struct mail (*compose)(unsigned n);
};

#define LOAD_CLIENTS_MAX 16

/* One at a time. */
void load_start(const struct load *load);
/* Awaits the end; asserts that every mail was accepted. */
void load_finish(void);
