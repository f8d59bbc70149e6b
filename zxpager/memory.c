// SPDX-License-Identifier: GPL-2.0
/*
 * Memory for what is in a VMO.
 *
 * Nobody waits for memory with content_lock or a folio lock held: a client over its
 * memory.high sleeps for seconds in an allocation, and the daemon and everybody else
 * would sleep with it. So under these locks memory is taken without waiting. Whoever
 * gets none gives the lock up, waits for memory with zxp_vmo_reserve(), and tries again,
 * %ZXP_MEMORY_TRIES times at most.
 */
#include <linux/gfp.h>
#include <linux/slab.h>

#include "content.h"

static gfp_t zxp_vmo_kernel_gfp(struct zxp_vmo *vmo)
{
	return mapping_gfp_constraint(vmo->inode.i_mapping, GFP_KERNEL) |
	       __GFP_ACCOUNT;
}

/*
 * Some pages are charged to the memory cgroup of the caller and given back, which leaves
 * their charge where the next allocations find it. One would not do: the nodes of the
 * page cache that lead to a page are charged, too.
 */
#define ZXP_RESERVE_ORDER	3

static bool zxp_reserve(gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_pages(gfp, order);

	if (!page)
		return false;
	__free_pages(page, order);
	return true;
}

/**
 * zxp_vmo_reserve() - wait for memory that could not be waited for under a lock
 * @vmo: whose it is going to be; nothing of it is locked
 *
 * Return: whether to try again.
 */
bool zxp_vmo_reserve(struct zxp_vmo *vmo)
{
	return zxp_reserve(zxp_vmo_kernel_gfp(vmo), ZXP_RESERVE_ORDER);
}

/**
 * zxp_vmo_reserve_supply() - zxp_vmo_reserve() for a daemon that supplies pages
 * @vmo: whose memory it is going to be
 * @order: of the folio that there was no memory for
 *
 * A daemon over the limit of its memory cgroup gets ENOMEM, instead of the OOM
 * killer getting the daemon.
 *
 * Return: whether to try again.
 */
bool zxp_vmo_reserve_supply(struct zxp_vmo *vmo, unsigned int order)
{
	return zxp_reserve(zxp_vmo_kernel_gfp(vmo) | __GFP_RETRY_MAYFAIL |
			   __GFP_NOWARN, max_t(unsigned int, order, ZXP_RESERVE_ORDER));
}

/* How a supply allocates pages, before it takes a lock. */
gfp_t zxp_vmo_supply_gfp(struct zxp_vmo *vmo)
{
	return mapping_gfp_mask(vmo->inode.i_mapping) | __GFP_RETRY_MAYFAIL |
	       __GFP_NOWARN;
}

/**
 * zxp_vmo_alloc_zeroed() - a page of zeroes that is in no cache yet
 * @vmo: whose it is going to be
 * @locked: without waiting for memory
 *
 * Return: its folio, or NULL.
 */
struct folio *zxp_vmo_alloc_zeroed(struct zxp_vmo *vmo, bool locked)
{
	gfp_t gfp = mapping_gfp_mask(vmo->inode.i_mapping);
	struct folio *folio;

	folio = zxp_filemap_alloc_folio(locked ? ZXP_GFP_LOCKED(gfp) : gfp, 0);
	if (folio)
		folio_zero_range(folio, 0, PAGE_SIZE);
	return folio;
}

/**
 * zxp_vmo_alloc_zero() - a node for zxp_zero_add() or zxp_zero_remove()
 * @vmo: whose it is going to be
 * @gfp: GFP_KERNEL; GFP_NOWAIT with content_lock or a folio lock held; or GFP_ATOMIC
 *	if it is too late for an error
 *
 * Return: the node, which kfree() takes if it is left over; or NULL.
 */
struct zxp_zero_range *zxp_vmo_alloc_zero(struct zxp_vmo *vmo, gfp_t gfp)
{
	gfp = mapping_gfp_constraint(vmo->inode.i_mapping, gfp) |
	      (gfp & __GFP_HIGH) | __GFP_ACCOUNT | __GFP_NOWARN;
	return kmalloc(sizeof(struct zxp_zero_range), gfp);
}
