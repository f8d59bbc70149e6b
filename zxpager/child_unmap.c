// SPDX-License-Identifier: GPL-2.0
/*
 * Take one page out of the mappings of a child, when it sees another one there.
 *
 * They are found by the root, which has those of all its children. But who stores by the
 * only mapping that his child has need not look at those of others: there may be thousands.
 * Nor need who writes by a call, or COMMITs, if that mapping is one of his own.
 */
#include <linux/mm.h>
#include <linux/mm_inline.h>

#include "child.h"

/*
 * How many mappings it has at most. Each holds the file; so does each slice, however many
 * mappings that has, and others do for a moment.
 */
static unsigned long zxp_child_mappings(struct zxp_child *child)
{
	unsigned long holders = file_count(child->map);

	/* Pairs with zxp_child_put_map(). */
	smp_rmb();
	return holders - READ_ONCE(child->open);
}

/*
 * May the page table have something where the fault was, or a processor know it still? Who
 * has just changed what the child sees there, and held the lock of the folio that it saw,
 * knows: what comes into the table later is the new page. Who has taken an entry out and not
 * told all processors yet has said so before, under the lock of the table.
 */
static bool zxp_fault_has_entry(struct vm_fault *vmf)
{
	struct mm_struct *mm = vmf->vma->vm_mm;
	pmd_t pmd;
	bool has;

	rcu_read_lock();
	pmd = READ_ONCE(*vmf->pmd);
	if (pmd_none(pmd)) {
		has = mm_tlb_flush_pending(mm);
	} else if (pmd_leaf(pmd) || pmd_bad(pmd)) {
		has = true;
	} else {
		spin_lock(pte_lockptr(mm, &pmd));
		has = !pte_none(READ_ONCE(*pte_offset_kernel(&pmd, vmf->address))) ||
		      mm_tlb_flush_pending(mm);
		spin_unlock(pte_lockptr(mm, &pmd));
	}
	rcu_read_unlock();
	return has;
}

/**
 * zxp_child_note_mapping() - there is a mapping, which may be the only one
 * @child: the child
 * @vma: it; mmap_lock, or the lock of the VMA, is held
 */
void zxp_child_note_mapping(struct zxp_child *child, struct vm_area_struct *vma)
{
	if (READ_ONCE(child->mapped_mm) == vma->vm_mm &&
	    READ_ONCE(child->mapped_at) == vma->vm_start)
		return;
	/* Nobody relies on these two being of one mapping. */
	WRITE_ONCE(child->mapped_mm, vma->vm_mm);
	WRITE_ONCE(child->mapped_at, vma->vm_start);
}

/*
 * Is the only mapping of a child one of the caller's, where it was last? Then there is nothing
 * in it any more. Who locks mmap_lock may wait for what the caller has locked, so that is tried
 * only. While it is held the mapping stays what and where it is, and a fork(), or another
 * mapping, comes later, when the new page is seen.
 */
static bool zxp_child_unmap_mine(struct zxp_child *child, pgoff_t index)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	bool mine;

	if (!mm || mm != READ_ONCE(child->mapped_mm) || !mmap_read_trylock(mm))
		return false;
	vma = vma_lookup(mm, READ_ONCE(child->mapped_at));
	/* A private one has copies, which stay. */
	mine = vma && vma->vm_file == child->map && vma->vm_flags & VM_SHARED &&
	       zxp_child_mappings(child) == 1;
	if (mine && index >= vma->vm_pgoff && index - vma->vm_pgoff < vma_pages(vma))
		zxp_zap_range(vma, vma->vm_start + ((index - vma->vm_pgoff) << PAGE_SHIFT),
			      PAGE_SIZE);
	mmap_read_unlock(mm);
	return mine;
}

/**
 * zxp_child_unmap_fault() - a fault has changed what a child sees
 * @child: the child; it sees another page already, and what it saw is locked
 * @vmf: the fault of a shared mapping that is for this page
 *
 * That of a child which is mapped once costs the same however many siblings have the page
 * mapped.
 *
 * Return: false if others may have it mapped, and zxp_child_unmap_page() is to follow.
 */
bool zxp_child_unmap_fault(struct zxp_child *child, struct vm_fault *vmf)
{
	if (vmf->vma->vm_file != child->map || zxp_child_mappings(child) > 1)
		return false;
	if (zxp_fault_has_entry(vmf))
		zxp_zap_range(vmf->vma, vmf->address, PAGE_SIZE);
	return true;
}

/**
 * zxp_child_unmap_page() - a child sees another page from now on
 * @child: the child; it does already
 * @index: page of the root
 */
void zxp_child_unmap_page(struct zxp_child *child, pgoff_t index)
{
	unsigned long mappings = zxp_child_mappings(child);

	if (mappings > 1 || (mappings && !zxp_child_unmap_mine(child, index)))
		unmap_mapping_pages(child->root->inode.i_mapping, index, 1, false);
}
