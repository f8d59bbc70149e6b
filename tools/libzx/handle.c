// SPDX-License-Identifier: MIT
/*
 * Handles: closing, and others of the same object.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base.h"
#include "table.h"

zx_status_t zx_handle_close(zx_handle_t handle)
{
	return handle == ZX_HANDLE_INVALID || handle == ZXI_VMAR_ROOT ? ZX_OK :
									zxi_close(handle);
}

zx_status_t zx_handle_close_many(const zx_handle_t *handles, size_t num_handles)
{
	zx_status_t status = ZX_OK, one;
	zx_handle_t batch[64];

	while (num_handles) {
		size_t n = num_handles < 64 ? num_handles : 64;

		one = zxi_copy_in(batch, handles, n * sizeof(batch[0]));
		if (one != ZX_OK)
			return one;
		for (size_t i = 0; i < n; i++)
			if (zx_handle_close(batch[i]) != ZX_OK)
				status = ZX_ERR_BAD_HANDLE;
		handles += n;
		num_handles -= n;
	}
	return status;
}

zx_status_t zx_handle_check_valid(zx_handle_t handle)
{
	zx_obj_type_t type;
	zx_rights_t rights;

	if (handle == ZX_HANDLE_INVALID)
		return ZX_ERR_INVALID_ARGS;
	if ((handle & ZX_HANDLE_FIXED_BITS_MASK) != ZX_HANDLE_FIXED_BITS_MASK)
		return ZX_ERR_OUT_OF_RANGE;
	return zxi_identify(handle, &type, &rights) == ZX_OK ? ZX_OK :
							       ZX_ERR_NOT_FOUND;
}

/* What the descriptor of a VMO with these rights is to be open for. */
static int mode_for(zx_rights_t rights)
{
	switch (rights & ZX_RIGHTS_IO) {
	case ZX_RIGHTS_IO:
		return O_RDWR;
	case ZX_RIGHT_WRITE:
		return O_WRONLY;
	}
	return O_RDONLY;
}

/*
 * A new descriptor of a VMO, if it is to allow less: there is no way to take a mode
 * away, and whoever gets it over a socket cannot do more with it either.  -1 is
 * not needed, or an error that *@status is.
 */
static int open_narrower(int fd, zx_obj_type_t type, zx_rights_t rights,
			 zx_status_t *status)
{
	int mode = mode_for(rights), has = fcntl(fd, F_GETFL);

	*status = ZX_OK;
	if (type != ZX_OBJ_TYPE_VMO || has < 0 || (has & O_ACCMODE) == mode)
		return -1;
	fd = zxi_reopen(fd, mode);
	if (fd < 0)
		*status = zxi_errno();
	return fd;
}

static zx_status_t duplicate(zx_handle_t handle, zx_obj_type_t type,
			     zx_rights_t rights, zx_handle_t *out)
{
	zx_status_t status;
	int of, fd;

	if (zxi_is_own(handle))
		return zxi_duplicate_region(handle, rights, out);
	status = zxi_get(handle, type, 0, &of);
	if (status != ZX_OK)
		return status;
	fd = open_narrower(of, type, rights, &status);
	if (fd < 0 && status == ZX_OK) {
		fd = fcntl(of, F_DUPFD_CLOEXEC, 0);
		if (fd < 0)
			status = zxi_errno();
	}
	zxi_put(of);
	return status == ZX_OK ? zxi_publish(fd, type, rights, handle, out) : status;
}

static zx_status_t replace(zx_handle_t handle, zx_obj_type_t type,
			   zx_rights_t rights, zx_handle_t *out)
{
	zx_status_t status;
	int fd, narrower;

	if (zxi_is_own(handle))
		return zxi_replace(handle, rights, -1, out);
	status = zxi_get(handle, type, 0, &fd);
	if (status != ZX_OK)
		return status;
	narrower = open_narrower(fd, type, rights, &status);
	if (status == ZX_OK)
		status = zxi_replace(handle, rights, narrower, out);
	zxi_put(fd);
	return status;
}

zx_status_t zx_handle_duplicate(zx_handle_t handle, zx_rights_t rights,
				zx_handle_t *out)
{
	const uint64_t word = zxi_open_word(handle);
	zx_obj_type_t type = ZXI_WORD_TYPE(word);
	zx_rights_t has = ZXI_WORD_RIGHTS(word);
	zx_status_t status = word ? ZX_OK : zxi_identify(handle, &type, &has);

	if (status != ZX_OK)
		return status;
	if (!(has & ZX_RIGHT_DUPLICATE))
		return ZX_ERR_ACCESS_DENIED;
	if (rights == ZX_RIGHT_SAME_RIGHTS)
		rights = has;
	if (rights & ~has)
		return ZX_ERR_INVALID_ARGS;
	return duplicate(handle, type, rights, out);
}

/* Rights that the handle does not have cost the handle, too; so does a bad @out. */
zx_status_t zx_handle_replace(zx_handle_t handle, zx_rights_t rights,
			      zx_handle_t *out)
{
	zx_obj_type_t type;
	zx_rights_t has;
	zx_status_t status = zxi_identify(handle, &type, &has);

	if (status != ZX_OK)
		return status;
	if (rights == ZX_RIGHT_SAME_RIGHTS)
		rights = has;
	if (!(rights & ~has))
		return replace(handle, type, rights, out);
	zx_handle_close(handle);
	return ZX_ERR_INVALID_ARGS;
}
