// SPDX-License-Identifier: MIT
/*
 * libzx against the module: address regions, where mappings go, and what is done to
 * VMOs by address.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "fixture.h"

#define READ	ZX_VM_PERM_READ
#define RW	(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE)
#define CAN_RW	(ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE)
#define CAN_ALL	(CAN_RW | ZX_VM_CAN_MAP_EXECUTE | ZX_VM_CAN_MAP_SPECIFIC)
#define root	zx_vmar_root_self()

/* A region of 16 pages. */
static zx_handle_t region(zx_vm_option_t options, zx_vaddr_t *base)
{
	zx_handle_t h;

	ok(zx_vmar_allocate(root, options, 0, 16 * PAGE, &h, base));
	return h;
}

static bool is_mapped(uintptr_t at)
{
	unsigned char resident;

	return !mincore((void *)at, PAGE, &resident);
}

static void allocate_errors(void **state)
{
	zx_handle_t h = 77, ro, inner;
	zx_vaddr_t at = 77, base;

	(void)state;
	is(zx_vmar_allocate(CLOSED, CAN_RW, 0, PAGE, &h, &at), ZX_ERR_BAD_HANDLE);
	is(zx_vmar_allocate(vmo, CAN_RW, 0, PAGE, &h, &at), ZX_ERR_WRONG_TYPE);
	is(zx_vmar_allocate(root, CAN_RW | READ, 0, PAGE, &h, &at),
	   ZX_ERR_INVALID_ARGS);
	is(zx_vmar_allocate(root, CAN_RW | ZX_VM_SPECIFIC_OVERWRITE, 0, PAGE, &h,
			    &at), ZX_ERR_INVALID_ARGS);
	is(zx_vmar_allocate(root, CAN_RW | 1 << 20, 0, PAGE, &h, &at),
	   ZX_ERR_INVALID_ARGS);
	is(zx_vmar_allocate(root, CAN_RW | 5u << ZX_VM_ALIGN_BASE, 0, PAGE, &h, &at),
	   ZX_ERR_INVALID_ARGS);
	is(zx_vmar_allocate(root, CAN_RW, 0, 0, &h, &at), ZX_ERR_INVALID_ARGS);
	is(zx_vmar_allocate(root, CAN_RW, 0, PAGE + 1, &h, &at),
	   ZX_ERR_INVALID_ARGS);
	is(zx_vmar_allocate(root, CAN_RW, PAGE, PAGE, &h, &at), ZX_ERR_INVALID_ARGS);
	is(zx_vmar_allocate(root, CAN_RW, 0, 1ull << 60, &h, &at),
	   ZX_ERR_INVALID_ARGS);
	is(zx_vmar_allocate(root, CAN_RW, 0, PAGE, NULL, &at), ZX_ERR_INVALID_ARGS);
	is(zx_vmar_allocate(root, CAN_RW, 0, PAGE, &inner, NULL),
	   ZX_ERR_INVALID_ARGS);

	ro = region(ZX_VM_CAN_MAP_READ, &base);
	is(zx_vmar_allocate(ro, CAN_RW, 0, PAGE, &h, &at), ZX_ERR_ACCESS_DENIED);
	is(zx_vmar_allocate(ro, ZX_VM_SPECIFIC, 0, PAGE, &h, &at),
	   ZX_ERR_ACCESS_DENIED);
	is(zx_vmar_allocate(ro, 0, 0, 17 * PAGE, &h, &at), ZX_ERR_INVALID_ARGS);
	ok(zx_vmar_allocate(ro, ZX_VM_COMPACT, 0, 9 * PAGE, &inner, &at));
	is(zx_vmar_allocate(ro, 0, 0, 8 * PAGE, &h, &at), ZX_ERR_NO_RESOURCES);
	assert_int_equal(h, 77);
	ok(zx_vmar_destroy(ro));
	is(zx_vmar_allocate(ro, 0, 0, PAGE, &h, &at), ZX_ERR_BAD_STATE);
	is(zx_vmar_allocate(inner, 0, 0, PAGE, &h, &at), ZX_ERR_BAD_STATE);
	ok(zx_handle_close(ro));
	ok(zx_handle_close(inner));
}

