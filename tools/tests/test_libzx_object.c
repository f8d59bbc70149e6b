// SPDX-License-Identifier: MIT
/*
 * libzx against the module: what is told of objects, properties, and what little else
 * there is.
 */
#include "fixture.h"

static void info_errors(void **state)
{
	zx_info_handle_basic_t info;
	size_t actual = 9, avail = 9;
	char small[8];

	(void)state;
	is(zx_object_get_info(pager, 999, &info, sizeof(info), NULL, NULL),
	   ZX_ERR_NOT_SUPPORTED);
	is(zx_object_get_info(CLOSED, ZX_INFO_NONE, NULL, 0, NULL, NULL),
	   ZX_ERR_NOT_SUPPORTED);
	for (int i = 0; i < 5; i++) {
		static const uint32_t topics[] = {
			ZX_INFO_HANDLE_VALID, ZX_INFO_HANDLE_BASIC,
			ZX_INFO_HANDLE_COUNT, ZX_INFO_VMO, ZX_INFO_VMAR,
		};

		is(zx_object_get_info(CLOSED, topics[i], &info, 0, NULL, NULL),
		   ZX_ERR_BAD_HANDLE);
		is(zx_object_get_info(ODD, topics[i], &info, 0, NULL, NULL),
		   ZX_ERR_BAD_HANDLE);
		if (i > 2)
			is(zx_object_get_info(port, topics[i], &info, 0, NULL, NULL),
			   ZX_ERR_WRONG_TYPE);
		if (i > 0)
			is(zx_object_get_info(i == 4 ? zx_vmar_root_self() : vmo,
					      topics[i], small, 3, &actual, &avail),
			   ZX_ERR_BUFFER_TOO_SMALL);
	}
	assert_int_equal(actual, 0);
	assert_int_equal(avail, 1);
	ok(zx_object_get_info(pager, ZX_INFO_HANDLE_BASIC, &info, 100, &actual,
			      &avail));
	assert_int_equal(actual, 1);
	assert_int_equal(avail, 1);
}

static void info_handle(void **state)
{
	zx_info_handle_basic_t info;
	zx_info_handle_count_t count;
	zx_handle_t h, other;

	(void)state;
	ok(zx_object_get_info(pager, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL,
			      NULL));
	assert_int_equal(info.type, ZX_OBJ_TYPE_PAGER);
	assert_true(info.koid >= ZX_KOID_FIRST && !(info.koid >> 63));
	assert_int_equal(info.related_koid, 0);
	ok(zx_object_get_info(port, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL,
			      NULL));
	assert_int_equal(info.type, ZX_OBJ_TYPE_PORT);
	ok(zx_object_get_info(zx_vmar_root_self(), ZX_INFO_HANDLE_BASIC, &info,
			      sizeof(info), NULL, NULL));
	assert_int_equal(info.type, ZX_OBJ_TYPE_VMAR);
	/* One object, one koid; another object, another one. */
	ok(zx_object_get_info(vmo, ZX_INFO_HANDLE_COUNT, &count, sizeof(count), NULL,
			      NULL));
	assert_int_equal(count.handle_count, 1);
	ok(zx_handle_duplicate(vmo, ZX_RIGHT_INSPECT, &h));
	ok(zx_object_get_info(h, ZX_INFO_HANDLE_COUNT, &count, sizeof(count), NULL,
			      NULL));
	assert_int_equal(count.handle_count, 2);
	assert_int_equal(koid_of(h), koid_of(vmo));
	assert_int_not_equal(koid_of(vmo), koid_of(plain));
	ok(zx_handle_close(h));
	ok(zx_handle_duplicate(port, ZX_RIGHT_SAME_RIGHTS, &h));
	assert_int_equal(koid_of(h), koid_of(port));
	ok(zx_port_create(0, &other));
	assert_int_not_equal(koid_of(other), koid_of(port));
	ok(zx_handle_close(h));
	ok(zx_handle_close(other));
}

