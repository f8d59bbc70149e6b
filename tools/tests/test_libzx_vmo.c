// SPDX-License-Identifier: MIT
/*
 * libzx against the module: VMOs and mappings, each call and each status.
 */
#include "fixture.h"

static void vmo_create(void **state)
{
	uint64_t size;
	zx_handle_t h = 77;

	(void)state;
	is(zx_vmo_create(PAGE, ZX_VMO_TRAP_DIRTY, &h), ZX_ERR_INVALID_ARGS);
	is(zx_vmo_create(PAGE, 1, &h), ZX_ERR_INVALID_ARGS);
	is(zx_vmo_create(PAGE, 1u << 31, &h), ZX_ERR_INVALID_ARGS);
	is(zx_vmo_create(PAGE, 0, NULL), ZX_ERR_INVALID_ARGS);
	is(zx_vmo_create(PAGE, ZX_VMO_DISCARDABLE, &h), ZX_ERR_NOT_SUPPORTED);
	is(zx_vmo_create(UINT64_MAX, 0, &h), ZX_ERR_OUT_OF_RANGE);
	assert_int_equal(h, 77);
	ok(zx_vmo_create(1, 0, &h));
	ok(zx_vmo_get_size(h, &size));
	assert_int_equal(size, PAGE);
	ok(zx_handle_close(h));
}

static void vmo_read_and_write(void **state)
{
	char buffer[PAGE], *bad = (void *)1;
	zx_handle_t ro = read_only(plain);

	(void)state;
	is(zx_vmo_read(CLOSED, buffer, 0, 1), ZX_ERR_BAD_HANDLE);
	is(zx_vmo_read(port, buffer, 0, 1), ZX_ERR_WRONG_TYPE);
	is(zx_vmo_read(plain, buffer, 4 * PAGE, 1), ZX_ERR_OUT_OF_RANGE);
	is(zx_vmo_read(plain, buffer, UINT64_MAX, 1), ZX_ERR_OUT_OF_RANGE);
	is(zx_vmo_read(plain, bad, 0, PAGE), ZX_ERR_INVALID_ARGS);
	is(zx_vmo_write(CLOSED, buffer, 0, 1), ZX_ERR_BAD_HANDLE);
	is(zx_vmo_write(port, buffer, 0, 1), ZX_ERR_WRONG_TYPE);
	is(zx_vmo_write(ro, "x", 0, 1), ZX_ERR_ACCESS_DENIED);
	is(zx_vmo_write(plain, "xy", 4 * PAGE - 1, 2), ZX_ERR_OUT_OF_RANGE);
	is(zx_vmo_write(plain, bad, 0, PAGE), ZX_ERR_INVALID_ARGS);
	ok(zx_vmo_write(plain, "across", PAGE - 3, 6));
	ok(zx_vmo_read(ro, buffer, PAGE - 3, 6));
	assert_memory_equal(buffer, "across", 6);
	ok(zx_vmo_read(plain, buffer, 4 * PAGE, 0));
	zx_handle_close(ro);
}

static void vmo_set_size(void **state)
{
	zx_handle_t h, ro;
	uint64_t size;

	(void)state;
	is(zx_vmo_set_size(CLOSED, PAGE), ZX_ERR_BAD_HANDLE);
	is(zx_vmo_set_size(port, PAGE), ZX_ERR_WRONG_TYPE);
	is(zx_vmo_set_size(pipe_end, PAGE), ZX_ERR_WRONG_TYPE);
	is(zx_vmo_set_size(vmo, PAGE), ZX_ERR_UNAVAILABLE);
	is(zx_vmo_set_size(vmo, UINT64_MAX), ZX_ERR_UNAVAILABLE);
	ok(zx_pager_create_vmo(pager, ZX_VMO_RESIZABLE, port, KEY, PAGE, &h));
	is(zx_vmo_set_size(h, UINT64_MAX), ZX_ERR_OUT_OF_RANGE);
	is(zx_vmo_set_size(h, INT64_MAX), ZX_ERR_OUT_OF_RANGE);
	ok(zx_vmo_set_size(h, 5 * PAGE));
	ok(zx_vmo_get_size(h, &size));
	assert_int_equal(size, 5 * PAGE);
	ro = read_only(h);
	is(zx_vmo_set_size(ro, PAGE), ZX_ERR_ACCESS_DENIED);
	zx_handle_close(ro);
	zx_handle_close(h);
}