static void region_holds_its_place(void **state)
{
	zx_info_vmar_t info;
	zx_handle_t h, again;
	zx_vaddr_t base, at;

	(void)state;
	h = region(CAN_ALL, &base);
	ok(zx_object_get_info(h, ZX_INFO_VMAR, &info, sizeof(info), NULL, NULL));
	assert_int_equal(info.base, base);
	assert_int_equal(info.len, 16 * PAGE);
	/* Nobody else gets it. */
	is(zx_vmar_map(root, RW | ZX_VM_SPECIFIC, base + PAGE, plain, 0, PAGE, &at),
	   ZX_ERR_ALREADY_EXISTS);
	is(zx_vmar_map(root, RW | ZX_VM_SPECIFIC_OVERWRITE, base + PAGE, plain, 0,
		       PAGE, &at), ZX_ERR_INVALID_ARGS);
	is(zx_vmar_allocate(root, CAN_ALL | ZX_VM_SPECIFIC, base, PAGE, &again, &at),
	   ZX_ERR_ALREADY_EXISTS);
	ok(zx_handle_close(h));
	assert_true(is_mapped(base));
	/* Unmapping the whole of it destroys it, a part of it may not be. */
	is(zx_vmar_unmap(root, base, 8 * PAGE), ZX_ERR_INVALID_ARGS);
	is(zx_vmar_unmap(root, base - PAGE, 2 * PAGE), ZX_ERR_INVALID_ARGS);
	ok(zx_vmar_unmap(root, base, 16 * PAGE));
	assert_false(is_mapped(base));
	ok(zx_vmar_allocate(root, CAN_ALL | ZX_VM_SPECIFIC, base, 2 * PAGE, &h, &at));
	assert_int_equal(at, base);
	ok(zx_vmar_destroy(h));
	assert_false(is_mapped(base));
	is(zx_vmar_destroy(h), ZX_ERR_BAD_STATE);
	ok(zx_handle_close(h));
	is(zx_vmar_destroy(h), ZX_ERR_BAD_HANDLE);
	is(zx_vmar_destroy(root), ZX_ERR_NOT_SUPPORTED);
	is(zx_vmar_destroy(plain), ZX_ERR_WRONG_TYPE);
	ok(zx_object_get_info(root, ZX_INFO_VMAR, &info, sizeof(info), NULL, NULL));
	assert_int_equal(info.base, 0);
	assert_true(info.len > 1ull << 40);
}

static void map_in_a_region(void **state)
{
	zx_vaddr_t base, at, first;
	zx_handle_t h;
	char byte;

	(void)state;
	h = region(CAN_ALL, &base);
	ok(zx_vmar_map(h, RW, 0, plain, 0, 2 * PAGE, &first));
	assert_int_equal(first, base);
	ok(zx_vmar_map(h, RW | ZX_VM_SPECIFIC, 4 * PAGE, plain, PAGE, PAGE, &at));
	assert_int_equal(at, base + 4 * PAGE);
	*(char *)at = 's';
	assert_int_equal(*(char *)(base + PAGE), 's');
	is(zx_vmar_map(h, RW | ZX_VM_SPECIFIC, 3 * PAGE, plain, 0, 2 * PAGE, &at),
	   ZX_ERR_ALREADY_EXISTS);
	is(zx_vmar_map(h, RW | ZX_VM_SPECIFIC, 16 * PAGE, plain, 0, PAGE, &at),
	   ZX_ERR_INVALID_ARGS);
	is(zx_vmar_map(h, RW | ZX_VM_SPECIFIC, 15 * PAGE, plain, 0, 2 * PAGE, &at),
	   ZX_ERR_INVALID_ARGS);
	/* Over the second half of one mapping and the first of another. */
	ok(zx_vmo_write(plain, "o", 2 * PAGE, 1));
	ok(zx_vmar_map(h, RW | ZX_VM_SPECIFIC_OVERWRITE, PAGE, plain, 2 * PAGE,
		       2 * PAGE, &at));
	assert_int_equal(*(char *)(base + PAGE), 'o');
	*(char *)base = 'b';
	ok(zx_vmo_read(plain, &byte, 0, 1));
	assert_int_equal(byte, 'b');
	/* The lowest gap is taken, and what does not fit says so. */
	ok(zx_vmar_map(h, READ, 0, plain, 0, PAGE, &at));
	assert_int_equal(at, base + 3 * PAGE);
	ok(zx_vmar_map(h, READ | ZX_VM_ALLOW_FAULTS, 0, plain, 0, 11 * PAGE, &at));
	is(zx_vmar_map(h, READ, 0, plain, 0, PAGE, &at), ZX_ERR_NO_RESOURCES);
	/* A hole in a region is nobody's, and stays the region's. */
	ok(zx_vmar_unmap(h, base + PAGE, PAGE));
	assert_true(is_mapped(base + PAGE));
	ok(zx_vmar_map(h, READ, 0, plain, 0, PAGE, &at));
	assert_int_equal(at, base + PAGE);
	is(zx_vmar_unmap(h, base - PAGE, PAGE), ZX_ERR_INVALID_ARGS);
	is(zx_vmar_protect(h, READ, base + 16 * PAGE, PAGE), ZX_ERR_INVALID_ARGS);
	ok(zx_vmar_destroy(h));
	is(zx_vmar_map(h, READ, 0, plain, 0, PAGE, &at), ZX_ERR_BAD_STATE);
	is(zx_vmar_unmap(h, base, PAGE), ZX_ERR_BAD_STATE);
	is(zx_vmar_protect(h, READ, base, PAGE), ZX_ERR_BAD_STATE);
	is(zx_vmar_op_range(h, ZX_VMAR_OP_COMMIT, base, PAGE, NULL, 0),
	   ZX_ERR_BAD_STATE);
	ok(zx_handle_close(h));
}

