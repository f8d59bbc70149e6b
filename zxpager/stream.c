// SPDX-License-Identifier: GPL-2.0
/*
 * The stream size, where read() ends, apart from the size of the VMO.
 *
 * Whole pages behind it are in zero ranges that nobody is told of. They read as
 * zeroes, and what somebody writes there through a mapping is a page like any other,
 * until the stream size changes: everything from the smaller of the old and the new
 * one on is zero then.
 *
 * A write that extends the stream first makes what lies between zero, may wait for
 * the daemon, and then moves the stream size with the page locked that it wrote to;
 * what that page has behind the write is zero, other pages behind it stay as they are.
 * What somebody has stored in between after that was made zero becomes part of the stream,
 * see zxp_vmo_uncover_locked().
 * Whoever clears pages behind the stream looks at its size with the page locked, and
 * so leaves such a page alone. Whoever *cuts* the stream, which is to set its size
 * without having written up to there, counts that; a write that was under way begins
 * anew, and one that begins then is left alone by the clearing. A read looks at the
 * count before and after: it may have copied what was being cleared, or what is being
 * written anew.
 */
#include <linux/error-injection.h>
#include <linux/highmem.h>
#include <linux/sched/signal.h>

#include "change.h"

/* The stream size, and how often the stream was cut before it had this size. */
loff_t zxp_vmo_stream_size(struct zxp_vmo *vmo, unsigned long *cuts)
{
	loff_t size;

	spin_lock(&vmo->inode.i_lock);
	size = i_size_read(&vmo->inode);
	*cuts = vmo->cuts;
	spin_unlock(&vmo->inode.i_lock);
	return size;
}

/*
 * Something was written up to @pos, and zxp_vmo_uncover_locked() called for other pages
 * before. False if the stream was cut since @cuts.
 */
bool zxp_vmo_advance_stream(struct zxp_vmo *vmo, loff_t pos, unsigned long cuts)
{
	bool uncut;

	spin_lock(&vmo->inode.i_lock);
	uncut = vmo->cuts == cuts;
	if (uncut && pos > i_size_read(&vmo->inode))
		i_size_write(&vmo->inode, pos);
	spin_unlock(&vmo->inode.i_lock);
	return uncut;
}

