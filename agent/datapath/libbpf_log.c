/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps one line of the output of libbpf and the verifier. */
#include "datapath/libbpf_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "base/cleanup.h"

#define LOG_BEGIN "-- BEGIN PROG LOAD LOG --\n"
#define LOG_END	  "-- END PROG LOAD LOG --"

static char kept[512];
static bool kept_is_verifier;
static libbpf_print_fn_t previous;

static void keep(const char *line, size_t length)
{
	snprintf(kept, sizeof(kept), "%.*s", (int)length, line);
}

/* The verifier's complaint is the last line before its statistics ("processed 12 insns …"). */
static void keep_verifier_line(char *log)
{
	char *end = strstr(log, LOG_END);
	char *rest = NULL;

	if (end)
		*end = '\0';
	for (char *line = strtok_r(log, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (!strncmp(line, "processed ", strlen("processed ")))
			break;
		keep(line, strlen(line));
		kept_is_verifier = true;
	}
}

static int take(enum libbpf_print_level level, const char *format, va_list arguments)
{
	_cleanup_(free_p) char *text = NULL;
	const char *line;
	char *log;

	if (level != LIBBPF_WARN || kept_is_verifier || vasprintf(&text, format, arguments) < 0)
		return 0;
	log = strstr(text, LOG_BEGIN);
	if (log) {
		keep_verifier_line(log + strlen(LOG_BEGIN));
	} else if (!*kept) {
		line = strncmp(text, "libbpf: ", 8) ? text : text + 8;
		keep(line, strcspn(line, "\n"));
	}
	return 0;
}

void libbpf_log_begin(void)
{
	*kept = '\0';
	kept_is_verifier = false;
	previous = libbpf_set_print(take);
}

const char *libbpf_log_end(void)
{
	libbpf_set_print(previous);
	return kept;
}
