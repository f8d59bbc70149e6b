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
 * @parent: what it refers to
 * @resizable: by that one the size may change
 * @args: what is asked for
 *
 * The caller has pinned the file system, which the last fput() undoes.
 *
 * Return: the file; or -EINVAL not of all; -EACCES it would be resizable, and that is not;
 * -ENOMEM, -ENFILE.
 */
struct file *zxp_reference_create(const struct zxp_parent *parent, bool resizable,
				  const struct zxp_vmo_create_child *args)
{
	struct file *file = parent->file;
	unsigned long limits = zxp_file_limits(file) % ZXP_LIMIT_FILE | ZXP_LIMIT_NO_PAGER;
	struct inode *inode = file_inode(file);
	struct file *reference;
	char *name;

	if (args->offset || args->length)
		return ERR_PTR(-EINVAL);
	if (!(args->options & ZXP_CHILD_RESIZABLE))
		limits |= ZXP_LIMIT_NO_RESIZE;
	else if (!resizable)
		return ERR_PTR(-EACCES);
	if (args->options & ZXP_CHILD_NO_WRITE || !(file->f_mode & FMODE_WRITE))
		limits |= ZXP_LIMIT_NO_WRITE;

	name = zxp_kin_get_name(args->name);
	if (IS_ERR(name))
		return ERR_CAST(name);
	ihold(inode);
	reference = alloc_file_pseudo(inode, file->f_path.mnt, name ?: "zxpager-vmo",
				      (limits & ZXP_LIMIT_NO_WRITE ? O_RDONLY : O_RDWR) |
				      O_LARGEFILE, file->f_op);
	kfree(name);
	if (IS_ERR(reference)) {
		iput(inode);
		return reference;
	}
	/* Nobody can open it before it is a descriptor. */
	reference->f_path.dentry->d_fsdata = (void *)limits;
	zxp_reference_count(reference, parent->root, zxp_parent_kin(parent), true);
	zxp_file_begin(reference);
	return reference;
}
