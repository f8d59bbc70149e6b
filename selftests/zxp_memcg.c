// SPDX-License-Identifier: GPL-2.0
/*
 * A memory limit on who supplies: clean pages make room for others, and nothing
 * else is lost.  All of it happens in a child, in a memory cgroup of its own.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "kselftest_harness.h"
#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"
#include "lib/victim.h"

#define CGROUP		"/sys/fs/cgroup/zxp_memcg"
#define LIMIT		(16UL << 20)
#define PAGES		((4 * LIMIT) / page_size)	/* of the VMO */
#define CHUNK		64
#define BYTES(pages)	((pages) * page_size)

struct shared {
	uint64_t resident;	/* when all was supplied */
	uint64_t again;		/* READ packets that followed */
	int line;		/* where it failed */
};

FIXTURE(memcg)
{
	struct shared *seen;
};

FIXTURE_SETUP(memcg)
{
	char text[32];

	self->seen = mmap(NULL, page_size, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->seen);
	if (mkdir(CGROUP, 0755) && errno != EEXIST)
		SKIP(return, "no cgroup2 here");
	if (access(CGROUP "/memory.max", W_OK))
		SKIP(return, "no memory controller here");
	snprintf(text, sizeof(text), "%lu", LIMIT);
	ASSERT_EQ(0, write_file(CGROUP "/memory.max", text));
	write_file(CGROUP "/memory.swap.max", "0");
}

FIXTURE_TEARDOWN(memcg)
{
	rmdir(CGROUP);
}

static long long event(const char *name)
{
	return read_keyed(CGROUP "/memory.events", name);
}

#define CHECK(cond) do {						\
	if (!(cond)) {							\
		diag("%s:%d: %s", __FILE__, __LINE__, #cond);		\
		seen->line = __LINE__;					\
		return 1;						\
	}								\
} while (0)

/* A child that needs more than the limit ends well, within it. */
#define makes_room(fn) do {						\
	long long kills = event("oom_kill");				\
	pid_t pid = child_start(fn, self->seen);			\
	int status;							\
									\
	ASSERT_LT(0, pid);						\
	ASSERT_EQ(pid, waitpid(pid, &status, 0));			\
	ASSERT_TRUE(WIFEXITED(status));					\
	ASSERT_EQ(0, WEXITSTATUS(status));				\
	EXPECT_EQ(kills, event("oom_kill"));				\
	EXPECT_GE(LIMIT, self->seen->resident);				\
} while (0)

/* Supply a VMO of four times the limit, and read each part of it. */
static int supply_more_than_fits(void *arg)
{
	struct shared *seen = arg;
	char *buf = map_anon(CHUNK);
	struct user_pager p;
	struct test_vmo *vmo;
	struct server s;

	CHECK(enter_cgroup(CGROUP) && user_pager_init(&p));
	vmo = pager_create_vmo(&p, PAGES);
	CHECK(vmo);
	/* A page may go as soon as it is there, so it takes a server even now. */
	CHECK(server_start(&s, &p));
	for (uint64_t i = 0; i < PAGES; i += CHUNK) {
		CHECK(pager_supply(&p, vmo, i, CHUNK));
		CHECK(!zxp_vmo_read(vmo->fd, BYTES(i), BYTES(CHUNK), buf));
		CHECK(vmo_matches(vmo, i, CHUNK, buf));
	}
	seen->resident = vmo_info(vmo).out_resident;
	seen->again = s.reads;
	/* The first ones are gone, and can be had again. */
	for (uint64_t i = 0; i < PAGES; i += CHUNK) {
		CHECK(!zxp_vmo_read(vmo->fd, BYTES(i), BYTES(CHUNK), buf));
		CHECK(vmo_matches(vmo, i, CHUNK, buf));
	}
	CHECK(server_end(&s));
	seen->again = s.reads - seen->again;
	return 0;
}

TEST_F(memcg, clean_pages_make_room)
{
	makes_room(supply_more_than_fits);
	EXPECT_LT(0, self->seen->again);
}

/* The same through a mapping, which is how pages stay in use the longest. */
static int map_more_than_fits(void *arg)
{
	struct shared *seen = arg;
	struct user_pager p;
	struct test_vmo *vmo;
	struct server s;

	CHECK(enter_cgroup(CGROUP) && user_pager_init(&p));
	vmo = pager_create_vmo(&p, PAGES);
	CHECK(vmo && server_start(&s, &p));
	for (uint64_t i = 0; i < PAGES; i += CHUNK) {
		CHECK(pager_supply(&p, vmo, i, CHUNK));
		CHECK(vmo_matches(vmo, i, CHUNK, vmo->map + BYTES(i)));
	}
	seen->resident = vmo_info(vmo).out_resident;
	CHECK(server_end(&s));
	return 0;
}

