// SPDX-License-Identifier: GPL-2.0
/*
 * The process that runs one program, and then ends, whatever its threads still wait
 * for.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fuzz.h"

/* So long a thread may take to notice that it need not wait any more. */
#define WAKE_LIMIT_S	60

struct shared *shared;
struct thread threads[MAX_THREADS];
atomic_int slots[NR_SLOTS];
pthread_mutex_t stream_lock = PTHREAD_MUTEX_INITIALIZER;
bool keep_copies;
atomic_bool alone;

static const struct program *program;
static bool fail_calls;
static int done_fd;

int slot_fd(uint64_t arg)
{
	int fd = (int)arg;

	if (arg < NR_SLOTS)
		return atomic_load(&slots[arg]);
	return fd >= 0 && fd < 4096 ? FIRST_HIDDEN - 1 : fd;
}

void slot_put(unsigned int slot, int fd)
{
	bool stream = slot < SLOT_VMO;
	int old;

	/* See read_stream(). */
	if (stream)
		pthread_mutex_lock(&stream_lock);
	old = atomic_exchange(&slots[slot], fd);
	if (old >= 0)
		close(old);
	if (stream)
		pthread_mutex_unlock(&stream_lock);
}

/* The first one counts: what comes after may come of it. */
void finding(const char *format, ...)
{
	va_list args;

	if (atomic_fetch_add(&shared->nr_findings, 1))
		return;
	va_start(args, format);
	vsnprintf(shared->finding, sizeof(shared->finding), format, args);
	va_end(args);
}

void write_string(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		fprintf(stderr, "# %s: %s\n", path, strerror(errno));
	close(fd);
}

/* Move a descriptor to where no program finds it. */
int hide_fd(int fd)
{
	int hidden = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_HIDDEN);

	if (fd >= 0)
		close(fd);
	if (hidden < FIRST_COPY)
		return hidden;
	close(hidden);
	errno = EMFILE;
	return -1;
}

__attribute__((noreturn))
static void cannot_begin(const char *what)
{
	fprintf(stderr, "# the worker cannot begin: %s: %s\n", what, strerror(errno));
	_exit(NO_WORKER);
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
	unsigned int i;
	pid_t tid = gettid();

	(void)context;
	for (i = 0; i < MAX_THREADS; i++) {
		struct thread *t = &threads[i];

		if (atomic_load(&t->tid) != tid)
			continue;
		if (t->touching)
			siglongjmp(t->back, 1);
		/* What was to fail was the kernel's way to tell of another signal. */
		if (t->failing && info->si_code == SI_KERNEL) {
			t->failing = false;
			return;
		}
	}
	finding("the worker itself got signal %d at %p", signal, info->si_addr);
	_exit(1);
}

static void on_signal(int signal)
{
	(void)signal;
}

static void set_signals(void)
{
	struct sigaction fault = {
		.sa_sigaction = on_fault,
		.sa_flags = SA_SIGINFO | SA_NODEFER,
	};
	struct sigaction nothing = { .sa_handler = on_signal };

	sigaction(SIGBUS, &fault, NULL);
	sigaction(SIGSEGV, &fault, NULL);
	sigaction(SIGUSR1, &nothing, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGIO, SIG_IGN);
}

/* What is set may make this very call fail: then it is used up. */
static void set_fail(struct thread *t, unsigned int nth)
{
	char text[8];
	int n = snprintf(text, sizeof(text), "%u", nth);

	if (pwrite(t->fail_fd, text, n, 0) < 0 &&
	    pwrite(t->fail_fd, text, n, 0) < 0)
		finding("fail-nth: %s", strerror(errno));
}

static void make_call(struct thread *t, unsigned int i)
{
	const struct call *c = &program->call[i];
	const struct call_desc *d = &calls[c->kind];
	bool failing = c->fail && fail_calls;
	long ret;

	atomic_store(&t->at, i);
	atomic_fetch_add(&t->progress, 1);
	t->failing = failing;
	if (failing)
		set_fail(t, c->fail);
	ret = d->run(t, d, c->arg);
	if (failing)
		set_fail(t, 0);
	t->failing = false;
	if (ret < 0)
		check_errno(d, -ret, failing);
	atomic_store(&shared->result[i], ret < 0 ? ret : ret > 0);
}

