// SPDX-License-Identifier: GPL-2.0
/*
 * Snapshots of plain VMOs: whatever changes the VMO later, they have what it was, as of one
 * moment.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <kselftest_harness.h>

#include "lib/client.h"
#include "lib/fixture.h"
#include "lib/pin.h"
#include "lib/snapshot.h"

#define PAGES		4
#define MANY		200	/* snapshots with a change between each two */
#define CGROUP		"/sys/fs/cgroup/zxp_snapshot"
#define LIMIT		(4UL << 20)

/* Of the pager of the test; its pages begin with their numbers, from 1 on. */
#define new_plain(pages, options) ({						\
	struct test_vmo *__vmo = pager_create_plain(&self->p, pages, options);	\
										\
	ASSERT_NE(NULL, __vmo);							\
	for (unsigned int __i = 0; __i < (pages); __i++)			\
		ASSERT_TRUE(vmo_put(__vmo, __i, __i + 1));			\
	__vmo;									\
})
#define new_moment(parent)	new_moment_by(ZXP_CHILD_SNAPSHOT, parent)

PAGER_FIXTURE(snapshot);

/* What is read into a pipe is a copy as well, which does not change before it is taken out. */
TEST_F(snapshot, in_a_pipe)
{
	struct test_vmo *vmo = new_plain(PAGES, 0), *snapshot = new_moment(vmo);
	uint64_t word = 0;
	int p[2];

	ASSERT_EQ(0, pipe2(p, O_CLOEXEC));
	ASSERT_EQ((ssize_t)page_size,
		  splice(snapshot->fd, &(loff_t){ 0 }, p[1], NULL, page_size, 0));
	ASSERT_TRUE(vmo_put(vmo, 0, 10));
	ASSERT_EQ((ssize_t)sizeof(word), read(p[0], &word, sizeof(word)));
	EXPECT_EQ(1, word);
	close(p[0]);
	close(p[1]);
}

/* All kinds of copies are the same, and of a slice as well, as far as that goes. */
TEST_F(snapshot, kinds)
{
	struct test_vmo *vmo = new_plain(PAGES, 0), *slice = new_slice(vmo, 1, 2);
	const uint32_t kinds[] = { ZXP_CHILD_SNAPSHOT, AT_LEAST, MODIFIED,
				   ZXP_CHILD_POINT_IN_TIME };
	struct test_vmo *copies[ARRAY_SIZE(kinds)], *part;
	const uint64_t before[PAGES] = { 1, 2, 3, 4 };

	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++)
		copies[i] = new_child(vmo, kinds[i] | ZXP_CHILD_RESIZABLE, 0, PAGES);
	part = new_child(slice, ZXP_CHILD_SNAPSHOT, 0, 3);
	for (unsigned int page = 0; page < PAGES; page++)
		ASSERT_TRUE(vmo_put(vmo, page, 10));
	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++)
		EXPECT_TRUE(words_are(copies[i], before, PAGES));
	EXPECT_TRUE(vmo_word_is(part, 0, 2));
	EXPECT_TRUE(vmo_word_is(part, 1, 3));
	EXPECT_TRUE(vmo_word_is(part, 2, 0));
	ASSERT_TRUE(vmo_resize(copies[0], PAGES + 2));
	EXPECT_TRUE(vmo_word_is(copies[0], PAGES + 1, 0));
	ASSERT_TRUE(vmo_resize(copies[0], 1));
	EXPECT_TRUE(vmo_word_is(copies[0], 0, 1));
	EXPECT_TRUE(words_are(copies[1], before, PAGES));
}

