// SPDX-License-Identifier: GPL-2.0
/*
 * Accesses that the daemon failed, and what has to be remembered from one fault of a
 * task to its next.
 *
 * A fault that waited can only say VM_FAULT_RETRY, and is taken again from the start.
 * So there is something to carry over: that the daemon failed the page, or that a signal
 * ended the wait. That is a note in the VMO for the task. Its next fault on the VMO takes
 * the note away. If that is the access that failed once more, it ends in SIGBUS.
 *
 * A second try is known by FAULT_FLAG_TRIED. Where the kernel itself brings in pages
 * (MAP_POPULATE, mlock) it does without, so there the same page is enough; and what
 * waited on its way to user mode comes back at the same place of the program. See trap.c
 * for another kind of note.
 *
 * A task that never comes back (its signal handler jumped elsewhere, it was killed, the
 * mapping was replaced) leaves its note to be thrown away with those of other dead
 * tasks, so there is at most one for each living task.
 */
#include <linux/ptrace.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>

#include "content.h"

/* An access failed with a code of the daemon: keep it for who wants to know. */
void zxp_vmo_note_failure(struct zxp_vmo *vmo, pgoff_t index, int error)
{
	spin_lock(&vmo->faults_lock);
	vmo->failure.nr++;
	vmo->failure.index = index;
	vmo->failure.error = -error;
	spin_unlock(&vmo->faults_lock);
}

/* The last of these, as a whole. */
struct zxp_failure zxp_vmo_last_failure(struct zxp_vmo *vmo)
{
	struct zxp_failure failure;

	spin_lock(&vmo->faults_lock);
	failure = vmo->failure;
	spin_unlock(&vmo->faults_lock);
	return failure;
}

/**
 * struct zxp_fault_note - what a task has to know at its next fault
 * @link: in &zxp_vmo.fault_notes
 * @task: whose fault; referenced
 * @index: page
 * @ip: where the task was in user mode
 * @kind: what there is to know
 */
struct zxp_fault_note {
	struct list_head link;
	struct task_struct *task;
	pgoff_t index;
	unsigned long ip;
	enum zxp_note_kind kind;
};

static void zxp_fault_notes_free(struct list_head *list)
{
	struct zxp_fault_note *note, *next;

	list_for_each_entry_safe(note, next, list, link) {
		put_task_struct(note->task);
		kfree(note);
	}
}

static unsigned long zxp_user_ip(void)
{
	return instruction_pointer(current_pt_regs());
}

/**
 * zxp_vmo_note_fault() - leave a note for the next fault of the calling task
 * @vmo: the VMO
 * @index: page
 * @kind: what there is to know
 *
 * Return: false without memory for it. After a failure the next fault then asks the
 * daemon again.
 */
bool zxp_vmo_note_fault(struct zxp_vmo *vmo, pgoff_t index,
			enum zxp_note_kind kind)
{
	struct zxp_fault_note *new, *note, *next;
	LIST_HEAD(dead);

	new = kmalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return false;
	new->task = get_task_struct(current);
	new->index = index;
	new->ip = zxp_user_ip();
	new->kind = kind;

	spin_lock(&vmo->faults_lock);
	list_for_each_entry_safe(note, next, &vmo->fault_notes, link)
		if (note->task == current || READ_ONCE(note->task->exit_state))
			list_move(&note->link, &dead);
	list_add(&new->link, &vmo->fault_notes);
	spin_unlock(&vmo->faults_lock);
	zxp_fault_notes_free(&dead);
	return true;
}

/* See zxp_vmo_recall_fault(). */
enum zxp_note_kind zxp_vmo_take_note(struct zxp_vmo *vmo, pgoff_t index,
				     bool *same_place)
{
	enum zxp_note_kind kind = ZXP_NOTE_NONE;
	struct zxp_fault_note *note;
	LIST_HEAD(mine);

	spin_lock(&vmo->faults_lock);
	list_for_each_entry(note, &vmo->fault_notes, link) {
		if (note->task != current)
			continue;
		if (note->index == index)
			kind = note->kind;
		*same_place = note->ip == zxp_user_ip();
		list_move(&note->link, &mine);
		break;
	}
	spin_unlock(&vmo->faults_lock);
	zxp_fault_notes_free(&mine);
	return kind;
}

void zxp_vmo_forget_faults(struct zxp_vmo *vmo)
{
	zxp_fault_notes_free(&vmo->fault_notes);
	INIT_LIST_HEAD(&vmo->fault_notes);
}
