// SPDX-License-Identifier: GPL-2.0
/*
 * Any ioctl, out of the description of its structure.
 *
 * The structure lies in private memory, with plain zeroes behind it that have to stay
 * as they are. Or it lies where the program says. There only those bytes of it are
 * stored that are in plain memory; what is in the page of a VMO is whatever that
 * holds, and it is the kernel that has to fetch it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

#include "fuzz.h"

static bool is_fd(enum arg_kind kind)
{
	return kind == A_PORT || kind == A_VMO || kind == A_PLAIN;
}

static void build(struct thread *t, const struct call_desc *d, const uint64_t *a)
{
	uint32_t size = (uint32_t)a[2], least = (uint32_t)d->args[2].values[1];
	uint32_t given = size > least ? size : least;
	unsigned int i;

	memset(t->own, 0, sizeof(t->own));
	memcpy(t->own, &size, sizeof(size));
	for (i = 3; i < nr_args(d); i++) {
		const struct arg_desc *f = &d->args[i];
		uint64_t value = a[i];

		/* What a smaller structure does not have stays zero. */
		if (!f->width || f->offset >= given)
			continue;
		if (is_fd(f->kind))
			value = (uint32_t)rights_hold(t, i, value);
		else if (f->kind == A_POINTER || f->kind == A_NAME)
			value = (uintptr_t)pointer(t, value);
		memcpy(t->own + f->offset, &value,
		       f->width < given - f->offset ? f->width : given - f->offset);
	}
	if (a[2] & TAIL_NOT_ZERO)
		t->own[d->args[2].values[0]] = 1;
}

static void *place(struct thread *t, const struct call_desc *d, uint64_t at)
{
	uint8_t *to = pointer(t, at);
	uint64_t i;

	if (!at)
		return t->own;
	for (i = 0; i < d->args[2].values[0]; i++)
		if (plain_memory((uintptr_t)to + i))
			to[i] = t->own[i];
	return to;
}

long run_ioctl(struct thread *t, const struct call_desc *d, const uint64_t *a)
{
	void *arg;
	long ret;
	int fd;

	rights_begin(t);
	fd = rights_hold(t, 0, a[0]);
	build(t, d, a);
	arg = place(t, d, a[1]);
	ret = ioctl(fd, d->cmd, arg) < 0 ? -errno : 0;
	rights_end(t, d, a, ret);
	if (d->args[0].kind == A_PAGER)
		check_generation(d, a[0], ret);
	if (!a[1])
		check_ioctl(t, d, a, ret);
	return ret;
}

int new_fd(struct thread *t, uint64_t at, size_t offset)
{
	uint8_t *from = pointer(t, at);
	int fd;

	/* Elsewhere somebody may have changed it: it is found when it is closed. */
	if (at && !(plain_memory((uintptr_t)from) &&
		    plain_memory((uintptr_t)from + 63)))
		return -1;
	memcpy(&fd, (at ? from : t->own) + offset, sizeof(fd));
	return fd;
}

long run_create_port(struct thread *t, const struct call_desc *d,
		     const uint64_t *a)
{
	long ret = run_ioctl(t, d, a);
	int fd;

	if (ret)
		return ret;
	fd = new_fd(t, a[1], offsetof(struct zxp_create_port, out_fd));
	if (!a[1] && fcntl(fd, F_GETFD) != FD_CLOEXEC)
		finding("create_port: descriptor %d is not there, or not close-on-exec",
			fd);
	if (!(a[6] & 1))
		fcntl(fd, F_SETFL, O_NONBLOCK);
	slot_put(SLOT_PORT + a[5] % 2, fd);
	return 0;
}

long run_create_vmo(struct thread *t, const struct call_desc *d,
		    const uint64_t *a)
{
	unsigned int slot = SLOT_VMO + (a[10] - SLOT_VMO) % (SLOT_PIPE - SLOT_VMO);
	uint64_t arg[MAX_ARGS];
	long ret;
	int fd;

	/* The key tells VMOs apart, unless there may be none. */
	memcpy(arg, a, sizeof(arg));
	if (a[6])
		arg[6] = vmo_register(a[0], slot, a[3], a[4], a[7], a[6]);
	ret = run_ioctl(t, d, arg);
	if (ret)
		return ret;
	fd = new_fd(t, a[1], offsetof(struct zxp_create_vmo, out_fd));
	if (!a[1] && fcntl(fd, F_GETFD) != FD_CLOEXEC)
		finding("create_vmo: descriptor %d is not there, or not close-on-exec",
			fd);
	if (a[1] || (!a[6] && !(a[4] & ZXP_CREATE_PLAIN)))
		vmo_unknown();
	else if (a[6])
		vmo_made(arg[6], slot_fd(a[0]), fd);
	slot_put(slot, fd);
	return 0;
}

long run_create_child(struct thread *t, const struct call_desc *d,
		      const uint64_t *a)
{
	long ret = run_ioctl(t, d, a);
	int fd;

	if (ret)
		return ret;
	fd = new_fd(t, a[1], offsetof(struct zxp_vmo_create_child, out_fd));
	if (!a[1] && fcntl(fd, F_GETFD) != FD_CLOEXEC)
		finding("create_child: descriptor %d is not there, or not close-on-exec",
			fd);
	slot_put(SLOT_SPARE + a[7] % (NR_SLOTS - SLOT_SPARE), fd);
	return 0;
}

/*
 * The array, where that is plain memory: to two VMOs in turns, from memory but for the
 * third one. Elsewhere it is whatever is there, and the kernel has to fetch it.
 */
long run_supply_ranges(struct thread *t, const struct call_desc *d,
		       const uint64_t *a)
{
	struct zxp_supply_range range[4];
	uint8_t *to = pointer(t, a[4]);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(range); i++)
		range[i] = (struct zxp_supply_range) {
			.vmo_fd = slot_fd(a[6 + i % 2]),
			.aux_fd = -1,
			.offset = a[8] + i / 2 * PAGE,
			.length = (1 + i % 3) * PAGE,
			.source = (uintptr_t)pointer(t, a[9] + i * PAGE),
		};
	range[2].flags = ZXP_SUPPLY_AUX;
	range[2].aux_fd = slot_fd(SLOT_PLAIN);
	range[2].source = 0;
	for (i = 0; i < sizeof(range); i++)
		if (plain_memory((uintptr_t)to + i))
			to[i] = ((uint8_t *)range)[i];
	return run_ioctl(t, d, a);
}
