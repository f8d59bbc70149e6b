// SPDX-License-Identifier: GPL-2.0
/*
 * Walks through all faults of one operation.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "failnth.h"
#include "walk.h"

/* More than any operation has: then it does not end. */
#define MAX_FAULTS	20000

#define CGROUP		"/sys/fs/cgroup/zxp_fail"
/* Of objects of the kernel in it some are kept; kmemleak knows those that are lost. */
#define KEPT_BYTES	(64 << 10)

static const char *walk_name;

static bool scene_init(struct walk_scene *s, const struct walk_op *op)
{
	static char *out, *in;

	if (!out) {
		out = map_anon(WALK_ROOM);
		in = map_anon(WALK_ROOM);
		memset(out, 0, WALK_ROOM * page_size);
	}
	memset(s, 0, sizeof(*s));
	memset(in, 0, WALK_ROOM * page_size);
	s->out = out;
	s->in = in;
	s->fd = s->aux = s->pipe[0] = s->pipe[1] = -1;
	if (!user_pager_init(&s->p) ||
	    fcntl(s->p.port, F_SETFL, O_RDWR | O_NONBLOCK))
		return false;
	s->vmo = pager_create_vmo_flags(&s->p, (op->pages ?: WALK_PAGES) * page_size + op->bytes,
					op->options, op->create_flags);
	return s->vmo && (!op->prepare || op->prepare(s));
}

static void scene_fini(struct walk_scene *s)
{
	int *fds[] = { &s->fd, &s->aux, &s->pipe[0], &s->pipe[1] };
	unsigned int i;

	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (*fds[i] >= 0)
			close(*fds[i]);
	if (s->map)
		munmap(s->map, s->map_bytes);
	if (s->window)
		munmap(s->window, WALK_WINDOW);
	/* Who waits fails when the pager is gone. */
	pager_close(&s->p);
	if (s->t.started)
		thread_join(&s->t);
	user_pager_fini(&s->p);
}

/* The state in the end, with the packets that nobody has read. */
struct end_state {
	struct vmo_view view;
	struct zxp_packet packets[VIEW_PACKETS];
	unsigned int nr_packets;
};

static bool look_at_end(struct walk_scene *s, struct end_state *end)
{
	ssize_t n = 0;

	memset(end, 0, sizeof(*end));
	if (s->vmo->fd >= 0 && !vmo_look(s->vmo, &end->view))
		return false;
	if (s->p.port >= 0)
		n = read(s->p.port, end->packets, sizeof(end->packets));
	if (n > 0)
		end->nr_packets = n / sizeof(end->packets[0]);
	else if (n < 0 && errno != EAGAIN)
		diag("packets: %m");
	return n >= 0 || errno == EAGAIN;
}

static bool ends_match(const struct end_state *want, const struct end_state *got,
		       bool reasks)
{
	if (!views_match(&want->view, &got->view))
		return false;
	if (reasks || (want->nr_packets == got->nr_packets &&
		       !memcmp(want->packets, got->packets, sizeof(got->packets))))
		return true;
	diag("%u packets instead of %u, or others", got->nr_packets, want->nr_packets);
	return false;
}

/* What fails: the nth of all, or all of it; or nothing. */
struct fault {
	unsigned int nth;
	unsigned int starved;	/* STARVE_* */
};

static const struct fault no_fault;

/* Once, with @fault. */
static int run(const struct walk_op *op, struct walk_scene *s, struct fault fault,
	       bool *injected)
{
	bool served = op->how & WALK_SERVED;
	int ret;

	*injected = false;
	watchdog_expect(walk_name, fault.nth);
	if (served && !server_start(&s->server, &s->p))
		return -ENOTRECOVERABLE;
	if (op->function && (fault.nth || fault.starved))
		fail_function_arm(fault.nth);
	else if (fault.starved)
		starve_begin(fault.starved);
	else if (fault.nth)
		fail_arm(fault.nth);
	ret = op->run(s);
	if (op->function && (fault.nth || fault.starved))
		*injected = fail_function_disarm();
	else if (fault.starved)
		starve_end();
	else if (fault.nth)
		*injected = fail_disarm();
	*injected = *injected || fault.starved;
	if (served && !server_end(&s->server))
		return -ENOTRECOVERABLE;
	return ret;
}

struct tally {
	unsigned int faults;
	unsigned int enomem;
	unsigned int efault;
	unsigned int other;
};

static bool may_fail(const struct walk_op *op, int ret, bool starved,
		     struct tally *tally)
{
	if (ret == op->fails || ret == op->may_fail) {
		tally->other++;
		return true;
	}
	switch (ret) {
	case -ENOMEM:
		tally->enomem++;
		return op->how & (WALK_ENOMEM | WALK_MAY_ENOMEM | (starved ? WALK_STARVED : 0));
	case -EFAULT:
		tally->efault++;
		return op->how & (WALK_EFAULT | WALK_MAY_EFAULT);
	case -EAGAIN:
		tally->other++;
		return op->how & WALK_MAY_EAGAIN;
	default:
		return false;
	}
}

/* It has failed: is all as it should be, and does it work the next time? */
static bool recover(const struct walk_op *op, struct walk_scene *s,
		    const struct vmo_view *before, const struct end_state *want)
{
	struct vmo_view now;
	bool injected;
	int ret;

	if (s->vmo->fd >= 0) {
		if (!vmo_look(s->vmo, &now))
			return false;
		if (op->how & WALK_ATOMIC ? !views_match(before, &now) :
					    !view_is_between(before, &now, &want->view))
			return false;
		if (!(op->how & WALK_REASKS) &&
		    (now.waiting != before->waiting ||
		     (!(op->how & WALK_HINT) && now.requests > before->requests))) {
			diag("somebody waits: %llu for %llu requests",
			     (unsigned long long)now.waiting,
			     (unsigned long long)now.requests);
			return false;
		}
	}
	if (op->again && !op->again(s))
		return false;
	ret = run(op, s, no_fault, &injected);
	if (ret)
		diag("done again it fails: %s", strerror(-ret));
	return !ret;
}

static bool try_fault(const struct walk_op *op, struct walk_scene *s,
		      struct fault fault, const struct end_state *want,
		      struct tally *tally, bool *more)
{
	struct vmo_view before;
	struct end_state end;
	int ret, fd;

	if (s->vmo->fd >= 0 && !vmo_look(s->vmo, &before))
		return false;
	fd = lowest_fd();
	ret = run(op, s, fault, more);
	if (ret && !*more) {
		diag("fails without a fault: %s", strerror(-ret));
		return false;
	}
	if (ret && !may_fail(op, ret, fault.starved, tally)) {
		diag("fails with %s", strerror(-ret));
		return false;
	}
	if (ret && lowest_fd() != fd) {
		diag("fails and leaves a descriptor open");
		return false;
	}
	if ((ret || (*more && op->how & WALK_HINT)) && !recover(op, s, &before, want))
		return false;
	return (!op->finish || op->finish(s)) && look_at_end(s, &end) &&
	       ends_match(want, &end, op->how & WALK_REASKS);
}

static bool enough(const struct walk_op *op, const struct tally *tally)
{
	diag("%s: %u faults, %u ENOMEM, %u EFAULT, %u other errors", walk_name,
	     tally->faults, tally->enomem, tally->efault, tally->other);
	if (op->how & (WALK_ENOMEM | WALK_STARVED) && !tally->enomem)
		diag("%s never failed with ENOMEM", walk_name);
	else if (op->how & WALK_EFAULT && !tally->efault)
		diag("%s never failed with EFAULT", walk_name);
	else if (op->fails && !tally->other)
		diag("%s never failed with %s", walk_name, strerror(-op->fails));
	else if (tally->faults < op->min_faults ||
		 (!tally->faults && !(op->how & WALK_SAFE)))
		diag("%s had too few faults", walk_name);
	else
		return true;
	return false;
}

/* With a VMO that stays the file system of all of them need not be mounted anew. */
static bool keep_mount(void)
{
	int pager = zxp_open(0), vmo = zxp_create_plain(pager, page_size);

	close(pager);
	return vmo >= 0;
}

