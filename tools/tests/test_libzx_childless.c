// SPDX-License-Identifier: MIT
/*
 * libzx against the module: the signal of a VMO that has no children.
 */
#include <sys/wait.h>

#include "fixture.h"

static void zero_children(void **state)
{
	zx_handle_t child, slice;
	zx_signals_t observed;

	(void)state;
	assert_int_equal(pending(vmo), NO_CHILDREN);
	assert_int_equal(pending(plain), NO_CHILDREN);
	child = new_child(ON_WRITE);
	assert_int_equal(pending(vmo), 0);
	assert_int_equal(pending(child), NO_CHILDREN);
	is(zx_object_wait_one(vmo, NO_CHILDREN, 0, &observed), ZX_ERR_TIMED_OUT);
	ok(zx_vmo_create_child(vmo, SLICE, 0, PAGE, &slice));
	ok(zx_handle_close(child));
	assert_int_equal(pending(vmo), 0);
	ok(zx_handle_close(slice));
	assert_int_equal(pending(vmo), NO_CHILDREN);
	/* The kernel's, and so nobody's to set. */
	is(zx_object_signal(vmo, NO_CHILDREN, 0), ZX_ERR_INVALID_ARGS);
	is(zx_object_signal(vmo, 0, NO_CHILDREN), ZX_ERR_INVALID_ARGS);
	ok(zx_object_signal(vmo, 0, S(0)));
	assert_int_equal(pending(vmo), NO_CHILDREN | S(0));
	is(zx_object_signal(pager, 0, S(0)), ZX_ERR_ACCESS_DENIED);
	is(zx_object_signal(port, 0, S(0)), ZX_ERR_ACCESS_DENIED);
	is(zx_object_signal_peer(vmo, 0, S(0)), ZX_ERR_ACCESS_DENIED);
}

static zx_status_t wait_for_none(struct waiter *w)
{
	return zx_object_wait_one(vmo, NO_CHILDREN, ZX_TIME_INFINITE,
				  (zx_signals_t *)w->buffer);
}

/* The last one may be a mapping, of which no handle is left. */
static void zero_children_wakes(void **state)
{
	const zx_handle_t root = zx_vmar_root_self();
	zx_handle_t child = new_child(ON_WRITE), again;
	struct waiter w;
	zx_vaddr_t at;

	(void)state;
	ok(zx_vmar_map(root, ZX_VM_PERM_READ, 0, child, 0, PAGE, &at));
	ok(zx_object_wait_async(vmo, port, 1, NO_CHILDREN, 0));
	start(&w, wait_for_none);
	ok(zx_handle_close(child));
	expect_no_packet();
	ok(zx_vmar_unmap(root, at, PAGE));
	ok(finish(&w));
	assert_int_equal(*(zx_signals_t *)w.buffer, NO_CHILDREN);
	expect_signal(1, NO_CHILDREN, NO_CHILDREN);
	/* Again, and of one that is waited for already. */
	ok(zx_vmo_create_child(vmo, ON_WRITE, 0, PAGE, &again));
	ok(zx_object_wait_async(vmo, port, 2, NO_CHILDREN | S(3), 0));
	expect_no_packet();
	ok(zx_handle_close(again));
	expect_signal(2, NO_CHILDREN | S(3), NO_CHILDREN);
}

static void zero_children_edge(void **state)
{
	zx_handle_t child;

	(void)state;
	supply(0, 4 * PAGE, 'p');
	ok(zx_object_wait_async(vmo, port, 1, NO_CHILDREN, ZX_WAIT_ASYNC_EDGE));
	expect_no_packet();
	ok(zx_vmo_create_child(vmo, ON_WRITE, 0, PAGE, &child));
	expect_no_packet();
	ok(zx_handle_close(child));
	expect_signal(1, NO_CHILDREN, NO_CHILDREN);
}

/* It is seen though there is another child at once. */
static void zero_children_for_a_moment(void **state)
{
	zx_handle_t child = new_child(ON_WRITE);

	(void)state;
	for (uint64_t i = 0; i < 100; i++) {
		ok(zx_object_wait_async(vmo, port, i, NO_CHILDREN, 0));
		expect_no_packet();
		ok(zx_handle_close(child));
		child = new_child(ON_WRITE);
		expect_signal(i, NO_CHILDREN, NO_CHILDREN);
	}
	ok(zx_handle_close(child));
}

/* That somebody waits for it does not keep a VMO. */
static void waited_for_is_not_kept(void **state)
{
	zx_handle_t child = new_child(ON_WRITE);

	(void)state;
	ok(zx_object_wait_async(vmo, port, 1, NO_CHILDREN, 0));
	ok(zx_handle_close(vmo));
	expect_no_packet();
	ok(zx_handle_close(child));
	expect_packet(ZX_PAGER_VMO_COMPLETE, 0, 0);
	expect_no_packet();
	ok(zx_pager_create_vmo(pager, 0, port, KEY, 4 * PAGE, &vmo));
}

/* A child that another process has. */
static void zero_children_elsewhere(void **state)
{
	zx_handle_t child = new_child(ON_WRITE), go, peer;
	zx_signals_t observed;
	int status;

	(void)state;
	ok(zx_eventpair_create(0, &go, &peer));
	if (!fork()) {
		zx_handle_close(go);
		_exit(zx_object_wait_one(peer, ZX_EVENTPAIR_PEER_CLOSED, ZX_TIME_INFINITE,
					 &observed));
	}
	ok(zx_handle_close(child));
	ok(zx_object_wait_async(vmo, port, 1, NO_CHILDREN, 0));
	is(zx_object_wait_one(vmo, NO_CHILDREN, 0, &observed), ZX_ERR_TIMED_OUT);
	expect_no_packet();
	ok(zx_handle_close(go));
	ok(zx_object_wait_one(vmo, NO_CHILDREN, ZX_TIME_INFINITE, &observed));
	expect_signal(1, NO_CHILDREN, NO_CHILDREN);
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
	ok(zx_handle_close(peer));
}

int main(void)
{
	static const struct CMUnitTest libzx_childless[] = {
		TEST(zero_children),
		TEST(zero_children_wakes),
		TEST(zero_children_edge),
		TEST(zero_children_for_a_moment),
		TEST(waited_for_is_not_kept),
		TEST(zero_children_elsewhere),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_childless, NULL, NULL);
}