/* What is zero because of a zero range is dirty with that. */
static int zxp_vmo_uncover_folio(struct zxp_vmo *vmo, struct folio *folio, void *arg)
{
	if (!zxp_folio_dirty(folio) && !folio_test_hwpoison(folio) &&
	    !zxp_vmo_is_zero(vmo, folio->index)) {
		zxp_dirty_folio(folio->mapping, folio);
		folio_detach_private(folio);
	}
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/**
 * zxp_vmo_uncover_locked() - the stream is going to grow over pages
 * @vmo: the VMO
 * @size: how far; less than the stream size does nothing
 *
 * What is there was stored since it had been cleared, and becomes part of the stream: so it
 * is dirty, also if it was written back, since the daemon has not stored what was behind the
 * end. That is so as long as content_lock is held, with which the stream size changes.
 *
 * Return: 0; -EAGAIN if the page is missing in which the stream ends now, where the daemon
 * may have something behind the end: zxp_vmo_clear_gap() has to be called again; -EINTR.
 */
int zxp_vmo_uncover_locked(struct zxp_vmo *vmo, loff_t size)
{
	loff_t old = i_size_read(&vmo->inode);
	int ret;

	lockdep_assert_held(&vmo->content_lock);

	if (size <= old)
		return 0;
	ret = zxp_vmo_for_folios(vmo, old >> PAGE_SHIFT,
				 DIV_ROUND_UP_ULL(size, PAGE_SIZE), XA_PRESENT,
				 zxp_vmo_uncover_folio, NULL);
	if (!ret && offset_in_page(old) &&
	    !zxp_vmo_has_content(vmo, old >> PAGE_SHIFT))
		ret = -EAGAIN;
	return ret;
}

/**
 * zxp_vmo_extend_stream() - have the stream go on to a size, with what was made zero
 * @vmo: the VMO; nothing of it is locked
 * @size: in bytes
 * @cuts: from zxp_vmo_stream_size(), before zxp_vmo_clear_gap() was called
 *
 * Return: 0; -EAGAIN, and both have to be called again; -EINTR.
 */
int zxp_vmo_extend_stream(struct zxp_vmo *vmo, loff_t size, unsigned long cuts)
{
	int ret;

	if (mutex_lock_killable(&vmo->content_lock))
		return -EINTR;
	ret = zxp_vmo_uncover_locked(vmo, size);
	if (!ret && !zxp_vmo_advance_stream(vmo, size, cuts))
		ret = -EAGAIN;
	mutex_unlock(&vmo->content_lock);
	return ret;
}

/**
 * zxp_vmo_prepare_cut() - have permission to clear what a page has behind @size
 * @vmo: the VMO; nothing of it is locked
 * @size: where the stream is going to end
 *
 * Return: 0, or what zxp_vmo_folio_for_write() returns.
 */
int zxp_vmo_prepare_cut(struct zxp_vmo *vmo, loff_t size)
{
	return offset_in_page(size) ? zxp_vmo_clear_part(vmo, size, size, false) : 0;
}

static void zxp_vmo_set_sizes_locked(struct zxp_vmo *vmo, loff_t size,
				     pgoff_t nr_pages)
{
	lockdep_assert_held(&vmo->content_lock);

	/* First this one: who would write behind it needs content_lock, then. */
	WRITE_ONCE(vmo->nr_pages, nr_pages);
	spin_lock(&vmo->inode.i_lock);
	i_size_write(&vmo->inode, size);
	/* With zxp_vmo_cuts(): who sees the count sees the size. */
	smp_store_release(&vmo->cuts, vmo->cuts + 1);
	spin_unlock(&vmo->inode.i_lock);
	zxp_vmo_set_modified(vmo);
}

/**
 * zxp_vmo_cut_stream_locked() - set the stream size, before anything behind it goes
 * @vmo: the VMO
 * @size: of the stream
 * @nr_pages: of the VMO
 *
 * The page in which the stream ends then is cleared behind it. It may be longer than before.
 *
 * Return: 0; -EAGAIN if zxp_vmo_clear_gap() and zxp_vmo_prepare_cut() have to be called
 * again; -EINTR.
 */
noinline int zxp_vmo_cut_stream_locked(struct zxp_vmo *vmo, loff_t size,
				       pgoff_t nr_pages)
{
	pgoff_t index = size >> PAGE_SHIFT;
	struct folio *folio = NULL;
	int ret;

	lockdep_assert_held(&vmo->content_lock);

	ret = zxp_vmo_uncover_locked(vmo, size);
	if (ret)
		return ret;
	ret = -EAGAIN;
	if (offset_in_page(size))
		folio = zxp_vmo_lock_folio(vmo, index);
	/* One that is clean is not written to here. */
	if (folio && zxp_folio_dirty(folio) && zxp_vmo_must_keep(vmo, index))
		goto unlock;
	if ((folio && zxp_folio_dirty(folio)) || !offset_in_page(size) ||
	    zxp_vmo_is_zero(vmo, index)) {
		zxp_vmo_set_sizes_locked(vmo, size, nr_pages);
		if (folio && zxp_folio_dirty(folio) &&
		    !zxp_folio_poisoned(folio, index))
			zxp_folio_zero_tail(folio, size);
		ret = 0;
	}
unlock:
	if (folio) {
		folio_unlock(folio);
		folio_put(folio);
	}
	return ret;
}
ALLOW_ERROR_INJECTION(zxp_vmo_cut_stream_locked, ERRNO);

static int zxp_vmo_set_stream_locked(struct zxp_vmo *vmo, loff_t size,
				     unsigned long cuts,
				     struct zxp_spares *spares)
{
	pgoff_t start = DIV_ROUND_UP_ULL(size, PAGE_SIZE);
	int ret;

	lockdep_assert_held(&vmo->content_lock);

	if (start > vmo->nr_pages)
		return -ERANGE;
	if (vmo->cuts != cuts)
		return -EAGAIN;
	ret = zxp_vmo_check_pins(vmo, start, vmo->nr_pages);
	/* Before the size changes, after which nobody should have to wait for a daemon. */
	if (!ret && vmo->source && !zxp_vmo_is_kept_locked(vmo, start, vmo->nr_pages))
		ret = -EAGAIN;
	if (!ret)
		ret = zxp_vmo_cut_stream_locked(vmo, size, vmo->nr_pages);
	if (ret)
		return ret;
	/* Who writes at the new end from now on writes to what stays. */
	ret = zxp_vmo_clear_run_locked(vmo, start, vmo->nr_pages,
				       ZXP_ZERO_UNTRACKED,
				       BIT(ZXP_ZERO_UNTRACKED), true, spares);
	return ret == -EAGAIN ? -ESTALE : ret;
}

/**
 * zxp_vmo_set_stream_size() - SET_STREAM_SIZE
 * @vmo: the VMO; nothing of it is locked
 * @size: in bytes
 *
 * Return: 0; -EPERM it is fixed; -ERANGE larger than the VMO; -EFBIG larger than it or
 * a file of the caller may be; -ESTALE a page that has to go is pinned;
 * -ENOMEM, -EINTR, or what zxp_vmo_folio_for_write() returns. If a page got pinned at
 * the last moment the size has changed all the same, and something may be left behind
 * it until the stream grows.
 */
int zxp_vmo_set_stream_size(struct zxp_vmo *vmo, u64 size)
{
	struct zxp_spares spares = {};
	int ret = 0, tries = ZXP_MEMORY_TRIES;
	unsigned long cuts;
	bool again;
	u64 old;

	if (vmo->flags & ZXP_CREATE_FIXED || zxp_vmo_sealed(vmo))
		return -EPERM;
	do {
		/* What lies behind the size may be left to be cleared. */
		again = ret == -ENOMEM || ret == -EBUSY;
		ret = -ERANGE;
		if (size > (u64)zxp_vmo_pages(vmo) << PAGE_SHIFT)
			break;
		ret = -EFBIG;
		if (size > (u64)vmo->max_size)
			break;
		ret = 0;
		old = zxp_vmo_stream_size(vmo, &cuts);
		if (size == old && !again)
			break;
		ret = zxp_vmo_check_pins(vmo, DIV_ROUND_UP_ULL(size, PAGE_SIZE),
					 ULONG_MAX);
		if (!ret && size > old)
			ret = inode_newsize_ok(&vmo->inode, size);
		if (!ret && size > old)
			ret = zxp_vmo_clear_gap(vmo, round_up(size, PAGE_SIZE));
		if (!ret)
			ret = zxp_vmo_prepare_cut(vmo, size);
		if (!ret)
			ret = zxp_vmo_rescue(vmo, DIV_ROUND_UP_ULL(size, PAGE_SIZE),
					     ULONG_MAX, ULONG_MAX);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		if (!ret)
			ret = zxp_vmo_get_spares(vmo, &spares, GFP_KERNEL);
		if (!ret)
			ret = mutex_lock_killable(&vmo->content_lock);
		if (ret)
			break;
		ret = zxp_vmo_set_stream_locked(vmo, size, cuts, &spares);
		mutex_unlock(&vmo->content_lock);
	} while (ret == -EAGAIN || ret == -EBUSY ||
		 (ret == -ENOMEM && tries-- && zxp_vmo_reserve(vmo)));
	zxp_spares_free(&spares);
	return ret;
}
