/* SPDX-License-Identifier: BSD-2-Clause */
/* mta postfix install, mta postfix remove: the blocks in main.cf and master.cf of an instance. */
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/edit.h"
#include "cli/option.h"
#include "mta/block.h"
#include "mta/postfix.h"

#define POSTFIX_DIRECTORY "/etc/postfix"

static const struct part {
	const char *name;
	enum postfix_part part;
} parts[] = {{"master.cf", POSTFIX_MASTER}, {"main.cf", POSTFIX_MAIN}};
#define N_PARTS (sizeof(parts) / sizeof(parts[0]))

extern char **environ;

/* ---- the texts */

static int print_part(const struct cli *cli, enum postfix_part part, char **ret_text,
		      struct error *error)
{
	size_t size;
	FILE *stream = open_memstream(ret_text, &size);
	int r = stream ? postfix_print(cli->config, part, stream) : -ENOMEM;

	if (stream && fclose(stream) != 0 && r == 0)
		r = -ENOMEM;
	return r < 0 ? error_set(error, r, "out of memory") : 0;
}

static int put_block(const struct cli *cli, const struct part *part, struct edit *edit,
		     struct error *error)
{
	_cleanup_(free_p) char *body = NULL;
	int r = print_part(cli, part->part, &body, error);

	if (r == 0)
		r = block_check(edit->before, body, edit->file, error);
	return r < 0 ? r : block_put(edit->before, body, edit->file, &edit->after, error);
}

static int open_all(const struct cli *cli, const char *directory, bool removes,
		    struct edit edits[N_PARTS], struct error *error)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < N_PARTS; i++) {
		struct edit *edit = &edits[i];

		r = edit_open(directory, parts[i].name, edit, error);
		if (r == 0)
			r = removes ? block_remove(edit->before, edit->file, &edit->after, error)
				    : put_block(cli, &parts[i], edit, error);
	}
	return r;
}

/* ---- the files */

static int undo(struct edit edits[N_PARTS], size_t count, int r, struct error *error)
{
	struct error failure;

	for (size_t i = 0; i < count; i++)
		if (strcmp(edits[i].before, edits[i].after) != 0 &&
		    edit_undo(&edits[i], &failure) < 0)
			*error = failure;
	return r;
}

static int write_all(struct edit edits[N_PARTS], struct error *error)
{
	for (size_t i = 0; i < N_PARTS; i++) {
		int r = 0;

		if (strcmp(edits[i].before, edits[i].after) != 0)
			r = edit_write(&edits[i], error);
		if (r < 0)
			return undo(edits, i, r, error);
	}
	return 0;
}

/* Its output is for the operator, on stderr. */
static int check(const char *directory, struct error *error)
{
	char *const arguments[] = {(char *)"postfix", (char *)"-c", (char *)directory,
				   (char *)"check", NULL};
	posix_spawn_file_actions_t actions;
	int status = -1, r;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
	r = posix_spawnp(&pid, arguments[0], &actions, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	while (r == 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (r == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return error_set(error, r ? -r : -EINVAL,
			 "'postfix -c %s check' %s%s; main.cf and master.cf are as they were",
			 directory, r ? "does not run: " : "finds errors", r ? strerror(r) : "");
}

static int write_and_check(const char *directory, struct edit edits[N_PARTS], struct error *error)
{
	int r = write_all(edits, error);

	if (r < 0)
		return r;
	r = check(directory, error);
	return r < 0 ? undo(edits, N_PARTS, r, error) : 0;
}

/* ---- the commands */

static json_t *edits_json(const struct edit edits[N_PARTS], bool is_written)
{
	json_t *files = json_array();

	for (size_t i = 0; i < N_PARTS; i++) {
		_cleanup_(free_p) char *text = NULL;
		size_t size;
		FILE *stream = open_memstream(&text, &size);

		if (!stream)
			continue;
		edit_print(&edits[i], stream);
		fclose(stream);
		json_array_append_new(
			files, json_pack("{s:s, s:s}", "file", edits[i].file, "difference", text));
	}
	return json_pack("{s:o, s:b}", "files", files, "written", is_written);
}

/* A difference that patch(1) takes, so that nothing in it is replaced. */
static int print_edits(const struct cli *cli, const struct edit edits[N_PARTS], struct error *error)
{
	for (size_t i = 0; i < N_PARTS; i++)
		edit_print(&edits[i], cli->out);
	if (fflush(cli->out) != 0 || ferror(cli->out))
		return error_set(error, -EIO, "standard output: %s", strerror(errno));
	return 0;
}

static int change(struct cli *cli, const char *directory, bool removes, struct error *error)
{
	const bool writes = cli->given & OPTION_WRITE;
	struct edit edits[N_PARTS] = {0};
	int r;

	directory = directory ? directory : POSTFIX_DIRECTORY;
	r = open_all(cli, directory, removes, edits, error);
	if (r == 0 && writes)
		r = write_and_check(directory, edits, error);
	if (r == 0)
		r = cli->json ? cli_show(cli, edits_json(edits, writes), NULL, error)
			      : print_edits(cli, edits, error);
	for (size_t i = 0; i < N_PARTS; i++)
		edit_done(&edits[i]);
	return r;
}

int cli_mta_install(struct cli *cli, char **arguments, struct error *error)
{
	return change(cli, arguments[0], false, error);
}

int cli_mta_remove(struct cli *cli, char **arguments, struct error *error)
{
	return change(cli, arguments[0], true, error);
}
