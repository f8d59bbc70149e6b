// SPDX-License-Identifier: GPL-2.0
/*
 * A thread that makes one access and keeps its outcome.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "thread.h"

static __thread struct test_thread *current;

static void on_crash(int sig, siginfo_t *info, void *context)
{
	struct test_thread *t = current;

	(void)context;
	/* Not a tested access: let it happen again, and end the process. */
	if (!t || info->si_code <= 0) {
		signal(sig, SIG_DFL);
		return;
	}
	t->signal = sig;
	t->signal_code = info->si_code;
	t->signal_addr = info->si_addr;
	siglongjmp(t->env, 1);
}

static void catch_crashes(void)
{
	struct sigaction sa = { .sa_sigaction = on_crash, .sa_flags = SA_SIGINFO };

	sigaction(SIGBUS, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
}

static void run_access(struct test_thread *t)
{
	struct test_thread *outer = current;

	t->error = t->signal = t->signal_code = 0;
	t->signal_addr = NULL;
	current = t;
	if (!sigsetjmp(t->env, 1))
		t->error = t->fn(t);
	current = outer;
}

static void *thread_main(void *arg)
{
	struct test_thread *t = arg;

	t->tid = syscall(SYS_gettid);
	run_access(t);
	return NULL;
}

bool thread_start(struct test_thread *t, access_fn fn)
{
	int rc;

	catch_crashes();
	t->fn = fn;
	t->tid = 0;
	rc = pthread_create(&t->thread, NULL, thread_main, t);
	if (rc) {
		diag("pthread_create: %s", strerror(rc));
		return false;
	}
	t->started = true;
	t->ended = false;
	return wait_until(t->tid);
}

static int compare(struct test_thread *t, const void *buf)
{
	if (t->zero)
		return is_zero(buf, t->nr * page_size) ? 0 : EILSEQ;
	return vmo_matches(t->vmo, t->page, t->nr, buf) ? 0 : EILSEQ;
}

static int check_vmar(struct test_thread *t)
{
	return compare(t, t->vmo->map + t->page * page_size);
}

static int check_at(struct test_thread *t)
{
	return compare(t, (char *)t->arg + t->page * page_size);
}

static int check_vmo(struct test_thread *t)
{
	int rc;

	t->buf = map_anon(t->nr);
	if (!t->buf)
		return ENOMEM;
	rc = zxp_vmo_read(t->vmo->fd, t->page * page_size, t->nr * page_size, t->buf);
	return rc ? -rc : compare(t, t->buf);
}

static int check_read(struct test_thread *t)
{
	ssize_t n;

	t->buf = map_anon(t->nr);
	if (!t->buf)
		return ENOMEM;
	n = pread(t->vmo->fd, t->buf, t->nr * page_size, t->page * page_size);
	if (n < 0)
		return errno;
	return n < (ssize_t)(t->nr * page_size) ? ENODATA : compare(t, t->buf);
}

static int touch(struct test_thread *t)
{
	(void)*(volatile uint64_t *)t->arg;
	return 0;
}

static int store(struct test_thread *t)
{
	*(volatile uint64_t *)t->arg = STORED_WORD;
	return 0;
}

static int op_range(struct test_thread *t)
{
	return -zxp_vmo_op_range(t->vmo->fd, t->op, t->page * page_size,
				 t->nr * page_size);
}

static bool start_range(struct test_thread *t, access_fn fn, struct test_vmo *vmo,
			uint64_t page, uint64_t nr)
{
	t->vmo = vmo;
	t->page = page;
	t->nr = nr;
	return thread_start(t, fn);
}

bool thread_check_vmar(struct test_thread *t, struct test_vmo *vmo, uint64_t page,
		       uint64_t nr)
{
	return start_range(t, check_vmar, vmo, page, nr);
}

bool thread_check_vmo(struct test_thread *t, struct test_vmo *vmo, uint64_t page,
		      uint64_t nr)
{
	return start_range(t, check_vmo, vmo, page, nr);
}

bool thread_check_read(struct test_thread *t, struct test_vmo *vmo, uint64_t page,
		       uint64_t nr)
{
	return start_range(t, check_read, vmo, page, nr);
}

bool thread_check_at(struct test_thread *t, struct test_vmo *vmo, const void *map,
		     uint64_t page, uint64_t nr)
{
	t->arg = (void *)map;
	return start_range(t, check_at, vmo, page, nr);
}

bool thread_touch(struct test_thread *t, const void *addr)
{
	t->arg = (void *)addr;
	return thread_start(t, touch);
}

bool thread_store(struct test_thread *t, void *addr)
{
	t->arg = addr;
	return thread_start(t, store);
}

bool thread_op(struct test_thread *t, struct test_vmo *vmo, uint32_t op, uint64_t page,
	       uint64_t nr)
{
	t->op = op;
	return start_range(t, op_range, vmo, page, nr);
}

bool thread_join(struct test_thread *t)
{
	struct timespec end;
	int rc;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += FAILURE_MS / 1000;
	rc = !t->started ? ESRCH :
	     t->ended ? 0 : pthread_timedjoin_np(t->thread, NULL, &end);
	if (rc) {
		diag("thread %d does not end: %s", t->tid, strerror(rc));
		return false;
	}
	t->started = false;
	return true;
}

static bool outcome(struct test_thread *t, int err, const void *addr, int sig)
{
	if (!thread_join(t))
		return false;
	if (t->error == err && t->signal == sig && t->signal_addr == addr)
		return true;
	diag("outcome: error %d (%s), signal %d (code %d) at %p; instead of error %d, signal %d at %p",
	     t->error, strerror(t->error), t->signal, t->signal_code, t->signal_addr,
	     err, sig, addr);
	return false;
}

bool thread_wait(struct test_thread *t)
{
	return outcome(t, 0, NULL, 0);
}

bool thread_wait_failure(struct test_thread *t, int err)
{
	return outcome(t, err, NULL, 0);
}

bool thread_wait_crash(struct test_thread *t, const void *addr, int sig)
{
	return outcome(t, 0, addr, sig);
}

bool thread_running(struct test_thread *t)
{
	if (t->started && !t->ended)
		t->ended = !pthread_tryjoin_np(t->thread, NULL);
	return t->started && !t->ended;
}

bool thread_asleep(const struct test_thread *t)
{
	char path[64], line[256], *state;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", t->tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (fd < 0 || n <= 0)
		return false;
	line[n] = 0;
	state = strrchr(line, ')');
	return state && (state[2] == 'S' || state[2] == 'D');
}

bool threads_blocked(struct test_thread *t, unsigned int nr, struct test_vmo *vmo)
{
	unsigned int i;

	if (!vmo_wait_blocked(vmo, nr))
		return false;
	for (i = 0; i < nr; i++)
		if (!wait_until(thread_asleep(&t[i])))
			return false;
	return true;
}

static bool try_access(volatile void *addr, access_fn fn, int sig)
{
	struct test_thread t = { .arg = (void *)addr, .fn = fn };

	catch_crashes();
	run_access(&t);
	return t.signal == sig && t.signal_addr == addr;
}

bool crashes(const volatile void *addr, int sig)
{
	return try_access((volatile void *)addr, touch, sig);
}

bool store_crashes(volatile void *addr, int sig)
{
	return try_access(addr, store, sig);
}

pid_t child_start(int (*fn)(void *), void *arg)
{
	pid_t parent = getpid(), pid;

	fflush(stdout);
	fflush(stderr);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(125);
		_exit(fn(arg));
	}
	if (pid < 0)
		diag("fork: %m");
	return pid;
}

