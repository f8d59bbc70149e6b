/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A daemon: a pager, its streams, its VMOs, and the threads that work on them.
 */
#ifndef ZXP_SELFTESTS_STRESS_DAEMON_H
#define ZXP_SELFTESTS_STRESS_DAEMON_H

#include <pthread.h>

#include "../keeper/keeper.h"
#include "stress.h"

#define SERVED		(VMOS / PAGERS)
#define ANSWERERS	3
#define GENERATIONS	400	/* in a round, at most */

/* One VMO. */
struct served {
	struct keeper k;	/* its store, and the passes that write to it */
	struct test_vmo vmo;
	int v;			/* its number on the board */
	int stream;
	bool fails;
	bool detached;		/* the call has returned */
	bool completed;		/* COMPLETE was read */
	uint64_t completes;
	uint64_t read_bytes;
	uint64_t filled;	/* by what the supplies have said */
};

struct daemon {
	int number;
	struct pager_board *pb;
	struct user_pager p;
	int keeper;		/* that of open(), if the pager has generations */
	int generation[GENERATIONS];
	unsigned int begun;	/* calls that were made, */
	unsigned int taken_over; /* and of which all have the descriptors */
	int stream[SERVED];
	int nr_streams;
	bool port_closed;	/* stream 0 is no stream any more */
	bool closing;		/* the pager is or will be closed: all calls may fail */
	int stop[2];
	pthread_mutex_t cut_lock;
	struct served served[SERVED];
};

struct daemon_thread {
	struct daemon *d;
	struct dice dice;
	pthread_t thread;
	unsigned int generation; /* that it belongs to */
	int fd;			/* the pager, of that generation */
	int aux;		/* a plain VMO of ROOM pages */
};

/* answer.c */
void *answer_main(void *arg);
/* What nobody has asked for: more of everything, and noes. */
void answer_unasked(struct daemon_thread *t, struct served *s);
/* Did another generation begin since @taken_over was read? Then a call may have been refused. */
bool was_followed(struct daemon *d, unsigned int taken_over);
/* What it gives before there are clients. */
void answer_before(struct daemon_thread *t, struct served *s);
/* There is nothing to be read, and there may not be. */
void answer_no_more(struct daemon *d);

#endif /* ZXP_SELFTESTS_STRESS_DAEMON_H */
