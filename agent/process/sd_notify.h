/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The supervisor's notification socket (sd_notify(3), environment NOTIFY_SOCKET). Without a socket
 * these do nothing, and they ignore errors.
 */
#pragma once

/* Sends "READY=1" or "STOPPING=1". */
void sd_notify_send(const char *message);

/*
 * An event loop calls it each second, and around work that takes seconds. Without it for the unit's
 * WatchdogSec the supervisor kills the process and starts it again. It never waits.
 */
void sd_notify_alive(void);
