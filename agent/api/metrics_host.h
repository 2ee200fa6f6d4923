/* SPDX-License-Identifier: BSD-2-Clause */
/* Metrics of the host: what the guard watches, the guard itself, what was held. */
#pragma once

#include <stdio.h>

struct steering;

void metrics_host(const struct steering *steering, FILE *out);
