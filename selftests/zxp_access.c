// SPDX-License-Identifier: GPL-2.0
/*
 * Every way to get at a VMO: with pages there, missing, failing, detached, and by
 * processes other than the one that maps it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define PAGES	16

FIXTURE(access)
{
	struct user_pager p;
	struct test_vmo *vmo;
	struct test_vmo *root;
};

FIXTURE_VARIANT(access)
{
	enum access how;
	enum vmo_kind kind;
};

#define KIND(name, acc) \
	FIXTURE_VARIANT_ADD(access, name) { .how = acc }

FOR_EACH_ACCESS(KIND);

/* Some of them to a copy; the others are all over the tests of clones. */
#define OF_COPY(name, acc) \
	FIXTURE_VARIANT_ADD(access, name##_of_copy) { .how = acc, .kind = KIND_COPY }

OF_COPY(commit, ACC_COMMIT);
OF_COPY(splice, ACC_SPLICE);
OF_COPY(sendfile, ACC_SENDFILE);
OF_COPY(write_to_pipe, ACC_PIPE_WRITE);
OF_COPY(read_from_pipe, ACC_PIPE_READ);
OF_COPY(process_vm_readv, ACC_VM_READ);
OF_COPY(mlock, ACC_MLOCK);

/* Only ever touches one page. */
static bool one_page(enum access how)
{
	return how == ACC_LOAD || how == ACC_STORE;
}

/* Has no partial result. */
static bool all_or_nothing(enum access how)
{
	return how == ACC_COMMIT || how == ACC_PREFETCH || how == ACC_VMO_READ ||
	       how == ACC_POPULATE || how == ACC_MLOCK;
}

FIXTURE_SETUP(access)
{
	ASSERT_TRUE(user_pager_init(&self->p));
	self->vmo = pager_create_kind(&self->p, variant->kind, PAGES, 0);
	ASSERT_NE(NULL, self->vmo);
	self->root = self->vmo->root;
}

FIXTURE_TEARDOWN(access)
{
	user_pager_fini(&self->p);
}

#define new_client(page, nr) client_new(variant->how, self->vmo, page, nr)
#define touched(nr) (one_page(variant->how) ? 1ULL : (nr))

/* All of it is missing, and served. */
TEST_F(access, missing)
{
	struct client *c = new_client(2, 12);
	struct server s;

	ASSERT_TRUE(server_start(&s, &self->p));
	ASSERT_TRUE(client_thread(c));
	ASSERT_TRUE(client_good(c));
	EXPECT_TRUE(server_end(&s));
	EXPECT_EQ(touched(12), s.pages);
	EXPECT_EQ(touched(12) * page_size, vmo_info(self->root).out_resident);
	EXPECT_EQ(0, vmo_info(self->root).out_requests);
}

/* Nothing is missing, and nothing is asked for. */
TEST_F(access, resident)
{
	struct client *c = new_client(2, 12);

	ASSERT_TRUE(pager_supply(&self->p, self->root, 2, 12));
	client_run(c);
	ASSERT_TRUE(client_good(c));
	EXPECT_EQ(0, vmo_info(self->root).out_read_packets);
	EXPECT_TRUE(pager_idle(&self->p));
}

/* Every other page is missing: only these are asked for. */
TEST_F(access, every_other_missing)
{
	struct client *c = new_client(0, 12);
	struct server s;

	for (int i = 1; i < 12; i += 2) {
		ASSERT_TRUE(pager_supply(&self->p, self->root, i, 1));
	}
	ASSERT_TRUE(server_start(&s, &self->p));
	ASSERT_TRUE(client_thread(c));
	ASSERT_TRUE(client_good(c));
	EXPECT_TRUE(server_end(&s));
	EXPECT_EQ(touched(6), s.pages);
	EXPECT_EQ(touched(6), s.reads);
}

/* A page of zeroes that takes no memory, from an empty plain VMO. */
TEST_F(access, zero_page)
{
	struct client *c = new_client(0, 4);

	if (variant->how == ACC_STORE || variant->how == ACC_PWRITE ||
	    variant->how == ACC_PIPE_READ)
		SKIP(return, "it writes");
	ASSERT_TRUE(pager_supply_zero(&self->p, self->root, 0, 4));
	client_run(c);
	EXPECT_EQ(0, c->signal);
	EXPECT_LE(0, c->ret);
	EXPECT_TRUE(is_zero(c->buf, 4 * page_size));
	EXPECT_TRUE(pager_idle(&self->p));
}

/* Answer each READ with FAIL until the client is at its end. */
#define fail_until_end(c, err) do {					\
	uint64_t __page, __nr;						\
	int64_t __end = now_ms() + FAILURE_MS;				\
									\
	while (client_running(c) && now_ms() < __end) {			\
		if (pager_get_read(&self->p, self->root, &__page, &__nr)) \
			pager_fail(&self->p, self->root, __page, __nr, err); \
		else							\
			nap();						\
	}								\
} while (0)

