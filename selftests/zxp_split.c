// SPDX-License-Identifier: GPL-2.0
/*
 * A large folio is split while others ask for pages of the VMO, after its pager is gone.
 * Nobody is left with a request that nobody answers, and what is there stays there for
 * who reads it. Where nothing is kept in large folios there is nothing to split.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/fixture.h"
#include "lib/victim.h"

#define LARGE		((2 << 20) / page_size)
#define FOLIOS		12
#define RESIDENT	(FOLIOS * LARGE)
#define MISSING		64			/* pages behind them */
#define BYTES(pages)	((pages) * page_size)

FIXTURE(split)
{
	struct user_pager p;
	struct test_vmo *vmo;
	struct victim *v;
};

/* The access with this number; false if it does not come out as it has to. */
FIXTURE_VARIANT(split)
{
	bool (*access)(struct test_vmo *vmo, unsigned int nr);
};

/* In one page after the other. */
static uint64_t missing(unsigned int nr)
{
	return RESIDENT + nr % MISSING;
}

static uint64_t resident(unsigned int nr)
{
	return (nr * 37 + 1) % RESIDENT;
}

static bool read_missing(struct test_vmo *vmo, unsigned int nr)
{
	uint64_t word;

	return pread(vmo->fd, &word, 8, BYTES(missing(nr))) == -1 && errno == ESTALE;
}

static bool load_missing(struct test_vmo *vmo, unsigned int nr)
{
	return crashes(vmo->map + BYTES(missing(nr)), SIGBUS);
}

/* A hint may be refused; what matters is that it is not kept. */
static bool hint_missing(struct test_vmo *vmo, unsigned int nr)
{
	posix_fadvise(vmo->fd, BYTES(missing(nr)), page_size, POSIX_FADV_WILLNEED);
	return true;
}

static bool word_is_right(struct test_vmo *vmo, uint64_t page, uint64_t word)
{
	return word == vmo_word(vmo, BYTES(page) / 8 + 1);
}

static bool read_resident(struct test_vmo *vmo, unsigned int nr)
{
	uint64_t page = resident(nr), word;

	return pread(vmo->fd, &word, 8, BYTES(page) + 8) == 8 &&
	       word_is_right(vmo, page, word);
}

/* SIGBUS ends the victim, which is seen. */
static bool load_resident(struct test_vmo *vmo, unsigned int nr)
{
	uint64_t page = resident(nr);

	return word_is_right(vmo, page,
			     ((volatile uint64_t *)(vmo->map + BYTES(page)))[1]);
}

static bool hint_resident(struct test_vmo *vmo, unsigned int nr)
{
	posix_fadvise(vmo->fd, BYTES(resident(nr)), page_size, POSIX_FADV_WILLNEED);
	return true;
}

FIXTURE_VARIANT_ADD(split, read_missing) { .access = read_missing };
FIXTURE_VARIANT_ADD(split, load_missing) { .access = load_missing };
FIXTURE_VARIANT_ADD(split, hint_missing) { .access = hint_missing };
FIXTURE_VARIANT_ADD(split, read_resident) { .access = read_resident };
FIXTURE_VARIANT_ADD(split, load_resident) { .access = load_resident };
FIXTURE_VARIANT_ADD(split, hint_resident) { .access = hint_resident };

FIXTURE_SETUP(split)
{
	ASSERT_TRUE(user_pager_init(&self->p));
	self->v = NULL;
	self->vmo = pager_create_vmo(&self->p, RESIDENT + MISSING);
	ASSERT_NE(NULL, self->vmo);
	ASSERT_TRUE(pager_supply(&self->p, self->vmo, 0, RESIDENT));
}

FIXTURE_TEARDOWN(split)
{
	if (self->v)
		kill(self->v->pid, SIGKILL);
	user_pager_fini(&self->p);
}

typedef FIXTURE_VARIANT(split) split_variant;

static int access_on_and_on(struct victim *v)
{
	const split_variant *variant = v->arg;

	victim_stop_at(v, 1);
	while (variant->access(v->vmo, v->count)) {
		v->count++;
		victim_reach(v, 2);
	}
	return 1;
}

/* It is alive, and has made some more accesses. */
static bool goes_on(struct victim *v)
{
	unsigned int before = v->count;

	return wait_until(v->count - before > 2 * MISSING || !task_state(v->pid, v->pid) ||
			  task_state(v->pid, v->pid) == 'Z') &&
	       v->count - before > 2 * MISSING;
}

/* The first bytes of a folio: word 1 of each page is what is looked at. */
TEST_F(split, pager_is_gone)
{
	struct zxp_vmo_info info;
	uint8_t byte = 0;

	self->v = victim_start(access_on_and_on, self->vmo, variant);
	ASSERT_NE(NULL, self->v);
	ASSERT_TRUE(victim_at(self->v, 1));
	pager_close(&self->p);
	victim_pass(self->v, 1);
	ASSERT_TRUE(goes_on(self->v));
	for (uint64_t i = 0; i < FOLIOS; i++) {
		ASSERT_EQ(1, pwrite(self->vmo->fd, &byte, 1, BYTES(i * LARGE)));
	}
	EXPECT_TRUE(goes_on(self->v));
	info = vmo_info(self->vmo);
	EXPECT_EQ(0, info.out_requests);
	EXPECT_EQ(0, info.out_read_packets);
	EXPECT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(victim_kill(self->v));
	self->v = NULL;
	EXPECT_EQ(0, vmo_info(self->vmo).out_waiting);
}

TEST_HARNESS_MAIN
