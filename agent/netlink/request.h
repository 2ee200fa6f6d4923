/* SPDX-License-Identifier: BSD-2-Clause */
/* Within netlink/ only: a request by libmnl, and its answers. */
#pragma once

#include <libmnl/libmnl.h>
#include <stddef.h>

#define REQUEST_BUFFER 32768 /* the kernel never puts more into one answer of a dump */

/*
 * Sends the request in `buffer`, which then takes the answers, and passes each to `callback`. 0 or
 * a negative errno.
 */
int request_run(struct mnl_socket *socket, char *buffer, size_t size, mnl_cb_t callback,
		void *data);
