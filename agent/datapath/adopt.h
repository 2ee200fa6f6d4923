/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs the programs of postern/adopt.h: a running connection, and the running timer, are adopted.
 */
#pragma once

#include "postern/adopt.h"

struct error;
struct programs;

/*
 * Makes a flow of an older connection. The errors of postern/adopt.h, negative; or of the run
 * itself.
 */
int adopt_flow(const struct programs *programs, const struct adoption *adoption);
/*
 * Once no program of an earlier load is attached: the timer that ends flows runs these programs
 * from now on. 0 also where the kernel has no memory for a timer: the first flow that opens starts
 * it.
 */
int adopt_timer(const struct programs *programs, struct error *error);
