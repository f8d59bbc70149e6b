// SPDX-License-Identifier: GPL-2.0
/*
 * share: eight processes map the same 64 MiB, which are missing, and read all of them at
 * once. The daemon supplies 128 KiB at a time, and goes on with 2 MiB when it is asked.
 * A sample is all of that, for each page and process; memory is what more is used when
 * they have read, in copies.
 *
 *	zxpager		one VMO, that all of them map
 *	fuse		one file
 *	userfaultfd	each process has anonymous memory of its own, and a userfaultfd
 *			that the monitor got from it, in which a thread blocks for each.
 *			That is how snapshots are restored into several machines
 *	userfaultfd_shmem	one memfd that all of them map, each with a userfaultfd:
 *			one copy as well, but one that is never asked for again
 */
#include <errno.h>
#include <linux/userfaultfd.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "peer.h"

#define PROCESSES	8U
#define WINDOW		(KIB(128) / PAGE_SIZE)
#define AHEAD		(MIB(2) / PAGE_SIZE)
#define BATCH		16

enum way { ZXPAGER, FUSE, COPIES, SHMEM, WAYS };

static const char *const names[WAYS] = {
	"share.zxpager", "share.fuse", "share.userfaultfd", "share.userfaultfd_shmem",
};

/**
 * struct monitor - serves a process by its userfaultfd
 * @uffd: came from the process
 * @addr: of its memory, there
 * @pages: how many they are
 * @edge: where those end that are there
 * @thread: in serve(), until it is told about the page behind the last one
 */
struct monitor {
	int uffd;
	char *addr;
	size_t pages;
	size_t edge;
	pthread_t thread;
};

/**
 * struct share - one time all of that
 * @way: how
 * @pages: of the memory
 * @region: what is mapped, but with userfaultfd
 * @memfd: what is mapped, with SHMEM
 * @step: all processes and the parent meet here: ready; go; done; leave
 * @socket: each process sends its userfaultfd and address
 */
struct share {
	enum way way;
	size_t pages;
	struct region *region;
	int memfd;
	pthread_barrier_t *step;
	int socket[2];
};

/* What pages, page tables, and the kernel's own objects take. */
static size_t memory_used(void)
{
	static const char *const fields[] = {
		"Cached:", "AnonPages:", "PageTables:", "Slab:",
	};
	size_t kib = 0, len, i;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "re");

	if (!f)
		die("/proc/meminfo");
	while (fgets(line, sizeof(line), f)) {
		for (i = 0; i < ARRAY_SIZE(fields); i++) {
			len = strlen(fields[i]);
			if (!strncmp(line, fields[i], len))
				kib += strtoul(line + len, NULL, 10);
		}
	}
	fclose(f);
	return kib << 10;
}

static void meet(const struct share *s)
{
	int rc = pthread_barrier_wait(s->step);

	if (rc != PTHREAD_BARRIER_SERIAL_THREAD)
		check_rc(rc, "barrier");
}

static void send_monitor(const struct share *s, int uffd, const char *addr)
{
	char space[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { .iov_base = &addr, .iov_len = sizeof(addr) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = space,
		.msg_controllen = sizeof(space),
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &uffd, sizeof(int));
	if (sendmsg(s->socket[1], &msg, 0) != sizeof(addr))
		die("sendmsg");
}

static void receive_monitor(const struct share *s, struct monitor *m)
{
	char space[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { .iov_base = &m->addr, .iov_len = sizeof(m->addr) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = space,
		.msg_controllen = sizeof(space),
	};
	struct cmsghdr *head;

	if (recvmsg(s->socket[0], &msg, MSG_CMSG_CLOEXEC) != sizeof(m->addr))
		die("recvmsg");
	head = CMSG_FIRSTHDR(&msg);
	errno = 0;
	if (!head || head->cmsg_type != SCM_RIGHTS)
		die("no descriptor came");
	memcpy(&m->uffd, CMSG_DATA(head), sizeof(int));
	m->pages = s->pages;
	m->edge = 0;
}

/* As region_answer() does. */
static void answer(struct monitor *m, size_t page)
{
	size_t end = page + WINDOW + AHEAD;

	if (page < m->edge)
		return;
	do {
		uffd_copy(m->uffd, m->addr + m->edge * PAGE_SIZE, content_at(m->edge),
			  WINDOW, 0);
		m->edge += WINDOW;
	} while (m->edge < end && m->edge < m->pages);
}

static void *serve(void *arg)
{
	struct monitor *m = arg;
	struct uffd_msg msg[BATCH];
	ssize_t n, i;

	for (;;) {
		n = read(m->uffd, msg, sizeof(msg));
		if (n < 0)
			die("read of messages");
		n /= (ssize_t)sizeof(*msg);
		for (i = 0; i < n; i++) {
			char *addr = (char *)(uintptr_t)msg[i].arg.pagefault.address;
			size_t page = (size_t)(addr - m->addr) / PAGE_SIZE;

			if (page == m->pages) {
				uffd_copy(m->uffd, m->addr + page * PAGE_SIZE,
					  content_at(0), 1, 0);
				return NULL;
			}
			answer(m, page & ~(WINDOW - 1));
		}
	}
}

/* In each of the processes. The parent's mapping is another one. */
static char *map_own(const struct share *s)
{
	size_t pages = s->pages;
	char *addr;
	int uffd;

	if (s->region)
		return map_to_read(pages * PAGE_SIZE, s->region->fd);
	/* One more, of its own, by which the monitor's thread is told to end. */
	addr = map_memory((pages + 1) * PAGE_SIZE, -1);
	if (s->memfd >= 0 &&
	    mmap(addr, pages * PAGE_SIZE, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, s->memfd, 0) != addr)
		die("mmap");
	uffd = uffd_create(s->memfd < 0 ? 0 : UFFD_FEATURE_MISSING_SHMEM);
	uffd_register(uffd, addr, pages, UFFDIO_REGISTER_MODE_MISSING);
	uffd_register(uffd, addr + pages * PAGE_SIZE, 1,
		      UFFDIO_REGISTER_MODE_MISSING);
	send_monitor(s, uffd, addr);
	return addr;
}

__attribute__((noreturn))
static void process(const struct share *s)
{
	char *addr;
	size_t i;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		die("prctl");
	addr = map_own(s);
	meet(s);
	meet(s);
	for (i = 0; i < s->pages; i++) {
		if (touch_read(addr + i * PAGE_SIZE) == content_word(i))
			continue;
		errno = 0;
		die("%s: wrong word in page %zu", names[s->way], i);
	}
	meet(s);
	meet(s);
	content_check(addr, 0, s->pages, names[s->way]);
	if (!s->region)
		touch_read(addr + s->pages * PAGE_SIZE);
	_exit(0);
}

/* Who has failed does not come to where all meet. */
static void on_child(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	if (info->si_code != CLD_EXITED || info->si_status)
		_exit(2);
}

static void prepare(struct share *s)
{
	struct region_spec spec = { .pages = s->pages, .window = WINDOW,
				    .ahead = AHEAD };

	s->memfd = -1;
	if (s->way == ZXPAGER || s->way == FUSE)
		s->region = region_open(s->way == FUSE ? &peer_fuse : &peer_zxpager,
					&spec);
	else if (s->way == SHMEM)
		s->memfd = make_memfd(s->pages * PAGE_SIZE);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s->socket))
		die("socketpair");
}

static void finish(struct share *s, const pid_t *pid, const struct monitor *monitor)
{
	unsigned int i;
	int status;

	for (i = 0; i < PROCESSES; i++) {
		if (waitpid(pid[i], &status, 0) != pid[i])
			die("waitpid");
		errno = 0;
		if (status)
			die("%s: a process failed", names[s->way]);
		if (s->region)
			continue;
		check_rc(pthread_join(monitor[i].thread, NULL), "thread");
		close(monitor[i].uffd);
	}
	if (s->region) {
		errno = 0;
		if (s->region->supplied != s->pages ||
		    (s->way == ZXPAGER && s->region->asked > s->pages / WINDOW))
			die("%s: asked %lu times", names[s->way], s->region->asked);
		region_close(s->region);
	}
	if (s->memfd >= 0)
		close(s->memfd);
	close(s->socket[0]);
	close(s->socket[1]);
}

static void share(enum way way, size_t pages, pthread_barrier_t *step,
		  struct samples *time, struct samples *memory)
{
	struct share s = { .way = way, .pages = pages, .step = step };
	struct monitor monitor[PROCESSES];
	pid_t pid[PROCESSES];
	size_t before, after;
	unsigned int i;
	uint64_t start;

	prepare(&s);
	for (i = 0; i < PROCESSES; i++) {
		pid[i] = fork();
		if (pid[i] < 0)
			die("fork");
		if (!pid[i])
			process(&s);
		if (s.region)
			continue;
		receive_monitor(&s, &monitor[i]);
		check_rc(pthread_create(&monitor[i].thread, NULL, serve,
					&monitor[i]), "thread");
	}
	meet(&s);
	before = memory_used();
	start = now();
	meet(&s);
	meet(&s);
	sample_since(time, start, pages * PROCESSES);
	after = memory_used();
	sample_add(memory, ((double)after - (double)before) /
			   (double)(pages * PAGE_SIZE));
	meet(&s);
	finish(&s, pid, monitor);
}

static void run_share(void)
{
	size_t size = options.trace ? MIB(1) : options.quick ? MIB(8) : MIB(64);
	size_t pages = size / PAGE_SIZE;
	unsigned int rounds = options.trace ? 1 : times(1, 2, 5), i, way;
	struct samples time[WAYS] = { 0 }, memory[WAYS] = { 0 };
	pthread_barrier_t *step;
	struct sigaction child = {
		.sa_sigaction = on_child,
		.sa_flags = SA_SIGINFO | SA_RESTART,
	}, was;
	pthread_barrierattr_t attr;
	char name[64];

	step = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (step == MAP_FAILED)
		die("mmap");
	check_rc(pthread_barrierattr_init(&attr), "barrier");
	check_rc(pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED),
		 "barrier");
	check_rc(pthread_barrier_init(step, &attr, PROCESSES + 1), "barrier");
	if (sigaction(SIGCHLD, &child, &was))
		die("sigaction");
	for (i = 0; i < rounds; i++)
		for (way = 0; way < WAYS; way++)
			share(way, pages, step, &time[way], &memory[way]);
	for (way = 0; way < WAYS; way++) {
		emit(names[way], NAN, "ns", &time[way]);
		snprintf(name, sizeof(name), "%s.memory", names[way]);
		emit(name, NAN, "copies", &memory[way]);
		sample_free(&time[way]);
		sample_free(&memory[way]);
	}
	emit_value("share.one_copy.memory", NAN, "copies", 1);
	sigaction(SIGCHLD, &was, NULL);
	pthread_barrier_destroy(step);
	munmap(step, PAGE_SIZE);
}

ZXB_WORK(share, "eight processes read the same memory", run_share)
