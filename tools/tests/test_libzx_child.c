// SPDX-License-Identifier: MIT
/*
 * libzx against the module: making children of VMOs, and what is told of them.  Each other
 * call on one is in test_libzx_child_op.c, Zircon's own tests are in test_libzx_clone.c.
 */
#include "fixture.h"

/* Each row is wrong in what it is about, and most in all that is tested later. */
static void refusals(void **state)
{
	zx_handle_t closed = CLOSED, blind, alone, sealed, h = 77;
	const struct {
		zx_handle_t *handle;
		uint32_t options;
		uint64_t offset, size;
		zx_status_t status;
	} rows[] = {
		{ &closed, NO_WRITE | RESIZABLE, 1, UINT64_MAX, ZX_ERR_OUT_OF_RANGE },
		{ &closed, NO_WRITE | RESIZABLE, 1, PAGE, ZX_ERR_INVALID_ARGS },
		{ &closed, 1 << 1, 1, PAGE, ZX_ERR_BAD_HANDLE },
		{ &port, 1 << 1, 1, PAGE, ZX_ERR_WRONG_TYPE },
		{ &pager, 1 << 1, 1, PAGE, ZX_ERR_WRONG_TYPE },
		{ &pipe_end, 1 << 1, 1, PAGE, ZX_ERR_WRONG_TYPE },
		{ &blind, 1 << 1, 1, PAGE, ZX_ERR_ACCESS_DENIED },
		{ &alone, 1 << 1, 1, PAGE, ZX_ERR_ACCESS_DENIED },
		{ &vmo, 0, 0, PAGE, ZX_ERR_INVALID_ARGS },
		{ &vmo, RESIZABLE, 0, PAGE, ZX_ERR_INVALID_ARGS },
		{ &vmo, NO_WRITE, 0, PAGE, ZX_ERR_INVALID_ARGS },
		{ &vmo, ON_WRITE | 1 << 1, 0, PAGE, ZX_ERR_INVALID_ARGS },
		{ &vmo, ON_WRITE | 1 << 8, 0, PAGE, ZX_ERR_INVALID_ARGS },
		{ &vmo, ON_WRITE | 1u << 31, 0, PAGE, ZX_ERR_INVALID_ARGS },
		/* The module's own, which is no option here. */
		{ &vmo, 1 << 16, 0, PAGE, ZX_ERR_INVALID_ARGS },
		{ &vmo, ON_WRITE | MODIFIED, 0, PAGE, ZX_ERR_INVALID_ARGS },
		{ &vmo, ON_WRITE | SNAPSHOT, 0, PAGE, ZX_ERR_INVALID_ARGS },
		{ &vmo, SNAPSHOT, 1, PAGE, ZX_ERR_INVALID_ARGS },
		{ &vmo, ON_WRITE, PAGE - 1, PAGE, ZX_ERR_INVALID_ARGS },
		/* As in Zircon: not of what has a pager. */
		{ &vmo, SNAPSHOT, 0, PAGE, ZX_ERR_NOT_SUPPORTED },
		/* Not as in Zircon: see ZX_LINUX_CREATE_COPIES. */
		{ &sealed, ON_WRITE, 0, PAGE, ZX_ERR_NOT_SUPPORTED },
		{ &vmo, ON_WRITE, 0, 1ull << 63, ZX_ERR_OUT_OF_RANGE },
		{ &vmo, ON_WRITE, 1ull << 63, PAGE, ZX_ERR_OUT_OF_RANGE },
		{ &vmo, MODIFIED, 0ull - PAGE, 2 * PAGE, ZX_ERR_OUT_OF_RANGE },
	};

	(void)state;
	ok(zx_handle_duplicate(vmo, ZX_DEFAULT_VMO_RIGHTS & ~ZX_RIGHT_READ, &blind));
	ok(zx_handle_duplicate(vmo, ZX_DEFAULT_VMO_RIGHTS & ~ZX_RIGHT_DUPLICATE,
			       &alone));
	ok(zx_linux_pager_create_vmo(pager, 0, ZX_LINUX_CREATE_READ_ONLY, port, KEY,
				     PAGE, &sealed));
	for (size_t i = 0; i < COUNT(rows); i++)
		row_is(i, zx_vmo_create_child(*rows[i].handle, rows[i].options,
					      rows[i].offset, rows[i].size, &h),
		       rows[i].status);
	assert_int_equal(h, 77);
	assert_int_equal(vmo_info(vmo).num_children, 0);
	ok(zx_handle_close_many((zx_handle_t[]){ blind, alone, sealed }, 3));
	/* It has folios of 2 MiB, or copies. */
	ok(zx_linux_pager_create_vmo(pager, 0, ZX_LINUX_CREATE_READ_ONLY |
				     ZX_LINUX_CREATE_COPIES, port, KEY, PAGE, &sealed));
	ok(zx_vmo_create_child(sealed, ON_WRITE, 0, PAGE, &h));
	ok(zx_handle_close_many((zx_handle_t[]){ sealed, h }, 2));
}

