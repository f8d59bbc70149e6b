// SPDX-License-Identifier: GPL-2.0
/*
 * Nobody is held up by who waits for the pager: whatever kind of access waits, all
 * other calls on the same VMO, and the daemon's, go on.  A call that is held up
 * shows as a time-out of its test.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/stat.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define PAGES		16
#define BYTES(pages)	((pages) * page_size)
#define AWAITED		3
#define THERE		8	/* this page and all after it are there */

FIXTURE(others)
{
	struct user_pager p;
	struct test_vmo *vmo;
	struct client *c;
	char *buf;
};

FIXTURE_VARIANT(others)
{
	enum access how;
};

#define KIND(name, acc) \
	FIXTURE_VARIANT_ADD(others, name) { .how = acc }

FOR_EACH_ACCESS(KIND);

FIXTURE_SETUP(others)
{
	ASSERT_TRUE(user_pager_init(&self->p));
	self->vmo = pager_create_vmo_options(&self->p, PAGES, ZXP_VMO_RESIZABLE);
	ASSERT_NE(NULL, self->vmo);
	ASSERT_TRUE(pager_supply(&self->p, self->vmo, THERE, PAGES - THERE));
	self->buf = map_anon(PAGES);
	/* It has mmap_lock to itself, as some kinds cannot let go of it. */
	self->c = client_new(variant->how, self->vmo, AWAITED, 1);
	ASSERT_TRUE(client_fork(self->c));
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 1));
}

FIXTURE_TEARDOWN(others)
{
	/* It has waited through all of that, and is served at last. */
	EXPECT_EQ(1, vmo_info(self->vmo).out_waiting);
	EXPECT_TRUE(pager_wait_read(&self->p, self->vmo, AWAITED, 1));
	EXPECT_TRUE(pager_idle(&self->p));
	EXPECT_TRUE(pager_supply(&self->p, self->vmo, AWAITED, 1));
	EXPECT_TRUE(client_good(self->c));
	user_pager_fini(&self->p);
}

TEST_F(others, files)
{
	struct test_vmo *vmo = self->vmo;
	struct stat st;
	int fd;

	ASSERT_EQ((ssize_t)page_size, pread(vmo->fd, self->buf, page_size,
					    BYTES(THERE)));
	EXPECT_TRUE(vmo_matches(vmo, THERE, 1, self->buf));
	ASSERT_EQ((ssize_t)page_size, pwrite(vmo->fd, self->buf, page_size,
					     BYTES(THERE)));
	test_zxp(vmo_read, vmo->fd, BYTES(THERE), page_size, self->buf);
	test_zxp(vmo_write, vmo->fd, BYTES(THERE), page_size, self->buf);
	test_zxp(vmo_op_range, vmo->fd, ZXP_VMO_OP_COMMIT, BYTES(THERE), page_size);
	test_zxp(vmo_op_range, vmo->fd, ZXP_VMO_OP_DONT_NEED, 0, BYTES(1));
	ASSERT_EQ(0, fstat(vmo->fd, &st));
	ASSERT_EQ(0, fsync(vmo->fd));
	ASSERT_EQ((off_t)BYTES(PAGES), lseek(vmo->fd, 0, SEEK_END));
	ASSERT_EQ(0, posix_fadvise(vmo->fd, BYTES(PAGES - 1), BYTES(1),
				   POSIX_FADV_DONTNEED));
	fd = reopen(vmo->fd, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, close(fd));
	/* Neither an fchmod() nor anything else that locks the inode. */
	ASSERT_EQ(0, fchmod(vmo->fd, 0600));
}

TEST_F(others, mappings)
{
	struct test_vmo *vmo = self->vmo;
	char *map = mmap(NULL, BYTES(PAGES), PROT_READ | PROT_WRITE, MAP_SHARED,
			 vmo->fd, 0);

	ASSERT_NE(MAP_FAILED, map);
	EXPECT_TRUE(vmo_matches(vmo, THERE, 2, map + BYTES(THERE)));
	*(volatile uint64_t *)(map + BYTES(THERE)) = vmo_word(vmo, BYTES(THERE) / 8);
	ASSERT_EQ(0, msync(map, BYTES(PAGES), MS_SYNC));
	ASSERT_EQ(0, mprotect(map, BYTES(2), PROT_READ));
	ASSERT_EQ(0, madvise(map, BYTES(PAGES), MADV_DONTNEED));
	ASSERT_EQ(0, munmap(map, BYTES(PAGES)));
}

TEST_F(others, resizing)
{
	struct test_vmo *vmo = self->vmo;

	ASSERT_EQ(0, ftruncate(vmo->fd, BYTES(PAGES + 4)));
	ASSERT_EQ(0, ftruncate(vmo->fd, BYTES(PAGES - 2)));
	ASSERT_EQ(0, ftruncate(vmo->fd, BYTES(AWAITED + 1)));
	EXPECT_EQ(0, vmo_info(vmo).out_resident);
}

TEST_F(others, reclaim)
{
	sync();
	ASSERT_TRUE(drop_caches(3));
	EXPECT_EQ(0, syncfs(self->vmo->fd));
}

TEST_F(others, daemon)
{
	struct test_vmo *vmo = self->vmo;
	struct zxp_info info;
	int fd;

	test_zxp(get_info, self->p.fd, &info);
	ASSERT_TRUE(pager_supply(&self->p, vmo, AWAITED + 1, 2));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, AWAITED));
	ASSERT_TRUE(pager_fail(&self->p, vmo, AWAITED + 1, 4, EIO));
	fd = zxp_create_port(self->p.fd);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, close(fd));
	fd = zxp_create_vmo(self->p.fd, 0, ZXP_PORT_OWN, 1, BYTES(1));
	ASSERT_LE(0, fd);
	test_zxp(detach_vmo, self->p.fd, fd);
	ASSERT_EQ(0, close(fd));
}

/* Another client of the same VMO, and one of another VMO of the same pager. */
TEST_F(others, clients)
{
	struct test_vmo *second = pager_create_vmo(&self->p, 4);
	struct client *c = client_new(variant->how, self->vmo, AWAITED + 2, 1);
	struct client *d;

	ASSERT_NE(NULL, second);
	d = client_new(variant->how, second, 1, 1);
	ASSERT_TRUE(client_fork(c));
	ASSERT_TRUE(vmo_wait_blocked(self->vmo, 2));
	ASSERT_TRUE(client_fork(d));
	ASSERT_TRUE(pager_wait_read(&self->p, second, 1, 1));
	ASSERT_TRUE(pager_supply(&self->p, second, 1, 1));
	ASSERT_TRUE(client_good(d));
	ASSERT_TRUE(pager_wait_read(&self->p, self->vmo, AWAITED + 2, 1));
	ASSERT_TRUE(pager_supply(&self->p, self->vmo, AWAITED + 2, 1));
	ASSERT_TRUE(client_good(c));
}

TEST_HARNESS_MAIN
