/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The mark of a translated packet, in skb->tc_index: no socket can set that field. */
#pragma once

#include <stdbool.h>
#include <linux/bpf.h>

#define MARK_TRANSLATED 0x5053

static __always_inline void mark_set(struct __sk_buff *skb)
{
	skb->tc_index = MARK_TRANSLATED;
}

static __always_inline bool mark_is_set(const struct __sk_buff *skb)
{
	return skb->tc_index == MARK_TRANSLATED;
}

/* A packet between two namespaces of one kernel keeps its mark: ingress clears it. */
static __always_inline void mark_clear(struct __sk_buff *skb)
{
	if (mark_is_set(skb))
		skb->tc_index = 0;
}
