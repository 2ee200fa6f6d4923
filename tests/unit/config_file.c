/* SPDX-License-Identifier: BSD-2-Clause */
/* One file, written again for each text. */
#include "config_file.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory[] = "/tmp/postern-config-XXXXXX";
char config_file[64];
struct error config_file_error;

void config_file_setup(void)
{
	cr_assert_not_null(mkdtemp(directory));
	snprintf(config_file, sizeof(config_file), "%s/postern.conf", directory);
}

void config_file_teardown(void)
{
	unlink(config_file);
	rmdir(config_file); /* one test makes it a directory */
	cr_expect_eq(rmdir(directory), 0);
}

void config_file_write(const void *bytes, size_t size)
{
	FILE *out = fopen(config_file, "w");

	cr_assert_not_null(out);
	cr_assert_eq(fwrite(bytes, 1, size, out), size);
	cr_assert_eq(fclose(out), 0);
}

int config_file_try(const char *text, struct config **ret_config)
{
	config_file_write(text, strlen(text));
	config_file_error.text[0] = '\0';
	return config_load(config_file, ret_config, &config_file_error);
}

struct config *config_file_load(const char *text)
{
	struct config *config = NULL;

	cr_assert_eq(config_file_try(text, &config), 0, "%s", config_file_error.text);
	return config;
}

const char *config_file_refusal(const char *text)
{
	struct config *config = NULL;
	int r = config_file_try(text, &config);

	config_free(config);
	if (r == 0)
		return "(loaded)";
	cr_assert_eq(strncmp(config_file_error.text, config_file, strlen(config_file)), 0, "%s",
		     config_file_error.text);
	return config_file_error.text + strlen(config_file);
}
