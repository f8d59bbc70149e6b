// SPDX-License-Identifier: GPL-2.0
/*
 * What a copy has for itself, as ZXP_IOC_VMO_QUERY_OWN tells it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <kselftest_harness.h>

#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"

PAGER_FIXTURE(child_own);

/* Ranges are written as dirty ones are, see dirty.h. */
_Static_assert(ZXP_OWN_RANGE_IS_ZERO == ZXP_DIRTY_RANGE_IS_ZERO, "");
_Static_assert(ZXP_OWN_RANGE_IS_POISONED == ZXP_DIRTY_RANGE_IS_POISONED, "");

#define EXPECT_OWN(vmo, ...) do {						\
	struct dirty_range __want[] = { __VA_ARGS__ };				\
										\
	EXPECT_TRUE(own_ranges_are(vmo, 0, (vmo)->pages, __want,		\
				   sizeof(__want) / sizeof(*__want)));		\
} while (0)

/*
 * From page @from to @end there are these ranges, asked for @room at a time. If @ranges lie
 * across two pages, so does what is told.
 */
static bool ask_all(struct test_vmo *vmo, uint64_t from, uint64_t end,
		    const struct dirty_range *want, size_t nr, struct zxp_own_range *ranges,
		    size_t room)
{
	/* What was answered last time, or before, is nothing that is asked. */
	struct zxp_vmo_query_own arg = {
		.offset = from * page_size,
		.out_actual = ~0ULL,
		.out_next = ~0ULL,
	};
	size_t done = 0, i;
	int rc;

	do {
		arg.length = end * page_size - arg.offset;
		rc = zxp_vmo_query_own(vmo->fd, &arg, ranges, room);
		if (rc || arg.out_actual > room || done + arg.out_actual > nr) {
			diag("own from %#llx: %s, %llu ranges after %zu", arg.offset,
			     strerror(-rc), arg.out_actual, done);
			return false;
		}
		for (i = 0; i < arg.out_actual; i++, done++) {
			if (ranges[i].offset == want[done].page * page_size &&
			    ranges[i].length == want[done].nr * page_size &&
			    ranges[i].options == want[done].options)
				continue;
			diag("own %zu: %#llx+%#llx, options %llu", done, ranges[i].offset,
			     ranges[i].length, ranges[i].options);
			return false;
		}
		/* What is to be told next begins there or later. */
		if (done < nr && (arg.out_actual < room ||
				  arg.out_next > want[done].page * page_size)) {
			diag("own from %#llx: %llu ranges, next %#llx", arg.offset,
			     arg.out_actual, arg.out_next);
			return false;
		}
		arg.offset = arg.out_next;
	} while (arg.out_next < end * page_size);
	if (done != nr)
		diag("own: %zu ranges instead of %zu", done, nr);
	return done == nr && arg.out_next == end * page_size;
}

/* With little room, with much, and where the memory for the answer is not there yet. */
static bool own_ranges_are(struct test_vmo *vmo, uint64_t from, uint64_t end,
			   const struct dirty_range *want, size_t nr)
{
	struct zxp_own_range ranges[40];
	char *fresh = map_anon(2);
	bool ok;

	ok = ask_all(vmo, from, end, want, nr, ranges, 1) &&
	     ask_all(vmo, from, end, want, nr, ranges, 40) &&
	     ask_all(vmo, from, end, want, nr, (void *)(fresh + page_size - 16), 2);
	munmap(fresh, 2 * page_size);
	return ok;
}

