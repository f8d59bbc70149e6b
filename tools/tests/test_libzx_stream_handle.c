// SPDX-License-Identifier: MIT
/*
 * libzx against the module: handles of streams, which are handles as others are, though
 * their descriptors are those of VMOs: counts, calls under way, signals.
 */
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "fixture.h"

#define READ		ZX_STREAM_MODE_READ
#define WRITE		ZX_STREAM_MODE_WRITE
#define CURRENT		ZX_STREAM_SEEK_ORIGIN_CURRENT

static zx_handle_t new_stream(zx_handle_t of)
{
	zx_handle_t h;

	ok(zx_stream_create(READ | WRITE, of, 0, &h));
	return h;
}

static zx_status_t read_byte(zx_handle_t handle)
{
	char byte;
	zx_iovec_t v = { &byte, 1 };

	return zx_stream_readv(handle, 0, &v, 1, NULL);
}

static zx_off_t offset_of(zx_handle_t handle)
{
	zx_off_t seek;

	ok(zx_stream_seek(handle, CURRENT, 0, &seek));
	return seek;
}

/* No call takes it for what its number is now. */
static void is_none(zx_handle_t handle)
{
	zx_info_handle_basic_t basic;
	zx_info_stream_t info;
	zx_signals_t observed;
	uint8_t append = 1;
	char byte = 0;
	zx_iovec_t v = { &byte, 1 };
	zx_handle_t h;

	is(zx_stream_readv(handle, 0, &v, 1, NULL), ZX_ERR_BAD_HANDLE);
	is(zx_stream_readv_at(handle, 0, 0, &v, 1, NULL), ZX_ERR_BAD_HANDLE);
	is(zx_stream_writev(handle, 0, &v, 1, NULL), ZX_ERR_BAD_HANDLE);
	is(zx_stream_writev(handle, ZX_STREAM_APPEND, &v, 1, NULL), ZX_ERR_BAD_HANDLE);
	is(zx_stream_writev_at(handle, 0, 0, &v, 1, NULL), ZX_ERR_BAD_HANDLE);
	is(zx_stream_seek(handle, CURRENT, 1, NULL), ZX_ERR_BAD_HANDLE);
	is(zx_stream_create(READ, handle, 0, &h), ZX_ERR_BAD_HANDLE);
	is(zx_vmo_read(handle, &byte, 0, 1), ZX_ERR_BAD_HANDLE);
	is(zx_object_get_info(handle, ZX_INFO_STREAM, &info, sizeof(info), NULL, NULL),
	   ZX_ERR_BAD_HANDLE);
	is(zx_object_get_info(handle, ZX_INFO_HANDLE_BASIC, &basic, sizeof(basic), NULL, NULL),
	   ZX_ERR_BAD_HANDLE);
	is(zx_object_get_property(handle, ZX_PROP_STREAM_MODE_APPEND, &append, sizeof(append)),
	   ZX_ERR_BAD_HANDLE);
	is(zx_object_set_property(handle, ZX_PROP_STREAM_MODE_APPEND, &append, sizeof(append)),
	   ZX_ERR_BAD_HANDLE);
	is(zx_object_signal(handle, 0, S(0)), ZX_ERR_BAD_HANDLE);
	is(zx_object_wait_one(handle, S(0), 0, &observed), ZX_ERR_BAD_HANDLE);
	is(zx_object_wait_async(handle, port, 1, S(0), 0), ZX_ERR_BAD_HANDLE);
	is(zx_handle_duplicate(handle, ZX_RIGHT_SAME_RIGHTS, &h), ZX_ERR_BAD_HANDLE);
	is(zx_handle_replace(handle, ZX_RIGHT_SAME_RIGHTS, &h), ZX_ERR_BAD_HANDLE);
	is(zx_handle_check_valid(handle), ZX_ERR_NOT_FOUND);
	is(zx_handle_close(handle), ZX_ERR_BAD_HANDLE);
}

