/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Floor 10, the base: ports and their packets, zero ranges, and how ioctls are called.
 * None of it knows of a VMO.
 */
#ifndef _ZXPAGER_BASE_H
#define _ZXPAGER_BASE_H

#include <linux/bits.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/rbtree.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uio.h>
#include <linux/wait.h>

#include <linux/zxpager.h>

#include "compat.h"

/* What the calling task is, where that decides whether it may wait, and how. */

/**
 * zxp_task_ends() - must the calling task not wait for a daemon any more?
 *
 * No signal reaches a task that exits or dumps core, or one whose process does, and
 * it may be the daemon itself: then nobody would ever answer.
 *
 * Return: true if so.
 */
static inline bool zxp_task_ends(void)
{
	return current->flags & (PF_EXITING | PF_DUMPCORE) ||
	       READ_ONCE(current->signal->flags) & SIGNAL_GROUP_EXIT;
}

/**
 * zxp_task_is_user() - does the calling task return to user mode?
 *
 * Only such a task runs its task work and the handlers of its signals there.
 *
 * Return: true if so.
 */
static inline bool zxp_task_is_user(void)
{
	return !(current->flags & (PF_KTHREAD | PF_IO_WORKER | PF_USER_WORKER));
}

/* Is [offset, offset + length) inside of so many pages, without an overflow? */
static inline bool zxp_in_bounds(pgoff_t nr_pages, u64 offset, u64 length)
{
	u64 size = (u64)nr_pages << PAGE_SHIFT;

	return offset <= size && length <= size - offset;
}

/* packet.c: a port and its queue */

/**
 * struct zxp_port_packet - a packet's place in a port
 * @link: in &zxp_port.queue while it waits for a reader; else empty.
 *	Under &zxp_port.lock.
 * @data: what the reader gets. Written while not queued, constant while queued.
 * @turn: of the packet of a source: counts those whose reader is not waited for. Written
 *	while not queued.
 * @posted: queued by hand, see post.c; else it is the packet of a source. Constant.
 */
struct zxp_port_packet {
	struct list_head link;
	struct zxp_packet data;
	unsigned int turn;
	bool posted;
};

/**
 * struct zxp_picked - a packet that a reader has taken out of a port
 * @packet: the packet
 * @data: what was in it
 * @turn: its turn; it is somebody else's if it has another one by now
 */
struct zxp_picked {
	struct zxp_port_packet *packet;
	struct zxp_packet data;
	unsigned int turn;
};

/**
 * struct zxp_port - a stream of packets
 * @ref: held by the file, by each source that sends here, and as &zxp_pager.spare
 * @lock: protects @queue, @posted, @nr_posted, @closed and @shut; innermost of all our locks
 * @queue: packets that no reader has taken yet, in the order of queueing
 * @posted: packets that were queued by hand, also while a reader has them; see post.c
 * @nr_posted: how many these are
 * @wait: readers and pollers
 * @ahead: of the next so many reads that bring packets the daemon is taken to do more
 *	than to answer these, see zxp_port_rests(). A guess, and changed without @lock.
 * @closed: the file is gone: nothing is queued any more
 * @shut: it is that of a former generation: nothing is read any more
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
	bool shut;
};

struct zxp_port *zxp_port_alloc(void);
void zxp_port_get(struct zxp_port *port);
void zxp_port_put(struct zxp_port *port);

bool zxp_port_queue(struct zxp_port *port, struct zxp_port_packet *packet,
		    bool sleeps);
void zxp_port_requeue(struct zxp_port *port, struct zxp_port_packet *packet);
bool zxp_port_retract(struct zxp_port *port, struct zxp_port_packet *packet);
bool zxp_port_pick(struct zxp_port *port, struct zxp_picked *picked, bool reads);
void zxp_port_shut(struct zxp_port *port);
bool zxp_port_readable(struct zxp_port *port);
bool zxp_port_rests(struct zxp_port *port);
void zxp_port_goes_on(struct zxp_port *port);
__poll_t zxp_port_poll(struct zxp_port *port, struct file *file,
		       struct poll_table_struct *pt);

/* post.c: packets queued by hand */
int zxp_port_post(struct zxp_port *port, const struct zxp_port_queue *args);
int zxp_port_cancel(struct zxp_port *port, const struct zxp_port_cancel *args);
void zxp_post_taken(struct zxp_port *port, struct zxp_port_packet *packet);

/* wake.c */
bool zxp_wake(struct wait_queue_entry *wait, unsigned int mode, bool sleeps);

