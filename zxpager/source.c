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
 *
 * A source that is waited for is watched: a work comes when the oldest wait may have become
 * too long, and looks. It is armed with the first wait and then goes on by itself as long
 * as there are any, so a wait costs a look at a flag, and it is never older than that when
 * the work comes.
 */
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>

#include "source.h"

static unsigned int patience = 120;
module_param(patience, uint, 0644);
MODULE_PARM_DESC(patience,
		 "seconds of waiting for a daemon that the log tells of, once a VMO (0: never)");

static struct workqueue_struct *zxp_watches;

int zxp_sources_init(void)
{
	/*
	 * A daemon that is frozen cannot answer. And who waits for one may be what memory is
	 * waited for.
	 */
	zxp_watches = alloc_workqueue("zxpager", WQ_FREEZABLE | WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return zxp_watches ? 0 : -ENOMEM;
}

void zxp_sources_exit(void)
{
	destroy_workqueue(zxp_watches);
}

/* How long a wait may take before it is told of, in jiffies; 0 for ever. */
unsigned long zxp_source_patience(void)
{
	return min_t(u64, (u64)READ_ONCE(patience) * HZ, MAX_JIFFY_OFFSET);
}

/* Come again, with the reference that the last time had. */
void zxp_source_watch_again_locked(struct zxp_source *source, unsigned long delay)
{
	lockdep_assert_held(&source->lock);

	queue_delayed_work(zxp_watches, &source->watch, delay);
}

/* For how long a wait that begins now cannot be too long. What is for ever may change. */
unsigned long zxp_source_first_look(struct zxp_source *source)
{
	unsigned long delay = zxp_source_patience() ?: 120 * HZ;

	return source->limit ? min(source->limit, delay) : delay;
}

void zxp_source_begin_watch_locked(struct zxp_source *source)
{
	lockdep_assert_held(&source->lock);

	source->watched = true;
	kref_get(&source->ref);
	zxp_source_watch_again_locked(source, zxp_source_first_look(source));
}

/* Nothing is waited for any more. A work that runs just now sees that for itself. */
void zxp_source_unwatch_locked(struct zxp_source *source)
{
	lockdep_assert_held(&source->lock);

	if (!source->watched || !cancel_delayed_work(&source->watch))
		return;
	source->watched = false;
	zxp_source_put(source);
}

/**
 * zxp_source_set_limit() - how long may a wait take?
 * @source: the source
 * @limit: in jiffies, or 0 for any time
 *
 * What is waited for already is part of it. A work that runs just now goes by the new one.
 */
void zxp_source_set_limit(struct zxp_source *source, unsigned long limit)
{
	spin_lock(&source->lock);
	source->limit = limit;
	if (source->watched && cancel_delayed_work(&source->watch))
		zxp_source_watch_again_locked(source, 0);
	spin_unlock(&source->lock);
}

struct zxp_source *zxp_source_alloc(struct zxp_port *port, u64 key, work_func_t watch)
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
	INIT_DELAYED_WORK(&source->watch, watch);
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

static struct zxp_source *zxp_source_of(struct zxp_port_packet *packet)
{
	return container_of(packet, struct zxp_source, packet);
}

/**
 * zxp_source_packet_taken() - a picked packet has left the port for good
 * @picked: the packet
 * @read: it was read, not thrown away with its port
 *
 * It counts as read also if it was sent anew, to another generation, since it was picked.
 */
void zxp_source_packet_taken(const struct zxp_picked *picked, bool read)
{
	struct zxp_source *source = zxp_source_of(picked->packet);

	spin_lock(&source->lock);
	if (read && picked->data.command == ZXP_PACKET_READ) {
		source->read_packets++;
		source->read_pages += picked->data.length >> PAGE_SHIFT;
	} else if (read && picked->data.command == ZXP_PACKET_DIRTY) {
		source->dirty_packets++;
	} else if (read && picked->data.command == ZXP_PACKET_SYNC) {
		source->sync_packets++;
	}
	if (picked->packet->turn == picked->turn) {
		source->sending = NULL;
		source->packet_busy = false;
		zxp_source_dispatch_locked(source);
	}
	spin_unlock(&source->lock);
	zxp_source_put(source);
}

/**
 * zxp_source_packet_returned() - a picked packet could not be copied
 * @picked: the packet
 *
 * It goes back to where it was, unless its request has ended meanwhile.
 */
void zxp_source_packet_returned(const struct zxp_picked *picked)
{
	struct zxp_port_packet *packet = picked->packet;
	struct zxp_source *source = zxp_source_of(packet);
	bool live = false;

	spin_lock(&source->lock);
	if (packet->turn == picked->turn) {
		live = source->sending || packet->data.command == ZXP_PACKET_COMPLETE;
		if (live) {
			packet->data.key = source->key;
			zxp_port_requeue(source->port, packet);
		} else {
			source->packet_busy = false;
			zxp_source_dispatch_locked(source);
		}
	}
	spin_unlock(&source->lock);
	if (!live)
		zxp_source_put(source);
}

/*
 * Packets go to another port; what nobody has read is what comes first there. Return: the
 * former one, to be put without the lock.
 */
static struct zxp_port *zxp_source_set_port_locked(struct zxp_source *source,
						   struct zxp_port *port)
{
	struct zxp_port *old = source->port;

	lockdep_assert_held(&source->lock);

	if (zxp_port_retract(old, &source->packet)) {
		if (source->sending)
			list_add(&source->sending->link, &source->fifo);
		else
			source->complete = true;
		source->sending = NULL;
		source->packet_busy = false;
		zxp_source_put(source);
	}
	zxp_port_get(port);
	source->port = port;
	return old;
}

/**
 * zxp_source_bind() - packets go elsewhere, with another key
 * @source: the source, which the caller holds
 * @port: where to
 * @key: the key
 * @epoch: of the generation that wants it
 *
 * What was read stays read, also if a reader has just picked it.
 *
 * Return: 0, -ESHUTDOWN.
 */
int zxp_source_bind(struct zxp_source *source, struct zxp_port *port, u64 key,
		    unsigned long epoch)
{
	struct zxp_port *old = NULL;
	int ret;

	spin_lock(&source->lock);
	ret = zxp_source_check_locked(source, epoch);
	if (!ret) {
		source->key = key;
		old = zxp_source_set_port_locked(source, port);
		zxp_source_dispatch_locked(source);
	}
	spin_unlock(&source->lock);
	if (old)
		zxp_port_put(old);
	return ret;
}

/* All that is not answered waits for its turn, once, whether somebody has read it or not. */
static void zxp_source_requeue_locked(struct zxp_source *source)
{
	struct zxp_request *request;
	struct rb_node *node;
	int type;

	lockdep_assert_held(&source->lock);

	/*
	 * A reader has just picked it, whose answer will not be taken. Where it copies it to
	 * is its own business, and may take for ever.
	 */
	if (source->packet_busy) {
		source->packet.turn++;
		source->packet_busy = false;
		if (source->sending)
			list_add(&source->sending->link, &source->fifo);
		source->sending = NULL;
	}
	for (type = 0; type < ZXP_REQUEST_TYPES; type++) {
		for (node = rb_first(&source->requests[type]); node; node = rb_next(node)) {
			request = rb_entry(node, struct zxp_request, node);
			if (list_empty(&request->link))
				list_add_tail(&request->link, &source->fifo);
		}
	}
	request = &source->sync.request;
	if (source->sync.active && list_empty(&request->link))
		list_add_tail(&request->link, &source->fifo);
	source->complete = source->completes;
}

/**
 * zxp_source_move() - another generation of the pager answers
 * @source: the source, which the caller holds
 * @port: where its packets go from now on
 * @epoch: of that generation
 *
 * It is asked for all that is not answered.
 *
 * Context: with &zxp_vmo.content_lock held, or nobody can use the VMO any more.
 */
void zxp_source_move(struct zxp_source *source, struct zxp_port *port,
		     unsigned long epoch)
{
	struct zxp_port *old;

	spin_lock(&source->lock);
	WRITE_ONCE(source->epoch, epoch);
	WRITE_ONCE(source->stalled, false);
	old = zxp_source_set_port_locked(source, port);
	zxp_source_requeue_locked(source);
	zxp_source_dispatch_locked(source);
	spin_unlock(&source->lock);
	zxp_port_put(old);
}

/* The same for a packet that was taken out of the port of a VMO that has gone. */
void zxp_source_packet_move(struct zxp_port_packet *packet, struct zxp_port *port)
{
	struct zxp_picked picked = { .packet = packet };
	struct zxp_source *source = zxp_source_of(packet);
	struct zxp_port *old;

	spin_lock(&source->lock);
	old = zxp_source_set_port_locked(source, port);
	picked.turn = packet->turn;
	spin_unlock(&source->lock);
	zxp_port_put(old);
	zxp_source_packet_returned(&picked);
}
