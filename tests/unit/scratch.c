/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/scratch.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char scratch[32];

void scratch_open(void)
{
	strcpy(scratch, "/tmp/postern-scratch-XXXXXX");
	cr_assert_not_null(mkdtemp(scratch));
	cr_assert_eq(chmod(scratch, 0755), 0);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status, (void)type, (void)walk;
	return remove(path);
}

void scratch_close(void)
{
	cr_expect_eq(nftw(scratch, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0, "'%s' stays", scratch);
}

const char *scratch_path(const char *name)
{
	static char buffers[16][256];
	static unsigned next;
	char *buffer = buffers[next++ % 16];

	snprintf(buffer, sizeof(buffers[0]), "%s/%s", scratch, name);
	return buffer;
}

void scratch_write(const char *name, const char *text)
{
	FILE *out = fopen(scratch_path(name), "we");

	cr_assert_not_null(out);
	cr_assert_geq(fputs(text, out), 0);
	cr_assert_eq(fclose(out), 0);
}

void scratch_mkdir(const char *name, mode_t mode)
{
	cr_assert_eq(mkdir(scratch_path(name), 0700), 0);
	cr_assert_eq(chmod(scratch_path(name), mode), 0);
}

const char *scratch_read(const char *name)
{
	static char text[4096];
	FILE *in = fopen(scratch_path(name), "re");

	cr_assert_not_null(in, "'%s' cannot be read", name);
	text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
	fclose(in);
	return text;
}

static struct stat status_of(const char *name)
{
	struct stat status;

	cr_assert_eq(lstat(scratch_path(name), &status), 0, "there is no '%s'", name);
	return status;
}

mode_t scratch_mode(const char *name)
{
	return status_of(name).st_mode & 07777;
}

uid_t scratch_owner(const char *name)
{
	return status_of(name).st_uid;
}

int scratch_exists(const char *name)
{
	struct stat status;

	return lstat(scratch_path(name), &status) == 0;
}
