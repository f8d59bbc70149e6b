/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Floor 6, change: what writes to a VMO, and what makes it durable.
 */
#ifndef _ZXPAGER_CHANGE_H
#define _ZXPAGER_CHANGE_H

#include "content.h"

/* stream.c */

/* Before i_size and pages are looked at without a lock. */
static inline unsigned long zxp_vmo_cuts(struct zxp_vmo *vmo)
{
	return smp_load_acquire(&vmo->cuts);	/* see zxp_vmo_set_sizes_locked() */
}

/* Afterwards: may what was seen be that of another time? */
static inline bool zxp_vmo_was_cut(struct zxp_vmo *vmo, unsigned long cuts)
{
	smp_rmb();	/* the pages, then the count */
	return READ_ONCE(vmo->cuts) != cuts;
}

loff_t zxp_vmo_stream_size(struct zxp_vmo *vmo, unsigned long *cuts);
bool zxp_vmo_advance_stream(struct zxp_vmo *vmo, loff_t pos, unsigned long cuts);
int zxp_vmo_uncover_locked(struct zxp_vmo *vmo, loff_t size);
int zxp_vmo_extend_stream(struct zxp_vmo *vmo, loff_t size, unsigned long cuts);
int zxp_vmo_prepare_cut(struct zxp_vmo *vmo, loff_t size);
int zxp_vmo_cut_stream_locked(struct zxp_vmo *vmo, loff_t size, pgoff_t nr_pages);
int zxp_vmo_set_stream_size(struct zxp_vmo *vmo, u64 size);

/* clear.c */

/**
 * struct zxp_spares - nodes for zero ranges
 * @split: for a range that is split
 * @add: for another one that takes its place
 * @limited: none is to be added over the limit
 */
struct zxp_spares {
	struct zxp_zero_range *split;
	struct zxp_zero_range *add;
	bool limited;
};

/**
 * enum zxp_clear_how - what becomes of zeroes for which there are too many ranges
 * @ZXP_CLEAR_ALWAYS: there is no limit for these, which go with a change of a size
 * @ZXP_CLEAR_ZERO: if they are few, pages of zeroes; else the call fails
 * @ZXP_CLEAR_DISCARD: the call is not supported there
 */
enum zxp_clear_how {
	ZXP_CLEAR_ALWAYS,
	ZXP_CLEAR_ZERO,
	ZXP_CLEAR_DISCARD,
};

int zxp_vmo_get_spares(struct zxp_vmo *vmo, struct zxp_spares *spares, gfp_t gfp);
void zxp_spares_free(struct zxp_spares *spares);
void zxp_vmo_zero_beyond(struct zxp_vmo *vmo, struct folio *folio, loff_t from, loff_t to);
int zxp_vmo_clear_part(struct zxp_vmo *vmo, loff_t from, loff_t to, bool beyond);
int zxp_vmo_clear_run_locked(struct zxp_vmo *vmo, pgoff_t start, pgoff_t end,
			     enum zxp_zero_kind kind, unsigned int keep,
			     bool beyond, struct zxp_spares *spares);
int zxp_vmo_clear_gap(struct zxp_vmo *vmo, loff_t pos);
int zxp_vmo_clear(struct zxp_vmo *vmo, u64 offset, u64 length,
		  enum zxp_clear_how how);

/* ask.c */
int zxp_vmo_sync_wait(struct zxp_vmo *vmo, loff_t start, loff_t end, bool restarts);
int zxp_vmo_sync(struct file *file, loff_t start, loff_t end, bool restarts);
int zxp_io_wait(struct zxp_vmo *vmo, struct zxp_request *request, pgoff_t index);
int zxp_read_wait(struct zxp_vmo *vmo, struct zxp_request *request,
		  pgoff_t index, pgoff_t end, unsigned long generation);
/* Why there is no folio to write to: a page that is lost is EIO, as when reading it. */
static inline int zxp_write_error(struct folio *folio)
{
	return folio == ERR_PTR(-EHWPOISON) ? -EIO : PTR_ERR(folio);
}

struct folio *zxp_vmo_folio_for_write(struct zxp_vmo *vmo, pgoff_t index,
				      pgoff_t end, bool nowait);

/* There was no more to be done to it. What was cut off meanwhile is not needed any more. */
static inline int zxp_commit_end(struct folio *folio)
{
	if (IS_ERR(folio))
		return folio == ERR_PTR(-ERANGE) ? 0 : zxp_write_error(folio);
	folio_unlock(folio);
	folio_put(folio);
	return 0;
}

/* rescue.c */
int zxp_vmo_rescue(struct zxp_vmo *vmo, pgoff_t start, pgoff_t stop, pgoff_t end);

/* writeback.c */
int zxp_vmo_writeback(struct zxp_vmo *vmo, struct zxp_op_range *args, unsigned long epoch);

#endif /* _ZXPAGER_CHANGE_H */
