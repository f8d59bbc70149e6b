// SPDX-License-Identifier: GPL-2.0
/*
 * One of each object, and a reader that waits with its packet unread.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "client.h"
#include "world.h"

const struct world_range world_outside[NR_WORLD_OUTSIDE] = {
	{ 0, 9 * 4096 },
	{ 8 * 4096, 4096 },
	{ 9 * 4096, 0 },
	{ 7 * 4096, 2 * 4096 },
	{ 1ULL << 32, 4096 },
	{ 1ULL << 63, 0 },
	{ 4096, -8192ULL },
	{ 4096, -4096ULL },
	{ -4096ULL, 4096 },
	{ -4096ULL, 8192 },
	{ -8192ULL, 4096 },
};

/* The lowest number that is free: it tells of descriptors that were left open. */
static int next_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static bool state(struct world *w, struct zxp_vmo_info *info, int *fd)
{
	*fd = next_fd();
	return !zxp_vmo_get_info(w->vmo->fd, &info[0]) &&
	       !zxp_vmo_get_info(w->detached->fd, &info[1]) &&
	       !zxp_vmo_get_info(w->foreign->fd, &info[2]) &&
	       !zxp_vmo_get_info(w->plain, &info[3]);
}

bool world_init(struct world *w)
{
	char byte = 'z';

	memset(w, 0, sizeof(*w));
	if (!user_pager_init(&w->p) || !user_pager_init(&w->other))
		return false;
	w->vmo = pager_create_vmo(&w->p, WORLD_PAGES);
	w->detached = pager_create_vmo(&w->p, WORLD_PAGES);
	w->foreign = pager_create_vmo(&w->other, WORLD_PAGES);
	if (!w->vmo || !w->detached || !w->foreign)
		return false;
	if (!pager_detach(&w->p, w->detached) ||
	    !pager_wait_complete(&w->p, w->detached->key))
		return false;
	w->plain = zxp_create_plain(w->p.fd, WORLD_PAGES * page_size);
	w->read_only = reopen(w->vmo->fd, O_RDONLY);
	w->memfd = memfd_create("zxp", MFD_CLOEXEC);
	if (w->plain < 0 || w->read_only < 0 || w->memfd < 0 || pipe(w->pipe))
		return false;
	if (pwrite(w->plain, &byte, 1, page_size) != 1)
		return false;
	return pager_supply(&w->p, w->vmo, WORLD_RESIDENT, 1) &&
	       thread_check_vmar(&w->reader, w->vmo, WORLD_AWAITED, 1) &&
	       vmo_wait_blocked(w->vmo, 1) &&
	       state(w, w->info, &w->next_fd);
}

#define differs(i, field) ({						\
	bool __d = now[i].field != w->info[i].field;			\
									\
	if (__d)							\
		diag("VMO %d: " #field " is %llu instead of %llu", i,	\
		     (unsigned long long)now[i].field,			\
		     (unsigned long long)w->info[i].field);		\
	__d;								\
})

bool world_unchanged(struct world *w)
{
	struct zxp_vmo_info now[4];
	bool ok = true;
	int fd, i;

	if (!state(w, now, &fd))
		return false;
	if (fd != w->next_fd) {
		diag("a descriptor was left open: %d", w->next_fd);
		ok = false;
	}
	for (i = 0; i < 4; i++) {
		if (!memcmp(&now[i], &w->info[i], sizeof(now[i])))
			continue;
		ok = false;
		if (!differs(i, out_flags) && !differs(i, out_resident) &&
		    !differs(i, out_waiting) && !differs(i, out_requests) &&
		    !differs(i, out_supplied_bytes) && !differs(i, out_failures))
			diag("VMO %d: something else changed", i);
	}
	return ok;
}

bool world_intact(struct world *w)
{
	return world_unchanged(w) &&
	       pager_wait_read(&w->p, w->vmo, WORLD_AWAITED, 1) &&
	       pager_idle(&w->p) && pager_idle(&w->other) &&
	       pager_supply(&w->p, w->vmo, WORLD_AWAITED, 1) &&
	       thread_wait(&w->reader);
}

void world_fini(struct world *w)
{
	user_pager_fini(&w->p);
	user_pager_fini(&w->other);
}

static int closed_fd(void)
{
	int fd = fcntl(0, F_DUPFD, 700);

	close(fd);
	return fd;
}

int world_bad_vmos(struct world *w, struct bad_fd *bad)
{
	const struct bad_fd list[] = {
		{ -1, EBADF, "none" },
		{ closed_fd(), EBADF, "a closed one" },
		{ reopen(w->vmo->fd, O_PATH), EBADF, "an O_PATH one" },
		{ w->pipe[0], EMEDIUMTYPE, "a pipe" },
		{ w->memfd, EMEDIUMTYPE, "a tmpfs file" },
		{ w->p.fd, EMEDIUMTYPE, "a pager" },
		{ w->p.port, EMEDIUMTYPE, "a port" },
		{ w->read_only, EACCES, "a read-only one" },
		{ w->foreign->fd, EINVAL, "another pager's VMO" },
		{ w->plain, EINVAL, "a plain VMO" },
	};

	memcpy(bad, list, sizeof(list));
	w->next_fd = next_fd();
	return sizeof(list) / sizeof(list[0]);
}

int world_bad_plains(struct world *w, struct bad_fd *bad)
{
	const struct bad_fd list[] = {
		{ -1, EBADF, "none" },
		{ closed_fd(), EBADF, "a closed one" },
		{ reopen(w->plain, O_PATH), EBADF, "an O_PATH one" },
		{ w->pipe[0], EMEDIUMTYPE, "a pipe" },
		{ w->memfd, EMEDIUMTYPE, "a tmpfs file" },
		{ w->p.fd, EMEDIUMTYPE, "a pager" },
		{ w->p.port, EMEDIUMTYPE, "a port" },
		{ reopen(w->plain, O_RDONLY), EACCES, "a read-only one" },
		{ reopen(w->plain, O_WRONLY), EACCES, "a write-only one" },
		{ w->vmo->fd, EOPNOTSUPP, "the VMO itself" },
		{ w->detached->fd, EOPNOTSUPP, "a detached VMO" },
		{ w->foreign->fd, EOPNOTSUPP, "another pager's VMO" },
	};

	memcpy(bad, list, sizeof(list));
	w->next_fd = next_fd();
	return sizeof(list) / sizeof(list[0]);
}
