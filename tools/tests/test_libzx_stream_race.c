// SPDX-License-Identifier: MIT
/*
 * libzx against the module: streams of a pager's VMO, and streams that threads have in common,
 * by the names of Zircon's tests.
 */
#include <signal.h>
#include <stdatomic.h>

#include "fixture.h"

#define READ		ZX_STREAM_MODE_READ
#define WRITE		ZX_STREAM_MODE_WRITE
#define APPEND		ZX_STREAM_MODE_APPEND

static zx_handle_t stream;

static zx_iovec_t vec(void *buffer, size_t capacity)
{
	return (zx_iovec_t){ buffer, capacity };
}

static uint64_t stream_size(void)
{
	uint64_t size;

	ok(zx_vmo_get_stream_size(vmo, &size));
	return size;
}

/* A VMO with a pager that has so many bytes, and a stream of it. */
static void open_vmo(uint32_t options, uint64_t size, uint32_t mode)
{
	ok(zx_handle_close(vmo));
	expect_packet(ZX_PAGER_VMO_COMPLETE, 0, 0);
	ok(zx_pager_create_vmo(pager, options, port, KEY, size, &vmo));
	ok(zx_stream_create(mode, vmo, 0, &stream));
}

/* A call of a stream, in a thread of its own. */
struct call {
	pthread_t thread;
	zx_status_t (*call)(struct call *c);
	uint64_t offset;
	char *buffer;
	size_t length;
	size_t actual;
	zx_status_t status;
	_Atomic int tid;
};

static zx_status_t read_at(struct call *c)
{
	zx_iovec_t v = vec(c->buffer, c->length);

	return zx_stream_readv_at(stream, 0, c->offset, &v, 1, &c->actual);
}

static zx_status_t write_at(struct call *c)
{
	zx_iovec_t v = vec(c->buffer, c->length);

	return zx_stream_writev_at(stream, 0, c->offset, &v, 1, &c->actual);
}

static zx_status_t write_on(struct call *c)
{
	zx_iovec_t v = vec(c->buffer, c->length);

	return zx_stream_writev(stream, 0, &v, 1, &c->actual);
}

static zx_status_t append(struct call *c)
{
	zx_iovec_t v = vec(c->buffer, c->length);

	return zx_stream_writev(stream, ZX_STREAM_APPEND, &v, 1, &c->actual);
}

static zx_status_t set_size(struct call *c)
{
	return zx_vmo_set_size(vmo, c->offset);
}

static zx_status_t set_stream_size(struct call *c)
{
	return zx_vmo_set_stream_size(vmo, c->offset);
}

static void *call_main(void *arg)
{
	struct call *c = arg;

	atomic_store(&c->tid, gettid());
	c->status = c->call(c);
	return NULL;
}

static void begin(struct call *c, zx_status_t (*call)(struct call *c), uint64_t offset,
		  char *buffer, /* NOLINT(readability-non-const-parameter) */
		  size_t length)
{
	*c = (struct call){
		.call = call, .offset = offset, .buffer = buffer, .length = length,
		.actual = 4242,
	};
	assert_int_equal(pthread_create(&c->thread, NULL, call_main, c), 0);
}

static void end(struct call *c)
{
	assert_int_equal(pthread_join(c->thread, NULL), 0);
	ok(c->status);
}

static void ends(struct call *c, size_t actual)
{
	end(c);
	assert_int_equal(c->actual, actual);
}

static void allow(uint64_t page, uint64_t pages)
{
	ok(zx_pager_op_range(pager, ZX_PAGER_OP_DIRTY, vmo, page * PAGE, pages * PAGE, 0));
}

static void forbid(uint64_t page, zx_status_t status)
{
	ok(zx_pager_op_range(pager, ZX_PAGER_OP_FAIL, vmo, page * PAGE, PAGE,
			     (uint64_t)status));
}

#define ROUNDS	10

static void ReadShrinkRace(void **state)
{
	struct call read, shrink;
	zx_port_packet_t p;
	char buffer[16];

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		open_vmo(ZX_VMO_RESIZABLE, PAGE, READ);
		begin(&read, read_at, 0, buffer, sizeof(buffer));
		begin(&shrink, set_size, 0, NULL, 0);
		/* Whatever comes first, nobody waits for long once the VMO has no page. */
		end(&shrink);
		end(&read);
		assert_int_equal(read.actual, 0);
		assert_int_equal(stream_size(), 0);
		while (zx_port_wait(port, 0, &p) == ZX_OK)
			assert_int_equal(p.type, ZX_PKT_TYPE_PAGE_REQUEST);
		begin(&read, read_at, 0, buffer, sizeof(buffer));
		ends(&read, 0);
		ok(zx_handle_close(stream));
	}
}

