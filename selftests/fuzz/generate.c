// SPDX-License-Identifier: GPL-2.0
/*
 * Programs out of nothing, and out of others.
 */
#include <fcntl.h>
#include <string.h>

#include "fuzz.h"

/* All as it has to be, but for one bit at most: that alone must be refused. */
static void make_good(struct dice *d, struct call *c)
{
	const struct arg_desc *args = calls[c->kind].args;
	unsigned int nr = nr_args(&calls[c->kind]), i, tries = 16;

	for (i = 0; i < nr; i++)
		c->arg[i] = make_good_arg(d, &args[i]);
	if (one_in(d, 2))
		return;
	do {
		i = roll(d, nr);
	} while (args[i].kind != A_ZERO && args[i].kind != A_FLAGS && --tries);
	if (tries)
		c->arg[i] ^= 1ULL << roll(d, 32);
}

static void make_call(struct dice *d, struct call *c, unsigned int kind)
{
	unsigned int i;

	memset(c, 0, sizeof(*c));
	c->kind = kind;
	c->thread = 1 + roll(d, MAX_THREADS - 1);
	c->fail = one_in(d, 24) ? 1 + roll(d, 24) : 0;
	for (i = 0; i < nr_args(&calls[kind]); i++)
		c->arg[i] = make_arg(d, &calls[kind].args[i]);
	if (calls[kind].cmd && one_in(d, 6)) {
		make_good(d, c);
		return;
	}
	make_ranges(d, c);
	/* What goes with the first choice of a flag. */
	if (calls[kind].cmd == ZXP_IOC_SUPPLY_PAGES && !one_in(d, 16))
		c->arg[3] = c->arg[5] < NR_SLOTS ? ZXP_SUPPLY_AUX : 0;
	if (calls[kind].cmd == ZXP_IOC_SUPPLY_PAGES && c->arg[3] && !one_in(d, 8))
		c->arg[8] = make_number(d, 0, 4);
	if (calls[kind].cmd == ZXP_IOC_CREATE_VMO && c->arg[4] & ZXP_CREATE_PLAIN &&
	    !one_in(d, 8)) {
		c->arg[3] &= ~(uint64_t)ZXP_VMO_TRAP_DIRTY;
		c->arg[4] = ZXP_CREATE_PLAIN;
		c->arg[5] = 0xffffffff;
		c->arg[6] = 0;
	}
}

static unsigned int any_kind(struct dice *d)
{
	static unsigned int total;
	unsigned int i, at;

	if (!total)
		for (i = 0; i < nr_call_kinds; i++)
			total += calls[i].weight;
	at = roll(d, total);
	for (i = 0; at >= calls[i].weight; i++)
		at -= calls[i].weight;
	return i;
}

static unsigned int kind_of(const char *name)
{
	unsigned int i;

	for (i = 0; i < nr_call_kinds; i++)
		if (!strcmp(calls[i].name, name))
			break;
	return i;
}

static struct call *add(struct dice *d, struct program *p, const char *name)
{
	struct call *c = &p->call[p->nr];

	slots_there(p, p->nr++);
	make_call(d, c, kind_of(name));
	c->thread = 0;
	c->fail = 0;
	return c;
}

static void add_vmo(struct dice *d, struct program *p, unsigned int to)
{
	struct call *c = add(d, p, "create_vmo");

	c->arg[0] = SLOT_PAGER;
	c->arg[1] = 0;
	c->arg[2] = sizeof(struct zxp_create_vmo);
	c->arg[8] = 0;
	c->arg[9] = to < SLOT_PLAIN && one_in(d, 4) ? 12 * PAGE + roll(d, 8 * PAGE) : 0;
	c->arg[10] = to;
	c->arg[11] = 0;
	if (to >= SLOT_PLAIN) {
		c->arg[3] = one_in(d, 2) ? ZXP_VMO_RESIZABLE : 0;
		c->arg[4] = ZXP_CREATE_PLAIN;
		c->arg[5] = 0xffffffff;
		c->arg[6] = 0;
	} else {
		c->arg[3] &= ZXP_VMO_RESIZABLE | ZXP_VMO_TRAP_DIRTY |
			     ZXP_VMO_UNBOUNDED;
		if (c->arg[3] & ZXP_VMO_UNBOUNDED)
			c->arg[3] &= ~(uint64_t)ZXP_VMO_RESIZABLE;
		c->arg[4] &= ZXP_CREATE_SYNC | ZXP_CREATE_FIXED | ZXP_CREATE_READ_ONLY |
			     ZXP_CREATE_COPIES | ZXP_CREATE_SNAPSHOTS;
		if (c->arg[3] & (ZXP_VMO_RESIZABLE | ZXP_VMO_UNBOUNDED))
			c->arg[4] &= ~(uint64_t)(ZXP_CREATE_FIXED | ZXP_CREATE_READ_ONLY);
		if (c->arg[3] & ZXP_VMO_TRAP_DIRTY)
			c->arg[4] &= ~(uint64_t)ZXP_CREATE_READ_ONLY;
		if (!(c->arg[4] & ZXP_CREATE_READ_ONLY))
			c->arg[4] &= ~(uint64_t)ZXP_CREATE_COPIES;
		else
			c->arg[4] &= ~(uint64_t)ZXP_CREATE_SNAPSHOTS;
		c->arg[5] = one_in(d, 3) ? SLOT_PORT : 0xffffffff;
		c->arg[6] |= 1;
	}
	if (!one_in(d, 8))
		c->arg[7] = roll(d, 12) * PAGE + (one_in(d, 3) ? roll(d, PAGE) : 0);
}

