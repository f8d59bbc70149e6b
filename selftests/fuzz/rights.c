// SPDX-License-Identifier: GPL-2.0
/*
 * No ioctl may succeed with a descriptor that was not opened for it, nor get as far as
 * to an error that is looked for later. Descriptors of less rights are in the spare
 * slots. While a call is made with one of those it is given a copy that no other thread
 * knows, so that it is known afterwards what it had.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "fuzz.h"

void rights_begin(struct thread *t)
{
	unsigned int i;

	for (i = 0; i < MAX_ARGS; i++)
		t->held[i] = -1;
}

/* The descriptor for the argument @i, which names @slot. */
int rights_hold(struct thread *t, unsigned int i, uint64_t slot)
{
	int fd = slot_fd(slot);

	if (slot < SLOT_SPARE || slot >= NR_SLOTS)
		return fd;
	t->held[i] = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_COPY);
	return t->held[i] < 0 ? fd : t->held[i];
}

static bool may(int fd, bool read, bool write)
{
	int mode = fcntl(fd, F_GETFL) & O_ACCMODE;

	return (!read || mode != O_WRONLY) && (!write || mode != O_RDONLY);
}

static void needs(struct thread *t, const struct call_desc *d, unsigned int i,
		  bool read, bool write)
{
	if (t->held[i] >= 0 && !may(t->held[i], read, write))
		finding("%s: not refused for %s that was opened with %#x", d->name,
			d->args[i].name, fcntl(t->held[i], F_GETFL));
}

/* After an ioctl with @a that has not looked at rights, or has found them good. */
static void check(struct thread *t, const struct call_desc *d, const uint64_t *a)
{
	switch (d->cmd) {
	case ZXP_IOC_VMO_READ:
	case ZXP_IOC_VMO_QUERY_OWN:
		needs(t, d, 0, true, false);
		break;
	case ZXP_IOC_VMO_WRITE:
	case ZXP_IOC_VMO_SET_STREAM_SIZE:
		needs(t, d, 0, false, true);
		break;
	case ZXP_IOC_VMO_OP_RANGE:
		if (a[3] == ZXP_VMO_OP_PREFETCH)
			needs(t, d, 0, true, false);
		else if (a[3] != ZXP_VMO_OP_ALWAYS_NEED && a[3] != ZXP_VMO_OP_DONT_NEED)
			needs(t, d, 0, false, true);
		break;
	case ZXP_IOC_QUERY_DIRTY_RANGES:
	case ZXP_IOC_QUERY_VMO_STATS:
	case ZXP_IOC_QUERY_VMO_KEY:
		needs(t, d, 4, true, false);
		break;
	case ZXP_IOC_DETACH_VMO:
	case ZXP_IOC_BIND_VMO:
	case ZXP_IOC_OP_RANGE:
		needs(t, d, 4, false, true);
		break;
	case ZXP_IOC_SUPPLY_PAGES:
		needs(t, d, 4, false, true);
		needs(t, d, 5, true, true);
		break;
	}
}

void rights_end(struct thread *t, const struct call_desc *d, const uint64_t *a, long ret)
{
	unsigned int i;

	/* Elsewhere the structure may be another one by now. */
	if (!a[1] && (!ret || ret == -ERANGE || ret == -ESTALE || ret == -ENOENT))
		check(t, d, a);
	for (i = 0; i < MAX_ARGS; i++)
		if (t->held[i] >= 0)
			close(t->held[i]);
}
