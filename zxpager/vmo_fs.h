/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Floor 5, the file system that VMOs are inodes of.
 */
#ifndef _ZXPAGER_VMO_FS_H
#define _ZXPAGER_VMO_FS_H

#include <linux/module.h>

#include "change.h"

#define ZXP_FS_MAGIC	0x7a787067	/* "zxpg" */

/**
 * enum zxp_limit - what sets a file apart from others on its inode
 * @ZXP_LIMIT_NO_PAGER: it is not for calls of a pager
 * @ZXP_LIMIT_NO_WRITE: it cannot be opened for writing
 * @ZXP_LIMIT_NO_RESIZE: it does not change the size of the VMO
 * @ZXP_LIMIT_NO_OPEN: it cannot be opened at all, as it is only for mappings
 * @ZXP_LIMIT_FILE: no limit, but one file; what is from here on counts those of a reference
 *
 * They are kept in the dentry, of which each new file has its own, and a file that is opened
 * anew has the same. What is not for calls of a pager is a reference, which is a child as
 * long as it has files.
 */
enum zxp_limit {
	ZXP_LIMIT_NO_PAGER	= BIT(0),
	ZXP_LIMIT_NO_WRITE	= BIT(1),
	ZXP_LIMIT_NO_RESIZE	= BIT(2),
	ZXP_LIMIT_NO_OPEN	= BIT(3),
	ZXP_LIMIT_FILE		= BIT(4),
};

static inline unsigned long zxp_dentry_limits(struct dentry *dentry)
{
	return (unsigned long)READ_ONCE(dentry->d_fsdata);
}

static inline unsigned long zxp_file_limits(struct file *file)
{
	return zxp_dentry_limits(file->f_path.dentry);
}

/* May the size of the VMO change by it? Its stream size may all the same. */
static inline bool zxp_may_resize(struct dentry *dentry)
{
	return zxp_vmo_of(d_inode(dentry))->options & ZXP_VMO_RESIZABLE &&
	       !(zxp_dentry_limits(dentry) & ZXP_LIMIT_NO_RESIZE);
}

/* ->open, for a file that was opened anew. */
static inline int zxp_may_open(struct file *file)
{
	unsigned long limits = zxp_file_limits(file);

	if (limits & ZXP_LIMIT_NO_OPEN)
		return -ENXIO;
	return limits & ZXP_LIMIT_NO_WRITE && file->f_mode & FMODE_WRITE ? -EACCES : 0;
}

extern struct vfsmount *zxp_mnt;

/* What open() does for other files, and fput() undoes for all. */
static inline void zxp_file_begin(struct file *file)
{
	__module_get(THIS_MODULE);
	file->f_mode &= ~FMODE_NONOTIFY;
	file->f_mode |= FMODE_NONOTIFY_PERM | FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE |
			ZXP_FMODE_NOWAIT;
}

static inline bool zxp_file_is_reference(struct file *file)
{
	return zxp_file_limits(file) & ZXP_LIMIT_NO_PAGER;
}

int zxp_fs_init(void);
void zxp_fs_exit(void);
int zxp_fs_pin(void);
void zxp_fs_unpin(void);
void zxp_reference_count(struct file *file, struct zxp_vmo *root, struct zxp_kin *kin,
			 bool begins);
struct file *zxp_vmo_get_file(int fd, fmode_t mode, struct zxp_vmo **vmo);
struct file *zxp_pager_vmo_file(struct zxp_pager *pager, int fd, fmode_t mode,
				struct zxp_vmo **vmo);

#endif /* _ZXPAGER_VMO_FS_H */
