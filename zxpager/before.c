// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Before-images
 *
 * Who has a snapshot of a VMO does not see what becomes of that later. So what a page is at
 * the moment of a snapshot is copied before it changes: into the layer that was opened at the
 * newest of these moments, see layer.c, whatever it is that changes the page. Whoever does so
 * holds the lock of its folio, or content_lock, and looks there whether there is such a copy::
 *
 *	a writer				a snapshot
 *	--------				----------
 *	lock the folio				open a layer
 *	is there a copy?			lock each folio, and unlock it
 *	store, or have it mapped for that	take all pages out of the page tables
 *	unlock the folio
 *
 * So what was stored before the layer was open, or by a mapping that was there, is in the
 * snapshot. If there is no copy the writer gives the lock up and makes one, with content_lock,
 * which is held while a snapshot is made. So who would have to wait for a copy waits for the
 * end of that, and of two stores of one thread no snapshot has the second one alone.
 *
 * The copy is seen by the children, and the page itself is not mapped by them any more, before
 * the folio is unlocked. A fault of theirs that has found it before has the lock until it is
 * mapped.
 *
 * Who made the snapshot pays for the copies. If there is no memory the writer goes on, and
 * what the snapshots have not got by then they never get: they are broken.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/memcontrol.h>
#include <linux/sched/mm.h>

#include "content.h"

/* As for a supply: without memory there is an error, and the OOM killer stays away. */
#define ZXP_GFP_BEFORE	(GFP_HIGHUSER | __GFP_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

static void zxp_payer_get(struct mem_cgroup *payer)
{
#ifdef CONFIG_MEMCG
	if (payer)
		css_get(&payer->css);
#endif
}

/* Who pays; with a reference. False: there is nothing to be paid for. */
static bool zxp_vmo_get_payer(struct zxp_family *family, struct mem_cgroup **payer)
{
	struct zxp_layer *layer;

	read_lock(&family->lock);
	layer = family->open;
	*payer = layer ? layer->payer : NULL;
	/* The layer has a reference. */
	zxp_payer_get(*payer);
	read_unlock(&family->lock);
	return layer;
}

static int zxp_vmo_settle_folio(struct zxp_vmo *vmo, struct folio *folio, void *arg)
{
	return 0;
}

/**
 * zxp_vmo_settle_locked() - nothing that was seen is to be mapped any more
 * @vmo: the VMO
 *
 * Also by faults that have begun, which have looked before the caller has changed what
 * there is to be seen, or who may store to it. Private copies stay.
 */
void zxp_vmo_settle_locked(struct zxp_vmo *vmo)
{
	lockdep_assert_held(&vmo->content_lock);

	zxp_vmo_for_folios(vmo, 0, ULONG_MAX, XA_PRESENT, zxp_vmo_settle_folio, NULL);
	zxp_vmo_settle_zeroes(vmo);
	unmap_mapping_range(vmo->inode.i_mapping, 0, 0, 0);
}

/*
 * A before-image cannot be had. What was kept stays, and no more will be. Until nobody has
 * mapped what was not kept, who would change that waits as for a copy.
 */
static void zxp_vmo_break_snapshots_locked(struct zxp_vmo *vmo)
{
	struct zxp_family *family = vmo->family;
	struct zxp_layer *layer;

	lockdep_assert_held(&vmo->content_lock);

	mutex_lock(&family->tree_lock);
	layer = family->open;
	if (!layer)
		goto unlock;
	write_lock(&family->lock);
	layer->lost = true;
	write_unlock(&family->lock);
	zxp_vmo_settle_locked(vmo);
	write_lock(&family->lock);
	layer->open = false;
	WRITE_ONCE(family->open, NULL);
	write_unlock(&family->lock);
	pr_warn_ratelimited("the snapshots of the VMO with inode %lu are broken: a page that was about to change could not be copied\n",
			    (unsigned long)vmo->inode.i_ino);
unlock:
	mutex_unlock(&family->tree_lock);
}

