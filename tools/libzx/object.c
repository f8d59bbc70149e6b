// SPDX-License-Identifier: MIT
/*
 * zx_object_get_info() and properties.
 */
#include <string.h>

#include "base.h"
#include "objects.h"
#include "region.h"
#include "stream.h"
#include "table.h"

/* Where the answer goes. */
struct answer {
	void *buffer;
	size_t size;
	size_t *actual;
	size_t *avail;
};

/* One record, or BUFFER_TOO_SMALL; the counts are told in both cases. */
static zx_status_t tell(const struct answer *to, const void *record, size_t size)
{
	static const size_t one = 1;
	size_t actual = to->size >= size;
	zx_status_t status = ZX_OK;

	if (actual)
		status = zxi_copy_out(to->buffer, record, size);
	if (status == ZX_OK && to->actual)
		status = zxi_copy_out(to->actual, &actual, sizeof(actual));
	if (status == ZX_OK && to->avail)
		status = zxi_copy_out(to->avail, &one, sizeof(one));
	if (status == ZX_OK && !actual)
		status = ZX_ERR_BUFFER_TOO_SMALL;
	return status;
}

static zx_status_t handle_basic(zx_handle_t handle, const struct answer *to)
{
	zx_info_handle_basic_t info = { 0 };
	struct zxi_object_info object;
	zx_status_t status = zxi_identify(handle, &info.type, &info.rights);

	if (status == ZX_OK)
		status = zxi_object_info(handle, &object);
	if (status != ZX_OK)
		return status;
	info.koid = object.koid;
	info.related_koid = object.related_koid;
	return tell(to, &info, sizeof(info));
}

static zx_status_t handle_count(zx_handle_t handle, const struct answer *to)
{
	zx_info_handle_count_t info = { 0 };
	struct zxi_object_info object;
	zx_obj_type_t type;
	zx_rights_t rights;
	zx_status_t status = zxi_identify(handle, &type, &rights);

	if (status == ZX_OK && !(rights & ZX_RIGHT_INSPECT))
		status = ZX_ERR_ACCESS_DENIED;
	if (status == ZX_OK)
		status = zxi_object_info(handle, &object);
	if (status != ZX_OK)
		return status;
	info.handle_count = object.handles;
	return tell(to, &info, sizeof(info));
}

static zx_status_t vmar(zx_handle_t handle, const struct answer *to)
{
	zx_status_t status = zxi_check(handle, ZX_OBJ_TYPE_VMAR, ZX_RIGHT_INSPECT);
	struct zxi_region *region;
	zx_info_vmar_t info;

	if (status != ZX_OK)
		return status;
	region = zxi_handle_region(handle);
	if (!region)
		return ZX_ERR_BAD_HANDLE;
	info = (zx_info_vmar_t){ region->base, region->end - region->base };
	zxi_region_put(region);
	return tell(to, &info, sizeof(info));
}

static zx_status_t vmo(zx_handle_t handle, const struct answer *to)
{
	zx_info_vmo_t info = { 0 };
	struct zxi_object_info object;
	struct zxp_vmo_info has = { .size = sizeof(has) };
	zx_obj_type_t type;
	zx_status_t status;

	status = zxi_ioctl(handle, ZX_OBJ_TYPE_VMO, 0, ZXP_IOC_VMO_GET_INFO, &has);
	if (status == ZX_OK)
		status = zxi_identify(handle, &type, &info.handle_rights);
	if (status == ZX_OK)
		status = zxi_object_info(handle, &object);
	if (status == ZX_OK)
		status = zxi_get_name(handle, info.name);
	if (status != ZX_OK)
		return status;
	info.koid = object.koid;
	if (has.out_parent_id)
		info.parent_koid = ZX_KOID_FIRST + has.out_parent_id;
	/*
	 * The kernel knows those of other processes, too; but a reference has none in the kernel,
	 * to which it is what it refers to.
	 */
	info.num_children = object.children;
	if (!(has.out_flags & ZXP_VMO_INFO_REFERENCE) && has.out_children > object.children)
		info.num_children = has.out_children;
	info.size_bytes = has.out_vmo_size;
	zxi_region_lock();
	info.num_mappings = zxi_backing_mappings(info.koid);
	zxi_region_unlock();
	info.share_count = info.num_mappings ? 1 : 0;
	info.flags = ZX_INFO_VMO_TYPE_PAGED | ZX_INFO_VMO_VIA_HANDLE;
	if (has.out_options & ZXP_VMO_RESIZABLE)
		info.flags |= ZX_INFO_VMO_RESIZABLE;
	if (has.out_flags & ZXP_VMO_INFO_PAGER_BACKED)
		info.flags |= ZX_INFO_VMO_PAGER_BACKED;
	if (has.out_flags & ZXP_VMO_INFO_COPY)
		info.flags |= ZX_INFO_VMO_IS_COW_CLONE;
	/* Nothing is compressed, and parts of bytes are not told. */
	info.committed_bytes = has.out_resident + has.out_shared_bytes;
	info.populated_bytes = info.committed_bytes;
	info.committed_private_bytes = has.out_resident;
	info.populated_private_bytes = has.out_resident;
	info.committed_scaled_bytes = has.out_scaled_bytes;
	info.populated_scaled_bytes = has.out_scaled_bytes;
	info.cache_policy = ZX_CACHE_POLICY_CACHED;
	return tell(to, &info, sizeof(info));
}