/* zero.c: ranges of a VMO that read as zeroes without a page */

/**
 * enum zxp_zero_kind - why a range is zero
 * @ZXP_ZERO_MARKER: the daemon supplied zeroes; clean, goes with a detach
 * @ZXP_ZERO_DIRTY: a client made it so; stays until it is written back
 * @ZXP_ZERO_UNTRACKED: it lies behind the stream size; nobody is told of it
 * @ZXP_ZERO_KINDS: how many there are
 */
enum zxp_zero_kind {
	ZXP_ZERO_MARKER,
	ZXP_ZERO_DIRTY,
	ZXP_ZERO_UNTRACKED,
	ZXP_ZERO_KINDS,
};

/* Ranges that one call looks at, as its caller holds a spinlock. */
#define ZXP_ZERO_BUDGET	1024

#define ZXP_ZERO_ANY	(BIT(ZXP_ZERO_MARKER) | BIT(ZXP_ZERO_DIRTY) | \
			 BIT(ZXP_ZERO_UNTRACKED))

/**
 * struct zxp_zero_range - a maximal run of one kind
 * @node: in the tree, by @start
 * @start: first page
 * @end: the page after the last one
 * @awaiting: how many pages from @start on are being written back, if it is a
 *	dirty one; may go past @end after a shrink
 * @kind: kind
 */
struct zxp_zero_range {
	struct rb_node node;
	pgoff_t start;
	pgoff_t end;
	pgoff_t awaiting;
	enum zxp_zero_kind kind;
};

/**
 * struct zxp_zeroes - a set of zero ranges
 * @root: the ranges, by &zxp_zero_range.start
 * @nr: how many there are of each kind
 * @pages: how many pages these have
 * @begun: how many ranges are being written back, in part or whole
 */
struct zxp_zeroes {
	struct rb_root root;
	unsigned long nr[ZXP_ZERO_KINDS];
	unsigned long pages[ZXP_ZERO_KINDS];
	unsigned long begun;
};

static inline bool zxp_zero_empty(const struct zxp_zeroes *zeroes)
{
	return RB_EMPTY_ROOT(&zeroes->root);
}

/* May be read without the lock that protects the set, as is zxp_zero_empty(). */
static inline unsigned long zxp_zero_pages(const struct zxp_zeroes *zeroes,
					   enum zxp_zero_kind kind)
{
	return READ_ONCE(zeroes->pages[kind]);
}

/* Likewise. */
static inline bool zxp_zero_has_begun(const struct zxp_zeroes *zeroes)
{
	return READ_ONCE(zeroes->begun);
}

struct zxp_zero_range *zxp_zero_find(struct zxp_zeroes *zeroes, pgoff_t index);
bool zxp_zero_contains(struct zxp_zeroes *zeroes, pgoff_t index);
void zxp_zero_add(struct zxp_zeroes *zeroes, pgoff_t start, pgoff_t end,
		  enum zxp_zero_kind kind, struct zxp_zero_range **spare);
pgoff_t zxp_zero_remove(struct zxp_zeroes *zeroes, pgoff_t start, pgoff_t end,
			struct zxp_zero_range **spare);
pgoff_t zxp_zero_cover(struct zxp_zeroes *zeroes, pgoff_t *start, pgoff_t end,
		       enum zxp_zero_kind kind, unsigned int keep,
		       struct zxp_zero_range **split,
		       struct zxp_zero_range **add);
bool zxp_zero_adds(struct zxp_zeroes *zeroes, pgoff_t start, pgoff_t end,
		   enum zxp_zero_kind kind);
pgoff_t zxp_zero_remove_kind(struct zxp_zeroes *zeroes, pgoff_t start,
			     enum zxp_zero_kind kind);
pgoff_t zxp_zero_begin(struct zxp_zeroes *zeroes, pgoff_t start, pgoff_t end);
bool zxp_zero_end(struct zxp_zeroes *zeroes, pgoff_t *start, pgoff_t end,
		  pgoff_t *reach, pgoff_t *cleaned);
struct zxp_zero_range *zxp_zero_find_kinds(struct zxp_zeroes *zeroes,
					   pgoff_t *index, pgoff_t end,
					   unsigned int kinds,
					   unsigned int *budget);

/* object.c */

