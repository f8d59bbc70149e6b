// SPDX-License-Identifier: GPL-2.0
/*
 * Workers that are broken, or worse, for a keeper.  Which of them this is to be its command line
 * says, as that of the keeper does.
 */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../zxpagerd/keep.h"
#include "keeper_fixture.h"

#define FLOODERS	4
#define DROPS		2000u	/* several times what both sockets hold */

static const char *how;
static int sock;
static uint64_t number;		/* so many were before */
static unsigned int copies;	/* that it was given */
static unsigned int given;	/* the same of sockets and locks */
static bool is_stopped, is_stored, is_dropped;

/* Before anybody has left to it: this is what it would serve. */
static void be_tried(void)
{
	struct keep_message fit = { .kind = KEEP_FIT, .number = served };

	if (!strcmp(how, "does not start"))
		_exit(1);
	if (!strcmp(how, "never says what it is")) {
		keeper_tell_news();
		pause();
	}
	if (!strcmp(how, "serves something else"))
		fit.number++;
	if (!strcmp(how, "needs long to serve"))
		fit.seconds = NEEDS_S;
	if (keep_send(sock, &fit, -1, 0))
		_exit(95);
}

static void hear(struct keep_message *message)
{
	int fd;

	if (keep_receive(sock, message, &fd, 0))
		_exit(99);
	if (message->kind == KEEP_TRY)
		be_tried();
	if (message->kind == KEEP_COPY)
		copies++;
	if ((message->kind == KEEP_LISTENER || message->kind == KEEP_LOCK) && fd >= 0)
		given++;
	is_stored |= message->kind == KEEP_STORED;
	is_dropped |= message->kind == KEEP_DROPPED;
	if (message->kind == KEEP_STOP)
		is_stopped = true;
	if (message->kind == KEEP_SERVE)
		number = message->number;
}

static void say(enum keep_kind kind, int fd)
{
	struct keep_message message = { .kind = kind };

	if (kind == KEEP_COPY || kind == KEEP_DROP)
		strncpy(message.name, "one", sizeof(message.name) - 1);
	if (kind == KEEP_COPY)
		strncpy(message.of, "f", sizeof(message.of) - 1);
	if (keep_send(sock, &message, fd, 0))
		_exit(98);
}

/* Comes to the end of the daemon when it is told to, with that status. */
static int end(int status)
{
	struct keep_message message;

	while (!is_stopped)
		hear(&message);
	return KEEP_EXIT_END + status;
}

static int leave_or_end(void)
{
	struct keep_message message = { .kind = 0 };

	while (message.kind != KEEP_LEAVE && !is_stopped)
		hear(&message);
	return is_stopped ? KEEP_EXIT_END : KEEP_EXIT_LEFT;
}

static char state_of(pid_t pid)
{
	char path[32], line[256] = "", *end_of_name, state = '?';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		_exit(97);
	(void)!fgets(line, sizeof(line), file);
	fclose(file);
	end_of_name = strrchr(line, ')');
	if (end_of_name)
		state = end_of_name[2];
	return state;
}

/*
 * It has something to read, says something, and dies, all of which the keeper finds out at
 * once.
 */
static void have_last_words(void)
{
	struct pollfd pfd = { .fd = sock, .events = POLLIN };
	pid_t keeper = getppid();
	int ends[2];
	char byte;

	poll(&pfd, 1, -1);
	kill(keeper, SIGSTOP);
	while (state_of(keeper) != 'T')
		;
	if (pipe2(ends, O_CLOEXEC))
		_exit(96);
	if (!fork()) {
		close(sock);
		close(ends[1]);
		(void)!read(ends[0], &byte, 1);
		kill(keeper, SIGCONT);
		_exit(0);
	}
	say(KEEP_COPY, a_file());
	kill(getpid(), SIGKILL);
}

