// SPDX-License-Identifier: MIT
#include "stream_fixture.h"

char alphabet[27] = "abcdefghijklmnopqrstuvwxyz";
char hex[17] = "0123456789ABCDEF";

zx_handle_t store, stream;
size_t actual;

int setup_store(void **state)
{
	(void)state;
	setup(state);
	ok(zx_vmo_create(PAGE, 0, &store));
	ok(zx_vmo_write(store, alphabet, 0, 26));
	ok(zx_vmo_set_stream_size(store, 26));
	stream = ZX_HANDLE_INVALID;
	actual = 42;
	return 0;
}

int teardown_store(void **state)
{
	ok(zx_handle_close(stream));
	ok(zx_handle_close(store));
	return teardown(state);
}

void open_stream(uint32_t options, uint64_t seek)
{
	ok(zx_handle_close(stream));
	ok(zx_stream_create(options, store, seek, &stream));
}

void replace_store(uint64_t size, uint32_t options, uint64_t stream_size)
{
	ok(zx_handle_close(store));
	ok(zx_vmo_create(size, options, &store));
	ok(zx_vmo_set_stream_size(store, stream_size));
}

zx_iovec_t vec(void *buffer, size_t capacity)
{
	return (zx_iovec_t){ buffer, capacity };
}

zx_status_t read_to(void *buffer, size_t capacity)
{
	zx_iovec_t v = vec(buffer, capacity);

	return zx_stream_readv(stream, 0, &v, 1, &actual);
}

zx_status_t read_at(uint64_t offset, void *buffer, size_t capacity)
{
	zx_iovec_t v = vec(buffer, capacity);

	return zx_stream_readv_at(stream, 0, offset, &v, 1, &actual);
}

zx_status_t write_from(uint32_t options, void *buffer, size_t capacity)
{
	zx_iovec_t v = vec(buffer, capacity);

	return zx_stream_writev(stream, options, &v, 1, &actual);
}

zx_status_t write_at(uint64_t offset, void *buffer, size_t capacity)
{
	zx_iovec_t v = vec(buffer, capacity);

	return zx_stream_writev_at(stream, 0, offset, &v, 1, &actual);
}

void seeks(zx_stream_seek_origin_t whence, int64_t offset, uint64_t expected)
{
	zx_off_t seek = 81;

	ok(zx_stream_seek(stream, whence, offset, &seek));
	assert_true(seek == expected);
}

void sizes_are(uint64_t vmo_size, uint64_t content_size)
{
	uint64_t size;

	ok(zx_vmo_get_size(store, &size));
	assert_int_equal(size, vmo_size);
	ok(zx_vmo_get_stream_size(store, &size));
	assert_int_equal(size, content_size);
}

void holds(const char *expected)
{
	char page[PAGE + 1] = "";

	ok(zx_vmo_read(store, page, 0, PAGE));
	assert_string_equal(page, expected);
}

void info_is(uint32_t options, uint64_t seek, uint64_t content_size)
{
	zx_info_stream_t info;

	ok(zx_object_get_info(stream, ZX_INFO_STREAM, &info, sizeof(info), NULL, NULL));
	assert_int_equal(info.options, options);
	assert_int_equal(info.seek, seek);
	assert_int_equal(info.content_size, content_size);
}
