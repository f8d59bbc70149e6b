// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel and the clients of the fake.
 */
#include <zircon/linux.h>

#include "fake.h"

struct options options;
struct vmo vmo;
struct fake_page page[PAGES_MAX];
uint64_t vmo_size, stream_size;
uint32_t clock_now, resized;
uint64_t ms_now;
unsigned int grants;
int sync_answer;

uint64_t loop_now(void)
{
	return ms_now;
}

static struct {
	struct timer *timer;
	uint64_t due;
} timers[16];
static unsigned int timer_count;

void loop_timer(struct timer *timer, unsigned int ms)
{
	assert_true(timer_count < 16);
	timers[timer_count].timer = timer;
	timers[timer_count++].due = ms_now + ms;
}

bool fake_timer_step(void)
{
	for (unsigned int i = 0; i < timer_count; i++) {
		struct timer *timer = timers[i].timer;

		if (timers[i].due > ms_now)
			continue;
		timers[i] = timers[--timer_count];
		timer->event.handler(&timer->event, -ETIME);
		return true;
	}
	return false;
}

void fake_timer_wait(void)
{
	uint64_t due = UINT64_MAX;

	/* Or it would be for ever. */
	assert_true(timer_count > 0);
	for (unsigned int i = 0; i < timer_count; i++)
		due = timers[i].due < due ? timers[i].due : due;
	ms_now = due > ms_now ? due : ms_now;
	fake_timer_step();
}

void fake_timers_forget(void)
{
	timer_count = 0;
}

/* --- the kernel ----------------------------------------------------------------- */

struct refusal refusals[CALLS];
unsigned long pager_steps;

/* What it says to @call, or ZX_OK. */
static zx_status_t refuses(enum call call)
{
	struct refusal *r = &refusals[call];

	pager_steps++;
	if (!r->times)
		return ZX_OK;
	if (r->after) {
		r->after--;
		return ZX_OK;
	}
	r->times--;
	return r->status;
}

static uint64_t round_up(uint64_t bytes)
{
	return (bytes + PAGE - 1) / PAGE * PAGE;
}

static unsigned int vmo_pages(void)
{
	return (unsigned int)(vmo_size / PAGE);
}

static bool in_bounds(uint64_t offset, uint64_t length)
{
	assert_int_equal(offset % PAGE, 0);
	assert_int_equal(length % PAGE, 0);
	return (offset + length) / PAGE <= vmo_pages();
}

int pager_info(struct target *t, struct pager_info *info)
{
	(void)t;
	if (refuses(INFO) != ZX_OK)
		return EIO;
	*info = (struct pager_info){
		.size = vmo_size,
		.stream_size = stream_size,
	};
	for (unsigned int i = 0; i < vmo_pages(); i++) {
		info->dirty += page[i].state == DIRTY || page[i].state == AWAITING ?
			       PAGE : 0;
		info->zero += page[i].state == ZERO ? PAGE : 0;
	}
	return 0;
}

/* Page @i of a zero range becomes a page; what was begun behind it stays begun. */
static void leave_zero(unsigned int i)
{
	bool first = !i || page[i - 1].state != ZERO;

	if (first && page[i].begun > 1 && i + 1 < PAGES_MAX && page[i + 1].state == ZERO)
		page[i + 1].begun = page[i].begun - 1;
	page[i].begun = 0;
}

zx_status_t pager_dirty(struct target *t, uint64_t offset, uint64_t length)
{
	zx_status_t status = refuses(DIRTY_CALL);

	if (status != ZX_OK)
		return status;
	if (t->detached)
		return ZX_ERR_BAD_STATE;
	if (!in_bounds(offset, length))
		return ZX_ERR_OUT_OF_RANGE;
	for (uint64_t i = offset / PAGE; i < (offset + length) / PAGE; i++)
		if (page[i].state == MISSING)
			return ZX_ERR_NOT_FOUND;
	for (uint64_t i = offset / PAGE; i < (offset + length) / PAGE; i++) {
		/* What was reserved is there: the daemon's promise. */
		assert_true(block[i].allocated || !can_reserve);
		if (page[i].state == ZERO)
			leave_zero((unsigned int)i);
		page[i].state = DIRTY;
	}
	grants++;
	return ZX_OK;
}

