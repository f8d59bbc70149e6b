// SPDX-License-Identifier: GPL-2.0
/*
 * Kinds of mappings and of descriptors of a VMO, and what the memory calls of Linux
 * say about one.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/fixture.h"

PAGER_FIXTURE(map);

#define word_at(map, page)	(*(volatile uint64_t *)((map) + (page) * page_size))

static char *map_again(struct test_vmo *vmo, int prot, int flags)
{
	return mmap(NULL, vmo->pages * page_size, prot, flags, vmo->fd, 0);
}

TEST_F(map, shared_is_one_copy)
{
	struct test_vmo *vmo = new_vmo(4);
	char *again = map_again(vmo, PROT_READ | PROT_WRITE, MAP_SHARED);
	char *upper = mmap(NULL, 2 * page_size, PROT_READ, MAP_SHARED, vmo->fd,
			   2 * page_size);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	word_at(vmo->map, 2) = 1234;
	EXPECT_EQ(1234, word_at(again, 2));
	EXPECT_EQ(1234, word_at(upper, 0));
	word_at(again, 3) = 4321;
	EXPECT_EQ(4321, word_at(vmo->map, 3));
	EXPECT_EQ(4321, word_at(upper, 1));
	EXPECT_EQ(4 * page_size, vmo_info(vmo).out_resident);
}

TEST_F(map, private_write)
{
	struct test_vmo *vmo = new_vmo(4);
	char *priv = map_again(vmo, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	char *priv2 = map_again(vmo, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	char buf[8];

	ASSERT_NE(MAP_FAILED, priv);
	/* A whole word or not, the page is needed first. */
	ASSERT_TRUE(thread_store(&self->t[0], priv + page_size));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(STORED_WORD, word_at(priv, 1));
	/* The rest of that page is the VMO's, and nobody else sees the store. */
	EXPECT_EQ(vmo_word(vmo, page_size / 8 + 1),
		  *(uint64_t *)(priv + page_size + 8));
	EXPECT_TRUE(vmo_matches(vmo, 1, 1, vmo->map + page_size));
	EXPECT_TRUE(vmo_matches(vmo, 1, 1, priv2 + page_size));
	ASSERT_EQ(8, pread(vmo->fd, buf, 8, page_size));
	EXPECT_TRUE(vmo_bytes_match(vmo, page_size, buf, 8));
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_F(map, private_read_then_write)
{
	struct test_vmo *vmo = new_vmo(2);
	char *priv = map_again(vmo, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	EXPECT_EQ(vmo_word(vmo, 0), word_at(priv, 0));
	word_at(priv, 0) = 5;
	word_at(vmo->map, 0) = 6;
	EXPECT_EQ(5, word_at(priv, 0));
	/* A page that was not copied yet follows the VMO. */
	word_at(vmo->map, 1) = 7;
	EXPECT_EQ(7, word_at(priv, 1));
}

TEST_F(map, private_copy_survives_detach)
{
	struct test_vmo *vmo = new_vmo(3);
	char *priv = map_again(vmo, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	word_at(priv, 0) = 5;
	EXPECT_EQ(vmo_word(vmo, page_size / 8), word_at(priv, 1));
	ASSERT_TRUE(pager_detach(&self->p, vmo));
	EXPECT_EQ(5, word_at(priv, 0));
	EXPECT_EQ(vmo_word(vmo, 1), *(uint64_t *)(priv + 8));
	EXPECT_TRUE(crashes(priv + page_size, SIGBUS));
	EXPECT_TRUE(crashes(priv + 2 * page_size, SIGBUS));
	EXPECT_TRUE(crashes(vmo->map, SIGBUS));
}

TEST_F(map, private_copies_are_forked)
{
	struct test_vmo *vmo = new_vmo(3);
	char *priv = map_again(vmo, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	struct client *c = client_new(ACC_LOAD, vmo, 0, 1);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	word_at(priv, 0) = 5;
	c->map = priv;
	ASSERT_TRUE(client_fork(c));
	ASSERT_TRUE(client_end(c));
	EXPECT_EQ(8, c->ret);
	EXPECT_EQ(5, *(uint64_t *)c->buf);
	/* The child's faults are served as the parent's are. */
	c = client_new(ACC_LOAD, vmo, 2, 1);
	c->map = priv;
	ASSERT_TRUE(client_fork(c));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 2, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 1));
	ASSERT_TRUE(client_good(c));
}

TEST_F(map, dontneed_keeps_pages)
{
	struct test_vmo *vmo = new_vmo(4);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	word_at(vmo->map, 2) = 99;
	EXPECT_TRUE(vmo_matches(vmo, 0, 2, vmo->map));
	ASSERT_EQ(0, madvise(vmo->map, 4 * page_size, MADV_DONTNEED));
	EXPECT_TRUE(vmo_matches(vmo, 0, 2, vmo->map));
	EXPECT_EQ(99, word_at(vmo->map, 2));
	EXPECT_TRUE(pager_idle(&self->p));
	EXPECT_EQ(4 * page_size, vmo_info(vmo).out_resident);
}

TEST_F(map, madvise)
{
	struct test_vmo *vmo = new_vmo(4);
	size_t len = 4 * page_size;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	/* Mere hints neither fail nor ask for anything by themselves. */
	EXPECT_EQ(0, madvise(vmo->map, len, MADV_RANDOM));
	EXPECT_EQ(0, madvise(vmo->map, len, MADV_SEQUENTIAL));
	EXPECT_EQ(0, madvise(vmo->map, len, MADV_NORMAL));
	EXPECT_EQ(0, madvise(vmo->map, 2 * page_size, MADV_COLD));
	EXPECT_TRUE(vmo_matches(vmo, 0, 2, vmo->map));
	EXPECT_EQ(0, vmo_info(vmo).out_read_packets);
	EXPECT_TRUE(pager_idle(&self->p));
}

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE	23
#endif

TEST_F(map, populate)
{
	struct test_vmo *vmo = new_vmo(16);
	unsigned char vec[16];
	struct server s;
	char *map;

	ASSERT_TRUE(server_start(&s, &self->p));
	map = map_again(vmo, PROT_READ, MAP_SHARED | MAP_POPULATE);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(16 * page_size, vmo_info(vmo).out_resident);
	ASSERT_EQ(0, mincore(map, 16 * page_size, vec));
	for (int i = 0; i < 16; i++) {
		EXPECT_TRUE(vec[i] & 1);
	}
	EXPECT_EQ(0, madvise(vmo->map, 16 * page_size, MADV_POPULATE_WRITE));
	EXPECT_TRUE(server_end(&s));
	EXPECT_EQ(16, s.pages);
	EXPECT_TRUE(vmo_matches(vmo, 0, 16, map));
}

static int map_populated(struct test_thread *t)
{
	struct test_vmo *vmo = t->vmo;

	t->arg = map_again(vmo, PROT_READ, MAP_SHARED | MAP_POPULATE);
	return t->arg == MAP_FAILED ? errno : 0;
}

/* What cannot be had is left out without a word, and does not hold it up. */
TEST_F(map, populate_fails)
{
	struct test_vmo *vmo = new_vmo(4);
	struct test_thread *t = &self->t[0];
	int64_t end = now_ms() + FAILURE_MS;
	uint64_t page, nr;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	t->vmo = vmo;
	ASSERT_TRUE(thread_start(t, map_populated));
	while (now_ms() < end && pthread_tryjoin_np(t->thread, NULL)) {
		if (pager_get_read(&self->p, vmo, &page, &nr))
			pager_fail(&self->p, vmo, page, nr, EIO);
		else
			nap();
	}
	ASSERT_GT(end, now_ms());
	EXPECT_NE(MAP_FAILED, t->arg);
	EXPECT_TRUE(vmo_matches(vmo, 0, 1, t->arg));
	EXPECT_EQ(page_size, vmo_info(vmo).out_resident);
}

TEST_F(map, mincore)
{
	struct test_vmo *vmo = new_vmo(4);
	unsigned char vec[4];

	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 2));
	ASSERT_EQ(0, mincore(vmo->map, 4 * page_size, vec));
	EXPECT_EQ(0, vec[0] & 1);
	EXPECT_EQ(1, vec[1] & 1);
	EXPECT_EQ(1, vec[2] & 1);
	EXPECT_EQ(0, vec[3] & 1);
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_F(map, mlock)
{
	struct test_vmo *vmo = new_vmo(4);
	struct client *c = client_new(ACC_MLOCK, vmo, 0, 4);
	struct server s;

	ASSERT_TRUE(server_start(&s, &self->p));
	client_run(c);
	ASSERT_TRUE(client_good(c));
	EXPECT_TRUE(server_end(&s));
	EXPECT_EQ(4 * page_size, vmo_info(vmo).out_resident);
	/* Locked pages stay, whatever is said about them. */
	EXPECT_EQ(0, zxp_vmo_op_range(vmo->fd, ZXP_VMO_OP_DONT_NEED, 0,
				      4 * page_size));
	ASSERT_TRUE(drop_caches(1));
	EXPECT_TRUE(vmo_matches(vmo, 0, 4, vmo->map));
	EXPECT_EQ(4, vmo_info(vmo).out_read_packets);
	EXPECT_EQ(0, munlock(vmo->map, 4 * page_size));
}

