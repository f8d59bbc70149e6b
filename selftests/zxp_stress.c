// SPDX-License-Identifier: GPL-2.0
/*
 * A daemon that does anything at all, clients that do anything at all and are killed
 * at it, and memory that is reclaimed all the while.  Whatever a client gets to see
 * is either right or an error, everybody can be killed, and nothing is left.
 *
 * The order of things differs from run to run; ZXP_SEED repeats the dice.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "lib/client.h"

#define PAGES		64
#define CLIENTS		6
#define BYTES(pages)	((pages) * page_size)
#define SECONDS		6

struct dice {
	uint64_t state;
};

static uint32_t roll(struct dice *d, uint32_t sides)
{
	d->state = d->state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (d->state >> 33) % sides;
}

struct board {
	volatile bool stop;
	volatile uint64_t good;		/* accesses with the right content */
	volatile uint64_t failed;	/* accesses that failed as they may */
	volatile uint64_t wrong;	/* and what must not be */
};

FIXTURE(stress)
{
	struct user_pager p;
	struct test_vmo *vmo;
	struct board *board;
	struct dice dice;
	pid_t client[CLIENTS];
};

static struct test_vmo *the_vmo;
static struct board *the_board;
static uint64_t the_seed;

/* Only reads: what is written has no content to be checked. */
static const enum access reads[] = {
	ACC_LOAD, ACC_PREAD, ACC_VMO_READ, ACC_COMMIT, ACC_PREFETCH, ACC_SPLICE,
	ACC_SENDFILE, ACC_PIPE_WRITE, ACC_FILE_WRITE, ACC_VM_READ, ACC_POPULATE,
};

static bool right_error(int err)
{
	return err == EIO || err == ENOSPC || err == EFAULT || err == ESTALE;
}

/* The part that it got is right; the whole need not be there. */
static bool result_is_right(struct client *c)
{
	if (c->signal)
		return c->signal == SIGBUS;
	if (c->ret < 0)
		return right_error(c->error);
	return vmo_bytes_match(c->vmo, BYTES(c->page), c->buf, c->ret);
}

static int client_main(void *arg)
{
	struct dice dice = { .state = the_seed + (uintptr_t)arg };
	struct client *c = client_new(ACC_LOAD, the_vmo, 0, PAGES);

	while (!the_board->stop) {
		c->how = reads[roll(&dice, sizeof(reads) / sizeof(reads[0]))];
		c->page = roll(&dice, PAGES);
		c->nr = 1 + roll(&dice, roll(&dice, 4) ? 4 : PAGES);
		if (c->page + c->nr > PAGES)
			c->nr = PAGES - c->page;
		c->ended = c->done = false;
		c->error = 0;
		client_run(c);
		if (!result_is_right(c)) {
			diag("%s of %ju+%ju: returned %ld errno %d signal %d",
			     access_name(c->how), (uintmax_t)c->page,
			     (uintmax_t)c->nr, c->ret, c->error, c->signal);
			__sync_fetch_and_add(&the_board->wrong, 1);
		} else if (c->signal || c->ret < 0) {
			__sync_fetch_and_add(&the_board->failed, 1);
		} else {
			__sync_fetch_and_add(&the_board->good, 1);
		}
	}
	return 0;
}

FIXTURE_SETUP(stress)
{
	const char *seed = getenv("ZXP_SEED");

	the_seed = seed ? strtoull(seed, NULL, 0) : (uint64_t)now_ms();
	TH_LOG("ZXP_SEED=%ju", (uintmax_t)the_seed);
	self->dice.state = the_seed;
	self->board = mmap(NULL, page_size, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->board);
	ASSERT_TRUE(user_pager_init(&self->p));
	self->vmo = pager_create_vmo(&self->p, PAGES);
	ASSERT_NE(NULL, self->vmo);
	the_vmo = self->vmo;
	the_board = self->board;
	for (uintptr_t i = 0; i < CLIENTS; i++) {
		self->client[i] = child_start(client_main, (void *)i);
		ASSERT_LT(0, self->client[i]);
	}
}

FIXTURE_TEARDOWN(stress)
{
	EXPECT_EQ(0, self->board->wrong);
	EXPECT_EQ(0, vmo_info(self->vmo).out_waiting);
	EXPECT_EQ(0, vmo_info(self->vmo).out_requests);
	EXPECT_TRUE(pager_idle(&self->p));
	user_pager_fini(&self->p);
}

/* A range that is sometimes not one. */
static void any_range(struct dice *d, uint64_t *page, uint64_t *nr)
{
	*page = roll(d, PAGES);
	*nr = 1 + roll(d, 8);
	if (roll(d, 8) && *page + *nr > PAGES)
		*nr = PAGES - *page;
}

