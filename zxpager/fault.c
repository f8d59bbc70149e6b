// SPDX-License-Identifier: GPL-2.0
/*
 * Faults of mappings of a VMO. For what they wait for see fault_wait.c, for stores to pages
 * that are there see trap.c.
 *
 * What is mapped, be that a VMO, a copy or a slice, is what ->mmap has put into
 * vm_private_data: files of several kinds are on one inode, so that tells nothing. The file
 * holds it.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "access.h"

static vm_fault_t zxp_fault_map(struct zxp_fault_access *access, struct folio *folio)
{
	access->vmf->page = folio_file_page(folio, access->vmf->pgoff);
	return VM_FAULT_LOCKED;
}

/* What is there if there is no page? */
static enum zxp_absent zxp_fault_what(struct zxp_fault_access *access)
{
	const struct zxp_view *view = &access->view;
	pgoff_t index = access->vmf->pgoff;

	return view->ops ? view->ops->absent(view->child, index) :
			   zxp_vmo_absent(view->vmo, index);
}

/* A load of zeroes. 0: look again. */
static vm_fault_t zxp_fault_map_zero(struct zxp_fault_access *access)
{
	struct folio *folio = zxp_vmo_lock_zero_folio(access->view.vmo);

	if (!folio)
		return zxp_fault_reserve(access->view.vmo);
	if (zxp_fault_what(access) != ZXP_ABSENT_ZERO) {
		folio_unlock(folio);
		folio_put(folio);
		return 0;
	}
	return zxp_fault_map(access, folio);
}

/* A page for a zero range, to be stored to. 0: look again. */
static vm_fault_t zxp_fault_fill_zero(struct zxp_fault_access *access)
{
	struct zxp_vmo *vmo = access->view.vmo;
	struct folio *folio = zxp_vmo_alloc_zeroed(vmo, false);
	vm_fault_t ret;
	int err;

	if (!folio)
		return zxp_fault_reserve(vmo);
	ret = zxp_fault_lock(access, &vmo->content_lock);
	if (ret) {
		folio_put(folio);
		return ret;
	}
	err = zxp_vmo_add_zeroed_locked(vmo, folio, access->vmf->pgoff);
	mutex_unlock(&vmo->content_lock);
	folio_put(folio);
	return err ? zxp_fault_reserve(vmo) : 0;
}

static vm_fault_t zxp_vmo_store_zero(struct zxp_fault_access *access)
{
	return access->traps && !(current->flags & PF_EXITING) ?
	       zxp_fault_ask(access, ZXP_REQUEST_DIRTY) : zxp_fault_fill_zero(access);
}

static __always_inline vm_fault_t zxp_vmo_store(struct zxp_fault_access *access,
						struct folio *folio)
{
	int err = 0;

	if (access->traps && !zxp_folio_dirty(folio))
		err = zxp_vmo_dirty_at_exit(access->view.vmo, folio);
	if (!err)
		return zxp_fault_map(access, folio);
	folio_unlock(folio);
	folio_put(folio);
	return err == -EAGAIN ? zxp_fault_ask(access, ZXP_REQUEST_DIRTY) :
				zxp_fault_reserve(access->view.vmo);
}

/* There is no page. 0: look again; VM_FAULT_LOCKED: a page of zeroes is as good. */
static vm_fault_t zxp_fault_absent(struct zxp_fault_access *access)
{
	switch (zxp_fault_what(access)) {
	case ZXP_ABSENT_MISSING:
		return zxp_fault_ask(access, ZXP_REQUEST_READ);
	case ZXP_ABSENT_ZERO:
		/* Zeroes are a hole in a core dump. */
		if (zxp_task_ends() && !(current->flags & PF_EXITING))
			return VM_FAULT_SIGBUS;
		if (!access->writes)
			return zxp_fault_map_zero(access);
		return access->view.ops ? access->store(access, NULL) :
					  zxp_vmo_store_zero(access);
	default:
		return 0;
	}
}

