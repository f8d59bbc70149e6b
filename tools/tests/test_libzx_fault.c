// SPDX-License-Identifier: MIT
/*
 * libzx against the module: the status behind a SIGBUS, as its handler is told.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>

#include "fixture.h"

static __thread sigjmp_buf back;
static __thread zx_status_t told, found;
static __thread int handler_errno;

static void handler(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	errno = 4242;
	told = zx_linux_fault_status((zx_vaddr_t)info->si_addr, &found);
	handler_errno = errno;
	siglongjmp(back, 1);
}

/* cmocka has handlers of its own. */
static void install_handler(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
}

/* ZX_OK, or what the access failed with. */
static zx_status_t access_to(zx_vaddr_t at, bool store)
{
	volatile char *byte = (volatile char *)at;

	install_handler();
	if (sigsetjmp(back, 1)) {
		assert_int_equal(handler_errno, 4242);
		return told == ZX_OK ? found : told;
	}
	if (store)
		*byte = 1;
	else
		(void)*byte;
	return ZX_OK;
}

static zx_status_t touch(zx_vaddr_t at)
{
	return access_to(at, false);
}

static zx_vaddr_t map(zx_handle_t h, uint64_t offset, uint64_t length)
{
	zx_vaddr_t at;

	ok(zx_vmar_map(zx_vmar_root_self(),
		       ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_ALLOW_FAULTS, 0, h, offset,
		       length, &at));
	return at;
}

static void unmap(zx_vaddr_t at, uint64_t length)
{
	ok(zx_vmar_unmap(zx_vmar_root_self(), at, length));
}

/* Answers the next request with a status. */
struct answer {
	pthread_t thread;
	uint16_t command;
	uint64_t page;
	zx_status_t status;
};

static void *answer_main(void *arg)
{
	struct answer *a = arg;

	expect_packet(a->command, a->page * PAGE, PAGE);
	ok(zx_pager_op_range(pager, ZX_PAGER_OP_FAIL, vmo, a->page * PAGE, PAGE,
			     (uint64_t)a->status));
	return NULL;
}

static void answer(struct answer *a, uint16_t command, uint64_t page, zx_status_t status)
{
	*a = (struct answer){ .command = command, .page = page, .status = status };
	assert_int_equal(pthread_create(&a->thread, NULL, answer_main, a), 0);
}

static void answered(struct answer *a)
{
	assert_int_equal(pthread_join(a->thread, NULL), 0);
}

static const zx_status_t codes[] = {
	ZX_ERR_IO, ZX_ERR_IO_DATA_INTEGRITY, ZX_ERR_BAD_STATE, ZX_ERR_NO_SPACE,
	ZX_ERR_BUFFER_TOO_SMALL,
};

static void fail_codes(void **state)
{
	zx_vaddr_t at = map(vmo, PAGE, 3 * PAGE);
	struct answer a;

	(void)state;
	supply(PAGE, PAGE, 's');
	supply(3 * PAGE, PAGE, 's');
	ok(touch(at));
	for (size_t i = 0; i < COUNT(codes); i++) {
		answer(&a, ZX_PAGER_VMO_READ, 2, codes[i]);
		row_is(i, touch(at + PAGE + 5), codes[i]);
		answered(&a);
	}
	/* A page that is there does not fail. */
	ok(touch(at + 2 * PAGE));
	unmap(at, 3 * PAGE);
	is(touch(at), ZX_ERR_NOT_FOUND);
}

static void dirty_fail_codes(void **state)
{
	struct answer a;
	zx_vaddr_t at;

	(void)state;
	replace_vmo(ZX_VMO_TRAP_DIRTY, 0);
	supply(0, 4 * PAGE, 's');
	at = map(vmo, 0, 4 * PAGE);
	for (size_t i = 0; i < COUNT(codes); i++) {
		ok(touch(at + 3 * PAGE));
		answer(&a, ZX_PAGER_VMO_DIRTY, 3, codes[i]);
		row_is(i, access_to(at + 3 * PAGE, true), codes[i]);
		answered(&a);
	}
	unmap(at, 4 * PAGE);
}

