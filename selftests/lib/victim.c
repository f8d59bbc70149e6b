// SPDX-License-Identifier: GPL-2.0
/*
 * A process that does what it may not come back from.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "victim.h"

static int victim_main(void *arg)
{
	struct victim *v = arg;
	struct user_pager *p = v->vmo ? v->vmo->pager : NULL;

	int null = open("/dev/null", O_WRONLY);

	if (p) {
		pager_close(p);
		port_close(p);
	}
	if (null < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		return 125;
	v->tid = getpid();
	return v->fn(v);
}

struct victim *victim_start(victim_fn fn, struct test_vmo *vmo, const void *arg)
{
	struct victim *v = mmap(NULL, sizeof(*v), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (v == MAP_FAILED) {
		diag("mmap: %m");
		return NULL;
	}
	v->fn = fn;
	v->vmo = vmo;
	v->arg = arg;
	v->pid = child_start(victim_main, v);
	return v->pid > 0 ? v : NULL;
}

void victim_reach(struct victim *v, int step)
{
	v->step = step;
}

void victim_stop_at(struct victim *v, int step)
{
	v->step = step;
	while (v->allowed < step)
		nap();
}

bool victim_at(struct victim *v, int step)
{
	return wait_until(v->step >= step);
}

void victim_pass(struct victim *v, int step)
{
	v->allowed = step;
}

bool victim_exited(struct victim *v, int status)
{
	return child_wait(v->pid, status);
}

bool victim_ended_by(struct victim *v, int sig, bool core)
{
	int status = 0;

	if (!wait_until(waitpid(v->pid, &status, WNOHANG)))
		return false;
	if (WIFSIGNALED(status) && WTERMSIG(status) == sig &&
	    !!WCOREDUMP(status) == core)
		return true;
	diag("victim ended with %#x instead of signal %d%s", status, sig,
	     core ? " and a core" : "");
	return false;
}

bool victim_kill(struct victim *v)
{
	return child_kill(v->pid);
}
