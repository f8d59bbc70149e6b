// SPDX-License-Identifier: GPL-2.0
/*
 * Generations of a pager: what they allow, and the calls about them.
 *
 * A call by the descriptor of a former generation gives ESHUTDOWN, and no other call does.
 * Which descriptor is of which is known as long as one thread makes all calls, of those in the
 * slots of pagers. And a COMPLETE comes once, but for generations that begin meanwhile.
 */
#include <errno.h>
#include <fcntl.h>

#include "../lib/abi.h"
#include "fuzz.h"

#define MAX_PAGERS	64

/**
 * struct pager_file - what is in a slot of a pager
 * @pager: a number of its own; 0 if that is not known
 * @epoch: the generation that it is of
 * @keeper: it was made by open()
 */
struct pager_file {
	unsigned int pager;
	uint64_t epoch;
	bool keeper;
};

static struct pager_file files[SLOT_PORT];
static uint64_t latest[MAX_PAGERS];
static unsigned int nr_pagers;
/* Calls that were made in the program, and those that have returned. */
static atomic_uint nr_begun, nr_ended;
/* By a descriptor of which nothing is known. */
static atomic_bool unsure;

void generations_forget(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(files); i++)
		files[i].pager = 0;
	nr_pagers = 0;
	atomic_store(&nr_begun, 0);
	atomic_store(&nr_ended, 0);
	atomic_store(&unsure, false);
}

unsigned int generations_begun(void)
{
	return atomic_load(&nr_begun);
}

unsigned int generations_ended(void)
{
	return atomic_load(&nr_ended);
}

void pager_opened(unsigned int slot)
{
	struct pager_file *f = &files[slot];

	*f = (struct pager_file){ .pager = 0 };
	if (!atomic_load(&alone) || nr_pagers + 1 == MAX_PAGERS)
		return;
	*f = (struct pager_file){ .pager = ++nr_pagers, .keeper = true };
	latest[f->pager] = 0;
}

void pager_closed(uint64_t slot)
{
	if (slot < SLOT_PORT)
		files[slot].pager = 0;
}

static bool is_for_keeper(unsigned int cmd)
{
	switch (cmd) {
	case ZXP_IOC_GET_INFO:
	case ZXP_IOC_CREATE_PORT:
	case ZXP_IOC_BEGIN_GENERATION:
	case ZXP_IOC_LIST_VMOS:
	case ZXP_IOC_OPEN_VMO:
	case ZXP_IOC_SET_TIME_LIMIT:
		return true;
	default:
		return false;
	}
}

/* After an ioctl by the descriptor that is in @slot, before what it has done is known here. */
void check_generation(const struct call_desc *d, uint64_t slot, long ret)
{
	const struct pager_file *f = slot < SLOT_PORT ? &files[slot] : NULL;
	bool former;

	if (ret == -ESHUTDOWN && !generations_begun())
		finding("%s: ESHUTDOWN, and there is but one generation", d->name);
	if (!f || !f->pager || !atomic_load(&alone))
		return;
	former = f->epoch < latest[f->pager] && !(f->keeper && is_for_keeper(d->cmd));
	if (former ? ret != -ESHUTDOWN : ret == -ESHUTDOWN && !atomic_load(&unsure))
		finding("%s: %ld by generation %llu, and there is %llu", d->name, ret,
			(unsigned long long)f->epoch, (unsigned long long)latest[f->pager]);
}

long run_begin_generation(struct thread *t, const struct call_desc *d, const uint64_t *a)
{
	const struct zxp_begin_generation *arg = (void *)t->own;
	unsigned int to = SLOT_PAGER + a[5] % SLOT_PORT;
	struct pager_file next = { .pager = 0 };
	long ret;
	int fd;

	if (a[0] >= SLOT_PORT || a[1] || !files[a[0]].pager)
		atomic_store(&unsure, true);
	atomic_fetch_add(&nr_begun, 1);
	ret = run_ioctl(t, d, a);
	atomic_fetch_add(&nr_ended, 1);
	/* It may have begun, and nobody has been told. */
	if (ret == -EFAULT)
		atomic_store(&unsure, true);
	if (ret)
		return ret;
	fd = new_fd(t, a[1], offsetof(struct zxp_begin_generation, out_fd));
	if (!a[1] && fcntl(fd, F_GETFD) != FD_CLOEXEC)
		finding("begin_generation: descriptor %d is not there, or not close-on-exec",
			fd);
	if (a[0] < SLOT_PORT && !a[1] && atomic_load(&alone))
		next = files[a[0]];
	if (next.pager) {
		if (!next.keeper || arg->out_generation <= latest[next.pager])
			finding("begin_generation: %llu after %llu, by %s", arg->out_generation,
				(unsigned long long)latest[next.pager],
				next.keeper ? "the keeper" : "a generation");
		next.keeper = false;
		next.epoch = arg->out_generation;
		latest[next.pager] = next.epoch;
	}
	/* Most of those that are known are of no use now: packets go to that one. */
	vmo_unknown();
	files[to].pager = 0;
	slot_put(to, fd);
	files[to] = next;
	return 0;
}

/* One of those that the pager has, if the program gives a small number. */
long run_open_vmo(struct thread *t, const struct call_desc *d, const uint64_t *a)
{
	struct zxp_vmo_entry entry[8];
	uint64_t arg[MAX_ARGS];
	long ret;
	int n, fd;

	memcpy(arg, a, sizeof(arg));
	n = a[4] && a[4] <= ARRAY_SIZE(entry) ?
	    zxp_list_vmos(slot_fd(a[0]), 0, entry, ARRAY_SIZE(entry)) : 0;
	if (n > 0)
		arg[4] = entry[a[4] % n].id;
	ret = run_ioctl(t, d, arg);
	if (ret)
		return ret;
	fd = new_fd(t, a[1], offsetof(struct zxp_open_vmo, out_fd));
	if (!a[1] && fcntl(fd, F_GETFD) != FD_CLOEXEC)
		finding("open_vmo: descriptor %d is not there, or not close-on-exec", fd);
	slot_put(SLOT_SPARE + a[6] % (NR_SLOTS - SLOT_SPARE), fd);
	return 0;
}

/* The buffer is looked at only where nobody else can write. */
void check_list(struct thread *t, const struct zxp_list_vmos *l)
{
	const struct zxp_vmo_entry *e = (void *)t->private;
	uint64_t room = l->buffer_size / sizeof(*e), last = l->after, i;

	if (l->out_actual > room) {
		finding("list_vmos: %llu, room for %llu", l->out_actual,
			(unsigned long long)room);
		return;
	}
	if (l->buffer != (uintptr_t)e || l->out_actual * sizeof(*e) > PRIVATE_PAGES * PAGE)
		return;
	for (i = 0; i < l->out_actual; last = e[i++].id)
		if (e[i].id <= last || e[i].vmo_size % PAGE || e[i].vmo_size > MAX_VMO_SIZE ||
		    e[i].reserved0 || e[i].reserved1 || e[i].reserved2 || e[i].reserved3 ||
		    (e[i].state & ZXP_VMO_ENTRY_BEGUN && !(e[i].state & ZXP_VMO_ENTRY_UNWRITTEN)))
			finding("list_vmos: entry %llu after %llu: number %llu, size %#llx, state %#x",
				(unsigned long long)i, (unsigned long long)last, e[i].id,
				e[i].vmo_size, e[i].state);
}
