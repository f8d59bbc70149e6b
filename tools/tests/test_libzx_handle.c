// SPDX-License-Identifier: MIT
/*
 * libzx against the module: handles, and the rights that each has.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include "fixture.h"

static void default_rights(void **state)
{
	zx_handle_t h;

	(void)state;
	assert_int_equal(rights_of(pager), ZX_DEFAULT_PAGER_RIGHTS);
	assert_int_equal(rights_of(port), ZX_DEFAULT_PORT_RIGHTS);
	assert_int_equal(rights_of(vmo), ZX_DEFAULT_VMO_RIGHTS);
	assert_int_equal(rights_of(plain), ZX_DEFAULT_VMO_RIGHTS);
	ok(zx_vmo_create(PAGE, ZX_VMO_RESIZABLE, &h));
	assert_int_equal(rights_of(h), ZX_DEFAULT_VMO_RIGHTS | ZX_RIGHT_RESIZE);
	ok(zx_handle_close(h));
	ok(zx_pager_create_vmo(pager, ZX_VMO_RESIZABLE, port, 1, PAGE, &h));
	assert_int_equal(rights_of(h), ZX_DEFAULT_VMO_RIGHTS | ZX_RIGHT_RESIZE);
	ok(zx_handle_close(h));
	assert_int_equal(rights_of(zx_vmar_root_self()), ZX_DEFAULT_VMAR_RIGHTS |
			 ZX_RIGHTS_IO | ZX_RIGHT_EXECUTE);
	/* Zircon's numbers. */
	assert_int_equal(ZX_DEFAULT_PAGER_RIGHTS, 0x3008002);
	assert_int_equal(ZX_DEFAULT_PORT_RIGHTS, 0x800f);
	assert_int_equal(ZX_DEFAULT_VMO_RIGHTS, 0xd0ef);
}

static void duplicate_errors(void **state)
{
	zx_handle_t h = 77, poor;

	(void)state;
	is(zx_handle_duplicate(CLOSED, ZX_RIGHT_SAME_RIGHTS, &h), ZX_ERR_BAD_HANDLE);
	is(zx_handle_duplicate(ODD, ZX_RIGHT_SAME_RIGHTS, &h), ZX_ERR_BAD_HANDLE);
	is(zx_handle_duplicate(ZX_HANDLE_INVALID, 0, &h), ZX_ERR_BAD_HANDLE);
	is(zx_handle_duplicate(pager, ZX_RIGHT_SAME_RIGHTS, &h),
	   ZX_ERR_ACCESS_DENIED);
	is(zx_handle_duplicate(vmo, ZX_RIGHT_EXECUTE, &h), ZX_ERR_INVALID_ARGS);
	is(zx_handle_duplicate(port, ZX_RIGHT_MAP, &h), ZX_ERR_INVALID_ARGS);
	is(zx_handle_duplicate(vmo, ZX_RIGHT_SAME_RIGHTS, NULL),
	   ZX_ERR_INVALID_ARGS);
	ok(zx_handle_duplicate(vmo, ZX_RIGHT_READ, &poor));
	is(zx_handle_duplicate(poor, ZX_RIGHT_SAME_RIGHTS, &h),
	   ZX_ERR_ACCESS_DENIED);
	assert_int_equal(h, 77);
	ok(zx_handle_close(poor));
}