TEST_F(memcg, mapped_pages_make_room)
{
	makes_room(map_more_than_fits);
}

#define KEPT	512

/*
 * And by those of children alone, of which two copies have a page of their own here and there.
 */
static int map_more_than_fits_by_children(void *arg)
{
	struct shared *seen = arg;
	struct test_vmo *vmo, *child[3];
	struct user_pager p;
	struct server s;

	CHECK(enter_cgroup(CGROUP) && user_pager_init(&p));
	vmo = pager_create_vmo(&p, PAGES);
	CHECK(vmo && server_start(&s, &p));
	CHECK(!munmap(vmo->map, BYTES(PAGES)));
	vmo->map = NULL;
	for (int i = 0; i < 3; i++) {
		child[i] = vmo_create_child(vmo, i < 2 ? AT_LEAST : ZXP_CHILD_SLICE, 0, PAGES);
		CHECK(child[i]);
	}
	for (uint64_t i = 0; i < PAGES; i += CHUNK) {
		CHECK(pager_supply(&p, vmo, i, CHUNK));
		for (int k = 0; k < 3; k++)
			CHECK(vmo_matches(child[k], i, CHUNK, child[k]->map + BYTES(i)));
		CHECK(vmo_put(child[0], i, i));
		word_at(child[1], i) = ~i;
	}
	seen->resident = vmo_info(vmo).out_resident;
	for (uint64_t i = 0; i < PAGES; i += CHUNK) {
		CHECK(vmo_word_is(child[0], i, i));
		CHECK(vmo_word_is(child[1], i, ~i));
	}
	CHECK(child_own_pages(child[0]) == PAGES / CHUNK);
	CHECK(server_end(&s));
	return 0;
}

TEST_F(memcg, pages_that_children_map_make_room)
{
	makes_room(map_more_than_fits_by_children);
}

#define COPIES	4

/* Copies of a copy, each of which stores to all that they share. */
static int store_to_all_copies(void *arg)
{
	struct shared *seen = arg;
	struct test_vmo *copies[COPIES];
	struct user_pager p;
	struct test_vmo *vmo;

	CHECK(enter_cgroup(CGROUP) && user_pager_init(&p));
	vmo = pager_create_vmo(&p, KEPT);
	CHECK(vmo && pager_supply(&p, vmo, 0, KEPT));
	for (int i = 0; i < COPIES; i++) {
		copies[i] = vmo_create_child(i ? copies[0] : vmo, MODIFIED, 0, KEPT);
		CHECK(copies[i]);
		for (uint64_t page = 0; !i && page < KEPT; page++)
			CHECK(vmo_put(copies[i], page, page));
	}
	for (int i = 0; i < COPIES; i++)
		for (uint64_t page = 0; page < KEPT; page++)
			CHECK(vmo_put(copies[i], page, page + i));
	/* It is told a little late. */
	CHECK(wait_until(read_keyed(CGROUP "/memory.stat", "kernel") <
			 (long long)BYTES(COPIES * KEPT + KEPT / 2)));
	for (int i = 0; i < COPIES; i++)
		for (uint64_t page = 0; page < KEPT; page++)
			CHECK(vmo_word_is(copies[i], page, page + i));
	CHECK(read_keyed(CGROUP "/memory.stat", "kernel") >=
	      (long long)BYTES(COPIES * KEPT - KEPT / 2));
	seen->resident = vmo_info(vmo).out_resident;
	return 0;
}

/* Nothing is left of what nobody sees any more. */
TEST_F(memcg, shared_pages_go)
{
	makes_room(store_to_all_copies);
}

#define APART	64UL	/* so each page needs memory to be found by */
#define LONE	64UL

/* The last descriptor of a copy goes, of which another sees all, by who gets no memory. */
static int merge_without_memory(void *arg)
{
	struct shared *seen = arg;
	struct test_vmo *vmo, *copy, *other, *third;
	struct user_pager p;
	int max;

	CHECK(user_pager_init(&p));
	vmo = pager_create_plain(&p, LONE * APART, 0);
	copy = vmo ? vmo_create_child(vmo, ZXP_CHILD_SNAPSHOT, 0, LONE * APART) : NULL;
	CHECK(copy);
	for (uint64_t i = 0; i < LONE; i++)
		CHECK(vmo_put(copy, i * APART, i + 1));
	other = vmo_create_child(copy, MODIFIED, 0, LONE * APART);
	max = open(CGROUP "/memory.max", O_WRONLY | O_CLOEXEC);
	/* Who may not be killed only gets none. */
	CHECK(other && max >= 0 && !write_file("/proc/self/oom_score_adj", "-1000"));
	CHECK(enter_cgroup(CGROUP) && write(max, "0", 1) == 1);
	vmo_release(copy);
	CHECK(write(max, "max", 3) == 3);
	for (uint64_t i = 0; i < LONE; i++)
		CHECK(vmo_word_is(other, i * APART, i + 1));
	/* It is done when there is another occasion, and then all of it is the other's. */
	third = vmo_create_child(other, MODIFIED, 0, LONE * APART);
	CHECK(third);
	vmo_release(third);
	for (uint64_t i = 0; i < LONE; i++)
		CHECK(vmo_word_is(other, i * APART, i + 1));
	CHECK(child_own_pages(other) == LONE);
	return 0;
}

