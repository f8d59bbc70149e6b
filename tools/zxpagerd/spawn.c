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
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "generation.h"
#include "keep.h"
#include "log.h"
#include "spawn.h"

#define ARGUMENTS_MAX	(2 << 20)
#define FIRST		3	/* of them, behind what a worker is told */

static char **worker_argv, worker_sock[16];

void spawn_note_arguments(int argc, char **argv)
{
	worker_argv = calloc((size_t)argc + FIRST, sizeof(*worker_argv));
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

void program_close(struct program *program)
{
	if (program->file >= 0)
		close(program->file);
	if (program->arguments >= 0)
		close(program->arguments);
	*program = (struct program)PROGRAM_NONE;
}

int spawn_arguments(void)
{
	int fd = memfd_create("arguments", MFD_CLOEXEC);

	for (char **arg = worker_argv + FIRST; fd >= 0 && *arg; arg++)
		if (write(fd, *arg, strlen(*arg) + 1) != (ssize_t)strlen(*arg) + 1)
			die("cannot write down the arguments: %s", strerror(errno));
	if (fd < 0)
		die("cannot write down the arguments: %s", strerror(errno));
	return fd;
}

/* In the process that becomes the worker, which may allocate.  NULL if there is no sense in it. */
static char **arguments_of(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	size_t count = 0;
	char *text, **argv;

	if (size < 1 || size > ARGUMENTS_MAX)
		return NULL;
	text = malloc((size_t)size);
	argv = calloc((size_t)size + FIRST + 1, sizeof(*argv));
	if (!text || !argv || pread(fd, text, (size_t)size, 0) != size || text[size - 1])
		return NULL;
	memcpy(argv, worker_argv, FIRST * sizeof(*argv));
	for (char *at = text; at < text + size; at += strlen(at) + 1)
		argv[FIRST + count++] = at;
	return argv;
}

static void exec_program(const struct program *program)
{
	char **argv = worker_argv;

	if (program->arguments >= 0)
		argv = arguments_of(program->arguments);
	if (!argv)
		errno = EINVAL;
	else if (program->file >= 0)
		fexecve(program->file, argv, environ);
	else	/* It is what this process is, whatever has become of the file since. */
		execv("/proc/self/exe", argv);
}

static __attribute__((noreturn)) void exec_worker(const struct program *program, int sock,
						  const sigset_t *mask)
{
	/* That is for the keeper, which tells its worker; a manager may tell both. */
	signal(SIGUSR1, SIG_IGN);
	fcntl(sock, F_SETFD, 0);
	snprintf(worker_sock, sizeof(worker_sock), "%d", sock);
	sigprocmask(SIG_SETMASK, mask, NULL);
	exec_program(program);
	log_line("cannot start a worker: %s", strerror(errno));
	_exit(1);
}

pid_t spawn_process(const struct program *program, const sigset_t *mask, int *sock)
{
	int socks[2] = { -1, -1 };
	pid_t pid = -1;

	if (!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, socks) &&
	    !fcntl(socks[1], F_SETFL, 0))
		pid = fork();
	if (!pid)
		exec_worker(program, socks[1], mask);
	if (pid < 0)
		log_line("cannot start a worker: %s", strerror(errno));
	if (pid < 0 && socks[0] >= 0)
		close(socks[0]);
	if (socks[1] >= 0)
		close(socks[1]);
	*sock = pid < 0 ? -1 : socks[0];
	return pid < 0 ? 0 : pid;
}

bool spawn_has_ended(pid_t pid, int *status)
{
	pid_t ended = waitpid(pid, status, WNOHANG);

	/* How it has ended nobody knows: that is as bad as if it had been killed. */
	if (ended < 0 && errno == ECHILD)
		*status = SIGKILL;
	return ended > 0 || (ended < 0 && errno == ECHILD);
}

bool spawn_begin(int pager_fd, int sock)
{
	struct keep_message message = { .kind = KEEP_GENERATION };
	int error, generation = generation_begin(pager_fd);

	if (generation < 0) {
		log_line("cannot begin a generation: %s", strerror(errno));
		return false;
	}
	/* So few messages always fit. */
	error = keep_send(sock, &message, generation, MSG_DONTWAIT);
	close(generation);
	if (error)
		log_line("cannot hand a generation to the worker: %s", strerror(error));
	return !error;
}
