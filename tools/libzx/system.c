// SPDX-License-Identifier: MIT
/*
 * The machine, the process and its threads, and the way to the module.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "base.h"

#define DEVICE "/dev/zxpager"

_Atomic uint32_t zxi_page_size;

uint32_t zxi_ask_page_size(void)
{
	uint32_t size = (uint32_t)sysconf(_SC_PAGESIZE);

	atomic_store_explicit(&zxi_page_size, size, memory_order_relaxed);
	return size;
}

uint32_t zx_system_get_page_size(void)
{
	return zxi_page();
}

zx_status_t zx_thread_legacy_yield(uint32_t options)
{
	if (options)
		return ZX_ERR_INVALID_ARGS;
	sched_yield();
	return ZX_OK;
}

void zx_thread_exit(void)
{
	pthread_exit(NULL);
}

void zx_process_exit(int64_t retcode)
{
	_exit((int)(retcode & 0xff));
}

static int open_uncancelled(const char *path, int flags)
{
	const int cancel = zxi_cancel_off(), fd = open(path, flags | O_CLOEXEC);

	zxi_cancel_as(cancel);
	return fd;
}

int zxi_close_fd(int fd)
{
	/* Not by syscall(): the thread sanitizer is to know what the number stands for. */
	const int cancel = zxi_cancel_off(), rc = close(fd);

	zxi_cancel_as(cancel);
	return rc;
}

int zxi_reopen(int fd, int mode)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open_uncancelled(path, mode);
}

int zxi_open(zx_status_t *status)
{
	int fd = open_uncancelled(DEVICE, O_RDWR | O_NONBLOCK);

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

zx_status_t zxi_ioctl_failed(int fd, unsigned long request, void *arg)
{
	while (errno == EINTR)
		if (ioctl(fd, request, arg) >= 0)
			return ZX_OK;
	return zxi_errno();
}
