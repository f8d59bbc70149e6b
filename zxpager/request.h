/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests: what is asked of a daemon and not answered yet, see request.c; and
 * how they are sent, see source.c.
 */
#ifndef _ZXPAGER_REQUEST_H
#define _ZXPAGER_REQUEST_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/types.h>
/* Needs what comes before. */
#include <linux/errseq.h>

#include "port.h"

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
 * @waiters: who waits for that
 * @next: who waits for the one after it
 */
struct zxp_sync {
	struct zxp_request request;
	bool active;
	struct list_head waiters;
	struct list_head next;
};

/**
 * struct zxp_source - the requests of one VMO, and its one packet
 * @ref: held by the VMO, by the packet while it is in a port, by its reader, and by
 *	runs that are to be resolved
 * @lock: protects all below but constants. &zxp_port.lock nests inside.
 * @port: where packets go; constant
 * @key: constant
 * @generation: counts what resolves requests, see zxp_source_generation()
 * @requests: the primaries of each type, by @start; they never overlap
 * @fifo: primaries whose packet waits for its turn, oldest first
 * @sync: what is to be made durable
 * @packet: the packet
 * @sending: the request that @packet speaks of while it is in the port
 * @packet_busy: @packet is in the port, or with a reader
 * @complete: COMPLETE is to be sent when @packet is free
 * @detached: no more requests
 * @held: no packet is sent just now, see zxp_source_hold()
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
	unsigned long generation;
	struct rb_root requests[ZXP_REQUEST_TYPES];
	struct list_head fifo;
	struct zxp_sync sync;
	struct zxp_port_packet packet;
	struct zxp_request *sending;
	bool packet_busy;
	bool complete;
	bool detached;
	bool held;
	unsigned int nr_requests;
	unsigned int nr_hints;
	unsigned int nr_waiting;
	u64 read_packets;
	u64 read_pages;
	u64 dirty_packets;
	u64 sync_packets;
};

struct zxp_source *zxp_source_alloc(struct zxp_port *port, u64 key);
void zxp_source_get(struct zxp_source *source);
void zxp_source_put(struct zxp_source *source);
void zxp_source_detach(struct zxp_source *source, bool complete);
bool zxp_source_resolve(struct zxp_source *source, enum zxp_request_type type,
			pgoff_t start, pgoff_t end, int error);

void zxp_source_hold(struct zxp_source *source);
void zxp_source_release(struct zxp_source *source, pgoff_t start, pgoff_t end);
void zxp_source_dispatch_locked(struct zxp_source *source);
void zxp_source_unsend_locked(struct zxp_source *source,
			      struct zxp_request *request);
void zxp_source_packet_taken(struct zxp_port_packet *packet, bool read);
void zxp_source_packet_returned(struct zxp_port_packet *packet);

int zxp_request_start(struct zxp_source *source, struct zxp_request *request,
		      enum zxp_request_type type, pgoff_t start, pgoff_t end,
		      bool early, unsigned long generation);
int zxp_request_continue(struct zxp_source *source, struct zxp_request *request,
			 pgoff_t wake, unsigned long generation);
int zxp_request_wait(struct zxp_source *source, struct zxp_request *request,
		     unsigned int state);
void zxp_request_end(struct zxp_source *source, struct zxp_request *request);
int zxp_request_hint(struct zxp_source *source, enum zxp_request_type type,
		     pgoff_t start, pgoff_t *end, unsigned long generation);

int zxp_sync_wait(struct zxp_source *source, pgoff_t start, pgoff_t end);
int zxp_sync_end(struct zxp_source *source, pgoff_t start, pgoff_t end,
		 int error, errseq_t *wb_err);
void zxp_sync_detach_locked(struct zxp_source *source);

/**
 * struct zxp_run - pages of one VMO that were filled
 * @source: of the VMO; referenced
 * @start: first page
 * @end: the page after the last one
 */
struct zxp_run {
	struct zxp_source *source;
	pgoff_t start;
	pgoff_t end;
};

/**
 * struct zxp_runs - pages that were filled, and whose waiters were not woken yet
 * @run: the runs
 * @nr: how many there are
 * @pages: how many pages they have; fewer than @max
 * @max: so many pages may be there; with 0 all are woken at once
 *
 * See runs.c. On the stack of who fills pages.
 */
struct zxp_runs {
	struct zxp_run *run;
	unsigned int nr;
	unsigned int max;
	unsigned long pages;
};

void zxp_runs_init(struct zxp_runs *runs, struct zxp_run *room, unsigned int max);
void zxp_runs_add(struct zxp_runs *runs, struct zxp_source *source, pgoff_t start,
		  pgoff_t end);
void zxp_runs_resolve(struct zxp_runs *runs);

/**
 * zxp_source_generation() - to be read before looking for a page
 * @source: the source
 *
 * A page that is missing when looked for may be there before the request for
 * it is made, and then nobody would ever answer that request. Each event that
 * resolves requests changes the generation after it has put its pages in place,
 * and zxp_request_start() refuses when it is not the one that is given to it.
 *
 * Return: the generation.
 */
static inline unsigned long zxp_source_generation(struct zxp_source *source)
{
	/* Before the lookup; pairs with zxp_source_resolve(). */
	return smp_load_acquire(&source->generation);
}

static inline bool zxp_source_detached(struct zxp_source *source)
{
	return READ_ONCE(source->detached);
}

#endif /* _ZXPAGER_REQUEST_H */
