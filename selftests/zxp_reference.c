// SPDX-License-Identifier: GPL-2.0
/*
 * References: other descriptors of all of a VMO, a copy or a slice, which may have less of a say than the first
 * one, also when they are opened anew.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define REFERENCE	ZXP_CHILD_REFERENCE
#define RESIZABLE	ZXP_CHILD_RESIZABLE
#define NO_WRITE	ZXP_CHILD_NO_WRITE

PAGER_FIXTURE(reference);

/* It asks for what is missing in the VMO's name, and what it stores is the VMO's. */
TEST_F(reference, is_the_vmo)
{
	struct test_vmo *vmo = new_vmo_options(4, ZXP_VMO_TRAP_DIRTY);
	struct test_vmo *reference = new_reference(vmo, 0);
	struct stat a, b;

	ASSERT_EQ(0, fstat(vmo->fd, &a));
	ASSERT_EQ(0, fstat(reference->fd, &b));
	EXPECT_TRUE(a.st_dev == b.st_dev && a.st_ino == b.st_ino);
	ASSERT_TRUE(thread_check_vmar(&self->t[0], reference, 1, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_write_vmo(&self->t[0], reference, 1, 2));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 1, 2));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 1, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(1, 2)));
	EXPECT_TRUE(vmo_shows(vmo, 1, 2, WRITTEN));
	ASSERT_TRUE(vmo_zero(reference, 3, 1));
	ASSERT_TRUE(is_dirty(vmo, DATA(1, 2), ZERO(3, 1)));
	EXPECT_TRUE(vmo_shows(reference, 3, 1, ZEROES));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The VMO is there as long as a reference is, or what is mapped of one. */
TEST_F(reference, outlives_the_first)
{
	struct test_vmo *vmo = new_vmo(2), *reference = new_reference(vmo, 0);
	uint64_t *words = (uint64_t *)reference->map;

	vmo_release(vmo);
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(thread_check_vmo(&self->t[0], reference, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	/* Nobody has a descriptor for which the pager would be let in. */
	pager_close(&self->p);
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ESTALE));
	EXPECT_TRUE(crashes(words, SIGBUS));
}

