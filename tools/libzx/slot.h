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

#include "base.h"

struct zxi_object;

/**
 * struct zxi_slot - what is known of a number
 * @word: ZXI_*, below
 * @object: of the handle; set under the lock of the table.  There as long as a call counts
 *	itself in @word.
 */
struct zxi_slot {
	_Atomic uint64_t word;
	struct zxi_object *_Atomic object;
};

/* Descriptors have numbers below this, and so have own handles. */
#define ZXI_FD_BITS	20
#define ZXI_MAX_FD	(1u << ZXI_FD_BITS)
#define ZXI_COUNT_SHIFT	(ZXI_FD_BITS + 2)
#define ZXI_OWN		0x3ffu

/*
 * Of a word: rights, type, calls that use it, count, and what it is.  The count is that of the
 * handle, but for the lowest bit, so that a slot that was never used has the first one.
 */
#define ZXI_RIGHTS	0x3ffffffull
#define ZXI_TYPE_SHIFT	26
#define ZXI_TYPE	(0x3full << ZXI_TYPE_SHIFT)
#define ZXI_USE		(1ull << 32)
#define ZXI_USES	(0xfffffull << 32)
#define ZXI_WORD_COUNT_SHIFT	52
#define ZXI_WORD_COUNT	(0x3ffull << ZXI_WORD_COUNT_SHIFT)
#define ZXI_OPEN	(1ull << 62)
#define ZXI_CLOSING	(1ull << 63)

#define ZXI_WORD(type, rights) \
	(ZXI_OPEN | (uint64_t)(type) << ZXI_TYPE_SHIFT | ((rights) & ZXI_RIGHTS))
#define ZXI_WORD_TYPE(word)	((zx_obj_type_t)(((word) & ZXI_TYPE) >> ZXI_TYPE_SHIFT))
#define ZXI_WORD_RIGHTS(word)	((zx_rights_t)((word) & ZXI_RIGHTS))

/* The address space of the process: the only handle that cannot be closed. */
#define ZXI_VMAR_ROOT	((zx_handle_t)0xffffffff)
#define ZXI_ROOT_RIGHTS	(ZX_DEFAULT_VMAR_RIGHTS | ZX_RIGHTS_IO | ZX_RIGHT_EXECUTE)

static inline bool zxi_is_own(zx_handle_t handle)
{
	return handle >> ZXI_COUNT_SHIFT == ZXI_OWN;
}

/* What a word has as its count if it is that of @handle; no word has that of 0. */
static inline uint64_t zxi_count_of(zx_handle_t handle)
{
	return (uint64_t)(handle >> ZXI_COUNT_SHIFT ^ 1) * (1ull << ZXI_WORD_COUNT_SHIFT);
}

/* Whether @handle is, or was, none: closed, and not of this count any more. */
static inline bool zxi_is_stale(zx_handle_t handle, uint64_t word)
{
	return (word & (ZXI_WORD_COUNT | ZXI_CLOSING)) != zxi_count_of(handle);
}

/* Whether it is, in one look. */
static inline bool zxi_is_open(zx_handle_t handle, uint64_t word)
{
	return !((word ^ zxi_count_of(handle) ^ ZXI_OPEN) &
		 (ZXI_WORD_COUNT | ZXI_OPEN | ZXI_CLOSING));
}

/* Two levels, so that what is not used takes no memory. */
#define ZXI_CHUNK_BITS	15
#define ZXI_CHUNK	(1u << ZXI_CHUNK_BITS)
#define ZXI_SLOTS	(2 * ZXI_MAX_FD)

extern struct zxi_slot *_Atomic zxi_chunks[ZXI_SLOTS / ZXI_CHUNK];

/* NULL if it was not made. */
static inline struct zxi_slot *zxi_slot_at(uint32_t index)
{
	struct zxi_slot *chunk;

	chunk = atomic_load_explicit(&zxi_chunks[index >> ZXI_CHUNK_BITS],
				     memory_order_acquire);
	return chunk ? &chunk[index & (ZXI_CHUNK - 1)] : NULL;
}

static inline uint32_t zxi_fd_of(zx_handle_t handle)
{
	return handle >> 2 & (ZXI_MAX_FD - 1);
}

static inline bool zxi_looks_right(zx_handle_t handle)
{
	return (handle & ZX_HANDLE_FIXED_BITS_MASK) == ZX_HANDLE_FIXED_BITS_MASK;
}

static inline uint32_t zxi_index_of(zx_handle_t handle)
{
	return zxi_fd_of(handle) | (zxi_is_own(handle) ? ZXI_MAX_FD : 0);
}

/* The slot of a handle, or NULL if it has none yet. */
static inline struct zxi_slot *zxi_slot(zx_handle_t handle)
{
	return zxi_looks_right(handle) ? zxi_slot_at(zxi_index_of(handle)) : NULL;
}

/* The same, but NULL if there is no memory to make it. */
struct zxi_slot *zxi_make_slot(zx_handle_t handle);

/* The handle of a descriptor, as its word has it. */
zx_handle_t zxi_number(unsigned int fd, uint64_t word);

/* The word of what comes after this one; nothing is known of it. */
uint64_t zxi_next_word(uint64_t word);

/* The word of an open handle, or 0. */
static inline uint64_t zxi_open_word(zx_handle_t handle)
{
	struct zxi_slot *slot = zxi_slot(handle);
	uint64_t word;

	if (handle == ZXI_VMAR_ROOT)
		return ZXI_WORD(ZX_OBJ_TYPE_VMAR, ZXI_ROOT_RIGHTS);
	if (!slot)
		return 0;
	word = atomic_load(&slot->word);
	return zxi_is_open(handle, word) ? word : 0;
}

