/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/disarm.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static const struct {
	const char *text, *harmless;
} cases[] = {
	{"", ""},
	{"ann@example.net", "ann@example.net"},
	{"bj\u00f6rn \u4f8b \U0001f600", "bj\u00f6rn \u4f8b \U0001f600"},
	{"a\x1b[2J\r\n\tb\x7f", "a?[2J???b?"},
	{"a\302\200b\302\2332Jc\302\237", "a??b??2Jc??"},
	{"\u00a0", "\u00a0"}, /* the first after C1 */
	{"evil\u202egnp.exe", "evil???gnp.exe"},
	{"\u061c\u200e\u200f\u2066\u2069", "??????????????"},
	{"a\u2028b\u2029c", "a???b???c"},
	{"\u200d\u2027\u202f\u2065\u206a", "\u200d\u2027\u202f\u2065\u206a"}, /* beside them */
	{"\x9b\x32J \xff", "?2J ?"},
	{"\xc3", "?"},
	{"\xe2\x80", "??"},
	{"\xc0\x9b \xe0\x80\x9b", "?? ???"}, /* CSI in more bytes than it needs */
	{"\xed\xa0\x80 \xf4\x90\x80\x80", "??? ????"},
};

Test(base_disarm, harmful_characters_become_question_marks)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[64];

		strcpy(text, cases[i].text);
		cr_expect_eq(disarm_text(text), strcmp(cases[i].text, cases[i].harmless) != 0,
			     "case %zu", i);
		cr_expect_str_eq(text, cases[i].harmless, "case %zu: %s", i, text);
	}
}

Test(base_disarm, json_stays_the_same_document)
{
	json_t *document = json_pack("{s:s, s:[s]}", "n\u202e\x7f", "a\x1b[2J\302\233\n", "l",
				     "\u00f6\u2028"),
	       *back;
	_cleanup_(free_p) char *json = json_dumps(document, JSON_INDENT(1)), *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	disarm_json(json, out);
	fclose(out);
	back = json_loads(text, 0, NULL);
	cr_expect(json_equal(document, back), "%s", text);
	cr_expect_not_null(strstr(text, "\"n\\u202e\\u007f\": \"a\\u001B[2J\\u009b\\n\""), "%s",
			   text);
	cr_expect_not_null(strstr(text, "\u00f6\\u2028"), "%s", text);
	json_decref(document);
	json_decref(back);
}