TEST_F(memcg, copy_goes_without_memory)
{
	makes_room(merge_without_memory);
}

/* Pages that were written, here and in a plain VMO, are not what makes room. */
static int keep_what_was_written(void *arg)
{
	struct shared *seen = arg;
	char *content = map_anon(KEPT), *buf = map_anon(KEPT);
	struct user_pager p;
	struct test_vmo *vmo;
	struct server s;
	int plain;

	CHECK(enter_cgroup(CGROUP) && user_pager_init(&p));
	plain = zxp_create_plain(p.fd, BYTES(KEPT));
	vmo = pager_create_vmo(&p, PAGES);
	CHECK(vmo && plain >= 0 && server_start(&s, &p));
	for (size_t i = 0; i < BYTES(KEPT); i++)
		content[i] = i / 13 + i % 251;
	CHECK(pwrite(plain, content, BYTES(KEPT), 0) == (ssize_t)BYTES(KEPT));
	CHECK(pager_supply(&p, vmo, 0, KEPT));
	CHECK(pwrite(vmo->fd, content, BYTES(KEPT), 0) == (ssize_t)BYTES(KEPT));
	for (uint64_t i = KEPT; i < PAGES; i += CHUNK)
		CHECK(pager_supply(&p, vmo, i, CHUNK));
	seen->resident = vmo_info(vmo).out_resident;
	CHECK(pread(plain, buf, BYTES(KEPT), 0) == (ssize_t)BYTES(KEPT));
	CHECK(!memcmp(buf, content, BYTES(KEPT)));
	CHECK(pread(vmo->fd, buf, BYTES(KEPT), 0) == (ssize_t)BYTES(KEPT));
	CHECK(!memcmp(buf, content, BYTES(KEPT)));
	CHECK(server_end(&s));
	return 0;
}

TEST_F(memcg, written_pages_stay)
{
	long long kills = event("oom_kill");
	pid_t pid = child_start(keep_what_was_written, self->seen);
	int status;

	ASSERT_LT(0, pid);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	ASSERT_EQ(0, WEXITSTATUS(status));
	EXPECT_EQ(kills, event("oom_kill"));
	EXPECT_LE(BYTES(KEPT), self->seen->resident);
	EXPECT_GE(LIMIT, self->seen->resident);
}

/* Pages that nothing may take away fill the limit: this process pays for it. */
static int write_more_than_fits(void *arg)
{
	struct shared *seen = arg;
	char *buf = map_anon(CHUNK);
	struct user_pager p;
	int plain;

	CHECK(enter_cgroup(CGROUP) && user_pager_init(&p));
	plain = zxp_create_plain(p.fd, BYTES(PAGES));
	CHECK(plain >= 0);
	memset(buf, 1, BYTES(CHUNK));
	for (uint64_t i = 0; i < PAGES; i += CHUNK)
		if (pwrite(plain, buf, BYTES(CHUNK), BYTES(i)) < 0)
			return errno == ENOMEM ? 12 : 2;
	return 3;
}

/*
 * Without CONFIG_CGROUP_WRITEBACK, which comes with the controller of I/O, reclaim
 * sleeps for minutes before it finds that nothing of this can be written.
 */
static bool reclaim_is_patient(void)
{
	FILE *f = fopen("/sys/fs/cgroup/cgroup.controllers", "re");
	bool io = false;
	char name[32];

	while (f && fscanf(f, "%31s", name) == 1)
		io |= !strcmp(name, "io");
	if (f)
		fclose(f);
	return !io;
}

TEST_F(memcg, limit_holds)
{
	int status;
	pid_t pid;

	if (reclaim_is_patient())
		SKIP(return, "no writeback by cgroups here");
	pid = child_start(write_more_than_fits, self->seen);
	ASSERT_LT(0, pid);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	/* Killed for lack of memory, or told of it. */
	if (WIFSIGNALED(status)) {
		EXPECT_EQ(SIGKILL, WTERMSIG(status));
		EXPECT_LT(0, event("oom_kill"));
	} else {
		EXPECT_EQ(12, WEXITSTATUS(status));
	}
	/* All of it is given back with the VMO. */
	EXPECT_TRUE(wait_until(read_number(CGROUP "/memory.current") < (1 << 20)));
}

/* Who stores to a copy pays for the page, whoever has made it and holds it. */
FIXTURE(memcg_copy)
{
	struct user_pager p;
	struct test_vmo *copy;
	struct victim *v;
};