TEST_F(child_own, stores_and_zeroes)
{
	struct test_vmo *vmo = new_vmo(12), *clone = new_clone(vmo);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 8));
	EXPECT_OWN(clone);
	ASSERT_TRUE(vmo_put(vmo, 3, 1));
	EXPECT_OWN(clone);

	ASSERT_TRUE(vmo_put(clone, 5, 1));
	ASSERT_TRUE(vmo_put(clone, 0, 1));
	*(volatile uint64_t *)(clone->map + page_size) = 1;
	EXPECT_OWN(clone, DATA(0, 2), DATA(5, 1));
	/* Nothing is asked for, as for the ZERO itself. */
	ASSERT_TRUE(vmo_zero(clone, 7, 3));
	EXPECT_OWN(clone, DATA(0, 2), DATA(5, 1), ZERO(7, 3));
	ASSERT_TRUE(vmo_zero(clone, 1, 1));
	ASSERT_TRUE(vmo_put(clone, 8, 1));
	EXPECT_OWN(clone, DATA(0, 1), ZERO(1, 1), DATA(5, 1), ZERO(7, 1), DATA(8, 1),
		   ZERO(9, 1));
	ASSERT_EQ(0, fallocate(clone->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			       clone->pages * page_size));
	EXPECT_OWN(clone, ZERO(0, 12));
	/* The root is what it was. */
	EXPECT_TRUE(vmo_has(vmo, 4, 4, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Whatever way a copy has come to what is not the root's. */
TEST_F(child_own, of_others)
{
	struct test_vmo *vmo = new_vmo(8), *clone = new_snapshot(vmo), *snapshot, *part;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 8));
	ASSERT_TRUE(vmo_put(clone, 2, 1));
	ASSERT_TRUE(vmo_zero(clone, 4, 2));
	snapshot = new_snapshot(clone);
	ASSERT_TRUE(vmo_put(clone, 0, 1));
	ASSERT_TRUE(vmo_put(snapshot, 3, 1));
	ASSERT_TRUE(vmo_put(snapshot, 5, 1));
	EXPECT_OWN(clone, DATA(0, 1), DATA(2, 1), ZERO(4, 2));
	EXPECT_OWN(snapshot, DATA(2, 2), ZERO(4, 1), DATA(5, 1));
	/* In pages of its own, of what it has been given. */
	part = new_child(snapshot, MODIFIED, 3, 4);
	EXPECT_OWN(part, DATA(0, 1), ZERO(1, 1), DATA(2, 1));
	vmo_release(clone);
	vmo_release(snapshot);
	EXPECT_OWN(part, DATA(0, 1), ZERO(1, 1), DATA(2, 1));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* So many layers that those below are gathered. */
TEST_F(child_own, of_many)
{
	enum { DEPTH = 30 };
	struct test_vmo *vmo = new_vmo(DEPTH * 2), *at[DEPTH];
	struct dirty_range want[DEPTH];

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, DEPTH * 2));
	for (unsigned int i = 0; i < DEPTH; i++) {
		at[i] = new_snapshot(i ? at[i - 1] : vmo);
		want[i] = (struct dirty_range){ i * 2, 1, i % 3 ? 0 : ZXP_OWN_RANGE_IS_ZERO };
		ASSERT_TRUE(i % 3 ? vmo_put(at[i], i * 2, i) : vmo_zero(at[i], i * 2, 1));
	}
	for (unsigned int i = 0; i < DEPTH; i++)
		EXPECT_TRUE(own_ranges_are(at[i], 0, DEPTH * 2, want, i + 1));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* What it sees of nobody is zero for good, whatever is there. */