static void is_what(zx_handle_t handle, zx_obj_type_t type)
{
	zx_info_handle_basic_t info;

	ok(zx_object_get_info(handle, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL));
	assert_int_equal(info.type, type);
	assert_int_equal(info.related_koid, 0);
	ok(zx_handle_check_valid(handle));
}

static void closed_though_its_number_lives(void **state)
{
	zx_handle_t old = new_stream(plain), new;
	int fd = zx_linux_handle_to_fd(old);
	char byte;

	(void)state;
	is_what(old, ZX_OBJ_TYPE_STREAM);
	ok(read_byte(old));
	ok(zx_object_signal(old, 0, S(0)));
	ok(zx_handle_close(old));
	is_none(old);
	/* By another stream, of the same VMO, and by a VMO. */
	new = new_stream(plain);
	assert_int_equal(zx_linux_handle_to_fd(new), fd);
	is_none(old);
	is_what(new, ZX_OBJ_TYPE_STREAM);
	assert_int_equal(offset_of(new), 0);
	assert_int_equal(pending(new), 0);
	ok(zx_handle_close(new));
	ok(zx_handle_duplicate(plain, ZX_RIGHT_SAME_RIGHTS, &old));
	assert_int_equal(zx_linux_handle_to_fd(old), fd);
	is_none(new);
	is_what(old, ZX_OBJ_TYPE_VMO);
	is(read_byte(old), ZX_ERR_WRONG_TYPE);
	ok(zx_vmo_read(old, &byte, 0, 1));
	/* And the other way. */
	ok(zx_handle_close(old));
	new = new_stream(plain);
	is_none(old);
	is(zx_vmo_read(new, &byte, 0, 1), ZX_ERR_WRONG_TYPE);
	ok(zx_handle_close(new));
}

static void replaced_keeps_the_stream(void **state)
{
	zx_handle_t old = new_stream(plain), new;
	zx_koid_t koid = koid_of(old);
	int fd = zx_linux_handle_to_fd(old);

	(void)state;
	ok(read_byte(old));
	ok(zx_object_signal(old, 0, S(1)));
	ok(zx_handle_replace(old, ZX_RIGHT_SAME_RIGHTS, &new));
	is_none(old);
	assert_int_equal(zx_linux_handle_to_fd(new), fd);
	assert_true(koid_of(new) == koid);
	assert_int_equal(rights_of(new), ZX_DEFAULT_STREAM_RIGHTS | ZX_RIGHTS_IO);
	assert_int_equal(offset_of(new), 1);
	assert_int_equal(pending(new), S(1));
	/* Rights that it has not cost the handle. */
	is(zx_handle_replace(new, ZX_RIGHT_MAP, &old), ZX_ERR_INVALID_ARGS);
	is_none(new);
}

/* ---- a call keeps the descriptor ---- */

static zx_handle_t stream;

static zx_status_t read_on(struct waiter *w)
{
	zx_iovec_t v = { w->buffer, 1 };

	return zx_stream_readv(stream, 0, &v, 1, NULL);
}

static zx_status_t read_at(struct waiter *w)
{
	zx_iovec_t v = { w->buffer, 1 };

	return zx_stream_readv_at(stream, 0, 0, &v, 1, NULL);
}

static zx_status_t write_on(struct waiter *w)
{
	zx_iovec_t v = { w->buffer, 1 };

	return zx_stream_writev(stream, 0, &v, 1, NULL);
}

static zx_status_t write_at(struct waiter *w)
{
	zx_iovec_t v = { w->buffer, 1 };

	return zx_stream_writev_at(stream, 0, 0, &v, 1, NULL);
}

static zx_status_t (*const calls[])(struct waiter *w) = {
	read_on, read_at, write_on, write_at,
};

