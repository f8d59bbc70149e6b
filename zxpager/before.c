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
 *
 * Of a VMO with a pager a page may be missing at the moment of the snapshot, or go later. It
 * need not be brought in then. As long as there is no copy of a page, what the VMO has there is
 * what it was, by this rule: *who would change what is read at a place keeps it first*, be
 * that a page, zeroes, or what the daemon has. So whoever looks there, sees no copy, and
 * afterwards still sees none, has what the snapshot is to have. In particular
 *
 * - a page that becomes dirty, or clean, has the same content as before. Permission to write
 *   to it may be older than the snapshot. The store comes to ->page_mkwrite all the same,
 *   since the page left all page tables at that moment, and there is no copy yet;
 * - a clean page without a copy has not changed since the snapshot. The daemon stores nothing
 *   but what it has read of the VMO. So what it gives when the page has gone is that content;
 * - zeroes without a page may become dirty, be written back and be missing then: the daemon
 *   has zeroes there. Where a page takes their place they are marked in the layer, or copied
 *   from that page before it changes;
 * - who writes to a missing page asks for it first, even if all of it is written;
 * - who would zero or cut off what is missing has it brought in and kept first, see rescue.c,
 *   and looks once more with content_lock whether all is kept that is going to be destroyed.
 *   Nothing comes in meanwhile, as that takes content_lock, and no other snapshot does. Pages
 *   may still go. What is looked for first are pages without a copy, and then places that are
 *   missing and have none: one that goes in between is found as missing;
 * - a clean page whose memory has failed is taken out, and so it is missing;
 * - what ends inside of the last page of the stream changes only with that page, dirty.
 *
 * After DETACH what is missing cannot be had by anybody. As soon as something else would be
 * read there, as after ZERO, the snapshots are broken.
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

/**
 * struct zxp_payer - who is asked to pay for a copy
 * @id: of the layer that is open
 * @first: who pays for that
 * @nr: how many have been asked in vain
 * @memcg: who is asked now, with a reference; or NULL
 */
struct zxp_payer {
	unsigned long id;
	struct mem_cgroup *first;
	unsigned int nr;
	struct mem_cgroup *memcg;
};

/* Is it this one's turn? Of neighbours that are the same one is asked. */
static bool zxp_payer_is(struct zxp_layer *layer, struct zxp_layer **last, unsigned int *nr)
{
	if (*last && (*last)->payer == layer->payer)
		return false;
	*last = layer;
	return !(*nr)--;
}

/*
 * The layer whose payer is asked after @nr others: the open one, and those above of older
 * snapshots, which may be merged into their children.
 */
static struct zxp_layer *zxp_payer_layer(struct zxp_layer *open, unsigned int nr)
{
	struct zxp_layer *layer = open, *last = NULL, *above, *next;

	for (; layer; layer = next) {
		if (zxp_payer_is(layer, &last, &nr))
			return layer;
		next = NULL;
		list_for_each_entry(above, &layer->above, link) {
			if (above->before)
				next = above;
			else if (above->payer && zxp_payer_is(above, &last, &nr))
				return above;
		}
	}
	return NULL;
}

/*
 * Who made the newest snapshot pays. But who made an older one has it for as long as anybody
 * can pay: so these come next, and nobody can have the snapshots of others broken.
 *
 * Return: 0; -ENOENT there is nothing to be paid for; -ENOMEM all have been asked.
 */
static int zxp_payer_next(struct zxp_family *family, struct zxp_payer *payer)
{
	struct zxp_layer *layer;
	int ret = -ENOENT;

	payer->memcg = NULL;
	read_lock(&family->lock);
	layer = family->open;
	if (layer) {
		if (layer->id != payer->id || layer->payer != payer->first)
			*payer = (struct zxp_payer){ .id = layer->id, .first = layer->payer };
		layer = zxp_payer_layer(layer, payer->nr);
		ret = layer ? 0 : -ENOMEM;
	}
	if (layer) {
		/* The layer has a reference. */
		payer->memcg = layer->payer;
		zxp_payer_get(payer->memcg);
	}
	read_unlock(&family->lock);
	return ret;
}

