/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a round of a soak test counts, and its random numbers. tests/soak/run adds up the counts of
 * all rounds of a part and starts each round with another seed.
 */
#pragma once

/* Adds to a count of this part. */
void count_add(const char *name, long long value);
/* The same of one that must be 0 at the end. */
void count_add_zero(const char *name, long long value);
/* Of all rounds the largest value counts. */
void count_most(const char *name, long long value);

/* 0 … below - 1. The same seed (SOAK_SEED) gives the same numbers. */
unsigned count_random(unsigned below);

struct capture;
/* Ends the capture; counts its packets, and those from no pool's address, which must be 0. */
void count_capture(struct capture *capture);