static void vmo_op_range_errors(void **state)
{
	zx_handle_t ro = read_only(vmo);
	char buffer[1];

	(void)state;
	is(zx_vmo_op_range(CLOSED, ZX_VMO_OP_PREFETCH, 0, PAGE, NULL, 0),
	   ZX_ERR_BAD_HANDLE);
	is(zx_vmo_op_range(pager, ZX_VMO_OP_PREFETCH, 0, PAGE, NULL, 0),
	   ZX_ERR_WRONG_TYPE);
	is(zx_vmo_op_range(vmo, 0, 0, PAGE, NULL, 0), ZX_ERR_INVALID_ARGS);
	is(zx_vmo_op_range(vmo, 5, 0, PAGE, NULL, 0), ZX_ERR_INVALID_ARGS);
	is(zx_vmo_op_range(vmo, 99, 0, PAGE, NULL, 0), ZX_ERR_INVALID_ARGS);
	is(zx_vmo_op_range(ro, ZX_VMO_OP_COMMIT, 0, PAGE, NULL, 0),
	   ZX_ERR_ACCESS_DENIED);
	is(zx_vmo_op_range(vmo, ZX_VMO_OP_COMMIT, 4 * PAGE, PAGE, NULL, 0),
	   ZX_ERR_OUT_OF_RANGE);
	is(zx_vmo_op_range(vmo, ZX_VMO_OP_DECOMMIT, 0, PAGE, NULL, 0),
	   ZX_ERR_NOT_SUPPORTED);
	is(zx_vmo_op_range(vmo, ZX_VMO_OP_LOCK, 0, PAGE, NULL, 0),
	   ZX_ERR_NOT_SUPPORTED);
	is(zx_vmo_op_range(vmo, ZX_VMO_OP_CACHE_SYNC, 0, PAGE, NULL, 0),
	   ZX_ERR_NOT_SUPPORTED);
	is(zx_vmo_op_range(port, ZX_VMO_OP_LOCK, 0, PAGE, NULL, 0),
	   ZX_ERR_WRONG_TYPE);
	ok(zx_vmo_op_range(vmo, ZX_VMO_OP_DONT_NEED, 0, PAGE, buffer, 1));
	ok(zx_vmo_op_range(ro, ZX_VMO_OP_DONT_NEED, 0, 4 * PAGE, NULL, 0));
	zx_handle_close(ro);
}

static void decommit(void **state)
{
	char byte;

	(void)state;
	ok(zx_vmo_write(plain, "d", PAGE, 1));
	is(zx_vmo_op_range(plain, ZX_VMO_OP_DECOMMIT, 1, PAGE, NULL, 0),
	   ZX_ERR_INVALID_ARGS);
	is(zx_vmo_op_range(plain, ZX_VMO_OP_DECOMMIT, 0, 5 * PAGE, NULL, 0),
	   ZX_ERR_OUT_OF_RANGE);
	ok(zx_vmo_op_range(plain, ZX_VMO_OP_DECOMMIT, PAGE, PAGE, NULL, 0));
	ok(zx_vmo_read(plain, &byte, PAGE, 1));
	assert_int_equal(byte, 0);
	is(zx_vmo_op_range(vmo, ZX_VMO_OP_DECOMMIT, 0, PAGE, NULL, 0),
	   ZX_ERR_NOT_SUPPORTED);
}

static void commit_asks_for_all(void **state)
{
	struct waiter w;

	(void)state;
	start(&w, commit_all);
	expect_packet(ZX_PAGER_VMO_READ, 0, 4 * PAGE);
	supply(0, 4 * PAGE, 'c');
	ok(finish(&w));
	start(&w, commit_all);
	ok(finish(&w));
}