/* How a child ends, though it be by hanging. */
static int end_of(pid_t pid)
{
	struct pollfd child = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	int status;

	assert_true(pid > 0 && child.fd >= 0);
	if (poll(&child, 1, 60000) != 1)
		kill(pid, SIGKILL);
	close(child.fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* The child of a fork() has none of the calls: what they keep open is closed there. */
static void child_has_no_call(int fd)
{
	pid_t pid = fork();
	zx_handle_t h;

	if (pid) {
		assert_int_equal(end_of(pid), 0);
		return;
	}
	if (fcntl(fd, F_GETFD) >= 0)
		_exit(1);
	/* And the list of streams is free. */
	if (zx_stream_create(READ, plain, 0, &h) != ZX_OK)
		_exit(2);
	_exit(zx_handle_close(h) == ZX_OK ? 0 : 3);
}

static void closed_while_in_use(void **state)
{
	struct waiter w;
	zx_handle_t other;
	int fd;

	(void)state;
	for (size_t i = 0; i < COUNT(calls); i++) {
		if (i)
			replace_vmo(0, 0);
		stream = new_stream(vmo);
		fd = zx_linux_handle_to_fd(stream);
		start(&w, calls[i]);
		expect_packet(ZX_PAGER_VMO_READ, 0, PAGE);
		ok(zx_handle_close(stream));
		is_none(stream);
		is_none(zx_linux_handle_from_fd(fd));
		/* Nobody else has its number before the call is over. */
		other = new_stream(plain);
		assert_int_not_equal(zx_linux_handle_to_fd(other), fd);
		ok(zx_handle_close(other));
		child_has_no_call(fd);
		supply(0, PAGE, 's');
		row_is(i, finish(&w), ZX_OK);
		if (calls[i] == read_on || calls[i] == read_at)
			assert_int_equal(w.buffer[0], 's');
		assert_int_equal(fcntl(fd, F_GETFD), -1);
	}
}

static void replaced_while_in_use(void **state)
{
	struct waiter w;
	zx_handle_t old, new;

	(void)state;
	stream = old = new_stream(vmo);
	start(&w, read_on);
	expect_packet(ZX_PAGER_VMO_READ, 0, PAGE);
	ok(zx_handle_replace(old, ZX_RIGHT_READ, &new));
	is_none(old);
	supply(0, PAGE, 's');
	ok(finish(&w));
	assert_int_equal(w.buffer[0], 's');
	assert_int_equal(offset_of(new), 1);
	ok(zx_handle_close(new));
}

/* ---- signals ---- */

/* Its own, and not the VMO's, whose descriptor it has. */
static void signals(void **state)
{
	zx_handle_t h = new_stream(vmo), other, poor;
	zx_signals_t observed;

	(void)state;
	assert_int_equal(pending(h), 0);
	assert_int_equal(pending(vmo), NO_CHILDREN);
	for (int bit = 0; bit < 32; bit++) {
		const zx_signals_t one = (zx_signals_t)1 << bit;

		row_is((size_t)bit, zx_object_signal(h, one, 0),
		       one & ZX_USER_SIGNAL_ALL ? ZX_OK : ZX_ERR_INVALID_ARGS);
	}
	is(zx_object_signal_peer(h, 0, S(0)), ZX_ERR_ACCESS_DENIED);
	ok(zx_handle_duplicate(h, ZX_RIGHT_SAME_RIGHTS, &other));
	ok(zx_handle_duplicate(h, ZX_RIGHT_READ, &poor));
	is(zx_object_signal(poor, 0, S(0)), ZX_ERR_ACCESS_DENIED);
	is(zx_object_wait_one(poor, S(0), 0, &observed), ZX_ERR_ACCESS_DENIED);
	ok(zx_object_wait_async(other, port, 7, S(0) | NO_CHILDREN, 0));
	expect_no_packet();
	ok(zx_object_signal(h, 0, S(0) | S(3)));
	expect_signal(7, S(0) | NO_CHILDREN, S(0) | S(3));
	assert_int_equal(pending(other), S(0) | S(3));
	assert_int_equal(pending(vmo), NO_CHILDREN);
	/* Another stream of the VMO is another object. */
	ok(zx_handle_close(other));
	other = new_stream(vmo);
	assert_int_equal(pending(other), 0);
	ok(zx_handle_close_many((zx_handle_t[]){ h, other, poor }, 3));
}

static void waits(void **state)
{
	zx_handle_t h = new_stream(plain), other, new;
	struct wait_call one = { .items = { { h, S(0), 0 } } };
	struct wait_call many = { .n = 2 };

	(void)state;
	ok(zx_handle_duplicate(h, ZX_RIGHT_SAME_RIGHTS, &other));
	begin_wait(&one);
	ok(zx_object_signal(other, 0, S(0)));
	ok(zx_object_signal(other, S(0), 0));
	ok(end_wait(&one));
	assert_int_equal(one.items[0].pending, S(0));
	/* Closed, and replaced. */
	many.items[0] = (zx_wait_item_t){ other, S(0), 0 };
	many.items[1] = (zx_wait_item_t){ h, S(0), 0 };
	begin_wait(&one);
	begin_wait(&many);
	ok(zx_handle_close(h));
	is(end_wait(&one), ZX_ERR_CANCELED);
	assert_int_equal(one.items[0].pending, ZX_SIGNAL_HANDLE_CLOSED);
	is(end_wait(&many), ZX_ERR_CANCELED);
	assert_int_equal(many.items[0].pending, 0);
	one.items[0].handle = other;
	begin_wait(&one);
	ok(zx_handle_replace(other, ZX_RIGHT_SAME_RIGHTS, &new));
	is(end_wait(&one), ZX_ERR_CANCELED);
	ok(zx_handle_close(new));
}

#define APPENDS	2000

/* How many appends have told where another process has appended. */
static int append_tags(const zx_handle_t handles[2], char tag, int n)
{
	int wrong = 0;

	for (int i = 0; i < n; i++) {
		zx_handle_t h = handles[i % 2];
		char byte = tag;
		zx_iovec_t v = { &byte, 1 };

		if (zx_stream_writev(h, ZX_STREAM_APPEND, &v, 1, NULL) != ZX_OK ||
		    zx_stream_readv_at(h, 0, offset_of(h) - 1, &v, 1, NULL) != ZX_OK)
			return APPENDS;
		wrong += byte != tag;
	}
	return wrong;
}

/*
 * A process, its child and that one's child append by the stream that they have in common: each
 * has an offset of its own, which is behind what it wrote.
 */
static void appends_of_a_family(void **state)
{
	zx_handle_t handles[2] = { new_stream(plain) };
	int status, wrong;
	uint64_t size;
	pid_t pid;

	(void)state;
	ok(zx_vmo_set_stream_size(plain, 0));
	ok(zx_handle_duplicate(handles[0], ZX_RIGHT_SAME_RIGHTS, &handles[1]));
	pid = fork();
	if (!pid) {
		wrong = append_tags(handles, 'c', 2);
		pid = fork();
		wrong += append_tags(handles, pid ? 'd' : 'g', APPENDS);
		if (!pid)
			_exit(!!wrong);
		if (waitpid(pid, &status, 0) != pid || status)
			wrong++;
		_exit(!!wrong);
	}
	wrong = append_tags(handles, 'p', APPENDS);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(wrong, 0);
	/* Nothing was lost. */
	ok(zx_vmo_get_stream_size(plain, &size));
	assert_int_equal(size, 3 * APPENDS + 2);
	ok(zx_handle_close_many(handles, 2));
}

int main(void)
{
	static const struct CMUnitTest libzx_stream_handle[] = {
		TEST(closed_though_its_number_lives),
		TEST(replaced_keeps_the_stream),
		TEST(closed_while_in_use),
		TEST(replaced_while_in_use),
		TEST(signals),
		TEST(waits),
		TEST(appends_of_a_family),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_stream_handle, NULL, NULL);
}
