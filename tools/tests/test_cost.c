// SPDX-License-Identifier: GPL-2.0
/*
 * What writing back and queues cost, in calls and in ranges that are looked at: as much for
 * each range however many there are, and in one turn of the loop no more than some.  Needs no
 * kernel module.
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

/* Steps for @count DIRTYs of pages that are no neighbours, of a store that reserves nothing. */
static unsigned long cost_of_dirties(unsigned int count)
{
	unsigned long steps;
	unsigned int before;

	fake_start(2ull * count * PAGE);
	fake_fix_size();
	vmo.target.held = true;
	requests_steps = 0;
	for (unsigned int i = 0; i < count; i++)
		dirty_request(&vmo.writeback.dirty, 2ull * i * PAGE, PAGE);
	vmo.target.held = false;
	dirty_pump(&vmo.writeback.dirty);
	assert_in_range(grants, 1, TURN_MAX);
	while (grants < count) {
		before = grants;
		writeback_turn();
		assert_in_range(grants, before + 1, before + TURN_MAX);
		fake_timer_step();
	}
	steps = requests_steps;
	assert_null(vmo.writeback.dirty.queue.first);
	fake_stop();
	return steps;
}

/* The same for READs, whose store hangs at first. */
static unsigned long cost_of_reads(unsigned int count)
{
	unsigned long steps;

	fake_start(2ull * count * PAGE);
	evict(0, 2 * count);
	requests_steps = 0;
	for (unsigned int i = 0; i < count; i++)
		client_read(2 * i);
	answer_all();
	steps = requests_steps;
	for (unsigned int i = 0; i < count; i++)
		assert_int_equal(page[2 * i].state, CLEAN);
	fake_stop();
	return steps;
}

/* Who waits and is killed asks for another page, and so on: the queue is as long as they like. */
static void long_queue(unsigned long (*cost_of_queue)(unsigned int), const char *what)
{
	unsigned long few = cost_of_queue(FEW), many = cost_of_queue(MANY);

	print_message("%u %s: %lu steps; %u: %lu\n", FEW, what, few, MANY, many);
	assert_in_range(few, 1, 64 * FEW);
	assert_in_range(many, few, 6 * few);
}

static void long_queue_of_dirties(void **state)
{
	(void)state;
	long_queue(cost_of_dirties, "DIRTYs");
}

static void long_queue_of_reads(void **state)
{
	(void)state;
	long_queue(cost_of_reads, "READs");
}

/* One VMO has so many that each turn is over before they are: another one gets its own. */
static void beside_a_long_queue(void **state)
{
	struct dirty *d = &vmo.writeback.dirty;
	static struct writeback other;
	struct target target;

	(void)state;
	fake_start(2 * MANY * PAGE);
	fake_fix_size();
	target = vmo.target;
	other = (struct writeback){ .target = &target };
	dirty_init(&other.dirty, &target);
	vmo.target.held = true;
	for (uint64_t i = 0; i < MANY; i++)
		dirty_request(d, 2 * i * PAGE, PAGE);
	vmo.target.held = false;
	dirty_pump(d);
	dirty_request(&other.dirty, PAGE, PAGE);
	assert_int_equal(target.granted, 0);
	writeback_turn();
	fake_timer_step();
	writeback_turn();
	assert_int_equal(target.granted, PAGE);
	assert_in_range(vmo.target.granted, PAGE, 3 * TURN_MAX * PAGE);
	dirty_cancel(d);
	answer_all();
	dirty_free(&other.dirty);
	fake_stop();
}

int main(void)
{
	static const struct CMUnitTest cost[] = {
		cmocka_unit_test(as_much_for_each),
		cmocka_unit_test(zeroes_behind_an_end),
		cmocka_unit_test(many_writers_wait),
		cmocka_unit_test(long_queue_of_dirties),
		cmocka_unit_test(long_queue_of_reads),
		cmocka_unit_test(beside_a_long_queue),
	};

	return cmocka_run_group_tests(cost, NULL, NULL);
}
