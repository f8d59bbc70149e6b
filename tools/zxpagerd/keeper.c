// SPDX-License-Identifier: GPL-2.0
/*
 * zxpagerd --keep: a process that holds the descriptors, and starts another one, the worker,
 * that serves; and again when that has died.  As long as the pager's descriptor is open
 * clients wait for the next worker.
 *
 * It does next to nothing else, so that nothing brings it down.  All its memory is there when
 * the first worker starts, it does not wait for reclaim, which may wait for the worker, nor for
 * anybody but in poll(), and what a worker sends is judged before it is believed.  The pager's
 * own descriptor no worker gets: with that it could begin a generation, or keep clients waiting
 * when everybody else has gone.  A service manager may have it, and all else that is held, too: then
 * another keeper goes on when this one has died, or was asked to leave.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "backend.h"
#include "generation.h"
#include "held.h"
#include "keep.h"
#include "keeper.h"
#include "lock.h"
#include "log.h"
#include "notify.h"
#include "options.h"
#include "replace.h"
#include "restarts.h"
#include "spawn.h"
#include "store.h"
#include "wire.h"

#define EXIT_GIVEN_UP	3
#define EXIT_STORED	4
#define TURN_MAX	64	/* messages of a worker, until others have their turn */
#define START_MS	60000	/* for a worker of exports or a new program */
#define EXPORT_MS	20000	/* for each of them */
#define BARRIER_MS	1000	/* until it is looked again whether that is over */
#define LEFT_MAX	10000	/* of one that has gone: more than its socket holds */

static struct held held;
static struct restarts restarts;
static unsigned int started;	/* workers, ever */
static bool has_served;		/* any of them */
static unsigned int stops;	/* signals that ask for the end */
static bool leave_wanted;
static bool leaving;		/* all of it: the next keeper goes on */
static uint64_t due;		/* the next worker */
static uint64_t ping_ms, ping_due;	/* of a watchdog; 0 without one */
static int pager_fd, signal_fd;
static sigset_t old_mask;

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* --- what it says --------------------------------------------------------------------------- */

static void tell_ready(void)
{
	static const char line[] = "ready\n";

	if (options.ready_fd < 0)
		return;
	if (write(options.ready_fd, line, sizeof(line) - 1) < 0)
		log_line("--ready-fd: %s", strerror(errno));
	if (options.ready_fd > STDERR_FILENO)
		close(options.ready_fd);
	options.ready_fd = -1;
}

static void begin_to_serve(void)
{
	notify_ready();
	if (!stops)
		replace_open(&old_mask);
	has_served = true;
}

/* NULL, or what is wrong with the message. */
static const char *hold(const struct keep_message *message, int fd)
{
	const char *flaw;

	if (message->kind == KEEP_DROP && fd < 0)
		store_drop_copy(&held, message->name, now_ms());
	flaw = held_take(&held, message, fd);
	if (!flaw && fd >= 0)
		store_put(&held, message, fd);
	if (!flaw && message->kind == KEEP_CLOSE)
		store_drop_socket();
	return flaw;
}

static const char *handle(const struct keep_message *message, int fd)
{
	const char *flaw;

	if (message->kind == KEEP_READY && fd < 0) {
		restarts_serves(&restarts, now_ms());
		if (!has_served)
			begin_to_serve();
		replace_serves();
		log_debug("worker %d serves", (int)worker.pid);
		tell_ready();
		return NULL;
	}
	if (message->kind == KEEP_PONG && fd < 0) {
		notify_alive();
		return NULL;
	}
	flaw = hold(message, fd);
	if (flaw || message->kind != KEEP_DROP)
		return flaw;
	worker.answer = *message;
	worker.answer.kind = KEEP_DROPPED;
	wire_answer(now_ms());
	return NULL;
}

/* What it has sent, @most messages; also after it has died. */
static void listen_to_worker(unsigned int most)
{
	struct keep_message message;
	const char *flaw;
	int fd, error;

	while (most-- && worker.sock >= 0 && !worker.has_answer) {
		error = keep_receive(worker.sock, &message, &fd, MSG_DONTWAIT);
		if (error == EAGAIN)
			return;
		if (error == EPROTO) {
			wire_kill("what is no message");
		} else if (error) {
			wire_hang_up();
		} else {
			flaw = handle(&message, fd);
			if (flaw)
				wire_kill(flaw);
		}
	}
}

/* --- its end, and the next one ------------------------------------------------------------- */

/* Its name is that of nobody else by now. */
static bool has_socket(void)
{
	return held.lock >= 0 && lock_has_name(held.lock);
}

