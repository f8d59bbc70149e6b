// SPDX-License-Identifier: GPL-2.0
/*
 * Take one page out of the mappings of a child, when it sees another one there.
 *
 * They are found by the root, which has those of all its children. But who changes a page of a
 * child need not look at those of others, of which there may be thousands, if he knows all that
 * the child has. Each mmap(), fork() and fault notes where it was. If as many mappings are found
 * there as the child has, these are all.
 */
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "child.h"

/* Of a child that has more mappings those of all its family are looked at. */
#define ZXP_MAPPINGS_MAX	8

/**
 * struct zxp_mappings - where a child is mapped, perhaps
 * @lock: protects what follows
 * @at: a process, which is held but may have ended, and an address in it; or NULL
 * @next: the one that is overwritten next
 */
struct zxp_mappings {
	spinlock_t lock;		/* see above */
	struct zxp_mapping {
		struct mm_struct *mm;
		unsigned long addr;
	} at[ZXP_MAPPINGS_MAX];
	unsigned int next;
};

/**
 * struct zxp_mapped - mappings of a child that were found, and stay what and where they are
 * @mm: processes that have them, with mmap_lock and a reference
 * @nr_mms: how many
 * @vma: the mappings
 * @nr: how many
 */
struct zxp_mapped {
	struct mm_struct *mm[ZXP_MAPPINGS_MAX];
	unsigned int nr_mms;
	struct vm_area_struct *vma[ZXP_MAPPINGS_MAX];
	unsigned int nr;
};

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

static bool zxp_mapping_is(const struct zxp_mapping *at, struct mm_struct *mm,
			   unsigned long addr)
{
	return READ_ONCE(at->mm) == mm && READ_ONCE(at->addr) == addr;
}

/* One more, unless it is there already. */
static void zxp_mappings_add(struct zxp_mappings *mappings, struct mm_struct *mm,
			     unsigned long addr)
{
	struct mm_struct *old;
	unsigned int i;

	for (i = 0; i < ZXP_MAPPINGS_MAX; i++)
		if (zxp_mapping_is(&mappings->at[i], mm, addr))
			return;
	mmgrab(mm);
	spin_lock(&mappings->lock);
	/* One that is of nobody any more; or else the one that has been there for longest. */
	for (i = 0; i < ZXP_MAPPINGS_MAX; i++) {
		old = mappings->at[i].mm;
		if (!old || !atomic_read(&old->mm_users))
			break;
	}
	if (i == ZXP_MAPPINGS_MAX)
		i = mappings->next++ % ZXP_MAPPINGS_MAX;
	old = mappings->at[i].mm;
	WRITE_ONCE(mappings->at[i].mm, mm);
	WRITE_ONCE(mappings->at[i].addr, addr);
	spin_unlock(&mappings->lock);
	if (old)
		mmdrop(old);
}

/* Without memory they are not known. */
static struct zxp_mappings *zxp_child_make_mappings(struct zxp_child *child)
{
	struct zxp_mappings *new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT | __GFP_NORETRY |
						     __GFP_NOWARN);
	struct zxp_mappings *old;

	if (!new)
		return NULL;
	spin_lock_init(&new->lock);
	old = cmpxchg(&child->mappings, NULL, new);
	if (!old)
		return new;
	kfree(new);
	return old;
}

/**
 * zxp_child_note_mapping() - a child is mapped
 * @child: the child
 * @vma: where; mmap_lock, or the lock of the VMA, is held
 * @another: besides one that was there, though its file may not be held yet
 */
void zxp_child_note_mapping(struct zxp_child *child, struct vm_area_struct *vma, bool another)
{
	/* What is in it is seen by who sees it: pairs with cmpxchg(). */
	struct zxp_mappings *mappings = smp_load_acquire(&child->mappings);
	bool noted = READ_ONCE(child->mapped_mm) == vma->vm_mm &&
		     READ_ONCE(child->mapped_at) == vma->vm_start;
	struct mm_struct *mm;

	if (!mappings && (another || zxp_child_mappings(child) > 1)) {
		mappings = zxp_child_make_mappings(child);
		/* The one that was the only one so far; of a fork() that is the caller's. */
		mm = READ_ONCE(child->mapped_mm);
		if (mappings && mm && (mm == vma->vm_mm || mm == current->mm))
			zxp_mappings_add(mappings, mm, READ_ONCE(child->mapped_at));
	}
	if (mappings)
		zxp_mappings_add(mappings, vma->vm_mm, vma->vm_start);
	if (noted)
		return;
	/* Nobody relies on these two being of one mapping. */
	WRITE_ONCE(child->mapped_mm, vma->vm_mm);
	WRITE_ONCE(child->mapped_at, vma->vm_start);
}

/* The child ends. */
void zxp_child_forget_mappings(struct zxp_child *child)
{
	unsigned int i;

	if (!child->mappings)
		return;
	for (i = 0; i < ZXP_MAPPINGS_MAX; i++)
		if (child->mappings->at[i].mm)
			mmdrop(child->mappings->at[i].mm);
	kfree(child->mappings);
}

