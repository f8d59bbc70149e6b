// SPDX-License-Identifier: GPL-2.0
/*
 * The size of a VMO in pages: growing it, and what must not be cut off.
 */
#include <linux/slab.h>

#include "content.h"

/* @spare: a node that may be used. */
void zxp_vmo_grow_locked(struct zxp_vmo *vmo, pgoff_t nr_pages,
			 struct zxp_zero_range **spare)
{
	pgoff_t old = vmo->nr_pages;

	lockdep_assert_held(&vmo->content_lock);

	if (vmo->source) {
		/* The daemon knows nothing of what is new: it is zero. */
		spin_lock(&vmo->zero_lock);
		zxp_zero_add(&vmo->zeroes, old, nr_pages, ZXP_ZERO_DIRTY, spare);
		spin_unlock(&vmo->zero_lock);
	}
	WRITE_ONCE(vmo->nr_pages, nr_pages);
	if (vmo->source)
		zxp_source_resolve(vmo->source, ZXP_REQUEST_READ, old, nr_pages);
}

/**
 * zxp_vmo_grow() - make a VMO at least so large; its stream size stays
 * @vmo: the VMO
 * @nr_pages: its size
 * @nowait: wait for nothing
 *
 * Return: 0; -ENOSPC, -ENOMEM, -EINTR; -EAGAIN it would have to wait.
 */
int zxp_vmo_grow(struct zxp_vmo *vmo, pgoff_t nr_pages, bool nowait)
{
	struct zxp_zero_range *spare;
	int ret = 0;

	if (!(vmo->options & ZXP_VMO_RESIZABLE) || nr_pages > ZXP_MAX_VMO_PAGES)
		return -ENOSPC;
	spare = zxp_vmo_alloc_zero(vmo, nowait ? GFP_NOWAIT : GFP_KERNEL);
	if (!spare)
		return nowait ? -EAGAIN : -ENOMEM;
	if (nowait && !mutex_trylock(&vmo->content_lock))
		ret = -EAGAIN;
	else if (!nowait && mutex_lock_killable(&vmo->content_lock))
		ret = -EINTR;
	if (ret)
		goto free;
	if (nr_pages > vmo->nr_pages)
		zxp_vmo_grow_locked(vmo, nr_pages, &spare);
	mutex_unlock(&vmo->content_lock);
free:
	kfree(spare);
	return ret;
}

/* -ESTALE if a page of the range is pinned: it must not leave the VMO. */
int zxp_vmo_check_pins(struct zxp_vmo *vmo, pgoff_t start, pgoff_t end)
{
	return zxp_vmo_find_pinned(vmo, start, end) < end ? -ESTALE : 0;
}
