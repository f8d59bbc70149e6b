// SPDX-License-Identifier: MIT
#include "fixture.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include <linux/futex.h>

zx_handle_t pager, port, vmo, plain, pipe_end;

int setup(void **state)
{
	int fds[2];

	(void)state;
	ok(zx_pager_create(0, &pager));
	ok(zx_port_create(0, &port));
	ok(zx_pager_create_vmo(pager, 0, port, KEY, 4 * PAGE, &vmo));
	ok(zx_vmo_create(4 * PAGE, 0, &plain));
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	close(fds[1]);
	pipe_end = zx_linux_handle_from_fd(fds[0]);
	return 0;
}

int teardown(void **state)
{
	(void)state;
	ok(zx_handle_close(vmo));
	ok(zx_handle_close(plain));
	ok(zx_handle_close(port));
	ok(zx_handle_close(pager));
	ok(zx_handle_close(pipe_end));
	return 0;
}

void row_is(size_t row, zx_status_t status, zx_status_t expected)
{
	char is[64], want[64];

	snprintf(is, sizeof(is), "row %zu: %s", row, zx_status_get_string(status));
	snprintf(want, sizeof(want), "row %zu: %s", row,
		 zx_status_get_string(expected));
	assert_string_equal(is, want);
}

void replace_vmo(uint32_t options, uint32_t flags)
{
	ok(zx_handle_close(vmo));
	expect_packet(ZX_PAGER_VMO_COMPLETE, 0, 0);
	ok(zx_linux_pager_create_vmo(pager, options, flags, port, KEY, 4 * PAGE,
				     &vmo));
}

void supply(uint64_t offset, uint64_t length, int byte)
{
	char buffer[4 * PAGE];
	uint64_t done;

	memset(buffer, byte, sizeof(buffer));
	ok(zx_linux_pager_supply(pager, vmo, offset, length, buffer, &done));
	assert_int_equal(done, length);
}

void expect_byte(zx_handle_t handle, uint64_t offset, char expected)
{
	char byte;

	ok(zx_vmo_read(handle, &byte, offset, 1));
	assert_int_equal(byte, expected);
}

zx_handle_t new_child(uint32_t options)
{
	zx_handle_t child;

	supply(0, 4 * PAGE, 'p');
	ok(zx_vmo_create_child(vmo, options, 0, 4 * PAGE, &child));
	return child;
}

zx_handle_t read_only(zx_handle_t handle)
{
	zx_handle_t ro;

	ok(zx_handle_duplicate(handle, ZX_DEFAULT_VMO_RIGHTS & ~ZX_RIGHT_WRITE,
			       &ro));
	return ro;
}

static void *waiter_main(void *arg)
{
	struct waiter *w = arg;

	w->status = w->call(w);
	return NULL;
}

void start(struct waiter *w, zx_status_t (*call)(struct waiter *w))
{
	w->call = call;
	assert_int_equal(pthread_create(&w->thread, NULL, waiter_main, w), 0);
}

zx_status_t finish(struct waiter *w)
{
	assert_int_equal(pthread_join(w->thread, NULL), 0);
	return w->status;
}

zx_status_t read_page_1(struct waiter *w)
{
	return zx_vmo_read(vmo, w->buffer, PAGE, PAGE);
}

zx_status_t write_page_1(struct waiter *w)
{
	memset(w->buffer, 'W', PAGE);
	return zx_vmo_write(vmo, w->buffer, PAGE, PAGE);
}

zx_status_t commit_all(struct waiter *w)
{
	(void)w;
	return zx_vmo_op_range(vmo, ZX_VMO_OP_COMMIT, 0, 4 * PAGE, NULL, 0);
}

void expect_packet(uint16_t command, uint64_t offset, uint64_t length)
{
	zx_port_packet_t p;

	ok(zx_port_wait(port, ZX_TIME_INFINITE, &p));
	assert_int_equal(p.key, KEY);
	assert_int_equal(p.type, ZX_PKT_TYPE_PAGE_REQUEST);
	assert_int_equal(p.status, ZX_OK);
	assert_int_equal(p.page_request.command, command);
	assert_int_equal(p.page_request.flags, 0);
	assert_int_equal(p.page_request.reserved0, 0);
	assert_int_equal(p.page_request.offset, offset);
	assert_int_equal(p.page_request.length, length);
	assert_int_equal(p.page_request.reserved1, 0);
}

void expect_no_packet(void)
{
	zx_port_packet_t p;

	is(zx_port_wait(port, 0, &p), ZX_ERR_TIMED_OUT);
}