static void rights_of_regions(void **state)
{
	zx_vaddr_t base, at;
	zx_handle_t h, poor;

	(void)state;
	h = region(ZX_VM_CAN_MAP_READ, &base);
	is(zx_vmar_map(h, RW, 0, plain, 0, PAGE, &at), ZX_ERR_ACCESS_DENIED);
	is(zx_vmar_map(h, READ | ZX_VM_SPECIFIC, 0, plain, 0, PAGE, &at),
	   ZX_ERR_ACCESS_DENIED);
	is(zx_vmar_map(h, READ | ZX_VM_OFFSET_IS_UPPER_LIMIT, PAGE, plain, 0, PAGE,
		       &at), ZX_ERR_ACCESS_DENIED);
	ok(zx_vmar_map(h, READ, 0, plain, 0, PAGE, &at));
	is(zx_vmar_protect(h, RW, at, PAGE), ZX_ERR_ACCESS_DENIED);
	/* Neither by way of the root. */
	is(zx_vmar_protect(root, RW, at, PAGE), ZX_ERR_ACCESS_DENIED);
	ok(zx_handle_duplicate(h, ZX_RIGHT_NONE, &poor));
	is(zx_vmar_destroy(poor), ZX_ERR_ACCESS_DENIED);
	is(zx_vmar_map(poor, READ, 0, plain, 0, PAGE, &at), ZX_ERR_ACCESS_DENIED);
	is(zx_vmar_protect(poor, READ, at, PAGE), ZX_ERR_ACCESS_DENIED);
	is(zx_vmar_op_range(poor, ZX_VMAR_OP_COMMIT, at, PAGE, NULL, 0),
	   ZX_ERR_ACCESS_DENIED);
	is(zx_vmar_op_range(poor, ZX_VMAR_OP_PREFETCH, at, PAGE, NULL, 0),
	   ZX_ERR_ACCESS_DENIED);
	ok(zx_vmar_op_range(poor, ZX_VMAR_OP_DONT_NEED, at, PAGE, NULL, 0));
	ok(zx_handle_close(poor));
	ok(zx_handle_duplicate(root, ZX_RIGHTS_IO, &poor));
	is(zx_vmar_unmap(poor, base, 16 * PAGE), ZX_ERR_INVALID_ARGS);
	is(zx_vmar_op_range(poor, ZX_VMAR_OP_ZERO, at, PAGE, NULL, 0),
	   ZX_ERR_INVALID_ARGS);
	ok(zx_handle_close(poor));
	ok(zx_vmar_destroy(h));
	ok(zx_handle_close(h));
}

