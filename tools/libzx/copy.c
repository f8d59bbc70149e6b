// SPDX-License-Identifier: MIT
/*
 * Memory that the caller named.  The kernel copies, so that a bad address is an error
 * and not a signal.
 */
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base.h"

/* Where a sandbox forbids that call the address has to be good. */
static bool unavailable(ssize_t done)
{
	return done < 0 && (errno == ENOSYS || errno == EPERM);
}

zx_status_t zxi_copy_out_by_kernel(void *to, const void *from, size_t size)
{
	struct iovec local = { (void *)from, size }, remote = { to, size };
	ssize_t done;

	if (!to)
		return ZX_ERR_INVALID_ARGS;
	done = process_vm_writev(getpid(), &local, 1, &remote, 1, 0);
	if (unavailable(done)) {
		memcpy(to, from, size);
		return ZX_OK;
	}
	return done == (ssize_t)size ? ZX_OK : ZX_ERR_INVALID_ARGS;
}

zx_status_t zxi_copy_in_by_kernel(void *to, const void *from, size_t size)
{
	struct iovec local = { to, size }, remote = { (void *)from, size };
	ssize_t done;

	if (!size)
		return ZX_OK;
	if (!from)
		return ZX_ERR_INVALID_ARGS;
	done = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
	if (unavailable(done)) {
		memcpy(to, from, size);
		return ZX_OK;
	}
	return done == (ssize_t)size ? ZX_OK : ZX_ERR_INVALID_ARGS;
}
