/* SPDX-License-Identifier: BSD-2-Clause */
/* By what is seen that the maps were made anew: the pin of postern_control is another file then. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* -ENOENT: nothing is up; others: stat(2)'s. */
int pin_read(const char *pin_path, ino_t *ret_pin);
/* False where there is none, or it cannot be read. */
bool pin_is_other(const char *pin_path, ino_t pin);
