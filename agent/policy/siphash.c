/* SPDX-License-Identifier: BSD-2-Clause */
/* Two rounds for each word of input, four for each half of the result. */
#include "policy/siphash.h"

struct state {
	uint64_t a, b, c, d; /* v0 to v3 in the paper */
};

static uint64_t rotate(uint64_t word, unsigned bits)
{
	return word << bits | word >> (64 - bits);
}

/* Little endian on each host; `size` up to 8. */
static uint64_t load(const uint8_t *bytes, size_t size)
{
	uint64_t word = 0;

	for (size_t i = 0; i < size; i++)
		word |= (uint64_t)bytes[i] << (8 * i);
	return word;
}

static void rounds(struct state *v, unsigned count)
{
	while (count--) {
		v->a += v->b;
		v->c += v->d;
		v->b = rotate(v->b, 13) ^ v->a;
		v->d = rotate(v->d, 16) ^ v->c;
		v->a = rotate(v->a, 32);
		v->c += v->b;
		v->a += v->d;
		v->b = rotate(v->b, 17) ^ v->c;
		v->d = rotate(v->d, 21) ^ v->a;
		v->c = rotate(v->c, 32);
	}
}

static void absorb(struct state *v, uint64_t word)
{
	v->d ^= word;
	rounds(v, 2);
	v->a ^= word;
}

static uint64_t squeeze(struct state *v)
{
	rounds(v, 4);
	return v->a ^ v->b ^ v->c ^ v->d;
}

struct siphash siphash(const uint8_t key[SIPHASH_KEY_SIZE], const void *bytes, size_t size)
{
	const uint64_t k0 = load(key, 8), k1 = load(key + 8, 8);
	const uint8_t *byte = bytes;
	size_t left = size;
	struct siphash hash;
	struct state v = {
		.a = k0 ^ 0x736f6d6570736575ULL,
		.b = k1 ^ 0x646f72616e646f6dULL ^ 0xee, /* 0xee: the variant of 128 bits */
		.c = k0 ^ 0x6c7967656e657261ULL,
		.d = k1 ^ 0x7465646279746573ULL,
	};

	for (; left >= 8; left -= 8, byte += 8)
		absorb(&v, load(byte, 8));
	absorb(&v, load(byte, left) | (uint64_t)size << 56);
	v.c ^= 0xee;
	hash.words[0] = squeeze(&v);
	v.b ^= 0xdd;
	hash.words[1] = squeeze(&v);
	return hash;
}
