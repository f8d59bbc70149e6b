// SPDX-License-Identifier: MIT
/*
 * libzx against the module: VMOs that hear of fsync().
 */
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/zxpager.h>

#include "fixture.h"

static int fd(void)
{
	return zx_linux_handle_to_fd(vmo);
}

static zx_status_t outcome(int rc)
{
	return zx_linux_status_from_errno(rc ? errno : 0);
}

static zx_status_t call_fsync(struct waiter *w)
{
	(void)w;
	return outcome(fsync(fd()));
}

static zx_status_t call_fdatasync(struct waiter *w)
{
	(void)w;
	return outcome(fdatasync(fd()));
}

static zx_status_t call_msync(struct waiter *w)
{
	void *at = mmap(NULL, 4 * PAGE, PROT_READ, MAP_SHARED, fd(), 0);

	(void)w;
	return outcome(at == MAP_FAILED || msync(at, 4 * PAGE, MS_SYNC) ||
		       munmap(at, 4 * PAGE));
}

/* The SYNC that is to come, and the answer to it. */
static void answer_sync(zx_status_t status)
{
	zx_port_packet_t p;

	ok(zx_port_wait(port, ZX_TIME_INFINITE, &p));
	assert_int_equal(p.key, KEY);
	assert_int_equal(p.page_request.command, ZX_LINUX_PAGER_VMO_SYNC);
	assert_true(p.page_request.length > 0);
	assert_true(p.page_request.offset + p.page_request.length <= 4 * PAGE);
	ok(zx_linux_pager_sync_end(pager, vmo, p.page_request.offset,
				   p.page_request.length, status));
	/* It has been answered. */
	is(zx_linux_pager_sync_end(pager, vmo, p.page_request.offset,
				   p.page_request.length, status),
	   ZX_ERR_NOT_FOUND);
}

/* Until so many tasks wait for the pager, of which there is no event. */
static void wait_blocked(uint64_t n)
{
	struct zxp_vmo_info info;

	do {
		info = (struct zxp_vmo_info){ .size = sizeof(info) };
		assert_int_equal(ioctl(fd(), ZXP_IOC_VMO_GET_INFO, &info), 0);
	} while (info.out_waiting != n);
}

static void make_dirty(void)
{
	supply(0, 4 * PAGE, 's');
	ok(zx_vmo_write(vmo, "dirty", PAGE - 2, 5));
}

static void create_errors(void **state)
{
	zx_handle_t h = 77;

	(void)state;
	is(zx_linux_pager_create_vmo(CLOSED, ~0u, 1, CLOSED, KEY, PAGE, &h),
	   ZX_ERR_INVALID_ARGS);
	is(zx_linux_pager_create_vmo(pager, 0, 16, port, KEY, PAGE, &h),
	   ZX_ERR_INVALID_ARGS);
	is(zx_linux_pager_create_vmo(CLOSED, ~0u, ZX_LINUX_CREATE_SYNC, CLOSED, KEY,
				     PAGE, &h), ZX_ERR_BAD_HANDLE);
	is(zx_linux_pager_create_vmo(pager, ~0u, ZX_LINUX_CREATE_SYNC, CLOSED, KEY,
				     PAGE, &h), ZX_ERR_BAD_HANDLE);
	is(zx_linux_pager_create_vmo(pager, ~0u, ZX_LINUX_CREATE_SYNC, port, KEY,
				     PAGE, &h), ZX_ERR_INVALID_ARGS);
	is(zx_linux_pager_create_vmo(pager, 0, ZX_LINUX_CREATE_SYNC, port, KEY,
				     UINT64_MAX, &h), ZX_ERR_OUT_OF_RANGE);
	is(zx_linux_pager_create_vmo(pager, 0, ZX_LINUX_CREATE_SYNC, port, KEY,
				     PAGE, NULL), ZX_ERR_INVALID_ARGS);
	assert_int_equal(h, 77);
	is(zx_linux_pager_create_vmo_max(pager, ZX_VMO_RESIZABLE, 0, port, KEY, PAGE + 1,
					 PAGE, &h), ZX_ERR_OUT_OF_RANGE);
	ok(zx_linux_pager_create_vmo_max(pager, ZX_VMO_RESIZABLE, 0, port, KEY, PAGE,
					 2 * PAGE, &h));
	assert_int_equal(ftruncate(zx_linux_handle_to_fd(h), 2 * PAGE + 1), -1);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(ftruncate(zx_linux_handle_to_fd(h), 2 * PAGE), 0);
	ok(zx_handle_close(h));
	expect_packet(ZX_PAGER_VMO_COMPLETE, 0, 0);
	ok(zx_linux_pager_create_vmo(pager, 0, 0, port, KEY, PAGE, &h));
	ok(zx_handle_close(h));
}

static void sync_end_errors(void **state)
{
	zx_handle_t ro;

	(void)state;
	is(zx_linux_pager_sync_end(pager, vmo, 0, PAGE, ZX_OK),
	   ZX_ERR_NOT_SUPPORTED);
	replace_vmo(0, ZX_LINUX_CREATE_SYNC);
	ro = read_only(vmo);
	is(zx_linux_pager_sync_end(CLOSED, CLOSED, 1, PAGE, ZX_ERR_PEER_CLOSED),
	   ZX_ERR_INVALID_ARGS);
	is(zx_linux_pager_sync_end(CLOSED, CLOSED, 0, PAGE, ZX_ERR_PEER_CLOSED),
	   ZX_ERR_BAD_HANDLE);
	is(zx_linux_pager_sync_end(port, CLOSED, 0, PAGE, ZX_ERR_PEER_CLOSED),
	   ZX_ERR_WRONG_TYPE);
	is(zx_linux_pager_sync_end(pager, CLOSED, 0, PAGE, ZX_ERR_PEER_CLOSED),
	   ZX_ERR_BAD_HANDLE);
	is(zx_linux_pager_sync_end(pager, ro, 0, PAGE, ZX_ERR_PEER_CLOSED),
	   ZX_ERR_ACCESS_DENIED);
	is(zx_linux_pager_sync_end(pager, plain, 0, PAGE, ZX_ERR_PEER_CLOSED),
	   ZX_ERR_INVALID_ARGS);
	is(zx_linux_pager_sync_end(pager, vmo, 9 * PAGE, PAGE, ZX_ERR_PEER_CLOSED),
	   ZX_ERR_INVALID_ARGS);
	/* The VMO may have been larger when the packet was sent. */
	is(zx_linux_pager_sync_end(pager, vmo, 9 * PAGE, PAGE, ZX_OK),
	   ZX_ERR_NOT_FOUND);
	is(zx_linux_pager_sync_end(pager, vmo, 0, PAGE, ZX_OK), ZX_ERR_NOT_FOUND);
	zx_handle_close(ro);
}

static void without_the_flag(void **state)
{
	struct waiter w;

	(void)state;
	make_dirty();
	ok(call_fsync(&w));
	ok(call_fdatasync(&w));
	ok(call_msync(&w));
	expect_no_packet();
}

static void all_kinds_wait(void **state)
{
	static zx_status_t (*const calls[])(struct waiter *w) = {
		call_fsync, call_fdatasync, call_msync,
	};
	struct waiter w;

	(void)state;
	replace_vmo(0, ZX_LINUX_CREATE_SYNC);
	make_dirty();
	for (int i = 0; i < 3; i++) {
		start(&w, calls[i]);
		answer_sync(ZX_OK);
		ok(finish(&w));
	}
	expect_no_packet();
}

static void errors_arrive(void **state)
{
	static const zx_status_t allowed[] = {
		ZX_ERR_IO, ZX_ERR_IO_DATA_INTEGRITY, ZX_ERR_BAD_STATE,
		ZX_ERR_NO_SPACE, ZX_ERR_BUFFER_TOO_SMALL,
	};
	struct waiter w;

	(void)state;
	replace_vmo(0, ZX_LINUX_CREATE_SYNC);
	make_dirty();
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		start(&w, call_fsync);
		answer_sync(allowed[i]);
		assert_int_equal(finish(&w), allowed[i]);
	}
	start(&w, call_fsync);
	answer_sync(ZX_OK);
	ok(finish(&w));
}

static int second;	/* another open file of the VMO */

static zx_status_t call_fsync_second(struct waiter *w)
{
	(void)w;
	return outcome(fsync(second));
}

