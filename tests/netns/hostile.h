/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A mail host that works against Postern, for every test of the namespace suites
 * (POSTERN_TEST_HOSTILE=1): reverse path filters, a router that answers no ARP for foreign sources,
 * masquerading of all local mail, a foreign TCX program in front of ours, and pool addresses and
 * handles that disappear once. The guard runs and puts back. Connections that are held meanwhile
 * are tried again; the assertions of each test stay as they are.
 */
#pragma once

#include <stdbool.h>

bool hostile(void);
/* For a test that contradicts what the hostile host is. The skip is printed and counted. */
#define NOT_HOSTILE(why)                                                                           \
	do {                                                                                       \
		if (hostile())                                                                     \
			cr_skip_test("on the hostile host: " why);                                 \
	} while (0)

/* The world is built: changes it. Starts a capture of all mail. */
void hostile_world(void);

/*
 * `up` is done: starts the guard with this configuration, then takes away what the guard has to put
 * back. Returns when the guard has.
 */
void hostile_host(const char *configuration);

/* Fails the test if a handle was on the wire. */
void hostile_end(void);
