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
 * That leaves one thing to be carried over to the second try: that the daemon
 * failed the page. That is kept in the VMO with the task that it is for. The next
 * fault of that task on the VMO takes it away, and if that is a second try for the
 * same page, it ends in SIGBUS. A second try is known by FAULT_FLAG_TRIED; where
 * the kernel itself brings in pages (MAP_POPULATE, mlock) it does without, so
 * there the same page is enough. A task that never comes back (its signal handler
 * jumped elsewhere, it was killed, the mapping was replaced) leaves its record to
 * be thrown away with those of other dead tasks, so there is at most one for each
 * living task.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "zxpager_private.h"

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
static void zxp_vmo_remember_fault(struct zxp_vmo *vmo, pgoff_t index, bool user)
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
static bool zxp_vmo_recall_fault(struct zxp_vmo *vmo, struct vm_fault *vmf)
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
