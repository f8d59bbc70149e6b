// SPDX-License-Identifier: MIT
/*
 * libzx against the module: packets of the program's own, beside those of a pager.
 */
#include "fixture.h"

static zx_port_packet_t packet(uint64_t key, uint64_t word)
{
	zx_port_packet_t p = { .key = key, .status = -3 };

	memset(&p.user, 0x5a, sizeof(p.user));
	p.user.u64[0] = word;
	return p;
}

static void queue(uint64_t key, uint64_t word)
{
	zx_port_packet_t p = packet(key, word);

	ok(zx_port_queue(port, &p));
}

static void expect_user(uint64_t key, uint64_t word)
{
	zx_port_packet_t p, want = packet(key, word);

	ok(zx_port_wait(port, ZX_TIME_INFINITE, &p));
	assert_memory_equal(&p, &want, sizeof(p));
}

static void queue_errors(void **state)
{
	zx_port_packet_t p = packet(1, 1);
	zx_handle_t deaf, mute;

	(void)state;
	is(zx_port_queue(CLOSED, &p), ZX_ERR_BAD_HANDLE);
	is(zx_port_queue(ZX_HANDLE_INVALID, &p), ZX_ERR_BAD_HANDLE);
	is(zx_port_queue(pager, &p), ZX_ERR_WRONG_TYPE);
	is(zx_port_queue(vmo, &p), ZX_ERR_WRONG_TYPE);
	is(zx_port_queue(pipe_end, &p), ZX_ERR_WRONG_TYPE);
	is(zx_port_queue(port, NULL), ZX_ERR_INVALID_ARGS);
	is(zx_port_queue(port, (void *)8), ZX_ERR_INVALID_ARGS);
	ok(zx_handle_duplicate(port, ZX_RIGHT_READ, &mute));
	ok(zx_handle_duplicate(port, ZX_RIGHT_WRITE, &deaf));
	is(zx_port_queue(mute, &p), ZX_ERR_ACCESS_DENIED);
	is(zx_port_cancel(mute, vmo, 1), ZX_ERR_ACCESS_DENIED);
	is(zx_port_cancel_key(mute, 0, 1), ZX_ERR_ACCESS_DENIED);
	ok(zx_port_queue(deaf, &p));
	is(zx_port_wait(deaf, 0, &p), ZX_ERR_ACCESS_DENIED);
	ok(zx_port_wait(mute, 0, &p));
	ok(zx_handle_close(deaf));
	ok(zx_handle_close(mute));
}

/* Whatever its type was, it is a user's now; all else is as it was. */
static void type_is_user(void **state)
{
	zx_port_packet_t p = packet(7, 8), got;

	(void)state;
	p.type = ZX_PKT_TYPE_PAGE_REQUEST;
	ok(zx_port_queue(port, &p));
	ok(zx_port_wait(port, 0, &got));
	assert_int_equal(got.type, ZX_PKT_TYPE_USER);
	assert_int_equal(got.status, p.status);
	assert_int_equal(got.key, 7);
	assert_memory_equal(&got.user, &p.user, sizeof(p.user));
}

static void beside_page_requests(void **state)
{
	struct waiter w;
	zx_handle_t other;

	(void)state;
	ok(zx_pager_create_vmo(pager, 0, port, KEY, PAGE, &other));
	queue(1, 10);
	ok(zx_handle_close(other));
	queue(2, 20);
	start(&w, read_page_1);
	expect_user(1, 10);
	expect_packet(ZX_PAGER_VMO_COMPLETE, 0, 0);
	expect_user(2, 20);
	expect_packet(ZX_PAGER_VMO_READ, PAGE, PAGE);
	expect_no_packet();
	supply(PAGE, PAGE, 'p');
	ok(finish(&w));
}

static zx_status_t wait_for_it(struct waiter *w)
{
	return zx_port_wait(port, ZX_TIME_INFINITE, (zx_port_packet_t *)w->buffer);
}

