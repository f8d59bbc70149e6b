// SPDX-License-Identifier: MIT
/*
 * Address regions: the root, those below it, and what is unmapped and protected.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "base.h"
#include "region.h"
#include "table.h"

#define CHILD_OPTIONS	(ZX_VM_COMPACT | ZX_VM_SPECIFIC | ZX_VM_CAN_MAP_SPECIFIC | \
			 ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | \
			 ZX_VM_CAN_MAP_EXECUTE | ZX_VM_OFFSET_IS_UPPER_LIMIT | \
			 ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED)
#define LOW_OPTIONS	(((zx_vm_option_t)1 << ZX_VM_ALIGN_BASE) - 1)
#define TRIES		8

zx_handle_t zx_vmar_root_self(void)
{
	return ZXI_VMAR_ROOT;
}

/* The region of a handle with these rights, and a reference of it. */
static zx_status_t get_region(zx_handle_t handle, zx_rights_t rights,
			      struct zxi_region **region)
{
	zx_status_t status = zxi_check(handle, ZX_OBJ_TYPE_VMAR, rights);

	if (status != ZX_OK)
		return status;
	*region = zxi_handle_region(handle);
	return *region ? ZX_OK : ZX_ERR_BAD_HANDLE;
}

static bool may_touch_children(zx_handle_t handle)
{
	return zxi_check(handle, ZX_OBJ_TYPE_VMAR, ZX_RIGHT_OP_CHILDREN) == ZX_OK;
}

static zx_rights_t rights_for(zx_vm_option_t can)
{
	return (can & ZX_VM_CAN_MAP_READ ? ZX_RIGHT_READ : 0) |
	       (can & ZX_VM_CAN_MAP_WRITE ? ZX_RIGHT_WRITE : 0) |
	       (can & ZX_VM_CAN_MAP_EXECUTE ? ZX_RIGHT_EXECUTE : 0);
}

/* Takes the addresses, without access, so that nobody else does. */
static zx_status_t reserve(struct zxi_region *parent, uint64_t *addr, uint64_t size)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	struct zxi_node *node;
	void *at;

	if (parent != zxi_region_root()) {
		node = zxi_region_find(parent, *addr);
		return node && node->start < *addr + size ? ZX_ERR_ALREADY_EXISTS :
							    ZX_OK;
	}
	if (*addr)
		flags |= MAP_FIXED_NOREPLACE;
	at = mmap((void *)(uintptr_t)*addr, size, PROT_NONE, flags, -1, 0);
	if (at == MAP_FAILED)
		return zxi_errno();
	*addr = (uintptr_t)at;
	return ZX_OK;
}

/* A new region in @parent.  *@child has a reference of the caller's. */
static zx_status_t add_child(struct zxi_region *parent, zx_vm_option_t options,
			     uint64_t offset, uint64_t size,
			     struct zxi_region **child)
{
	struct zxi_place place = { options, offset, size };
	struct zxi_region *region = calloc(1, sizeof(*region));
	struct zxi_node *node = calloc(1, sizeof(*node));
	zx_status_t status = region && node ? ZX_OK : ZX_ERR_NO_MEMORY;
	uint64_t addr;

	if (status == ZX_OK && parent->alive && size &&
	    (options & ZXI_CAN_MAP & ~parent->can))
		status = ZX_ERR_ACCESS_DENIED;
	/* A gap that was found may be gone. */
	for (int tries = 0; status == ZX_OK && tries < TRIES; tries++) {
		status = zxi_region_place(parent, &place, &addr);
		if (status != ZX_OK)
			break;
		status = reserve(parent, &addr, size);
		if (status != ZX_ERR_ALREADY_EXISTS || (options & ZX_VM_SPECIFIC))
			break;
		status = tries + 1 < TRIES ? ZX_OK : ZX_ERR_NO_RESOURCES;
	}
	if (status == ZX_OK)
		status = zxi_region_split(parent, addr);
	if (status == ZX_OK)
		status = zxi_region_split(parent, addr + size);
	if (status != ZX_OK) {
		free(region);
		free(node);
		return status;
	}
	*region = (struct zxi_region){
		.refs = 2, .base = addr, .end = addr + size, .parent = parent,
		.can = options & CHILD_OPTIONS, .alive = true,
	};
	*node = (struct zxi_node){
		.start = addr, .end = addr + size, .child = region,
	};
	/* Traces in the root of what others have unmapped. */
	zxi_region_clear(parent, addr, addr + size);
	zxi_region_insert(parent, node);
	*child = region;
	return ZX_OK;
}

