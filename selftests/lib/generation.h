/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Generations of a pager: include after kselftest_harness.h.
 *
 * GENERATION_FIXTURE(name); self->keeper has begun the generation self->old, to which the VMO
 *	self->vmo belongs; take_over() begins self->next, which has the VMO from then on
 */
#ifndef ZXP_SELFTESTS_GENERATION_H
#define ZXP_SELFTESTS_GENERATION_H

#include <poll.h>

#include "fixture.h"

#define BYTES(pages)	((pages) * page_size)
#define PAGES		16

/* A generation as a pager with its own stream, which goes on with the keys of @from. */
static inline bool begin_generation(struct user_pager *p, int keeper, const struct user_pager *from)
{
	memset(p, 0, sizeof(*p));
	p->next_key = from ? from->next_key : 0x1000000;
	p->fd = zxp_begin_generation(keeper);
	if (p->fd < 0)
		diag("begin a generation: %s", strerror(-p->fd));
	p->port = p->fd;
	return p->fd >= 0;
}

/* A keeper, a generation, and a VMO of that. */
#define GENERATION_FIXTURE(name)					\
	FIXTURE(name)							\
	{								\
		int keeper;						\
		struct user_pager old, next;				\
		struct test_vmo *vmo;					\
		struct test_thread t[MAX_THREADS];			\
	};								\
	FIXTURE_SETUP(name)						\
	{								\
		self->keeper = zxp_open(O_NONBLOCK);			\
		ASSERT_LE(0, self->keeper);				\
		self->next.fd = -1;					\
		self->next.port = -1;					\
		ASSERT_TRUE(begin_generation(&self->old, self->keeper, NULL)); \
		self->vmo = pager_create_vmo_flags(&self->old, BYTES(PAGES), \
						   ZXP_VMO_TRAP_DIRTY,	\
						   ZXP_CREATE_SYNC);	\
		ASSERT_NE(NULL, self->vmo);				\
	}								\
	FIXTURE_TEARDOWN(name)						\
	{								\
		if (self->keeper >= 0)					\
			close(self->keeper);				\
		pager_close(&self->next);				\
		user_pager_fini(&self->old);				\
		user_pager_fini(&self->next);				\
	}								\
	struct name##_needs_semicolon

/* The next generation has the VMO. */
#define take_over() do {						\
	ASSERT_TRUE(begin_generation(&self->next, self->keeper, &self->old));	\
	self->vmo->pager = &self->next;					\
} while (0)

/* Thread @i makes this call, for these pages. */
#define start(i, fn, first, count) do {					\
	self->t[i].vmo = self->vmo;					\
	self->t[i].page = first;					\
	self->t[i].nr = count;						\
	ASSERT_TRUE(thread_start(&self->t[i], fn));			\
} while (0)

static inline int do_fsync(struct test_thread *t)
{
	return fsync(t->vmo->fd) ? errno : 0;
}

static inline int do_read_packet(struct test_thread *t)
{
	struct zxp_packet pkt;

	return read((int)t->op, &pkt, sizeof(pkt)) < 0 ? errno : 0;
}

/* Into a page that is missing. */
static inline int do_read_packet_there(struct test_thread *t)
{
	return read((int)t->op, t->vmo->map, sizeof(struct zxp_packet)) < 0 ? errno : 0;
}

static inline int revents(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, 0) < 0 ? -1 : pfd.revents;
}

#endif /* ZXP_SELFTESTS_GENERATION_H */
