// SPDX-License-Identifier: GPL-2.0
/*
 * The keys of VMOs.
 *
 * Names that come to the same are refused together, so they have most of the bits: of
 * 10,000 names two do once in 20,000 times.  A store that has become another one is taken
 * for the same once in 16 million times.
 */
#include <string.h>

#include "key.h"

#define STORE_BITS	24

uint64_t key_hash(uint64_t seed, const void *data, size_t size)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < size; i++)
		seed = (seed ^ bytes[i]) * UINT64_C(0x100000001b3);
	return seed;
}

/* Of a short text the upper bits of FNV-1a, and of any text its lower ones, are few. */
static uint64_t mix(uint64_t h)
{
	h ^= h >> 33;
	h *= UINT64_C(0xff51afd7ed558ccd);
	h ^= h >> 33;
	h *= UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ h >> 33;
}

uint64_t key_of(const char *name, uint64_t store)
{
	uint64_t h = mix(key_hash(KEY_SEED, name, strlen(name)));

	return h << STORE_BITS | mix(store) >> (64 - STORE_BITS);
}

bool key_is_of_name(uint64_t key, uint64_t other)
{
	return key >> STORE_BITS == other >> STORE_BITS;
}
