// SPDX-License-Identifier: GPL-2.0
/*
 * The store of the fake.
 */
#include "fake.h"

struct block block[PAGES_MAX];
struct asked asked[64];
unsigned int asked_count, asked_ever[RESIZE + 1];
uint64_t durable_size, store_max;
unsigned int space, late_nospc;
bool can_reserve, can_blank;
bool (*is_early)(void);
bool one_turn;
static uint64_t store_size;	/* of the file; the daemon has its own idea */
static unsigned int blocks;	/* all behind these are as they were at the start */
static struct backend store;
static const struct backend_ops fixed_ops;
static const uint8_t *interrupted;	/* of the write that is answered so */

static void set_allocated(unsigned int i, bool allocated)
{
	space += block[i].allocated;
	space -= allocated;
	block[i].allocated = allocated;
}

static void set_block(unsigned int i, uint32_t value, bool kept)
{
	if (blocks <= i)
		blocks = i + 1;
	block[i].value = value;
	block[i].changed = true;
	block[i].kept = kept;
}

/* Blocks that [offset, end) touches and that have no space yet get some. */
static int allocate(uint64_t offset, uint64_t end)
{
	unsigned int from = (unsigned int)(offset / PAGE), need = 0;
	unsigned int to = (unsigned int)((end + PAGE - 1) / PAGE);

	for (unsigned int i = from; i < to; i++)
		need += !block[i].allocated;
	if (end > store_max)
		return EFBIG;
	if (need > space)
		return ENOSPC;
	for (unsigned int i = from; i < to; i++)
		set_allocated(i, true);
	return 0;
}

static int do_read(const struct asked *a)
{
	uint64_t end = a->offset + a->length;

	if (end > store_size)
		end = store_size;
	for (uint64_t at = a->offset; at < end; at += PAGE)
		memcpy(a->buffer + (at - a->offset), &block[at / PAGE].value,
		       sizeof(uint32_t));
	return end > a->offset ? (int)(end - a->offset) : 0;
}

static int do_write(const struct asked *a)
{
	uint64_t end = a->offset + a->length;
	uint32_t value;
	int error;

	assert_true(store.ops != &fixed_ops || end <= store_size);
	if (a->offset < store_max && store_max < end)
		end = store_max;
	error = allocate(a->offset, end);
	if (error) {
		late_nospc++;
		return -error;
	}
	for (uint64_t at = a->offset; at < end; at += PAGE) {
		memcpy(&value, a->source + (at - a->offset), sizeof(value));
		set_block((unsigned int)(at / PAGE), value, false);
	}
	if (store_size < end)
		store_size = end;
	return (int)(end - a->offset);
}

static int do_sync(bool succeeds)
{
	for (unsigned int i = 0; i < blocks; i++) {
		if (succeeds && block[i].changed)
			block[i].durable = block[i].value;
		block[i].changed = block[i].changed && block[i].kept && !succeeds;
	}
	if (succeeds)
		durable_size = store_size;
	return 0;
}

static int do_blank(const struct asked *a)
{
	if (!can_blank)
		return -EOPNOTSUPP;
	for (uint64_t at = a->offset; at < a->offset + a->length; at += PAGE) {
		unsigned int i = (unsigned int)(at / PAGE);

		set_block(i, 0, true);
		set_allocated(i, a->flag && block[i].allocated);
	}
	return 0;
}

static int do_resize(uint64_t size)
{
	if (size > store_max)
		return -EFBIG;
	for (unsigned int i = (unsigned int)((size + PAGE - 1) / PAGE); i < PAGES_MAX; i++) {
		set_block(i, 0, true);
		set_allocated(i, false);
	}
	/* As with blocks that are smaller than a page. */
	if (size % PAGE && size < store_size)
		set_allocated((unsigned int)(size / PAGE), false);
	store_size = size;
	return 0;
}

static int do_it(const struct asked *a)
{
	switch (a->kind) {
	case READ:
		return do_read(a);
	case WRITE:
		return do_write(a);
	case SYNC:
		return do_sync(true);
	case RESERVE:
		return can_reserve ? -allocate(a->offset, a->offset + a->length) :
				     -EOPNOTSUPP;
	case BLANK:
		return do_blank(a);
	case RESIZE:
		return do_resize(a->offset);
	}
	return -EINVAL;
}

/*
 * If nothing more came after @a, the store would have zeroes that nobody wrote.  It has
 * them where a page is lost.
 */