static void tell(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		cannot_begin("tell");
}

/* So that what the kernel reports of a thread, or of its memory, names the program. */
static void set_name(void)
{
	char name[16];

	snprintf(name, sizeof(name), THREAD_NAME "%lu", shared->number);
	prctl(PR_SET_NAME, name);
}

static void run_calls(struct thread *t)
{
	unsigned int i;

	set_name();
	for (i = 0; i < program->nr && !atomic_load(&shared->stop); i++)
		if (program->call[i].thread == t->id)
			make_call(t, i);
}

static void *thread_main(void *arg)
{
	struct thread *t = arg;
	int go = 0;

	if (fail_calls) {
		t->fail_fd = hide_fd(open("/proc/thread-self/fail-nth",
					  O_RDWR | O_CLOEXEC));
		if (t->fail_fd < 0)
			cannot_begin("fail-nth");
	}
	cover_enable(t->id);
	atomic_store(&t->tid, gettid());
	tell(done_fd);
	for (;;) {
		while (atomic_load(&t->go) == go)
			syscall(SYS_futex, &t->go, FUTEX_WAIT_PRIVATE, go, NULL, NULL,
				0);
		go = atomic_load(&t->go);
		run_calls(t);
		atomic_store(&t->done, true);
		tell(done_fd);
	}
	return NULL;
}

