/* SPDX-License-Identifier: BSD-2-Clause */
/* A real Haraka with our plugin (tools/haraka-instance), beside an agent and a name server. */
#pragma once

/* Skips the test where Haraka is not installed. */
void haraka_need(void);

/*
 * Starts it on the mail host; it accepts mail on that port of 127.0.0.1, and asks the name server
 * at 127.0.0.1.
 */
void haraka_start(unsigned port);
