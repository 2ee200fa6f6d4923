/* SPDX-License-Identifier: BSD-2-Clause */
/* Within netlink/ only: a message about a link, as `struct netlink_interface`. */
#pragma once

struct netlink_interface;
struct nlmsghdr;

/* `header`: a RTM_NEWLINK. */
void link_read(const struct nlmsghdr *header, struct netlink_interface *ret_interface);
