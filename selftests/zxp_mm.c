// SPDX-License-Identifier: GPL-2.0
/*
 * The address space changes while a thread waits in a fault: the wait holds nothing
 * that others need, and afterwards the access meets what is there then.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/fixture.h"

PAGER_FIXTURE(mm);

/* Thread @i loads from this page of the mapping and waits for the pager. */
#define block(i, vmo, page) do {					\
	ASSERT_TRUE(thread_touch(&self->t[i],				\
				 (vmo)->map + (page) * page_size));	\
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));				\
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, page, 1));		\
} while (0)

/*
 * Supply with a buffer that was made before: one made now could come to lie where
 * the mapping was.
 */
#define prepare(vmo) ({							\
	char *__buf = map_anon((vmo)->pages);				\
									\
	ASSERT_NE(NULL, __buf);						\
	vmo_fill(vmo, 0, (vmo)->pages, __buf);				\
	__buf;								\
})

#define supply_prepared(vmo, buf, page, nr)				\
	ASSERT_EQ(0, zxp_supply_pages(self->p.fd, (vmo)->fd,		\
				      (page) * page_size,		\
				      (nr) * page_size,			\
				      (buf) + (page) * page_size))

#define new_client(how, vmo, page, nr)	client_new(ACC_##how, vmo, page, nr)

TEST_F(mm, fork_child_served)
{
	struct test_vmo *vmo = new_vmo(4);
	struct client *c = new_client(LOAD, vmo, 1, 1);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	EXPECT_TRUE(vmo_matches(vmo, 0, 1, vmo->map));
	ASSERT_TRUE(client_fork(c));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(client_good(c));
	/* One copy for all: the parent asks for nothing. */
	EXPECT_TRUE(vmo_matches(vmo, 0, 2, vmo->map));
	EXPECT_TRUE(pager_idle(&self->p));
	EXPECT_EQ(2 * page_size, vmo_info(vmo).out_resident);
}

TEST_F(mm, fork_child_killed)
{
	struct test_vmo *vmo = new_vmo(4);
	struct client *c = new_client(LOAD, vmo, 1, 1);

	ASSERT_TRUE(client_fork(c));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	ASSERT_TRUE(client_kill(c));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 0));
	EXPECT_TRUE(pager_idle(&self->p));
	block(0, vmo, 1);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
}

TEST_F(mm, fork_both_wait)
{
	struct test_vmo *vmo = new_vmo(4);
	struct client *c = new_client(LOAD, vmo, 2, 1);

	block(0, vmo, 2);
	ASSERT_TRUE(client_fork(c));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 2));
	EXPECT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 1));
	ASSERT_TRUE(client_good(c));
	ASSERT_TRUE(thread_wait(&self->t[0]));
}

TEST_F(mm, munmap)
{
	struct test_vmo *vmo = new_vmo(4);
	char *map = vmo->map, *buf = prepare(vmo);

	block(0, vmo, 1);
	ASSERT_EQ(0, munmap(map, 4 * page_size));
	vmo->map = NULL;
	EXPECT_TRUE(thread_running(&self->t[0]));
	supply_prepared(vmo, buf, 1, 1);
	ASSERT_TRUE(thread_wait_crash(&self->t[0], map + page_size, SIGSEGV));
	EXPECT_EQ(page_size, vmo_info(vmo).out_resident);
}

/* Unmapped, and its last descriptor closed: the waiter is all that keeps it. */
TEST_F(mm, munmap_and_close)
{
	struct test_vmo *vmo = new_vmo(4);
	char *map = vmo->map;

	block(0, vmo, 1);
	vmo_release(vmo);
	pager_close(&self->p);
	ASSERT_TRUE(thread_wait_crash(&self->t[0], map + page_size, SIGSEGV));
}

TEST_F(mm, mremap_move)
{
	struct test_vmo *vmo = new_vmo(4);
	char *map = vmo->map, *buf = prepare(vmo), *to;

	to = mmap(NULL, 4 * page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, to);
	block(0, vmo, 1);
	ASSERT_EQ(to, mremap(map, 4 * page_size, 4 * page_size,
			     MREMAP_MAYMOVE | MREMAP_FIXED, to));
	vmo->map = to;
	supply_prepared(vmo, buf, 1, 1);
	ASSERT_TRUE(thread_wait_crash(&self->t[0], map + page_size, SIGSEGV));
	EXPECT_TRUE(vmo_matches(vmo, 1, 1, to + page_size));
	block(0, vmo, 2);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
}

