// SPDX-License-Identifier: GPL-2.0
/*
 * Who waits for the permission to write: holds nothing that others need, shares the
 * request with others, runs its signal handlers, and can be killed.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define BYTES(pages)	((pages) * page_size)
#define word_at(map, page)	(*(volatile uint64_t *)((map) + BYTES(page)))

PAGER_FIXTURE(wb_wait);

/* A trapping VMO with all its pages there and clean. */
#define new_full_vmo(pages) ({						\
	struct test_vmo *__v = new_vmo_options(pages,			\
					       ZXP_VMO_TRAP_DIRTY);	\
									\
	ASSERT_TRUE(pager_supply(&self->p, __v, 0, pages));		\
	__v;								\
})

/* Thread @i stores in this page and waits for the DIRTY to be answered. */
#define block(i, vmo, page) do {					\
	ASSERT_TRUE(thread_store(&self->t[i],				\
				 (vmo)->map + BYTES(page)));		\
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));				\
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, page, 1));		\
} while (0)

#define let_go(i, vmo, page) do {					\
	ASSERT_TRUE(pager_dirty(&self->p, vmo, page, 1));		\
	ASSERT_TRUE(thread_wait(&self->t[i]));				\
	EXPECT_EQ(STORED_WORD, word_at((vmo)->map, page));		\
} while (0)

static int exit_seven(void *arg)
{
	(void)arg;
	return 7;
}

/*
 * While a store waits, the others use the address space as ever: if the wait held
 * mmap_lock, the first of these calls would never return.
 */
TEST_F(wb_wait, others_go_on)
{
	struct test_vmo *vmo = new_full_vmo(4);
	pid_t pid;

	block(0, vmo, 1);
	for (int i = 0; i < 32; i++) {
		char *map = map_anon(16);

		ASSERT_NE(NULL, map);
		memset(map, i, BYTES(16));
		ASSERT_EQ(0, mprotect(map, BYTES(8), PROT_READ));
		ASSERT_EQ(0, munmap(map, BYTES(16)));
		/* The same page can be read, here and by another mapping. */
		EXPECT_TRUE(vmo_shows(vmo, 1, 1, SUPPLIED));
		map = mmap(NULL, BYTES(4), PROT_READ, MAP_SHARED, vmo->fd, 0);
		ASSERT_NE(MAP_FAILED, map);
		EXPECT_TRUE(content_is(vmo, 0, 4, SUPPLIED, map));
		ASSERT_EQ(0, munmap(map, BYTES(4)));
	}
	/* Not even the mapping itself is held. */
	ASSERT_EQ(0, mprotect(vmo->map + BYTES(2), BYTES(1), PROT_READ));
	pid = child_start(exit_seven, NULL);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(child_wait(pid, 7));
	EXPECT_TRUE(thread_running(&self->t[0]));
	EXPECT_TRUE(is_clean(vmo));
	let_go(0, vmo, 1);
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_F(wb_wait, many_stores_one_packet)
{
	struct test_vmo *vmo = new_full_vmo(4);

	for (int i = 0; i < MAX_THREADS; i++) {
		ASSERT_TRUE(thread_store(&self->t[i], vmo->map + BYTES(2) + 8 * i));
	}
	ASSERT_TRUE(vmo_wait_blocked(vmo, MAX_THREADS));
	EXPECT_EQ(1, vmo_info(vmo).out_requests);
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 2, 1));
	EXPECT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 2, 1));
	for (int i = 0; i < MAX_THREADS; i++) {
		ASSERT_TRUE(thread_wait(&self->t[i]));
		EXPECT_EQ(STORED_WORD, ((volatile uint64_t *)(vmo->map + BYTES(2)))[i]);
	}
	EXPECT_TRUE(pager_idle(&self->p));
	EXPECT_EQ(1, vmo_info(vmo).out_dirty_packets);
	EXPECT_TRUE(is_dirty(vmo, DATA(2, 1)));
}

/* Through two mappings, by pwrite() and by the call of the VMO: one packet still. */
TEST_F(wb_wait, kinds_share_a_packet)
{
	struct test_vmo *vmo = new_full_vmo(1);
	char *again = mmap(NULL, BYTES(1), PROT_READ | PROT_WRITE, MAP_SHARED,
			   vmo->fd, 0);

	ASSERT_NE(MAP_FAILED, again);
	ASSERT_TRUE(thread_store(&self->t[0], vmo->map));
	ASSERT_TRUE(thread_store(&self->t[1], again + 8));
	ASSERT_TRUE(thread_write_bytes(&self->t[2], vmo, 16, 8));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 3));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	EXPECT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	for (int i = 0; i < 3; i++) {
		ASSERT_TRUE(thread_wait(&self->t[i]));
	}
	EXPECT_EQ(STORED_WORD, word_at(vmo->map, 0));
	EXPECT_EQ(STORED_WORD, *(volatile uint64_t *)(vmo->map + 8));
	EXPECT_TRUE(pager_idle(&self->p));
}

