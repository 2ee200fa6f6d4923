/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An interface in a namespace that sends frames and sees those that arrive. Between veths of one
 * kernel a frame goes the whole way within the call that sends it, on the CPU and at the expense of
 * the sending thread: its CPU time is the cost of the way, and on return all frames have arrived.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/frame.h"

#define WIRE_BATCH 64

struct wire {
	int namespace, sender;
	int index;
	int receiver; /* -1 but between wire_listen() and wire_deafen() */
	uint8_t address[6], peer[6];
	char name[16];
};

/* Each ends the program with a message on failure. */

/* `host` is the path of a namespace; `peer` is the Ethernet address of the other end, as text. */
void wire_open(const char *host, const char *name, const char *peer, struct wire *ret);

/* Frames for sending: start each with frame_init(). */
void wire_send(const struct wire *wire, const struct frame frames[], unsigned count);

/* Receiving costs: during a measurement nobody listens. */
void wire_listen(struct wire *wire);
void wire_deafen(struct wire *wire);
/* Only frames that came in and carry TCP; 0: none. */
unsigned wire_receive(const struct wire *wire, struct frame frames[WIRE_BATCH]);

/* Number of frames that came in since the interface was made. */
uint64_t wire_received(const struct wire *wire);

/* CPU time of this thread. */
uint64_t cpu_ns(void);
void pin_to_cpu(unsigned cpu);

void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
