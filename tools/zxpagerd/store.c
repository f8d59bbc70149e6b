// SPDX-License-Identifier: GPL-2.0
/*
 * The descriptor store of a service manager: see sd_notify(3) and sd_listen_fds(3).
 *
 * It knows descriptors by names.  Who a VMO is the module tells; of a copy it cannot, so its name
 * there says all that the keeper was told of it.  Everything else has a name of one letter, and so
 * that a keeper of other options, or of another layout, does not take what it cannot serve, the
 * pager's has a hash of that.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "held.h"
#include "keep.h"
#include "key.h"
#include "log.h"
#include "notify.h"
#include "options.h"
#include "store.h"

#define LAYOUT		1	/* of these names, and of what they stand for */
#define FIRST_FD	3
#define NAME_SIZE	256
#define NAMES_MAX	120000	/* they come back in one string of the environment */
#define PATIENCE_MS	5000

static bool is_on;
static unsigned int max, count;		/* descriptors */
static unsigned int reserved = 2;	/* of those: for the socket and its lock, which may come last */
static size_t names;			/* bytes, each with what divides it from the next */
static bool is_slow, is_full;		/* it has been said */
static int barrier = -1;
static uint64_t barrier_due;

static void name_pager(char name[NAME_SIZE])
{
	uint64_t served = options_served(), layout = LAYOUT;

	snprintf(name, NAME_SIZE, "p/%016" PRIx64, key_hash(served, &layout, sizeof(layout)));
}

static void name_copy(char name[NAME_SIZE], const struct keep_message *copy)
{
	snprintf(name, NAME_SIZE, "c/%" PRIu64 "/%" PRIu64 "/%" PRIu32 "/%s/%s", copy->number,
		 copy->uid, copy->frozen, copy->name, copy->of);
}

/* Who hangs once is not waited for again. */
static bool tell(const char *text, int fd)
{
	int error = notify_send(text, fd, is_slow ? 0 : PATIENCE_MS);

	if (error && !is_slow)
		log_line("the service manager cannot be told what to keep: %s", strerror(error));
	is_slow |= error != 0;
	return !error;
}

/* --- into it, and out of it ---------------------------------------------------------------- */

static bool is_reserved(const char *name)
{
	return reserved && (!strcmp(name, "s") || !strcmp(name, "l"));
}

static void note(const char *name)
{
	reserved -= is_reserved(name);
	count++;
	names += strlen(name) + 1;
}

/* It would drop without a word what it has no room for. */
static bool has_room(const char *name)
{
	if (count + (is_reserved(name) ? 0 : reserved) < max && names + strlen(name) < NAMES_MAX)
		return true;
	if (!is_full)
		log_line("the service manager keeps %u descriptors: all others go with this process",
			 count);
	is_full = true;
	return false;
}

/* What it has is not asked to be closed when it is at its end, as the pager's seems to be. */
static bool put(const char *name, int fd)
{
	char text[NAME_SIZE + 32];

	if (!has_room(name))
		return false;
	snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
	if (!tell(text, fd))
		return false;
	note(name);
	return true;
}

static void take_out(const char *name)
{
	char text[NAME_SIZE + 32];

	snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	tell(text, -1);
}

/* When it has come so far it closes the other end. */
static void await(uint64_t now_ms)
{
	int ends[2];

	if (barrier >= 0)
		close(barrier);
	barrier = -1;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return;
	if (tell("BARRIER=1", ends[1])) {
		barrier = ends[0];
		barrier_due = now_ms + PATIENCE_MS;
	} else {
		close(ends[0]);
	}
	close(ends[1]);
}

void store_pager(int pager_fd)
{
	char name[NAME_SIZE];

	name_pager(name);
	is_on = max && put(name, pager_fd);
}

void store_put(struct held *held, const struct keep_message *message, int fd)
{
	char name[NAME_SIZE];

	if (!is_on)
		return;
	switch (message->kind) {
	case KEEP_VMO:
		put("v", fd);
		break;
	case KEEP_LISTENER:
		put("s", fd);
		break;
	case KEEP_LOCK:
		put("l", fd);
		break;
	case KEEP_COPY:
		name_copy(name, message);
		held_named(held, message->name)->stored = put(name, fd);
		break;
	}
}

static void take_out_copy(struct held_copy *copy)
{
	char name[NAME_SIZE];

	if (!copy->stored)
		return;
	copy->stored = false;
	name_copy(name, &copy->told);
	take_out(name);
	count--;
	names -= strlen(name) + 1;
}

void store_drop_copy(struct held *held, const char *name, uint64_t now_ms)
{
	struct held_copy *copy = held_named(held, name);

	if (!is_on || !copy || !copy->stored)
		return;
	take_out_copy(copy);
	await(now_ms);
}

void store_drop_socket(void)
{
	if (!is_on)
		return;
	take_out("s");
	take_out("l");
}

void store_clear(struct held *held, uint64_t now_ms)
{
	char name[NAME_SIZE];

	if (!is_on)
		return;
	is_on = false;
	name_pager(name);
	take_out(name);
	take_out("v");
	take_out("s");
	take_out("l");
	for (unsigned int i = 0; i < held->copy_count; i++)
		take_out_copy(&held->copies[i]);
	await(now_ms);
}