/* Whatever the option, it is as the plain VMO was, and that sees nothing of it. */
static void copies_of_a_plain_vmo(void **state)
{
	const uint32_t kinds[] = { SNAPSHOT, ON_WRITE, MODIFIED };
	zx_handle_t source, h[COUNT(kinds)];

	(void)state;
	ok(zx_vmo_create(PAGE, 0, &source));
	ok(zx_vmo_write(source, "a", 0, 1));
	for (size_t i = 0; i < COUNT(kinds); i++)
		ok(zx_vmo_create_child(source, kinds[i], 0, PAGE, &h[i]));
	ok(zx_vmo_write(source, "b", 0, 1));
	for (size_t i = 0; i < COUNT(kinds); i++)
		expect_byte(h[i], 0, 'a');
	ok(zx_vmo_write(h[0], "c", 0, 1));
	expect_byte(h[0], 0, 'c');
	expect_byte(h[1], 0, 'a');
	expect_byte(source, 0, 'b');
	ok(zx_handle_close(source));
	expect_byte(h[2], 0, 'a');
	ok(zx_handle_close_many(h, COUNT(kinds)));
}

/* Of what the pager allows it for, and of that alone. */
static void moments_are_refused(void **state)
{
	static const uint32_t moment = ZX_LINUX_CHILD_POINT_IN_TIME;
	zx_handle_t closed = CLOSED, refusing = vmo, copy, h = 77;
	const struct {
		zx_handle_t *handle;
		uint32_t options, flags;
		zx_status_t status;
	} rows[] = {
		{ &closed, 0, 1 << 1, ZX_ERR_INVALID_ARGS },
		{ &closed, 0, moment, ZX_ERR_BAD_HANDLE },
		{ &vmo, NO_WRITE | RESIZABLE, moment, ZX_ERR_INVALID_ARGS },
		{ &vmo, ON_WRITE, moment, ZX_ERR_INVALID_ARGS },
		{ &vmo, SLICE, moment, ZX_ERR_INVALID_ARGS },
		{ &vmo, 0, 0, ZX_ERR_INVALID_ARGS },
		{ &vmo, SNAPSHOT, 0, ZX_ERR_NOT_SUPPORTED },
		{ &refusing, 0, moment, ZX_ERR_NOT_SUPPORTED },
		{ &copy, 0, moment, ZX_ERR_NOT_SUPPORTED },
	};

	(void)state;
	ok(zx_linux_pager_create_vmo(pager, 0, ZX_LINUX_CREATE_SNAPSHOTS, port, KEY, PAGE,
				     &vmo));
	ok(zx_linux_vmo_create_child(vmo, ON_WRITE, 0, 0, PAGE, &copy));
	for (size_t i = 0; i < COUNT(rows); i++)
		row_is(i, zx_linux_vmo_create_child(*rows[i].handle, rows[i].options,
						    rows[i].flags, 0, PAGE, &h),
		       rows[i].status);
	assert_int_equal(h, 77);
	ok(zx_handle_close_many((zx_handle_t[]){ copy, refusing }, 2));
}

