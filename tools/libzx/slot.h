/* SPDX-License-Identifier: MIT */
/*
 * The numbers of handles, and the word that is kept for each.
 *
 *   31        22 21                   2 1 0
 *   count        descriptor             1 1
 *
 * The count says how often the descriptor's number has been a handle before, so that a
 * handle that was closed is none, though its number lives again.  It is never 0: a number
 * that was made of a descriptor by hand is no handle.  With ZXI_OWN as its count a handle
 * has no descriptor, but a number of this library's.
 *
 * The word of a slot has the count of the next handle, or of the one that is open, its
 * type and its rights.  A call reads it without a lock, and counts itself in it while it
 * uses the descriptor: who closes a handle that is in use leaves the descriptor to the
 * last call that uses it, so that no call ever acts on another one of the same number.
 */
#ifndef LIBZX_SLOT_H
#define LIBZX_SLOT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <zircon/types.h>

struct zxi_object;

/**
 * struct zxi_slot - what is known of a number
 * @word: ZXI_*, below
 * @object: of the handle, under the lock of the table
 */
struct zxi_slot {
	_Atomic uint64_t word;
	struct zxi_object *object;
};

/* Descriptors have numbers below this, and so have own handles. */
#define ZXI_FD_BITS	20
#define ZXI_MAX_FD	(1u << ZXI_FD_BITS)
#define ZXI_COUNT_SHIFT	(ZXI_FD_BITS + 2)
#define ZXI_OWN		0x3ffu
#define ZXI_COUNTS	(ZXI_OWN - 1)

/* Of a word: rights, type, calls that use it, count less 1, and what it is. */
#define ZXI_RIGHTS	0x3ffffffull
#define ZXI_TYPE_SHIFT	26
#define ZXI_TYPE	(0x3full << ZXI_TYPE_SHIFT)
#define ZXI_USE		(1ull << 32)
#define ZXI_USES	(0xfffffull << 32)
#define ZXI_WORD_COUNT	(0x3ffull << 52)
#define ZXI_OPEN	(1ull << 62)
#define ZXI_CLOSING	(1ull << 63)

#define ZXI_WORD(type, rights) \
	(ZXI_OPEN | (uint64_t)(type) << ZXI_TYPE_SHIFT | ((rights) & ZXI_RIGHTS))
#define ZXI_WORD_TYPE(word)	((zx_obj_type_t)(((word) & ZXI_TYPE) >> ZXI_TYPE_SHIFT))
#define ZXI_WORD_RIGHTS(word)	((zx_rights_t)((word) & ZXI_RIGHTS))

/* The address space of the process: the only handle that cannot be closed. */
#define ZXI_VMAR_ROOT	((zx_handle_t)0xffffffff)

static inline bool zxi_is_own(zx_handle_t handle)
{
	return handle >> ZXI_COUNT_SHIFT == ZXI_OWN;
}

/* What a word has as its count if it is that of @handle; 0 is not a handle's. */
static inline uint64_t zxi_count_of(zx_handle_t handle)
{
	return (uint64_t)((handle >> ZXI_COUNT_SHIFT) - 1) << 52;
}

/* Whether @handle is, or was, none: closed, and not of this count any more. */
static inline bool zxi_is_stale(zx_handle_t handle, uint64_t word)
{
	return (word & (ZXI_WORD_COUNT | ZXI_CLOSING)) != zxi_count_of(handle);
}

/* The slot of a handle; NULL if it has none yet, or there is no memory to make it. */
struct zxi_slot *zxi_slot(zx_handle_t handle, bool make);

/* The handle of a descriptor, as its word has it. */
zx_handle_t zxi_number(unsigned int fd, uint64_t word);

/* The word of what comes after this one; nothing is known of it. */
uint64_t zxi_next_word(uint64_t word);

/* The word of an open handle, or 0. */
uint64_t zxi_open_word(zx_handle_t handle);

/*
 * The descriptor of a handle of this type with at least these rights, which stays open
 * until zxi_put(): BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED, in this order.
 */
zx_status_t zxi_get(zx_handle_t handle, zx_obj_type_t type, zx_rights_t rights, int *fd);
void zxi_put(int fd);

/* zxi_get(), an ioctl, which goes on after a signal, and zxi_put(). */
zx_status_t zxi_ioctl(zx_handle_t handle, zx_obj_type_t type, zx_rights_t rights,
		      unsigned long request, void *arg);

/* In the child of a fork(), where no call is under way. */
void zxi_slots_after_fork(void);

#endif /* LIBZX_SLOT_H */
