// SPDX-License-Identifier: GPL-2.0
/*
 * How many children something has, for who waits for the last one to go.
 *
 * Who goes leaves its children to its parent, so that as long as anybody sees pages of a VMO
 * that has children. What is left of it stays as long as they know it as their parent, and
 * they find the next one that is there when they go themselves.
 */
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "content.h"

/* The last number. Not get_next_ino(), whose numbers come again. */
static atomic64_t zxp_kin_ids;

void zxp_kin_init(struct zxp_kin *kin)
{
	kin->id = 0;
	kin->parent_id = 0;
	kin->name = NULL;
	kin->parent = NULL;
	refcount_set(&kin->refs, 1);
	kin->nr_children = 0;
	init_waitqueue_head(&kin->wait);
}

/* It gets its number, which is its inode's, too. */
u64 zxp_kin_number(struct zxp_kin *kin)
{
	kin->id = atomic64_inc_return(&zxp_kin_ids);
	return kin->id;
}

/**
 * zxp_kin_get_name() - what a caller names a VMO or a child
 * @from: where the caller has it, or 0
 *
 * Return: what /proc is to show, which kfree() takes; NULL for none; -EFAULT, -ENOMEM; -EINVAL
 * it is too long.
 */
char *zxp_kin_get_name(u64 from)
{
	char *given, *name;

	if (!from)
		return NULL;
	given = strndup_user(u64_to_user_ptr(from), ZXP_NAME_MAX + 1);
	if (IS_ERR(given))
		return given;
	name = kasprintf(GFP_KERNEL_ACCOUNT, "zxpager:%s", given);
	kfree(given);
	return name ?: ERR_PTR(-ENOMEM);
}

/* What /proc shows of its descriptors. */
const char *zxp_kin_name(const struct zxp_kin *kin)
{
	return kin->name ?: "zxpager-vmo";
}

/**
 * zxp_kin_info() - who is it, and what is it made of?
 * @root: the VMO at the bottom
 * @kin: that, or a child
 * @info: what is told
 */
void zxp_kin_info(struct zxp_vmo *root, const struct zxp_kin *kin, struct zxp_vmo_info *info)
{
	info->out_children = zxp_kin_children(kin);
	info->out_id = kin->id;
	info->out_parent_id = kin->parent_id;
	info->out_root_id = kin->parent_id ? zxp_vmo_id(root) : 0;
}

/* That of a VMO has a reference of its own, and so is not freed here. */
static void zxp_kin_put(struct zxp_kin *kin)
{
	struct zxp_kin *parent;

	for (; kin && refcount_dec_and_test(&kin->refs); kin = parent) {
		parent = kin->parent;
		kfree(kin->name);
		kfree(kin);
	}
}

/**
 * zxp_kin_add() - there are more children, or fewer
 * @root: the VMO at the bottom
 * @kin: of what
 * @nr: how many more
 */
void zxp_kin_add(struct zxp_vmo *root, struct zxp_kin *kin, int nr)
{
	bool none;

	spin_lock(&root->inode.i_lock);
	WRITE_ONCE(kin->nr_children, kin->nr_children + nr);
	none = !kin->nr_children;
	spin_unlock(&root->inode.i_lock);
	if (none)
		wake_up_poll(&kin->wait, EPOLLPRI);
}

/**
 * zxp_kin_join() - there is a child
 * @root: the VMO at the bottom
 * @parent: of what, which is there
 * @name: where the caller has its name, or 0
 *
 * Return: it, which zxp_kin_leave() takes; -ENOMEM, and as zxp_kin_get_name().
 */
struct zxp_kin *zxp_kin_join(struct zxp_vmo *root, struct zxp_kin *parent, u64 name)
{
	char *shown = zxp_kin_get_name(name);
	struct zxp_kin *kin;

	if (IS_ERR(shown))
		return ERR_CAST(shown);
	kin = kmalloc(sizeof(*kin), GFP_KERNEL_ACCOUNT);
	if (!kin) {
		kfree(shown);
		return ERR_PTR(-ENOMEM);
	}
	zxp_kin_init(kin);
	kin->name = shown;
	zxp_kin_number(kin);
	kin->parent_id = parent->id;
	refcount_inc(&parent->refs);
	kin->parent = parent;
	zxp_kin_add(root, parent, 1);
	return kin;
}

/* A child goes. The VMO at the bottom is still there. */
void zxp_kin_leave(struct zxp_vmo *root, struct zxp_kin *kin)
{
	struct zxp_kin *parent, *made_of = kin->parent;
	bool none;

	spin_lock(&root->inode.i_lock);
	for (parent = made_of; parent->nr_children == ZXP_KIN_GONE;
	     parent = parent->parent)
		;
	/* So that none has far to look. */
	refcount_inc(&parent->refs);
	kin->parent = parent;
	WRITE_ONCE(parent->nr_children, parent->nr_children + kin->nr_children - 1);
	WRITE_ONCE(kin->nr_children, ZXP_KIN_GONE);
	none = !parent->nr_children;
	spin_unlock(&root->inode.i_lock);
	if (none)
		wake_up_poll(&parent->wait, EPOLLPRI);
	zxp_kin_put(made_of);
	zxp_kin_put(kin);
}

/*
 * Does io_uring ask, which has found that a call would have to wait? A file that can always be
 * read does not tell it when to try again: it would do so at once, a hundred times, before it
 * has a thread wait, as it has at once if nothing comes of this. All others add POLLHUP.
 */
static bool zxp_poll_by_ring(struct poll_table_struct *pt)
{
	__poll_t key = poll_requested_events(pt);

	return (key & (EPOLLERR | EPOLLET | EPOLLHUP)) == (EPOLLERR | EPOLLET);
}

/* ->poll of its descriptors: as any file, and POLLPRI while it has no children. */
__poll_t zxp_kin_poll(struct zxp_kin *kin, struct file *file, struct poll_table_struct *pt)
{
	if (zxp_poll_by_ring(pt))
		return 0;
	poll_wait(file, &kin->wait, pt);
	return DEFAULT_POLLMASK | (zxp_kin_children(kin) ? 0 : EPOLLPRI);
}
