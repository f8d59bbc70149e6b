// SPDX-License-Identifier: GPL-2.0
/*
 * A memory limit that is smaller than what is written, with a daemon that writes back.
 * All of it happens in a child, in a memory cgroup of its own.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "keeper/dice.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define CGROUP		"/sys/fs/cgroup/zxp_wb_memcg"
#define BYTES(pages)	((pages) * page_size)
#define LIMIT		(12UL << 20)
#define PAGES		((2 * LIMIT) / page_size)	/* of the VMO */
#define CHUNK		256				/* between two passes */

struct seen {
	uint64_t resident;	/* the most of it */
	uint64_t again;		/* READ packets of the second round */
};

TRAP_FIXTURE(wb_memcg);

static void put_limit(const char *name, unsigned long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", value);
	write_file(name, text);
}

static bool enter(void)
{
	put_limit(CGROUP "/memory.max", LIMIT);
	put_limit(CGROUP "/memory.swap.max", 0);
	put_limit(CGROUP "/cgroup.procs", getpid());
	return read_number(CGROUP "/cgroup.procs") == getpid();
}

#define CHECK(cond) do {						\
	if (!(cond)) {							\
		diag("%s:%d: %s", __FILE__, __LINE__, #cond);		\
		return 1;						\
	}								\
} while (0)

struct order {
	bool trap;
	struct seen *seen;
};

/* What is read back is compared at once: a store would take the memory as well. */
static int write_more_than_fits(void *arg)
{
	struct order *o = arg;
	struct test_thread t = { 0 };
	struct user_pager p;
	struct test_vmo *vmo;
	struct dice dice = { 1 };
	struct server s;
	char *buf = map_anon(CHUNK);

	CHECK(enter() && user_pager_init(&p));
	vmo = pager_create_vmo_options(&p, PAGES, o->trap ? ZXP_VMO_TRAP_DIRTY : 0);
	CHECK(vmo && server_start(&s, &p));
	for (uint64_t i = 0; i < PAGES; i += CHUNK) {
		bool map = one_in(&dice, 2);
		uint64_t now;

		CHECK(map ? thread_write_vmar(&t, vmo, i, CHUNK) :
			    thread_write_file(&t, vmo, i, CHUNK));
		CHECK(thread_wait(&t));
		/* While it is being written back, others come and want memory. */
		CHECK(pager_writeback_begin(&p, vmo, i, CHUNK / 2));
		CHECK(!zxp_vmo_op_range(vmo->fd, ZXP_VMO_OP_PREFETCH,
					BYTES((i + PAGES / 2) % PAGES), BYTES(CHUNK)));
		CHECK(vmo_has(vmo, i, CHUNK, WRITTEN));
		CHECK(is_dirty(vmo, DATA(i, CHUNK)));
		CHECK(pager_writeback_begin(&p, vmo, i, CHUNK));
		CHECK(!zxp_vmo_read(vmo->fd, BYTES(i), BYTES(CHUNK), buf));
		CHECK(content_is(vmo, i, CHUNK, WRITTEN, buf));
		CHECK(pager_writeback_end(&p, vmo, i, CHUNK));
		CHECK(is_clean(vmo));
		now = vmo_info(vmo).out_resident;
		if (now > o->seen->resident)
			o->seen->resident = now;
	}
	o->seen->again = s.reads;
	CHECK(server_end(&s));
	CHECK(o->trap == !!s.dirties);
	user_pager_fini(&p);
	return 0;
}

TEST_F(wb_memcg, write_more_than_fits)
{
	struct order o = { .trap = variant->trap };
	int status;
	pid_t pid;

	if (mkdir(CGROUP, 0755) && errno != EEXIST)
		SKIP(return, "no cgroup2 here");
	if (access(CGROUP "/memory.max", W_OK))
		SKIP(return, "no memory controller here");
	o.seen = mmap(NULL, page_size, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, o.seen);
	pid = child_start(write_more_than_fits, &o);
	ASSERT_LT(0, pid);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	ASSERT_EQ(0, WEXITSTATUS(status));
	TH_LOG("at most %ju bytes in memory, %ju READ packets",
	       (uintmax_t)o.seen->resident, (uintmax_t)o.seen->again);
	EXPECT_GE(LIMIT, o.seen->resident);
	/* More than once for what did not fit. */
	EXPECT_LT(PAGES / CHUNK, o.seen->again);
	ASSERT_TRUE(wait_until(!rmdir(CGROUP)));
}

TEST_HARNESS_MAIN