FIXTURE_VARIANT(memcg_copy)
{
	bool (*store)(struct test_vmo *vmo, uint64_t page);
};

static bool store_by_mapping(struct test_vmo *vmo, uint64_t page)
{
	word_at(vmo, page) = page;
	return true;
}

static bool store_by_write(struct test_vmo *vmo, uint64_t page)
{
	return pwrite(vmo->fd, &page, sizeof(page), BYTES(page)) == sizeof(page);
}

FIXTURE_VARIANT_ADD(memcg_copy, mapping) { .store = store_by_mapping };
FIXTURE_VARIANT_ADD(memcg_copy, pwrite) { .store = store_by_write };

#define COPIED	(2 * LIMIT / page_size)

FIXTURE_SETUP(memcg_copy)
{
	char text[32];

	self->p.nr_vmos = 0;
	self->v = NULL;
	if ((mkdir(CGROUP, 0755) && errno != EEXIST) || access(CGROUP "/memory.max", W_OK))
		SKIP(return, "no memory controller here");
	snprintf(text, sizeof(text), "%lu", LIMIT);
	ASSERT_EQ(0, write_file(CGROUP "/memory.max", text));
	write_file(CGROUP "/memory.swap.max", "0");
	ASSERT_TRUE(user_pager_init(&self->p));
	self->copy = pager_create_kind(&self->p, KIND_COPY, COPIED, 0);
	ASSERT_NE(NULL, self->copy);
	for (uint64_t i = 0; i < COPIED; i += CHUNK)
		ASSERT_TRUE(pager_supply(&self->p, self->copy->root, i, CHUNK));
}

FIXTURE_TEARDOWN(memcg_copy)
{
	if (self->v)
		child_kill(self->v->pid);
	if (self->p.nr_vmos)
		user_pager_fini(&self->p);
	rmdir(CGROUP);
}

/* A store to each of @value pages, in the cgroup. */
static int store_to_copy(struct victim *v)
{
	bool (*const *store)(struct test_vmo *vmo, uint64_t page) = v->arg;

	if (!enter_cgroup(CGROUP))
		return 1;
	victim_stop_at(v, 1);
	for (v->count = 0; v->count < v->value; v->count++)
		if (!(*store)(v->vmo, v->count))
			return errno;
	victim_stop_at(v, 2);
	return 0;
}

#define start_storing(pages) do {					\
	self->v = victim_start(store_to_copy, self->copy, &variant->store);	\
	ASSERT_NE(NULL, self->v);					\
	ASSERT_TRUE(victim_at(self->v, 1));				\
	self->v->value = pages;						\
	victim_pass(self->v, 1);					\
} while (0)

TEST_F(memcg_copy, is_paid_for)
{
	start_storing(KEPT);
	ASSERT_TRUE(victim_at(self->v, 2));
	EXPECT_EQ(KEPT, child_own_pages(self->copy));
	victim_pass(self->v, 2);
	ASSERT_TRUE(victim_exited(self->v, 0));
	self->v = NULL;
	/* They stay after him, and still are his. */
	EXPECT_TRUE(wait_until(read_keyed(CGROUP "/memory.stat", "kernel") >=
			       (long long)BYTES(KEPT)));
	for (uint64_t i = 0; i < KEPT; i++)
		ASSERT_EQ(i, word_at(self->copy, i));
	EXPECT_EQ(0, event("oom_kill"));
	vmo_release(self->copy);
	EXPECT_TRUE(wait_until(read_number(CGROUP "/memory.current") < (1 << 20)));
}

/* Who may not have so much is the only one that suffers. */
TEST_F(memcg_copy, limit_holds)
{
	uint64_t own, stored;
	int status;

	start_storing(COPIED);
	ASSERT_EQ(self->v->pid, waitpid(self->v->pid, &status, 0));
	stored = self->v->count;
	if (WIFSIGNALED(status)) {
		EXPECT_EQ(SIGKILL, WTERMSIG(status));
		EXPECT_EQ(1, event("oom_kill"));
	} else {
		EXPECT_EQ(ENOMEM, WEXITSTATUS(status));
	}
	self->v = NULL;
	own = child_own_pages(self->copy);
	EXPECT_LE(stored, own);
	EXPECT_GE(LIMIT, BYTES(own));
	EXPECT_LT(LIMIT / 2, BYTES(own));
	/* What he had stored is there, and others go on where he could not. */
	for (uint64_t i = 0; i < stored; i++)
		ASSERT_EQ(i, word_at(self->copy, i));
	for (uint64_t i = stored; i < COPIED; i++)
		ASSERT_TRUE(variant->store(self->copy, i));
	EXPECT_EQ(COPIED, child_own_pages(self->copy));
	EXPECT_TRUE(is_clean(self->copy->root));
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN
