/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Floor 9, packets: how what is asked of a daemon is sent to it.
 */
#ifndef _ZXPAGER_SOURCE_H
#define _ZXPAGER_SOURCE_H

#include <linux/sched.h>
#include <linux/workqueue.h>

#include "base.h"

enum zxp_request_type {
	ZXP_REQUEST_READ,
	ZXP_REQUEST_DIRTY,
	/* What resolves one has a tree of them; a SYNC is answered, see sync.c. */
	ZXP_REQUEST_TYPES,
	ZXP_REQUEST_SYNC = ZXP_REQUEST_TYPES,
};

/**
 * struct zxp_request - one waiter's wish, on the stack of the waiter
 * @node: in &zxp_source.requests if this is a primary
 * @link: a primary: in &zxp_source.fifo while its packet could not be queued
 *	yet. An overlap: in @overlaps of its primary.
 * @overlaps: of a primary: the others that wait for it
 * @primary: of an overlap: whom it waits for
 * @task: who waits; NULL for a hint, which was allocated and frees itself
 * @start: first page asked for
 * @end: the page after the last one
 * @first: the first page that the waiter itself wants; @start may lie before it if
 *	this was an overlap and has inherited the place of its primary
 * @wake: the page whose arrival wakes an early waiter
 * @pending: how many pages are still to be resolved
 * @since: in jiffies, when it was started, or the daemon did some of it
 * @type: READ or DIRTY
 * @error: what the daemon said of @first or @wake, or 0
 * @early: wake when a run that starts at @wake arrives, not only at the end
 * @active: linked, as primary or overlap
 * @woken: look again
 *
 * All under &zxp_source.lock; @woken is read without it.
 */
struct zxp_request {
	struct rb_node node;
	struct list_head link;
	struct list_head overlaps;
	struct zxp_request *primary;
	struct task_struct *task;
	pgoff_t start;
	pgoff_t end;
	pgoff_t first;
	pgoff_t wake;
	pgoff_t pending;
	unsigned long since;
	enum zxp_request_type type;
	int error;
	bool early;
	bool active;
	bool woken;
};

/**
 * struct zxp_sync - the fsync()s of one VMO
 * @request: what the SYNC packet speaks of
 * @active: @request is to be answered
 * @waiters: those it is for
 * @next: those the one after it will be for
 * @left: those of both whose task runs a signal's handler just now
 */
struct zxp_sync {
	struct zxp_request request;
	bool active;
	struct list_head waiters;
	struct list_head next;
	struct list_head left;
};

/**
 * struct zxp_source - the requests of one VMO, and its one packet
 * @ref: held by the VMO, by the packet while it is in a port, by its reader, and by
 *	runs that are to be resolved
 * @lock: protects all below. &zxp_port.lock nests inside.
 * @port: where packets go
 * @key: what they have as their key
 * @epoch: the generation of the pager whose calls are taken; changes under
 *	&zxp_vmo.content_lock as well
 * @generation: counts what resolves requests, see zxp_source_generation()
 * @requests: the primaries of each type, by @start; they never overlap
 * @fifo: primaries whose packet waits for its turn, oldest first
 * @sync: what is to be made durable
 * @packet: the packet
 * @sending: the request that @packet speaks of while it is in the port
 * @packet_busy: @packet is in the port, or with a reader
 * @complete: COMPLETE is to be sent when @packet is free
 * @completes: each generation is sent one, as it is @detached
 * @detached: no more requests
 * @stalled: an exiting task waited in vain, and nothing was answered since
 * @watched: @watch is to come, and has a reference
 * @told: the log has it that somebody waited for long
 * @watch: looks for what nobody answers, see overdue.c
 * @limit: jiffies after which that fails; 0 for never
 * @nr_requests: primaries
 * @nr_hints: those of them that nobody waits for
 * @nr_waiting: tasks that wait
 * @read_packets: READ packets that were read
 * @read_pages: sum of their lengths
 * @dirty_packets: DIRTY packets that were read
 * @sync_packets: SYNC packets that were read
 */
struct zxp_source {
	struct kref ref;
	spinlock_t lock;	/* see above */
	struct zxp_port *port;
	u64 key;
	unsigned long epoch;
	unsigned long generation;
	struct rb_root requests[ZXP_REQUEST_TYPES];
	struct list_head fifo;
	struct zxp_sync sync;
	struct zxp_port_packet packet;
	struct zxp_request *sending;
	bool packet_busy;
	bool complete;
	bool completes;
	bool detached;
	bool stalled;
	bool watched;
	bool told;
	struct delayed_work watch;
	unsigned long limit;
	unsigned int nr_requests;
	unsigned int nr_hints;
	unsigned int nr_waiting;
	u64 read_packets;
	u64 read_pages;
	u64 dirty_packets;
	u64 sync_packets;
};

/* source.c */
int zxp_sources_init(void);
void zxp_sources_exit(void);
struct zxp_source *zxp_source_alloc(struct zxp_port *port, u64 key, work_func_t watch);
void zxp_source_get(struct zxp_source *source);
void zxp_source_put(struct zxp_source *source);
void zxp_source_dispatch_locked(struct zxp_source *source);
void zxp_source_unsend_locked(struct zxp_source *source,
			      struct zxp_request *request);
void zxp_source_packet_taken(const struct zxp_picked *picked, bool read);
void zxp_source_packet_returned(const struct zxp_picked *picked);
int zxp_source_bind(struct zxp_source *source, struct zxp_port *port, u64 key,
		    unsigned long epoch);
void zxp_source_packet_move(struct zxp_port_packet *packet, struct zxp_port *port);
void zxp_source_move(struct zxp_source *source, struct zxp_port *port,
		     unsigned long epoch);

/* Of which generation is who answers? */
static inline int zxp_source_check_locked(struct zxp_source *source, unsigned long epoch)
{
	lockdep_assert_held(&source->lock);

	return source->epoch == epoch ? 0 : -ESHUTDOWN;
}

void zxp_source_set_limit(struct zxp_source *source, unsigned long limit);
void zxp_source_watch_again_locked(struct zxp_source *source, unsigned long delay);
void zxp_source_unwatch_locked(struct zxp_source *source);
unsigned long zxp_source_patience(void);
unsigned long zxp_source_first_look(struct zxp_source *source);
void zxp_source_begin_watch_locked(struct zxp_source *source);

/* Something is waited for from now on. */
static inline void zxp_source_watch_locked(struct zxp_source *source)
{
	if (unlikely(!source->watched))
		zxp_source_begin_watch_locked(source);
}

/* deliver.c */
void zxp_port_hand_over(struct zxp_port *from, struct zxp_port *to);
void zxp_port_close(struct zxp_port *port);
ssize_t zxp_port_read(struct zxp_port *port, struct iov_iter *to,
		      bool nonblock);

#endif /* _ZXPAGER_SOURCE_H */
