// SPDX-License-Identifier: GPL-2.0
/*
 * A client: one access of any kind that Linux has, in a thread or a process.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "client.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#endif

#define DATA	1	/* leaves the VMO's content in buf */
#define COPY	2	/* kernel code copies from or to the mapping */

static const struct {
	const char *name;
	unsigned int flags;
} kinds[NR_ACCESSES] = {
	[ACC_LOAD]	 = { "load", DATA },
	[ACC_STORE]	 = { "store", 0 },
	[ACC_PREAD]	 = { "pread", DATA },
	[ACC_PWRITE]	 = { "pwrite", DATA },
	[ACC_COMMIT]	 = { "COMMIT", 0 },
	[ACC_PREFETCH]	 = { "PREFETCH", 0 },
	[ACC_VMO_READ]	 = { "VMO_READ", DATA },
	[ACC_SPLICE]	 = { "splice", DATA },
	[ACC_SENDFILE]	 = { "sendfile", DATA },
	[ACC_COPY_RANGE] = { "copy_file_range", DATA },
	[ACC_PIPE_WRITE] = { "write to a pipe", DATA | COPY },
	[ACC_FILE_WRITE] = { "write to a file", DATA | COPY },
	[ACC_PIPE_READ]	 = { "read from a pipe", DATA | COPY },
	[ACC_VM_READ]	 = { "process_vm_readv", DATA | COPY },
	[ACC_POPULATE]	 = { "MADV_POPULATE_READ", COPY },
	[ACC_MLOCK]	 = { "mlock", 0 },
};

const char *access_name(enum access how)
{
	return kinds[how].name;
}

bool access_is_copy(enum access how)
{
	return kinds[how].flags & COPY;
}

static size_t bytes(const struct client *c)
{
	return c->how == ACC_LOAD ? sizeof(uint64_t) : c->nr * page_size;
}

static char *at(const struct client *c)
{
	return c->map + c->page * page_size;
}

static long write_or_splice(struct client *c, int to)
{
	loff_t off = c->page * page_size;

	switch (c->how) {
	case ACC_SPLICE:
		return splice(c->fd, &off, to, NULL, bytes(c), 0);
	case ACC_SENDFILE:
		return sendfile(to, c->fd, &off, bytes(c));
	case ACC_COPY_RANGE:
		return copy_file_range(c->fd, &off, to, NULL, bytes(c), 0);
	default:
		return write(to, at(c), bytes(c));
	}
}

/* Through something that has room for all of it, then read it back. */
static long pass_through(struct client *c)
{
	int fds[2] = { -1, -1 }, room = 4 << 20;
	long ret, got;

	if (c->how == ACC_SENDFILE) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
			return -1;
		setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	} else if (c->how == ACC_COPY_RANGE) {
		fds[1] = zxp_create_plain(c->vmo->pager->fd, bytes(c));
	} else if (c->how == ACC_FILE_WRITE) {
		fds[1] = memfd_create("zxp", MFD_CLOEXEC);
	} else {
		if (pipe(fds))
			return -1;
		fcntl(fds[1], F_SETPIPE_SZ, 1 << 20);
	}
	if (c->how == ACC_PIPE_READ) {
		vmo_fill(c->vmo, c->page, c->nr, c->buf);
		got = write(fds[1], c->buf, bytes(c));
		ret = read(fds[0], at(c), bytes(c));
	} else {
		ret = write_or_splice(c, fds[1]);
		got = fds[0] < 0 ? pread(fds[1], c->buf, bytes(c), 0) :
		      ret > 0 ? read(fds[0], c->buf, ret) : 0;
	}
	if (ret < 0)
		c->error = errno;
	else if (got < ret)
		ret = got;
	close(fds[0]);
	close(fds[1]);
	return ret;
}

static long vm_read(struct client *c)
{
	struct iovec to = { c->buf, bytes(c) };
	struct iovec from = { at(c), bytes(c) };

	return process_vm_readv(c->of ? c->of : getpid(), &to, 1, &from, 1, 0);
}

static long no_data(int rc)
{
	errno = -rc;
	return rc ? -1 : 0;
}

static long perform(struct client *c)
{
	uint64_t off = c->page * page_size, len = bytes(c);

	switch (c->how) {
	case ACC_LOAD:
		*(uint64_t *)c->buf = *(volatile uint64_t *)at(c);
		return len;
	case ACC_STORE:
		*(volatile uint64_t *)at(c) = STORED_WORD;
		return 0;
	case ACC_PREAD:
		return pread(c->fd, c->buf, len, off);
	case ACC_PWRITE:
		vmo_fill(c->vmo, c->page, c->nr, c->buf);
		return pwrite(c->fd, c->buf, len, off);
	case ACC_COMMIT:
		return no_data(zxp_vmo_op_range(c->fd, ZXP_VMO_OP_COMMIT, off, len));
	case ACC_PREFETCH:
		return no_data(zxp_vmo_op_range(c->fd, ZXP_VMO_OP_PREFETCH, off, len));
	case ACC_VMO_READ:
		return no_data(zxp_vmo_read(c->fd, off, len, c->buf)) ? -1 : (long)len;
	case ACC_VM_READ:
		return vm_read(c);
	case ACC_POPULATE:
		return madvise(at(c), len, MADV_POPULATE_READ);
	case ACC_MLOCK:
		return mlock(at(c), len);
	default:
		return pass_through(c);
	}
}

