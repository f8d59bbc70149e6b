// SPDX-License-Identifier: GPL-2.0
/*
 * A source: what sends the packets of one VMO. The requests that they speak of
 * are in request.c.
 *
 * A source has a single packet. While that is in the port, further requests wait
 * in a first-in first-out list; the next one takes the packet when it was read or
 * retracted. So a VMO with many readers cannot crowd out the others in a port.
 *
 * The packet holds the source while it is in the port, since COMPLETE outlives
 * the VMO that it speaks of.
 */
#include <linux/errno.h>
#include <linux/slab.h>

#include "source.h"

struct zxp_source *zxp_source_alloc(struct zxp_port *port, u64 key)
{
	struct zxp_source *source;

	source = kzalloc(sizeof(*source), GFP_KERNEL_ACCOUNT);
	if (!source)
		return NULL;

	kref_init(&source->ref);
	spin_lock_init(&source->lock);
	INIT_LIST_HEAD(&source->fifo);
	INIT_LIST_HEAD(&source->packet.link);
	INIT_LIST_HEAD(&source->sync.request.link);
	INIT_LIST_HEAD(&source->sync.waiters);
	INIT_LIST_HEAD(&source->sync.next);
	INIT_LIST_HEAD(&source->sync.left);
	source->sync.request.type = ZXP_REQUEST_SYNC;
	source->key = key;
	source->port = port;
	zxp_port_get(port);
	return source;
}

static void zxp_source_free(struct kref *ref)
{
	struct zxp_source *source = container_of(ref, struct zxp_source, ref);

	WARN_ON(source->nr_requests || source->packet_busy);
	zxp_port_put(source->port);
	kfree(source);
}

void zxp_source_get(struct zxp_source *source)
{
	kref_get(&source->ref);
}

void zxp_source_put(struct zxp_source *source)
{
	kref_put(&source->ref, zxp_source_free);
}

static const u16 zxp_request_command[] = {
	[ZXP_REQUEST_READ] = ZXP_PACKET_READ,
	[ZXP_REQUEST_DIRTY] = ZXP_PACKET_DIRTY,
	[ZXP_REQUEST_SYNC] = ZXP_PACKET_SYNC,
};

static void zxp_source_fill_packet(struct zxp_source *source, u16 command,
				   const struct zxp_request *request)
{
	source->packet.data = (struct zxp_packet) {
		.key = source->key,
		.type = ZXP_PKT_TYPE_PAGE_REQUEST,
		.command = command,
	};
	if (request) {
		source->packet.data.offset = (u64)request->start << PAGE_SHIFT;
		source->packet.data.length =
			(u64)(request->end - request->start) << PAGE_SHIFT;
	}
}

/* Give the packet, if it is free, to whoever is next; COMPLETE is the last. */
void zxp_source_dispatch_locked(struct zxp_source *source)
{
	struct zxp_request *request;
	bool sleeps;

	lockdep_assert_held(&source->lock);

	while (!source->packet_busy) {
		request = list_first_entry_or_null(&source->fifo,
						   struct zxp_request, link);
		if (request) {
			list_del_init(&request->link);
			zxp_source_fill_packet(source,
					       zxp_request_command[request->type],
					       request);
		} else if (source->complete) {
			source->complete = false;
			zxp_source_fill_packet(source, ZXP_PACKET_COMPLETE, NULL);
		} else {
			return;
		}

		/* A closed port swallows packets; the requests stay. */
		source->sending = request;
		source->packet_busy = true;
		kref_get(&source->ref);
		/* Whoever sends its own request waits for the answer. */
		sleeps = request && request->task == current;
		if (!zxp_port_queue(source->port, &source->packet, sleeps)) {
			source->sending = NULL;
			source->packet_busy = false;
			zxp_source_put(source);
		}
	}
}

/* The request ends: its packet is not to be seen if nobody has read it yet. */
void zxp_source_unsend_locked(struct zxp_source *source,
			      struct zxp_request *request)
{
	lockdep_assert_held(&source->lock);

	list_del_init(&request->link);
	if (source->sending != request)
		return;

	/* If a reader has just picked it, it counts as read. */
	source->sending = NULL;
	if (zxp_port_retract(source->port, &source->packet)) {
		source->packet_busy = false;
		zxp_source_put(source);
	}
}

/**
 * zxp_source_packet_taken() - a picked packet has left the port for good
 * @packet: the packet
 * @read: it was read, not thrown away with its port
 */
void zxp_source_packet_taken(struct zxp_port_packet *packet, bool read)
{
	struct zxp_source *source = container_of(packet, struct zxp_source,
						 packet);

	spin_lock(&source->lock);
	if (read && packet->data.command == ZXP_PACKET_READ) {
		source->read_packets++;
		source->read_pages += packet->data.length >> PAGE_SHIFT;
	} else if (read && packet->data.command == ZXP_PACKET_DIRTY) {
		source->dirty_packets++;
	} else if (read && packet->data.command == ZXP_PACKET_SYNC) {
		source->sync_packets++;
	}
	source->sending = NULL;
	source->packet_busy = false;
	zxp_source_dispatch_locked(source);
	spin_unlock(&source->lock);
	zxp_source_put(source);
}

/**
 * zxp_source_packet_returned() - a picked packet could not be copied
 * @packet: the packet
 *
 * It goes back to where it was, unless its request has ended meanwhile.
 */
void zxp_source_packet_returned(struct zxp_port_packet *packet)
{
	struct zxp_source *source = container_of(packet, struct zxp_source,
						 packet);
	bool live;

	spin_lock(&source->lock);
	live = source->sending || packet->data.command == ZXP_PACKET_COMPLETE;
	if (live) {
		zxp_port_requeue(source->port, packet);
	} else {
		source->packet_busy = false;
		zxp_source_dispatch_locked(source);
	}
	spin_unlock(&source->lock);
	if (!live)
		zxp_source_put(source);
}
