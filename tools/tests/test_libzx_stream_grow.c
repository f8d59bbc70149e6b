// SPDX-License-Identifier: MIT
/*
 * libzx against the module: writes that make a stream longer, and its VMO, by the names of
 * Zircon's tests.
 */
#include "stream_fixture.h"

static void WriteExtendsContentSize(void **state)
{
	(void)state;
	ok(zx_vmo_set_stream_size(store, 3));
	open_stream(WRITE, 0);
	moves(write_from(0, hex, 7), 7);
	holds("0123456");
	sizes_are(PAGE, 7);
	/*
	 * In Zircon what is behind the stream stays: "abcdefg01jklmnopqrstuvwxyz".  Here the
	 * page in which it ends is zero behind it, see limits.rst.
	 */
	ok(zx_vmo_write(store, alphabet, 0, 26));
	moves(write_from(0, hex, 2), 2);
	holds("abcdefg01");
	sizes_are(PAGE, 9);
	/* But it does not become a part of the stream. */
	ok(zx_vmo_set_stream_size(store, 12));
	holds("abcdefg01");
	ok(zx_vmo_set_stream_size(store, 9));
	ok(zx_vmo_write(store, alphabet, 0, 26));
	seeks(START, 0, 0);
	for (unsigned int i = 1; i * 10 < PAGE; i++)
		moves(write_from(0, hex, 10), 10);
	sizes_are(PAGE, 4090);
	/* A part of it fits. */
	moves(write_from(0, hex, 10), 6);
	sizes_are(PAGE, PAGE);
	expect_byte(store, 4095, '5');
	is(write_from(0, hex, 10), ZX_ERR_NO_SPACE);
	moves(write_from(0, hex, 0), 0);
	sizes_are(PAGE, PAGE);
}

static void WriteExtendsVMOSize(void **state)
{
	(void)state;
	replace_store(PAGE, ZX_VMO_RESIZABLE, 0);
	open_stream(WRITE, 0);
	for (unsigned int i = 1; i * 10 < PAGE; i++)
		moves(write_from(0, hex, 10), 10);
	sizes_are(PAGE, 4090);
	moves(write_from(0, hex, 10), 10);
	sizes_are(2 * PAGE, 4100);
	is(write_from(0, hex, SIZE_MAX), ZX_ERR_FILE_BIG);
	sizes_are(2 * PAGE, 4100);
}

/* What is between the end of the stream and the write is zero, whatever it was. */
static void ExtendFillsWithZeros(void **state)
{
	static const char end[] = { 0, '0', '1', '2', '3' };
	static char x[PAGE], found[PAGE];

	(void)state;
	replace_store(6 * PAGE, 0, 0);
	open_stream(WRITE, 0);
	memset(x, 'x', PAGE);
	for (unsigned int i = 0; i < 6; i++)
		ok(zx_vmo_write(store, x, i * PAGE, PAGE));
	moves(write_at(2 * PAGE - 2, hex, 4), 4);
	for (unsigned int i = 0; i < 2 * PAGE - 2; i += 255)
		expect_byte(store, i, 0);
	ok(zx_vmo_read(store, found, 2 * PAGE - 3, 5));
	assert_memory_equal(found, end, sizeof(end));
	/* In Zircon that is 'x' from here on. */
	expect_byte(store, 2 * PAGE + 2, 0);
	expect_byte(store, 3 * PAGE - 1, 0);
	expect_byte(store, 3 * PAGE, 'x');
	seeks(START, 5 * PAGE - 2, 5 * PAGE - 2);
	moves(write_from(0, hex, 4), 4);
	for (unsigned int i = 2 * PAGE + 2; i < 5 * PAGE - 2; i += 255)
		expect_byte(store, i, 0);
	ok(zx_vmo_read(store, found, 5 * PAGE - 3, 5));
	assert_memory_equal(found, end, sizeof(end));
	expect_byte(store, 5 * PAGE + 2, 0);
	sizes_are(6 * PAGE, 5 * PAGE + 2);
}

static void ExpandOverflow(void **state)
{
	(void)state;
	replace_store(PAGE, ZX_VMO_RESIZABLE, PAGE);
	open_stream(WRITE, 0);
	is(write_at(0xfffffffffffffff8, hex, 4), ZX_ERR_OUT_OF_RANGE);
	/* Also where the kernel's largest file ends. */
	is(write_at(INT64_MAX - 8, hex, 4), ZX_ERR_OUT_OF_RANGE);
	sizes_are(PAGE, PAGE);
	ok(zx_vmo_set_size(store, 2 * PAGE));
	sizes_are(2 * PAGE, 2 * PAGE);
}

static void ExpandVmoResizeRight(void **state)
{
	const zx_rights_t no_resize[] = { ZX_DEFAULT_VMO_RIGHTS,
					  ZX_DEFAULT_VMO_RIGHTS & ~ZX_RIGHT_READ };
	zx_handle_t with;
	char found[8];

	(void)state;
	for (size_t i = 0; i < COUNT(no_resize); i++) {
		replace_store(PAGE, ZX_VMO_RESIZABLE, PAGE);
		ok(zx_handle_duplicate(store, no_resize[i], &with));
		ok(zx_handle_close(stream));
		ok(zx_stream_create(WRITE, with, PAGE - 1, &stream));
		moves(write_from(0, hex, 10), 1);
		is(write_from(0, hex, 10), ZX_ERR_NO_SPACE);
		is(write_from(ZX_STREAM_APPEND, hex, 10), ZX_ERR_NO_SPACE);
		is(write_at(UINT64_MAX - 10, hex, 10), ZX_ERR_OUT_OF_RANGE);
		/* Nor does who gets the descriptor have more. */
		assert_int_equal(fcntl(zx_linux_handle_to_fd(stream), F_GETFL) & O_ACCMODE,
				 O_WRONLY);
		sizes_are(PAGE, PAGE);
		ok(zx_handle_close(with));
	}
	open_stream(WRITE, PAGE - 1);
	moves(write_from(0, hex, 8), 8);
	sizes_are(2 * PAGE, PAGE + 7);
	ok(zx_vmo_read(store, found, PAGE - 1, 8));
	assert_memory_equal(found, hex, 8);
}

int main(void)
{
	static const struct CMUnitTest libzx_stream_grow[] = {
		STREAM_TEST(WriteExtendsContentSize),
		STREAM_TEST(WriteExtendsVMOSize),
		STREAM_TEST(ExtendFillsWithZeros),
		STREAM_TEST(ExpandOverflow),
		STREAM_TEST(ExpandVmoResizeRight),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_stream_grow, NULL, NULL);
}