/* Each set of rights that a VMO can have is what is told, and is not widened again. */
static void duplicate_keeps_rights(void **state)
{
	static const zx_rights_t bits[] = {
		ZX_RIGHT_READ, ZX_RIGHT_WRITE, ZX_RIGHT_MAP, ZX_RIGHT_INSPECT,
	};
	zx_handle_t h, again;

	(void)state;
	for (unsigned int set = 0; set < 1u << 4; set++) {
		zx_rights_t rights = ZX_RIGHT_DUPLICATE;

		for (int i = 0; i < 4; i++)
			rights |= set & 1u << i ? bits[i] : 0;
		ok(zx_handle_duplicate(plain, rights, &h));
		assert_int_equal(rights_of(h), rights);
		ok(zx_handle_duplicate(h, ZX_RIGHT_SAME_RIGHTS, &again));
		assert_int_equal(rights_of(again), rights);
		for (int i = 0; i < 4; i++) {
			zx_handle_t wide;

			if (set & 1u << i)
				continue;
			is(zx_handle_duplicate(h, rights | bits[i], &wide),
			   ZX_ERR_INVALID_ARGS);
		}
		/* Nor is it by way of the descriptor. */
		assert_int_equal(rights_of(zx_linux_handle_from_fd(
					zx_linux_handle_to_fd(again))), rights);
		ok(zx_handle_close(again));
		ok(zx_handle_close(h));
	}
}

/* Whoever gets the descriptor alone cannot write either. */
static void rights_in_the_descriptor(void **state)
{
	zx_handle_t h;
	int fd;

	(void)state;
	ok(zx_handle_duplicate(plain, ZX_RIGHT_READ | ZX_RIGHT_MAP, &h));
	fd = zx_linux_handle_to_fd(h);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	ok(zx_handle_close(h));
	ok(zx_handle_duplicate(plain, ZX_RIGHT_WRITE, &h));
	fd = zx_linux_handle_to_fd(h);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_WRONLY);
	ok(zx_handle_close(h));
}

/* Every call on a VMO looks at the rights. */
static void vmo_rights(void **state)
{
	const zx_handle_t root = zx_vmar_root_self();
	zx_handle_t none, reads, maps, resizable, h;
	char name[ZX_MAX_NAME_LEN] = "", byte = 0;
	zx_info_handle_count_t count;
	uint64_t size;
	zx_vaddr_t at;

	(void)state;
	ok(zx_handle_duplicate(plain, ZX_RIGHT_NONE, &none));
	is(zx_vmo_read(none, &byte, 0, 1), ZX_ERR_ACCESS_DENIED);
	is(zx_vmo_write(none, &byte, 0, 1), ZX_ERR_ACCESS_DENIED);
	is(zx_vmo_set_size(none, 0), ZX_ERR_ACCESS_DENIED);
	is(zx_vmo_set_stream_size(none, 0), ZX_ERR_ACCESS_DENIED);
	is(zx_vmo_op_range(none, ZX_VMO_OP_COMMIT, 0, 1, NULL, 0),
	   ZX_ERR_ACCESS_DENIED);
	is(zx_vmo_op_range(none, ZX_VMO_OP_ZERO, 0, 1, NULL, 0),
	   ZX_ERR_ACCESS_DENIED);
	is(zx_vmo_op_range(none, ZX_VMO_OP_DECOMMIT, 0, 1, NULL, 0),
	   ZX_ERR_ACCESS_DENIED);
	is(zx_vmo_op_range(none, ZX_VMO_OP_PREFETCH, 0, 1, NULL, 0),
	   ZX_ERR_ACCESS_DENIED);
	is(zx_vmo_op_range(none, ZX_VMO_OP_CACHE_CLEAN, 0, 1, NULL, 0),
	   ZX_ERR_ACCESS_DENIED);
	is(zx_vmo_op_range(none, ZX_VMO_OP_LOCK, 0, 1, NULL, 0),
	   ZX_ERR_ACCESS_DENIED);
	is(zx_vmo_create_child(none, ZX_VMO_CHILD_SLICE, 0, PAGE, &h),
	   ZX_ERR_ACCESS_DENIED);
	is(zx_vmar_map(root, ZX_VM_PERM_READ, 0, none, 0, PAGE, &at),
	   ZX_ERR_ACCESS_DENIED);
	is(zx_object_get_property(none, ZX_PROP_NAME, name, sizeof(name)),
	   ZX_ERR_ACCESS_DENIED);
	is(zx_object_set_property(none, ZX_PROP_NAME, name, 1),
	   ZX_ERR_ACCESS_DENIED);
	is(zx_object_get_info(none, ZX_INFO_HANDLE_COUNT, &count, sizeof(count),
			      NULL, NULL), ZX_ERR_ACCESS_DENIED);
	/* These need none. */
	ok(zx_vmo_get_size(none, &size));
	ok(zx_vmo_get_stream_size(none, &size));
	ok(zx_vmo_op_range(none, ZX_VMO_OP_DONT_NEED, 0, 1, NULL, 0));
	ok(zx_vmo_op_range(none, ZX_VMO_OP_ALWAYS_NEED, 0, 1, NULL, 0));
	ok(zx_object_get_info(none, ZX_INFO_HANDLE_VALID, NULL, 0, NULL, NULL));

	ok(zx_handle_duplicate(plain, ZX_RIGHT_READ | ZX_RIGHT_SET_PROPERTY, &reads));
	ok(zx_vmo_read(reads, &byte, 0, 1));
	is(zx_vmar_map(root, ZX_VM_PERM_READ, 0, reads, 0, PAGE, &at),
	   ZX_ERR_ACCESS_DENIED);
	is(zx_vmo_op_range(reads, ZX_VMO_OP_LOCK, 0, 1, NULL, 0),
	   ZX_ERR_NOT_SUPPORTED);
	is(zx_object_set_property(reads, ZX_PROP_VMO_CONTENT_SIZE, &size,
				  sizeof(size)), ZX_ERR_ACCESS_DENIED);
	ok(zx_handle_duplicate(plain, ZX_RIGHT_READ | ZX_RIGHT_MAP, &maps));
	is(zx_vmar_map(root, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, maps, 0, PAGE,
		       &at), ZX_ERR_ACCESS_DENIED);
	ok(zx_vmar_map(root, ZX_VM_PERM_READ, 0, maps, 0, PAGE, &at));
	is(zx_vmar_protect(root, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, at, PAGE),
	   ZX_ERR_ACCESS_DENIED);
	is(zx_vmar_op_range(root, ZX_VMAR_OP_ZERO, at, PAGE, NULL, 0),
	   ZX_ERR_ACCESS_DENIED);
	ok(zx_vmar_unmap(root, at, PAGE));

	/* RESIZE is asked for where it could be had. */
	ok(zx_vmo_create(PAGE, ZX_VMO_RESIZABLE, &resizable));
	ok(zx_handle_replace(resizable, ZX_DEFAULT_VMO_RIGHTS, &resizable));
	is(zx_vmo_set_size(resizable, 0), ZX_ERR_ACCESS_DENIED);
	is(zx_vmo_set_size(plain, 0), ZX_ERR_UNAVAILABLE);
	ok(zx_handle_close_many((zx_handle_t[]){ none, reads, maps, resizable }, 4));
}

