/* SPDX-License-Identifier: BSD-2-Clause */
/* The pieces of Prometheus' text format. All names begin with "postern_". */
#pragma once

#include <stdint.h>
#include <stdio.h>

/* HELP and TYPE of a metric, before its samples. */
void metric_head(FILE *out, const char *name, const char *type, const char *help);
/* A whole metric without labels. `type`: counter or gauge. */
void metric_one(FILE *out, const char *name, const char *type, const char *help, uint64_t value);
