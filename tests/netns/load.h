/* SPDX-License-Identifier: BSD-2-Clause */
/* Much mail at once: some clients, each a process with a connection of its own, give their shares one by one. */
#pragma once

#include "netns/smtp.h"

struct load {
	unsigned count;
	unsigned clients; /* client i gives mail i, i + clients, … */
	bool insists;	  /* what is not taken for now (4xx) is given again until it is */
	/* Mail number n; its texts need to live until the next call only. */
	struct mail (*compose)(unsigned n);
};

#define LOAD_CLIENTS_MAX 16

/* One at a time. */
void load_start(const struct load *load);
/* Awaits the end; asserts that every mail was taken. */
void load_finish(void);