TEST_F(reference, is_not_for_the_pager)
{
	struct test_vmo *vmo = new_vmo_options(2, ZXP_VMO_TRAP_DIRTY);
	int fd = new_reference(vmo, 0)->fd, anew = reopen(fd, O_RDWR), pager = self->p.fd;
	struct zxp_dirty_range range;
	struct zxp_query_vmo_key key = { .size = sizeof(key) };
	uint32_t modified;

	ASSERT_LE(0, anew);
	for (int i = 0; i < 2; i++, fd = anew) {
		test_err_zxp(EINVAL, detach_vmo, pager, fd);
		for (uint32_t op = ZXP_PAGER_OP_FAIL; op <= ZXP_PAGER_OP_SYNC_END; op++)
			test_err_zxp(EINVAL, op_range, pager, op, fd, 0, page_size,
				     op == ZXP_PAGER_OP_FAIL ? EIO : 0);
		test_err_zxp(EINVAL, query_dirty_ranges, pager, fd, 0, page_size, &range, 1,
			     NULL, NULL);
		test_err_zxp(EINVAL, query_vmo_stats, pager, fd, 0, &modified);
		test_err_zxp(EINVAL, supply_pages, pager, fd, 0, page_size, vmo->map);
		key.vmo_fd = fd;
		EXPECT_EQ(-EINVAL, zxp_ioctl(pager, ZXP_IOC_QUERY_VMO_KEY, &key));
	}
	close(anew);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* But it lends its pages to a supply, as a plain VMO does by any other descriptor. */
TEST_F(reference, is_a_source)
{
	struct test_vmo *vmo = new_vmo(1);
	int plain = zxp_create_plain(self->p.fd, page_size);
	int reference = zxp_create_child(plain, ZXP_CHILD_REFERENCE, 0, 0);
	char word[2];

	ASSERT_LE(0, reference);
	ASSERT_EQ(2, pwrite(plain, "ab", 2, 0));
	test_zxp(supply_aux, self->p.fd, vmo->fd, 0, page_size, reference, 0);
	ASSERT_EQ(2, pread(vmo->fd, word, 2, 0));
	EXPECT_EQ(0, memcmp(word, "ab", 2));
	ASSERT_EQ(1, pread(plain, word, 1, 0));
	EXPECT_EQ(0, word[0]);
	close(reference);
	close(plain);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* It is of all of the VMO, resizable only if what it is made of is. */
TEST_F(reference, options)
{
	int fixed = new_vmo(2)->fd, fd = new_vmo_options(2, ZXP_VMO_RESIZABLE)->fd;
	int unbounded = new_unbounded(page_size, 0)->fd, plain;
	char byte = 0;
	static const uint32_t others[] = {
		ZXP_CHILD_SLICE, AT_LEAST, MODIFIED, ZXP_CHILD_SNAPSHOT, 1 << 20,
	};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		EXPECT_EQ(-EINVAL, zxp_create_child(fd, REFERENCE | others[i], 0, 0));
	EXPECT_EQ(-EINVAL, zxp_create_child(fd, REFERENCE, page_size, 0));
	EXPECT_EQ(-EINVAL, zxp_create_child(fd, REFERENCE, 0, page_size));
	EXPECT_EQ(-EACCES, zxp_create_child(fixed, REFERENCE | RESIZABLE, 0, 0));
	EXPECT_EQ(-EACCES, zxp_create_child(unbounded, REFERENCE | RESIZABLE, 0, 0));
	EXPECT_EQ(-EACCES, zxp_create_child(reopen(fd, O_WRONLY), REFERENCE, 0, 0));

	fd = zxp_create_child(fd, REFERENCE, 0, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EACCES, zxp_create_child(fd, REFERENCE | RESIZABLE, 0, 0));
	fd = zxp_create_child(reopen(fd, O_RDWR), REFERENCE, 0, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EACCES, zxp_create_child(fd, REFERENCE | RESIZABLE, 0, 0));

	plain = zxp_create_plain(self->p.fd, page_size);
	ASSERT_LE(0, plain);
	fd = zxp_create_child(plain, REFERENCE, 0, 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(1, pwrite(fd, "x", 1, 0));
	ASSERT_EQ(1, pread(plain, &byte, 1, 0));
	EXPECT_EQ('x', byte);
}

/* One that is not resizable writes to what there is, and makes it no larger. */
static bool keeps_size(struct test_vmo *vmo, int fd)
{
	off_t end = vmo->pages * page_size;
	struct stat st;

	if (ftruncate(fd, 0) != -1 || errno != EPERM ||
	    ftruncate(fd, end + page_size) != -1 || errno != EPERM)
		return diag("ftruncate: %m"), false;
	if (pwrite(fd, "x", 1, end) != -1 || errno != ENOSPC ||
	    pwrite(fd, "xy", 2, end - 1) != 1)
		return diag("write at the end: %m"), false;
	if (fallocate(fd, FALLOC_FL_ZERO_RANGE, end - 1, 2) != -1 || errno != ENOSPC)
		return diag("fallocate: %m"), false;
	if (fstat(fd, &st) || st.st_size != end)
		return diag("its size is %lld", (long long)st.st_size), false;
	return true;
}

TEST_F(reference, size)
{
	struct test_vmo *vmo = new_vmo_options(2, ZXP_VMO_RESIZABLE);
	int fixed = new_reference(vmo, 0)->fd, free = new_reference(vmo, RESIZABLE)->fd;
	struct zxp_vmo_info info;
	int anew = reopen(fixed, O_RDWR);
	char path[32];

	ASSERT_LE(0, anew);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	EXPECT_TRUE(keeps_size(vmo, fixed));
	EXPECT_TRUE(keeps_size(vmo, anew));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fixed);
	EXPECT_EQ(-1, truncate(path, page_size));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-EPERM, reopen(fixed, O_RDWR | O_TRUNC));
	test_zxp(vmo_get_info, anew, &info);
	EXPECT_EQ(0, info.out_options);

	/* What the others do is seen, and what was cut off is an end for all. */
	test_zxp(vmo_get_info, free, &info);
	EXPECT_EQ(ZXP_VMO_RESIZABLE, info.out_options);
	free = reopen(free, O_RDWR);
	ASSERT_LE(0, free);
	ASSERT_EQ(0, ftruncate(free, page_size));
	vmo->pages = 1;
	EXPECT_TRUE(keeps_size(vmo, anew));
	ASSERT_EQ(0, ftruncate(vmo->fd, 3 * page_size));
	vmo->pages = 3;
	EXPECT_TRUE(keeps_size(vmo, fixed));
	ASSERT_EQ(1, pwrite(free, "x", 1, 3 * page_size));
	EXPECT_EQ(4 * page_size, vmo_info(vmo).out_vmo_size);
	close(free);
	close(anew);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The stream size belongs to who may write, as always. */
TEST_F(reference, stream_size)
{
	struct test_vmo *vmo = new_unbounded(page_size, 0);
	int fd = new_reference(vmo, 0)->fd;

	ASSERT_EQ(0, ftruncate(fd, 0));
	ASSERT_EQ(2, pwrite(fd, "xy", 2, 0));
	EXPECT_EQ(2, vmo_info(vmo).out_stream_size);
	test_zxp(set_stream_size, fd, 1);
	EXPECT_EQ(1, vmo_info(vmo).out_stream_size);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* It cannot be written to, or opened for that, and what is made of it neither. */
static bool keeps_content(int fd)
{
	char path[32];
	int anew;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if ((fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY ||
	    pwrite(fd, "x", 1, 0) != -1 || errno != EBADF ||
	    zxp_vmo_write(fd, 0, 1, "x") != -EACCES)
		return diag("write: %m"), false;
	if (mmap(NULL, page_size, PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED ||
	    errno != EACCES)
		return diag("mmap: %m"), false;
	if (reopen(fd, O_RDWR) != -EACCES || reopen(fd, O_WRONLY) != -EACCES ||
	    reopen(fd, O_RDONLY | O_TRUNC) != -EACCES)
		return diag("it opens"), false;
	if (truncate(path, 0) != -1 || errno != EACCES)
		return diag("truncate: %m"), false;
	anew = reopen(fd, O_RDONLY);
	if (anew < 0 || reopen(anew, O_RDWR) != -EACCES)
		return diag("it does not open"), false;
	close(anew);
	return true;
}

TEST_F(reference, access_mode)
{
	struct test_vmo *vmo = new_vmo_options(2, ZXP_VMO_RESIZABLE);
	int read_only = reopen(vmo->fd, O_RDONLY), fd;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	fd = zxp_create_child(read_only, REFERENCE | RESIZABLE, 0, 0);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(keeps_content(fd));
	fd = zxp_create_child(vmo->fd, REFERENCE | NO_WRITE | RESIZABLE, 0, 0);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(keeps_content(fd));
	fd = zxp_create_child(reopen(fd, O_RDONLY), REFERENCE | RESIZABLE, 0, 0);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(keeps_content(fd));
	/* But the VMO itself is as before. */
	EXPECT_EQ(1, pwrite(reopen(read_only, O_RDWR), "x", 1, 0));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* What is sealed is so by each of them. */
TEST_F(reference, of_a_sealed_vmo)
{
	struct test_vmo *vmo = new_vmo_flags(2 * page_size, 0, ZXP_CREATE_READ_ONLY);
	int fd = zxp_create_child(vmo->fd, REFERENCE, 0, 0);

	ASSERT_LE(0, fd);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	EXPECT_EQ(-1, pwrite(fd, "x", 1, 0));
	EXPECT_EQ(EPERM, errno);
	test_err_zxp(EPERM, vmo_write, fd, 0, 1, "x");
	EXPECT_EQ(MAP_FAILED, mmap(NULL, page_size, PROT_WRITE, MAP_SHARED, fd, 0));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-EACCES, reopen(fd, O_RDWR));
	EXPECT_TRUE(vmo_has(vmo, 0, 2, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A clone has them, too, with its own pages and its size. */
TEST_F(reference, of_a_clone)
{
	struct test_vmo *vmo = new_vmo(2), *clone = new_clone(vmo);
	struct test_vmo *fixed = new_reference(clone, 0), *free;
	struct test_vmo *unwritable = new_reference(clone, NO_WRITE);

	free = new_reference(clone, RESIZABLE);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(vmo_put(fixed, 0, STORED_WORD));
	EXPECT_TRUE(vmo_word_is(clone, 0, STORED_WORD));
	EXPECT_TRUE(vmo_word_is(unwritable, 0, STORED_WORD));
	EXPECT_TRUE(vmo_has(vmo, 0, 2, SUPPLIED));
	EXPECT_EQ(1, child_own_pages(unwritable));
	EXPECT_TRUE(keeps_content(unwritable->fd));
	EXPECT_EQ(-1, ftruncate(fixed->fd, 0));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-EACCES, zxp_create_child(fixed->fd, REFERENCE | RESIZABLE, 0, 0));

	/* And as long as one of them is there so is the clone. */
	vmo_release(clone);
	vmo_release(fixed);
	ASSERT_TRUE(vmo_resize(free, 1));
	EXPECT_EQ(page_size, vmo_info(unwritable).out_vmo_size);
	EXPECT_TRUE(vmo_word_is(free, 0, STORED_WORD));
	vmo_release(free);
	vmo_release(unwritable);
	vmo_release(vmo);
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
}

PAGER_DATA(to_slice);
FIXTURE_VARIANT(to_slice)
{
	bool copy;
};
FIXTURE_VARIANT_ADD(to_slice, Vmo)
{
	.copy = false,
};
FIXTURE_VARIANT_ADD(to_slice, Copy)
{
	.copy = true,
};

/* So has a slice, whatever it is a part of. */
TEST_F(to_slice, all)
{
	struct test_vmo *vmo = new_vmo(4), *slice, *reference, *unwritable;
	struct test_vmo *whole = variant->copy ? new_child(vmo, MODIFIED, 0, 4) : vmo;
	struct stat a, b;
	uint64_t word;
	char *map;
	int fd;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	slice = new_slice(whole, 1, 2);
	reference = new_reference(slice, 0);
	unwritable = new_reference(reference, NO_WRITE);
	ASSERT_EQ(0, fstat(slice->fd, &a));
	ASSERT_EQ(0, fstat(unwritable->fd, &b));
	EXPECT_TRUE(a.st_dev == b.st_dev && a.st_ino == b.st_ino);
	ASSERT_TRUE(vmo_put(reference, 1, STORED_WORD));
	EXPECT_TRUE(vmo_word_is(slice, 1, STORED_WORD));
	EXPECT_TRUE(vmo_word_is(whole, 2, STORED_WORD));
	EXPECT_TRUE(vmo_word_is(unwritable, 1, STORED_WORD));
	EXPECT_TRUE(keeps_content(unwritable->fd));
	EXPECT_TRUE(keeps_size(reference, reference->fd));
	EXPECT_EQ('x', whole->map[3 * page_size - 1]);
	EXPECT_EQ(-EACCES, zxp_create_child(slice->fd, REFERENCE | RESIZABLE, 0, 0));
	EXPECT_EQ(-EINVAL, zxp_create_child(slice->fd, REFERENCE, 0, page_size));
	fd = reopen(slice->fd, O_WRONLY);
	EXPECT_EQ(-EACCES, zxp_create_child(fd, REFERENCE, 0, 0));
	close(fd);
	test_err_zxp(EINVAL, detach_vmo, self->p.fd, reference->fd);

	map = mmap(NULL, 3 * page_size, PROT_READ, MAP_SHARED, reference->fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_TRUE(crashes(map + 2 * page_size, SIGBUS));
	ASSERT_EQ(0, munmap(map, 3 * page_size));

	/* What is made of it is a part of the same, and has no more rights. */
	vmo_release(slice);
	fd = zxp_create_child(unwritable->fd, ZXP_CHILD_SLICE, page_size, page_size);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(keeps_content(fd));
	ASSERT_TRUE(vmo_put(reference, 1, 1));
	ASSERT_EQ(8, pread(fd, &word, 8, 0));
	EXPECT_EQ(1, word);
	close(fd);

	ASSERT_TRUE(variant->copy ? is_clean(vmo) : is_dirty(vmo, DATA(2, 1)));
	EXPECT_TRUE(vmo_has(vmo, 3, 1, SUPPLIED));
	if (variant->copy)
		vmo_release(whole);
	vmo_release(vmo);
	vmo_release(reference);
	ASSERT_TRUE(pager_idle(&self->p));
	vmo_release(unwritable);
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
}

TEST_HARNESS_MAIN