/* Also of what was missing, and with the rights that any copy has. */
static void moments(void **state)
{
	static const uint32_t moment = ZX_LINUX_CHILD_POINT_IN_TIME;
	zx_handle_t weak, h, sealed;

	(void)state;
	replace_vmo(0, ZX_LINUX_CREATE_SNAPSHOTS);
	supply(0, 2 * PAGE, 'a');
	ok(zx_handle_duplicate(vmo, ZX_DEFAULT_VMO_RIGHTS & ~ZX_RIGHT_WRITE, &weak));
	ok(zx_linux_vmo_create_child(weak, RESIZABLE, moment, 0, 4 * PAGE, &h));
	ok(zx_linux_vmo_create_child(weak, NO_WRITE, moment, 0, 4 * PAGE, &sealed));
	assert_int_equal(rights_of(h), ZX_DEFAULT_VMO_RIGHTS | ZX_RIGHT_RESIZE);
	assert_int_equal(rights_of(sealed), ZX_DEFAULT_VMO_RIGHTS & ~ZX_RIGHT_WRITE);
	ok(zx_vmo_write(vmo, "b", 0, 1));
	ok(zx_vmo_op_range(vmo, ZX_VMO_OP_ZERO, PAGE, PAGE, NULL, 0));
	supply(3 * PAGE, PAGE, 'd');
	ok(zx_vmo_write(vmo, "e", 3 * PAGE, 1));
	ok(zx_vmo_write(h, "c", 1, 1));
	expect_byte(h, 0, 'a');
	expect_byte(h, 1, 'c');
	expect_byte(h, PAGE, 'a');
	expect_byte(h, 3 * PAGE, 'd');
	expect_byte(sealed, 1, 'a');
	expect_byte(sealed, 3 * PAGE, 'd');
	expect_byte(vmo, 0, 'b');
	expect_byte(vmo, 1, 'a');
	expect_byte(vmo, PAGE, 0);
	expect_byte(vmo, 3 * PAGE, 'e');
	ok(zx_handle_close_many((zx_handle_t[]){ weak, h, sealed }, 3));
	expect_no_packet();
}

/* Who may not write, or resize, has nobody else do it. */
static void no_more_rights(void **state)
{
	const uint32_t reference = ZX_VMO_CHILD_REFERENCE;
	zx_handle_t resizable, weak, h, again;

	(void)state;
	ok(zx_pager_create_vmo(pager, ZX_VMO_RESIZABLE, port, KEY, PAGE, &resizable));
	ok(zx_handle_duplicate(resizable, ZX_DEFAULT_VMO_RIGHTS & ~ZX_RIGHT_WRITE, &weak));
	is(zx_vmo_create_child(weak, reference | RESIZABLE, 0, 0, &h),
	   ZX_ERR_ACCESS_DENIED);
	ok(zx_vmo_create_child(resizable, reference | RESIZABLE, 0, 0, &h));
	ok(zx_vmo_set_size(h, 2 * PAGE));
	ok(zx_handle_close(h));
	ok(zx_vmo_create_child(weak, reference, 0, 0, &h));
	is(zx_vmo_write(h, "x", 0, 1), ZX_ERR_ACCESS_DENIED);
	/* Nor does anybody who gets the descriptor. */
	assert_int_equal(fcntl(zx_linux_handle_to_fd(h), F_GETFL) & O_ACCMODE, O_RDONLY);
	ok(zx_vmo_create_child(h, reference, 0, 0, &again));
	assert_int_equal(rights_of(again) & ZX_RIGHT_WRITE, 0);
	ok(zx_handle_close_many((zx_handle_t[]){ resizable, weak, h, again }, 4));
}

/* What cannot be told of is not there either: its number is free again. */
static void nowhere_to_tell(void **state)
{
	zx_handle_t before, after;
	int fd;

	(void)state;
	ok(zx_handle_duplicate(vmo, ZX_RIGHT_SAME_RIGHTS, &before));
	fd = zx_linux_handle_to_fd(before);
	ok(zx_handle_close(before));
	is(zx_vmo_create_child(vmo, ON_WRITE, 0, PAGE, NULL), ZX_ERR_INVALID_ARGS);
	assert_int_equal(vmo_info(vmo).num_children, 0);
	ok(zx_handle_duplicate(vmo, ZX_RIGHT_SAME_RIGHTS, &after));
	assert_int_equal(zx_linux_handle_to_fd(after), fd);
	ok(zx_handle_close(after));
}

