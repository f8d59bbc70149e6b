// SPDX-License-Identifier: GPL-2.0
/*
 * userfaultfd on shared memory, as in programs that restore snapshots or migrate
 * machines: a memfd, since zxpager's pages are shared too, registered for missing
 * pages. The daemon blocks in read() for as many messages as there are, without poll(),
 * and answers each window with one UFFDIO_COPY, which also wakes who waits.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "peer.h"

/* Messages that are read at once. */
#define BATCH	64
#define REGIONS	256

/**
 * struct daemon - serves one or several regions
 * @uffd: blocks
 * @thread: in serve()
 * @region: all of them, NULL if one is closed; the first is the owner
 * @nr: how many there are
 *
 * Messages tell an address. The page behind the owner's last one is there to be
 * touched when the thread is to end: a read() that blocks is not ended by anything else.
 */
struct daemon {
	int uffd;
	pthread_t thread;
	struct region *_Atomic region[REGIONS];
	atomic_uint nr;
};

static size_t mapped_size(const struct region *r)
{
	return (r->spec.pages + 1) * PAGE_SIZE;
}

int uffd_create(uint64_t features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api))
		die("userfaultfd");
	return uffd;
}

void uffd_register(int uffd, const void *start, size_t nr, uint64_t mode)
{
	struct uffdio_register args = {
		.range.start = (uintptr_t)start,
		.range.len = nr * PAGE_SIZE,
		.mode = mode,
	};

	if (ioctl(uffd, UFFDIO_REGISTER, &args))
		die("UFFDIO_REGISTER");
}

void uffd_wake(int uffd, const void *start, size_t nr)
{
	struct uffdio_range args = {
		.start = (uintptr_t)start,
		.len = nr * PAGE_SIZE,
	};

	if (ioctl(uffd, UFFDIO_WAKE, &args))
		die("UFFDIO_WAKE");
}

/* Where there is a page in the middle it stays, and who waits for it goes on. */
void uffd_copy(int uffd, const char *to, const char *from, size_t nr, uint64_t mode)
{
	struct uffdio_copy args;

	while (nr) {
		args = (struct uffdio_copy) {
			.dst = (uintptr_t)to,
			.src = (uintptr_t)from,
			.len = nr * PAGE_SIZE,
			.mode = mode,
		};
		if (!ioctl(uffd, UFFDIO_COPY, &args))
			return;
		if (args.copy == -EEXIST) {
			uffd_wake(uffd, to, 1);
			args.copy = PAGE_SIZE;
		}
		if (args.copy <= 0)
			die("UFFDIO_COPY");
		to += args.copy;
		from += args.copy;
		nr -= (size_t)args.copy / PAGE_SIZE;
	}
}

static void write_protect(int uffd, const char *start, size_t nr, unsigned int mode)
{
	struct uffdio_writeprotect args = {
		.range.start = (uintptr_t)start,
		.range.len = nr * PAGE_SIZE,
		.mode = mode,
	};

	if (ioctl(uffd, UFFDIO_WRITEPROTECT, &args))
		die("UFFDIO_WRITEPROTECT");
}

static void uffd_supply(struct region *r, size_t page, size_t nr)
{
	const struct daemon *d = r->priv;
	size_t run;

	for (; nr; page += run, nr -= run) {
		run = content_run(page, nr);
		uffd_copy(d->uffd, region_page(r, page), content_at(page), run, 0);
	}
}

static struct region *region_of(struct daemon *d, const char *addr)
{
	unsigned int i = atomic_load(&d->nr);
	struct region *r;

	while (i--) {
		r = atomic_load(&d->region[i]);
		if (r && addr >= r->addr && addr < r->addr + mapped_size(r))
			return r;
	}
	errno = 0;
	die("a message about %p", (const void *)addr);
}

