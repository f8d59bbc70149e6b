// SPDX-License-Identifier: MIT
/*
 * libzx against the module: each call on a child of a VMO, and each status.
 */
#include <semaphore.h>
#include <signal.h>

#include "fixture.h"

static uint64_t size_of(zx_handle_t handle)
{
	uint64_t size;

	ok(zx_vmo_get_size(handle, &size));
	return size;
}

static void read_and_write(void **state)
{
	zx_handle_t child = new_child(ON_WRITE);
	char buffer[8];

	(void)state;
	is(zx_vmo_read(child, buffer, 4 * PAGE, 1), ZX_ERR_OUT_OF_RANGE);
	is(zx_vmo_read(child, buffer, UINT64_MAX, 2), ZX_ERR_OUT_OF_RANGE);
	is(zx_vmo_read(child, (void *)1, 0, PAGE), ZX_ERR_INVALID_ARGS);
	is(zx_vmo_write(child, "xy", 4 * PAGE - 1, 2), ZX_ERR_OUT_OF_RANGE);
	is(zx_vmo_write(child, (void *)1, 0, PAGE), ZX_ERR_INVALID_ARGS);
	ok(zx_vmo_read(child, buffer, 4 * PAGE, 0));
	ok(zx_vmo_write(child, "across", 2 * PAGE - 3, 6));
	ok(zx_vmo_read(child, buffer, 2 * PAGE - 4, 8));
	assert_memory_equal(buffer, "pacrossp", 8);
	expect_byte(vmo, 2 * PAGE - 3, 'p');
	ok(zx_handle_close(child));
	expect_no_packet();
}

static void set_size(void **state)
{
	zx_handle_t child = new_child(ON_WRITE), fixed;

	(void)state;
	is(zx_vmo_set_size(child, PAGE), ZX_ERR_UNAVAILABLE);
	is(zx_vmo_set_size(child, UINT64_MAX), ZX_ERR_UNAVAILABLE);
	ok(zx_handle_close(child));
	ok(zx_vmo_create_child(vmo, ON_WRITE | RESIZABLE, 0, 2 * PAGE, &child));
	ok(zx_handle_duplicate(child, ZX_DEFAULT_VMO_RIGHTS, &fixed));
	is(zx_vmo_set_size(fixed, PAGE), ZX_ERR_ACCESS_DENIED);
	is(zx_vmo_set_size(child, UINT64_MAX), ZX_ERR_OUT_OF_RANGE);
	is(zx_vmo_set_size(child, INT64_MAX), ZX_ERR_OUT_OF_RANGE);
	assert_int_equal(size_of(child), 2 * PAGE);

	/* What it sees does not grow. */
	ok(zx_vmo_set_size(child, 4 * PAGE));
	expect_byte(child, 2 * PAGE - 1, 'p');
	expect_byte(child, 2 * PAGE, 0);
	/* The rest of the last page is zero, and what comes again is. */
	ok(zx_vmo_set_size(child, PAGE + 5));
	assert_int_equal(size_of(fixed), 2 * PAGE);
	expect_byte(child, PAGE + 4, 'p');
	expect_byte(child, PAGE + 5, 0);
	is(zx_vmo_write(child, "x", 2 * PAGE, 1), ZX_ERR_OUT_OF_RANGE);
	ok(zx_vmo_set_size(child, 2 * PAGE + 1));
	assert_int_equal(size_of(child), 3 * PAGE);
	expect_byte(child, 2 * PAGE, 0);
	expect_byte(vmo, PAGE + 5, 'p');
	ok(zx_handle_close_many((zx_handle_t[]){ fixed, child }, 2));
	expect_no_packet();
}