/* A write at the end, one at the start, and what makes it shorter. */
static void write_shrink_race(zx_status_t (*shrink_call)(struct call *c))
{
	struct call last, first, shrink, read;
	char buffer[16] = "", all[2 * PAGE];
	const uint64_t size = PAGE + 8;

	for (int i = 0; i < ROUNDS; i++) {
		open_vmo(ZX_VMO_RESIZABLE, size, READ | WRITE);
		supply(0, 2 * PAGE, 's');
		begin(&last, write_at, size - sizeof(buffer), buffer, sizeof(buffer));
		begin(&first, write_at, 0, buffer, sizeof(buffer));
		begin(&shrink, shrink_call, PAGE, NULL, 0);
		begin(&read, read_at, 0, all, sizeof(all));
		ends(&last, sizeof(buffer));
		ends(&first, sizeof(buffer));
		end(&shrink);
		end(&read);
		assert_in_range(read.actual, PAGE, size);
		assert_true(stream_size() == PAGE || stream_size() == size);
		ok(zx_handle_close(stream));
	}
}

static void WriteShrinkRace(void **state)
{
	(void)state;
	write_shrink_race(set_size);
}

static void ReadWriteShrinkRace(void **state)
{
	(void)state;
	write_shrink_race(set_stream_size);
}

#define WRITTEN	48

/* The stream size grows with what is allowed, before the call is over. */
static void ContentSizeUpdatedOnPartialWrite(void **state)
{
	static char buffer[WRITTEN * PAGE];
	zx_port_packet_t p;
	struct call c;
	uint64_t next = 0, first, n, requests = 0;

	(void)state;
	open_vmo(ZX_VMO_UNBOUNDED | ZX_VMO_TRAP_DIRTY, 0, READ | WRITE);
	memset(buffer, 'a', sizeof(buffer));
	begin(&c, write_on, 0, buffer, sizeof(buffer));
	while (next < WRITTEN) {
		ok(zx_port_wait(port, ZX_TIME_INFINITE, &p));
		assert_int_equal(p.page_request.command, ZX_PAGER_VMO_DIRTY);
		first = p.page_request.offset / PAGE;
		n = p.page_request.length / PAGE;
		assert_int_equal(first, next);
		assert_int_equal(stream_size(), next * PAGE);
		allow(first, n);
		next = first + n;
		requests++;
	}
	assert_true(requests > 1);
	ends(&c, sizeof(buffer));
	assert_int_equal(stream_size(), sizeof(buffer));
	ok(zx_handle_close(stream));
}

static void PartialVmoDirty(void **state)
{
	static char buffer[2 * PAGE];
	zx_off_t seek = 7;
	struct call c;

	(void)state;
	open_vmo(ZX_VMO_UNBOUNDED | ZX_VMO_TRAP_DIRTY, 0, READ | WRITE);
	begin(&c, write_at, PAGE, buffer, sizeof(buffer));
	expect_packet(ZX_PAGER_VMO_DIRTY, PAGE, 2 * PAGE);
	allow(1, 1);
	forbid(2, ZX_ERR_NO_SPACE);
	expect_packet(ZX_PAGER_VMO_DIRTY, 2 * PAGE, PAGE);
	forbid(2, ZX_ERR_NO_SPACE);
	ends(&c, PAGE);
	assert_int_equal(stream_size(), 2 * PAGE);
	/* Nothing at all. */
	begin(&c, append, 0, buffer, PAGE);
	expect_packet(ZX_PAGER_VMO_DIRTY, 2 * PAGE, PAGE);
	forbid(2, ZX_ERR_NO_SPACE);
	assert_int_equal(pthread_join(c.thread, NULL), 0);
	is(c.status, ZX_ERR_NO_SPACE);
	assert_int_equal(stream_size(), 2 * PAGE);
	ok(zx_stream_seek(stream, ZX_STREAM_SEEK_ORIGIN_CURRENT, 0, &seek));
	assert_int_equal(seek, 2 * PAGE);
	ok(zx_handle_close(stream));
}