/* No memory of one kind, then of the other, then of none. */
static bool walk_starved(const struct walk_op *op, const struct end_state *want,
			 struct tally *tally)
{
	struct walk_scene s;
	unsigned int what;
	bool ok = true, more;

	for (what = STARVE_SLAB; ok && what <= (STARVE_SLAB | STARVE_PAGES); what++) {
		ok = scene_init(&s, op) &&
		     try_fault(op, &s, (struct fault){ .starved = what }, want, tally,
			       &more);
		scene_fini(&s);
		if (!ok)
			diag("%s: that was without memory of kind %u", walk_name, what);
	}
	return ok;
}

static bool walk_here(const struct walk_op *op)
{
	int64_t start = now_ms();
	struct tally tally = { 0 };
	struct end_state want;
	struct walk_scene s;
	bool ok, more;
	unsigned int n;
	int ret;

	fail_arm(0);
	starve_init();
	if (!(op->how & WALK_ALONE) && !keep_mount())
		return false;
	/* What it is when nothing fails; it also touches what there is to touch. */
	watchdog_expect(walk_name, 0);
	ok = scene_init(&s, op);
	ret = ok ? run(op, &s, no_fault, &more) : 0;
	if (ret)
		diag("fails: %s", strerror(-ret));
	ok = ok && !ret && (!op->finish || op->finish(&s)) && look_at_end(&s, &want);
	scene_fini(&s);
	for (n = 1, more = true; ok && more; n += op->step ?: 1) {
		ok = scene_init(&s, op) &&
		     try_fault(op, &s, (struct fault){ .nth = n }, &want, &tally, &more);
		scene_fini(&s);
		tally.faults += ok && more;
		if (ok && n >= MAX_FAULTS) {
			diag("there is no end to it");
			ok = false;
		}
	}
	if (!ok)
		diag("%s: that was with fault %u", walk_name, n - (op->step ?: 1));
	ok = ok && (!(op->how & WALK_STARVED) || walk_starved(op, &want, &tally));
	diag("%s: %lld ms", walk_name, (long long)(now_ms() - start));
	return ok && enough(op, &tally);
}

static long long cgroup_stat(const char *name)
{
	return read_keyed(CGROUP "/memory.stat", name);
}

/* Pages that each processor is about to put into a list. move_pages() waits for those. */
static void drain_lists(void)
{
	void *page = &page_size;
	int node = 0, status;

	syscall(SYS_move_pages, 0, 1, &page, &node, &status, 0);
}

/*
 * Pages that are in use, but not in any cache nor mapped, are lost. What is kept for
 * the next charge goes when there is a limit, and so do files of others.
 */
static bool cgroup_is_empty(void)
{
	long long kernel = cgroup_stat("kernel");

	drain_lists();
	return !write_file(CGROUP "/memory.high", "0") &&
	       kernel <= KEPT_BYTES &&
	       read_number(CGROUP "/memory.current") <=
	       kernel + cgroup_stat("file") + cgroup_stat("anon");
}

bool walk(const struct walk_op *op, const char *name)
{
	int status;
	pid_t pid;
	bool ok;

	walk_name = name;
	if ((mkdir(CGROUP, 0755) && errno != EEXIST) ||
	    write_file(CGROUP "/memory.high", "max")) {
		diag(CGROUP ": %m");
		return false;
	}
	if (op->function && !fail_function_begin(op->function, op->error))
		return false;
	pid = fork();
	if (!pid)
		_exit(!(enter_cgroup(CGROUP) && watchdog_start() && walk_here(op)));
	ok = pid > 0 && waitpid(pid, &status, 0) == pid;
	if (ok && WIFSIGNALED(status))
		diag("%s ended with signal %d", walk_name, WTERMSIG(status));
	ok = ok && !status;
	if (op->function)
		fail_function_end(op->function);
	if (ok && !wait_until(cgroup_is_empty())) {
		diag("%lld bytes are left, %lld of them the kernel's own",
		     read_number(CGROUP "/memory.current"), cgroup_stat("kernel"));
		ok = false;
	}
	if (rmdir(CGROUP))
		diag("rmdir " CGROUP ": %m");
	return ok;
}
