// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "model.h"

#define PAGE	4096u

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint8_t byte_of(uint32_t op, uint64_t at)
{
	uint64_t mixed = (op * 0x9e3779b97f4a7c15ull) ^ (at * 0xc2b2ae3d27d4eb4full);

	mixed ^= mixed >> 29;
	mixed *= 0xbf58476d1ce4e5b9ull;
	return op ? 1 + (mixed >> 40) % 255 : 0;
}

static void note(struct part *p, uint64_t offset, uint64_t end, uint32_t op)
{
	struct change *c = &p->change[p->changes];

	*c = (struct change){ .offset = offset, .end = end, .op = op };
	/* If its writer is killed here it is either there or not. */
	__atomic_store_n(&p->changes, p->changes + 1, __ATOMIC_RELEASE);
}

void part_change(struct part *p, uint64_t offset, uint64_t end, uint32_t op)
{
	if (offset > p->end)
		note(p, p->end, offset, 0);
	note(p, offset, end, op);
	p->most = larger(p->most, end);
}

static void set(struct part *p, uint64_t offset, uint64_t end, uint32_t op)
{
	for (uint64_t at = offset; at < end; at++)
		p->now[at - p->begin] = byte_of(op, at);
}

void part_changed(struct part *p, uint64_t offset, uint64_t end, uint32_t op)
{
	if (offset == end)
		return;
	if (offset > p->end)
		set(p, p->end, offset, 0);
	set(p, offset, end, op);
	p->end = larger(p->end, end);
}

/*
 * A file system that shrinks a file zeroes the rest of the last block as data.  A cut of
 * its power may find that block written and the size not yet, ext4 with a journal too.
 */
void part_resize(struct part *p, uint64_t end)
{
	if (end > p->end)
		note(p, p->end, end, 0);
	else if (end < p->end)
		note(p, end, smaller(p->end, (end + PAGE - 1) / PAGE * PAGE), 0);
	p->least = smaller(p->least, end);
	p->most = larger(p->most, end);
}

void part_resized(struct part *p, uint64_t end)
{
	if (end > p->end)
		set(p, p->end, end, 0);
	p->end = end;
}

void part_synced(struct part *p, uint64_t offset, uint64_t end)
{
	p->syncs++;
	for (uint64_t at = offset; at < end; at++) {
		p->durable[at - p->begin] = p->now[at - p->begin];
		p->since[at - p->begin] = p->changes;
	}
	/* The store reaches that far. */
	p->least = larger(p->least, end);
}

void part_synced_all(struct part *p)
{
	p->syncs++;
	part_adopt(p, p->now, p->end);
}

static void explain(const struct part *p)
{
	fprintf(stderr, "  part [%" PRIu64 ", %" PRIu64 "), %u operations, ends at %" PRIu64
		", since that was durable at %" PRIu64 " to %" PRIu64 "\n",
		p->begin, p->limit, p->ops, p->end, p->least, p->most);
}

/* All that is known of the byte at @at. */
static void explain_byte(const struct part *p, uint64_t at)
{
	uint64_t i = at - p->begin;

	explain(p);
	fprintf(stderr, "  now %#x, durable %d, and of %u changes since number %u:\n",
		p->now[i], p->durable[i], p->changes, p->since[i]);
	for (uint32_t c = 0; c < p->changes; c++) {
		const struct change *change = &p->change[c];

		if (at >= change->offset && at < change->end)
			fprintf(stderr, "  %u: operation %u, [%" PRIu64 ", %" PRIu64
				"): %#x\n", c, change->op, change->offset, change->end,
				byte_of(change->op, at));
	}
}

static bool differs(const struct part *p, const char *what, uint64_t at, unsigned int is)
{
	fprintf(stderr, "%s: %#x at %" PRIu64 " (page %" PRIu64 ", byte %" PRIu64 ")\n",
		what, is, at, at / PAGE, at % PAGE);
	explain_byte(p, at);
	return false;
}

bool part_is(const struct part *p, const char *what, const uint8_t *content,
	     uint64_t offset, uint64_t end)
{
	const uint8_t *now = p->now + (offset - p->begin);
	uint64_t i;

	if (!memcmp(content, now, end - offset))
		return true;
	for (i = 0; content[i] == now[i]; i++)
		;
	return differs(p, what, offset + i, content[i]);
}

static bool may_be(const struct part *p, uint64_t at, uint8_t is)
{
	uint64_t i = at - p->begin;

	if (is == p->durable[i])
		return true;
	for (uint32_t c = p->changes; c > p->since[i]; c--) {
		const struct change *change = &p->change[c - 1];

		if (at >= change->offset && at < change->end &&
		    byte_of(change->op, at) == is)
			return true;
	}
	return false;
}

bool part_survives(const struct part *p, const uint8_t *content, uint64_t end)
{
	if (end < p->least || end > p->most) {
		fprintf(stderr, "the store ends at %" PRIu64 "\n", end);
		explain(p);
		return false;
	}
	for (uint64_t at = p->begin; at < end; at++)
		if (!may_be(p, at, content[at - p->begin]))
			return differs(p, "the store", at, content[at - p->begin]);
	return true;
}

void part_adopt(struct part *p, const uint8_t *content, uint64_t end)
{
	if (content != p->now)
		memcpy(p->now, content, end - p->begin);
	for (uint64_t i = 0; i < p->limit - p->begin; i++) {
		p->durable[i] = p->begin + i < end ? p->now[i] : -1;
		p->since[i] = 0;
	}
	p->end = p->least = p->most = end;
	p->changes = 0;
}
