// SPDX-License-Identifier: MIT
/*
 * lib/zx: threads, processes, jobs and exceptions, of which there are none here, by the names of
 * Zircon's tests.  Needs no module.
 */
#include "cxx.hh"

#include <lib/zx/exception.h>
#include <lib/zx/job.h>
#include <lib/zx/process.h>
#include <lib/zx/suspend_token.h>
#include <lib/zx/thread.h>
#include <zircon/threads.h>

static void ThreadSelf(void **)
{
	std::thread native([] {});

	no(*zx::thread::self());
	assert_int_equal(native_thread_get_zx_handle(native.native_handle()), ZX_HANDLE_INVALID);
	native.join();
}

static void ThreadCreate(void **)
{
	zx::thread thread;
	char state[8];

	is(zx::thread::create(*zx::process::self(), "it", 2, 0, &thread), ZX_ERR_NOT_SUPPORTED);
	is(thread.start(zx_vaddr_t(0), 0, 0, 0), ZX_ERR_NOT_SUPPORTED);
	is(thread.start(+[](uintptr_t, uintptr_t) {}, state, 0, 0), ZX_ERR_NOT_SUPPORTED);
	is(thread.read_state(0, state, sizeof(state)), ZX_ERR_NOT_SUPPORTED);
	is(thread.write_state(0, state, sizeof(state)), ZX_ERR_NOT_SUPPORTED);
	is(thread.kill(), ZX_ERR_NOT_SUPPORTED);
	no(thread);
}

static void ThreadSetProfile(void **)
{
	is(zx::thread().set_profile(zx::handle(), 0), ZX_ERR_NOT_SUPPORTED);
}

static void ThreadSuspend(void **)
{
	zx::suspend_token token;

	is(zx::thread().suspend(&token), ZX_ERR_NOT_SUPPORTED);
	no(token);
}

static void ProcessSelf(void **)
{
	no(*zx::process::self());
}

static void process_create(void **)
{
	zx::process process;
	zx::thread thread;
	zx::vmar vmar;
	char content[8];
	size_t actual;

	is(zx::process::create(*zx::job::default_job(), "it", 2, 0, &process, &vmar),
	   ZX_ERR_NOT_SUPPORTED);
	is(process.start(thread, 0, 0, zx::handle(), 0), ZX_ERR_NOT_SUPPORTED);
	is(process.read_memory(0, content, sizeof(content), &actual), ZX_ERR_NOT_SUPPORTED);
	is(process.write_memory(0, content, sizeof(content), &actual), ZX_ERR_NOT_SUPPORTED);
	no(process);
	no(vmar);
}

static void JobDefault(void **)
{
	no(*zx::job::default_job());
}

static void job_create(void **)
{
	zx::job job;

	is(zx::job::create(*zx::job::default_job(), 0, &job), ZX_ERR_NOT_SUPPORTED);
	is(job.set_policy(0, 0, nullptr, 0), ZX_ERR_NOT_SUPPORTED);
	no(job);
}

static void GetChild(void **)
{
	zx::handle handle;
	zx::process process;
	zx::thread thread;
	zx::job job;

	is(job.get_child(1, ZX_RIGHT_SAME_RIGHTS, &handle), ZX_ERR_NOT_SUPPORTED);
	is(job.get_child(1, ZX_RIGHT_SAME_RIGHTS, &job), ZX_ERR_NOT_SUPPORTED);
	is(job.get_child(1, ZX_RIGHT_SAME_RIGHTS, &process), ZX_ERR_NOT_SUPPORTED);
	is(process.get_child(1, ZX_RIGHT_SAME_RIGHTS, &handle), ZX_ERR_NOT_SUPPORTED);
	is(process.get_child(1, ZX_RIGHT_SAME_RIGHTS, &thread), ZX_ERR_NOT_SUPPORTED);
	no(handle);
	no(process);
	no(thread);
	no(job);
}

static void exceptions(void **)
{
	const zx::exception exception;
	zx::process process;
	zx::thread thread;

	is(exception.get_thread(&thread), ZX_ERR_NOT_SUPPORTED);
	is(exception.get_process(&process), ZX_ERR_NOT_SUPPORTED);
	no(thread);
	no(process);
}

int main()
{
	static const struct CMUnitTest zx_task[] = {
		cmocka_unit_test(ThreadSelf),
		cmocka_unit_test(ThreadCreate),
		cmocka_unit_test(ThreadSetProfile),
		cmocka_unit_test(ThreadSuspend),
		cmocka_unit_test(ProcessSelf),
		cmocka_unit_test(process_create),
		cmocka_unit_test(JobDefault),
		cmocka_unit_test(job_create),
		cmocka_unit_test(GetChild),
		cmocka_unit_test(exceptions),
	};

	return cmocka_run_group_tests(zx_task, nullptr, nullptr);
}
