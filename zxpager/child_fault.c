// SPDX-License-Identifier: GPL-2.0
/*
 * Faults of mappings of a child. Their file is the child's map file, and their pages are
 * numbered as those of the root.
 *
 * The kernel lets a mapping grow without asking, so what lies behind the child is looked at
 * with each fault.
 */
#include <linux/mm.h>

#include "child.h"

/* A load of zeroes. 0: look again. */
static vm_fault_t zxp_child_map_zero(struct zxp_child *child, struct vm_fault *vmf)
{
	struct folio *folio = zxp_vmo_lock_zero_folio(child->root);

	if (!folio)
		return zxp_fault_reserve(child->root);
	if (!zxp_child_is_zero(child, vmf->pgoff)) {
		folio_unlock(folio);
		folio_put(folio);
		return 0;
	}
	vmf->page = folio_page(folio, 0);
	return VM_FAULT_LOCKED;
}

/* Others change which layer is on which. 0: look again. */
static vm_fault_t zxp_child_wait_tree(struct zxp_child *child, struct zxp_fault_access *access)
{
	struct mutex *lock = &zxp_child_family(child)->tree_lock;
	vm_fault_t fault = zxp_fault_lock(access, lock);

	if (!fault)
		mutex_unlock(lock);
	return fault;
}

/* It could not have a page of its own. 0: look again. */
static vm_fault_t zxp_child_fork_failed(struct zxp_child *child,
					struct zxp_fault_access *access, int ret)
{
	switch (ret) {
	case -EHWPOISON:
		return VM_FAULT_HWPOISON;
	case -ERANGE:
		return VM_FAULT_SIGBUS;
	case -EAGAIN:
		return zxp_child_misses(child, access->vmf->pgoff) ?
		       zxp_fault_ask(access, ZXP_REQUEST_READ) : 0;
	case -EBUSY:
		return zxp_child_wait_tree(child, access);
	default:
		return zxp_fault_reserve(child->root);
	}
}

/* A page of its own, to be stored to. 0: look again. */
static vm_fault_t zxp_child_fault_fork(struct zxp_child *child, struct zxp_fault_access *access)
{
	struct folio *new = zxp_own_alloc(false), *own;
	struct vm_fault *vmf = access->vmf;
	vm_fault_t fault;
	int ret;

	if (!new)
		return VM_FAULT_OOM;
	fault = zxp_fault_lock(access, &child->content_lock);
	if (!fault) {
		ret = zxp_child_fork_locked(child, vmf->pgoff, new, vmf, &own);
		mutex_unlock(&child->content_lock);
		if (ret) {
			fault = zxp_child_fork_failed(child, access, ret);
		} else {
			vmf->page = folio_page(own, 0);
			fault = VM_FAULT_LOCKED;
		}
	}
	folio_put(new);
	return fault;
}

/* There is a folio, locked, or none. 0: look again; it is not locked any more. */
static vm_fault_t zxp_child_fault_at(struct zxp_child *child, struct zxp_fault_access *access,
				     enum zxp_seen seen, struct folio *folio)
{
	struct vm_fault *vmf = access->vmf;
	bool writes = zxp_fault_writes(vmf), lost, dropped = false;

	if (seen == ZXP_SEEN_LOST)
		return VM_FAULT_SIGBUS;
	if (!folio) {
		if (zxp_child_misses(child, vmf->pgoff))
			return zxp_fault_ask(access, ZXP_REQUEST_READ);
		if (!zxp_child_is_zero(child, vmf->pgoff))
			return 0;
		/* Zeroes are a hole in a core dump. */
		if (zxp_task_ends() && !(current->flags & PF_EXITING))
			return VM_FAULT_SIGBUS;
		return writes ? zxp_child_fault_fork(child, access) :
				zxp_child_map_zero(child, vmf);
	}

	lost = zxp_child_lost(seen, folio, vmf->pgoff);
	if (!lost && (seen == ZXP_SEEN_TOP || !writes)) {
		vmf->page = seen == ZXP_SEEN_ROOT ? folio_file_page(folio, vmf->pgoff) :
						    folio_page(folio, 0);
		return VM_FAULT_LOCKED;
	}
	if (lost && seen == ZXP_SEEN_ROOT)
		dropped = zxp_vmo_drop_poisoned(child->root, folio, vmf->pgoff);
	folio_unlock(folio);
	folio_put(folio);
	if (lost)
		return dropped ? 0 : VM_FAULT_HWPOISON;
	return zxp_child_fault_fork(child, access);
}

