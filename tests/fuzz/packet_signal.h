/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the fuzzer can see of the kernel's side. The programs run where no coverage is taken, so what
 * each step did (action, counters, change of the table), after what the step before did, is shown as
 * coverage: what behaves in a new way is kept in the corpus. Without libFuzzer nobody looks.
 */
#pragma once

#include "fuzz/packet_machine.h"
#include "fuzz/packet_oracle.h"

void packet_signal_reset(void); /* at the beginning of a program */
void packet_signal(const struct packet_op *op, const struct packet_step *step);
