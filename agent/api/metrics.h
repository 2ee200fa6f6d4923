/* SPDX-License-Identifier: BSD-2-Clause */
/* Metrics in Prometheus' text format (version 0.0.4). All names begin with "postern_". */
#pragma once

#include <stdint.h>

struct api;
struct error;

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* *ret_text is the caller's, to free(). -ENOMEM. */
int metrics_print(const struct api *api, int64_t now_sec, char **ret_text, struct error *error);
