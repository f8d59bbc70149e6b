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

static struct folio *zxp_supply_from_user(struct zxp_vmo *vmo, u64 address)
{
	struct folio *folio;
	void *kaddr;
	bool failed;

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

/* Pages leave a plain VMO, also when nobody wants them. */
static void zxp_supply_drop_aux(struct zxp_vmo *aux, u64 offset, u64 length)
{
	struct address_space *mapping = aux->inode.i_mapping;

	if (!length)
		return;
	unmap_mapping_range(mapping, offset, length, 0);
	truncate_inode_pages_range(mapping, offset, offset + length - 1);
}

/*
 * They leave it before their content is copied, so that no store through a mapping can
 * come between. It is copied because a folio cannot change its mapping with what is
 * exported to modules.
 */
static void zxp_supply_take_aux(struct zxp_vmo *aux, pgoff_t index,
				struct folio **folios, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		folios[i] = zxp_vmo_get_folio(aux, index + i);
	zxp_supply_drop_aux(aux, (u64)index << PAGE_SHIFT, (u64)nr << PAGE_SHIFT);
}

static struct folio *zxp_supply_from_aux(struct zxp_vmo *vmo, struct folio *src)
{
	struct folio *folio;

	if (!src)
		return NULL;
	folio = filemap_alloc_folio(zxp_vmo_supply_gfp(vmo), 0);
	if (!folio)
		return ERR_PTR(-ENOMEM);
	copy_highpage(&folio->page, &src->page);
	return folio;
}

/*
 * Prepare pages from @index on. Each is a folio that no one else knows, NULL for a page
 * of zeroes, or ERR_PTR(-EEXIST) if there is no need for one. Return: 0, or an error
 * and @nr is how many there are.
 */
static int zxp_supply_prepare(struct zxp_vmo *vmo, pgoff_t index,
			      struct zxp_vmo *aux, u64 source,
			      struct folio **folios, unsigned int *nr)
{
	struct folio *taken[ZXP_SUPPLY_BATCH];
	unsigned int wanted = *nr, i;
	int ret = 0;

	if (aux)
		zxp_supply_take_aux(aux, source >> PAGE_SHIFT, taken, wanted);
	for (i = 0; !ret && i < wanted; i++, source += PAGE_SIZE) {
		folios[i] = zxp_vmo_has_page(vmo, index + i) ? ERR_PTR(-EEXIST) :
			    aux ? zxp_supply_from_aux(vmo, taken[i]) :
				  zxp_supply_from_user(vmo, source);
		ret = PTR_ERR_OR_ZERO(folios[i]);
		if (ret == -EEXIST)
			ret = 0;
	}
	*nr = ret ? i - 1 : i;
	for (i = 0; aux && i < wanted; i++)
		if (taken[i])
			folio_put(taken[i]);
	return ret;
}

/* One batch. How far it came is in @args, also after an error. */
static int zxp_supply_batch(struct zxp_vmo *vmo, struct zxp_vmo *aux,
			    struct zxp_supply_pages *args)
{
	struct folio *folios[ZXP_SUPPLY_BATCH];
	pgoff_t index = (args->offset + args->out_done) >> PAGE_SHIFT;
	unsigned int nr, i, done, filled;
	int ret, err;

	/* It ends where a large folio may begin. */
	nr = min_t(u64, (args->length - args->out_done) >> PAGE_SHIFT,
		   ZXP_SUPPLY_BATCH - index % ZXP_SUPPLY_BATCH);
	ret = zxp_supply_prepare(vmo, index, aux, args->source + args->out_done,
				 folios, &nr);

	/* What was prepared is put in even if the next page could not be. */
	err = zxp_vmo_insert(vmo, index, folios, nr, &done, &filled);
	args->out_done += (u64)done << PAGE_SHIFT;
	args->out_filled += (u64)filled << PAGE_SHIFT;
	for (i = 0; i < nr; i++)
		if (!IS_ERR_OR_NULL(folios[i]))
			folio_put(folios[i]);
	return err ?: ret;
}

/* Fill a large folio. */
static bool zxp_supply_copy_user(struct folio *folio, u64 source)
{
	size_t step = PAGE_SIZE << ZXP_SUPPLY_ORDER, done;

	for (done = 0; done < folio_size(folio); done += step) {
		/* There are no large folios where memory has to be mapped. */
		if (copy_from_user(folio_address(folio) + done,
				   u64_to_user_ptr(source + done), step))
			return false;
		cond_resched();
	}
	flush_dcache_folio(folio);
	return true;
}

static void zxp_supply_copy_aux(struct folio *folio, struct zxp_vmo *aux,
				pgoff_t index)
{
	unsigned long nr = folio_nr_pages(folio), page;
	struct folio *taken[ZXP_SUPPLY_BATCH];
	unsigned int i;

	for (page = 0; page < nr; page++) {
		i = page % ZXP_SUPPLY_BATCH;
		if (!i)
			zxp_supply_take_aux(aux, index + page, taken,
					    ZXP_SUPPLY_BATCH);
		if (taken[i]) {
			copy_highpage(folio_page(folio, page), &taken[i]->page);
			folio_put(taken[i]);
		} else {
			clear_highpage(folio_page(folio, page));
		}
		cond_resched();
	}
}

/*
 * Put in a large folio. What has left a plain VMO must get in, so there it is filled
 * with the lock held; what comes from user memory is copied without. Return: 0, or an
 * error, and -EAGAIN if it has to be single pages.
 */
static int zxp_supply_large_folio(struct zxp_vmo *vmo, struct folio *folio,
				  pgoff_t index, struct zxp_vmo *aux, u64 source)
{
	int ret;

	if (!aux && !zxp_supply_copy_user(folio, source))
		return -EAGAIN;
	if (mutex_lock_killable(&vmo->content_lock))
		return -EINTR;
	if (!zxp_vmo_may_be_large(vmo, index, folio_nr_pages(folio))) {
		ret = -EAGAIN;
	} else {
		if (aux)
			zxp_supply_copy_aux(folio, aux, source >> PAGE_SHIFT);
		ret = zxp_vmo_insert_large_locked(vmo, folio, index);
	}
	mutex_unlock(&vmo->content_lock);
	return ret;
}

/* One large folio, if there can be one. Return: as zxp_supply_large_folio(). */
static int zxp_supply_large(struct zxp_vmo *vmo, struct zxp_vmo *aux,
			    struct zxp_supply_pages *args)
{
	pgoff_t index = (args->offset + args->out_done) >> PAGE_SHIFT;
	u64 left = (args->length - args->out_done) >> PAGE_SHIFT;
	u64 source = args->source + args->out_done;
	unsigned int order;
	struct folio *folio;
	int ret;

	order = min_t(unsigned int, __ffs(index | BIT(ZXP_LARGE_ORDER)),
		      ilog2(left));
	if (order < ZXP_SUPPLY_ORDER ||
	    !zxp_vmo_may_be_large(vmo, index, BIT(order)))
		return -EAGAIN;
	/* Pages of zeroes that take no memory are better still. */
	if (aux && !zxp_vmo_all_present(aux, source >> PAGE_SHIFT, BIT(order)))
		return -EAGAIN;
	folio = zxp_vmo_alloc_large(vmo, order);
	if (!folio)
		return -EAGAIN;
	ret = zxp_supply_large_folio(vmo, folio, index, aux, source);
	folio_put(folio);
	if (ret)
		return ret;
	args->out_done += PAGE_SIZE << order;
	args->out_filled += PAGE_SIZE << order;
	return 0;
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
		ret = zxp_supply_large(vmo, aux, args);
		if (ret == -EAGAIN)
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