/* The rest of zxi_get(), which is where types are known, and of zxi_put(). */
zx_status_t zxi_get_slowly(zx_handle_t handle, zx_obj_type_t type, zx_rights_t rights);
__attribute__((__cold__)) void zxi_put_last(struct zxi_slot *slot, int fd);

/*
 * One look: whether a handle is open, and has in its word what @want is of @mask, which is of
 * its type and rights.  @slot: that of its descriptor, in which @word is.
 * Then its descriptor stays open, and its object there, until zxi_put().
 */
static ZXI_INLINE bool zxi_try_use(struct zxi_slot *slot, uint64_t word, zx_handle_t handle,
				   uint64_t mask, uint64_t want)
{
	/* Above the descriptor of a handle is the count, below it two bits that are set. */
	const int shift = ZXI_WORD_COUNT_SHIFT - ZXI_COUNT_SHIFT;
	const uint64_t fixed = (uint64_t)ZX_HANDLE_FIXED_BITS_MASK << shift;

	want ^= ZXI_OPEN | 1ull << ZXI_WORD_COUNT_SHIFT | fixed;
	mask |= ZXI_OPEN | ZXI_CLOSING | ZXI_WORD_COUNT | fixed;
	/* Others count themselves in and out meanwhile. */
	do {
		if ((word ^ (uint64_t)handle << shift ^ want) & mask)
			return false;
	} while (!atomic_compare_exchange_weak(&slot->word, &word, word + ZXI_USE));
	return true;
}

static inline uint64_t zxi_word_in(struct zxi_slot *slot)
{
	return atomic_load_explicit(&slot->word, memory_order_relaxed);
}

/* @slot may be NULL. */
static ZXI_INLINE bool zxi_try_get(struct zxi_slot *slot, zx_handle_t handle,
				   zx_obj_type_t type, zx_rights_t rights)
{
	return slot && zxi_try_use(slot, zxi_word_in(slot), handle, ZXI_TYPE | rights,
				   (uint64_t)type << ZXI_TYPE_SHIFT | rights);
}

/* Of any type that fits; @*type is told. */
static ZXI_INLINE bool zxi_try_get_any(struct zxi_slot *slot, zx_handle_t handle,
				       zx_rights_t rights, zx_obj_type_t *type)
{
	uint64_t word;

	if (!slot)
		return false;
	word = zxi_word_in(slot);
	*type = ZXI_WORD_TYPE(word);
	return zxi_try_use(slot, word, handle, ZXI_TYPE | rights, (word & ZXI_TYPE) | rights);
}

/* That of the descriptor of a handle, or NULL. */
static inline struct zxi_slot *zxi_fd_slot(zx_handle_t handle)
{
	return zxi_slot_at(zxi_fd_of(handle));
}

/* BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED, in this order. */
static inline zx_status_t zxi_get(zx_handle_t handle, zx_obj_type_t type,
				  zx_rights_t rights, int *fd)
{
	*fd = (int)zxi_fd_of(handle);
	return __builtin_expect(zxi_try_get(zxi_fd_slot(handle), handle, type, rights), true) ?
	       ZX_OK : zxi_get_slowly(handle, type, rights);
}

/* The same, for who wants the slot: what there is until zxi_put_slot(). */
static ZXI_INLINE zx_status_t zxi_get_slot(zx_handle_t handle, zx_obj_type_t type,
					   zx_rights_t rights, struct zxi_slot **slot)
{
	zx_status_t status = ZX_OK;

	*slot = zxi_fd_slot(handle);
	if (__builtin_expect(!zxi_try_get(*slot, handle, type, rights), false)) {
		status = zxi_get_slowly(handle, type, rights);
		*slot = zxi_fd_slot(handle);
	}
	return status;
}

/* The same of a handle that may be anything, or a descriptor that nothing is known of. */
zx_status_t zxi_hold(zx_handle_t handle, int *fd);

static inline void zxi_put_slot(struct zxi_slot *slot, int fd)
{
	uint64_t word = atomic_fetch_sub(&slot->word, ZXI_USE);

	if (__builtin_expect(word & ZXI_CLOSING && (word & ZXI_USES) == ZXI_USE, false))
		zxi_put_last(slot, fd);
}

static inline void zxi_put(int fd)
{
	struct zxi_slot *chunk = zxi_chunks[(unsigned int)fd >> ZXI_CHUNK_BITS];

	zxi_put_slot(&chunk[(unsigned int)fd & (ZXI_CHUNK - 1)], fd);
}

zx_status_t zxi_ioctl_slowly(zx_handle_t handle, zx_obj_type_t type, zx_rights_t rights,
			     unsigned long request, void *arg);

/* zxi_get(), an ioctl, which goes on after a signal, and zxi_put(). */
static ZXI_INLINE zx_status_t zxi_ioctl(zx_handle_t handle, zx_obj_type_t type,
					zx_rights_t rights, unsigned long request,
					void *arg)
{
	const int fd = (int)zxi_fd_of(handle);
	struct zxi_slot *slot = zxi_fd_slot(handle);
	zx_status_t status;

	if (__builtin_expect(!zxi_try_get(slot, handle, type, rights), false))
		return zxi_ioctl_slowly(handle, type, rights, request, arg);
	status = zxi_fd_ioctl(fd, request, arg);
	zxi_put_slot(slot, fd);
	return status;
}

/* In the child of a fork(), where no call is under way: @closing is told who has waited for one. */
void zxi_slots_after_fork(void (*closing)(struct zxi_slot *slot, int fd));

#endif /* LIBZX_SLOT_H */
