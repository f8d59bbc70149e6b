// SPDX-License-Identifier: GPL-2.0
/*
 * SUPPLY_RANGES: one call answers many packets. How far it came, and that nobody is left
 * waiting for a page that is there, however the call ends.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define PAGES	32
/* More VMOs than pages are put in before those are woken who wait. */
#define MANY	40

PAGER_FIXTURE(ranges);

/* The right content for a range, in memory that is never freed. */
static struct zxp_supply_range range(struct test_vmo *vmo, uint64_t page, uint64_t nr)
{
	void *from = map_anon(nr);

	vmo_fill(vmo, page, nr, from);
	return (struct zxp_supply_range) {
		.vmo_fd = vmo->fd,
		.aux_fd = -1,
		.offset = page * page_size,
		.length = nr * page_size,
		.source = (uintptr_t)from,
	};
}

/* It ended with @_err in range @_at, of which so many pages are there. */
#define expect_end(_err, _ranges, _nr, _at, _done, _filled) do {		\
	struct zxp_supply_ranges __arg;						\
										\
	EXPECT_EQ(-(_err), zxp_supply_ranges(self->p.fd, _ranges, _nr, &__arg));\
	EXPECT_EQ(_at, __arg.out_ranges);					\
	EXPECT_EQ((_done) * page_size, __arg.out_done);				\
	EXPECT_EQ((_filled) * page_size, __arg.out_filled);			\
} while (0)

#define expect_all(_ranges, _nr)	expect_end(0, _ranges, _nr, _nr, 0, 0)

/* A thread waits for a page. Its packet is there a moment before it sleeps. */
#define wait_for(_i, _vmo, _page) do {						\
	ASSERT_TRUE(thread_check_vmar(&self->t[_i], _vmo, _page, 1));		\
	ASSERT_TRUE(pager_wait_read(&self->p, _vmo, _page, 1));			\
	ASSERT_TRUE(wait_until(thread_asleep(&self->t[_i])));			\
} while (0)

TEST_F(ranges, one_vmo)
{
	struct test_vmo *vmo = new_vmo(PAGES);
	struct zxp_supply_range r[] = {
		range(vmo, 20, 2), range(vmo, 3, 1), range(vmo, 4, 3),
	};

	wait_for(0, vmo, 21);
	wait_for(1, vmo, 3);
	wait_for(2, vmo, 4);
	wait_for(3, vmo, 5);
	expect_all(r, 3);
	for (int i = 0; i < 4; i++)
		ASSERT_TRUE(thread_wait(&self->t[i]));
	EXPECT_EQ(6 * page_size, vmo_info(vmo).out_supplied_bytes);
	EXPECT_EQ(0, vmo_info(vmo).out_requests);
	EXPECT_TRUE(pager_idle(&self->p));
}

/* Also read() of many pages, which takes what has come. */
TEST_F(ranges, many_vmos)
{
	struct zxp_supply_range r[2 * MANY];
	struct test_vmo *vmo[MANY];

	for (int i = 0; i < MANY; i++) {
		vmo[i] = new_vmo(4);
		if (i % 2) {
			wait_for(i, vmo[i], 1);
		} else {
			ASSERT_TRUE(thread_check_read(&self->t[i], vmo[i], 1, 3));
			ASSERT_TRUE(pager_wait_read(&self->p, vmo[i], 1, 3));
		}
		r[i] = range(vmo[i], 1, 1);
		r[MANY + i] = range(vmo[i], 2, 2);
	}
	expect_all(r, MANY);
	for (int i = 1; i < MANY; i += 2)
		ASSERT_TRUE(thread_wait(&self->t[i]));
	expect_all(r + MANY, MANY);
	for (int i = 0; i < MANY; i += 2)
		ASSERT_TRUE(thread_wait(&self->t[i]));
	for (int i = 0; i < MANY; i++)
		EXPECT_EQ(0, vmo_info(vmo[i]).out_requests);
	EXPECT_TRUE(pager_idle(&self->p));
}

/* Packets that nobody has read are taken back. */
TEST_F(ranges, packets_not_read)
{
	struct test_vmo *vmo[] = { new_vmo(4), new_vmo(4) };
	struct zxp_supply_range r[] = { range(vmo[0], 0, 1), range(vmo[1], 2, 1) };

	ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo[0], 0, 1));
	ASSERT_TRUE(thread_check_vmo(&self->t[1], vmo[1], 2, 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo[0], 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo[1], 1));
	expect_all(r, 2);
	EXPECT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));
}

