// SPDX-License-Identifier: MIT
/*
 * libzx against the module: pointers to where nothing is, to what may not be written,
 * and across the end of what there is.  All are INVALID_ARGS, in each call.
 */
#include <sys/mman.h>

#include "fixture.h"

/* Pages: readable and writable, read-only, and none. */
static char *room, *fixed, *none;

static int map_pages(void **state)
{
	(void)state;
	room = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (room == MAP_FAILED)
		return -1;
	fixed = room + PAGE;
	none = room + 2 * PAGE;
	return mprotect(fixed, PAGE, PROT_READ) || munmap(none, PAGE);
}

/* Each place where a result must not go. */
static void *bad_out(int i)
{
	void *const places[] = {
		NULL, (void *)8, none, none - 2, fixed, fixed - 2,
		(void *)(UINTPTR_MAX - 4095),
	};

	return i < 7 ? places[i] : NULL;
}

#define FOR_EACH_BAD(p) for (int i_ = 0; i_ < 7 && ((p) = bad_out(i_), true); i_++)

/* How many descriptors are open. */
static int count_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 100; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void new_handles(void **state)
{
	int before;
	void *bad;

	(void)state;
	before = count_fds();
	FOR_EACH_BAD(bad) {
		is(zx_pager_create(0, bad), ZX_ERR_INVALID_ARGS);
		is(zx_port_create(0, bad), ZX_ERR_INVALID_ARGS);
		is(zx_vmo_create(PAGE, 0, bad), ZX_ERR_INVALID_ARGS);
		is(zx_handle_duplicate(plain, ZX_RIGHT_SAME_RIGHTS, bad),
		   ZX_ERR_INVALID_ARGS);
		is(zx_handle_duplicate(plain, ZX_RIGHT_READ, bad),
		   ZX_ERR_INVALID_ARGS);
		is(zx_handle_duplicate(zx_vmar_root_self(), ZX_RIGHT_SAME_RIGHTS, bad),
		   ZX_ERR_INVALID_ARGS);
		is(zx_pager_create_vmo(pager, 0, port, KEY, PAGE, bad),
		   ZX_ERR_INVALID_ARGS);
		/* It was made, and is gone. */
		expect_packet(ZX_PAGER_VMO_COMPLETE, 0, 0);
	}
	assert_int_equal(count_fds(), before);
	ok(zx_vmo_create(PAGE, 0, (zx_handle_t *)(room + 1)));
	memcpy(&before, room + 1, sizeof(before));
	ok(zx_handle_close((zx_handle_t)before));
}

static void regions(void **state)
{
	const zx_handle_t root = zx_vmar_root_self();
	zx_handle_t h;
	zx_vaddr_t at;
	void *bad;

	(void)state;
	FOR_EACH_BAD(bad) {
		is(zx_vmar_allocate(root, ZX_VM_CAN_MAP_READ, 0, PAGE, bad, &at),
		   ZX_ERR_INVALID_ARGS);
		is(zx_vmar_allocate(root, ZX_VM_CAN_MAP_READ, 0, PAGE, &h, bad),
		   ZX_ERR_INVALID_ARGS);
		is(zx_vmar_map(root, ZX_VM_PERM_READ, 0, plain, 0, PAGE, bad),
		   ZX_ERR_INVALID_ARGS);
	}
}

