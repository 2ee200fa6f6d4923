/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer on one of the functions of fuzz/parsers.h and fuzz/mail_parsers.h: PARSER, said by the
 * Makefile.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "fuzz/mail_parsers.h"
#include "fuzz/parsers.h"

/* libFuzzer's side. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	parsers_open();
	return atexit(parsers_close);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error error;

	if (PARSER(data, size, &error)) {
		fprintf(stderr, "found: %s\n", error.text);
		abort();
	}
	return 0;
}