static void replace(void **state)
{
	zx_handle_t h = 77, old;

	(void)state;
	is(zx_handle_replace(CLOSED, 0, &h), ZX_ERR_BAD_HANDLE);
	is(zx_handle_replace(ZX_HANDLE_INVALID, 0, &h), ZX_ERR_BAD_HANDLE);
	ok(zx_handle_replace(plain, ZX_RIGHT_READ, &h));
	is(zx_handle_check_valid(plain), ZX_ERR_NOT_FOUND);
	assert_int_equal(rights_of(h), ZX_RIGHT_READ);
	/* No DUPLICATE is needed, but more rights are not to be had. */
	ok(zx_handle_replace(h, ZX_RIGHT_SAME_RIGHTS, &plain));
	assert_int_equal(rights_of(plain), ZX_RIGHT_READ);
	old = plain;
	h = 77;
	is(zx_handle_replace(plain, ZX_RIGHTS_IO, &h), ZX_ERR_INVALID_ARGS);
	assert_int_equal(h, 77);
	is(zx_handle_check_valid(old), ZX_ERR_NOT_FOUND);
	ok(zx_vmo_create(PAGE, 0, &plain));
	is(zx_handle_replace(plain, ZX_RIGHT_SAME_RIGHTS, NULL),
	   ZX_ERR_INVALID_ARGS);
	is(zx_handle_check_valid(plain), ZX_ERR_NOT_FOUND);
	ok(zx_vmo_create(PAGE, 0, &plain));
	/* A pager too, which is still the same one. */
	ok(zx_handle_replace(pager, ZX_RIGHT_MANAGE_VMO, &h));
	pager = h;
	supply(0, PAGE, 'r');
}