/* What there is not is zero in the snapshot, for good, and costs it nothing. */
TEST_F(snapshot, holes)
{
	struct test_vmo *vmo = pager_create_plain(&self->p, PAGES, ZXP_VMO_RESIZABLE), *first, *second;
	const uint64_t zeroes[PAGES] = {}, some[PAGES] = { 0, 5, 6, 0 };

	ASSERT_NE(NULL, vmo);
	first = new_moment(vmo);
	/* Zeroes are mapped, in both. */
	EXPECT_TRUE(vmo_word_is(vmo, 1, 0));
	EXPECT_TRUE(vmo_word_is(first, 1, 0));
	word_at(vmo, 1) = 5;
	ASSERT_TRUE(vmo_put(vmo, 2, 6));
	EXPECT_TRUE(words_are(first, zeroes, PAGES));
	second = new_moment(vmo);
	/* Pages that nobody has seen before, also behind the end. */
	ASSERT_TRUE(vmo_resize(vmo, 2 * PAGES));
	for (unsigned int page = 0; page < 2 * PAGES; page++)
		ASSERT_TRUE(vmo_put(vmo, page, 9));
	EXPECT_TRUE(words_are(first, zeroes, PAGES));
	EXPECT_TRUE(words_are(second, some, PAGES));
	ASSERT_TRUE(vmo_put(first, 0, 7));
	EXPECT_TRUE(vmo_word_is(second, 0, 0));
	EXPECT_TRUE(vmo_word_is(vmo, 0, 9));
}

/* What the VMO grows over is for later snapshots only, and those have all of it. */
TEST_F(snapshot, growth)
{
	struct test_vmo *vmo = new_plain(PAGES, ZXP_VMO_RESIZABLE);
	struct test_vmo *first = new_child(vmo, ZXP_CHILD_SNAPSHOT, 0, PAGES + 2), *second;

	ASSERT_TRUE(vmo_resize(vmo, PAGES + 2));
	word_at(vmo, PAGES) = 5;
	EXPECT_TRUE(vmo_word_is(first, PAGES, 0));
	second = new_moment(vmo);
	word_at(vmo, PAGES) = 6;
	EXPECT_TRUE(vmo_word_is(first, PAGES, 0));
	EXPECT_TRUE(vmo_word_is(second, PAGES, 5));
	ASSERT_TRUE(vmo_resize(vmo, 0));
	for (unsigned int page = 0; page < PAGES; page++) {
		EXPECT_TRUE(vmo_word_is(first, page, page + 1));
		EXPECT_TRUE(vmo_word_is(second, page, page + 1));
	}
	EXPECT_TRUE(vmo_word_is(first, PAGES, 0));
	EXPECT_TRUE(vmo_word_is(second, PAGES, 5));
	EXPECT_TRUE(vmo_word_is(second, PAGES + 1, 0));
}

/* A copy of a part, and one of more after that. */
TEST_F(snapshot, parts)
{
	struct test_vmo *vmo = new_plain(PAGES, 0);
	struct test_vmo *part = new_child(vmo, ZXP_CHILD_SNAPSHOT, 1, 1);
	const uint64_t before[PAGES] = { 1, 2, 3, 4 };
	struct test_vmo *whole = new_moment(vmo);

	for (unsigned int page = 0; page < PAGES; page++)
		ASSERT_TRUE(vmo_put(vmo, page, 10));
	EXPECT_TRUE(vmo_word_is(part, 0, 2));
	EXPECT_TRUE(words_are(whole, before, PAGES));
}

/* A private copy is that of its process, of the VMO as well as of the snapshot. */
TEST_F(snapshot, private_copies)
{
	struct test_vmo *vmo = new_plain(PAGES, 0), *private = vmo_map_private(vmo), *first;

	ASSERT_NE(NULL, private);
	word_at(private, 0) = 10;
	first = new_moment(vmo);
	EXPECT_EQ(10, word_at(private, 0));
	EXPECT_EQ(2, word_at(private, 1));
	ASSERT_TRUE(vmo_put(vmo, 0, 20));
	ASSERT_TRUE(vmo_put(vmo, 1, 20));
	EXPECT_EQ(10, word_at(private, 0));
	EXPECT_EQ(20, word_at(private, 1));
	EXPECT_TRUE(vmo_word_is(first, 0, 1));
	private = vmo_map_private(first);
	ASSERT_NE(NULL, private);
	word_at(private, 0) = 30;
	EXPECT_TRUE(vmo_word_is(first, 0, 1));
	EXPECT_TRUE(vmo_word_is(vmo, 0, 20));
}