/* That is its size, and nothing else. */
static void stream_size(void **state)
{
	static const struct {
		uint64_t size;
		zx_status_t status;
	} rows[] = {
		{ 2 * PAGE, ZX_OK },
		{ 2 * PAGE + 1, ZX_ERR_OUT_OF_RANGE },
		{ UINT64_MAX, ZX_ERR_OUT_OF_RANGE },
		{ PAGE + 1, ZX_ERR_NOT_SUPPORTED },
		{ 0, ZX_ERR_NOT_SUPPORTED },
	};
	zx_handle_t child, ro;
	uint64_t got;

	(void)state;
	ok(zx_vmo_create_child(vmo, ON_WRITE, 0, PAGE + 1, &child));
	ro = read_only(child);
	is(zx_vmo_set_stream_size(ro, 2 * PAGE), ZX_ERR_ACCESS_DENIED);
	for (size_t i = 0; i < COUNT(rows); i++) {
		row_is(i, zx_vmo_set_stream_size(child, rows[i].size), rows[i].status);
		row_is(i, zx_object_set_property(child, ZX_PROP_VMO_CONTENT_SIZE,
						 &rows[i].size, 8), rows[i].status);
		ok(zx_vmo_get_stream_size(child, &got));
		assert_int_equal(got, 2 * PAGE);
		ok(zx_object_get_property(child, ZX_PROP_VMO_CONTENT_SIZE, &got, 8));
		assert_int_equal(got, 2 * PAGE);
	}
	ok(zx_handle_close_many((zx_handle_t[]){ ro, child }, 2));
}

/* By the handle, by one that may not write, and by a mapping. */
static void op_range(void **state)
{
	static const struct {
		uint32_t op;
		uint64_t offset, size;
		zx_status_t status, read_only, mapped;
	} rows[] = {
		{ 0, 0, PAGE, ZX_ERR_INVALID_ARGS, ZX_ERR_INVALID_ARGS,
		  ZX_ERR_INVALID_ARGS },
		{ ZX_VMO_OP_DECOMMIT, 0, PAGE, ZX_ERR_NOT_SUPPORTED,
		  ZX_ERR_ACCESS_DENIED, ZX_ERR_NOT_SUPPORTED },
		{ ZX_VMO_OP_DECOMMIT, 0, 5 * PAGE, ZX_ERR_OUT_OF_RANGE,
		  ZX_ERR_ACCESS_DENIED, ZX_ERR_OUT_OF_RANGE },
		/* By a mapping this number is MAP_RANGE. */
		{ ZX_VMO_OP_LOCK, 0, PAGE, ZX_ERR_NOT_SUPPORTED, ZX_ERR_NOT_SUPPORTED,
		  ZX_OK },
		{ ZX_VMO_OP_CACHE_SYNC, 0, PAGE, ZX_ERR_NOT_SUPPORTED,
		  ZX_ERR_NOT_SUPPORTED, ZX_ERR_INVALID_ARGS },
		{ ZX_VMO_OP_COMMIT, PAGE, PAGE, ZX_OK, ZX_ERR_ACCESS_DENIED, ZX_OK },
		{ ZX_VMO_OP_COMMIT, 4 * PAGE, 1, ZX_ERR_OUT_OF_RANGE,
		  ZX_ERR_ACCESS_DENIED, ZX_ERR_OUT_OF_RANGE },
		{ ZX_VMO_OP_ZERO, 2 * PAGE, PAGE, ZX_OK, ZX_ERR_ACCESS_DENIED, ZX_OK },
		{ ZX_VMO_OP_ZERO, 0, 5 * PAGE, ZX_ERR_OUT_OF_RANGE,
		  ZX_ERR_ACCESS_DENIED, ZX_ERR_OUT_OF_RANGE },
		{ ZX_VMO_OP_PREFETCH, 0, 4 * PAGE, ZX_OK, ZX_OK, ZX_OK },
		{ ZX_VMO_OP_PREFETCH, 0, 5 * PAGE, ZX_ERR_OUT_OF_RANGE,
		  ZX_ERR_OUT_OF_RANGE, ZX_ERR_OUT_OF_RANGE },
		{ ZX_VMO_OP_ALWAYS_NEED, 0, 4 * PAGE, ZX_OK, ZX_OK, ZX_OK },
		{ ZX_VMO_OP_DONT_NEED, 0, 5 * PAGE, ZX_ERR_OUT_OF_RANGE,
		  ZX_ERR_OUT_OF_RANGE, ZX_ERR_OUT_OF_RANGE },
	};
	const zx_vm_option_t perms = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;
	const zx_handle_t root = zx_vmar_root_self();
	zx_handle_t child = new_child(ON_WRITE), ro = read_only(child);
	zx_vaddr_t at;

	(void)state;
	ok(zx_vmar_map(root, perms | ZX_VM_ALLOW_FAULTS, 0, child, 0, 6 * PAGE, &at));
	for (size_t i = 0; i < COUNT(rows); i++) {
		row_is(i, zx_vmo_op_range(ro, rows[i].op, rows[i].offset, rows[i].size,
					  NULL, 0), rows[i].read_only);
		row_is(i, zx_vmo_op_range(child, rows[i].op, rows[i].offset,
					  rows[i].size, NULL, 0), rows[i].status);
		row_is(i, zx_vmar_op_range(root, rows[i].op, at + rows[i].offset,
					   rows[i].size, NULL, 0), rows[i].mapped);
	}
	/* One was copied, one is zeroes, and the rest is the root's. */
	assert_int_equal(vmo_info(child).populated_bytes, PAGE);
	expect_byte(child, 0, 'p');
	expect_byte(child, PAGE, 'p');
	expect_byte(child, 2 * PAGE, 0);
	/* ZERO is of bytes. */
	ok(zx_vmo_op_range(child, ZX_VMO_OP_ZERO, 7, 1, NULL, 0));
	expect_byte(child, 6, 'p');
	expect_byte(child, 7, 0);
	expect_byte(child, 8, 'p');
	expect_byte(vmo, 7, 'p');
	ok(zx_vmar_unmap(root, at, 6 * PAGE));
	ok(zx_handle_close_many((zx_handle_t[]){ ro, child }, 2));
	expect_no_packet();
}

