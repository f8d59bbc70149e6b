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
		return zxp_child_absent(child, access->vmf->pgoff) == ZXP_ABSENT_MISSING ?
		       zxp_fault_ask(access, ZXP_REQUEST_READ) : 0;
	case -EBUSY:
		return zxp_child_wait_tree(child, access);
	default:
		return zxp_fault_reserve(child->root);
	}
}

/* See &zxp_fault_access.store. A page of its own takes the place of what it is a copy of. */
static vm_fault_t zxp_child_store(struct zxp_fault_access *access, struct folio *folio)
{
	struct zxp_child *child = access->view.child;
	struct vm_fault *vmf = access->vmf;
	struct folio *new, *own;
	vm_fault_t fault;
	int ret;

	if (folio) {
		folio_unlock(folio);
		folio_put(folio);
	}
	new = zxp_own_alloc(false);
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

/*
 * A store where there is a page. Whether that is the child's own is looked at once more by
 * ->page_mkwrite, which the kernel calls next. 0: look, with the folio locked.
 */
static vm_fault_t zxp_child_store_early(struct zxp_child *child,
					struct zxp_fault_access *access)
{
	struct vm_fault *vmf = access->vmf;
	struct folio *own;
	enum zxp_seen seen;

	access->generation = zxp_vmo_generation(child->root);
	if (!zxp_child_has(child, vmf->pgoff))
		return VM_FAULT_SIGBUS;
	seen = zxp_child_look(child, vmf->pgoff, &own);
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
		return zxp_child_store(access, NULL);
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
	struct zxp_fault_access access = {
		.view = zxp_child_view(child),
		.vmf = vmf,
		.writes = zxp_fault_writes(vmf),
		.store = zxp_child_store,
	};
	vm_fault_t ret;

	if (zxp_fault_failed(&access))
		return VM_FAULT_SIGBUS;
	ret = access.writes ? zxp_child_store_early(child, &access) : 0;
	if (!ret)
		ret = zxp_fault_look(&access);
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
	if (new && (zxp_fault_only_tries(vmf) ? mutex_trylock(&child->content_lock) :
						!zxp_lock_killable(&child->content_lock))) {
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

/* One mapping has become two, by fork() for example. */
static void zxp_child_vm_open(struct vm_area_struct *vma)
{
	zxp_child_note_mapping(vma->vm_private_data, vma, true);
}

static vm_fault_t zxp_child_vm_fault(struct vm_fault *vmf)
{
	struct zxp_child *child = vmf->vma->vm_private_data;

	zxp_child_note_mapping(child, vmf->vma, false);
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
	.open = zxp_child_vm_open,
	.fault = zxp_child_vm_fault,
	.map_pages = zxp_child_vm_map_pages,
	.page_mkwrite = zxp_child_vm_page_mkwrite,
};
