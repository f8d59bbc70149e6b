// SPDX-License-Identifier: GPL-2.0
/*
 * Making a child.
 */
#include <linux/file.h>
#include <linux/slab.h>

#include "child.h"

#define ZXP_CHILD_KINDS		(ZXP_CHILD_SNAPSHOT | ZXP_CHILD_SLICE | \
				 ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE | \
				 ZXP_CHILD_REFERENCE | ZXP_CHILD_SNAPSHOT_MODIFIED)
#define ZXP_CHILD_OPTIONS	(ZXP_CHILD_KINDS | ZXP_CHILD_RESIZABLE | \
				 ZXP_CHILD_NO_WRITE)

/* Which page of the root it begins with, and how many it has; or an error. */
static int zxp_child_place(struct zxp_child *child, struct zxp_child *parent,
			   const struct zxp_vmo_create_child *args)
{
	pgoff_t before = parent ? parent->offset : 0;
	u64 most = (u64)(ZXP_MAX_VMO_PAGES - before) << PAGE_SHIFT;

	if (!PAGE_ALIGNED(args->offset))
		return -EINVAL;
	if (args->offset > most || args->length > most - args->offset)
		return -ERANGE;
	child->offset = before + (args->offset >> PAGE_SHIFT);
	child->nr_pages = DIV_ROUND_UP_ULL(args->length, PAGE_SIZE);
	return 0;
}

static int zxp_child_check(struct file *file, struct zxp_vmo *root,
			   const struct zxp_vmo_create_child *args)
{
	u32 kind = args->options & ZXP_CHILD_KINDS;

	if (args->reserved || args->options & ~ZXP_CHILD_OPTIONS || hweight32(kind) != 1)
		return -EINVAL;
	if (!(file->f_mode & FMODE_READ))
		return -EACCES;
	if (kind & ~(ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE | ZXP_CHILD_SNAPSHOT_MODIFIED))
		return -EOPNOTSUPP;
	/* What is written to a plain VMO later would be seen. */
	if (!root->source)
		return -EOPNOTSUPP;
	/* An entry of 2 MiB would hide own pages, see fault.c. */
	if (zxp_vmo_sealed(root))
		return -EOPNOTSUPP;
	return 0;
}

/* From now on it sees what it is a child of. */
static int zxp_child_join(struct zxp_child *child, struct zxp_child *parent)
{
	pgoff_t end = child->offset + child->nr_pages;
	struct zxp_layer *spare;
	int ret;

	if (!parent) {
		if (mutex_lock_killable(&child->root->content_lock))
			return -EINTR;
		zxp_tree_add_locked(child, min(end, zxp_vmo_pages(child->root)));
		mutex_unlock(&child->root->content_lock);
		return 0;
	}
	spare = zxp_tree_alloc(parent);
	if (!spare)
		return -ENOMEM;
	ret = -EINTR;
	if (!mutex_lock_killable(&parent->content_lock)) {
		ret = zxp_tree_freeze_locked(parent, child,
					     min(end, zxp_child_end(parent)), &spare);
		mutex_unlock(&parent->content_lock);
	}
	kfree(spare);
	return ret;
}

/**
 * zxp_child_create() - make a child
 * @file: a descriptor of the parent
 * @root: that one, if it is a VMO; else NULL
 * @parent: that one, if it is a child itself
 * @args: what is asked for
 *
 * Return: the file of its mappings, which has it; or -EINVAL, -EACCES, -EOPNOTSUPP, -ERANGE,
 * -ENOMEM, -EINTR; -ESTALE a page of the parent is pinned.
 */
struct file *zxp_child_create(struct file *file, struct zxp_vmo *root,
			      struct zxp_child *parent,
			      const struct zxp_vmo_create_child *args)
{
	struct zxp_child *child;
	struct file *map;
	int ret;

	if (parent)
		root = parent->root;
	ret = zxp_child_check(file, root, args);
	if (ret)
		return ERR_PTR(ret);
	child = kzalloc(sizeof(*child), GFP_KERNEL_ACCOUNT);
	if (!child)
		return ERR_PTR(-ENOMEM);
	mutex_init(&child->content_lock);
	child->root = root;
	child->id = zxp_own_number();
	child->options = args->options;
	ret = zxp_child_place(child, parent, args);
	if (ret)
		goto free;
	ret = -ENOMEM;
	child->top = zxp_tree_alloc(child);
	if (!child->top || !zxp_vmo_get_family(root))
		goto free;
	map = zxp_child_make_map(child);
	ret = PTR_ERR_OR_ZERO(map);
	if (ret)
		goto free;
	ret = zxp_child_join(child, parent);
	if (!ret)
		return map;
	fput(map);
	return ERR_PTR(ret);
free:
	kfree(child->top);
	kfree(child);
	return ERR_PTR(ret);
}
