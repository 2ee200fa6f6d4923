/* SPDX-License-Identifier: BSD-2-Clause */
/* Alone in a file, so that a new commit compiles only this again. */
#include "base/version.h"

const char *version(void)
{
	return POSTERN_VERSION;
}
