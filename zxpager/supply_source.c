// SPDX-License-Identifier: GPL-2.0
/*
 * Where a supply has its content from: the daemon's memory, a plain VMO, or a copy.
 *
 * What is taken out of one of these has left it, so it must get in. What comes from memory
 * is copied with no lock held, because reading that may fault and so wait for another
 * daemon, or for this one; in the latter case it can still be killed.
 */
#include <linux/cpuset.h>
#include <linux/highmem.h>
#include <linux/mempolicy.h>

#include "supply_source.h"

/* Is it of no matter on which node pages are? */
static bool zxp_supply_any_node(void)
{
#ifdef CONFIG_NUMA
	return !current->mempolicy && !cpuset_do_page_mem_spread();
#else
	return true;
#endif
}

/*
 * To allocate several at once costs half of what it costs one by one. They are where
 * the folios are to be, each of which is its first page; some may be missing.
 */
static void zxp_supply_reserve(struct zxp_supply *s, struct zxp_batch *batch)
{
	memset(batch->folio, 0, sizeof(batch->folio));
	if (zxp_supply_any_node())
		alloc_pages_bulk(zxp_vmo_supply_gfp(s->vmo), batch->nr,
				 (struct page **)batch->folio);
}

/* The reserved one, if there is one. */
static struct folio *zxp_supply_alloc(struct zxp_supply *s, struct folio *reserved)
{
	return reserved ?: zxp_filemap_alloc_folio(zxp_vmo_supply_gfp(s->vmo), 0);
}

static struct folio *zxp_supply_from_user(struct zxp_supply *s,
					  struct folio *reserved, u64 address)
{
	struct folio *folio = zxp_supply_alloc(s, reserved);
	void *kaddr;
	bool copied;

	if (!folio)
		return ERR_PTR(-ENOMEM);

	kaddr = kmap_local_folio(folio, 0);
	copied = zxp_supply_copy(s, kaddr, address, PAGE_SIZE);
	kunmap_local(kaddr);
	flush_dcache_folio(folio);
	if (!copied) {
		folio_put(folio);
		return ERR_PTR(-EFAULT);
	}
	return folio;
}

/* Pages leave a plain VMO. */
static void zxp_supply_drop_aux_locked(struct zxp_vmo *aux, u64 offset, u64 length)
{
	struct address_space *mapping = aux->inode.i_mapping;

	lockdep_assert_held(&aux->content_lock);

	unmap_mapping_range(mapping, offset, length, 0);
	truncate_inode_pages_range(mapping, offset, offset + length - 1);
}

/* Pages may leave a plain VMO: 0, and it is locked; snapshots of it have them. Or -EINTR. */
static int zxp_supply_lock_aux(struct zxp_vmo *aux, pgoff_t start, pgoff_t end)
{
	int ret;

	for (;;) {
		ret = zxp_vmo_keep_range(aux, start, end);
		if (!ret)
			ret = mutex_lock_killable(&aux->content_lock);
		if (ret || zxp_vmo_find_unkept(aux, start, end) == end)
			return ret;
		mutex_unlock(&aux->content_lock);
	}
}

/* They do so also when nobody wants them. */
void zxp_supply_drop_aux(struct zxp_vmo *aux, u64 offset, u64 length)
{
	if (!length || zxp_supply_lock_aux(aux, offset >> PAGE_SHIFT,
					   (offset + length) >> PAGE_SHIFT))
		return;
	zxp_supply_drop_aux_locked(aux, offset, length);
	mutex_unlock(&aux->content_lock);
}

/*
 * They leave it before their content is copied, so that no store through a mapping can
 * come between. It is copied because a folio cannot change its mapping with what is
 * exported to modules. A page whose memory has failed stays, so that all know that it is
 * lost. Return: how many pages there are before such.
 */
static unsigned int zxp_supply_take_aux_locked(struct zxp_vmo *aux, pgoff_t index,
					       struct folio **folios, unsigned int nr)
{
	unsigned int i;

	lockdep_assert_held(&aux->content_lock);