/* One of each, but for what is too much to be kept. */
static void have_all_kept(void)
{
	int fd = a_file();

	say(KEEP_LOCK, fd);
	say(KEEP_LISTENER, fd);
	say(KEEP_VMO, fd);
	say(KEEP_COPY, fd);
}

static void drop(void)
{
	struct keep_message message;

	say(KEEP_DROP, -1);
	while (!is_dropped)
		hear(&message);
	keeper_tell_news();
}

/* What it was given and told shows when it ends. */
static int be_kept(void)
{
	int was_stored = is_stored ? KEPT_STORED : 0;

	/* It cannot be the first one, and would be killed if it took that for true. */
	if (!number && given)
		pause();
	if (!number)
		have_all_kept();
	say(KEEP_READY, -1);
	keeper_tell_news();
	if (!strcmp(how, "is kept, and drops"))
		drop();
	if (leave_or_end() == KEEP_EXIT_LEFT)
		return KEEP_EXIT_LEFT;
	return KEEP_EXIT_END + was_stored + (int)(KEPT_GIVEN * given + KEPT_COPY * copies);
}

/* Children of its own go on with that until nobody listens. */
static void flood(void)
{
	for (unsigned int i = 0; i < FLOODERS; i++)
		if (!fork())
			for (;;)
				say(KEEP_PONG, -1);
}

/*
 * Sends more than is answered while it does not read: until who sends that sleeps, and so does
 * the keeper, which has no room for an answer then.
 */
static void read_late(void)
{
	struct keep_message message;
	unsigned int dropped = 0;
	int fd = a_file();
	pid_t pid = fork();

	for (unsigned int i = 0; !pid && i < DROPS; i++) {
		say(KEEP_COPY, fd);
		say(KEEP_DROP, -1);
	}
	if (!pid)
		_exit(0);
	while (state_of(pid) != 'S' || state_of(getppid()) != 'S' || state_of(pid) != 'S')
		;
	while (dropped < DROPS) {
		hear(&message);
		dropped += message.kind == KEEP_DROPPED;
	}
}

int keeper_be_worker(void)
{
	struct keep_message message = { .kind = 0 };
	int fd = a_file();

	while (message.kind != KEEP_SERVE)
		hear(&message);
	if ((!strcmp(how, "never serves") || !strcmp(how, "needs long to serve")) && number) {
		keeper_tell_news();
		pause();
	}
	if (!strncmp(how, "is kept", 7))
		return be_kept();
	if (!strcmp(how, "starts, and dies"))
		kill(getpid(), SIGKILL);
	say(KEEP_READY, -1);
	keeper_tell_news();
	if (!strcmp(how, "leaves"))
		return KEEP_EXIT_LEFT;
	if (!strcmp(how, "leaves when it is told"))
		return leave_or_end();
	if (number)
		return end(10 + (int)copies);
	if (!strcmp(how, "dies") || !strcmp(how, "never serves"))
		kill(getpid(), SIGKILL);
	if (!strcmp(how, "fails at the end")) {
		end(0);
		return 1;
	}
	if (!strcmp(how, "ends unasked"))
		return KEEP_EXIT_END;
	if (!strcmp(how, "has last words"))
		have_last_words();
	if (!strcmp(how, "sends what is no message") && write(sock, how, strlen(how)) > 0)
		pause();
	if (!strcmp(how, "sends what is not to be held")) {
		say(KEEP_STOP, fd);
		pause();
	}
	if (!strcmp(how, "floods"))
		flood();
	if (!strcmp(how, "reads late"))
		read_late();
	return end(20);
}

static int descriptor(const char *text)
{
	return text ? (int)strtol(text, NULL, 10) : -1;
}

void keeper_tell_news(void)
{
	(void)!write(descriptor(getenv("NEWS")), ".", 1);
}

bool keeper_is_worker(int argc, char **argv)
{
	if (argc != 4 || strcmp(argv[1], "--worker"))
		return false;
	sock = descriptor(argv[2]);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	how = argv[3];
	return true;
}
