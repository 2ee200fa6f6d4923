/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The real programs on maps that the test fills; one rig per test process. The tests of a run
 * share loaded programs (shared.h). Packets pass through BPF_PROG_TEST_RUN. rig_init() creates this
 * world:
 *
 *   pools        normal (NORMAL4, NORMAL6) and high-risk (RISK4, RISK6), one address per family
 *                each
 *   senders      TENANT, by the networks of TENANT4 and TENANT6, steered to the normal pool
 *   no sender    STRANGER4 and STRANGER6, steered to the normal pool too
 *   ports        25 and 2525
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/patience.h"
#include "packet/packet.h"
#include "postern/abi.h"
#include "postern/expiry.h"

struct postern_bpf;

#define NORMAL4	  "198.51.100.10"
#define NORMAL6	  "2001:db8:1::10"
#define RISK4	  "198.51.100.66"
#define RISK6	  "2001:db8:1::66"
#define TENANT4	  "10.1.7.5"
#define TENANT6	  "fd17::5"
#define STRANGER4 "10.9.9.9"
#define STRANGER6 "fd99::9"
#define REMOTE4	  "203.0.113.25"
#define REMOTE6	  "2001:db8:25::25"

enum rig_sender { TENANT = 17, OTHER = 18, ANOTHER = 19 };
enum rig_address { NORMAL4_ID = 1, NORMAL6_ID, RISK4_ID, RISK6_ID };
enum rig_program { EGRESS, INGRESS, HANDLES };

#define RIG_FLOWS_MAX 64
/* Of the pools in use; no test writes others. */
#define RIG_SLOTS   (3 * POSTERN_FAMILIES * POSTERN_SLOTS)
#define RIG_WAIT_NS (5 * test_patience() * 1000000000ULL)

void rig_init(void);
/* With the programs for packets that begin with the IP header. */
void rig_init_l3(void);
bool rig_is_l3(void);
/* With the XDP program for INGRESS. */
void rig_init_xdp(void);
/* Without the timer: an early flow starts it. */
void rig_init_idle(void);
/*
 * The packets have a socket of another network namespace than the programs: they have come in by
 * the port of a bridge, or a macvlan has sent them.
 */
void rig_init_foreign(void);
void rig_init_child(void);
/*
 * The packets are forwarded: they came in by an interface. The host, a network namespace of the
 * test, has the addresses OWN4 and OWN6.
 */
#define OWN4 "192.0.2.2"
#define OWN6 "2001:db8::2"
void rig_init_forwarded(void);
/* In place of rig_init(): programs of the test's own, with these capacities. */
void rig_init_sized(uint32_t flows_max, uint32_t returns_max);
void rig_done(void);

/* ---- maps */

struct postern_bpf *rig_maps(void);

void rig_add_sender(uint32_t sender); /* a verdict, steered to normal, and usage */
void rig_set_verdict(uint32_t sender, enum verdict_action action, uint32_t pool);
void rig_put_verdict(uint32_t sender, const struct verdict *verdict);
void rig_select_number(enum selector_kind kind, uint64_t number, uint32_t sender);
void rig_select_address(const char *address, uint32_t sender);
/* Within 100.127.0.0/16 or fd70:6f73::/32. */
void rig_select_handle(const char *address, uint32_t sender);
void rig_select_net(const char *address, unsigned length, uint32_t sender);
void rig_put_slot(uint32_t pool, enum slot_family family, uint32_t slot, uint32_t address_id);
void rig_fill_slots(uint32_t pool, enum slot_family family, uint32_t address_id);
void rig_set_address_state(uint32_t address_id, enum address_state state);
void rig_hold_address(uint32_t address_id); /* the host lacks it */
struct control rig_control(void);
void rig_set_control(const struct control *control);
uint64_t rig_now_ns(void);
/*
 * From now on, for open flows too. Set short timeouts last: a flow may expire before the next step,
 * however soon that is.
 */
void rig_set_timeouts(uint64_t established_ns, uint64_t transitory_ns);
void rig_set_transitory(uint64_t ns);
/* Cuts the open flows of the sender; new ones leave by the high-risk pool. */
void rig_cut(uint32_t sender);
/* Deletes all flows, as if the datapath had never seen them. */
void rig_forget_flows(void);

struct usage rig_usage(uint32_t sender);
struct address_usage rig_address_usage(uint32_t address_id);

/* ---- packets */

/*
 * A packet from the tenant's port 40000 to the remote end's port 25; the same packet outside, from
 * the normal pool; a packet from an unknown sender.
 */
struct packet_spec rig_inside(bool ipv6, uint8_t flags);
struct packet_spec rig_outside(bool ipv6, uint8_t flags);
struct packet_spec rig_stranger(bool ipv6, uint8_t flags);

int rig_program_fd(enum rig_program program);
/* Returns the action, and the packet afterwards (NULL: not wanted). */
int rig_run(enum rig_program program, const struct packet_spec *spec, uint32_t mark,
	    struct packet_bytes *ret_packet);
/* The packet passes, and equals `expected`. */
void rig_expect_through(enum rig_program program, const struct packet_spec *spec,
			const struct packet_spec *expected);
void rig_expect_untouched(enum rig_program program, const struct packet_spec *spec);
void rig_expect_drop(enum rig_program program, const struct packet_spec *spec);
/* The SYN opens no flow: it becomes a reset for its local end. */
void rig_expect_refused(const struct packet_spec *spec);
/* The packet becomes a reset and enters again. */
void rig_expect_reset(enum rig_program program, const struct packet_spec *spec);

/* ---- results in the maps */

/* All counters; those without a name are 0. */
#define rig_expect_counters(...) rig_expect_stats(&(const struct stats){__VA_ARGS__})
void rig_expect_stats(const struct stats *expected);
/* The number of flows, and of returns. */
void rig_expect_flows(size_t count);
bool rig_has_flow(const struct packet_spec *inside);
struct flow rig_flow(const struct packet_spec *inside);
struct return_entry rig_return(const struct packet_spec *outside);
/* The pair of a packet, by the packet before and after translation. */
void rig_expect_pair(const struct packet_spec *inside, const struct packet_spec *outside,
		     uint32_t sender, uint32_t pool);
/* Takes an external address and port towards a remote end, as another sender's flow does. */
void rig_take_port(const struct packet_spec *outside);
/* Waits until there are `count` flows, at most RIG_WAIT_NS. */
void rig_await_flows(size_t count);
/* Empties the ring: the number of events, and the last one. */
int rig_events(struct event *ret_last);