	for (i = 0; i < nr; i++) {
		folios[i] = zxp_vmo_get_folio(aux, index + i);
		if (folios[i] && folio_test_hwpoison(folios[i])) {
			folio_put(folios[i]);
			break;
		}
	}
	if (i)
		zxp_supply_drop_aux_locked(aux, (u64)index << PAGE_SHIFT,
					   (u64)i << PAGE_SHIFT);
	return i;
}

/* As many of *@nr as can be had. Return: 0; -EIO if those are fewer; -EINTR if none is. */
static int zxp_supply_take_aux(struct zxp_vmo *aux, pgoff_t index,
			       struct folio **folios, unsigned int *nr)
{
	int ret = zxp_supply_lock_aux(aux, index, index + *nr);
	unsigned int taken;

	if (ret) {
		*nr = 0;
		return ret;
	}
	taken = zxp_supply_take_aux_locked(aux, index, folios, *nr);
	mutex_unlock(&aux->content_lock);
	ret = taken < *nr ? -EIO : 0;
	*nr = taken;
	return ret;
}

/* What a folio was allocated for gets its content; that is none where there is zero. */
static void zxp_supply_from_aux(struct folio **folio, struct folio *src)
{
	if (src && !IS_ERR(*folio)) {
		copy_highpage(folio_page(*folio, 0), folio_page(src, 0));
	} else if (!IS_ERR(*folio)) {
		folio_put(*folio);
		*folio = NULL;
	}
	if (src)
		folio_put(src);
}

/*
 * Folios for all pages that are missing, reserved ones if there are such. Return: for how
 * many pages in a row that is so.
 */
static unsigned int zxp_supply_alloc_missing(struct zxp_supply *s, struct zxp_batch *batch,
					     bool reserved)
{
	struct folio *folio;
	unsigned int i;

	for (i = 0; i < batch->nr; i++) {
		folio = reserved ? batch->folio[i] : NULL;
		if (!reserved && zxp_vmo_has_page(s->vmo, batch->index + i))
			folio = ERR_PTR(-EEXIST);
		else
			folio = zxp_supply_alloc(s, folio);
		if (!folio)
			break;
		batch->folio[i] = folio;
	}
	return i;
}

static void zxp_supply_put_unused(struct zxp_batch *batch, unsigned int from, unsigned int end)
{
	for (; from < end; from++)
		if (!IS_ERR_OR_NULL(batch->folio[from]))
			folio_put(batch->folio[from]);
}

/* Out of a plain VMO. There are folios for whatever leaves it before it does. */
static int zxp_supply_prepare_aux(struct zxp_supply *s, struct zxp_batch *batch, u64 source,
				  bool reserved)
{
	struct folio *taken[ZXP_SUPPLY_BATCH];
	unsigned int wanted = batch->nr, can, nr, i;
	int ret = -ENOMEM;

	if (!reserved)
		memset(batch->folio, 0, sizeof(batch->folio));
	can = zxp_supply_alloc_missing(s, batch, reserved);
	nr = can;
	if (can) {
		ret = zxp_supply_take_aux(s->aux, source >> PAGE_SHIFT, taken, &nr);
		if (!ret && can < wanted)
			ret = -ENOMEM;
	}
	for (i = 0; i < nr; i++)
		zxp_supply_from_aux(&batch->folio[i], taken[i]);
	zxp_supply_put_unused(batch, nr, wanted);
	batch->nr = nr;
	return ret;
}

/*
 * Prepare pages; with ERR_PTR(-EEXIST) where there is no need for one. Return: 0, or an
 * error, and there are fewer in the batch.
 */
