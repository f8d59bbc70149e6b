// SPDX-License-Identifier: MIT
/*
 * libzx without what Linux does not have: each such call says so, and does nothing else.  And the
 * end of a program that asserts what is not so.
 */
#include <sys/wait.h>
#include <threads.h>

#define ZX_ASSERT_LEVEL	2
#include <zircon/assert.h>
#include <zircon/limits.h>
#include <zircon/syscalls/debug.h>
#include <zircon/syscalls/exception.h>
#include <zircon/syscalls/iommu.h>
#include <zircon/threads.h>

#include "fixture.h"

static void each_is_not_supported(void **state)
{
	zx_exception_context_t context = { .synth_code = 1 };
	zx_thread_state_general_regs_t regs;
	zx_iommu_desc_dummy_t desc = { 0 };
	zx_clock_create_args_v1_t create = { 0 };
	zx_clock_update_args_v2_t update = { 0 };
	zx_clock_details_v1_t details;
	zx_handle_t h = 77, other = 78;
	zx_time_t now = 81;
	zx_paddr_t paddr = 79;
	size_t actual = 80;
	char bytes[8];
	const zx_status_t all[] = {
		zx_vmo_create_contiguous(CLOSED, PAGE, 0, &h),
		zx_vmo_create_physical(CLOSED, paddr, PAGE, &h),
		zx_iommu_create(CLOSED, ZX_IOMMU_TYPE_DUMMY, &desc, sizeof(desc), &h),
		zx_bti_create(CLOSED, 0, 0xdeadbeef, &h),
		zx_bti_pin(CLOSED, ZX_BTI_PERM_READ, plain, 0, PAGE, &paddr, 1, &h),
		zx_bti_release_quarantine(CLOSED),
		zx_pmt_unpin(CLOSED),
		zx_job_create(zx_job_default(), 0, &h),
		zx_process_create(zx_job_default(), "p", 1, 0, &h, &other),
		zx_process_start(CLOSED, CLOSED, 0, 0, plain, 0),
		zx_process_read_memory(zx_process_self(), 8, bytes, 8, &actual),
		zx_process_write_memory(zx_process_self(), 8, bytes, 8, &actual),
		zx_thread_create(zx_process_self(), "t", 1, 0, &h),
		zx_thread_start(CLOSED, 0, 0, 0, 0),
		zx_thread_read_state(zx_thread_self(), ZX_THREAD_STATE_GENERAL_REGS, &regs,
				     sizeof(regs)),
		zx_thread_write_state(zx_thread_self(), ZX_THREAD_STATE_GENERAL_REGS, &regs,
				      sizeof(regs)),
		zx_thread_raise_exception(0, ZX_EXCP_USER, &context),
		zx_task_create_exception_channel(zx_process_self(),
						 ZX_EXCEPTION_CHANNEL_DEBUGGER, &h),
		zx_task_suspend(CLOSED, &h),
		zx_task_kill(CLOSED),
		zx_exception_get_thread(CLOSED, &h),
		zx_exception_get_process(CLOSED, &h),
		zx_job_set_policy(zx_job_default(), 0, 0, NULL, 0),
		zx_object_get_child(zx_job_default(), 1, ZX_RIGHT_SAME_RIGHTS, &h),
		zx_object_set_profile(zx_thread_self(), CLOSED, 0),
		zx_clock_create(ZX_CLOCK_OPT_MONOTONIC | ZX_CLOCK_ARGS_VERSION(1), &create, &h),
		zx_clock_read(CLOSED, &now),
		zx_clock_get_details(CLOSED, ZX_CLOCK_ARGS_VERSION(1), &details),
		zx_clock_update(CLOSED, ZX_CLOCK_ARGS_VERSION(2), &update),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++)
		row_is(i, all[i], ZX_ERR_NOT_SUPPORTED);
	assert_int_equal(h, 77);
	assert_int_equal(other, 78);
	assert_int_equal(paddr, 79);
	assert_int_equal(actual, 80);
	assert_int_equal(now, 81);
	/* The handle was not taken. */
	ok(zx_handle_check_valid(plain));
	assert_int_equal(zx_process_self(), ZX_HANDLE_INVALID);
	assert_int_equal(zx_thread_self(), ZX_HANDLE_INVALID);
	assert_int_equal(zx_job_default(), ZX_HANDLE_INVALID);
	assert_int_equal(thrd_get_zx_handle(thrd_current()), ZX_HANDLE_INVALID);
	is(thrd_status_to_zx_status(thrd_success), ZX_OK);
	is(thrd_status_to_zx_status(thrd_nomem), ZX_ERR_NO_MEMORY);
	is(thrd_status_to_zx_status(thrd_timedout), ZX_ERR_TIMED_OUT);
	is(thrd_status_to_zx_status(thrd_busy), ZX_ERR_SHOULD_WAIT);
	is(thrd_status_to_zx_status(thrd_error), ZX_ERR_INTERNAL);
	assert_int_equal(zx_system_get_page_size() & (ZX_MIN_PAGE_SIZE - 1), 0);
	assert_true(zx_system_get_page_size() <= ZX_MAX_PAGE_SIZE);
}

