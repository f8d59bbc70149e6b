// SPDX-License-Identifier: MIT
/*
 * zx_vmar_map(), with Zircon's tests in Zircon's order.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base.h"
#include "objects.h"
#include "region.h"
#include "table.h"

#define LOW_OPTIONS	(((zx_vm_option_t)1 << ZX_VM_ALIGN_BASE) - 1)
#define MAP_OPTIONS	(ZXI_VM_PERMS | ZX_VM_SPECIFIC | ZX_VM_SPECIFIC_OVERWRITE | \
			 ZX_VM_MAP_RANGE | ZX_VM_REQUIRE_NON_RESIZABLE | \
			 ZX_VM_ALLOW_FAULTS | ZX_VM_OFFSET_IS_UPPER_LIMIT | \
			 ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED | \
			 ZX_VM_FAULT_BEYOND_STREAM_SIZE)

#define TRIES		8

/* What a VMO is asked for, and what may be granted. */
struct request {
	zx_vm_option_t options;
	int fd;
	uint64_t vmo_offset;
	uint64_t size;
	zx_vm_option_t can;
};

static zx_status_t check_options(struct request *r, zx_rights_t vmar_rights,
				 zx_rights_t vmo_rights)
{
	if (!(vmo_rights & ZX_RIGHT_MAP))
		return ZX_ERR_ACCESS_DENIED;
	r->options = zxi_add_read(r->options);
	if (!zxi_valid_perms(r->options))
		return ZX_ERR_INVALID_ARGS;
	if ((r->options & ZX_VM_MAP_RANGE) &&
	    (r->options & ZX_VM_SPECIFIC_OVERWRITE))
		return ZX_ERR_INVALID_ARGS;
	if (r->options & ZXI_CAN_MAP)
		return ZX_ERR_INVALID_ARGS;
	r->can = zxi_perms_of(vmo_rights & vmar_rights);
	if (r->options & ZXI_VM_PERMS & ~r->can)
		return ZX_ERR_ACCESS_DENIED;
	if ((r->options & ZX_VM_FAULT_BEYOND_STREAM_SIZE) &&
	    !(r->options & ZX_VM_ALLOW_FAULTS))
		return ZX_ERR_INVALID_ARGS;
	if ((r->options & LOW_OPTIONS & ~MAP_OPTIONS) || !zxi_valid_align(r->options))
		return ZX_ERR_INVALID_ARGS;
	return ZX_OK;
}

static zx_status_t check_extent(struct request *r, uint64_t len)
{
	struct zxp_vmo_info info;
	zx_status_t status = zxi_fd_vmo_info(r->fd, &info);
	bool resizable;

	if (status != ZX_OK)
		return status;
	resizable = info.out_options & ZXP_VMO_RESIZABLE;
	if (resizable && (r->options & ZX_VM_REQUIRE_NON_RESIZABLE))
		return ZX_ERR_NOT_SUPPORTED;
	if (!zxi_aligned(r->vmo_offset))
		return ZX_ERR_INVALID_ARGS;
	r->size = zxi_round_up(len);
	/* Linux's offsets have a sign. */
	if (r->size < len || r->size > INT64_MAX ||
	    r->vmo_offset > INT64_MAX - r->size)
		return ZX_ERR_OUT_OF_RANGE;
	if (!resizable && !(r->options & ZX_VM_ALLOW_FAULTS) &&
	    r->vmo_offset + r->size > info.out_vmo_size)
		return ZX_ERR_BUFFER_TOO_SMALL;
	return ZX_OK;
}

/* What is in the way: mappings may be overwritten, regions not. */
static zx_status_t make_room(struct zxi_region *region, const struct request *r,
			     uint64_t addr)
{
	struct zxi_node *node = zxi_region_find(region, addr);
	uint64_t end = addr + r->size;
	zx_status_t status;

	if (!node || node->start >= end)
		return ZX_OK;
	if (!(r->options & ZX_VM_SPECIFIC_OVERWRITE))
		return ZX_ERR_ALREADY_EXISTS;
	for (; node && node->start < end; node = node->next)
		if (node->child)
			return ZX_ERR_INVALID_ARGS;
	status = zxi_region_split(region, addr);
	return status == ZX_OK ? zxi_region_split(region, end) : status;
}

