/* SPDX-License-Identifier: BSD-2-Clause */
/* Inputs that were worth keeping, one file each, below tests/fuzz/corpus/. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct error;

typedef int (*corpus_runner)(const uint8_t *data, size_t size, struct error *error);

/* Each file of corpus `name`; a failure fails the test, naming the file. How many there were. */
size_t corpus_replay(const char *name, corpus_runner run);
