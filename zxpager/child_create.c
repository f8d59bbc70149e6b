// SPDX-License-Identifier: GPL-2.0
/*
 * Making a child.
 */
#include <linux/file.h>
#include <linux/slab.h>

#include "child.h"

/* Which page of the root it begins with, and how many it has; or an error. */
static int zxp_child_place(struct zxp_child *child, const struct zxp_parent *parent,
			   const struct zxp_vmo_create_child *args)
{
	pgoff_t before = parent->slice ? parent->slice->offset :
			 parent->child ? parent->child->offset : 0;
	u64 most = (u64)(ZXP_MAX_VMO_PAGES - before) << PAGE_SHIFT;

	if (!PAGE_ALIGNED(args->offset))
		return -EINVAL;
	if (args->offset > most || args->length > most - args->offset)
		return -ERANGE;
	child->offset = before + (args->offset >> PAGE_SHIFT);
	child->nr_pages = DIV_ROUND_UP_ULL(args->length, PAGE_SIZE);
	return 0;
}

/* From now on it sees the root, of which it sees nothing from a page on. */
static int zxp_child_join_root(struct zxp_child *child, pgoff_t end)
{
	struct zxp_vmo *root = child->root;
	struct zxp_layer *spare;
	int ret;

	if (!child->is_snapshot) {
		if (mutex_lock_killable(&root->content_lock))
			return -EINTR;
		zxp_tree_add_locked(child, min(end, zxp_vmo_pages(root)));
		mutex_unlock(&root->content_lock);
		return 0;
	}
	/* What is written to the VMO later is not for it. */
	spare = zxp_tree_alloc_before(child);
	if (!spare)
		return -ENOMEM;
	ret = zxp_family_lock(root);
	if (!ret) {
		ret = zxp_tree_snapshot_locked(child, min(end, zxp_vmo_pages(root)), &spare);
		zxp_family_unlock(root);
	}
	zxp_tree_free_spare(spare);
	return ret;
}

/* From now on it sees what it is a child of. */
static int zxp_child_join(struct zxp_child *child, const struct zxp_parent *args)
{
	pgoff_t end = child->offset + child->nr_pages;
	struct zxp_child *parent = args->child;
	struct zxp_layer *spare;
	int ret;

	if (args->slice)
		end = min(end, zxp_slice_end(args->slice));
	if (!parent)
		return zxp_child_join_root(child, end);
	spare = zxp_tree_alloc(parent);
	if (!spare)
		return -ENOMEM;
	ret = -EINTR;
	if (!mutex_lock_killable(&parent->content_lock)) {
		ret = zxp_tree_freeze_locked(parent, child,
					     min(end, zxp_child_end(parent)), &spare);
		mutex_unlock(&parent->content_lock);
	}
	zxp_tree_free_spare(spare);
	return ret;
}

/*
 * Is it one that sees nothing of what becomes of the root? That is so of all copies of a plain
 * VMO. What a daemon has supplied may go at any time, and come back as it is then; so it has
 * to promise that this is what it was.
 */
static bool zxp_child_is_snapshot(const struct zxp_parent *parent, u32 options)
{
	struct zxp_vmo *root = parent->root;

	if (parent->child)
		return parent->child->is_snapshot;
	return !root->source || (options & ZXP_CHILD_POINT_IN_TIME &&
				 root->flags & ZXP_CREATE_SNAPSHOTS);
}

/* Can such a parent have such a child? */
static bool zxp_child_possible(const struct zxp_parent *parent, u32 options)
{
	/* In Zircon this is for what has no pager. */
	if (options & ZXP_CHILD_SNAPSHOT && parent->root->source)
		return false;
	if (options & ZXP_CHILD_POINT_IN_TIME && !zxp_child_is_snapshot(parent, options))
		return false;
	/* An entry of 2 MiB would hide own pages, see large.c. */
	return !zxp_vmo_has_huge_folios(parent->root);
}

/**
 * zxp_child_create() - make a child that copies what it changes
 * @parent: of what
 * @args: what is asked for
 *
 * Return: the file of its mappings, which has it; or -EINVAL, -EOPNOTSUPP, -ERANGE, -ENOMEM,
 * -EINTR; -ESTALE a page of the parent is pinned.
 */
struct file *zxp_child_create(const struct zxp_parent *parent,
			      const struct zxp_vmo_create_child *args)
{
	struct zxp_vmo *root = parent->root;
	struct zxp_child *child;
	struct file *map;
	int ret;

	if (!zxp_child_possible(parent, args->options))
		return ERR_PTR(-EOPNOTSUPP);
	child = kzalloc(sizeof(*child), GFP_KERNEL_ACCOUNT);
	if (!child)
		return ERR_PTR(-ENOMEM);
	mutex_init(&child->content_lock);
	child->root = root;
	child->id = zxp_own_number();
	child->options = args->options;
	child->is_snapshot = zxp_child_is_snapshot(parent, args->options);
	ret = zxp_child_place(child, parent, args);
	if (ret)
		goto free;
	child->kin = zxp_kin_join(root, zxp_parent_kin(parent), args->name);
	ret = PTR_ERR_OR_ZERO(child->kin);
	if (ret) {
		child->kin = NULL;
		goto free;
	}
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
	if (child->kin)
		zxp_kin_leave(root, child->kin);
	kfree(child->top);
	kfree(child);
	return ERR_PTR(ret);
}
