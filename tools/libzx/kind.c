// SPDX-License-Identifier: MIT
/*
 * What a descriptor is that nobody has told us of.
 */
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base.h"
#include "kind.h"

/* What a descriptor is.  Only ours know our ioctls. */
zx_status_t zxi_kind_of(int fd, zx_obj_type_t *type)
{
	struct zxp_info info = { .size = sizeof(info) };
	struct zxp_vmo_info vmo = { .size = ZXI_VMO_INFO_UNCOUNTED };

	*type = ZX_OBJ_TYPE_NONE;
	if (!ioctl(fd, ZXP_IOC_GET_INFO, &info))
		*type = ZX_OBJ_TYPE_PAGER;
	else if (errno == EBADF)
		return ZX_ERR_BAD_HANDLE;
	else if (errno == EMEDIUMTYPE)
		*type = ioctl(fd, ZXP_IOC_VMO_GET_INFO, &vmo) ? ZX_OBJ_TYPE_PORT :
								ZX_OBJ_TYPE_VMO;
	return ZX_OK;
}

/* A stream has one of its VMO. */
bool zxi_is_of_kind(zx_obj_type_t type, zx_obj_type_t kind)
{
	return kind == (type == ZX_OBJ_TYPE_STREAM ? ZX_OBJ_TYPE_VMO : type);
}

static zx_rights_t vmo_rights(int fd)
{
	zx_rights_t rights = ZX_DEFAULT_VMO_RIGHTS;
	struct zxp_vmo_info vmo = { .size = ZXI_VMO_INFO_UNCOUNTED };
	int mode = fcntl(fd, F_GETFL) & O_ACCMODE;

	if (mode == O_RDONLY)
		rights &= ~ZX_RIGHT_WRITE;
	if (mode == O_WRONLY)
		rights &= ~ZX_RIGHT_READ;
	if (!ioctl(fd, ZXP_IOC_VMO_GET_INFO, &vmo) &&
	    (vmo.out_options & ZXP_VMO_RESIZABLE))
		rights |= ZX_RIGHT_RESIZE;
	return rights;
}

zx_rights_t zxi_rights_of_kind(int fd, zx_obj_type_t type)
{
	switch (type) {
	case ZX_OBJ_TYPE_PAGER:
		return ZX_DEFAULT_PAGER_RIGHTS;
	case ZX_OBJ_TYPE_PORT:
		return ZX_DEFAULT_PORT_RIGHTS;
	case ZX_OBJ_TYPE_VMO:
		return vmo_rights(fd);
	}
	return ZX_RIGHTS_BASIC;
}

/* The same in each process that has the VMO; of all others unlikely to be twice. */
zx_koid_t zxi_make_koid(int fd, zx_obj_type_t type)
{
	zx_koid_t koid = 0;
	struct stat st;
	int cancel;

	if (type == ZX_OBJ_TYPE_VMO && !fstat(fd, &st))
		return ZX_KOID_FIRST + st.st_ino;
	cancel = zxi_cancel_off();
	while (koid < (1ull << 32)) {
		if (getrandom(&koid, sizeof(koid), GRND_NONBLOCK) < 0)
			koid = (zx_koid_t)zx_clock_get_monotonic();
		koid &= INT64_MAX;
	}
	zxi_cancel_as(cancel);
	return koid;
}