void expect_dirty(const zx_vmo_dirty_range_t *ranges, size_t n)
{
	zx_vmo_dirty_range_t found[8];
	size_t actual, avail;
	uint64_t size;

	ok(zx_vmo_get_size(vmo, &size));
	ok(zx_pager_query_dirty_ranges(pager, vmo, 0, size, found, sizeof(found),
				       &actual, &avail));
	assert_int_equal(actual, n);
	assert_int_equal(avail, n);
	if (n)
		assert_memory_equal(found, ranges, n * sizeof(*ranges));
}

void *supply_page_1(void *arg)
{
	(void)arg;
	expect_packet(ZX_PAGER_VMO_READ, PAGE, PAGE);
	supply(PAGE, PAGE, 'w');
	return NULL;
}

static zx_info_handle_basic_t basic(zx_handle_t handle)
{
	zx_info_handle_basic_t info;

	ok(zx_object_get_info(handle, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL,
			      NULL));
	return info;
}

zx_rights_t rights_of(zx_handle_t handle)
{
	return basic(handle).rights;
}

zx_koid_t koid_of(zx_handle_t handle)
{
	return basic(handle).koid;
}

zx_info_vmo_t vmo_info(zx_handle_t handle)
{
	zx_info_vmo_t info;

	ok(zx_object_get_info(handle, ZX_INFO_VMO, &info, sizeof(info), NULL, NULL));
	return info;
}

zx_handle_t new_event(void)
{
	zx_handle_t h;

	ok(zx_event_create(0, &h));
	return h;
}

zx_signals_t pending(zx_handle_t handle)
{
	zx_signals_t observed = 77;

	is(zx_object_wait_one(handle, 0, ZX_TIME_INFINITE_PAST, &observed),
	   ZX_ERR_TIMED_OUT);
	return observed;
}

/*
 * A call in a thread of its own, which has begun to wait: that is a wait for a condition,
 * as the kernel tells of the system call that the thread is in.
 */
static bool waits(pid_t tid)
{
	char path[64], line[256], *next;
	unsigned long long operation = 0;
	long number = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	file = fopen(path, "re");
	assert_non_null(file);
	/* "running", or the number and the arguments, of which the second one says what. */
	if (fgets(line, sizeof(line), file) && line[0] != 'r') {
		number = strtol(line, &next, 10);
		strtoull(next, &next, 16);
		operation = strtoull(next, &next, 16);
	}
	fclose(file);
	return number == SYS_futex && (operation & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET;
}

static void *call_main(void *arg)
{
	struct wait_call *c = arg;

	c->tid = gettid();
	c->status = c->n ? zx_object_wait_many(c->items, c->n, ZX_TIME_INFINITE) :
			   zx_object_wait_one(c->items[0].handle, c->items[0].waitfor,
					      ZX_TIME_INFINITE, &c->items[0].pending);
	return NULL;
}

void begin_wait(struct wait_call *c)
{
	c->tid = 0;
	assert_int_equal(pthread_create(&c->thread, NULL, call_main, c), 0);
	while (!c->tid || !waits(c->tid))
		sched_yield();
}

zx_status_t end_wait(struct wait_call *c)
{
	assert_int_equal(pthread_join(c->thread, NULL), 0);
	return c->status;
}

zx_port_packet_t next_packet(void)
{
	zx_port_packet_t p;

	ok(zx_port_wait(port, ZX_TIME_INFINITE, &p));
	return p;
}

void expect_signal(uint64_t key, zx_signals_t trigger, zx_signals_t observed)
{
	zx_port_packet_t p = next_packet();

	assert_int_equal(p.key, key);
	assert_int_equal(p.type, ZX_PKT_TYPE_SIGNAL_ONE);
	assert_int_equal(p.status, ZX_OK);
	assert_int_equal(p.signal.trigger, trigger);
	assert_int_equal(p.signal.observed, observed);
	assert_int_equal(p.signal.count, 1);
	assert_int_equal(p.signal.timestamp, 0);
	assert_int_equal(p.signal.reserved1, 0);
}

void wait_asleep(const _Atomic int *tid)
{
	char path[64], text[256], *name_end;
	int fd;

	while (!atomic_load(tid))
		zx_nanosleep(0);
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", atomic_load(tid));
	do {
		zx_nanosleep(0);
		memset(text, 0, sizeof(text));
		fd = open(path, O_RDONLY | O_CLOEXEC);
		assert_true(fd >= 0);
		assert_true(read(fd, text, sizeof(text) - 1) > 0);
		close(fd);
		name_end = strrchr(text, ')');
		assert_non_null(name_end);
	} while (name_end[2] != 'S');
}
