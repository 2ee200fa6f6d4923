/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads line by line; compares as glibc does: the time of the last change, and the inode. */
#include "dns/resolv_conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define PATH	"/etc/resolv.conf"
#define KEYWORD "nameserver"
#define BLANKS	" \t\r\n"

/* ---- reading */

/* The index is a number, or the name's. */
static int read_scope(const char *scope, struct resolv_conf_server *server)
{
	if (!*scope || strlen(scope) >= sizeof(server->interface))
		return -EINVAL;
	strcpy(server->interface, scope);
	server->index = if_nametoindex(scope);
	if (!server->index)
		server->index = (unsigned)strtoul(scope, NULL, 10);
	return 0;
}

static int read_server(char *text, struct resolv_conf_server *server)
{
	char *scope = strchr(text, '%');
	struct address address;
	char plain[ADDRESS_TEXT_SIZE];

	if (scope)
		*scope++ = '\0';
	if (address_parse(text, &address) < 0 || (scope && read_scope(scope, server) < 0))
		return -EINVAL;
	address_format(&address, plain);
	if (!scope)
		snprintf(server->text, sizeof(server->text), "%s", plain);
	else if (server->index)
		snprintf(server->text, sizeof(server->text), "%s%%%u", plain, server->index);
	return 1;
}

int resolv_conf_line(const char *line, struct resolv_conf_server *ret_server)
{
	char text[128];
	size_t size;

	if (strncmp(line, KEYWORD, strlen(KEYWORD)) != 0)
		return 0;
	line += strlen(KEYWORD);
	size = strspn(line, BLANKS);
	if (size == 0)
		return 0;
	line += size;
	size = strcspn(line, BLANKS);
	if (size == 0 || size >= sizeof(text))
		return -EINVAL;
	memcpy(text, line, size);
	text[size] = '\0';
	*ret_server = (struct resolv_conf_server){.index = 0};
	return read_server(text, ret_server);
}

static void note(struct resolv_conf *file, unsigned number, const char *line, const char *cause)
{
	if (!*file->note)
		snprintf(file->note, sizeof(file->note), PATH ":%u: '%.60s': %s", number, line,
			 cause);
}

static void take_line(struct resolv_conf *file, unsigned number, char *line)
{
	struct resolv_conf_server server;
	int r = resolv_conf_line(line, &server);

	line[strcspn(line, "\r\n")] = '\0';
	if (r == 0)
		return;
	if (r < 0)
		note(file, number, line, "no address of a name server");
	else if (!*server.text)
		note(file, number, line, "no such interface");
	if (r > 0 && file->count < RESOLV_CONF_SERVERS_MAX)
		file->servers[file->count++] = server;
}

static void read_file(struct resolv_conf *file)
{
	_cleanup_(free_p) char *line = NULL;
	_cleanup_(fclose_p) FILE *in = fopen(PATH, "re");
	size_t size = 0;

	file->count = 0;
	*file->note = '\0';
	for (unsigned number = 1; in && getline(&line, &size, in) >= 0; number++)
		take_line(file, number, line);
}

/* ---- changes */

static bool has_moved(const struct resolv_conf_server *server)
{
	unsigned index = *server->interface ? if_nametoindex(server->interface) : 0;

	return index && index != server->index;
}

static bool is_same(const struct resolv_conf *a, const struct resolv_conf *b)
{
	return a->inode == b->inode && a->changed.tv_sec == b->changed.tv_sec &&
	       a->changed.tv_nsec == b->changed.tv_nsec;
}

bool resolv_conf_follow(struct resolv_conf *file, uint64_t now_ns)
{
	const struct resolv_conf before = *file;
	struct stat status = {.st_ino = 0}; /* no file */
	bool moved = false;

	if (before.looked_ns && now_ns - before.looked_ns < NS_PER_SEC)
		return false;
	/* First: a change while it is read is one more change. */
	(void)stat(PATH, &status);
	file->looked_ns = now_ns;
	file->changed = status.st_mtim;
	file->inode = status.st_ino;
	for (unsigned i = 0; i < file->count; i++)
		moved |= has_moved(&file->servers[i]);
	if (before.looked_ns && !moved && is_same(file, &before))
		return false;
	read_file(file);
	return true;
}
