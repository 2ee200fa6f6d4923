/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The version of this build: "0.9.0 (1a2b3c4)", "0.9.0 (1a2b3c4-dirty)" with changes since that
 * commit, "0.9.0" where the source has no git history. The Makefile holds the number and passes the
 * text in.
 */
#pragma once

const char *version(void);