/* mmap(); with EEXIST when the root has something there that nobody said. */
static zx_status_t map_at(struct zxi_region *region, const struct request *r,
			  uint64_t *addr)
{
	int flags = MAP_SHARED;
	void *at;

	if (*addr)
		flags |= region != zxi_region_root() ||
			 (r->options & ZX_VM_SPECIFIC_OVERWRITE) ?
			 MAP_FIXED : MAP_FIXED_NOREPLACE;
	at = mmap((void *)(uintptr_t)*addr, r->size, zxi_prot(r->options), flags,
		  r->fd, (off_t)r->vmo_offset);
	if (at == MAP_FAILED)
		return errno == EPERM ? ZX_ERR_ACCESS_DENIED : zxi_errno();
	*addr = (uintptr_t)at;
	return ZX_OK;
}

static zx_status_t map_locked(struct zxi_region *region, const struct request *r,
			      uint64_t vmar_offset, struct zxi_node *node)
{
	struct zxi_place place = { r->options, vmar_offset, r->size };
	zx_status_t status;
	uint64_t addr;

	status = zxi_region_place(region, &place, &addr);
	if (status == ZX_OK && (region != zxi_region_root() ||
				(r->options & ZX_VM_SPECIFIC_OVERWRITE)))
		status = make_room(region, r, addr);
	if (status == ZX_OK)
		status = map_at(region, r, &addr);
	if (status != ZX_OK)
		return status;
	/* Of the root that may also be a trace of what others have unmapped. */
	if (zxi_region_split(region, addr) != ZX_OK ||
	    zxi_region_split(region, addr + r->size) != ZX_OK) {
		zxi_region_release(region, addr, r->size);
		return ZX_ERR_NO_MEMORY;
	}
	zxi_region_clear(region, addr, addr + r->size);
	node->start = addr;
	node->end = addr + r->size;
	zxi_region_insert(region, node);
	return ZX_OK;
}

static zx_status_t map(struct zxi_region *region, const struct request *r,
		       uint64_t vmar_offset, zx_vaddr_t *addr)
{
	bool writable = (fcntl(r->fd, F_GETFL) & O_ACCMODE) == O_RDWR;
	struct zxi_node *node = calloc(1, sizeof(*node));
	zx_status_t status;

	if (!node)
		return ZX_ERR_NO_MEMORY;
	zxi_region_lock();
	errno = ENOMEM;
	node->backing = zxi_backing_get(r->fd, writable);
	node->offset = r->vmo_offset;
	node->can = r->can;
	node->perms = r->options & ZXI_VM_PERMS;
	if (node->backing)
		status = ZX_ERR_ALREADY_EXISTS;
	else
		status = errno == ENOMEM ? ZX_ERR_NO_MEMORY : ZX_ERR_NO_RESOURCES;
	/* A gap that was found may be gone; other threads need addresses, too. */
	for (int tries = 0; status == ZX_ERR_ALREADY_EXISTS && tries < TRIES; tries++) {
		status = map_locked(region, r, vmar_offset, node);
		if (r->options & ZXI_VM_SPECIFIC)
			break;
	}
	if (status == ZX_OK) {
		*addr = node->start;
	} else {
		if (node->backing)
			zxi_backing_put(node->backing);
		free(node);
	}
	zxi_region_unlock();
	return status;
}

zx_status_t zx_vmar_map(zx_handle_t handle, zx_vm_option_t options,
			uint64_t vmar_offset, zx_handle_t vmo,
			uint64_t vmo_offset, uint64_t len,
			zx_vaddr_t *mapped_addr)
{
	struct request r = { .options = options, .vmo_offset = vmo_offset };
	zx_rights_t vmar_rights, vmo_rights;
	struct zxi_region *region = NULL;
	zx_obj_type_t type;
	zx_status_t status;
	zx_vaddr_t addr;

	status = zxi_check(handle, ZX_OBJ_TYPE_VMAR, 0);
	if (status == ZX_OK)
		status = zxi_get(vmo, ZX_OBJ_TYPE_VMO, 0, &r.fd);
	if (status != ZX_OK)
		return status;
	status = zxi_identify(handle, &type, &vmar_rights);
	if (status == ZX_OK)
		status = zxi_identify(vmo, &type, &vmo_rights);
	if (status == ZX_OK)
		status = check_options(&r, vmar_rights, vmo_rights);
	if (status == ZX_OK)
		status = check_extent(&r, len);
	if (status == ZX_OK) {
		region = zxi_handle_region(handle);
		status = region ? map(region, &r, vmar_offset, &addr) : ZX_ERR_BAD_HANDLE;
	}
	zxi_put(r.fd);
	if (status == ZX_OK) {
		status = zxi_copy_out(mapped_addr, &addr, sizeof(addr));
		if (status != ZX_OK)
			zx_vmar_unmap(handle, addr, r.size);
	}
	if (region)
		zxi_region_put(region);
	return status;
}
