/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Makes a flow of a connection that is older than the datapath: see postern/adopt.h. */
#pragma once

#include <asm/errno.h>

#include "generation.h"
#include "limit.h"
#include "maps.h"
#include "open.h"
#include "packet.h"
#include "plan.h"
#include "postern/adopt.h"
#include "sender.h"

/* As sender_find(), from the fields of a socket; ancestors of its cgroup are not known. */
static __always_inline void adopted_sender(const struct adoption *adoption, struct senders *ret)
{
	if (adoption->mark)
		add_match(ret, sender_by_number(SELECTOR_MARK, adoption->mark));
	add_match(ret, sender_by_address(adoption->key.source));
	if (adoption->cgroup)
		add_match(ret, sender_by_number(SELECTOR_CGROUP, adoption->cgroup));
	add_match(ret, sender_by_number(SELECTOR_UID, adoption->uid));
	add_match(ret, sender_by_prefix(adoption->key.source));
}

static __always_inline __u32 is_reported(__u32 sender)
{
	const struct verdict *verdict = bpf_map_lookup_elem(&postern_verdict, &sender);

	return verdict && verdict->reported;
}

static __always_inline void plan_adoption(const struct adoption *adoption,
					  const struct packet *packet, struct opening *opening)
{
	struct control *control = control_get();
	struct flow *flow = &opening->flow;
	__u64 now = bpf_ktime_get_ns();
	struct senders senders = {.first = SENDER_UNKNOWN};

	adopted_sender(adoption, &senders);
	flow->sender = flow->decider = senders.first;
	__builtin_memcpy(flow->others, senders.others, sizeof(senders.others));
	flow->opened_ns = now;
	flow->cut_seen = control ? control->cuts : 0;
	flow->out.last_ns = now;
	flow->out.fin_seen = adoption->fin_out;
	opening->entry.in.last_ns = now;
	opening->entry.in.packets = 1; /* established: the remote end has answered */
	opening->entry.in.fin_seen = adoption->fin_in;
	address_copy(flow->address, adoption->key.source);
	fill_return(opening, packet);
	opening->reported = is_reported(flow->sender);
}

static __always_inline int adopt(struct __sk_buff *skb)
{
	struct opening *opening = opening_get();
	struct adoption adoption;
	struct packet packet = {};
	struct usage *usage;
	__u32 sender;
	int error;

	if (!opening || bpf_skb_load_bytes(skb, ETH_HLEN, &adoption, sizeof(adoption)))
		return EINVAL;
	packet.key = adoption.key;
	if (bpf_map_lookup_elem(&postern_flows, &packet.key))
		return EEXIST;
	__builtin_memset(opening, 0, sizeof(*opening));
	plan_adoption(&adoption, &packet, opening);
	sender = opening->flow.sender;
	usage = bpf_map_lookup_elem(&postern_usage, &sender);
	if (!usage)
		return ENOENT;
	/* Limits apply to new connections only; the gauge counts all flows. */
	__sync_fetch_and_add(&usage->flows, 1);
	opening->taken.flow = 1;
	error = open_pair(&packet.key, usage, opening);
	if (error)
		limit_give_back(opening->flow.sender, &opening->taken);
	return -error;
}