/* Nobody waits for the daemon here: what is dirty stays so. */
TEST_F(map, sync)
{
	struct test_vmo *vmo = new_vmo(4);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	word_at(vmo->map, 1) = 8;
	EXPECT_EQ(0, msync(vmo->map, 4 * page_size, MS_SYNC));
	EXPECT_EQ(0, msync(vmo->map, 4 * page_size, MS_ASYNC));
	EXPECT_EQ(0, msync(vmo->map, 4 * page_size, MS_SYNC | MS_INVALIDATE));
	EXPECT_EQ(0, fsync(vmo->fd));
	EXPECT_EQ(0, fdatasync(vmo->fd));
	EXPECT_EQ(0, sync_file_range(vmo->fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE |
				     SYNC_FILE_RANGE_WRITE |
				     SYNC_FILE_RANGE_WAIT_AFTER));
	sync();
	EXPECT_EQ(8, word_at(vmo->map, 1));
	EXPECT_TRUE(pager_idle(&self->p));
}

/* A size in the middle of a page: the rest of that page reads as zeroes. */
TEST_F(map, partial_last_page)
{
	size_t size = page_size + 1000;
	struct test_vmo vmo = { .pager = &self->p, .pages = 2, .key = 3 };
	char buf[64];
	struct stat st;

	vmo.fd = zxp_create_vmo(self->p.fd, 0, self->p.port, vmo.key, size);
	ASSERT_LE(0, vmo.fd);
	vmo.map = map_again(&vmo, PROT_READ, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, vmo.map);
	ASSERT_EQ(0, fstat(vmo.fd, &st));
	EXPECT_EQ((off_t)size, st.st_size);
	EXPECT_EQ(size, vmo_info(&vmo).out_stream_size);
	EXPECT_EQ(2 * page_size, vmo_info(&vmo).out_vmo_size);
	ASSERT_TRUE(pager_supply(&self->p, &vmo, 0, 2));
	EXPECT_TRUE(vmo_bytes_match(&vmo, 0, vmo.map, size));
	EXPECT_TRUE(is_zero(vmo.map + size, 2 * page_size - size));
	EXPECT_EQ(20, pread(vmo.fd, buf, sizeof(buf), size - 20));
	EXPECT_TRUE(vmo_bytes_match(&vmo, size - 20, buf, 20));
	EXPECT_EQ(0, pread(vmo.fd, buf, sizeof(buf), size));
	/* The calls of the VMO know its pages only. */
	EXPECT_EQ(0, zxp_vmo_read(vmo.fd, size - 20, 64, buf));
	EXPECT_TRUE(vmo_bytes_match(&vmo, size - 20, buf, 20));
	munmap(vmo.map, 2 * page_size);
	close(vmo.fd);
}

