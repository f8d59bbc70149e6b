// SPDX-License-Identifier: MIT
/*
 * Packets of signals, for ports.
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

_Atomic unsigned int zxi_packets_late;

/**
 * struct zxi_late - a packet that a port had no room for
 * @next: the next of this port
 * @handle: of the wait that it is of
 * @queue: what is to be queued
 */
struct zxi_late {
	struct zxi_late *next;
	zx_handle_t handle;
	struct zxp_port_queue queue;
};

/* By which the port finds the packets of a handle, of this process. */
uint64_t zxi_packet_source(zx_handle_t handle)
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
		zxi_packets_late--;
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
	zxi_packets_late++;
}

static zx_time_t timestamp(uint32_t options)
{
	if (options & ZX_WAIT_ASYNC_TIMESTAMP)
		return zx_clock_get_monotonic();
	return options & ZX_WAIT_ASYNC_BOOT_TIMESTAMP ? zx_clock_get_boot() : 0;
}

void zxi_packet_send(const struct zxi_observer *observer, zx_signals_t observed)
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
		.size = sizeof(queue), .source = zxi_packet_source(observer->handle),
	};

	__builtin_memcpy(&queue.packet, &packet, sizeof(packet));
	flush(observer->port);
	if (observer->port->late || !send(observer->port, &queue))
		send_later(observer->port, &queue, observer->handle);
}

bool zxi_packets_flush(zx_handle_t handle)
{
	struct zxi_object *port;
	bool all;

	zxi_table_lock();
	port = zxi_object_of(handle);
	if (port)
		flush(port);
	all = !port || !port->late;
	zxi_table_unlock();
	return all;
}

/* By key, and of one handle if that is one. */
unsigned int zxi_packets_drop(struct zxi_object *port, zx_handle_t handle,
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
		zxi_packets_late--;
		found++;
	}
	return found;
}
