/* SPDX-License-Identifier: BSD-2-Clause */
/* The network namespace of the caller, as the programs know it. */
#pragma once

#include <stdint.h>

/* A number that no other namespace has until the next boot. A negative errno of getsockopt(). */
int netns_cookie(uint64_t *ret_cookie);
