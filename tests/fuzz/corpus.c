/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a corpus for a test; see corpus.h. */
#include "fuzz/corpus.h"

#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"

#define SIZE_MAX_BYTES (1 << 20)

/* In memory of just its size, so that a sanitizer sees who reads past it. */
static uint8_t *read_file(const char *file, size_t *ret_size)
{
	uint8_t *bytes = malloc(SIZE_MAX_BYTES);
	FILE *in = fopen(file, "re");

	cr_assert(in && bytes, "cannot read '%s'", file);
	*ret_size = fread(bytes, 1, SIZE_MAX_BYTES, in);
	fclose(in);
	return *ret_size ? realloc(bytes, *ret_size) : bytes;
}

size_t corpus_replay(const char *name, corpus_runner run)
{
	char pattern[128];
	size_t count;
	glob_t files;

	snprintf(pattern, sizeof(pattern), "tests/fuzz/corpus/%s/*", name);
	cr_assert_eq(glob(pattern, 0, NULL, &files), 0, "there is no corpus '%s'", pattern);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		struct error error;
		size_t size;
		uint8_t *bytes = read_file(files.gl_pathv[i], &size);

		cr_assert_eq(run(bytes, size, &error), 0, "%s: %s", files.gl_pathv[i], error.text);
		free(bytes);
	}
	count = files.gl_pathc;
	globfree(&files);
	return count;
}
