/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the processes of the stress test share.
 *
 * A round has a supervisor, a daemon process for each pager, client processes with
 * actors (threads) in them, and bystanders: one that reclaims, one that tries to unload
 * the module, one that makes and ends pagers of its own all the time, some with large
 * folios or with memory that fails, and one that freezes the clients and takes memory
 * from them.
 *
 * Each actor owns chunks of each VMO, and is the only one that writes to those. What it
 * does to a chunk has a generation, which is in each word of the content. It is put into
 * the board before it begins (started) and after it has succeeded (done). So whoever
 * reads a chunk knows what may be there: nothing older than what was done before the
 * read began, nothing that was not started when it ended. A word also says where it
 * belongs. In the tail of some VMOs all write what they like, and there it is only that.
 */
#ifndef ZXP_SELFTESTS_STRESS_H
#define ZXP_SELFTESTS_STRESS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../keeper/dice.h"
#include "../lib/abi.h"
#include "../lib/util.h"

#define VMOS		6
#define PAGERS		3
#define STABLE		48		/* pages that are always there */
#define ROOM		64		/* pages that there may be */
#define HOT		24		/* pages where most is done */
#define LARGE_BYTES	(16 * 4096ULL)	/* at least these are in a large folio, if any */
#define CHUNK		512		/* bytes that have one owner and generation */
#define CHUNKS		(ROOM * 4096 / CHUNK)
#define STABLE_BYTES	(STABLE * 4096ULL)
#define ROOM_BYTES	(ROOM * 4096ULL)
#define HOT_BYTES	(HOT * 4096ULL)
#define PROCS		4
#define THREADS		3
#define ACTORS		(PROCS * THREADS)
#define MAX_OPS		48
#define LEAST		2	/* successes of each kind in a round */

/* While they leave, clients still end what they have begun. */
enum phase { PHASE_START, PHASE_RUN, PHASE_LEAVE, PHASE_FLUSH };

/* What becomes of a pager. */
enum fate {
	FATE_LIVES,		/* until all have gone; then all is written back */
	FATE_DETACHES,		/* one VMO in the middle; the same at the end */
	FATE_CLOSES_PORT,	/* nobody is asked any more; a detach ends it */
	FATE_CLOSES_PAGER,	/* its packet stream stays for a while */
	FATE_KILLED,		/* SIGKILL, by the supervisor */
	NR_FATES,
};

struct chunk {
	uint32_t started;
	uint32_t done;
	uint32_t zeroed;	/* the last one that makes zeroes; 0: none */
};

struct vmo_board {
	int fd;			/* in the supervisor and the clients */
	int daemon_fd;		/* in its daemon */
	int pager;
	uint64_t key;
	uint32_t options;
	uint32_t flags;
	bool mixed;		/* chunks of one page have many owners */
	bool wild;		/* all write to the tail, and cut it */
	bool fails;		/* the daemon sometimes says no */
	bool gone;		/* set before a detach or the end of its daemon */
	struct chunk chunk[CHUNKS];
};

struct actor_board {
	pid_t pid;
	pid_t tid;
	uint64_t base;		/* of its mappings */
	uint64_t seq;		/* changes with pid or base */
	uint64_t ops;		/* progress */
	int op;			/* what it does */
	int vmo;
	uint64_t offset, length;
};

struct pager_board {
	pid_t pid;
	enum fate fate;
	bool ready;
	bool exact;		/* it answers what it is asked, and no more */
	uint64_t ops;		/* progress */
	uint64_t packets[4];	/* READ, DIRTY, SYNC, COMPLETE */
	uint64_t fails;
	uint64_t cuts;		/* requests that a smaller size has answered */
	uint64_t generations;	/* that have taken over, and */
	uint64_t late;		/* what was refused to those before them */
	uint64_t ranges[2];	/* written back: pages, zeroes */
};

struct board {
	enum phase phase;
	/*
	 * Soon there will be an end: nobody is killed, no size grows, and no answer comes
	 * unasked, since all that may help those whom a packet or a wake-up has not
	 * reached.
	 */
	bool calm;
	uint64_t seed;		/* of the round */
	uint64_t wrong;
	uint64_t torn;		/* words that were read while they were written */
	uint64_t words;		/* that were looked at */
	uint64_t ops[MAX_OPS];
	uint64_t failed[MAX_OPS];
	bool lacks[MAX_OPS];	/* this kernel has no such thing */
	uint64_t longest[MAX_OPS];	/* ns */
	uint64_t frozen;	/* so often all clients were */
	uint64_t squeezed;	/* and had little memory */
	uint64_t marked;	/* robust mutexes, since who held them has exited */
	uint64_t dumped;	/* words that core dumps had of VMOs */
	uint64_t most_faults;	/* of one store that others read beside */
	uint64_t synced;	/* fsync() after which the store was right */
	uint64_t busy;		/* attempts to unload */
	uint64_t churned;
	uint64_t sealed;
	uint64_t families;
	uint64_t children;
	uint64_t slices;	/* of children */
	uint64_t moments;	/* snapshots of what was stored to meanwhile */
	uint64_t large;		/* clients that had large folios mapped as such */
	uint64_t poisoned;
	uint64_t wild;
	struct vmo_board vmo[VMOS];
	struct actor_board actor[ACTORS];
	struct pager_board pager[PAGERS];
};

