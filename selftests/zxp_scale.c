// SPDX-License-Identifier: GPL-2.0
/*
 * A client that leaves many zero ranges behind, or has many pages, costs others nothing.
 */
#define _GNU_SOURCE
#include <time.h>

#include "kselftest_harness.h"
#include "lib/child.h"
#include "lib/fixture.h"

/* As many as make what goes by their number take much longer than a system call. */
#define MANY	8000
#define TRIES	20

PAGER_FIXTURE(scale);

static int64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* The least that GET_INFO takes of the CPU. */
static int64_t info_ns(struct test_vmo *vmo)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		int64_t begin = cpu_ns(), took;

		vmo_info(vmo);
		took = cpu_ns() - begin;
		if (took < least)
			least = took;
	}
	return least;
}

/* The same for the lines in /proc. */
static int64_t fdinfo_ns(struct test_vmo *vmo)
{
	int64_t least = INT64_MAX;
	char path[64], buf[2048];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", vmo->fd);
	for (int i = 0; i < TRIES; i++) {
		int fd = open(path, O_RDONLY);
		int64_t begin = cpu_ns(), took;

		if (read(fd, buf, sizeof(buf)) <= 0)
			least = 0;
		took = cpu_ns() - begin;
		if (took < least)
			least = took;
		close(fd);
	}
	return least;
}

/* Every other page of a VMO is zero, by somebody who has nothing else to do. */
static bool make_ranges(struct test_vmo *vmo)
{
	for (uint64_t i = 0; i < MANY; i++)
		if (!vmo_zero(vmo, 2 * i, 1))
			return false;
	return true;
}

TEST_F(scale, info_counts_nothing)
{
	struct test_vmo *few = new_vmo(8), *many = new_vmo(2 * MANY);
	int64_t info, fdinfo;

	ASSERT_TRUE(vmo_zero(few, 1, 1));
	info = info_ns(few);
	fdinfo = fdinfo_ns(few);
	ASSERT_TRUE(make_ranges(many));
	EXPECT_EQ(MANY * page_size, vmo_info(many).out_zero_bytes);
	EXPECT_LT(info_ns(many), 10 * info);
	EXPECT_LT(fdinfo_ns(many), 10 * fdinfo);
}

/* A copy all of whose pages another one shares. */
static struct test_vmo *new_shared(struct user_pager *p, uint64_t pages)
{
	struct test_vmo *plain = pager_create_plain(p, pages, 0);
	struct test_vmo *copy = plain ? vmo_create_child(plain, MODIFIED, 0, pages) : NULL;

	if (!copy || zxp_vmo_op_range(copy->fd, ZXP_VMO_OP_COMMIT, 0, pages * page_size) ||
	    !vmo_create_child(copy, MODIFIED, 0, pages))
		return NULL;
	return copy;
}

/* Who looks for the holders of one VMO has all copies of all of them to read. */
TEST_F(scale, fdinfo_counts_nothing)
{
	struct test_vmo *few = new_shared(&self->p, 8), *many = new_shared(&self->p, MANY);
	static const char first[] = "zxpager-root:";
	char path[64], line[128];
	uintmax_t own;
	FILE *file;

	ASSERT_TRUE(few && many);
	ASSERT_TRUE(vmo_put(many, 0, 1));
	EXPECT_EQ((MANY - 1) * page_size, vmo_info(many).out_shared_bytes);
	EXPECT_LT(fdinfo_ns(many), 10 * fdinfo_ns(few));
	/* And has what he needs of it at once, behind what the kernel tells of any file. */
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", many->fd);
	file = fopen(path, "re");
	ASSERT_NE(NULL, file);
	do {
		ASSERT_NE(NULL, fgets(line, sizeof(line), file));
	} while (strncmp(line, "zxpager-", 8));
	EXPECT_EQ(0, strncmp(line, first, strlen(first)));
	/* Of its pages it has those that nobody has looked for anybody else at. */
	own = ~0ULL;
	while (fgets(line, sizeof(line), file))
		sscanf(line, "zxpager-own: %ju", &own);
	EXPECT_EQ(page_size, own);
	fclose(file);
}

/* What is counted goes with END, and with what is cut off. */
TEST_F(scale, counts_follow)
{
	struct test_vmo *vmo = new_vmo_options(2 * MANY, ZXP_VMO_RESIZABLE);

	ASSERT_TRUE(make_ranges(vmo));
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(page_size, vmo_info(vmo).out_dirty_bytes);
	EXPECT_EQ((MANY - 1) * page_size, vmo_info(vmo).out_zero_bytes);

	ASSERT_TRUE(vmo_resize(vmo, MANY));
	EXPECT_EQ(page_size, vmo_info(vmo).out_dirty_bytes);
	EXPECT_EQ((MANY / 2 - 1) * page_size, vmo_info(vmo).out_zero_bytes);

	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, MANY));
	EXPECT_EQ(page_size, vmo_info(vmo).out_dirty_bytes);
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, MANY));
	EXPECT_EQ(0, vmo_info(vmo).out_dirty_bytes);
	EXPECT_EQ(0, vmo_info(vmo).out_zero_bytes);
	EXPECT_TRUE(is_clean(vmo));

	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 2));
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, 1, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(2 * page_size, vmo_info(vmo).out_dirty_bytes);
	ASSERT_TRUE(vmo_resize(vmo, 2));
	EXPECT_EQ(page_size, vmo_info(vmo).out_dirty_bytes);
	ASSERT_TRUE(vmo_zero(vmo, 0, 2));
	EXPECT_EQ(0, vmo_info(vmo).out_dirty_bytes);
	EXPECT_EQ(2 * page_size, vmo_info(vmo).out_zero_bytes);
}

TEST_HARNESS_MAIN