/* Who could pay is asked first from now on. */
static void zxp_payer_paid(struct zxp_family *family, const struct zxp_payer *payer)
{
	struct zxp_layer *open, *other;

	write_lock(&family->lock);
	open = family->open;
	if (open && open->id == payer->id && open->payer == payer->first) {
		other = zxp_payer_layer(open, payer->nr);
		if (other && other->payer == payer->memcg)
			swap(open->payer, other->payer);
	}
	write_unlock(&family->lock);
}

static int zxp_vmo_settle_folio(struct zxp_vmo *vmo, struct folio *folio, void *killable)
{
	return killable && fatal_signal_pending(current) ? -EINTR : 0;
}

/**
 * zxp_vmo_settle_locked() - nothing that was seen is to be mapped any more
 * @vmo: the VMO
 * @killable: no longer, and nothing more is unmapped, when the caller is killed
 *
 * Also by faults that have begun, which have looked before the caller has changed what
 * there is to be seen, or who may store to it. Private copies stay.
 *
 * Return: 0; -EINTR.
 */
int zxp_vmo_settle_locked(struct zxp_vmo *vmo, bool killable)
{
	lockdep_assert_held(&vmo->content_lock);

	if (zxp_vmo_for_folios(vmo, 0, ULONG_MAX, XA_PRESENT, zxp_vmo_settle_folio,
			       killable ? vmo : NULL))
		return -EINTR;
	zxp_vmo_settle_zeroes(vmo);
	unmap_mapping_range(vmo->inode.i_mapping, 0, 0, 0);
	return 0;
}

/*
 * A before-image cannot be had. What was kept stays, and no more will be. Until nobody has
 * mapped what was not kept, who would change that waits as for a copy. If all payers were
 * asked, that is for the snapshots that there were then.
 */
static void zxp_vmo_break_snapshots_locked(struct zxp_vmo *vmo,
					   const struct zxp_payer *asked)
{
	struct zxp_family *family = vmo->family;
	struct zxp_layer *layer;

	lockdep_assert_held(&vmo->content_lock);
	lockdep_assert_held(&family->tree_lock);

	layer = family->open;
	if (!layer || (asked && (layer->id != asked->id || layer->payer != asked->first)))
		return;
	write_lock(&family->lock);
	layer->lost = true;
	write_unlock(&family->lock);
	zxp_vmo_settle_locked(vmo, false);
	write_lock(&family->lock);
	layer->open = false;
	WRITE_ONCE(family->open, NULL);
	write_unlock(&family->lock);
	pr_warn_ratelimited("the snapshots of the VMO with inode %lu are broken: a page that was about to change could not be copied\n",
			    (unsigned long)vmo->inode.i_ino);
}

/**
 * zxp_vmo_break_snapshots() - a before-image cannot be had
 * @vmo: a VMO with a pager; nothing of it is locked
 * @index: of this page, unless it is kept, or has come, meanwhile
 *
 * Return: 0; -EINTR.
 */
int zxp_vmo_break_snapshots(struct zxp_vmo *vmo, pgoff_t index)
{
	/* Of one that comes later the caller knows when it looks with content_lock. */
	if (!zxp_vmo_has_snapshots(vmo))
		return 0;
	if (zxp_family_lock(vmo))
		return -EINTR;
	if (zxp_vmo_must_keep(vmo, index) && !zxp_vmo_has_content(vmo, index))
		zxp_vmo_break_snapshots_locked(vmo, NULL);
	zxp_family_unlock(vmo);
	return 0;
}

/* Into the open layer. Return: 0, also if there is nothing to be done; -ENOMEM; -EIO. */
static int zxp_vmo_copy_before(struct zxp_vmo *vmo, struct zxp_layer *layer,
			       pgoff_t index, struct folio *new)
{
	struct zxp_family *family = vmo->family;
	struct folio *folio;
	int ret = 0;

	folio = zxp_vmo_lock_folio(vmo, index);
	if (folio && zxp_family_misses(family, index)) {
		if (zxp_folio_poisoned(folio, index)) {
			/* What the daemon has is missing now. */
			if (!vmo->source || !zxp_vmo_drop_poisoned(vmo, folio, index))
				ret = -EIO;
		} else {
			copy_highpage(folio_page(new, 0), folio_file_page(folio, index));
			write_lock(&family->lock);
			ret = zxp_layer_set(layer, index, new);
			if (!ret)
				zxp_own_begin(family, 0, new);
			write_unlock(&family->lock);
			if (!ret && zxp_folio_may_be_seen(folio, 1))
				unmap_mapping_pages(vmo->inode.i_mapping, index, 1,
						    false);
		}
	}
	if (folio) {
		folio_unlock(folio);
		folio_put(folio);
	}
	return ret;
}

