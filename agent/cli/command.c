/* SPDX-License-Identifier: BSD-2-Clause */
/* Word-by-word comparison also yields the words that could follow. */
#include "cli/command.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "cli/option.h"

/* How many of the command's words begin `words`; *ret_all: all do. */
static size_t count_matching(const struct command *command, char **words, bool *ret_all)
{
	const char *rest = command->words;
	size_t count = 0;

	while (*rest && words[count]) {
		size_t length = strcspn(rest, " ");

		if (strlen(words[count]) != length || strncmp(words[count], rest, length) != 0)
			break;
		count++;
		rest += length;
		rest += strspn(rest, " ");
	}
	*ret_all = *rest == '\0';
	return count;
}

/* The n-th word of a text and its length, which is 0 after the last word. */
static const char *nth_word(const char *text, size_t n, size_t *ret_length)
{
	while (n-- > 0) {
		text += strcspn(text, " ");
		text += strspn(text, " ");
	}
	*ret_length = strcspn(text, " ");
	return text;
}

static void append(struct error *text, const char *separator, const char *word, size_t length)
{
	size_t used = strlen(text->text);

	snprintf(text->text + used, sizeof(text->text) - used, "%s%.*s", used ? separator : "",
		 (int)length, word);
}

/* Lists the possible words after the first `depth` of `words`, each once. */
static void list_following(const struct command *commands, size_t n_commands, char **words,
			   size_t depth, struct error *list)
{
	const char *last = "";
	size_t last_length = 0;

	list->text[0] = '\0';
	for (size_t i = 0; i < n_commands; i++) {
		bool all;
		size_t length;
		const char *word;

		if (count_matching(&commands[i], words, &all) < depth)
			continue;
		word = nth_word(commands[i].words, depth, &length);
		/* Rows that share a word are adjacent. */
		if (length && (length != last_length || strncmp(word, last, length) != 0))
			append(list, ", ", word, length);
		last = word;
		last_length = length;
	}
}

static int unknown(const struct command *commands, size_t n_commands, char **words, size_t depth,
		   struct error *error)
{
	struct error list, before = {""};

	for (size_t i = 0; i < depth; i++)
		append(&before, " ", words[i], strlen(words[i]));
	list_following(commands, n_commands, words, depth, &list);
	if (words[depth])
		return error_set(error, -EINVAL, "unknown command '%s%s%.64s', expected %s%s: %s",
				 before.text, depth ? " " : "", words[depth],
				 depth ? "after " : "one of", before.text, list.text);
	return error_set(error, -EINVAL, "expected a command%s%s: %s", depth ? " after " : "",
			 before.text, list.text);
}

/* Does the argument "[a|b]" allow `value`? Other arguments allow any text but the empty one. */
static bool is_allowed(const char *argument, size_t length, const char *value)
{
	const char *end = argument + length - 1;

	if (!memchr(argument, '|', length))
		return *value != '\0';
	for (const char *choice = argument + 1; choice < end;) {
		size_t size = strcspn(choice, "|]");

		if (strlen(value) == size && strncmp(value, choice, size) == 0)
			return true;
		choice += size + 1;
	}
	return false;
}

static int check_arguments(const struct command *command, char **arguments, struct error *error)
{
	size_t n = 0;
	size_t length;
	const char *expected;

	for (; arguments[n]; n++) {
		expected = nth_word(command->arguments, n, &length);
		if (length == 0)
			return error_set(error, -EINVAL, "'%s': found '%.64s', expected %s",
					 command->words, arguments[n],
					 n ? "nothing more" : "no argument");
		if (!is_allowed(expected, length, arguments[n]))
			return error_set(error, -EINVAL, "'%s': found '%.64s', expected %.*s",
					 command->words, arguments[n], (int)length, expected);
	}
	expected = nth_word(command->arguments, n, &length);
	if (length && *expected != '[')
		return error_set(error, -EINVAL, "'%s': expected %s", command->words, expected);
	return 0;
}

