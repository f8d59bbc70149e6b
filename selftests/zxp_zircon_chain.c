// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of clones of clones: who sees which page, and how deep it goes.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/resource.h>
#include <kselftest_harness.h>

#include "lib/child.h"
#include "lib/fixture.h"

#define DEPTH		1000

PAGER_FIXTURE(chain);

/* A clone of @fd in its place, which may change one page first. */
static bool go_deeper(int *fd, uint64_t pages, uint64_t changed, uint64_t word)
{
	int child, rc = 0;

	if (changed < pages)
		rc = zxp_vmo_write(*fd, changed * page_size, sizeof(word), &word);
	child = rc ?: zxp_create_child(*fd, AT_LEAST, 0, pages * page_size);
	if (child < 0) {
		diag("clone of a clone: %s", strerror(-child));
		return false;
	}
	close(*fd);
	*fd = child;
	return true;
}

/* Each is closed when it has a clone, and the last one shows the root. */
TEST_F(chain, DeepHierarchy)
{
	struct test_vmo *vmo = new_vmo(1), *last;
	int fd = dup(vmo->fd), i;

	for (i = 0; i < DEPTH; i++) {
		ASSERT_TRUE(go_deeper(&fd, 1, ~0ULL, 0));
	}
	last = pager_adopt_vmo(&self->p, fd, vmo->key, 1, PROT_READ);
	ASSERT_NE(NULL, last);
	ASSERT_TRUE(thread_check_vmo(&self->t[0], last, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	vmo_release(vmo);
	ASSERT_TRUE(pager_idle(&self->p));
	EXPECT_TRUE(vmo_shows(last, 0, 1, SUPPLIED));
	vmo_release(last);
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
}

/* Each has changed a page of its own before it got a clone. */
TEST_F(chain, DeepForkedHierarchy)
{
	struct test_vmo *vmo = new_vmo(16), *last;
	int fd, i;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 16));
	fd = zxp_create_child(vmo->fd, AT_LEAST, 0, 16 * page_size);
	ASSERT_LE(0, fd);
	for (i = 0; i < DEPTH; i++) {
		ASSERT_TRUE(go_deeper(&fd, 16, i % 15, i));
	}
	last = pager_adopt_vmo(&self->p, fd, vmo->key, 16, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, last);
	for (i = 0; i < 15; i++) {
		EXPECT_TRUE(vmo_word_is(last, i, DEPTH - 1 - (DEPTH - 1 - i) % 15));
	}
	EXPECT_TRUE(vmo_shows(last, 15, 1, SUPPLIED));
	ASSERT_TRUE(vmo_put(last, 0, STORED_WORD));
	EXPECT_TRUE(vmo_word_is(last, 0, STORED_WORD));
	EXPECT_TRUE(vmo_has(vmo, 0, 16, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

#define CHANGED		15

/* What of @fd, the clone of so many others, was changed last, by one of these or itself. */
static bool shows_the_newest(int fd, uint64_t number, uint64_t page)
{
	uint64_t want = number - (number + CHANGED - page) % CHANGED, word;
	char *map = mmap(NULL, page_size, PROT_READ, MAP_SHARED, fd, page * page_size);
	int rc = zxp_vmo_read(fd, page * page_size, sizeof(word), &word);
	bool same;

	/* The first ones have not changed all. */
	if (page > number)
		return true;
	same = map != MAP_FAILED && !rc && word == want && *(volatile uint64_t *)map == want;
	if (!same)
		diag("page %lu of clone %lu: %lu instead of %lu", page, number, word, want);
	munmap(map, page_size);
	return same;
}

/* The same while all of them are there, which go from both ends and the middle. */
TEST_F(chain, DeepForkedHierarchyAlive)
{
	const struct rlimit files = { DEPTH + 100, DEPTH + 100 };
	struct test_vmo *vmo = new_vmo(CHANGED);
	int *fds = calloc(DEPTH + 1, sizeof(*fds)), left = DEPTH, i;
	int first = 0, last = DEPTH - 1, middle;

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, CHANGED));
	fds[0] = zxp_create_child(vmo->fd, AT_LEAST, 0, CHANGED * page_size);
	for (i = 0; i < DEPTH; i++) {
		uint64_t word = i;

		ASSERT_LE(0, fds[i]);
		ASSERT_EQ(0, zxp_vmo_write(fds[i], i % CHANGED * page_size, 8, &word));
		fds[i + 1] = zxp_create_child(fds[i], AT_LEAST, 0, CHANGED * page_size);
	}
	close(fds[DEPTH]);
	while (left > 10) {
		for (i = first; i <= last; i += 1 + left / 50) {
			if (fds[i] >= 0)
				ASSERT_TRUE(shows_the_newest(fds[i], i, left * 7 % CHANGED));
		}
		for (i = 0; i < 100 && left > 10; i++) {
			middle = (first + last) / 2;
			while (fds[middle] < 0)
				middle++;
			close(fds[middle]);
			fds[middle] = -1;
			while (fds[first] < 0)
				first++;
			close(fds[first++]);
			while (fds[last] < 0)
				last--;
			close(fds[last--]);
			left -= 3;
			while (fds[first] < 0)
				first++;
			while (fds[last] < 0)
				last--;
		}
	}
	for (i = first; i <= last; i++) {
		for (uint64_t page = 0; fds[i] >= 0 && page < CHANGED; page++)
			ASSERT_TRUE(shows_the_newest(fds[i], i, page));
		if (fds[i] >= 0)
			close(fds[i]);
	}
	EXPECT_TRUE(vmo_has(vmo, 0, CHANGED, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

/*
 * A clone of a clone shows at least what that had when it was made. Of what that changes
 * later nothing is seen, whether it had a page there before or not.
 */
TEST_F(chain, CloneMightSeeIntermediateForks)
{
	struct test_vmo *vmo = new_vmo(3), *clone = new_clone(vmo), *child, *next;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 3));
	ASSERT_TRUE(vmo_put(clone, 0, 1));
	child = new_clone(clone);
	EXPECT_TRUE(vmo_word_is(child, 0, 1));
	ASSERT_TRUE(vmo_put(clone, 0, 2));
	ASSERT_TRUE(vmo_put(clone, 1, 2));
	EXPECT_TRUE(vmo_word_is(child, 0, 1));
	EXPECT_TRUE(vmo_shows(child, 1, 2, SUPPLIED));
	next = new_clone(child);
	ASSERT_TRUE(vmo_put(child, 0, 3));
	EXPECT_TRUE(vmo_word_is(next, 0, 1));
	EXPECT_TRUE(vmo_word_is(clone, 0, 2));

	/* What nobody has changed is the root's, as it is now. */
	ASSERT_TRUE(vmo_put(vmo, 2, 4));
	EXPECT_TRUE(vmo_word_is(clone, 2, 4));
	EXPECT_TRUE(vmo_word_is(child, 2, 4));
	EXPECT_TRUE(vmo_word_is(next, 2, 4));
	ASSERT_TRUE(vmo_put(vmo, 1, 4));
	EXPECT_TRUE(vmo_word_is(clone, 1, 2));
	EXPECT_TRUE(vmo_word_is(next, 1, 4));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* What those between have changed is seen, and nothing from behind their ends. */
TEST_F(chain, CloneSeesCorrectParentPages)
{
	struct test_vmo *vmo = new_vmo(8), *a, *b, *c, *d;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 8));
	a = new_child(vmo, AT_LEAST | ZXP_CHILD_RESIZABLE, 0, 7);
	ASSERT_TRUE(vmo_put(a, 1, 0xa1));
	b = new_child(a, AT_LEAST | ZXP_CHILD_RESIZABLE, 1, 4);
	ASSERT_TRUE(vmo_put(b, 1, 0xb1));
	/* Larger than what it is made of, and so is the one made of it. */
	c = new_child(b, AT_LEAST, 0, 8);
	d = new_child(c, AT_LEAST, 2, 8);

	EXPECT_TRUE(vmo_word_is(b, 0, 0xa1));
	EXPECT_TRUE(vmo_word_is(c, 0, 0xa1));
	EXPECT_TRUE(vmo_word_is(c, 1, 0xb1));
	EXPECT_TRUE(vmo_shows(c, 2, 2, SUPPLIED));
	EXPECT_TRUE(vmo_shows(c, 4, 4, ZEROES));
	EXPECT_TRUE(vmo_has(c, 4, 4, ZEROES));
	EXPECT_TRUE(vmo_shows(d, 0, 2, SUPPLIED));
	EXPECT_TRUE(vmo_shows(d, 2, 6, ZEROES));
	EXPECT_TRUE(vmo_has(d, 2, 6, ZEROES));

	/* Zeroes are changed as well, and by whom they are. */
	ASSERT_TRUE(vmo_put(c, 5, 0xc5));
	EXPECT_TRUE(vmo_word_is(c, 5, 0xc5));
	EXPECT_TRUE(vmo_shows(d, 2, 6, ZEROES));

	/* What one between has lost by a shrink, and not got back by growing. */
	ASSERT_TRUE(vmo_resize(b, 3));
	ASSERT_TRUE(vmo_resize(b, 4));
	d = new_child(b, AT_LEAST, 0, 4);
	EXPECT_TRUE(vmo_word_is(d, 1, 0xb1));
	EXPECT_TRUE(vmo_shows(d, 2, 1, SUPPLIED));
	EXPECT_TRUE(vmo_shows(d, 3, 1, ZEROES));
	EXPECT_TRUE(vmo_has(d, 3, 1, ZEROES));
	EXPECT_TRUE(vmo_has(vmo, 0, 8, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A read asks for no page that somebody between has for himself. */
TEST_F(chain, ReadStopsAtAncestorPages)
{
	struct test_vmo *vmo = new_vmo(8), *clone = new_clone(vmo), *child;
	uint64_t word;
	char *buf;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 3, 1));
	ASSERT_TRUE(vmo_put(clone, 3, vmo_word(vmo, 3 * page_size / 8)));
	ASSERT_TRUE(vmo_zero(clone, 6, 1));
	child = new_child(clone, AT_LEAST, 1, 7);
	buf = map_anon(2);
	ASSERT_TRUE(thread_check_vmo(&self->t[0], child, 0, 5));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 2));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 2));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 4, 2));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 4, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
	test_zxp(vmo_read, child->fd, 5 * page_size, page_size, buf);
	EXPECT_TRUE(is_zero(buf, page_size));
	test_zxp(vmo_read, child->fd, 4 * page_size, 8, &word);
	EXPECT_EQ(vmo_word(vmo, 5 * page_size / 8), word);
	ASSERT_TRUE(pager_idle(&self->p));
}

#define NR	8

/* Where zeroes or own pages appear while a reader waits, he sees them. */
static int read_all(struct test_thread *t)
{
	t->buf = map_anon(t->nr);
	return -zxp_vmo_read(t->vmo->fd, 0, t->nr * page_size, t->buf);
}

/* He has asked for all, is woken by the first page, and needs nothing of the middle. */
TEST_F(chain, EarlyWakeCloneRace)
{
	struct test_vmo *vmo = new_vmo(NR), *clone = new_clone(vmo);
	struct test_thread *t = &self->t[0];

	t->vmo = clone;
	t->nr = NR;
	ASSERT_TRUE(thread_start(t, read_all));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, NR));
	ASSERT_TRUE(vmo_zero(clone, 1, NR - 2));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, NR - 1, 1));
	ASSERT_TRUE(thread_wait(t));
	EXPECT_TRUE(vmo_matches(vmo, 0, 1, t->buf));
	EXPECT_TRUE(is_zero(t->buf + page_size, (NR - 2) * page_size));
	EXPECT_TRUE(vmo_matches(vmo, NR - 1, 1, t->buf + (NR - 1) * page_size));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN
