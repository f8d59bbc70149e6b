// SPDX-License-Identifier: GPL-2.0
/*
 * The size of a VMO in pages: growing it, and what must not be cut off.
 */
#include <linux/slab.h>

#include "content.h"

int zxp_vmo_grow_locked(struct zxp_vmo *vmo, pgoff_t nr_pages)
{
	pgoff_t old = vmo->nr_pages;
	struct zxp_zero_range *spare;

	lockdep_assert_held(&vmo->content_lock);

	if (vmo->source) {
		spare = zxp_vmo_alloc_zero(vmo, 0);
		if (!spare)
			return -ENOMEM;
		/* The daemon knows nothing of what is new: it is zero. */
		spin_lock(&vmo->zero_lock);
		zxp_zero_add(&vmo->zeroes, old, nr_pages, ZXP_ZERO_DIRTY, &spare);
		spin_unlock(&vmo->zero_lock);
		kfree(spare);
	}
	WRITE_ONCE(vmo->nr_pages, nr_pages);
	if (vmo->source)
		zxp_source_resolve(vmo->source, ZXP_REQUEST_READ, old, nr_pages,
				   0);
	return 0;
}

/* Make the VMO at least @nr_pages large; its stream size stays. */
int zxp_vmo_grow(struct zxp_vmo *vmo, pgoff_t nr_pages)
{
	int ret = 0;

	if (mutex_lock_killable(&vmo->content_lock))
		return -EINTR;
	if (!(vmo->options & ZXP_VMO_RESIZABLE) || nr_pages > ZXP_MAX_VMO_PAGES)
		ret = -ENOSPC;
	else if (nr_pages > vmo->nr_pages)
		ret = zxp_vmo_grow_locked(vmo, nr_pages);
	mutex_unlock(&vmo->content_lock);
	return ret;
}

/* -ESTALE if a page of the range is pinned: it must not leave the VMO. */
int zxp_vmo_check_pins(struct zxp_vmo *vmo, pgoff_t start, pgoff_t end)
{
	return zxp_vmo_find_pinned(vmo, start, end) < end ? -ESTALE : 0;
}