TEST_F(access, fails_at_once)
{
	struct client *c = new_client(3, 4);
	struct zxp_vmo_info info;

	ASSERT_TRUE(client_thread(c));
	fail_until_end(c, EBADMSG);
	ASSERT_TRUE(client_failed(c, EBADMSG));
	info = vmo_info(self->root);
	EXPECT_LE(1, info.out_failures);
	EXPECT_EQ(EBADMSG, info.out_fail_error);
	EXPECT_EQ(3 * page_size, info.out_fail_offset);
	EXPECT_EQ(0, info.out_waiting);
	EXPECT_EQ(0, info.out_requests);
}

/* What failed once can be had later. */
TEST_F(access, good_after_failure)
{
	struct client *c = new_client(3, 4), *again = new_client(3, 4);
	struct server s;

	ASSERT_TRUE(client_thread(c));
	fail_until_end(c, EIO);
	ASSERT_TRUE(client_failed(c, EIO));
	ASSERT_TRUE(server_start(&s, &self->p));
	ASSERT_TRUE(client_thread(again));
	ASSERT_TRUE(client_good(again));
	EXPECT_TRUE(server_end(&s));
}

/* Two pages are there, and then nothing can be had. */
TEST_F(access, fails_in_the_middle)
{
	struct client *c = new_client(0, 4);

	if (one_page(variant->how))
		SKIP(return, "it is about one page only");
	ASSERT_TRUE(pager_supply(&self->p, self->root, 0, 2));
	ASSERT_TRUE(client_thread(c));
	fail_until_end(c, ENOSPC);
	if (all_or_nothing(variant->how)) {
		ASSERT_TRUE(client_failed(c, ENOSPC));
	} else {
		ASSERT_TRUE(client_end(c));
		EXPECT_EQ(0, c->signal);
		EXPECT_EQ((long)(2 * page_size), c->ret);
		EXPECT_TRUE(vmo_matches(self->vmo, 0, 2, c->buf));
	}
	EXPECT_TRUE(vmo_failed(self->root, 2, ENOSPC));
	EXPECT_EQ(2 * page_size, vmo_info(self->root).out_resident);
}

TEST_F(access, detached)
{
	struct client *c = new_client(0, 4);

	ASSERT_TRUE(pager_detach(&self->p, self->root));
	client_run(c);
	ASSERT_TRUE(client_failed(c, ESTALE));
	/* That is no failure which the daemon has told. */
	EXPECT_EQ(0, vmo_info(self->root).out_failures);
}