static void add_map(struct dice *d, struct program *p, unsigned int vmo)
{
	struct call *c = add(d, p, "mmap");

	c->arg[0] = WINDOWS + roll(d, NR_WINDOWS) * WINDOW_STRIDE;
	c->arg[1] = (1 + roll(d, WINDOW_PAGES)) * PAGE;
	c->arg[2] = 3;
	c->arg[4] = vmo;
	c->arg[5] = roll(d, 3) * PAGE;
}

static void add_supply(struct dice *d, struct program *p, unsigned int vmo)
{
	struct call *c = add(d, p, "supply_pages");

	c->arg[0] = SLOT_PAGER;
	c->arg[1] = 0;
	c->arg[2] = sizeof(struct zxp_supply_pages);
	c->arg[3] = 0;
	c->arg[4] = vmo;
	c->arg[5] = 0xffffffff;
	c->arg[6] = roll(d, 4) * PAGE;
	c->arg[7] = (1 + roll(d, 6)) * PAGE;
	c->arg[8] = BUFFER + roll(d, 16) * PAGE;
	/* It may come to the end of the memory. */
	if (one_in(d, 8))
		c->arg[8] = BUFFER + (BUFFER_PAGES - roll(d, 6)) * PAGE;
}

static void add_op(struct dice *d, struct program *p, unsigned int vmo, uint32_t op,
		   const struct call *like)
{
	struct call *c = add(d, p, "op_range");

	c->arg[0] = SLOT_PAGER;
	c->arg[1] = 0;
	c->arg[2] = sizeof(struct zxp_op_range);
	c->arg[3] = op;
	c->arg[4] = vmo;
	c->arg[5] = 0;
	c->arg[6] = like->arg[6];
	c->arg[7] = like->arg[7];
	c->arg[8] = 0;
}

/* Pages that were supplied, and some of what may happen to them afterwards. */
static void add_written(struct dice *d, struct program *p, unsigned int vmo)
{
	const struct call *supply;
	struct call *c;

	add_supply(d, p, vmo);
	supply = &p->call[p->nr - 1];
	if (one_in(d, 2))
		add_op(d, p, vmo, ZXP_PAGER_OP_DIRTY, supply);
	if (one_in(d, 2)) {
		c = add(d, p, "pwrite");
		c->arg[0] = vmo;
		c->arg[1] = BUFFER;
		c->arg[2] = (1 + roll(d, 2)) * PAGE;
		c->arg[3] = supply->arg[6];
	}
	if (one_in(d, 2))
		add_op(d, p, vmo, ZXP_PAGER_OP_WRITEBACK_BEGIN, supply);
}

/* Which argument of it is a VMO, or -1. */
static int vmo_arg(unsigned int kind)
{
	unsigned int i;

	for (i = 0; i < nr_args(&calls[kind]); i++)
		if (calls[kind].args[i].kind == A_VMO)
			return i;
	return -1;
}

/* Some calls with the descriptor that the last one has put into a spare slot, if any. */
static void use_spare(struct dice *d, struct program *p)
{
	const struct call *last = &p->call[p->nr - 1];
	bool child = calls[last->kind].cmd == ZXP_IOC_VMO_CREATE_CHILD, ioctls;
	unsigned int i, kind, more = roll(d, 4);
	uint64_t slot = NR_SLOTS;
	int arg;

	for (i = 0; i < nr_args(&calls[last->kind]); i++)
		if (calls[last->kind].args[i].kind == A_SPARE)
			slot = last->arg[i];
	while (slot < NR_SLOTS && more-- && p->nr < MAX_CALLS) {
		ioctls = one_in(d, 2);
		do {
			/* Of children there are children. */
			kind = child && one_in(d, 4) ? last->kind : any_kind(d);
			arg = vmo_arg(kind);
		} while (arg < 0 || (ioctls && !calls[kind].cmd));
		make_call(d, &p->call[p->nr], kind);
		p->call[p->nr].arg[arg] = slot;
		p->call[p->nr++].thread = last->thread;
	}
}

/* What the last call has queued is looked for, as one finds it by its key or source. */
static void take_back(struct dice *d, struct program *p)
{
	const struct call *last = &p->call[p->nr - 1];
	struct call *c = &p->call[p->nr];

	if (calls[last->kind].cmd != ZXP_IOC_PORT_QUEUE || p->nr == MAX_CALLS ||
	    !one_in(d, 2))
		return;
	make_call(d, c, kind_of("port_cancel"));
	c->thread = one_in(d, 2) ? last->thread : c->thread;
	c->arg[0] = last->arg[0];
	c->arg[3] = one_in(d, 2) ? ZXP_CANCEL_SOURCE : 0;
	c->arg[4] = last->arg[5];
	c->arg[5] = c->arg[3] ? last->arg[4] : 0;
	p->nr++;
}

