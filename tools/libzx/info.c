// SPDX-License-Identifier: MIT
/*
 * What is told of the object of a handle, and its name.
 */
#include <string.h>

#include "base.h"
#include "table.h"

zx_status_t zxi_object_info(zx_handle_t handle, struct zxi_object_info *info)
{
	struct zxi_object *object;

	if (handle == ZXI_VMAR_ROOT) {
		*info = (struct zxi_object_info){ ZX_KOID_FIRST - 1, 1, 0, 0 };
		return ZX_OK;
	}
	zxi_table_lock();
	object = zxi_object_of(handle);
	if (object) {
		*info = (struct zxi_object_info){ object->koid, object->handles,
						  object->child_count,
						  object->related_koid };
	}
	zxi_table_unlock();
	return object ? ZX_OK : zxi_no_object(handle);
}

zx_status_t zxi_get_name(zx_handle_t handle, char name[ZX_MAX_NAME_LEN])
{
	struct zxi_object *object;

	zxi_table_lock();
	object = zxi_object_of(handle);
	if (object)
		memcpy(name, object->name, ZX_MAX_NAME_LEN);
	zxi_table_unlock();
	return object ? ZX_OK : zxi_no_object(handle);
}

zx_status_t zxi_set_name(zx_handle_t handle, const char *name, size_t length)
{
	struct zxi_object *object;

	zxi_table_lock();
	object = zxi_object_of(handle);
	if (object) {
		memset(object->name, 0, ZX_MAX_NAME_LEN);
		memcpy(object->name, name, length);
	}
	zxi_table_unlock();
	return object ? ZX_OK : zxi_no_object(handle);
}