static void mapping(void **state)
{
	const zx_handle_t root = zx_vmar_root_self();
	const zx_vm_option_t r = ZX_VM_PERM_READ, rw = r | ZX_VM_PERM_WRITE;
	zx_handle_t child = new_child(ON_WRITE | RESIZABLE), fixed, h;
	zx_vaddr_t at = 77, to;

	(void)state;
	is(zx_vmar_map(root, r | ZX_VM_REQUIRE_NON_RESIZABLE, 0, child, 0, PAGE, &at),
	   ZX_ERR_NOT_SUPPORTED);
	ok(zx_vmo_create_child(vmo, ON_WRITE | NO_WRITE, PAGE, 2 * PAGE, &fixed));
	is(zx_vmar_map(root, r, 0, fixed, 0, 3 * PAGE, &at), ZX_ERR_BUFFER_TOO_SMALL);
	is(zx_vmar_map(root, rw, 0, fixed, 0, PAGE, &at), ZX_ERR_ACCESS_DENIED);
	ok(zx_vmo_replace_as_executable(fixed, ZX_HANDLE_INVALID, &fixed));
	is(zx_vmar_map(root, r | ZX_VM_PERM_EXECUTE, 0, fixed, 0, PAGE, &at),
	   ZX_ERR_ACCESS_DENIED);
	assert_int_equal(at, 77);

	ok(zx_vmar_map(root, r | ZX_VM_REQUIRE_NON_RESIZABLE, 0, fixed, PAGE, PAGE,
		       &at));
	is(zx_vmar_protect(root, rw, at, PAGE), ZX_ERR_ACCESS_DENIED);
	assert_int_equal(*(volatile char *)at, 'p');
	assert_int_equal(vmo_info(fixed).num_mappings, 1);
	assert_int_equal(vmo_info(vmo).num_mappings, 0);
	ok(zx_vmar_unmap(root, at, PAGE));

	/* One mapping stores, and all else that is of the child sees it. */
	ok(zx_vmar_map(root, rw, 0, child, 0, 4 * PAGE, &at));
	ok(zx_handle_duplicate(child, ZX_RIGHT_SAME_RIGHTS, &h));
	ok(zx_vmar_map(root, r, 0, h, PAGE, PAGE, &to));
	assert_int_equal(*(volatile char *)to, 'p');
	*(volatile char *)(at + PAGE) = 's';
	assert_int_equal(*(volatile char *)to, 's');
	expect_byte(h, PAGE, 's');
	expect_byte(fixed, 0, 'p');
	ok(zx_handle_close_many((zx_handle_t[]){ child, h, fixed }, 3));
	assert_int_equal(*(volatile char *)to, 's');
	ok(zx_vmar_unmap(root, at, 4 * PAGE));
	ok(zx_vmar_unmap(root, to, PAGE));
	expect_no_packet();
}

