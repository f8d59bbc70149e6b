// SPDX-License-Identifier: GPL-2.0
/*
 * The packet queue of a port. Knows nothing of files and memory but the
 * reader's buffer.
 *
 * A packet belongs to a source (see request.h), which queues at most one at a
 * time, or was queued by hand (see post.c). It leaves the queue in one of two ways:
 * it is retracted because nobody waits for the answer any more, or a reader picks
 * it. What was in a picked packet is copied to the reader without a lock held, since the
 * reader's buffer may itself be a page that some daemon has to supply. If the copy
 * fails the packet goes back to the head of the queue, so nothing is lost. Where another
 * generation takes over nobody waits for that reader.
 */
#include <linux/slab.h>

#include "base.h"

struct zxp_port *zxp_port_alloc(void)
{
	struct zxp_port *port = kzalloc(sizeof(*port), GFP_KERNEL_ACCOUNT);

	if (!port)
		return NULL;

	kref_init(&port->ref);
	spin_lock_init(&port->lock);
	INIT_LIST_HEAD(&port->queue);
	INIT_LIST_HEAD(&port->posted);
	init_waitqueue_head(&port->wait);
	return port;
}

void zxp_port_get(struct zxp_port *port)
{
	kref_get(&port->ref);
}

static void zxp_port_free(struct kref *ref)
{
	struct zxp_port *port = container_of(ref, struct zxp_port, ref);

	WARN_ON(!list_empty(&port->queue) || !list_empty(&port->posted));
	kfree(port);
}

void zxp_port_put(struct zxp_port *port)
{
	kref_put(&port->ref, zxp_port_free);
}

/*
 * Add a packet at the tail. @sleeps: the caller sleeps next, until it is answered.
 * False: the port is closed.
 */
bool zxp_port_queue(struct zxp_port *port, struct zxp_port_packet *packet,
		    bool sleeps)
{
	void *key = poll_to_key(EPOLLIN | EPOLLRDNORM);
	bool closed;

	spin_lock(&port->lock);
	closed = port->closed;
	if (!closed)
		list_add_tail(&packet->link, &port->queue);
	spin_unlock(&port->lock);

	if (!closed && sleeps)
		__wake_up_sync_key(&port->wait, TASK_INTERRUPTIBLE, key);
	else if (!closed)
		__wake_up(&port->wait, TASK_INTERRUPTIBLE, 1, key);
	return !closed;
}

/* Give back a picked packet, to be the next one. */
void zxp_port_requeue(struct zxp_port *port, struct zxp_port_packet *packet)
{
	spin_lock(&port->lock);
	list_add(&packet->link, &port->queue);
	spin_unlock(&port->lock);
	wake_up_interruptible_poll(&port->wait, EPOLLIN | EPOLLRDNORM);
}

/* Take a packet out of the queue. False: a reader has picked it already. */
bool zxp_port_retract(struct zxp_port *port, struct zxp_port_packet *packet)
{
	bool queued;

	spin_lock(&port->lock);
	queued = !list_empty(&packet->link);
	list_del_init(&packet->link);
	spin_unlock(&port->lock);
	return queued;
}

/*
 * Take the first one; @reads: for a reader, of whom there are none when it is shut. False:
 * there is none.
 */
bool zxp_port_pick(struct zxp_port *port, struct zxp_picked *picked, bool reads)
{
	struct zxp_port_packet *packet = NULL;

	spin_lock(&port->lock);
	if (!reads || !port->shut)
		packet = list_first_entry_or_null(&port->queue, struct zxp_port_packet,
						  link);
	if (packet) {
		list_del_init(&packet->link);
		*picked = (struct zxp_picked) {
			.packet = packet,
			.data = packet->data,
			.turn = packet->turn,
		};
	}
	spin_unlock(&port->lock);
	return packet;
}

/* Nobody reads any more: not what is queued either, which others take out. */
void zxp_port_shut(struct zxp_port *port)
{
	spin_lock(&port->lock);
	WRITE_ONCE(port->shut, true);
	spin_unlock(&port->lock);
	/* All of them. */
	__wake_up(&port->wait, TASK_INTERRUPTIBLE, 0,
		  poll_to_key(EPOLLIN | EPOLLRDNORM | EPOLLERR | EPOLLHUP));
}

/* Does a read return at once? */
bool zxp_port_readable(struct zxp_port *port)
{
	return !list_empty_careful(&port->queue) || READ_ONCE(port->shut);
}

/**
 * zxp_port_rests() - is a daemon that answers now going to wait for a packet next?
 * @port: its port
 *
 * One that has supplied what nobody had asked for is likely to go on with that, also
 * after its next answer: who is answered would wait for the CPU then. Two rounds
 * without that, and it is taken to rest again.
 *
 * Return: a guess, for zxp_wake().
 */
bool zxp_port_rests(struct zxp_port *port)
{
	return !zxp_port_readable(port) && !READ_ONCE(port->ahead);
}

/* Something was supplied that nobody had asked for. */
void zxp_port_goes_on(struct zxp_port *port)
{
	WRITE_ONCE(port->ahead, 2);
}

__poll_t zxp_port_poll(struct zxp_port *port, struct file *file,
		       struct poll_table_struct *pt)
{
	poll_wait(file, &port->wait, pt);
	if (READ_ONCE(port->shut))
		return EPOLLIN | EPOLLRDNORM | EPOLLERR | EPOLLHUP;
	return zxp_port_readable(port) ? EPOLLIN | EPOLLRDNORM : 0;
}
