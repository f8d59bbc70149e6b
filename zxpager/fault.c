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
 * failure.c. For stores to pages that are there see trap.c.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "access.h"

/*
 * A fault from user mode ends for any signal: the handler runs and the access is made
 * again. So does one from inside the kernel whose caller says that it looks at signals.
 * But most of these look at a fatal one only, and repeat the access at once: who comes
 * back with a signal pending is not asked to look at it again.
 */
static unsigned int zxp_fault_wait_state(struct vm_fault *vmf)
{
	if (!(vmf->flags & FAULT_FLAG_INTERRUPTIBLE))
		return TASK_KILLABLE;
	if (vmf->flags & FAULT_FLAG_TRIED && !(vmf->flags & FAULT_FLAG_USER) &&
	    signal_pending(current))
		return TASK_KILLABLE;
	return TASK_INTERRUPTIBLE;
}

/*
 * Wait for a started request, for so many jiffies at most, and with the fault's lock
 * given up if that may be.
 */
static vm_fault_t zxp_fault_wait(struct zxp_vmo *vmo, struct vm_fault *vmf,
				 struct zxp_request *request, long timeout)
{
	unsigned int state = zxp_fault_wait_state(vmf);
	bool retry = vmf->flags & FAULT_FLAG_ALLOW_RETRY;
	bool user = vmf->flags & FAULT_FLAG_USER;
	struct mm_struct *mm = vmf->vma->vm_mm;
	pgoff_t index = vmf->pgoff;
	struct file *file = NULL;
	int ret;

	/* Nothing of the VMA may be touched once its lock is gone. */
	if (retry) {
		file = get_file(vmf->vma->vm_file);
		release_fault_lock(vmf);
	}
	ret = zxp_fault_sleep(mm, request, retry ? state : TASK_KILLABLE, timeout);
	if (ret == -ETIME)
		WRITE_ONCE(vmo->source->stalled, true);
	ret = zxp_request_leave(vmo->source, request, ret);
	if (ret && ret != -ERESTARTNOINTR && ret != -ETIME && ret != -EINTR) {
		zxp_vmo_note_failure(vmo, index, ret);
		if (retry)
			zxp_vmo_note_fault(vmo, index, user ?
					   ZXP_NOTE_FAILED_USER :
					   ZXP_NOTE_FAILED_KERNEL);
	}
	if (!retry)
		return ret ? VM_FAULT_SIGBUS : 0;
	fput(file);
	return VM_FAULT_RETRY | VM_FAULT_MAJOR;
}

/* The task ends: only one that exits waits, and not for long. See exit.c. */
static vm_fault_t zxp_fault_ask_ending(struct zxp_vmo *vmo, struct vm_fault *vmf,
				       enum zxp_request_type type,
				       unsigned long generation)
{
	struct zxp_request request;
	long left;
	int ret;

	if (!(current->flags & PF_EXITING) || READ_ONCE(vmo->source->stalled))
		return VM_FAULT_SIGBUS;
	left = zxp_exit_time_left(vmf->vma->vm_file);
	if (!left)
		return VM_FAULT_SIGBUS;
	ret = zxp_request_start_ending(vmo->source, &request, type, vmf->pgoff,
				       vmf->pgoff + 1, generation);
	if (ret)
		return ret == -EAGAIN ? 0 : VM_FAULT_SIGBUS;
	return zxp_fault_wait(vmo, vmf, &request, left);
}

