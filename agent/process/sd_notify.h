/* SPDX-License-Identifier: BSD-2-Clause */
/* The supervisor's notification socket (sd_notify(3), environment NOTIFY_SOCKET). */
#pragma once

/* "READY=1" or "STOPPING=1". Without a socket, or where sending fails, nothing happens. */
void sd_notify_send(const char *message);
