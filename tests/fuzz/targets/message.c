// SPDX-License-Identifier: BSD-2-Clause
// libFuzzer on mail_parsers_message() (fuzz/mail_parsers.h).
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "fuzz/mail_parsers.h"

/* libFuzzer's side. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error error;

	if (mail_parsers_message(data, size, &error)) {
		fprintf(stderr, "message: %s\n", error.text);
		abort();
	}
	return 0;
}
