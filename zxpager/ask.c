// SPDX-License-Identifier: GPL-2.0
/*
 * Asking the daemon on behalf of a read or a write, and waiting for the answer.
 *
 * No lock is held while waiting.
 */
#include <linux/error-injection.h>

#include "change.h"

/**
 * zxp_vmo_sync_wait() - have the daemon make durable what was written
 * @vmo: the VMO
 * @start: first byte
 * @end: the last one
 * @restarts: as for zxp_sync_wait()
 *
 * Only the daemon knows of storage, and it decides when to write. Whether it wants to be
 * asked was said when the VMO was made.
 *
 * Return: 0; the daemon's error; -ESTALE, -EINTR, -ERESTARTNOINTR.
 */
int zxp_vmo_sync_wait(struct zxp_vmo *vmo, loff_t start, loff_t end, bool restarts)
{
	pgoff_t last = min_t(pgoff_t, end >> PAGE_SHIFT, ZXP_MAX_VMO_PAGES - 1);
	pgoff_t nr_pages = zxp_vmo_pages(vmo);

	if (!(vmo->flags & ZXP_CREATE_SYNC))
		return 0;
	return zxp_sync_wait(vmo->source, min_t(pgoff_t, start >> PAGE_SHIFT, nr_pages),
			     min(last + 1, nr_pages), restarts);
}

/**
 * zxp_vmo_sync() - the same, and tell of errors
 * @file: a file of the VMO
 * @start: first byte
 * @end: the last one
 * @restarts: as for zxp_sync_wait()
 *
 * Return: as zxp_vmo_sync_wait(); an error of the daemon that came while nobody waited,
 * which is told once to each file; -EIO memory has failed, told likewise.
 */
int zxp_vmo_sync(struct file *file, loff_t start, loff_t end, bool restarts)
{
	int ret = zxp_vmo_sync_wait(zxp_vmo_of(file_inode(file)), start, end, restarts);
	int err;

	if (ret == -ERESTARTNOINTR)
		return ret;
	err = file_check_and_advance_wb_err(file);
	return ret ?: err;
}

/* Wait, and keep note of a FAIL code. */
int zxp_io_wait(struct zxp_vmo *vmo, struct zxp_request *request, pgoff_t index)
{
	int ret = zxp_request_wait(vmo->source, request, TASK_INTERRUPTIBLE);

	if (ret && ret != -ERESTARTNOINTR)
		zxp_vmo_note_failure(vmo, index, ret);
	return ret;
}

/*
 * Wait for the page at @index, and for what is missing behind it up to @end. One
 * request goes on through several such waits while the daemon supplies piece by
 * piece. 0: look again.
 */
int zxp_read_wait(struct zxp_vmo *vmo, struct zxp_request *request,
		  pgoff_t index, pgoff_t end, unsigned long generation)
{
	struct zxp_source *source = vmo->source;
	int ret = -ENOENT;

	if (request->task) {
		ret = zxp_request_continue(source, request, index, generation);
		if (ret && ret != -ENOENT && ret != -EAGAIN && ret != -EINTR)
			zxp_vmo_note_failure(vmo, index, ret);
	}
	if (ret == -ENOENT)
		ret = zxp_request_start(source, request, ZXP_REQUEST_READ, index,
					zxp_vmo_missing_end(vmo, index, end),
					true, generation);
	if (ret)
		return ret == -EAGAIN ? 0 : ret;
	return zxp_io_wait(vmo, request, index);
}

/* Ask for the run of pages that begins at @index, and wait. 0: look again. */
static int zxp_write_wait(struct zxp_vmo *vmo, enum zxp_request_type type,
			  pgoff_t index, pgoff_t end, unsigned long generation)
{
	struct zxp_request request;
	int ret;

	end = type == ZXP_REQUEST_READ ? zxp_vmo_missing_end(vmo, index, end) :
					 zxp_vmo_undirtied_end(vmo, index, end);
	ret = zxp_request_start(vmo->source, &request, type, index, end, false,
				generation);
	if (ret)
		return ret == -EAGAIN ? 0 : ret;
	return zxp_io_wait(vmo, &request, index);
}

/**
 * zxp_vmo_folio_for_write() - the folio of a page that is to be written
 * @vmo: the VMO
 * @index: the page
 * @end: what is wanted with it if the daemon has to be asked
 * @nowait: -EAGAIN instead of waiting for anything
 *
 * A missing page is asked for even if all of it is going to be overwritten.
 *
 * Return: the folio, locked and dirty, with a reference; or -ERANGE behind the
 * end, -ENOMEM, -EAGAIN, -ESTALE, -EINTR, -ERESTARTNOINTR, -EHWPOISON if what it
 * held is lost, or a FAIL code.
 */
noinline struct folio *zxp_vmo_folio_for_write(struct zxp_vmo *vmo,
					       pgoff_t index, pgoff_t end,
					       bool nowait)
{
	enum zxp_request_type type;
	unsigned long generation;
	struct folio *folio;
	int ret, tries = ZXP_MEMORY_TRIES;

	for (;;) {
		generation = zxp_vmo_generation(vmo);
		end = min(end, zxp_vmo_pages(vmo));
		if (index >= end)
			return ERR_PTR(-ERANGE);

		folio = nowait ? zxp_vmo_trylock_folio(vmo, index) :
				 zxp_vmo_lock_folio(vmo, index);
		if (IS_ERR(folio))
			return folio;
		if (folio && zxp_vmo_drop_poisoned(vmo, folio, index)) {
			folio_unlock(folio);
			folio_put(folio);
			continue;
		}
		if (folio) {
			ret = index < zxp_vmo_pages(vmo) ?
			      zxp_vmo_prepare_write(vmo, folio) : -ERANGE;
			if (!ret && !zxp_folio_poisoned(folio, index))
				return folio;
			if (!ret)
				ret = -EHWPOISON;
			folio_unlock(folio);
			folio_put(folio);
			if ((ret == -ENOMEM || ret == -EBUSY) && nowait)
				return ERR_PTR(-EAGAIN);
			if (ret == -EBUSY)
				ret = zxp_vmo_keep(vmo, index);
			if (!ret)
				continue;
			if (ret == -ENOMEM && tries-- && zxp_vmo_reserve(vmo))
				continue;
			if (ret != -EAGAIN)
				return ERR_PTR(ret);
			type = ZXP_REQUEST_DIRTY;
		} else if (!zxp_vmo_is_zero(vmo, index)) {
			type = ZXP_REQUEST_READ;
		} else if (zxp_vmo_traps(vmo)) {
			type = ZXP_REQUEST_DIRTY;
		} else {
			ret = zxp_vmo_fill_zero(vmo, index, nowait);
			if (ret)
				return ERR_PTR(ret);
			continue;
		}

		ret = nowait ? -EAGAIN :
		      zxp_write_wait(vmo, type, index, end, generation);
		if (ret)
			return ERR_PTR(ret);
	}
}
ALLOW_ERROR_INJECTION(zxp_vmo_folio_for_write, ERRNO);
