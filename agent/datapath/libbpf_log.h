/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Within datapath/ only: what libbpf would print on stderr is kept instead, so that the one line
 * that says why something failed can go into the error's text.
 */
#pragma once

/*
 * libbpf has one printer per process: calls do not nest, and only one thread may be between them.
 */
void libbpf_log_begin(void);

/*
 * Gives the printer back. Returns the line that explains best (the verifier's last one, else the
 * first warning), without a newline; "" where nothing was said. Valid until libbpf_log_begin().
 */
const char *libbpf_log_end(void);
