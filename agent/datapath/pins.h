/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The files below pin_path: "postern_…" (maps), and links: "link_IFNAME_egress", "…_ingress",
 * "…_xdp", "hold_…" and "cgroup_…". host/ grants and removes them, the agent notices that maps were
 * replaced; opening one is datapath/'s.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct error;
struct bpf_map;
struct bpf_map_info;

#define PIN_MAP_PREFIX	  "postern_"
#define PIN_LINK_PREFIX	  "link_"
#define PIN_HOLD_PREFIX	  "hold_"
#define PIN_CGROUP_PREFIX "cgroup_"
#define PIN_CONTROL	  "postern_control" /* pinned last, so it stands for a complete set */

/*
 * The remedy for pinned maps of another version; `down` goes by names, so it serves every layout.
 */
#define PIN_REMEDY "run 'postern down', then 'postern up' (open connections of pools break)"

/* Gives the directory and our pins in it an owner; 0 where it does not exist. */
int pins_chown(const char *pin_path, uid_t uid, gid_t gid, struct error *error);

/*
 * Removes links first, egress before ingress, the hold last; then the maps, then the directory. 0
 * where it does not exist. Only links and maps of ours,
 * and empty directories of such names, are removed. -EINVAL: it is not on a bpffs; -ENOTEMPTY:
 * foreign files are in it, and stay.
 */
int pins_remove(const char *pin_path, struct error *error);

/*
 * The inode of postern_control's pin: programs_move() pins that map anew as the last one, so
 * another inode means that maps were replaced. -ENOENT: nothing is up; others: stat(2)'s.
 */
int pins_inode(const char *pin_path, ino_t *ret_inode);
/* False where there is no pin, or it cannot be read. */
bool pins_are_replaced(const char *pin_path, ino_t inode);

/* ---- within datapath/ only */

/* "PIN_PATH/NAME" into `buffer`. -ENAMETOOLONG. */
int pin_file(const char *pin_path, const char *name, char buffer[PATH_MAX], struct error *error);

/*
 * A descriptor of the pinned map, and its bpf_map_info. -ENOENT: no such pin; -EACCES: not
 * permitted; -EPROTO: the pin is no map of that name.
 */
int pin_map_open(const char *pin_path, const char *name, int *ret_fd, struct bpf_map_info *ret_info,
		 struct error *error);

/*
 * A descriptor of the pinned map that has the type and sizes of `map`, for bpf_map__reuse_fd().
 * -ENOENT: no such pin; -EPROTO: it is another version's; pin_map_open()'s.
 */
int pin_map_match(const char *pin_path, const struct bpf_map *map, int *ret_fd,
		  struct error *error);

/* Makes pin_path, for root alone. *ret_is_new: it was not there. An errno of mkdir(2). */
int pin_directory_make(const char *pin_path, bool *ret_is_new, struct error *error);

/*
 * Detaches the pinned link at once, even while others hold it open, and removes the pin. 0: there
 * was none. A link of a tracepoint stays attached while another holds it open.
 */
int pin_link_remove(const char *file);

/*
 * Reads the layout number from an open postern_control, whatever the size of its value.
 * -EPROTO: it is not POSTERN_LAYOUT; the text says what to do.
 */
int pin_layout_check(const char *pin_path, int control_fd, const struct bpf_map_info *info,
		     struct error *error);
