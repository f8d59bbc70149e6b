// SPDX-License-Identifier: GPL-2.0
/*
 * SUPPLY_PAGES: content for missing pages, from the daemon's memory or out of a
 * plain VMO.
 *
 * Pages are prepared in batches with no lock held, because reading the daemon's
 * memory may fault and so wait for another daemon, or for this one; in the latter
 * case it can still be killed.
 */
#include <linux/file.h>
#include <linux/highmem.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "zxpager_private.h"

/* A large folio with content from the daemon's memory, or NULL. */
static struct folio *zxp_supply_prepare_large(struct zxp_vmo *vmo,
					      unsigned int order, u64 address)
{
	gfp_t gfp = mapping_gfp_mask(vmo->inode.i_mapping) | __GFP_NORETRY |
		    __GFP_NOWARN;
	struct folio *folio = filemap_alloc_folio(gfp, order);
	size_t step = PAGE_SIZE << ZXP_SUPPLY_ORDER, done;

	if (!folio)
		return NULL;
	for (done = 0; done < folio_size(folio); done += step) {
		/* There are no large folios where memory has to be mapped. */
		if (copy_from_user(folio_address(folio) + done,
				   u64_to_user_ptr(address + done), step)) {
			folio_put(folio);
			return NULL;
		}
		cond_resched();
	}
	flush_dcache_folio(folio);
	return folio;
}

/* Try one large folio. False: it has to be single pages, and they find out why. */
static bool zxp_supply_large(struct zxp_vmo *vmo, struct zxp_supply_pages *args)
{
	u64 left = (args->length - args->out_done) >> PAGE_SHIFT;
	pgoff_t index = (args->offset + args->out_done) >> PAGE_SHIFT;
	unsigned int order;
	struct folio *folio;
	int ret;

	order = min_t(unsigned int, __ffs(index | BIT(ZXP_LARGE_ORDER)),
		      ilog2(left));
	if (order < ZXP_SUPPLY_ORDER ||
	    !zxp_vmo_may_be_large(vmo, index, BIT(order)))
		return false;
	folio = zxp_supply_prepare_large(vmo, order,
					 args->source + args->out_done);
	if (!folio)
		return false;
	ret = zxp_vmo_insert_large(vmo, folio, index);
	folio_put(folio);
	if (ret)
		return false;
	args->out_done += PAGE_SIZE << order;
	args->out_filled += PAGE_SIZE << order;
	return true;
}

/*
 * Prepare the page at @index. Return: a folio that no one else knows, NULL for a
 * page of zeroes, ERR_PTR(-EEXIST) if there is no need for one, or an error.
 */
static struct folio *zxp_supply_from_user(struct zxp_vmo *vmo, pgoff_t index,
					  u64 address)
{
	struct folio *folio;
	void *kaddr;
	bool failed;

	if (zxp_vmo_has_page(vmo, index))
		return ERR_PTR(-EEXIST);
	folio = filemap_alloc_folio(zxp_vmo_supply_gfp(vmo), 0);
	if (!folio)
		return ERR_PTR(-ENOMEM);

	kaddr = kmap_local_folio(folio, 0);
	failed = copy_from_user(kaddr, u64_to_user_ptr(address), PAGE_SIZE);
	kunmap_local(kaddr);
	flush_dcache_folio(folio);
	if (failed) {
		folio_put(folio);
		return ERR_PTR(-EFAULT);
	}
	return folio;
}

/*
 * The same out of a plain VMO. The page leaves it first, so that no store through
 * a mapping can come between; then its content is copied, because a folio cannot
 * change its mapping with what is exported to modules.
 */
static struct folio *zxp_supply_from_aux(struct zxp_vmo *vmo, pgoff_t index,
					 struct zxp_vmo *aux, pgoff_t aux_index)
{
	struct folio *src, *folio = ERR_PTR(-EEXIST);

	if (!zxp_vmo_has_page(vmo, index)) {
		folio = filemap_alloc_folio(zxp_vmo_supply_gfp(vmo), 0);
		if (!folio)
			return ERR_PTR(-ENOMEM);
	}

	src = zxp_vmo_lock_folio(aux, aux_index);
	if (!src) {
		if (!IS_ERR(folio))
			folio_put(folio);
		return IS_ERR(folio) ? folio : NULL;
	}
	generic_error_remove_folio(aux->inode.i_mapping, src);
	folio_unlock(src);
	if (!IS_ERR(folio))
		copy_highpage(&folio->page, &src->page);
	folio_put(src);
	return folio;
}