static bool leaves_a_gap(const struct asked *a)
{
	for (uint64_t i = store_size / PAGE; (i + 1) * PAGE <= a->offset; i++)
		if (!page[i].broken &&
		    (page[i].state == DIRTY || page[i].state == AWAITING))
			return true;
	return false;
}

static void ask(struct asked a)
{
	assert_true(asked_count < 64);
	assert_true(a.kind == SYNC || a.kind == RESIZE || a.length > 0);
	/* What a write asks for once more was taken from the VMO some time ago. */
	if (a.kind == RESIZE || (a.kind == WRITE && a.source != interrupted))
		assert_false(leaves_a_gap(&a));
	asked_ever[a.kind]++;
	if (is_early && is_early()) {
		a.done = true;
		a.res = do_it(&a);
	}
	asked[asked_count++] = a;
}

void answer(unsigned int i, int error)
{
	struct asked a = asked[i];

	assert_true(i < asked_count);
	memmove(&asked[i], &asked[i + 1], (--asked_count - i) * sizeof(*asked));
	if (a.kind == SYNC && error && !a.done)
		do_sync(false);
	if (!a.done)
		a.res = error ? -error : do_it(&a);
	interrupted = a.res == -EINTR || a.res == -EAGAIN ? a.source : NULL;
	a.ev->handler(a.ev, a.res);
	interrupted = NULL;
	if (!one_turn) {
		supply_all();
		writeback_turn();
		chunks_turn();
		reader_turn();
	}
}

static void store_read(struct backend *be, struct event *ev, void *buffer,
		       uint32_t length, uint64_t offset)
{
	(void)be;
	ask((struct asked){
		.kind = READ,
		.ev = ev,
		.buffer = buffer,
		.offset = offset,
		.length = length,
	});
}

static void store_write(struct backend *be, struct event *ev, const void *buffer,
			uint32_t length, uint64_t offset)
{
	(void)be;
	ask((struct asked){
		.kind = WRITE,
		.ev = ev,
		.source = buffer,
		.offset = offset,
		.length = length,
	});
}

static void store_sync(struct backend *be, struct event *ev, bool all)
{
	(void)be;
	ask((struct asked){ .kind = SYNC, .ev = ev, .flag = all });
}

static void store_reserve(struct backend *be, struct event *ev, uint64_t offset,
			  uint64_t length)
{
	(void)be;
	ask((struct asked){
		.kind = RESERVE,
		.ev = ev,
		.offset = offset,
		.length = length,
	});
}

static void store_zero(struct backend *be, struct event *ev, uint64_t offset,
		       uint64_t length, bool keep)
{
	(void)be;
	ask((struct asked){
		.kind = BLANK,
		.ev = ev,
		.flag = keep,
		.offset = offset,
		.length = length,
	});
}

static void store_resize(struct backend *be, struct event *ev, uint64_t size)
{
	(void)be;
	ask((struct asked){ .kind = RESIZE, .ev = ev, .offset = size });
}

static const struct backend_ops store_ops = {
	.read = store_read,
	.write = store_write,
	.sync = store_sync,
	.reserve = store_reserve,
	.zero = store_zero,
	.resize = store_resize,
};

static const struct backend_ops fixed_ops = {
	.read = store_read,
	.write = store_write,
	.sync = store_sync,
	.zero = store_zero,
};

void fake_fix_size(void)
{
	store.ops = &fixed_ops;
	vmo.target.resizable = false;
	vmo.target.size = vmo_size;
	can_reserve = false;
}

void answer_all(void)
{
	one_turn = false;
	do {
		supply_all();
		writeback_turn();
		while (asked_count)
			answer(0, 0);
	} while (fake_timer_step());
}

int waits(enum kind kind)
{
	for (unsigned int i = 0; i < asked_count; i++)
		if (asked[i].kind == kind)
			return (int)i;
	return -1;
}

void store_start(uint64_t bytes)
{
	memset(block, 0, sizeof(block));
	memset(asked_ever, 0, sizeof(asked_ever));
	asked_count = late_nospc = blocks = 0;
	store = (struct backend){
		.ops = &store_ops, .path = "store", .size = bytes,
	};
	durable_size = store_size = bytes;
	store_max = UINT64_MAX;
	space = PAGES_MAX;
	can_reserve = can_blank = true;
	is_early = NULL;
	one_turn = false;
	vmo.target.backend = &store;
	for (unsigned int i = 0; i * (uint64_t)PAGE < bytes; i++) {
		block[i] = (struct block){
			.value = i + 1,
			.durable = i + 1,
			.allocated = true,
		};
		space--;
	}
}
