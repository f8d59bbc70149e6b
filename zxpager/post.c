// SPDX-License-Identifier: GPL-2.0
/*
 * Packets that are queued by hand, beside those of the VMOs and in one order with
 * them: a program that waits for packets can so be told other things, too.
 *
 * Each is an allocation of its own, so a port holds a limited number of them.
 */
#include <linux/slab.h>

#include "base.h"

/**
 * struct zxp_post - a packet that was queued by hand
 * @packet: its place in the port, which owns it
 * @link: in &zxp_port.posted. Under &zxp_port.lock.
 * @source: what else it can be found by; constant
 */
struct zxp_post {
	struct zxp_port_packet packet;
	struct list_head link;
	u64 source;
};

static struct zxp_post *zxp_post_of(struct zxp_port_packet *packet)
{
	return container_of(packet, struct zxp_post, packet);
}

/**
 * zxp_port_post() - queue a packet by hand
 * @port: the port
 * @args: what the caller gave
 *
 * Context: Sleeps.
 * Return: 0, -EINVAL, -EAGAIN with too many of them, -ENOMEM.
 */
int zxp_port_post(struct zxp_port *port, const struct zxp_port_queue *args)
{
	struct zxp_post *post;
	bool full;

	if (args->flags || args->packet.type == ZXP_PKT_TYPE_PAGE_REQUEST)
		return -EINVAL;

	post = kzalloc(sizeof(*post), GFP_KERNEL_ACCOUNT);
	if (!post)
		return -ENOMEM;
	post->packet.data = args->packet;
	post->packet.posted = true;
	post->source = args->source;

	spin_lock(&port->lock);
	full = port->nr_posted >= ZXP_PORT_QUEUE_MAX;
	if (!full) {
		port->nr_posted++;
		list_add_tail(&post->link, &port->posted);
		list_add_tail(&post->packet.link, &port->queue);
	}
	spin_unlock(&port->lock);

	if (full) {
		kfree(post);
		return -EAGAIN;
	}
	wake_up_interruptible_poll(&port->wait, EPOLLIN | EPOLLRDNORM);
	return 0;
}

/* A reader may have picked it; then it is in the queue no more. */
static bool zxp_post_matches(struct zxp_post *post,
			     const struct zxp_port_cancel *args)
{
	return !list_empty(&post->packet.link) &&
	       post->packet.data.key == args->key &&
	       (!(args->flags & ZXP_CANCEL_SOURCE) ||
		post->source == args->source);
}

/**
 * zxp_port_cancel() - take packets back that were queued by hand
 * @port: the port
 * @args: which
 *
 * One that a reader is just copying counts as read. What the VMOs have to say is not
 * looked at, however much that is.
 *
 * Return: 0, -EINVAL, -ENOENT without any.
 */
int zxp_port_cancel(struct zxp_port *port, const struct zxp_port_cancel *args)
{
	struct zxp_post *post, *next;
	LIST_HEAD(gone);

	if (args->flags & ~ZXP_CANCEL_SOURCE)
		return -EINVAL;
	if (!(args->flags & ZXP_CANCEL_SOURCE) && args->source)
		return -EINVAL;

	spin_lock(&port->lock);
	list_for_each_entry_safe(post, next, &port->posted, link) {
		if (!zxp_post_matches(post, args))
			continue;
		list_del(&post->packet.link);
		list_move_tail(&post->link, &gone);
		port->nr_posted--;
	}
	spin_unlock(&port->lock);

	if (list_empty(&gone))
		return -ENOENT;
	list_for_each_entry_safe(post, next, &gone, link)
		kfree(post);
	return 0;
}

/* A picked packet has left the port for good. */
void zxp_post_taken(struct zxp_port *port, struct zxp_port_packet *packet)
{
	struct zxp_post *post = zxp_post_of(packet);

	spin_lock(&port->lock);
	list_del(&post->link);
	port->nr_posted--;
	spin_unlock(&port->lock);
	kfree(post);
}
