/* SPDX-License-Identifier: BSD-2-Clause */
/* Figures in Prometheus' text format (version 0.0.4). All names begin with "postern_". */
#pragma once

#include <stdint.h>
#include <stdio.h>

struct api;
struct error;

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* The text is the caller's, freed by free(). */
int metrics_print(const struct api *api, int64_t now_sec, char **ret_text, struct error *error);

/* HELP and TYPE of a metric, before its samples. `type`: counter or gauge. */
void metrics_head(FILE *out, const char *name, const char *type, const char *help);
/* Both in one, for a metric without labels. */
void metrics_one(FILE *out, const char *name, const char *type, const char *help, uint64_t value);