static __always_inline vm_fault_t zxp_fault_loop(struct zxp_fault_access *access,
						 const struct zxp_child_ops *ops)
{
	const struct zxp_view *view = &access->view;
	pgoff_t index = access->vmf->pgoff;
	struct folio *folio;
	vm_fault_t ret;

	for (;;) {
		access->generation = zxp_vmo_generation(view->vmo);
		folio = ops ? ops->lock(view->child, index, false) :
			      zxp_vmo_lock_at(view->vmo, index, false);
		if (!folio)
			ret = zxp_fault_absent(access);
		else if (IS_ERR(folio))
			ret = folio == ERR_PTR(-ESTALE) ? 0 :
			      folio == ERR_PTR(-EHWPOISON) ? VM_FAULT_HWPOISON :
							     VM_FAULT_SIGBUS;
		else if (access->writes)
			ret = ops ? access->store(access, folio) :
				    zxp_vmo_store(access, folio);
		else
			ret = zxp_fault_map(access, folio);
		if (ret)
			return ret;
		/* A shrink of the root of a child may be half done. */
		if (fatal_signal_pending(current) && !zxp_task_ends())
			return VM_FAULT_SIGBUS;
		cond_resched();
	}
}

/**
 * zxp_fault_look() - have what is to be mapped
 * @access: the fault
 *
 * Return: as ->fault.
 */
vm_fault_t zxp_fault_look(struct zxp_fault_access *access)
{
	return zxp_fault_loop(access, access->view.ops);
}