static void nested_regions(void **state)
{
	zx_handle_t outer, inner;
	zx_vaddr_t base, at, in;

	(void)state;
	outer = region(CAN_ALL, &base);
	ok(zx_vmar_allocate(outer, CAN_RW | ZX_VM_SPECIFIC, 4 * PAGE, 4 * PAGE,
			    &inner, &in));
	assert_int_equal(in, base + 4 * PAGE);
	ok(zx_vmar_map(inner, RW, 0, plain, 0, PAGE, &at));
	assert_int_equal(at, in);
	ok(zx_vmar_protect(outer, READ, at, PAGE));
	/* What is below gets no more by way of what is above. */
	is(zx_vmar_protect(outer, RW, at, PAGE), ZX_ERR_ACCESS_DENIED);
	ok(zx_vmar_protect(inner, RW, at, PAGE));
	*(char *)at = 'n';
	is(zx_vmar_op_range(outer, ZX_VMAR_OP_COMMIT, at, PAGE, NULL, 0),
	   ZX_ERR_INVALID_ARGS);
	ok(zx_vmar_op_range(outer, ZX_VMAR_OP_ZERO, at, PAGE, NULL, 0));
	assert_int_equal(*(char *)at, 0);
	is(zx_vmar_map(outer, RW | ZX_VM_SPECIFIC_OVERWRITE, 4 * PAGE, plain, 0, PAGE,
		       &at), ZX_ERR_INVALID_ARGS);
	/* The inner one goes, its place is the outer one's. */
	ok(zx_vmar_destroy(inner));
	assert_true(is_mapped(in));
	ok(zx_vmar_map(outer, READ | ZX_VM_SPECIFIC, 4 * PAGE, plain, 0, 4 * PAGE,
		       &at));
	ok(zx_handle_close(inner));
	ok(zx_vmar_allocate(outer, CAN_RW, 0, PAGE, &inner, &in));
	ok(zx_vmar_destroy(outer));
	assert_false(is_mapped(base));
	is(zx_vmar_map(inner, READ, 0, plain, 0, PAGE, &at), ZX_ERR_BAD_STATE);
	ok(zx_handle_close(inner));
	ok(zx_handle_close(outer));
}

static void aligned_and_limited(void **state)
{
	const uint64_t limit = 1ull << 40, mib = 1 << 20;
	zx_vaddr_t at, low, base;
	zx_handle_t h;

	(void)state;
	ok(zx_vmar_map(root, READ | ZX_VM_ALIGN_1MB, 0, plain, 0, PAGE, &at));
	assert_int_equal(at % mib, 0);
	ok(zx_vmar_map(root, READ | ZX_VM_OFFSET_IS_UPPER_LIMIT, limit, plain, 0,
		       2 * PAGE, &low));
	assert_true(low + 2 * PAGE <= limit);
	ok(zx_vmar_unmap(root, low, 2 * PAGE));
	ok(zx_vmar_unmap(root, at, PAGE));
	is(zx_vmar_map(root, READ | ZX_VM_OFFSET_IS_UPPER_LIMIT, PAGE, plain, 0,
		       PAGE, &at), ZX_ERR_NO_RESOURCES);
	ok(zx_vmar_allocate(root, CAN_ALL | ZX_VM_ALIGN_2MB |
			    ZX_VM_OFFSET_IS_UPPER_LIMIT, limit, 16 * PAGE, &h, &base));
	assert_int_equal(base % (2 * mib), 0);
	assert_true(base + 16 * PAGE <= limit);
	ok(zx_vmar_map(h, READ, 0, plain, 0, PAGE, &at));
	ok(zx_vmar_map(h, READ | ZX_VM_ALIGN_16KB, 0, plain, 0, PAGE, &at));
	assert_int_equal(at, base + 4 * PAGE);
	is(zx_vmar_map(h, READ | ZX_VM_OFFSET_IS_UPPER_LIMIT, PAGE, plain, 0, PAGE,
		       &at), ZX_ERR_NO_RESOURCES);
	ok(zx_vmar_map(h, READ | ZX_VM_OFFSET_IS_UPPER_LIMIT, 2 * PAGE, plain, 0,
		       PAGE, &at));
	assert_int_equal(at, base + PAGE);
	is(zx_vmar_map(h, READ | ZX_VM_SPECIFIC | ZX_VM_ALIGN_16KB, PAGE, plain, 0,
		       PAGE, &at), ZX_ERR_INVALID_ARGS);
	ok(zx_vmar_destroy(h));
	ok(zx_handle_close(h));
}

