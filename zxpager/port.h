/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ZXPAGER_PORT_H
#define _ZXPAGER_PORT_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uio.h>
#include <linux/wait.h>

#include <linux/zxpager.h>

/**
 * struct zxp_port_packet - a packet's place in a port
 * @link: in &zxp_port.queue while it waits for a reader; else empty.
 *	Under &zxp_port.lock.
 * @data: what the reader gets. Written while not queued, constant while queued.
 * @posted: queued by hand, see post.c; else it is the packet of a source. Constant.
 */
struct zxp_port_packet {
	struct list_head link;
	struct zxp_packet data;
	bool posted;
};

/**
 * struct zxp_port - a stream of packets
 * @ref: held by the file and by each source that sends here
 * @lock: protects @queue, @posted, @nr_posted and @closed; innermost of all our locks
 * @queue: packets that no reader has taken yet, in the order of queueing
 * @posted: packets that were queued by hand, also while a reader has them; see post.c
 * @nr_posted: how many these are
 * @wait: readers and pollers
 * @ahead: of the next so many reads that bring packets the daemon is taken to do more
 *	than to answer these, see zxp_port_rests(). A guess, and changed without @lock.
 * @closed: the file is gone: nothing is queued any more
 */
struct zxp_port {
	struct kref ref;
	spinlock_t lock;	/* see above */
	struct list_head queue;
	struct list_head posted;
	unsigned int nr_posted;
	wait_queue_head_t wait;
	unsigned int ahead;
	bool closed;
};

struct zxp_port *zxp_port_alloc(void);
void zxp_port_get(struct zxp_port *port);
void zxp_port_put(struct zxp_port *port);
void zxp_port_close(struct zxp_port *port);

bool zxp_port_queue(struct zxp_port *port, struct zxp_port_packet *packet,
		    bool sleeps);
void zxp_port_requeue(struct zxp_port *port, struct zxp_port_packet *packet);
bool zxp_port_retract(struct zxp_port *port, struct zxp_port_packet *packet);

bool zxp_port_rests(struct zxp_port *port);
void zxp_port_goes_on(struct zxp_port *port);
ssize_t zxp_port_read(struct zxp_port *port, struct iov_iter *to,
		      bool nonblock);
__poll_t zxp_port_poll(struct zxp_port *port, struct file *file,
		       struct poll_table_struct *pt);

/* wake.c */
bool zxp_wake(struct wait_queue_entry *wait, unsigned int mode, bool sleeps);

/* post.c */
int zxp_port_post(struct zxp_port *port, const struct zxp_port_queue *args);
int zxp_port_cancel(struct zxp_port *port, const struct zxp_port_cancel *args);
void zxp_post_taken(struct zxp_port *port, struct zxp_port_packet *packet);

#endif /* _ZXPAGER_PORT_H */