static void vmar_map_errors(void **state)
{
	const zx_handle_t root = zx_vmar_root_self();
	const zx_vm_option_t r = ZX_VM_PERM_READ, rw = r | ZX_VM_PERM_WRITE;
	zx_handle_t ro = read_only(plain), resizable;
	zx_vaddr_t at = 77;

	(void)state;
	is(zx_vmar_map(CLOSED, r, 0, plain, 0, PAGE, &at), ZX_ERR_BAD_HANDLE);
	is(zx_vmar_map(plain, r, 0, plain, 0, PAGE, &at), ZX_ERR_WRONG_TYPE);
	is(zx_vmar_map(root, r, 0, CLOSED, 0, PAGE, &at), ZX_ERR_BAD_HANDLE);
	is(zx_vmar_map(root, r, 0, port, 0, PAGE, &at), ZX_ERR_WRONG_TYPE);
	is(zx_vmar_map(root, r, 0, pipe_end, 0, PAGE, &at), ZX_ERR_WRONG_TYPE);
	is(zx_vmar_map(root, rw, 0, ro, 0, PAGE, &at), ZX_ERR_ACCESS_DENIED);
	is(zx_vmar_map(root, ZX_VM_PERM_WRITE, 0, plain, 0, PAGE, &at),
	   ZX_ERR_INVALID_ARGS);
	is(zx_vmar_map(root, r, 0, plain, 1, PAGE, &at), ZX_ERR_INVALID_ARGS);
	is(zx_vmar_map(root, r, 0, plain, 0, 0, &at), ZX_ERR_INVALID_ARGS);
	is(zx_vmar_map(root, r, PAGE, plain, 0, PAGE, &at), ZX_ERR_INVALID_ARGS);
	is(zx_vmar_map(root, r | ZX_VM_SPECIFIC, 1, plain, 0, PAGE, &at),
	   ZX_ERR_INVALID_ARGS);
	is(zx_vmar_map(root, r | ZX_VM_CAN_MAP_READ, 0, plain, 0, PAGE, &at),
	   ZX_ERR_INVALID_ARGS);
	is(zx_vmar_map(root, r | 1u << 20, 0, plain, 0, PAGE, &at),
	   ZX_ERR_INVALID_ARGS);
	is(zx_vmar_map(root, r | ZX_VM_COMPACT, 0, plain, 0, PAGE, &at),
	   ZX_ERR_INVALID_ARGS);
	is(zx_vmar_map(root, r | ZX_VM_OFFSET_IS_UPPER_LIMIT, 0, plain, 0, PAGE,
		       &at), ZX_ERR_INVALID_ARGS);
	is(zx_vmar_map(root, r | ZX_VM_SPECIFIC | ZX_VM_OFFSET_IS_UPPER_LIMIT,
		       1 << 20, plain, 0, PAGE, &at), ZX_ERR_INVALID_ARGS);
	is(zx_vmar_map(root, r | 9u << ZX_VM_ALIGN_BASE, 0, plain, 0, PAGE, &at),
	   ZX_ERR_INVALID_ARGS);
	is(zx_vmar_map(root, r | 33u << ZX_VM_ALIGN_BASE, 0, plain, 0, PAGE, &at),
	   ZX_ERR_INVALID_ARGS);
	is(zx_vmar_map(root, r | ZX_VM_SPECIFIC | ZX_VM_ALIGN_1MB, PAGE, plain, 0,
		       PAGE, &at), ZX_ERR_INVALID_ARGS);
	is(zx_vmar_map(root, r | ZX_VM_SPECIFIC, 0, plain, 0, PAGE, &at),
	   ZX_ERR_ACCESS_DENIED);
	is(zx_vmar_map(root, r | ZX_VM_MAP_RANGE | ZX_VM_SPECIFIC_OVERWRITE, 1 << 20,
		       plain, 0, PAGE, &at), ZX_ERR_INVALID_ARGS);
	is(zx_vmar_map(root, r | ZX_VM_FAULT_BEYOND_STREAM_SIZE, 0, plain, 0, PAGE,
		       &at), ZX_ERR_INVALID_ARGS);
	is(zx_vmar_map(root, ZX_VM_PERM_EXECUTE, 0, plain, 0, PAGE, &at),
	   ZX_ERR_INVALID_ARGS);
	is(zx_vmar_map(root, r | ZX_VM_PERM_EXECUTE, 0, plain, 0, PAGE, &at),
	   ZX_ERR_ACCESS_DENIED);
	is(zx_vmar_map(root, r | ZX_VM_ALLOW_FAULTS, 0, plain, 0, 1ull << 50, &at),
	   ZX_ERR_INVALID_ARGS);
	is(zx_vmar_map(root, r, 0, plain, 0, 5 * PAGE, &at),
	   ZX_ERR_BUFFER_TOO_SMALL);
	is(zx_vmar_map(root, r, 0, plain, 0, UINT64_MAX, &at), ZX_ERR_OUT_OF_RANGE);
	is(zx_vmar_map(root, r, 0, plain, 0x7ffffffffffff000, 4 * PAGE, &at),
	   ZX_ERR_OUT_OF_RANGE);
	is(zx_vmar_map(root, r, 0, plain, 0, PAGE, NULL), ZX_ERR_INVALID_ARGS);
	ok(zx_vmo_create(PAGE, ZX_VMO_RESIZABLE, &resizable));
	is(zx_vmar_map(root, r | ZX_VM_REQUIRE_NON_RESIZABLE, 0, resizable, 0, PAGE,
		       &at), ZX_ERR_NOT_SUPPORTED);
	assert_int_equal(at, 77);
	zx_handle_close(resizable);
	zx_handle_close(ro);
}

