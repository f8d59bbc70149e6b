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
 * the daemon, and then moves the stream size with the page locked that it wrote to.
 * Whoever clears pages behind the stream looks at its size with the page locked, and
 * so leaves such a page alone. Whoever *cuts* the stream, which is to set its size
 * without having written up to there, counts that; then a write begins anew.
 */
#include "zxpager_private.h"

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

/* Something was written up to @pos. False if the stream was cut since @cuts. */
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

/* Before anything behind @size goes. */
void zxp_vmo_cut_stream_locked(struct zxp_vmo *vmo, loff_t size)
{
	lockdep_assert_held(&vmo->content_lock);

	spin_lock(&vmo->inode.i_lock);
	i_size_write(&vmo->inode, size);
	vmo->cuts++;
	spin_unlock(&vmo->inode.i_lock);
	zxp_vmo_set_modified(vmo);
}

static int zxp_vmo_set_stream_locked(struct zxp_vmo *vmo, loff_t size,
				     unsigned long cuts)
{
	pgoff_t start = DIV_ROUND_UP_ULL(size, PAGE_SIZE);
	int ret;

	lockdep_assert_held(&vmo->content_lock);

	if (start > vmo->nr_pages)
		return -ERANGE;
	if (vmo->cuts != cuts)
		return -EAGAIN;
	ret = zxp_vmo_check_pins(vmo, start, vmo->nr_pages);
	if (ret)
		return ret;
	zxp_vmo_cut_stream_locked(vmo, size);
	ret = zxp_vmo_clear_run_locked(vmo, start, vmo->nr_pages,
				       ZXP_ZERO_UNTRACKED,
				       BIT(ZXP_ZERO_UNTRACKED), false);
	return ret == -EAGAIN ? -ESTALE : ret;
}

/**
 * zxp_vmo_set_stream_size() - SET_STREAM_SIZE
 * @vmo: the VMO; nothing of it is locked
 * @size: in bytes
 *
 * Return: 0; -ERANGE larger than the VMO; -ESTALE a page that has to go is pinned;
 * -ENOMEM, -EINTR, or what zxp_vmo_folio_for_write() returns.
 */
int zxp_vmo_set_stream_size(struct zxp_vmo *vmo, u64 size)
{
	unsigned long cuts;
	loff_t old;
	int ret;

	do {
		if (size > (u64)zxp_vmo_pages(vmo) << PAGE_SHIFT)
			return -ERANGE;
		old = zxp_vmo_stream_size(vmo, &cuts);
		if (size == old)
			return 0;
		ret = zxp_vmo_check_pins(vmo, DIV_ROUND_UP_ULL(size, PAGE_SIZE),
					 ULONG_MAX);
		if (!ret && size > old)
			ret = zxp_vmo_clear_gap(vmo, round_up(size, PAGE_SIZE));
		else if (!ret && offset_in_page(size))
			ret = zxp_vmo_clear_part(vmo, size,
						 round_up(size, PAGE_SIZE),
						 false);
		if (ret)
			return ret;

		if (mutex_lock_killable(&vmo->content_lock))
			return -EINTR;
		ret = zxp_vmo_set_stream_locked(vmo, size, cuts);
		mutex_unlock(&vmo->content_lock);
	} while (ret == -EAGAIN);
	return ret;
}