TEST_F(child_own, behind_the_parent)
{
	struct test_vmo *vmo = new_vmo_options(4, ZXP_VMO_RESIZABLE), *clone, *longer;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	clone = new_clone(vmo);
	longer = new_child(vmo, AT_LEAST | ZXP_CHILD_RESIZABLE, 2, 5);
	EXPECT_OWN(clone);
	EXPECT_OWN(longer, ZERO(2, 3));
	ASSERT_TRUE(vmo_put(longer, 3, 1));
	EXPECT_OWN(longer, ZERO(2, 1), DATA(3, 1), ZERO(4, 1));
	ASSERT_TRUE(vmo_put(clone, 3, 1));
	ASSERT_TRUE(vmo_resize(vmo, 2));
	ASSERT_TRUE(vmo_resize(vmo, 4));
	EXPECT_OWN(clone, ZERO(2, 1), DATA(3, 1));
	EXPECT_OWN(longer, ZERO(0, 3), DATA(3, 1), ZERO(4, 1));
	/* What was cut off of the copy itself comes back as zeroes, too. */
	ASSERT_TRUE(vmo_resize(clone, 1));
	ASSERT_TRUE(vmo_resize(clone, 4));
	EXPECT_OWN(clone, ZERO(1, 3));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* One range is one, and many are told, however long it takes to look at them. */
TEST_F(child_own, large)
{
	enum { PAGES = 6000, FIRST = 100, RUN = 3000, ROOM = PAGES };
	struct test_vmo *vmo = new_vmo(PAGES), *clone = new_clone(vmo);
	struct dirty_range *want = calloc(ROOM, sizeof(*want));
	struct zxp_own_range *ranges = calloc(ROOM, sizeof(*ranges));
	unsigned int nr = 0;

	ASSERT_NE(NULL, want);
	ASSERT_NE(NULL, ranges);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, PAGES));
	for (unsigned int page = FIRST; page < FIRST + RUN; page++)
		ASSERT_TRUE(vmo_put(clone, page, page));
	want[nr++] = (struct dirty_range)DATA(FIRST, RUN);
	for (unsigned int page = FIRST + RUN + 1; page < PAGES; page += 2) {
		ASSERT_TRUE(vmo_put(clone, page, page));
		want[nr++] = (struct dirty_range)DATA(page, 1);
	}
	EXPECT_TRUE(ask_all(clone, 0, PAGES, want, nr, ranges, ROOM));
	EXPECT_TRUE(ask_all(clone, 0, PAGES, want, nr, ranges, 7));
	free(ranges);
	free(want);
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(child_own, part_of_it)
{
	static const struct dirty_range whole[] = { DATA(1, 3) }, part[] = { DATA(2, 1) };
	struct test_vmo *vmo = new_vmo(6), *clone = new_clone(vmo);
	struct zxp_vmo_query_own arg;
	struct zxp_own_range range;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 6));
	for (unsigned int page = 1; page < 4; page++)
		ASSERT_TRUE(vmo_put(clone, page, 1));
	EXPECT_TRUE(own_ranges_are(clone, 0, 6, whole, 1));
	EXPECT_TRUE(own_ranges_are(clone, 2, 3, part, 1));
	EXPECT_TRUE(own_ranges_are(clone, 4, 6, NULL, 0));
	EXPECT_TRUE(own_ranges_are(clone, 6, 6, NULL, 0));

	/* Rounded out to pages. */
	arg = (struct zxp_vmo_query_own){ .offset = 3 * page_size - 1, .length = 2 };
	test_zxp(vmo_query_own, clone->fd, &arg, &range, 1);
	EXPECT_EQ(1, arg.out_actual);
	EXPECT_EQ(2 * page_size, range.offset);
	EXPECT_EQ(2 * page_size, range.length);
	EXPECT_EQ(4 * page_size, arg.out_next);

	/* Without room it is where the first one begins. */
	arg = (struct zxp_vmo_query_own){ .length = 6 * page_size };
	test_zxp(vmo_query_own, clone->fd, &arg, NULL, 0);
	EXPECT_EQ(0, arg.out_actual);
	EXPECT_EQ(page_size, arg.out_next);
	arg = (struct zxp_vmo_query_own){ .offset = 4 * page_size, .length = 2 * page_size };
	test_zxp(vmo_query_own, clone->fd, &arg, NULL, 0);
	EXPECT_EQ(6 * page_size, arg.out_next);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* What it is refused for, and for what not. */
