// SPDX-License-Identifier: GPL-2.0
/*
 * A pin: pages that process_vm_writev() or process_vm_readv() holds while it waits
 * for a page of another VMO.
 */
#define _GNU_SOURCE
#include <sys/uio.h>

#include "pin.h"

static int copy(struct test_thread *t)
{
	const struct pin *pin = t->arg;
	ssize_t len = pin->nr * page_size, n;
	struct iovec ours = { pin->buffer->map, len };
	struct iovec pinned = { pin->map + pin->page * page_size, len };

	if (pin->write)
		n = process_vm_writev(getpid(), &ours, 1, &pinned, 1, 0);
	else
		n = process_vm_readv(getpid(), &ours, 1, &pinned, 1, 0);
	if (n < 0)
		return errno;
	return n < len ? ENODATA : 0;
}

bool pin_start(struct pin *pin, struct test_vmo *vmo, uint64_t page, uint64_t nr,
	       bool write)
{
	pin->vmo = vmo;
	if (!pin->map)
		pin->map = vmo->map;
	pin->page = page;
	pin->nr = nr;
	pin->write = write;
	pin->buffer = pager_create_vmo(vmo->pager, nr);
	pin->t.arg = pin;
	return pin->buffer && thread_start(&pin->t, copy);
}

bool pin_held(struct pin *pin)
{
	return pager_wait_read(pin->vmo->pager, pin->buffer, 0, 1);
}

bool pin_release(struct pin *pin)
{
	return pager_supply(pin->vmo->pager, pin->buffer, 0, pin->nr) &&
	       thread_wait(&pin->t);
}

bool pin_failed(struct pin *pin)
{
	return thread_wait_failure(&pin->t, EFAULT);
}