bool store_is_on(void)
{
	return is_on;
}

/* Nobody writes there: what there is to read is the end. */
bool store_waits(uint64_t now_ms)
{
	char byte;

	if (barrier >= 0 && (now_ms >= barrier_due || !read(barrier, &byte, 1))) {
		close(barrier);
		barrier = -1;
	}
	return barrier >= 0;
}

int store_poll(void)
{
	return barrier;
}

uint64_t store_wants_a_turn(void)
{
	return barrier >= 0 ? barrier_due : UINT64_MAX;
}

/* --- what was there before ------------------------------------------------------------------ */

static unsigned int number(const char *name)
{
	const char *text = getenv(name);

	return text ? (unsigned int)strtoul(text, NULL, 10) : 0;
}

/* What follows it and a slash; NULL if that is not so, or was not before. */
static const char *read_number(const char *at, uint64_t *number_read)
{
	char *end;

	if (!at)
		return NULL;
	*number_read = strtoull(at, &end, 10);
	return *end == '/' ? end + 1 : NULL;
}

/* As name_copy() has written it; what are no names held_take() says. */
static bool read_copy(const char *at, struct keep_message *copy)
{
	uint64_t frozen;
	size_t length;

	at = read_number(at, &copy->number);
	at = read_number(at, &copy->uid);
	at = read_number(at, &frozen);
	length = at ? strcspn(at, "/") : 0;
	if (!length || length >= sizeof(copy->name) || at[length] != '/' ||
	    strlen(at + length + 1) >= sizeof(copy->of))
		return false;
	copy->frozen = (uint32_t)frozen;
	memcpy(copy->name, at, length);
	memcpy(copy->of, at + length + 1, strlen(at + length + 1));
	return true;
}

/* 0 if it is none of those that this program gives. */
static struct keep_message what_is(const char *name)
{
	struct keep_message message = { .kind = 0 };

	if (!strcmp(name, "v"))
		message.kind = KEEP_VMO;
	else if (!strcmp(name, "s"))
		message.kind = KEEP_LISTENER;
	else if (!strcmp(name, "l"))
		message.kind = KEEP_LOCK;
	else if (!strncmp(name, "c/", 2) && read_copy(name + 2, &message))
		message.kind = KEEP_COPY;
	return message;
}

static void adopt(struct held *held, const char *name, int fd)
{
	struct keep_message message = what_is(name);
	const char *flaw = held_take(held, &message, fd);

	if (flaw)
		log_line("the service manager has kept %s", flaw);
	else if (message.kind == KEEP_COPY)
		held_named(held, message.name)->stored = true;
	note(name);
}

/* They are this process's and no other's: the variables go with them. */
static unsigned int given(char **listed)
{
	unsigned int fds = number("LISTEN_PID") == (unsigned int)getpid() ? number("LISTEN_FDS") : 0;
	const char *text = getenv("LISTEN_FDNAMES");

	*listed = strdup(text ? text : "");
	if (!*listed)
		die("out of memory");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return fds;
}

static const char *next_name(char **listed)
{
	const char *name = strsep(listed, ":");

	return name ? name : "";
}

/* -1 if no pager is among them that this keeper can go on with. */
static int find_pager(const char *listed, unsigned int fds)
{
	char *names_left = strdup(listed), *text = names_left, own[NAME_SIZE];
	int fd = -1;

	if (!text)
		die("out of memory");
	name_pager(own);
	for (unsigned int i = 0; i < fds && fd < 0; i++)
		if (!strcmp(next_name(&names_left), own))
			fd = FIRST_FD + (int)i;
	free(text);
	return fd;
}

/* The manager lets go of them first, so that what is locked is free when they are closed here. */
static void refuse_all(char *listed, unsigned int fds)
{
	struct pollfd pfd = { .events = POLLIN };
	bool is_kept = false;
	const char *name;

	for (unsigned int i = 0; i < fds; i++) {
		name = next_name(&listed);
		is_kept |= !strncmp(name, "p/", 2);
		take_out(name);
	}
	if (is_kept)
		log_line("what the service manager has kept is of other VMOs or of another version: that is the end of those");
	await(0);
	pfd.fd = barrier;
	if (barrier >= 0)
		poll(&pfd, 1, PATIENCE_MS);
	store_waits(UINT64_MAX);
	for (unsigned int i = 0; i < fds; i++)
		close(FIRST_FD + (int)i);
}

int store_open(struct held *held)
{
	char *listed, *text;
	const char *name;
	unsigned int fds = given(&listed);
	int pager_fd = find_pager(listed, fds);

	text = listed;
	max = getenv("NOTIFY_SOCKET") ? number("FDSTORE") : 0;
	if (fds && pager_fd < 0)
		refuse_all(listed, fds);
	for (unsigned int i = 0; i < fds && pager_fd >= 0; i++) {
		int fd = FIRST_FD + (int)i;

		name = next_name(&listed);
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		if (fd == pager_fd)
			note(name);
		else
			adopt(held, name, fd);
	}
	free(text);
	is_on = pager_fd >= 0;
	return pager_fd;
}
