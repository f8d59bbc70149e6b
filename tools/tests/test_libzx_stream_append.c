// SPDX-License-Identifier: MIT
/*
 * libzx against the module: appends to streams, by the names of Zircon's tests where it has some.
 */
#include <sched.h>
#include <stdatomic.h>

#include "stream_fixture.h"

/* Each writev() of @options is an append, of a stream with @mode. */
static void appends(uint32_t mode, uint32_t options)
{
	zx_info_stream_t info = { .content_size = 33 };

	open_stream(mode, 0);
	info_is(mode, 0, 26);
	moves(write_from(options, hex, 7), 7);
	holds("abcdefghijklmnopqrstuvwxyz0123456");
	info_is(mode, 33, 33);
	seeks(START, 2, 2);
	for (uint64_t size = 33; size + 16 < PAGE; size += 16)
		moves(write_from(options, hex, 16), 16);
	ok(zx_object_get_info(stream, ZX_INFO_STREAM, &info, sizeof(info), NULL, NULL));
	assert_true(info.content_size < PAGE && PAGE - info.content_size <= 16);
	assert_int_equal(info.seek, info.content_size);
	moves(write_from(options, hex, 16), PAGE - info.content_size);
	is(write_from(options, hex, 16), ZX_ERR_NO_SPACE);
	is(write_from(options, hex, SIZE_MAX), ZX_ERR_OUT_OF_RANGE);
	moves(write_from(options, hex, 0), 0);
	info_is(mode, PAGE, PAGE);
}

static void Append(void **state)
{
	(void)state;
	appends(WRITE, ZX_STREAM_APPEND);
}

static void WriteVectorWithStreamInAppendMode(void **state)
{
	(void)state;
	appends(WRITE | APPEND, 0);
}

static void PropertyModeAppend(void **state)
{
	char name[ZX_MAX_NAME_LEN] = "";
	uint8_t append = 7;
	uint64_t size = 0;

	(void)state;
	replace_store(PAGE, 0, 0);
	open_stream(WRITE, 0);
	moves(write_from(0, hex, 16), 16);
	info_is(WRITE, 16, 16);
	ok(zx_object_get_property(stream, ZX_PROP_STREAM_MODE_APPEND, &append, 1));
	assert_int_equal(append, 0);
	append = 1;
	ok(zx_object_set_property(stream, ZX_PROP_STREAM_MODE_APPEND, &append, 1));
	info_is(WRITE | APPEND, 16, 16);
	append = 7;
	ok(zx_object_get_property(stream, ZX_PROP_STREAM_MODE_APPEND, &append, 1));
	assert_int_equal(append, 1);
	seeks(START, 10, 10);
	moves(write_from(0, hex, 16), 16);
	holds("0123456789ABCDEF0123456789ABCDEF");
	append = 0;
	ok(zx_object_set_property(stream, ZX_PROP_STREAM_MODE_APPEND, &append, 1));
	info_is(WRITE, 32, 32);
	seeks(START, 10, 10);
	moves(write_from(0, hex, 16), 16);
	holds("01234567890123456789ABCDEFABCDEF");
	/* Only streams have it, and they have nothing else. */
	is(zx_object_get_property(stream, ZX_PROP_STREAM_MODE_APPEND, &append, 0),
	   ZX_ERR_BUFFER_TOO_SMALL);
	is(zx_object_get_property(store, ZX_PROP_STREAM_MODE_APPEND, &append, 1),
	   ZX_ERR_WRONG_TYPE);
	is(zx_object_set_property(store, ZX_PROP_STREAM_MODE_APPEND, &append, 1),
	   ZX_ERR_WRONG_TYPE);
	is(zx_object_get_property(stream, ZX_PROP_NAME, name, sizeof(name)),
	   ZX_ERR_WRONG_TYPE);
	is(zx_object_set_property(stream, ZX_PROP_NAME, name, 1), ZX_ERR_WRONG_TYPE);
	is(zx_object_get_property(stream, ZX_PROP_VMO_CONTENT_SIZE, &size, 8),
	   ZX_ERR_WRONG_TYPE);
	is(zx_object_get_info(store, ZX_INFO_STREAM, name, 32, NULL, NULL),
	   ZX_ERR_WRONG_TYPE);
}

static _Atomic bool over;
static _Atomic int appended;

/* Another stream's appends, of one byte each. */
static void *append_alone(void *arg)
{
	zx_iovec_t v = vec(arg, 1);
	zx_handle_t other;

	ok(zx_stream_create(WRITE | APPEND, store, 0, &other));
	for (; !atomic_load(&over); appended++)
		ok(zx_stream_writev(other, 0, &v, 1, NULL));
	ok(zx_handle_close(other));
	return NULL;
}

/* Nobody's append comes into the middle of one, as many buffers as that has. */
static void long_appends_are_one(void **state)
{
	enum { ENOUGH = 50000, BYTES = 2000000 };
	static zx_iovec_t many[MANY];
	static char all[BYTES + 2 * MANY];
	char of_one = '1', of_many = 'm';
	size_t run = 0;
	pthread_t thread;
	uint64_t size;
	int before;

	(void)state;
	for (int i = 0; i < MANY; i++)
		many[i] = vec(&of_many, 1);
	replace_store(PAGE, ZX_VMO_RESIZABLE, 0);
	open_stream(WRITE, 0);
	atomic_store(&over, false);
	assert_int_equal(pthread_create(&thread, NULL, append_alone, &of_one), 0);
	while (!(before = atomic_load(&appended)))
		sched_yield();
	/* Until there was something that could have come into the middle. */
	do {
		moves(zx_stream_writev(stream, ZX_STREAM_APPEND, many, MANY, &actual), MANY);
		ok(zx_vmo_get_stream_size(store, &size));
	} while (size < ENOUGH || (size < BYTES && atomic_load(&appended) == before));
	assert_int_not_equal(atomic_load(&appended), before);
	atomic_store(&over, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	ok(zx_vmo_get_stream_size(store, &size));
	if (size > sizeof(all))
		size = sizeof(all);
	ok(zx_vmo_read(store, all, 0, size));
	for (size_t i = 0; i < size; i++) {
		if (all[i] == 'm') {
			run++;
			continue;
		}
		assert_int_equal(run % MANY, 0);
		run = 0;
	}
	assert_int_equal(run % MANY, 0);
}

int main(void)
{
	static const struct CMUnitTest libzx_stream_append[] = {
		STREAM_TEST(Append),
		STREAM_TEST(WriteVectorWithStreamInAppendMode),
		STREAM_TEST(PropertyModeAppend),
		STREAM_TEST(long_appends_are_one),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_stream_append, NULL, NULL);
}