/* What its handle may do, and what its descriptor is open for. */
static void rights(void **state)
{
	static const zx_rights_t all = ZX_DEFAULT_VMO_RIGHTS, few = ZX_RIGHT_DUPLICATE |
		ZX_RIGHT_READ, x = ZX_RIGHT_EXECUTE, w = ZX_RIGHT_WRITE;
	static const struct {
		zx_rights_t parent;
		uint32_t options;
		zx_rights_t child;
	} rows[] = {
		{ all, ON_WRITE, all },
		{ all, MODIFIED, all },
		{ all | x, ON_WRITE, all },
		{ all | x, MODIFIED, all },
		{ all | x, ON_WRITE | NO_WRITE, (all | x) & ~w },
		{ all, MODIFIED | NO_WRITE, all & ~w },
		{ all & ~w, ON_WRITE, all },
		{ all & ~w, ON_WRITE | NO_WRITE, all & ~w },
		{ all | ZX_RIGHT_RESIZE, ON_WRITE, all },
		{ all | ZX_RIGHT_RESIZE, ON_WRITE | NO_WRITE, all & ~w },
		{ all, ON_WRITE | RESIZABLE, all | ZX_RIGHT_RESIZE },
		{ few, ON_WRITE, few | w | ZX_RIGHTS_PROPERTY },
		{ few | x, MODIFIED | RESIZABLE,
		  few | w | ZX_RIGHTS_PROPERTY | ZX_RIGHT_RESIZE },
		{ few | x, MODIFIED | NO_WRITE, few | x | ZX_RIGHTS_PROPERTY },
	};
	zx_handle_t parent, child;

	(void)state;
	replace_vmo(ZX_VMO_RESIZABLE, 0);
	ok(zx_vmo_replace_as_executable(vmo, ZX_HANDLE_INVALID, &vmo));
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool writes = !(rows[i].options & NO_WRITE);
		int fd;

		row_is(i, zx_handle_duplicate(vmo, rows[i].parent, &parent), ZX_OK);
		row_is(i, zx_vmo_create_child(parent, rows[i].options, 0, PAGE, &child),
		       ZX_OK);
		fd = zx_linux_handle_to_fd(child);
		if (rights_of(child) != rows[i].child ||
		    vmo_info(child).handle_rights != rows[i].child)
			fail_msg("row %zu: rights %#x", i, rights_of(child));
		assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE,
				 writes ? O_RDWR : O_RDONLY);
		assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
		ok(zx_handle_close_many((zx_handle_t[]){ parent, child }, 2));
	}
}

static void names(void **state)
{
	zx_handle_t nameless, child;

	(void)state;
	ok(zx_object_set_property(vmo, ZX_PROP_NAME, "image", 5));
	ok(zx_vmo_create_child(vmo, ON_WRITE, 0, PAGE, &child));
	assert_string_equal(vmo_info(child).name, "image");
	ok(zx_object_set_property(child, ZX_PROP_NAME, "copy", 4));
	assert_string_equal(vmo_info(child).name, "copy");
	assert_string_equal(vmo_info(vmo).name, "image");
	ok(zx_handle_close(child));
	ok(zx_handle_duplicate(vmo, ZX_RIGHT_DUPLICATE | ZX_RIGHT_READ, &nameless));
	ok(zx_vmo_create_child(nameless, ON_WRITE, 0, PAGE, &child));
	assert_string_equal(vmo_info(child).name, "");
	ok(zx_handle_close_many((zx_handle_t[]){ nameless, child }, 2));
}