/* Who has pinned a page may store to it without anybody noticing. */
TEST_F(snapshot, of_a_pinned_page)
{
	struct test_vmo *vmo = new_plain(PAGES, 0), *first;
	struct pin pin;
	int fd;

	word_at(vmo, 1) = 5;
	ASSERT_TRUE(pin_start(&pin, vmo, 1, 1, true));
	ASSERT_TRUE(pin_held(&pin));
	fd = zxp_create_child(vmo->fd, ZXP_CHILD_SNAPSHOT, 0, PAGES * page_size);
	EXPECT_EQ(-ESTALE, fd);
	word_at(vmo, 2) = 6;
	ASSERT_TRUE(pin_release(&pin));
	first = new_moment(vmo);
	ASSERT_TRUE(vmo_put(vmo, 2, 7));
	EXPECT_TRUE(vmo_word_is(first, 2, 6));
}

/* One that is pinned by who has the snapshot stays his, and so does the next moment. */
TEST_F(snapshot, undone_over_another)
{
	struct test_vmo *vmo = new_plain(PAGES, 0), *first = new_moment(vmo), *second;
	const uint64_t before[PAGES] = { 1, 2, 3, 4 };
	struct pin pin;

	ASSERT_TRUE(vmo_put(vmo, 1, 5));
	word_at(vmo, 1) = 5;
	ASSERT_TRUE(pin_start(&pin, vmo, 1, 1, true));
	ASSERT_TRUE(pin_held(&pin));
	EXPECT_EQ(-ESTALE, zxp_create_child(vmo->fd, ZXP_CHILD_SNAPSHOT, 0, page_size));
	ASSERT_TRUE(pin_release(&pin));
	ASSERT_TRUE(vmo_put(vmo, 2, 6));
	EXPECT_TRUE(words_are(first, before, PAGES));
	second = new_moment(vmo);
	ASSERT_TRUE(vmo_put(vmo, 2, 7));
	EXPECT_TRUE(vmo_word_is(second, 2, 6));
	EXPECT_TRUE(words_are(first, before, PAGES));
}

/* With a change between each two. The others keep what is theirs, and they go in any order. */
TEST_F(snapshot, many)
{
	struct test_vmo *vmo = new_plain(PAGES, 0);
	uint64_t word;
	int fds[MANY];

	for (unsigned int i = 0; i < MANY; i++) {
		ASSERT_TRUE(vmo_put(vmo, i % PAGES, 100 + i));
		fds[i] = zxp_create_child(vmo->fd, ZXP_CHILD_SNAPSHOT, 0,
					  PAGES * page_size);
		ASSERT_LE(0, fds[i]);
	}
	ASSERT_TRUE(vmo_put(vmo, 0, 7));
	/* Every third goes, and there are some more. */
	for (unsigned int i = 0; i < MANY; i += 3)
		close(fds[i]);
	for (unsigned int i = 0; i < MANY; i += 3) {
		ASSERT_TRUE(vmo_put(vmo, i % PAGES, 1000 + i));
		fds[i] = zxp_create_child(vmo->fd, ZXP_CHILD_SNAPSHOT, 0,
					  PAGES * page_size);
		ASSERT_LE(0, fds[i]);
	}
	for (unsigned int page = 0; page < PAGES; page++)
		ASSERT_TRUE(vmo_put(vmo, page, 8));
	for (unsigned int i = 0; i < MANY; i++) {
		ASSERT_EQ(0, zxp_vmo_read(fds[i], i % PAGES * page_size, 8, &word));
		EXPECT_EQ((i % 3 ? 100 : 1000) + i, word);
	}
	for (unsigned int i = 0; i < MANY; i++)
		close(fds[(i * 37) % MANY]);
	EXPECT_TRUE(vmo_word_is(vmo, 0, 8));
}

