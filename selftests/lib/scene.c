// SPDX-License-Identifier: GPL-2.0
/*
 * What an operation finds when it begins, and what many do.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "walk.h"

bool scene_supply(struct walk_scene *s, uint64_t page, uint64_t nr)
{
	return pager_supply(&s->p, s->vmo, page, nr);
}

bool scene_write(struct walk_scene *s, uint64_t page, uint64_t nr)
{
	int rc;

	if (!server_start(&s->server, &s->p))
		return false;
	fill_written(s->vmo, page, nr, s->out);
	rc = zxp_vmo_write(s->vmo->fd, page * page_size, nr * page_size, s->out);
	if (rc)
		diag("write: %s", strerror(-rc));
	return server_end(&s->server) && !rc;
}

bool scene_mixed(struct walk_scene *s)
{
	return scene_supply(s, 2, 2) && scene_write(s, 0, 2) && vmo_zero(s->vmo, 4, 2);
}

bool scene_supply_all(struct walk_scene *s)
{
	return scene_supply(s, 0, s->vmo->pages);
}

bool scene_zero_all(struct walk_scene *s)
{
	return vmo_zero(s->vmo, 0, s->vmo->pages);
}

bool scene_write_all(struct walk_scene *s)
{
	return scene_write(s, 0, s->vmo->pages);
}

/* Where nothing else is that would need the same page table. */
bool scene_map(struct walk_scene *s)
{
	uintptr_t align = WALK_WINDOW / 2;
	char *window, *map;

	window = mmap(NULL, WALK_WINDOW, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (window != MAP_FAILED) {
		s->window = window;
		map = window + align - (uintptr_t)window % align;
		s->map_bytes = s->vmo->pages * page_size;
		s->map = mmap(map, s->map_bytes, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_FIXED, s->vmo->fd, 0);
		if (s->map == map)
			return true;
		s->map = NULL;
	}
	diag("mmap: %m");
	return false;
}

int write_all(int fd, const char *buf, size_t len, uint64_t offset)
{
	ssize_t n;

	for (; len; buf += n, len -= n, offset += n) {
		n = pwrite(fd, buf, len, offset);
		if (n < 0)
			return -errno;
		if (!n)
			return -ENODATA;
	}
	return 0;
}

int read_all(int fd, char *buf, size_t len, uint64_t offset)
{
	ssize_t n;

	for (; len; buf += n, len -= n, offset += n) {
		n = pread(fd, buf, len, offset);
		if (n < 0)
			return -errno;
		if (!n)
			return -ENODATA;
	}
	return 0;
}
