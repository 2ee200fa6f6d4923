/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of an error. The callee writes it first, callers add in front. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *error, int code, const char *format, ...)
{
	char text[sizeof(error->text)];
	va_list arguments;

	/* An argument may be the old text, so the new one is built beside it. */
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);

	memcpy(error->text, text, sizeof(text));
	return code;
}

int error_errno(struct error *error, int r, const char *what)
{
	return error_set(error, r, "%s: %s", what, strerror(-r));
}

int error_prefix(struct error *error, int code, const char *format, ...)
{
	char what[sizeof(error->text)];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);

	return error_set(error, code, "%s: %s", what, error->text);
}
