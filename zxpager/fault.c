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

/**
 * struct zxp_access - one call of ->fault
 * @vmo: the VMO
 * @vmf: the fault
 * @generation: before the page was looked for
 * @traps: a store that the daemon may have to allow
 * @patient: it has ended for a signal before, and has come back without a look at it
 */
struct zxp_access {
	struct zxp_vmo *vmo;
	struct vm_fault *vmf;
	unsigned long generation;
	bool traps;
	bool patient;
};

/*
 * A fault from user mode ends for any signal: the handler runs and the access is made
 * again. So does one from inside the kernel whose caller says that it looks at signals.
 * But most of these look at a fatal one only, and repeat the access at once.
 */
static unsigned int zxp_fault_wait_state(struct zxp_access *access)
{
	return access->vmf->flags & FAULT_FLAG_INTERRUPTIBLE && !access->patient ?
	       TASK_INTERRUPTIBLE : TASK_KILLABLE;
}

/* A wait has ended without the lock of the fault: what has its second try to know? */
static void zxp_fault_leave_note(struct zxp_vmo *vmo, pgoff_t index, bool user,
				 int ret)
{
	if (ret != -ERESTARTNOINTR)
		zxp_vmo_note_fault(vmo, index, user ? ZXP_NOTE_FAILED_USER :
						      ZXP_NOTE_FAILED_KERNEL);
	else if (!user)
		zxp_vmo_note_fault(vmo, index, ZXP_NOTE_INTERRUPTED);
}

/*
 * Wait for a started request, for so many jiffies at most, and with the fault's lock
 * given up if that may be.
 */
static vm_fault_t zxp_fault_wait(struct zxp_access *access,
				 struct zxp_request *request, long timeout)
{
	struct vm_fault *vmf = access->vmf;
	bool retry = vmf->flags & FAULT_FLAG_ALLOW_RETRY;
	bool user = vmf->flags & FAULT_FLAG_USER;
	struct mm_struct *mm = vmf->vma->vm_mm;
	unsigned int state = TASK_KILLABLE;
	struct zxp_vmo *vmo = access->vmo;
	pgoff_t index = vmf->pgoff;
	struct file *file = NULL;
	int ret;

	/* Nothing of the VMA may be touched once its lock is gone. */
	if (retry) {
		state = zxp_fault_wait_state(access);
		file = get_file(vmf->vma->vm_file);
		release_fault_lock(vmf);
	}
	ret = zxp_fault_sleep(mm, request, state, timeout);
	ret = zxp_request_leave(vmo->source, request, ret);
	/* Most of its second may have gone to another daemon. */
	if (ret == -ETIME && timeout > HZ / 2)
		WRITE_ONCE(vmo->source->stalled, true);
	if (ret && ret != -ETIME && ret != -EINTR) {
		if (ret != -ERESTARTNOINTR)
			zxp_vmo_note_failure(vmo, index, ret);
		if (retry)
			zxp_fault_leave_note(vmo, index, user, ret);
	}
	if (!retry)
		return ret ? VM_FAULT_SIGBUS : 0;
	fput(file);
	return VM_FAULT_RETRY | VM_FAULT_MAJOR;
}

/* The task ends: only one that exits waits, and not for long. See exit.c. */
static vm_fault_t zxp_fault_ask_ending(struct zxp_access *access,
				       enum zxp_request_type type)
{
	struct zxp_source *source = access->vmo->source;
	struct vm_fault *vmf = access->vmf;
	struct zxp_request request;
	long left;
	int ret;

	if (!(current->flags & PF_EXITING) || READ_ONCE(source->stalled))
		return VM_FAULT_SIGBUS;
	left = zxp_exit_time_left(vmf->vma->vm_file);
	if (!left)
		return VM_FAULT_SIGBUS;
	ret = zxp_request_start_ending(source, &request, type, vmf->pgoff,
				       vmf->pgoff + 1, access->generation);
	if (ret)
		return ret == -EAGAIN ? 0 : VM_FAULT_SIGBUS;
	return zxp_fault_wait(access, &request, left);
}

/*
 * Who may not wait comes back; have it underway by then. Nor does a debugger wait that
 * looks into another process: that could not even map memory then.
 */
