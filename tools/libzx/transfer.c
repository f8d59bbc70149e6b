// SPDX-License-Identifier: MIT
/*
 * zx_vmo_transfer_data().
 *
 * Pages leave their VMO by a supply, before their content is looked at: so what somebody
 * stores by a mapping meanwhile either moves with them or is in the source afterwards.  A
 * supply wants a VMO of a pager.  That is one that nobody else knows of; what is in it is
 * written to where it belongs.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "objects.h"
#include "table.h"

/* Pages that are copied at once. */
#define CHUNK	64

/* Where pages are on their way. */
struct way {
	int pager;
	int vmo;
	uint64_t length;
};

static zx_status_t begin(struct way *way, uint64_t length)
{
	struct zxp_create_vmo arg = {
		.size = sizeof(arg),
		.port_fd = ZXP_PORT_OWN,
		.vmo_size = length,
	};
	zx_status_t status;

	way->pager = zxi_open(&status);
	if (way->pager < 0)
		return status;
	status = zxi_fd_ioctl(way->pager, ZXP_IOC_CREATE_VMO, &arg);
	if (status != ZX_OK)
		zxi_close_fd(way->pager);
	way->vmo = arg.out_fd;
	return status;
}

static void end(struct way *way)
{
	zxi_close_fd(way->vmo);
	zxi_close_fd(way->pager);
}

/* Takes as many pages as can be had; @way->length is how far that went. */
static zx_status_t take(struct way *way, int src, uint64_t src_offset)
{
	struct zxp_supply_pages arg = {
		.size = sizeof(arg),
		.flags = ZXP_SUPPLY_AUX,
		.vmo_fd = way->vmo,
		.aux_fd = src,
		.length = way->length,
		.source = src_offset,
	};
	zx_status_t status = zxi_supply_aux(way->pager, &arg);

	way->length = arg.offset + arg.out_done;
	return status;
}

static bool is_zero(const char *page, size_t size)
{
	return !page[0] && !memcmp(page, page + 1, size - 1);
}

/* Content that is zero takes no memory where it goes. */
static zx_status_t put(int dst, uint64_t offset, const char *pages, size_t length,
		       bool zero)
{
	struct zxp_vmo_io io = {
		.size = sizeof(io),
		.offset = offset,
		.length = length,
		.buffer = (uintptr_t)pages,
	};

	return zero ? zxi_vmo_op(dst, ZX_VMO_OP_ZERO, offset, length) :
		      zxi_fd_ioctl(dst, ZXP_IOC_VMO_WRITE, &io);
}

static zx_status_t put_runs(int dst, uint64_t offset, const char *pages, size_t length)
{
	const size_t page = zx_system_get_page_size();
	zx_status_t status = ZX_OK;
	size_t start = 0, at = 0;

	while (status == ZX_OK && start < length) {
		bool zero = is_zero(pages + start, page);

		do {
			at += page;
		} while (at < length && is_zero(pages + at, page) == zero);
		status = put(dst, offset + start, pages + start, at - start, zero);
		start = at;
	}
	return status;
}

/* All that is on its way goes where it belongs, from *@at on, which tells how far that came. */
static zx_status_t give(struct way *way, uint64_t *at, int dst, uint64_t offset)
{
	const size_t size = CHUNK * (size_t)zx_system_get_page_size();
	char *pages = malloc(size);
	zx_status_t status = pages ? ZX_OK : ZX_ERR_NO_MEMORY;

	while (status == ZX_OK && *at < way->length) {
		struct zxp_vmo_io io = {
			.size = sizeof(io),
			.offset = *at,
			.length = way->length - *at < size ? way->length - *at : size,
			.buffer = (uintptr_t)pages,
		};

		status = zxi_fd_ioctl(way->vmo, ZXP_IOC_VMO_READ, &io);
		if (status == ZX_OK)
			status = put_runs(dst, offset + *at, pages, io.length);
		if (status != ZX_OK)
			break;
		/* Nobody needs it twice. */
		status = zxi_vmo_op(way->vmo, ZX_VMO_OP_ZERO, *at, io.length);
		*at += io.length;
	}
	free(pages);
	return status;
}

static zx_status_t move_pages(int src, uint64_t src_offset, uint64_t length, int dst,
			      uint64_t offset)
{
	struct way way = { .length = length };
	zx_status_t status = begin(&way, length), given;
	uint64_t at = 0;

	if (status != ZX_OK)
		return status;
	status = take(&way, src, src_offset);
	/* Also if that is not all. What is not wanted there goes back to where it was. */
	given = give(&way, &at, dst, offset);
	if (given != ZX_OK)
		give(&way, &at, src, src_offset);
	end(&way);
	return status != ZX_OK ? status : given;
}

/* May pages leave or enter a VMO there? */
static zx_status_t check_range(int vmo, uint64_t offset, uint64_t length)
{
	struct zxp_vmo_info info;
	zx_status_t status = zxi_fd_vmo_info(vmo, &info);

	if (status != ZX_OK)
		return status;
	if (offset > info.out_vmo_size || length > info.out_vmo_size - offset)
		return ZX_ERR_OUT_OF_RANGE;
	return length && info.out_flags & ZXP_VMO_INFO_PAGER_BACKED ?
	       ZX_ERR_NOT_SUPPORTED : ZX_OK;
}

static zx_status_t transfer(int src, uint64_t src_offset, uint64_t length, int dst,
			    uint64_t offset)
{
	zx_status_t status = check_range(src, src_offset, length);

	/* Zircon's pages are lost by now if they have nowhere to go. */
	if (status == ZX_OK)
		status = check_range(dst, offset, length);
	if (status != ZX_OK || !length)
		return status;
	return move_pages(src, src_offset, length, dst, offset);
}

static bool same_object(zx_handle_t a, zx_handle_t b)
{
	struct zxi_object_info of_a, of_b;

	return zxi_object_info(a, &of_a) == ZX_OK &&
	       zxi_object_info(b, &of_b) == ZX_OK && of_a.koid == of_b.koid;
}

zx_status_t zx_vmo_transfer_data(zx_handle_t dst_vmo, uint32_t options,
				 uint64_t offset, uint64_t length,
				 zx_handle_t src_vmo, uint64_t src_offset)
{
	zx_status_t status;
	int dst, src;

	if (options || !zxi_aligned(offset | length | src_offset))
		return ZX_ERR_INVALID_ARGS;
	status = zxi_get(dst_vmo, ZX_OBJ_TYPE_VMO, ZX_RIGHT_WRITE, &dst);
	if (status != ZX_OK)
		return status;
	status = zxi_get(src_vmo, ZX_OBJ_TYPE_VMO, ZX_RIGHTS_IO, &src);
	if (status == ZX_OK) {
		if (offset != src_offset || !same_object(dst_vmo, src_vmo))
			status = transfer(src, src_offset, length, dst, offset);
		zxi_put(src);
	}
	zxi_put(dst);
	return status;
}
