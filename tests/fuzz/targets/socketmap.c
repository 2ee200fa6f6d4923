// SPDX-License-Identifier: BSD-2-Clause
// libFuzzer on parsers_socketmap() (fuzz/parsers.h).
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
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

	if (parsers_socketmap(data, size, &error)) {
		fprintf(stderr, "socketmap: %s\n", error.text);
		abort();
	}
	return 0;
}