static volatile sig_atomic_t handled;

static void on_signal(int sig)
{
	(void)sig;
	handled++;
}

static void catch_usr1(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	handled = 0;
	sigaction(SIGUSR1, &sa, NULL);
}

/* The handler runs, the store is made again, and the daemon is asked again. */
TEST_F(wb_wait, signal)
{
	struct test_vmo *vmo = new_full_vmo(2);

	catch_usr1();
	for (int i = 1; i <= 3; i++) {
		if (i == 1)
			block(0, vmo, 1);
		else
			ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 1, 1));
		ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
		ASSERT_EQ(0, syscall(SYS_tgkill, getpid(), self->t[0].tid, SIGUSR1));
		ASSERT_TRUE(wait_until(handled == i));
	}
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 1, 1));
	let_go(0, vmo, 1);
	EXPECT_TRUE(pager_idle(&self->p));
	EXPECT_EQ(0, vmo_info(vmo).out_requests);
}

/* The packet that nobody has read goes with who waited for it. */
TEST_F(wb_wait, killed_before_packet)
{
	struct test_vmo *vmo = new_full_vmo(2);
	struct client *c = client_new(ACC_STORE, vmo, 1, 1);

	ASSERT_TRUE(client_fork(c));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	ASSERT_TRUE(client_kill(c));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 0));
	EXPECT_EQ(0, vmo_info(vmo).out_requests);
	EXPECT_TRUE(pager_idle(&self->p));
	EXPECT_TRUE(is_clean(vmo));
	block(0, vmo, 1);
	let_go(0, vmo, 1);
}

FIXTURE(wb_kill)
{
	struct user_pager p;
	struct test_thread t[MAX_THREADS];
};

FIXTURE_VARIANT(wb_kill)
{
	enum access how;
};

FIXTURE_SETUP(wb_kill)
{
	ASSERT_TRUE(user_pager_init(&self->p));
}

FIXTURE_TEARDOWN(wb_kill)
{
	user_pager_fini(&self->p);
}

#define WRITER(name, access)						\
	FIXTURE_VARIANT_ADD(wb_kill, name) { .how = access }

WRITER(store, ACC_STORE);
WRITER(pwrite, ACC_PWRITE);
WRITER(read_from_pipe, ACC_PIPE_READ);

/* The daemon has the packet, and its answer comes too late: it does no harm. */
TEST_F(wb_kill, late_answer)
{
	struct test_vmo *vmo = new_full_vmo(2);
	struct client *c = client_new(variant->how, vmo, 1, 1);

	ASSERT_TRUE(client_fork(c));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 1, 1));
	ASSERT_TRUE(client_kill(c));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 0));
	EXPECT_EQ(0, vmo_info(vmo).out_requests);
	EXPECT_TRUE(is_clean(vmo));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 1, 1));
	EXPECT_TRUE(is_dirty(vmo, DATA(1, 1)));
	EXPECT_TRUE(vmo_has(vmo, 1, 1, SUPPLIED));
	EXPECT_TRUE(pager_idle(&self->p));
}

/* Who comes next is asked for again. */
TEST_F(wb_kill, asked_again)
{
	struct test_vmo *vmo = new_full_vmo(2);
	struct client *c = client_new(variant->how, vmo, 1, 1);

	ASSERT_TRUE(client_fork(c));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 1, 1));
	ASSERT_TRUE(client_kill(c));
	c = client_new(variant->how, vmo, 1, 1);
	ASSERT_TRUE(client_fork(c));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 1, 1));
	ASSERT_TRUE(client_good(c));
	EXPECT_TRUE(is_dirty(vmo, DATA(1, 1)));
}

/* One of two is killed: the other keeps the request, and no packet is sent twice. */
TEST_F(wb_kill, heir)
{
	struct test_vmo *vmo = new_full_vmo(2);
	struct client *c = client_new(variant->how, vmo, 1, 1);

	ASSERT_TRUE(client_fork(c));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_store(&self->t[0], vmo->map + BYTES(1)));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 2));
	ASSERT_TRUE(client_kill(c));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	EXPECT_EQ(1, vmo_info(vmo).out_requests);
	EXPECT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(STORED_WORD, word_at(vmo->map, 1));
}

/* The address space changes under who waits: the store meets what is there then. */
TEST_F(wb_wait, munmap)
{
	struct test_vmo *vmo = new_full_vmo(2);
	char *map = vmo->map;

	block(0, vmo, 1);
	ASSERT_EQ(0, munmap(map, BYTES(2)));
	vmo->map = NULL;
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_wait_crash(&self->t[0], map + BYTES(1), SIGSEGV));
	EXPECT_TRUE(is_dirty(vmo, DATA(1, 1)));
	EXPECT_TRUE(vmo_has(vmo, 1, 1, SUPPLIED));
}