static void op_range_errors_vmar(void **state)
{
	zx_vaddr_t at;
	char buffer;

	(void)state;
	ok(zx_vmar_map(root, RW, 0, plain, 0, 2 * PAGE, &at));
	is(zx_vmar_op_range(CLOSED, 99, at, PAGE, NULL, 0), ZX_ERR_BAD_HANDLE);
	is(zx_vmar_op_range(vmo, 99, at, PAGE, NULL, 0), ZX_ERR_WRONG_TYPE);
	is(zx_vmar_op_range(root, 99, at, PAGE, NULL, 0), ZX_ERR_INVALID_ARGS);
	is(zx_vmar_op_range(root, 0, at, PAGE, NULL, 0), ZX_ERR_INVALID_ARGS);
	is(zx_vmar_op_range(root, ZX_VMAR_OP_ZERO, at, PAGE, &buffer, 0),
	   ZX_ERR_INVALID_ARGS);
	is(zx_vmar_op_range(root, ZX_VMAR_OP_ZERO, at, PAGE, NULL, 1),
	   ZX_ERR_INVALID_ARGS);
	is(zx_vmar_op_range(root, ZX_VMAR_OP_ZERO, at, 0, NULL, 0),
	   ZX_ERR_INVALID_ARGS);
	is(zx_vmar_op_range(root, ZX_VMAR_OP_ZERO, at + 1, PAGE, NULL, 0),
	   ZX_ERR_INVALID_ARGS);
	is(zx_vmar_op_range(root, ZX_VMAR_OP_ZERO, 1ull << 60, PAGE, NULL, 0),
	   ZX_ERR_OUT_OF_RANGE);
	/* What was before the gap is done. */
	*(char *)(at + PAGE) = 'g';
	is(zx_vmar_op_range(root, ZX_VMAR_OP_ZERO, at + PAGE, 2 * PAGE, NULL, 0),
	   ZX_ERR_BAD_STATE);
	assert_int_equal(*(char *)(at + PAGE), 0);
	ok(zx_vmar_unmap(root, at, 2 * PAGE));
	is(zx_vmar_op_range(root, ZX_VMAR_OP_ZERO, at, PAGE, NULL, 0),
	   ZX_ERR_BAD_STATE);
}

static void op_range_on_plain(void **state)
{
	zx_info_vmo_t info;
	zx_vaddr_t at;

	(void)state;
	ok(zx_vmar_map(root, RW, 0, plain, PAGE, 3 * PAGE, &at));
	ok(zx_vmar_op_range(root, ZX_VMAR_OP_COMMIT, at, 3 * PAGE, NULL, 0));
	ok(zx_object_get_info(plain, ZX_INFO_VMO, &info, sizeof(info), NULL, NULL));
	assert_int_equal(info.committed_bytes, 3 * PAGE);
	ok(zx_vmar_op_range(root, ZX_VMAR_OP_MAP_RANGE, at, 3 * PAGE, NULL, 0));
	*(char *)(at + PAGE) = 'd';
	ok(zx_vmar_op_range(root, ZX_VMAR_OP_DECOMMIT, at + PAGE, PAGE, NULL, 0));
	ok(zx_object_get_info(plain, ZX_INFO_VMO, &info, sizeof(info), NULL, NULL));
	assert_int_equal(info.committed_bytes, 2 * PAGE);
	assert_int_equal(*(char *)(at + PAGE), 0);
	ok(zx_vmar_op_range(root, ZX_VMAR_OP_ALWAYS_NEED, at, 3 * PAGE, NULL, 0));
	ok(zx_vmar_op_range(root, ZX_VMAR_OP_DONT_NEED, at, 3 * PAGE, NULL, 0));
	ok(zx_vmar_op_range(root, ZX_VMAR_OP_PREFETCH, at, 3 * PAGE, NULL, 0));
	ok(zx_vmar_unmap(root, at, 3 * PAGE));
}