/* What the query says to a page, or -1 for one that it says nothing of. */
static int options_of(unsigned int i)
{
	if (page[i].state == ZERO)
		return ZX_VMO_DIRTY_RANGE_IS_ZERO;
	if (page[i].state != DIRTY && page[i].state != AWAITING)
		return -1;
	return page[i].broken ? ZX_LINUX_DIRTY_RANGE_IS_POISONED : 0;
}

zx_status_t pager_query(struct target *t, uint64_t offset, uint64_t end,
			zx_vmo_dirty_range_t *ranges, size_t count, size_t *actual)
{
	zx_status_t status = refuses(QUERY);
	unsigned int from = (unsigned int)(offset / PAGE);
	unsigned int to = (unsigned int)((end + PAGE - 1) / PAGE);

	(void)t;
	if (status != ZX_OK)
		return status;
	if (end > vmo_size)
		return ZX_ERR_OUT_OF_RANGE;
	*actual = 0;
	for (unsigned int i = from; i < to && *actual < count;) {
		unsigned int start = i;
		int found = options_of(i++);

		if (found < 0)
			continue;
		while (i < to && options_of(i) == found)
			i++;
		ranges[(*actual)++] = (zx_vmo_dirty_range_t){
			.offset = (uint64_t)start * PAGE,
			.length = (uint64_t)(i - start) * PAGE,
			.options = (uint64_t)found,
		};
	}
	pager_steps += *actual;
	return ZX_OK;
}

zx_status_t pager_begin(struct target *t, uint64_t offset, uint64_t length, bool zero)
{
	zx_status_t status = refuses(BEGIN);
	unsigned int from = (unsigned int)(offset / PAGE);
	unsigned int to = (unsigned int)((offset + length) / PAGE);

	(void)t;
	if (status != ZX_OK)
		return status;
	if (!in_bounds(offset, length))
		return ZX_ERR_OUT_OF_RANGE;
	for (unsigned int i = from; i < to; i++) {
		/* Which one is left out: it is not the daemon's to write back. */
		assert_false(options_of(i) == ZX_LINUX_DIRTY_RANGE_IS_POISONED && !zero);
		if (page[i].state == DIRTY && !zero && !page[i].pinned)
			page[i].state = AWAITING;
		page[i].broken |= page[i].breaks;
		if (page[i].state == ZERO && (!i || page[i - 1].state != ZERO)) {
			unsigned int n = 0;

			while (i + n < to && page[i + n].state == ZERO)
				n++;
			if (page[i].begun < n)
				page[i].begun = n;
		}
	}
	return ZX_OK;
}

zx_status_t pager_end(struct target *t, uint64_t offset, uint64_t length)
{
	zx_status_t status = refuses(END);
	unsigned int from = (unsigned int)(offset / PAGE), clean = 0;
	unsigned int to = (unsigned int)((offset + length) / PAGE);

	(void)t;
	if (status != ZX_OK)
		return status;
	if (!in_bounds(offset, length))
		return ZX_ERR_OUT_OF_RANGE;
	for (unsigned int i = from; i < to; i++) {
		unsigned int end = i;

		if (page[i].state == AWAITING && !page[i].broken)
			page[i].state = CLEAN;
		if (page[i].state != ZERO)
			continue;
		while (end < PAGES_MAX && page[end].state == ZERO)
			end++;
		if (i == from && i && page[i - 1].state == ZERO) {
			i = end - 1;	/* it starts before the range */
			continue;
		}
		if (i + page[i].begun > clean)
			clean = i + page[i].begun;
		page[i].begun = 0;
		for (; i < end && i < to && i < clean; i++)
			page[i].state = MISSING;
		if (i < end && clean > i)
			page[i].begun = clean - i;
		i = end - 1;
	}
	return ZX_OK;
}

