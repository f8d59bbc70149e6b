/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_KEY_H
#define ZXD_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* FNV-1a of @size bytes, after what @seed is of. */
#define KEY_SEED	UINT64_C(0xcbf29ce484222325)
uint64_t key_hash(uint64_t seed, const void *data, size_t size);

/*
 * The key of a VMO is all that a listing tells a successor of who it is: it is made of the
 * name, and of what the store is known by.
 */
uint64_t key_of(const char *name, uint64_t store);

/* Two that are of the same name. */
bool key_is_of_name(uint64_t key, uint64_t other);

#endif /* ZXD_KEY_H */