static void out_of_range(void **state)
{
	zx_handle_t h;
	zx_vaddr_t at;

	(void)state;
	ok(zx_vmo_create(2 * PAGE, ZX_VMO_RESIZABLE, &h));
	at = map(h, PAGE, 2 * PAGE);
	ok(touch(at));
	is(touch(at + PAGE), ZX_ERR_OUT_OF_RANGE);
	ok(zx_vmo_set_size(h, 0));
	is(touch(at), ZX_ERR_OUT_OF_RANGE);
	ok(zx_vmo_set_size(h, 3 * PAGE));
	ok(touch(at + PAGE));
	/* Closed handles are no matter. */
	ok(zx_vmo_set_size(h, PAGE));
	ok(zx_handle_close(h));
	is(touch(at + PAGE - 1), ZX_ERR_OUT_OF_RANGE);
	unmap(at, 2 * PAGE);
}

static void detached(void **state)
{
	zx_vaddr_t at = map(vmo, 0, 4 * PAGE);

	(void)state;
	ok(zx_pager_detach_vmo(pager, vmo));
	is(touch(at + PAGE), ZX_ERR_BAD_STATE);
	is(touch(at + 4 * PAGE - 1), ZX_ERR_BAD_STATE);
	unmap(at, 4 * PAGE);
}

/* Children have offsets of their own, and end elsewhere. */
static void children(void **state)
{
	const uint32_t kinds[] = { ON_WRITE, SLICE };
	zx_handle_t h;
	struct answer a;
	zx_vaddr_t at;

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		ok(zx_vmo_create_child(vmo, kinds[i], PAGE, 2 * PAGE, &h));
		at = map(h, PAGE, 2 * PAGE);
		answer(&a, ZX_PAGER_VMO_READ, 2, ZX_ERR_IO_DATA_INTEGRITY);
		is(touch(at), ZX_ERR_IO_DATA_INTEGRITY);
		answered(&a);
		is(touch(at + PAGE), ZX_ERR_OUT_OF_RANGE);
		unmap(at, 2 * PAGE);
		ok(zx_handle_close(h));
	}
	ok(zx_vmo_create_child(vmo, ON_WRITE, 0, 4 * PAGE, &h));
	at = map(h, 0, 4 * PAGE);
	supply(0, PAGE, 's');
	ok(access_to(at, true));
	ok(zx_pager_detach_vmo(pager, vmo));
	/* What it has for itself it has. */
	ok(touch(at));
	is(touch(at + PAGE), ZX_ERR_BAD_STATE);
	unmap(at, 4 * PAGE);
	ok(zx_handle_close(h));
}

/* Regions within regions, and mappings that were split and replaced. */
static void regions(void **state)
{
	const zx_vm_option_t can = ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE |
				   ZX_VM_CAN_MAP_SPECIFIC;
	const zx_vm_option_t how = ZX_VM_PERM_READ | ZX_VM_ALLOW_FAULTS;
	zx_handle_t outer, inner, none;
	zx_vaddr_t base, at;
	zx_status_t status;

	(void)state;
	ok(zx_vmo_create(0, ZX_VMO_RESIZABLE, &none));
	ok(zx_vmar_allocate(zx_vmar_root_self(), can, 0, 64 * PAGE, &outer, &base));
	ok(zx_vmar_allocate(outer, can | ZX_VM_SPECIFIC, 8 * PAGE, 16 * PAGE, &inner, &at));
	assert_int_equal(at, base + 8 * PAGE);
	ok(zx_vmar_map(inner, how | ZX_VM_SPECIFIC, 4 * PAGE, none, 0, 4 * PAGE, &at));
	assert_int_equal(at, base + 12 * PAGE);
	/* On either side of it. */
	for (unsigned int i = 40; i < 60; i += 2)
		ok(zx_vmar_map(outer, how | ZX_VM_SPECIFIC, i * PAGE, plain, 0, PAGE, &at));
	ok(zx_vmar_map(outer, how | ZX_VM_SPECIFIC, 0, plain, 0, PAGE, &at));
	is(touch(base + 12 * PAGE), ZX_ERR_OUT_OF_RANGE);
	is(touch(base + 15 * PAGE), ZX_ERR_OUT_OF_RANGE);
	is(touch(base + 16 * PAGE), ZX_ERR_NOT_FOUND);
	is(touch(base + 11 * PAGE), ZX_ERR_NOT_FOUND);
	is(touch(base + 41 * PAGE), ZX_ERR_NOT_FOUND);
	ok(touch(base + 58 * PAGE));
	/* A part of it goes, and another one is replaced. */
	ok(zx_vmar_unmap(inner, base + 13 * PAGE, PAGE));
	ok(zx_vmar_map(inner, how | ZX_VM_SPECIFIC_OVERWRITE, 6 * PAGE, plain, PAGE, PAGE,
		       &at));
	is(touch(base + 12 * PAGE), ZX_ERR_OUT_OF_RANGE);
	is(touch(base + 13 * PAGE), ZX_ERR_NOT_FOUND);
	ok(touch(base + 14 * PAGE));
	is(touch(base + 15 * PAGE), ZX_ERR_OUT_OF_RANGE);
	ok(zx_vmar_destroy(inner));
	is(touch(base + 12 * PAGE), ZX_ERR_NOT_FOUND);
	ok(zx_vmar_destroy(outer));
	is(touch(base), ZX_ERR_NOT_FOUND);
	ok(zx_handle_close(none));
	ok(zx_handle_close(inner));
	ok(zx_handle_close(outer));
	/* Without any access. */
	found = ZX_OK;
	is(zx_linux_fault_status(8, &found), ZX_ERR_NOT_FOUND);
	is(found, ZX_OK);
	at = map(plain, 0, PAGE);
	ok(zx_linux_fault_status(at, &status));
	is(status, ZX_ERR_IO);
	unmap(at, PAGE);
}

