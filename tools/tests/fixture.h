/* SPDX-License-Identifier: MIT */
/*
 * What the tests of libzx have in common: one object of each kind, made anew for each
 * test.
 */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <zircon/linux.h>
#include <zircon/process.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/port.h>

#define PAGE	4096u
#define KEY	0x1234567890abcdefull

/* Handles that are none: not open, and a number without the fixed bits. */
#define CLOSED	zx_linux_handle_from_fd(1000)
#define ODD	((zx_handle_t)4 << 2)

#define is(call, status) assert_string_equal(zx_status_get_string(call), #status)
#define ok(call) is(call, ZX_OK)

/* In a table: says which row it was. */
void row_is(size_t row, zx_status_t status, zx_status_t expected);

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* @vmo has 4 pages, @pager and @port; @plain has 4 pages and is zero. */
extern zx_handle_t pager, port, vmo, plain, pipe_end;

int setup(void **state);
int teardown(void **state);

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* A VMO of 4 pages with these options, and flags of Linux, in place of @vmo. */
void replace_vmo(uint32_t options, uint32_t flags);

/* What ZX_INFO_HANDLE_BASIC tells of a handle. */
zx_rights_t rights_of(zx_handle_t handle);
zx_koid_t koid_of(zx_handle_t handle);

/* What ZX_INFO_VMO tells. */
zx_info_vmo_t vmo_info(zx_handle_t handle);

/* Fills a range of @vmo with a byte. */
void supply(uint64_t offset, uint64_t length, int byte);

/* What is at an offset of any VMO. */
void expect_byte(zx_handle_t handle, uint64_t offset, char expected);

/* A second handle that cannot write. */
zx_handle_t read_only(zx_handle_t handle);

/* Options of children. */
#define SNAPSHOT	ZX_VMO_CHILD_SNAPSHOT
#define ON_WRITE	ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE
#define MODIFIED	ZX_VMO_CHILD_SNAPSHOT_MODIFIED
#define RESIZABLE	ZX_VMO_CHILD_RESIZABLE
#define SLICE		ZX_VMO_CHILD_SLICE
#define NO_WRITE	ZX_VMO_CHILD_NO_WRITE

/* A child of all of @vmo, which is filled with 'p'. */
zx_handle_t new_child(uint32_t options);

/* The next packet of @port is this, and nothing else in it is set. */
void expect_packet(uint16_t command, uint64_t offset, uint64_t length);

/* No packet is there. */
void expect_no_packet(void);

/* What the query says of the whole of @vmo is @n ranges, these. */
void expect_dirty(const zx_vmo_dirty_range_t *ranges, size_t n);

#define DIRTY(...) do {							\
	const zx_vmo_dirty_range_t r[] = { __VA_ARGS__ };		\
	expect_dirty(r, sizeof(r) / sizeof(r[0]));			\
} while (0)
#define ALL_CLEAN()	expect_dirty(NULL, 0)

/* A range in pages, and one without pages. */
#define PAGES(start, count)	{ (start) * PAGE, (count) * PAGE, 0 }
#define ZEROES(start, count)	\
	{ (start) * PAGE, (count) * PAGE, ZX_VMO_DIRTY_RANGE_IS_ZERO }

/* A call that waits for the pager, in a thread of its own. */
struct waiter {
	pthread_t thread;
	zx_status_t (*call)(struct waiter *w);
	char buffer[PAGE];
	zx_status_t status;
};

void start(struct waiter *w, zx_status_t (*call)(struct waiter *w));
zx_status_t finish(struct waiter *w);

/* Calls for waiters, and a thread that answers them with 'w'. */
zx_status_t read_page_1(struct waiter *w);
zx_status_t write_page_1(struct waiter *w);
zx_status_t commit_all(struct waiter *w);
void *supply_page_1(void *arg);

#define SIGNALED	ZX_EVENT_SIGNALED
#define PEER_CLOSED	ZX_EVENTPAIR_PEER_CLOSED
#define NO_CHILDREN	ZX_VMO_ZERO_CHILDREN
#define S(n)		(ZX_USER_SIGNAL_0 << (n))

zx_handle_t new_event(void);

/* All signals that there are now. */
zx_signals_t pending(zx_handle_t handle);

/* The next packet of @port, whatever it is; and it is of a signal, without a time. */
zx_port_packet_t next_packet(void);
void expect_signal(uint64_t key, zx_signals_t trigger, zx_signals_t observed);

/*
 * Who waits for signals, in a thread of its own: with begin_wait() it has begun to wait.  One
 * item, by zx_object_wait_one(), if there are 0.
 */
struct wait_call {
	pthread_t thread;
	_Atomic pid_t tid;
	zx_wait_item_t items[3];
	size_t n;
	zx_status_t status;
};

void begin_wait(struct wait_call *c);
zx_status_t end_wait(struct wait_call *c);

/* Until the thread that puts its number there waits for something. */
void wait_asleep(const _Atomic int *tid);

#endif /* TESTS_FIXTURE_H */
