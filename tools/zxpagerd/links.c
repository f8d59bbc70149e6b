// SPDX-License-Identifier: GPL-2.0
/*
 * The end of what the worker before was connected to.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "links.h"
#include "log.h"
#include "loop.h"
#include "options.h"

#define TELL_MS		1000	/* a server that is there needs less */

static void (*keep_link)(unsigned int place, int fd);
static unsigned int places;
static struct pollfd *taken;
static unsigned int count, left;

unsigned int links_reserve(unsigned int more)
{
	places += more;
	return places - more;
}

void links_on_made(void (*keep)(unsigned int place, int fd))
{
	keep_link = keep;
}

void links_made(unsigned int place, int fd)
{
	if (keep_link)
		keep_link(place, fd);
}

void links_end(int fd)
{
	if (keep_link && fd >= 0)
		shutdown(fd, SHUT_RDWR);
}

void links_take(int fd)
{
	taken = realloc(taken, (count + 1) * sizeof(*taken));
	if (!taken)
		die("out of memory");
	taken[count++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	left++;
	shutdown(fd, SHUT_WR);
}

/* Answers that nobody waits for any more, and then the end. */
static bool has_ended(int fd)
{
	char answers[4096];
	ssize_t n;

	do {
		n = recv(fd, answers, sizeof(answers), MSG_DONTWAIT);
	} while (n > 0 || (n < 0 && errno == EINTR));
	return !n || (errno != EAGAIN && errno != EWOULDBLOCK);
}

static void let_go(struct pollfd *link)
{
	close(link->fd);
	link->fd = -1;
	left--;
}

/* Until all have ended or it is that late. */
static void wait_until(uint64_t end)
{
	uint64_t now;

	while (left) {
		for (unsigned int i = 0; i < count; i++)
			if (taken[i].fd >= 0 && has_ended(taken[i].fd))
				let_go(&taken[i]);
		now = loop_now();
		if (!left || now >= end)
			return;
		poll(taken, count, (int)(end - now));
	}
}

void links_wait(void)
{
	uint64_t now = loop_now(), end = now + (uint64_t)options.reconnect_timeout * 1000;

	wait_until(end < now + TELL_MS ? end : now + TELL_MS);
	if (left && loop_now() < end)
		log_line("waiting for what the worker before has sent to a server");
	wait_until(end);
	if (left)
		log_line("a server has not closed %u connections of the worker before: what that has sent may still be written",
			 left);
	for (unsigned int i = 0; i < count; i++)
		if (taken[i].fd >= 0)
			let_go(&taken[i]);
	free(taken);
	taken = NULL;
	count = 0;
}
