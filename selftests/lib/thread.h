/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A thread that makes one access and keeps its outcome: success, an errno, or the
 * signal of a bad memory access with its address. And a child process, to be killed.
 */
#ifndef ZXP_SELFTESTS_THREAD_H
#define ZXP_SELFTESTS_THREAD_H

#include <pthread.h>
#include <setjmp.h>
#include <stdbool.h>
#include <sys/types.h>

#include "pager.h"

struct test_thread;

/* Returns 0 or a positive errno. Memory accesses in it may crash. */
typedef int (*access_fn)(struct test_thread *t);

struct test_thread {
	access_fn fn;
	struct test_vmo *vmo;
	uint64_t page;
	uint64_t nr;
	uint32_t op;
	void *arg;		/* the test's own */
	bool zero;		/* the content to be seen is zeroes */
	char *buf;		/* what was read, if not NULL */

	pthread_t thread;
	volatile pid_t tid;
	bool started;
	bool ended;		/* and is joined, but nobody was told the outcome */
	sigjmp_buf env;
	/* The outcome, once joined. */
	int error;
	int signal;
	int signal_code;
	void *signal_addr;
};

/*
 * Accesses; for functions of the test itself there is thread_start().
 *
 * check_vmar	load word by word through the VMO's mapping and compare
 * check_vmo	ZXP_IOC_VMO_READ into a new mapping and compare
 * check_read	one pread() into a new mapping and compare; a short count with
 *		nothing wrong is ENODATA (that is how the end of the file looks)
 * check_at	load word by word at @map, which shows the VMO from its page 0 on
 * touch	load the first word of a page at an address
 * store	store @value in the first word of a page at an address
 */
bool thread_check_vmar(struct test_thread *t, struct test_vmo *vmo, uint64_t page,
		       uint64_t nr);
bool thread_check_vmo(struct test_thread *t, struct test_vmo *vmo, uint64_t page,
		      uint64_t nr);
bool thread_check_read(struct test_thread *t, struct test_vmo *vmo, uint64_t page,
		       uint64_t nr);
bool thread_check_at(struct test_thread *t, struct test_vmo *vmo, const void *map,
		     uint64_t page, uint64_t nr);
bool thread_touch(struct test_thread *t, const void *addr);
bool thread_store(struct test_thread *t, void *addr);
/* A hint, or COMMIT, on pages of a VMO. */
bool thread_op(struct test_thread *t, struct test_vmo *vmo, uint32_t op, uint64_t page,
	       uint64_t nr);
#define thread_commit(t, vmo, page, nr) \
	thread_op(t, vmo, ZXP_VMO_OP_COMMIT, page, nr)

bool thread_start(struct test_thread *t, access_fn fn);

/* Each of these joins the thread; the first leaves the outcome to the test. */
bool thread_join(struct test_thread *t);
bool thread_wait(struct test_thread *t);			/* success */
bool thread_wait_failure(struct test_thread *t, int err);	/* that errno */
bool thread_wait_crash(struct test_thread *t, const void *addr, int sig);

/* Not yet at its end. */
bool thread_running(struct test_thread *t);
/*
 * Not woken: a thread that was asleep and has just been woken is not, even if it did
 * not run yet. So this tells at once, after an answer, whom it has not woken.
 */
bool thread_asleep(const struct test_thread *t);
/* Wait until these threads sleep, and are all that wait for the pager on this VMO. */
bool threads_blocked(struct test_thread *t, unsigned int nr, struct test_vmo *vmo);

/* The word that thread_store() stores. */
#define STORED_WORD	0x5107ed5107ed5107ULL

/* In the calling thread: true if the load or store at @addr crashes with @sig. */
bool crashes(const volatile void *addr, int sig);
bool store_crashes(volatile void *addr, int sig);

/* A process that runs @fn and exits with what that returns. */
pid_t child_start(int (*fn)(void *), void *arg);
/* It has exited with @status. */
bool child_wait(pid_t pid, int status);
/* SIGKILL, and it is gone. */
bool child_kill(pid_t pid);

/* On this kernel memory can be made to fail, and that of a page of a VMO does. */
bool memory_can_fail(void);
bool memory_fails(int fd, uint64_t page);

#endif /* ZXP_SELFTESTS_THREAD_H */
