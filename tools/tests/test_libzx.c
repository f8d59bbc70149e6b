// SPDX-License-Identifier: MIT
/*
 * libzx against the module: handles, pagers and ports, each call and each status.
 */
#include <sys/resource.h>

#include "fixture.h"

static void status_and_errno(void **state)
{
	static const struct {
		zx_status_t status;
		int number, error;
	} table[] = {
		{ ZX_ERR_BAD_HANDLE, -11, EBADF },
		{ ZX_ERR_WRONG_TYPE, -12, EMEDIUMTYPE },
		{ ZX_ERR_INVALID_ARGS, -10, EINVAL },
		{ ZX_ERR_OUT_OF_RANGE, -14, ERANGE },
		{ ZX_ERR_BAD_STATE, -20, ESTALE },
		{ ZX_ERR_NOT_SUPPORTED, -2, EOPNOTSUPP },
		{ ZX_ERR_NOT_FOUND, -25, ENOENT },
		{ ZX_ERR_NO_MEMORY, -4, ENOMEM },
		{ ZX_ERR_BUFFER_TOO_SMALL, -15, ENOBUFS },
		{ ZX_ERR_UNAVAILABLE, -28, EPERM },
		{ ZX_ERR_ACCESS_DENIED, -30, EACCES },
		{ ZX_ERR_IO, -40, EIO },
		{ ZX_ERR_IO_DATA_INTEGRITY, -42, EBADMSG },
		{ ZX_ERR_NO_SPACE, -54, ENOSPC },
		{ ZX_ERR_TIMED_OUT, -21, ETIMEDOUT },
		{ ZX_ERR_CANCELED, -23, ESHUTDOWN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(table[i].status, table[i].number);
		assert_int_equal(zx_linux_status_from_errno(table[i].error),
				 table[i].status);
		assert_int_equal(zx_linux_errno_from_status(table[i].status),
				 table[i].error);
	}
	ok(zx_linux_status_from_errno(0));
	assert_int_equal(zx_linux_errno_from_status(ZX_OK), 0);
	is(zx_linux_status_from_errno(EFAULT), ZX_ERR_INVALID_ARGS);
	is(zx_linux_status_from_errno(EMFILE), ZX_ERR_NO_RESOURCES);
	is(zx_linux_status_from_errno(EXDEV), ZX_ERR_INTERNAL);
	assert_int_equal(zx_linux_errno_from_status(ZX_ERR_PEER_CLOSED), EIO);
	assert_string_equal(zx_status_get_string(1234), "(UNKNOWN)");
}

static void handles_and_descriptors(void **state)
{
	(void)state;
	assert_int_not_equal(zx_linux_handle_from_fd(0), ZX_HANDLE_INVALID);
	for (int fd = 0; fd < 100; fd++) {
		zx_handle_t handle = zx_linux_handle_from_fd(fd);

		assert_int_equal(zx_linux_handle_to_fd(handle), fd);
		assert_int_equal(handle & ZX_HANDLE_FIXED_BITS_MASK,
				 ZX_HANDLE_FIXED_BITS_MASK);
	}
	assert_int_equal(zx_linux_handle_from_fd(-1), ZX_HANDLE_INVALID);
	assert_int_equal(zx_linux_handle_to_fd(ZX_HANDLE_INVALID), -1);
	assert_int_equal(zx_linux_handle_to_fd(ODD), -1);
	assert_int_equal(zx_linux_handle_to_fd(zx_vmar_root_self()), -1);
	ok(zx_handle_close(ZX_HANDLE_INVALID));
	ok(zx_handle_close(zx_vmar_root_self()));
	is(zx_handle_close(CLOSED), ZX_ERR_BAD_HANDLE);
	is(zx_handle_close(ODD), ZX_ERR_BAD_HANDLE);
}

static void descriptors_are_close_on_exec(void **state)
{
	zx_handle_t handles[] = { pager, port, vmo, plain };

	(void)state;
	for (int i = 0; i < 4; i++) {
		int fd = zx_linux_handle_to_fd(handles[i]);

		assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	}
}

static void too_many_files(void **state)
{
	struct rlimit old, none;
	zx_status_t got[6];
	zx_handle_t h = 77;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	got[0] = zx_pager_create(0, &h);
	got[1] = zx_port_create(0, &h);
	got[2] = zx_vmo_create(PAGE, 0, &h);
	got[3] = zx_pager_create_vmo(pager, 0, port, 0, PAGE, &h);
	got[4] = zx_handle_duplicate(vmo, ZX_RIGHT_SAME_RIGHTS, &h);
	got[5] = zx_handle_duplicate(vmo, ZX_RIGHT_READ, &h);
	setrlimit(RLIMIT_NOFILE, &old);
	for (int i = 0; i < 6; i++)
		is(got[i], ZX_ERR_NO_RESOURCES);
	assert_int_equal(h, 77);
}

static void pager_create(void **state)
{
	zx_handle_t h;

	(void)state;
	is(zx_pager_create(1, &h), ZX_ERR_INVALID_ARGS);
	is(zx_pager_create(0, NULL), ZX_ERR_INVALID_ARGS);
	is(zx_port_create(1, &h), ZX_ERR_INVALID_ARGS);
	is(zx_port_create(0, NULL), ZX_ERR_INVALID_ARGS);
}

static void create_vmo_errors(void **state)
{
	zx_handle_t h = 77;

	(void)state;
	is(zx_pager_create_vmo(CLOSED, 0, port, 0, PAGE, &h), ZX_ERR_BAD_HANDLE);
	is(zx_pager_create_vmo(ZX_HANDLE_INVALID, 0, port, 0, PAGE, &h),
	   ZX_ERR_BAD_HANDLE);
	is(zx_pager_create_vmo(vmo, 0, port, 0, PAGE, &h), ZX_ERR_WRONG_TYPE);
	is(zx_pager_create_vmo(port, 0, port, 0, PAGE, &h), ZX_ERR_WRONG_TYPE);
	is(zx_pager_create_vmo(pipe_end, 0, port, 0, PAGE, &h), ZX_ERR_WRONG_TYPE);
	is(zx_pager_create_vmo(pager, 0, CLOSED, 0, PAGE, &h), ZX_ERR_BAD_HANDLE);
	is(zx_pager_create_vmo(pager, 0, ZX_HANDLE_INVALID, 0, PAGE, &h),
	   ZX_ERR_BAD_HANDLE);
	is(zx_pager_create_vmo(pager, 0, vmo, 0, PAGE, &h), ZX_ERR_WRONG_TYPE);
	is(zx_pager_create_vmo(pager, 0, pipe_end, 0, PAGE, &h), ZX_ERR_WRONG_TYPE);
	/* The port before the options, the options before the size. */
	is(zx_pager_create_vmo(pager, ~0u, CLOSED, 0, PAGE, &h), ZX_ERR_BAD_HANDLE);
	is(zx_pager_create_vmo(pager, ~0u, vmo, 0, PAGE, &h), ZX_ERR_WRONG_TYPE);
	is(zx_pager_create_vmo(pager, ~0u, port, 0, UINT64_MAX, &h),
	   ZX_ERR_INVALID_ARGS);
	is(zx_pager_create_vmo(pager, ZX_VMO_DISCARDABLE, port, 0, PAGE, &h),
	   ZX_ERR_INVALID_ARGS);
	is(zx_pager_create_vmo(pager, ZX_VMO_RESIZABLE | ZX_VMO_UNBOUNDED, port, 0,
			       PAGE, &h), ZX_ERR_INVALID_ARGS);
	is(zx_pager_create_vmo(pager, 0, port, 0, UINT64_MAX, &h),
	   ZX_ERR_OUT_OF_RANGE);
	is(zx_pager_create_vmo(pager, 0, port, 0, PAGE, NULL), ZX_ERR_INVALID_ARGS);
	assert_int_equal(h, 77);
}

static void create_vmo_sizes(void **state)
{
	zx_handle_t h;
	uint64_t size;

	(void)state;
	ok(zx_pager_create_vmo(pager, 0, port, 1, PAGE + 1, &h));
	ok(zx_vmo_get_size(h, &size));
	assert_int_equal(size, 2 * PAGE);
	ok(zx_vmo_get_stream_size(h, &size));
	assert_int_equal(size, PAGE + 1);
	ok(zx_handle_close(h));
	ok(zx_pager_create_vmo(pager, 0, port, 1, 0, &h));
	ok(zx_vmo_get_size(h, &size));
	assert_int_equal(size, 0);
	ok(zx_handle_close(h));
	is(zx_vmo_get_size(CLOSED, &size), ZX_ERR_BAD_HANDLE);
	is(zx_vmo_get_size(port, &size), ZX_ERR_WRONG_TYPE);
	is(zx_vmo_get_size(vmo, NULL), ZX_ERR_INVALID_ARGS);
	is(zx_vmo_get_stream_size(pager, &size), ZX_ERR_WRONG_TYPE);
	is(zx_vmo_get_stream_size(vmo, NULL), ZX_ERR_INVALID_ARGS);
}

static void detach_errors(void **state)
{
	zx_handle_t other, ro = read_only(vmo);

	(void)state;
	ok(zx_pager_create(0, &other));
	is(zx_pager_detach_vmo(CLOSED, vmo), ZX_ERR_BAD_HANDLE);
	is(zx_pager_detach_vmo(vmo, vmo), ZX_ERR_WRONG_TYPE);
	is(zx_pager_detach_vmo(pager, CLOSED), ZX_ERR_BAD_HANDLE);
	is(zx_pager_detach_vmo(pager, pager), ZX_ERR_WRONG_TYPE);
	is(zx_pager_detach_vmo(pager, ro), ZX_ERR_ACCESS_DENIED);
	is(zx_pager_detach_vmo(other, vmo), ZX_ERR_INVALID_ARGS);
	is(zx_pager_detach_vmo(pager, plain), ZX_ERR_INVALID_ARGS);
	zx_handle_close(ro);
	zx_handle_close(other);
}

static void detach_completes_once(void **state)
{
	char buffer[PAGE];
	zx_port_packet_t p;

	(void)state;
	ok(zx_pager_detach_vmo(pager, vmo));
	expect_packet(ZX_PAGER_VMO_COMPLETE, 0, 0);
	ok(zx_pager_detach_vmo(pager, vmo));
	is(zx_port_wait(port, 0, &p), ZX_ERR_TIMED_OUT);
	is(zx_vmo_read(vmo, buffer, 0, PAGE), ZX_ERR_BAD_STATE);
	is(zx_linux_pager_supply(pager, vmo, 0, PAGE, buffer, NULL),
	   ZX_ERR_BAD_STATE);
	is(zx_pager_op_range(pager, ZX_PAGER_OP_FAIL, vmo, 0, PAGE,
			     (uint64_t)ZX_ERR_IO), ZX_ERR_BAD_STATE);
}

static void detach_wakes(void **state)
{
	struct waiter w;

	(void)state;
	start(&w, read_page_1);
	expect_packet(ZX_PAGER_VMO_READ, PAGE, PAGE);
	ok(zx_pager_detach_vmo(pager, vmo));
	is(finish(&w), ZX_ERR_BAD_STATE);
}

static void pager_close_wakes(void **state)
{
	struct waiter w;

	(void)state;
	start(&w, read_page_1);
	expect_packet(ZX_PAGER_VMO_READ, PAGE, PAGE);
	ok(zx_handle_close(pager));
	is(finish(&w), ZX_ERR_BAD_STATE);
	ok(zx_pager_create(0, &pager));
}

static void supply_errors(void **state)
{
	zx_handle_t other, other_vmo, ro = read_only(vmo), ro_aux = read_only(plain);

	(void)state;
	ok(zx_pager_create(0, &other));
	ok(zx_pager_create_vmo(other, 0, port, 0, PAGE, &other_vmo));
	/* In Zircon's order: alignment, pager, VMO, whose it is, aux, ranges. */
	is(zx_pager_supply_pages(CLOSED, CLOSED, 1, PAGE, CLOSED, 0),
	   ZX_ERR_INVALID_ARGS);
	is(zx_pager_supply_pages(CLOSED, CLOSED, 0, 1, CLOSED, 0),
	   ZX_ERR_INVALID_ARGS);
	is(zx_pager_supply_pages(CLOSED, CLOSED, 0, PAGE, CLOSED, 1),
	   ZX_ERR_INVALID_ARGS);
	is(zx_pager_supply_pages(CLOSED, vmo, 0, PAGE, plain, 0),
	   ZX_ERR_BAD_HANDLE);
	is(zx_pager_supply_pages(vmo, vmo, 0, PAGE, plain, 0), ZX_ERR_WRONG_TYPE);
	is(zx_pager_supply_pages(pager, CLOSED, 0, PAGE, plain, 0),
	   ZX_ERR_BAD_HANDLE);
	is(zx_pager_supply_pages(pager, pager, 0, PAGE, plain, 0),
	   ZX_ERR_WRONG_TYPE);
	is(zx_pager_supply_pages(pager, ro, 0, PAGE, plain, 0),
	   ZX_ERR_ACCESS_DENIED);
	is(zx_pager_supply_pages(pager, other_vmo, 0, PAGE, CLOSED, 0),
	   ZX_ERR_INVALID_ARGS);
	is(zx_pager_supply_pages(pager, plain, 0, PAGE, CLOSED, 0),
	   ZX_ERR_INVALID_ARGS);
	is(zx_pager_supply_pages(pager, vmo, 0, PAGE, CLOSED, 0),
	   ZX_ERR_BAD_HANDLE);
	is(zx_pager_supply_pages(pager, vmo, 0, PAGE, ZX_HANDLE_INVALID, 0),
	   ZX_ERR_BAD_HANDLE);
	is(zx_pager_supply_pages(pager, vmo, 0, PAGE, pager, 0), ZX_ERR_WRONG_TYPE);
	is(zx_pager_supply_pages(pager, vmo, 0, PAGE, ro_aux, 0),
	   ZX_ERR_ACCESS_DENIED);
	is(zx_pager_supply_pages(pager, vmo, 0, PAGE, other_vmo, 0),
	   ZX_ERR_NOT_SUPPORTED);
	is(zx_pager_supply_pages(pager, vmo, 0, PAGE, plain, 4 * PAGE),
	   ZX_ERR_OUT_OF_RANGE);
	is(zx_pager_supply_pages(pager, vmo, 4 * PAGE, PAGE, plain, 0),
	   ZX_ERR_OUT_OF_RANGE);
	ok(zx_pager_supply_pages(pager, vmo, 0, 0, plain, 0));
	zx_handle_close(ro);
	zx_handle_close(ro_aux);
	zx_handle_close(other);
	zx_handle_close(other_vmo);
}

static void supply_moves_pages(void **state)
{
	char text[] = "from the plain VMO", buffer[sizeof(text)], zero[PAGE] = "";
	char page[PAGE];

	(void)state;
	ok(zx_vmo_write(plain, text, PAGE, sizeof(text)));
	ok(zx_pager_supply_pages(pager, vmo, 2 * PAGE, 2 * PAGE, plain, PAGE));
	ok(zx_vmo_read(vmo, buffer, 2 * PAGE, sizeof(text)));
	assert_string_equal(buffer, text);
	ok(zx_vmo_read(vmo, page, 3 * PAGE, PAGE));
	assert_memory_equal(page, zero, PAGE);
	ok(zx_vmo_read(plain, page, PAGE, PAGE));
	assert_memory_equal(page, zero, PAGE);
}

static void supply_from_memory(void **state)
{
	char buffer[2 * PAGE + 1], page[PAGE], zero[PAGE] = "";
	zx_handle_t ro = read_only(vmo);
	uint64_t done = 77;

	(void)state;
	memset(buffer, 'm', sizeof(buffer));
	is(zx_linux_pager_supply(pager, vmo, 1, PAGE, buffer, &done),
	   ZX_ERR_INVALID_ARGS);
	is(zx_linux_pager_supply(pager, vmo, 0, 1, buffer, &done),
	   ZX_ERR_INVALID_ARGS);
	is(zx_linux_pager_supply(CLOSED, vmo, 0, PAGE, buffer, &done),
	   ZX_ERR_BAD_HANDLE);
	is(zx_linux_pager_supply(port, vmo, 0, PAGE, buffer, &done),
	   ZX_ERR_WRONG_TYPE);
	is(zx_linux_pager_supply(pager, CLOSED, 0, PAGE, buffer, &done),
	   ZX_ERR_BAD_HANDLE);
	is(zx_linux_pager_supply(pager, port, 0, PAGE, buffer, &done),
	   ZX_ERR_WRONG_TYPE);
	is(zx_linux_pager_supply(pager, ro, 0, PAGE, buffer, &done),
	   ZX_ERR_ACCESS_DENIED);
	is(zx_linux_pager_supply(pager, plain, 0, PAGE, buffer, &done),
	   ZX_ERR_INVALID_ARGS);
	is(zx_linux_pager_supply(pager, vmo, 4 * PAGE, PAGE, buffer, &done),
	   ZX_ERR_OUT_OF_RANGE);
	is(zx_linux_pager_supply(pager, vmo, 0, PAGE, (void *)1, &done),
	   ZX_ERR_INVALID_ARGS);
	assert_int_equal(done, 0);
	ok(zx_linux_pager_supply(pager, vmo, 0, 0, NULL, NULL));
	/* Any alignment of the source; what is there already stays. */
	ok(zx_linux_pager_supply(pager, vmo, PAGE, PAGE, zero, &done));
	ok(zx_linux_pager_supply(pager, vmo, PAGE, 2 * PAGE, buffer + 1, &done));
	assert_int_equal(done, 2 * PAGE);
	ok(zx_vmo_read(vmo, page, PAGE, PAGE));
	assert_memory_equal(page, zero, PAGE);
	ok(zx_vmo_read(vmo, page, 2 * PAGE, PAGE));
	assert_memory_equal(page, buffer, PAGE);
	zx_handle_close(ro);
}

static void op_range_errors(void **state)
{
	zx_handle_t ro = read_only(vmo);
	const uint64_t io = (uint64_t)ZX_ERR_IO;

	(void)state;
	is(zx_pager_op_range(CLOSED, 99, CLOSED, 1, PAGE, 0), ZX_ERR_INVALID_ARGS);
	is(zx_pager_op_range(CLOSED, 99, CLOSED, 0, 1, 0), ZX_ERR_INVALID_ARGS);
	is(zx_pager_op_range(CLOSED, 99, CLOSED, 0, PAGE, 0), ZX_ERR_BAD_HANDLE);
	is(zx_pager_op_range(port, 99, CLOSED, 0, PAGE, 0), ZX_ERR_WRONG_TYPE);
	is(zx_pager_op_range(pager, 99, CLOSED, 0, PAGE, 0), ZX_ERR_BAD_HANDLE);
	is(zx_pager_op_range(pager, 99, port, 0, PAGE, 0), ZX_ERR_WRONG_TYPE);
	is(zx_pager_op_range(pager, 99, ro, 0, PAGE, 0), ZX_ERR_ACCESS_DENIED);
	is(zx_pager_op_range(pager, 99, plain, 0, PAGE, 0), ZX_ERR_INVALID_ARGS);
	is(zx_pager_op_range(pager, 99, vmo, 0, PAGE, 0), ZX_ERR_NOT_SUPPORTED);
	is(zx_pager_op_range(pager, 0, vmo, 0, PAGE, 0), ZX_ERR_NOT_SUPPORTED);
	is(zx_pager_op_range(pager, ZX_PAGER_OP_FAIL, vmo, 4 * PAGE, PAGE, 0),
	   ZX_ERR_INVALID_ARGS);
	is(zx_pager_op_range(pager, ZX_PAGER_OP_FAIL, vmo, 4 * PAGE, PAGE, io),
	   ZX_ERR_OUT_OF_RANGE);
	ok(zx_pager_op_range(pager, ZX_PAGER_OP_FAIL, vmo, 0, PAGE, io));
	zx_handle_close(ro);
}

static void fail_codes(void **state)
{
	static const zx_status_t allowed[] = {
		ZX_ERR_IO, ZX_ERR_IO_DATA_INTEGRITY, ZX_ERR_BAD_STATE,
		ZX_ERR_NO_SPACE, ZX_ERR_BUFFER_TOO_SMALL,
	};
	struct waiter w;

	(void)state;
	for (zx_status_t s = -80; s <= 80; s++) {
		bool may = false;
		zx_status_t is;

		for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
			may |= s == allowed[i];
		is = zx_pager_op_range(pager, ZX_PAGER_OP_FAIL, vmo, 0, PAGE,
				       (uint64_t)s);
		assert_int_equal(is, may ? ZX_OK : ZX_ERR_INVALID_ARGS);
	}
	/* 32 bits that are not extended. */
	is(zx_pager_op_range(pager, ZX_PAGER_OP_FAIL, vmo, 0, PAGE,
			     (uint32_t)ZX_ERR_IO), ZX_ERR_INVALID_ARGS);
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		start(&w, read_page_1);
		expect_packet(ZX_PAGER_VMO_READ, PAGE, PAGE);
		ok(zx_pager_op_range(pager, ZX_PAGER_OP_FAIL, vmo, PAGE, PAGE,
				     (uint64_t)allowed[i]));
		assert_int_equal(finish(&w), allowed[i]);
	}
	/* And a retry succeeds. */
	start(&w, read_page_1);
	expect_packet(ZX_PAGER_VMO_READ, PAGE, PAGE);
	supply(PAGE, PAGE, 'r');
	ok(finish(&w));
	assert_int_equal(w.buffer[77], 'r');
}

