// SPDX-License-Identifier: GPL-2.0
/*
 * Race everything: rounds in which clients, daemons and bystanders do all there is at
 * once. See stress.h for who is who, and what has to hold.
 *
 *   ZXPAGER_KO	    the module; it is loaded for each round, and has to go after it
 *   ZXP_SECONDS    how long, default 60
 *   ZXP_ROUND	    seconds of a round, default 10
 *   ZXP_KEEP_GOING  also after a round that failed
 *   ZXP_PATIENCE   so often the supervisor looks before somebody is stuck, default 900
 *   ZXP_SEED	    repeats the dice of all threads, though not their order
 *
 * Prints KTAP: a test for each round, and three for what was done and for
 * the memory of the kernel.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "client.h"

#define BYSTANDERS	4
#define EXTRA		4	/* rounds */

static pid_t clients[PROCS], bystanders[BYSTANDERS];
static uint64_t incarnations;
static int tests, failures;

static void test_result(bool ok, const char *fmt, ...)
{
	char name[100];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	failures += !ok;
	printf("%s %d %s\n", ok ? "ok" : "not ok", ++tests, name);
	fflush(stdout);
}

static void pause_ms(int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

/* --- the module ------------------------------------------------------------------- */

static bool module_load(void)
{
	const char *path = getenv("ZXPAGER_KO");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	bool ok = fd >= 0 && !syscall(SYS_finit_module, fd, "", 0);

	if (!ok)
		diag("cannot load ZXPAGER_KO=%s: %m", path ? path : "");
	close(fd);
	return ok && wait_long(!access(ZXP_DEV, R_OK));
}

static int module_delete(void)
{
	return syscall(SYS_delete_module, "zxpager", O_NONBLOCK);
}

/* The last references go a moment after the last process. */
static bool module_unload(void)
{
	return wait_long(!module_delete());
}

/* --- processes -------------------------------------------------------------------- */

static pid_t start(const char *name)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, name);
	return 0;
}

static void start_client(int proc)
{
	uint64_t incarnation = incarnations++;
	int i;

	for (i = 0; i < THREADS; i++) {
		struct actor_board *ab = &board->actor[proc * THREADS + i];

		put(ab->pid, 0);
		put(ab->base, 0);
		put(ab->seq, ab->seq + 1);
	}
	clients[proc] = start("zxp-client");
	if (!clients[proc]) {
		setpgid(0, 0);
		cgroup_of_clients();
		client_main(proc, incarnation);
	}
	setpgid(clients[proc], clients[proc]);
}

/*
 * SIGKILL, to forked children of it as well, which may be in the middle of a write. Who
 * comes instead must not begin before the last of them has gone.
 */
static bool kill_client(int proc)
{
	uint64_t begin = now_ns();
	pid_t group = clients[proc];

	kill(-group, SIGKILL);
	while (waitpid(-group, NULL, WNOHANG) >= 0) {
		nap();
		if (now_ns() - begin < 100ULL * 1000000000)
			continue;
		wrong("client %d was killed and does not go", group);
		watch_tell();
		return false;
	}
	figures_killed(now_ns() - begin);
	tally_killed();
	return true;
}

static bool get_fds(int pager)
{
	struct pager_board *pb = &board->pager[pager];
	int pidfd = syscall(SYS_pidfd_open, pb->pid, 0), v;
	bool ok = pidfd >= 0;

	for (v = 0; ok && v < VMOS; v++) {
		struct vmo_board *vb = &board->vmo[v];

		if (vb->pager != pager)
			continue;
		vb->fd = syscall(SYS_pidfd_getfd, pidfd, vb->daemon_fd, 0);
		ok = vb->fd >= 0;
	}
	close(pidfd);
	return ok;
}

static bool start_daemons(struct dice *d)
{
	int i;

	for (i = 0; i < PAGERS; i++) {
		struct pager_board *pb = &board->pager[i];
		pid_t pid;

		pb->exact = one_in(d, 2);
		pb->fate = one_in(d, 2) ? FATE_LIVES : roll(d, NR_FATES);
		/* A stream of the pager's own goes with the pager. */
		if (!i && pb->fate == FATE_CLOSES_PORT)
			pb->fate = FATE_CLOSES_PAGER;
		pid = start("zxp-daemon");
		if (!pid)
			_exit(daemon_main(i));
		pb->pid = pid;
		if (!wait_long(load(pb->ready) || load(board->wrong)) || load(board->wrong) ||
		    !get_fds(i)) {
			wrong("no daemon");
			return false;
		}
	}
	return true;
}

