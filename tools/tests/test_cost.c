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

#define WAIT	(4 * TURN_MAX)

/* Writers of so many VMOs wait for the limit of all, while each is being written back. */
static void writers_wait(unsigned int vmos)
{
	static struct writeback waits[WAIT];
	static struct target target[WAIT];
	struct dirty *d = &vmo.writeback.dirty;
	unsigned int taken = 0, before;
	bool wanted;

	fake_start(16 * PAGE);
	vmo.target.size = vmo_size;
	options.dirty_total = 4 * WAIT * PAGE;
	for (unsigned int i = 0; i < vmos; i++) {
		target[i] = vmo.target;
		waits[i] = (struct writeback){ .target = &target[i], .all.active = true };
		dirty_init(&waits[i].dirty, &target[i]);
		waits[i].dirty.unreserved = true;
	}
	refusals[INFO] = (struct refusal){ .status = ZX_ERR_IO, .times = UINT32_MAX };
	dirty_count(d, 4 * WAIT * PAGE);
	for (unsigned int i = 0; i < vmos; i++) {
		dirty_count(&waits[i].dirty, 4 * WAIT * PAGE / vmos);
		dirty_request(&waits[i].dirty, 0, PAGE);
	}
	vmo.writeback.all.active = true;
	while (taken < vmos) {
		before = taken;
		writeback_turn();
		for (taken = 0; taken < vmos && waits[taken].since; taken++)
			;
		assert_in_range(taken - before, 1, TURN_MAX);
		fake_timer_step();
	}
	while (dirty_news(&wanted))
		;
	/* The end of a batch that brought no room. */
	dirty_pump_all();
	assert_null(dirty_news(&wanted));
	for (unsigned int i = 0; i < vmos; i++)
		assert_int_equal(target[i].granted, 0);
	/* One that brought some, for one of them. */
	for (unsigned int i = 1; i < vmos; i++)
		dirty_count(&waits[i].dirty, 0);
	dirty_count(d, 0);
	dirty_count(&waits[0].dirty, 3 * WAIT * PAGE - PAGE);
	dirty_pump_all();
	assert_int_equal(target[0].granted, PAGE);
	for (unsigned int i = 1; i < vmos; i++)
		assert_int_equal(target[i].granted, 0);
	for (unsigned int i = 0; i < vmos; i++)
		dirty_free(&waits[i].dirty);
	vmo.writeback.all.active = false;
	refusals[INFO].times = 0;
	fake_stop();
}

static void many_writers_wait(void **state)
{
	(void)state;
	writers_wait(TURN_MAX);
	writers_wait(WAIT);
}

int main(void)
{
	static const struct CMUnitTest cost[] = {
		cmocka_unit_test(as_much_for_each),
		cmocka_unit_test(zeroes_behind_an_end),
		cmocka_unit_test(many_writers_wait),
	};

	return cmocka_run_group_tests(cost, NULL, NULL);
}