zx_status_t pager_sync_end(struct target *t, uint64_t offset, uint64_t length, int code)
{
	zx_status_t status = refuses(SYNC_END);

	(void)t;
	(void)offset;
	(void)length;
	sync_answer = code;
	return status;
}

ssize_t pager_read(struct target *t, void *buffer, size_t length, uint64_t offset)
{
	zx_status_t status = refuses(VMO_READ);

	(void)t;
	if (status != ZX_OK) {
		errno = status == ZX_ERR_SHOULD_WAIT ? EAGAIN : EIO;
		return -1;
	}
	if (offset >= stream_size)
		return 0;
	if (length > stream_size - offset)
		length = (size_t)(stream_size - offset);
	memset(buffer, 0, length);
	for (uint64_t at = offset; at < offset + length; at += PAGE) {
		if (page[at / PAGE].broken) {
			errno = EIO;
			return at > offset ? (ssize_t)(at - offset) : -1;
		}
		/* Or the daemon would wait for itself. */
		assert_int_not_equal(page[at / PAGE].state, MISSING);
		memcpy((uint8_t *)buffer + (at - offset), &page[at / PAGE].value,
		       sizeof(uint32_t));
	}
	return (ssize_t)length;
}

uint64_t pager_present(struct target *t, uint64_t offset, uint64_t length)
{
	uint64_t at = offset;

	(void)t;
	while (at < offset + length && page[at / PAGE].state != MISSING)
		at += PAGE;
	return at - offset;
}

static zx_status_t supply(struct content *c)
{
	zx_status_t status = refuses(SUPPLY);
	uint32_t value;

	c->done = 0;
	if (status != ZX_OK)
		return status;
	if (!in_bounds(c->offset, c->length))
		return ZX_ERR_OUT_OF_RANGE;
	for (uint64_t at = c->offset; at < c->offset + c->length; at += PAGE) {
		if (page[at / PAGE].state != MISSING)
			continue;
		memcpy(&value, (const uint8_t *)c->buffer + (at - c->offset),
		       sizeof(value));
		/* Whatever was done to the page last, it comes back as that. */
		assert_int_equal(value, page[at / PAGE].value);
		page[at / PAGE].state = CLEAN;
	}
	c->done = c->length;
	return ZX_OK;
}

void pager_supply(struct content *c)
{
	c->status = supply(c);
}

void pager_supply_all(struct content **c, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		pager_supply(c[i]);
}

zx_status_t pager_fail(struct target *t, uint64_t offset, uint64_t length, int code)
{
	zx_status_t status = refuses(FAIL);

	(void)t;
	if (status != ZX_OK)
		return status;
	for (uint64_t i = offset / PAGE; i < (offset + length) / PAGE; i++)
		page[i].failed = code;
	return ZX_OK;
}

/* --- clients -------------------------------------------------------------------- */

bool client_read(unsigned int i)
{
	assert_true(i < vmo_pages());
	if (page[i].state != MISSING)
		return true;
	reader_request(&vmo.reader, (uint64_t)i * PAGE, PAGE);
	return false;
}

bool client_write(unsigned int i)
{
	if (!client_read(i))
		return false;
	if (page[i].state != DIRTY) {
		dirty_request(&vmo.writeback.dirty, (uint64_t)i * PAGE, PAGE);
		writeback_turn();
		return false;
	}
	page[i].value = ++clock_now;
	return true;
}

/* A zero range that grows to the left forgets how far it was begun. */
static void make_zero(unsigned int i)
{
	clock_now++;
	if (page[i].state == ZERO)
		return;
	page[i] = (struct fake_page){
		.state = ZERO,
		.zeroed = clock_now,
		.cut = page[i].cut,
	};
	if (i + 1 < PAGES_MAX)
		page[i + 1].begun = 0;
}

void client_zero(unsigned int from, unsigned int to)
{
	for (unsigned int i = from; i < to; i++)
		make_zero(i);
}

