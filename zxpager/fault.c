// SPDX-License-Identifier: GPL-2.0
/*
 * Faults of mappings.
 *
 * A fault on a missing page makes a request for that page, gives up the lock that
 * the fault was taken under, and waits. Then the VMA may be gone, so all it can
 * say is VM_FAULT_RETRY, and the fault is taken again from the start: the page is
 * there now, or the mapping is another one, or there is still nothing and it asks
 * again.
 *
 * One thing is carried over to the second try: that the daemon failed the page. See
 * failure.c.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "access.h"

/*
 * A fault from user mode ends for any signal: the handler runs and the access is
 * made again. One from inside the kernel would only be repeated at once, so there
 * only a fatal signal counts.
 */
static unsigned int zxp_fault_wait_state(struct vm_fault *vmf)
{
	unsigned int user = FAULT_FLAG_USER | FAULT_FLAG_INTERRUPTIBLE;

	return (vmf->flags & user) == user ? TASK_INTERRUPTIBLE : TASK_KILLABLE;
}

/* Wait for a started request, with the fault's lock given up if that may be. */
static vm_fault_t zxp_fault_wait(struct zxp_vmo *vmo, struct vm_fault *vmf,
				 struct zxp_request *request)
{
	unsigned int state = zxp_fault_wait_state(vmf);
	bool user = vmf->flags & FAULT_FLAG_USER;
	pgoff_t index = vmf->pgoff;
	struct file *file;
	int ret;

	if (!(vmf->flags & FAULT_FLAG_ALLOW_RETRY)) {
		ret = zxp_request_wait(vmo->source, request, TASK_KILLABLE);
		if (ret && ret != -ERESTARTNOINTR)
			zxp_vmo_note_failure(vmo, index, ret);
		return ret ? VM_FAULT_SIGBUS : 0;
	}

	/* Nothing of the VMA may be touched once its lock is gone. */
	file = get_file(vmf->vma->vm_file);
	release_fault_lock(vmf);
	ret = zxp_request_wait(vmo->source, request, state);
	if (ret && ret != -ERESTARTNOINTR) {
		zxp_vmo_note_failure(vmo, index, ret);
		zxp_vmo_remember_fault(vmo, index, user);
	}
	fput(file);
	return VM_FAULT_RETRY | VM_FAULT_MAJOR;
}

/* The daemon has to do something about the page first. 0: look again. */
static vm_fault_t zxp_fault_ask(struct zxp_vmo *vmo, struct vm_fault *vmf,
				enum zxp_request_type type,
				unsigned long generation)
{
	pgoff_t end = vmf->pgoff + 1;
	struct zxp_request request;
	int ret;

	if (vmf->flags & FAULT_FLAG_ALLOW_RETRY &&
	    vmf->flags & FAULT_FLAG_RETRY_NOWAIT) {
		/* Whoever asks like this comes back; have it underway by then. */
		ret = zxp_request_hint(vmo->source, type, vmf->pgoff, &end,
				       generation);
		return ret == -ESTALE ? VM_FAULT_SIGBUS : VM_FAULT_RETRY;
	}

	ret = zxp_request_start(vmo->source, &request, type, vmf->pgoff, end,
				false, generation);
	if (ret)
		return ret == -EAGAIN ? 0 : VM_FAULT_SIGBUS;
	return zxp_fault_wait(vmo, vmf, &request);
}

/* A write to a private mapping only reads the VMO. */
static bool zxp_fault_traps(struct zxp_vmo *vmo, struct vm_fault *vmf)
{
	return zxp_vmo_traps(vmo) && vmf->flags & FAULT_FLAG_WRITE &&
	       vmf->vma->vm_flags & VM_SHARED;
}