/* Reap @pid, but do not wait for ever. */
static bool reap(pid_t pid, int *status)
{
	siginfo_t info = { 0 };

	/* Look whether it has ended, then take it. */
	if (!wait_until(waitid(P_PID, pid, &info, WEXITED | WNOWAIT | WNOHANG) ||
			info.si_pid))
		return false;
	if (waitpid(pid, status, 0) == pid)
		return true;
	diag("waitpid: %m");
	return false;
}

bool child_wait(pid_t pid, int status)
{
	int seen;

	if (!reap(pid, &seen))
		return false;
	if (WIFEXITED(seen) && WEXITSTATUS(seen) == status)
		return true;
	diag("child ended with %#x instead of status %d", seen, status);
	return false;
}

bool child_kill(pid_t pid)
{
	int seen;

	if (kill(pid, SIGKILL)) {
		diag("kill: %m");
		return false;
	}
	if (!reap(pid, &seen))
		return false;
	if (WIFSIGNALED(seen) && WTERMSIG(seen) == SIGKILL)
		return true;
	diag("child ended with %#x instead of SIGKILL", seen);
	return false;
}

struct failing_page {
	int fd;
	uint64_t page;
};

/* It is sent for the page, and cannot be ignored. */
static void survive(int sig)
{
	(void)sig;
}

static int fail_page(void *arg)
{
	const struct failing_page *failing = arg;
	char *page = mmap(NULL, page_size, PROT_READ, MAP_SHARED, failing->fd,
			  failing->page * page_size);

	signal(SIGBUS, survive);
	if (page == MAP_FAILED)
		return errno;
	(void)*(volatile char *)page;
	/* The kernel is right when it says that the page is still in use. */
	return madvise(page, page_size, MADV_HWPOISON) && errno != EBUSY ? errno : 0;
}

/* In a process of its own, as those that have the page mapped keep something of it. */
bool memory_fails(int fd, uint64_t page)
{
	struct failing_page failing = { fd, page };

	return child_wait(child_start(fail_page, &failing), 0);
}

/* Of no page. */
bool memory_can_fail(void)
{
	return !madvise(NULL, 0, MADV_HWPOISON);
}