TEST_F(child_own, errors)
{
	struct test_vmo *vmo = new_vmo(4), *clone = new_clone(vmo);
	struct test_vmo *sealed = new_child(clone, MODIFIED | ZXP_CHILD_NO_WRITE, 0, 4);
	int plain = zxp_create_plain(self->p.fd, page_size);
	struct zxp_vmo_query_own all = { .length = 4 * page_size }, arg;
	struct zxp_own_range *bad = (void *)-page_size, range;

	ASSERT_LE(0, plain);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	arg = all;
	EXPECT_EQ(-EINVAL, zxp_vmo_query_own(vmo->fd, &arg, &range, 1));
	arg = all;
	EXPECT_EQ(-EINVAL, zxp_vmo_query_own(plain, &arg, &range, 1));
	arg = all;
	EXPECT_EQ(-EINVAL, zxp_vmo_query_own(new_slice(vmo, 0, 4)->fd, &arg, &range, 1));
	arg = all;
	EXPECT_EQ(-EINVAL, zxp_vmo_query_own(new_reference(vmo, 0)->fd, &arg, &range, 1));
	arg = all;
	EXPECT_EQ(-EACCES, zxp_vmo_query_own(reopen(clone->fd, O_WRONLY), &arg, &range, 1));
	arg.flags = 1;
	EXPECT_EQ(-EINVAL, zxp_vmo_query_own(clone->fd, &arg, &range, 1));

	arg = (struct zxp_vmo_query_own){ .offset = 3 * page_size, .length = page_size + 1 };
	EXPECT_EQ(-ERANGE, zxp_vmo_query_own(clone->fd, &arg, &range, 1));
	arg = (struct zxp_vmo_query_own){ .offset = 5 * page_size };
	EXPECT_EQ(-ERANGE, zxp_vmo_query_own(clone->fd, &arg, &range, 1));
	arg = (struct zxp_vmo_query_own){ .offset = page_size, .length = -page_size };
	EXPECT_EQ(-ERANGE, zxp_vmo_query_own(clone->fd, &arg, &range, 1));

	/* With nothing to tell nobody looks at the buffer. */
	arg = all;
	test_zxp(vmo_query_own, clone->fd, &arg, bad, 1);
	ASSERT_TRUE(vmo_put(clone, 1, 1));
	arg = all;
	EXPECT_EQ(-EFAULT, zxp_vmo_query_own(clone->fd, &arg, bad, 1));
	/* A reference is as good as what it refers to, and to ask is not to write. */
	arg = all;
	test_zxp(vmo_query_own, new_reference(clone, 0)->fd, &arg, &range, 1);
	EXPECT_EQ(1, arg.out_actual);
	arg = all;
	test_zxp(vmo_query_own, sealed->fd, &arg, &range, 1);
	EXPECT_EQ(0, arg.out_actual);
	close(plain);
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(child_own, poison)
{
	struct test_vmo *vmo = new_vmo(4), *clone = new_snapshot(vmo), *snapshot;

	if (!memory_can_fail())
		SKIP(return, "no CONFIG_MEMORY_FAILURE here");
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	for (unsigned int page = 0; page < 3; page++)
		ASSERT_TRUE(vmo_put(clone, page, 1));
	/* Whether it could do anything about the page is not for it to say. */
	madvise(clone->map + page_size, page_size, MADV_HWPOISON);
	snapshot = new_snapshot(clone);
	EXPECT_OWN(clone, DATA(0, 1), LOST(1, 1), DATA(2, 1));
	ASSERT_TRUE(vmo_zero(clone, 1, 1));
	EXPECT_OWN(clone, DATA(0, 1), ZERO(1, 1), DATA(2, 1));
	EXPECT_OWN(snapshot, DATA(0, 1), LOST(1, 1), DATA(2, 1));
	ASSERT_TRUE(pager_idle(&self->p));
}

#define COPIES	12

/* It has so many pages for itself, and shares so many; its part is so many bytes. */
static bool has_memory(const struct test_vmo *vmo, uint64_t own, uint64_t shared, uint64_t part)
{
	struct zxp_vmo_info info = vmo_info(vmo);

	if (info.out_resident == own * page_size &&
	    info.out_shared_bytes == shared * page_size && info.out_scaled_bytes == part)
		return true;
	diag("%llu bytes of its own, %llu shared, %llu in parts",
	     info.out_resident, info.out_shared_bytes, info.out_scaled_bytes);
	return false;
}

/* In fdinfo of any of them is what all have, also of what is in no copy's own layer. */
TEST_F(child_own, of_a_family)
{
	struct test_vmo *vmo = new_vmo(4), *clone = new_clone(vmo), *copy;
	const long long page = page_size;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	EXPECT_EQ(0, fdinfo_number(clone->fd, "zxpager-family"));
	ASSERT_TRUE(vmo_put(clone, 0, 1));
	ASSERT_TRUE(vmo_put(clone, 1, 2));
	copy = new_snapshot(clone);
	EXPECT_EQ(0, fdinfo_number(copy->fd, "zxpager-own"));
	EXPECT_EQ(0, fdinfo_number(clone->fd, "zxpager-own"));
	EXPECT_EQ(2 * page, fdinfo_number(copy->fd, "zxpager-family"));
	ASSERT_TRUE(vmo_put(copy, 0, 3));
	EXPECT_EQ(3 * page, fdinfo_number(clone->fd, "zxpager-family"));
	ASSERT_TRUE(vmo_zero(clone, 0, 1));
	EXPECT_EQ(2 * page, fdinfo_number(clone->fd, "zxpager-family"));
	vmo_release(clone);
	EXPECT_EQ(2 * page, fdinfo_number(copy->fd, "zxpager-family"));
	ASSERT_TRUE(vmo_zero(copy, 0, 4));
	EXPECT_EQ(0, fdinfo_number(copy->fd, "zxpager-family"));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* All that copies of one copy share is there once, however many they are. */
TEST_F(child_own, in_parts)
{
	struct test_vmo *vmo = new_vmo(4), *clone = new_clone(vmo), *copies[COPIES];
	uint64_t i;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	for (i = 0; i < 3; i++)
		ASSERT_TRUE(vmo_put(clone, i, i + 1));
	EXPECT_TRUE(has_memory(clone, 3, 0, 3 * page_size));
	/* They see all pages, the last two, or the last one. */
	copies[0] = new_child(clone, AT_LEAST, 0, 4);
	copies[1] = new_child(clone, AT_LEAST, 1, 3);
	copies[2] = new_child(clone, AT_LEAST, 2, 2);
	EXPECT_TRUE(has_memory(clone, 0, 3, page_size / 2 + page_size / 3 + page_size / 4));
	EXPECT_TRUE(has_memory(copies[2], 0, 1, page_size / 4));
	/* What only one sees any more is that one's own, wherever it is. */
	ASSERT_TRUE(vmo_put(clone, 0, 9));
	EXPECT_TRUE(has_memory(copies[0], 1, 2, page_size + page_size / 3 + page_size / 4));
	ASSERT_TRUE(vmo_zero(copies[2], 0, 1));
	EXPECT_TRUE(has_memory(copies[2], 0, 0, 0));
	EXPECT_TRUE(has_memory(copies[1], 0, 2, 2 * page_size / 3));
	vmo_release(copies[0]);
	EXPECT_TRUE(has_memory(clone, 1, 2, 2 * page_size));
	EXPECT_TRUE(has_memory(copies[1], 0, 2, page_size));
	/* The first page of the layer between is seen by nobody, and has gone. */
	vmo_release(clone);
	vmo_release(copies[2]);
	EXPECT_TRUE(has_memory(copies[1], 2, 0, 2 * page_size));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Each has a page of its own, and those before it are shared by all that came later. */
TEST_F(child_own, in_parts_of_a_chain)
{
	struct test_vmo *vmo = new_vmo(COPIES), *copies[COPIES];
	uint64_t i, j, part, sum = 0;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, COPIES));
	copies[0] = new_clone(vmo);
	for (i = 0; i < COPIES; i++) {
		ASSERT_TRUE(vmo_put(copies[i], i, i + 1));
		if (i + 1 < COPIES)
			copies[i + 1] = new_snapshot(copies[i]);
	}
	for (i = 0; i < COPIES; i++) {
		part = 0;
		for (j = 0; j <= i; j++)
			part += page_size * 4096 / (COPIES - j);
		EXPECT_TRUE(has_memory(copies[i], i == COPIES - 1, i + (i < COPIES - 1),
				       part / 4096));
		sum += vmo_info(copies[i]).out_scaled_bytes;
	}
	/* But for parts of bytes. */
	EXPECT_LE(sum, COPIES * page_size);
	EXPECT_LE(COPIES * page_size - COPIES, sum);
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN
