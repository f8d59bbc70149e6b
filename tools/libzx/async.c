// SPDX-License-Identifier: MIT
/*
 * zx_object_wait_async(): packets for ports, and taking them back.
 */
#include <stdlib.h>

#include "base.h"
#include "signals.h"
#include "table.h"

/* Locked. */
static zx_status_t begin(const struct zxi_observer *like, zx_handle_t port_handle)
{
	struct zxi_object *port = zxi_object_of(port_handle);
	struct zxi_observer *observer;
	zx_status_t status;

	if (!port)
		return zxi_no_object(port_handle);
	status = zxi_own_fd(port, (int)zxi_fd_of(port_handle));
	if (status != ZX_OK)
		return status;
	observer = malloc(sizeof(*observer));
	if (!observer)
		return ZX_ERR_NO_MEMORY;
	*observer = *like;
	observer->port = port;
	return zxi_observe(observer);
}

zx_status_t zx_object_wait_async(zx_handle_t handle, zx_handle_t port, uint64_t key,
				 zx_signals_t signals, uint32_t options)
{
	const uint32_t stamps = ZX_WAIT_ASYNC_TIMESTAMP | ZX_WAIT_ASYNC_BOOT_TIMESTAMP;
	const struct zxi_observer observer = {
		.handle = handle, .signals = signals, .key = key, .options = options,
	};
	zx_status_t status;

	if ((options & ~(stamps | ZX_WAIT_ASYNC_EDGE)) || (options & stamps) == stamps)
		return ZX_ERR_INVALID_ARGS;
	status = zxi_check(port, ZX_OBJ_TYPE_PORT, ZX_RIGHT_WRITE);
	if (status == ZX_OK)
		status = zxi_check_wait(handle);
	if (status != ZX_OK)
		return status;
	zxi_table_lock();
	status = begin(&observer, port);
	zxi_table_unlock();
	return status;
}

/* What waits in this process, and what the queue has. */
static zx_status_t cancel(zx_handle_t port, zx_handle_t source, uint64_t key)
{
	const bool one = source != ZX_HANDLE_INVALID;
	struct zxp_port_cancel arg = {
		.size = sizeof(arg),
		.flags = one ? ZXP_CANCEL_SOURCE : 0,
		.key = key,
		.source = one ? zxi_packet_source(source) : 0,
	};
	struct zxi_object *object;
	unsigned int found = 0;
	zx_status_t status;

	zxi_table_lock();
	object = zxi_object_of(port);
	if (object)
		found = zxi_observe_cancel(object, source, key);
	zxi_table_unlock();
	status = zxi_ioctl(port, ZX_OBJ_TYPE_PORT, ZX_RIGHT_WRITE, ZXP_IOC_PORT_CANCEL, &arg);
	return status == ZX_ERR_NOT_FOUND && found ? ZX_OK : status;
}

zx_status_t zx_port_cancel(zx_handle_t handle, zx_handle_t source, uint64_t key)
{
	zx_status_t status = zxi_check(handle, ZX_OBJ_TYPE_PORT, ZX_RIGHT_WRITE);

	if (status == ZX_OK)
		status = zxi_check_wait(source);
	return status == ZX_OK ? cancel(handle, source, key) : status;
}

zx_status_t zx_port_cancel_key(zx_handle_t handle, uint32_t options, uint64_t key)
{
	zx_status_t status;

	if (options)
		return ZX_ERR_INVALID_ARGS;
	status = zxi_check(handle, ZX_OBJ_TYPE_PORT, ZX_RIGHT_WRITE);
	return status == ZX_OK ? cancel(handle, ZX_HANDLE_INVALID, key) : status;
}
