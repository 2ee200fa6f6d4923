/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An interface in a namespace, to send frames by and to see those that arrive. Between veths in one kernel
 * a frame goes all its way within the call that sends it, on the CPU and at the expense of the
 * sending thread: its CPU time is what the way costs, and when the call is back, all has arrived.
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

/* All end the program with a message where something fails. */

/* `host` is the path of a namespace; `peer` is the Ethernet address at the other end, as text. */
void wire_open(const char *host, const char *name, const char *peer, struct wire *ret);

/* Frames that are there to be sent: begin each with frame_init(). */
void wire_send(const struct wire *wire, const struct frame frames[], unsigned count);

/* Receiving costs: nobody listens while something is measured. */
void wire_listen(struct wire *wire);
void wire_deafen(struct wire *wire);
/* Only those that came in and carry TCP; 0: there are none. */
unsigned wire_receive(const struct wire *wire, struct frame frames[WIRE_BATCH]);

/* Frames that came in since the interface was made. */
uint64_t wire_received(const struct wire *wire);

/* CPU time of this thread. */
uint64_t cpu_ns(void);
void pin_to_cpu(unsigned cpu);

void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
