// SPDX-License-Identifier: GPL-2.0
/*
 * What is put into an argument. Most of it makes sense, or hardly anything would come
 * of a call; the rest lies on an edge, or is anything at all.
 */
#include "fuzz.h"

static uint64_t roll64(struct dice *d)
{
	return (uint64_t)roll(d, 1U << 31) << 40 ^ (uint64_t)roll(d, 1U << 31) << 20 ^
	       roll(d, 1U << 31);
}

/* Values at which something changes: ends of types, of files, of what the ABI has. */
static uint64_t edge(struct dice *d)
{
	static const uint64_t edges[] = {
		0, 1, PAGE - 1, PAGE, PAGE + 1, 1ULL << 31, (1ULL << 32) - PAGE,
		1ULL << 32, 1ULL << 44, 1ULL << 52, MAX_VMO_SIZE, MAX_VMO_SIZE + PAGE,
		1ULL << 62, (1ULL << 63) - PAGE, 1ULL << 63, 0 - PAGE, 0,
	};
	uint64_t value = edges[roll(d, ARRAY_SIZE(edges))];

	switch (roll(d, 8)) {
	case 0:
		return value - 1;
	case 1:
		return value + 1;
	case 2:
		return value - PAGE * roll(d, 8);
	case 3:
		return value + PAGE * roll(d, 8);
	default:
		return value;
	}
}

/* Mostly whole pages, at least @least of them; half of them within the first few. */
uint64_t make_number(struct dice *d, uint32_t least, uint32_t pages)
{
	switch (roll(d, 16)) {
	case 0:
		return edge(d);
	case 1:
		return roll(d, 4) ? roll(d, pages * PAGE) : roll64(d);
	case 2:
		return roll(d, pages * PAGE);
	case 3:
		return 0;
	default:
		return (least + roll(d, one_in(d, 2) ? pages : 3)) * PAGE;
	}
}

/*
 * A range that is as good as @pages long, or less, if one adds its parts without a look
 * at the carry: one of them lies near the end of what there is of numbers.
 */
static void wrap(struct dice *d, uint64_t *offset, uint64_t *length, uint32_t pages)
{
	uint64_t end = roll(d, pages + 1) * PAGE;
	uint64_t small = end + (1 + roll(d, pages)) * PAGE;

	if (one_in(d, 4))
		small = one_in(d, 2) ? 1ULL << 63 : (roll64(d) | 1ULL << 62) / PAGE * PAGE;
	*offset = one_in(d, 2) ? small : end - small;
	*length = end - *offset;
}

static uint64_t window_address(struct dice *d)
{
	uint64_t address = WINDOWS + roll(d, NR_WINDOWS) * WINDOW_STRIDE +
			   roll(d, one_in(d, 3) ? WINDOW_PAGES : 4) * PAGE;

	return one_in(d, 8) ? address + roll(d, PAGE) : address;
}

static uint64_t address(struct dice *d)
{
	switch (roll(d, 16)) {
	case 0:
		return edge(d);
	case 1:
		return 0;
	case 2: /* something of it is in the hole */
		return BUFFER + BUFFER_PAGES * PAGE - roll(d, 3 * PAGE);
	case 3:
		return READ_ONLY + roll(d, PAGE);
	case 4: /* from plain memory into a window */
		return WINDOWS + roll(d, NR_WINDOWS) * WINDOW_STRIDE - roll(d, 64);
	case 5:
	case 6:
	case 7:
		return window_address(d);
	case 8:
	case 9:
	case 10:
		return PRIVATE;
	default:
		return BUFFER + roll(d, 16) * PAGE + (one_in(d, 4) ? roll(d, PAGE) : 0);
	}
}

static unsigned int there;

/* Of a program: which slots do the first @nr calls of it put something into? */
void slots_there(const struct program *p, unsigned int nr)
{
	unsigned int i, k;

	for (i = 0, there = 0; i < nr; i++) {
		const struct arg_desc *args = calls[p->call[i].kind].args;

		for (k = 0; k < MAX_ARGS && args[k].name; k++)
			if ((args[k].kind == A_TO_PAGER || args[k].kind == A_TO_PORT ||
			     args[k].kind == A_TO_VMO || args[k].kind == A_SPARE) &&
			    p->call[i].arg[k] < NR_SLOTS)
				there |= 1U << p->call[i].arg[k];
	}
}

/* The first of each kind is the most used, and what is there rather than what is not. */
static unsigned int good_slot(struct dice *d, unsigned int first, unsigned int nr)
{
	unsigned int at = one_in(d, 3) ? roll(d, nr) : 0, i;

	for (i = 0; i < nr && !one_in(d, 8); i++)
		if (there & 1U << (first + (at + i) % nr))
			return first + (at + i) % nr;
	return first + at;
}

/* Of @nr slots from @first on; rarely of another kind, or no descriptor at all. */
static uint64_t slot(struct dice *d, unsigned int first, unsigned int nr)
{
	static const uint64_t none[] = { -1, -2, -100, 0x7fffffff, 0x80000000, 799 };

	switch (roll(d, 32)) {
	case 0:
		return none[roll(d, ARRAY_SIZE(none))] & 0xffffffff;
	case 1:
		return roll(d, NR_SLOTS);
	case 2:
		return good_slot(d, SLOT_SPARE, NR_SLOTS - SLOT_SPARE);
	default:
		return good_slot(d, first, nr);
	}
}

