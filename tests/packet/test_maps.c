/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The maps' names, as operators type them (`bpftool map dump name …`), and the pages that list
 * them.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "hold.skel.h"
#include "packet/rig.h"
#include "postern.skel.h"

TestSuite(packet_maps, .init = rig_init, .fini = rig_done, .timeout = 20);

static bool is_pinned(const struct bpf_map *map)
{
	return !bpf_map__is_internal(map) &&
	       !strncmp(bpf_map__name(map), "postern_", strlen("postern_"));
}

static struct hold_bpf *hold;

#define OBJECTS 2
static struct bpf_object *object_get(size_t index)
{
	if (index == 0)
		return rig_maps()->obj;
	if (!hold)
		hold = hold_bpf__open_and_load();
	cr_assert_not_null(hold);
	return hold->obj;
}

static int check_names(struct bpf_object *object)
{
	struct bpf_map *map;
	int pinned = 0;

	bpf_object__for_each_map(map, object)
	{
		struct bpf_map_info info = {0};
		__u32 size = sizeof(info);

		if (bpf_map__is_internal(map))
			continue;
		cr_assert_eq(bpf_obj_get_info_by_fd(bpf_map__fd(map), &info, &size), 0);
		cr_expect_str_eq(info.name, bpf_map__name(map));
		pinned += is_pinned(map);
	}
	return pinned;
}

Test(packet_maps, the_kernel_keeps_every_name_whole)
{
	for (size_t i = 0; i < OBJECTS; i++)
		cr_assert_gt(check_names(object_get(i)), 0);
}

static char *read_page(const char *path)
{
	_cleanup_(fclose_p) FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	cr_assert_not_null(file, "%s", path);
	cr_assert_gt(getdelim(&text, &size, '\0', file), 0, "%s", path);
	return text;
}

/* Each page has every name between `before` and `after`. */
static const struct page {
	const char *path, *before, *after;
} pages[] = {
	{"bpf/README.md", "| `", "` | "},
	{"README.md", "`", "`"},
	{"tools/man/postern.8", " ", ""},
};

static void check_page(const struct page *page, struct bpf_object *object)
{
	_cleanup_(free_p) char *text = read_page(page->path);
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
	{
		char wanted[64];

		snprintf(wanted, sizeof(wanted), "%s%s%s", page->before, bpf_map__name(map),
			 page->after);
		cr_expect(!is_pinned(map) || strstr(text, wanted), "%s has no '%s'", page->path,
			  wanted);
	}
}

Test(packet_maps, every_page_lists_every_pinned_map)
{
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		for (size_t j = 0; j < OBJECTS; j++)
			check_page(&pages[i], object_get(j));
}

/*
 * Each `up` and each reload waits for the verifier, which gives up at a million instructions. Its
 * work is a product of branches and calls where it checks a function at each call (bpf/README.md).
 * Linux 6.1 walks three times as many as 6.18.
 */
#define VERIFIED_MAX 400000

static void expect_little_work(struct bpf_object *object)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object)
	{
		struct bpf_prog_info info = {0};
		__u32 size = sizeof(info);

		if (!bpf_program__autoload(program))
			continue;
		cr_assert_eq(bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size), 0);
		cr_expect_lt(info.verified_insns, VERIFIED_MAX, "%s: %u instructions",
			     bpf_program__name(program), info.verified_insns);
	}
}

static void own_programs(void)
{
	rig_init_sized(RIG_FLOWS_MAX, RIG_FLOWS_MAX);
}

Test(packet_maps, the_verifier_has_little_to_do, .init = own_programs)
{
	for (size_t i = 0; i < OBJECTS; i++)
		expect_little_work(object_get(i));
}
