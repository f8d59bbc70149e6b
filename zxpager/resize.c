// SPDX-License-Identifier: GPL-2.0
/*
 * The size of a VMO: ftruncate(), and writes that extend.
 *
 * A VMO has two sizes. Its own is in whole pages and bounds what may be mapped
 * and supplied. The stream size is in bytes, at most as large, and is where
 * read() ends.
 */
#include <linux/highmem.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "access.h"

/* Or nothing changes but the stream size, within the last page. */
static int zxp_vmo_shrink_locked(struct zxp_vmo *vmo, pgoff_t nr_pages,
				 loff_t size)
{
	bool has_children = zxp_vmo_has_children(vmo);
	int ret, type;

	lockdep_assert_held(&vmo->content_lock);

	ret = zxp_vmo_check_pins(vmo, nr_pages, ULONG_MAX);
	if (ret)
		return ret;
	if (!zxp_vmo_is_kept_locked(vmo, nr_pages, ULONG_MAX))
		return -EAGAIN;

	ret = zxp_vmo_cut_stream_locked(vmo, size, nr_pages);
	if (ret)
		return ret;
	zxp_family_cut(vmo, nr_pages);
	/* No fault that began before maps zeroes behind the end after this. */
	zxp_vmo_settle_zeroes(vmo);
	/* Private copies of what is cut off go as well, but those of children stay. */
	unmap_mapping_range(vmo->inode.i_mapping, (loff_t)nr_pages << PAGE_SHIFT,
			    0, !has_children);
	zxp_vmo_remove_unwritten_locked(vmo, nr_pages);
	if (has_children)
		truncate_inode_pages(vmo->inode.i_mapping, (loff_t)nr_pages << PAGE_SHIFT);
	else
		truncate_pagecache(&vmo->inode, (loff_t)nr_pages << PAGE_SHIFT);
	zxp_vmo_recount_locked(vmo);

	/* To the very end, so no range is split and no node is needed. */
	zxp_vmo_remove_zeroes(vmo, nr_pages, ULONG_MAX, NULL);

	for (type = 0; vmo->source && type < ZXP_REQUEST_TYPES; type++)
		zxp_source_resolve(vmo->source, type, nr_pages, ULONG_MAX);
	return 0;
}

/*
 * Where the size ends inside of a page that is there to stay, what is behind it in
 * the page has to be zero: of the old size if that grows, and of the new one. And
 * what lies in whole pages behind the stream size is made new when that changes.
 */
static int zxp_vmo_clear_ends(struct zxp_vmo *vmo, loff_t size)
{
	loff_t end = (loff_t)zxp_vmo_pages(vmo) << PAGE_SHIFT;
	loff_t old = i_size_read(&vmo->inode);
	int ret = 0;

	if (round_up(old, PAGE_SIZE) < end)
		ret = zxp_vmo_set_stream_size(vmo, min(size, end));
	else if (size > old)
		ret = zxp_vmo_clear_gap(vmo, round_up(size, PAGE_SIZE));
	if (!ret && size < end)
		ret = zxp_vmo_prepare_cut(vmo, size);
	/* Cut off meanwhile, so the caller begins anew. */
	return ret == -ERANGE ? 0 : ret;
}

static int zxp_vmo_set_size_locked(struct zxp_vmo *vmo, loff_t size,
				   unsigned long cuts,
				   struct zxp_zero_range **spare)
{
	pgoff_t nr_pages = DIV_ROUND_UP_ULL(size, PAGE_SIZE);
	int ret;

	lockdep_assert_held(&vmo->content_lock);

	if (vmo->cuts != cuts)
		return -EAGAIN;
	if (nr_pages <= vmo->nr_pages)
		return zxp_vmo_shrink_locked(vmo, nr_pages, size);
	/* It has shrunk meanwhile. */
	if (!*spare)
		return -EAGAIN;
	/* What can fail comes before what would be left. */
	ret = zxp_vmo_uncover_locked(vmo, size);
	if (ret)
		return ret;
	zxp_vmo_grow_locked(vmo, nr_pages, spare);
	return zxp_vmo_cut_stream_locked(vmo, size, nr_pages);
}