static void info_vmo(void **state)
{
	const zx_handle_t root = zx_vmar_root_self();
	zx_info_vmo_t info;
	zx_vaddr_t at, at2;
	zx_handle_t h;

	(void)state;
	assert_int_equal(sizeof(info), 176);
	supply(0, 2 * PAGE, 'i');
	ok(zx_object_set_property(vmo, ZX_PROP_NAME, "it", 2));
	ok(zx_vmar_map(root, ZX_VM_PERM_READ, 0, vmo, 0, PAGE, &at));
	ok(zx_vmar_map(root, ZX_VM_PERM_READ, 0, vmo, 0, 2 * PAGE, &at2));
	ok(zx_object_get_info(vmo, ZX_INFO_VMO, &info, sizeof(info), NULL, NULL));
	assert_int_equal(info.koid, koid_of(vmo));
	assert_string_equal(info.name, "it");
	assert_int_equal(info.size_bytes, 4 * PAGE);
	assert_int_equal(info.flags, ZX_INFO_VMO_TYPE_PAGED |
			 ZX_INFO_VMO_VIA_HANDLE | ZX_INFO_VMO_PAGER_BACKED);
	assert_int_equal(info.committed_bytes, 2 * PAGE);
	assert_int_equal(info.populated_bytes, 2 * PAGE);
	assert_int_equal(info.handle_rights, ZX_DEFAULT_VMO_RIGHTS);
	assert_int_equal(info.num_mappings, 2);
	assert_int_equal(info.num_children + info.parent_koid, 0);
	ok(zx_vmar_unmap(root, at, PAGE));
	ok(zx_vmar_unmap(root, at2, 2 * PAGE));
	ok(zx_vmo_create(PAGE, ZX_VMO_RESIZABLE, &h));
	ok(zx_object_get_info(h, ZX_INFO_VMO, &info, sizeof(info), NULL, NULL));
	assert_int_equal(info.flags, ZX_INFO_VMO_TYPE_PAGED |
			 ZX_INFO_VMO_VIA_HANDLE | ZX_INFO_VMO_RESIZABLE);
	assert_int_equal(info.num_mappings, 0);
	ok(zx_handle_close(h));
}

static void property_errors(void **state)
{
	char name[ZX_MAX_NAME_LEN];
	uint64_t size = 0;

	(void)state;
	is(zx_object_get_property(CLOSED, ZX_PROP_NAME, NULL, 0),
	   ZX_ERR_INVALID_ARGS);
	is(zx_object_set_property(CLOSED, ZX_PROP_NAME, NULL, 0),
	   ZX_ERR_INVALID_ARGS);
	is(zx_object_get_property(CLOSED, ZX_PROP_NAME, name, 0), ZX_ERR_BAD_HANDLE);
	is(zx_object_set_property(CLOSED, ZX_PROP_NAME, name, 0), ZX_ERR_BAD_HANDLE);
	is(zx_object_get_property(pager, ZX_PROP_NAME, name, sizeof(name)),
	   ZX_ERR_ACCESS_DENIED);
	is(zx_object_set_property(port, ZX_PROP_NAME, "p", 1), ZX_ERR_ACCESS_DENIED);
	is(zx_object_get_property(vmo, 999, name, sizeof(name)),
	   ZX_ERR_INVALID_ARGS);
	is(zx_object_set_property(vmo, 999, name, sizeof(name)),
	   ZX_ERR_INVALID_ARGS);
	is(zx_object_get_property(vmo, ZX_PROP_NAME, name, sizeof(name) - 1),
	   ZX_ERR_BUFFER_TOO_SMALL);
	is(zx_object_get_property(vmo, ZX_PROP_VMO_CONTENT_SIZE, &size, 7),
	   ZX_ERR_BUFFER_TOO_SMALL);
	is(zx_object_set_property(vmo, ZX_PROP_VMO_CONTENT_SIZE, &size, 7),
	   ZX_ERR_BUFFER_TOO_SMALL);
	size = 5 * PAGE;
	is(zx_object_set_property(vmo, ZX_PROP_VMO_CONTENT_SIZE, &size, 8),
	   ZX_ERR_OUT_OF_RANGE);
}

