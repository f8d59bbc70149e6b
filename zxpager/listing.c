// SPDX-License-Identifier: GPL-2.0
/*
 * What a daemon that takes over asks: which VMOs there are, and a descriptor of each.
 */
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "objects.h"

/* The keeper may ask, and who answers now. */
int zxp_pager_check_asker_locked(struct zxp_pager_file *by)
{
	struct zxp_pager *pager = by->pager;

	lockdep_assert_held(&pager->lock);

	return pager->keeper == by || pager->epoch == by->epoch ? 0 : -ESHUTDOWN;
}

/*
 * The VMO with the next number, held, and the generation that it is of. Or NULL if there is
 * none; or -ESHUTDOWN.
 */
static struct zxp_vmo *zxp_pager_get_next(struct zxp_pager_file *by, u64 after,
					  unsigned long *epoch)
{
	struct zxp_pager *pager = by->pager;
	struct zxp_vmo *vmo = NULL;
	int ret;

	spin_lock(&pager->lock);
	ret = zxp_pager_check_asker_locked(by);
	while (!ret && (vmo = zxp_pager_next_locked(pager, after)) &&
	       !zxp_vmo_hold_locked(vmo)) {
		after = zxp_vmo_id(vmo);
		cond_resched_lock(&pager->lock);
	}
	*epoch = pager->epoch;
	spin_unlock(&pager->lock);
	return ret ? ERR_PTR(ret) : vmo;
}

static void zxp_vmo_describe(struct zxp_vmo *vmo, struct zxp_vmo_entry *entry)
{
	struct zxp_source *source = vmo->source;

	*entry = (struct zxp_vmo_entry) {
		.id = zxp_vmo_id(vmo),
		.vmo_size = (u64)zxp_vmo_pages(vmo) << PAGE_SHIFT,
		.stream_size = i_size_read(&vmo->inode),
		.max_size = vmo->max_size,
		.options = vmo->options,
		.flags = vmo->flags,
	};
	if (READ_ONCE(vmo->nr_unwritten) || zxp_zero_pages(&vmo->zeroes, ZXP_ZERO_DIRTY))
		entry->state |= ZXP_VMO_ENTRY_UNWRITTEN;
	/* The counts are of two moments. */
	if (entry->state && (READ_ONCE(vmo->nr_begun) || zxp_zero_has_begun(&vmo->zeroes)))
		entry->state |= ZXP_VMO_ENTRY_BEGUN;
	spin_lock(&source->lock);
	if (source->detached)
		entry->state |= ZXP_VMO_ENTRY_DETACHED;
	entry->key = source->key;
	entry->waiting = source->nr_waiting;
	entry->requests = source->nr_requests;
	spin_unlock(&source->lock);
}

/* The mount is pinned. */
static int zxp_pager_list_pinned(struct zxp_pager_file *by, struct zxp_list_vmos *args)
{
	struct zxp_vmo_entry __user *buffer = u64_to_user_ptr(args->buffer);
	u64 room = args->buffer_size / sizeof(*buffer), after = args->after;
	struct zxp_vmo_entry entry;
	unsigned long epoch;
	struct zxp_vmo *vmo;

	while (args->out_actual < room) {
		vmo = zxp_pager_get_next(by, after, &epoch);
		if (IS_ERR_OR_NULL(vmo))
			return PTR_ERR_OR_ZERO(vmo);
		zxp_vmo_describe(vmo, &entry);
		iput(&vmo->inode);
		if (fatal_signal_pending(current))
			return -EINTR;
		if (copy_to_user(buffer + args->out_actual, &entry, sizeof(entry)))
			return -EFAULT;
		args->out_actual++;
		after = entry.id;
		cond_resched();
	}
	return 0;
}

/**
 * zxp_pager_list_vmos() - LIST_VMOS
 * @by: who asks
 * @args: what it gave, and gets
 *
 * No lock is held while a VMO is looked at, nor for the caller's buffer, which may fault.
 *
 * Return: 0, -EINVAL, -ESHUTDOWN, -EFAULT, -EINTR, -ENOMEM.
 */
int zxp_pager_list_vmos(struct zxp_pager_file *by, struct zxp_list_vmos *args)
{
	int ret;

	args->out_actual = 0;
	if (args->flags)
		return -EINVAL;
	ret = zxp_fs_pin();
	if (ret)
		return ret;
	ret = zxp_pager_list_pinned(by, args);
	zxp_fs_unpin();
	return ret;
}

static struct file *zxp_pager_open_pinned(struct zxp_pager_file *by, u64 id)
{
	unsigned long epoch;
	struct zxp_vmo *vmo;
	struct file *file;

	vmo = zxp_pager_get_next(by, id - 1, &epoch);
	if (IS_ERR(vmo))
		return ERR_CAST(vmo);
	if (!vmo)
		return ERR_PTR(-ENOENT);
	file = zxp_vmo_id(vmo) == id ? zxp_vmo_file_open(vmo, epoch) : ERR_PTR(-ENOENT);
	iput(&vmo->inode);
	return file;
}

/**
 * zxp_pager_open_vmo() - OPEN_VMO
 * @by: who asks
 * @args: what it gave, and gets
 * @new: its descriptor of the VMO
 *
 * Return: 0, -EINVAL, -ESHUTDOWN, -ENOENT there is no such, -ENOMEM, -ENFILE.
 */
int zxp_pager_open_vmo(struct zxp_pager_file *by, struct zxp_open_vmo *args,
		       struct zxp_new_file *new)
{
	struct file *file;
	int ret;

	if (args->flags || args->reserved)
		return -EINVAL;
	/* None has 0. */
	if (!args->id)
		return -ENOENT;
	ret = zxp_fs_pin();
	if (ret)
		return ret;
	file = zxp_pager_open_pinned(by, args->id);
	zxp_fs_unpin();
	if (IS_ERR(file))
		return PTR_ERR(file);
	new->file = file;
	return 0;
}
