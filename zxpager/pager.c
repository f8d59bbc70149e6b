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

int zxp_pager_create_vmo(struct zxp_pager *pager, struct zxp_create_vmo *args,
			 struct zxp_new_file *new)
{
	bool plain = args->flags & ZXP_CREATE_PLAIN;
	struct zxp_port *port = pager->port;
	struct file *port_file = NULL;
	int ret = 0;

	if (args->flags & ~ZXP_CREATE_FLAGS || args->reserved)
		return -EINVAL;
	if (plain && (args->port_fd != ZXP_PORT_OWN || args->key ||
		      args->flags != ZXP_CREATE_PLAIN || args->max_size))
		return -EINVAL;

	if (args->port_fd != ZXP_PORT_OWN) {
		port_file = fget(args->port_fd);
		if (!port_file)
			return -EBADF;
		port = zxp_port_of(port_file);
		if (!port) {
			ret = -EMEDIUMTYPE;
			goto put_port;
		}
	}

	if (!zxp_vmo_options_valid(args))
		ret = -EINVAL;
	else if (args->vmo_size > ZXP_MAX_VMO_SIZE ||
		 (args->max_size && args->vmo_size > args->max_size))
		ret = -ERANGE;
	if (ret)
		goto put_port;

	new->file = zxp_vmo_file_create(plain ? NULL : pager, port, args);
	if (IS_ERR(new->file)) {
		ret = PTR_ERR(new->file);
		new->file = NULL;
	}
put_port:
	if (port_file)
		fput(port_file);
	return ret;
}

int zxp_pager_detach_vmo(struct zxp_pager *pager, struct zxp_detach_vmo *args)
{
	struct zxp_vmo *vmo;
	struct file *file;
	int ret;

	if (args->flags || args->reserved)
		return -EINVAL;

	file = zxp_pager_vmo_file(pager, args->vmo_fd, FMODE_WRITE, &vmo);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = zxp_vmo_detach(vmo);
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

static int zxp_vmo_fail(struct zxp_vmo *vmo, u64 offset, u64 length, u64 code)
{
	pgoff_t start = offset >> PAGE_SHIFT;
	pgoff_t end = start + (length >> PAGE_SHIFT);
	int type;

	if (!zxp_fail_code_valid(code))
		return -EINVAL;
	if (!zxp_vmo_in_bounds(vmo, offset, length))
		return -ERANGE;
	if (zxp_vmo_detached(vmo))
		return -ESTALE;

	for (type = 0; start < end && type < ZXP_REQUEST_TYPES; type++)
		zxp_source_resolve(vmo->source, type, start, end, -(int)code);
	return 0;
}

static int zxp_vmo_sync_end(struct zxp_vmo *vmo, u64 offset, u64 length, u64 code)
{
	pgoff_t start = offset >> PAGE_SHIFT;

	if (code && !zxp_fail_code_valid(code))
		return -EINVAL;
	if (!(vmo->flags & ZXP_CREATE_SYNC))
		return -EOPNOTSUPP;
	/* The VMO may have shrunk since, so its size does not matter. */
	return zxp_sync_end(vmo->source, start, start + (length >> PAGE_SHIFT),
			    -(int)code, &vmo->inode.i_mapping->wb_err);
}

int zxp_pager_op_range(struct zxp_pager *pager, struct zxp_op_range *args)
{
	struct zxp_vmo *vmo;
	struct file *file;
	int ret;

	if (args->flags || !PAGE_ALIGNED(args->offset) ||
	    !PAGE_ALIGNED(args->length))
		return -EINVAL;

	file = zxp_pager_vmo_file(pager, args->vmo_fd, FMODE_WRITE, &vmo);
	if (IS_ERR(file))
		return PTR_ERR(file);

	WRITE_ONCE(vmo->source->stalled, false);
	switch (args->op) {
	case ZXP_PAGER_OP_FAIL:
		ret = zxp_vmo_fail(vmo, args->offset, args->length, args->data);
		break;
	case ZXP_PAGER_OP_DIRTY:
		if (args->data)
			ret = -EINVAL;
		else if (!zxp_vmo_traps(vmo))
			ret = -EOPNOTSUPP;
		else
			ret = zxp_vmo_dirty_range(vmo, args->offset,
						  args->length);
		break;
	case ZXP_PAGER_OP_WRITEBACK_BEGIN:
	case ZXP_PAGER_OP_WRITEBACK_END:
		ret = zxp_vmo_writeback(vmo, args);
		break;
	case ZXP_PAGER_OP_SYNC_END:
		ret = zxp_vmo_sync_end(vmo, args->offset, args->length,
				       args->data);
		break;
	default:
		ret = -EOPNOTSUPP;
	}
	fput(file);
	return ret;
}

int zxp_pager_query_dirty_ranges(struct zxp_pager *pager,
				 struct zxp_query_dirty_ranges *args)
{
	struct zxp_vmo *vmo;
	struct file *file;
	int ret;

	args->out_actual = 0;
	args->out_avail = 0;
	if (args->flags & ~ZXP_QUERY_NO_AVAIL || args->reserved)
		return -EINVAL;

	file = zxp_pager_vmo_file(pager, args->vmo_fd, FMODE_READ, &vmo);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = zxp_vmo_query_dirty(vmo, args);
	fput(file);
	return ret;
}

int zxp_pager_query_vmo_stats(struct zxp_pager *pager,
			      struct zxp_query_vmo_stats *args)
{
	struct zxp_vmo *vmo;
	struct file *file;
	int ret;

	args->out_modified = 0;
	file = zxp_pager_vmo_file(pager, args->vmo_fd, FMODE_READ, &vmo);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = zxp_vmo_query_stats(vmo, args);
	fput(file);
	return ret;
}

int zxp_pager_query_vmo_key(struct zxp_pager *pager,
			    struct zxp_query_vmo_key *args)
{
	struct zxp_vmo *vmo;
	struct file *file;

	args->out_key = 0;
	if (args->flags || args->reserved)
		return -EINVAL;

	file = zxp_pager_vmo_file(pager, args->vmo_fd, FMODE_READ, &vmo);
	if (IS_ERR(file))
		return PTR_ERR(file);
	args->out_key = vmo->source->key;
	fput(file);
	return 0;
}
