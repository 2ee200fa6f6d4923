/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SipHash-2-4 with a result of 128 bits (Aumasson and Bernstein, INDOCRYPT 2012): without the key
 * nobody can search for collisions of names. No library that Postern links offers it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SIPHASH_KEY_SIZE 16

struct siphash {
	uint64_t words[2];
};

struct siphash siphash(const uint8_t key[SIPHASH_KEY_SIZE], const void *bytes, size_t size);
