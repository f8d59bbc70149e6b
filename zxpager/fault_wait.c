// SPDX-License-Identifier: GPL-2.0
/*
 * What faults wait for: the daemon, a lock, memory.
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
 * A fault from user mode ends for any signal: the handler runs and the access is made
 * again. So does one from inside the kernel whose caller says that it looks at signals.
 * But most of these look at a fatal one only, and repeat the access at once. And a task
 * that exits has signals that nobody takes any more, as the one that has killed it.
 */
static unsigned int zxp_fault_wait_state(struct zxp_fault_access *access)
{
	return access->vmf->flags & FAULT_FLAG_INTERRUPTIBLE && !access->patient &&
	       !zxp_task_ends() ? TASK_INTERRUPTIBLE : TASK_KILLABLE;
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
static vm_fault_t zxp_fault_wait(struct zxp_fault_access *access,
				 struct zxp_request *request, long timeout)
{
	struct vm_fault *vmf = access->vmf;
	bool retry = vmf->flags & FAULT_FLAG_ALLOW_RETRY;
	bool user = vmf->flags & FAULT_FLAG_USER;
	struct mm_struct *mm = vmf->vma->vm_mm;
	unsigned int state = TASK_KILLABLE;
	struct zxp_vmo *vmo = access->view.vmo;
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
static vm_fault_t zxp_fault_ask_ending(struct zxp_fault_access *access,
				       enum zxp_request_type type)
{
	struct zxp_source *source = access->view.vmo->source;
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
static vm_fault_t zxp_fault_hint(struct zxp_fault_access *access,
				 enum zxp_request_type type, vm_fault_t fault)
{
	struct vm_fault *vmf = access->vmf;
	pgoff_t end = vmf->pgoff + 1;
	int ret;

	if (type == ZXP_REQUEST_DIRTY && zxp_trap_keep(access->view.vmo, vmf->pgoff))
		return fault;
	ret = zxp_request_hint(access->view.vmo->source, type, vmf->pgoff, &end,
			       access->generation);
	if (ret == -EAGAIN)
		return 0;
	return ret == -ESTALE ? VM_FAULT_SIGBUS : fault;
}

/*
 * May the fault's lock be given up? Who does so comes back. But the kernel looks at fatal
 * signals first, and then a task that exits does not get what it wants.
 */
static bool zxp_fault_may_retry(struct vm_fault *vmf)
{
	return vmf->flags & FAULT_FLAG_ALLOW_RETRY &&
	       !(current->flags & PF_EXITING && fatal_signal_pending(current));
}

/*
 * Take a content_lock, or a tree_lock. Others hold it for a while, so if it is not free the
 * fault's lock is given up. 0: it is held.
 */
vm_fault_t zxp_fault_lock(struct zxp_fault_access *access, struct mutex *lock)
{
	struct vm_fault *vmf = access->vmf;
	struct file *file;

	if (mutex_trylock(lock))
		return 0;
	if (!zxp_fault_may_retry(vmf))
		return zxp_lock_killable(lock) ? VM_FAULT_SIGBUS : 0;
	if (vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
		return VM_FAULT_RETRY;

	file = get_file(vmf->vma->vm_file);
	release_fault_lock(vmf);
	if (!zxp_lock_killable(lock))
		mutex_unlock(lock);
	fput(file);
	return VM_FAULT_RETRY;
}

/* The daemon has to do something about the page first. 0: look again. */
vm_fault_t zxp_fault_ask(struct zxp_fault_access *access, enum zxp_request_type type)
{
	struct zxp_source *source = access->view.vmo->source;
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
vm_fault_t zxp_fault_reserve(struct zxp_vmo *vmo)
{
	bool reserved = zxp_vmo_reserve(vmo);

	if (fatal_signal_pending(current) && !(current->flags & PF_EXITING))
		return VM_FAULT_SIGBUS;
	return reserved ? VM_FAULT_NOPAGE : VM_FAULT_OOM;
}

/* A write to a private mapping only reads the VMO. */
bool zxp_fault_writes(struct vm_fault *vmf)
{
	return vmf->flags & FAULT_FLAG_WRITE && vmf->vma->vm_flags & VM_SHARED;
}

/* Is this once more an access that the daemon has failed? */
bool zxp_fault_failed(struct zxp_fault_access *access)
{
	struct vm_fault *vmf = access->vmf;
	bool same_place;

	switch (zxp_vmo_recall_fault(access->view.vmo, vmf->pgoff, &same_place)) {
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
