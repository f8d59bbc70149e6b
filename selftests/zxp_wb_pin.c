// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of a VMO that the kernel holds on to while a device fills or reads them. What
 * a device has written is never lost: it is dirtied when the page is looked up, and
 * again when the transfer is over, whatever the pager has done to it in between.
 *
 * The device is a loop over another VMO, so a transfer takes until that one's pages
 * are supplied.
 */
#define _GNU_SOURCE
#include <linux/io_uring.h>
#include <linux/loop.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define BYTES(pages)	((pages) * page_size)
#define PAGES		8

FIXTURE(wb_pin)
{
	struct user_pager p;
	struct test_thread t[2];
	struct test_vmo *vmo;	/* that is read into */
	struct test_vmo *disk;	/* that is read from */
	int control;
	int number;
	int direct;		/* the device over @disk, with O_DIRECT */
};

FIXTURE_VARIANT(wb_pin)
{
	bool trap;
};

FIXTURE_VARIANT_ADD(wb_pin, TrapDirty) { .trap = true };
FIXTURE_VARIANT_ADD(wb_pin, NoTrapDirty) { .trap = false };

/* 0, or a negative errno. */
static int make_loop(int control, int backing, int *number, int *direct)
{
	char path[32];
	int dev, rc = 0;

	*number = ioctl(control, LOOP_CTL_GET_FREE);
	if (*number < 0)
		return -errno;
	/* There is no udev here that would do this. */
	snprintf(path, sizeof(path), "/dev/loop%d", *number);
	dev = open(path, O_RDWR | O_CLOEXEC);
	if (dev < 0)
		return -errno;
	if (ioctl(dev, LOOP_SET_FD, backing))
		rc = -errno;
	*direct = rc ? -1 : open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (!rc && *direct < 0)
		rc = -errno;
	close(dev);
	return rc;
}

FIXTURE_SETUP(wb_pin)
{
	self->control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	if (self->control < 0)
		SKIP(return, "no loop devices here");
	ASSERT_TRUE(user_pager_init(&self->p));
	self->vmo = pager_create_vmo_options(&self->p, PAGES, variant->trap ?
					     ZXP_VMO_TRAP_DIRTY : 0);
	self->disk = pager_create_vmo(&self->p, PAGES);
	ASSERT_NE(NULL, self->vmo);
	ASSERT_NE(NULL, self->disk);
	ASSERT_EQ(0, make_loop(self->control, self->disk->fd, &self->number,
			       &self->direct));
	ASSERT_TRUE(pager_supply(&self->p, self->vmo, 0, PAGES));
}

FIXTURE_TEARDOWN(wb_pin)
{
	if (self->direct >= 0) {
		EXPECT_EQ(0, ioctl(self->direct, LOOP_CLR_FD));
		close(self->direct);
	}
	close(self->control);
	user_pager_fini(&self->p);
}

struct transfer {
	int fd;
	char *buf;
	uint64_t page;		/* of the disk */
	uint64_t nr;
};

static int direct_read(struct test_thread *t)
{
	struct transfer *x = t->arg;
	ssize_t n = pread(x->fd, x->buf, BYTES(x->nr), BYTES(x->page));

	return n == (ssize_t)BYTES(x->nr) ? 0 : n < 0 ? errno : EIO;
}

static int direct_write(struct test_thread *t)
{
	struct transfer *x = t->arg;
	ssize_t n = pwrite(x->fd, x->buf, BYTES(x->nr), BYTES(x->page));

	return n == (ssize_t)BYTES(x->nr) ? 0 : n < 0 ? errno : EIO;
}

#define grant_pages(page, nr) do {					\
	for (uint64_t __i = 0; variant->trap && __i < (nr); __i++) {	\
		ASSERT_TRUE(pager_wait_dirty(&self->p, self->vmo,	\
					     (page) + __i, 1));		\
		ASSERT_TRUE(pager_dirty(&self->p, self->vmo,		\
					(page) + __i, 1));		\
	}								\
} while (0)

/* The pages of the VMO are given to the device, which waits for the disk's. */
#define start_read(x) do {						\
	self->t[0].arg = (x);						\
	ASSERT_TRUE(thread_start(&self->t[0], direct_read));		\
	grant_pages(((x)->buf - self->vmo->map) / page_size, (x)->nr);	\
	ASSERT_TRUE(vmo_wait_blocked(self->disk, 1));			\
} while (0)

#define finish_read(x) do {						\
	ASSERT_TRUE(pager_supply(&self->p, self->disk, 0, PAGES));	\
	ASSERT_TRUE(thread_wait(&self->t[0]));				\
	EXPECT_TRUE(content_is(self->disk, (x)->page, (x)->nr,		\
			       SUPPLIED, (x)->buf));			\
} while (0)

