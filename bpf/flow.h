/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A flow's life: open, count, close, expire. A flow is a pair: postern_flows for egress, postern_returns
 * for ingress.
 *
 * The return entry is the pair's lock. Who inserts it with BPF_NOEXIST owns the external port and may
 * insert the flow; who deletes it owns the end of the pair and deletes the flow. So two CPUs never both
 * open or both end one, whatever they interleave.
 */
#pragma once

#include <asm/errno.h>
#include <linux/time.h>

#include "maps.h"
#include "packet.h"
#include "report.h"

#define FLOW_PORT_TRIES 32
#define FLOW_PORT_FIRST 1024 /* never a well-known port; the last is 65535 */

enum flow_state { FLOW_OPENING, FLOW_ESTABLISHED, FLOW_CLOSING };

static __always_inline struct control *control_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&postern_control, &zero);
}

static __always_inline void return_key_of(const struct flow_key *key, const struct flow *flow,
					  struct return_key *ret)
{
	address_copy(ret->address, flow->address);
	address_copy(ret->remote, key->destination);
	ret->port = flow->port;
	ret->remote_port = key->destination_port;
}

/* The table at struct half. Where the return entry is gone, the pair is being ended. */
static __always_inline enum flow_state flow_state(const struct flow *flow,
						  const struct return_entry *entry)
{
	if (!entry || flow->out.fin_seen || flow->out.rst_seen || entry->in.fin_seen ||
	    entry->in.rst_seen)
		return FLOW_CLOSING;
	return entry->in.packets ? FLOW_ESTABLISHED : FLOW_OPENING;
}

/*
 * Counts a packet; true where its direction begins to close. A later packet without RST takes an
 * earlier RST back (RFC 7857 section 2.1 point 3): that one may have been forged, or refused by the
 * other end. Data in a SYN does not count, so that a SYN sent again without it is known as the same.
 */
static __always_inline bool half_update(struct half *half, const struct packet *packet, __u64 now)
{
	__u8 fin = !!(packet->flags & TCP_FIN);
	__u8 rst = !!(packet->flags & TCP_RST);
	bool closes = fin > half->fin_seen || rst > half->rst_seen;
	__u32 end = packet->sequence + fin;

	end += packet->flags & TCP_SYN ? 1 : packet->payload_bytes;
	if (!half->packets || (__s32)(end - half->sequence) > 0)
		half->sequence = end;
	half->packets++;
	half->bytes += packet->bytes;
	half->last_ns = now;
	half->fin_seen |= fin;
	half->rst_seen = rst;
	return closes;
}

/* After the return entry: the flow itself and the gauges. -ENOENT: somebody was faster. */
static __always_inline int flow_forget(const struct flow_key *key, const struct flow *flow)
{
	__u32 address_id = flow->address_id;
	__u32 sender = flow->sender;

	if (bpf_map_delete_elem(&postern_flows, key))
		return -ENOENT;
	report_ended(sender, address_id);
	return 0;
}

/* Ends a pair. -EEXIST: another CPU is at it. `flow` must not be used afterwards. */
static __noinline int flow_remove(const struct flow_key *key, const struct flow *flow)
{
	struct return_key returns;

	return_key_of(key, flow, &returns);
	if (bpf_map_delete_elem(&postern_returns, &returns))
		return -EEXIST;
	flow_forget(key, flow);
	return 0;
}

/* Both halves are looked at again here: a flow that has been used meanwhile gets the rest of its time. */
static int expire(void *map __attribute__((unused)), struct flow_key *key, struct flow *flow)
{
	struct control *control = control_get();
	struct return_entry *entry;
	struct return_key returns;
	__u64 now = bpf_ktime_get_ns();
	__u64 due = flow->out.last_ns;

	return_key_of(key, flow, &returns);
	entry = bpf_map_lookup_elem(&postern_returns, &returns);
	if (!control)
		return 0;
	if (entry && entry->in.last_ns > due)
		due = entry->in.last_ns;
	due += flow_state(flow, entry) == FLOW_ESTABLISHED ? control->established_ns
							   : control->transitory_ns;
	if (due > now) {
		bpf_timer_start(&flow->timer, due - now, 0);
		return 0;
	}
	/* Without an entry it is half a pair, that an operator may have left; it goes all the same. */
	if (!(entry ? flow_remove(key, flow) : flow_forget(key, flow)))
		count(COUNTER_flows_expired);
	return 0;
}

/* When a flow begins to close, its timer, maybe set hours ahead, must come sooner. */
static __always_inline void flow_closes(struct flow *flow)
{
	struct control *control = control_get();

	if (control)
		bpf_timer_start(&flow->timer, control->transitory_ns, 0);
}

/* ---- opening */

/* All that makes up a new pair; `returns` is what has been claimed. */
struct opening {
	struct return_key returns;
	struct return_entry entry;
	struct flow flow;
	int error;
};

/* The kernel's int: before Linux 6.4 the upper half of what a map operation returns is undefined. */
static __always_inline int claim(struct opening *opening)
{
	return bpf_map_update_elem(&postern_returns, &opening->returns, &opening->entry,
				   BPF_NOEXIST);
}

/* One random try, for bpf_loop(): 1 ends the loop. Only a port that is taken is worth another. */
static long try_port(__u32 i __attribute__((unused)), struct opening *opening)
{
	opening->returns.port = FLOW_PORT_FIRST + bpf_get_prandom_u32() % (65536 - FLOW_PORT_FIRST);
	opening->error = claim(opening);
	return opening->error != -EEXIST;
}