static uint64_t make_size(struct dice *d, const struct arg_desc *desc)
{
	uint64_t size = desc->values[0];

	switch (roll(d, 24)) {
	case 0:
		return desc->values[1] - roll(d, 3) * 4;
	case 1:
		return size + 8 * roll(d, 4);
	case 2:
		return (size + 8 + 8 * roll(d, 4)) | TAIL_NOT_ZERO;
	case 3:
		return one_in(d, 2) ? PAGE - 8 + 8 * roll(d, 3) :
				      edge(d) & 0xffffffff;
	default:
		return size;
	}
}

static uint64_t make_flags(struct dice *d, const struct arg_desc *desc)
{
	uint64_t flags = 0;
	unsigned int i;

	for (i = 0; i < desc->nr; i++)
		if (one_in(d, 3))
			flags |= desc->values[i];
	return one_in(d, 32) ? flags ^ 1ULL << roll(d, 32) : flags;
}

uint64_t make_arg(struct dice *d, const struct arg_desc *desc)
{
	switch (desc->kind) {
	case A_PAGER:
	case A_TO_PAGER:
		return slot(d, SLOT_PAGER, 2);
	case A_PORT:
		return one_in(d, 2) ? 0xffffffff : slot(d, SLOT_PORT, 2);
	case A_TO_PORT:
		return SLOT_PORT + roll(d, 2);
	case A_QUEUE:
		return slot(d, SLOT_PORT, 2);
	case A_STREAM:
		return one_in(d, 3) ? slot(d, SLOT_PORT, 2) : slot(d, SLOT_PAGER, 2);
	case A_VMO:
		/* What came by another way may have other rights. */
		if (there >> SLOT_SPARE && one_in(d, 6))
			return good_slot(d, SLOT_SPARE, NR_SLOTS - SLOT_SPARE);
		return slot(d, SLOT_VMO, one_in(d, 4) ? 6 : 4);
	case A_TO_VMO:
		return SLOT_VMO + roll(d, 6);
	case A_PLAIN: /* or one that is not, which is near enough to get far */
		if (one_in(d, 2))
			return 0xffffffff;
		return one_in(d, 3) ? slot(d, SLOT_VMO, 4) : slot(d, SLOT_PLAIN, 2);
	case A_PIPE:
		return slot(d, SLOT_PIPE, 2);
	case A_SPARE:
		return SLOT_SPARE + roll(d, NR_SLOTS - SLOT_SPARE);
	case A_ANY:
		return one_in(d, 3) ? roll(d, NR_SLOTS) : slot(d, SLOT_VMO, 4);
	case A_AT:
		return one_in(d, 12) ? address(d) : 0;
	case A_SIZE:
		return make_size(d, desc);
	case A_ZERO:
		return one_in(d, 48) ? 1ULL << roll(d, 32) : 0;
	case A_FLAGS:
		return make_flags(d, desc);
	case A_CHOICE:
		return one_in(d, 24) ? edge(d) : desc->values[roll(d, desc->nr)];
	case A_OFFSET:
		return make_number(d, 0, 8);
	case A_LENGTH:
		return make_number(d, 1, 10);
	case A_KEY:
		return one_in(d, 3) ? roll(d, 4) : 1 + roll(d, 255);
	case A_POINTER:
		return address(d);
	case A_NAME:
		return one_in(d, 2) ? 0 : address(d);
	case A_WINDOW:
		return window_address(d);
	case A_RANDOM:
		break;
	}
	return one_in(d, 4) ? edge(d) : roll(d, 64);
}

/* One that nothing is wrong with, whatever the others are. */
uint64_t make_good_arg(struct dice *d, const struct arg_desc *desc)
{
	switch (desc->kind) {
	case A_PORT:
	case A_PLAIN:
		return 0xffffffff;
	case A_AT:
	case A_ZERO:
	case A_FLAGS:
		return 0;
	case A_SIZE:
		return desc->values[0];
	case A_CHOICE:
		return desc->values[roll(d, desc->nr)];
	case A_OFFSET:
		return roll(d, 3) * PAGE;
	case A_LENGTH:
		return (1 + roll(d, 3)) * PAGE;
	case A_POINTER:
		return BUFFER;
	case A_NAME:
		return 0;
	default:
		return make_arg(d, desc);
	}
}

/* Offset and length are not always each for itself. */
void make_ranges(struct dice *d, struct call *c)
{
	const struct arg_desc *args = calls[c->kind].args;
	unsigned int i;

	for (i = 0; i + 1 < nr_args(&calls[c->kind]); i++) {
		if (args[i].kind != A_OFFSET || args[i + 1].kind != A_LENGTH ||
		    !one_in(d, 12))
			continue;
		wrap(d, &c->arg[i], &c->arg[i + 1], 4);
	}
}