/* One is kept while others come and go: what was there for these goes with them. */
TEST_F(snapshot, beside_one_that_stays)
{
	struct test_vmo *vmo = new_plain(PAGES, 0), *first = new_moment(vmo);
	const uint64_t before[PAGES] = { 1, 2, 3, 4 };
	uint64_t word;
	int fd;

	for (unsigned int i = 0; i < 3 * MANY; i++) {
		ASSERT_TRUE(vmo_put(vmo, i % PAGES, 100 + i));
		fd = zxp_create_child(vmo->fd, ZXP_CHILD_SNAPSHOT, 0, PAGES * page_size);
		ASSERT_LE(0, fd);
		ASSERT_TRUE(vmo_put(vmo, i % PAGES, 1000));
		ASSERT_EQ(0, zxp_vmo_read(fd, i % PAGES * page_size, 8, &word));
		EXPECT_EQ(100 + i, word);
		close(fd);
	}
	EXPECT_TRUE(words_are(first, before, PAGES));
	vmo_release(vmo);
	EXPECT_TRUE(words_are(first, before, PAGES));
}

/* Who has it has the content also when nobody has the VMO any more. */
TEST_F(snapshot, outlives_its_root)
{
	struct test_vmo *vmo = new_plain(PAGES, 0), *first = new_moment(vmo), *second, *copy;
	const uint64_t before[PAGES] = { 1, 2, 3, 4 }, after[PAGES] = { 1, 9, 3, 4 };

	ASSERT_TRUE(vmo_put(vmo, 1, 9));
	second = new_moment(vmo);
	vmo_release(vmo);
	copy = new_child(first, ZXP_CHILD_SNAPSHOT, 0, PAGES);
	EXPECT_TRUE(words_are(second, after, PAGES));
	vmo_release(second);
	EXPECT_TRUE(words_are(first, before, PAGES));
	ASSERT_TRUE(vmo_put(first, 0, 5));
	vmo_release(first);
	EXPECT_TRUE(words_are(copy, before, PAGES));
}

/* What has a pager has no such snapshot, whatever the way to it. */
TEST_F(snapshot, of_a_pagers_vmo)
{
	struct test_vmo *vmo = new_vmo(PAGES), *clone = new_clone(vmo);

	EXPECT_EQ(-EOPNOTSUPP, zxp_create_child(vmo->fd, ZXP_CHILD_SNAPSHOT, 0, page_size));
	EXPECT_EQ(-EOPNOTSUPP, zxp_create_child(clone->fd, ZXP_CHILD_SNAPSHOT, 0, page_size));
}

/* A copy has to be made, and that takes longer than no time at all. */
TEST_F(snapshot, nowait)
{
	struct test_vmo *vmo = new_plain(PAGES, 0), *first = new_moment(vmo);
	uint64_t word = 10;
	struct iovec iov = { &word, sizeof(word) };

	EXPECT_EQ(-1, pwritev2(vmo->fd, &iov, 1, 0, RWF_NOWAIT));
	EXPECT_EQ(EAGAIN, errno);
	ASSERT_TRUE(vmo_put(vmo, 0, 9));
	EXPECT_EQ(8, pwritev2(vmo->fd, &iov, 1, 0, RWF_NOWAIT));
	EXPECT_TRUE(vmo_word_is(vmo, 0, 10));
	EXPECT_TRUE(vmo_word_is(first, 0, 1));
}

/* A cgroup that may not have so much as a VMO of 2 * LIMIT needs. */
static bool make_small_cgroup(void)
{
	char text[32];

	if ((mkdir(CGROUP, 0755) && errno != EEXIST) || access(CGROUP "/memory.max", W_OK))
		return false;
	snprintf(text, sizeof(text), "%lu", LIMIT);
	write_file(CGROUP "/memory.swap.max", "0");
	return !write_file(CGROUP "/memory.max", text);
}

/*
 * Who has made a snapshot has it, whoever makes another one and cannot pay for what has to be
 * kept.
 */
