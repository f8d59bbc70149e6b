// SPDX-License-Identifier: GPL-2.0
/*
 * What happens when VMOs share fewer buffers than they could use: each gets its turn, and
 * all of it is done in the end; a store that hangs has no more than its share.  Needs no
 * kernel module.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../zxpagerd/pool.h"
#include "fake.h"

#define SHARED		4	/* windows, and chunks; half of them for a store */

/* --- the pool itself ------------------------------------------------------------- */

#define BUFFER		(1u << 20)
#define STORES_MAX	6
#define USERS_MAX	8

/* struct taker - a user of the pool that takes what it can get and gives nothing back */
struct taker {
	struct pool_user user;
	unsigned int has, wants;
};

static struct pool pool;
static struct taker takers[STORES_MAX][USERS_MAX];
static const char store_id[STORES_MAX];

static void take(struct pool_user *u)
{
	struct taker *t = event_owner(u, struct taker, user);
	uint8_t *buffer;

	while (t->has < t->wants) {
		buffer = pool_take(u);
		if (!buffer) {
			pool_wait(u);
			return;
		}
		memset(buffer, 1, BUFFER);
		t->has++;
	}
}

/* Pages that this process has mapped. */
static unsigned long mapped(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long pages;
	char line[128];

	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	fclose(file);
	pages = strtoul(line, NULL, 10);
	assert_true(pages);
	return pages;
}

/* What all users of a store have. */
static unsigned int taken(unsigned int store)
{
	unsigned int sum = 0;

	for (unsigned int i = 0; i < USERS_MAX; i++)
		sum += takers[store][i].has;
	return sum;
}

/*
 * Of @stores all but the last hang, with @users each that want @each: the last one comes when
 * they have what they can get.  @options is how many buffers the command line speaks of,
 * @total how many there are then; @has what the stores get.
 */
static const struct share_case {
	const char *what;
	unsigned int options, stores, users, each;
	unsigned int total;
	unsigned int has[STORES_MAX];
} share_cases[] = {
	{ "one store has all", 8, 1, 3, 4, 8, { 8 } },
	{ "one store has one", 1, 1, 3, 4, 1, { 1 } },
	{ "one of two hangs", 8, 2, 3, 4, 8, { 4, 4 } },
	{ "one of two hangs, with many users", 8, 2, 8, 8, 8, { 4, 4 } },
	{ "nobody wants much", 8, 2, 1, 2, 8, { 2, 2 } },
	{ "two of three hang", 8, 3, 8, 8, 8, { 4, 3, 1 } },
	{ "five of six hang", 16, 6, 8, 8, 16, { 8, 4, 1, 1, 1, 1 } },
	{ "there is less than a buffer for each", 2, 6, 8, 8, 12, { 6, 2, 1, 1, 1, 1 } },
	{ "there is one for each of two", 2, 2, 8, 8, 4, { 2, 2 } },
};

/* All but the buffers themselves, which the daemon has to the end. */
static void forget_pool(void)
{
	struct pool_store *s;

	while ((s = pool.stores)) {
		pool.stores = s->next;
		free(s);
	}
	free(pool.buffers);
}

static void try_shares(const struct share_case *c)
{
	unsigned long before;
	unsigned int sum = 0;

	memset(takers, 0, sizeof(takers));
	assert_int_equal(pool_open(&pool, BUFFER, c->options), 0);
	for (unsigned int s = 0; s < c->stores; s++)
		for (unsigned int i = 0; i < c->users; i++) {
			struct taker *t = &takers[s][i];

			*t = (struct taker){ .user.feed = take, .wants = c->each };
			assert_int_equal(pool_join(&pool, &t->user, &store_id[s]), 0);
		}
	assert_int_equal(pool.count, c->total);
	before = mapped();
	for (unsigned int s = 0; s < c->stores; s++) {
		for (unsigned int i = 0; i < c->users; i++)
			take(&takers[s][i].user);
		pool_turn(&pool);
	}
	for (unsigned int s = 0; s < c->stores; s++) {
		if (taken(s) != c->has[s])
			fail_msg("%s: store %u has %u buffers and not %u", c->what, s,
				 taken(s), c->has[s]);
		sum += taken(s);
	}
	/* As many as there were at the start, and nothing beside them. */
	assert_int_equal(sum + pool.free, c->total);
	assert_true(mapped() < before + BUFFER / (unsigned long)sysconf(_SC_PAGESIZE));
	forget_pool();
}

static void stores_that_hang_have_their_share(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(share_cases) / sizeof(share_cases[0]); i++)
		try_shares(&share_cases[i]);
}

/* --- windows and chunks ------------------------------------------------------------ */

/* struct other - another VMO, of the store that hangs or of another one */
struct other {
	struct target target;
	struct reader reader;
};

static struct backend other_store;

static int setup(void **state)
{
	(void)state;
	reader_memory = SHARED * READ_WINDOW;
	chunks_shared = SHARED;
	fake_start(PAGES * PAGE);
	other_store = *vmo.target.backend;
	other_store.store = &other_store;
	vmo.target.size = vmo_size;
	evict(0, PAGES);
	return 0;
}

/* So many windows of it may be under way. */
static void begin_other(struct other *o, struct backend *be, unsigned int depth)
{
	o->target = vmo.target;
	o->target.backend = be;
	assert_int_equal(reader_init(&o->reader, &o->target, READ_WINDOW, depth, 0), 0);
}