static void AppendSuppliesZeroes(void **state)
{
	static char buffer[2 * PAGE];
	/* How much, and the request that it makes. */
	static const struct {
		size_t size;
		uint64_t page;
		uint64_t pages;
	} rows[] = {
		{ PAGE / 2, 0, 1 }, { PAGE, 1, 1 }, { 2 * PAGE, 2, 2 }, { PAGE / 2, 0, 0 },
		{ 2 * PAGE, 4, 2 }, { PAGE / 4, 6, 1 }, { PAGE / 4, 0, 0 },
		{ PAGE / 4, 0, 0 }, { PAGE, 7, 1 },
	};
	struct call c;

	(void)state;
	open_vmo(ZX_VMO_UNBOUNDED | ZX_VMO_TRAP_DIRTY, 0, WRITE | APPEND);
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin(&c, append, 0, buffer, rows[i].size);
		if (rows[i].pages) {
			expect_packet(ZX_PAGER_VMO_DIRTY, rows[i].page * PAGE,
				      rows[i].pages * PAGE);
			allow(rows[i].page, rows[i].pages);
		}
		ends(&c, rows[i].size);
	}
	expect_no_packet();
	ok(zx_handle_close(stream));
}

/* A read ends before what the pager fails, and fails if that is the first one. */
static void fault_in_a_vector(void **state)
{
	static char buffer[4 * PAGE];
	zx_iovec_t parts[3] = {
		vec(buffer, 100), vec(buffer + 100, PAGE), vec(buffer + 200 + PAGE, 2 * PAGE),
	};
	struct call c;
	size_t actual;

	(void)state;
	open_vmo(0, 4 * PAGE, READ | WRITE);
	supply(0, PAGE, 's');
	/* Of the second buffer a part is there. */
	begin(&c, read_at, 0, buffer, sizeof(buffer));
	expect_packet(ZX_PAGER_VMO_READ, PAGE, 3 * PAGE);
	forbid(1, ZX_ERR_IO);
	ends(&c, PAGE);
	begin(&c, read_at, PAGE, buffer, 1);
	expect_packet(ZX_PAGER_VMO_READ, PAGE, PAGE);
	forbid(1, ZX_ERR_IO_DATA_INTEGRITY);
	assert_int_equal(pthread_join(c.thread, NULL), 0);
	is(c.status, ZX_ERR_IO_DATA_INTEGRITY);
	assert_int_equal(c.actual, 4242);
	supply(PAGE, PAGE, 't');
	ok(zx_pager_detach_vmo(pager, vmo));
	expect_packet(ZX_PAGER_VMO_COMPLETE, 0, 0);
	/* What was there has gone with the pager. */
	is(zx_stream_readv(stream, 0, parts, 3, &actual), ZX_ERR_BAD_STATE);
	ok(zx_handle_close(stream));
	ok(zx_handle_close(vmo));
	ok(zx_vmo_create(PAGE, 0, &vmo));
}

static _Atomic int signals;

static void on_signal(int signal)
{
	(void)signal;
	atomic_fetch_add(&signals, 1);
}

/*
 * Signals that are handled, one while each page is awaited: each call is done as a whole.  A
 * page that was failed before that does not end it.
 */
static void signals_cut_nothing(void **state)
{
	enum { PAGES = 12 };
	static const struct {
		zx_status_t (*call)(struct call *c);
		uint32_t options;
		uint64_t offset;
		int flags;
	} rows[] = {
		{ read_at, 0, 0, SA_RESTART },
		{ read_at, 0, 17, 0 },
		{ write_at, 0, 17, SA_RESTART },
		{ write_on, ZX_VMO_TRAP_DIRTY, 0, SA_RESTART },
		{ append, ZX_VMO_RESIZABLE | ZX_VMO_TRAP_DIRTY, 0, SA_RESTART },
	};
	static char buffer[PAGES * PAGE];
	struct sigaction action = { .sa_handler = on_signal };
	const size_t length = (PAGES - 1) * PAGE;
	zx_port_packet_t p;
	struct call c;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const bool grows = rows[i].call == append;

		action.sa_flags = rows[i].flags;
		assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
		atomic_store(&signals, 0);
		open_vmo(rows[i].options, grows ? 0 : PAGES * PAGE, READ | WRITE);
		begin(&c, rows[i].call, rows[i].offset, buffer, length);
		for (uint64_t page = 0; page < (grows ? PAGES - 1 : PAGES) &&
		     page * PAGE < rows[i].offset + length;) {
			const int before = atomic_load(&signals);

			p = next_packet();
			if (p.page_request.command == ZX_PAGER_VMO_COMPLETE ||
			    p.page_request.offset + p.page_request.length <= page * PAGE)
				continue;
			wait_asleep(&c.tid);
			assert_int_equal(pthread_kill(c.thread, SIGUSR1), 0);
			while (atomic_load(&signals) == before)
				zx_nanosleep(0);
			if (p.page_request.command == ZX_PAGER_VMO_READ)
				supply(page * PAGE, PAGE, 's');
			if (p.page_request.command == ZX_PAGER_VMO_DIRTY)
				allow(page, 1);
			if (p.page_request.command == ZX_PAGER_VMO_DIRTY ||
			    !(rows[i].options & ZX_VMO_TRAP_DIRTY))
				page++;
		}
		end(&c);
		row_is(i, (int)c.actual, (int)length);
		assert_true(atomic_load(&signals) >= PAGES - 1);
		ok(zx_handle_close(stream));
		while (zx_port_wait(port, 0, &p) == ZX_OK)
			;
	}
}

