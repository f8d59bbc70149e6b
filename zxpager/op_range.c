// SPDX-License-Identifier: GPL-2.0
/*
 * What a client does to a range of a VMO: COMMIT, PREFETCH and the hints. For ZERO
 * see clear.c.
 */
#include <linux/fadvise.h>
#include <linux/fsnotify.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>

#include "access.h"

/* How far a range goes whose zeroes only the clients know of; @index if not at all. */
static pgoff_t zxp_vmo_clients_zero_end(struct zxp_vmo *vmo, pgoff_t index,
					pgoff_t end)
{
	struct zxp_zero_range *range;

	if (zxp_zero_empty(&vmo->zeroes))
		return index;
	spin_lock(&vmo->zero_lock);
	range = zxp_zero_find(&vmo->zeroes, index);
	if (range && range->start <= index && range->kind != ZXP_ZERO_MARKER)
		index = min(end, range->end);
	spin_unlock(&vmo->zero_lock);
	return index;
}

/*
 * Such a page becomes a dirty one, which is a write, so the daemon is asked for the
 * run of them. It does not matter if a reader has put a clean page there.
 */
static int zxp_vmo_commit_zero(struct zxp_vmo *vmo, pgoff_t index, pgoff_t end)
{
	return zxp_commit_end(zxp_vmo_folio_for_write(vmo, index, end, false));
}

/**
 * zxp_vmo_bring_in() - have a range in memory
 * @vmo: the VMO
 * @op: %ZXP_VMO_OP_COMMIT also gives pages to zero ranges;
 *	%ZXP_VMO_OP_ALWAYS_NEED leaves out pages that fail
 * @index: first page
 * @end: the page after the last one
 *
 * Each missing run is one request. What a shrink has cut off meanwhile is not
 * needed any more.
 *
 * Return: 0, -ENOMEM, -ESTALE, -EINTR, -ERESTARTNOINTR or a FAIL code.
 */
int zxp_vmo_bring_in(struct zxp_vmo *vmo, enum zxp_vmo_op op, pgoff_t index,
		     pgoff_t end)
{
	struct zxp_request request;
	unsigned long generation;
	struct folio *folio;
	pgoff_t zero_end;
	int ret;

	while (index < end) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();

		generation = zxp_vmo_generation(vmo);
		end = min(end, zxp_vmo_pages(vmo));
		if (index >= end)
			break;

		zero_end = op == ZXP_VMO_OP_COMMIT ?
			   zxp_vmo_clients_zero_end(vmo, index, end) : index;
		if (zero_end > index) {
			ret = zxp_vmo_commit_zero(vmo, index, zero_end);
			if (ret)
				return ret;
			continue;
		}

		folio = zxp_vmo_get_folio(vmo, index);
		if (folio) {
			folio_mark_accessed(folio);
			folio_put(folio);
			index++;
			continue;
		}

		if (zxp_vmo_is_zero(vmo, index)) {
			if (op != ZXP_VMO_OP_COMMIT) {
				index = max(zxp_vmo_zero_end(vmo, index),
					    index + 1);
				continue;
			}
			ret = zxp_vmo_fill_zero(vmo, index, false);
			if (ret)
				return ret;
			continue;
		}

		ret = zxp_request_start(vmo->source, &request, ZXP_REQUEST_READ,
					index,
					zxp_vmo_missing_end(vmo, index, end),
					false, generation);
		if (ret == -EAGAIN)
			continue;
		if (!ret) {
			ret = zxp_request_wait(vmo->source, &request,
					       TASK_INTERRUPTIBLE);
			if (ret && ret != -ERESTARTNOINTR)
				zxp_vmo_note_failure(vmo, index, ret);
		} else if (op == ZXP_VMO_OP_ALWAYS_NEED) {
			/* Detached: nothing more will come, and that is fine. */
			return 0;
		}
		/* Not the whole time again for each page. */
		if (ret && (ret == -ERESTARTNOINTR || ret == -ETIMEDOUT ||
			    op != ZXP_VMO_OP_ALWAYS_NEED))
			return ret;
		if (ret)
			index++;
	}
	return 0;
}

static fmode_t zxp_vmo_op_mode(u32 op)
{
	switch (op) {
	case ZXP_VMO_OP_COMMIT:
	case ZXP_VMO_OP_DECOMMIT:
	case ZXP_VMO_OP_ZERO:
		return FMODE_WRITE;
	case ZXP_VMO_OP_PREFETCH:
		return FMODE_READ;
	default:
		return 0;
	}
}

static bool zxp_vmo_op_is_hint(u32 op)
{
	return op == ZXP_VMO_OP_ALWAYS_NEED || op == ZXP_VMO_OP_DONT_NEED ||
	       op == ZXP_VMO_OP_PREFETCH;
}