static vm_fault_t zxp_fault_hint(struct zxp_access *access,
				 enum zxp_request_type type, vm_fault_t fault)
{
	struct vm_fault *vmf = access->vmf;
	pgoff_t end = vmf->pgoff + 1;
	int ret;

	if (type == ZXP_REQUEST_DIRTY && zxp_trap_keep(access->vmo, vmf->pgoff))
		return fault;
	ret = zxp_request_hint(access->vmo->source, type, vmf->pgoff, &end,
			       access->generation);
	if (ret == -EAGAIN)
		return 0;
	return ret == -ESTALE ? VM_FAULT_SIGBUS : fault;
}

/*
 * Take content_lock. Others hold it for a while, so if it is not free the fault's lock
 * is given up. 0: it is held.
 */
static vm_fault_t zxp_fault_lock(struct zxp_access *access)
{
	struct mutex *lock = &access->vmo->content_lock;
	struct vm_fault *vmf = access->vmf;
	struct file *file;

	if (mutex_trylock(lock))
		return 0;
	if (!(vmf->flags & FAULT_FLAG_ALLOW_RETRY))
		return mutex_lock_killable(lock) ? VM_FAULT_SIGBUS : 0;
	if (vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
		return VM_FAULT_RETRY;

	file = get_file(vmf->vma->vm_file);
	release_fault_lock(vmf);
	if (!mutex_lock_killable(lock))
		mutex_unlock(lock);
	fput(file);
	return VM_FAULT_RETRY;
}

/* The daemon has to do something about the page first. 0: look again. */
static vm_fault_t zxp_fault_ask(struct zxp_access *access,
				enum zxp_request_type type)
{
	struct zxp_source *source = access->vmo->source;
	struct vm_fault *vmf = access->vmf;
	struct mm_struct *mm = vmf->vma->vm_mm;
	struct zxp_request request;
	int ret;

	if (zxp_mm_abandoned(mm))
		return VM_FAULT_SIGBUS;
	if (!(vmf->flags & FAULT_FLAG_ALLOW_RETRY)) {
		if (mm != current->mm)
			return zxp_fault_hint(access, type, VM_FAULT_SIGBUS);
	} else if (vmf->flags & FAULT_FLAG_RETRY_NOWAIT) {
		return zxp_fault_hint(access, type, VM_FAULT_RETRY);
	}
	if (zxp_task_ends())
		return zxp_fault_ask_ending(access, type);

	ret = zxp_request_start(source, &request, type, vmf->pgoff, vmf->pgoff + 1,
				false, access->generation);
	if (ret)
		return ret == -EAGAIN ? 0 : VM_FAULT_SIGBUS;
	return zxp_fault_wait(access, &request, MAX_SCHEDULE_TIMEOUT);
}

/*
 * There was no memory where it could not be waited for. Now it can; and the access is
 * made again, which a loop in the kernel does even if it was killed.
 */
static vm_fault_t zxp_fault_reserve(struct zxp_vmo *vmo)
{
	bool reserved = zxp_vmo_reserve(vmo);

	if (fatal_signal_pending(current) && !(current->flags & PF_EXITING))
		return VM_FAULT_SIGBUS;
	return reserved ? VM_FAULT_NOPAGE : VM_FAULT_OOM;
}

/* A page for a zero range. 0: look again. */
static vm_fault_t zxp_fault_fill_zero(struct zxp_access *access)
{
	struct zxp_vmo *vmo = access->vmo;
	struct folio *folio = zxp_vmo_alloc_zeroed(vmo, false);
	vm_fault_t ret;
	int err;

	if (!folio)
		return zxp_fault_reserve(vmo);
	ret = zxp_fault_lock(access);
	if (ret) {
		folio_put(folio);
		return ret;
	}
	err = zxp_vmo_add_zeroed_locked(vmo, folio, access->vmf->pgoff);
	mutex_unlock(&vmo->content_lock);
	folio_put(folio);
	return err ? zxp_fault_reserve(vmo) : 0;
}

/* A write to a private mapping only reads the VMO. */
static bool zxp_fault_writes(struct vm_fault *vmf)
{
	return vmf->flags & FAULT_FLAG_WRITE && vmf->vma->vm_flags & VM_SHARED;
}

/* Is this once more an access that the daemon has failed? */
static bool zxp_fault_failed(struct zxp_access *access)
{
	struct vm_fault *vmf = access->vmf;
	bool same_place;

	switch (zxp_vmo_recall_fault(access->vmo, vmf->pgoff, &same_place)) {
	case ZXP_NOTE_FAILED_USER:
		return vmf->flags & FAULT_FLAG_TRIED;
	case ZXP_NOTE_FAILED_KERNEL:
		return vmf->flags & FAULT_FLAG_TRIED ||
		       !(vmf->flags & FAULT_FLAG_USER);
	case ZXP_NOTE_FAILED_TRAP:
		return same_place;
	case ZXP_NOTE_INTERRUPTED:
		access->patient = vmf->flags & FAULT_FLAG_TRIED;
		return false;
	default:
		return false;
	}
}

/* There is no folio. 0: look again. */
static vm_fault_t zxp_fault_missing(struct zxp_access *access)
{
	bool exits = current->flags & PF_EXITING;

	if (!zxp_vmo_is_zero(access->vmo, access->vmf->pgoff))
		return zxp_fault_ask(access, ZXP_REQUEST_READ);
	/* Zeroes are a hole in a core dump. */
	if (zxp_task_ends() && !exits)
		return VM_FAULT_SIGBUS;
	if (access->traps && !exits)
		return zxp_fault_ask(access, ZXP_REQUEST_DIRTY);
	return zxp_fault_fill_zero(access);
}

/*
 * There is one, and a store to it. Return: 0 it may be mapped; -EAGAIN if the daemon has to
 * be asked; -ENOMEM.
 */
static int zxp_fault_found(struct zxp_access *access, struct folio *folio)
{
	if (!access->traps || zxp_folio_dirty(folio))
		return 0;
	return zxp_vmo_dirty_at_exit(access->vmo, folio);
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

static vm_fault_t zxp_fault(struct vm_fault *vmf)
{
	struct zxp_vmo *vmo = zxp_vmo_of(file_inode(vmf->vma->vm_file));
	bool writes = zxp_fault_writes(vmf);
	struct zxp_access access = {
		.vmo = vmo,
		.vmf = vmf,
		.traps = writes && zxp_vmo_traps(vmo),
	};
	struct folio *folio;
	vm_fault_t ret;
	bool dropped;
	int err;

	if (zxp_fault_failed(&access))
		return VM_FAULT_SIGBUS;
	if (writes) {
		zxp_trap_passed(vmo);
	} else if (zxp_trap_ahead(vmo, vmf->pgoff, vmf->pgoff)) {
		ret = zxp_fault_give_way(vmf);
		if (ret)
			return ret;
	}

	for (;;) {
		access.generation = zxp_vmo_generation(vmo);
		if (vmf->pgoff >= zxp_vmo_pages(vmo))
			return VM_FAULT_SIGBUS;

		folio = zxp_vmo_lock_folio(vmo, vmf->pgoff);
		if (folio && zxp_folio_poisoned(folio, vmf->pgoff)) {
			dropped = zxp_vmo_drop_poisoned(vmo, folio, vmf->pgoff);
			folio_unlock(folio);
			folio_put(folio);
			if (dropped)
				continue;
			return VM_FAULT_HWPOISON;
		}
		if (folio) {
			err = zxp_fault_found(&access, folio);
			if (!err)
				break;
			folio_unlock(folio);
			folio_put(folio);
			ret = err == -EAGAIN ?
			      zxp_fault_ask(&access, ZXP_REQUEST_DIRTY) :
			      zxp_fault_reserve(vmo);
		} else {
			ret = zxp_fault_missing(&access);
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
 * next one is missing. Then it came alone, and so will its neighbours. And nothing where a
 * store is on its way, which ->fault knows how to let pass.
 */
static vm_fault_t zxp_map_pages(struct vm_fault *vmf, pgoff_t start, pgoff_t end)
{
	struct zxp_vmo *vmo = zxp_vmo_of(file_inode(vmf->vma->vm_file));
	unsigned int run = zxp_vmo_has_pages(vmo, vmf->pgoff);

	if (!run || zxp_trap_ahead(vmo, start, end))
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
		fault = zxp_trap(vmo, vmf, generation);
	} while (!fault);
	return fault;
}

const struct vm_operations_struct zxp_vm_ops = {
	.fault = zxp_fault,
	.map_pages = zxp_map_pages,
	.page_mkwrite = zxp_page_mkwrite,
};