/* Fewer rights are another descriptor, for reading; none has those that are missing. */
static void duplicates(void **state)
{
	zx_handle_t child = new_child(ON_WRITE), ro = read_only(child), sealed, h = 77;
	char path[32];

	(void)state;
	assert_int_equal(fcntl(zx_linux_handle_to_fd(ro), F_GETFL) & O_ACCMODE,
			 O_RDONLY);
	is(zx_vmo_write(ro, "x", 0, 1), ZX_ERR_ACCESS_DENIED);
	is(zx_handle_duplicate(ro, ZX_RIGHT_WRITE, &h), ZX_ERR_INVALID_ARGS);
	ok(zx_vmo_write(child, "x", 0, 1));
	expect_byte(ro, 0, 'x');
	assert_int_equal(koid_of(ro), koid_of(child));
	assert_int_equal(vmo_info(ro).parent_koid, koid_of(vmo));
	ok(zx_handle_replace(child, ZX_RIGHTS_IO, &child));
	assert_int_equal(rights_of(child), ZX_RIGHTS_IO);
	is(zx_vmo_create_child(child, ON_WRITE, 0, PAGE, &h), ZX_ERR_ACCESS_DENIED);
	assert_int_equal(h, 77);
	/* A child of one that may not be written to is another matter. */
	ok(zx_vmo_create_child(ro, ON_WRITE | NO_WRITE, 0, PAGE, &sealed));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", zx_linux_handle_to_fd(sealed));
	assert_int_equal(open(path, O_RDWR | O_CLOEXEC), -1);
	ok(zx_vmo_create_child(sealed, MODIFIED, 0, PAGE, &h));
	ok(zx_vmo_write(h, "y", 0, 1));
	expect_byte(sealed, 0, 'x');
	ok(zx_handle_close_many((zx_handle_t[]){ child, ro, sealed, h }, 4));
}

/* Whatever a pager calls, it is not about one of its VMOs. */
static void pager_calls(zx_handle_t child, zx_status_t status)
{
	char page[PAGE] = "";

	row_is(0, zx_pager_detach_vmo(pager, child), status);
	for (uint32_t op = ZX_PAGER_OP_FAIL; op <= ZX_PAGER_OP_WRITEBACK_END; op++)
		row_is(op, zx_pager_op_range(pager, op, child, 0, PAGE, 0), status);
	row_is(5, zx_pager_op_range(pager, 99, child, 0, PAGE, 0), status);
	row_is(6, zx_pager_supply_pages(pager, child, 0, PAGE, plain, 0), status);
	row_is(7, zx_linux_pager_supply(pager, child, 0, PAGE, page, NULL), status);
	row_is(8, zx_linux_pager_sync_end(pager, child, 0, PAGE, ZX_OK), status);
}

static void calls_of_a_pager(void **state)
{
	zx_handle_t child = new_child(ON_WRITE), ro = read_only(child);
	zx_vmo_dirty_range_t range;
	zx_pager_vmo_stats_t stats;
	size_t n;

	(void)state;
	pager_calls(child, ZX_ERR_INVALID_ARGS);
	pager_calls(ro, ZX_ERR_ACCESS_DENIED);
	is(zx_pager_query_dirty_ranges(pager, ro, 0, PAGE, &range, sizeof(range), &n,
				       &n), ZX_ERR_INVALID_ARGS);
	is(zx_pager_query_vmo_stats(pager, ro, 0, &stats, sizeof(stats)),
	   ZX_ERR_INVALID_ARGS);
	expect_byte(child, 0, 'p');
	ok(zx_handle_close_many((zx_handle_t[]){ ro, child }, 2));
	expect_no_packet();
}

