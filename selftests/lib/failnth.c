// SPDX-License-Identifier: GPL-2.0
/*
 * Faults that the kernel injects, and a watchdog.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "failnth.h"

#define DEBUGFS		"/sys/kernel/debug/"
#define FUNCTION	DEBUGFS "fail_function/"

/* Far more than anything takes on a slow and busy machine. */
#define HANGS_MS	120000

static __thread int fail_fd = -1, starve_fd = -1;
static __thread bool paused, was_injected;
static __thread unsigned int remaining;

/*
 * fail-nth needs no probability, but the filters apply. A stack in the kernel log for
 * each fault is nothing that anybody would read.
 */
static const char *const settings[][2] = {
	{ "failslab/ignore-gfp-wait", "N" },
	{ "failslab/cache-filter", "N" },
	{ "failslab/verbose", "0" },
	{ "failslab/task-filter", "Y" },
	{ "failslab/times", "-1" },
	{ "fail_page_alloc/ignore-gfp-wait", "N" },
	{ "fail_page_alloc/ignore-gfp-highmem", "N" },
	{ "fail_page_alloc/min-order", "0" },
	{ "fail_page_alloc/verbose", "0" },
	{ "fail_page_alloc/task-filter", "Y" },
	{ "fail_page_alloc/times", "-1" },
	{ "fail_usercopy/verbose", "0" },
	{ "fail_function/verbose", "0" },
	{ "fail_function/times", "0" },
	{ "fail_function/space", "0" },
	{ "fail_function/interval", "1" },
	{ "fail_function/task-filter", "N" },
	{ "fail_function/probability", "100" },
};

const char *fail_init(void)
{
	static char reason[256];
	char path[128];
	unsigned int i;

	if (access("/proc/thread-self/fail-nth", W_OK))
		return "the kernel has no CONFIG_FAULT_INJECTION";
	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		snprintf(path, sizeof(path), DEBUGFS "%s", settings[i][0]);
		if (write_file(path, settings[i][1])) {
			snprintf(reason, sizeof(reason), "no %s: %s", path,
				 strerror(errno));
			return reason;
		}
	}
	return NULL;
}

/*
 * The write itself copies from the caller, and so may be the nth; then it fails, and
 * there is nothing to be disarmed any more.
 */
static void fail_set(unsigned int n)
{
	char text[16];

	if (fail_fd < 0)
		fail_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	snprintf(text, sizeof(text), "%u", n);
	if (pwrite(fail_fd, text, strlen(text), 0) < 0 && (n || errno != EFAULT)) {
		perror("fail-nth");
		_exit(1);
	}
}

void fail_arm(unsigned int n)
{
	/* A first time, so that what the second one touches is there. */
	fail_set(0);
	paused = false;
	fail_set(n);
}

void fail_pause(void)
{
	char text[16] = "";
	ssize_t got = pread(fail_fd, text, sizeof(text) - 1, 0);

	/* If that was the nth, then nothing before it was. */
	remaining = got > 0 ? strtoul(text, NULL, 10) : 1;
	was_injected = !remaining;
	paused = true;
	fail_set(0);
}

void fail_resume(void)
{
	paused = false;
	fail_set(remaining);
}

unsigned int fail_remaining(void)
{
	return remaining;
}

bool fail_disarm(void)
{
	if (!paused)
		fail_pause();
	paused = false;
	return was_injected;
}

static void fail_always(const char *what, bool always)
{
	char path[128];

	snprintf(path, sizeof(path), DEBUGFS "%s/probability", what);
	if (write_file(path, always ? "100" : "0")) {
		perror(path);
		_exit(1);
	}
}

/* Who is starved can open no file, so that one is open before. */
void starve_init(void)
{
	starve_fd = open("/proc/thread-self/make-it-fail", O_RDWR | O_CLOEXEC);
}

void starve_begin(unsigned int what)
{
	fail_always("failslab", what & STARVE_SLAB);
	fail_always("fail_page_alloc", what & STARVE_PAGES);
	if (pwrite(starve_fd, "1", 1, 0) != 1) {
		perror("make-it-fail");
		_exit(1);
	}
}

void starve_end(void)
{
	if (pwrite(starve_fd, "0", 1, 0) != 1) {
		perror("make-it-fail");
		_exit(1);
	}
	fail_always("failslab", false);
	fail_always("fail_page_alloc", false);
}

static bool uses_ftrace(const char *function)
{
	FILE *f = fopen(DEBUGFS "kprobes/list", "re");
	char line[256];
	bool found = false;

	while (f && fgets(line, sizeof(line), f))
		found = found || (strstr(line, function) && strstr(line, "[FTRACE]"));
	if (f)
		fclose(f);
	return found;
}

const char *fail_functions_init(void)
{
	const char *reason = fail_init(), *ours = "zxp_request_start";
	bool fine;

	if (reason)
		return reason;
	if (write_file(FUNCTION "inject", ours))
		return "no error can be injected into zxpager";
	fine = access("/proc/lockdep", F_OK) || uses_ftrace(ours);
	fail_function_end(ours);
	return fine ? NULL : "with lockdep errors of functions need CONFIG_DYNAMIC_FTRACE";
}

bool fail_function_begin(const char *function, int err)
{
	char path[128], text[32];
	int rc;

	rc = write_file(FUNCTION "inject", function);
	if (rc) {
		diag("errors cannot be injected into %s: %s", function, strerror(-rc));
		return false;
	}
	snprintf(path, sizeof(path), FUNCTION "%s/retval", function);
	snprintf(text, sizeof(text), "%#llx", (unsigned long long)(long long)err);
	rc = write_file(path, text);
	if (rc)
		diag("%s: %s", path, strerror(-rc));
	return !rc;
}

/* "space" is what the calls use up before one fails, each of them 1. */
void fail_function_arm(unsigned int n)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", n);
	if (write_file(FUNCTION "space", text) ||
	    write_file(FUNCTION "times", n ? "1" : "-1")) {
		perror("fail_function");
		_exit(1);
	}
}

bool fail_function_disarm(void)
{
	bool injected = read_number(FUNCTION "times") == 0;

	write_file(FUNCTION "times", "0");
	return injected;
}

void fail_function_end(const char *function)
{
	char text[128];

	snprintf(text, sizeof(text), "!%s", function);
	write_file(FUNCTION "inject", text);
}

static struct {
	pthread_mutex_t lock;
	const char *name;
	unsigned int n;
	int64_t deadline;
} dog = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void *watch(void *arg)
{
	(void)arg;
	for (;;) {
		sleep(1);
		pthread_mutex_lock(&dog.lock);
		if (dog.name && now_ms() > dog.deadline) {
			diag("%s hangs with fault %u", dog.name, dog.n);
			kill(getpid(), SIGKILL);
		}
		pthread_mutex_unlock(&dog.lock);
	}
	return NULL;
}

bool watchdog_start(void)
{
	pthread_t thread;

	return !pthread_create(&thread, NULL, watch, NULL);
}

void watchdog_expect(const char *name, unsigned int n)
{
	pthread_mutex_lock(&dog.lock);
	dog.name = name;
	dog.n = n;
	dog.deadline = now_ms() + HANGS_MS;
	pthread_mutex_unlock(&dog.lock);
}

int lowest_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}
