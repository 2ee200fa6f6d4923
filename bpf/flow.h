/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A flow's life, but for its beginning (open.h): count, close, expire. A flow is a pair: postern_flows for
 * egress, postern_returns for ingress.
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

/* Tells keys apart, of flows and of returns alike; it need not be hard to forge. */
static __always_inline __u64 key_hash(const void *key)
{
	const __u32 *words = __builtin_assume_aligned(key, 4);
	__u64 hash = ((__u64)words[0] << 32 | words[1]) * 0x9e3779b97f4a7c15ULL;

	hash ^= ((__u64)words[2] << 32 | words[3]) * 0xc2b2ae3d27d4eb4fULL;
	hash ^= ((__u64)words[4] << 32 | words[5]) * 0x165667b19e3779f9ULL;
	hash ^= ((__u64)words[6] << 32 | words[7]) * 0xff51afd7ed558ccdULL;
	return (hash ^ hash >> 32) + (words[8] + 1ULL) * 0xd6e8feb86659fd93ULL;
}

/*
 * Is what was read from an entry since its look-up the key's own? Entries are written from their
 * beginning, where the hash is: whoever has read a byte of the next owner's finds its hash there.
 */
static __always_inline bool is_entry_of(const __u64 *entry_hash, const void *key)
{
	return *(const volatile __u64 *)entry_hash == key_hash(key);
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
 * other end. A RST does not refresh, but its first one grants the transitory timeout (flow_closes()). Data
 * in a SYN does not count, so that a SYN sent again without it is known as the same.
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
	if (!rst)
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

/* ---- timers */

/* -EBUSY: it was initialized before, by a try that failed further on. */
static __noinline int start_timer(struct flow *flow)
{
	struct control *control = control_get();
	int error = bpf_timer_init(&flow->timer, &postern_flows, CLOCK_MONOTONIC);

	if (!control || (error && error != -EBUSY) || bpf_timer_set_callback(&flow->timer, expire))
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

static __always_inline struct janitor *janitor_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&postern_janitor, &zero);
}

/* For bpf_loop(): 1 ends it, when nothing waits any more or memory is still short. */
static long retry_one(__u32 i __attribute__((unused)), void *context __attribute__((unused)))
{
	struct janitor *janitor = janitor_get();
	struct untimed untimed;
	struct flow *flow;

	if (bpf_map_pop_elem(&postern_untimed, &untimed))
		return 1;
	flow = bpf_map_lookup_elem(&postern_flows, &untimed.key);
	if (!flow || flow->opened_ns != untimed.opened_ns || !start_timer(flow))
		return 0;
	if (bpf_map_push_elem(&postern_untimed, &untimed, 0))
		flow_remove(&untimed.key, flow);
	if (janitor)
		janitor->waiting = 1;
	return 1;
}

/* In this order: who waits from here on raises the flag again, and starts the timer again. */
static int retry(void *map __attribute__((unused)), __u32 *key __attribute__((unused)),
		 struct janitor *janitor)
{
	__sync_lock_test_and_set(&janitor->waiting, 0);
	if (bpf_loop(UNTIMED_BATCH, retry_one, NULL, 0) == UNTIMED_BATCH)
		janitor->waiting = 1;
	if (janitor->waiting)
		bpf_timer_start(&janitor->timer, UNTIMED_INTERVAL_NS, 0);
	return 0;
}

/* Where there is no memory for this timer either, the next flow that is opened tries again. */
static __noinline int start_janitor(struct janitor *janitor)
{
	int error = bpf_timer_init(&janitor->timer, &postern_janitor, CLOCK_MONOTONIC);

	if ((error && error != -EBUSY) || bpf_timer_set_callback(&janitor->timer, retry))
		return -EIO;
	return bpf_timer_start(&janitor->timer, UNTIMED_INTERVAL_NS, 0);
}

/* An error: the flow has no timer and cannot wait for one. */
static __noinline int start_timer_soon(const struct flow_key *key, struct flow *flow)
{
	struct janitor *janitor = janitor_get();
	int error = start_timer(flow);

	if (!janitor)
		return error;
	if (error) {
		count(COUNTER_timers_put_off);
		error = put_off(key, flow);
		janitor->waiting = 1;
	}
	if (janitor->waiting)
		start_janitor(janitor);
	return error;
}
