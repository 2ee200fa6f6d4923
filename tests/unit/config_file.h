/* SPDX-License-Identifier: BSD-2-Clause */
/* Configurations for tests: a text is written to a file of the test and loaded from there. */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "config/config.h"

/* The shortest configuration, two lines. */
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
/* Fails the test if the text does not load. */
struct config *config_file_load(const char *text);
/* The error without the name of the file, ":3: found …", or "(loaded)". */
const char *config_file_refusal(const char *text);
