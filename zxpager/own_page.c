// SPDX-License-Identifier: GPL-2.0
/*
 * Pages in layers: what children have for themselves, and what a VMO has lost that they see.
 *
 * They are on no list of reclaim and in no page cache, but the kernel takes them for pages
 * of a file that nobody has: so that a shared futex in one works, each has a mapping, and
 * there an index that no other page ever had. They are dirty from the first moment, as
 * there is no other copy.
 */
#include <linux/memcontrol.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "content.h"

/* Two pages with one index would be one futex. */
static atomic_long_t zxp_own_serial;

/* Ids of children have the same source: they are never used twice either. */
unsigned long zxp_own_number(void)
{
	return atomic_long_inc_return(&zxp_own_serial);
}

/**
 * zxp_own_alloc() - a page for a child; who stores is charged for it
 * @locked: without waiting for memory
 *
 * Return: its folio, which folio_put() takes as long as nobody else knows of it; or NULL.
 */
struct folio *zxp_own_alloc(bool locked)
{
	gfp_t gfp = GFP_HIGHUSER | __GFP_ACCOUNT;
	struct mem_cgroup *memcg, *old;
	struct page *page;

	/* A kernel thread that stores for a process, as vhost has: that process pays. */
	memcg = current->flags & PF_KTHREAD && current->mm ?
		get_mem_cgroup_from_mm(current->mm) : NULL;
	if (memcg)
		old = set_active_memcg(memcg);
	page = alloc_page(locked ? ZXP_GFP_LOCKED(gfp) : gfp);
	if (memcg) {
		set_active_memcg(old);
		mem_cgroup_put(memcg);
	}
	return page ? page_folio(page) : NULL;
}

/**
 * zxp_own_begin() - it has its content, and nobody sees it yet
 * @family: in one of whose layers it is going to be
 * @id: of the child whose own it is; 0 for none
 * @folio: it; the layer gets a reference
 */
void zxp_own_begin(struct zxp_family *family, unsigned long id, struct folio *folio)
{
	__folio_mark_uptodate(folio);
	folio->mapping = family->map_inode->i_mapping;
	folio->index = zxp_own_number();
	folio->private = (void *)id;
	folio_set_dirty(folio);
	folio_get(folio);
	atomic_long_inc(&family->nr_own);
}

/**
 * zxp_own_settle() - who has found a page to map it has mapped it
 * @folio: its folio, with a reference, in a layer that stays; what is there may have changed
 *	before, so that nobody finds it any more
 * @killable: wait no longer when the caller is killed
 *
 * A fault that has found a page in its place holds its lock until it has mapped it.
 *
 * Return: 0; -EINTR the caller is killed.
 */
int zxp_own_settle(struct folio *folio, bool killable)
{
	if (!killable)
		folio_lock(folio);
	else if (folio_lock_killable(folio))
		return -EINTR;
	folio_unlock(folio);
	return killable && fatal_signal_pending(current) ? -EINTR : 0;
}

/* It is locked, in no layer any more, and mapped by nobody. Who has pinned it keeps it. */
void zxp_own_end(struct folio *folio)
{
	struct zxp_family *family = folio->mapping->host->i_private;

	atomic_long_dec(&family->nr_own);
	folio->mapping = NULL;
	folio->private = NULL;
}

/* The same, if it is not locked; and the reference that the layer had goes. */
void zxp_own_drop(struct folio *folio)
{
	folio_lock(folio);
	zxp_own_end(folio);
	folio_unlock(folio);
	folio_put(folio);
}