void client_resize(uint64_t bytes)
{
	unsigned int old = vmo_pages();

	stream_size = bytes;
	vmo_size = round_up(bytes);
	resized = ++clock_now;
	for (unsigned int i = vmo_pages(); i < old; i++)
		page[i] = (struct fake_page){ .cut = clock_now };
	for (unsigned int i = old; i < vmo_pages(); i++)
		make_zero(i);
}

/* Behind the stream a page is zero, until somebody stores into it. */
void client_stream(uint64_t bytes)
{
	uint64_t from = round_up(bytes < stream_size ? bytes : stream_size);

	client_zero((unsigned int)(from / PAGE), vmo_pages());
	stream_size = bytes;
	resized = ++clock_now;
}

void evict(unsigned int from, unsigned int to)
{
	for (unsigned int i = from; i < to; i++)
		if (page[i].state == CLEAN)
			page[i].state = MISSING;
}

/* --- the beginning and the end -------------------------------------------------- */

void fake_start(uint64_t bytes)
{
	options = (struct options){
		.dirty_window = DIRTY_WINDOW,
		.dirty_limit = 1u << 30,
		.dirty_total = 1u << 30,
		.dirty_background = 1u << 30,
		.writeback_age = 5,
	};
	memset(&vmo, 0, sizeof(vmo));
	memset(page, 0, sizeof(page));
	memset(refusals, 0, sizeof(refusals));
	store_start(bytes);
	grants = 0;
	stream_size = bytes;
	vmo_size = round_up(bytes);
	clock_now = PAGES_MAX;
	resized = 0;
	ms_now = 1000;
	sync_answer = -1;
	vmo.target.name = "vmo";
	vmo.target.writable = true;
	vmo.target.resizable = true;
	vmo.target.limit.second = -1;
	for (unsigned int i = 0; i < vmo_pages(); i++) {
		page[i].state = CLEAN;
		page[i].value = i + 1;
	}
	vmo.target.page_size = PAGE;
	assert_int_equal(reader_init(&vmo.reader, &vmo.target, READ_WINDOW, 3, 0), 0);
	assert_int_equal(writeback_init(&vmo.writeback, &vmo.target, &vmo.reader), 0);
}

void fake_stop(void)
{
	answer_all();
	dirty_cancel(&vmo.writeback.dirty);
	answer_all();
	writeback_free(&vmo.writeback);
	reader_free(&vmo.reader);
}

int setup_fake(void **state)
{
	(void)state;
	fake_start(16 * PAGE);
	return 0;
}

int teardown_fake(void **state)
{
	(void)state;
	fake_stop();
	return 0;
}

/* Of a writer who has asked for four pages. */
void write_page(unsigned int i)
{
	uint64_t from = i / 4 * 4 * (uint64_t)PAGE;

	if (page[i].state != DIRTY && client_read(i)) {
		dirty_request(&vmo.writeback.dirty, from, 4 * PAGE);
		writeback_turn();
	}
	while (!client_write(i))
		answer_all();
}

void assert_same(void)
{
	assert_int_equal(durable_size, stream_size);
	for (unsigned int i = 0; i * (uint64_t)PAGE < stream_size; i++)
		assert_int_equal(block[i].durable, page[i].value);
}

int sync_error;
static struct sync_request request;

void sync_done(struct sync_request *req, int error)
{
	(void)req;
	sync_error = error;
}

void begin_sync(unsigned int from, unsigned int to)
{
	sync_error = -1;
	request = (struct sync_request){
		.offset = (uint64_t)from * PAGE,
		.end = (uint64_t)to * PAGE,
		.done = sync_done,
	};
	writeback_sync(&vmo.writeback, &request);
}

void sync_pages(unsigned int from, unsigned int to)
{
	begin_sync(from, to);
	answer_all();
}

void assert_only(enum kind kind)
{
	assert_int_equal(asked_count, 1);
	assert_int_equal(asked[0].kind, kind);
}