TEST_F(wb_pin, direct_read)
{
	struct transfer x = { self->direct, self->vmo->map + BYTES(2), 4, 2 };

	start_read(&x);
	/* Dirty from the fault on, so before the device has even begun. */
	EXPECT_TRUE(is_dirty(self->vmo, DATA(2, 2)));
	finish_read(&x);
	EXPECT_TRUE(is_dirty(self->vmo, DATA(2, 2)));
	EXPECT_TRUE(vmo_has(self->vmo, 4, 4, SUPPLIED));
}

/* A whole writeback while the device still writes: what it writes is dirty. */
TEST_F(wb_pin, written_back_meanwhile)
{
	struct transfer x = { self->direct, self->vmo->map + BYTES(2), 4, 2 };

	start_read(&x);
	ASSERT_TRUE(pager_writeback_begin(&self->p, self->vmo, 0, PAGES));
	ASSERT_TRUE(pager_writeback_end(&self->p, self->vmo, 0, PAGES));
	/* Whether it is clean now depends on how this kernel holds such pages. */
	ASSERT_TRUE(drop_caches(1));
	finish_read(&x);
	EXPECT_TRUE(is_dirty(self->vmo, DATA(2, 2)));
	ASSERT_EQ(0, munmap(self->vmo->map, BYTES(PAGES)));
	self->vmo->map = NULL;
	ASSERT_TRUE(drop_caches(1));
	EXPECT_EQ(0, posix_fadvise(self->vmo->fd, 0, 0, POSIX_FADV_DONTNEED));
	EXPECT_EQ(BYTES(2), vmo_info(self->vmo).out_resident);
	EXPECT_TRUE(is_dirty(self->vmo, DATA(2, 2)));
}

/*
 * Where such a page was clean for a while, a writer may wait for permission when the
 * device dirties it. It has no need to any more, whatever the pager says then.
 */
TEST_F(wb_pin, writer_waits_meanwhile)
{
	struct transfer x = { self->direct, self->vmo->map + BYTES(2), 4, 2 };
	bool waits;

	start_read(&x);
	ASSERT_TRUE(pager_writeback_begin(&self->p, self->vmo, 0, PAGES));
	ASSERT_TRUE(pager_writeback_end(&self->p, self->vmo, 0, PAGES));
	waits = variant->trap && !vmo_info(self->vmo).out_dirty_bytes;
	ASSERT_TRUE(thread_write_vmo(&self->t[1], self->vmo, 2, 2));
	if (waits)
		ASSERT_TRUE(pager_wait_dirty(&self->p, self->vmo, 2, 2));
	ASSERT_TRUE(pager_supply(&self->p, self->disk, 0, PAGES));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	EXPECT_TRUE(is_dirty(self->vmo, DATA(2, 2)));
}

/* Only BEGIN is before the end of the transfer. */
TEST_F(wb_pin, ends_before_end)
{
	struct transfer x = { self->direct, self->vmo->map + BYTES(2), 4, 1 };

	start_read(&x);
	ASSERT_TRUE(pager_writeback_begin(&self->p, self->vmo, 0, PAGES));
	finish_read(&x);
	ASSERT_TRUE(pager_writeback_end(&self->p, self->vmo, 0, PAGES));
	EXPECT_TRUE(is_dirty(self->vmo, DATA(2, 1)));
	/* And now nobody holds it: a writeback cleans it. */
	ASSERT_TRUE(pager_writeback_begin(&self->p, self->vmo, 0, PAGES));
	ASSERT_TRUE(pager_writeback_end(&self->p, self->vmo, 0, PAGES));
	EXPECT_TRUE(is_clean(self->vmo));
}

/* Even the mapping is gone when the device is ready. */
TEST_F(wb_pin, unmapped_meanwhile)
{
	struct transfer x = { self->direct, self->vmo->map + BYTES(2), 4, 1 };

	start_read(&x);
	ASSERT_EQ(0, munmap(self->vmo->map, BYTES(PAGES)));
	self->vmo->map = NULL;
	ASSERT_TRUE(pager_writeback_begin(&self->p, self->vmo, 0, PAGES));
	ASSERT_TRUE(pager_writeback_end(&self->p, self->vmo, 0, PAGES));
	ASSERT_TRUE(pager_supply(&self->p, self->disk, 0, PAGES));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(is_dirty(self->vmo, DATA(2, 1)));
	ASSERT_TRUE(drain_lru());
	EXPECT_EQ(0, posix_fadvise(self->vmo->fd, 0, 0, POSIX_FADV_DONTNEED));
	EXPECT_EQ(BYTES(1), vmo_info(self->vmo).out_resident);
}