/* What has content keeps it; ranges may overlap. */
TEST_F(ranges, present_pages)
{
	struct test_vmo *vmo = new_vmo(PAGES);
	struct zxp_supply_range r[] = {
		range(vmo, 0, 4), range(vmo, 8, 20), range(vmo, 2, 8),
	};

	ASSERT_TRUE(pager_supply_from(&self->p, vmo, 1, 1, 0));
	ASSERT_TRUE(pager_supply_from(&self->p, vmo, 20, 1, 0));
	wait_for(0, vmo, 9);
	wait_for(1, vmo, 7);
	expect_all(r, 3);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	EXPECT_EQ(28 * page_size, vmo_info(vmo).out_resident);
	EXPECT_EQ(28 * page_size, vmo_info(vmo).out_supplied_bytes);
	EXPECT_TRUE(vmo_has(vmo, 0, 1, SUPPLIED));
	EXPECT_FALSE(vmo_has(vmo, 1, 1, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, 2, 18, SUPPLIED));
	EXPECT_FALSE(vmo_has(vmo, 20, 1, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, 21, 7, SUPPLIED));
}

TEST_F(ranges, from_memory_and_plain_vmo)
{
	int plain = zxp_create_plain(self->p.fd, 8 * page_size);
	struct test_vmo *vmo = new_vmo(PAGES), *other = new_vmo(PAGES);
	struct zxp_supply_range r[] = {
		range(vmo, 0, 2), range(other, 5, 4), range(other, 9, 4),
		range(vmo, 2, 2),
	};
	struct zxp_vmo_info info;

	ASSERT_EQ((ssize_t)(4 * page_size),
		  pwrite(plain, (void *)(uintptr_t)r[1].source, 4 * page_size, 0));
	for (int i = 1; i < 3; i++) {
		r[i].flags = ZXP_SUPPLY_AUX;
		r[i].aux_fd = plain;
		r[i].source = (i - 1) * 4 * page_size;
	}
	wait_for(0, vmo, 3);
	wait_for(1, other, 6);
	expect_all(r, 4);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	EXPECT_TRUE(vmo_has(other, 5, 4, SUPPLIED));
	EXPECT_TRUE(vmo_has(other, 9, 4, ZEROES));
	test_zxp(vmo_get_info, plain, &info);
	EXPECT_EQ(0, info.out_resident);
	ASSERT_EQ(0, close(plain));
}

TEST_F(ranges, how_many)
{
	static struct zxp_supply_range r[ZXP_SUPPLY_RANGES_MAX + 1];
	struct test_vmo *vmo = new_vmo(PAGES);

	for (unsigned int i = 0; i < ARRAY_SIZE(r); i++)
		r[i] = (struct zxp_supply_range) { .vmo_fd = vmo->fd, .aux_fd = -1 };
	expect_all(r, 0);
	expect_all(NULL, 0);
	expect_all(r, ZXP_SUPPLY_RANGES_MAX);
	expect_end(EINVAL, r, ZXP_SUPPLY_RANGES_MAX + 1, 0, 0ULL, 0ULL);
	expect_end(EINVAL, r, UINT32_MAX, 0, 0ULL, 0ULL);
}

/* The second range of three is wrong: the first one is done, the third one is not. */
#define expect_second_wrong(_err, _r) do {					\
	struct test_vmo *__vmo = new_vmo(PAGES);				\
	struct zxp_supply_range __r[] = {					\
		range(__vmo, 4, 1), _r, range(__vmo, 9, 1),			\
	};									\
										\
	wait_for(0, __vmo, 4);							\
	wait_for(1, __vmo, 9);							\
	expect_end(_err, __r, 3, 1, 0ULL, 0ULL);				\
	ASSERT_TRUE(thread_wait(&self->t[0]));					\
	EXPECT_TRUE(thread_asleep(&self->t[1]));				\
	EXPECT_EQ(page_size, vmo_info(__vmo).out_resident);			\
	ASSERT_TRUE(pager_supply(&self->p, __vmo, 9, 1));			\
	ASSERT_TRUE(thread_wait(&self->t[1]));					\
} while (0)

/* A range with one field that is something else. */
#define but(_field, _value) ({							\
	struct zxp_supply_range __b = range(vmo, 6, 1);				\
										\
	__b._field = _value;							\
	__b;									\
})

