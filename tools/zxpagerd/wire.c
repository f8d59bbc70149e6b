// SPDX-License-Identifier: GPL-2.0
/*
 * A keeper's end of the socket to its worker: what that is told, without waiting for it.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "held.h"
#include "log.h"
#include "store.h"
#include "wire.h"

struct worker worker = { .sock = -1 };

void wire_hang_up(void)
{
	if (worker.pid)
		kill(worker.pid, SIGKILL);
	close(worker.sock);
	worker.sock = -1;
}

void wire_kill(const char *flaw)
{
	log_line("the worker has sent %s: it is killed", flaw);
	wire_hang_up();
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

bool wire_tell(const struct keep_message *message, int fd)
{
	return !worker.killed && !try_to_tell(message, fd);
}

void wire_tell_held(const struct held *held, unsigned int stops, unsigned int before)
{
	struct keep_message message;
	int fd;

	while (held_tell(held, worker.told, &message, &fd)) {
		if (fd >= 0 && !wire_tell(&message, fd))
			return;
		worker.told++;
	}
	if (stops && worker.stops != stops) {
		message = (struct keep_message){ .kind = KEEP_STOP, .number = stops };
		if (!wire_tell(&message, -1))
			return;
		worker.stops = stops;
	}
	message = (struct keep_message){ .kind = KEEP_STORED };
	if (store_is_on() && !wire_tell(&message, -1))
		return;
	message = (struct keep_message){ .kind = KEEP_SERVE, .number = before };
	worker.is_told = wire_tell(&message, -1);
}

void wire_tell_news(unsigned int stops, bool leave_wanted)
{
	struct keep_message stop = { .kind = KEEP_STOP, .number = stops };
	struct keep_message leave = { .kind = KEEP_LEAVE };

	if (worker.stops != stops && wire_tell(&stop, -1))
		worker.stops = stops;
	if (leave_wanted && !worker.left && wire_tell(&leave, -1))
		worker.left = true;
}

/* That it is closed here is not all: what closes it last takes its time for that. */
void wire_answer(uint64_t now_ms)
{
	worker.has_answer = !worker.killed && (store_waits(now_ms) ||
					       try_to_tell(&worker.answer, -1) == EAGAIN);
}

bool wire_has_news(unsigned int stops, bool leave_wanted)
{
	if (worker.killed)
		return false;
	return !worker.is_told || worker.stops != stops || (leave_wanted && !worker.left);
}
