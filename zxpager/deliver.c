// SPDX-License-Identifier: GPL-2.0
/*
 * Packets on their way out of a port: reading them, and what becomes of one that was
 * read or could not be copied.
 */
#include "source.h"

static void zxp_port_taken(struct zxp_port *port, const struct zxp_picked *picked,
			   bool read)
{
	if (picked->packet->posted)
		zxp_post_taken(port, picked->packet);
	else
		zxp_source_packet_taken(picked, read);
}

static void zxp_port_returned(struct zxp_port *port, const struct zxp_picked *picked)
{
	if (picked->packet->posted)
		zxp_port_requeue(port, picked->packet);
	else
		zxp_source_packet_returned(picked);
}

/* Nobody reads any more: what is queued vanishes, and so does what comes. */
void zxp_port_close(struct zxp_port *port)
{
	struct zxp_picked picked;

	spin_lock(&port->lock);
	port->closed = true;
	spin_unlock(&port->lock);

	while (zxp_port_pick(port, &picked, false))
		zxp_port_taken(port, &picked, false);
}

/**
 * zxp_port_hand_over() - what is left in one port goes to another
 * @from: the stream of a pager that is shut: nothing was queued by hand there
 * @to: the other one
 *
 * These are the last packets of VMOs that have gone: nobody knows of their sources but for
 * them.
 */
void zxp_port_hand_over(struct zxp_port *from, struct zxp_port *to)
{
	struct zxp_picked picked;

	while (zxp_port_pick(from, &picked, false))
		zxp_source_packet_move(picked.packet, to);
}

/* Packets were read: a round begins. */
static void zxp_port_begin_round(struct zxp_port *port)
{
	unsigned int ahead = READ_ONCE(port->ahead);

	if (ahead)
		WRITE_ONCE(port->ahead, ahead - 1);
}

/* Like autoremove_wake_function(), but a reader may get the CPU of its waker. */
static int zxp_port_wake_reader(struct wait_queue_entry *wait, unsigned int mode,
				int flags, void *key)
{
	int woken;

	woken = zxp_wake(wait, mode, flags & ZXP_WF_SYNC);
	if (woken)
		list_del_init_careful(&wait->entry);
	return woken;
}

/* Wait until there may be a packet. One that comes wakes one reader. */
static int zxp_port_wait(struct zxp_port *port)
{
	struct wait_queue_entry wait;
	long ret;

	init_wait_entry(&wait, WQ_FLAG_EXCLUSIVE);
	wait.func = zxp_port_wake_reader;
	for (;;) {
		ret = prepare_to_wait_event(&port->wait, &wait,
					    TASK_INTERRUPTIBLE);
		if (zxp_port_readable(port)) {
			ret = 0;
			break;
		}
		/* A signal; then the entry is off the queue already. */
		if (ret)
			break;
		schedule();
	}
	finish_wait(&port->wait, &wait);
	return ret;
}

/**
 * zxp_port_read() - hand out packets
 * @port: the port
 * @to: the reader's buffer
 * @nonblock: return -EAGAIN instead of waiting for a first packet
 *
 * Context: Sleeps. The reader's buffer may fault, and that may wait for a daemon.
 * Return: the length of the packets that were copied, all of them whole, or
 * -EINVAL if not even one fits, -ESHUTDOWN, -EAGAIN, -EFAULT, -ERESTARTSYS.
 */
ssize_t zxp_port_read(struct zxp_port *port, struct iov_iter *to,
		      bool nonblock)
{
	struct zxp_picked picked;
	ssize_t done = 0;
	int ret;

	if (iov_iter_count(to) < sizeof(picked.data))
		return -EINVAL;

	while (iov_iter_count(to) >= sizeof(picked.data)) {
		if (!zxp_port_pick(port, &picked, true)) {
			if (done)
				break;
			if (READ_ONCE(port->shut))
				return -ESHUTDOWN;
			if (nonblock)
				return -EAGAIN;
			ret = zxp_port_wait(port);
			if (ret)
				return ret;
			continue;
		}

		if (copy_to_iter(&picked.data, sizeof(picked.data), to) !=
		    sizeof(picked.data)) {
			zxp_port_returned(port, &picked);
			return done ?: -EFAULT;
		}
		zxp_port_taken(port, &picked, true);
		done += sizeof(picked.data);
	}

	zxp_port_begin_round(port);
	return done;
}
