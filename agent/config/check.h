/* SPDX-License-Identifier: BSD-2-Clause */
/* What must hold between the sections of a file that was read. Within config/ only; results are those of read.h. */
#pragma once

struct reader;

/*
 * Adds the ready-made policies that the file does not define, sorts pools by id and senders by name, finds the
 * pools and policies behind names, and calls check_unique().
 */
int check_all(struct reader *reader);
/* Addresses, handles, selectors and names of senders and tenants: each stands in one place only (check_unique.c). */
int check_unique(struct reader *reader);
