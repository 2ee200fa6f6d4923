/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs the programs of postern/adopt.h. 0 or a negative errno, of the program or of the run itself.
 * Within datapath/ but for adopt_flow().
 */
#pragma once

#include "postern/adopt.h"

struct programs;

/* Makes a flow of an older connection; errors as in postern/adopt.h. */
int adopt_flow(const struct programs *programs, const struct adoption *adoption);
/* The timer runs these programs from now on, no longer an earlier load's. -ENOMEM: try again. */
int adopt_timer(const struct programs *programs);
