/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Coverage of the kernel's side. The fuzzer cannot instrument the programs, so each step's effect
 * (action, counters, changes of the maps), together with the effect of the step before, counts as
 * coverage: a program with a new effect enters the corpus. Without libFuzzer this has no effect.
 */
#pragma once

#include "fuzz/packet_machine.h"
#include "fuzz/packet_oracle.h"

void packet_signal_reset(void); /* before each program */
void packet_signal(const struct packet_op *op, const struct packet_step *step);
