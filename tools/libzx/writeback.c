// SPDX-License-Identifier: MIT
/*
 * What a pager asks about writes to a VMO.
 */
#include <stdbool.h>
#include <stddef.h>

#include <zircon/linux.h>

#include "base.h"
#include "objects.h"

_Static_assert(sizeof(zx_vmo_dirty_range_t) == sizeof(struct zxp_dirty_range) &&
	       offsetof(zx_vmo_dirty_range_t, length) ==
	       offsetof(struct zxp_dirty_range, length) &&
	       offsetof(zx_vmo_dirty_range_t, options) ==
	       offsetof(struct zxp_dirty_range, options),
	       "dirty ranges are not laid out as the module's");
_Static_assert(ZX_VMO_DIRTY_RANGE_IS_ZERO == ZXP_DIRTY_RANGE_IS_ZERO &&
	       ZX_LINUX_DIRTY_RANGE_IS_POISONED == ZXP_DIRTY_RANGE_IS_POISONED,
	       "dirty ranges do not have the module's options");

/* Who does not want to know how many there are gets the shorter walk. */
zx_status_t zx_pager_query_dirty_ranges(zx_handle_t pager,
					zx_handle_t pager_vmo,
					uint64_t offset, uint64_t length,
					void *buffer, size_t buffer_size,
					size_t *actual, size_t *avail)
{
	struct zxp_query_dirty_ranges arg = {
		.size = sizeof(arg),
		.flags = avail ? 0 : ZXP_QUERY_NO_AVAIL,
		.offset = offset,
		.length = length,
		.buffer = (uintptr_t)buffer,
		.buffer_size = buffer_size,
	};
	size_t found;
	zx_status_t status;

	status = zxi_pager_ioctl(pager, ZX_RIGHT_MANAGE_VMO, pager_vmo, ZX_RIGHT_READ,
				 ZXP_IOC_QUERY_DIRTY_RANGES, &arg, &arg.vmo_fd);
	if (status == ZX_OK && actual) {
		found = arg.out_actual;
		status = zxi_copy_out(actual, &found, sizeof(found));
	}
	if (status == ZX_OK && avail) {
		found = arg.out_avail;
		status = zxi_copy_out(avail, &found, sizeof(found));
	}
	return status;
}

/*
 * The size of the buffer is looked at after the handles and before the options.  So
 * with a buffer that is too small the module is asked without options.
 */
zx_status_t zx_pager_query_vmo_stats(zx_handle_t pager, zx_handle_t pager_vmo,
				     uint32_t options, void *buffer,
				     size_t buffer_size)
{
	zx_pager_vmo_stats_t stats;
	bool fits = buffer_size >= sizeof(stats);
	struct zxp_query_vmo_stats arg = {
		.size = sizeof(arg),
		.options = fits && buffer ? options : 0,
	};
	zx_status_t status;

	status = zxi_pager_ioctl(pager, ZX_RIGHT_MANAGE_VMO, pager_vmo, ZX_RIGHT_READ,
				 ZXP_IOC_QUERY_VMO_STATS, &arg, &arg.vmo_fd);
	if (status != ZX_OK)
		return status;
	if (!fits)
		return ZX_ERR_BUFFER_TOO_SMALL;
	stats.modified = arg.out_modified & ZXP_STATS_MODIFIED ?
				 ZX_PAGER_VMO_STATS_MODIFIED : 0;
	return zxi_copy_out(buffer, &stats, sizeof(stats));
}
