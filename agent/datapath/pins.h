/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The files below pin_path. datapath/ opens, gives away and removes them here; the daemon only asks
 * whether `up` has replaced them.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct error;
struct bpf_map_info;

/* What `up` pins is named "postern_…" (maps) and "link_IFNAME_egress", "…_ingress", "…_xdp". */
#define PIN_MAP_PREFIX	"postern_"
#define PIN_LINK_PREFIX "link_"

/* What an operator does about pinned maps of another version. `down` goes by names, not by layouts. */
#define PIN_REMEDY "run 'postern down', then 'postern up' (open connections of pools break)"

/* "PIN_PATH/NAME" into `buffer`. -ENAMETOOLONG. */
int pin_file(const char *pin_path, const char *name, char buffer[PATH_MAX], struct error *error);

/*
 * A descriptor of the pinned map and what the kernel says of it. -ENOENT: no such pin; -EACCES: not
 * allowed to; -EPROTO: what is pinned there is no map.
 */
int pin_map_open(const char *pin_path, const char *name, int *ret_fd, struct bpf_map_info *ret_info,
		 struct error *error);

/* Detaches the pinned link at once, whoever holds it open, and removes the pin. 0: it was not there. */
int pin_link_remove(const char *file);

/*
 * Reads the layout number out of an open postern_control, whatever the rest of its value looks like.
 * -EPROTO: it is not POSTERN_LAYOUT; the text says what to do.
 */
int pin_layout_check(const char *pin_path, int control_fd, const struct bpf_map_info *info,
		     struct error *error);

/* The directory and everything in it; 0 where it does not exist. */
int pins_chown(const char *pin_path, uid_t uid, gid_t gid, struct error *error);

/*
 * Links first, egress before ingress; then the maps, then the directory. 0 where it does not exist.
 * -ENOTEMPTY: it holds somebody else's files, which stay.
 */
int pins_remove(const char *pin_path, struct error *error);

/*
 * The inode of the pin of postern_control: `up` that makes the maps anew leaves another one.
 * -ENOENT: nothing is up; -ENOMEM; an errno of stat(2).
 */
int pins_inode(const char *pin_path, ino_t *ret_inode);
/* Has the pin another inode now? False where there is no pin or stat(2) fails. */
bool pins_are_replaced(const char *pin_path, ino_t inode);