static zx_status_t call_write_second(struct waiter *w)
{
	(void)w;
	return outcome(pwrite(second, "sync", 4, 2 * PAGE) != 4);
}

/* For reading and writing, with O_SYNC. */
static int open_again(void)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd());
	return open(path, O_RDWR | O_SYNC | O_CLOEXEC);
}

static void error_is_told_once_to_each_file(void **state)
{
	struct waiter w;

	(void)state;
	replace_vmo(0, ZX_LINUX_CREATE_SYNC);
	make_dirty();
	second = open_again();
	assert_true(second >= 0);
	start(&w, call_fsync);
	answer_sync(ZX_ERR_NO_SPACE);
	is(finish(&w), ZX_ERR_NO_SPACE);
	start(&w, call_fsync);
	answer_sync(ZX_OK);
	ok(finish(&w));
	start(&w, call_fsync_second);
	answer_sync(ZX_OK);
	is(finish(&w), ZX_ERR_NO_SPACE);
	start(&w, call_fsync_second);
	answer_sync(ZX_OK);
	ok(finish(&w));
	close(second);
}

static void o_sync_writes_wait(void **state)
{
	zx_port_packet_t p;
	struct waiter w;
	char bytes[4];

	(void)state;
	replace_vmo(0, ZX_LINUX_CREATE_SYNC);
	make_dirty();
	second = open_again();
	start(&w, call_write_second);
	ok(zx_port_wait(port, ZX_TIME_INFINITE, &p));
	assert_int_equal(p.page_request.command, ZX_LINUX_PAGER_VMO_SYNC);
	assert_int_equal(p.page_request.offset, 2 * PAGE);
	assert_int_equal(p.page_request.length, PAGE);
	/* It has been written when it is asked for. */
	ok(zx_vmo_read(vmo, bytes, 2 * PAGE, 4));
	assert_memory_equal(bytes, "sync", 4);
	ok(zx_linux_pager_sync_end(pager, vmo, 2 * PAGE, PAGE, ZX_OK));
	ok(finish(&w));
	start(&w, call_write_second);
	answer_sync(ZX_ERR_IO);
	is(finish(&w), ZX_ERR_IO);
	close(second);
}

static void one_at_a_time(void **state)
{
	struct waiter first, later[3];
	zx_port_packet_t p;

	(void)state;
	replace_vmo(0, ZX_LINUX_CREATE_SYNC);
	make_dirty();
	start(&first, call_fsync);
	ok(zx_port_wait(port, ZX_TIME_INFINITE, &p));
	for (int i = 0; i < 3; i++)
		start(&later[i], call_fsync);
	/* Not in the first one, which may be too old; and all in the next. */
	wait_blocked(4);
	expect_no_packet();
	ok(zx_linux_pager_sync_end(pager, vmo, p.page_request.offset,
				   p.page_request.length, ZX_OK));
	ok(finish(&first));
	answer_sync(ZX_OK);
	for (int i = 0; i < 3; i++)
		ok(finish(&later[i]));
	expect_no_packet();
}

static void detach_wakes(void **state)
{
	struct waiter w;
	zx_port_packet_t p;

	(void)state;
	replace_vmo(0, ZX_LINUX_CREATE_SYNC);
	make_dirty();
	start(&w, call_fsync);
	ok(zx_port_wait(port, ZX_TIME_INFINITE, &p));
	ok(zx_pager_detach_vmo(pager, vmo));
	is(finish(&w), ZX_ERR_BAD_STATE);
	is(call_fsync(&w), ZX_ERR_BAD_STATE);
	is(zx_linux_pager_sync_end(pager, vmo, p.page_request.offset,
				   p.page_request.length, ZX_OK),
	   ZX_ERR_BAD_STATE);
	expect_packet(ZX_PAGER_VMO_COMPLETE, 0, 0);
}

int main(void)
{
	static const struct CMUnitTest libzx_sync[] = {
		TEST(create_errors),
		TEST(sync_end_errors),
		TEST(without_the_flag),
		TEST(all_kinds_wait),
		TEST(errors_arrive),
		TEST(error_is_told_once_to_each_file),
		TEST(o_sync_writes_wait),
		TEST(one_at_a_time),
		TEST(detach_wakes),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_sync, NULL, NULL);
}