static void wakes_who_waits(void **state)
{
	struct waiter w[2];
	zx_port_packet_t p[2];
	uint64_t keys = 0;

	(void)state;
	for (int i = 0; i < 2; i++)
		start(&w[i], wait_for_it);
	queue(1, 0);
	queue(2, 0);
	for (int i = 0; i < 2; i++) {
		ok(finish(&w[i]));
		memcpy(&p[i], w[i].buffer, sizeof(p[i]));
		keys |= p[i].key;
	}
	assert_int_equal(keys, 3);
}

static void as_many_as_zircon_has(void **state)
{
	zx_port_packet_t p = packet(1, 1);

	(void)state;
	for (int i = 0; i < 4097; i++)
		ok(zx_port_queue(port, &p));
	is(zx_port_queue(port, &p), ZX_ERR_SHOULD_WAIT);
	ok(zx_port_wait(port, 0, &p));
	ok(zx_port_queue(port, &p));
	is(zx_port_queue(port, &p), ZX_ERR_SHOULD_WAIT);
	ok(zx_port_cancel_key(port, 0, 1));
	expect_no_packet();
	ok(zx_port_queue(port, &p));
}

static void cancel_key(void **state)
{
	struct waiter w;

	(void)state;
	is(zx_port_cancel_key(CLOSED, 1, 1), ZX_ERR_INVALID_ARGS);
	is(zx_port_cancel_key(CLOSED, 0, 1), ZX_ERR_BAD_HANDLE);
	is(zx_port_cancel_key(pager, 0, 1), ZX_ERR_WRONG_TYPE);
	is(zx_port_cancel_key(port, 0, 1), ZX_ERR_NOT_FOUND);
	queue(1, 1);
	queue(2, 2);
	queue(1, 3);
	ok(zx_port_cancel_key(port, 0, 1));
	is(zx_port_cancel_key(port, 0, 1), ZX_ERR_NOT_FOUND);
	expect_user(2, 2);
	expect_no_packet();
	/* A request of that key is not lost: who waits for it would wait for ever. */
	queue(KEY, 1);
	start(&w, read_page_1);
	expect_user(KEY, 1);
	is(zx_port_cancel_key(port, 0, KEY), ZX_ERR_NOT_FOUND);
	expect_packet(ZX_PAGER_VMO_READ, PAGE, PAGE);
	supply(PAGE, PAGE, 'c');
	ok(finish(&w));
}

static void cancel(void **state)
{
	zx_handle_t h;

	(void)state;
	queue(1, 1);
	is(zx_port_cancel(CLOSED, vmo, 1), ZX_ERR_BAD_HANDLE);
	is(zx_port_cancel(vmo, vmo, 1), ZX_ERR_WRONG_TYPE);
	is(zx_port_cancel(port, CLOSED, 1), ZX_ERR_BAD_HANDLE);
	ok(zx_handle_duplicate(vmo, ZX_RIGHT_READ, &h));
	is(zx_port_cancel(port, h, 1), ZX_ERR_ACCESS_DENIED);
	is(zx_port_cancel(port, pager, 1), ZX_ERR_ACCESS_DENIED);
	is(zx_port_cancel(port, port, 1), ZX_ERR_ACCESS_DENIED);
	is(zx_port_cancel(port, pipe_end, 1), ZX_ERR_NOT_SUPPORTED);
	is(zx_port_cancel(port, vmo, 1), ZX_ERR_NOT_FOUND);
	expect_user(1, 1);
	ok(zx_handle_close(h));
}

/* A packet that cannot be handed over is the next one. */
static void bad_pointer_loses_nothing(void **state)
{
	zx_port_packet_t p;

	(void)state;
	queue(1, 1);
	is(zx_port_wait(port, 0, NULL), ZX_ERR_INVALID_ARGS);
	is(zx_port_wait(port, ZX_TIME_INFINITE, (void *)8), ZX_ERR_INVALID_ARGS);
	expect_user(1, 1);
	is(zx_port_wait(port, -5, &p), ZX_ERR_TIMED_OUT);
	is(zx_port_wait(port, 1, &p), ZX_ERR_TIMED_OUT);
	queue(2, 2);
	/* A time that is over is no reason to leave what is there. */
	ok(zx_port_wait(port, ZX_TIME_INFINITE_PAST, &p));
	assert_int_equal(p.key, 2);
}

/* ---- Zircon's, by their names, that look at one thing each ---- */

static const zx_port_packet_t user = { .key = 12, .type = 5, .status = -3 };

/* Handles of the port and of an event that may not do this. */
static zx_handle_t port_without(zx_rights_t rights)
{
	zx_handle_t h;

	ok(zx_handle_duplicate(port, ZX_DEFAULT_PORT_RIGHTS & ~rights, &h));
	return h;
}

static void QueueNullPtrReturnsInvalidArgs(void **state)
{
	(void)state;
	is(zx_port_queue(port, NULL), ZX_ERR_INVALID_ARGS);
}

static void QueueWaitVerifyUserPacket(void **state)
{
	zx_port_packet_t p;

	(void)state;
	ok(zx_port_queue(port, &user));
	ok(zx_port_wait(port, ZX_TIME_INFINITE, &p));
	assert_int_equal(p.key, 12);
	assert_int_equal(p.type, ZX_PKT_TYPE_USER);
	assert_int_equal(p.status, -3);
	assert_memory_equal(&p.user, &user.user, sizeof(p.user));
}

static void PortTimeout(void **state)
{
	zx_port_packet_t p;

	(void)state;
	is(zx_port_wait(port, zx_deadline_after(1), &p), ZX_ERR_TIMED_OUT);
}

static void QueueAndClose(void **state)
{
	zx_handle_t p;

	(void)state;
	ok(zx_port_create(0, &p));
	ok(zx_port_queue(p, &user));
	ok(zx_handle_close(p));
}

static void CreateInvalidOptions(void **state)
{
	zx_handle_t p;

	(void)state;
	is(zx_port_create(0x1234, &p), ZX_ERR_INVALID_ARGS);
	is(zx_port_create(2, &p), ZX_ERR_INVALID_ARGS);
}

static void QueueWrongType(void **state)
{
	zx_handle_t event = new_event();

	(void)state;
	is(zx_port_queue(event, &user), ZX_ERR_WRONG_TYPE);
	ok(zx_handle_close(event));
}

static void QueueAccessDenied(void **state)
{
	zx_handle_t h = port_without(ZX_RIGHT_WRITE);

	(void)state;
	is(zx_port_queue(h, &user), ZX_ERR_ACCESS_DENIED);
	ok(zx_handle_close(h));
}

static void WaitWrongType(void **state)
{
	zx_handle_t event = new_event();
	zx_port_packet_t p;

	(void)state;
	is(zx_port_wait(event, ZX_TIME_INFINITE, &p), ZX_ERR_WRONG_TYPE);
	ok(zx_handle_close(event));
}

static void WaitAccessDenied(void **state)
{
	zx_handle_t h = port_without(ZX_RIGHT_READ);
	zx_port_packet_t p;

	(void)state;
	is(zx_port_wait(h, ZX_TIME_INFINITE, &p), ZX_ERR_ACCESS_DENIED);
	ok(zx_handle_close(h));
}

static void WaitNullPacket(void **state)
{
	zx_port_packet_t p;

	(void)state;
	ok(zx_port_queue(port, &user));
	is(zx_port_wait(port, ZX_TIME_INFINITE, NULL), ZX_ERR_INVALID_ARGS);
	/* Here it is not lost. */
	ok(zx_port_wait(port, 0, &p));
}

static void CancelWrongType(void **state)
{
	zx_handle_t event = new_event();

	(void)state;
	is(zx_port_cancel(event, event, 0), ZX_ERR_WRONG_TYPE);
	ok(zx_handle_close(event));
}

static void CancelAccessDenied(void **state)
{
	zx_handle_t h = port_without(ZX_RIGHT_WRITE), event = new_event(), poor;

	(void)state;
	ok(zx_handle_duplicate(event, ZX_DEFAULT_EVENT_RIGHTS & ~ZX_RIGHT_WAIT, &poor));
	is(zx_port_cancel(h, event, 0), ZX_ERR_ACCESS_DENIED);
	is(zx_port_cancel(port, poor, 0), ZX_ERR_ACCESS_DENIED);
	ok(zx_handle_close_many((zx_handle_t[]){ h, event, poor }, 3));
}

static void CancelBadSourceHandle(void **state)
{
	(void)state;
	is(zx_port_cancel(port, ZX_HANDLE_INVALID, 0), ZX_ERR_BAD_HANDLE);
}

static void CancelKeyWrongType(void **state)
{
	zx_handle_t event = new_event();

	(void)state;
	is(zx_port_cancel_key(event, 0, 0), ZX_ERR_WRONG_TYPE);
	ok(zx_handle_close(event));
}

static void CancelKeyAccessDenied(void **state)
{
	zx_handle_t h = port_without(ZX_RIGHT_WRITE);

	(void)state;
	is(zx_port_cancel_key(h, 0, 0), ZX_ERR_ACCESS_DENIED);
	ok(zx_handle_close(h));
}

static void CancelKeyInvalidOptions(void **state)
{
	(void)state;
	is(zx_port_cancel_key(port, 1, 0), ZX_ERR_INVALID_ARGS);
}

static void CancelKeyQueuedUserPacket(void **state)
{
	zx_port_packet_t p;

	(void)state;
	ok(zx_port_queue(port, &user));
	ok(zx_port_cancel_key(port, 0, 12));
	is(zx_port_cancel_key(port, 0, 12), ZX_ERR_NOT_FOUND);
	is(zx_port_wait(port, ZX_TIME_INFINITE_PAST, &p), ZX_ERR_TIMED_OUT);
}

static void CancelKey(void **state)
{
	zx_handle_t event = new_event();
	zx_port_packet_t p;

	(void)state;
	ok(zx_object_wait_async(event, port, 1, SIGNALED, 0));
	ok(zx_object_wait_async(event, port, 2, SIGNALED, 0));
	ok(zx_object_wait_async(event, port, 2, S(0), 0));
	ok(zx_port_cancel_key(port, 0, 1));
	ok(zx_object_signal(event, 0, SIGNALED));
	ok(zx_port_cancel_key(port, 0, 2));
	is(zx_port_cancel_key(port, 0, 2), ZX_ERR_NOT_FOUND);
	is(zx_port_wait(port, ZX_TIME_INFINITE_PAST, &p), ZX_ERR_TIMED_OUT);
	ok(zx_object_signal(event, 0, S(0)));
	is(zx_port_wait(port, ZX_TIME_INFINITE_PAST, &p), ZX_ERR_TIMED_OUT);
	is(zx_port_cancel_key(port, 0, 3), ZX_ERR_NOT_FOUND);
	ok(zx_handle_close(event));
}

int main(void)
{
	static const struct CMUnitTest libzx_port[] = {
		TEST(queue_errors),
		TEST(type_is_user),
		TEST(beside_page_requests),
		TEST(wakes_who_waits),
		TEST(as_many_as_zircon_has),
		TEST(cancel_key),
		TEST(cancel),
		TEST(bad_pointer_loses_nothing),
		TEST(QueueNullPtrReturnsInvalidArgs),
		TEST(QueueWaitVerifyUserPacket),
		TEST(PortTimeout),
		TEST(QueueAndClose),
		TEST(CreateInvalidOptions),
		TEST(QueueWrongType),
		TEST(QueueAccessDenied),
		TEST(WaitWrongType),
		TEST(WaitAccessDenied),
		TEST(WaitNullPacket),
		TEST(CancelWrongType),
		TEST(CancelAccessDenied),
		TEST(CancelBadSourceHandle),
		TEST(CancelKeyWrongType),
		TEST(CancelKeyAccessDenied),
		TEST(CancelKeyInvalidOptions),
		TEST(CancelKeyQueuedUserPacket),
		TEST(CancelKey),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_port, NULL, NULL);
}
