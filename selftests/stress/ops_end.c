// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that end. A thread exits, and the kernel writes to words of its in a VMO: to a
 * robust mutex that it held, and to where its TID is kept for who joins it. A process
 * dumps core, with all that it has mapped.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../lib/client.h"
#include "client.h"

/* --- a thread that exits ---------------------------------------------------------- */

/* It must not fault, and has no thread-local memory of its own. */
struct leaver {
	struct robust_list_head head;
	volatile uint32_t go;
	void *tid_at;
};

static int leave(void *arg)
{
	struct leaver *l = arg;

	while (!load(l->go))
		syscall(SYS_futex, &l->go, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	syscall(SYS_set_robust_list, &l->head, sizeof(l->head));
	syscall(SYS_set_tid_address, l->tid_at);
	syscall(SYS_exit, 0);
	return 0;
}

static pid_t start_leaver(struct leaver *l, char *stack_end)
{
	sigset_t all, before;
	pid_t tid;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	tid = clone(leave, stack_end, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
		    CLONE_THREAD | CLONE_SYSVSEM, l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return tid;
}

/* The kernel has done all that it does for it when its TID is gone. */
static void let_leave(struct leaver *l, pid_t tid)
{
	put(l->go, 1);
	syscall(SYS_futex, &l->go, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	while (!syscall(SYS_tgkill, getpid(), tid, 0))
		nap();
}

/* Whole, or an error. */
static int put_bytes(const struct range *r, uint64_t at, const void *buf, uint64_t len)
{
	uint64_t done = 0;

	while (done < len) {
		ssize_t n = pwrite(vmo_fd(r), (const char *)buf + done, len - done,
				   at + done);

		if (n > 0)
			done += n;
		else if (n < 0 && errno != EINTR)
			return -errno;
		else if (!n)
			return -EFAULT;
	}
	return 0;
}

/* So that the kernel has to ask for it, if the daemon has been quick. */
static void try_to_lose(struct actor *a, const struct range *r)
{
	uint64_t off = r->off / 4096 * 4096, end = (r->off + r->len + 4095) / 4096 * 4096;

	if (board->vmo[r->vmo].flags & ZXP_CREATE_SYNC)
		fdatasync(vmo_fd(r));
	madvise(place(a, r->vmo) + off, end - off, MADV_DONTNEED);
	zxp_vmo_op_range(vmo_fd(r), ZXP_VMO_OP_DONT_NEED, off, end - off);
}

static bool half_is(uint32_t seen, uint32_t this, uint32_t that)
{
	return seen == this || seen == that;
}

/*
 * A mutex is marked, or is as it was: who exits does not wait for long. The other half of
 * each word stays.
 */
static bool words_are_right(struct actor *a, const struct range *r, pid_t tid,
			    const uint32_t *first, const uint32_t *last)
{
	const uint32_t *wrote = (uint32_t *)a->buf;
	const uint32_t *wrote_last = (uint32_t *)(a->buf + r->len - 8);

	if (half_is(first[0], tid, FUTEX_OWNER_DIED) && first[1] == wrote[1] &&
	    half_is(last[0], tid, FUTEX_OWNER_DIED) && last[1] == wrote_last[1] &&
	    half_is(first[2], wrote[2], 0) && first[3] == wrote[3]) {
		add(board->marked, (first[0] != (uint32_t)tid) +
				   (last[0] != (uint32_t)tid));
		return true;
	}
	wrong("VMO %d %#jx+%#jx: thread %d has left %#x %#x, %#x %#x and %#x %#x",
	      r->vmo, (uintmax_t)r->off, (uintmax_t)r->len, tid, first[0], first[1],
	      last[0], last[1], first[2], first[3]);
	return false;
}

/*
 * In this actor's chunks: the lower half of a word may be anything while it writes there.
 * At the end all is as it should be. Mutexes are the first word and the last; the word
 * behind the first is where the TID would be.
 */
ssize_t op_exit(struct actor *a, const struct range *r)
{
	char stack[16384] __attribute__((aligned(16)));
	struct leaver l = { .tid_at = mapped(a, r) + 8 };
	struct robust_list *entry[2] = {
		(void *)(a->other + r->off),
		(void *)(a->other + r->off + r->len - 8),
	};
	uint64_t last_at = r->off + r->len - 8;
	uint32_t first[4], last[2];
	pid_t tid;
	int rc;

	l.head.futex_offset = place(a, r->vmo) - a->other;
	l.head.list.next = entry[0];
	entry[0]->next = entry[1];
	entry[1]->next = &l.head.list;
	rc = put_bytes(r, r->off, a->buf, r->len);
	if (rc)
		return rc;
	tid = start_leaver(&l, stack + sizeof(stack));
	if (tid < 0)
		return -errno;
	rc = put_bytes(r, r->off, &tid, sizeof(tid)) ?:
	     put_bytes(r, last_at, &tid, sizeof(tid));
	if (!rc && one_in(&a->dice, 2))
		try_to_lose(a, r);
	let_leave(&l, tid);
	if (!rc && !in_tail(r)) {
		if (pread(vmo_fd(r), first, sizeof(first), r->off) != sizeof(first) ||
		    pread(vmo_fd(r), last, sizeof(last), last_at) != sizeof(last))
			rc = -EAGAIN;
		else if (!words_are_right(a, r, tid, first, last))
			return -EAGAIN;
	}
	return put_bytes(r, r->off, a->buf, r->len) ?: rc ?: (ssize_t)r->len;
}

/* --- a process that dumps core ---------------------------------------------------- */

#define PATTERN		"/proc/sys/kernel/core_pattern"
#define USES_PID	"/proc/sys/kernel/core_uses_pid"
#define DUMPER		"zxp-dump-%d"
#define CORE		"/tmp/zxp_stress."
/* Of files and anonymous, shared and private. */
#define FILTER		"0x7f"
/* Of one dump; of each actor there is one at a time. */
#define CORE_BYTES	(16 << 20)

static char pattern[128], uses_pid[16];

static void read_line(const char *path, char *text, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, room - 1);

	text[n > 0 ? n : 0] = '\0';
	close(fd);
}

static void core_path(char *path, size_t room, int actor)
{
	snprintf(path, room, CORE DUMPER, actor);
}

/* Those who were killed at it have left some. */
void dump_clean(void)
{
	char path[64];
	int i;

	for (i = 0; i < ACTORS; i++) {
		core_path(path, sizeof(path), i);
		unlink(path);
	}
}

void dump_end(void)
{
	if (!pattern[0])
		return;
	write_file(PATTERN, pattern);
	write_file(USES_PID, uses_pid);
}

static void dump(int actor)
{
	char name[16];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(name, sizeof(name), DUMPER, actor);
	prctl(PR_SET_NAME, name);
	signal(SIGABRT, SIG_DFL);
	/* There is no such file where no kernel makes a dump. */
	write_file("/proc/self/coredump_filter", FILTER);
	if (!setrlimit(RLIMIT_CORE, &(struct rlimit){ CORE_BYTES, CORE_BYTES }) &&
	    !prctl(PR_SET_DUMPABLE, 1))
		kill(getpid(), SIGABRT);
	_exit(1);
}

/* False: it ended without. */
static bool dump_of(int actor)
{
	int status = 0;
	pid_t pid = fork();

	if (pid < 0)
		return false;
	if (!pid)
		dump(actor);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
		wrong("who was to dump core has ended with %#x", status);
	return WCOREDUMP(status);
}

/* Where the kernel makes any. */
void dump_init(void)
{
	read_line(PATTERN, pattern, sizeof(pattern));
	read_line(USES_PID, uses_pid, sizeof(uses_pid));
	if (!write_file(PATTERN, CORE "%e") && !write_file(USES_PID, "0") && dump_of(0))
		return;
	diag("no core dumps here");
	dump_end();
	pattern[0] = '\0';
}

/* Where it has what was at @address; 0 if it has not. */
static off_t in_core(int fd, uintptr_t address)
{
	Elf64_Ehdr head;
	Elf64_Phdr seg;
	int i;

	if (pread(fd, &head, sizeof(head), 0) != sizeof(head))
		return 0;
	for (i = 0; i < head.e_phnum; i++) {
		if (pread(fd, &seg, sizeof(seg), head.e_phoff + i * sizeof(seg)) !=
		    sizeof(seg))
			return 0;
		if (seg.p_type == PT_LOAD && seg.p_vaddr <= address &&
		    address < seg.p_vaddr + seg.p_filesz)
			return seg.p_offset + (address - seg.p_vaddr);
	}
	return 0;
}

static bool is_hole(const char *at, uint64_t len)
{
	while (len && !*at)
		at++, len--;
	return !len;
}

/* Pages that were missing are holes. So much is there before the first of those. */
static ssize_t before_hole(const struct range *r, const char *buf, ssize_t n)
{
	ssize_t at = 0, len = 4096 - r->off % 4096;

	for (; at < n; at += len, len = 4096) {
		if (len > n - at)
			len = n - at;
		if (is_hole(buf + at, len))
			break;
	}
	return at < n ? at : n;
}

/* What a dump has of a VMO is right, or it is a hole; and it comes to its end. */
ssize_t op_dump(struct actor *a, const struct range *r)
{
	char path[64];
	ssize_t n;
	off_t at;
	int fd;

	if (!pattern[0])
		return -ENOSYS;
	core_path(path, sizeof(path), a->id);
	op_load(a, r);
	if (!dump_of(a->id))
		return -EAGAIN;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	unlink(path);
	at = in_core(fd, (uintptr_t)mapped(a, r));
	n = at ? pread(fd, a->buf, r->len, at) : 0;
	close(fd);
	n = before_hole(r, a->buf, n);
	add(board->dumped, n / 8);
	return n;
}
