// SPDX-License-Identifier: MIT
/*
 * What a pager does to a range of a VMO, but for supply.
 */
#include "base.h"
#include "objects.h"

/* No operation of a pager, and data that none of them takes. */
#define NO_OP	0
#define NO_DATA	UINT64_MAX

/*
 * The errno of the ABI for a status that the daemon gives to who waits.  A status
 * that it may not give becomes data that the module refuses, and so in its place
 * among the other tests.
 */
static uint64_t answer(zx_status_t status)
{
	switch (status) {
	case ZX_ERR_IO:
	case ZX_ERR_IO_DATA_INTEGRITY:
	case ZX_ERR_BAD_STATE:
	case ZX_ERR_NO_SPACE:
	case ZX_ERR_BUFFER_TOO_SMALL:
		return (uint64_t)zx_linux_errno_from_status(status);
	}
	return NO_DATA;
}

/* FAIL takes a status that was made 64 bits wide, with its sign. */
static uint64_t fail_data(uint64_t data)
{
	zx_status_t status = (zx_status_t)data;

	return (uint64_t)(int64_t)status == data ? answer(status) : NO_DATA;
}

static zx_status_t op_range(zx_handle_t pager, uint32_t op,
			    zx_handle_t pager_vmo, uint64_t offset,
			    uint64_t length, uint64_t data)
{
	struct zxp_op_range arg = {
		.size = sizeof(arg),
		.op = op,
		.offset = offset,
		.length = length,
		.data = data,
	};

	/* Before any handle is looked at. */
	if (!zxi_aligned(offset | length))
		return ZX_ERR_INVALID_ARGS;
	return zxi_pager_ioctl(pager, ZX_RIGHT_MANAGE_VMO, pager_vmo, ZX_RIGHT_WRITE,
			       ZXP_IOC_OP_RANGE, &arg, &arg.vmo_fd);
}

zx_status_t zx_pager_op_range(zx_handle_t pager, uint32_t op,
			      zx_handle_t pager_vmo, uint64_t offset,
			      uint64_t length, uint64_t data)
{
	if (op == ZX_PAGER_OP_FAIL)
		data = fail_data(data);
	/* The module has more operations, which are none of Zircon's. */
	if (op > ZX_PAGER_OP_WRITEBACK_END)
		op = NO_OP;
	return op_range(pager, op, pager_vmo, offset, length, data);
}

zx_status_t zx_linux_pager_sync_end(zx_handle_t pager, zx_handle_t pager_vmo,
				    uint64_t offset, uint64_t length,
				    zx_status_t status)
{
	return op_range(pager, ZXP_PAGER_OP_SYNC_END, pager_vmo, offset, length,
			status == ZX_OK ? 0 : answer(status));
}
