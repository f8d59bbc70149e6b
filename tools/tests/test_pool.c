// SPDX-License-Identifier: GPL-2.0
/*
 * What happens when VMOs share fewer buffers than they could use: each gets its turn, and
 * all of it is done in the end.  Needs no kernel module.
 */
#include "../zxpagerd/pool.h"
#include "fake.h"

static int setup(void **state)
{
	(void)state;
	reader_memory = 2 * READ_WINDOW;
	chunks_shared = 1;
	fake_start(PAGES * PAGE);
	return 0;
}

static struct reader second;	/* of another VMO */

/* Nothing is in memory, and the second may have so many windows under way. */
static void begin_second(unsigned int depth)
{
	static struct target other;

	vmo.target.size = vmo_size;
	other = vmo.target;
	assert_int_equal(reader_init(&second, &other, READ_WINDOW, depth, 0), 0);
	evict(0, PAGES);
}

/* Who waits for one window is not behind all that another VMO waits for. */
static void windows_go_round(void **state)
{
	(void)state;
	begin_second(3);
	for (unsigned int i = 0; i < 6; i++)
		reader_request(&vmo.reader, i * READ_WINDOW, PAGE);
	reader_request(&second, 7 * READ_WINDOW, PAGE);
	assert_int_equal(asked_count, 2);
	answer(0, 0);
	answer(0, 0);
	assert_int_equal(asked_count, 2);
	assert_int_equal(asked[1].offset, 7 * READ_WINDOW);
	answer_all();
	for (unsigned int i = 0; i < 6 * READ_WINDOW / PAGE; i += READ_WINDOW / PAGE)
		assert_int_equal(page[i].state, CLEAN);
	assert_int_equal(asked_ever[READ], 7);
	reader_free(&second);
}

/* The time after which a store hangs that has all buffers. */
static void lose_patience(void)
{
	ms_now += 1000;
	assert_true(fake_timer_step());
	reader_turn();
	chunks_turn();
}

/* The first VMO has all windows, and never gets what it reads. */
static void window_while_a_store_hangs(void **state)
{
	static struct reader second;
	static struct target other;
	struct pool *pool = vmo.reader.pool;

	(void)state;
	vmo.target.size = vmo_size;
	other = vmo.target;
	assert_int_equal(reader_init(&second, &other, READ_WINDOW, 3, 0), 0);
	evict(0, PAGES);
	for (unsigned int i = 0; i < 3; i++)
		reader_request(&vmo.reader, i * READ_WINDOW, PAGE);
	reader_request(&second, 6 * READ_WINDOW, PAGE);
	reader_request(&second, 7 * READ_WINDOW, PAGE);
	assert_int_equal(asked_count, 2);
	lose_patience();
	/* One, and another when that is done; no third one for who has two. */
	for (unsigned int i = 6; i < 8; i++) {
		assert_int_equal(asked_count, 3);
		assert_int_equal(asked[2].offset, i * READ_WINDOW);
		answer(2, 0);
		assert_int_equal(page[i * READ_WINDOW / PAGE].state, CLEAN);
	}
	assert_int_equal(asked_count, 2);
	/* It goes on, and so does the order. */
	answer_all();
	assert_int_equal(page[2 * READ_WINDOW / PAGE].state, CLEAN);
	assert_int_equal(pool->free, pool->count);
	assert_int_equal(pool->extra, 0);
	assert_false(pool->stuck);
	reader_free(&second);
}

/* It is slow, and does not hang. */
static void no_window_while_a_store_is_slow(void **state)
{
	(void)state;
	begin_second(1);
	for (unsigned int i = 0; i < 6; i++)
		reader_request(&vmo.reader, i * READ_WINDOW, PAGE);
	reader_request(&second, 7 * READ_WINDOW, PAGE);
	reader_request(&second, 6 * READ_WINDOW, PAGE);
	for (unsigned int i = 0; i < 4; i++) {
		answer(0, 0);
		assert_int_equal(asked_count, 2);
		lose_patience();
		assert_int_equal(asked_count, 2);
	}
	answer_all();
	reader_free(&second);
}

static void chunk_while_a_store_hangs(void **state)
{
	static struct vmo other;
	static struct sync_request request;

	(void)state;
	other.target = vmo.target;
	assert_int_equal(reader_init(&other.reader, &other.target, READ_WINDOW, 1, 0), 0);
	assert_int_equal(writeback_init(&other.writeback, &other.target, &other.reader), 0);
	write_page(3);
	writeback_want(&vmo.writeback);
	assert_only(WRITE);
	request = (struct sync_request){ .end = PAGES * PAGE, .done = sync_done };
	sync_error = -1;
	writeback_sync(&other.writeback, &request);
	assert_only(WRITE);
	lose_patience();
	while (asked_count > 1)
		answer(1, 0);
	assert_int_equal(sync_error, 0);
	answer_all();
	assert_same();
	writeback_free(&other.writeback);
	reader_free(&other.reader);
}

/* It is written in the end, with one buffer for all. */
static void chunks_go_round(void **state)
{
	(void)state;
	write_page(3);
	write_page(40);
	begin_sync(0, PAGES);
	assert_only(WRITE);
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
		TEST(window_while_a_store_hangs),
		TEST(no_window_while_a_store_is_slow),
		TEST(chunk_while_a_store_hangs),
		TEST(windows_go_round),
		TEST(chunks_go_round),
	};

	return cmocka_run_group_tests(shared, NULL, NULL);
}