static vm_fault_t zxp_fault(struct vm_fault *vmf)
{
	struct zxp_vmo *vmo = zxp_vmo_of(file_inode(vmf->vma->vm_file));
	bool traps = zxp_fault_traps(vmo, vmf);
	unsigned long generation;
	struct folio *folio;
	vm_fault_t ret;

	if (zxp_vmo_recall_fault(vmo, vmf))
		return VM_FAULT_SIGBUS;

	for (;;) {
		generation = zxp_vmo_generation(vmo);
		if (vmf->pgoff >= zxp_vmo_pages(vmo))
			return VM_FAULT_SIGBUS;

		folio = zxp_vmo_lock_folio(vmo, vmf->pgoff);
		if (folio && (!traps || folio_test_dirty(folio)))
			break;
		if (folio) {
			folio_unlock(folio);
			folio_put(folio);
			ret = zxp_fault_ask(vmo, vmf, ZXP_REQUEST_DIRTY,
					    generation);
		} else if (!zxp_vmo_is_zero(vmo, vmf->pgoff)) {
			ret = zxp_fault_ask(vmo, vmf, ZXP_REQUEST_READ,
					    generation);
		} else if (traps) {
			ret = zxp_fault_ask(vmo, vmf, ZXP_REQUEST_DIRTY,
					    generation);
		} else {
			ret = zxp_vmo_fill_zero(vmo, vmf->pgoff) ?
			      VM_FAULT_OOM : 0;
		}
		if (ret)
			return ret;
	}

	/* A shrink sets the size before it takes the folio lock. */
	if (vmf->pgoff >= zxp_vmo_pages(vmo)) {
		folio_unlock(folio);
		folio_put(folio);
		return VM_FAULT_SIGBUS;
	}

	vmf->page = folio_file_page(folio, vmf->pgoff);
	return VM_FAULT_LOCKED;
}

/*
 * Map what is there already of the pages around a fault: nothing around a missing
 * page, so that the daemon is asked soon, and nothing but the page itself where the
 * next one is missing. Then it came alone, and so will its neighbours.
 */
static vm_fault_t zxp_map_pages(struct vm_fault *vmf, pgoff_t start, pgoff_t end)
{
	unsigned int run = zxp_vmo_has_pages(zxp_vmo_of(file_inode(vmf->vma->vm_file)),
					     vmf->pgoff);

	if (!run)
		return 0;
	if (run == 1)
		return filemap_map_pages(vmf, vmf->pgoff, vmf->pgoff);
	return filemap_map_pages(vmf, start, end);
}

/*
 * The first write to a page through a shared mapping. If the daemon is to be asked
 * this is no place to wait, since the lock of the fault cannot be given up here. So
 * the page leaves the page tables, and the access comes back through zxp_fault().
 */
static vm_fault_t zxp_page_mkwrite(struct vm_fault *vmf)
{
	struct folio *folio = page_folio(vmf->page);
	struct zxp_vmo *vmo = zxp_vmo_of(file_inode(vmf->vma->vm_file));
	struct address_space *mapping = vmo->inode.i_mapping;
	pgoff_t index = vmf->pgoff;
	int ret;

	folio_lock(folio);
	if (folio->mapping != mapping || index >= zxp_vmo_pages(vmo)) {
		folio_unlock(folio);
		return VM_FAULT_NOPAGE;
	}
	ret = zxp_vmo_prepare_write(vmo, folio);
	if (!ret) {
		file_update_time(vmf->vma->vm_file);
		zxp_vmo_set_modified(vmo);
		return VM_FAULT_LOCKED;
	}

	folio_unlock(folio);
	if (ret == -EBUSY)
		ret = zxp_vmo_split(vmo, index);
	else if (ret == -EAGAIN)
		unmap_mapping_pages(mapping, index, 1, false);
	if (ret && ret != -EAGAIN)
		return VM_FAULT_OOM;
	return VM_FAULT_NOPAGE;
}

const struct vm_operations_struct zxp_vm_ops = {
	.fault = zxp_fault,
	.map_pages = zxp_map_pages,
	.page_mkwrite = zxp_page_mkwrite,
};
