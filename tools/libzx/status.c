// SPDX-License-Identifier: MIT
/*
 * Zircon's status codes and Linux's errnos: the one place that relates them.
 */
#include <stddef.h>

#include <zircon/status.h>

#include "base.h"

/* The ABI's errors, one errno for one status, both ways. */
static const struct {
	zx_status_t status;
	int error;
} abi[] = {
	{ ZX_OK,			0 },
	{ ZX_ERR_BAD_HANDLE,		EBADF },
	{ ZX_ERR_WRONG_TYPE,		EMEDIUMTYPE },
	{ ZX_ERR_INVALID_ARGS,		EINVAL },
	{ ZX_ERR_OUT_OF_RANGE,		ERANGE },
	{ ZX_ERR_BAD_STATE,		ESTALE },
	{ ZX_ERR_NOT_SUPPORTED,		EOPNOTSUPP },
	{ ZX_ERR_NOT_FOUND,		ENOENT },
	{ ZX_ERR_NO_MEMORY,		ENOMEM },
	{ ZX_ERR_BUFFER_TOO_SMALL,	ENOBUFS },
	{ ZX_ERR_UNAVAILABLE,		EPERM },
	{ ZX_ERR_ACCESS_DENIED,		EACCES },
	{ ZX_ERR_IO,			EIO },
	{ ZX_ERR_IO_DATA_INTEGRITY,	EBADMSG },
	{ ZX_ERR_NO_SPACE,		ENOSPC },
	{ ZX_ERR_TIMED_OUT,		ETIMEDOUT },
	{ ZX_ERR_CANCELED,		ESHUTDOWN },
};

/* Linux's own errors, which no status becomes. */
static const struct {
	int error;
	zx_status_t status;
} own[] = {
	{ EFAULT,	ZX_ERR_INVALID_ARGS },
	{ ENOTTY,	ZX_ERR_WRONG_TYPE },
	{ E2BIG,	ZX_ERR_NOT_SUPPORTED },
	{ EMFILE,	ZX_ERR_NO_RESOURCES },
	{ ENFILE,	ZX_ERR_NO_RESOURCES },
	{ EMLINK,	ZX_ERR_NO_RESOURCES },
	{ EAGAIN,	ZX_ERR_SHOULD_WAIT },
	{ EEXIST,	ZX_ERR_ALREADY_EXISTS },
	{ EFBIG,	ZX_ERR_OUT_OF_RANGE },
	{ EOVERFLOW,	ZX_ERR_OUT_OF_RANGE },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

zx_status_t zx_linux_status_from_errno(int error)
{
	for (size_t i = 0; i < COUNT(abi); i++)
		if (abi[i].error == error)
			return abi[i].status;
	for (size_t i = 0; i < COUNT(own); i++)
		if (own[i].error == error)
			return own[i].status;
	return ZX_ERR_INTERNAL;
}

int zx_linux_errno_from_status(zx_status_t status)
{
	for (size_t i = 0; i < COUNT(abi); i++)
		if (abi[i].status == status)
			return abi[i].error;
	return EIO;
}

const char *zx_status_get_string(zx_status_t status)
{
	switch (status) {
#define NAME(s) case s: return #s
	NAME(ZX_OK);
	NAME(ZX_ERR_INTERNAL);
	NAME(ZX_ERR_NOT_SUPPORTED);
	NAME(ZX_ERR_NO_RESOURCES);
	NAME(ZX_ERR_NO_MEMORY);
	NAME(ZX_ERR_INTERNAL_INTR_RETRY);
	NAME(ZX_ERR_INVALID_ARGS);
	NAME(ZX_ERR_BAD_HANDLE);
	NAME(ZX_ERR_WRONG_TYPE);
	NAME(ZX_ERR_BAD_SYSCALL);
	NAME(ZX_ERR_OUT_OF_RANGE);
	NAME(ZX_ERR_BUFFER_TOO_SMALL);
	NAME(ZX_ERR_BAD_STATE);
	NAME(ZX_ERR_TIMED_OUT);
	NAME(ZX_ERR_SHOULD_WAIT);
	NAME(ZX_ERR_CANCELED);
	NAME(ZX_ERR_PEER_CLOSED);
	NAME(ZX_ERR_NOT_FOUND);
	NAME(ZX_ERR_ALREADY_EXISTS);
	NAME(ZX_ERR_ALREADY_BOUND);
	NAME(ZX_ERR_UNAVAILABLE);
	NAME(ZX_ERR_ACCESS_DENIED);
	NAME(ZX_ERR_IO);
	NAME(ZX_ERR_IO_REFUSED);
	NAME(ZX_ERR_IO_DATA_INTEGRITY);
	NAME(ZX_ERR_IO_DATA_LOSS);
	NAME(ZX_ERR_IO_NOT_PRESENT);
	NAME(ZX_ERR_IO_OVERRUN);
	NAME(ZX_ERR_IO_MISSED_DEADLINE);
	NAME(ZX_ERR_IO_INVALID);
	NAME(ZX_ERR_BAD_PATH);
	NAME(ZX_ERR_NOT_DIR);
	NAME(ZX_ERR_NOT_FILE);
	NAME(ZX_ERR_FILE_BIG);
	NAME(ZX_ERR_NO_SPACE);
	NAME(ZX_ERR_NOT_EMPTY);
	NAME(ZX_ERR_STOP);
	NAME(ZX_ERR_NEXT);
	NAME(ZX_ERR_ASYNC);
	NAME(ZX_ERR_PROTOCOL_NOT_SUPPORTED);
	NAME(ZX_ERR_ADDRESS_UNREACHABLE);
	NAME(ZX_ERR_ADDRESS_IN_USE);
	NAME(ZX_ERR_NOT_CONNECTED);
	NAME(ZX_ERR_CONNECTION_REFUSED);
	NAME(ZX_ERR_CONNECTION_RESET);
	NAME(ZX_ERR_CONNECTION_ABORTED);
#undef NAME
	}
	return "(UNKNOWN)";
}
