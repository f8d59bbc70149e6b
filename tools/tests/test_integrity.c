// SPDX-License-Identifier: GPL-2.0
/*
 * Clients that do anything, a store that answers late, in any order and often with an
 * error, a kernel that evicts what it may: each access sees what was done last, what a
 * sync said is durable is, and in the end the file is the VMO.
 *
 *   test_integrity [SEED]	without one those from 1 to 10
 *
 * Needs no kernel module.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fake.h"

#define ROUNDS	60
#define STEPS	4000

/* struct promise - a sync under way, and what there was when it was asked for */
struct promise {
	struct sync_request request;
	bool under_way;
	unsigned int from, to;
	uint64_t size;
	uint32_t asked;
	uint32_t value[PAGES];
};

static struct promise promises[4];
static unsigned int first_seed = 1, last_seed = 10, kept, broken_syncs;
static unsigned int most;	/* pages that the VMO may have */
static uint64_t state_of_dice;

static unsigned int dice(unsigned int sides)
{
	state_of_dice = state_of_dice * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned int)(state_of_dice >> 33) % sides;
}

static unsigned int pages(void)
{
	return (unsigned int)(stream_size / PAGE);
}

/* What was there, or what came since; who cuts it off has no right to either. */
static bool is_durable(const struct promise *p, unsigned int i)
{
	uint32_t durable = i * (uint64_t)PAGE < durable_size ? block[i].durable : 0;

	return durable == p->value[i] || durable > p->asked ||
	       page[i].cut > p->asked || (!durable && page[i].zeroed > p->asked);
}

static void promise_done(struct sync_request *req, int error)
{
	struct promise *p = event_owner(req, struct promise, request);

	p->under_way = false;
	if (error) {
		broken_syncs++;
		return;
	}
	kept++;
	/* A part of it has the store reach that far. */
	assert_true(durable_size == p->size || resized > p->asked ||
		    (p->to * (uint64_t)PAGE < p->size &&
		     durable_size >= p->to * (uint64_t)PAGE));
	for (unsigned int i = p->from; i < p->to; i++)
		if (!is_durable(p, i))
			fail_msg("page %u of a sync at %u of [%u, %u): %u is durable, not %u; now %u, zeroed at %u, resized at %u",
				 i, p->asked, p->from, p->to, block[i].durable,
				 p->value[i], page[i].value, page[i].zeroed, resized);
}

static void make_promise(void)
{
	struct promise *p = promises;

	while (p < promises + 4 && p->under_way)
		p++;
	if (p == promises + 4 || !pages())
		return;
	p->from = dice(2) ? 0 : dice(pages());
	p->to = p->from ? p->from + 1 + dice(pages() - p->from) : pages();
	p->under_way = true;
	p->size = stream_size;
	p->asked = clock_now;
	for (unsigned int i = 0; i < pages(); i++)
		p->value[i] = page[i].value;
	p->request = (struct sync_request){
		.offset = (uint64_t)p->from * PAGE,
		.end = (uint64_t)p->to * PAGE,
		.done = promise_done,
	};
	writeback_sync(&vmo.writeback, &p->request);
}

static void client_step(void)
{
	unsigned int from, to;

	if (!pages()) {
		client_resize(dice(most + 1) * PAGE);
		return;
	}
	from = dice(pages());
	to = from + 1 + dice(pages() - from);
	switch (dice(14)) {
	case 0:
		client_zero(from, to);
		break;
	case 1:
		client_zero(from, from + 1);
		break;
	case 2:
		client_resize(dice(most + 1) * PAGE);
		break;
	case 3:
		/* Cut off and there again, as far as anybody can see. */
		to = pages();
		client_resize(from * PAGE);
		client_resize(to * PAGE);
		break;
	case 4:
		client_read(from);
		break;
	case 5:
		evict(from, to);
		break;
	case 6:
		make_promise();
		break;
	default:
		client_write(from);
	}
}

static void store_step(unsigned int errors)
{
	static const int kinds[] = { EIO, EIO, ENOSPC, EINTR, EAGAIN };

	/* Clients also run between the end of a read and the supply. */
	one_turn = dice(2);
	if (asked_count)
		answer(dice(asked_count),
		       dice(100) < errors ? kinds[dice(5)] : 0);
}

static bool now_and_then(void)
{
	return dice(3) == 0;
}

static void one_round(void)
{
	unsigned int errors = dice(2) ? 0 : dice(40);
	most = dice(2) ? 8 : PAGES;
	fake_start((uint64_t)dice(most + 1) * PAGE);
	is_early = now_and_then;
	can_reserve = dice(5);
	can_blank = dice(3);
	options.dirty_limit = dice(2) ? 1u << 30 : (1 + dice(20)) * PAGE;
	options.dirty_background = dice(2) ? 1u << 30 : dice(10) * PAGE;
	ahead_init(&vmo.reader.ahead, READ_WINDOW, dice(3) * READ_WINDOW);
	for (unsigned int step = 0; step < STEPS; step++) {
		unsigned int what = dice(20);

		if (what < 10)
			client_step();
		else if (what < 19)
			store_step(errors);
		else {
			ms_now += dice(3000);
			writeback_tick();
		}
	}
	for (int tries = 0; !writeback_is_clean(&vmo.writeback); tries++) {
		assert_true(tries < 100);
		answer_all();
		ms_now += 60000;
		writeback_tick();
	}
	answer_all();
	/* For syncs that were put off. */
	ms_now += 1000;
	writeback_tick();
	answer_all();
	assert_int_equal(durable_size, stream_size);
	for (unsigned int i = 0; i < pages(); i++)
		assert_int_equal(block[i].durable, page[i].value);
	for (unsigned int i = 0; i < 4; i++)
		assert_false(promises[i].under_way);
	if (can_reserve)
		assert_int_equal(late_nospc, 0);
	fake_stop();
}

static void one_seed(unsigned int seed)
{
	/* For who finds it at fault. */
	print_message("seed %u\n", seed);
	state_of_dice = seed;
	kept = broken_syncs = 0;
	for (unsigned int i = 0; i < ROUNDS; i++)
		one_round();
	print_message("%u syncs kept, %u failed\n", kept, broken_syncs);
	assert_true(kept > 100 && broken_syncs > 10);
}

static void anything_goes(void **state)
{
	(void)state;
	for (unsigned int seed = first_seed; seed <= last_seed; seed++)
		one_seed(seed);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest integrity[] = {
		cmocka_unit_test(anything_goes),
	};

	if (argc > 1)
		first_seed = last_seed = (unsigned int)strtoul(argv[1], NULL, 0);
	return cmocka_run_group_tests(integrity, NULL, NULL);
}
