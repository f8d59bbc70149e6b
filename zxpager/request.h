/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Floor 8, requests: what is asked of a daemon and not answered yet.
 */
#ifndef _ZXPAGER_REQUEST_H
#define _ZXPAGER_REQUEST_H

/* Needs the types. */
#include <linux/types.h>
#include <linux/errseq.h>

#include "source.h"

/* request.c */
void zxp_source_detach(struct zxp_source *source, bool complete);
void zxp_source_resolve(struct zxp_source *source, enum zxp_request_type type,
			pgoff_t start, pgoff_t end);
void zxp_source_supplied(struct zxp_source *source, pgoff_t start, pgoff_t end);
int zxp_source_fail(struct zxp_source *source, enum zxp_request_type type,
		    pgoff_t start, pgoff_t end, int error, unsigned long epoch);

struct zxp_request *zxp_request_find(struct rb_root *root, pgoff_t index);
void zxp_request_fail_locked(struct zxp_source *source, struct zxp_request *request,
			     int error);
void zxp_request_send_locked(struct zxp_source *source,
			     struct zxp_request *request);
void zxp_request_replace_locked(struct zxp_source *source,
				struct zxp_request *request,
				struct zxp_request *heir);
void zxp_request_cancel_locked(struct zxp_source *source,
			       struct zxp_request *request);

struct zxp_look;

/* overdue.c */
unsigned long zxp_source_look_locked(struct zxp_source *source, struct zxp_look *look,
				     unsigned long now);
void zxp_source_watch_work(struct work_struct *work);

/* waiter.c */
int zxp_request_start(struct zxp_source *source, struct zxp_request *request,
		      enum zxp_request_type type, pgoff_t start, pgoff_t end,
		      bool early, unsigned long generation);
int zxp_request_continue(struct zxp_source *source, struct zxp_request *request,
			 pgoff_t wake, unsigned long generation);
int zxp_request_start_ending(struct zxp_source *source,
			     struct zxp_request *request,
			     enum zxp_request_type type, pgoff_t start,
			     pgoff_t end, unsigned long generation);
int zxp_request_sleep(struct zxp_request *request, unsigned int state,
		      long timeout);
int zxp_request_leave(struct zxp_source *source, struct zxp_request *request,
		      int ret);
void zxp_request_leave_hint(struct zxp_source *source,
			    struct zxp_request *request);
int zxp_request_wait(struct zxp_source *source, struct zxp_request *request,
		     unsigned int state);
void zxp_request_end(struct zxp_source *source, struct zxp_request *request);
int zxp_request_hint(struct zxp_source *source, enum zxp_request_type type,
		     pgoff_t start, pgoff_t *end, unsigned long generation);

/* look.c */

/**
 * struct zxp_wait - who waits for what
 * @type: for what
 * @start: first page
 * @end: the page after the last one
 * @task: who; NULL for a hint
 * @since: in jiffies
 */
struct zxp_wait {
	enum zxp_request_type type;
	pgoff_t start;
	pgoff_t end;
	struct task_struct *task;
	unsigned long since;
};

/**
 * struct zxp_look - a look at all who wait
 * @now: in jiffies
 * @limit: how long somebody may wait, in jiffies; 0 for ever
 * @patience: the same, until it is told of
 * @next: for how long nobody can have waited for too long
 * @fails: somebody has
 * @first: it is the first one of this VMO that is told of
 * @nr_told: how many are to be told of; the others are of one of them
 * @type: what is waited for
 * @start: first page
 * @end: the page after the last one
 * @age: for how long, in jiffies
 * @pid: by whom
 * @comm: its name
 */
struct zxp_look {
	unsigned long now;
	unsigned long limit;
	unsigned long patience;
	unsigned long next;
	bool fails;
	bool first;
	unsigned int nr_told;
	enum zxp_request_type type;
	pgoff_t start;
	pgoff_t end;
	unsigned long age;
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

bool zxp_look_at(struct zxp_source *source, struct zxp_look *look,
		 const struct zxp_wait *wait);
void zxp_look_tell(const struct zxp_look *look, u64 key);

/* sync.c */
int zxp_sync_wait(struct zxp_source *source, pgoff_t start, pgoff_t end,
		  bool restarts);
int zxp_sync_end(struct zxp_source *source, pgoff_t start, pgoff_t end,
		 int error, errseq_t *wb_err, unsigned long epoch);
void zxp_sync_detach_locked(struct zxp_source *source);
void zxp_sync_overdue_locked(struct zxp_source *source, struct zxp_look *look);
bool zxp_sync_waits_locked(struct zxp_source *source);
void zxp_sync_forget(struct zxp_source *source, struct task_struct *task);

/* runs.c */

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
