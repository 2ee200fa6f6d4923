/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of one metric. */
#include "api/metric.h"

void metric_head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP postern_%s %s\n# TYPE postern_%s %s\n", name, help, name, type);
}

void metric_one(FILE *out, const char *name, const char *type, const char *help, uint64_t value)
{
	metric_head(out, name, type, help);
	fprintf(out, "postern_%s %llu\n", name, (unsigned long long)value);
}