/* The offset is where it would have been. */
static void failed_append_moves_the_offset(void **state)
{
	static char buffer[PAGE];
	struct call c;
	zx_off_t seek;
	size_t actual;
	zx_iovec_t v = vec((void *)8, 1);

	(void)state;
	open_vmo(ZX_VMO_TRAP_DIRTY, 2 * PAGE, READ | WRITE);
	ok(zx_vmo_set_stream_size(vmo, PAGE));
	begin(&c, append, 0, buffer, PAGE);
	expect_packet(ZX_PAGER_VMO_DIRTY, PAGE, PAGE);
	forbid(1, ZX_ERR_IO);
	assert_int_equal(pthread_join(c.thread, NULL), 0);
	is(c.status, ZX_ERR_IO);
	ok(zx_stream_seek(stream, ZX_STREAM_SEEK_ORIGIN_CURRENT, 0, &seek));
	assert_int_equal(seek, PAGE);
	ok(zx_stream_seek(stream, ZX_STREAM_SEEK_ORIGIN_START, 3, NULL));
	is(zx_stream_writev(stream, ZX_STREAM_APPEND, &v, 1, &actual), ZX_ERR_NOT_FOUND);
	ok(zx_stream_seek(stream, ZX_STREAM_SEEK_ORIGIN_CURRENT, 0, &seek));
	assert_int_equal(seek, PAGE);
	/* What could not begin leaves it. */
	ok(zx_vmo_set_stream_size(vmo, 2 * PAGE));
	is(zx_stream_writev(stream, ZX_STREAM_APPEND, &v, 1, &actual), ZX_ERR_NO_SPACE);
	ok(zx_stream_seek(stream, ZX_STREAM_SEEK_ORIGIN_CURRENT, 0, &seek));
	assert_int_equal(seek, PAGE);
	ok(zx_handle_close(stream));
}

/* Who moves the offset waits for who does so already; others do not. */
static void offset_waits(void **state)
{
	static char one[PAGE / 2], other[PAGE / 2];
	char byte, found[2];
	zx_iovec_t v = vec(&byte, 1);
	struct call first, second;
	zx_off_t seek;
	size_t actual;

	(void)state;
	open_vmo(0, 4 * PAGE, READ | WRITE);
	supply(3 * PAGE, PAGE, 's');
	memset(one, '1', sizeof(one));
	memset(other, '2', sizeof(other));
	begin(&first, write_on, 0, one, sizeof(one));
	expect_packet(ZX_PAGER_VMO_READ, 0, PAGE);
	begin(&second, write_on, 0, other, sizeof(other));
	wait_asleep(&second.tid);
	ok(zx_stream_readv_at(stream, 0, 3 * PAGE, &v, 1, &actual));
	expect_no_packet();
	supply(0, PAGE, 's');
	ends(&first, PAGE / 2);
	ends(&second, PAGE / 2);
	ok(zx_stream_seek(stream, ZX_STREAM_SEEK_ORIGIN_CURRENT, 0, &seek));
	assert_int_equal(seek, PAGE);
	/* Each has written at a place of its own. */
	ok(zx_vmo_read(vmo, found, PAGE / 2 - 1, 2));
	assert_memory_equal(found, "12", 2);
	ok(zx_handle_close(stream));
}

#define THREADS	4
#define EACH	64

