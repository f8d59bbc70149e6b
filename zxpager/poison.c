// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that fails.
 *
 * What is clean goes, and the daemon is asked for it again. What is unwritten is nowhere
 * else: a daemon that was asked would give old content, and END would say of a page that
 * is lost that it is stored. So the failed page *stays*, unwritten, until all of it is
 * written, zeroed or cut off. Till then reads and stores are EIO or SIGBUS, BEGIN and END
 * leave it out, and the query reports it with %ZXP_DIRTY_RANGE_IS_POISONED, so that one bad
 * page does not fail everything. Whoever syncs is told, once for each open file.
 *
 * It is never used again: what is written goes to a new page. Mappings that had the old
 * one keep their SIGBUS until they go.
 */
#include <linux/migrate.h>

#include "content.h"

/*
 * The kernel is told that all is well, which it does not believe as the page is still
 * there. It has set the error itself for what is dirty.
 */
int zxp_error_remove(struct address_space *mapping, struct zxp_error_page *page)
{
	struct folio *folio = zxp_error_folio(page);

	if (!zxp_folio_unwritten(folio))
		zxp_vmo_remove_folio(zxp_vmo_of(mapping->host), folio);
	else if (!folio_test_dirty(folio))
		mapping_set_error(mapping, -EIO);
	return 0;
}

/* What has failed is not copied to where it would look sound. */
int zxp_migrate_folio(struct address_space *mapping, struct folio *dst,
		      struct folio *src, enum migrate_mode mode)
{
	if (zxp_folio_any_poisoned(src))
		return -EBUSY;
	return filemap_migrate_folio(mapping, dst, src, mode);
}

/**
 * zxp_vmo_drop_poisoned() - a page has failed that the daemon has
 * @vmo: the VMO
 * @folio: a locked folio of it
 * @index: the page
 *
 * The kernel takes it out itself, but not always, and not at once.
 *
 * Return: whether it was taken out; the caller looks again.
 */
bool zxp_vmo_drop_poisoned(struct zxp_vmo *vmo, struct folio *folio, pgoff_t index)
{
	if (!zxp_folio_poisoned(folio, index) || zxp_folio_unwritten(folio))
		return false;
	zxp_vmo_remove_folio(vmo, folio);
	return true;
}

/*
 * The new page must get in where the old one was, whatever that costs. So it may go beyond
 * limits, and takes from what is there for such cases. Only when that is used up, too,
 * memory is waited for here. Who looks in between asks the daemon, whose answer finds the
 * new page there.
 */
static void zxp_vmo_replace_locked(struct zxp_vmo *vmo, struct folio *new,
				   pgoff_t index)
{
	struct folio *folio = zxp_vmo_lock_folio(vmo, index);
	gfp_t gfp = mapping_gfp_mask(vmo->inode.i_mapping);
	bool poisoned;
	int ret;

	lockdep_assert_held(&vmo->content_lock);

	if (!folio)
		return;
	/* If there is another snapshot since, the caller finds that it is broken. */
	poisoned = folio_test_hwpoison(folio) && !zxp_vmo_must_keep(vmo, index);
	if (poisoned)
		zxp_vmo_remove_folio(vmo, folio);
	folio_unlock(folio);
	folio_put(folio);
	if (!poisoned)
		return;

	ret = zxp_vmo_insert_folio_locked(vmo, new, index,
					  ZXP_GFP_LOCKED(gfp) | __GFP_HIGH);
	if (ret == -ENOMEM)
		ret = zxp_vmo_insert_folio_locked(vmo, new, index,
						  gfp | __GFP_NOFAIL);
	if (ret)
		return;
	/* Before anybody can take it for what the daemon has. */
	zxp_dirty_folio(new->mapping, new);
	folio_unlock(new);
	if (vmo->source)
		zxp_source_resolve(vmo->source, ZXP_REQUEST_READ, index, index + 1);
}

/**
 * zxp_vmo_replace_poisoned() - put a page where one was lost
 * @vmo: the VMO; nothing of it is locked
 * @new: a single page with content, that no one else knows; it becomes dirty
 * @index: a page whose memory has failed
 *
 * Return: 0 to look again; -EINTR.
 */
int zxp_vmo_replace_poisoned(struct zxp_vmo *vmo, struct folio *new, pgoff_t index)
{
	int ret = mutex_lock_killable(&vmo->content_lock);

	if (ret)
		return ret;
	zxp_vmo_replace_locked(vmo, new, index);
	mutex_unlock(&vmo->content_lock);
	return 0;
}