/* It may be asked to start this anew, and is not to do that with what is at its end. */
static void clear_store(void)
{
	struct pollfd pfd = { .events = POLLIN };

	store_clear(&held, now_ms());
	while (store_waits(now_ms())) {
		pfd.fd = store_poll();
		poll(&pfd, 1, BARRIER_MS);
	}
}

static __attribute__((noreturn)) void end(int status)
{
	char lock[PATH_MAX];

	clear_store();
	replace_close(has_socket());
	if (has_socket()) {
		unlink(options.socket);
		snprintf(lock, sizeof(lock), "%s.lock", options.socket);
		unlink(lock);
	}
	exit(status);
}

/* The next one has all that this one has; what the clients connect to stays, too. */
static __attribute__((noreturn)) void leave(void)
{
	log_line("this keeper leaves: the service manager has what the next one needs");
	replace_close(has_socket());
	exit(EXIT_STORED);
}

/* One that is only tried is no worse for those that serve. */
static void died(const char *how, int code)
{
	uint64_t ms = replace_is_on_trial() ? 0 : restarts_died(&restarts, now_ms());

	if (ms == RESTARTS_OVER) {
		log_line("giving up: the worker %s %d, and has died soon %u times in a row: all VMOs are lost to their clients",
			 how, code, restarts.quick);
		end(EXIT_GIVEN_UP);
	}
	log_line("the worker %s %d: another one is started %s", how, code,
		 ms ? "in a while" : "at once");
	due = now_ms() + ms;
}

/*
 * A file or a device that hangs is a store that hangs: another worker is not better off.  One of
 * a new program may be, if that hangs.
 */
static uint64_t time_to_serve(void)
{
	const struct program *program = replace_program();
	uint64_t exports = 0, seconds = program->arguments >= 0 ? program->reconnect_timeout :
								  options.reconnect_timeout;

	for (unsigned int i = 0; i < options.vmo_count; i++)
		exports += backend_is_nbd(options.vmos[i].path);
	if (!exports)
		return replace_is_on_trial() ? START_MS : 0;
	/* For what the worker before has sent, and then to connect. */
	return START_MS + exports * EXPORT_MS + 2 * seconds * 1000;
}

static void start_worker(void)
{
	restarts_begun(&restarts, now_ms());
	worker = (struct worker){ .sock = -1 };
	leave_wanted = false;
	worker.pid = replace_take(&worker.sock);
	restarts.serve_ms = time_to_serve();
	if (!worker.pid)
		worker.pid = spawn_process(replace_program(), &old_mask, &worker.sock);
	if (!worker.pid) {
		died("could not be started", 0);
		return;
	}
	started++;
	if (!spawn_begin(pager_fd, worker.sock))
		wire_hang_up();
	log_debug("worker %d is started", (int)worker.pid);
}

/* In good order.  One that does that again and again without being asked is a broken one. */
static bool has_left(int code, bool was_asked)
{
	return code == KEEP_EXIT_LEFT && restarts.serves &&
	       (was_asked || restarts_has_served(&restarts, now_ms()));
}

static void take_status(int status, bool was_asked_to_leave)
{
	bool exited = WIFEXITED(status);
	int code = exited ? WEXITSTATUS(status) : WTERMSIG(status);

	if (exited && has_left(code, was_asked_to_leave)) {
		log_line("the worker has left: another one is started");
		restarts_left(&restarts, now_ms());
		due = now_ms();
		return;
	}
	/* It has come to the end of the daemon.  One that failed on the way has a successor. */
	if (exited && stops && code >= KEEP_EXIT_END)
		end(code - KEEP_EXIT_END);
	if (!exited && stops && !has_served)
		end(1);
	/* It has said why.  What it was asked for a second time would be the same. */
	if (exited && code < KEEP_EXIT_LEFT && !has_served)
		end(code);
	died(exited ? "has ended with status" : "was killed by signal", code);
}

static void reap(void)
{
	bool was_asked = worker.left;
	int status;

	replace_reap();
	if (!worker.pid || !spawn_has_ended(worker.pid, &status))
		return;
	worker.pid = 0;
	worker.killed = true;
	worker.has_answer = false;
	listen_to_worker(LEFT_MAX);
	if (worker.sock >= 0)
		close(worker.sock);
	worker = (struct worker){ .sock = -1 };
	take_status(status, was_asked);
	replace_died();
}

/* --- signals ------------------------------------------------------------------------------- */

static void tell_stopping(void)
{
	if (stops++)
		return;
	notify_stopping();
	store_clear(&held, now_ms());
	replace_close(has_socket());
}

static void take_signals(void)
{
	struct signalfd_siginfo info;

	while (read(signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGUSR1 && store_is_on())
			leaving = true;
		else if (info.ssi_signo == SIGHUP)
			leave_wanted = true;
		else if (info.ssi_signo != SIGCHLD)
			tell_stopping();
	}
	reap();
}