extern struct board *board;
extern char *store;		/* ROOM pages for each VMO, of the daemons */

#define load(x)		__atomic_load_n(&(x), __ATOMIC_SEQ_CST)
#define put(x, v)	__atomic_store_n(&(x), v, __ATOMIC_SEQ_CST)
#define add(x, v)	__atomic_fetch_add(&(x), v, __ATOMIC_SEQ_CST)

/* As wait_until(), but for longer on kernels that are slow because of all they look at. */
#define wait_long(cond) ({						\
	int __tries = watch_patience() < 900 ? 2 : 6;			\
	bool __done;							\
									\
	do {								\
		__done = wait_until(cond);				\
	} while (!__done && --__tries);					\
	__done;								\
})

/* content.c */
struct range {
	int vmo;
	uint64_t off, len;	/* bytes; whole chunks if it is to be written */
};

struct window {
	struct range r;
	bool gone;
	uint32_t lo[CHUNKS];
};

/* Something is wrong: say it, and let the round end. */
void wrong(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* What each process has its dice from; @who differs between them. */
uint64_t seed_of(uint64_t who, uint64_t incarnation);
void content_init(int vmo, uint64_t size);
bool in_tail(const struct range *r);
int owner_of(int vmo, uint64_t chunk);
/* Before content is looked at, and after that. */
void window_open(struct window *w, const struct range *r);
bool window_check(struct window *w, const void *buf, uint64_t len, const char *what);
/* Around a write of whole chunks; @buf gets what is to be written. */
void write_begin(const struct range *r, void *buf);
void write_end(const struct range *r, uint64_t len);
void zero_begin(const struct range *r);

/* client.c */
void client_main(int proc, uint64_t incarnation);

/* daemon.c */
int daemon_main(int pager);

/* verify.c: by the daemon, and by the supervisor when that is gone */
bool verify_store(int vmo, uint64_t size);
bool verify_vmo(int vmo);

/* bother.c */
void reclaim_main(void);
void unload_main(void);
void churn_main(void);

/* side.c: a pager, a VMO and a client on the side */
#define SIDE_LARGE	512			/* pages of the largest folio */
#define SIDE_PAGES	(SIDE_LARGE + 8)
#define SIDE_BYTES	(SIDE_PAGES * 4096ULL)
#define SIDE_WORDS	(SIDE_BYTES / 8)
#define SIDE_NO_MORE	2			/* exit status of a client after a SIGBUS */

struct side {
	const char *name;
	int pager, vmo;				/* both are closed in the end */
	uint32_t answers;			/* after so many the daemon goes */
	void (*client)(struct dice *d, int vmo);
};

uint64_t side_word(uint64_t i);
const uint64_t *side_content(void);
/* Until the client ends, which may be earlier if the daemon goes before it. */
void side_once(struct dice *d, struct side *s);

/* sealed.c, family.c and poison.c: VMOs of pagers on the side */
void sealed_once(struct dice *d);
void family_once(struct dice *d);
void poison_init(void);
bool poison_known(void);
void poison_once(struct dice *d);

/* ops_end.c: where core dumps go */
void dump_init(void);
void dump_clean(void);
void dump_end(void);

/* cgroup.c */
void cgroup_init(void);
void cgroup_of_clients(void);
void cgroup_restore(void);
bool cgroup_freezes(void);
void cgroup_main(void);

/* direct.c: the devices that actors read from */
void direct_init(void);
void direct_end(void);

/* tally.c */
void tally_round(void);
/* Each kind of thing was done in this round, as far as it is long enough to say that. */
bool tally_enough(void);
/* And in all rounds together. */
bool tally_enough_in_all(void);
/* There was room for it: in this round so far, and in all. */
bool tally_long_round(void);
bool tally_long(void);
uint64_t tally_ops(void);
void tally_killed(void);
void tally_print(void);

/* figures.c */
void figures_init(void);
void figures_round(void);
void figures_killed(uint64_t ns);
void figures_print(void);

/* growth.c */
void growth_init(void);
/* After a round, with the module gone. */
void growth_sample(void);
bool growth_known(void);
bool growth_none(void);
bool kmemleak_none(void);

/* watch.c */
#define WATCH_MS	100
void watch_init(void);
unsigned int watch_patience(void);	/* looks */
/* To be called each WATCH_MS or so; false: somebody is stuck, and all was told. */
bool watch(void);
void watch_tell(void);

uint64_t now_ns(void);

#endif /* ZXP_SELFTESTS_STRESS_H */