TEST_F(ranges, second_is_wrong)
{
	struct test_vmo *vmo = new_vmo(PAGES), *detached = new_vmo(PAGES);
	int memfd = memfd_create("zxp", MFD_CLOEXEC);
	struct user_pager other;

	ASSERT_TRUE(user_pager_init(&other));
	ASSERT_TRUE(pager_detach(&self->p, detached));
	ASSERT_TRUE(pager_wait_complete(&self->p, detached->key));
	expect_second_wrong(EINVAL, but(flags, 2));
	expect_second_wrong(EINVAL, but(flags, 1U << 31));
	expect_second_wrong(EINVAL, but(reserved, 1));
	expect_second_wrong(EINVAL, but(offset, 1));
	expect_second_wrong(EINVAL, but(length, page_size / 2));
	expect_second_wrong(EINVAL, but(aux_fd, memfd));
	expect_second_wrong(EBADF, but(vmo_fd, -1));
	expect_second_wrong(EMEDIUMTYPE, but(vmo_fd, memfd));
	expect_second_wrong(EACCES, but(vmo_fd, reopen(vmo->fd, O_RDONLY)));
	expect_second_wrong(EINVAL, but(vmo_fd, pager_create_vmo(&other, 9)->fd));
	expect_second_wrong(ERANGE, but(offset, PAGES * page_size));
	expect_second_wrong(ERANGE, but(length, PAGES * page_size));
	expect_second_wrong(ESTALE, but(vmo_fd, detached->fd));
	expect_second_wrong(EFAULT, but(source, 0));
	expect_second_wrong(EFAULT, but(source, 1ULL << 63));
	EXPECT_EQ(0, vmo_info(vmo).out_resident);
	user_pager_fini(&other);
}

/* A source that ends early, in its third page. */
TEST_F(ranges, source_ends)
{
	struct test_vmo *vmo = new_vmo(PAGES);
	struct zxp_supply_range r[] = {
		range(vmo, 0, 1), range(vmo, 16, 8), range(vmo, 1, 1),
	};

	ASSERT_TRUE(pager_supply(&self->p, vmo, 17, 1));
	ASSERT_EQ(0, mprotect((void *)(uintptr_t)(r[1].source + 3 * page_size),
			      page_size, PROT_NONE));
	wait_for(0, vmo, 0);
	wait_for(1, vmo, 18);
	wait_for(2, vmo, 19);
	expect_end(EFAULT, r, 3, 1, 3, 2);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	EXPECT_TRUE(thread_asleep(&self->t[2]));
	/* From there on, with another source. */
	r[1] = range(vmo, 19, 5);
	expect_all(r + 1, 2);
	ASSERT_TRUE(thread_wait(&self->t[2]));
	EXPECT_TRUE(vmo_has(vmo, 16, 8, SUPPLIED));
}

/* The array itself ends early: in the middle of a range, and between two. */
TEST_F(ranges, array_ends)
{
	struct test_vmo *vmo = new_vmo(PAGES);
	char *end = map_anon(2) + page_size;
	struct zxp_supply_range *r;

	ASSERT_EQ(0, mprotect(end, page_size, PROT_NONE));
	wait_for(0, vmo, 0);
	r = (void *)(end - sizeof(*r));
	*r = range(vmo, 0, 1);
	expect_end(EFAULT, r, 2, 1, 0ULL, 0ULL);
	ASSERT_TRUE(thread_wait(&self->t[0]));

	wait_for(0, vmo, 5);
	wait_for(1, vmo, 6);
	r = (void *)(end - 2 * sizeof(*r) - 8);
	r[0] = range(vmo, 5, 1);
	r[1] = range(vmo, 6, 1);
	expect_end(EFAULT, r, 3, 2, 0ULL, 0ULL);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	expect_end(EFAULT, (void *)end, 1, 0, 0ULL, 0ULL);
}

/* A daemon that needs page 0 of one VMO before it can supply page @page of another. */
struct chain {
	struct user_pager *p;
	struct test_vmo *first;
	struct test_vmo *second;
	uint64_t page;
	const void *content;
};

static int serve_second(struct test_thread *t)
{
	struct chain *c = t->arg;

	if (*(volatile uint64_t *)c->first->map != vmo_word(c->first, 0))
		return EILSEQ;
	return -zxp_supply_pages(c->p->fd, c->second->fd, c->page * page_size,
				 page_size, c->content);
}

/* What is supplied comes out of memory that waits for who waits for the first range. */
TEST_F(ranges, source_waits_for_first)
{
	struct test_vmo *vmo = new_vmo(PAGES), *second = new_vmo(PAGES);
	struct zxp_supply_range r[] = { range(vmo, 0, 1), range(vmo, 8, 1) };
	struct chain chain = {
		.p = &self->p,
		.first = vmo,
		.second = second,
		.page = 3,
		.content = (void *)(uintptr_t)r[1].source,
	};

	self->t[0].arg = &chain;
	ASSERT_TRUE(thread_start(&self->t[0], serve_second));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	wait_for(1, vmo, 8);
	r[1].source = (uintptr_t)second->map + 3 * page_size;
	expect_all(r, 2);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));
}

