/* SPDX-License-Identifier: BSD-2-Clause */
/* Words are compared one by one, so that "what could follow" falls out of the same walk. */
#include "cli/command.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"

/* How many of the command's words stand at the beginning of `words`; *ret_all: all of them do. */
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

/* The n-th word of a text and its length; length 0 behind the last. */
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

/* Lists what may stand after the first `depth` of `words`, each once. */
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
		/* Rows that share a word stand together. */
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

/* Is `value` what the argument "[a|b]" allows? Other arguments allow everything but nothing. */
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

void command_print_usage(const struct command *command, FILE *out)
{
	fputs(command->words, out);
	if (*command->arguments)
		fprintf(out, " %s", command->arguments);
	if (command->options & COMMAND_SENDER)
		fputs(" [--sender NAME]", out);
	if (command->options & COMMAND_FOR)
		fputs(" [--for TIME]", out);
	if (command->options & COMMAND_CUT)
		fputs(command->options & COMMAND_NOW ? " [--cut [--now]]" : " [--cut]", out);
	else if (command->options & COMMAND_NOW)
		fputs(" [--now]", out);
}

static void print_details(const struct command *command, FILE *out)
{
	fputs("usage: postern [-c FILE] [-j] ", out);
	command_print_usage(command, out);
	fprintf(out, "\n\n%s.\n", command->help);
	if (command->options & COMMAND_FOR)
		fputs("--for TIME ends it by itself: 90s, 15m, 2h, 7d.\n", out);
	if (command->options & COMMAND_CUT)
		fputs("--cut also ends the sender's flows that live, each at its next packet.\n",
		      out);
	if (command->options & COMMAND_NOW)
		fputs("--now (root) does not wait for that packet where this host itself holds the "
		      "connection:\nits socket is closed at once. Forwarded connections have no "
		      "socket here.\n",
		      out);
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
		command_print_usage(&commands[i], out);
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
