// SPDX-License-Identifier: GPL-2.0
/*
 * zxpagerd: serves files as pager-backed VMOs.
 *
 * The first thread has the sockets, which are non-blocking, and the time; the crew takes
 * packets, and reads and writes files.  One of them serves at a time, and nothing that it
 * does meanwhile waits for a client or for a file.  None ever maps a VMO of the daemon, or
 * reads of one what is not dirty: it would wait for itself.
 */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "calls.h"
#include "client.h"
#include "crew.h"
#include "keep.h"
#include "keeper.h"
#include "log.h"
#include "loop.h"
#include "options.h"
#include "pager.h"
#include "replace.h"
#include "server.h"
#include "spawn.h"
#include "stop.h"
#include "vmo.h"
#include "worker.h"

/* Since Linux 5.6, in headers newer than some that this is built with. */
#ifndef PR_SET_IO_FLUSHER
#define PR_SET_IO_FLUSHER	57
#endif

#define TICK_MS		1000
#define STOP_TICK_MS	100

static struct timer tick;

/*
 * Whoever reclaims memory may wait for this daemon, so it must not wait for reclaim
 * itself; nor may a keeper, which has to start the worker that is waited for.  It takes
 * CAP_SYS_RESOURCE, without which the daemon works too.  Threads that are made later have it
 * from this one.
 */
static void set_limits(void)
{
	struct rlimit files;

	if (prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0) && errno != EPERM)
		log_debug("no PR_SET_IO_FLUSHER: %s", strerror(errno));
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

/*
 * Who allocates has the lock, so threads gain nothing from arenas of their own.  Each of
 * these would reserve 64M, of which nearly nothing is used but all of it counts as locked
 * with --mlock, and there are up to eight for each processor.
 */
static void have_one_arena(void)
{
	mallopt(M_ARENA_MAX, 1);
}

/* No more than all can use at a time. */
static void share_memory(void)
{
	uint64_t windows = (uint64_t)options.vmo_count * options.depth * options.window;
	unsigned int chunks = CHUNKS * options.vmo_count;

	reader_memory = windows < options.window_memory ? windows : options.window_memory;
	if (chunks_shared > chunks)
		chunks_shared = chunks;
	if (calls_share < options.depth)
		calls_share = options.depth;
}

static void lock_memory(void)
{
	if (options.lock_memory && mlockall(MCL_CURRENT | MCL_FUTURE))
		die("--mlock: %s: raise the limit (ulimit -l), or leave it out",
		    strerror(errno));
}

static void tell_ready(void)
{
	static const char line[] = "ready\n";

	if (options.worker_sock >= 0) {
		worker_serve();
		return;
	}
	if (options.ready_fd < 0)
		return;
	if (write(options.ready_fd, line, sizeof(line) - 1) < 0)
		log_line("--ready-fd: %s", strerror(errno));
	if (options.ready_fd > STDERR_FILENO)
		close(options.ready_fd);
}

static bool any_writable(void)
{
	for (struct vmo *vmo = vmos; vmo; vmo = vmo->next)
		if (vmo->target.writable)
			return true;
	return false;
}

static void ticked(struct event *ev, int res)
{
	unsigned int parts = writeback_tick();

	(void)ev;
	(void)res;
	tick.event.handler = ticked;
	loop_timer(&tick, (stop_is_wanted() ? STOP_TICK_MS : TICK_MS) / parts + 1);
}

static void open_pager(void)
{
	if (options.worker_sock < 0) {
		pager_open();
		return;
	}
	worker_begin();
	pager_open_generation(worker_generation());
}

/*
 * A worker that is to end the daemon, as the one before did not come to the end, makes none, and
 * takes away the one that there is.
 */
static void open_socket(void)
{
	if (options.worker_sock >= 0 && worker_listener() >= 0) {
		server_take(options.socket, worker_listener(), worker_lock());
		return;
	}
	if (stop_is_wanted())
		return;
	server_open(options.socket, options.worker_sock >= 0 ? worker_lock() : -1);
	if (options.worker_sock >= 0)
		worker_keep_listener(server_listener(), server_lock());
}

/* A keeper tells an end that was reached from one that was not by its status. */
static int end_status(int status)
{
	return options.worker_sock >= 0 && status < KEEP_EXIT_LEFT ? KEEP_EXIT_END + status :
								     status;
}

int main(int argc, char **argv)
{
	spawn_note_arguments(argc, argv);
	options_parse(argc, argv);
	if (options.replace && options.worker_sock < 0)
		replace_ask();
	set_limits();
	if (options.keep && options.worker_sock < 0) {
		lock_memory();
		keeper_run();
	}
	signal(SIGPIPE, SIG_IGN);
	/* A terminal has them for all its processes; a worker hears of them by its keeper. */
	if (options.worker_sock >= 0) {
		signal(SIGINT, SIG_IGN);
		signal(SIGHUP, SIG_IGN);
	}
	signal(SIGXFSZ, SIG_IGN);	/* a write beyond a limit fails with EFBIG */
	have_one_arena();
	loop_init();
	open_pager();
	share_memory();
	for (unsigned int i = 0; i < options.vmo_count; i++)
		vmo_add(&options.vmos[i]);
	pager_tell_unknown();
	lock_memory();
	/* Until here a signal just ends it: opening may take its time. */
	stop_catch_signals(options.worker_sock >= 0);
	crew_start();
	open_socket();
	tell_ready();
	if (any_writable())
		ticked(&tick.event, 0);
	while (!stop_is_wanted())
		crew_turn();
	return end_status(stop());
}
