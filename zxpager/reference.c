// SPDX-License-Identifier: GPL-2.0
/*
 * References: other files on the inode of a VMO, a copy or a slice. They have all in common
 * with the one they were made of, but what enum zxp_limit says.
 */
#include <linux/file.h>
#include <linux/module.h>

#include "child.h"

/**
 * zxp_reference_create() - make a reference
 * @file: a descriptor of what it refers to
 * @resizable: by that one the size may change
 * @args: what is asked for
 *
 * The caller has pinned the file system, which the last fput() undoes.
 *
 * Return: the file; or -EINVAL not of all; -EACCES it would be resizable, and @file is not;
 * -ENOMEM, -ENFILE.
 */
struct file *zxp_reference_create(struct file *file, bool resizable,
				  const struct zxp_vmo_create_child *args)
{
	unsigned long limits = zxp_file_limits(file) | ZXP_LIMIT_NO_PAGER;
	struct inode *inode = file_inode(file);
	struct file *reference;

	if (args->offset || args->length)
		return ERR_PTR(-EINVAL);
	if (!(args->options & ZXP_CHILD_RESIZABLE))
		limits |= ZXP_LIMIT_NO_RESIZE;
	else if (!resizable)
		return ERR_PTR(-EACCES);
	if (args->options & ZXP_CHILD_NO_WRITE || !(file->f_mode & FMODE_WRITE))
		limits |= ZXP_LIMIT_NO_WRITE;

	ihold(inode);
	reference = alloc_file_pseudo(inode, file->f_path.mnt, "zxpager-vmo",
				      (limits & ZXP_LIMIT_NO_WRITE ? O_RDONLY : O_RDWR) |
				      O_LARGEFILE, file->f_op);
	if (IS_ERR(reference)) {
		iput(inode);
		return reference;
	}
	/* Nobody can open it before it is a descriptor. */
	reference->f_path.dentry->d_fsdata = (void *)limits;
	zxp_file_begin(reference);
	return reference;
}
