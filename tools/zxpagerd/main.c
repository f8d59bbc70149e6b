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
#include <sys/signalfd.h>
#include <unistd.h>

#include "client.h"
#include "log.h"
#include "loop.h"
#include "options.h"
#include "pager.h"
#include "serve.h"
#include "server.h"
#include "supply.h"
#include "vmo.h"

/* Since Linux 5.6, in headers newer than some that this is built with. */
#ifndef PR_SET_IO_FLUSHER
#define PR_SET_IO_FLUSHER	57
#endif

#define TICK_MS		1000
#define STOP_TICK_MS	100
#define EXIT_UNWRITTEN	2

static unsigned int stopping;	/* how often it was told to */
static struct timer tick;
static struct event signals;
static int signal_fd;

static void signal_ready(struct event *ev, int res)
{
	struct signalfd_siginfo info;

	(void)ev;
	(void)res;
	if (read(signal_fd, &info, sizeof(info)) == sizeof(info)) {
		stopping++;
		log_debug("signal %u: %s", info.ssi_signo,
			  stopping == 1 ? "detaching all VMOs" : "giving up");
	}
	loop_poll(&signals, signal_fd);
}

static void catch_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);	/* a write beyond a limit fails with EFBIG */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signal_fd < 0)
		die("cannot catch signals: %s", strerror(errno));
	signals.handler = signal_ready;
	loop_poll(&signals, signal_fd);
}

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

static bool all_complete(void)
{
	for (struct vmo *vmo = vmos; vmo; vmo = vmo->next)
		if (!vmo->target.complete)
			return false;
	return true;
}

static bool any_writable(void)
{
	for (struct vmo *vmo = vmos; vmo; vmo = vmo->next)
		if (vmo->target.writable)
			return true;
	return false;
}

/* What the last turn left to be written back is begun, and what was read is supplied. */
static void turn(void)
{
	writeback_turn();
	loop_turn();
	supply_all();
}

static void ticked(struct event *ev, int res)
{
	(void)ev;
	(void)res;
	writeback_tick();
	tick.event.handler = ticked;
	loop_timer(&tick, stopping ? STOP_TICK_MS : TICK_MS);
}

/* True if nothing is left to be written back; with @tell a line for each that has. */
static bool all_durable(bool tell)
{
	bool all = true;
	uint64_t left;

	for (struct vmo *vmo = vmos; vmo; vmo = vmo->next) {
		if (!vmo->target.writable || writeback_is_clean(&vmo->writeback, &left))
			continue;
		all = false;
		if (!tell)
			break;
		log_line("%s: %llu bytes were not written to %s and are lost",
			 vmo->target.name, (unsigned long long)left, vmo->target.backend->path);
	}
	return all;
}

/* Until all is durable, the time is over or a second signal comes. */
static int write_back(void)
{
	uint64_t end = loop_now() + (uint64_t)options.shutdown_timeout * 1000;

	writeback_hurry();
	while (!all_durable(false)) {
		if (stopping > 1 || loop_now() >= end) {
			all_durable(true);
			return EXIT_UNWRITTEN;
		}
		turn();
	}
	return 0;
}

static int stop(void)
{
	bool failed = false;
	int status;

	server_close();
	for (struct vmo *vmo = vmos; vmo; vmo = vmo->next)
		if (!vmo->target.complete && serve_detach(vmo))
			failed = true;
	while (!failed && !all_complete())
		turn();
	status = write_back();
	return status ? status : failed;
}

int main(int argc, char **argv)
{
	options_parse(argc, argv);
	set_limits();
	pager_open();
	loop_init(options.vmo_count * (options.depth + CHUNKS + 3 + 2 * options.connections) +
		  CLIENTS_MAX + 8);
	for (unsigned int i = 0; i < options.vmo_count; i++)
		vmo_add(options.vmos[i].name, options.vmos[i].path,
			options.vmos[i].writable);
	lock_memory();
	/* Until here a signal just ends it: opening may take its time. */
	catch_signals();
	serve_listen();
	server_open(options.socket);
	tell_ready();
	if (any_writable())
		ticked(&tick.event, 0);
	while (!stopping)
		turn();
	return stop();
}