/* The daemon has to do something about the page first. 0: look again. */
static vm_fault_t zxp_fault_ask(struct zxp_vmo *vmo, struct vm_fault *vmf,
				enum zxp_request_type type,
				unsigned long generation)
{
	struct mm_struct *mm = vmf->vma->vm_mm;
	pgoff_t end = vmf->pgoff + 1;
	struct zxp_request request;
	bool retry, nowait;
	int ret;

	if (zxp_mm_abandoned(mm))
		return VM_FAULT_SIGBUS;
	retry = vmf->flags & FAULT_FLAG_ALLOW_RETRY;
	nowait = retry && vmf->flags & FAULT_FLAG_RETRY_NOWAIT;
	/*
	 * Who may not wait comes back; have it underway by then. Nor does a debugger
	 * wait that looks into another process: that could not even map memory then.
	 */
	if (!nowait && !retry && mm != current->mm &&
	    type == ZXP_REQUEST_DIRTY && zxp_trap_keep(vmo, vmf->pgoff))
		return VM_FAULT_SIGBUS;
	if (nowait || (!retry && mm != current->mm)) {
		ret = zxp_request_hint(vmo->source, type, vmf->pgoff, &end,
				       generation);
		if (ret == -EAGAIN)
			return 0;
		return nowait && ret != -ESTALE ? VM_FAULT_RETRY : VM_FAULT_SIGBUS;
	}
	if (zxp_task_ends())
		return zxp_fault_ask_ending(vmo, vmf, type, generation);

	ret = zxp_request_start(vmo->source, &request, type, vmf->pgoff, end,
				false, generation);
	if (ret)
		return ret == -EAGAIN ? 0 : VM_FAULT_SIGBUS;
	return zxp_fault_wait(vmo, vmf, &request, MAX_SCHEDULE_TIMEOUT);
}

/*
 * Take content_lock. Others hold it for a while, so if it is not free the fault's lock
 * is given up. 0: it is held.
 */