/**
 * zxp_op_range_check() - may it be done?
 * @file: by what
 * @root: the VMO, or that at the bottom
 * @nr_pages: how large it is
 * @args: of the ioctl
 *
 * Return: 0; 1 a plain VMO needs no hint; -EINVAL, -EACCES, -ERANGE.
 */
int zxp_op_range_check(struct file *file, struct zxp_vmo *root, pgoff_t nr_pages,
		       const struct zxp_vmo_op_range *args)
{
	fmode_t need = zxp_vmo_op_mode(args->op);
	bool hint = zxp_vmo_op_is_hint(args->op);

	if (args->flags || args->reserved || !(need || hint))
		return -EINVAL;
	if ((file->f_mode & need) != need)
		return -EACCES;
	if (!root->source && hint)
		return 1;
	return zxp_in_bounds(nr_pages, args->offset, args->length) ? 0 : -ERANGE;
}

static int zxp_vmo_zero(struct file *file, u64 offset, u64 length)
{
	struct zxp_vmo *vmo = zxp_vmo_of(file_inode(file));
	int ret;

	if (zxp_vmo_sealed(vmo))
		return -EPERM;
	file_update_time(file);
	ret = zxp_vmo_clear(vmo, offset, length, ZXP_CLEAR_ZERO);
	if (!ret)
		fsnotify_modify(file);
	return ret;
}

int zxp_vmo_op_range(struct file *file, const struct zxp_vmo_op_range *args)
{
	struct zxp_vmo *vmo = zxp_vmo_of(file_inode(file));
	int ret = zxp_op_range_check(file, vmo, zxp_vmo_pages(vmo), args);
	pgoff_t start, end;

	if (ret || !args->length)
		return min(ret, 0);

	start = args->offset >> PAGE_SHIFT;
	end = DIV_ROUND_UP_ULL(args->offset + args->length, PAGE_SIZE);
	switch (args->op) {
	case ZXP_VMO_OP_COMMIT:
	case ZXP_VMO_OP_PREFETCH:
	case ZXP_VMO_OP_ALWAYS_NEED:
		return zxp_vmo_bring_in(vmo, args->op, start, end);
	case ZXP_VMO_OP_DONT_NEED:
		zxp_vmo_drop_unused(vmo, start, end);
		return 0;
	case ZXP_VMO_OP_ZERO:
		return zxp_vmo_zero(file, args->offset, args->length);
	default:
		return -EOPNOTSUPP;
	}
}

/* Ask for what is missing, and do not wait. It is a hint: errors do not matter. */
void zxp_vmo_will_need(struct zxp_vmo *vmo, pgoff_t index, pgoff_t end)
{
	unsigned long generation;
	pgoff_t run_end;
	int ret;

	while (!fatal_signal_pending(current)) {
		generation = zxp_vmo_generation(vmo);
		end = min(end, zxp_vmo_pages(vmo));
		if (index >= end)
			return;
		if (zxp_vmo_has_content(vmo, index)) {
			index = max(zxp_vmo_zero_end(vmo, index), index + 1);
			cond_resched();
			continue;
		}
		run_end = zxp_vmo_missing_end(vmo, index,
					      min(end, index + ZXP_HINT_BATCH));
		ret = zxp_request_hint(vmo->source, ZXP_REQUEST_READ, index,
				       &run_end, generation);
		if (ret == -EAGAIN)
			continue;
		if (ret)
			return;
		index = run_end;
	}
}

/* fadvise(), for [@start, @end) in bytes, of the VMO or by a slice of it. */
int zxp_vmo_advise(struct zxp_vmo *vmo, loff_t start, loff_t end, int advice)
{
	switch (advice) {
	case POSIX_FADV_NORMAL:
	case POSIX_FADV_RANDOM:
	case POSIX_FADV_SEQUENTIAL:
	case POSIX_FADV_NOREUSE:
		return 0;
	case POSIX_FADV_WILLNEED:
		if (vmo->source)
			zxp_vmo_will_need(vmo, start >> PAGE_SHIFT,
					  DIV_ROUND_UP_ULL(end, PAGE_SIZE));
		return 0;
	case POSIX_FADV_DONTNEED:
		/* A page that is only in part not needed stays. */
		zxp_vmo_drop_unused(vmo, DIV_ROUND_UP_ULL(start, PAGE_SIZE),
				    end >> PAGE_SHIFT);
		return 0;
	default:
		return -EINVAL;
	}
}

int zxp_vmo_fadvise(struct file *file, loff_t offset, loff_t len, int advice)
{
	struct zxp_vmo *vmo = zxp_vmo_of(file_inode(file));
	loff_t end = LLONG_MAX;

	if (offset < 0 || len < 0)
		return -EINVAL;
	if (len && len < LLONG_MAX - offset)
		end = offset + len;
	/* The last page is needed as little as the rest of the stream. */
	if (advice == POSIX_FADV_DONTNEED && end >= i_size_read(&vmo->inode))
		end = LLONG_MAX;
	return zxp_vmo_advise(vmo, offset, end, advice);
}