static void vmar_map_and_unmap(void **state)
{
	const zx_handle_t root = zx_vmar_root_self();
	const zx_vm_option_t rw = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;
	zx_vaddr_t at, again;
	char byte;

	(void)state;
	ok(zx_vmar_map(root, rw | ZX_VM_MAP_RANGE, 0, plain, PAGE, 1, &at));
	*(char *)at = 'x';
	ok(zx_vmo_read(plain, &byte, PAGE, 1));
	assert_int_equal(byte, 'x');
	is(zx_vmar_map(root, rw | ZX_VM_SPECIFIC, at, plain, 0, PAGE, &again),
	   ZX_ERR_ALREADY_EXISTS);
	ok(zx_vmar_map(root, rw | ZX_VM_SPECIFIC_OVERWRITE, at, plain, 0, PAGE,
		       &again));
	assert_int_equal(again, at);
	assert_int_equal(*(char *)at, 0);
	ok(zx_vmar_protect(root, ZX_VM_PERM_READ, at, PAGE));
	is(zx_vmar_protect(root, ZX_VM_PERM_WRITE, at, PAGE), ZX_ERR_INVALID_ARGS);
	is(zx_vmar_protect(root, ZX_VM_PERM_READ, at + 1, PAGE),
	   ZX_ERR_INVALID_ARGS);
	is(zx_vmar_protect(plain, ZX_VM_PERM_READ, at, PAGE), ZX_ERR_WRONG_TYPE);
	is(zx_vmar_unmap(plain, at, PAGE), ZX_ERR_WRONG_TYPE);
	is(zx_vmar_unmap(CLOSED, at, PAGE), ZX_ERR_BAD_HANDLE);
	is(zx_vmar_unmap(root, at + 1, PAGE), ZX_ERR_INVALID_ARGS);
	is(zx_vmar_unmap(root, at, 0), ZX_ERR_INVALID_ARGS);
	ok(zx_vmar_unmap(root, at, PAGE));
	is(zx_vmar_protect(root, ZX_VM_PERM_READ, at, PAGE), ZX_ERR_NOT_FOUND);
	ok(zx_vmar_map(root, rw | ZX_VM_SPECIFIC, at, plain, 0, PAGE, &again));
	ok(zx_vmar_unmap(root, at, PAGE));
}

static void mapping_asks_the_pager(void **state)
{
	pthread_t thread;
	zx_vaddr_t at;

	(void)state;
	ok(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_ALLOW_FAULTS, 0,
		       vmo, 0, 8 * PAGE, &at));
	assert_int_equal(pthread_create(&thread, NULL, supply_page_1, NULL), 0);
	assert_int_equal(*(volatile char *)(at + PAGE), 'w');
	assert_int_equal(pthread_join(thread, NULL), 0);
	ok(zx_vmar_unmap(zx_vmar_root_self(), at, 8 * PAGE));
}

int main(void)
{
	static const struct CMUnitTest libzx_vmo[] = {
		TEST(vmo_create),
		TEST(vmo_read_and_write),
		TEST(vmo_set_size),
		TEST(vmo_op_range_errors),
		TEST(decommit),
		TEST(commit_asks_for_all),
		TEST(vmar_map_errors),
		TEST(vmar_map_and_unmap),
		TEST(mapping_asks_the_pager),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_vmo, NULL, NULL);
}
