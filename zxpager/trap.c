// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Stores that have to wait
 *
 * The first store to a page through a shared mapping comes to ->page_mkwrite. If the
 * daemon is to be asked for permission, that is no place to wait: the lock of the fault,
 * often mmap_lock, cannot be given up there, and what kind of fault it is cannot be seen.
 *
 * Nor is it enough to take the page out of the page table, so that the store comes back
 * by way of ->fault: whoever reads the page in between has it mapped again, read-only,
 * and the store comes here once more. A loop inside the kernel that looks at no signal
 * would go on like that for ever. So
 *
 * 1. the first time the request is made here, and waited for where the task returns to
 *    user mode, as task work. Most stores are made in user mode, and need no more.
 * 2. A task that comes back before that is inside the kernel. Now the page leaves the
 *    page table, and ->fault, which sees what it may do, decides.
 * 3. If it comes back without having passed ->fault it waits here, killably.
 *
 * A kernel thread, or another that never returns to user mode, begins with 2. A store to
 * the memory of another process makes the request and takes 2 each time: to wait here
 * would be to hold the other one's lock. Its loops look for a fatal signal. If ->fault
 * then refuses to wait the request stays as a hint, so that the next try succeeds.
 *
 * Who only reads a page that has just left the page table for such a store waits for a
 * moment, so that the store comes to ->fault before the page is mapped again.
 *
 * In steps 1 and 2 the store is made again at once, so whoever was killed, or must not
 * wait any more, gets SIGBUS.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/task_work.h>

#include "access.h"

/*
 * For so long readers give way at most, which is to end waits for a store that does not come
 * back. It does within microseconds, but for a processor that has much else to do.
 */
#define ZXP_TRAP_AHEAD		(HZ / 2)

/**
 * struct zxp_trap - a store that waits where its task returns to user mode
 * @work: in the task
 * @link: in &zxp_vmo.traps
 * @task: the task, which outlives this
 * @vmo: the VMO
 * @file: keeps the VMO and the module
 * @request: for DIRTY, started
 * @index: the page
 * @inside: the store was not made in user mode; so nobody waits there
 * @lasting: the daemon is to answer all the same
 * @zapped: until then readers give way; 0 for not
 */
struct zxp_trap {
	struct callback_head work;
	struct list_head link;
	struct task_struct *task;
	struct zxp_vmo *vmo;
	struct file *file;
	struct zxp_request request;
	pgoff_t index;
	bool inside;
	bool lasting;
	unsigned long zapped;
};

/**
 * zxp_fault_sleep() - wait for a request that a fault has started
 * @mm: that of the fault
 * @request: the request
 * @state: %TASK_INTERRUPTIBLE or %TASK_KILLABLE
 * @timeout: for how many jiffies at most; or %MAX_SCHEDULE_TIMEOUT
 *
 * Return: as zxp_request_sleep(); -EINTR if the memory was abandoned.
 */
int zxp_fault_sleep(struct mm_struct *mm, struct zxp_request *request,
		    unsigned int state, long timeout)
{
	int ret;

	if (!(current->flags & PF_KTHREAD))
		return zxp_request_sleep(request, state, timeout);
	do {
		ret = zxp_request_sleep(request, state, HZ / 10);
	} while (ret == -ETIME && !zxp_mm_abandoned(mm));
	return ret == -ETIME ? -EINTR : ret;
}

static void zxp_trap_wait(struct zxp_vmo *vmo, struct zxp_trap *trap)
{
	int ret;

	if (trap->lasting) {
		zxp_request_leave_hint(vmo->source, &trap->request);
		return;
	}
	if (trap->inside || zxp_task_ends()) {
		zxp_request_leave(vmo->source, &trap->request, -EINTR);
		return;
	}
	ret = zxp_request_wait(vmo->source, &trap->request, TASK_INTERRUPTIBLE);
	if (ret && ret != -ERESTARTNOINTR) {
		zxp_vmo_note_failure(vmo, trap->index, ret);
		zxp_vmo_note_fault(vmo, trap->index, ZXP_NOTE_FAILED_TRAP);
	}
}