static int client_access(struct test_thread *t)
{
	struct client *c = t->arg;

	c->tid = syscall(SYS_gettid);
	c->ret = perform(c);
	if (c->ret < 0 && !c->error)
		c->error = errno;
	return 0;
}

struct client *client_new(enum access how, struct test_vmo *vmo, uint64_t page,
			  uint64_t nr)
{
	struct client *c = mmap(NULL, (nr + 1) * page_size, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (c == MAP_FAILED)
		abort();
	c->how = how;
	c->vmo = vmo;
	c->page = page;
	c->nr = nr;
	c->map = vmo->map;
	c->fd = vmo->fd;
	c->buf = (char *)c + page_size;
	c->thread.arg = c;
	return c;
}

bool client_thread(struct client *c)
{
	return thread_start(&c->thread, client_access);
}

void client_run(struct client *c)
{
	if (client_thread(c))
		client_end(c);
}

static struct client *the_child;

static void on_crash(int sig, siginfo_t *info, void *context)
{
	(void)context;
	the_child->signal = sig;
	the_child->signal_addr = info->si_addr;
	the_child->done = true;
	_exit(0);
}

static int client_main(void *arg)
{
	struct sigaction sa = { .sa_sigaction = on_crash, .sa_flags = SA_SIGINFO };
	struct client *c = arg;

	the_child = c;
	sigaction(SIGBUS, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	client_access(&c->thread);
	c->done = true;
	return 0;
}

bool client_fork(struct client *c)
{
	c->pid = child_start(client_main, c);
	return c->pid > 0;
}

static void joined(struct client *c)
{
	c->thread.started = false;
	c->signal = c->thread.signal;
	c->signal_addr = c->thread.signal_addr;
	c->done = c->ended = true;
}

bool client_running(struct client *c)
{
	if (!c->ended && !pthread_tryjoin_np(c->thread.thread, NULL))
		joined(c);
	return !c->ended;
}

bool client_end(struct client *c)
{
	struct timespec end;

	if (c->ended)
		return true;
	if (c->pid) {
		if (!child_wait(c->pid, 0)) {
			diag("client: %s", access_name(c->how));
			return false;
		}
		c->ended = true;
		return c->done;
	}
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += FAILURE_MS / 1000;
	if (pthread_timedjoin_np(c->thread.thread, NULL, &end)) {
		diag("client does not end: %s", access_name(c->how));
		return false;
	}
	joined(c);
	return true;
}

static bool tell(const struct client *c, const char *wanted)
{
	diag("%s of page %" PRIu64 "+%" PRIu64 ": returned %ld, errno %d, signal %d at %p; wanted %s",
	     access_name(c->how), c->page, c->nr, c->ret, c->error, c->signal,
	     c->signal_addr, wanted);
	return false;
}

bool client_good(struct client *c)
{
	bool data = kinds[c->how].flags & DATA;

	if (!client_end(c))
		return false;
	if (c->signal || c->ret != (data ? (long)bytes(c) : 0))
		return tell(c, "success");
	return !data || vmo_bytes_match(c->vmo, c->page * page_size, c->buf, bytes(c));
}

bool client_failed(struct client *c, int err)
{
	if (!client_end(c))
		return false;
	if (c->how == ACC_LOAD || c->how == ACC_STORE) {
		if (c->signal != SIGBUS || c->signal_addr != at(c))
			return tell(c, "SIGBUS");
		return true;
	}
	if (access_is_copy(c->how))
		err = EFAULT;
	else if (c->how == ACC_MLOCK)
		err = ENOMEM;
	if (c->signal || c->ret != -1 || c->error != err)
		return tell(c, strerror(err));
	return true;
}

bool client_kill(struct client *c)
{
	if (!child_kill(c->pid) || c->done) {
		diag("client: %s", access_name(c->how));
		return false;
	}
	return true;
}

bool vmo_bytes_match(const struct test_vmo *vmo, uint64_t offset, const void *buf,
		     size_t len)
{
	const unsigned char *p = buf;
	size_t i;

	for (i = 0; i < len; i++) {
		uint64_t word = vmo_word(vmo, (offset + i) / 8);
		unsigned char want = word >> ((offset + i) % 8 * 8);

		if (p[i] != want) {
			diag("offset %#" PRIx64 ": %#x instead of %#x", offset + i,
			     p[i], want);
			return false;
		}
	}
	return true;
}
