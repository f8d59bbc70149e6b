/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The contenders: each makes memory that is missing until its daemon, a thread of
 * this process, supplies it from content.c. It is the same process for all of them,
 * so that none has to change the address space where others do not.
 */
#ifndef ZXB_PEER_H
#define ZXB_PEER_H

#include <linux/zxpager.h>

#include "bench.h"

/* region_spec.flags */
#define REGION_RANDOM	(1U << 0)	/* will be touched here and there */
#define REGION_TRAP	(1U << 1)	/* first writes wait for the daemon */
#define REGION_IDLE	(1U << 2)	/* no daemon: nobody will touch what is missing */

struct region;

/**
 * struct region_spec - what a region is to be
 * @pages: its size
 * @window: how many pages the daemon supplies, or allows writing to, when it is asked
 *	for one: those that are aligned to as many and have the page among them; a
 *	power of two, 0 is 1
 * @ahead: how many pages more it then goes on with, for who touches all of them in turn
 * @flags: REGION_*
 * @with: a region of the same peer, whose daemon is to serve this one as well; NULL:
 *	it has a daemon of its own. That region is closed last.
 */
struct region_spec {
	size_t pages;
	size_t window;
	size_t ahead;
	unsigned int flags;
	struct region *with;
};

/**
 * struct region - memory of a contender
 * @peer: whose
 * @spec: what was asked for
 * @addr: a mapping of all of it, shared, readable and writable
 * @fd: what can be mapped once more, or read if peer->reads; the VMO, the memfd, the
 *	file
 * @asked: messages that the daemon had so far; exact when nobody waits
 * @supplied: pages that it answered them with
 * @edge: with spec.ahead: the page behind the last one that was supplied
 * @priv: the peer's own
 */
struct region {
	const struct peer *peer;
	struct region_spec spec;
	char *addr;
	int fd;
	unsigned long asked;
	unsigned long supplied;
	size_t edge;
	void *priv;
};

/**
 * struct peer - a contender
 * @name: as in the names of figures
 * @reads: pread() of region.fd asks the daemon for what is missing
 * @open: sets @addr, @fd and @priv of a region that is zero otherwise
 * @close: the daemon has ended when it returns
 * @supply: what no one waits for, from content.c, all in one call; NULL: it cannot
 * @protect: all resident pages are clean: writes are trapped from now on
 */
struct peer {
	const char *name;
	bool reads;
	void (*open)(struct region *r);
	void (*close)(struct region *r);
	void (*supply)(struct region *r, size_t page, size_t nr);
	void (*protect)(struct region *r);
};

extern const struct peer peer_zxpager, peer_userfaultfd, peer_fuse;

struct region *region_open(const struct peer *peer, const struct region_spec *spec);
void region_close(struct region *r);
void region_check(struct region *r, size_t page, size_t nr);	/* by the mapping */

static inline void *region_page(const struct region *r, size_t page)
{
	return r->addr + page * PAGE_SIZE;
}

/* The pages that a daemon answers with when it is asked for some. */
struct window {
	size_t page;
	size_t nr;
};

struct window region_window(const struct region *r, size_t page, size_t nr);
void region_answer(struct region *r, size_t page, size_t nr,
		   void (*supply)(struct region *r, size_t page, size_t nr));

/*
 * peer_zx.c, for works that do more with a VMO than a region can. A plain VMO is what
 * pages are moved out of.
 */
int zx_pager_open(void);
int zx_vmo_create(int pager, size_t pages, unsigned int options, unsigned int flags,
		  uint64_t key);
int zx_child_create(int vmo, unsigned int options, size_t pages);	/* of its begin */
void zx_supply(int pager, int vmo, size_t page, const void *source, size_t nr);
void zx_supply_aux(int pager, int vmo, size_t page, int aux, size_t aux_page,
		   size_t nr);
void zx_vmo_op(int vmo, unsigned int op, size_t page, size_t nr);	/* ZXP_VMO_OP_* */
int zx_op_range(int pager, int vmo, unsigned int op, size_t page, size_t nr);
int zx_region_pager(const struct region *r);

/* Ranges of content that are supplied with one call. */
struct zx_answers {
	unsigned int nr;
	struct zxp_supply_range range[256];
};

void zx_answer(struct zx_answers *a, int pager, int vmo, size_t page, size_t nr);
void zx_answer_all(struct zx_answers *a, int pager);

/* peer_uffd.c, likewise. Modes are those of <linux/userfaultfd.h>. */
int uffd_create(uint64_t features);
void uffd_register(int uffd, const void *start, size_t nr, uint64_t mode);
void uffd_copy(int uffd, const char *to, const char *from, size_t nr, uint64_t mode);
void uffd_wake(int uffd, const void *start, size_t nr);
int uffd_of_region(const struct region *r);

/* peer_pipe.c: a byte there and a byte back, between two threads. */
struct pipe_pair;
struct pipe_pair *pipe_open(void);
void pipe_round_trip(struct pipe_pair *p);
void pipe_close(struct pipe_pair *p);

#endif