int command_find(const struct command *commands, size_t n_commands, char **words,
		 const struct command **ret_command, char ***ret_arguments, struct error *error)
{
	size_t deepest = 0;

	for (size_t i = 0; i < n_commands; i++) {
		bool all;
		size_t count = count_matching(&commands[i], words, &all);

		if (all) {
			*ret_command = &commands[i];
			*ret_arguments = words + count;
			return check_arguments(&commands[i], words + count, error);
		}
		if (count > deepest)
			deepest = count;
	}
	return unknown(commands, n_commands, words, deepest, error);
}

static int check_sender(const struct command *command, char **arguments, unsigned given,
			struct error *error)
{
	bool by_argument = arguments[0], by_option = given & OPTION_SENDER;

	if (!(command->options & OPTION_SENDER) || by_argument != by_option)
		return 0;
	return error_set(error, -EINVAL, "'%s': expected one of %.*s and --sender NAME",
			 command->words, (int)strlen(command->arguments) - 2,
			 command->arguments + 1);
}

int command_check(const struct command *command, char **arguments, unsigned given,
		  struct error *error)
{
	for (size_t i = 0; i < n_option_rows; i++) {
		const struct option_row *row = &option_rows[i];

		if (row->bit < OPTION_ALWAYS && given & row->bit & ~command->options)
			return error_set(error, -EINVAL, "'%s' takes no --%s", command->words,
					 row->name);
	}
	if (given & OPTION_NOW && command->options & OPTION_CUT && !(given & OPTION_CUT))
		return error_set(error, -EINVAL, "'%s': --now goes with --cut", command->words);
	return check_sender(command, arguments, given, error);
}

/* "pool drain NAME ADDRESS", with options. */
static void print_usage(const struct command *command, FILE *out)
{
	const unsigned cut_now = OPTION_CUT | OPTION_NOW;
	unsigned plain = command->options;

	if ((plain & cut_now) == cut_now)
		plain &= ~cut_now;
	fputs(command->words, out);
	if (*command->arguments)
		fprintf(out, " %s", command->arguments);
	for (size_t i = 0; i < n_option_rows; i++)
		if (plain & option_rows[i].bit)
			fprintf(out, " [--%s%s%s]", option_rows[i].name,
				option_rows[i].value ? " " : "",
				option_rows[i].value ? option_rows[i].value : "");
	if (plain != command->options)
		fputs(" [--cut [--now]]", out);
}

static void print_details(const struct command *command, FILE *out)
{
	fputs("usage: postern [-c FILE] [-j] ", out);
	print_usage(command, out);
	fprintf(out, "\n\n%s.\n", command->help);
	for (size_t i = 0; i < n_option_rows; i++)
		if (command->options & option_rows[i].bit && option_rows[i].help)
			fputs(option_rows[i].help, out);
	if (command->more)
		fprintf(out, "\n%s\n", command->more);
}

static void print_list(const struct command *commands, size_t n_commands, char **words,
		       size_t depth, FILE *out)
{
	for (size_t i = 0; i < n_commands; i++) {
		bool all;

		if (count_matching(&commands[i], words, &all) < depth)
			continue;
		fputs("  ", out);
		print_usage(&commands[i], out);
		fprintf(out, "\n      %s\n", commands[i].help);
	}
}

int command_print_help(const struct command *commands, size_t n_commands, char **words, FILE *out,
		       struct error *error)
{
	size_t n_words = 0;
	size_t deepest = 0;

	while (words[n_words])
		n_words++;
	for (size_t i = 0; i < n_commands; i++) {
		bool all;
		size_t count = count_matching(&commands[i], words, &all);

		if (all && count == n_words) {
			print_details(&commands[i], out);
			return 0;
		}
		if (count > deepest)
			deepest = count;
	}
	if (deepest < n_words)
		return unknown(commands, n_commands, words, deepest, error);
	print_list(commands, n_commands, words, deepest, out);
	return 0;
}
