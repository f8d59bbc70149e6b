/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Floor 4, access: what clients and the daemon do with a VMO.
 */
#ifndef _ZXPAGER_ACCESS_H
#define _ZXPAGER_ACCESS_H

#include "vmo_fs.h"

struct zxp_child;
struct zxp_read;

/**
 * struct zxp_child_ops - where the content of a page of a child is, and who is asked for it
 * @find: for a read, the folio to copy from, with a reference, or NULL for zeroes; else -ERANGE
 *	that is the end, -EAGAIN nothing is there, -EHWPOISON it is lost
 * @confirm: was what was found, and has been copied, that of one moment?
 * @lock: as zxp_vmo_lock_at(); also -EIO it is lost
 * @absent: as zxp_vmo_absent()
 * @ask: as zxp_read_wait()
 * @folio_for_write: as zxp_vmo_folio_for_write()
 * @replace: as zxp_vmo_replace_poisoned()
 *
 * What is read, stored or mapped alike of a VMO and of a child is written once. Of a VMO it
 * calls the functions that are named here, of a child these.
 */
struct zxp_child_ops {
	struct folio *(*find)(struct zxp_read *read, pgoff_t index);
	bool (*confirm)(struct zxp_read *read, pgoff_t index);
	struct folio *(*lock)(struct zxp_child *child, pgoff_t index, bool nowait);
	enum zxp_absent (*absent)(struct zxp_child *child, pgoff_t index);
	int (*ask)(struct zxp_child *child, struct zxp_request *request, pgoff_t index,
		   pgoff_t end, unsigned long generation);
	struct folio *(*folio_for_write)(struct zxp_child *child, pgoff_t index, pgoff_t end,
					 bool nowait);
	int (*replace)(struct zxp_child *child, pgoff_t index, struct folio *new);
};

/**
 * struct zxp_view - what is read, stored to or mapped
 * @ops: of a child; NULL for a VMO itself
 * @vmo: the VMO, or that at the bottom, as whose all pages are numbered
 * @child: the child; NULL for @vmo itself
 * @first: page at position 0
 */
struct zxp_view {
	const struct zxp_child_ops *ops;
	struct zxp_vmo *vmo;
	struct zxp_child *child;
	pgoff_t first;
};

/* Where a position is in the VMO at the bottom. */
static inline loff_t zxp_view_at(const struct zxp_view *view, loff_t pos)
{
	return pos + ((loff_t)view->first << PAGE_SHIFT);
}

/**
 * zxp_vmo_lock_at() - what there is at an index of a VMO
 * @vmo: the VMO
 * @index: the page
 * @nowait: -EAGAIN instead of waiting for a lock
 *
 * Return: the folio, locked and with a reference, so that it stays what is there; NULL if there
 * is none; or -ERANGE behind the end, -ESTALE look again, -EAGAIN, -EHWPOISON its memory has
 * failed.
 */
static inline struct folio *zxp_vmo_lock_at(struct zxp_vmo *vmo, pgoff_t index, bool nowait)
{
	struct folio *folio;
	int ret = -ERANGE;

	if (index >= zxp_vmo_pages(vmo))
		return ERR_PTR(-ERANGE);
	folio = nowait ? zxp_vmo_trylock_folio(vmo, index) : zxp_vmo_lock_folio(vmo, index);
	if (IS_ERR_OR_NULL(folio))
		return folio;
	if (zxp_folio_poisoned(folio, index))
		ret = zxp_vmo_drop_poisoned(vmo, folio, index) ? -ESTALE : -EHWPOISON;
	/* A shrink sets the size before it takes the folio lock. */
	else if (index < zxp_vmo_pages(vmo))
		return folio;
	folio_unlock(folio);
	folio_put(folio);
	return ERR_PTR(ret);
}

/* resize.c */
int zxp_setattr_size(struct mnt_idmap *idmap, struct dentry *dentry, const struct iattr *attr,
		     int (*set_size)(struct dentry *dentry, loff_t size));
int zxp_vmo_setattr(struct mnt_idmap *idmap, struct dentry *dentry,
		    struct iattr *attr);

/* fallocate.c */
long zxp_vmo_fallocate(struct file *file, int mode, loff_t offset, loff_t length);

/* write.c */
ssize_t zxp_vmo_write_iter(struct kiocb *iocb, struct iov_iter *from);
int zxp_write_range(const struct zxp_view *view, pgoff_t nr_pages, u64 end, struct file *file,
		    const struct zxp_vmo_io *args);
int zxp_vmo_write(struct file *file, const struct zxp_vmo_io *args);
loff_t zxp_vmo_write_end(struct zxp_vmo *vmo);
int zxp_copy_in(const struct zxp_view *view, loff_t *pos, struct iov_iter *from, bool nowait);

/* read.c */

/**
 * struct zxp_read - a read under way
 * @view: of what
 * @to: the caller's buffer; advances
 * @pos: where it is now
 * @nowait: -EAGAIN instead of waiting for the daemon
 * @stream: a VMO ends with its stream
 * @daemon: zxp_file_daemon() of what is read by
 * @end: where all ended when the page at @pos was looked for
 * @mark: what ->find has to tell ->confirm
 */
struct zxp_read {
	struct zxp_view view;
	struct iov_iter *to;
	loff_t pos;
	bool nowait;
	bool stream;
	unsigned long daemon;
	loff_t end;
	unsigned long mark;
};

int zxp_io_range(pgoff_t nr_pages, const struct zxp_vmo_io *args, struct iov_iter *iter,
		 unsigned int direction);
ssize_t zxp_read_iter(struct zxp_read *read, struct kiocb *iocb, struct iov_iter *to);
int zxp_read_range(struct zxp_read *read, pgoff_t nr_pages, const struct zxp_vmo_io *args);
ssize_t zxp_vmo_read_iter(struct kiocb *iocb, struct iov_iter *to);
int zxp_vmo_read(struct file *file, const struct zxp_vmo_io *args);