static vm_fault_t zxp_fault_lock(struct zxp_vmo *vmo, struct vm_fault *vmf)
{
	struct file *file;

	if (mutex_trylock(&vmo->content_lock))
		return 0;
	if (!(vmf->flags & FAULT_FLAG_ALLOW_RETRY))
		return mutex_lock_killable(&vmo->content_lock) ?
		       VM_FAULT_SIGBUS : 0;
	if (vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
		return VM_FAULT_RETRY;

	file = get_file(vmf->vma->vm_file);
	release_fault_lock(vmf);
	if (!mutex_lock_killable(&vmo->content_lock))
		mutex_unlock(&vmo->content_lock);
	fput(file);
	return VM_FAULT_RETRY;
}

/*
 * There was no memory where it could not be waited for. Now it can; and the access is
 * made again, which a loop in the kernel does even if it was killed.
 */
static vm_fault_t zxp_fault_reserve(struct zxp_vmo *vmo)
{
	bool reserved = zxp_vmo_reserve(vmo);

	if (fatal_signal_pending(current))
		return VM_FAULT_SIGBUS;
	return reserved ? VM_FAULT_NOPAGE : VM_FAULT_OOM;
}

/* A page for a zero range. 0: look again. */
static vm_fault_t zxp_fault_fill_zero(struct zxp_vmo *vmo, struct vm_fault *vmf)
{
	struct folio *folio = zxp_vmo_alloc_zeroed(vmo, false);
	vm_fault_t ret;
	int err;

	if (!folio)
		return zxp_fault_reserve(vmo);
	ret = zxp_fault_lock(vmo, vmf);
	if (ret) {
		folio_put(folio);
		return ret;
	}
	err = zxp_vmo_add_zeroed_locked(vmo, folio, vmf->pgoff);
	mutex_unlock(&vmo->content_lock);
	folio_put(folio);
	return err ? zxp_fault_reserve(vmo) : 0;
}

/* Single pages for a large folio. 0: look again. */
static vm_fault_t zxp_fault_split(struct zxp_vmo *vmo, struct vm_fault *vmf)
{
	vm_fault_t ret = zxp_fault_lock(vmo, vmf);
	int err;

	if (ret)
		return ret;
	err = zxp_vmo_split_locked(vmo, vmf->pgoff);
	mutex_unlock(&vmo->content_lock);
	return err == -ENOMEM ? zxp_fault_reserve(vmo) : 0;
}

/* A write to a private mapping only reads the VMO. */
static bool zxp_fault_writes(struct vm_fault *vmf)
{
	return vmf->flags & FAULT_FLAG_WRITE && vmf->vma->vm_flags & VM_SHARED;
}

/* Is this once more the access that the daemon has failed? */
static bool zxp_fault_failed(struct zxp_vmo *vmo, struct vm_fault *vmf)
{
	bool same_place;

	switch (zxp_vmo_recall_fault(vmo, vmf->pgoff, &same_place)) {
	case ZXP_NOTE_FAILED_USER:
		return vmf->flags & FAULT_FLAG_TRIED;
	case ZXP_NOTE_FAILED_KERNEL:
		return vmf->flags & FAULT_FLAG_TRIED ||
		       !(vmf->flags & FAULT_FLAG_USER);
	case ZXP_NOTE_FAILED_TRAP:
		return same_place;
	default:
		return false;
	}
}

/* There is no folio. 0: look again. */
static vm_fault_t zxp_fault_missing(struct zxp_vmo *vmo, struct vm_fault *vmf,
				    bool traps, unsigned long generation)
{
	bool exits = current->flags & PF_EXITING;

	if (!zxp_vmo_is_zero(vmo, vmf->pgoff))
		return zxp_fault_ask(vmo, vmf, ZXP_REQUEST_READ, generation);
	/* Zeroes are a hole in a core dump. */
	if (zxp_task_ends() && !exits)
		return VM_FAULT_SIGBUS;
	if (traps && !exits)
		return zxp_fault_ask(vmo, vmf, ZXP_REQUEST_DIRTY, generation);
	return zxp_fault_fill_zero(vmo, vmf);
}

/* There is one, locked. 0: it may be mapped. Else it is unlocked, and -EAGAIN. */
static int zxp_fault_found(struct zxp_vmo *vmo, struct vm_fault *vmf,
			   struct folio *folio, bool traps,
			   unsigned long generation, vm_fault_t *ret)
{
	if (!zxp_fault_writes(vmf) || folio_test_dirty(folio))
		return 0;
	if (traps) {
		if (!zxp_vmo_dirty_at_exit(vmo, folio))
			return 0;
		folio_unlock(folio);
		folio_put(folio);
		*ret = zxp_fault_ask(vmo, vmf, ZXP_REQUEST_DIRTY, generation);
		return -EAGAIN;
	}
	if (!folio_test_large(folio) || zxp_folio_pinned(vmo, folio))
		return 0;
	folio_unlock(folio);
	folio_put(folio);
	*ret = zxp_fault_split(vmo, vmf);
	return -EAGAIN;
}

static vm_fault_t zxp_fault(struct vm_fault *vmf)
{
	struct zxp_vmo *vmo = zxp_vmo_of(file_inode(vmf->vma->vm_file));
	bool traps = zxp_vmo_traps(vmo) && zxp_fault_writes(vmf);
	unsigned long generation;
	struct folio *folio;
	vm_fault_t ret;

	if (zxp_fault_failed(vmo, vmf))
		return VM_FAULT_SIGBUS;

	for (;;) {
		generation = zxp_vmo_generation(vmo);
		if (vmf->pgoff >= zxp_vmo_pages(vmo))
			return VM_FAULT_SIGBUS;

		folio = zxp_vmo_lock_folio(vmo, vmf->pgoff);
		if (!folio)
			ret = zxp_fault_missing(vmo, vmf, traps, generation);
		else if (!zxp_fault_found(vmo, vmf, folio, traps, generation, &ret))
			break;
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
 * The first write to a page through a shared mapping. Nothing is waited for here, but
 * see trap.c.
 */
static vm_fault_t zxp_page_mkwrite(struct vm_fault *vmf)
{
	struct folio *folio = page_folio(vmf->page);
	struct zxp_vmo *vmo = zxp_vmo_of(file_inode(vmf->vma->vm_file));
	unsigned long generation;
	vm_fault_t fault;
	int ret;

	do {
		generation = zxp_vmo_generation(vmo);
		folio_lock(folio);
		if (folio->mapping != vmo->inode.i_mapping ||
		    vmf->pgoff >= zxp_vmo_pages(vmo)) {
			folio_unlock(folio);
			return VM_FAULT_NOPAGE;
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
		fault = zxp_trap(vmo, vmf, ret == -EBUSY, generation);
	} while (!fault);
	return fault;
}

const struct vm_operations_struct zxp_vm_ops = {
	.fault = zxp_fault,
	.map_pages = zxp_map_pages,
	.page_mkwrite = zxp_page_mkwrite,
};