TEST_F(mm, mremap_grow)
{
	struct test_vmo *vmo = new_vmo(8);

	ASSERT_EQ(0, munmap(vmo->map + 4 * page_size, 4 * page_size));
	block(0, vmo, 3);
	ASSERT_EQ(vmo->map, mremap(vmo->map, 4 * page_size, 8 * page_size, 0));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 3, 5));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(vmo_matches(vmo, 3, 5, vmo->map + 3 * page_size));
}

TEST_F(mm, mremap_shrink)
{
	struct test_vmo *vmo = new_vmo(4);
	char *buf = prepare(vmo);

	block(0, vmo, 3);
	ASSERT_EQ(vmo->map, mremap(vmo->map, 4 * page_size, 2 * page_size, 0));
	supply_prepared(vmo, buf, 3, 1);
	ASSERT_TRUE(thread_wait_crash(&self->t[0], vmo->map + 3 * page_size,
				      SIGSEGV));
}

static int load_word(struct test_thread *t)
{
	*(uint64_t *)t->buf = *(volatile uint64_t *)t->arg;
	return 0;
}

/* Thread 0 loads a word of page 1 into @word, and waits for the pager. */
#define block_load(vmo, word) do {					\
	self->t[0].arg = (vmo)->map + page_size;			\
	self->t[0].buf = (char *)(word);				\
	ASSERT_TRUE(thread_start(&self->t[0], load_word));		\
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));				\
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 1));		\
} while (0)

