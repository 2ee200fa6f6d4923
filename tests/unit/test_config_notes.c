/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/notes.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config_file.h"

TestSuite(config_notes, .init = config_file_setup, .fini = config_file_teardown);

#define POOLS                                                                                      \
	"user = root\npool \"normal\" { addresses = { \"9.9.9.9\", \"192.0.3.1\" } }\n"            \
	"pool \"high-risk\" { addresses = { \"2620:fe::fe\" } }\n"

static char *notes_of(const char *text)
{
	struct config *config = config_file_load(text);
	char *notes = NULL;
	size_t size;
	FILE *out = open_memstream(&notes, &size);

	config_print_notes(config, out);
	fclose(out);
	config_free(config);
	return notes;
}

static void expect(const char *text, const char *expected)
{
	_cleanup_(free_p) char *notes = notes_of(text);

	cr_expect_str_eq(notes, expected, "%s", notes);
}

Test(config_notes, addresses_for_documentation_are_named_once_each)
{
	expect(POOLS, "");
	expect("user = root\n" TWO_POOLS
	       "pool \"third\" { addresses = { \"203.0.113.9\", \"9.9.9.9\", \"2001:db8::1\" } }",
	       "addresses for documentation (RFC 5737, RFC 3849), which no network routes: "
	       "192.0.2.10 (pool 'normal'), 198.51.100.20 (pool 'high-risk'), "
	       "203.0.113.9 (pool 'third'), 2001:db8::1 (pool 'third')\n");
}

Test(config_notes, a_milter_that_every_user_reaches_is_named)
{
	expect(POOLS "milter = \"unix:/run/m\"", "");
	expect(POOLS "milter = \"inet:127.0.0.1:8894\" milter_inet = true",
	       "'milter' is a TCP socket: every user of this host can speak to it, and so restrict "
	       "any sender; a unix socket admits the mail server alone\n");
}

Test(config_notes, users_that_do_not_exist_are_named)
{
	expect(POOLS
	       "commanders = { daemon, nosuch1, \"@adm\" } tellers = { nosuch2, \"@nosuch3\" }",
	       "'commanders': there is no user 'nosuch1'\n"
	       "'tellers': there is no user 'nosuch2'\n"
	       "'tellers': there is no group 'nosuch3'\n");
}
