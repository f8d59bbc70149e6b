// SPDX-License-Identifier: GPL-2.0
/*
 * Private mappings of a VMO and fork(): a clone is a private mapping, and a snapshot of a
 * clone is what a fork()ed child has of it. Names are those of Zircon's tests.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <kselftest_harness.h>

#include "lib/fixture.h"

/* A clone of a one-page VMO, and a child with a snapshot of that clone. */
FIXTURE(snapshot)
{
	struct user_pager p;
	struct test_thread t[1];
	struct test_vmo *vmo;
	volatile uint64_t *clone;
	pid_t child;
	int to_child;
	int from_child;
};

/*
 * The child obeys: 'w' stores in the snapshot, 'u' unmaps it, 'r' answers with its
 * first two words.
 */
static int snapshot_main(int in, int out, volatile uint64_t *snapshot)
{
	uint64_t words[2];
	char order;

	while (read(in, &order, 1) == 1) {
		switch (order) {
		case 'w':
			snapshot[0] = 0xc41d;
			break;
		case 'u':
			munmap((void *)snapshot, page_size);
			break;
		}
		if (order == 'r') {
			words[0] = snapshot[0];
			words[1] = snapshot[1];
		}
		if (write(out, words, sizeof(words)) != sizeof(words))
			return 1;
	}
	return 0;
}

FIXTURE_SETUP(snapshot)
{
	int in[2], out[2];

	ASSERT_TRUE(user_pager_init(&self->p));
	self->vmo = new_vmo_options(1, ZXP_VMO_RESIZABLE);
	ASSERT_TRUE(pager_supply(&self->p, self->vmo, 0, 1));
	self->clone = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE,
			   self->vmo->fd, 0);
	ASSERT_NE(MAP_FAILED, self->clone);
	/* The clone has a page of its own before it is snapshotted. */
	self->clone[0] = 0xc10e;

	ASSERT_EQ(0, pipe(in));
	ASSERT_EQ(0, pipe(out));
	self->child = fork();
	if (!self->child) {
		close(in[1]);
		close(out[0]);
		/* The VMO is to live by its clone only. */
		vmo_release(self->vmo);
		pager_close(&self->p);
		_exit(snapshot_main(in[0], out[1], self->clone));
	}
	ASSERT_LT(0, self->child);
	close(in[0]);
	close(out[1]);
	self->to_child = in[1];
	self->from_child = out[0];
}

FIXTURE_TEARDOWN(snapshot)
{
	close(self->to_child);
	EXPECT_TRUE(child_wait(self->child, 0));
	user_pager_fini(&self->p);
}

#define tell_child(order, words) do {					\
	ASSERT_EQ(1, write(self->to_child, order, 1));			\
	ASSERT_EQ(16, read(self->from_child, words, 16));		\
} while (0)

TEST_F(snapshot, CloneVmoWrite)
{
	uint64_t words[2];

	self->clone[0] = STORED_WORD;
	tell_child("r", words);
	EXPECT_EQ(0xc10e, words[0]);
	EXPECT_EQ(vmo_word(self->vmo, 1), words[1]);
	EXPECT_TRUE(vmo_matches(self->vmo, 0, 1, self->vmo->map));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(snapshot, SnapshotVmoWrite)
{
	uint64_t words[2];

	tell_child("w", words);
	tell_child("r", words);
	EXPECT_EQ(0xc41d, words[0]);
	EXPECT_EQ(vmo_word(self->vmo, 1), words[1]);
	EXPECT_EQ(0xc10e, self->clone[0]);
	EXPECT_TRUE(vmo_matches(self->vmo, 0, 1, self->vmo->map));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(snapshot, CloseClone)
{
	uint64_t words[2];

	munmap((void *)self->clone, page_size);
	tell_child("r", words);
	EXPECT_EQ(0xc10e, words[0]);
	EXPECT_EQ(vmo_word(self->vmo, 1), words[1]);
	EXPECT_TRUE(vmo_matches(self->vmo, 0, 1, self->vmo->map));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(snapshot, CloseSnapshot)
{
	uint64_t words[2];

	tell_child("u", words);
	EXPECT_EQ(0xc10e, self->clone[0]);
	EXPECT_EQ(vmo_word(self->vmo, 1), self->clone[1]);
	EXPECT_TRUE(vmo_matches(self->vmo, 0, 1, self->vmo->map));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* COMPLETE comes only when the clone and its snapshot are gone as well. */
TEST_F(snapshot, CloseRoot)
{
	uint64_t words[2];

	vmo_release(self->vmo);
	ASSERT_TRUE(pager_idle(&self->p));
	EXPECT_EQ(0xc10e, self->clone[0]);
	EXPECT_EQ(vmo_word(self->vmo, 1), self->clone[1]);
	tell_child("r", words);
	EXPECT_EQ(0xc10e, words[0]);
	EXPECT_EQ(vmo_word(self->vmo, 1), words[1]);

	munmap((void *)self->clone, page_size);
	ASSERT_TRUE(pager_idle(&self->p));
	tell_child("u", words);
	ASSERT_TRUE(pager_wait_complete(&self->p, self->vmo->key));
	ASSERT_TRUE(pager_idle(&self->p));
}

PAGER_FIXTURE(clones);

static int shrink(struct test_thread *t)
{
	return ftruncate(t->vmo->fd, 0) ? errno : 0;
}

/* The store into a new clone either finds the page or the end of the VMO. */
TEST_F(clones, ResizeSnapshotRace)
{
	unsigned int i;

	for (i = 0; i < 100; i++) {
		struct test_vmo *vmo = new_vmo_options(2, ZXP_VMO_RESIZABLE);
		struct test_thread *t = self->t;
		char *clone;

		ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
		t[0].vmo = vmo;
		ASSERT_TRUE(thread_start(&t[0], shrink));
		clone = mmap(NULL, 2 * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE,
			     vmo->fd, 0);
		ASSERT_NE(MAP_FAILED, clone);
		ASSERT_TRUE(thread_store(&t[1], clone + page_size));
		ASSERT_TRUE(thread_wait(&t[0]));
		EXPECT_TRUE(thread_join(&t[1]));
		EXPECT_TRUE(!t[1].signal || (t[1].signal == SIGBUS &&
					     t[1].signal_addr == clone + page_size));
		EXPECT_EQ(0, vmo_info(vmo).out_resident);
		EXPECT_TRUE(crashes(clone, SIGBUS));
		munmap(clone, 2 * page_size);
		vmo_release(vmo);
		ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	}
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN
