// SPDX-License-Identifier: MIT
/*
 * Zircon's tests of clones that wait, race, fail or end with their pager, by the names that
 * they have there.
 */
#include "fixture.h"

static zx_handle_t copy;
static char pages[4 * PAGE];

static zx_status_t read_all(struct waiter *w)
{
	(void)w;
	return zx_vmo_read(copy, pages, 0, sizeof(pages));
}

/* Who waits for all of it finds the middle zeroed when he is woken, and asks for no more. */
static void EarlyWakeCloneRace(void **state)
{
	struct waiter w;

	(void)state;
	ok(zx_vmo_create_child(vmo, ON_WRITE, 0, 4 * PAGE, &copy));
	start(&w, read_all);
	expect_packet(ZX_PAGER_VMO_READ, 0, 4 * PAGE);
	ok(zx_vmo_op_range(copy, ZX_VMO_OP_ZERO, PAGE, 2 * PAGE, NULL, 0));
	supply(0, PAGE, 'a');
	supply(3 * PAGE, PAGE, 'd');
	ok(finish(&w));
	for (unsigned int i = 0; i < 4; i++) {
		const char expected[] = { 'a', 0, 0, 'd' };

		assert_int_equal(pages[i * PAGE], expected[i]);
		assert_int_equal(pages[(i + 1) * PAGE - 1], expected[i]);
	}
	ok(zx_handle_close(copy));
	expect_no_packet();
}

static zx_status_t cut_off(struct waiter *w)
{
	(void)w;
	return zx_vmo_set_size(vmo, 0);
}

/* Whoever comes first: what the clone has changed is there, and the root is not. */
static void ResizeSnapshotRace(void **state)
{
	zx_handle_t snapshot;
	struct waiter w;
	char byte;

	(void)state;
	for (unsigned int i = 0; i < 100; i++) {
		replace_vmo(ZX_VMO_RESIZABLE, 0);
		supply(0, 2 * PAGE, 'p');
		ok(zx_vmo_create_child(vmo, MODIFIED, 0, 2 * PAGE, &copy));
		ok(zx_vmo_write(copy, "c", 0, 1));
		start(&w, cut_off);
		ok(zx_vmo_create_child(copy, MODIFIED, 0, 2 * PAGE, &snapshot));
		ok(zx_vmo_read(snapshot, &byte, PAGE, 1));
		assert_true(!byte || byte == 'p');
		ok(finish(&w));
		expect_byte(copy, 0, 'c');
		expect_byte(snapshot, 0, 'c');
		expect_byte(copy, PAGE, 0);
		expect_byte(snapshot, PAGE, 0);
		ok(zx_handle_close_many((zx_handle_t[]){ copy, snapshot }, 2));
	}
	expect_no_packet();
}

/* What nobody has stored to is the pager's, by whatever handle it is read. */
static void DecommitOnDetachTest(void **state)
{
	char byte;

	(void)state;
	ok(zx_vmo_create_child(vmo, ON_WRITE, 0, 2 * PAGE, &copy));
	supply(0, PAGE, 'p');
	expect_byte(vmo, 0, 'p');
	expect_byte(copy, 0, 'p');
	ok(zx_pager_detach_vmo(pager, vmo));
	expect_packet(ZX_PAGER_VMO_COMPLETE, 0, 0);
	assert_int_equal(vmo_info(vmo).populated_bytes, 0);
	for (unsigned int page = 0; page < 2; page++) {
		is(zx_vmo_read(vmo, &byte, page * PAGE, 1), ZX_ERR_BAD_STATE);
		is(zx_vmo_read(copy, &byte, page * PAGE, 1), ZX_ERR_BAD_STATE);
	}
	ok(zx_handle_close(copy));
	expect_no_packet();
}

/* A snapshot that changes with nothing cannot be had of what a pager has, by no reference. */
static void UnsupportedChild(void **state)
{
	zx_handle_t first, second, h;

	(void)state;
	supply(0, PAGE, 'p');
	ok(zx_vmo_create_child(vmo, ZX_VMO_CHILD_REFERENCE, 0, 0, &first));
	ok(zx_vmo_create_child(first, ZX_VMO_CHILD_REFERENCE, 0, 0, &second));
	is(zx_vmo_create_child(first, SNAPSHOT, 0, PAGE, &h), ZX_ERR_NOT_SUPPORTED);
	is(zx_vmo_create_child(second, SNAPSHOT, 0, PAGE, &h), ZX_ERR_NOT_SUPPORTED);
	ok(zx_handle_close_many((zx_handle_t[]){ first, second }, 2));
	expect_no_packet();
}

int main(void)
{
	static const struct CMUnitTest libzx_clone_race[] = {
		TEST(EarlyWakeCloneRace),
		TEST(ResizeSnapshotRace),
		TEST(DecommitOnDetachTest),
		TEST(UnsupportedChild),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_clone_race, NULL, NULL);
}
