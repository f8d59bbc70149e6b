// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Zeroes that are mapped
 *
 * Who reads a zero range through a mapping gets one and the same page, whatever place it
 * is at: a page of the VMO that is in no cache. So the range takes no memory, and stays
 * what it is. The ZERO_PAGE of the kernel is not for this: shared writable mappings of
 * files cannot have it.
 *
 * Nobody may go on seeing that page once there is another one. A fault that has found
 * nothing but zeroes puts it into a page table a little later, when the range may have
 * become a page, and no look at the mappings in between would find it. So such a fault
 * holds the lock of the page of zeroes from before it looks until it has mapped it::
 *
 *	fault					who puts a page in
 *	-----					------------------
 *	lock the page of zeroes			put the page in, locked
 *	no page there, and is it zero?		lock the page of zeroes, and unlock it
 *	map it					take it out of the page tables there
 *	unlock it				unlock the page
 *
 * Either the fault sees the page, or the other one sees what the fault has mapped. As
 * long as a page is in the cache no mapping has zeroes in its place.
 *
 * That is all: zeroes that cease to be a range without a page, as at WRITEBACK_END, may
 * go on being read, as in Zircon. The page of zeroes is not written to: a store to it
 * comes to ->page_mkwrite, see fault.c.
 *
 * Its mapping is NULL, and it is on no list of reclaim. What the kernel does to pages of
 * files passes it by, then: migration, collapsing, MADV_PAGEOUT.
 */
#include "content.h"

/* So many references leave enough for what does not ask, as fork() does. */
#define ZXP_ZERO_MAX_REFS	((int)BIT(30))

static struct folio *zxp_vmo_get_zero_folio(struct zxp_vmo *vmo)
{
	struct folio *folio;

	spin_lock(&vmo->zero_lock);
	folio = vmo->zero_folio;
	if (folio)
		folio_get(folio);
	spin_unlock(&vmo->zero_lock);
	return folio;
}

/* The first fault that needs it makes it, and is charged for it. */
static struct folio *zxp_vmo_make_zero_folio(struct zxp_vmo *vmo)
{
	struct folio *folio, *new;

	new = zxp_filemap_alloc_folio(GFP_KERNEL_ACCOUNT | __GFP_ZERO, 0);
	if (!new)
		return NULL;
	spin_lock(&vmo->zero_lock);
	folio = vmo->zero_folio ?: new;
	WRITE_ONCE(vmo->zero_folio, folio);
	folio_get(folio);
	spin_unlock(&vmo->zero_lock);
	if (folio != new)
		folio_put(new);
	return folio;
}

/* Its memory has failed, or there might soon be more references than can be counted. */
static bool zxp_folio_is_worn(struct folio *folio)
{
	return folio_test_hwpoison(folio) ||
	       folio_ref_count(folio) >= ZXP_ZERO_MAX_REFS;
}

/*
 * It is locked, so nobody maps it anew. It leaves all page tables before it is replaced:
 * so those who put pages in have to care for the one of this moment only.
 */
static void zxp_vmo_retire_zero_folio(struct zxp_vmo *vmo, struct folio *folio)
{
	unmap_mapping_range(vmo->inode.i_mapping, 0, 0, 0);
	spin_lock(&vmo->zero_lock);
	WRITE_ONCE(vmo->zero_folio, NULL);
	spin_unlock(&vmo->zero_lock);
	folio_put(folio);
}

/**
 * zxp_vmo_lock_zero_folio() - the page of zeroes, before it is mapped
 * @vmo: the VMO
 *
 * The caller looks with zxp_vmo_absent() whether it is still what there is.
 *
 * Return: the folio, locked and with a reference; NULL without memory.
 */
struct folio *zxp_vmo_lock_zero_folio(struct zxp_vmo *vmo)
{
	struct folio *folio;

	while ((folio = zxp_vmo_get_zero_folio(vmo) ?:
			zxp_vmo_make_zero_folio(vmo))) {
		folio_lock(folio);
		/* What is current stays so while it is locked. */
		if (folio == READ_ONCE(vmo->zero_folio)) {
			if (!zxp_folio_is_worn(folio))
				break;
			zxp_vmo_retire_zero_folio(vmo, folio);
		}
		folio_unlock(folio);
		folio_put(folio);
	}
	return folio;
}

/**
 * zxp_vmo_settle_zeroes() - wait for faults that are about to map zeroes
 * @vmo: the VMO; if anything of it is locked, then in the order of locks
 *
 * Those that come later see what was done before this call.
 *
 * Return: whether zeroes may be mapped anywhere.
 */
bool zxp_vmo_settle_zeroes(struct zxp_vmo *vmo)
{
	struct folio *folio;
	bool mapped;

	/*
	 * What the caller has done, then the look. Whoever makes the page locks it, and
	 * then looks at what the caller has done.
	 */
	smp_mb();
	if (!READ_ONCE(vmo->zero_folio))
		return false;
	folio = zxp_vmo_get_zero_folio(vmo);
	if (!folio)
		return false;
	folio_lock(folio);
	mapped = zxp_folio_may_be_seen(folio, 1);
	folio_unlock(folio);
	folio_put(folio);
	return mapped;
}

/**
 * zxp_vmo_unmap_zeroes_locked() - zeroes of a range are not to be read any more
 * @vmo: the VMO
 * @start: first page
 * @nr: how many; there is a locked folio everywhere, or nothing that reads as zero
 */
void zxp_vmo_unmap_zeroes_locked(struct zxp_vmo *vmo, pgoff_t start, pgoff_t nr)
{
	lockdep_assert_held(&vmo->content_lock);

	if (zxp_vmo_settle_zeroes(vmo))
		unmap_mapping_pages(vmo->inode.i_mapping, start, nr, false);
}

/* At the end of a VMO. Who has pinned it keeps it. */
void zxp_vmo_put_zero_folio(struct zxp_vmo *vmo)
{
	if (vmo->zero_folio)
		folio_put(vmo->zero_folio);
	vmo->zero_folio = NULL;
}
