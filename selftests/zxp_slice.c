// SPDX-License-Identifier: GPL-2.0
/*
 * Slices: parts of a VMO with its pages. What is the same for a part of a copy is tested with
 * one, too; what is not is in zxp_slice_copy.c, and what is done to them as files in
 * zxp_slice_file.c.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define SLICE		ZXP_CHILD_SLICE
#define NO_WRITE	ZXP_CHILD_NO_WRITE
#define BYTES(pages)	((pages) * page_size)

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

PAGER_FIXTURE(slice);

PAGER_DATA(any_slice);
FIXTURE_VARIANT(any_slice)
{
	bool copy;
};
FIXTURE_VARIANT_ADD(any_slice, Vmo)
{
	.copy = false,
};
FIXTURE_VARIANT_ADD(any_slice, Copy)
{
	.copy = true,
};

/* What there are slices of. */
#define new_whole(vmo) (variant->copy ? new_child(vmo, MODIFIED, 0, (vmo)->pages) : (vmo))

/* Where it is and where it ends, for all that reads and writes. */
TEST_F(slice, is_a_part)
{
	struct test_vmo *vmo = new_vmo_options(6, ZXP_VMO_TRAP_DIRTY);
	struct test_vmo *slice = new_slice(vmo, 2, 3);
	char *buf = map_anon(4);
	struct stat st;

	ASSERT_EQ(0, fstat(slice->fd, &st));
	EXPECT_EQ((off_t)BYTES(3), st.st_size);
	EXPECT_EQ((off_t)BYTES(3) / 512, st.st_blocks);
	EXPECT_EQ((off_t)BYTES(3), lseek(slice->fd, 0, SEEK_END));
	EXPECT_EQ(BYTES(3), vmo_info(slice).out_vmo_size);
	EXPECT_EQ(ZXP_VMO_INFO_PAGER_BACKED, vmo_info(slice).out_flags);

	ASSERT_TRUE(thread_check_read(&self->t[0], slice, 1, 2));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 3, 2));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 6));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ((ssize_t)BYTES(3), pread(slice->fd, buf, BYTES(4), 0));
	EXPECT_TRUE(vmo_matches(slice, 0, 3, buf));
	EXPECT_EQ(1, pread(slice->fd, buf, BYTES(4), BYTES(3) - 1));
	EXPECT_EQ(0, pread(slice->fd, buf, 1, BYTES(3)));
	test_err_zxp(ERANGE, vmo_read, slice->fd, BYTES(2), BYTES(1) + 1, buf);

	ASSERT_TRUE(thread_write_file(&self->t[0], slice, 1, 2));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 3, 2));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 3, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(1, pwrite(slice->fd, "xy", 2, BYTES(3) - 1));
	EXPECT_EQ(-1, pwrite(slice->fd, "x", 1, BYTES(3)));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(-1, pwritev2(slice->fd, &(struct iovec){ "x", 1 }, 1, -1, RWF_APPEND));
	EXPECT_EQ(ENOSPC, errno);
	test_err_zxp(ERANGE, vmo_write, slice->fd, BYTES(3) - 1, 2, "xy");
	ASSERT_TRUE(is_dirty(vmo, DATA(3, 2)));
	EXPECT_TRUE(vmo_has(vmo, 5, 1, SUPPLIED));
	EXPECT_TRUE(vmo_shows(vmo, 3, 1, WRITTEN));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* However far a mapping reaches, and whatever the kernel maps around a fault. */
