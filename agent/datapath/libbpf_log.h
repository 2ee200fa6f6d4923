/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Within datapath/ only: keeps libbpf's output from stderr and picks the one line that explains a
 * failure, for the text of the error.
 */
#pragma once

/* libbpf has one printer per process: calls do not nest, and only one thread may use it. */
void libbpf_log_begin(void);

/*
 * Restores the printer. Returns the verifier's last line, else the first warning, without a
 * newline; "" if libbpf printed nothing. Valid until libbpf_log_begin().
 */
const char *libbpf_log_end(void);
