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
 * when everybody else has gone.
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

#define EXIT_GIVEN_UP	3
#define TURN_MAX	64	/* messages of a worker, until others have their turn */
#define START_MS	60000	/* for a worker of exports or a new program */
#define EXPORT_MS	20000	/* for each of them */
#define LEFT_MAX	10000	/* of one that has gone: more than its socket holds */

/*
 * struct worker - the one there is, if @pid is not 0
 * @told: so much of what is held it was told, @is_told all
 * @left, @stops: it was told to leave, and how many signals ask for the end
 * @killed: it is told nothing any more
 * @answer: has no room yet, if @has_answer: until then nothing more is taken from it
 */
struct worker {
	pid_t pid;
	int sock;
	unsigned int told;
	bool is_told;
	bool left;
	unsigned int stops;
	bool killed;
	bool has_answer;
	struct keep_message answer;
};

static struct held held;
static struct restarts restarts;
static struct worker worker;
static unsigned int started;	/* workers, ever */
static bool has_served;		/* any of them */
static unsigned int stops;	/* signals that ask for the end */
static bool leave_wanted;
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

/* --- talking to it ----------------------------------------------------------------------- */

/* It has ended, or cannot be told anything any more; its pid is this process's until reaped. */
static void hang_up(void)
{
	if (worker.pid)
		kill(worker.pid, SIGKILL);
	close(worker.sock);
	worker.sock = -1;
}

static void kill_worker(const char *flaw)
{
	log_line("the worker has sent %s: it is killed", flaw);
	hang_up();
}

/*
 * Of one that has died it is heard what it has sent before that; one that cannot be told what
 * there is cannot serve.
 */
static int try_to_tell(const struct keep_message *message, int fd)
{
	int error = keep_send(worker.sock, message, fd, MSG_DONTWAIT);

	if (!error || error == EAGAIN || error == EPIPE || error == ECONNRESET)
		return error;
	log_line("the worker cannot be told anything: %s: it is killed", strerror(error));
	worker.killed = true;
	kill(worker.pid, SIGKILL);
	return error;
}

/* False if it does not know yet. */
static bool tell(const struct keep_message *message, int fd)
{
	return !worker.killed && !try_to_tell(message, fd);
}

/* All that is held, and that this is all. */
static void tell_held(void)
{
	struct keep_message message;
	int fd;

	while (held_tell(&held, worker.told, &message, &fd)) {
		if (fd >= 0 && !tell(&message, fd))
			return;
		worker.told++;
	}
	if (stops && worker.stops != stops) {
		message = (struct keep_message){ .kind = KEEP_STOP, .number = stops };
		if (!tell(&message, -1))
			return;
		worker.stops = stops;
	}
	message = (struct keep_message){ .kind = KEEP_SERVE, .number = started - 1 };
	worker.is_told = tell(&message, -1);
}

/* Signals that came since. */
static void tell_news(void)
{
	struct keep_message stop = { .kind = KEEP_STOP, .number = stops };
	struct keep_message leave = { .kind = KEEP_LEAVE };

	/* Nothing is there yet that could be lost, and opening a store may take its time. */
	if (stops && !has_served)
		kill(worker.pid, SIGKILL);
	if (worker.stops != stops && tell(&stop, -1))
		worker.stops = stops;
	if (leave_wanted && !worker.left && tell(&leave, -1))
		worker.left = true;
}

static void answer(void)
{
	worker.has_answer = !worker.killed && try_to_tell(&worker.answer, -1) == EAGAIN;
}

static bool has_news(void)
{
	if (worker.killed)
		return false;
	return !worker.is_told || worker.stops != stops || (leave_wanted && !worker.left);
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
	options.ready_fd = -1;
}