static void results(void **state)
{
	size_t actual, avail;
	uint64_t size;
	void *bad;

	(void)state;
	supply(0, PAGE, 'x');
	ok(zx_vmo_write(vmo, "y", 0, 1));
	FOR_EACH_BAD(bad) {
		is(zx_vmo_read(plain, bad, 0, 8), ZX_ERR_INVALID_ARGS);
		is(zx_vmo_get_size(vmo, bad), ZX_ERR_INVALID_ARGS);
		is(zx_vmo_get_stream_size(vmo, bad), ZX_ERR_INVALID_ARGS);
		is(zx_pager_query_dirty_ranges(pager, vmo, 0, PAGE, bad, 24, &actual,
					       &avail), ZX_ERR_INVALID_ARGS);
		is(zx_pager_query_vmo_stats(pager, vmo, 0, bad, 4),
		   ZX_ERR_INVALID_ARGS);
		is(zx_object_get_info(vmo, ZX_INFO_VMO, bad, 1000, NULL, NULL),
		   ZX_ERR_INVALID_ARGS);
		is(zx_object_get_info(vmo, ZX_INFO_HANDLE_BASIC, bad, 1000, NULL,
				      NULL), ZX_ERR_INVALID_ARGS);
		is(zx_object_get_info(vmo, ZX_INFO_HANDLE_COUNT, bad, 1000, NULL,
				      NULL), ZX_ERR_INVALID_ARGS);
		is(zx_object_get_info(zx_vmar_root_self(), ZX_INFO_VMAR, bad, 1000,
				      NULL, NULL), ZX_ERR_INVALID_ARGS);
		is(zx_object_get_property(vmo, ZX_PROP_NAME, bad, ZX_MAX_NAME_LEN),
		   ZX_ERR_INVALID_ARGS);
		is(zx_object_get_property(vmo, ZX_PROP_VMO_CONTENT_SIZE, bad, 8),
		   ZX_ERR_INVALID_ARGS);
		if (!bad)
			continue;
		is(zx_pager_query_dirty_ranges(pager, vmo, 0, PAGE, NULL, 0, bad,
					       &avail), ZX_ERR_INVALID_ARGS);
		is(zx_pager_query_dirty_ranges(pager, vmo, 0, PAGE, NULL, 0, &actual,
					       bad), ZX_ERR_INVALID_ARGS);
		is(zx_object_get_info(vmo, ZX_INFO_VMO, room, 1000, bad, NULL),
		   ZX_ERR_INVALID_ARGS);
		is(zx_object_get_info(vmo, ZX_INFO_VMO, room, 1000, NULL, bad),
		   ZX_ERR_INVALID_ARGS);
	}
	ok(zx_vmo_get_size(vmo, &size));
}

static void inputs(void **state)
{
	const void *bad[] = { NULL, (void *)8, none, none - 2 };

	(void)state;
	for (int i = 0; i < 4; i++) {
		is(zx_vmo_write(plain, bad[i], 0, 8), ZX_ERR_INVALID_ARGS);
		is(zx_port_queue(port, bad[i]), ZX_ERR_INVALID_ARGS);
		is(zx_handle_close_many(bad[i], 1), ZX_ERR_INVALID_ARGS);
		is(zx_object_set_property(vmo, ZX_PROP_NAME, bad[i], 3),
		   ZX_ERR_INVALID_ARGS);
		is(zx_object_set_property(vmo, ZX_PROP_VMO_CONTENT_SIZE, bad[i], 8),
		   ZX_ERR_INVALID_ARGS);
		is(zx_linux_pager_supply(pager, vmo, 0, PAGE, bad[i], NULL),
		   ZX_ERR_INVALID_ARGS);
	}
	expect_no_packet();
	/* What is only read may be read-only. */
	ok(zx_vmo_write(plain, fixed, 0, PAGE));
	ok(zx_object_set_property(vmo, ZX_PROP_NAME, fixed, 3));
}

/* Memory that a pager has to bring first is no bad memory. */
static void results_in_a_pagers_page(void **state)
{
	const zx_handle_t root = zx_vmar_root_self();
	pthread_t thread;
	uint64_t got;
	zx_vaddr_t at;

	(void)state;
	ok(zx_vmar_map(root, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, vmo, 0, 4 * PAGE,
		       &at));
	assert_int_equal(pthread_create(&thread, NULL, supply_page_1, NULL), 0);
	ok(zx_vmo_get_size(plain, (uint64_t *)(at + PAGE)));
	assert_int_equal(pthread_join(thread, NULL), 0);
	ok(zx_vmo_read(vmo, &got, PAGE, sizeof(got)));
	assert_int_equal(got, 4 * PAGE);
	ok(zx_vmar_unmap(root, at, 4 * PAGE));
}

int main(void)
{
	static const struct CMUnitTest libzx_pointers[] = {
		TEST(new_handles),
		TEST(regions),
		TEST(results),
		TEST(inputs),
		TEST(results_in_a_pagers_page),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_pointers, map_pages, NULL);
}