/* All memory is cached, and asking for that is no mistake. */
static void cache_policy(void **state)
{
	zx_handle_t unmapped;

	(void)state;
	is(zx_vmo_set_cache_policy(CLOSED, ZX_CACHE_POLICY_MASK + 1), ZX_ERR_INVALID_ARGS);
	is(zx_vmo_set_cache_policy(CLOSED, ZX_CACHE_POLICY_UNCACHED), ZX_ERR_BAD_HANDLE);
	is(zx_vmo_set_cache_policy(port, ZX_CACHE_POLICY_UNCACHED), ZX_ERR_WRONG_TYPE);
	ok(zx_handle_duplicate(plain, ZX_DEFAULT_VMO_RIGHTS & ~ZX_RIGHT_MAP, &unmapped));
	is(zx_vmo_set_cache_policy(unmapped, ZX_CACHE_POLICY_CACHED), ZX_ERR_ACCESS_DENIED);
	for (uint32_t policy = ZX_CACHE_POLICY_UNCACHED; policy < 4; policy++)
		is(zx_vmo_set_cache_policy(plain, policy), ZX_ERR_NOT_SUPPORTED);
	ok(zx_vmo_set_cache_policy(plain, ZX_CACHE_POLICY_CACHED));
	assert_int_equal(vmo_info(plain).cache_policy, ZX_CACHE_POLICY_CACHED);
	ok(zx_handle_close(unmapped));
}

static void asserts_number(int n)
{
	ZX_ASSERT(n != 1);
	ZX_ASSERT_MSG(n != 2, "two");
	ZX_ASSERT_MSG(n != 3, "%d of %s", n, "them");
	ZX_DEBUG_ASSERT(n % 5 != 4);
	ZX_DEBUG_ASSERT_MSG(n != 5, "five %%");
	ZX_DEBUG_ASSERT_COND(n != 6);
	if (n == 7)
		ZX_PANIC("it is %d", n);
	if (n == 8)
		__zx_assert_failed("NOTHING", "file", 12, "0 % 1");
	if (n == 8)
		__zx_panic("!");
}

/* What a program says that asserts @n. */
static void says(int n, const char *expected)
{
	char text[256] = "";
	int fds[2], status;
	ssize_t length;
	pid_t pid;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		signal(SIGABRT, SIG_DFL);
		dup2(fds[1], STDERR_FILENO);
		asserts_number(n);
		_exit(0);
	}
	close(fds[1]);
	length = read(fds[0], text, sizeof(text) - 1);
	for (ssize_t more = length; more > 0 && length < 255; length += more)
		more = read(fds[0], text + length, 255 - (size_t)length);
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (expected) {
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
		assert_non_null(strstr(text, expected));
		assert_int_equal(text[strlen(text) - 1], '\n');
	} else {
		assert_int_equal(status, 0);
		assert_string_equal(text, "");
	}
}