/**
 * struct zxp_pager - what was made by one open() of /dev/zxpager
 * @ref: held by its files and by each of its VMOs, so that an address is never
 *	reused for another pager while a VMO compares with it
 * @begin_lock: one generation begins at a time
 * @lock: protects all below
 * @vmos: its VMOs, by their ids
 * @epoch: the number of its generation; of no other one's files a call is taken
 * @keeper: the file of the open(); NULL if that is closed
 * @current_file: that of the generation; NULL if that is closed, or has not begun yet
 * @spare: the stream of a generation that nobody has, with what was not read of it; NULL
 *	if there is none. The next generation has it.
 * @limit: of the sources of its VMOs, see &zxp_source.limit
 * @limit_ms: the same as it was given
 *
 * It ends with the last of @keeper and @current_file.
 */
struct zxp_pager {
	struct kref ref;
	struct mutex begin_lock;	/* see above */
	spinlock_t lock;		/* see above */
	struct rb_root vmos;
	unsigned long epoch;
	struct zxp_pager_file *keeper;
	struct zxp_pager_file *current_file;
	struct zxp_port *spare;
	unsigned long limit;
	u32 limit_ms;
};

/**
 * struct zxp_pager_file - a descriptor of a pager
 * @pager: the pager; referenced
 * @port: its own stream; changes under &zxp_pager.lock before and after anybody has the file
 * @epoch: the generation that it is of; constant
 */
struct zxp_pager_file {
	struct zxp_pager *pager;
	struct zxp_port *port;
	unsigned long epoch;
};

struct zxp_pager *zxp_pager_alloc(void);
void zxp_pager_put(struct zxp_pager *pager);
struct zxp_pager_file *zxp_pager_file_alloc(struct zxp_pager *pager);
void zxp_pager_file_free(struct zxp_pager_file *by);

/* Is it a former generation's? Who goes on after that is told so where it takes effect. */
static inline bool zxp_pager_file_is_former(const struct zxp_pager_file *by)
{
	return READ_ONCE(by->pager->epoch) != by->epoch;
}

/* Is it that of the open()? */
static inline bool zxp_pager_file_is_keeper(const struct zxp_pager_file *by)
{
	return READ_ONCE(by->pager->keeper) == by;
}

/* ioctl_args.c */

/**
 * struct zxp_new_file - a descriptor that an ioctl hands out at its very end
 * @fd: reserved number
 * @file: what it will be; NULL for none
 */
struct zxp_new_file {
	int fd;
	struct file *file;
};

/* The structure of any call; each begins with its size. */
union zxp_args {
	u32 size;
	struct zxp_info info;
	struct zxp_create_port create_port;
	struct zxp_create_vmo create_vmo;
	struct zxp_detach_vmo detach_vmo;
	struct zxp_supply_pages supply_pages;
	struct zxp_supply_ranges supply_ranges;
	struct zxp_op_range op_range;
	struct zxp_query_dirty_ranges query_dirty_ranges;
	struct zxp_query_vmo_stats query_vmo_stats;
	struct zxp_query_vmo_key query_vmo_key;
	struct zxp_begin_generation begin_generation;
	struct zxp_list_vmos list_vmos;
	struct zxp_open_vmo open_vmo;
	struct zxp_bind_vmo bind_vmo;
	struct zxp_set_time_limit set_time_limit;
	struct zxp_vmo_info vmo_info;
	struct zxp_vmo_op_range vmo_op_range;
	struct zxp_vmo_io vmo_io;
	struct zxp_vmo_set_stream_size set_stream_size;
	struct zxp_vmo_create_child create_child;
	struct zxp_vmo_query_own query_own;
	struct zxp_port_queue port_queue;
	struct zxp_port_cancel port_cancel;
};

/**
 * struct zxp_ioctl - one command
 * @cmd: its number
 * @size: size of its structure
 * @min_size: size of that structure in the first ABI revision
 * @fd_offset: where in the structure the new descriptor goes, if it makes one
 * @answers: the structure goes back to the caller, also after an error
 * @call: the work
 */
struct zxp_ioctl {
	unsigned int cmd;
	u32 size;
	u32 min_size;
	u32 fd_offset;
	bool answers;
	int (*call)(struct file *file, union zxp_args *args,
		    struct zxp_new_file *new);
};

#define ZXP_IOCTL(_cmd, _type, _last, ...)				\
	{ .cmd = (_cmd), .size = sizeof(_type),				\
	  .min_size = offsetofend(_type, _last), __VA_ARGS__ }

long zxp_ioctl(const struct zxp_ioctl *table, size_t nr, struct file *file,
	       unsigned int cmd, unsigned long arg);

#endif /* _ZXPAGER_BASE_H */
