// SPDX-License-Identifier: GPL-2.0
/*
 * Two threads and two pipes: the least that asking another thread and waiting for its
 * answer can cost, by the means that every program has.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "peer.h"

struct pipe_pair {
	int there[2];
	int back[2];
	pthread_t thread;
};

static void *answer(void *arg)
{
	struct pipe_pair *p = arg;
	char byte;

	while (read(p->there[0], &byte, 1) == 1) {
		if (write(p->back[1], &byte, 1) != 1)
			die("pipe");
	}
	return NULL;
}

struct pipe_pair *pipe_open(void)
{
	struct pipe_pair *p = calloc(1, sizeof(*p));

	if (!p || pipe2(p->there, O_CLOEXEC) || pipe2(p->back, O_CLOEXEC))
		die("pipe");
	check_rc(pthread_create(&p->thread, NULL, answer, p), "thread");
	return p;
}

void pipe_round_trip(struct pipe_pair *p)
{
	char byte = 1;

	if (write(p->there[1], &byte, 1) != 1 || read(p->back[0], &byte, 1) != 1)
		die("pipe");
}

void pipe_close(struct pipe_pair *p)
{
	close(p->there[1]);
	check_rc(pthread_join(p->thread, NULL), "thread");
	close(p->there[0]);
	close(p->back[0]);
	close(p->back[1]);
	free(p);
}
