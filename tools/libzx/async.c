// SPDX-License-Identifier: MIT
/*
 * zx_object_wait_async(): packets for ports, and taking them back.
 *
 * A packet of a signal is queued by hand, so it stands among all others of the port in
 * the order in which they came.  A queue that is full of such packets, which in Zircon
 * is full for a program's own ones alone, gets the rest when there is room.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base.h"
#include "signals.h"
#include "table.h"

_Atomic unsigned int zxi_async_late;

/**
 * struct zxi_late - a packet that a port had no room for
 * @next: the next of this port
 * @handle: of the wait that it is of
 * @packet: what is to be queued
 */
struct zxi_late {
	struct zxi_late *next;
	zx_handle_t handle;
	struct zxp_port_queue queue;
};

/* By which the port finds the packets of a handle, of this process. */
static uint64_t source_of(zx_handle_t handle)
{
	return (uint64_t)(uint32_t)getpid() << 32 | handle;
}

static bool send(struct zxi_object *port, struct zxp_port_queue *queue)
{
	return zxi_fd_ioctl(port->fd, ZXP_IOC_PORT_QUEUE, queue) == ZX_OK;
}

static void flush(struct zxi_object *port)
{
	struct zxi_late *late;

	while (port->late && send(port, &port->late->queue)) {
		late = port->late;
		port->late = late->next;
		free(late);
		zxi_async_late--;
	}
}

/* In order: what comes behind one that is late is late, too. */
static void send_later(struct zxi_object *port, const struct zxp_port_queue *queue,
		       zx_handle_t handle)
{
	struct zxi_late **link = &port->late, *late = malloc(sizeof(*late));

	/* Without memory there is nowhere to say so: Zircon has it from the beginning. */
	if (!late)
		return;
	*late = (struct zxi_late){ .handle = handle, .queue = *queue };
	while (*link)
		link = &(*link)->next;
	*link = late;
	zxi_async_late++;
}

static zx_time_t timestamp(uint32_t options)
{
	if (options & ZX_WAIT_ASYNC_TIMESTAMP)
		return zx_clock_get_monotonic();
	return options & ZX_WAIT_ASYNC_BOOT_TIMESTAMP ? zx_clock_get_boot() : 0;
}

void zxi_async_send(const struct zxi_observer *observer, zx_signals_t observed)
{
	const zx_port_packet_t packet = {
		.key = observer->key,
		.type = ZX_PKT_TYPE_SIGNAL_ONE,
		.status = ZX_OK,
		.signal = {
			.trigger = observer->signals,
			.observed = observed,
			.count = 1,
			.timestamp = timestamp(observer->options),
		},
	};
	struct zxp_port_queue queue = {
		.size = sizeof(queue), .source = source_of(observer->handle),
	};

	__builtin_memcpy(&queue.packet, &packet, sizeof(packet));
	flush(observer->port);
	if (observer->port->late || !send(observer->port, &queue))
		send_later(observer->port, &queue, observer->handle);
}

void zxi_async_flush(zx_handle_t handle)
{
	struct zxi_object *port;

	zxi_table_lock();
	port = zxi_object_of(handle);
	if (port)
		flush(port);
	zxi_table_unlock();
}

/* By key, and of one handle if that is one. */
static unsigned int drop_late(struct zxi_object *port, zx_handle_t handle,
			      const uint64_t *key)
{
	struct zxi_late **link = &port->late, *late;
	unsigned int found = 0;

	while (*link) {
		late = *link;
		if ((key && late->queue.packet.key != *key) ||
		    (handle != ZX_HANDLE_INVALID && late->handle != handle)) {
			link = &late->next;
			continue;
		}
		*link = late->next;
		free(late);
		zxi_async_late--;
		found++;
	}
	return found;
}

/* Those of an object; all keys if @key is NULL. */
static unsigned int end_waits(struct zxi_object *object, struct zxi_object *port,
			      zx_handle_t handle, const uint64_t *key)
{
	struct zxi_observer **link = &object->observers, *observer;
	unsigned int found = 0;

	while (*link) {
		observer = *link;
		if (observer->port != port || (key && observer->key != *key) ||
		    (handle != ZX_HANDLE_INVALID && observer->handle != handle)) {
			link = &observer->next;
			continue;
		}
		*link = observer->next;
		free(observer);
		found++;
	}
	return found;
}

unsigned int zxi_async_cancel(struct zxi_object *port, zx_handle_t handle, uint64_t key)
{
	unsigned int found = drop_late(port, handle, &key);

	for (struct zxi_object *o = zxi_first_object(); o; o = o->next)
		found += end_waits(o, port, handle, &key);
	return found;
}

void zxi_async_forget(struct zxi_object *port)
{
	if (port->type != ZX_OBJ_TYPE_PORT || port->fd < 0)
		return;
	drop_late(port, ZX_HANDLE_INVALID, NULL);
	for (struct zxi_object *o = zxi_first_object(); o; o = o->next)
		end_waits(o, port, ZX_HANDLE_INVALID, NULL);
}

/* Locked. */
static zx_status_t begin(const struct zxi_observer *like, zx_handle_t port_handle)
{
	struct zxi_object *port = zxi_object_of(port_handle);
	struct zxi_observer *observer;
	zx_status_t status;

	if (!port)
		return ZX_ERR_BAD_HANDLE;
	status = zxi_own_fd(port, zx_linux_handle_to_fd(port_handle));
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
		.source = one ? source_of(source) : 0,
	};
	struct zxi_object *object;
	unsigned int found = 0;
	zx_status_t status;

	zxi_table_lock();
	object = zxi_object_of(port);
	if (object)
		found = zxi_async_cancel(object, source, key);
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
