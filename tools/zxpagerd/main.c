// SPDX-License-Identifier: GPL-2.0
/*
 * zxpagerd: serves files as pager-backed VMOs.
 *
 * One thread serves, and nothing in it waits for a client or for a file: sockets and
 * packets are non-blocking, files are read and written through io_uring, and what that
 * cannot do has a thread of its own.  It never maps a VMO of its own, and reads of one
 * only what is dirty, or it would wait for itself.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "client.h"
#include "log.h"
#include "loop.h"
#include "options.h"
#include "pager.h"
#include "serve.h"
#include "server.h"
#include "stop.h"
#include "vmo.h"

/* Since Linux 5.6, in headers newer than some that this is built with. */
#ifndef PR_SET_IO_FLUSHER
#define PR_SET_IO_FLUSHER	57
#endif

#define TICK_MS		1000
#define STOP_TICK_MS	100

static struct timer tick;

/*
 * Whoever reclaims memory may wait for this daemon, so it must not wait for reclaim
 * itself.  It takes CAP_SYS_RESOURCE, without which the daemon works too.  Threads that
 * are made later have it from this one.
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

/* No more than all can use at a time. */
static void share_memory(void)
{
	uint64_t windows = (uint64_t)options.vmo_count * options.depth * options.window;
	unsigned int chunks = CHUNKS * options.vmo_count;

	reader_memory = windows < options.window_memory ? windows : options.window_memory;
	if (chunks_shared > chunks)
		chunks_shared = chunks;
}

#define VMO_EVENTS	2	/* a batch and a grant, or the two timers of an export */
#define CONN_EVENTS	4	/* each direction, and that of one that is being closed */
#define OTHER_EVENTS	16	/* packets, the socket, signals, timers, answers of threads */

/* What can be under way in the loop at a time. */
static unsigned int count_events(void)
{
	unsigned int n = (unsigned int)(reader_memory / options.window) + chunks_shared +
			 options.vmo_count * VMO_EVENTS + CLIENTS_MAX + OTHER_EVENTS;

	for (unsigned int i = 0; i < options.vmo_count; i++)
		if (backend_is_nbd(options.vmos[i].path))
			n += options.connections * CONN_EVENTS;
	return n;
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

int main(int argc, char **argv)
{
	options_parse(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);	/* a write beyond a limit fails with EFBIG */
	set_limits();
	pager_open();
	share_memory();
	loop_init(count_events());
	for (unsigned int i = 0; i < options.vmo_count; i++)
		vmo_add(options.vmos[i].name, options.vmos[i].path,
			options.vmos[i].writable);
	lock_memory();
	/* Until here a signal just ends it: opening may take its time. */
	stop_catch_signals();
	serve_listen();
	server_open(options.socket);
	tell_ready();
	if (any_writable())
		ticked(&tick.event, 0);
	while (!stop_is_wanted())
		serve_turn();
	return stop();
}