static void start_bystanders(void)
{
	static void (*const mains[])(void) = {
		reclaim_main, unload_main, churn_main, cgroup_main,
	};
	static const char *const names[] = {
		"zxp-reclaim", "zxp-unload", "zxp-churn", "zxp-cgroup",
	};
	int i;

	for (i = 0; i < BYSTANDERS; i++) {
		bystanders[i] = start(names[i]);
		if (!bystanders[i]) {
			mains[i]();
			_exit(0);
		}
	}
}

/* --- a round ---------------------------------------------------------------------- */

static void kill_daemon(int pager)
{
	struct pager_board *pb = &board->pager[pager];
	int v;

	for (v = 0; v < VMOS; v++)
		if (board->vmo[v].pager == pager)
			put(board->vmo[v].gone, true);
	kill(pb->pid, SIGKILL);
	waitpid(pb->pid, NULL, 0);
	put(pb->pid, 0);
}

/*
 * Kill whom the dice say while the clients run. Where all is slow, or the clock is fast, the
 * round takes longer, so that something is done in it.
 */
static bool race(struct dice *d, int64_t end)
{
	int64_t length = end - now_ms(), calm_at = end - length / 3, limit = end + 3 * length;
	int64_t kill_at = now_ms() + length / 4 + roll(d, length / 4);
	int i;

	while (now_ms() < (tally_long_round() ? end : limit) && !load(board->wrong)) {
		pause_ms(WATCH_MS);
		if (!watch())
			return false;
		if (now_ms() > (tally_long_round() ? calm_at : limit - length))
			put(board->calm, true);
		if (!board->calm && one_in(d, 4)) {
			i = roll(d, PROCS);
			if (!kill_client(i))
				return false;
			start_client(i);
		}
		if (now_ms() < kill_at)
			continue;
		kill_at = INT64_MAX;
		for (i = 0; i < PAGERS; i++)
			if (board->pager[i].fate == FATE_KILLED)
				kill_daemon(i);
	}
	return true;
}

/*
 * Wait for a process to end by itself. False: it is stuck, as are those whom nobody
 * watches after too many looks.
 */
static bool reap(pid_t pid, const char *what, bool watched)
{
	unsigned int looks = 0;
	int status;

	while (!waitpid(pid, &status, WNOHANG)) {
		pause_ms(WATCH_MS);
		if (!watch())
			return false;
		if (watched || ++looks < watch_patience())
			continue;
		wrong("%s does not end", what);
		watch_tell();
		return false;
	}
	if (status)
		wrong("%s has ended with status %#x", what, status);
	return true;
}

static bool end_clients(void)
{
	int i, j;

	for (i = 0; i < PROCS; i++) {
		if (!reap(clients[i], "a client", true))
			return false;
		for (j = 0; j < THREADS; j++)
			put(board->actor[i * THREADS + j].pid, 0);
	}
	for (i = 0; i < BYSTANDERS; i++)
		if (!reap(bystanders[i], "a bystander", false))
			return false;
	return true;
}

static bool end_daemons(void)
{
	int i;

	for (i = 0; i < PAGERS; i++)
		if (board->pager[i].pid && !reap(board->pager[i].pid, "a daemon", true))
			return false;
	return true;
}

static void verify_orphans(void)
{
	int v;

	for (v = 0; v < VMOS; v++) {
		struct vmo_board *vb = &board->vmo[v];

		if (vb->fd > 0 && load(vb->gone))
			verify_vmo(v);
		close(vb->fd);
		vb->fd = 0;
	}
}

static void kill_if_any(pid_t pid)
{
	if (pid)
		kill(pid, SIGKILL);
}

/*
 * Whatever is left after something went wrong; the module should go all the same. Who
 * does not go was told already, so here is less patience.
 */
