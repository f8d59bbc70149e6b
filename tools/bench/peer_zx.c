// SPDX-License-Identifier: GPL-2.0
/*
 * zxpager: a VMO, and a daemon that blocks in read() for as many packets as there are,
 * and answers one with one call, and several with one call, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/zxpager.h>

#include "peer.h"

/* Packets that are read at once. */
#define BATCH	64

/**
 * struct daemon - serves the VMOs of one or several regions
 * @pager: the pager and its stream
 * @thread: in serve()
 * @owner: the region that was opened first and is closed last
 */
struct daemon {
	int pager;
	pthread_t thread;
	struct region *owner;
};

int zx_pager_open(void)
{
	int fd = open("/dev/zxpager", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die("/dev/zxpager");
	return fd;
}

int zx_vmo_create(int pager, size_t pages, unsigned int options, unsigned int flags,
		  uint64_t key)
{
	struct zxp_create_vmo args = {
		.size = sizeof(args),
		.options = options,
		.flags = flags,
		.port_fd = ZXP_PORT_OWN,
		.key = key,
		.vmo_size = pages * PAGE_SIZE,
	};

	if (ioctl(pager, ZXP_IOC_CREATE_VMO, &args))
		die("CREATE_VMO");
	return args.out_fd;
}

int zx_child_create(int vmo, unsigned int options, size_t pages)
{
	struct zxp_vmo_create_child args = {
		.size = sizeof(args),
		.options = options,
		.length = pages * PAGE_SIZE,
	};

	if (ioctl(vmo, ZXP_IOC_VMO_CREATE_CHILD, &args))
		die("CREATE_CHILD");
	return args.out_fd;
}

void zx_vmo_op(int vmo, unsigned int op, size_t page, size_t nr)
{
	struct zxp_vmo_op_range args = {
		.size = sizeof(args),
		.op = op,
		.offset = page * PAGE_SIZE,
		.length = nr * PAGE_SIZE,
	};

	if (ioctl(vmo, ZXP_IOC_VMO_OP_RANGE, &args))
		die("VMO_OP_RANGE");
}

static void supply(int pager, struct zxp_supply_pages *args)
{
	if (ioctl(pager, ZXP_IOC_SUPPLY_PAGES, args) || args->out_done != args->length)
		die("SUPPLY_PAGES");
}

void zx_supply(int pager, int vmo, size_t page, const void *source, size_t nr)
{
	struct zxp_supply_pages args = {
		.size = sizeof(args),
		.vmo_fd = vmo,
		.aux_fd = -1,
		.offset = page * PAGE_SIZE,
		.length = nr * PAGE_SIZE,
		.source = (uintptr_t)source,
	};

	supply(pager, &args);
}

void zx_supply_aux(int pager, int vmo, size_t page, int aux, size_t aux_page,
		   size_t nr)
{
	struct zxp_supply_pages args = {
		.size = sizeof(args),
		.flags = ZXP_SUPPLY_AUX,
		.vmo_fd = vmo,
		.aux_fd = aux,
		.offset = page * PAGE_SIZE,
		.length = nr * PAGE_SIZE,
		.source = aux_page * PAGE_SIZE,
	};

	supply(pager, &args);
}

/* Supplied later, together with others. */
void zx_answer(struct zx_answers *a, int pager, int vmo, size_t page, size_t nr)
{
	size_t run;

	for (; nr; page += run, nr -= run) {
		run = content_run(page, nr);
		if (a->nr == ARRAY_SIZE(a->range))
			zx_answer_all(a, pager);
		a->range[a->nr++] = (struct zxp_supply_range){
			.vmo_fd = vmo,
			.aux_fd = -1,
			.offset = page * PAGE_SIZE,
			.length = run * PAGE_SIZE,
			.source = (uintptr_t)content_at(page),
		};
	}
}

void zx_answer_all(struct zx_answers *a, int pager)
{
	struct zxp_supply_ranges args = {
		.size = sizeof(args),
		.ranges = (uintptr_t)a->range,
		.nr_ranges = a->nr,
	};

	if (a->nr && (ioctl(pager, ZXP_IOC_SUPPLY_RANGES, &args) ||
		      args.out_ranges != a->nr))
		die("SUPPLY_RANGES");
	a->nr = 0;
}

int zx_op_range(int pager, int vmo, unsigned int op, size_t page, size_t nr)
{
	struct zxp_op_range args = {
		.size = sizeof(args),
		.op = op,
		.vmo_fd = vmo,
		.offset = page * PAGE_SIZE,
		.length = nr * PAGE_SIZE,
	};

	return ioctl(pager, ZXP_IOC_OP_RANGE, &args);
}

static void zx_region_supply(struct region *r, size_t page, size_t nr)
{
	const struct daemon *d = r->priv;
	size_t run;

	for (; nr; page += run, nr -= run) {
		run = content_run(page, nr);
		zx_supply(d->pager, r->fd, page, content_at(page), run);
	}
}

static void handle(struct daemon *d, const struct zxp_packet *p, struct zx_answers *a)
{
	struct region *r = (struct region *)(uintptr_t)p->key;
	size_t page = p->offset / PAGE_SIZE, nr = p->length / PAGE_SIZE;
	struct window w = region_window(r, page, nr);

	if (p->command == ZXP_PACKET_READ && (!a || r->spec.ahead)) {
		region_answer(r, page, nr, zx_region_supply);
		return;
	}
	r->asked++;
	r->supplied += w.nr;
	if (p->command == ZXP_PACKET_READ)
		zx_answer(a, d->pager, r->fd, w.page, w.nr);
	else if (zx_op_range(d->pager, r->fd, ZXP_PAGER_OP_DIRTY, w.page, w.nr))
		die("OP_RANGE(DIRTY)");
}

static void *serve(void *arg)
{
	struct zxp_packet packets[BATCH];
	struct zx_answers answers;
	struct daemon *d = arg;
	ssize_t n, i;

	answers.nr = 0;

	for (;;) {
		n = read(d->pager, packets, sizeof(packets));
		if (n < 0)
			die("read of packets");
		n /= (ssize_t)sizeof(*packets);
		for (i = 0; i < n; i++) {
			if (packets[i].command != ZXP_PACKET_COMPLETE)
				handle(d, &packets[i], n > 1 ? &answers : NULL);
			else if (packets[i].key == (uintptr_t)d->owner)
				return NULL;
		}
		zx_answer_all(&answers, d->pager);
	}
}

static void zx_open(struct region *r)
{
	bool trap = r->spec.flags & REGION_TRAP;
	size_t size = r->spec.pages * PAGE_SIZE;
	struct daemon *d;

	if (r->spec.with) {
		d = r->spec.with->priv;
	} else {
		d = calloc(1, sizeof(*d));
		if (!d)
			die("memory for a daemon");
		d->owner = r;
		d->pager = zx_pager_open();
	}
	r->priv = d;
	/* What nobody is going to write to is sealed, as zxpagerd does it. */
	r->fd = zx_vmo_create(d->pager, r->spec.pages, trap ? ZXP_VMO_TRAP_DIRTY : 0,
			      trap ? 0 : ZXP_CREATE_READ_ONLY, (uintptr_t)r);
	r->addr = trap ? map_memory(size, r->fd) : map_to_read(size, r->fd);
	if (r->spec.flags & REGION_RANDOM && madvise(r->addr, size, MADV_RANDOM))
		die("madvise");
	if (!r->spec.with && !(r->spec.flags & REGION_IDLE))
		check_rc(pthread_create(&d->thread, NULL, serve, d), "thread");
}

static void zx_close(struct region *r)
{
	struct daemon *d = r->priv;
	struct zxp_detach_vmo args = {
		.size = sizeof(args),
		.vmo_fd = r->fd,
	};

	munmap(r->addr, r->spec.pages * PAGE_SIZE);
	if (ioctl(d->pager, ZXP_IOC_DETACH_VMO, &args))
		die("DETACH_VMO");
	if (!r->spec.with && !(r->spec.flags & REGION_IDLE))
		check_rc(pthread_join(d->thread, NULL), "thread");
	close(r->fd);
	if (!r->spec.with) {
		close(d->pager);
		free(d);
	}
}

/* What was supplied is clean, and a TRAP_DIRTY VMO traps from the start. */
static void zx_protect(struct region *r)
{
	(void)r;
}

int zx_region_pager(const struct region *r)
{
	return ((const struct daemon *)r->priv)->pager;
}

const struct peer peer_zxpager = {
	.name = "zxpager",
	.reads = true,
	.open = zx_open,
	.close = zx_close,
	.supply = zx_region_supply,
	.protect = zx_protect,
};
