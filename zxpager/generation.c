// SPDX-License-Identifier: GPL-2.0
/*
 * Generations of a pager: a daemon takes over from another one, and clients wait on.
 *
 * Each descriptor has the number of its generation, and so has each source. A call of a
 * former generation is refused with the lock held under which it would take effect, and
 * with which the number of the source changes: so an answer comes either before the next
 * generation has the VMO, or not at all. For what lies between the two see &struct zxp_pager.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/sched/signal.h>

#include "objects.h"

static struct zxp_vmo *zxp_vmo_of_node(struct rb_node *node)
{
	return rb_entry(node, struct zxp_vmo, pager_node);
}

/* The VMO with the next number; NULL if there is none. */
struct zxp_vmo *zxp_pager_next_locked(struct zxp_pager *pager, u64 after)
{
	struct rb_node *node = pager->vmos.rb_node;
	struct zxp_vmo *vmo, *found = NULL;

	lockdep_assert_held(&pager->lock);

	while (node) {
		vmo = zxp_vmo_of_node(node);
		if (zxp_vmo_id(vmo) > after) {
			found = vmo;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return found;
}

/*
 * Hold a VMO that was found, unless it is at its end. The caller has the mount pinned. Where
 * that is another one than the VMO's, its last file has gone, and with it what it was mounted
 * by.
 */
bool zxp_vmo_hold_locked(struct zxp_vmo *vmo)
{
	lockdep_assert_held(&vmo->pager->lock);

	return vmo->inode.i_sb == zxp_mnt->mnt_sb && igrab(&vmo->inode);
}

/* Nothing that a former generation has read counts as read by this one. */
static void zxp_vmo_forget_reads_locked(struct zxp_vmo *vmo)
{
	XA_STATE(xas, &vmo->inode.i_mapping->i_pages, 0);
	unsigned long looked = 0;
	struct folio *folio;

	lockdep_assert_held(&vmo->content_lock);

	xas_lock_irq(&xas);
	xas_for_each_marked(&xas, folio, ULONG_MAX, ZXP_MARK_READ) {
		xas_clear_mark(&xas, ZXP_MARK_READ);
		if (++looked % XA_CHECK_SCHED)
			continue;
		xas_pause(&xas);
		xas_unlock_irq(&xas);
		cond_resched();
		xas_lock_irq(&xas);
	}
	xas_unlock_irq(&xas);
}

static int zxp_vmo_move(struct zxp_vmo *vmo, struct zxp_port *port, unsigned long epoch)
{
	if (mutex_lock_killable(&vmo->content_lock))
		return -EINTR;
	zxp_source_move(vmo->source, port, epoch);
	zxp_vmo_forget_reads_locked(vmo);
	mutex_unlock(&vmo->content_lock);
	return 0;
}

/* None comes behind, since only a descriptor of this generation may make one. */
static int zxp_pager_move_all(struct zxp_pager *pager, struct zxp_pager_file *by)
{
	struct zxp_vmo *vmo;
	int ret = 0;
	u64 id = 0;

	while (!ret) {
		spin_lock(&pager->lock);
		vmo = zxp_pager_next_locked(pager, id);
		if (vmo)
			id = zxp_vmo_id(vmo);
		if (vmo && !zxp_vmo_hold_locked(vmo)) {
			/* Nobody can use it any more, but its last packet is to come. */
			zxp_source_move(vmo->source, by->port, by->epoch);
			spin_unlock(&pager->lock);
			continue;
		}
		spin_unlock(&pager->lock);
		if (!vmo)
			break;
		ret = zxp_vmo_move(vmo, by->port, by->epoch);
		iput(&vmo->inode);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	}
	return ret;
}

/*
 * The former generation ends. Return: its stream, with a reference; NULL if there was none.
 */
static struct zxp_port *zxp_pager_end_generation(struct zxp_pager *pager,
						 struct zxp_pager_file *by)
{
	struct zxp_port *old = NULL;

	spin_lock(&pager->lock);
	by->epoch = pager->epoch + 1;
	WRITE_ONCE(pager->epoch, by->epoch);
	if (pager->current_file) {
		old = pager->current_file->port;
		zxp_port_get(old);
	}
	pager->current_file = NULL;
	if (pager->spare)
		swap(by->port, pager->spare);
	spin_unlock(&pager->lock);
	if (old)
		zxp_port_shut(old);
	return old;
}

/* It has all, or, after an error, nobody has; what it has got so far is kept for the next. */
static void zxp_pager_set_current(struct zxp_pager *pager, struct zxp_pager_file *by, int ret)
{
	struct zxp_port *unused;

	spin_lock(&pager->lock);
	/* It came with @by, which has got the one that was there. */
	unused = pager->spare;
	pager->spare = NULL;
	if (ret)
		swap(pager->spare, by->port);
	else
		pager->current_file = by;
	spin_unlock(&pager->lock);
	if (unused)
		zxp_port_put(unused);
}

static int zxp_pager_begin_locked(struct zxp_pager *pager, const struct file_operations *fops,
				  struct zxp_begin_generation *args, struct zxp_new_file *new)
{
	struct zxp_pager_file *by = zxp_pager_file_alloc(pager);
	struct zxp_port *old;
	struct file *file;
	int ret;

	lockdep_assert_held(&pager->begin_lock);

	if (!by)
		return -ENOMEM;
	file = anon_inode_getfile("[zxpager-pager]", fops, by, O_RDWR);
	if (IS_ERR(file)) {
		zxp_pager_file_free(by);
		return PTR_ERR(file);
	}
	stream_open(file_inode(file), file);
	ret = zxp_fs_pin();
	if (ret) {
		/* It never was the current one, so nothing ends with it. */
		fput(file);
		return ret;
	}

	old = zxp_pager_end_generation(pager, by);
	ret = zxp_pager_move_all(pager, by);
	zxp_fs_unpin();
	if (old) {
		zxp_port_hand_over(old, by->port);
		zxp_port_put(old);
	}
	args->out_generation = by->epoch;
	zxp_pager_set_current(pager, by, ret);
	if (ret) {
		fput(file);
		return ret;
	}
	new->file = file;
	args->out_fd = new->fd;
	return 0;
}

/**
 * zxp_pager_begin_generation() - BEGIN_GENERATION
 * @by: the keeper's file, which the caller holds, so that the pager does not end meanwhile
 * @fops: what the descriptors of a pager do
 * @args: what the keeper gave, and gets
 * @new: its descriptor
 *
 * Return: 0; -EINVAL, -EPERM not the keeper's, -ENOMEM, -ENFILE; -EINTR, and the former
 * generation has ended all the same.
 */
int zxp_pager_begin_generation(struct zxp_pager_file *by,
			       const struct file_operations *fops,
			       struct zxp_begin_generation *args,
			       struct zxp_new_file *new)
{
	struct zxp_pager *pager = by->pager;
	int ret;

	args->out_fd = -1;
	args->out_generation = 0;
	if (args->flags || args->reserved)
		return -EINVAL;
	if (!zxp_pager_file_is_keeper(by))
		return -EPERM;
	if (mutex_lock_killable(&pager->begin_lock))
		return -EINTR;
	ret = zxp_pager_begin_locked(pager, fops, args, new);
	mutex_unlock(&pager->begin_lock);
	return ret;
}

/*
 * Nobody will answer any more. What is in the VMOs stays; only what is missing is now out of
 * reach.
 */
static void zxp_pager_end(struct zxp_pager *pager)
{
	struct zxp_port *spare;
	struct rb_node *node;

	/* A VMO of these has its source; one that ends takes itself off. */
	spin_lock(&pager->lock);
	while ((node = rb_first(&pager->vmos))) {
		struct zxp_vmo *vmo = zxp_vmo_of_node(node);

		rb_erase(node, &pager->vmos);
		RB_CLEAR_NODE(node);
		zxp_source_detach(vmo->source, false);
		cond_resched_lock(&pager->lock);
	}
	spare = pager->spare;
	pager->spare = NULL;
	spin_unlock(&pager->lock);
	if (spare) {
		zxp_port_close(spare);
		zxp_port_put(spare);
	}
}

/**
 * zxp_pager_file_end() - a descriptor of a pager is closed
 * @by: what it stands for, which is freed
 *
 * If the pager goes on without a generation what was not read is kept for the next one.
 */
void zxp_pager_file_end(struct zxp_pager_file *by)
{
	struct zxp_pager *pager = by->pager;
	bool ends;

	spin_lock(&pager->lock);
	if (pager->keeper == by)
		WRITE_ONCE(pager->keeper, NULL);
	ends = !pager->keeper;
	if (pager->current_file == by) {
		pager->current_file = NULL;
		if (!ends)
			swap(pager->spare, by->port);
	}
	ends = ends && !pager->current_file;
	spin_unlock(&pager->lock);

	if (ends)
		zxp_pager_end(pager);
	if (by->port)
		zxp_port_close(by->port);
	zxp_pager_file_free(by);
}
