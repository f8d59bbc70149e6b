// SPDX-License-Identifier: GPL-2.0
/*
 * Accesses that the daemon failed, and what has to be remembered of them.
 *
 * A fault that waited can only say VM_FAULT_RETRY, and is taken again from the start.
 * If the daemon failed its page, that is kept in the VMO with the task that it is for.
 * The next fault of that task on the VMO takes the record away, and if that is a
 * second try for the same page, it ends in SIGBUS. A second try is known by
 * FAULT_FLAG_TRIED; where the kernel itself brings in pages (MAP_POPULATE, mlock) it
 * does without, so there the same page is enough. A task that never comes back (its
 * signal handler jumped elsewhere, it was killed, the mapping was replaced) leaves its
 * record to be thrown away with those of other dead tasks, so there is at most one for
 * each living task.
 */
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "content.h"

/* An access failed with a code of the daemon: keep it for who wants to know. */
void zxp_vmo_note_failure(struct zxp_vmo *vmo, pgoff_t index, int error)
{
	atomic64_inc(&vmo->failures);
	WRITE_ONCE(vmo->fail_index, index);
	WRITE_ONCE(vmo->fail_error, -error);
}

/**
 * struct zxp_failed_fault - a fault that failed while its lock was given up
 * @link: in &zxp_vmo.failed_faults
 * @task: whose fault; referenced
 * @index: page
 * @user: the access was made in user mode
 */
struct zxp_failed_fault {
	struct list_head link;
	struct task_struct *task;
	pgoff_t index;
	bool user;
};

static void zxp_failed_fault_free(struct zxp_failed_fault *failed)
{
	put_task_struct(failed->task);
	kfree(failed);
}

static void zxp_failed_faults_free(struct list_head *list)
{
	struct zxp_failed_fault *failed, *next;

	list_for_each_entry_safe(failed, next, list, link)
		zxp_failed_fault_free(failed);
}

/* Without memory for the record the second try asks the daemon again. */
void zxp_vmo_remember_fault(struct zxp_vmo *vmo, pgoff_t index, bool user)
{
	struct zxp_failed_fault *new, *failed, *next;
	LIST_HEAD(dead);

	new = kmalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return;
	new->task = get_task_struct(current);
	new->index = index;
	new->user = user;

	spin_lock(&vmo->faults_lock);
	list_for_each_entry_safe(failed, next, &vmo->failed_faults, link)
		if (READ_ONCE(failed->task->exit_state))
			list_move(&failed->link, &dead);
	list_add(&new->link, &vmo->failed_faults);
	spin_unlock(&vmo->faults_lock);
	zxp_failed_faults_free(&dead);
}

/* Is this the second try of a fault that failed? */
bool zxp_vmo_recall_fault(struct zxp_vmo *vmo, struct vm_fault *vmf)
{
	struct zxp_failed_fault *failed, *found = NULL;
	bool same;

	if (list_empty_careful(&vmo->failed_faults))
		return false;

	spin_lock(&vmo->faults_lock);
	list_for_each_entry(failed, &vmo->failed_faults, link) {
		if (failed->task == current) {
			list_del(&failed->link);
			found = failed;
			break;
		}
	}
	spin_unlock(&vmo->faults_lock);
	if (!found)
		return false;

	same = found->index == vmf->pgoff &&
	       (vmf->flags & FAULT_FLAG_TRIED ||
		!(found->user || vmf->flags & FAULT_FLAG_USER));
	zxp_failed_fault_free(found);
	return same;
}

void zxp_vmo_forget_faults(struct zxp_vmo *vmo)
{
	zxp_failed_faults_free(&vmo->failed_faults);
	INIT_LIST_HEAD(&vmo->failed_faults);
}