/* Sleeping, in the kernel's eyes? */
static bool sleeps(const struct thread *t)
{
	char text[256], *state;
	ssize_t n = pread(t->stat_fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return true;
	text[n] = '\0';
	state = strrchr(text, ')');
	return !state || state[2] != 'R';
}

/* Is nothing going on in these threads any more: all are done, or asleep? */
static bool at_rest(unsigned int first, unsigned int last, bool *all_done)
{
	static unsigned int before[MAX_THREADS];
	bool rest = true;
	unsigned int i;

	*all_done = true;
	for (i = first; i <= last; i++) {
		struct thread *t = &threads[i];
		unsigned int progress = atomic_load(&t->progress);

		if (!t->started || atomic_load(&t->done))
			continue;
		*all_done = false;
		if (progress != before[i] || !sleeps(t))
			rest = false;
		before[i] = progress;
	}
	return rest;
}

/* What is done is told by an event, what sleeps is not: look every few ms. */
static void wait_event(int ms)
{
	struct pollfd p = { .fd = done_fd, .events = POLLIN };
	uint64_t n;

	if (poll(&p, 1, ms) > 0 && read(done_fd, &n, sizeof(n)) < 0)
		return;
}

/* Twice asleep at the same call is asleep. */
static bool wait_rest(unsigned int first, unsigned int last)
{
	unsigned int times = 0;
	bool all_done;

	for (;;) {
		times = at_rest(first, last, &all_done) ? times + 1 : 0;
		if (all_done || times > 2)
			return all_done;
		wait_event(2);
	}
}

static void start(struct thread *t)
{
	t->started = true;
	atomic_fetch_add(&t->go, 1);
	syscall(SYS_futex, &t->go, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

static void make_thread(struct thread *t, unsigned int id)
{
	char path[64];
	pthread_t thread;

	t->id = id;
	t->fail_fd = -1;
	errno = pthread_create(&thread, NULL, thread_main, t);
	if (errno)
		cannot_begin("a thread");
	/* So that a number is the same each time. */
	while (!atomic_load(&t->tid))
		wait_event(1000);
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", atomic_load(&t->tid));
	t->stat_fd = hide_fd(open(path, O_RDONLY | O_CLOEXEC));
	if (t->stat_fd < 0)
		cannot_begin(path);
}

/* Those who wait for something that the end does not bring. */
static bool excused(const struct thread *t)
{
	unsigned int i = atomic_load(&t->at);

	return calls[program->call[i].kind].waits;
}

static void end_detach(void)
{
	unsigned int i, left = 1, rounds = WAKE_LIMIT_S * 50;

	atomic_store(&shared->stop, 1);
	if (!detach_all())
		return;
	while (left && rounds--) {
		for (i = 0, left = 0; i < MAX_THREADS; i++) {
			struct thread *t = &threads[i];

			if (!t->started || atomic_load(&t->done) || excused(t))
				continue;
			left++;
			if (!rounds)
				finding("call %u (%s) still waits after all VMOs are detached",
					atomic_load(&t->at) + 1,
					calls[program->call[atomic_load(&t->at)].kind].name);
		}
		if (left)
			wait_event(20);
	}
}

static void end(void)
{
	unsigned int i;

	switch (program->end) {
	case END_SERVE:
		for (i = 0; i < 16; i++) {
			serve_all(0);
			if (wait_rest(0, MAX_THREADS - 1))
				break;
		}
		break;
	case END_DETACH:
		end_detach();
		break;
	case END_CLOSE:
		atomic_store(&shared->stop, 1);
		for (i = 0; i < NR_SLOTS; i++)
			close(atomic_exchange(&slots[i], -1));
		wait_rest(0, MAX_THREADS - 1);
		break;
	default:
		break;
	}
}

/* Run it. True if all its threads are done. */
static bool run_program(void)
{
	unsigned int i;

	keep_copies = program->end == END_DETACH;
	for (i = 0; i < program->nr; i++)
		threads[program->call[i].thread].used = true;
	atomic_store(&alone, true);
	if (threads[0].used) {
		start(&threads[0]);
		wait_rest(0, 0);
	}
	atomic_store(&alone, false);
	for (i = 1; i < MAX_THREADS; i++)
		if (threads[i].used)
			start(&threads[i]);
	if (!wait_rest(0, MAX_THREADS - 1))
		end();
	for (i = 0; i < MAX_THREADS; i++)
		if (threads[i].started && !atomic_load(&threads[i].done))
			return false;
	return true;
}

/* Has it changed what a next one would find? */
static bool leaves_traces(void)
{
	unsigned int i;

	for (i = 0; i < program->nr; i++)
		if (calls[program->call[i].kind].run == run_fork ||
		    calls[program->call[i].kind].run == run_limit)
			return true;
	return atomic_load(&shared->nr_findings);
}

static void clean_up(void)
{
	unsigned int i;

	for (i = 0; i < NR_SLOTS; i++)
		atomic_store(&slots[i], -1);
	for (i = 0; i < MAX_THREADS; i++) {
		threads[i].used = false;
		threads[i].started = false;
		atomic_store(&threads[i].done, false);
		atomic_store(&threads[i].at, 0);
	}
	syscall(SYS_close_range, 0, FIRST_HIDDEN - 1, 0);
	syscall(SYS_close_range, FIRST_COPY, ~0U, 0);
	vmos_forget();
	generations_forget();
	arena_renew();
}

/* Programs, one after the other, as long as their threads end. */
void worker_main(int go_fd, int ready_fd, bool failing)
{
	struct rlimit files = { 4096, 4096 };
	unsigned int i;
	uint64_t n;

	program = &shared->program;
	fail_calls = failing;
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_NOFILE, &files);
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	set_signals();
	done_fd = hide_fd(eventfd(0, EFD_CLOEXEC));
	if (done_fd < 0)
		cannot_begin("an event");
	for (i = 0; i < MAX_THREADS; i++)
		make_thread(&threads[i], i);
	/* Numbers below that of the coverage are the program's from here on. */
	clean_up();
	while (read(go_fd, &n, sizeof(n)) == sizeof(n)) {
		if (!run_program() || leaves_traces())
			break;
		clean_up();
		tell(ready_fd);
	}
	_exit(0);
}