TEST_F(wb_wait, mprotect)
{
	struct test_vmo *vmo = new_full_vmo(2);

	block(0, vmo, 1);
	ASSERT_EQ(0, mprotect(vmo->map, BYTES(2), PROT_READ));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_wait_crash(&self->t[0], vmo->map + BYTES(1), SIGSEGV));
	EXPECT_TRUE(vmo_shows(vmo, 1, 1, SUPPLIED));
}

TEST_F(wb_wait, map_fixed)
{
	struct test_vmo *vmo = new_full_vmo(2);

	block(0, vmo, 1);
	ASSERT_EQ(vmo->map, mmap(vmo->map, BYTES(2), PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(STORED_WORD, word_at(vmo->map, 1));
	EXPECT_TRUE(vmo_has(vmo, 1, 1, SUPPLIED));
}

/* Refused: a store gets SIGBUS, once, and the next one is asked for again. */
TEST_F(wb_wait, refused)
{
	struct test_vmo *vmo = new_full_vmo(2);

	block(0, vmo, 1);
	ASSERT_TRUE(pager_fail(&self->p, vmo, 1, 1, ENOSPC));
	ASSERT_TRUE(thread_wait_crash(&self->t[0], vmo->map + BYTES(1), SIGBUS));
	EXPECT_TRUE(vmo_failed(vmo, 1, ENOSPC));
	EXPECT_TRUE(is_clean(vmo));
	EXPECT_TRUE(vmo_shows(vmo, 1, 1, SUPPLIED));
	block(0, vmo, 1);
	let_go(0, vmo, 1);
}

/* The page goes while the request is out: it is read first, then asked again. */
TEST_F(wb_wait, evicted_meanwhile)
{
	struct test_vmo *vmo = new_full_vmo(2);
	int rc;

	ASSERT_TRUE(thread_write_bytes(&self->t[0], vmo, BYTES(1), 8));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 1, 1));
	ASSERT_TRUE(drain_lru());
	ASSERT_EQ(0, posix_fadvise(vmo->fd, 0, 0, POSIX_FADV_DONTNEED));
	ASSERT_EQ(0, vmo_info(vmo).out_resident);
	rc = zxp_dirty(self->p.fd, vmo->fd, BYTES(1), BYTES(1));
	EXPECT_EQ(-ENOENT, rc);
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 1, 1));
	EXPECT_TRUE(is_clean(vmo));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(is_dirty(vmo, DATA(1, 1)));
}

/* The daemon may be a thread of the client: it allocates memory as it serves. */
TEST_F(wb_wait, daemon_in_same_process)
{
	struct test_vmo *vmo = new_vmo_options(256, ZXP_VMO_TRAP_DIRTY);
	struct server s;

	ASSERT_TRUE(server_start(&s, &self->p));
	for (int i = 0; i < 8; i++) {
		ASSERT_TRUE(thread_write_vmar(&self->t[i], vmo, i * 32, 32));
	}
	for (int i = 0; i < 8; i++) {
		ASSERT_TRUE(thread_wait(&self->t[i]));
	}
	EXPECT_TRUE(server_end(&s));
	EXPECT_EQ(256, s.reads);
	EXPECT_EQ(256, s.dirties);
	EXPECT_TRUE(vmo_has(vmo, 0, 256, WRITTEN));
	EXPECT_TRUE(is_dirty(vmo, DATA(0, 256)));
}

struct leaver {
	struct test_vmo *vmo;
	bool execs;
};

/* A process with a thread that waits to store; another one ends it. */
static int leave(void *arg)
{
	struct test_thread t = { 0 };
	struct leaver *l = arg;

	if (!thread_store(&t, l->vmo->map) || !vmo_wait_blocked(l->vmo, 1))
		return 1;
	if (l->execs)
		execl("/bin/sh", "sh", "-c", "exit 9", NULL);
	return 9;
}

TEST_F(wb_wait, process_ends)
{
	struct test_vmo *vmo = new_full_vmo(2);
	struct leaver l = { .vmo = vmo };

	for (int i = 0; i < 2; i++) {
		pid_t pid;

		l.execs = i;
		pid = child_start(leave, &l);
		ASSERT_LT(0, pid);
		ASSERT_TRUE(child_wait(pid, 9));
		EXPECT_EQ(0, vmo_info(vmo).out_waiting);
		EXPECT_EQ(0, vmo_info(vmo).out_requests);
		EXPECT_TRUE(pager_idle(&self->p));
		EXPECT_TRUE(is_clean(vmo));
	}
}

TEST_HARNESS_MAIN
