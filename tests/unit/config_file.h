/* SPDX-License-Identifier: BSD-2-Clause */
/* Configurations for tests: text goes to a file in a directory of the test's own, and is loaded. */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "config/config.h"

/* The least that loads: two lines. */
#define TWO_POOLS                                                                                  \
	"pool \"normal\" { addresses = { \"192.0.2.10\" } }\n"                                     \
	"pool \"high-risk\" { addresses = { \"198.51.100.20\" } }\n"

/* For a suite's .init and .fini. */
void config_file_setup(void);
void config_file_teardown(void);

extern char config_file[64];
extern struct error config_file_error;

void config_file_write(const void *bytes, size_t size);
/* config_load()'s result; *ret_config is for config_free(). */
int config_file_try(const char *text, struct config **ret_config);
/* Fails the test where the text does not load. */
struct config *config_file_load(const char *text);
/* The error without the file's name: ":3: found …". "(loaded)" where there is none. */
const char *config_file_refusal(const char *text);
