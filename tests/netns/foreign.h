/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs of others on the hooks of an interface: each counts the packets that it sees, and passes
 * them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum foreign_hook {
	FOREIGN_TCX_EGRESS,
	FOREIGN_TCX_INGRESS,
	FOREIGN_TCX_EGRESS_FIRST_OK, /* ends with TCX_PASS */
	FOREIGN_TCX_EGRESS_OK,	     /* behind all others; ends with TCX_PASS */
	FOREIGN_CLSACT_EGRESS,
	FOREIGN_CLSACT_EGRESS_OK, /* ends with TC_ACT_OK; the others leave the packet to the next */
	FOREIGN_CLSACT_INGRESS,
	FOREIGN_XDP, /* native */
};

struct foreign {
	int program;
	int count;
	int link; /* of TCX and XDP */
};
#define _cleanup_foreign_ __attribute__((cleanup(foreign_detach)))

/*
 * Attaches to an interface of the mail host, from the current network namespace. TCX: before all
 * others, but for _OK; clsact: at that priority.
 */
struct foreign foreign_attach(const char *interface, enum foreign_hook hook, unsigned priority);
/* TCX: is it the first of all programs on its hook? */
bool foreign_is_first(const struct foreign *foreign, const char *interface, enum foreign_hook hook);
uint64_t foreign_seen(const struct foreign *foreign);
/* TCX and XDP only: a filter of clsact ends with its interface. */
void foreign_detach(struct foreign *foreign);