static zx_handle_t source;
static sem_t handled;

static void handler(int signo)
{
	(void)signo;
	sem_post(&handled);
}

static zx_status_t supply_from_source(struct waiter *w)
{
	(void)w;
	return zx_pager_supply_pages(pager, vmo, 2 * PAGE, 2 * PAGE, source, 0);
}

/* A signal does not end it, and what has left the clone before does not leave it again. */
static void source_of_a_supply(void **state)
{
	struct sigaction action = { .sa_handler = handler };
	struct waiter w;

	(void)state;
	assert_int_equal(sem_init(&handled, 0, 0), 0);
	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	supply(0, PAGE, 'p');
	ok(zx_vmo_create_child(vmo, ON_WRITE, 0, 2 * PAGE, &source));
	ok(zx_vmo_write(source, "c", 0, 1));
	start(&w, supply_from_source);
	expect_packet(ZX_PAGER_VMO_READ, PAGE, PAGE);
	expect_byte(source, 0, 0);
	ok(zx_vmo_write(source, "d", 0, 1));
	assert_int_equal(pthread_kill(w.thread, SIGUSR1), 0);
	while (sem_wait(&handled))
		;
	expect_packet(ZX_PAGER_VMO_READ, PAGE, PAGE);
	supply(PAGE, PAGE, 'q');
	ok(finish(&w));
	expect_byte(vmo, 2 * PAGE, 'c');
	expect_byte(vmo, 3 * PAGE, 'q');
	expect_byte(source, 0, 'd');
	expect_byte(source, PAGE, 0);
	ok(zx_handle_close(source));
	sem_destroy(&handled);
	expect_no_packet();
}

/* The same VMO by another descriptor: a part of it, and all of it. */
static void slices_and_references(void **state)
{
	zx_handle_t slice, reference;

	(void)state;
	supply(0, 4 * PAGE, 'p');
	ok(zx_vmo_create_child(vmo, ZX_VMO_CHILD_SLICE, PAGE, 2 * PAGE, &slice));
	ok(zx_vmo_create_child(vmo, ZX_VMO_CHILD_REFERENCE, 0, 0, &reference));
	assert_int_equal(size_of(slice), 2 * PAGE);
	assert_int_equal(size_of(reference), 4 * PAGE);
	assert_int_equal(vmo_info(slice).flags & ZX_INFO_VMO_IS_COW_CLONE, 0);
	assert_true(vmo_info(slice).flags & ZX_INFO_VMO_PAGER_BACKED);
	assert_true(vmo_info(reference).flags & ZX_INFO_VMO_PAGER_BACKED);
	/* It would not be taken away from the slice alone. */
	is(zx_vmo_op_range(slice, ZX_VMO_OP_DECOMMIT, 0, PAGE, NULL, 0),
	   ZX_ERR_NOT_SUPPORTED);
	is(zx_vmo_op_range(reference, ZX_VMO_OP_DECOMMIT, 0, PAGE, NULL, 0),
	   ZX_ERR_NOT_SUPPORTED);
	expect_byte(slice, 2 * PAGE - 1, 'p');
	expect_byte(reference, 4 * PAGE - 1, 'p');
	is(zx_vmo_write(slice, "s", 2 * PAGE, 1), ZX_ERR_OUT_OF_RANGE);
	pager_calls(slice, ZX_ERR_INVALID_ARGS);
	pager_calls(reference, ZX_ERR_INVALID_ARGS);
	ok(zx_handle_close_many((zx_handle_t[]){ slice, reference }, 2));
	expect_no_packet();
}

int main(void)
{
	static const struct CMUnitTest libzx_child_op[] = {
		TEST(read_and_write),
		TEST(set_size),
		TEST(stream_size),
		TEST(op_range),
		TEST(mapping),
		TEST(duplicates),
		TEST(calls_of_a_pager),
		TEST(source_of_a_supply),
		TEST(slices_and_references),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_child_op, NULL, NULL);
}