/*
 * A store where there is a page. Whether that is the child's own is looked at once more by
 * ->page_mkwrite, which the kernel calls next. 0: look again, with the folio locked.
 */
static vm_fault_t zxp_child_fault_store(struct zxp_child *child,
					struct zxp_fault_access *access)
{
	struct vm_fault *vmf = access->vmf;
	struct folio *own;
	enum zxp_seen seen = zxp_child_look(child, vmf->pgoff, &own);

	if (seen == ZXP_SEEN_TOP) {
		folio_lock(own);
		if (!folio_test_hwpoison(own)) {
			vmf->page = folio_page(own, 0);
			return VM_FAULT_LOCKED;
		}
		folio_unlock(own);
	}
	if (own)
		folio_put(own);
	if (seen == ZXP_SEEN_SHARED ||
	    (seen == ZXP_SEEN_ROOT && zxp_vmo_has_page(child->root, vmf->pgoff)))
		return zxp_child_fault_fork(child, access);
	return 0;
}

/* Does it see nothing but the root in a range? The lock of the layers is held. */
static bool zxp_child_sees_root(struct zxp_child *child, pgoff_t start, pgoff_t end,
				pgoff_t limit)
{
	pgoff_t run_end = end;
	void *page;

	return end <= min(zxp_child_end(child), limit) &&
	       zxp_layer_run(child->top, start, &run_end, &page) == ZXP_SEEN_ROOT &&
	       run_end == end;
}

/*
 * There is a page, locked. Of its folio no more is mapped than what the child sees, and that
 * stays so as long as it is locked; but for zeroes, whose maker takes out what is mapped.
 */
static vm_fault_t zxp_child_fault_map(struct zxp_child *child, struct vm_fault *vmf,
				      pgoff_t limit)
{
	struct zxp_family *family = zxp_child_family(child);
	bool all, some = false;
	pgoff_t start, end;

	if (!zxp_fault_maps_more(vmf, &start, &end))
		return VM_FAULT_LOCKED;
	read_lock(&family->lock);
	all = !zxp_folio_any_poisoned(page_folio(vmf->page)) &&
	      zxp_child_sees_root(child, start, end, limit);
	if (!all) {
		zxp_fault_window(vmf, &start, &end);
		end = min3(end, zxp_child_end(child), limit);
		some = vmf->pgoff < end && zxp_layer_clip(child->top, vmf->pgoff, &start, &end);
	}
	read_unlock(&family->lock);
	if (all)
		return VM_FAULT_LOCKED;
	return some ? zxp_fault_insert(vmf, start, end) :
		      zxp_fault_insert(vmf, vmf->pgoff, vmf->pgoff + 1);
}

/* ->fault, of the child or of a slice of it that ends before a page. */
vm_fault_t zxp_child_fault(struct zxp_child *child, struct vm_fault *vmf, pgoff_t limit)
{
	struct zxp_fault_access access = { .vmo = child->root, .vmf = vmf };
	bool writes = zxp_fault_writes(vmf);
	enum zxp_seen seen;
	struct folio *folio;
	vm_fault_t ret;

	if (zxp_fault_failed(&access))
		return VM_FAULT_SIGBUS;
	for (;;) {
		access.generation = zxp_vmo_generation(child->root);
		if (!zxp_child_has(child, vmf->pgoff))
			return VM_FAULT_SIGBUS;
		ret = writes ? zxp_child_fault_store(child, &access) : 0;
		if (ret)
			break;
		seen = zxp_child_lock_folio(child, vmf->pgoff, &folio);
		ret = zxp_child_fault_at(child, &access, seen, folio);
		if (ret)
			break;
		/* A shrink of the root may be half done. */
		if (fatal_signal_pending(current) && !zxp_task_ends())
			return VM_FAULT_SIGBUS;
		cond_resched();
	}

	/* A shrink sets the size before it takes the lock of the folio. */
	if (ret == VM_FAULT_LOCKED && !zxp_child_has(child, vmf->pgoff)) {
		unlock_page(vmf->page);
		put_page(vmf->page);
		vmf->page = NULL;
		return VM_FAULT_SIGBUS;
	}
	return ret == VM_FAULT_LOCKED ? zxp_child_fault_map(child, vmf, limit) : ret;
}