/*
 * Claims the original port, else a random one, towards the remote end. -EADDRINUSE: none is free;
 * -E2BIG, -ENOMEM: no room; other: the kernel refused. A passed flow has no choice of port.
 */
static __noinline int flow_claim(struct opening *opening)
{
	opening->error = claim(opening);
	if (opening->error == -EEXIST && opening->flow.pool != POOL_NONE)
		bpf_loop(FLOW_PORT_TRIES, try_port, opening, 0);
	return opening->error == -EEXIST ? -EADDRINUSE : opening->error;
}

static __always_inline void flow_unclaim(const struct opening *opening)
{
	bpf_map_delete_elem(&postern_returns, &opening->returns);
}

static __noinline int start_timer(struct flow *flow)
{
	struct control *control = control_get();

	if (!control || bpf_timer_init(&flow->timer, &postern_flows, CLOCK_MONOTONIC) ||
	    bpf_timer_set_callback(&flow->timer, expire))
		return -EIO;
	return bpf_timer_start(&flow->timer, control->transitory_ns, 0);
}

/* ---- flows whose timer has to wait
 *
 * bpf_timer_init() allocates, and since Linux 6.18 it gives up where the packet interrupted the allocator
 * itself. The flow goes on meanwhile: its key waits in postern_untimed, and the janitor tries again.
 */

#define UNTIMED_BATCH	    256
#define UNTIMED_INTERVAL_NS 100000000ULL

/* Out of line: older kernels round each frame up to 32 bytes, and 512 are soon used up. */
static __noinline int put_off(const struct flow_key *key, const struct flow *flow)
{
	struct untimed untimed = {.key = *key, .opened_ns = flow->opened_ns};

	return bpf_map_push_elem(&postern_untimed, &untimed, 0);
}

/* For bpf_loop(): 1 ends it, when nothing waits any more or memory is still short. */
static long retry_one(__u32 i __attribute__((unused)), void *context __attribute__((unused)))
{
	struct untimed untimed;
	struct flow *flow;

	if (bpf_map_pop_elem(&postern_untimed, &untimed))
		return 1;
	flow = bpf_map_lookup_elem(&postern_flows, &untimed.key);
	if (!flow || flow->opened_ns != untimed.opened_ns || !start_timer(flow))
		return 0;
	if (bpf_map_push_elem(&postern_untimed, &untimed, 0))
		flow_remove(&untimed.key, flow);
	return 1;
}

static int retry(void *map __attribute__((unused)), __u32 *key __attribute__((unused)),
		 struct janitor *janitor)
{
	bpf_loop(UNTIMED_BATCH, retry_one, NULL, 0);
	bpf_timer_start(&janitor->timer, UNTIMED_INTERVAL_NS, 0);
	return 0;
}

/* Where there is no memory for this timer either, the next flow that has to wait starts it. */
static __always_inline void start_janitor(void)
{
	__u32 zero = 0;
	struct janitor *janitor = bpf_map_lookup_elem(&postern_janitor, &zero);

	if (!janitor || bpf_timer_init(&janitor->timer, &postern_janitor, CLOCK_MONOTONIC) ||
	    bpf_timer_set_callback(&janitor->timer, retry))
		return;
	bpf_timer_start(&janitor->timer, UNTIMED_INTERVAL_NS, 0);
}

static __always_inline int start_timer_soon(const struct flow_key *key, struct flow *flow)
{
	int error = start_timer(flow);

	if (!error)
		return 0;
	count(COUNTER_timers_put_off);
	error = put_off(key, flow);
	start_janitor();
	return error;
}

/*
 * After flow_claim(): inserts the flow and starts its timer, or takes everything back. -EEXIST: another
 * CPU has opened it just now; other errors as of flow_claim().
 */
static __noinline int flow_insert(const struct packet *packet, struct opening *opening)
{
	struct flow *flow;
	int error;

	opening->flow.port = opening->returns.port;
	error = bpf_map_update_elem(&postern_flows, &packet->key, &opening->flow, BPF_NOEXIST);
	if (error) {
		flow_unclaim(opening);
		return error;
	}
	report_opened(&opening->flow);
	flow = bpf_map_lookup_elem(&postern_flows, &packet->key);
	if (flow && start_timer_soon(&packet->key, flow)) {
		flow_remove(&packet->key, flow);
		return -EIO;
	}
	if (opening->flow.pool == POOL_NONE)
		count(COUNTER_passed);
	else if (opening->flow.port != packet->key.source_port)
		count(COUNTER_ports_changed);
	return 0;
}

static __always_inline int flow_replace(const struct packet *packet, const struct flow *old)
{
	int error = flow_remove(&packet->key, old);

	if (!error)
		count(COUNTER_flows_replaced);
	return error;
}

/*
 * Opens a flow in place of the closed one `old`, or where there is none (NULL). The external port of
 * `old` may serve again at once if the new sequence number lies after the old ones (as RFC 6191 does
 * for TIME-WAIT); else the old return entry stays until another port is claimed. Errors as of
 * flow_claim(); -EEXIST: another CPU is opening or ending the same flow.
 */
static __always_inline int flow_open(const struct packet *packet, struct opening *opening,
				     const struct flow *old)
{
	int error;

	if (old && (opening->flow.pool == POOL_NONE ||
		    (__s32)(packet->sequence - old->out.sequence) >= 0)) {
		if (flow_replace(packet, old))
			return -EEXIST;
		old = NULL;
	}
	error = flow_claim(opening);
	if (error)
		return error;
	if (old && flow_replace(packet, old)) {
		flow_unclaim(opening);
		return -EEXIST;
	}
	return flow_insert(packet, opening);
}
