// SPDX-License-Identifier: GPL-2.0
/*
 * The store and the pager of the reader's tests.
 */
#include "fake_disk.h"

struct vmo vmo;
struct backend store;
struct read reads[64];
unsigned int read_count, reads_ever;
bool bad_sector[DISK_PAGES], supplied[DISK_PAGES];
int store_error;
uint64_t store_size;
uint64_t vmo_size;
uint32_t store_chunk;
int failed[DISK_PAGES];
unsigned int supplies, tail_nonzero, together;
uint64_t supplied_last;
zx_status_t supply_status;
uint64_t supply_limit;

static struct timer *soon[16];
static unsigned int soon_count;

/* But for the next turn nothing hangs here for so long. */
void loop_timer(struct timer *timer, unsigned int ms)
{
	if (ms)
		return;
	assert_true(soon_count < 16);
	soon[soon_count++] = timer;
}

/* Byte @at of the store. */
static uint8_t content(uint64_t at)
{
	return (uint8_t)(at / PAGE * 7 + at % 251 + 1);
}

static void store_read(struct backend *be, struct event *ev, void *buffer,
		       uint32_t length, uint64_t offset)
{
	assert_ptr_equal(be, &store);
	assert_true(length > 0);
	assert_true(read_count < 64);
	reads[read_count].ev = ev;
	reads[read_count].buffer = buffer;
	reads[read_count].length = length;
	reads[read_count++].offset = offset;
	reads_ever++;
}

static const struct backend_ops store_ops = { .read = store_read };

void read_is_done(unsigned int i)
{
	struct event *ev = reads[i].ev;
	uint8_t *buffer = reads[i].buffer;
	uint64_t offset = reads[i].offset;
	uint32_t length = reads[i].length;
	int res = 0;

	memmove(&reads[i], &reads[i + 1], (--read_count - i) * sizeof(reads[0]));
	if (length > store_chunk)
		length = store_chunk;
	for (uint64_t at = offset; at < offset + length; at++) {
		if (at >= store_size)
			break;
		if (bad_sector[at / PAGE]) {
			res = -store_error;
			break;
		}
		buffer[at - offset] = content(at);
		res++;
	}
	ev->handler(ev, res);
}

void answer(unsigned int i)
{
	read_is_done(i);
	supply_all();
}

bool turn(void)
{
	struct timer *due[16];
	unsigned int n = soon_count;

	memcpy(due, soon, sizeof(due));
	soon_count = 0;
	for (unsigned int i = 0; i < n; i++)
		due[i]->event.handler(&due[i]->event, -ETIME);
	supply_all();
	return n;
}

void answer_all(void)
{
	do {
		while (read_count)
			answer(0);
	} while (turn());
}

static zx_status_t supply(struct content *c)
{
	const uint8_t *bytes = c->buffer;

	assert_ptr_equal(c->target, &vmo.target);
	assert_int_equal(c->offset % PAGE, 0);
	assert_int_equal(c->length % PAGE, 0);
	assert_true(vmo.target.resizable || c->offset + c->length <= vmo.target.size);
	supplies++;
	supplied_last = c->offset;
	for (c->done = 0; c->done < c->length; c->done += PAGE) {
		uint64_t start = c->offset + c->done;

		if (start >= vmo_size)
			return ZX_ERR_OUT_OF_RANGE;
		if (supply_status != ZX_OK && c->done >= supply_limit)
			return supply_status;
		for (uint64_t at = start; at < start + PAGE; at++) {
			uint8_t is = bytes[at - c->offset];

			if (at < store.size)
				assert_int_equal(is, content(at));
			else
				tail_nonzero += is != 0;
		}
		supplied[start / PAGE] = true;
	}
	return ZX_OK;
}

uint64_t pager_present(struct target *t, uint64_t offset, uint64_t length)
{
	uint64_t at = offset;

	(void)t;
	while (at < offset + length && supplied[at / PAGE])
		at += PAGE;
	return at - offset;
}

void pager_supply(struct content *c)
{
	c->status = supply(c);
}

void pager_supply_all(struct content **c, unsigned int n)
{
	if (n > together)
		together = n;
	for (unsigned int i = 0; i < n; i++)
		pager_supply(c[i]);
}

zx_status_t pager_fail(struct target *t, uint64_t offset, uint64_t length, int code)
{
	assert_ptr_equal(t, &vmo.target);
	assert_int_equal(offset % PAGE, 0);
	assert_int_equal(length % PAGE, 0);
	for (uint64_t at = offset; at < offset + length; at += PAGE)
		failed[at / PAGE] = code;
	return ZX_OK;
}

int pager_info(struct target *t, struct pager_info *info)
{
	(void)t;
	info->size = vmo_size;
	return 0;
}

void disk_start(uint64_t size, unsigned int depth, uint64_t ahead)
{
	memset(&vmo, 0, sizeof(vmo));
	memset(failed, 0, sizeof(failed));
	memset(supplied, 0, sizeof(supplied));
	memset(bad_sector, 0, sizeof(bad_sector));
	store = (struct backend){
		.ops = &store_ops, .path = "store", .size = size,
	};
	store_size = size;
	store_chunk = UINT32_MAX;
	store_error = EIO;
	supply_status = ZX_OK;
	supply_limit = 0;
	read_count = reads_ever = supplies = tail_nonzero = together = 0;
	vmo.target.name = "vmo";
	vmo.target.backend = &store;
	vmo_size = (size + PAGE - 1) / PAGE * PAGE;
	vmo.target.size = vmo_size;
	vmo.target.limit.second = -1;
	vmo.target.page_size = PAGE;
	assert_int_equal(reader_init(&vmo.reader, &vmo.target, WINDOW, depth, ahead), 0);
}

void disk_stop(void)
{
	answer_all();
	reader_free(&vmo.reader);
}

static void ahead_start(unsigned int windows, unsigned int depth, unsigned int most)
{
	disk_start(windows * WINDOW, depth, most * WINDOW);
	vmo.target.resizable = true;
}

int ahead_setup(void **state)
{
	(void)state;
	ahead_start(DISK_WINDOWS, AHEAD_DEPTH, AHEAD_MOST);
	return 0;
}

int ahead_teardown(void **state)
{
	(void)state;
	disk_stop();
	return 0;
}

void ahead_restart(unsigned int windows, unsigned int depth, unsigned int most)
{
	disk_stop();
	ahead_start(windows, depth, most);
}

void want(unsigned int window)
{
	reader_request(&vmo.reader, window * WINDOW + 3 * PAGE, PAGE);
}

void assert_reads(unsigned int from, unsigned int to)
{
	assert_int_equal(read_count, to - from);
	for (unsigned int i = 0; i < read_count; i++)
		assert_int_equal(reads[i].offset, (from + i) * WINDOW);
}

bool is_supplied(unsigned int window)
{
	return supplied[window * 8] && supplied[window * 8 + 7];
}

void assert_silent(void)
{
	for (unsigned int i = 0; i < DISK_PAGES; i++)
		assert_int_equal(failed[i], 0);
	assert_int_equal(vmo.target.failed, 0);
	assert_int_equal(vmo.target.limit.second, -1);
}

void want_and_have(unsigned int window, unsigned int to)
{
	want(window);
	assert_reads(window, window + 1);
	answer(0);
	assert_true(is_supplied(window));
	assert_reads(window + 1, to);
}

void ahead_of_11(void)
{
	ahead_restart(DISK_WINDOWS, 4, AHEAD_MOST);
	want(5);
	answer_all();
	want(6);
	answer_all();
	want(8);
	answer_all();
	want_and_have(11, 14);
}
