/* SPDX-License-Identifier: BSD-2-Clause */
/* A file of its own: a new commit compiles nothing else again. */
#include "base/version.h"

const char *version(void)
{
	return POSTERN_VERSION;
}
