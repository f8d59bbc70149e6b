// SPDX-License-Identifier: GPL-2.0
/*
 * read(), and the ioctl with Zircon's rules for the same.
 *
 * No lock is held while waiting for the daemon, nor while touching the caller's buffer.
 */
#include <linux/sched/signal.h>
#include <linux/swap.h>
#include <linux/uio.h>

#include "access.h"

/* What counts as the end: of the file, or of the VMO. */
enum zxp_io_end {
	ZXP_IO_STREAM,
	ZXP_IO_VMO,
};

static loff_t zxp_io_end(struct zxp_vmo *vmo, enum zxp_io_end kind)
{
	return kind == ZXP_IO_STREAM ? i_size_read(&vmo->inode) :
				       (loff_t)zxp_vmo_pages(vmo) << PAGE_SHIFT;
}

/* Memory of a page that was found has failed. 0: the daemon has it, so look again. */
static int zxp_read_poisoned(struct zxp_vmo *vmo, struct folio *folio, pgoff_t index,
			     bool nowait)
{
	int ret = 0;

	if (!folio_trylock(folio)) {
		if (nowait)
			return -EAGAIN;
		folio_lock(folio);
	}
	if (folio->mapping == vmo->inode.i_mapping &&
	    !zxp_vmo_drop_poisoned(vmo, folio, index))
		ret = -EIO;
	folio_unlock(folio);
	return ret;
}

/*
 * The daemon reads all of a folio, to write it back: whoever changes it from now on makes it
 * dirty. See zxp_vmo_unread().
 */
static void zxp_vmo_note_read(struct zxp_vmo *vmo, struct folio *folio)
{
	XA_STATE(xas, &vmo->inode.i_mapping->i_pages, folio->index);

	xas_lock_irq(&xas);
	if (xas_load(&xas) == folio && xas_get_mark(&xas, ZXP_MARK_UNWRITTEN) &&
	    !xas_get_mark(&xas, ZXP_MARK_DIRTY))
		xas_set_mark(&xas, ZXP_MARK_READ);
	xas_unlock_irq(&xas);
}

/**
 * zxp_read() - copy out of a VMO, asking for what is missing
 * @vmo: the VMO
 * @pos: where; advances
 * @to: the caller's buffer; advances
 * @kind: where the VMO ends
 * @nowait: -EAGAIN instead of waiting for the daemon
 * @daemon: the daemon reads what is behind the stream, too
 *
 * Return: 0 when the buffer is full or the end was reached, else why not:
 * -EAGAIN, -EFAULT, -EIO memory has failed, -ESTALE, -EINTR, -ERESTARTNOINTR or a FAIL code.
 */
static int zxp_read(struct zxp_vmo *vmo, loff_t *pos, struct iov_iter *to,
		    enum zxp_io_end kind, bool nowait, bool daemon)
{
	struct zxp_request request = {};
	unsigned long generation, cuts;
	struct folio *folio;
	size_t len, copied;
	pgoff_t index;
	int ret = 0;
	loff_t end;

	while (iov_iter_count(to)) {
		generation = zxp_vmo_generation(vmo);
		cuts = zxp_vmo_cuts(vmo);
		end = zxp_io_end(vmo, kind);
		if (*pos >= end)
			break;
		end = min_t(loff_t, end, *pos + iov_iter_count(to));
		index = *pos >> PAGE_SHIFT;
		len = min_t(loff_t, end - *pos, PAGE_SIZE - offset_in_page(*pos));

		folio = zxp_vmo_get_folio(vmo, index);
		if (folio) {
			if (!zxp_folio_any_poisoned(folio)) {
				len = min_t(loff_t, end - *pos,
					    folio_size(folio) -
					    offset_in_folio(folio, *pos));
			} else if (zxp_folio_poisoned(folio, index)) {
				ret = zxp_read_poisoned(vmo, folio, index, nowait);
				folio_put(folio);
				if (ret)
					break;
				continue;
			}
			if (daemon && len == folio_size(folio))
				zxp_vmo_note_read(vmo, folio);
			copied = copy_page_to_iter(&folio->page,
						   offset_in_folio(folio, *pos),
						   len, to);
			folio_mark_accessed(folio);
			folio_put(folio);
		} else if (zxp_vmo_is_zero(vmo, index)) {
			copied = iov_iter_zero(len, to);
		} else {
			ret = nowait ? -EAGAIN :
			      zxp_read_wait(vmo, &request, index,
					    DIV_ROUND_UP_ULL(end, PAGE_SIZE),
					    generation);
			if (ret)
				break;
			continue;
		}

		/* Zeroes of a moment at which the stream did not reach here? */
		if (kind == ZXP_IO_STREAM && zxp_vmo_was_cut(vmo, cuts)) {
			iov_iter_revert(to, copied);
			copied = 0;
			len = 0;
		}
		*pos += copied;
		if (copied < len) {
			ret = -EFAULT;
			break;
		}
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		cond_resched();
	}

	if (vmo->source)
		zxp_request_end(vmo->source, &request);
	return ret;
}

/* For a slice: as VMO_READ, but perhaps without waiting. */
int zxp_vmo_copy_out(struct zxp_vmo *vmo, loff_t *pos, struct iov_iter *to, bool nowait)
{
	return zxp_read(vmo, pos, to, ZXP_IO_VMO, nowait, false);
}

ssize_t zxp_vmo_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct zxp_vmo *vmo = zxp_vmo_of(file_inode(iocb->ki_filp));
	loff_t start = iocb->ki_pos;
	int ret;

	ret = zxp_read(vmo, &iocb->ki_pos, to, ZXP_IO_STREAM,
		       iocb->ki_flags & IOCB_NOWAIT, false);
	return iocb->ki_pos > start ? iocb->ki_pos - start : ret;
}

/**
 * zxp_vmo_io_range() - the range of an ioctl, which has to lie in the VMO
 * @vmo: the VMO
 * @args: of the ioctl
 * @iter: becomes the caller's buffer
 * @direction: ITER_DEST or ITER_SOURCE
 *
 * Return: 0, -ERANGE or -EFAULT.
 */
int zxp_vmo_io_range(struct zxp_vmo *vmo, struct zxp_vmo_io *args,
		     struct iov_iter *iter, unsigned int direction)
{
	void __user *buffer = u64_to_user_ptr(args->buffer);

	if (!zxp_vmo_in_bounds(vmo, args->offset, args->length))
		return -ERANGE;
	if (!access_ok(buffer, args->length))
		return -EFAULT;
	iov_iter_ubuf(iter, direction, buffer, args->length);
	return 0;
}

int zxp_vmo_read(struct file *file, struct zxp_vmo_io *args)
{
	struct zxp_vmo *vmo = zxp_vmo_of(file_inode(file));
	loff_t pos = args->offset;
	struct iov_iter to;
	int ret;

	ret = zxp_vmo_io_range(vmo, args, &to, ITER_DEST);
	if (ret)
		return ret;
	ret = zxp_read(vmo, &pos, &to, ZXP_IO_VMO, false, zxp_file_is_first(file));
	/* It was in bounds, so the VMO has shrunk. */
	return !ret && iov_iter_count(&to) ? -ERANGE : ret;
}
