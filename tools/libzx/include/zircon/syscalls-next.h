/* SPDX-License-Identifier: MIT */
/*
 * What a pager asks about writes to its VMOs.
 *
 * Zircon has these calls in a header of this name, as they are in its "next" vDSO.
 */
#ifndef ZIRCON_SYSCALLS_NEXT_H_
#define ZIRCON_SYSCALLS_NEXT_H_

#include <zircon/compiler.h>
#include <zircon/types.h>

__BEGIN_CDECLS

/* zx_vmo_dirty_range_t.options, and data of ZX_PAGER_OP_WRITEBACK_BEGIN */
#define ZX_VMO_DIRTY_RANGE_IS_ZERO	((uint64_t)1 << 0)

/* Offset and length are in bytes, multiples of the page size. */
typedef struct zx_vmo_dirty_range {
	uint64_t offset;
	uint64_t length;
	uint64_t options;
} zx_vmo_dirty_range_t;

/* zx_pager_query_vmo_stats() */
#define ZX_PAGER_RESET_VMO_STATS	((uint32_t)1 << 0)

/* zx_pager_vmo_stats_t.modified */
#define ZX_PAGER_VMO_STATS_MODIFIED	((uint32_t)1 << 0)

typedef struct zx_pager_vmo_stats {
	uint32_t modified;
} zx_pager_vmo_stats_t;

/**
 * zx_pager_query_dirty_ranges() - what of a VMO is to be written back
 * @pager: the pager (MANAGE_VMO)
 * @pager_vmo: one of its VMOs (READ)
 * @offset: start of the range to look at in bytes; rounded down to a page
 * @length: its length in bytes; its end is rounded up to a page
 * @buffer: an array of zx_vmo_dirty_range_t; NULL with @buffer_size 0 to count only
 * @buffer_size: its size in bytes; what is left over behind the last whole element is
 *	not used
 * @actual: set to the number of ranges in @buffer; may be NULL
 * @avail: set to the number of ranges that there are; may be NULL, which is faster
 *
 * The ranges are cut to what is looked at, and ascend.  One with
 * ZX_VMO_DIRTY_RANGE_IS_ZERO has no pages and is all zero; see <zircon/linux.h> for one
 * with ZX_LINUX_DIRTY_RANGE_IS_POISONED.  A buffer that is too small
 * is no error: ask again from the end of the last range on.  The VMO may change at any
 * time; WRITEBACK_BEGIN is what fixes a range.  Also works on a detached VMO.
 *
 * Return: ZX_OK, or, in the order of the tests: BAD_HANDLE, WRONG_TYPE,
 * ACCESS_DENIED @pager, then @pager_vmo; INVALID_ARGS a VMO of another
 * pager or of none; OUT_OF_RANGE; INVALID_ARGS @buffer, if there is something to put
 * there; NOT_SUPPORTED by this module.
 */
zx_status_t zx_pager_query_dirty_ranges(zx_handle_t pager,
					zx_handle_t pager_vmo,
					uint64_t offset, uint64_t length,
					void *buffer, size_t buffer_size,
					size_t *actual, size_t *avail);

/**
 * zx_pager_query_vmo_stats() - whether a VMO was modified
 * @pager: the pager (MANAGE_VMO)
 * @pager_vmo: one of its VMOs (READ)
 * @options: 0, or ZX_PAGER_RESET_VMO_STATS: count from now on
 * @buffer: a zx_pager_vmo_stats_t, of any alignment
 * @buffer_size: its size in bytes, or more
 *
 * Writes, faults for writing, changes of size and ZERO modify; DIRTY and supply do not.
 * A store into a mapping that is writable already is not seen, so follow a reset with
 * WRITEBACK_BEGIN, which takes that permission away.  Also works on a detached VMO.
 *
 * Return: ZX_OK, or, in the order of the tests: BAD_HANDLE, WRONG_TYPE,
 * ACCESS_DENIED @pager, then @pager_vmo; INVALID_ARGS a VMO of another
 * pager or of none; BUFFER_TOO_SMALL; INVALID_ARGS @options; INVALID_ARGS @buffer, with
 * nothing reset if it is NULL; NOT_SUPPORTED by this module.
 */
zx_status_t zx_pager_query_vmo_stats(zx_handle_t pager, zx_handle_t pager_vmo,
				     uint32_t options, void *buffer,
				     size_t buffer_size);

__END_CDECLS

#endif /* ZIRCON_SYSCALLS_NEXT_H_ */