static void *append_numbers(void *arg)
{
	uint8_t byte = (uint8_t)(uintptr_t)arg * EACH;
	zx_iovec_t v = vec(&byte, 1);
	zx_handle_t own;

	ok(zx_stream_create(WRITE | APPEND, plain, 0, &own));
	for (int i = 0; i < EACH; i++, byte++) {
		zx_off_t before, after;
		zx_info_stream_t info;

		ok(zx_stream_seek(own, ZX_STREAM_SEEK_ORIGIN_CURRENT, 0, &before));
		ok(zx_stream_writev(own, 0, &v, 1, NULL));
		/* The offset is behind what was written, not behind what others have. */
		ok(zx_object_get_info(own, ZX_INFO_STREAM, &info, sizeof(info), NULL, NULL));
		after = info.seek;
		assert_true(after > before && after <= info.content_size);
	}
	ok(zx_handle_close(own));
	return NULL;
}

static void AppendWithMultipleThreads(void **state)
{
	pthread_t threads[THREADS];
	uint8_t found[THREADS * EACH];
	unsigned int seen[256] = { 0 };
	uint64_t size;

	(void)state;
	ok(zx_vmo_set_stream_size(plain, 0));
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, append_numbers,
						(void *)i), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	ok(zx_vmo_get_stream_size(plain, &size));
	assert_int_equal(size, sizeof(found));
	ok(zx_vmo_read(plain, found, 0, sizeof(found)));
	for (size_t i = 0; i < sizeof(found); i++)
		seen[found[i]]++;
	for (int i = 0; i < 256; i++)
		assert_int_equal(seen[i], 1);
}

/* The capacity of a vector changes while that is in use. */
struct resized {
	zx_iovec_t vector;
	size_t to;
};

static void *resize(void *arg)
{
	struct resized *r = arg;

	__atomic_store_n(&r->vector.capacity, r->to, __ATOMIC_RELAXED);
	return NULL;
}

static void race_resize(bool write, size_t from, size_t to)
{
	static const char small[] = "abcdefghijklmnopqrstuvwxyz";
	char buffer[27], found[27] = "", expected[27];
	pthread_t thread;
	size_t actual;

	ok(zx_stream_create(READ | WRITE, plain, 0, &stream));
	for (int i = 0; i < ROUNDS; i++) {
		struct resized r = { vec(buffer, from), to };

		ok(zx_vmo_write(plain, small, 0, 26));
		memset(buffer, '!', 26);
		memcpy(expected, write ? small : buffer, 26);
		assert_int_equal(pthread_create(&thread, NULL, resize, &r), 0);
		ok(write ? zx_stream_writev_at(stream, 0, 0, &r.vector, 1, &actual) :
			   zx_stream_readv_at(stream, 0, 0, &r.vector, 1, &actual));
		assert_int_equal(pthread_join(thread, NULL), 0);
		assert_true(actual == from || actual == to);
		if (write)
			ok(zx_vmo_read(plain, found, 0, 26));
		memcpy(expected, write ? buffer : small, actual);
		assert_memory_equal(write ? found : buffer, expected, 26);
	}
	ok(zx_handle_close(stream));
}

static void RaceReadResizeVecSmaller(void **state)
{
	(void)state;
	race_resize(false, 26, 10);
}

static void RaceWriteResizeVecSmaller(void **state)
{
	(void)state;
	race_resize(true, 26, 10);
}

static void RaceReadResizeVecLarger(void **state)
{
	(void)state;
	race_resize(false, 10, 26);
}

static void RaceWriteResizeVecLarger(void **state)
{
	(void)state;
	race_resize(true, 10, 26);
}

int main(void)
{
	static const struct CMUnitTest libzx_stream_race[] = {
		TEST(ReadShrinkRace),
		TEST(WriteShrinkRace),
		TEST(ReadWriteShrinkRace),
		TEST(ContentSizeUpdatedOnPartialWrite),
		TEST(PartialVmoDirty),
		TEST(AppendSuppliesZeroes),
		TEST(fault_in_a_vector),
		TEST(signals_cut_nothing),
		TEST(failed_append_moves_the_offset),
		TEST(offset_waits),
		TEST(AppendWithMultipleThreads),
		TEST(RaceReadResizeVecSmaller),
		TEST(RaceWriteResizeVecSmaller),
		TEST(RaceReadResizeVecLarger),
		TEST(RaceWriteResizeVecLarger),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_stream_race, NULL, NULL);
}