/* Return: false if that was the last one. */
static bool handle(struct daemon *d, const struct uffd_msg *msg)
{
	char *addr = (char *)(uintptr_t)msg->arg.pagefault.address;
	struct region *r = region_of(d, addr);
	size_t page = (size_t)(addr - r->addr) / PAGE_SIZE;
	struct window w = region_window(r, page, 1);

	errno = 0;
	if (msg->event != UFFD_EVENT_PAGEFAULT)
		die("event %d of userfaultfd", msg->event);
	if (page == r->spec.pages) {
		uffd_copy(d->uffd, addr, content_at(page), 1, 0);
		return false;
	}
	if (!(msg->arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP)) {
		region_answer(r, page, 1, uffd_supply);
		return true;
	}
	r->asked++;
	r->supplied += w.nr;
	write_protect(d->uffd, region_page(r, w.page), w.nr, 0);
	return true;
}

static void *serve(void *arg)
{
	struct uffd_msg msg[BATCH];
	struct daemon *d = arg;
	ssize_t n, i;

	for (;;) {
		n = read(d->uffd, msg, sizeof(msg));
		if (n < 0)
			die("read of messages");
		n /= (ssize_t)sizeof(*msg);
		for (i = 0; i < n; i++)
			if (!handle(d, &msg[i]))
				return NULL;
	}
}

static struct daemon *daemon_open(bool trap)
{
	uint64_t features = UFFD_FEATURE_MISSING_SHMEM;
	struct daemon *d = calloc(1, sizeof(*d));

	if (!d)
		die("memory for a daemon");
	if (trap)
		features |= UFFD_FEATURE_PAGEFAULT_FLAG_WP |
			    UFFD_FEATURE_WP_HUGETLBFS_SHMEM;
	d->uffd = uffd_create(features);
	return d;
}

int uffd_of_region(const struct region *r)
{
	return ((const struct daemon *)r->priv)->uffd;
}

static void uffd_open(struct region *r)
{
	bool trap = r->spec.flags & REGION_TRAP;
	uint64_t mode = UFFDIO_REGISTER_MODE_MISSING;
	struct daemon *d;
	unsigned int nr;

	d = r->spec.with ? r->spec.with->priv : daemon_open(trap);
	r->priv = d;
	r->fd = make_memfd(mapped_size(r));
	r->addr = map_memory(mapped_size(r), r->fd);
	if (r->spec.flags & REGION_RANDOM &&
	    madvise(r->addr, mapped_size(r), MADV_RANDOM))
		die("madvise");
	if (trap)
		mode |= UFFDIO_REGISTER_MODE_WP;
	uffd_register(d->uffd, r->addr, r->spec.pages + 1, mode);

	nr = atomic_load(&d->nr);
	errno = 0;
	if (nr == REGIONS)
		die("more than %u regions", nr);
	atomic_store(&d->region[nr], r);
	atomic_store(&d->nr, nr + 1);
	if (!r->spec.with && !(r->spec.flags & REGION_IDLE))
		check_rc(pthread_create(&d->thread, NULL, serve, d), "thread");
}

static void uffd_close(struct region *r)
{
	struct daemon *d = r->priv;
	unsigned int i, nr = atomic_load(&d->nr);

	if (!r->spec.with && !(r->spec.flags & REGION_IDLE)) {
		touch_read(region_page(r, r->spec.pages));
		check_rc(pthread_join(d->thread, NULL), "thread");
	}
	for (i = 0; i < nr; i++)
		if (atomic_load(&d->region[i]) == r)
			atomic_store(&d->region[i], NULL);
	munmap(r->addr, mapped_size(r));
	close(r->fd);
	if (!r->spec.with) {
		close(d->uffd);
		free(d);
	}
}

/* Only what is mapped can be protected before it is written to. */
static void uffd_protect(struct region *r)
{
	const struct daemon *d = r->priv;
	size_t i;

	for (i = 0; i < r->spec.pages; i++)
		touch_read(region_page(r, i));
	write_protect(d->uffd, r->addr, r->spec.pages, UFFDIO_WRITEPROTECT_MODE_WP);
}

const struct peer peer_userfaultfd = {
	.name = "userfaultfd",
	.open = uffd_open,
	.close = uffd_close,
	.supply = uffd_supply,
	.protect = uffd_protect,
};
