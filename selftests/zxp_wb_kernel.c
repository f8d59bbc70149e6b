// SPDX-License-Identifier: GPL-2.0
/*
 * Writes into a mapping that the kernel makes for somebody: another process's, a
 * debugger's, or those of read() from elsewhere. Each is a first write like any other.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define BYTES(pages)	((pages) * page_size)
#define PAGE		1	/* that is written to, of PAGES */
#define PAGES		4

/* Writes 8 bytes at @addr: 0, or a positive errno. */
typedef int (*kernel_store_fn)(pid_t sleeper, void *addr, uint64_t word);

static int result(ssize_t n)
{
	return n == 8 ? 0 : n < 0 ? errno : EIO;
}

static int by_vm_writev(pid_t sleeper, void *addr, uint64_t word)
{
	struct iovec from = { &word, 8 }, to = { addr, 8 };

	return result(process_vm_writev(sleeper, &from, 1, &to, 1, 0));
}

static int by_proc_mem(pid_t sleeper, void *addr, uint64_t word)
{
	char path[64];
	int fd, rc;

	snprintf(path, sizeof(path), "/proc/%d/mem", sleeper);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno;
	rc = result(pwrite(fd, &word, 8, (off_t)addr));
	close(fd);
	return rc;
}

static int by_ptrace(pid_t sleeper, void *addr, uint64_t word)
{
	int rc = 0;

	if (ptrace(PTRACE_SEIZE, sleeper, NULL, NULL) ||
	    ptrace(PTRACE_INTERRUPT, sleeper, NULL, NULL) ||
	    waitpid(sleeper, NULL, __WALL) != sleeper)
		return ECHILD;
	if (ptrace(PTRACE_POKEDATA, sleeper, addr, (void *)word))
		rc = errno;
	ptrace(PTRACE_DETACH, sleeper, NULL, NULL);
	return rc;
}

static int by_pipe(pid_t sleeper, void *addr, uint64_t word)
{
	int fds[2], rc;

	(void)sleeper;
	if (pipe(fds) || write(fds[1], &word, 8) != 8)
		return ENFILE;
	rc = result(read(fds[0], addr, 8));
	close(fds[0]);
	close(fds[1]);
	return rc;
}

static int by_recv(pid_t sleeper, void *addr, uint64_t word)
{
	int fds[2], rc;

	(void)sleeper;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) || write(fds[1], &word, 8) != 8)
		return ENFILE;
	rc = result(recv(fds[0], addr, 8, 0));
	close(fds[0]);
	close(fds[1]);
	return rc;
}

static int by_file(pid_t sleeper, void *addr, uint64_t word)
{
	int fd = memfd_create("zxp", MFD_CLOEXEC), rc;

	(void)sleeper;
	if (fd < 0 || pwrite(fd, &word, 8, 100) != 8)
		return ENFILE;
	rc = result(pread(fd, addr, 8, 100));
	close(fd);
	return rc;
}

/* Out of another VMO, so that both sides are pages of this module. */
static int by_vmo(pid_t sleeper, void *addr, uint64_t word)
{
	int pager = zxp_open(0), plain = zxp_create_plain(pager, page_size), rc;

	(void)sleeper;
	if (pwrite(plain, &word, 8, 100) != 8)
		return ENFILE;
	rc = result(pread(plain, addr, 8, 100));
	close(plain);
	close(pager);
	return rc;
}

FIXTURE(wb_kernel)
{
	struct user_pager p;
	struct test_thread t[2];
	pid_t sleeper;		/* has the same mappings, and does nothing */
	struct test_vmo *trap, *silent;
};

FIXTURE_VARIANT(wb_kernel)
{
	kernel_store_fn store;
	/* The status of a system call is EFAULT for the one, EIO for the other. */
	int refused;
	/* It does not wait, but gives EIO until the daemon has answered. */
	bool tries;
};

#define STORE(name, fn, err, ...)					\
	FIXTURE_VARIANT_ADD(wb_kernel, name) { .store = fn, .refused = err, __VA_ARGS__ }

STORE(process_vm_writev, by_vm_writev, EFAULT);
STORE(proc_mem, by_proc_mem, EIO, .tries = true);
STORE(ptrace, by_ptrace, EIO, .tries = true);
STORE(read_pipe, by_pipe, EFAULT);
STORE(recv, by_recv, EFAULT);
STORE(read_tmpfs, by_file, EFAULT);
STORE(read_vmo, by_vmo, EFAULT);

static int sleep_on(void *arg)
{
	(void)arg;
	while (pause())
		;
	return 0;
}

FIXTURE_SETUP(wb_kernel)
{
	ASSERT_TRUE(user_pager_init(&self->p));
	self->trap = pager_create_vmo_options(&self->p, PAGES, ZXP_VMO_TRAP_DIRTY);
	self->silent = pager_create_vmo(&self->p, PAGES);
	ASSERT_NE(NULL, self->trap);
	ASSERT_NE(NULL, self->silent);
	self->sleeper = child_start(sleep_on, NULL);
	ASSERT_LT(0, self->sleeper);
}

FIXTURE_TEARDOWN(wb_kernel)
{
	child_kill(self->sleeper);
	user_pager_fini(&self->p);
}