/* Supply what belongs there; a range that ends outside of the VMO is refused. */
static bool supply_any(struct user_pager *p, struct test_vmo *vmo, struct dice *d,
		       char *buf)
{
	uint64_t page, nr;
	int rc;

	any_range(d, &page, &nr);
	vmo_fill(vmo, page, nr, buf);
	rc = zxp_supply_pages(p->fd, vmo->fd, BYTES(page), BYTES(nr), buf);
	return rc == (page + nr > PAGES ? -ERANGE : 0);
}

static bool fail_any(struct user_pager *p, struct test_vmo *vmo, struct dice *d)
{
	uint64_t page, nr;
	int rc;

	any_range(d, &page, &nr);
	rc = zxp_fail(p->fd, vmo->fd, BYTES(page), BYTES(nr),
		      roll(d, 2) ? EIO : ENOSPC);
	return rc == (page + nr > PAGES ? -ERANGE : 0);
}

static bool answer_next(struct user_pager *p, struct test_vmo *vmo, bool fail)
{
	uint64_t page, nr;

	if (!pager_get_read(p, vmo, &page, &nr))
		return true;
	return fail ? pager_fail(p, vmo, page, nr, EIO) :
		      pager_supply(p, vmo, page, nr);
}

/* One thing that a daemon may do, wise or not. */
static bool any_move(struct user_pager *p, struct test_vmo *vmo, struct dice *d,
		     char *buf)
{
	uint64_t page, nr;

	switch (roll(d, 12)) {
	case 0:
		return fail_any(p, vmo, d);
	case 1:
		return supply_any(p, vmo, d, buf);
	case 2:
		return zxp_supply_pages(p->fd, vmo->fd, roll(d, 9999) | 1, BYTES(1),
					buf) == -EINVAL;
	case 3:
		return !zxp_vmo_op_range(vmo->fd, ZXP_VMO_OP_DONT_NEED, 0,
					 BYTES(PAGES));
	case 4:
		return !posix_fadvise(vmo->fd, 0, 0, POSIX_FADV_DONTNEED);
	case 5:
		return roll(d, 8) || drop_caches(1);
	case 6:
		/* Take a packet, and do not answer it now: others will do. */
		pager_get_read(p, vmo, &page, &nr);
		return true;
	default:
		return answer_next(p, vmo, !roll(d, 4));
	}
}

/* Serve the rest until all clients have seen that it is time to go. */
#define send_home() do {						\
	self->board->stop = true;					\
	for (int __i = 0; __i < CLIENTS; __i++) {			\
		while (!waitpid(self->client[__i], NULL, WNOHANG))	\
			ASSERT_TRUE(pager_supply(&self->p, self->vmo, 0, PAGES)); \
	}								\
} while (0)

TEST_F(stress, daemon_does_anything)
{
	int64_t end = now_ms() + SECONDS * 1000;
	char *buf = map_anon(16);
	uint64_t moves = 0;

	for (; now_ms() < end; moves++) {
		ASSERT_TRUE(any_move(&self->p, self->vmo, &self->dice, buf)) {
			TH_LOG("move %ju", (uintmax_t)moves);
		}
	}
	send_home();
	TH_LOG("%ju moves, %ju accesses good, %ju failed", (uintmax_t)moves,
	       (uintmax_t)self->board->good, (uintmax_t)self->board->failed);
	EXPECT_LT(0, self->board->good);
	EXPECT_LT(0, self->board->failed);
}

/* Clients are killed at whatever they do, and others take their place. */
TEST_F(stress, clients_are_killed)
{
	int64_t end = now_ms() + SECONDS * 1000;
	char *buf = map_anon(16);
	uint64_t kills = 0;

	for (; now_ms() < end; kills++) {
		uint32_t i = roll(&self->dice, CLIENTS);

		ASSERT_TRUE(child_kill(self->client[i]));
		self->client[i] = child_start(client_main,
					      (void *)(uintptr_t)(kills * 64));
		ASSERT_LT(0, self->client[i]);
		for (int n = roll(&self->dice, 20); n; n--) {
			ASSERT_TRUE(any_move(&self->p, self->vmo, &self->dice, buf));
		}
	}
	send_home();
	TH_LOG("%ju kills, %ju accesses good", (uintmax_t)kills,
	       (uintmax_t)self->board->good);
	EXPECT_LT(0, self->board->good);
}

/* The same end for all of them at once: detached in the middle of everything. */
TEST_F(stress, detached)
{
	char *buf = map_anon(16);

	for (int n = 0; n < 500; n++) {
		ASSERT_TRUE(any_move(&self->p, self->vmo, &self->dice, buf));
	}
	ASSERT_TRUE(pager_detach(&self->p, self->vmo));
	self->board->stop = true;
	for (int i = 0; i < CLIENTS; i++) {
		ASSERT_TRUE(child_wait(self->client[i], 0));
	}
	/* Packets from before may have been read and put aside; then COMPLETE. */
	ASSERT_TRUE(pager_wait_complete(&self->p, self->vmo->key));
}

TEST_HARNESS_MAIN
