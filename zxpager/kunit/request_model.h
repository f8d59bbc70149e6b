/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What requests are, said page by page and without trees and lists. See
 * request_model.c.
 */
#ifndef _ZXPAGER_KUNIT_REQUEST_MODEL_H
#define _ZXPAGER_KUNIT_REQUEST_MODEL_H

#include "../request.h"

#define ZXP_ASKED_PAGES	64
/* First come the requests of tasks, then hints. */
#define ZXP_ASKED_TASKS	12
#define ZXP_ASKED	28

/**
 * struct zxp_asked - one request
 * @active: it is to be resolved
 * @type: READ or DIRTY
 * @start: first page
 * @end: the page after the last one
 * @first: the first page that it wants itself
 * @wake: the page whose arrival wakes it, if it is early
 * @pending: how many pages are to come
 * @error: what the daemon said
 * @early: it wakes early
 * @woken: it is to look again
 * @leader: whom it waits for; -1: nobody
 * @since: when it began to, for who comes first
 * @queued: since when its packet waits to be sent; 0: it does not
 */
struct zxp_asked {
	bool active;
	enum zxp_request_type type;
	unsigned int start;
	unsigned int end;
	unsigned int first;
	unsigned int wake;
	unsigned int pending;
	int error;
	bool early;
	bool woken;
	int leader;
	unsigned int since;
	unsigned int queued;
};

/**
 * struct zxp_request_model - a source
 * @asked: requests
 * @clock: counts what happens
 * @generation: counts what resolves
 * @waiting: tasks that wait
 * @busy: the packet is out
 * @picked: a reader has it
 * @sending: the request that it speaks of; -1: none any more
 * @command: of the packet
 * @start: of the packet
 * @end: of the packet
 * @complete: COMPLETE is to be sent
 * @completes: each generation is to be sent it
 * @detached: no more requests
 * @packets: packets that were read, by command READ, COMPLETE, DIRTY
 * @read_pages: sum of their lengths
 */
struct zxp_request_model {
	struct zxp_asked asked[ZXP_ASKED];
	unsigned int clock;
	unsigned long generation;
	unsigned int waiting;
	bool busy;
	bool picked;
	int sending;
	u16 command;
	unsigned int start;
	unsigned int end;
	bool complete;
	bool completes;
	bool detached;
	unsigned int packets[3];
	u64 read_pages;
};

void zxp_asked_init(struct zxp_request_model *m);
int zxp_asked_start(struct zxp_request_model *m, unsigned int nr,
		    enum zxp_request_type type, unsigned int start,
		    unsigned int end, bool early, unsigned long generation);
int zxp_asked_continue(struct zxp_request_model *m, unsigned int nr,
		       unsigned int wake, unsigned long generation);
int zxp_asked_wait(struct zxp_request_model *m, unsigned int nr);
void zxp_asked_leave_hint(struct zxp_request_model *m, unsigned int nr);
void zxp_asked_end(struct zxp_request_model *m, unsigned int nr);
int zxp_asked_hint(struct zxp_request_model *m, enum zxp_request_type type,
		   unsigned int start, unsigned int *end,
		   unsigned long generation);
void zxp_asked_resolve(struct zxp_request_model *m, enum zxp_request_type type,
		       unsigned int start, unsigned int end, int error);
void zxp_asked_detach(struct zxp_request_model *m, bool complete);
void zxp_asked_bind(struct zxp_request_model *m);
void zxp_asked_move(struct zxp_request_model *m);
void zxp_asked_count(struct zxp_request_model *m, u16 command, unsigned int pages);
void zxp_asked_taken(struct zxp_request_model *m);
void zxp_asked_returned(struct zxp_request_model *m);
unsigned int zxp_asked_leaders(const struct zxp_request_model *m);
unsigned int zxp_asked_hints(const struct zxp_request_model *m);
int zxp_asked_follower(const struct zxp_request_model *m, unsigned int nr,
		       unsigned int after);
int zxp_asked_next_queued(const struct zxp_request_model *m, unsigned int after);

#endif /* _ZXPAGER_KUNIT_REQUEST_MODEL_H */