static zx_status_t destroy(struct zxi_region *region)
{
	struct zxi_region *parent = region->parent;

	if (!region->alive)
		return ZX_ERR_BAD_STATE;
	zxi_region_release(parent, region->base, region->end - region->base);
	zxi_region_clear(parent, region->base, region->end);
	return ZX_OK;
}

zx_status_t zx_vmar_allocate(zx_handle_t parent_vmar, zx_vm_option_t options,
			     uint64_t offset, uint64_t size,
			     zx_handle_t *child_vmar, zx_vaddr_t *child_addr)
{
	zx_rights_t rights = rights_for(options);
	struct zxi_region *parent, *child = NULL;
	zx_handle_t handle;
	zx_status_t status;
	zx_vaddr_t addr;

	status = get_region(parent_vmar, rights, &parent);
	if (status != ZX_OK)
		return status;
	zxi_region_lock();
	if ((options & LOW_OPTIONS & ~CHILD_OPTIONS) || !zxi_valid_align(options) ||
	    !zxi_aligned(size))
		status = ZX_ERR_INVALID_ARGS;
	if (status == ZX_OK)
		status = add_child(parent, options, offset, size, &child);
	zxi_region_unlock();
	zxi_region_put(parent);
	if (status != ZX_OK)
		return status;

	addr = child->base;
	zxi_region_get(child);
	status = zxi_publish_region(child, ZX_DEFAULT_VMAR_RIGHTS | rights, &handle);
	if (status == ZX_OK) {
		status = zxi_copy_out(child_vmar, &handle, sizeof(handle));
		if (status == ZX_OK)
			status = zxi_copy_out(child_addr, &addr, sizeof(addr));
		if (status != ZX_OK)
			zx_handle_close(handle);
	}
	if (status != ZX_OK) {
		zxi_region_lock();
		destroy(child);
		zxi_region_unlock();
	}
	zxi_region_put(child);
	return status;
}

zx_status_t zx_vmar_destroy(zx_handle_t handle)
{
	struct zxi_region *region;
	zx_status_t status;

	status = get_region(handle, ZX_RIGHT_OP_CHILDREN, &region);
	if (status != ZX_OK)
		return status;
	zxi_region_lock();
	status = region == zxi_region_root() ? ZX_ERR_NOT_SUPPORTED : destroy(region);
	zxi_region_unlock();
	zxi_region_put(region);
	return status;
}

/* Regions in the range are destroyed with it, so they have to be in it as a whole. */
static zx_status_t unmap(struct zxi_region *region, uint64_t addr, uint64_t size,
			 bool children)
{
	uint64_t end = addr + size;
	zx_status_t status;

	if (!region->alive)
		return ZX_ERR_BAD_STATE;
	if (!zxi_region_has(region, addr, size))
		return ZX_ERR_INVALID_ARGS;
	for (struct zxi_node *node = zxi_region_find(region, addr);
	     node && node->start < end; node = node->next)
		if (node->child &&
		    (!children || node->start < addr || node->end > end))
			return ZX_ERR_INVALID_ARGS;
	status = zxi_region_split(region, addr);
	if (status == ZX_OK)
		status = zxi_region_split(region, end);
	if (status == ZX_OK)
		status = zxi_region_release(region, addr, size);
	if (status == ZX_OK)
		zxi_region_clear(region, addr, end);
	return status;
}