/* The VMO is detached: what the device writes there is kept, and reported. */
TEST_F(wb_pin, detached_meanwhile)
{
	struct transfer x = { self->direct, self->vmo->map + BYTES(2), 4, 1 };
	uint64_t word;

	start_read(&x);
	ASSERT_TRUE(pager_detach(&self->p, self->vmo));
	ASSERT_TRUE(pager_supply(&self->p, self->disk, 0, PAGES));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(is_dirty(self->vmo, DATA(2, 1)));
	ASSERT_EQ(8, pread(self->vmo->fd, &word, 8, BYTES(2)));
	EXPECT_EQ(vmo_word(self->disk, BYTES(4) / 8), word);
}

/* A device that only reads a dirty page is no reason to keep it dirty. */
TEST_F(wb_pin, direct_write)
{
	struct transfer x = { self->direct, self->vmo->map + BYTES(1), 3, 1 };

	ASSERT_TRUE(thread_write_bytes(&self->t[1], self->vmo, BYTES(1), 8));
	grant_pages(1, 1);
	ASSERT_TRUE(thread_wait(&self->t[1]));
	self->t[0].arg = &x;
	ASSERT_TRUE(thread_start(&self->t[0], direct_write));
	ASSERT_TRUE(pager_wait_read(&self->p, self->disk, 3, 1));
	ASSERT_TRUE(pager_supply(&self->p, self->disk, 0, PAGES));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(0, memcmp(self->disk->map + BYTES(3), x.buf, BYTES(1)));
	EXPECT_TRUE(is_dirty(self->disk, DATA(3, 1)));
	ASSERT_TRUE(pager_writeback_begin(&self->p, self->vmo, 0, PAGES));
	ASSERT_TRUE(pager_writeback_end(&self->p, self->vmo, 0, PAGES));
	EXPECT_TRUE(is_clean(self->vmo));
}

/* Pages in a pipe: read through it later, they are as the VMO is. */
TEST_F(wb_pin, vmsplice)
{
	struct iovec iov = { self->vmo->map, BYTES(2) };
	char *buf = map_anon(2);
	int fds[2];

	ASSERT_EQ(0, pipe(fds));
	ASSERT_TRUE(thread_write_vmo(&self->t[0], self->vmo, 0, 2));
	if (variant->trap) {
		ASSERT_TRUE(pager_wait_dirty(&self->p, self->vmo, 0, 2));
		ASSERT_TRUE(pager_dirty(&self->p, self->vmo, 0, 2));
	}
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_EQ((ssize_t)BYTES(2), vmsplice(fds[1], &iov, 1, 0));
	ASSERT_TRUE(pager_writeback_begin(&self->p, self->vmo, 0, PAGES));
	ASSERT_TRUE(pager_writeback_end(&self->p, self->vmo, 0, PAGES));
	EXPECT_TRUE(is_clean(self->vmo));
	ASSERT_EQ((ssize_t)BYTES(2), read(fds[0], buf, BYTES(2)));
	EXPECT_TRUE(content_is(self->vmo, 0, 2, WRITTEN, buf));
	EXPECT_TRUE(pager_idle(&self->p));
	close(fds[0]);
	close(fds[1]);
}

/*
 * Buffers of an io_uring are pins without an end. The kernel refuses them for file
 * pages of this kind, or else they are pins as Zircon knows them: dirty for good.
 */
TEST_F(wb_pin, registered_buffer)
{
	struct iovec iov = { self->vmo->map, BYTES(1) };
	struct io_uring_params params = { 0 };
	int ring = syscall(SYS_io_uring_setup, 4, &params), rc;
	struct server s;

	if (ring < 0 && (errno == ENOSYS || errno == EPERM))
		SKIP(return, "no io_uring here");
	ASSERT_LE(0, ring);
	ASSERT_TRUE(server_start(&s, &self->p));
	rc = syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, &iov, 1);
	rc = rc ? errno : 0;
	ASSERT_TRUE(server_end(&s));
	TH_LOG("%s", rc ? strerror(rc) : "registered");
	ASSERT_TRUE(!rc || rc == EOPNOTSUPP || rc == EFAULT);
	ASSERT_TRUE(pager_writeback_begin(&self->p, self->vmo, 0, PAGES));
	ASSERT_TRUE(pager_writeback_end(&self->p, self->vmo, 0, PAGES));
	if (rc) {
		EXPECT_TRUE(is_clean(self->vmo));
	} else {
		EXPECT_TRUE(is_dirty(self->vmo, DATA(0, 1)));
	}
	close(ring);
	EXPECT_TRUE(vmo_has(self->vmo, 0, PAGES, SUPPLIED));
}

TEST_HARNESS_MAIN