/* May these pages be mapped, and others with them, where the kernel does that? */
static bool zxp_child_may_map(struct zxp_child *child, struct vm_fault *vmf, pgoff_t start,
			      pgoff_t end, pgoff_t limit)
{
	return !zxp_fault_widen(child->root, vmf, &start, &end) ||
	       zxp_child_sees_root(child, start, end, limit);
}

/*
 * Map what is there already of the root around a fault, but for where the child has its own.
 * The lock is held until it is mapped, so that whoever gets a page of his own later finds
 * the mapping. As for the root, nothing is mapped around a page that is missing.
 */
vm_fault_t zxp_child_map_pages(struct zxp_child *child, struct vm_fault *vmf, pgoff_t start,
			       pgoff_t end, pgoff_t limit)
{
	struct zxp_family *family = zxp_child_family(child);
	vm_fault_t ret = 0;

	if (!zxp_vmo_has_page(child->root, vmf->pgoff))
		return 0;
	read_lock(&family->lock);
	end = min3(end + 1, zxp_child_end(child), limit);
	if (vmf->pgoff < end && zxp_layer_clip(child->top, vmf->pgoff, &start, &end) &&
	    zxp_child_may_map(child, vmf, start, end, limit))
		ret = filemap_map_pages(vmf, start, end - 1);
	read_unlock(&family->lock);
	return ret;
}

/* Is a locked folio of the top layer? */
static bool zxp_child_may_store(struct zxp_child *child, pgoff_t index, struct folio *folio)
{
	struct folio *own;
	enum zxp_seen seen = zxp_child_look(child, index, &own);

	if (own)
		folio_put(own);
	return seen == ZXP_SEEN_TOP && own == folio && zxp_child_has(child, index);
}

/*
 * The first store to a page that is mapped. A page of the top layer is stored to. For any
 * other there will be one, and ->fault maps it.
 */
vm_fault_t zxp_child_page_mkwrite(struct zxp_child *child, struct vm_fault *vmf)
{
	struct folio *folio = page_folio(vmf->page), *new, *own;
	int ret = -EAGAIN;

	if (zxp_folio_is_own(zxp_child_family(child), folio)) {
		folio_lock(folio);
		if (zxp_child_may_store(child, vmf->pgoff, folio)) {
			if (!folio_test_hwpoison(folio)) {
				zxp_child_changed(child);
				return VM_FAULT_LOCKED;
			}
			folio_unlock(folio);
			return VM_FAULT_HWPOISON;
		}
		folio_unlock(folio);
	}

	/* What cannot be done at once is done by ->fault, with nothing mapped. */
	new = zxp_own_alloc(true);
	if (new && mutex_trylock(&child->content_lock)) {
		ret = zxp_child_fork_locked(child, vmf->pgoff, new, vmf, &own);
		mutex_unlock(&child->content_lock);
	}
	if (new)
		folio_put(new);
	if (!ret) {
		zxp_child_changed(child);
		folio_unlock(own);
		folio_put(own);
	} else if (!zxp_child_unmap_fault(child, vmf)) {
		zxp_child_unmap_page(child, vmf->pgoff);
	}
	return VM_FAULT_NOPAGE;
}

static vm_fault_t zxp_child_vm_fault(struct vm_fault *vmf)
{
	struct zxp_child *child = vmf->vma->vm_private_data;

	zxp_child_note_mapping(child, vmf->vma);
	return zxp_child_fault(child, vmf, ULONG_MAX);
}

static vm_fault_t zxp_child_vm_map_pages(struct vm_fault *vmf, pgoff_t start, pgoff_t end)
{
	return zxp_child_map_pages(vmf->vma->vm_private_data, vmf, start, end, ULONG_MAX);
}

static vm_fault_t zxp_child_vm_page_mkwrite(struct vm_fault *vmf)
{
	return zxp_child_page_mkwrite(vmf->vma->vm_private_data, vmf);
}

const struct vm_operations_struct zxp_child_vm_ops = {
	.fault = zxp_child_vm_fault,
	.map_pages = zxp_child_vm_map_pages,
	.page_mkwrite = zxp_child_vm_page_mkwrite,
};