static atomic_bool stop;

static void *map_others(void *arg)
{
	zx_vaddr_t at[40];

	(void)arg;
	while (!atomic_load(&stop)) {
		for (size_t i = 0; i < COUNT(at); i++)
			at[i] = map(plain, 0, PAGE);
		for (size_t i = 0; i < COUNT(at); i++)
			unmap(at[i], PAGE);
	}
	return NULL;
}

/* Others map and unmap all the time; and so does who is interrupted. */
static void while_others_map(void **state)
{
	zx_vaddr_t at, low, beside;
	pthread_t thread;
	zx_handle_t none;

	(void)state;
	ok(zx_vmo_create(0, ZX_VMO_RESIZABLE, &none));
	low = map(plain, 0, PAGE);
	at = map(none, 0, PAGE);
	atomic_store(&stop, false);
	assert_int_equal(pthread_create(&thread, NULL, map_others, NULL), 0);
	for (int i = 0; i < 2000; i++) {
		beside = map(plain, 0, PAGE);
		is(touch(at), ZX_ERR_OUT_OF_RANGE);
		ok(touch(low));
		unmap(beside, PAGE);
		is(touch(at), ZX_ERR_OUT_OF_RANGE);
	}
	atomic_store(&stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	unmap(at, PAGE);
	unmap(low, PAGE);
	ok(zx_handle_close(none));
}

static volatile sig_atomic_t alarms, wrong;
static zx_vaddr_t alarm_at;

static void alarm_handler(int signal)
{
	zx_status_t status;

	(void)signal;
	if (zx_linux_fault_status(alarm_at, &status) != ZX_OK ||
	    status != ZX_ERR_OUT_OF_RANGE)
		wrong = 1;
	alarms = alarms + 1;
}

/* A handler that interrupts who maps, wherever that is. */
static void while_it_maps(void **state)
{
	const struct itimerval often = { { 0, 500 }, { 0, 500 } }, never = { { 0, 0 }, { 0, 0 } };
	struct sigaction action = { .sa_handler = alarm_handler, .sa_flags = SA_RESTART };
	zx_vaddr_t low[50], at;
	zx_handle_t none;

	(void)state;
	ok(zx_vmo_create(0, ZX_VMO_RESIZABLE, &none));
	alarm_at = map(none, 0, PAGE);
	alarms = wrong = 0;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	while (alarms < 500) {
		for (size_t i = 0; i < COUNT(low); i++)
			low[i] = map(plain, 0, PAGE);
		at = map(none, 0, PAGE);
		unmap(at, PAGE);
		for (size_t i = 0; i < COUNT(low); i++)
			unmap(low[i], PAGE);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	assert_int_equal(wrong, 0);
	unmap(alarm_at, PAGE);
	ok(zx_handle_close(none));
}

int main(void)
{
	static const struct CMUnitTest libzx_fault[] = {
		TEST(fail_codes),
		TEST(dirty_fail_codes),
		TEST(out_of_range),
		TEST(detached),
		TEST(children),
		TEST(regions),
		TEST(while_others_map),
		TEST(while_it_maps),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_fault, NULL, NULL);
}