static void ask_for(struct reader *r, unsigned int window)
{
	reader_request(r, window * READ_WINDOW, PAGE);
}

static void assert_all_free(void)
{
	const struct pool *p = vmo.reader.buffers.pool;

	assert_int_equal(p->free, p->count);
	assert_int_equal(p->idle, p->store_count);
	assert_null(p->asking);
}

/* Who waits for one window is not behind all that another VMO waits for. */
static void windows_go_round(void **state)
{
	static struct other neighbour, other;

	(void)state;
	begin_other(&other, &other_store, 1);
	begin_other(&neighbour, vmo.target.backend, 3);
	for (unsigned int i = 0; i < 6; i++)
		ask_for(&vmo.reader, i);
	ask_for(&neighbour.reader, 7);
	assert_int_equal(asked_count, SHARED / 2);
	answer(0, 0);
	answer(0, 0);
	assert_int_equal(asked_count, SHARED / 2);
	assert_int_equal(asked[1].offset, 7 * READ_WINDOW);
	answer_all();
	for (unsigned int i = 0; i < 6 * READ_WINDOW / PAGE; i += READ_WINDOW / PAGE)
		assert_int_equal(page[i].state, CLEAN);
	assert_int_equal(asked_ever[READ], 7);
	assert_all_free();
	reader_free(&neighbour.reader);
	reader_free(&other.reader);
}

/* The time after which somebody might think that a store hangs. */
static void lose_patience(void)
{
	ms_now += 10000;
	fake_timer_step();
	reader_turn();
	chunks_turn();
}

/* However many of its VMOs are read, it has no more than its share of the windows. */
static void many_vmos_of_a_store_that_hangs(void **state)
{
	static struct other hanging[16], other;

	(void)state;
	begin_other(&other, &other_store, 3);
	for (unsigned int i = 0; i < 16; i++) {
		begin_other(&hanging[i], vmo.target.backend, 3);
		for (unsigned int w = 0; w < 6; w++)
			ask_for(&hanging[i].reader, w);
	}
	lose_patience();
	assert_int_equal(asked_count, SHARED / 2);
	/* Those of another go on as ever, as many at a time. */
	ask_for(&other.reader, 6);
	ask_for(&other.reader, 7);
	assert_int_equal(asked_count, SHARED);
	for (unsigned int i = 6; i < 8; i++) {
		assert_int_equal(asked[2].offset, i * READ_WINDOW);
		answer(2, 0);
		assert_int_equal(page[i * READ_WINDOW / PAGE].state, CLEAN);
	}
	/* It is there again: each of its VMOs has its turn. */
	answer_all();
	assert_int_equal(asked_ever[READ], 16 * 6 + 2);
	assert_all_free();
	for (unsigned int i = 0; i < 16; i++)
		reader_free(&hanging[i].reader);
	reader_free(&other.reader);
}

/* Who was killed while it waited may come again, as often as it likes. */
static void requests_that_are_made_again(void **state)
{
	unsigned int waiting = 0;

	(void)state;
	for (unsigned int i = 0; i < 100; i++)
		for (unsigned int w = 0; w < 6; w++)
			ask_for(&vmo.reader, w);
	for (struct request *req = vmo.reader.requests.first; req; req = req->next)
		waiting++;
	assert_in_range(waiting, 4, 6);
	answer_all();
	assert_int_equal(asked_ever[READ], 6);
}

static void chunk_while_a_store_hangs(void **state)
{
	static struct vmo other;
	static struct sync_request request;

	(void)state;
	other.target = vmo.target;
	other.target.backend = &other_store;
	assert_int_equal(reader_init(&other.reader, &other.target, READ_WINDOW, 1, 0), 0);
	assert_int_equal(writeback_init(&other.writeback, &other.target, &other.reader), 0);
	write_page(3);
	write_page(20);
	write_page(40);
	writeback_want(&vmo.writeback);
	lose_patience();
	assert_int_equal(asked_count, SHARED / 2);
	request = (struct sync_request){ .end = PAGES * PAGE, .done = sync_done };
	sync_error = -1;
	writeback_sync(&other.writeback, &request);
	assert_int_equal(asked_count, SHARED);
	while (asked_count > SHARED / 2)
		answer(SHARED / 2, 0);
	assert_int_equal(sync_error, 0);
	answer_all();
	assert_same();
	writeback_free(&other.writeback);
	reader_free(&other.reader);
}

/* It is written in the end, with few buffers for all. */
static void chunks_go_round(void **state)
{
	(void)state;
	for (unsigned int i = 3; i < PAGES; i += 10)
		write_page(i);
	begin_sync(0, PAGES);
	assert_int_equal(asked_count, SHARED / 2);
	assert_true(waits(WRITE) >= 0);
	answer_all();
	assert_int_equal(sync_error, 0);
	assert_same();
}

static int teardown(void **state)
{
	answer_all();
	ms_now += 10000;
	while (fake_timer_step())
		;
	return teardown_fake(state);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest shared[] = {
		cmocka_unit_test(stores_that_hang_have_their_share),
		TEST(windows_go_round),
		TEST(many_vmos_of_a_store_that_hangs),
		TEST(requests_that_are_made_again),
		TEST(chunk_while_a_store_hangs),
		TEST(chunks_go_round),
	};

	return cmocka_run_group_tests(shared, NULL, NULL);
}