TEST_F(map, past_the_end)
{
	struct test_vmo *vmo = new_vmo(2);
	char *map = mmap(NULL, 4 * page_size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 vmo->fd, 0);

	ASSERT_NE(MAP_FAILED, map);
	EXPECT_TRUE(crashes(map + 2 * page_size, SIGBUS));
	EXPECT_TRUE(store_crashes(map + 3 * page_size, SIGBUS));
	EXPECT_TRUE(pager_idle(&self->p));
	EXPECT_EQ(0, vmo_info(vmo).out_failures);
}

TEST_F(map, read_only_reopen)
{
	struct test_vmo *vmo = new_vmo(2);
	int ro = reopen(vmo->fd, O_RDONLY);
	char byte = 0, *map;

	ASSERT_LE(0, ro);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	EXPECT_EQ(-1, pwrite(ro, &byte, 1, 0));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, page_size, PROT_READ | PROT_WRITE,
				   MAP_SHARED, ro, 0));
	EXPECT_EQ(EACCES, errno);
	map = mmap(NULL, page_size, PROT_READ, MAP_SHARED, ro, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(-1, mprotect(map, page_size, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_TRUE(vmo_matches(vmo, 0, 1, map));
	/* A private mapping may be written to, that is nobody else's business. */
	map = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, ro, 0);
	ASSERT_NE(MAP_FAILED, map);
	word_at(map, 0) = 3;
	EXPECT_TRUE(vmo_matches(vmo, 0, 2, vmo->map));
	close(ro);
}

TEST_F(map, other_reopens)
{
	struct test_vmo *vmo = new_vmo(2);
	int fd;
	uint64_t word = 17;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	fd = reopen(vmo->fd, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(8, pwrite(fd, &word, 8, page_size));
	EXPECT_EQ(17, word_at(vmo->map, 1));
	close(fd);
	EXPECT_EQ(-EPERM, reopen(vmo->fd, O_RDWR | O_TRUNC));
	EXPECT_EQ(-EINVAL, reopen(vmo->fd, O_RDONLY | O_DIRECT));
	EXPECT_EQ(-ENOTDIR, reopen(vmo->fd, O_RDONLY | O_DIRECTORY));
	EXPECT_EQ(2 * page_size, vmo_info(vmo).out_resident);
}

struct visit {
	pid_t pid;
	struct test_vmo *vmo;
};

/* Opens it as any program would that was given the path. */
static int visit(void *arg)
{
	struct visit *v = arg;
	char path[64], *buf = map_anon(2);
	int fd;

	close(v->vmo->fd);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", v->pid, v->vmo->fd);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, buf, 2 * page_size) != (ssize_t)(2 * page_size))
		return 1;
	return vmo_matches(v->vmo, 0, 2, buf) ? 0 : 2;
}

TEST_F(map, reopen_by_other_process)
{
	struct test_vmo *vmo = new_vmo(2);
	struct visit v = { .pid = getpid(), .vmo = vmo };
	pid_t pid = child_start(visit, &v);

	ASSERT_LT(0, pid);
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 2));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(child_wait(pid, 0));
}

TEST_F(map, stat)
{
	struct test_vmo *vmo = new_vmo(3);
	struct stat st;

	ASSERT_EQ(0, fstat(vmo->fd, &st));
	EXPECT_TRUE(S_ISREG(st.st_mode));
	EXPECT_EQ((off_t)(3 * page_size), st.st_size);
	EXPECT_EQ(getuid(), st.st_uid);
	EXPECT_EQ(O_RDWR, fcntl(vmo->fd, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(FD_CLOEXEC, fcntl(vmo->fd, F_GETFD));
}

TEST_F(map, never_executable)
{
	struct test_vmo *vmo = new_vmo(2);
	char path[64], *argv[] = { path, NULL };

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	EXPECT_EQ(MAP_FAILED, map_again(vmo, PROT_READ | PROT_EXEC, MAP_SHARED));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(MAP_FAILED, map_again(vmo, PROT_READ | PROT_EXEC, MAP_PRIVATE));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, mprotect(vmo->map, page_size, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", vmo->fd);
	EXPECT_EQ(-1, execv(path, argv));
	EXPECT_EQ(EACCES, errno);
}

TEST_HARNESS_MAIN
