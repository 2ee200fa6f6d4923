/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration texts in mta/exim/ and mta/postfix/, embedded into the program. "@{name}" in
 * a text stands for a value of the lanes and their configuration.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

struct lane_set;

extern const char template_exim_main[];
extern const char template_exim_acl[];
extern const char template_exim_routers[];
extern const char template_exim_transports[];
extern const char template_postfix_master[];
extern const char template_postfix_main[];
extern const char template_postfix_default[];

struct template_value {
	const char *name;
	void (*print)(const struct lane_set *lanes, FILE *out);
};

/* A name in the text without a value is a bug: assert(). */
void template_print(const char *text, const struct template_value *values, size_t n_values,
		    const struct lane_set *lanes, FILE *out);