TEST_F(any_slice, mapping_ends_with_it)
{
	struct test_vmo *vmo = new_vmo(8), *slice = new_slice(new_whole(vmo), 2, 3);
	static const int flags[] = { MAP_SHARED, MAP_PRIVATE };
	char *map, *part;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 8));
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		map = mmap(NULL, BYTES(6), PROT_READ | PROT_WRITE, flags[i], slice->fd, 0);
		ASSERT_NE(MAP_FAILED, map);
		EXPECT_TRUE(vmo_matches(slice, 0, 3, map));
		EXPECT_TRUE(crashes(map + BYTES(3), SIGBUS));
		EXPECT_TRUE(store_crashes(map + BYTES(3), SIGBUS));
		EXPECT_TRUE(crashes(map + BYTES(5), SIGBUS));
		ASSERT_EQ(0, munmap(map, BYTES(6)));

		part = mmap(NULL, page_size, PROT_READ | PROT_WRITE, flags[i], slice->fd,
			    BYTES(2));
		ASSERT_NE(MAP_FAILED, part);
		part = mremap(part, page_size, BYTES(4), MREMAP_MAYMOVE);
		ASSERT_NE(MAP_FAILED, part);
		EXPECT_TRUE(vmo_matches(slice, 2, 1, part));
		EXPECT_TRUE(crashes(part + page_size, SIGBUS));
		EXPECT_TRUE(store_crashes(part + BYTES(3), SIGBUS));
		ASSERT_EQ(0, munmap(part, BYTES(4)));

		part = mmap(NULL, page_size, PROT_READ, flags[i], slice->fd, BYTES(4));
		ASSERT_NE(MAP_FAILED, part);
		EXPECT_TRUE(crashes(part, SIGBUS));
		ASSERT_EQ(0, munmap(part, page_size));
	}
	EXPECT_EQ(MAP_FAILED, mmap(NULL, page_size, PROT_READ, MAP_SHARED, slice->fd,
				   -1ULL / 2 - page_size + 1));
	EXPECT_EQ(EOVERFLOW, errno);
	/* Other pages of the file of a mapping cannot be mapped in its place. */
	EXPECT_EQ(-1, remap_file_pages(slice->map, page_size, 0, 0, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_TRUE(vmo_shows(slice, 0, 3, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(slice, options)
{
	struct test_vmo *vmo = new_vmo(4), *slice = new_slice(vmo, 1, 2);
	int fd = vmo->fd, growing = new_vmo_options(4, ZXP_VMO_RESIZABLE)->fd;
	int clone = new_clone(vmo)->fd;

	EXPECT_EQ(-EINVAL, zxp_create_child(fd, SLICE | ZXP_CHILD_RESIZABLE, 0, page_size));
	EXPECT_EQ(-EINVAL, zxp_create_child(fd, SLICE | AT_LEAST, 0, page_size));
	EXPECT_EQ(-EINVAL, zxp_create_child(fd, SLICE, 1, page_size));
	EXPECT_EQ(-EINVAL, zxp_create_child(fd, SLICE, 0, BYTES(4) + 1));
	EXPECT_EQ(-EINVAL, zxp_create_child(fd, SLICE, BYTES(5), 0));
	EXPECT_EQ(-EINVAL, zxp_create_child(fd, SLICE, page_size, UINT64_MAX));
	EXPECT_EQ(-EINVAL, zxp_create_child(fd, SLICE, -page_size, BYTES(2)));
	EXPECT_EQ(-EINVAL, zxp_create_child(slice->fd, SLICE, page_size, BYTES(2)));
	EXPECT_EQ(-EOPNOTSUPP, zxp_create_child(growing, SLICE, 0, page_size));
	EXPECT_EQ(-EOPNOTSUPP, zxp_create_child(clone, SLICE, 0, page_size));
	EXPECT_EQ(-EACCES, zxp_create_child(reopen(fd, O_WRONLY), SLICE, 0, page_size));
	test_err_zxp(EMEDIUMTYPE, set_stream_size, slice->fd, page_size);
	EXPECT_EQ(-1, ftruncate(slice->fd, page_size));
	EXPECT_EQ(EPERM, errno);

	/* Rounded up, and one of nothing. */
	fd = zxp_create_child(vmo->fd, SLICE, BYTES(3), 1);
	ASSERT_LE(0, fd);
	EXPECT_EQ((off_t)page_size, lseek(fd, 0, SEEK_END));
	fd = zxp_create_child(vmo->fd, SLICE, BYTES(4), 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, read(fd, &fd, 1));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A slice of a slice is one of the whole, which stays as long as either is mapped. */
TEST_F(any_slice, of_a_slice)
{
	struct test_vmo *vmo = new_vmo(8), *whole = new_whole(vmo), *slice;
	struct test_vmo *outer = new_slice(whole, 1, 6);

	slice = new_slice(outer, 2, 3);
	ASSERT_TRUE(thread_check_vmar(&self->t[0], slice, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 3, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 8));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(vmo_put(outer, 4, STORED_WORD));
	EXPECT_TRUE(vmo_word_is(slice, 2, STORED_WORD));
	EXPECT_TRUE(vmo_word_is(whole, 5, STORED_WORD));

	vmo_release(vmo);
	if (variant->copy)
		vmo_release(whole);
	vmo_release(outer);
	close(slice->fd);
	slice->fd = -1;
	ASSERT_TRUE(pager_idle(&self->p));
	EXPECT_TRUE(vmo_shows(slice, 0, 2, SUPPLIED));
	vmo_release(slice);
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
}

TEST_F(any_slice, is_not_for_the_pager)
{
	struct test_vmo *vmo = new_vmo_options(4, ZXP_VMO_TRAP_DIRTY);
	int fd = new_slice(new_whole(vmo), 1, 2)->fd, pager = self->p.fd;
	struct zxp_dirty_range range;
	struct zxp_query_vmo_key key = { .size = sizeof(key), .vmo_fd = fd };
	uint32_t modified;

	test_err_zxp(EINVAL, detach_vmo, pager, fd);
	for (uint32_t op = ZXP_PAGER_OP_FAIL; op <= ZXP_PAGER_OP_SYNC_END; op++)
		test_err_zxp(EINVAL, op_range, pager, op, fd, 0, page_size,
			     op == ZXP_PAGER_OP_FAIL ? EIO : 0);
	test_err_zxp(EINVAL, query_dirty_ranges, pager, fd, 0, page_size, &range, 1, NULL,
		     NULL);
	test_err_zxp(EINVAL, query_vmo_stats, pager, fd, 0, &modified);
	test_err_zxp(EINVAL, supply_pages, pager, fd, 0, page_size, vmo->map);
	EXPECT_EQ(-EINVAL, zxp_ioctl(pager, ZXP_IOC_QUERY_VMO_KEY, &key));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* It cannot be written to, or opened for that. */
static bool keeps_content(int fd)
{
	char path[32];
	int anew;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if ((fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY ||
	    zxp_vmo_write(fd, 0, 1, "x") != -EACCES ||
	    zxp_vmo_zero(fd, 0, page_size) != -EACCES ||
	    fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, 1) != -1 || errno != EBADF)
		return diag("write: %m"), false;
	if (mmap(NULL, page_size, PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED ||
	    errno != EACCES)
		return diag("mmap: %m"), false;
	if (fchmod(fd, 0666) || reopen(fd, O_RDWR) != -EACCES ||
	    reopen(fd, O_RDONLY | O_TRUNC) != -EACCES || truncate(path, 0) != -1 ||
	    errno != EACCES)
		return diag("it opens"), false;
	anew = reopen(fd, O_RDONLY);
	if (anew < 0 || reopen(anew, O_RDWR) != -EACCES)
		return diag("it does not open"), false;
	close(anew);
	return true;
}

TEST_F(any_slice, access_mode)
{
	struct test_vmo *vmo = new_vmo(2), *whole = new_whole(vmo);
	struct test_vmo *slice = new_slice(whole, 0, 2);
	int read_only = reopen(whole->fd, O_RDONLY), fd;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	fd = zxp_create_child(read_only, SLICE, 0, page_size);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(keeps_content(fd));
	fd = zxp_create_child(slice->fd, SLICE | NO_WRITE, 0, page_size);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(keeps_content(fd));
	fd = zxp_create_child(fd, SLICE, 0, page_size);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(keeps_content(fd));
	fd = zxp_create_child(whole->fd, ZXP_CHILD_REFERENCE | NO_WRITE, 0, 0);
	ASSERT_LE(0, fd);
	fd = zxp_create_child(fd, SLICE, 0, page_size);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(keeps_content(fd));
	fd = zxp_create_child(slice->fd, ZXP_CHILD_REFERENCE | NO_WRITE, 0, 0);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(keeps_content(fd));
	/* One that may be written to is opened for that, too. */
	fd = reopen(slice->fd, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(1, pwrite(fd, "x", 1, 0));
	EXPECT_EQ('x', *whole->map);
	ASSERT_TRUE(variant->copy ? is_clean(vmo) : is_dirty(vmo, DATA(0, 1)));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A sealed VMO has folios of 2 MiB, and its slices are sealed. */
TEST_F(slice, of_a_sealed_vmo)
{
	uint64_t huge = (2 << 20) / page_size, half = huge / 2;
	struct test_vmo *vmo = new_vmo_flags(BYTES(2 * huge), 0, ZXP_CREATE_READ_ONLY);
	int fd = zxp_create_child(vmo->fd, SLICE, 0, BYTES(huge + half));
	uintptr_t align = BYTES(huge);
	char *room, *map;

	ASSERT_LE(0, fd);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2 * huge));
	EXPECT_EQ(-1, pwrite(fd, "x", 1, 0));
	EXPECT_EQ(EPERM, errno);
	test_err_zxp(EPERM, vmo_write, fd, 0, 1, "x");
	test_err_zxp(EPERM, vmo_zero, fd, 0, page_size);
	EXPECT_EQ(-1, fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, 1));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, page_size, PROT_WRITE, MAP_SHARED, fd, 0));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-EACCES, reopen(fd, O_RDWR));

	/* By pages, and the first folio by one entry. */
	room = mmap(NULL, 4 * align, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, room);
	room += align - (uintptr_t)room % align;
	map = mmap(room, BYTES(huge + half), PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
	ASSERT_EQ(room, map);
	EXPECT_TRUE(vmo_matches(vmo, 0, huge + half, map));
	EXPECT_EQ(-1, mprotect(map, BYTES(huge), PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);

	/* The kernel could map the second folio as a whole. So no mapping has room for it. */
	EXPECT_EQ(MAP_FAILED, mmap(room, BYTES(2 * huge), PROT_READ, MAP_SHARED | MAP_FIXED,
				   fd, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, page_size, PROT_READ, MAP_PRIVATE, fd,
				   BYTES(huge + half)));
	EXPECT_EQ(EINVAL, errno);
	map = mmap(room, BYTES(huge + half), PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
	ASSERT_EQ(room, map);
	EXPECT_EQ(MAP_FAILED, mremap(map, BYTES(huge + half), BYTES(2 * huge),
				     MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(MAP_FAILED, mremap(map, 0, BYTES(2 * huge), MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, madvise(map, BYTES(huge), MADV_COLLAPSE));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_TRUE(vmo_matches(vmo, 0, huge + half, map));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A plain VMO's: hints are always fine, and there is nobody to be asked. */
TEST_F(slice, of_a_plain_vmo)
{
	int plain = zxp_create_plain(self->p.fd, BYTES(4)), fd;
	char *map, byte = 0;

	ASSERT_LE(0, plain);
	fd = zxp_create_child(plain, SLICE, page_size, BYTES(2));
	ASSERT_LE(0, fd);
	map = mmap(NULL, BYTES(2), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	map[0] = 'a';
	ASSERT_EQ(1, pwrite(fd, "b", 1, page_size));
	ASSERT_EQ(1, pread(plain, &byte, 1, page_size));
	EXPECT_EQ('a', byte);
	ASSERT_EQ(1, pread(plain, &byte, 1, BYTES(2)));
	EXPECT_EQ('b', byte);
	test_zxp(vmo_op_range, fd, ZXP_VMO_OP_PREFETCH, 0, BYTES(9));
	test_zxp(vmo_zero, fd, 0, page_size);
	EXPECT_EQ(0, map[0]);
	EXPECT_EQ(0, posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED));
	ASSERT_EQ(0, fsync(fd));
	close(plain);
	EXPECT_EQ('b', map[page_size]);
}

/* An unbounded one has it before its stream comes there, and it does not move that. */
TEST_F(slice, of_an_unbounded_vmo)
{
	struct test_vmo *vmo = new_unbounded(page_size, 0), *slice = new_slice(vmo, 1, 2);

	EXPECT_TRUE(vmo_has(slice, 0, 2, ZEROES));
	EXPECT_TRUE(vmo_shows(slice, 0, 2, ZEROES));
	ASSERT_EQ(1, pwrite(slice->fd, "x", 1, 0));
	EXPECT_EQ(page_size, vmo_info(vmo).out_stream_size);
	EXPECT_EQ('x', *slice->map);
	/* And the stream is cut under it. */
	test_zxp(set_stream_size, vmo->fd, 0);
	EXPECT_TRUE(vmo_has(slice, 0, 2, ZEROES));
	EXPECT_TRUE(vmo_shows(slice, 0, 2, ZEROES));
	ASSERT_TRUE(pager_idle(&self->p));
}

static int store_in_child(void *arg)
{
	*(volatile uint64_t *)arg = STORED_WORD;
	return 0;
}

/* A child process stores to the VMO, and is asked for it. */
TEST_F(slice, fork)
{
	struct test_vmo *vmo = new_vmo_options(4, ZXP_VMO_TRAP_DIRTY);
	struct test_vmo *slice = new_slice(vmo, 1, 2);
	pid_t pid;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	pid = child_start(store_in_child, slice->map + page_size);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 2, 1));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 2, 1));
	ASSERT_TRUE(child_wait(pid, 0));
	EXPECT_TRUE(vmo_word_is(vmo, 2, STORED_WORD));
	ASSERT_TRUE(pager_idle(&self->p));
}

static int exec_with_mapping(void *arg)
{
	struct test_vmo *slice = arg;
	char *map = mmap(NULL, page_size, PROT_READ, MAP_SHARED, slice->fd, 0);

	if (map == MAP_FAILED || *map != *slice->map)
		return 1;
	execl("/bin/true", "true", NULL);
	return 2;
}

/* A program that is executed has nothing of it, and what it had is given up. */
TEST_F(any_slice, exec)
{
	struct test_vmo *vmo = new_vmo(2), *whole = new_whole(vmo);
	struct test_vmo *slice = new_slice(whole, 1, 1);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, page_size, PROT_READ | PROT_EXEC, MAP_SHARED,
				   slice->fd, 0));
	EXPECT_EQ(EPERM, errno);
	ASSERT_TRUE(child_wait(child_start(exec_with_mapping, slice), 0));
	vmo_release(slice);
	if (variant->copy)
		vmo_release(whole);
	vmo_release(vmo);
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
}

/* The file of its mappings is no way to the rest of the VMO. */
TEST_F(any_slice, map_files)
{
	struct test_vmo *vmo = new_vmo(3), *slice = new_slice(new_whole(vmo), 1, 1);
	char path[80];

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 3));
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
		 (unsigned long)slice->map, (unsigned long)slice->map + page_size);
	EXPECT_EQ(-1, open(path, O_RDONLY));
	EXPECT_EQ(ENXIO, errno);
	EXPECT_EQ(-1, open(path, O_RDWR));
	EXPECT_EQ(ENXIO, errno);
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
		 (unsigned long)vmo->map, (unsigned long)vmo->map + BYTES(3));
	EXPECT_LE(0, open(path, O_RDONLY));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Nobody answers any more: what is there stays, as in the VMO, or goes. */
TEST_F(slice, detach)
{
	struct test_vmo *vmo = new_vmo(4), *slice = new_slice(vmo, 1, 3);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 2));
	EXPECT_TRUE(vmo_shows(slice, 0, 2, SUPPLIED));
	ASSERT_TRUE(vmo_put(slice, 1, STORED_WORD));
	ASSERT_TRUE(thread_check_vmar(&self->t[0], slice, 2, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 3, 1));
	ASSERT_TRUE(pager_detach(&self->p, vmo));
	ASSERT_TRUE(thread_wait_crash(&self->t[0], slice->map + BYTES(2), SIGBUS));
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	EXPECT_TRUE(vmo_word_is(slice, 1, STORED_WORD));
	EXPECT_TRUE(crashes(slice->map, SIGBUS));
	test_err_zxp(ESTALE, vmo_read, slice->fd, 0, 1, &(char){ 0 });
	EXPECT_EQ(ZXP_VMO_INFO_PAGER_BACKED | ZXP_VMO_INFO_DETACHED,
		  vmo_info(slice).out_flags);
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(any_slice, pager_closed)
{
	struct test_vmo *vmo = new_vmo(3), *slice = new_slice(new_whole(vmo), 1, 2);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_check_vmo(&self->t[0], slice, 1, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 2, 1));
	pager_close(&self->p);
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ESTALE));
	EXPECT_TRUE(vmo_shows(slice, 0, 1, SUPPLIED));
	EXPECT_TRUE(crashes(slice->map + page_size, SIGBUS));
}

TEST_HARNESS_MAIN