TEST_F(access, detached_while_waiting)
{
	struct client *c = new_client(0, 4);

	ASSERT_TRUE(client_thread(c));
	ASSERT_TRUE(vmo_wait_blocked(self->root, 1));
	ASSERT_TRUE(pager_detach(&self->p, self->root));
	ASSERT_TRUE(client_failed(c, ESTALE));
	ASSERT_TRUE(pager_wait_complete(&self->p, self->root->key));
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_F(access, pager_closed_while_waiting)
{
	struct client *c = new_client(0, 4);

	/* It writes to a VMO of the pager itself, and so has to be made now. */
	if (variant->how == ACC_COPY_RANGE)
		c->how = ACC_SPLICE;
	ASSERT_TRUE(client_thread(c));
	ASSERT_TRUE(vmo_wait_blocked(self->root, 1));
	pager_close(&self->p);
	ASSERT_TRUE(client_failed(c, ESTALE));
}

/* The pages that are not all there when it starts come in any order. */
TEST_F(access, supplied_backwards)
{
	struct client *c = new_client(0, 4);
	uint64_t page, nr;

	ASSERT_TRUE(client_thread(c));
	while (client_running(c)) {
		if (!pager_get_read(&self->p, self->root, &page, &nr)) {
			nap();
			continue;
		}
		while (nr--) {
			ASSERT_TRUE(pager_supply(&self->p, self->root, page + nr, 1));
		}
	}
	ASSERT_TRUE(client_good(c));
	EXPECT_EQ(touched(4) * page_size, vmo_info(self->root).out_supplied_bytes);
}

/* A read-only reopen is enough for who only reads, and not for others. */
TEST_F(access, read_only)
{
	struct client *c = new_client(0, 4);
	bool writes = variant->how == ACC_STORE || variant->how == ACC_PWRITE ||
		      variant->how == ACC_COMMIT || variant->how == ACC_PIPE_READ;

	ASSERT_TRUE(pager_supply(&self->p, self->root, 0, 4));
	c->fd = reopen(self->vmo->fd, O_RDONLY);
	ASSERT_LE(0, c->fd);
	c->map = mmap(NULL, PAGES * page_size, PROT_READ, MAP_SHARED, c->fd, 0);
	ASSERT_NE(MAP_FAILED, c->map);
	client_run(c);
	if (!writes) {
		ASSERT_TRUE(client_good(c));
	} else if (variant->how == ACC_STORE) {
		EXPECT_EQ(SIGSEGV, c->signal);
	} else {
		EXPECT_EQ(-1, c->ret);
		EXPECT_EQ(variant->how == ACC_PWRITE ? EBADF :
			  variant->how == ACC_COMMIT ? EACCES : EFAULT, c->error);
	}
	EXPECT_TRUE(vmo_matches(self->vmo, 0, 4, self->vmo->map));
	close(c->fd);
}

/* The client has its own process; the server stays here. */
TEST_F(access, other_process)
{
	struct client *c = new_client(1, 8);
	struct server s;

	/* Of this process here, then. */
	c->of = variant->how == ACC_VM_READ ? getpid() : 0;
	ASSERT_TRUE(server_start(&s, &self->p));
	ASSERT_TRUE(client_fork(c));
	ASSERT_TRUE(client_good(c));
	EXPECT_TRUE(server_end(&s));
	EXPECT_EQ(touched(8), s.pages);
}

#define FAILURES	3000
#define LOOKS		200

static int errors[] = { EIO, ENOSPC };
static _Atomic bool over;
static unsigned int failed[ARRAY_SIZE(errors)];	/* as those who read say */
static _Atomic unsigned int told[ARRAY_SIZE(errors)];	/* as the VMO has said */
static _Atomic bool torn;

/* One page again and again; in the end the VMO is detached. */
static int read_failing(struct test_thread *t)
{
	char byte;

	while (!atomic_load(&over)) {
		if (pread(t->vmo->fd, &byte, 1, t->page * page_size) != -1)
			return EPROTO;
		if (errno == errors[t->page])
			failed[t->page]++;
		else if (errno != ESTALE || !atomic_load(&over))
			return EPROTO;
	}
	return 0;
}

/* What is told of the last failure is of one: the number, the place and the error. */
static bool fits(const struct zxp_vmo_info *info, const struct zxp_vmo_info *last)
{
	uint64_t page = info->out_fail_offset / page_size;

	return page < ARRAY_SIZE(errors) && (int)info->out_fail_error == errors[page] &&
	       (info->out_failures > last->out_failures ||
		(info->out_failures == last->out_failures &&
		 info->out_fail_offset == last->out_fail_offset));
}

static int look_at_failures(struct test_thread *t)
{
	struct zxp_vmo_info info, last = { 0 };

	while (!atomic_load(&over)) {
		info = vmo_info(t->vmo);
		if (!info.out_failures && !info.out_fail_error)
			continue;
		if (!fits(&info, &last)) {
			atomic_store(&torn, true);
			return EPROTO;
		}
		if (info.out_failures > last.out_failures)
			atomic_fetch_add(&told[info.out_fail_offset / page_size], 1);
		last = info;
	}
	return 0;
}

PAGER_DATA_AND(failures, atomic_store(&over, true));

TEST_F(failures, told_as_a_whole)
{
	static access_fn does[] = { read_failing, read_failing, look_at_failures };
	struct test_vmo *vmo = pager_create_vmo(&self->p, 2);
	uint64_t page, nr;
	unsigned int i;

	ASSERT_NE(NULL, vmo);
	atomic_store(&over, false);
	for (i = 0; i < ARRAY_SIZE(does); i++) {
		self->t[i].vmo = vmo;
		self->t[i].page = i;
		ASSERT_TRUE(thread_start(&self->t[i], does[i]));
	}
	/* However busy the machine is, each of them was looked at often. */
	for (i = 0; !atomic_load(&torn) && (i < FAILURES || atomic_load(&told[0]) < LOOKS ||
					    atomic_load(&told[1]) < LOOKS); i++) {
		ASSERT_TRUE(pager_wait_any_read(&self->p, vmo, &page, &nr));
		ASSERT_TRUE(pager_fail(&self->p, vmo, page, nr, errors[page]));
	}
	atomic_store(&over, true);
	ASSERT_TRUE(pager_detach(&self->p, vmo));
	for (i = 0; i < ARRAY_SIZE(does); i++) {
		thread_join(&self->t[i]);
		EXPECT_EQ(0, self->t[i].error);
	}
	EXPECT_EQ(failed[0] + failed[1], vmo_info(vmo).out_failures);
}

TEST_HARNESS_MAIN
