/* SPDX-License-Identifier: BSD-2-Clause */
/* The maps' names, as operators type them: `bpftool map dump name …`. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <string.h>

#include "packet/rig.h"
#include "postern.skel.h"

TestSuite(packet_maps, .init = rig_init, .fini = rig_done, .timeout = 20);

Test(packet_maps, the_kernel_keeps_every_name_whole)
{
	struct bpf_map *map;
	int pinned = 0;

	bpf_object__for_each_map(map, rig_maps()->obj)
	{
		struct bpf_map_info info = {0};
		__u32 size = sizeof(info);

		if (bpf_map__is_internal(map))
			continue;
		cr_assert_eq(bpf_obj_get_info_by_fd(bpf_map__fd(map), &info, &size), 0);
		cr_expect_str_eq(info.name, bpf_map__name(map));
		pinned += !strncmp(info.name, "postern_", strlen("postern_"));
	}
	cr_assert_gt(pinned, 0);
}