/* On the way to user mode, where the store is made again; or at exit. */
static void zxp_trap_work(struct callback_head *work)
{
	struct zxp_trap *trap = container_of(work, struct zxp_trap, work);
	struct zxp_vmo *vmo = trap->vmo;

	spin_lock(&vmo->faults_lock);
	list_del(&trap->link);
	spin_unlock(&vmo->faults_lock);
	zxp_trap_wait(vmo, trap);
	fput(trap->file);
	kfree(trap);
}

/* The trap that the calling task has in this VMO. Only itself takes it away. */
static struct zxp_trap *zxp_trap_find(struct zxp_vmo *vmo)
{
	struct zxp_trap *trap, *found = NULL;

	if (list_empty_careful(&vmo->traps))
		return NULL;
	spin_lock(&vmo->faults_lock);
	list_for_each_entry(trap, &vmo->traps, link) {
		if (trap->task == current) {
			found = trap;
			break;
		}
	}
	spin_unlock(&vmo->faults_lock);
	return found;
}

/* If it has one it is inside the kernel now. */
static bool zxp_trap_inside(struct zxp_vmo *vmo)
{
	struct zxp_trap *trap = zxp_trap_find(vmo);

	if (trap)
		trap->inside = true;
	return trap;
}

/* See zxp_trap_passed(). */
void zxp_traps_pass(struct zxp_vmo *vmo)
{
	struct zxp_trap *trap = zxp_trap_find(vmo);

	if (trap)
		WRITE_ONCE(trap->zapped, 0);
}

/* See zxp_trap_ahead(). */
bool zxp_traps_ahead(struct zxp_vmo *vmo, pgoff_t start, pgoff_t end)
{
	struct zxp_trap *trap;
	unsigned long zapped;
	bool ahead = false;

	spin_lock(&vmo->faults_lock);
	list_for_each_entry(trap, &vmo->traps, link) {
		zapped = READ_ONCE(trap->zapped);
		ahead = zapped && time_before(jiffies, zapped) &&
			start <= trap->index && trap->index <= end &&
			trap->task != current;
		if (ahead)
			break;
	}
	spin_unlock(&vmo->faults_lock);
	return ahead;
}

/**
 * zxp_trap_keep() - what the calling task asked for a page is to stay asked
 * @vmo: the VMO
 * @index: the page
 *
 * Return: whether it has asked.
 */
bool zxp_trap_keep(struct zxp_vmo *vmo, pgoff_t index)
{
	struct zxp_trap *trap = zxp_trap_find(vmo);

	if (!trap || trap->index != index || !READ_ONCE(trap->request.active))
		return false;
	trap->lasting = true;
	return true;
}

/* Return: 0 and the task waits later; -ENOMEM; or as zxp_request_start(). */
static int zxp_trap_start(struct zxp_vmo *vmo, struct vm_fault *vmf,
			  unsigned long generation)
{
	struct zxp_trap *trap = kmalloc(sizeof(*trap), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!trap)
		return -ENOMEM;
	ret = zxp_request_start(vmo->source, &trap->request, ZXP_REQUEST_DIRTY,
				vmf->pgoff, vmf->pgoff + 1, false, generation);
	if (ret)
		goto free;

	init_task_work(&trap->work, zxp_trap_work);
	trap->task = current;
	trap->vmo = vmo;
	trap->file = get_file(vmf->vma->vm_file);
	trap->index = vmf->pgoff;
	trap->inside = vmf->vma->vm_mm != current->mm;
	trap->lasting = false;
	trap->zapped = 0;
	spin_lock(&vmo->faults_lock);
	list_add(&trap->link, &vmo->traps);
	spin_unlock(&vmo->faults_lock);
	ret = task_work_add(current, &trap->work, TWA_RESUME);
	if (!ret)
		return 0;

	/* The task has run its last one. */
	spin_lock(&vmo->faults_lock);
	list_del(&trap->link);
	spin_unlock(&vmo->faults_lock);
	zxp_request_leave(vmo->source, &trap->request, -EINTR);
	fput(trap->file);
	ret = -EINTR;
free:
	kfree(trap);
	return ret;
}

