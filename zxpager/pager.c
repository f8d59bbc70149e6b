// SPDX-License-Identifier: GPL-2.0
/*
 * A pager: what it does to its VMOs.
 */
#include <linux/file.h>

#include "objects.h"

/* As in Zircon: what is not for such a VMO is a wrong option there. */
static bool zxp_vmo_options_valid(const struct zxp_create_vmo *args)
{
	u32 options = args->options, moves = ZXP_VMO_RESIZABLE | ZXP_VMO_UNBOUNDED;

	if (options & ~ZXP_VMO_OPTIONS || (options & moves) == moves)
		return false;
	if (args->flags & ZXP_CREATE_PLAIN && options & ZXP_VMO_TRAP_DIRTY)
		return false;
	if (args->flags & ZXP_CREATE_READ_ONLY && options & (moves | ZXP_VMO_TRAP_DIRTY))
		return false;
	if (args->flags & ZXP_CREATE_COPIES && !(args->flags & ZXP_CREATE_READ_ONLY))
		return false;
	/* It never changes, so any copy of it is one. */
	if (args->flags & ZXP_CREATE_SNAPSHOTS && args->flags & ZXP_CREATE_READ_ONLY)
		return false;
	return !(args->flags & ZXP_CREATE_FIXED && options & moves);
}

/* A port that packets are to go to, and its file; NULL for the own stream. */
static struct file *zxp_pager_port_file(struct zxp_pager_file *by, int fd,
					struct zxp_port **port)
{
	struct file *file;

	*port = by->port;
	if (fd == ZXP_PORT_OWN)
		return NULL;
	file = fget(fd);
	if (!file)
		return ERR_PTR(-EBADF);
	*port = zxp_port_of(file);
	if (*port)
		return file;
	fput(file);
	return ERR_PTR(-EMEDIUMTYPE);
}

int zxp_pager_create_vmo(struct zxp_pager_file *by, struct zxp_create_vmo *args,
			 struct zxp_new_file *new)
{
	bool plain = args->flags & ZXP_CREATE_PLAIN;
	struct file *port_file;
	struct zxp_port *port;
	int ret = 0;

	if (args->flags & ~ZXP_CREATE_FLAGS || args->reserved)
		return -EINVAL;
	if (plain && (args->port_fd != ZXP_PORT_OWN || args->key ||
		      args->flags != ZXP_CREATE_PLAIN || args->max_size))
		return -EINVAL;

	port_file = zxp_pager_port_file(by, args->port_fd, &port);
	if (IS_ERR(port_file))
		return PTR_ERR(port_file);

	if (!zxp_vmo_options_valid(args))
		ret = -EINVAL;
	else if (args->vmo_size > ZXP_MAX_VMO_SIZE ||
		 (args->max_size && args->vmo_size > args->max_size))
		ret = -ERANGE;
	if (ret)
		goto put_port;

	new->file = zxp_vmo_file_create(plain ? NULL : by, port, args);
	if (IS_ERR(new->file)) {
		ret = PTR_ERR(new->file);
		new->file = NULL;
	}
put_port:
	if (port_file)
		fput(port_file);
	return ret;
}

int zxp_pager_bind_vmo(struct zxp_pager_file *by, struct zxp_bind_vmo *args)
{
	struct file *file, *port_file;
	struct zxp_port *port;
	struct zxp_vmo *vmo;
	int ret;

	if (args->flags || args->reserved)
		return -EINVAL;
	port_file = zxp_pager_port_file(by, args->port_fd, &port);
	if (IS_ERR(port_file))
		return PTR_ERR(port_file);
	file = zxp_pager_vmo_file(by->pager, args->vmo_fd, FMODE_WRITE, &vmo);
	ret = PTR_ERR_OR_ZERO(file);
	if (!ret) {
		ret = zxp_source_bind(vmo->source, port, args->key, by->epoch);
		fput(file);
	}
	if (port_file)
		fput(port_file);
	return ret;
}

int zxp_pager_detach_vmo(struct zxp_pager_file *by, struct zxp_detach_vmo *args)
{
	struct zxp_vmo *vmo;
	struct file *file;
	int ret;

	if (args->flags || args->reserved)
		return -EINVAL;

	file = zxp_pager_vmo_file(by->pager, args->vmo_fd, FMODE_WRITE, &vmo);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = zxp_vmo_detach(vmo, by->epoch);
	fput(file);
	return ret;
}

/* The codes that a client may have to see from a call that knows nothing of us. */
static bool zxp_fail_code_valid(u64 code)
{
	switch (code) {
	case EIO:
	case EBADMSG:
	case ESTALE:
	case ENOSPC:
	case ENOBUFS:
		return true;
	default:
		return false;
	}
}

static int zxp_vmo_fail(struct zxp_vmo *vmo, u64 offset, u64 length, u64 code,
			unsigned long epoch)
{
	pgoff_t start = offset >> PAGE_SHIFT;
	pgoff_t end = start + (length >> PAGE_SHIFT);
	int type, ret = 0;

	if (!zxp_fail_code_valid(code))
		return -EINVAL;
	if (!zxp_vmo_in_bounds(vmo, offset, length))
		return -ERANGE;
	if (zxp_vmo_detached(vmo))
		return -ESTALE;

	for (type = 0; !ret && start < end && type < ZXP_REQUEST_TYPES; type++)
		ret = zxp_source_fail(vmo->source, type, start, end, -(int)code, epoch);
	return ret;
}

