// SPDX-License-Identifier: GPL-2.0
/*
 * What happens when VMOs share fewer buffers than they could use: each gets its turn, and
 * all of it is done in the end.  Needs no kernel module.
 */
#include "fake.h"

static int setup(void **state)
{
	(void)state;
	reader_memory = 2 * READ_WINDOW;
	batch_chunks = 1;
	fake_start(PAGES * PAGE);
	return 0;
}

/* Who waits for one window is not behind all that another VMO waits for. */
static void windows_go_round(void **state)
{
	static struct reader second;
	static struct target other;

	(void)state;
	vmo.target.size = vmo_size;
	other = vmo.target;
	assert_int_equal(reader_init(&second, &other, READ_WINDOW, 3, 0), 0);
	evict(0, PAGES);
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
	return teardown_fake(state);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest shared[] = {
		TEST(windows_go_round),
		TEST(chunks_go_round),
	};

	return cmocka_run_group_tests(shared, NULL, NULL);
}