static void close_many(void **state)
{
	zx_handle_t h[130];

	(void)state;
	ok(zx_handle_close_many(NULL, 0));
	is(zx_handle_close_many(NULL, 1), ZX_ERR_INVALID_ARGS);
	is(zx_handle_close_many((void *)8, 1), ZX_ERR_INVALID_ARGS);
	for (int i = 0; i < 130; i++)
		ok(zx_handle_duplicate(plain, ZX_RIGHT_SAME_RIGHTS, &h[i]));
	ok(zx_handle_close_many(h, 130));
	for (int i = 0; i < 130; i++)
		is(zx_handle_check_valid(h[i]), ZX_ERR_NOT_FOUND);
	/* All of them, also behind one that is none. */
	ok(zx_handle_duplicate(plain, ZX_RIGHT_SAME_RIGHTS, &h[3]));
	h[0] = ZX_HANDLE_INVALID;
	h[1] = h[3];
	h[2] = CLOSED;
	ok(zx_handle_duplicate(plain, ZX_RIGHT_SAME_RIGHTS, &h[3]));
	is(zx_handle_close_many(h, 4), ZX_ERR_BAD_HANDLE);
	is(zx_handle_check_valid(h[1]), ZX_ERR_NOT_FOUND);
	is(zx_handle_check_valid(h[3]), ZX_ERR_NOT_FOUND);
	ok(zx_handle_close_many(h, 1));
}

static void check_valid(void **state)
{
	zx_handle_t h;

	(void)state;
	is(zx_handle_check_valid(ZX_HANDLE_INVALID), ZX_ERR_INVALID_ARGS);
	is(zx_handle_check_valid(ODD), ZX_ERR_OUT_OF_RANGE);
	is(zx_handle_check_valid(1), ZX_ERR_OUT_OF_RANGE);
	is(zx_handle_check_valid(CLOSED), ZX_ERR_NOT_FOUND);
	is(zx_handle_check_valid(0xfffffff3), ZX_ERR_NOT_FOUND);
	ok(zx_handle_check_valid(pager));
	ok(zx_handle_check_valid(zx_vmar_root_self()));
	ok(zx_handle_duplicate(plain, ZX_RIGHT_NONE, &h));
	ok(zx_handle_check_valid(h));
	ok(zx_handle_close(h));
	is(zx_handle_check_valid(h), ZX_ERR_NOT_FOUND);
	is(zx_handle_close(h), ZX_ERR_BAD_HANDLE);
}

/* A descriptor that comes from elsewhere gets what its mode allows. */
static void handles_of_descriptors(void **state)
{
	char path[32];
	zx_handle_t h;
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", zx_linux_handle_to_fd(vmo));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	h = zx_linux_handle_from_fd(fd);
	assert_int_equal(rights_of(h), ZX_DEFAULT_VMO_RIGHTS & ~ZX_RIGHT_WRITE);
	assert_int_equal(koid_of(h), koid_of(vmo));
	is(zx_vmo_write(h, "x", 0, 1), ZX_ERR_ACCESS_DENIED);
	is(zx_pager_detach_vmo(pager, h), ZX_ERR_ACCESS_DENIED);
	/* Closed without the library's knowing, and then something else. */
	close(fd);
	assert_int_equal(dup2(zx_linux_handle_to_fd(port), fd), fd);
	assert_int_equal(rights_of(h), ZX_DEFAULT_PORT_RIGHTS);
	is(zx_vmo_read(h, path, 0, 1), ZX_ERR_WRONG_TYPE);
	ok(zx_handle_close(h));
}

