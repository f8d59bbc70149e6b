// SPDX-License-Identifier: GPL-2.0
/*
 * WRITEBACK_BEGIN and WRITEBACK_END.
 *
 * The daemon decides when, and nobody waits for it. What is dirty is awaiting clean
 * after BEGIN, and can only be written to by becoming dirty again, which END sees.
 */
#include <linux/mm.h>
#include <linux/rmap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "change.h"

/* After this nobody stores to the page, or pins it to do so, without a fault. */
static void zxp_vmo_protect_folio(struct zxp_vmo *vmo, struct folio *folio)
{
	folio_mkclean(folio);
	/*
	 * Reclaim takes many pages out of the page tables before it flushes the
	 * TLBs, and gives those back in between that are dirty: until they are
	 * on their list again stores may go on that no page table allows.
	 * Zapping flushes what is deferred.
	 */
	if (!folio_test_lru(folio))
		unmap_mapping_pages(vmo->inode.i_mapping, folio->index, 1, false);
}

/* What is pinned may change at any time, so it stays dirty; so does what is lost. */
static void zxp_folio_begin(struct zxp_vmo *vmo, struct folio *folio)
{
	XA_STATE(xas, &vmo->inode.i_mapping->i_pages, folio->index);

	if (zxp_folio_pinned(vmo, folio, folio->index))
		return;
	if (!folio_test_private(folio))
		folio_attach_private(folio, vmo);
	xas_lock_irq(&xas);
	folio_clear_dirty(folio);
	folio_clear_checked(folio);
	xas_load(&xas);
	if (xas_get_mark(&xas, ZXP_MARK_DIRTY)) {
		xas_clear_mark(&xas, ZXP_MARK_DIRTY);
		WRITE_ONCE(vmo->nr_begun, vmo->nr_begun + 1);
	}
	xas_clear_mark(&xas, ZXP_MARK_READ);
	xas_unlock_irq(&xas);
}

static int zxp_vmo_begin_folio(struct zxp_vmo *vmo, struct folio *folio, void *arg)
{
	bool *zeroes_only = arg;

	zxp_vmo_protect_folio(vmo, folio);
	if (!*zeroes_only && !folio_test_hwpoison(folio))
		zxp_folio_begin(vmo, folio);
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/*
 * A read() of the daemon ends with the stream. Only VMO_READ goes on, so what was not read
 * that way of what lies behind is not stored, whatever END says of the range.
 */
static bool zxp_vmo_unread(struct zxp_vmo *vmo, struct folio *folio)
{
	return folio->index >= zxp_vmo_stream_pages(vmo) &&
	       !xa_get_mark(&vmo->inode.i_mapping->i_pages, folio->index,
			    ZXP_MARK_READ);
}

/*
 * What was written to since BEGIN stays dirty, also if only the flag says so, and what is
 * lost unwritten.
 */
static void zxp_folio_end(struct zxp_vmo *vmo, struct folio *folio)
{
	XA_STATE(xas, &vmo->inode.i_mapping->i_pages, folio->index);

	if (folio_test_dirty(folio) || zxp_vmo_unread(vmo, folio))
		zxp_dirty_folio(folio->mapping, folio);
	folio_detach_private(folio);
	xas_lock_irq(&xas);
	xas_load(&xas);
	if (!zxp_folio_dirty(folio) && xas_get_mark(&xas, ZXP_MARK_UNWRITTEN)) {
		xas_clear_mark(&xas, ZXP_MARK_UNWRITTEN);
		WRITE_ONCE(vmo->nr_unwritten, vmo->nr_unwritten - 1);
		WRITE_ONCE(vmo->nr_begun, vmo->nr_begun - 1);
	}
	xas_unlock_irq(&xas);
}

static int zxp_vmo_end_folio(struct zxp_vmo *vmo, struct folio *folio, void *arg)
{
	if (!folio_test_hwpoison(folio))
		zxp_folio_end(vmo, folio);
	return fatal_signal_pending(current) ? -EINTR : 0;
}

static int zxp_vmo_begin_locked(struct zxp_vmo *vmo, pgoff_t start, pgoff_t end,
				bool zeroes_only)
{
	int ret;

	lockdep_assert_held(&vmo->content_lock);

	ret = zxp_vmo_for_folios(vmo, start, end, ZXP_MARK_DIRTY, zxp_vmo_begin_folio,
				 &zeroes_only);
	while (!ret && start < end) {
		spin_lock(&vmo->zero_lock);
		start = zxp_zero_begin(&vmo->zeroes, start, end);
		spin_unlock(&vmo->zero_lock);
		if (fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	}
	return ret;
}

static int zxp_vmo_end_locked(struct zxp_vmo *vmo, pgoff_t start, pgoff_t end)
{
	pgoff_t reach = 0, cleaned;
	bool some;
	int ret;

	lockdep_assert_held(&vmo->content_lock);

	ret = zxp_vmo_for_folios(vmo, start, end, ZXP_MARK_UNWRITTEN, zxp_vmo_end_folio,
				 NULL);
	while (!ret && start < end) {
		spin_lock(&vmo->zero_lock);
		some = zxp_zero_end(&vmo->zeroes, &start, end, &reach, &cleaned);
		spin_unlock(&vmo->zero_lock);
		/* A store that came to nothing has left a clean page: missing, too. */
		if (some)
			zxp_vmo_drop_clean_locked(vmo, start - cleaned, start);
		if (fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	}
	return ret;
}

/**
 * zxp_vmo_writeback() - WRITEBACK_BEGIN or WRITEBACK_END
 * @vmo: a VMO with a pager
 * @args: what the daemon gave
 * @epoch: of the generation that does
 *
 * Return: 0; -EINVAL, -ESHUTDOWN, -ERANGE, and nothing has changed; -EINTR, and some of it is done.
 */
int zxp_vmo_writeback(struct zxp_vmo *vmo, struct zxp_op_range *args, unsigned long epoch)
{
	bool begin = args->op == ZXP_PAGER_OP_WRITEBACK_BEGIN;
	pgoff_t start = args->offset >> PAGE_SHIFT;
	pgoff_t end = start + (args->length >> PAGE_SHIFT);
	unsigned int noio;
	int ret;

	if (args->data && !(begin && args->data == ZXP_DIRTY_RANGE_IS_ZERO))
		return -EINVAL;
	if (mutex_lock_killable(&vmo->content_lock))
		return -EINTR;
	/* Memory that is needed for this cannot come from writing to a VMO. */
	noio = memalloc_noio_save();
	ret = zxp_vmo_check_locked(vmo, epoch);
	if (ret)
		goto unlock;
	if (!zxp_vmo_in_bounds(vmo, args->offset, args->length))
		ret = -ERANGE;
	else if (begin)
		ret = zxp_vmo_begin_locked(vmo, start, end, args->data);
	else
		ret = zxp_vmo_end_locked(vmo, start, end);
unlock:
	memalloc_noio_restore(noio);
	mutex_unlock(&vmo->content_lock);
	return ret;
}