/* So does the array. */
TEST_F(ranges, array_waits_for_first)
{
	struct test_vmo *vmo = new_vmo(PAGES), *second = new_vmo(PAGES);
	struct zxp_supply_range r[] = { range(vmo, 0, 1), range(vmo, 8, 1) };
	char *head = map_anon(1), *tail = map_anon(1);
	struct chain chain = {
		.p = &self->p,
		.first = vmo,
		.second = second,
		.page = 4,
		.content = tail,
	};

	/* The first range is the last thing in page 3, the second one begins page 4. */
	memcpy(head + page_size - sizeof(r[0]), &r[0], sizeof(r[0]));
	memcpy(tail, &r[1], sizeof(r[1]));
	test_zxp(supply_pages, self->p.fd, second->fd, 3 * page_size, page_size, head);
	self->t[0].arg = &chain;
	ASSERT_TRUE(thread_start(&self->t[0], serve_second));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	wait_for(1, vmo, 8);
	expect_all((void *)(second->map + 4 * page_size - sizeof(r[0])), 2);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));
}

struct killed {
	int pager;
	struct zxp_supply_range r[3];
};

static int supply_until_killed(void *arg)
{
	struct killed *k = arg;
	struct zxp_supply_ranges end;

	zxp_supply_ranges(k->pager, k->r, 3, &end);
	return 1;
}

/* The daemon is killed while it waits for what it copies from. */
TEST_F(ranges, killed_while_copying)
{
	struct test_vmo *vmo = new_vmo(PAGES), *source = new_vmo(PAGES);
	struct killed k = {
		.pager = self->p.fd,
		.r = { range(vmo, 0, 1), range(vmo, 8, 2), range(vmo, 1, 1) },
	};
	pid_t pid;

	wait_for(0, vmo, 0);
	wait_for(1, vmo, 8);
	wait_for(2, vmo, 9);
	test_zxp(supply_pages, self->p.fd, source->fd, 0, page_size,
		 (void *)(uintptr_t)k.r[1].source);
	k.r[1].source = (uintptr_t)source->map;
	pid = child_start(supply_until_killed, &k);
	ASSERT_TRUE(pager_wait_read(&self->p, source, 1, 1));
	/* Who waits for what is there was woken before. */
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(thread_asleep(&self->t[1]));
	ASSERT_TRUE(child_kill(pid));
	ASSERT_TRUE(vmo_wait_blocked(source, 0));
	/* The first page of the second range may be there, or not. */
	EXPECT_TRUE(thread_asleep(&self->t[2]));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 8, 2));
	for (int i = 1; i < 3; i++)
		ASSERT_TRUE(thread_wait(&self->t[i]));
	EXPECT_TRUE(vmo_has(vmo, 8, 2, SUPPLIED));
	EXPECT_EQ(0, vmo_info(vmo).out_requests);
}

/* A descriptor that is named again has become another VMO's meanwhile. */
TEST_F(ranges, one_descriptor_two_vmos)
{
	struct test_vmo *vmo[] = { new_vmo(4), new_vmo(4) };
	int fd = fcntl(vmo[0]->fd, F_DUPFD_CLOEXEC, 0);
	struct zxp_supply_range r = range(vmo[0], 1, 1);

	r.vmo_fd = fd;
	expect_all(&r, 1);
	ASSERT_EQ(fd, dup3(vmo[1]->fd, fd, O_CLOEXEC));
	r = range(vmo[1], 2, 1);
	r.vmo_fd = fd;
	expect_all(&r, 1);
	EXPECT_TRUE(vmo_has(vmo[0], 1, 1, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo[1], 2, 1, SUPPLIED));
	EXPECT_EQ(page_size, vmo_info(vmo[0]).out_resident);
	EXPECT_EQ(page_size, vmo_info(vmo[1]).out_resident);
	ASSERT_EQ(0, close(fd));
}

#define new_sealed(pages)						\
	pager_create_vmo_flags(&self->p, (pages) * page_size, 0, ZXP_CREATE_READ_ONLY)

/* Large enough for what a large folio is. */
TEST_F(ranges, large)
{
	struct test_vmo *vmo[] = { new_sealed(512), new_sealed(512) };
	struct zxp_supply_range r[] = {
		range(vmo[0], 0, 16), range(vmo[1], 0, 512), range(vmo[0], 16, 480),
	};

	wait_for(0, vmo[0], 7);
	wait_for(1, vmo[1], 511);
	wait_for(2, vmo[0], 400);
	expect_all(r, 3);
	for (int i = 0; i < 3; i++)
		ASSERT_TRUE(thread_wait(&self->t[i]));
	EXPECT_TRUE(vmo_has(vmo[0], 0, 496, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo[1], 0, 512, SUPPLIED));
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN
