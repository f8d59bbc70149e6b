// SPDX-License-Identifier: GPL-2.0
/*
 * How a keeper starts a worker: the same program once more, with a generation of its own and one
 * end of a socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "generation.h"
#include "keep.h"
#include "log.h"
#include "spawn.h"

static char **worker_argv, worker_sock[16];

void spawn_note_arguments(int argc, char **argv)
{
	worker_argv = calloc((size_t)argc + 3, sizeof(*worker_argv));
	if (!worker_argv)
		die("out of memory");
	worker_argv[0] = argv[0];
	worker_argv[1] = "--worker";
	worker_argv[2] = worker_sock;
	for (int i = 1; i < argc; i++) {
		worker_argv[i + 2] = strdup(argv[i]);
		if (!worker_argv[i + 2])
			die("out of memory");
	}
}

static __attribute__((noreturn)) void exec_worker(int sock, const sigset_t *mask)
{
	/* It is what this process is, whatever has become of the file since. */
	fcntl(sock, F_SETFD, 0);
	snprintf(worker_sock, sizeof(worker_sock), "%d", sock);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execv("/proc/self/exe", worker_argv);
	log_line("cannot start a worker: %s", strerror(errno));
	_exit(1);
}

/* NULL, or what is wrong. */
static const char *try_to_spawn(int pager_fd, const sigset_t *mask, pid_t *pid, int *generation,
				int socks[2])
{
	*generation = generation_begin(pager_fd);
	if (*generation < 0)
		return "cannot begin a generation";
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, socks))
		return "cannot make a socket";
	if (fcntl(socks[1], F_SETFL, 0))
		return "cannot set up a socket";
	*pid = fork();
	if (!*pid)
		exec_worker(socks[1], mask);
	return *pid < 0 ? "cannot start a worker" : NULL;
}

pid_t spawn_worker(int pager_fd, const sigset_t *mask, int *sock)
{
	struct keep_message message = { .kind = KEEP_GENERATION };
	int generation, socks[2] = { -1, -1 };
	pid_t pid = 0;
	const char *flaw = try_to_spawn(pager_fd, mask, &pid, &generation, socks);

	if (flaw)
		log_line("%s: %s", flaw, strerror(errno));
	else	/* The first message always fits. */
		keep_send(socks[0], &message, generation, MSG_DONTWAIT);
	if (flaw && socks[0] >= 0)
		close(socks[0]);
	if (generation >= 0)
		close(generation);
	if (socks[1] >= 0)
		close(socks[1]);
	*sock = flaw ? -1 : socks[0];
	return flaw ? 0 : pid;
}