/* What a child of fork() does to its handles is its own affair. */
static void fork_has_its_own_table(void **state)
{
	int status;

	(void)state;
	if (!fork()) {
		zx_handle_t h;

		_exit(zx_handle_replace(plain, ZX_RIGHT_READ, &h) ||
		      zx_vmo_write(h, "x", 0, 1) != ZX_ERR_ACCESS_DENIED ||
		      zx_handle_close_many(&vmo, 1));
	}
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
	ok(zx_vmo_write(plain, "y", 0, 1));
	ok(zx_handle_check_valid(vmo));
}

/* Makes, uses and closes what it can; others do the same with the same objects. */
static void *busy(void *arg)
{
	const zx_vm_option_t rw = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;
	const zx_vm_option_t can = ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE;
	zx_status_t *status = arg;
	zx_handle_t h[2], region;
	zx_vaddr_t base, at;

	for (int i = 0; i < 50 && *status == ZX_OK; i++) {
		*status = zx_handle_duplicate(plain, ZX_DEFAULT_VMO_RIGHTS, &h[0]);
		if (*status == ZX_OK)
			*status = zx_handle_duplicate(port, ZX_RIGHT_READ, &h[1]);
		if (*status == ZX_OK)
			*status = zx_vmar_allocate(zx_vmar_root_self(), can, 0,
						   8 * PAGE, &region, &base);
		if (*status == ZX_OK)
			*status = zx_vmar_map(region, rw, 0, h[0], 0, PAGE, &at);
		if (*status == ZX_OK)
			*status = zx_vmo_write(h[0], "busy", 0, 4);
		if (*status == ZX_OK && memcmp((void *)at, "busy", 4))
			*status = ZX_ERR_IO_DATA_INTEGRITY;
		if (*status == ZX_OK)
			*status = zx_object_set_property(h[0], ZX_PROP_NAME, "b", 1);
		if (*status == ZX_OK)
			*status = zx_vmar_destroy(region);
		if (*status == ZX_OK)
			*status = zx_handle_close(region);
		if (*status == ZX_OK)
			*status = zx_handle_replace(h[1], ZX_RIGHT_SAME_RIGHTS, &h[1]);
		if (*status == ZX_OK)
			*status = zx_handle_close_many(h, 2);
	}
	return NULL;
}

static void many_threads(void **state)
{
	zx_info_handle_count_t count;
	zx_status_t status[4] = { ZX_OK };
	pthread_t threads[4];
	zx_info_vmo_t info;

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, busy, &status[i]),
				 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		ok(status[i]);
	}
	ok(zx_object_get_info(plain, ZX_INFO_HANDLE_COUNT, &count, sizeof(count), NULL,
			      NULL));
	assert_int_equal(count.handle_count, 1);
	ok(zx_object_get_info(plain, ZX_INFO_VMO, &info, sizeof(info), NULL, NULL));
	assert_int_equal(info.num_mappings, 0);
}

/* The object lives as long as one of its handles does. */
static void last_handle(void **state)
{
	zx_handle_t h;

	(void)state;
	ok(zx_handle_duplicate(port, ZX_RIGHT_SAME_RIGHTS, &h));
	ok(zx_handle_close(port));
	port = h;
	expect_no_packet();
	ok(zx_handle_duplicate(vmo, ZX_RIGHT_NONE, &h));
	ok(zx_handle_close(vmo));
	expect_no_packet();
	ok(zx_handle_close(h));
	expect_packet(ZX_PAGER_VMO_COMPLETE, 0, 0);
	ok(zx_pager_create_vmo(pager, 0, port, KEY, PAGE, &vmo));
}

int main(void)
{
	static const struct CMUnitTest libzx_handle[] = {
		TEST(default_rights),
		TEST(duplicate_errors),
		TEST(duplicate_keeps_rights),
		TEST(rights_in_the_descriptor),
		TEST(vmo_rights),
		TEST(replace),
		TEST(close_many),
		TEST(check_valid),
		TEST(handles_of_descriptors),
		TEST(fork_has_its_own_table),
		TEST(many_threads),
		TEST(last_handle),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_handle, NULL, NULL);
}