int zxp_supply_prepare(struct zxp_supply *s, struct zxp_batch *batch, u64 source)
{
	unsigned int wanted = batch->nr, i;
	struct folio *folio;
	bool reserved;
	int ret = 0;

	reserved = wanted > 1 &&
		   !zxp_vmo_has_any_page(s->vmo, batch->index, wanted);
	if (reserved)
		zxp_supply_reserve(s, batch);
	if (s->aux)
		return zxp_supply_prepare_aux(s, batch, source, reserved);
	for (i = 0; i < wanted; i++, source += PAGE_SIZE) {
		folio = reserved ? batch->folio[i] : NULL;
		if (!reserved && zxp_vmo_has_page(s->vmo, batch->index + i))
			folio = ERR_PTR(-EEXIST);
		else
			folio = zxp_supply_from_user(s, folio, source);
		ret = PTR_ERR_OR_ZERO(folio);
		if (ret && ret != -EEXIST)
			break;
		ret = 0;
		batch->folio[i] = folio;
	}
	batch->nr = i;
	if (reserved && i < wanted)
		zxp_supply_put_unused(batch, i + 1, wanted);
	return ret;
}

/* Pages leave a copy, also where there is no need for one. Return: as above. */
int zxp_supply_prepare_child(struct zxp_supply *s, struct zxp_batch *batch, u64 source)
{
	pgoff_t index = s->child->offset + (source >> PAGE_SHIFT);
	unsigned int wanted = batch->nr, i;
	int ret = -ENOMEM;

	/* Its root's daemon may be asked, and wait for a page that is there. */
	zxp_runs_resolve(&s->runs);
	zxp_supply_reserve(s, batch);
	for (i = 0; i < wanted; i++) {
		batch->folio[i] = zxp_supply_alloc(s, batch->folio[i]);
		if (!batch->folio[i])
			break;
	}
	if (i)
		ret = zxp_child_take(s->child, index, batch->folio, i);
	s->kept = ret < 0;
	batch->nr = max(ret, 0);
	for (i = batch->nr; i < wanted; i++)
		if (batch->folio[i])
			folio_put(batch->folio[i]);
	/* What was taken cannot be taken once more, as by a call that begins anew. */
	if (ret == -ERESTARTNOINTR)
		ret = -EINTR;
	return min(ret, 0);
}

/* Fill a large folio. */
bool zxp_supply_copy_user(struct zxp_supply *s, struct folio *folio, u64 source)
{
	size_t step = PAGE_SIZE << ZXP_SUPPLY_ORDER, done;

	for (done = 0; done < folio_size(folio); done += step) {
		/* There are no large folios where memory has to be mapped. */
		if (!zxp_supply_copy(s, folio_address(folio) + done,
				     source + done, step))
			return false;
		cond_resched();
	}
	flush_dcache_folio(folio);
	return true;
}

/*
 * Return: 0; -ENOMEM memory has failed since it was looked at, and what was taken is lost, too,
 * as it is without memory.
 */
static int zxp_supply_copy_aux_locked(struct folio *folio, struct zxp_vmo *aux,
				      pgoff_t index)
{
	unsigned long nr = folio_nr_pages(folio), page;
	struct folio *taken[ZXP_SUPPLY_BATCH];
	unsigned int i, can = 0;

	for (page = 0; page < nr; page++) {
		i = page % ZXP_SUPPLY_BATCH;
		if (!i)
			can = zxp_supply_take_aux_locked(aux, index + page, taken,
							 ZXP_SUPPLY_BATCH);
		if (i == can)
			return -ENOMEM;
		if (taken[i]) {
			copy_highpage(folio_page(folio, page), &taken[i]->page);
			folio_put(taken[i]);
		} else {
			clear_highpage(folio_page(folio, page));
		}
		cond_resched();
	}
	return 0;
}

/*
 * Not if it has to be kept there, for which memory is needed, nor if it cannot all be had.
 * Return: 0, -EAGAIN, -ENOMEM, -EINTR.
 */
int zxp_supply_fill_from_aux(struct folio *folio, struct zxp_vmo *aux, pgoff_t index)
{
	int ret = -EAGAIN;

	if (mutex_lock_killable(&aux->content_lock))
		return -EINTR;
	if (!zxp_vmo_has_snapshots(aux) &&
	    zxp_vmo_all_present(aux, index, folio_nr_pages(folio)))
		ret = zxp_supply_copy_aux_locked(folio, aux, index);
	mutex_unlock(&aux->content_lock);
	return ret;
}
