// SPDX-License-Identifier: GPL-2.0
/*
 * What else is mapped with the page of a fault.
 *
 * Since 6.18 whatever maps a page of a large folio maps all of it, if the mapping has room for
 * it there: ->fault, which has returned that page, and filemap_map_pages(), whatever range it
 * was asked for. That is right for a mapping of a VMO. But a copy may have pages for itself
 * that such a folio would hide, a slice may end in the middle of one, and memory of it may
 * have failed, which is looked at in one of these two ways only. Then pages are put into the
 * page table one by one, with the folio locked, and the fault is done.
 */
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/userfaultfd_k.h>

#include "access.h"

/* So many are mapped together, as by the kernel where folios are single pages. */
#define ZXP_MAP_WINDOW	16

/* Of a range, what lies in the mapping of a fault. */
static void zxp_fault_clip(struct vm_fault *vmf, pgoff_t *start, pgoff_t *end)
{
	struct vm_area_struct *vma = vmf->vma;

	*start = max(*start, vma->vm_pgoff);
	*end = min(*end, vma->vm_pgoff + vma_pages(vma));
}

/**
 * zxp_fault_widen() - what may filemap_map_pages() map?
 * @vmo: the VMO
 * @vmf: the fault
 * @start: first page of what it is asked for; afterwards of what it may map
 * @end: the page after the last one, in the same way
 *
 * How large the folios there are may change at any time, so all are taken for the largest.
 *
 * Return: false if it maps no more than it is asked for.
 */
bool zxp_fault_widen(struct zxp_vmo *vmo, struct vm_fault *vmf, pgoff_t *start, pgoff_t *end)
{
	unsigned long nr = BIT(zxp_vmo_large_order(vmo));

	if (!ZXP_MAPS_WHOLE_FOLIOS || nr == 1)
		return false;
	*start = round_down(*start, nr);
	*end = round_up(*end, nr);
	zxp_fault_clip(vmf, start, end);
	return true;
}

/**
 * zxp_fault_maps_more() - is more than a page mapped by what ->fault returns?
 * @vmf: the fault; the folio of its page is locked
 * @start: the first page of that
 * @end: the page after the last one
 *
 * Return: true if so.
 */
bool zxp_fault_maps_more(struct vm_fault *vmf, pgoff_t *start, pgoff_t *end)
{
	struct folio *folio = page_folio(vmf->page);
	bool private = !(vmf->vma->vm_flags & VM_SHARED);

	if (!ZXP_MAPS_WHOLE_FOLIOS || !folio_test_large(folio))
		return false;
	/* The page is copied. */
	if (private && vmf->flags & FAULT_FLAG_WRITE)
		return false;
	/* Those the kernel has to look at. */
	if (userfaultfd_armed(vmf->vma) || PageHWPoison(vmf->page) ||
	    (private && check_stable_address_space(vmf->vma->vm_mm)))
		return false;
	*start = folio->index;
	*end = folio_next_index(folio);
	zxp_fault_clip(vmf, start, end);
	return true;
}

/**
 * zxp_fault_window() - what is mapped with a page in place of that
 * @vmf: the fault
 * @start: first page of what zxp_fault_maps_more() told; goes towards that of the fault
 * @end: the page after the last one, in the same way
 */
void zxp_fault_window(struct vm_fault *vmf, pgoff_t *start, pgoff_t *end)
{
	pgoff_t first = round_down(vmf->pgoff, ZXP_MAP_WINDOW);
	pgoff_t in_table = (vmf->address & ~PMD_MASK) >> PAGE_SHIFT;

	*start = max(*start, first);
	*end = min(*end, first + ZXP_MAP_WINDOW);
	/* Each other page table would be memory to be waited for, with the folio locked. */
	*start = max(*start, vmf->pgoff - min(vmf->pgoff, in_table));
	*end = min(*end, vmf->pgoff - in_table + PTRS_PER_PTE);
}

/**
 * zxp_fault_insert() - map pages of a folio, and no others
 * @vmf: the fault, for a page that is one of these; its folio is locked, with a reference,
 *	and is not afterwards
 * @start: the first one
 * @end: the page after the last one
 *
 * What is mapped there already, as others have been faster, stays.
 *
 * Return: what ->fault returns.
 */
vm_fault_t zxp_fault_insert(struct vm_fault *vmf, pgoff_t start, pgoff_t end)
{
	struct folio *folio = page_folio(vmf->page);
	vm_fault_t ret = zxp_insert_page(vmf, vmf->page);
	struct page *page;
	pgoff_t index;

	for (index = start; index < end && ret == VM_FAULT_NOPAGE; index++) {
		struct vm_fault other = {
			.vma = vmf->vma,
			.address = vmf->address + ((index - vmf->pgoff) << PAGE_SHIFT),
		};

		page = folio_file_page(folio, index);
		if (index != vmf->pgoff && !PageHWPoison(page))
			zxp_insert_page(&other, page);
	}
	folio_unlock(folio);
	folio_put(folio);
	vmf->page = NULL;
	return ret;
}

/**
 * zxp_fault_finish() - map the page that ->fault of a VMO, or of a part of one, has found
 * @vmf: the fault; the folio of its page is locked, with a reference
 * @limit: what comes from this page on is not to be seen
 *
 * Return: what ->fault returns.
 */
vm_fault_t zxp_fault_finish(struct vm_fault *vmf, pgoff_t limit)
{
	pgoff_t start, end;

	if (!zxp_fault_maps_more(vmf, &start, &end) ||
	    (end <= limit && !zxp_folio_any_poisoned(page_folio(vmf->page))))
		return VM_FAULT_LOCKED;
	zxp_fault_window(vmf, &start, &end);
	return zxp_fault_insert(vmf, start, min(end, limit));
}