TEST_F(snapshot, that_another_one_cannot_pay_for)
{
	uint64_t pages = 2 * LIMIT / page_size;
	struct test_vmo *vmo, *mine, *others;

	if (!make_small_cgroup())
		SKIP(return, "no memory controller here");
	vmo = new_plain(pages, 0);
	mine = new_moment(vmo);
	ASSERT_TRUE(enter_cgroup(CGROUP));
	others = new_moment(vmo);
	ASSERT_TRUE(enter_cgroup("/sys/fs/cgroup"));
	for (uint64_t i = 0; i < pages; i++)
		ASSERT_TRUE(vmo_put(vmo, i, 10));
	for (uint64_t i = 0; i < pages; i++)
		ASSERT_TRUE(vmo_word_is(mine, i, i + 1) && vmo_word_is(others, i, i + 1));
	EXPECT_EQ(0, read_keyed(CGROUP "/memory.events", "oom_kill"));
	vmo_release(others);
	vmo_release(mine);
	EXPECT_TRUE(wait_until(read_number(CGROUP "/memory.current") < (1 << 20)));
	rmdir(CGROUP);
}

/*
 * Who made the snapshot pays for what has to be kept, and may not have so much. Then it is
 * broken, and who writes goes on.
 */
TEST_F(snapshot, that_is_not_paid_for)
{
	uint64_t pages = 2 * LIMIT / page_size, kept = 0, lost = 0, word;
	struct test_vmo *vmo, *first, *second;
	char *page;
	int rc;

	if (!make_small_cgroup())
		SKIP(return, "no memory controller here");
	vmo = new_plain(pages, 0);
	page = calloc(1, page_size);
	ASSERT_NE(NULL, page);
	ASSERT_TRUE(enter_cgroup(CGROUP));
	first = new_moment(vmo);
	ASSERT_TRUE(enter_cgroup("/sys/fs/cgroup"));
	EXPECT_TRUE(vmo_word_is(first, pages - 1, pages));

	for (uint64_t i = 0; i < pages; i++)
		ASSERT_TRUE(vmo_put(vmo, i, 10));
	for (uint64_t i = 0; i < pages; i++) {
		word = 0;
		rc = zxp_vmo_read(first->fd, i * page_size, 8, &word);
		ASSERT_TRUE(rc == -EIO || (!rc && word == i + 1));
		kept += !rc;
		lost += !!rc;
	}
	diag("%lu pages were kept, %lu were not", kept, lost);
	EXPECT_LT(0, kept);
	EXPECT_LT(0, lost);
	EXPECT_EQ(0, read_keyed(CGROUP "/memory.events", "oom_kill"));
	EXPECT_TRUE(crashes(page_at(first, pages - 1), SIGBUS));
	EXPECT_TRUE(store_crashes(page_at(first, pages - 1), SIGBUS));
	EXPECT_EQ(-EIO, zxp_vmo_write(first->fd, (pages - 1) * page_size, 8, &word));
	/* All of a page anew. */
	EXPECT_EQ(0, zxp_vmo_write(first->fd, (pages - 1) * page_size, page_size, page));
	EXPECT_TRUE(vmo_word_is(first, pages - 1, 0));
	EXPECT_EQ(0, zxp_vmo_zero(first->fd, (pages - 2) * page_size, page_size));
	EXPECT_TRUE(vmo_word_is(first, pages - 2, 0));

	/* The next one is as good as if there had been none. */
	second = new_child(vmo, ZXP_CHILD_SNAPSHOT, 0, PAGES);
	ASSERT_TRUE(vmo_put(vmo, 1, 11));
	EXPECT_TRUE(vmo_word_is(second, 1, 10));
	EXPECT_EQ(-EIO, zxp_vmo_read(first->fd, (pages - 3) * page_size, 8, &word));
	vmo_release(first);
	free(page);
	EXPECT_TRUE(wait_until(read_number(CGROUP "/memory.current") < (1 << 20)));
	rmdir(CGROUP);
}

TEST_HARNESS_MAIN
