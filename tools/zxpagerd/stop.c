// SPDX-License-Identifier: GPL-2.0
/*
 * The end: VMOs that clients have open are served on for a while, and written back; then
 * all are detached, and what is still dirty is written back.  A signal ends the phase that
 * it comes in.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "client.h"
#include "copies.h"
#include "crew.h"
#include "holders.h"
#include "keep.h"
#include "log.h"
#include "loop.h"
#include "options.h"
#include "pager.h"
#include "serve.h"
#include "server.h"
#include "stop.h"
#include "vmo.h"

#define LOOK_MS		1000
#define EXIT_UNWRITTEN	2
#define PHASES		4

static unsigned int signals;	/* so many have come */
static unsigned int leave_signals, leave_words;	/* so many ask for another worker */
static bool kept;
static struct event signal_event, looked;
static int signal_fd;
static bool looking;
static int look_error;
static void (*on_leave)(void);

static void signal_ready(struct event *ev, int res)
{
	struct signalfd_siginfo info;

	(void)ev;
	(void)res;
	if (read(signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (kept)
			leave_signals++;
		else
			signals++;
		log_debug("signal %u", info.ssi_signo);
	}
	loop_poll(&signal_event, signal_fd);
}

void stop_catch_signals(bool is_kept)
{
	sigset_t set;

	kept = is_kept;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	if (!kept) {
		sigaddset(&set, SIGINT);
		sigaddset(&set, SIGHUP);
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signal_fd < 0)
		die("cannot catch signals: %s", strerror(errno));
	signal_event.handler = signal_ready;
	loop_poll(&signal_event, signal_fd);
}

void stop_told(unsigned int told)
{
	if (told > signals)
		signals = told;
	log_debug("the keeper has told of %u signals", told);
}

void stop_leave(void)
{
	leave_words++;
}

void stop_on_leave(void (*hear)(void))
{
	on_leave = hear;
}

/* Who tells this process by a signal may have told its keeper, too: that is one. */
static unsigned int leaves(void)
{
	return leave_signals > leave_words ? leave_signals : leave_words;
}

bool stop_is_told(void)
{
	return signals;
}

bool stop_is_wanted(void)
{
	return signals || leaves();
}

/* struct phase - it is over at @end, or with the next signal */
struct phase {
	unsigned int signals;
	uint64_t end;
};

static void phase_ended(struct event *ev, int res)
{
	(void)ev;
	(void)res;
}

/* Its end wakes the loop, which may have nothing else to wait for. */
static struct phase begin_phase(void)
{
	static struct timer timers[PHASES];
	static unsigned int begun;
	struct timer *timer = &timers[begun++ % PHASES];

	timer->event.handler = phase_ended;
	loop_timer(timer, options.shutdown_timeout * 1000);
	return (struct phase){
		.signals = signals,
		.end = loop_now() + (uint64_t)options.shutdown_timeout * 1000,
	};
}

static bool is_over(const struct phase *phase)
{
	return signals > phase->signals || loop_now() >= phase->end;
}

/* --- clients that are there ------------------------------------------------------ */

static void look_done(struct event *ev, int res)
{
	(void)ev;
	looking = false;
	look_error = -res;
}

/* What a client may still lose by a detach. */
static bool matters(const struct vmo *vmo)
{
	return vmo->target.writable && !vmo->target.complete;
}

static bool any_matters(void)
{
	for (const struct vmo *vmo = vmos; vmo; vmo = vmo->next)
		if (matters(vmo))
			return true;
	return false;
}

/* True if somebody has a VMO open; with @tell a line for each. */
static bool any_held(bool tell)
{
	bool any = false;
	uint64_t left, lost;

	for (struct vmo *vmo = vmos; vmo; vmo = vmo->next) {
		if (!matters(vmo) || !holders_have(&vmo->target))
			continue;
		any = true;
		if (!tell)
			break;
		left = writeback_left(&vmo->writeback, &lost);
		holders_tell(&vmo->target, left);
	}
	return any;
}

/* False if that was not to be found out in time; @look_error tells if not all was. */
static bool look_for_clients(const struct phase *phase)
{
	looked.handler = look_done;
	look_error = holders_look(vmos->target.dev, &looked);
	looking = !look_error;
	while (looking && !is_over(phase))
		crew_turn();
	return !looking;
}

/* Until nobody has a VMO open; false if somebody still has, or may have. */
static bool wait_for_clients(void)
{
	struct phase phase = begin_phase();
	bool told = false;
	uint64_t next;

	/* Each signal but the first ends it, also if it came at once. */
	phase.signals = 1;
	if (!any_matters())
		return true;
	writeback_hurry();
	while (look_for_clients(&phase)) {
		if (!any_held(!told) && !look_error)
			return true;
		if (!told && look_error)
			log_line("cannot find out from /proc who has VMOs open: %s",
				 strerror(look_error));
		if (!told)
			log_line("waiting for them for up to %u seconds; another signal ends that",
				 options.shutdown_timeout);
		told = true;
		next = loop_now() + LOOK_MS;
		while (loop_now() < next && !is_over(&phase))
			crew_turn();
		if (is_over(&phase))
			break;
	}
	if (!looking)
		any_held(true);
	if (looking || look_error)
		log_line("detaching, and clients may have VMOs open");
	return false;
}

/* --- detaching, and writing back ---------------------------------------------------- */

static bool all_complete(void)
{
	for (struct vmo *vmo = vmos; vmo; vmo = vmo->next)
		if (!vmo->target.complete)
			return false;
	return true;
}

static bool detach_all(void)
{
	struct phase phase = begin_phase();
	bool failed = false;

	log_debug("detaching all VMOs");
	for (struct vmo *vmo = vmos; vmo; vmo = vmo->next)
		if (!vmo->target.complete && serve_detach(vmo))
			failed = true;
	while (!failed && !all_complete()) {
		if (is_over(&phase))
			return false;
		crew_turn();
	}
	return !failed;
}

/* The first from @vmo on of which something is left to be written back, or NULL. */
static struct vmo *first_left(struct vmo *vmo)
{
	while (vmo && (!vmo->target.writable || writeback_is_clean(&vmo->writeback)))
		vmo = vmo->next;
	return vmo;
}

/* A line for each. */
static void tell_left(void)
{
	uint64_t left, lost;

	for (struct vmo *vmo = first_left(vmos); vmo; vmo = first_left(vmo->next)) {
		const struct backend *be = vmo->target.backend;

		left = writeback_left(&vmo->writeback, &lost);
		if (left)
			log_line("%s: %llu bytes were not written to %s and are lost",
				 vmo->target.name, (unsigned long long)left, be->path);
		else
			log_line("%s: %s ends at %llu, not where the VMO does, or was not synced",
				 vmo->target.name, be->path, (unsigned long long)be->size);
	}
}

/* Whether clients had it open then is not to be found out any more. */
static bool any_was_detached(void)
{
	bool any = false;

	for (const struct vmo *vmo = vmos; vmo; vmo = vmo->next) {
		if (!vmo->target.writable || !vmo->target.was_detached)
			continue;
		any = true;
		log_line("%s: another worker has detached it, and clients may have had it open",
			 vmo->target.name);
	}
	return any;
}

/* Nothing is waited for that is lost, but a line tells of it. */
static bool any_lost(void)
{
	bool any = false;
	uint64_t lost;

	for (struct vmo *vmo = vmos; vmo; vmo = vmo->next) {
		if (!vmo->target.writable)
			continue;
		writeback_left(&vmo->writeback, &lost);
		if (!lost)
			continue;
		any = true;
		log_line("%s: the memory of %llu bytes had failed before they were written to %s: they are lost",
			 vmo->target.name, (unsigned long long)lost,
			 vmo->target.backend->path);
	}
	return any;
}

static bool write_back(void)
{
	struct phase phase = begin_phase();
	struct vmo *left = vmos;

	writeback_hurry();
	/* Not all of them with each turn, but all once more at the end. */
	while ((left = first_left(left)) || (left = first_left(vmos))) {
		if (is_over(&phase)) {
			tell_left();
			return false;
		}
		crew_turn();
	}
	return true;
}

/* --- leaving what there is to a successor -------------------------------------------- */

/* struct leave - until what is dirty in a VMO by now is durable, or cannot be */
struct leave {
	struct sync_request request;
	unsigned int *left;
};

static void left_one(struct sync_request *req, int error)
{
	struct leave *leave = event_owner(req, struct leave, request);

	(void)error;	/* a line has told, and the successor tries again */
	--*leave->left;
	free(leave);
}

/* A sync of each, and not until all is clean: clients may go on for ever. */
static void sync_all(unsigned int *left)
{
	struct leave *leave;

	for (struct vmo *vmo = vmos; vmo; vmo = vmo->next) {
		if (!vmo->target.writable)
			continue;
		leave = malloc(sizeof(*leave));
		if (!leave)
			continue;
		*leave = (struct leave){
			.request = { .end = UINT64_MAX, .done = left_one },
			.left = left,
		};
		++*left;
		writeback_sync(&vmo->writeback, &leave->request);
	}
}

/* False if this is to be the end after all. */
static bool leave(void)
{
	static unsigned int left;	/* a sync that hangs may end later */
	struct phase phase = begin_phase();
	unsigned int asked = leaves();

	sync_all(&left);
	while (left && !is_over(&phase) && leaves() == asked)
		crew_turn();
	if (on_leave)
		on_leave();
	if (left && !signals)
		log_line("leaving, and %u VMOs are not written back in full: another worker does that",
			 left);
	return !signals;
}

int stop(void)
{
	bool alone, detached, written;

	loop_watch();
	if (leaves() && !signals && leave())
		return KEEP_EXIT_LEFT;
	server_close();
	client_stop();
	alone = options.force || (wait_for_clients() && !any_was_detached());
	detached = detach_all();
	written = write_back();
	copies_tell();
	if (any_lost() || !written || !alone)
		return EXIT_UNWRITTEN;
	return detached ? 0 : 1;
}