struct order {
	kernel_store_fn store;
	pid_t sleeper;
	void *addr;
	bool tries;
};

static int carry_out(struct test_thread *t)
{
	struct order *o = t->arg;
	int64_t end = now_ms() + FAILURE_MS;
	int rc;

	do
		rc = o->store(o->sleeper, o->addr, STORED_WORD);
	while (o->tries && rc == EIO && now_ms() < end && (nap(), true));
	return rc;
}

#define the_order(vmo)							\
	(&(struct order){ variant->store, self->sleeper,		\
			  (vmo)->map + BYTES(PAGE), variant->tries })
#define the_order_once(vmo)						\
	(&(struct order){ variant->store, self->sleeper,		\
			  (vmo)->map + BYTES(PAGE), false })

#define word_there(vmo)	(*(volatile uint64_t *)((vmo)->map + BYTES(PAGE)))

TEST_F(wb_kernel, traps)
{
	struct test_vmo *vmo = self->trap;

	self->t[0].arg = the_order(vmo);
	ASSERT_TRUE(thread_start(&self->t[0], carry_out));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, PAGE, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, PAGE, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, PAGE, 1));
	EXPECT_TRUE(is_clean(vmo));
	EXPECT_TRUE(thread_running(&self->t[0]));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, PAGE, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(STORED_WORD, word_there(vmo));
	EXPECT_TRUE(is_dirty(vmo, DATA(PAGE, 1)));
	EXPECT_TRUE(was_modified(vmo));
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_F(wb_kernel, dirties_silently)
{
	struct test_vmo *vmo = self->silent;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, PAGES));
	self->t[0].arg = the_order(vmo);
	ASSERT_TRUE(thread_start(&self->t[0], carry_out));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(STORED_WORD, word_there(vmo));
	EXPECT_TRUE(is_dirty(vmo, DATA(PAGE, 1)));
	EXPECT_TRUE(was_modified(vmo));
	EXPECT_TRUE(pager_idle(&self->p));
}

/* A copy that has failed may be tried once more, byte by byte. */
TEST_F(wb_kernel, refused)
{
	struct test_vmo *vmo = self->trap;
	int64_t end = now_ms() + FAILURE_MS;
	uint64_t page, nr, times = 0;
	bool ended = false;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, PAGES));
	self->t[0].arg = the_order_once(vmo);
	ASSERT_TRUE(thread_start(&self->t[0], carry_out));
	while (now_ms() < end && !(ended && (times || !variant->tries))) {
		ended = ended || !pthread_tryjoin_np(self->t[0].thread, NULL);
		if (!pager_get_dirty(&self->p, vmo, &page, &nr)) {
			nap();
			continue;
		}
		EXPECT_EQ(PAGE, page);
		EXPECT_EQ(1, nr);
		ASSERT_TRUE(pager_fail(&self->p, vmo, page, nr, ENOSPC));
		times++;
	}
	ASSERT_GT(end, now_ms());
	EXPECT_LT(0, times);
	EXPECT_EQ(variant->refused, self->t[0].error);
	EXPECT_EQ(0, self->t[0].signal);
	EXPECT_TRUE(is_clean(vmo));
	EXPECT_TRUE(vmo_has(vmo, 0, PAGES, SUPPLIED));
	EXPECT_TRUE(pager_idle(&self->p));
}

/* Between BEGIN and END: the page is dirty again, and END leaves it so. */
TEST_F(wb_kernel, during_writeback)
{
	struct test_vmo *vmos[] = { self->trap, self->silent };

	for (int i = 0; i < 2; i++) {
		struct test_vmo *vmo = vmos[i];

		ASSERT_TRUE(pager_supply(&self->p, vmo, 0, PAGES));
		ASSERT_TRUE(thread_write_bytes(&self->t[1], vmo, BYTES(PAGE) + 8, 8));
		if (vmo == self->trap) {
			ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, PAGE, 1));
			ASSERT_TRUE(pager_dirty(&self->p, vmo, PAGE, 1));
		}
		ASSERT_TRUE(thread_wait(&self->t[1]));
		ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, PAGES));
		self->t[0].arg = the_order(vmo);
		ASSERT_TRUE(thread_start(&self->t[0], carry_out));
		if (vmo == self->trap) {
			ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, PAGE, 1));
			ASSERT_TRUE(pager_dirty(&self->p, vmo, PAGE, 1));
		}
		ASSERT_TRUE(thread_wait(&self->t[0]));
		ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, PAGES));
		EXPECT_TRUE(is_dirty(vmo, DATA(PAGE, 1)));
		EXPECT_EQ(STORED_WORD, word_there(vmo));
	}
}

TEST_F(wb_kernel, detached)
{
	struct test_vmo *vmo = self->trap;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, PAGES));
	self->t[0].arg = the_order_once(vmo);
	ASSERT_TRUE(thread_start(&self->t[0], carry_out));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, PAGE, 1));
	ASSERT_TRUE(pager_detach(&self->p, vmo));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], variant->refused));
	EXPECT_TRUE(is_clean(vmo));
}

TEST_HARNESS_MAIN