/* Step 3. Return: 0 to look again. */
static vm_fault_t zxp_trap_here(struct zxp_vmo *vmo, struct vm_fault *vmf,
				unsigned long generation)
{
	pgoff_t index = vmf->pgoff;
	struct zxp_request request;
	int ret;

	ret = zxp_request_start(vmo->source, &request, ZXP_REQUEST_DIRTY, index,
				index + 1, false, generation);
	if (ret)
		return ret == -EAGAIN ? 0 : VM_FAULT_SIGBUS;
	ret = zxp_fault_sleep(vmf->vma->vm_mm, &request, TASK_KILLABLE,
			      MAX_SCHEDULE_TIMEOUT);
	ret = zxp_request_leave(vmo->source, &request, ret);
	if (ret && ret != -ERESTARTNOINTR && ret != -EINTR)
		zxp_vmo_note_failure(vmo, index, ret);
	return ret ? VM_FAULT_SIGBUS : 0;
}

/**
 * zxp_trap() - a store has to wait for the daemon's permission
 * @vmo: the VMO
 * @vmf: the fault, in ->page_mkwrite
 * @generation: zxp_vmo_generation() before the folio was looked at
 *
 * Return: 0 to look again; VM_FAULT_NOPAGE; VM_FAULT_SIGBUS.
 */
vm_fault_t zxp_trap(struct zxp_vmo *vmo, struct vm_fault *vmf,
		    unsigned long generation)
{
	struct mm_struct *mm = vmf->vma->vm_mm;
	pgoff_t index = vmf->pgoff, end = index + 1;
	bool same_place = false, remote = mm != current->mm;
	enum zxp_note_kind note;
	struct zxp_trap *trap;
	int ret = 0;

	note = zxp_vmo_recall_fault(vmo, index, &same_place);
	if (fatal_signal_pending(current) || zxp_task_ends() ||
	    zxp_mm_abandoned(mm) || zxp_vmo_detached(vmo))
		return VM_FAULT_SIGBUS;
	/* Of another access, which was given up. */
	if (!same_place)
		note = ZXP_NOTE_NONE;
	if (note != ZXP_NOTE_NONE && note != ZXP_NOTE_INTERRUPTED &&
	    note != ZXP_NOTE_ZAPPED)
		return VM_FAULT_SIGBUS;

	if (note != ZXP_NOTE_ZAPPED && !zxp_trap_inside(vmo)) {
		if (zxp_task_is_user())
			ret = zxp_trap_start(vmo, vmf, generation);
		else if (remote)
			ret = zxp_request_hint(vmo->source, ZXP_REQUEST_DIRTY,
					       index, &end, generation);
		if (ret == -EAGAIN)
			return 0;
		if (ret == -ESTALE || ret == -EINTR)
			return VM_FAULT_SIGBUS;
		if (!ret && !remote && zxp_task_is_user())
			return VM_FAULT_NOPAGE;
	}
	if (!remote && (note == ZXP_NOTE_ZAPPED ||
			!zxp_vmo_note_fault(vmo, index, ZXP_NOTE_ZAPPED)))
		return zxp_trap_here(vmo, vmf, generation);
	trap = zxp_trap_find(vmo);
	if (trap && trap->index == index)
		WRITE_ONCE(trap->zapped, (jiffies + ZXP_TRAP_AHEAD) | 1);
	unmap_mapping_pages(vmo->inode.i_mapping, index, 1, false);
	return VM_FAULT_NOPAGE;
}