/* Into the open layer. Return: 0, also if there is nothing to be done; -ENOMEM; -EIO. */
static int zxp_vmo_copy_before(struct zxp_vmo *vmo, struct zxp_layer *layer,
			       pgoff_t index, struct folio *new)
{
	struct zxp_family *family = vmo->family;
	struct folio *folio;
	int ret = 0;

	if (xa_reserve(&layer->pages, index, ZXP_GFP_LOCKED(GFP_KERNEL)))
		return -ENOMEM;
	folio = zxp_vmo_lock_folio(vmo, index);
	if (folio && zxp_family_misses(family, index)) {
		if (zxp_folio_poisoned(folio, index)) {
			ret = -EIO;
		} else {
			copy_highpage(folio_page(new, 0), folio_file_page(folio, index));
			write_lock(&family->lock);
			zxp_own_begin(family, 0, new);
			zxp_layer_set(layer, index, new);
			write_unlock(&family->lock);
			if (folio_mapped(folio))
				unmap_mapping_pages(vmo->inode.i_mapping, index, 1,
						    false);
		}
	}
	if (folio) {
		folio_unlock(folio);
		folio_put(folio);
	}
	xa_release(&layer->pages, index);
	return ret;
}

static int zxp_vmo_keep_locked(struct zxp_vmo *vmo, pgoff_t index, struct folio *new)
{
	struct zxp_family *family = vmo->family;
	struct mem_cgroup *old;
	int ret = 0;

	lockdep_assert_held(&vmo->content_lock);

	/* With this the layer stays. */
	if (mutex_lock_killable(&family->tree_lock))
		return -EINTR;
	if (zxp_family_misses(family, index)) {
		old = set_active_memcg(family->open->payer);
		ret = new ? zxp_vmo_copy_before(vmo, family->open, index, new) : -ENOMEM;
		set_active_memcg(old);
	}
	mutex_unlock(&family->tree_lock);
	return ret;
}

/**
 * zxp_vmo_keep() - a page is going to change
 * @vmo: the VMO; zxp_vmo_must_keep() said so, and nothing of it is locked now
 * @index: the page
 *
 * Return: 0 to look again; -EINTR.
 */
int zxp_vmo_keep(struct zxp_vmo *vmo, pgoff_t index)
{
	int ret, tries = ZXP_MEMORY_TRIES;
	struct mem_cgroup *payer, *old;
	struct page *page;

	do {
		if (!zxp_vmo_get_payer(vmo->family, &payer))
			return 0;
		old = set_active_memcg(payer);
		page = alloc_page(ZXP_GFP_BEFORE);
		ret = mutex_lock_killable(&vmo->content_lock);
		if (!ret) {
			ret = zxp_vmo_keep_locked(vmo, index,
						  page ? page_folio(page) : NULL);
			if (ret == -EIO || (ret == -ENOMEM && (!page || !tries))) {
				zxp_vmo_break_snapshots_locked(vmo);
				ret = 0;
			}
			mutex_unlock(&vmo->content_lock);
		}
		/* Memory for what leads to the page is waited for here. */
		if (ret == -ENOMEM)
			zxp_vmo_reserve_supply(vmo, 0);
		set_active_memcg(old);
		if (page)
			put_page(page);
		mem_cgroup_put(payer);
	} while (ret == -ENOMEM && tries--);
	return ret;
}

static int zxp_vmo_note_unkept(struct zxp_vmo *vmo, struct folio *folio, void *found)
{
	if (!zxp_vmo_must_keep(vmo, folio->index))
		return 0;
	*(pgoff_t *)found = folio->index;
	return 1;
}

/* The first page of a range that is not to be changed before it is kept, or @end. */
pgoff_t zxp_vmo_find_unkept(struct zxp_vmo *vmo, pgoff_t start, pgoff_t end)
{
	pgoff_t found = end;

	if (zxp_vmo_has_snapshots(vmo))
		zxp_vmo_for_folios(vmo, start, end, XA_PRESENT, zxp_vmo_note_unkept,
				   &found);
	return found;
}

/**
 * zxp_vmo_keep_range() - pages are going to go
 * @vmo: the VMO; nothing of it is locked
 * @start: first page
 * @end: the page after the last one
 *
 * Return: 0; the caller looks with content_lock that there is nothing new; -EINTR.
 */
int zxp_vmo_keep_range(struct zxp_vmo *vmo, pgoff_t start, pgoff_t end)
{
	int ret = 0;

	while (!ret && (start = zxp_vmo_find_unkept(vmo, start, end)) < end) {
		ret = zxp_vmo_keep(vmo, start);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
	}
	return ret;
}