static int zxp_vmo_keep_locked(struct zxp_vmo *vmo, pgoff_t index, struct folio *new)
{
	struct zxp_family *family = vmo->family;

	lockdep_assert_held(&vmo->content_lock);
	/* With this the layer stays. */
	lockdep_assert_held(&family->tree_lock);

	if (!zxp_family_misses(family, index))
		return 0;
	return new ? zxp_vmo_copy_before(vmo, family->open, index, new) : -ENOMEM;
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
	int ret, nobody, tries = ZXP_MEMORY_TRIES;
	struct zxp_payer payer = {};
	struct mem_cgroup *old;
	struct page *page;

	do {
		nobody = zxp_payer_next(vmo->family, &payer);
		if (nobody == -ENOENT)
			return 0;
		old = set_active_memcg(payer.memcg);
		page = nobody ? NULL : alloc_page(ZXP_GFP_BEFORE);
		ret = zxp_family_lock(vmo);
		if (!ret) {
			ret = zxp_vmo_keep_locked(vmo, index,
						  page ? page_folio(page) : NULL);
			/* Who is killed does not change the page, and got less memory. */
			if (ret == -ENOMEM && fatal_signal_pending(current) &&
			    !(current->flags & PF_EXITING))
				ret = -EINTR;
			if (ret == -EIO || (ret == -ENOMEM && nobody)) {
				zxp_vmo_break_snapshots_locked(vmo, ret == -EIO ?
							       NULL : &payer);
				ret = 0;
			}
			zxp_family_unlock(vmo);
		}
		if (!ret && !nobody && payer.nr)
			zxp_payer_paid(vmo->family, &payer);
		if (ret == -ENOMEM && (!page || !tries--)) {
			payer.nr++;
			tries = ZXP_MEMORY_TRIES;
		} else if (ret == -ENOMEM) {
			/* Memory for what leads to the page is waited for here. */
			zxp_vmo_reserve_supply(vmo, 0);
		}
		set_active_memcg(old);
		if (page)
			put_page(page);
		mem_cgroup_put(payer.memcg);
	} while (ret == -ENOMEM);
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

/**
 * zxp_vmo_find_unkept_missing() - what is to be brought in before it is destroyed
 * @vmo: a VMO with a pager
 * @index: first page to look at
 * @end: the page after the last one; afterwards, after a run that begins at the result
 *
 * Return: the first page that is missing and of which there is no copy, or @end; who was
 * killed may get any page.
 */
pgoff_t zxp_vmo_find_unkept_missing(struct zxp_vmo *vmo, pgoff_t index, pgoff_t *end)
{
	pgoff_t last = *end, run;

	while (index < last && zxp_vmo_has_snapshots(vmo)) {
		run = last;
		index = zxp_family_find_missed(vmo->family, index, &run);
		index = zxp_vmo_find_missing(vmo, index, run);
		if (index < run) {
			run = min(run, index + ZXP_MAX_WRITE_BATCH);
			*end = zxp_vmo_missing_end(vmo, index, run);
			return index;
		}
	}
	return last;
}

/* May a range be destroyed? That stays so until content_lock is given up. */
bool zxp_vmo_is_kept_locked(struct zxp_vmo *vmo, pgoff_t start, pgoff_t end)
{
	pgoff_t run;

	lockdep_assert_held(&vmo->content_lock);

	/* In this order: see above. */
	if (zxp_vmo_find_unkept(vmo, start, end) < end)
		return false;
	if (!vmo->source)
		return true;
	end = min(end, vmo->nr_pages);
	run = end;
	return start >= end || zxp_vmo_find_unkept_missing(vmo, start, &run) == end;
}