static void info(void **state)
{
	static const uint32_t flags = ZX_INFO_VMO_TYPE_PAGED | ZX_INFO_VMO_VIA_HANDLE |
				      ZX_INFO_VMO_IS_COW_CLONE;
	static const struct {
		uint32_t options;
		uint64_t offset, size, rounded;
		uint32_t flags;
	} rows[] = {
		{ ON_WRITE, 0, 4 * PAGE, 4 * PAGE, flags },
		{ MODIFIED, 0, 0, 0, flags },
		{ MODIFIED | RESIZABLE, PAGE, 1, PAGE, flags | ZX_INFO_VMO_RESIZABLE },
		{ ON_WRITE | NO_WRITE, 3 * PAGE, 3 * PAGE - 1, 3 * PAGE, flags },
		{ ON_WRITE, 9 * PAGE, PAGE, PAGE, flags },
	};
	zx_handle_t child;
	zx_info_vmo_t is;

	(void)state;
	supply(0, 4 * PAGE, 'p');
	for (size_t i = 0; i < COUNT(rows); i++) {
		row_is(i, zx_vmo_create_child(vmo, rows[i].options, rows[i].offset,
					      rows[i].size, &child), ZX_OK);
		is = vmo_info(child);
		assert_int_equal(is.flags, rows[i].flags);
		assert_int_equal(is.size_bytes, rows[i].rounded);
		assert_int_equal(is.koid, koid_of(child));
		assert_int_not_equal(is.koid, koid_of(vmo));
		assert_int_equal(is.parent_koid, koid_of(vmo));
		assert_int_equal(is.num_children, 0);
		assert_int_equal(is.committed_bytes + is.populated_bytes, 0);
		assert_int_equal(vmo_info(vmo).num_children, 1);
		ok(zx_handle_close(child));
		assert_int_equal(vmo_info(vmo).num_children, 0);
	}
	assert_int_equal(vmo_info(vmo).parent_koid, 0);
	assert_int_equal(vmo_info(vmo).populated_bytes, 4 * PAGE);
}

static zx_handle_t same_from_elsewhere(zx_handle_t handle)
{
	return zx_linux_handle_from_fd(fcntl(zx_linux_handle_to_fd(handle),
					     F_DUPFD_CLOEXEC, 0));
}

/* A descriptor that comes from elsewhere is as good as its mode, and is the same VMO. */
static void received(void **state)
{
	zx_handle_t child = new_child(ON_WRITE | RESIZABLE);
	zx_handle_t other = same_from_elsewhere(child);
	int fd = fcntl(zx_linux_handle_to_fd(child), F_DUPFD_CLOEXEC, 0);

	(void)state;
	assert_int_equal(rights_of(other), ZX_DEFAULT_VMO_RIGHTS | ZX_RIGHT_RESIZE);
	assert_int_equal(koid_of(other), koid_of(child));
	ok(zx_handle_close(child));
	assert_int_equal(vmo_info(other).parent_koid, koid_of(vmo));
	ok(zx_vmo_set_size(other, PAGE));
	ok(zx_handle_close(other));
	/* Nothing here knows it any more, as if another process had made it. */
	other = zx_linux_handle_from_fd(fd);
	assert_int_equal(vmo_info(other).parent_koid, koid_of(vmo));
	ok(zx_handle_close(other));

	ok(zx_vmo_create_child(vmo, ON_WRITE | NO_WRITE, 0, PAGE, &child));
	other = same_from_elsewhere(child);
	assert_int_equal(rights_of(other), ZX_DEFAULT_VMO_RIGHTS & ~ZX_RIGHT_WRITE);
	is(zx_vmo_write(other, "x", 0, 1), ZX_ERR_ACCESS_DENIED);
	ok(zx_handle_close_many((zx_handle_t[]){ child, other }, 2));
}

int main(void)
{
	static const struct CMUnitTest libzx_child[] = {
		TEST(refusals),
		TEST(copies_of_a_plain_vmo),
		TEST(moments_are_refused),
		TEST(moments),
		TEST(no_more_rights),
		TEST(nowhere_to_tell),
		TEST(rights),
		TEST(names),
		TEST(info),
		TEST(received),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_child, NULL, NULL);
}