static void assertions(void **state)
{
	(void)state;
	says(0, NULL);
	says(1, "): n != 1");
	says(2, "): n != 2 two");
	says(3, "): n != 3 3 of them");
	says(4, "DEBUG ASSERT FAILED at (");
	says(4, "): n % 5 != 4");
	says(5, "n != 5 five %");
	says(6, "DEBUG ASSERT");
	says(7, "it is 7\n");
	says(8, "NOTHING FAILED at (file:12): 0 % 1 !\n");
}

static void *exits(void *arg)
{
	*(bool *)arg = true;
	zx_thread_exit();
}

/* There are ends of threads and processes, though neither is an object. */
static void ends(void **state)
{
	bool begun = false;
	pthread_t thread;
	int status;
	pid_t pid;

	(void)state;
	ok(zx_thread_legacy_yield(0));
	is(zx_thread_legacy_yield(1), ZX_ERR_INVALID_ARGS);
	assert_int_equal(pthread_create(&thread, NULL, exits, &begun), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(begun);
	pid = fork();
	if (!pid)
		zx_process_exit(0x107);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

/* Zircon's numbers, and how its records are laid out. */
static void declared(void **state)
{
	zx_info_thread_t info = { .state = ZX_THREAD_STATE_BLOCKED_PAGER };

	(void)state;
	assert_int_equal(sizeof(zx_x86_64_thread_state_general_regs_t), 160);
	assert_int_equal(sizeof(zx_x86_64_thread_state_fp_regs_t), 160);
	assert_int_equal(sizeof(zx_x86_64_thread_state_vector_regs_t), 2120);
	assert_int_equal(sizeof(zx_x86_64_thread_state_debug_regs_t), 48);
	assert_int_equal(sizeof(zx_arm64_thread_state_general_regs_t), 280);
	assert_int_equal(sizeof(zx_arm64_thread_state_vector_regs_t), 520);
	assert_int_equal(sizeof(zx_arm64_thread_state_debug_regs_t), 528);
	assert_int_equal(sizeof(zx_riscv64_thread_state_general_regs_t), 256);
	assert_int_equal(sizeof(zx_riscv64_thread_state_fp_regs_t), 528);
	assert_int_equal(sizeof(zx_riscv64_thread_state_vector_regs_t), 544);
	assert_true(sizeof(zx_thread_state_fp_regs_t) && sizeof(zx_thread_state_vector_regs_t) &&
		    sizeof(zx_thread_state_debug_regs_t));
	assert_int_equal(sizeof(zx_info_thread_t), 72);
	assert_int_equal(ZX_THREAD_STATE_BASIC(info.state), ZX_THREAD_STATE_BLOCKED);
	assert_int_equal(sizeof(zx_clock_details_v1_t), 112);
	assert_int_equal(sizeof(zx_clock_update_args_v1_t), 24);
	assert_int_equal(sizeof(zx_clock_update_args_v2_t), 32);
	assert_int_equal(ZX_INFO_THREAD, 10);
	assert_int_equal(ZX_OBJ_TYPE_THREAD, 2);
	assert_int_equal(ZX_TASK_TERMINATED, __ZX_OBJECT_SIGNALED);
	assert_int_equal(ZX_THREAD_SUSPENDED, 1 << 5);
	assert_int_equal(__ZX_OBJECT_SIGNAL_22, 1 << 22);
	assert_int_equal(ZX_PROP_EXCEPTION_STATE, 16);
	assert_int_equal(ZX_PROP_EXCEPTION_STRATEGY, 18);
	assert_int_equal(ZX_EXCP_POLICY_CODE_PORT_TOO_MANY_OBSERVERS, 19);
	assert_int_equal(ZX_EXCP_POLICY_CODE_NEW_SAMPLER, 22);
	is(zx_object_get_info(zx_thread_self(), ZX_INFO_THREAD, &info, sizeof(info), NULL, NULL),
	   ZX_ERR_NOT_SUPPORTED);
}

int main(void)
{
	static const struct CMUnitTest libzx_unsupported[] = {
		TEST(each_is_not_supported),
		TEST(declared),
		TEST(cache_policy),
		cmocka_unit_test(assertions),
		cmocka_unit_test(ends),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_unsupported, NULL, NULL);
}