/* What is left in the plain VMO leaves it also when nobody wants it. */
static void zxp_supply_drop_aux(struct zxp_vmo *aux, u64 offset, u64 length)
{
	struct address_space *mapping = aux->inode.i_mapping;

	if (!length)
		return;
	unmap_mapping_range(mapping, offset, length, 0);
	truncate_inode_pages_range(mapping, offset, offset + length - 1);
}

/* One batch. How far it came is in @args, also after an error. */
static int zxp_supply_batch(struct zxp_vmo *vmo, struct zxp_vmo *aux,
			    struct zxp_supply_pages *args)
{
	struct folio *folios[ZXP_SUPPLY_BATCH];
	u64 offset = args->offset + args->out_done;
	u64 source = args->source + args->out_done;
	pgoff_t index = offset >> PAGE_SHIFT;
	unsigned int nr, i, done, filled;
	int ret = 0, err;

	/* A batch ends where a large folio may begin. */
	nr = min_t(u64, (args->length - args->out_done) >> PAGE_SHIFT,
		   ZXP_SUPPLY_BATCH - index % ZXP_SUPPLY_BATCH);
	for (i = 0; i < nr; i++, source += PAGE_SIZE) {
		folios[i] = aux ? zxp_supply_from_aux(vmo, index + i, aux,
						      source >> PAGE_SHIFT) :
				  zxp_supply_from_user(vmo, index + i, source);
		ret = PTR_ERR_OR_ZERO(folios[i]);
		if (ret && ret != -EEXIST)
			break;
		ret = 0;
	}
	nr = i;

	/* What was prepared is put in even if the next page could not be. */
	err = zxp_vmo_insert(vmo, index, folios, nr, &done, &filled);
	args->out_done += (u64)done << PAGE_SHIFT;
	args->out_filled += (u64)filled << PAGE_SHIFT;
	for (i = 0; i < nr; i++)
		if (!IS_ERR_OR_NULL(folios[i]))
			folio_put(folios[i]);
	return err ?: ret;
}

static int zxp_supply(struct zxp_vmo *vmo, struct zxp_vmo *aux,
		      struct zxp_supply_pages *args)
{
	int ret = 0;

	if (!zxp_vmo_in_bounds(vmo, args->offset, args->length))
		return -ERANGE;
	if (zxp_vmo_detached(vmo))
		return -ESTALE;

	while (!ret && args->out_done < args->length) {
		if (aux || !zxp_supply_large(vmo, args))
			ret = zxp_supply_batch(vmo, aux, args);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	}
	return ret;
}

static int zxp_supply_aux(struct zxp_vmo *vmo, struct zxp_supply_pages *args)
{
	struct zxp_vmo *aux;
	struct file *file;
	int ret;

	file = zxp_vmo_get_file(args->aux_fd, FMODE_READ | FMODE_WRITE, &aux);
	if (IS_ERR(file))
		return PTR_ERR(file);

	if (aux->source)
		ret = -EOPNOTSUPP;
	else if (!zxp_vmo_in_bounds(aux, args->source, args->length))
		ret = -ERANGE;
	else
		ret = zxp_vmo_check_pins(aux, args->source >> PAGE_SHIFT,
					 (args->source + args->length) >>
					 PAGE_SHIFT);
	if (!ret) {
		ret = zxp_supply(vmo, aux, args);
		zxp_supply_drop_aux(aux, args->source + args->out_done,
				    args->length - args->out_done);
	}
	fput(file);
	return ret;
}

int zxp_pager_supply_pages(struct zxp_pager *pager,
			   struct zxp_supply_pages *args)
{
	bool from_aux = args->flags & ZXP_SUPPLY_AUX;
	struct zxp_vmo *vmo;
	struct file *file;
	int ret;

	args->out_done = 0;
	args->out_filled = 0;
	if (args->flags & ~ZXP_SUPPLY_AUX ||
	    !PAGE_ALIGNED(args->offset) || !PAGE_ALIGNED(args->length) ||
	    (from_aux ? !PAGE_ALIGNED(args->source) : args->aux_fd != -1))
		return -EINVAL;

	file = zxp_pager_vmo_file(pager, args->vmo_fd, FMODE_WRITE, &vmo);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = from_aux ? zxp_supply_aux(vmo, args) : zxp_supply(vmo, NULL, args);
	fput(file);
	return ret;
}
