// SPDX-License-Identifier: MIT
/*
 * The machine, and the way to the module.
 */
#include <fcntl.h>
#include <unistd.h>

#include "base.h"

#define DEVICE "/dev/zxpager"

uint32_t zx_system_get_page_size(void)
{
	return (uint32_t)sysconf(_SC_PAGESIZE);
}

int zxi_open(zx_status_t *status)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0)
		return fd;
	switch (errno) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		*status = ZX_ERR_UNAVAILABLE;
		break;
	case EPERM:
		*status = ZX_ERR_ACCESS_DENIED;
		break;
	default:
		*status = zxi_errno();
	}
	return -1;
}