/*
 * Who locks mmap_lock may wait for what the caller has locked, so that is tried only. Nor is the
 * last reference given up here, which would end all of the process's mappings.
 */
static bool zxp_mapped_lock(struct zxp_mapped *mapped, struct mm_struct *mm)
{
	unsigned int i;

	for (i = 0; i < mapped->nr_mms; i++)
		if (mapped->mm[i] == mm)
			return true;
	if (mapped->nr_mms == ZXP_MAPPINGS_MAX || !mmget_not_zero(mm))
		return false;
	if (!mmap_read_trylock(mm)) {
		mmput_async(mm);
		return false;
	}
	mapped->mm[mapped->nr_mms++] = mm;
	return true;
}

static void zxp_mapped_unlock(struct zxp_mapped *mapped)
{
	while (mapped->nr_mms--) {
		mmap_read_unlock(mapped->mm[mapped->nr_mms]);
		mmput_async(mapped->mm[mapped->nr_mms]);
	}
}

/* Is there one, which may have been found? A private one has copies, which stay. */
static struct vm_area_struct *zxp_mapped_add(struct zxp_mapped *mapped,
					     struct zxp_child *child, struct mm_struct *mm,
					     unsigned long addr)
{
	struct vm_area_struct *vma = vma_lookup(mm, addr);
	unsigned int i;

	if (!vma || vma->vm_file != child->map || !(vma->vm_flags & VM_MAYSHARE))
		return NULL;
	for (i = 0; i < mapped->nr; i++)
		if (mapped->vma[i] == vma)
			return vma;
	if (mapped->nr == ZXP_MAPPINGS_MAX)
		return NULL;
	mapped->vma[mapped->nr++] = vma;
	return vma;
}

/* What was one when it was noted may be in parts by now. */
static void zxp_mapped_find(struct zxp_mapped *mapped, struct zxp_child *child,
			    struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma, *part;

	if (!zxp_mapped_lock(mapped, mm))
		return;
	vma = zxp_mapped_add(mapped, child, mm, addr);
	for (part = vma; part; part = zxp_mapped_add(mapped, child, mm, part->vm_end))
		;
	for (part = vma; part; part = zxp_mapped_add(mapped, child, mm, part->vm_start - 1))
		;
}

static void zxp_mapped_find_all(struct zxp_mapped *mapped, struct zxp_child *child)
{
	/* What is in it is seen by who sees it: pairs with cmpxchg(). */
	struct zxp_mappings *mappings = smp_load_acquire(&child->mappings);
	struct mm_struct *mm = current->mm;
	unsigned int i;

	if (mm && mm == READ_ONCE(child->mapped_mm))
		zxp_mapped_find(mapped, child, mm, READ_ONCE(child->mapped_at));
	if (!mappings)
		return;
	spin_lock(&mappings->lock);
	for (i = 0; i < ZXP_MAPPINGS_MAX; i++)
		if (mappings->at[i].mm)
			zxp_mapped_find(mapped, child, mappings->at[i].mm,
					mappings->at[i].addr);
	spin_unlock(&mappings->lock);
}

/*
 * Take the page out of all mappings that were noted, or of none. While their locks are held a
 * fork(), or another mapping, comes later, when the new page is seen. Return: whether there
 * are no others.
 */
static bool zxp_child_unmap_noted(struct zxp_child *child, pgoff_t index,
				  struct vm_fault *vmf)
{
	struct zxp_mapped mapped = {};
	struct vm_area_struct *vma;
	unsigned int i;
	bool all;

	if (zxp_child_mappings(child) > ZXP_MAPPINGS_MAX)
		return false;
	/* That is locked by the fault. */
	if (vmf)
		mapped.vma[mapped.nr++] = vmf->vma;
	zxp_mapped_find_all(&mapped, child);
	all = mapped.nr == zxp_child_mappings(child);
	for (i = 0; all && i < mapped.nr; i++) {
		vma = mapped.vma[i];
		if (index < vma->vm_pgoff || index - vma->vm_pgoff >= vma_pages(vma))
			continue;
		if (!vmf || vma != vmf->vma || zxp_fault_has_entry(vmf))
			zxp_zap_range(vma, vma->vm_start +
				      ((index - vma->vm_pgoff) << PAGE_SHIFT), PAGE_SIZE);
	}
	zxp_mapped_unlock(&mapped);
	return all;
}

/**
 * zxp_child_unmap_fault() - a fault has changed what a child sees
 * @child: the child; it sees another page already, and what it saw is locked
 * @vmf: the fault of a shared mapping that is for this page
 *
 * That costs the same however many siblings have the page mapped, if the mappings of the child
 * are known.
 *
 * Return: false if others may have it mapped, and zxp_child_unmap_page() is to follow.
 */
bool zxp_child_unmap_fault(struct zxp_child *child, struct vm_fault *vmf)
{
	if (vmf->vma->vm_file != child->map)
		return false;
	if (zxp_child_mappings(child) > 1)
		return zxp_child_unmap_noted(child, vmf->pgoff, vmf);
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
	if (zxp_child_mappings(child) && !zxp_child_unmap_noted(child, index, NULL))
		unmap_mapping_pages(child->root->inode.i_mapping, index, 1, false);
}
