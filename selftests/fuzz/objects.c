// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that make, hand on and end descriptors, and those that no other file has.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"

static long put_new(unsigned int slot, int fd)
{
	if (fd < 0)
		return -errno;
	slot_put(slot, fd);
	return 0;
}

static unsigned int spare(uint64_t slot)
{
	return SLOT_SPARE + (slot - SLOT_SPARE) % (NR_SLOTS - SLOT_SPARE);
}

RUN(open)
{
	long ret;

	if (a[0] >= SLOT_PORT)
		return -EBADF;
	pager_closed(a[0]);
	ret = put_new(a[0], open("/dev/zxpager", O_RDWR | O_CLOEXEC | (int)a[1]));
	if (!ret)
		pager_opened(a[0]);
	return ret;
}

/* As who gets a descriptor of less rights. */
RUN(reopen)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", slot_fd(a[0]));
	return put_new(spare(a[1]), open(path, (int)a[2] | O_CLOEXEC, 0600));
}

RUN(dup)
{
	return put_new(spare(a[1]),
		       fcntl(slot_fd(a[0]), F_DUPFD_CLOEXEC, 0));
}

RUN(close)
{
	if (a[0] >= NR_SLOTS)
		return -EBADF;
	pager_closed(a[0]);
	slot_put(a[0], -1);
	return 0;
}

/* Through a socket; or left in one that nobody has, for the garbage collector. */
RUN(pass)
{
	char byte = 0, control[CMSG_SPACE(2 * sizeof(int))] = {};
	struct iovec io = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int pair[2], fds[2], fd = -1;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
		return -errno;
	fds[0] = slot_fd(a[0]);
	fds[1] = pair[1];
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	if (sendmsg(pair[0], &msg, 0) < 0) {
		long ret = -errno;

		close(pair[0]);
		close(pair[1]);
		return ret;
	}
	if (!(a[2] & 1) && recvmsg(pair[1], &msg, MSG_CMSG_CLOEXEC) == 1 &&
	    msg.msg_controllen >= CMSG_LEN(sizeof(fds))) {
		memcpy(fds, CMSG_DATA(c), sizeof(fds));
		fd = fds[0];
		close(fds[1]);
	}
	close(pair[0]);
	close(pair[1]);
	if (fd >= 0)
		slot_put(spare(a[1]), fd);
	return 0;
}

RUN(pipe)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | (a[0] & 1 ? O_NONBLOCK : 0)))
		return -errno;
	slot_put(SLOT_PIPE, ends[0]);
	slot_put(SLOT_PIPE + 1, ends[1]);
	return 0;
}

RUN(memfd)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd >= 0 && ftruncate(fd, a[0] % (64 * PAGE)))
		return -errno;
	return put_new(SLOT_MEMFD, fd);
}

/*
 * A child with copies of the mappings, that reads or writes one; waited for or left,
 * perhaps with the descriptors. It is ended with the worker.
 */
RUN(fork)
{
	volatile uint8_t *at = pointer(t, a[0]);
	bool waited = a[1] & 1;
	int status;
	pid_t pid;

	pid = syscall(SYS_fork);
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		/* What it may not touch ends it. */
		signal(SIGBUS, SIG_DFL);
		signal(SIGSEGV, SIG_DFL);
		if (a[1] & 2)
			*at = 1;
		else
			(void)*at;
		syscall(SYS_exit_group, 0);
	}
	if (waited)
		waitpid(pid, &status, 0);
	return 0;
}

RUN(signal)
{
	int tid = atomic_load(&threads[a[0] % MAX_THREADS].tid);

	if (!tid)
		return -ESRCH;
	return syscall(SYS_tgkill, getpid(), tid, SIGUSR1) ? -errno : 0;
}

RUN(limit)
{
	struct rlimit limit = { .rlim_cur = a[1], .rlim_max = RLIM_INFINITY };
	int what = a[0] & 1 ? RLIMIT_FSIZE : RLIMIT_NOFILE;

	if (what == RLIMIT_NOFILE)
		limit.rlim_cur = 4 + a[1] % 16;
	getrlimit(what, &(struct rlimit){});
	limit.rlim_max = what == RLIMIT_NOFILE ? 4096 : RLIM_INFINITY;
	return setrlimit(what, &limit) ? -errno : 0;
}

/* Only of what is known to be a stream: what is read is looked at. */
RUN(serve)
{
	if (a[0] >= SLOT_VMO)
		return -EBADF;
	return serve(a[0], a[1] % 6, a[2] % 65);
}

RUN(fcntl)
{
	return fcntl(slot_fd(a[0]), (int)a[1], (int)a[2]) < 0 ? -errno : 0;
}

RUN(fdinfo)
{
	char path[64], text[1024];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", slot_fd(a[0]));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text));
	close(fd);
	return n < 0 ? -errno : 0;
}

RUN(epoll)
{
	struct epoll_event e = { .events = a[1] };
	int set = epoll_create1(EPOLL_CLOEXEC);
	long ret = 0;

	if (set < 0)
		return -errno;
	if (epoll_ctl(set, EPOLL_CTL_ADD, slot_fd(a[0]), &e) ||
	    epoll_wait(set, &e, 1, 1) < 0)
		ret = -errno;
	close(set);
	return ret;
}