TEST_F(mm, map_fixed_anonymous)
{
	struct test_vmo *vmo = new_vmo(4);
	uint64_t word = 1;

	block_load(vmo, &word);
	ASSERT_EQ(vmo->map, mmap(vmo->map, 4 * page_size, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	*(uint64_t *)(vmo->map + page_size) = 0x5ea;
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(0x5ea, word);
}

TEST_F(mm, map_fixed_other_vmo)
{
	struct test_vmo *vmo = new_vmo(4), *other = new_vmo(4);
	uint64_t word = 1;

	block_load(vmo, &word);
	ASSERT_EQ(vmo->map, mmap(vmo->map, 4 * page_size, PROT_READ, MAP_SHARED |
				 MAP_FIXED, other->fd, 0));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	/* The access goes on with the other one, and asks for that. */
	ASSERT_TRUE(pager_wait_read(&self->p, other, 1, 1));
	ASSERT_TRUE(pager_supply(&self->p, other, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(vmo_word(other, page_size / 8), word);
}

TEST_F(mm, mprotect_none)
{
	struct test_vmo *vmo = new_vmo(4);

	block(0, vmo, 1);
	ASSERT_EQ(0, mprotect(vmo->map, 4 * page_size, PROT_NONE));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_wait_crash(&self->t[0], vmo->map + page_size, SIGSEGV));
	ASSERT_EQ(0, mprotect(vmo->map, 4 * page_size, PROT_READ));
	EXPECT_TRUE(vmo_matches(vmo, 1, 1, vmo->map + page_size));
}

TEST_F(mm, mprotect_of_store)
{
	struct test_vmo *vmo = new_vmo(4);

	ASSERT_TRUE(thread_store(&self->t[0], vmo->map + page_size));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	ASSERT_EQ(0, mprotect(vmo->map, 4 * page_size, PROT_READ));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_wait_crash(&self->t[0], vmo->map + page_size, SIGSEGV));
	EXPECT_TRUE(vmo_matches(vmo, 1, 1, vmo->map + page_size));
}

/*
 * While a thread waits, the others use the address space as ever: if the wait held
 * mmap_lock, the first of these calls would never return.
 */
TEST_F(mm, others_go_on)
{
	struct test_vmo *vmo = new_vmo(4), *other = new_vmo(64);
	char *map, line[256];
	FILE *maps;

	ASSERT_TRUE(pager_supply(&self->p, other, 0, 64));
	block(0, vmo, 1);
	for (int i = 0; i < 64; i++) {
		map = map_anon(16);
		ASSERT_NE(NULL, map);
		memset(map, i, 16 * page_size);
		ASSERT_EQ(0, mprotect(map, 8 * page_size, PROT_READ));
		ASSERT_EQ(0, madvise(map, 16 * page_size, MADV_DONTNEED));
		ASSERT_EQ(0, munmap(map, 16 * page_size));
		/* Faults on other VMOs, and on other mappings of this one. */
		EXPECT_TRUE(vmo_matches(other, i, 1, other->map + i * page_size));
		map = mmap(NULL, page_size, PROT_READ, MAP_SHARED, vmo->fd, 0);
		ASSERT_NE(MAP_FAILED, map);
		ASSERT_EQ(0, munmap(map, page_size));
	}
	/* Not even the mapping itself is held. */
	ASSERT_EQ(0, mprotect(vmo->map + 2 * page_size, page_size, PROT_READ));
	maps = fopen("/proc/self/maps", "re");
	ASSERT_NE(NULL, maps);
	while (fgets(line, sizeof(line), maps))
		;
	fclose(maps);
	EXPECT_TRUE(thread_running(&self->t[0]));
	EXPECT_EQ(1, vmo_info(vmo).out_waiting);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
}

static int nothing(void *arg)
{
	(void)arg;
	return 7;
}

/* The same for fork(), which wants all of the address space for itself. */
TEST_F(mm, fork_goes_on)
{
	struct test_vmo *vmo = new_vmo(4);

	block(0, vmo, 1);
	for (int i = 0; i < 8; i++) {
		pid_t pid = child_start(nothing, NULL);

		ASSERT_LT(0, pid);
		ASSERT_TRUE(child_wait(pid, 7));
	}
	EXPECT_TRUE(thread_running(&self->t[0]));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
}

/* A store waits without holding anything too. */
TEST_F(mm, others_go_on_during_store)
{
	struct test_vmo *vmo = new_vmo(4);

	ASSERT_TRUE(thread_store(&self->t[0], vmo->map + page_size));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	for (int i = 0; i < 16; i++) {
		char *map = map_anon(4);

		ASSERT_NE(NULL, map);
		ASSERT_EQ(0, munmap(map, 4 * page_size));
	}
	EXPECT_TRUE(thread_running(&self->t[0]));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(STORED_WORD, *(uint64_t *)(vmo->map + page_size));
}

/* Sixteen threads that wait in one mapping, and one munmap() for all of them. */
TEST_F(mm, munmap_under_many)
{
	struct test_vmo *vmo = new_vmo(16);
	char *map = vmo->map, *buf = prepare(vmo);

	for (int i = 0; i < 16; i++) {
		ASSERT_TRUE(thread_touch(&self->t[i], map + i * page_size));
		ASSERT_TRUE(vmo_wait_blocked(vmo, i + 1));
	}
	ASSERT_EQ(0, munmap(map, 16 * page_size));
	vmo->map = NULL;
	supply_prepared(vmo, buf, 0, 16);
	for (int i = 0; i < 16; i++) {
		ASSERT_TRUE(thread_wait_crash(&self->t[i], map + i * page_size,
					      SIGSEGV));
	}
}

struct leaver {
	struct test_vmo *vmo;
	bool execs;
};

/* A process with a thread that waits in a fault; the other one ends it. */
static int leave(void *arg)
{
	struct test_thread t = { 0 };
	struct leaver *l = arg;

	if (!thread_touch(&t, l->vmo->map) || !vmo_wait_blocked(l->vmo, 1))
		return 1;
	if (l->execs)
		execl("/bin/sh", "sh", "-c", "exit 9", NULL);
	return 9;
}

TEST_F(mm, exit_of_process)
{
	struct test_vmo *vmo = new_vmo(4);
	struct leaver l = { .vmo = vmo };
	pid_t pid = child_start(leave, &l);

	ASSERT_LT(0, pid);
	ASSERT_TRUE(child_wait(pid, 9));
	EXPECT_EQ(0, vmo_info(vmo).out_waiting);
	EXPECT_EQ(0, vmo_info(vmo).out_requests);
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_F(mm, exec_of_process)
{
	struct test_vmo *vmo = new_vmo(4);
	struct leaver l = { .vmo = vmo, .execs = true };
	pid_t pid = child_start(leave, &l);

	ASSERT_LT(0, pid);
	ASSERT_TRUE(child_wait(pid, 9));
	EXPECT_EQ(0, vmo_info(vmo).out_waiting);
	EXPECT_TRUE(pager_idle(&self->p));
}

/* The daemon may be a thread of the client: it allocates memory as it serves. */
TEST_F(mm, daemon_in_same_process)
{
	struct test_vmo *vmo = new_vmo(256);
	struct server s;

	ASSERT_TRUE(server_start(&s, &self->p));
	for (int i = 0; i < 8; i++) {
		ASSERT_TRUE(thread_check_vmar(&self->t[i], vmo, i * 32, 32));
	}
	for (int i = 0; i < 8; i++) {
		ASSERT_TRUE(thread_wait(&self->t[i]));
	}
	EXPECT_TRUE(server_end(&s));
	EXPECT_EQ(256, s.reads);
}

TEST_HARNESS_MAIN