zx_status_t zx_vmar_unmap(zx_handle_t handle, zx_vaddr_t addr, uint64_t len)
{
	uint64_t size = zxi_round_up(len);
	struct zxi_region *region;
	zx_status_t status = get_region(handle, 0, &region);

	if (status != ZX_OK)
		return status;
	zxi_region_lock();
	status = !zxi_aligned(addr) || !size ? ZX_ERR_INVALID_ARGS :
		 unmap(region, addr, size, may_touch_children(handle));
	zxi_region_unlock();
	zxi_region_put(region);
	return status;
}

/* All of the range has to be mapped, and may be protected like this. */
static zx_status_t may_protect(struct zxi_region *region, uint64_t addr,
			       uint64_t end, zx_vm_option_t perms)
{
	while (addr < end) {
		struct zxi_region *in = region;
		struct zxi_node *node = zxi_region_leaf(&in, addr);

		if (!node)
			return ZX_ERR_NOT_FOUND;
		/* What is in a region below gets no more than it has. */
		if ((perms & ~node->can) || (in != region && (perms & ~node->perms)))
			return ZX_ERR_ACCESS_DENIED;
		addr = node->end;
	}
	return ZX_OK;
}

static bool has_children(struct zxi_region *region, uint64_t addr, uint64_t end)
{
	for (struct zxi_node *node = zxi_region_find(region, addr);
	     node && node->start < end; node = node->next)
		if (node->child)
			return true;
	return false;
}

/* Borders where permissions begin to differ. */
static zx_status_t split_leaf(struct zxi_region *region, uint64_t addr)
{
	return zxi_region_leaf(&region, addr) ? zxi_region_split(region, addr) : ZX_OK;
}

static void set_perms(struct zxi_region *region, uint64_t addr, uint64_t end,
		      zx_vm_option_t perms)
{
	while (addr < end) {
		struct zxi_region *in = region;
		struct zxi_node *node = zxi_region_leaf(&in, addr);

		node->perms = perms;
		addr = node->end;
	}
}

static zx_status_t protect(struct zxi_region *region, zx_vm_option_t options,
			   uint64_t addr, uint64_t size, bool children)
{
	zx_status_t status;

	if (!region->alive)
		return ZX_ERR_BAD_STATE;
	if (!zxi_region_has(region, addr, size))
		return ZX_ERR_INVALID_ARGS;
	if (!children && has_children(region, addr, addr + size))
		return ZX_ERR_INVALID_ARGS;
	status = may_protect(region, addr, addr + size, options);
	if (status == ZX_OK)
		status = split_leaf(region, addr);
	if (status == ZX_OK)
		status = split_leaf(region, addr + size);
	if (status != ZX_OK)
		return status;
	/* ENOMEM: what was mapped there is not any more. */
	if (mprotect((void *)(uintptr_t)addr, size, zxi_prot(options)))
		return errno == ENOMEM ? ZX_ERR_NOT_FOUND : zxi_errno();
	set_perms(region, addr, addr + size, options);
	return ZX_OK;
}

zx_status_t zx_vmar_protect(zx_handle_t handle, zx_vm_option_t options,
			    zx_vaddr_t addr, uint64_t len)
{
	uint64_t size = zxi_round_up(len);
	struct zxi_region *region;
	zx_rights_t rights = 0;
	zx_status_t status;

	options = zxi_add_read(options);
	if (options & ZX_VM_PERM_READ)
		rights |= ZX_RIGHT_READ;
	if (options & ZX_VM_PERM_WRITE)
		rights |= ZX_RIGHT_WRITE;
	if (options & ZX_VM_PERM_EXECUTE)
		rights |= ZX_RIGHT_EXECUTE;
	status = get_region(handle, rights, &region);
	if (status != ZX_OK)
		return status;
	zxi_region_lock();
	if (!zxi_valid_perms(options) || !zxi_aligned(addr) ||
	    (options & ~ZXI_VM_PERMS) || !size)
		status = ZX_ERR_INVALID_ARGS;
	if (status == ZX_OK)
		status = protect(region, options, addr, size,
				 may_touch_children(handle));
	zxi_region_unlock();
	zxi_region_put(region);
	return status;
}
