/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs smtp-sink and reads its files, one for each message. */
#include "netns/inbox.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/cleanup.h"

#define REFUSER_IPV4 "198.51.100.26"

void letter_done(struct letter *letter)
{
	free(letter->envelope);
	free(letter->text);
}

void inbox_done(struct inbox *inbox)
{
	for (size_t i = 0; i < inbox->count; i++)
		letter_done(&inbox->letters[i]);
	free(inbox->letters);
}

static bool receivers_listen(void)
{
	_cleanup_(free_p) char *count = host_must(INTERNET, "ss -Hltn 'sport = 25' | wc -l");

	return !strcmp(count, "3\n");
}

void inbox_start(void)
{
	static const char *const listen[] = {RECEIVER_IPV4 ":25", "[" RECEIVER_IPV6 "]:25"};
	char template[64];

	free(host_must(INTERNET, "mkdir -m 0777 %s/received; ip address add %s/32 dev lo",
		       world.directory, REFUSER_IPV4));
	snprintf(template, sizeof(template), "%s/received/message.", world.directory);
	for (int i = 0; i < 2; i++)
		host_start(INTERNET, "receiver",
			   (const char *const[]){"smtp-sink", "-u", "nobody", "-d", template,
						 listen[i], "512", NULL});
	host_start(INTERNET, "refuser",
		   (const char *const[]){"smtp-sink", "-u", "nobody", "-f", "rcpt",
					 REFUSER_IPV4 ":25", "512", NULL});
	cr_assert(wait_for(receivers_listen(), 5000));
}

/* The value of a line that smtp-sink writes before the message; "" if it has none. */
static void read_line(const char *text, const char *name, char *ret, size_t size)
{
	const char *line = strstr(text, name);

	*ret = '\0';
	if (!line)
		return;
	line += strlen(name);
	if (!strncasecmp(line, "ipv6:", 5))
		line += 5;
	snprintf(ret, size, "%.*s", (int)strcspn(line, "\r\n"), line);
}

static void read_id(const char *message, char *ret, size_t size)
{
	char *id = ret;

	for (const char *line = message; line && *line && *line != '\n';
	     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (!strncasecmp(line, "Message-ID:", 11)) {
			snprintf(ret, size, "%.*s", (int)strcspn(line + 11, ">\n"), line + 11);
			id += strspn(ret, " <");
			memmove(ret, id, strlen(id) + 1);
			return;
		}
	*ret = '\0';
}

/* A file has the receiver's lines, its Received header, and the message. */
static bool parse(char *file, size_t bytes, struct letter *ret)
{
	char *message = strstr(file, "\nReceived: ");

	if (!message || strncmp(file, "X-Client-Addr: ", 15) != 0)
		return false;
	*message++ = '\0';
	read_line(file, "X-Client-Addr: ", ret->client, sizeof(ret->client));
	read_line(file, "X-Helo-Args: ", ret->helo, sizeof(ret->helo));
	read_id(message, ret->id, sizeof(ret->id));
	ret->envelope = strdup(strstr(file, "X-Mail-Args: ") ?: "");
	ret->text = strdup(message);
	ret->bytes = bytes;
	return true;
}

/* One empty line ends a file; without it the receiver is still writing. */
static bool is_complete(FILE *file)
{
	char end[3] = "";

	return !fseek(file, -2, SEEK_END) && fread(end, 1, 2, file) == 2 && !strcmp(end, "\n\n") &&
	       !fseek(file, 0, SEEK_SET);
}

static bool read_letter(const char *name, struct letter *ret)
{
	_cleanup_(free_p) char *bytes = malloc(LETTER_MAX_BYTES + 1);
	_cleanup_(fclose_p) FILE *file = NULL;
	struct stat status;
	char path[320];
	size_t got;

	snprintf(path, sizeof(path), "%s/received/%s", world.directory, name);
	file = fopen(path, "re");
	if (!file || !is_complete(file) || fstat(fileno(file), &status))
		return false;
	got = fread(bytes, 1, LETTER_MAX_BYTES, file);
	bytes[got] = '\0';
	/* A NUL in the message would end the text for every reader. */
	for (char *nul; (nul = memchr(bytes, '\0', got));)
		*nul = '?';
	if (!parse(bytes, got, ret))
		return false;
	ret->bytes = (size_t)status.st_size;
	return true;
}

static int by_id(const void *one, const void *other)
{
	return strcmp(((const struct letter *)one)->id, ((const struct letter *)other)->id);
}

struct inbox inbox_read(void)
{
	struct inbox inbox = {0};
	struct dirent *entry;
	char path[64];
	DIR *directory;

	snprintf(path, sizeof(path), "%s/received", world.directory);
	directory = opendir(path);
	cr_assert_not_null(directory, "%s", path);
	while ((entry = readdir(directory))) {
		struct letter letter = {0};

		if (entry->d_name[0] == '.' || !read_letter(entry->d_name, &letter))
			continue;
		inbox.letters =
			reallocarray(inbox.letters, inbox.count + 1, sizeof(*inbox.letters));
		cr_assert_not_null(inbox.letters);
		inbox.letters[inbox.count++] = letter;
	}
	closedir(directory);
	if (inbox.count)
		qsort(inbox.letters, inbox.count, sizeof(*inbox.letters), by_id);
	return inbox;
}

/* Counts the messages with that id; moves the first to *ret. */
static size_t take(const char *id, struct letter *ret)
{
	_cleanup_inbox_ struct inbox inbox = inbox_read();
	size_t found = 0;

	for (size_t i = 0; i < inbox.count; i++)
		if (!strcmp(inbox.letters[i].id, id) && !found++) {
			*ret = inbox.letters[i];
			inbox.letters[i].envelope = inbox.letters[i].text = NULL;
		}
	return found;
}

struct letter inbox_await(const char *id)
{
	struct letter letter = {0};
	size_t found = 0;

	cr_assert(wait_for((found = take(id, &letter)), 20000), "no message <%s> arrived", id);
	cr_assert_eq(found, 1, "<%s> arrived %zu times", id, found);
	return letter;
}

bool letter_has(const struct letter *letter, const char *header)
{
	for (const char *line = letter->text; line && *line && *line != '\n';
	     line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (!strncasecmp(line, header, strlen(header)))
			return true;
	return false;
}