/* op_range.c */
int zxp_op_range_check(struct file *file, struct zxp_vmo *root, pgoff_t nr_pages,
		       const struct zxp_vmo_op_range *args);
int zxp_vmo_bring_in(struct zxp_vmo *vmo, enum zxp_vmo_op op, pgoff_t index,
		     pgoff_t end);
int zxp_vmo_advise(struct zxp_vmo *vmo, loff_t start, loff_t end, int advice);
void zxp_vmo_will_need(struct zxp_vmo *vmo, pgoff_t index, pgoff_t end);
int zxp_vmo_op_range(struct file *file, const struct zxp_vmo_op_range *args);
int zxp_vmo_fadvise(struct file *file, loff_t offset, loff_t len, int advice);

/* fault_wait.c */

/**
 * struct zxp_fault_access - one call of ->fault
 * @view: of what
 * @vmf: the fault
 * @generation: before the page was looked for
 * @writes: it is a store
 * @store: of a child, have a page that may be stored to in the place of @folio, which is
 *	locked, or of zeroes, for which that is NULL; it ends with only the new one locked
 * @traps: the daemon may have to allow stores
 * @patient: it has ended for a signal before, and has come back without a look at it
 */
struct zxp_fault_access {
	struct zxp_view view;
	struct vm_fault *vmf;
	unsigned long generation;
	bool writes;
	vm_fault_t (*store)(struct zxp_fault_access *access, struct folio *folio);
	bool traps;
	bool patient;
};

bool zxp_fault_writes(struct vm_fault *vmf);
bool zxp_fault_failed(struct zxp_fault_access *access);
vm_fault_t zxp_fault_lock(struct zxp_fault_access *access, struct mutex *lock);
vm_fault_t zxp_fault_ask(struct zxp_fault_access *access, enum zxp_request_type type);
vm_fault_t zxp_fault_reserve(struct zxp_vmo *vmo);

/* fault.c */
vm_fault_t zxp_fault_look(struct zxp_fault_access *access);
vm_fault_t zxp_vmo_fault(struct zxp_vmo *vmo, struct vm_fault *vmf);
vm_fault_t zxp_vmo_map_pages(struct zxp_vmo *vmo, struct vm_fault *vmf, pgoff_t start,
			     pgoff_t end);
vm_fault_t zxp_vmo_page_mkwrite(struct zxp_vmo *vmo, struct vm_fault *vmf);
extern const struct vm_operations_struct zxp_vm_ops;
int zxp_vmo_may_map(struct zxp_vmo *vmo, struct vm_area_struct *vma);

/* fault_map.c */
bool zxp_fault_widen(struct zxp_vmo *vmo, struct vm_fault *vmf, pgoff_t *start, pgoff_t *end);
bool zxp_fault_maps_more(struct vm_fault *vmf, pgoff_t *start, pgoff_t *end);
void zxp_fault_window(struct vm_fault *vmf, pgoff_t *start, pgoff_t *end);
vm_fault_t zxp_fault_insert(struct vm_fault *vmf, pgoff_t start, pgoff_t end);
vm_fault_t zxp_fault_finish(struct vm_fault *vmf, pgoff_t limit);

/* trap.c */
int zxp_fault_sleep(struct mm_struct *mm, struct zxp_request *request,
		    unsigned int state, long timeout);
void zxp_traps_pass(struct zxp_vmo *vmo);
bool zxp_traps_ahead(struct zxp_vmo *vmo, pgoff_t start, pgoff_t end);
bool zxp_trap_keep(struct zxp_vmo *vmo, pgoff_t index);
vm_fault_t zxp_trap(struct zxp_vmo *vmo, struct vm_fault *vmf,
		    unsigned long generation);

/**
 * zxp_mm_abandoned() - is nobody left whose memory this is?
 * @mm: that of a fault
 *
 * A kernel thread that borrows the memory of a process gets no signal when that is killed.
 *
 * Return: true if so, for a kernel thread.
 */
static inline bool zxp_mm_abandoned(struct mm_struct *mm)
{
#ifdef CONFIG_MEMCG
	return current->flags & PF_KTHREAD && !READ_ONCE(mm->owner);
#else
	return false;
#endif
}

/**
 * zxp_trap_passed() - the calling task has come to ->fault
 * @vmo: the VMO
 */
static inline void zxp_trap_passed(struct zxp_vmo *vmo)
{
	if (!list_empty_careful(&vmo->traps))
		zxp_traps_pass(vmo);
}

/**
 * zxp_trap_ahead() - is a store under way to ->fault?
 * @vmo: the VMO
 * @start: first page
 * @end: the last one
 *
 * Return: whether a read of one of these pages had better come later.
 */
static inline bool zxp_trap_ahead(struct zxp_vmo *vmo, pgoff_t start, pgoff_t end)
{
	return !list_empty_careful(&vmo->traps) && zxp_traps_ahead(vmo, start, end);
}

/* exit.c */
long zxp_exit_time_left(struct file *file);

/* info.c */
u32 zxp_vmo_info_flags(struct zxp_vmo *vmo);
void zxp_vmo_info_below(struct zxp_vmo *root, pgoff_t start, pgoff_t end,
			struct zxp_vmo_info *info);
int zxp_vmo_get_info(struct file *file, struct zxp_vmo_info *args);
void zxp_vmo_show_fdinfo(struct seq_file *m, struct file *file);
int zxp_vmo_getattr(struct mnt_idmap *idmap, const struct path *path,
		    struct kstat *stat, u32 request_mask, unsigned int flags);

#endif /* _ZXPAGER_ACCESS_H */
