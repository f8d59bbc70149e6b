// SPDX-License-Identifier: GPL-2.0
/*
 * The times of copies and slices, when they change by something else than their descriptors.
 */
#include <linux/fs.h>
#include <linux/rcupdate.h>

#include "child.h"

/*
 * Who has no descriptor cannot have a reference to their inode: it would be there longer than
 * the file system, perhaps. So nobody is told by inotify.
 */
static void zxp_set_times(struct inode __rcu **link)
{
	struct inode *inode;

	rcu_read_lock();
	inode = rcu_dereference(*link);
	if (inode)
		zxp_inode_touch(inode);
	rcu_read_unlock();
}

/**
 * zxp_child_changed() - a copy changes by something else than its descriptors
 * @child: the copy
 *
 * The times of the inode of its descriptors, if there is one, are those of now.
 */
void zxp_child_changed(struct zxp_child *child)
{
	zxp_set_times(&child->inode);
}

/**
 * zxp_slice_changed() - a slice changes
 * @slice: the slice
 *
 * And the copy that it is one of. The times of a VMO are for the caller.
 */
void zxp_slice_changed(struct zxp_slice *slice)
{
	zxp_set_times(&slice->inode);
	if (slice->child)
		zxp_child_changed(slice->child);
}
