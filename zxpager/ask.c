// SPDX-License-Identifier: GPL-2.0
/*
 * Asking the daemon on behalf of a read or a write, and waiting for the answer.
 *
 * No lock is held while waiting.
 */
#include <linux/error-injection.h>

#include "change.h"

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
		if (ret && ret != -ENOENT && ret != -EAGAIN)
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
 * @nowait: -EAGAIN instead of waiting for the daemon
 *
 * A missing page is asked for even if all of it is going to be overwritten.
 *
 * Return: the folio, locked and dirty, with a reference; or -ERANGE behind the
 * end, -ENOMEM, -EAGAIN, -ESTALE, -ERESTARTNOINTR, or a FAIL code.
 */
noinline struct folio *zxp_vmo_folio_for_write(struct zxp_vmo *vmo,
					       pgoff_t index, pgoff_t end,
					       bool nowait)
{
	enum zxp_request_type type;
	unsigned long generation;
	struct folio *folio;
	int ret;

	for (;;) {
		generation = zxp_vmo_generation(vmo);
		end = min(end, zxp_vmo_pages(vmo));
		if (index >= end)
			return ERR_PTR(-ERANGE);

		folio = zxp_vmo_lock_folio(vmo, index);
		if (folio) {
			ret = index < zxp_vmo_pages(vmo) ?
			      zxp_vmo_prepare_write(vmo, folio) : -ERANGE;
			if (!ret)
				return folio;
			folio_unlock(folio);
			folio_put(folio);
			if (ret == -EBUSY) {
				ret = nowait ? -EAGAIN :
				      zxp_vmo_split(vmo, index);
				if (!ret)
					continue;
			}
			if (ret != -EAGAIN)
				return ERR_PTR(ret);
			type = ZXP_REQUEST_DIRTY;
		} else if (!zxp_vmo_is_zero(vmo, index)) {
			type = ZXP_REQUEST_READ;
		} else if (zxp_vmo_traps(vmo)) {
			type = ZXP_REQUEST_DIRTY;
		} else {
			ret = zxp_vmo_fill_zero(vmo, index);
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
