/* SPDX-License-Identifier: BSD-2-Clause */
/* Which build this is: what `git describe` said of the tree (the Makefile passes it in). */
#pragma once

const char *version(void);
