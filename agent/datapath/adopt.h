/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs the programs of postern/adopt.h. 0 or a negative errno, the program's own or of the run itself. */
#pragma once

#include "postern/adopt.h"

struct loaded;

int task_adopt(const struct loaded *loaded, const struct adoption *adoption);
int task_renew(const struct loaded *loaded);
