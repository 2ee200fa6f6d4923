/* SPDX-License-Identifier: BSD-2-Clause */
/* The supervisor's notification socket (sd_notify(3), environment NOTIFY_SOCKET). */
#pragma once

/* Sends "READY=1" or "STOPPING=1". Without a socket it does nothing, and it ignores errors. */
void sd_notify_send(const char *message);
