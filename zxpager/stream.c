// SPDX-License-Identifier: GPL-2.0
/*
 * The stream size, where read() ends, apart from the size of the VMO.
 *
 * Whole pages behind it are in zero ranges that nobody is told of. They read as
 * zeroes, and what somebody writes there through a mapping is a page like any other,
 * until the stream size changes: everything from the smaller of the old and the new
 * one on is zero then.
 */
#include "zxpager_private.h"

/* Something was written up to @pos. */
void zxp_vmo_advance_stream(struct zxp_vmo *vmo, loff_t pos)
{
	if (pos <= i_size_read(&vmo->inode))
		return;
	mutex_lock(&vmo->content_lock);
	/* It may have been cut meanwhile. */
	pos = min_t(loff_t, pos, (loff_t)vmo->nr_pages << PAGE_SHIFT);
	if (pos > i_size_read(&vmo->inode))
		i_size_write(&vmo->inode, pos);
	mutex_unlock(&vmo->content_lock);
}

static int zxp_vmo_set_stream_locked(struct zxp_vmo *vmo, loff_t size)
{
	pgoff_t start = DIV_ROUND_UP_ULL(size, PAGE_SIZE);
	int ret;

	lockdep_assert_held(&vmo->content_lock);

	if (start > vmo->nr_pages)
		return -ERANGE;
	ret = zxp_vmo_check_pins(vmo, start, vmo->nr_pages);
	if (!ret)
		ret = zxp_vmo_clear_run_locked(vmo, start, vmo->nr_pages,
					       ZXP_ZERO_UNTRACKED,
					       BIT(ZXP_ZERO_UNTRACKED));
	if (ret)
		return ret == -EAGAIN ? -ESTALE : ret;
	i_size_write(&vmo->inode, size);
	zxp_vmo_set_modified(vmo);
	return 0;
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
	loff_t old = i_size_read(&vmo->inode);
	int ret = 0;

	if (size > (u64)zxp_vmo_pages(vmo) << PAGE_SHIFT)
		return -ERANGE;
	if (size == old)
		return 0;

	if (size > old)
		ret = zxp_vmo_clear_gap(vmo, round_up(size, PAGE_SIZE));
	else if (offset_in_page(size))
		ret = zxp_vmo_clear_part(vmo, size, round_up(size, PAGE_SIZE));
	if (ret)
		return ret;

	if (mutex_lock_killable(&vmo->content_lock))
		return -EINTR;
	ret = zxp_vmo_set_stream_locked(vmo, size);
	mutex_unlock(&vmo->content_lock);
	return ret;
}