/* The mapping keeps the VMO, and what is done through it reaches it, without a handle. */
static void mapping_outlives_the_handle(void **state)
{
	zx_vaddr_t at;

	(void)state;
	supply(0, 4 * PAGE, 'm');
	ok(zx_vmar_map(root, RW, 0, vmo, 0, 4 * PAGE, &at));
	ok(zx_handle_close(vmo));
	expect_no_packet();
	ok(zx_vmar_op_range(root, ZX_VMAR_OP_ZERO, at, PAGE, NULL, 0));
	assert_int_equal(*(char *)at, 0);
	assert_int_equal(*(char *)(at + PAGE), 'm');
	ok(zx_vmar_unmap(root, at, PAGE));
	expect_no_packet();
	ok(zx_vmar_unmap(root, at + PAGE, 3 * PAGE));
	expect_packet(ZX_PAGER_VMO_COMPLETE, 0, 0);
	ok(zx_pager_create_vmo(pager, 0, port, KEY, PAGE, &vmo));
}

static zx_vaddr_t where;
static uint32_t which;

static zx_status_t op_all(struct waiter *w)
{
	(void)w;
	return zx_vmar_op_range(root, which, where, 4 * PAGE, NULL, 0);
}

/* Two mappings of one VMO and one of a plain one between them, asked for run by run. */
static void OpCommitVmar(void **state)
{
	struct waiter w;
	zx_vaddr_t at;

	(void)state;
	ok(zx_vmar_map(root, RW, 0, plain, 0, 4 * PAGE, &where));
	ok(zx_vmar_map(root, RW | ZX_VM_SPECIFIC_OVERWRITE, where, vmo, 0, PAGE, &at));
	ok(zx_vmar_map(root, RW | ZX_VM_SPECIFIC_OVERWRITE, where + 2 * PAGE, vmo,
		       2 * PAGE, 2 * PAGE, &at));
	which = ZX_VMAR_OP_COMMIT;
	start(&w, op_all);
	expect_packet(ZX_PAGER_VMO_READ, 0, PAGE);
	supply(0, PAGE, 'c');
	expect_packet(ZX_PAGER_VMO_READ, 2 * PAGE, 2 * PAGE);
	supply(2 * PAGE, 2 * PAGE, 'c');
	ok(finish(&w));
	expect_no_packet();
	ok(zx_vmar_unmap(root, where + PAGE, PAGE));
	is(op_all(NULL), ZX_ERR_BAD_STATE);
	is(zx_vmar_op_range(root, ZX_VMAR_OP_DECOMMIT, where, PAGE, NULL, 0),
	   ZX_ERR_NOT_SUPPORTED);
	ok(zx_vmar_unmap(root, where, 4 * PAGE));
}

static void EvictionHintsVmar(void **state)
{
	struct waiter w;
	zx_vaddr_t at;

	(void)state;
	ok(zx_vmar_map(root, READ, 0, plain, 0, 4 * PAGE, &where));
	ok(zx_vmar_map(root, READ | ZX_VM_SPECIFIC_OVERWRITE, where, vmo, 0, 2 * PAGE,
		       &at));
	ok(zx_vmar_map(root, READ | ZX_VM_SPECIFIC_OVERWRITE, where + 2 * PAGE, vmo,
		       2 * PAGE, PAGE, &at));
	which = ZX_VMAR_OP_DONT_NEED;
	ok(op_all(NULL));
	expect_no_packet();
	which = ZX_VMAR_OP_ALWAYS_NEED;
	start(&w, op_all);
	expect_packet(ZX_PAGER_VMO_READ, 0, 2 * PAGE);
	supply(0, 2 * PAGE, 'h');
	expect_packet(ZX_PAGER_VMO_READ, 2 * PAGE, PAGE);
	supply(2 * PAGE, PAGE, 'h');
	ok(finish(&w));
	ok(op_all(NULL));
	expect_no_packet();
	ok(zx_vmar_unmap(root, where + 3 * PAGE, PAGE));
	is(op_all(NULL), ZX_ERR_BAD_STATE);
	which = ZX_VMAR_OP_DONT_NEED;
	is(op_all(NULL), ZX_ERR_BAD_STATE);
	expect_no_packet();
	ok(zx_vmar_unmap(root, where, 4 * PAGE));
}