/* Another generation, or two; then the keeper has gone, and the former is there. */
static void add_generations(struct dice *d, struct program *p)
{
	struct call *c = add(d, p, "begin_generation");

	c->arg[0] = SLOT_PAGER;
	c->arg[5] = SLOT_PAGER + 1;
	if (one_in(d, 2)) {
		c = add(d, p, "begin_generation");
		c->arg[0] = SLOT_PAGER;
		c->arg[5] = SLOT_PAGER;
	}
	c = add(d, p, one_in(d, 2) ? "create_port" : "list_vmos");
	c->arg[0] = SLOT_PAGER + 1;
}

/* A pager with some VMOs, for the rest to act on. */
static void add_world(struct dice *d, struct program *p)
{
	struct call *c = add(d, p, "open");
	unsigned int i, nr = 1 + roll(d, 3);

	c->arg[0] = SLOT_PAGER;
	c->arg[1] = O_NONBLOCK;
	c = add(d, p, "create_port");
	c->arg[0] = SLOT_PAGER;
	c->arg[5] = SLOT_PORT;
	for (i = 0; i < nr; i++) {
		add_vmo(d, p, SLOT_VMO + i);
		if (!one_in(d, 4))
			add_map(d, p, SLOT_VMO + i);
		if (one_in(d, 2))
			add_supply(d, p, SLOT_VMO + i);
		else if (one_in(d, 2))
			add_written(d, p, SLOT_VMO + i);
	}
	if (!one_in(d, 3)) {
		add_vmo(d, p, SLOT_PLAIN);
		c = add(d, p, "pwrite");
		c->arg[0] = SLOT_PLAIN;
		c->arg[1] = BUFFER;
		c->arg[3] = 0;
	}
	if (one_in(d, 4))
		add(d, p, "pipe");
	if (one_in(d, 6))
		add_generations(d, p);
	if (one_in(d, 2)) {
		c = add(d, p, "reopen");
		c->arg[0] = SLOT_VMO + roll(d, nr);
		c->arg[2] = one_in(d, 3) ? O_WRONLY : O_RDONLY;
		use_spare(d, p);
	}
}

void generate(struct dice *d, struct program *p)
{
	unsigned int more = 3 + roll(d, one_in(d, 3) ? 24 : 10);

	memset(p, 0, sizeof(*p));
	p->end = roll(d, NR_ENDINGS);
	if (!one_in(d, 16))
		add_world(d, p);
	while (more-- && p->nr < MAX_CALLS) {
		slots_there(p, p->nr);
		make_call(d, &p->call[p->nr++], any_kind(d));
		use_spare(d, p);
		take_back(d, p);
	}
}

static void insert(struct program *p, unsigned int at, const struct call *c)
{
	if (p->nr == MAX_CALLS)
		return;
	memmove(&p->call[at + 1], &p->call[at], (p->nr - at) * sizeof(*c));
	p->call[at] = *c;
	p->nr++;
}

static void change_arg(struct dice *d, struct call *c)
{
	unsigned int nr = nr_args(&calls[c->kind]), i = roll(d, nr);

	if (!nr)
		return;
	switch (roll(d, 6)) {
	case 0:
		c->arg[i] ^= 1ULL << roll(d, 64);
		break;
	case 1:
		c->arg[i] += one_in(d, 2) ? PAGE : -PAGE;
		break;
	default:
		c->arg[i] = make_arg(d, &calls[c->kind].args[i]);
	}
}

static void mutate_once(struct dice *d, struct program *p,
			const struct program *other)
{
	unsigned int at = roll(d, p->nr), i;
	struct call c;

	slots_there(p, p->nr);
	switch (roll(d, 12)) {
	case 0:
	case 1:
	case 2:
		make_call(d, &c, any_kind(d));
		insert(p, roll(d, p->nr + 1), &c);
		break;
	case 3:
		if (p->nr > 1) {
			p->nr--;
			memmove(&p->call[at], &p->call[at + 1],
				(p->nr - at) * sizeof(c));
		}
		break;
	case 4: /* the end of the other one behind a beginning of this */
		p->nr = at + 1;
		for (i = roll(d, other->nr); i < other->nr && p->nr < MAX_CALLS; i++)
			p->call[p->nr++] = other->call[i];
		break;
	case 5: /* one of the other's calls */
		insert(p, at, &other->call[roll(d, other->nr)]);
		break;
	case 6:
		p->call[at].thread = roll(d, MAX_THREADS);
		break;
	case 7: /* once more, by somebody else */
		c = p->call[at];
		c.thread = roll(d, MAX_THREADS);
		insert(p, at, &c);
		break;
	case 8:
		p->call[at].fail = roll(d, 24);
		break;
	case 9:
		p->end = roll(d, NR_ENDINGS);
		break;
	default:
		change_arg(d, &p->call[at]);
	}
}

void mutate(struct dice *d, struct program *p, const struct program *other)
{
	do {
		mutate_once(d, p, other);
	} while (!one_in(d, 3));
}
