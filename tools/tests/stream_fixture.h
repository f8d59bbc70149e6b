/* SPDX-License-Identifier: MIT */
/*
 * What the tests of zx_stream_*() have in common: a VMO, and a stream of it at a time.
 */
#ifndef TESTS_STREAM_FIXTURE_H
#define TESTS_STREAM_FIXTURE_H

#include <limits.h>

#include "fixture.h"

#define READ		ZX_STREAM_MODE_READ
#define WRITE		ZX_STREAM_MODE_WRITE
#define APPEND		ZX_STREAM_MODE_APPEND
#define START		ZX_STREAM_SEEK_ORIGIN_START
#define CURRENT		ZX_STREAM_SEEK_ORIGIN_CURRENT
#define END		ZX_STREAM_SEEK_ORIGIN_END

/* More buffers than the kernel takes in one go. */
#define MANY		(IOV_MAX + 500)

extern char alphabet[27];
extern char hex[17];

/* One page with the alphabet, which is the stream. */
extern zx_handle_t store, stream;
extern size_t actual;

int setup_store(void **state);
int teardown_store(void **state);

#define STREAM_TEST(f) cmocka_unit_test_setup_teardown(f, setup_store, teardown_store)

/* One stream after the other. */
void open_stream(uint32_t options, uint64_t seek);
void replace_store(uint64_t size, uint32_t options, uint64_t stream_size);

zx_iovec_t vec(void *buffer, size_t capacity);

/* One buffer; what was moved is in @actual. */
zx_status_t read_to(void *buffer, size_t capacity);
zx_status_t read_at(uint64_t offset, void *buffer, size_t capacity);
zx_status_t write_from(uint32_t options, void *buffer, size_t capacity);
zx_status_t write_at(uint64_t offset, void *buffer, size_t capacity);

/* What a call moved. */
#define moves(call, n) do {						\
	actual = 4242;							\
	ok(call);							\
	assert_int_equal(actual, n);					\
} while (0)

void seeks(zx_stream_seek_origin_t whence, int64_t offset, uint64_t expected);
void sizes_are(uint64_t vmo_size, uint64_t content_size);

/* The store begins with this, and then there is a zero or its end. */
void holds(const char *expected);

void info_is(uint32_t options, uint64_t seek, uint64_t content_size);

#endif /* TESTS_STREAM_FIXTURE_H */