/* NULL, or what is wrong with the message. */
static const char *handle(const struct keep_message *message, int fd)
{
	const char *flaw;

	if (message->kind == KEEP_READY && fd < 0) {
		restarts_serves(&restarts, now_ms());
		if (!has_served) {
			notify_ready();
			if (!stops)
				replace_open(&old_mask);
		}
		has_served = true;
		replace_serves();
		log_debug("worker %d serves", (int)worker.pid);
		tell_ready();
		return NULL;
	}
	if (message->kind == KEEP_PONG && fd < 0) {
		notify_alive();
		return NULL;
	}
	flaw = held_take(&held, message, fd);
	if (flaw || message->kind != KEEP_DROP)
		return flaw;
	worker.answer = *message;
	worker.answer.kind = KEEP_DROPPED;
	answer();
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
			kill_worker("what is no message");
		} else if (error) {
			hang_up();
		} else {
			flaw = handle(&message, fd);
			if (flaw)
				kill_worker(flaw);
		}
	}
}

/* --- its end, and the next one ------------------------------------------------------------- */

/* Its name is that of nobody else by now. */
static bool has_socket(void)
{
	return held.lock >= 0 && lock_has_name(held.lock);
}

static __attribute__((noreturn)) void end(int status)
{
	char lock[PATH_MAX];

	replace_close(has_socket());
	if (has_socket()) {
		unlink(options.socket);
		snprintf(lock, sizeof(lock), "%s.lock", options.socket);
		unlink(lock);
	}
	exit(status);
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
	uint64_t exports = 0;

	for (unsigned int i = 0; i < options.vmo_count; i++)
		exports += backend_is_nbd(options.vmos[i].path);
	if (!exports)
		return replace_is_on_trial() ? START_MS : 0;
	return START_MS + exports * EXPORT_MS + (uint64_t)options.reconnect_timeout * 1000;
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
		hang_up();
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
	replace_close(has_socket());
}

static void take_signals(void)
{
	struct signalfd_siginfo info;

	while (read(signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			tell_stopping();
		else if (info.ssi_signo == SIGHUP)
			leave_wanted = true;
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
		tell(&message, -1);
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
	struct pollfd pfd[2 + REPLACE_FDS] = {
		{ .fd = signal_fd, .events = POLLIN },
		{ .fd = worker.sock, .events = worker.has_answer ? POLLOUT : POLLIN },
	};
	int ms = -1;

	if (worker.sock >= 0 && has_news())
		pfd[1].events |= POLLOUT;
	if (!worker.pid)
		ms = earlier(ms, due);
	if (ping_ms)
		ms = earlier(ms, ping_due);
	if (serves_by() != UINT64_MAX)
		ms = earlier(ms, serves_by());
	if (replace_wants_a_turn() != UINT64_MAX)
		ms = earlier(ms, replace_wants_a_turn());
	replace_poll(pfd + 2);
	poll(pfd, 2 + REPLACE_FDS, ms);
}

static void turn(void)
{
	wait_for_events();
	take_signals();
	replace_turn(now_ms());
	if (replace_is_due())
		leave_wanted = true;
	if (!worker.pid && now_ms() >= due)
		start_worker();
	if (worker.sock >= 0 && worker.has_answer)
		answer();
	listen_to_worker(TURN_MAX);
	if (worker.sock >= 0 && !worker.is_told)
		tell_held();
	if (worker.sock >= 0 && worker.is_told)
		tell_news();
	if (now_ms() >= serves_by())
		kill_late();
	if (ping_ms && now_ms() >= ping_due)
		ping();
}

void keeper_run(void)
{
	if (!held_init(&held, options.vmo_count, COPIES_MAX))
		die("out of memory");
	restarts.quick_ms = (uint64_t)options.quick * 1000;
	if (options.ready_fd > STDERR_FILENO)
		fcntl(options.ready_fd, F_SETFD, FD_CLOEXEC);
	pager_fd = generation_open_pager();
	catch_signals();
	ping_ms = notify_every();
	worker.sock = -1;
	for (;;)
		turn();
}
