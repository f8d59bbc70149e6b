// SPDX-License-Identifier: GPL-2.0
/*
 * Queues of READs and DIRTYs against arrays of bytes that are asked for.  Needs no kernel
 * module.
 */
#include <search.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../zxpagerd/requests.h"

#define BYTES	64u
#define ROUNDS	50000

static struct requests queue;
static uint64_t asked_at[BYTES];	/* in which round, or 0 */
static uint64_t round_now;
static bool no_memory, no_node;
static unsigned int seed = 1;

void *__wrap_malloc(size_t size);
void *__real_malloc(size_t size);
void *__wrap_tsearch(const void *key, void **root, int (*order)(const void *, const void *));
void *__real_tsearch(const void *key, void **root, int (*order)(const void *, const void *));

void *__wrap_malloc(size_t size)
{
	return no_memory ? NULL : __real_malloc(size);
}

void *__wrap_tsearch(const void *key, void **root, int (*order)(const void *, const void *))
{
	return no_node ? NULL : __real_tsearch(key, root, order);
}

static unsigned int random_below(unsigned int end)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % end;
}

/* The line has what is asked for, once, and the oldest first. */
static void assert_same(void)
{
	const struct request *req, *previous = NULL;
	bool seen[BYTES] = { false };
	unsigned int asked = 0, in_line = 0;

	for (req = queue.first; req; previous = req, req = req->next) {
		assert_ptr_equal(req->previous, previous);
		assert_true(req->offset < req->end && req->end <= BYTES);
		assert_true(!previous || previous->taken <= req->taken);
		for (uint64_t at = req->offset; at < req->end; at++, in_line++) {
			assert_int_equal(asked_at[at], req->taken);
			assert_false(seen[at]);
			seen[at] = true;
		}
	}
	assert_ptr_equal(queue.last, previous);
	for (unsigned int at = 0; at < BYTES; at++)
		asked += asked_at[at] != 0;
	assert_int_equal(in_line, asked);
}

static void add(unsigned int from, unsigned int to)
{
	assert_true(requests_add(&queue, from, to, round_now));
	for (unsigned int at = from; at < to; at++)
		if (!asked_at[at])
			asked_at[at] = round_now;
}

static void trim(unsigned int from, unsigned int to)
{
	const struct request *req = queue.first;

	while (req && (from <= req->offset || req->end <= to))
		req = req->next;
	requests_trim(&queue, from, to);
	for (unsigned int at = from; !req && at < to; at++)
		asked_at[at] = 0;
}

static void pop(void)
{
	if (!queue.first)
		return;
	for (uint64_t at = queue.first->offset; at < queue.first->end; at++)
		asked_at[at] = 0;
	requests_pop(&queue);
}

static void split(void)
{
	if (queue.first && queue.first->end - queue.first->offset > 1)
		assert_true(requests_split(&queue, queue.first->offset + 1));
}

static void against_an_array(void **state)
{
	(void)state;
	for (round_now = 1; round_now <= ROUNDS; round_now++) {
		unsigned int from = random_below(BYTES), to = from + 1 + random_below(12);
		bool all = true;

		if (to > BYTES)
			to = BYTES;
		for (unsigned int at = from; at < to; at++)
			all = all && asked_at[at];
		assert_int_equal(requests_have(&queue, from, to), all);
		switch (random_below(6)) {
		case 0:
			trim(from, to);
			break;
		case 1:
			pop();
			break;
		case 2:
			split();
			break;
		default:
			add(from, to);
		}
		assert_same();
	}
	requests_trim(&queue, 0, UINT64_MAX);
	assert_null(queue.first);
	assert_null(queue.tree);
}

/* Neither for a request nor for its place in the tree: all is as it was. */
static void without_memory(void **state)
{
	(void)state;
	assert_true(requests_add(&queue, 8, 16, 1));
	for (unsigned int i = 0; i < 2; i++) {
		no_memory = !i;
		no_node = i;
		assert_false(requests_add(&queue, 0, 32, 2));
		assert_false(requests_split(&queue, 12));
		no_memory = no_node = false;
		assert_true(requests_have(&queue, 8, 16));
		assert_false(requests_have(&queue, 0, 8) || requests_have(&queue, 16, 32));
		assert_ptr_equal(queue.first, queue.last);
		assert_int_equal(queue.first->end, 16);
	}
	requests_pop(&queue);
	assert_null(queue.last);
}

int main(void)
{
	static const struct CMUnitTest requests[] = {
		cmocka_unit_test(against_an_array),
		cmocka_unit_test(without_memory),
	};

	return cmocka_run_group_tests(requests, NULL, NULL);
}