static int zxp_vmo_set_size(struct dentry *dentry, loff_t size)
{
	struct zxp_vmo *vmo = zxp_vmo_of(d_inode(dentry));
	struct zxp_zero_range *spare = NULL;
	int ret, tries = ZXP_MEMORY_TRIES;
	unsigned long cuts;

	if (vmo->options & ZXP_VMO_UNBOUNDED)
		return zxp_vmo_set_stream_size(vmo, size);
	if (!zxp_may_resize(dentry))
		return -EPERM;
	if (size > ZXP_MAX_VMO_SIZE)
		return -ERANGE;
	if (size > vmo->max_size)
		return -EFBIG;
	do {
		zxp_vmo_stream_size(vmo, &cuts);
		ret = zxp_vmo_check_pins(vmo, DIV_ROUND_UP_ULL(size, PAGE_SIZE),
					 ULONG_MAX);
		if (!ret)
			ret = zxp_vmo_clear_ends(vmo, size);
		if (!ret)
			ret = zxp_vmo_rescue(vmo, DIV_ROUND_UP_ULL(size, PAGE_SIZE),
					     ULONG_MAX, ULONG_MAX);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		if (!ret && !spare && size > (loff_t)zxp_vmo_pages(vmo) << PAGE_SHIFT) {
			spare = zxp_vmo_alloc_zero(vmo, GFP_KERNEL);
			ret = spare ? 0 : -ENOMEM;
		}
		if (!ret)
			ret = mutex_lock_killable(&vmo->content_lock);
		if (ret)
			break;
		ret = zxp_vmo_set_size_locked(vmo, size, cuts, &spare);
		mutex_unlock(&vmo->content_lock);
	} while (ret == -EAGAIN ||
		 (ret == -ENOMEM && tries-- && zxp_vmo_reserve(vmo)));
	kfree(spare);
	return ret;
}

/**
 * zxp_setattr_size() - ftruncate() and truncate(), of a VMO or of a copy
 * @idmap: of the mount
 * @dentry: what gets another size
 * @attr: what is asked for, by setattr_prepare()
 * @set_size: sets it
 *
 * A new size may have to write to a page, and so wait for the daemon, or for the making of a
 * copy. That cannot be done under i_rwsem, whose waiters cannot be killed. What others change
 * meanwhile is theirs: all else that is asked for is set before, and times are those of the end.
 *
 * Return: 0; -EACCES; an error of @set_size.
 */
int zxp_setattr_size(struct mnt_idmap *idmap, struct dentry *dentry, const struct iattr *attr,
		     int (*set_size)(struct dentry *dentry, loff_t size))
{
	struct inode *inode = d_inode(dentry);
	loff_t old = i_size_read(inode);
	bool moves = attr->ia_size != old;
	/* truncate() leaves it to the file system what a new size means. */
	unsigned int times = moves ? ATTR_CTIME : attr->ia_valid & ATTR_CTIME;
	struct iattr other = *attr, now = {};
	int ret;

	/* truncate() of a path, which has not been opened. */
	if (zxp_dentry_limits(dentry) & ZXP_LIMIT_NO_WRITE)
		return -EACCES;
	if (!(attr->ia_valid & ATTR_MTIME_SET))
		times |= moves ? ATTR_MTIME : attr->ia_valid & ATTR_MTIME;
	other.ia_valid &= ~times;
	setattr_copy(idmap, inode, &other);

	inode_unlock(inode);
	ret = set_size(dentry, attr->ia_size);
	inode_lock(inode);
	/* Of a copy a part may be cut off by then. */
	if (ret && i_size_read(inode) == old)
		return ret;
	now.ia_valid = times;
	now.ia_ctime = current_time(inode);
	now.ia_mtime = now.ia_ctime;
	setattr_copy(idmap, inode, &now);
	return ret;
}

int zxp_vmo_setattr(struct mnt_idmap *idmap, struct dentry *dentry,
		    struct iattr *attr)
{
	struct inode *inode = d_inode(dentry);
	int ret;

	ret = setattr_prepare(idmap, dentry, attr);
	if (ret)
		return ret;
	/* Nobody executes a VMO. Without these bits a truncation leaves the mode alone. */
	if (attr->ia_valid & ATTR_MODE)
		attr->ia_mode &= ~(S_ISUID | S_ISGID);
	if (attr->ia_valid & ATTR_SIZE)
		return zxp_setattr_size(idmap, dentry, attr, zxp_vmo_set_size);
	setattr_copy(idmap, inode, attr);
	return 0;
}