static int zxp_vmo_sync_end(struct zxp_vmo *vmo, u64 offset, u64 length, u64 code,
			    unsigned long epoch)
{
	pgoff_t start = offset >> PAGE_SHIFT;

	if (code && !zxp_fail_code_valid(code))
		return -EINVAL;
	if (!(vmo->flags & ZXP_CREATE_SYNC))
		return -EOPNOTSUPP;
	/* The VMO may have shrunk since, so its size does not matter. */
	return zxp_sync_end(vmo->source, start, start + (length >> PAGE_SHIFT),
			    -(int)code, &vmo->inode.i_mapping->wb_err, epoch);
}

int zxp_pager_op_range(struct zxp_pager_file *by, struct zxp_op_range *args)
{
	struct zxp_vmo *vmo;
	struct file *file;
	int ret;

	if (args->flags || !PAGE_ALIGNED(args->offset) ||
	    !PAGE_ALIGNED(args->length))
		return -EINVAL;

	file = zxp_pager_vmo_file(by->pager, args->vmo_fd, FMODE_WRITE, &vmo);
	if (IS_ERR(file))
		return PTR_ERR(file);

	WRITE_ONCE(vmo->source->stalled, false);
	switch (args->op) {
	case ZXP_PAGER_OP_FAIL:
		ret = zxp_vmo_fail(vmo, args->offset, args->length, args->data,
				   by->epoch);
		break;
	case ZXP_PAGER_OP_DIRTY:
		if (args->data)
			ret = -EINVAL;
		else if (!zxp_vmo_traps(vmo))
			ret = -EOPNOTSUPP;
		else
			ret = zxp_vmo_dirty_range(vmo, args->offset,
						  args->length, by->epoch);
		break;
	case ZXP_PAGER_OP_WRITEBACK_BEGIN:
	case ZXP_PAGER_OP_WRITEBACK_END:
		ret = zxp_vmo_writeback(vmo, args, by->epoch);
		break;
	case ZXP_PAGER_OP_SYNC_END:
		ret = zxp_vmo_sync_end(vmo, args->offset, args->length,
				       args->data, by->epoch);
		break;
	default:
		ret = -EOPNOTSUPP;
	}
	fput(file);
	return ret;
}

int zxp_pager_query_dirty_ranges(struct zxp_pager_file *by,
				 struct zxp_query_dirty_ranges *args)
{
	struct zxp_vmo *vmo;
	struct file *file;
	int ret;

	args->out_actual = 0;
	args->out_avail = 0;
	if (args->flags & ~ZXP_QUERY_NO_AVAIL || args->reserved)
		return -EINVAL;

	file = zxp_pager_vmo_file(by->pager, args->vmo_fd, FMODE_READ, &vmo);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = zxp_vmo_query_dirty(vmo, args, by->epoch);
	fput(file);
	return ret;
}

int zxp_pager_query_vmo_stats(struct zxp_pager_file *by,
			      struct zxp_query_vmo_stats *args)
{
	struct zxp_vmo *vmo;
	struct file *file;
	int ret;

	args->out_modified = 0;
	file = zxp_pager_vmo_file(by->pager, args->vmo_fd, FMODE_READ, &vmo);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = zxp_vmo_query_stats(vmo, args, by->epoch);
	fput(file);
	return ret;
}

int zxp_pager_query_vmo_key(struct zxp_pager_file *by,
			    struct zxp_query_vmo_key *args)
{
	struct zxp_vmo *vmo;
	struct file *file;
	int ret;

	args->out_key = 0;
	if (args->flags || args->reserved)
		return -EINVAL;

	file = zxp_pager_vmo_file(by->pager, args->vmo_fd, FMODE_READ, &vmo);
	if (IS_ERR(file))
		return PTR_ERR(file);
	spin_lock(&vmo->source->lock);
	ret = zxp_source_check_locked(vmo->source, by->epoch);
	if (!ret)
		args->out_key = vmo->source->key;
	spin_unlock(&vmo->source->lock);
	fput(file);
	return ret;
}

/* Also by the keeper, who is there before and after any generation. */
int zxp_pager_set_time_limit(struct zxp_pager_file *by,
			     const struct zxp_set_time_limit *args)
{
	struct zxp_pager *pager = by->pager;
	struct zxp_vmo *vmo;
	u64 id = 0;
	int ret;

	if (args->flags || args->reserved)
		return -EINVAL;

	spin_lock(&pager->lock);
	ret = zxp_pager_check_asker_locked(by);
	if (!ret) {
		WRITE_ONCE(pager->limit_ms, args->limit_ms);
		/* Part of the first jiffy is over already. */
		pager->limit = args->limit_ms ? msecs_to_jiffies(args->limit_ms) + 1 : 0;
	}
	while (!ret && (vmo = zxp_pager_next_locked(pager, id))) {
		id = zxp_vmo_id(vmo);
		zxp_source_set_limit(vmo->source, pager->limit);
		cond_resched_lock(&pager->lock);
	}
	spin_unlock(&pager->lock);
	return ret;
}