static void properties(void **state)
{
	char name[ZX_MAX_NAME_LEN], longer[40];
	uint64_t size = PAGE + 5, got;
	zx_handle_t h;

	(void)state;
	ok(zx_object_get_property(plain, ZX_PROP_NAME, name, sizeof(name)));
	assert_string_equal(name, "");
	ok(zx_object_set_property(plain, ZX_PROP_NAME, "hello", 5));
	ok(zx_handle_duplicate(plain, ZX_RIGHT_GET_PROPERTY, &h));
	ok(zx_object_get_property(h, ZX_PROP_NAME, name, sizeof(name)));
	assert_string_equal(name, "hello");
	memset(longer, 'x', sizeof(longer));
	ok(zx_object_set_property(plain, ZX_PROP_NAME, longer, sizeof(longer)));
	ok(zx_object_get_property(h, ZX_PROP_NAME, name, sizeof(name)));
	assert_int_equal(strlen(name), 31);
	ok(zx_object_set_property(plain, ZX_PROP_NAME, "a\0b", 3));
	ok(zx_object_get_property(h, ZX_PROP_NAME, name, sizeof(name)));
	assert_string_equal(name, "a");
	ok(zx_object_set_property(plain, ZX_PROP_NAME, "", 0));
	ok(zx_object_get_property(h, ZX_PROP_NAME, name, sizeof(name)));
	assert_string_equal(name, "");
	ok(zx_handle_close(h));

	ok(zx_object_set_property(plain, ZX_PROP_VMO_CONTENT_SIZE, &size, 8));
	ok(zx_vmo_get_stream_size(plain, &got));
	assert_int_equal(got, size);
	ok(zx_object_get_property(plain, ZX_PROP_VMO_CONTENT_SIZE, &got, 8));
	assert_int_equal(got, size);
}

static void executable(void **state)
{
	const zx_vm_option_t rx = ZX_VM_PERM_READ | ZX_VM_PERM_EXECUTE;
	const zx_handle_t root = zx_vmar_root_self();
	zx_handle_t h = 77;
	zx_vaddr_t at;

	(void)state;
	is(zx_vmar_map(root, rx, 0, plain, 0, PAGE, &at), ZX_ERR_ACCESS_DENIED);
	is(zx_vmo_replace_as_executable(CLOSED, ZX_HANDLE_INVALID, &h),
	   ZX_ERR_BAD_HANDLE);
	ok(zx_vmo_replace_as_executable(plain, ZX_HANDLE_INVALID, &h));
	is(zx_handle_check_valid(plain), ZX_ERR_NOT_FOUND);
	plain = h;
	assert_int_equal(rights_of(plain), ZX_DEFAULT_VMO_RIGHTS | ZX_RIGHT_EXECUTE);
	/* The right is not enough: the module lets nobody execute a VMO. */
	is(zx_vmar_map(root, rx, 0, plain, 0, PAGE, &at), ZX_ERR_ACCESS_DENIED);
	is(zx_vmo_replace_as_executable(plain, CLOSED, &h), ZX_ERR_BAD_HANDLE);
	ok(zx_vmo_create(PAGE, 0, &plain));
	is(zx_vmo_replace_as_executable(plain, pager, &h), ZX_ERR_WRONG_TYPE);
	is(zx_vmo_replace_as_executable(port, ZX_HANDLE_INVALID, &h),
	   ZX_ERR_BAD_HANDLE);
	ok(zx_port_create(0, &port));
	ok(zx_vmo_create(PAGE, 0, &plain));
}

static void clocks(void **state)
{
	/* Others may run between two looks at a clock. */
	zx_time_t boot = zx_clock_get_boot(), before = zx_clock_get_monotonic();

	(void)state;
	assert_true(zx_clock_get_boot() >= before);
	ok(zx_nanosleep(before + ZX_MSEC(10)));
	assert_true(zx_clock_get_monotonic() >= before + ZX_MSEC(10));
	assert_true(zx_clock_get_boot() >= boot + ZX_MSEC(10));
	ok(zx_nanosleep(0));
	ok(zx_nanosleep(ZX_TIME_INFINITE_PAST));
	ok(zx_nanosleep(before));
	assert_true(zx_ticks_per_second() > 0);
	before = zx_ticks_get();
	ok(zx_nanosleep(zx_deadline_after(ZX_MSEC(5))));
	assert_true(zx_ticks_get() - before >= zx_ticks_per_second() / 200);
	boot = zx_ticks_get_boot();
	assert_true(boot >= before && zx_clock_get_boot() >= boot);
	assert_int_equal(zx_system_get_page_size(), PAGE);
}

int main(void)
{
	static const struct CMUnitTest libzx_object[] = {
		TEST(info_errors),
		TEST(info_handle),
		TEST(info_vmo),
		TEST(property_errors),
		TEST(properties),
		TEST(executable),
		TEST(clocks),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_object, NULL, NULL);
}