/* The same through the root to mappings in a region below. */
static void EvictionHintsNestedVmar(void **state)
{
	struct waiter w;
	zx_handle_t h, inner;
	zx_vaddr_t at;

	(void)state;
	h = region(CAN_ALL, &where);
	ok(zx_vmar_map(h, READ | ZX_VM_SPECIFIC, 0, vmo, 0, PAGE, &at));
	ok(zx_vmar_allocate(h, CAN_ALL | ZX_VM_SPECIFIC, PAGE, 3 * PAGE, &inner, &at));
	ok(zx_vmar_map(inner, READ, 0, vmo, PAGE, 3 * PAGE, &at));
	which = ZX_VMAR_OP_ALWAYS_NEED;
	start(&w, op_all);
	expect_packet(ZX_PAGER_VMO_READ, 0, PAGE);
	supply(0, PAGE, 'h');
	expect_packet(ZX_PAGER_VMO_READ, PAGE, 3 * PAGE);
	supply(PAGE, 3 * PAGE, 'h');
	ok(finish(&w));
	ok(op_all(NULL));
	ok(zx_vmar_unmap(inner, at + PAGE, PAGE));
	is(op_all(NULL), ZX_ERR_BAD_STATE);
	which = ZX_VMAR_OP_DONT_NEED;
	is(op_all(NULL), ZX_ERR_BAD_STATE);
	expect_no_packet();
	ok(zx_vmar_destroy(h));
	ok(zx_handle_close_many((zx_handle_t[]){ h, inner }, 2));
}

/* Present pages alone; what is missing is asked for by who looks at it. */
static void VmarMapRangeTest(void **state)
{
	pthread_t thread;
	zx_vaddr_t at;

	(void)state;
	supply(0, PAGE, 'r');
	ok(zx_vmar_map(root, READ | ZX_VM_MAP_RANGE, 0, vmo, 0, 4 * PAGE, &at));
	ok(zx_vmar_op_range(root, ZX_VMAR_OP_MAP_RANGE, at, 4 * PAGE, NULL, 0));
	assert_int_equal(*(volatile char *)at, 'r');
	expect_no_packet();
	assert_int_equal(pthread_create(&thread, NULL, supply_page_1, NULL), 0);
	assert_int_equal(*(volatile char *)(at + PAGE), 'w');
	assert_int_equal(pthread_join(thread, NULL), 0);
	ok(zx_vmar_unmap(root, at, 4 * PAGE));
}

/* Whoever unmaps without the library leaves nothing that is in its way. */
static void unmapped_by_others(void **state)
{
	zx_vaddr_t at, again;

	(void)state;
	ok(zx_vmar_map(root, RW, 0, plain, 0, 4 * PAGE, &at));
	assert_int_equal(munmap((void *)at, 4 * PAGE), 0);
	is(zx_vmar_protect(root, READ, at, PAGE), ZX_ERR_NOT_FOUND);
	ok(zx_vmar_map(root, RW | ZX_VM_SPECIFIC, at + PAGE, plain, 0, PAGE, &again));
	ok(zx_vmar_protect(root, READ, again, PAGE));
	ok(zx_vmar_unmap(root, at, 4 * PAGE));
}

int main(void)
{
	static const struct CMUnitTest libzx_vmar[] = {
		TEST(allocate_errors),
		TEST(region_holds_its_place),
		TEST(map_in_a_region),
		TEST(rights_of_regions),
		TEST(nested_regions),
		TEST(aligned_and_limited),
		TEST(op_range_errors_vmar),
		TEST(op_range_on_plain),
		TEST(mapping_outlives_the_handle),
		TEST(unmapped_by_others),
		TEST(OpCommitVmar),
		TEST(EvictionHintsVmar),
		TEST(EvictionHintsNestedVmar),
		TEST(VmarMapRangeTest),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_vmar, NULL, NULL);
}