static void clean_up(void)
{
	int i;

	for (i = 0; i < PROCS; i++)
		kill_if_any(-clients[i]);
	for (i = 0; i < BYSTANDERS; i++)
		kill_if_any(bystanders[i]);
	cgroup_restore();
	for (i = 0; i < PAGERS; i++)
		kill_if_any(board->pager[i].pid);
	for (i = 0; i < VMOS; i++)
		if (board->vmo[i].fd > 0)
			close(board->vmo[i].fd);
	while (wait_until(waitpid(-1, NULL, WNOHANG)) && errno != ECHILD)
		;
	if (errno != ECHILD || !wait_until(!module_delete()))
		diag("the module does not go");
}

static bool run_round(uint64_t seed, int64_t ms)
{
	struct dice d;
	int i;

	memset(board, 0, sizeof(*board));
	memset(clients, 0, sizeof(clients));
	memset(bystanders, 0, sizeof(bystanders));
	board->seed = seed;
	d.state = seed_of(0, 0);
	watch_init();
	if (!module_load())
		return false;
	if (!start_daemons(&d))
		goto out;
	put(board->phase, PHASE_RUN);
	for (i = 0; i < PROCS; i++)
		start_client(i);
	start_bystanders();
	if (!race(&d, now_ms() + ms))
		goto out;
	put(board->phase, PHASE_LEAVE);
	if (!end_clients())
		goto out;
	put(board->phase, PHASE_FLUSH);
	if (!end_daemons())
		goto out;
	verify_orphans();
	dump_clean();
	figures_round();
	tally_round();
	if (board->wrong)
		goto out;
	if (module_unload())
		return tally_enough();
	wrong("the module does not go");
	watch_tell();
	return false;
out:
	clean_up();
	return false;
}

/*
 * Run from memory that no reclaim takes, or most of the time this program would wait for
 * itself.
 */
static void move_to_memory(char **argv)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), to;
	struct stat st;

	if (getenv("ZXP_MOVED") || from < 0 || fstat(from, &st))
		return;
	to = memfd_create("stress_all", MFD_CLOEXEC);
	while (to >= 0 && sendfile(to, from, NULL, st.st_size) > 0)
		;
	setenv("ZXP_MOVED", "1", 1);
	fexecve(to, argv, environ);
	diag("this program stays where it is: %m");
}

static void setup(void)
{
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	store = mmap(NULL, VMOS * ROOM_BYTES, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED || store == MAP_FAILED)
		abort();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_NAME, "zxp-supervisor");
	mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL);
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	cgroup_init();
	direct_init();
	dump_init();
	poison_init();
	growth_init();
	figures_init();
}

/* What chance has kept from all rounds gets some more of them. */
static bool one_more(unsigned int *extra)
{
	return tally_long() && *extra < EXTRA && !tally_enough_in_all() && ++*extra;
}

int main(int argc, char **argv)
{
	int64_t end, left, length = 1000 * from_env("ZXP_ROUND", 10);
	struct dice d = { from_env("ZXP_SEED", now_ns()) };
	unsigned int extra = 0;
	int round;

	(void)argc;
	move_to_memory(argv);
	printf("TAP version 13\n");
	diag("ZXP_SEED=%" PRIu64, d.state);
	setup();
	end = now_ms() + 1000 * from_env("ZXP_SECONDS", 60);
	for (round = 1; (left = end - now_ms()) > 0 || one_more(&extra); round++) {
		uint64_t seed = d.state, before = tally_ops();
		bool ok = run_round(seed, left > 0 && left < length ? left : length);

		roll(&d, 2);
		test_result(ok, "round_%d # seed %" PRIu64 ", %" PRIu64 " operations, fates %d %d %d",
			    round, seed, tally_ops() - before, board->pager[0].fate,
			    board->pager[1].fate, board->pager[2].fate);
		if (!ok && !from_env("ZXP_KEEP_GOING", 0))
			break;
		growth_sample();
	}
	if (tally_long())
		test_result(tally_enough_in_all(), "enough_of_everything");
	else
		test_result(true, "enough_of_everything # SKIP too few operations");
	if (growth_known())
		test_result(growth_none(), "no_growth");
	else
		test_result(true, "no_growth # SKIP so few rounds tell nothing");
	test_result(kmemleak_none(), "no_leak");
	printf("1..%d\n", tests);
	tally_print();
	figures_print();
	direct_end();
	dump_end();
	return failures != 0;
}
