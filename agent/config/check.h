/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rules between the sections of a file. Within config/ only; results are those of read.h.
 */
#pragma once

struct reader;

/*
 * Adds the ready-made policies that the file does not define, sorts pools and senders, finds the
 * pools and policies of names, and calls check_unique().
 */
int check_all(struct reader *reader);
/* No address, handle, selector or name of a section stands in two places (check_unique.c). */
int check_unique(struct reader *reader);