static void catch_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	/* Who has started this may ignore it: then no worker would be waited for. */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &old_mask);
	signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signal_fd < 0)
		die("cannot catch signals: %s", strerror(errno));
}

/* --- the loop ------------------------------------------------------------------------------ */

/* While none serves this process alone says so: a store may take its time to be opened. */
static void ping(void)
{
	struct keep_message message = { .kind = KEEP_PING };

	ping_due = now_ms() + ping_ms;
	if (worker.sock >= 0 && restarts.serves)
		wire_tell(&message, -1);
	else
		notify_alive();
}

/*
 * The very first one is waited for by whoever has started this.  Others are waited for by
 * clients, and whoever looks up the name of an export's server may never answer.
 */
static uint64_t serves_by(void)
{
	return worker.pid && !worker.killed && has_served ? restarts_serves_by(&restarts) :
							    UINT64_MAX;
}

static void kill_late(void)
{
	log_line("the worker does not begin to serve: it is killed");
	worker.killed = true;
	kill(worker.pid, SIGKILL);
}

/* What is due next, if @ms is not before that; -1 is never. */
static int earlier(int ms, uint64_t when)
{
	uint64_t now = now_ms(), left = when > now ? when - now : 0;

	if (left > INT_MAX)
		left = INT_MAX;
	return ms < 0 || (int)left < ms ? (int)left : ms;
}

static void wait_for_events(void)
{
	bool waits = store_waits(now_ms());
	struct pollfd pfd[3 + REPLACE_FDS] = {
		{ .fd = signal_fd, .events = POLLIN },
		{ .fd = worker.has_answer && waits ? -1 : worker.sock,
		  .events = worker.has_answer ? POLLOUT : POLLIN },
		{ .fd = store_poll(), .events = POLLIN },
	};
	int ms = -1;

	if (worker.sock >= 0 && !waits && wire_has_news(stops, leave_wanted))
		pfd[1].events |= POLLOUT;
	if (!worker.pid)
		ms = earlier(ms, due);
	if (ping_ms)
		ms = earlier(ms, ping_due);
	if (serves_by() != UINT64_MAX)
		ms = earlier(ms, serves_by());
	if (replace_wants_a_turn() != UINT64_MAX)
		ms = earlier(ms, replace_wants_a_turn());
	if (waits)
		ms = earlier(ms, store_wants_a_turn());
	replace_poll(pfd + 3);
	poll(pfd, 3 + REPLACE_FDS, ms);
}

/*
 * That it is the end, and what there is, not before the manager has let go what it is to let go: it
 * would be taken for a client.
 */
static void tell_worker(void)
{
	bool waits = store_waits(now_ms());

	if (worker.sock >= 0 && !worker.is_told && !waits)
		wire_tell_held(&held, stops, started - 1);
	if (worker.sock < 0 || !worker.is_told)
		return;
	/* Nothing is there yet that could be lost, and opening a store may take its time. */
	if (stops && !has_served)
		kill(worker.pid, SIGKILL);
	wire_tell_news(waits ? worker.stops : stops, leave_wanted);
}

/* One that does not serve yet has written nothing that could be written back. */
static void turn_to_leave(void)
{
	leave_wanted = true;
	if (!worker.pid)
		leave();
	if (!restarts.serves)
		kill(worker.pid, SIGKILL);
}

static void turn(void)
{
	wait_for_events();
	take_signals();
	replace_turn(now_ms());
	if (replace_is_due())
		leave_wanted = true;
	if (leaving && !stops)
		turn_to_leave();
	if (!worker.pid && now_ms() >= due)
		start_worker();
	if (worker.sock >= 0 && worker.has_answer)
		wire_answer(now_ms());
	listen_to_worker(TURN_MAX);
	tell_worker();
	if (now_ms() >= serves_by())
		kill_late();
	if (ping_ms && now_ms() >= ping_due)
		ping();
}

/* What a keeper before this one had is gone on with as if only its worker had died. */
static void open_pager(void)
{
	pager_fd = store_open(&held);
	if (pager_fd < 0) {
		pager_fd = generation_open_pager();
		store_pager(pager_fd);
		return;
	}
	log_line("going on with what a keeper before has left with the service manager");
	started = 1;
	begin_to_serve();
}

void keeper_run(void)
{
	if (!held_init(&held, options.vmo_count, COPIES_MAX))
		die("out of memory");
	restarts.quick_ms = (uint64_t)options.quick * 1000;
	if (options.ready_fd > STDERR_FILENO)
		fcntl(options.ready_fd, F_SETFD, FD_CLOEXEC);
	catch_signals();
	open_pager();
	ping_ms = notify_every();
	worker.sock = -1;
	for (;;)
		turn();
}