static zx_status_t stream(zx_handle_t handle, const struct answer *to)
{
	zx_info_stream_t info;
	zx_status_t status = zxi_stream_info(handle, &info);

	return status == ZX_OK ? tell(to, &info, sizeof(info)) : status;
}

/* Through the pointers the kernel writes. */
zx_status_t zx_object_get_info(zx_handle_t handle, uint32_t topic, void *buffer,
			       size_t buffer_size,
			       size_t *actual, /* NOLINT(readability-non-const-parameter) */
			       size_t *avail) /* NOLINT(readability-non-const-parameter) */
{
	struct answer to = { buffer, buffer_size, actual, avail };
	zx_obj_type_t type;
	zx_rights_t rights;

	switch (topic) {
	case ZX_INFO_HANDLE_VALID:
		return zxi_identify(handle, &type, &rights);
	case ZX_INFO_HANDLE_BASIC:
		return handle_basic(handle, &to);
	case ZX_INFO_HANDLE_COUNT:
		return handle_count(handle, &to);
	case ZX_INFO_VMAR:
		return vmar(handle, &to);
	case ZX_INFO_VMO:
		return vmo(handle, &to);
	case ZX_INFO_STREAM:
		return stream(handle, &to);
	}
	return ZX_ERR_NOT_SUPPORTED;
}

/* BAD_HANDLE, ACCESS_DENIED; of ours VMOs and streams alone have rights to properties. */
static zx_status_t check(zx_handle_t handle, zx_rights_t right, bool *is_vmo)
{
	zx_obj_type_t type;
	zx_rights_t rights;
	zx_status_t status = zxi_identify(handle, &type, &rights);

	if (status != ZX_OK)
		return status;
	*is_vmo = type == ZX_OBJ_TYPE_VMO;
	return rights & right ? ZX_OK : ZX_ERR_ACCESS_DENIED;
}

zx_status_t zx_object_get_property(zx_handle_t handle, uint32_t property,
				   void *value, size_t value_size)
{
	char name[ZX_MAX_NAME_LEN];
	zx_status_t status;
	uint8_t append;
	uint64_t size;
	bool is_vmo;

	if (!value)
		return ZX_ERR_INVALID_ARGS;
	status = check(handle, ZX_RIGHT_GET_PROPERTY, &is_vmo);
	if (status != ZX_OK)
		return status;
	switch (property) {
	case ZX_PROP_NAME:
		if (value_size < ZX_MAX_NAME_LEN)
			return ZX_ERR_BUFFER_TOO_SMALL;
		if (!is_vmo)
			return ZX_ERR_WRONG_TYPE;
		status = zxi_get_name(handle, name);
		return status == ZX_OK ? zxi_copy_out(value, name, sizeof(name)) :
					 status;
	case ZX_PROP_VMO_CONTENT_SIZE:
		if (value_size < sizeof(size))
			return ZX_ERR_BUFFER_TOO_SMALL;
		if (!is_vmo)
			return ZX_ERR_WRONG_TYPE;
		status = zx_vmo_get_stream_size(handle, &size);
		return status == ZX_OK ? zxi_copy_out(value, &size, sizeof(size)) :
					 status;
	case ZX_PROP_STREAM_MODE_APPEND:
		if (value_size < sizeof(append))
			return ZX_ERR_BUFFER_TOO_SMALL;
		status = zxi_stream_get_append(handle, &append);
		return status == ZX_OK ? zxi_copy_out(value, &append, sizeof(append)) :
					 status;
	}
	return ZX_ERR_INVALID_ARGS;
}

zx_status_t zx_object_set_property(zx_handle_t handle, uint32_t property,
				   const void *value, size_t value_size)
{
	char name[ZX_MAX_NAME_LEN] = "";
	zx_status_t status;
	uint8_t append;
	uint64_t size;
	bool is_vmo;

	if (!value)
		return ZX_ERR_INVALID_ARGS;
	status = check(handle, ZX_RIGHT_SET_PROPERTY, &is_vmo);
	if (status != ZX_OK)
		return status;
	switch (property) {
	case ZX_PROP_NAME:
		if (value_size >= ZX_MAX_NAME_LEN)
			value_size = ZX_MAX_NAME_LEN - 1;
		if (!is_vmo)
			return ZX_ERR_WRONG_TYPE;
		status = zxi_copy_in(name, value, value_size);
		return status == ZX_OK ?
		       zxi_set_name(handle, name, strnlen(name, value_size)) : status;
	case ZX_PROP_VMO_CONTENT_SIZE:
		if (value_size < sizeof(size))
			return ZX_ERR_BUFFER_TOO_SMALL;
		if (!is_vmo)
			return ZX_ERR_WRONG_TYPE;
		status = zxi_copy_in(&size, value, sizeof(size));
		return status == ZX_OK ? zx_vmo_set_stream_size(handle, size) : status;
	case ZX_PROP_STREAM_MODE_APPEND:
		if (value_size < sizeof(append))
			return ZX_ERR_BUFFER_TOO_SMALL;
		status = zxi_copy_in(&append, value, sizeof(append));
		return status == ZX_OK ? zxi_stream_set_append(handle, append) : status;
	}
	return ZX_ERR_INVALID_ARGS;
}
