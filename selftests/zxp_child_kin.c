// SPDX-License-Identifier: GPL-2.0
/*
 * Which one a child is, how many children something has, and the end of waiting for the last
 * one to go.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <kselftest_harness.h>

#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"
#include "lib/task.h"

PAGER_FIXTURE(child_kin);

#define READY	(POLLIN | POLLOUT)

/* All that tells of it says the same. */
static bool has_children(int fd, uint64_t nr)
{
	struct pollfd poll_fd = { .fd = fd, .events = READY | POLLPRI };
	uint64_t shown = fdinfo_number(fd, "zxpager-children");
	struct zxp_vmo_info info;
	int rc = zxp_vmo_get_info(fd, &info);

	poll(&poll_fd, 1, 0);
	if (!rc && info.out_children == nr && shown == nr &&
	    poll_fd.revents == (nr ? READY : READY | POLLPRI))
		return true;
	diag("descriptor %d: %s, %llu children, fdinfo %" PRIu64 ", poll %#x, instead of %"
	     PRIu64, fd, strerror(-rc), info.out_children, shown, poll_fd.revents, nr);
	return false;
}

#define EXPECT_CHILDREN(vmo, nr) EXPECT_TRUE(has_children((vmo)->fd, nr))

/* Only those that were made of it count, as long as they are there; then theirs do. */
TEST_F(child_kin, counts)
{
	struct test_vmo *vmo = new_vmo(4), *clone, *snapshot, *other;

	EXPECT_CHILDREN(vmo, 0);
	clone = new_clone(vmo);
	EXPECT_CHILDREN(vmo, 1);
	EXPECT_CHILDREN(clone, 0);
	snapshot = new_snapshot(clone);
	other = new_snapshot(clone);
	EXPECT_CHILDREN(vmo, 1);
	EXPECT_CHILDREN(clone, 2);
	vmo_release(clone);
	EXPECT_CHILDREN(vmo, 2);
	clone = new_snapshot(other);
	vmo_release(snapshot);
	EXPECT_CHILDREN(vmo, 1);
	vmo_release(other);
	EXPECT_CHILDREN(vmo, 1);
	EXPECT_CHILDREN(clone, 0);
	vmo_release(clone);
	EXPECT_CHILDREN(vmo, 0);
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(child_kin, slices)
{
	struct test_vmo *vmo = new_vmo(4), *slice = new_slice(vmo, 0, 4), *inner, *clone;
	int plain = zxp_create_plain(self->p.fd, page_size), fd;

	EXPECT_CHILDREN(vmo, 1);
	inner = new_slice(slice, 1, 2);
	clone = new_clone(slice);
	EXPECT_CHILDREN(vmo, 1);
	EXPECT_CHILDREN(slice, 2);
	vmo_release(slice);
	EXPECT_CHILDREN(vmo, 2);
	vmo_release(inner);
	vmo_release(clone);
	EXPECT_CHILDREN(vmo, 0);

	ASSERT_LE(0, plain);
	EXPECT_TRUE(has_children(plain, 0));
	fd = zxp_create_child(plain, ZXP_CHILD_SLICE, 0, page_size);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(has_children(plain, 1));
	close(fd);
	EXPECT_TRUE(has_children(plain, 0));
	close(plain);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* One is a child as long as it is open, by whatever descriptor; all else is the VMO's. */
TEST_F(child_kin, references)
{
	struct test_vmo *vmo = new_vmo(4), *clone = new_child(vmo, AT_LEAST, 0, 4);
	struct test_vmo *of[] = { vmo, clone, new_slice(clone, 1, 2), new_slice(vmo, 1, 2) };
	const uint64_t had[] = { 2, 1, 0, 0 };
	struct zxp_vmo_info info;
	int fd, again, path;

	for (size_t i = 0; i < ARRAY_SIZE(of); i++) {
		uint64_t before = had[i];

		fd = zxp_create_child(of[i]->fd, ZXP_CHILD_REFERENCE, 0, 0);
		ASSERT_LE(0, fd);
		EXPECT_CHILDREN(of[i], before + 1);
		EXPECT_TRUE(has_children(fd, before + 1));
		test_zxp(vmo_get_info, fd, &info);
		EXPECT_EQ(ZXP_VMO_INFO_REFERENCE, info.out_flags & ZXP_VMO_INFO_REFERENCE);
		test_zxp(vmo_get_info, of[i]->fd, &info);
		EXPECT_EQ(0, info.out_flags & ZXP_VMO_INFO_REFERENCE);

		again = reopen(fd, O_RDONLY);
		path = reopen(fd, O_PATH);
		close(fd);
		EXPECT_CHILDREN(of[i], before + 1);
		fd = zxp_create_child(again, ZXP_CHILD_REFERENCE, 0, 0);
		ASSERT_LE(0, fd);
		EXPECT_CHILDREN(of[i], before + 2);
		close(fd);
		close(again);
		EXPECT_CHILDREN(of[i], before);
		/* It comes back by its path. */
		again = reopen(path, O_RDWR);
		ASSERT_LE(0, again);
		EXPECT_CHILDREN(of[i], before + 1);
		EXPECT_EQ(-EINVAL, zxp_detach_vmo(self->p.fd, again));
		close(again);
		close(path);
		EXPECT_CHILDREN(of[i], before);
	}
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(child_kin, mapping_keeps)
{
	struct test_vmo *vmo = new_vmo(1);
	const uint32_t kinds[] = { AT_LEAST, ZXP_CHILD_SLICE };

	for (size_t i = 0; i < 2; i++) {
		int fd = zxp_create_child(vmo->fd, kinds[i], 0, page_size);
		char *map = mmap(NULL, page_size, PROT_READ, MAP_SHARED, fd, 0);

		ASSERT_NE(MAP_FAILED, map);
		close(fd);
		EXPECT_CHILDREN(vmo, 1);
		munmap(map, page_size);
		EXPECT_CHILDREN(vmo, 0);
	}
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(child_kin, none_after_failure)
{
	struct test_vmo *vmo = new_vmo(1);

	EXPECT_EQ(-EINVAL, zxp_create_child(vmo->fd, AT_LEAST, 1, page_size));
	EXPECT_EQ(-ERANGE, zxp_create_child(vmo->fd, AT_LEAST, 0, UINT64_MAX));
	EXPECT_EQ(-EINVAL, zxp_create_child(vmo->fd, ZXP_CHILD_SLICE, 0, 2 * page_size));
	EXPECT_EQ(-EINVAL, zxp_create_child(vmo->fd, ZXP_CHILD_REFERENCE, 0, page_size));
	EXPECT_CHILDREN(vmo, 0);
}

/* From the top, where each leaves one to the root, and from the bottom. */
TEST_F(child_kin, chain)
{
	enum { DEPTH = 100 };
	struct test_vmo *vmo = new_vmo(1);
	int fd[DEPTH], i;

	for (int down = 0; down < 2; down++) {
		for (i = 0; i < DEPTH; i++) {
			fd[i] = zxp_create_child(i ? fd[i - 1] : vmo->fd, MODIFIED, 0,
						 page_size);
			ASSERT_LE(0, fd[i]);
		}
		for (i = 0; i < DEPTH - 1; i++) {
			close(fd[down ? DEPTH - 2 - i : i]);
			EXPECT_CHILDREN(vmo, 1);
		}
		EXPECT_TRUE(has_children(fd[DEPTH - 1], 0));
		close(fd[DEPTH - 1]);
		EXPECT_CHILDREN(vmo, 0);
	}
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The inode of the file that is mapped at @map, as /proc tells it. */
static unsigned long mapped_inode(const char *map)
{
	unsigned long start, ino = 0;
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[300];

	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%*x %*s %*x %*x:%*x %lu", &start, &ino) == 2 &&
		    start == (unsigned long)map)
			break;
	if (maps)
		fclose(maps);
	return ino;
}

/* All that tells which one it is says the same. */
static bool is_child(struct test_vmo *vmo, struct test_vmo *parent, struct test_vmo *root)
{
	struct zxp_vmo_info is = vmo_info(vmo);
	uint64_t of = parent ? vmo_info(parent).out_id : 0;
	uint64_t below = root ? vmo_info(root).out_id : 0;
	struct stat st;

	if (!fstat(vmo->fd, &st) && is.out_id && st.st_ino == is.out_id &&
	    is.out_parent_id == of && is.out_root_id == below &&
	    fdinfo_number(vmo->fd, "zxpager-id") == (long long)is.out_id &&
	    fdinfo_number(vmo->fd, "zxpager-parent") == (parent ? (long long)of : -1) &&
	    fdinfo_number(vmo->fd, "zxpager-root") == (root ? (long long)below : -1))
		return true;
	diag("descriptor %d: number %llu, inode %lu, fdinfo %lld, %lld, %lld; made of %llu, %llu instead of %"
	     PRIu64 ", %" PRIu64, vmo->fd, is.out_id, (unsigned long)st.st_ino,
	     fdinfo_number(vmo->fd, "zxpager-id"), fdinfo_number(vmo->fd, "zxpager-parent"),
	     fdinfo_number(vmo->fd, "zxpager-root"), is.out_parent_id, is.out_root_id, of, below);
	return false;
}

/* Who has a descriptor knows what it is of, also when what that was made of has gone. */
TEST_F(child_kin, numbers)
{
	struct test_vmo *vmo = new_vmo(4), *other = new_vmo(1), *clone = new_clone(vmo), *slice;
	struct test_vmo *of_clone = new_snapshot(clone), *of_slice;
	uint64_t clone_id = vmo_info(clone).out_id, last;

	slice = new_slice(vmo, 0, 2);
	of_slice = new_child(slice, AT_LEAST, 0, 2);
	EXPECT_TRUE(is_child(vmo, NULL, NULL));
	EXPECT_TRUE(is_child(clone, vmo, vmo));
	EXPECT_TRUE(is_child(of_clone, clone, vmo));
	EXPECT_TRUE(is_child(slice, vmo, vmo));
	EXPECT_TRUE(is_child(of_slice, slice, vmo));
	EXPECT_TRUE(is_child(new_slice(slice, 0, 1), slice, vmo));
	EXPECT_TRUE(is_child(new_slice(of_slice, 1, 1), of_slice, vmo));
	EXPECT_TRUE(is_child(other, NULL, NULL));
	/* That one is what it refers to. */
	EXPECT_TRUE(is_child(new_reference(clone, 0), vmo, vmo));
	EXPECT_EQ(clone_id, vmo_info(new_reference(clone, 0)).out_id);
	EXPECT_TRUE(is_child(new_reference(vmo, 0), NULL, NULL));
	/* None comes again. */
	last = vmo_info(new_clone(other)).out_id;
	for (int i = 0; i < 3; i++) {
		struct test_vmo *next = new_clone(other);

		EXPECT_LT(last, vmo_info(next).out_id);
		last = vmo_info(next).out_id;
		vmo_release(next);
	}
	EXPECT_LT(last, vmo_info(new_vmo(1)).out_id);
	vmo_release(other);
	vmo_release(slice);
	EXPECT_LT(clone_id, vmo_info(of_slice).out_parent_id);
	EXPECT_EQ(vmo_info(vmo).out_id, vmo_info(of_slice).out_root_id);
}

/* Who looks for who has a VMO finds who has a child of it. */
TEST_F(child_kin, mappings)
{
	struct test_vmo *vmo = new_vmo(2), *clone = new_clone(vmo);
	struct test_vmo *children[] = { clone, new_snapshot(clone), new_slice(vmo, 0, 1) };

	for (size_t i = 0; i < ARRAY_SIZE(children); i++)
		EXPECT_EQ(vmo_info(vmo).out_id, mapped_inode(children[i]->map));
	EXPECT_EQ(vmo_info(vmo).out_id, mapped_inode(vmo->map));
}

static int wait_for_none(struct test_thread *t)
{
	struct pollfd fd = { .fd = t->vmo->fd, .events = POLLPRI };

	return poll(&fd, 1, -1) == 1 && fd.revents == POLLPRI ? 0 : errno ?: EINVAL;
}

static bool start_waiter(struct test_thread *t, struct test_vmo *vmo)
{
	t->vmo = vmo;
	return thread_start(t, wait_for_none) &&
	       wait_until(task_sleeps_in(getpid(), t->tid, "poll"));
}

/* Not before the last one has gone, and it may be another one's. */
TEST_F(child_kin, wait)
{
	struct test_vmo *vmo = new_vmo(2), *clone = new_clone(vmo), *snapshot;

	snapshot = new_snapshot(clone);
	ASSERT_TRUE(start_waiter(&self->t[0], vmo));
	ASSERT_TRUE(start_waiter(&self->t[1], clone));
	vmo_release(snapshot);
	ASSERT_TRUE(thread_wait(&self->t[1]));
	snapshot = new_snapshot(clone);
	vmo_release(clone);
	EXPECT_CHILDREN(vmo, 1);
	EXPECT_TRUE(task_sleeps_in(getpid(), self->t[0].tid, "poll"));
	vmo_release(snapshot);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(child_kin, epoll_edge)
{
	struct epoll_event ev = { .events = EPOLLPRI | EPOLLET };
	struct test_vmo *vmo = new_vmo(1);
	int ep = epoll_create1(EPOLL_CLOEXEC), fd;

	ASSERT_LE(0, ep);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, vmo->fd, &ev));
	EXPECT_EQ(1, epoll_wait(ep, &ev, 1, 0));
	for (int i = 0; i < 2; i++) {
		fd = zxp_create_child(vmo->fd, i ? ZXP_CHILD_REFERENCE : AT_LEAST, 0,
				      i ? 0 : page_size);
		ASSERT_LE(0, fd);
		EXPECT_EQ(0, epoll_wait(ep, &ev, 1, 0));
		close(fd);
		EXPECT_EQ(1, epoll_wait(ep, &ev, 1, 0));
		EXPECT_EQ(EPOLLPRI, ev.events);
		EXPECT_EQ(0, epoll_wait(ep, &ev, 1, 0));
	}
	close(ep);
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN
