/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Floor 4, access: what clients and the daemon do with a VMO.
 */
#ifndef _ZXPAGER_ACCESS_H
#define _ZXPAGER_ACCESS_H

#include "vmo_fs.h"

/* resize.c */
int zxp_vmo_setattr(struct mnt_idmap *idmap, struct dentry *dentry,
		    struct iattr *attr);

/* fallocate.c */
long zxp_vmo_fallocate(struct file *file, int mode, loff_t offset, loff_t length);

/* write.c */
ssize_t zxp_vmo_write_iter(struct kiocb *iocb, struct iov_iter *from);
int zxp_vmo_write(struct file *file, struct zxp_vmo_io *args);
loff_t zxp_vmo_write_end(struct zxp_vmo *vmo);
int zxp_vmo_copy_in(struct zxp_vmo *vmo, loff_t *pos, struct iov_iter *from, bool nowait);

/* read.c */
int zxp_vmo_io_range(struct zxp_vmo *vmo, struct zxp_vmo_io *args,
		     struct iov_iter *iter, unsigned int direction);
ssize_t zxp_vmo_read_iter(struct kiocb *iocb, struct iov_iter *to);
int zxp_vmo_copy_out(struct zxp_vmo *vmo, loff_t *pos, struct iov_iter *to, bool nowait);
int zxp_vmo_read(struct file *file, struct zxp_vmo_io *args);

/* op_range.c */
fmode_t zxp_vmo_op_mode(u32 op);
bool zxp_vmo_op_is_hint(u32 op);
int zxp_vmo_bring_in(struct zxp_vmo *vmo, enum zxp_vmo_op op, pgoff_t index,
		     pgoff_t end);
int zxp_vmo_advise(struct zxp_vmo *vmo, loff_t start, loff_t end, int advice);
void zxp_vmo_will_need(struct zxp_vmo *vmo, pgoff_t index, pgoff_t end);
int zxp_vmo_op_range(struct file *file, struct zxp_vmo_op_range *args);
int zxp_vmo_fadvise(struct file *file, loff_t offset, loff_t len, int advice);

/* fault.c */
vm_fault_t zxp_vmo_fault(struct zxp_vmo *vmo, struct vm_fault *vmf);
vm_fault_t zxp_vmo_map_pages(struct zxp_vmo *vmo, struct vm_fault *vmf, pgoff_t start,
			     pgoff_t end);
vm_fault_t zxp_vmo_page_mkwrite(struct zxp_vmo *vmo, struct vm_fault *vmf);
extern const struct vm_operations_struct zxp_vm_ops;
int zxp_vmo_may_map(struct zxp_vmo *vmo, struct vm_area_struct *vma);

/* fault_wait.c */

/**
 * struct zxp_fault_access - one call of ->fault
 * @vmo: the VMO
 * @vmf: the fault
 * @generation: before the page was looked for
 * @traps: a store that the daemon may have to allow
 * @patient: it has ended for a signal before, and has come back without a look at it
 */
struct zxp_fault_access {
	struct zxp_vmo *vmo;
	struct vm_fault *vmf;
	unsigned long generation;
	bool traps;
	bool patient;
};

bool zxp_fault_writes(struct vm_fault *vmf);
bool zxp_fault_failed(struct zxp_fault_access *access);
vm_fault_t zxp_fault_lock(struct zxp_fault_access *access, struct mutex *lock);
vm_fault_t zxp_fault_ask(struct zxp_fault_access *access, enum zxp_request_type type);
vm_fault_t zxp_fault_reserve(struct zxp_vmo *vmo);

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
