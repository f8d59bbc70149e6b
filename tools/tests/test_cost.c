// SPDX-License-Identifier: GPL-2.0
/*
 * What writing back costs, in calls and in ranges that are looked at: as much for each range
 * however many there are, and in one turn of the loop no more than some.  Needs no kernel
 * module.
 */
#include "fake.h"

#define FEW	512u
#define MANY	(4 * FEW)

/* struct cost - of a pass, and of the turn of it that cost most */
struct cost {
	unsigned long all, turn;
};

/* What every second page is; behind the end of the store the others are zero. */
enum what { DATA, HOLE, LOST, BOTH, BEHIND, WHATS };

static void make(unsigned int i, enum what what)
{
	page[i].state = what == HOLE || (what == BOTH && i % 4) ? ZERO : DIRTY;
	page[i].broken = what == LOST && i % 4;
	block[i].allocated = true;
	if (what == BEHIND)
		page[i + 1].state = ZERO;
}

/* From now on until the store has nothing to do any more. */
static struct cost cost_of_a_pass(void)
{
	struct cost cost;
	unsigned long before;

	pager_steps = 0;
	ms_now += 60000;
	writeback_tick();
	cost.turn = pager_steps;
	while (asked_count) {
		before = pager_steps;
		answer(0, 0);
		if (cost.turn < pager_steps - before)
			cost.turn = pager_steps - before;
	}
	cost.all = pager_steps;
	return cost;
}

static struct cost cost_of(unsigned int ranges, enum what what)
{
	struct cost cost;

	fake_start(what == BEHIND ? 0 : 2ull * ranges * PAGE);
	options.writeback_age = 1;
	if (what == BEHIND)
		client_resize(2ull * ranges * PAGE);
	for (unsigned int i = 0; i < ranges; i++)
		make(2 * i, what);
	writeback_tick();
	cost = cost_of_a_pass();
	assert_int_equal(vmo.writeback.dirty.bytes, 0);
	for (unsigned int i = 0; i < 2 * ranges; i++)
		assert_true(page[i].broken || (page[i].state != DIRTY && page[i].state != ZERO));
	fake_stop();
	return cost;
}

static void as_much_for_each(void **state)
{
	(void)state;
	for (enum what what = DATA; what < WHATS; what++) {
		struct cost few = cost_of(FEW, what), many = cost_of(MANY, what);

		print_message("%u ranges: %lu steps, %lu in one turn; %u: %lu and %lu\n", FEW,
			      few.all, few.turn, MANY, many.all, many.turn);
		assert_in_range(few.all, FEW, 12 * FEW);
		assert_in_range(many.all, 3 * few.all, 4 * few.all + FEW);
		assert_in_range(many.turn, 1, few.turn + FEW / 4);
	}
}

/* Where the store ends for good, what clients zero of what is zero is no range of its own. */
static void zeroes_behind_an_end(void **state)
{
	struct cost cost;

	(void)state;
	fake_start(PAGE);
	options.writeback_age = 1;
	store_max = PAGE;
	client_resize(2ull * MANY * PAGE);
	for (unsigned int n = 0; n < 3; n++) {
		writeback_tick();
		cost = cost_of_a_pass();
		assert_in_range(cost.all, 1, 50);
		for (unsigned int i = 1; i < MANY; i++)
			client_zero(2 * i, 2 * i + 1);
	}
	assert_int_equal(page[2].state, ZERO);
	client_resize(PAGE);
	fake_stop();
}

int main(void)
{
	static const struct CMUnitTest cost[] = {
		cmocka_unit_test(as_much_for_each),
		cmocka_unit_test(zeroes_behind_an_end),
	};

	return cmocka_run_group_tests(cost, NULL, NULL);
}