static void port_wait(void **state)
{
	zx_port_packet_t p;
	zx_time_t before;
	pthread_t thread;
	char buffer[PAGE];

	(void)state;
	is(zx_port_wait(CLOSED, 0, &p), ZX_ERR_BAD_HANDLE);
	is(zx_port_wait(vmo, 0, &p), ZX_ERR_WRONG_TYPE);
	is(zx_port_wait(plain, 0, &p), ZX_ERR_WRONG_TYPE);
	is(zx_port_wait(pipe_end, 0, &p), ZX_ERR_WRONG_TYPE);
	is(zx_port_wait(pager, 0, &p), ZX_ERR_WRONG_TYPE);
	is(zx_port_wait(port, 0, NULL), ZX_ERR_TIMED_OUT);
	is(zx_port_wait(port, 0, &p), ZX_ERR_TIMED_OUT);
	is(zx_port_wait(port, ZX_TIME_INFINITE_PAST, &p), ZX_ERR_TIMED_OUT);
	before = zx_clock_get_monotonic();
	is(zx_port_wait(port, zx_deadline_after(ZX_MSEC(20)), &p),
	   ZX_ERR_TIMED_OUT);
	assert_true(zx_clock_get_monotonic() - before >= ZX_MSEC(20));

	assert_int_equal(pthread_create(&thread, NULL, supply_page_1, NULL), 0);
	ok(zx_vmo_read(vmo, buffer, PAGE, PAGE));
	assert_int_equal(buffer[0], 'w');
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void deadlines(void **state)
{
	(void)state;
	assert_true(zx_deadline_after(0) <= zx_clock_get_monotonic());
	assert_true(zx_deadline_after(ZX_SEC(1)) > zx_clock_get_monotonic());
	assert_true(zx_deadline_after(-ZX_SEC(1)) < zx_clock_get_monotonic());
	assert_true(zx_deadline_after(INT64_MAX) == ZX_TIME_INFINITE);
	assert_true(zx_deadline_after(INT64_MIN) < 0);
}

int main(void)
{
	static const struct CMUnitTest libzx[] = {
		TEST(status_and_errno),
		TEST(handles_and_descriptors),
		TEST(descriptors_are_close_on_exec),
		TEST(too_many_files),
		TEST(pager_create),
		TEST(create_vmo_errors),
		TEST(create_vmo_sizes),
		TEST(detach_errors),
		TEST(detach_completes_once),
		TEST(detach_wakes),
		TEST(pager_close_wakes),
		TEST(supply_errors),
		TEST(supply_moves_pages),
		TEST(supply_from_memory),
		TEST(op_range_errors),
		TEST(fail_codes),
		TEST(port_wait),
		TEST(deadlines),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx, NULL, NULL);
}