/* Come back a moment later, if that may be. Else 0. */
static vm_fault_t zxp_fault_give_way(struct vm_fault *vmf)
{
	struct file *file;

	if (!(vmf->flags & FAULT_FLAG_ALLOW_RETRY) ||
	    vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
		return 0;
	file = get_file(vmf->vma->vm_file);
	release_fault_lock(vmf);
	schedule_timeout_killable(1);
	fput(file);
	return VM_FAULT_RETRY;
}

/* ->fault, of the VMO or of a slice of it. */
vm_fault_t zxp_vmo_fault(struct zxp_vmo *vmo, struct vm_fault *vmf)
{
	struct zxp_fault_access access = {
		.view = { .vmo = vmo },
		.vmf = vmf,
		.writes = zxp_fault_writes(vmf),
		.traps = zxp_vmo_traps(vmo),
	};
	vm_fault_t ret;

	if (zxp_fault_failed(&access))
		return VM_FAULT_SIGBUS;
	if (access.writes) {
		zxp_trap_passed(vmo);
	} else if (zxp_trap_ahead(vmo, vmf->pgoff, vmf->pgoff)) {
		ret = zxp_fault_give_way(vmf);
		if (ret)
			return ret;
	}
	return zxp_fault_loop(&access, NULL);
}

/*
 * Map what is there already of the pages around a fault: nothing around a missing
 * page, so that the daemon is asked soon, and nothing but the page itself where the
 * next one is missing. Then it came alone, and so will its neighbours. And nothing where a
 * store is on its way, which ->fault knows how to let pass.
 */
vm_fault_t zxp_vmo_map_pages(struct zxp_vmo *vmo, struct vm_fault *vmf, pgoff_t start,
			     pgoff_t end)
{
	unsigned int run = zxp_vmo_has_pages(vmo, vmf->pgoff);

	if (!run || zxp_trap_ahead(vmo, start, end))
		return 0;
	if (run == 1)
		return filemap_map_pages(vmf, vmf->pgoff, vmf->pgoff);
	return filemap_map_pages(vmf, start, end);
}

/*
 * A store to the page of zeroes, which stays as it is. If the daemon has to allow the store,
 * it is asked as for any page. Else a page takes that place, and the store is made again;
 * so it is if there is no memory at once, or if the zeroes that were mapped are no range
 * any more, and then ->fault does what is needed.
 */
static vm_fault_t zxp_mkwrite_zero(struct zxp_vmo *vmo, struct vm_fault *vmf)
{
	bool asks = zxp_vmo_traps(vmo) && !(current->flags & PF_EXITING);
	pgoff_t index = vmf->pgoff;
	unsigned long generation;
	vm_fault_t fault = 0;

	while (asks && !fault) {
		generation = zxp_vmo_generation(vmo);
		if (zxp_vmo_absent(vmo, index) != ZXP_ABSENT_ZERO)
			break;
		fault = zxp_trap(vmo, vmf, generation);
	}
	if (fault)
		return fault;
	if (!asks)
		zxp_vmo_fill_zero(vmo, index, true);
	unmap_mapping_pages(vmo->inode.i_mapping, index, 1, false);
	return VM_FAULT_NOPAGE;
}

/*
 * The first write to a page through a shared mapping. Nothing is waited for here, but
 * see trap.c.
 */
vm_fault_t zxp_vmo_page_mkwrite(struct zxp_vmo *vmo, struct vm_fault *vmf)
{
	struct folio *folio = page_folio(vmf->page);
	unsigned long generation;
	vm_fault_t fault;
	int ret;

	if (folio == READ_ONCE(vmo->zero_folio))
		return zxp_mkwrite_zero(vmo, vmf);
	do {
		generation = zxp_vmo_generation(vmo);
		folio_lock(folio);
		if (folio->mapping != vmo->inode.i_mapping ||
		    vmf->pgoff >= zxp_vmo_pages(vmo)) {
			folio_unlock(folio);
			return VM_FAULT_NOPAGE;
		}
		if (zxp_folio_poisoned(folio, vmf->pgoff)) {
			fault = zxp_vmo_drop_poisoned(vmo, folio, vmf->pgoff) ?
				VM_FAULT_NOPAGE : VM_FAULT_HWPOISON;
			folio_unlock(folio);
			return fault;
		}
		ret = zxp_vmo_prepare_write(vmo, folio);
		if (ret == -EAGAIN)
			ret = zxp_vmo_dirty_at_exit(vmo, folio);
		if (!ret) {
			file_update_time(vmf->vma->vm_file);
			zxp_vmo_set_modified(vmo);
			return VM_FAULT_LOCKED;
		}
		folio_unlock(folio);
		if (ret == -ENOMEM)
			return zxp_fault_reserve(vmo);
		if (ret == -EBUSY)
			fault = zxp_vmo_keep(vmo, vmf->pgoff) ? VM_FAULT_SIGBUS : 0;
		else
			fault = zxp_trap(vmo, vmf, generation);
	} while (!fault);
	return fault;
}

/* The daemon as well does not store to what it has promised to be read only. */
int zxp_vmo_may_map(struct zxp_vmo *vmo, struct vm_area_struct *vma)
{
	if (!zxp_vmo_sealed(vmo) || !(vma->vm_flags & VM_SHARED))
		return 0;
	if (vma->vm_flags & VM_WRITE)
		return -EPERM;
	vm_flags_clear(vma, VM_MAYWRITE);
	return 0;
}

static vm_fault_t zxp_fault(struct vm_fault *vmf)
{
	vm_fault_t ret = zxp_vmo_fault(vmf->vma->vm_private_data, vmf);

	return ret == VM_FAULT_LOCKED ? zxp_fault_finish(vmf, ULONG_MAX) : ret;
}

static vm_fault_t zxp_map_pages(struct vm_fault *vmf, pgoff_t start, pgoff_t end)
{
	return zxp_vmo_map_pages(vmf->vma->vm_private_data, vmf, start, end);
}

static vm_fault_t zxp_page_mkwrite(struct vm_fault *vmf)
{
	return zxp_vmo_page_mkwrite(vmf->vma->vm_private_data, vmf);
}

const struct vm_operations_struct zxp_vm_ops = {
	.fault = zxp_fault,
	.map_pages = zxp_map_pages,
	.page_mkwrite = zxp_page_mkwrite,
};
