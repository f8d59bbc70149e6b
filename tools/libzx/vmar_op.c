// SPDX-License-Identifier: MIT
/*
 * zx_vmar_op_range(): what is done to VMOs by the addresses where they are mapped.
 */
#include "base.h"
#include "objects.h"
#include "region.h"
#include "table.h"

/* The part of a range that is in one mapping. */
struct piece {
	struct zxi_backing *backing;
	uint64_t offset;
	uint64_t size;
	zx_vm_option_t can;
	bool below;		/* in a region below the one of the call */
};

/* BAD_STATE: nothing is mapped there, or the region is no more. */
static zx_status_t next_piece(struct zxi_region *region, uint64_t addr, uint64_t end,
			      struct piece *piece)
{
	struct zxi_region *in = region;
	struct zxi_node *node = region->alive ? zxi_region_leaf(&in, addr) : NULL;

	if (!node)
		return ZX_ERR_BAD_STATE;
	piece->below = in != region;
	piece->backing = node->backing;
	piece->offset = node->offset + (addr - node->start);
	piece->size = (end < node->end ? end : node->end) - addr;
	piece->can = node->can;
	node->backing->refs++;
	return ZX_OK;
}

static zx_status_t op_piece(const struct piece *piece, uint32_t op, bool children)
{
	bool shallow = op == ZX_VMAR_OP_COMMIT || op == ZX_VMAR_OP_DECOMMIT ||
		       op == ZX_VMAR_OP_PREFETCH;

	if (piece->below && (shallow || !children))
		return ZX_ERR_INVALID_ARGS;
	switch (op) {
	case ZX_VMAR_OP_MAP_RANGE:
		/* A fault maps what is around it anyway; there is no call for that. */
		return ZX_OK;
	case ZX_VMAR_OP_COMMIT:
	case ZX_VMAR_OP_DECOMMIT:
	case ZX_VMAR_OP_ZERO:
		if (!(piece->can & ZX_VM_PERM_WRITE))
			return ZX_ERR_ACCESS_DENIED;
		break;
	case ZX_VMAR_OP_PREFETCH:
		if (!(piece->can & ZX_VM_PERM_READ))
			return ZX_ERR_ACCESS_DENIED;
		break;
	}
	return zxi_vmo_op(piece->backing->fd, op, piece->offset, piece->size);
}

/* The lock is not held while the pager is waited for. */
static zx_status_t op_range(struct zxi_region *region, uint32_t op, uint64_t addr,
			    uint64_t size, bool children)
{
	const uint64_t end = addr + size;
	zx_status_t status = ZX_OK;
	struct piece piece;

	zxi_region_lock();
	while (status == ZX_OK && addr < end) {
		status = next_piece(region, addr, end, &piece);
		if (status != ZX_OK)
			break;
		zxi_region_unlock();
		status = op_piece(&piece, op, children);
		addr += piece.size;
		zxi_region_lock();
		zxi_backing_put(piece.backing);
	}
	zxi_region_unlock();
	return status;
}

/* The rights that the handle of the region needs, or INVALID_ARGS. */
static zx_status_t rights_for(uint32_t op, zx_rights_t *rights)
{
	switch (op) {
	case ZX_VMAR_OP_COMMIT:
	case ZX_VMAR_OP_DECOMMIT:
	case ZX_VMAR_OP_ZERO:
		*rights = ZX_RIGHT_WRITE;
		return ZX_OK;
	case ZX_VMAR_OP_PREFETCH:
		*rights = ZX_RIGHT_READ;
		return ZX_OK;
	case ZX_VMAR_OP_MAP_RANGE:
	case ZX_VMAR_OP_DONT_NEED:
	case ZX_VMAR_OP_ALWAYS_NEED:
		*rights = 0;
		return ZX_OK;
	}
	return ZX_ERR_INVALID_ARGS;
}

zx_status_t zx_vmar_op_range(zx_handle_t handle, uint32_t op, zx_vaddr_t address,
			     uint64_t size, void *buffer, size_t buffer_size)
{
	uint64_t length = zxi_round_up(size);
	struct zxi_region *region;
	zx_rights_t rights;
	zx_status_t status;
	bool children;

	status = zxi_check(handle, ZX_OBJ_TYPE_VMAR, 0);
	if (status == ZX_OK)
		status = rights_for(op, &rights);
	if (status == ZX_OK)
		status = zxi_check(handle, ZX_OBJ_TYPE_VMAR, rights);
	if (status != ZX_OK)
		return status;
	if (buffer || buffer_size || !length || !zxi_aligned(address))
		return ZX_ERR_INVALID_ARGS;
	region = zxi_handle_region(handle);
	if (!region)
		return ZX_ERR_BAD_HANDLE;
	children = zxi_check(handle, ZX_OBJ_TYPE_VMAR, ZX_RIGHT_OP_CHILDREN) == ZX_OK;
	status = zxi_region_has(region, address, length) ?
		 op_range(region, op, address, length, children) :
		 ZX_ERR_OUT_OF_RANGE;
	zxi_region_put(region);
	return status;
}
