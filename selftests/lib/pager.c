// SPDX-License-Identifier: GPL-2.0
/*
 * A pager, its port and its VMOs, all in page units.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>

#include "pager.h"

bool user_pager_init_own(struct user_pager *p)
{
	memset(p, 0, sizeof(*p));
	p->next_key = 0x1000000;
	p->port = -1;
	p->fd = zxp_open(O_NONBLOCK);
	if (p->fd < 0) {
		diag("open %s: %s", ZXP_DEV, strerror(-p->fd));
		return false;
	}
	p->port = p->fd;
	return true;
}

bool user_pager_init(struct user_pager *p)
{
	if (!user_pager_init_own(p))
		return false;
	p->port = zxp_create_port(p->fd);
	if (p->port < 0) {
		diag("create port: %s", strerror(-p->port));
		return false;
	}
	return true;
}

void user_pager_fini(struct user_pager *p)
{
	pager_close(p);
	port_close(p);
	while (p->nr_vmos) {
		struct test_vmo *vmo = p->vmos[--p->nr_vmos];

		vmo_release(vmo);
		free(vmo);
	}
}

struct test_vmo *pager_create_vmo(struct user_pager *p, uint64_t pages)
{
	return pager_create_vmo_options(p, pages, 0);
}

static bool map_vmo(struct test_vmo *vmo, uint64_t pages, int prot)
{
	vmo->map = NULL;
	vmo->map_pages = 0;
	if (!pages)
		return true;
	vmo->map = mmap(NULL, pages * page_size, prot, MAP_SHARED,
			vmo->fd, 0);
	if (vmo->map == MAP_FAILED) {
		vmo->map = NULL;
		diag("mmap %" PRIu64 " pages: %m", pages);
		return false;
	}
	vmo->map_pages = pages;
	return true;
}

struct test_vmo *pager_adopt_vmo(struct user_pager *p, int fd, uint64_t key,
				 uint64_t pages, int prot)
{
	struct test_vmo *vmo;

	if (p->nr_vmos == MAX_VMOS) {
		diag("too many VMOs in one test");
		close(fd);
		return NULL;
	}
	vmo = calloc(1, sizeof(*vmo));
	vmo->pager = p;
	vmo->root = vmo;
	vmo->fd = fd;
	vmo->key = key;
	vmo->pages = pages;
	p->vmos[p->nr_vmos++] = vmo;
	return map_vmo(vmo, pages, prot) ? vmo : NULL;
}

struct test_vmo *pager_create_vmo_flags(struct user_pager *p, uint64_t size,
					uint32_t options, uint32_t flags)
{
	uint64_t pages = (size + page_size - 1) / page_size, key = p->next_key;
	int fd = zxp_create_vmo_flags(p->fd, options, flags,
				      p->port == p->fd ? ZXP_PORT_OWN : p->port, key,
				      size);

	if (fd < 0) {
		diag("create VMO: %s", strerror(-fd));
		return NULL;
	}
	/* An unbounded one is written to behind its stream size as well. */
	p->next_key += (pages + (options & ZXP_VMO_UNBOUNDED ? 1024 : 0)) *
		       page_size / 8 + 1;
	return pager_adopt_vmo(p, fd, key, options & ZXP_VMO_UNBOUNDED ? 0 : pages,
			       flags & ZXP_CREATE_READ_ONLY ? PROT_READ :
			       PROT_READ | PROT_WRITE);
}

struct test_vmo *pager_create_vmo_options(struct user_pager *p, uint64_t pages,
					  uint32_t options)
{
	return pager_create_vmo_flags(p, pages * page_size, options, 0);
}

bool vmo_map_in_window(struct test_vmo *vmo)
{
	size_t window = 16 * page_size, bytes = vmo->map_pages * page_size;
	char *room = mmap(NULL, 2 * window, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *map;

	if (room == MAP_FAILED || bytes > window)
		return false;
	map = room + window - (uintptr_t)room % window;
	map = mremap(vmo->map, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, map);
	if (map == MAP_FAILED) {
		diag("mremap: %m");
		return false;
	}
	vmo->map = map;
	return true;
}

void vmo_release(struct test_vmo *vmo)
{
	if (vmo->map)
		munmap(vmo->map, vmo->map_pages * page_size);
	vmo->map = NULL;
	if (vmo->fd >= 0)
		close(vmo->fd);
	vmo->fd = -1;
}

bool vmo_resize(struct test_vmo *vmo, uint64_t pages)
{
	if (ftruncate(vmo->fd, pages * page_size)) {
		diag("ftruncate: %m");
		return false;
	}
	if (pages > vmo->pages) {
		if (vmo->map)
			munmap(vmo->map, vmo->map_pages * page_size);
		if (!map_vmo(vmo, pages, PROT_READ | PROT_WRITE))
			return false;
	}
	vmo->pages = pages;
	return true;
}

void vmo_fill(const struct test_vmo *vmo, uint64_t page, uint64_t nr, void *buf)
{
	uint64_t *words = buf, per_page = page_size / 8, i;

	for (i = 0; i < nr * per_page; i++)
		words[i] = vmo_word(vmo, page * per_page + i);
}

bool vmo_matches(const struct test_vmo *vmo, uint64_t page, uint64_t nr, const void *buf)
{
	const volatile uint64_t *words = buf;
	uint64_t per_page = page_size / 8, i;

	for (i = 0; i < nr * per_page; i++) {
		uint64_t want = vmo_word(vmo, page * per_page + i), seen = words[i];

		if (seen != want) {
			diag("page %" PRIu64 " word %" PRIu64 ": %#" PRIx64
			     " instead of %#" PRIx64, page + i / per_page, i % per_page,
			     seen, want);
			return false;
		}
	}
	return true;
}

bool is_zero(const void *buf, uint64_t bytes)
{
	const volatile unsigned char *p = buf;
	uint64_t i;

	for (i = 0; i < bytes; i++) {
		if (p[i]) {
			diag("byte %" PRIu64 " is %#x instead of 0", i, p[i]);
			return false;
		}
	}
	return true;
}

/* The result of a call with the pager, and whether all of @nr pages were done. */
static bool supply_done(struct test_vmo *vmo, struct zxp_supply_pages *arg,
			const char *what)
{
	int rc = zxp_supply(vmo->pager->fd, arg);

	if (rc) {
		diag("%s %#llx+%#llx: %s, done %#llx", what, arg->offset, arg->length,
		     strerror(-rc), arg->out_done);
		return false;
	}
	if (arg->out_done != arg->length) {
		diag("%s %#llx+%#llx: OK, but done only %#llx", what, arg->offset,
		     arg->length, arg->out_done);
		return false;
	}
	return true;
}

bool pager_supply(struct user_pager *p, struct test_vmo *vmo, uint64_t page, uint64_t nr)
{
	return pager_supply_from(p, vmo, page, nr, page);
}

bool pager_supply_from(struct user_pager *p, struct test_vmo *vmo, uint64_t page,
		       uint64_t nr, uint64_t src_page)
{
	struct zxp_supply_pages arg = {
		.vmo_fd = vmo->fd,
		.aux_fd = -1,
		.offset = page * page_size,
		.length = nr * page_size,
	};
	void *buf = map_anon(nr);
	bool ok;

	if (!buf || p != vmo->pager) {
		diag("supply: no memory, or another pager's VMO");
		return false;
	}
	vmo_fill(vmo, src_page, nr, buf);
	arg.source = (uintptr_t)buf;
	ok = supply_done(vmo, &arg, "supply");
	munmap(buf, nr * page_size);
	return ok;
}

static bool supply_plain(struct user_pager *p, struct test_vmo *vmo, uint64_t page,
			 uint64_t nr, uint64_t aux_page, bool fill)
{
	struct zxp_supply_pages arg = {
		.flags = ZXP_SUPPLY_AUX,
		.vmo_fd = vmo->fd,
		.offset = page * page_size,
		.length = nr * page_size,
		.source = aux_page * page_size,
	};
	size_t bytes = nr * page_size;
	void *buf = map_anon(nr);
	bool ok = false;

	arg.aux_fd = zxp_create_plain(p->fd, (aux_page + nr) * page_size);
	if (arg.aux_fd < 0 || !buf) {
		diag("create plain VMO: %s", strerror(-arg.aux_fd));
		return false;
	}
	vmo_fill(vmo, page, nr, buf);
	if (fill && pwrite(arg.aux_fd, buf, bytes, arg.source) != (ssize_t)bytes) {
		diag("write to a plain VMO: %m");
		goto out;
	}
	if (!supply_done(vmo, &arg, "supply from a plain VMO"))
		goto out;
	/* The pages have left it. */
	if (pread(arg.aux_fd, buf, bytes, arg.source) != (ssize_t)bytes)
		diag("read of the emptied plain VMO: %m");
	else
		ok = is_zero(buf, bytes);
out:
	munmap(buf, bytes);
	close(arg.aux_fd);
	return ok;
}

bool pager_supply_aux(struct user_pager *p, struct test_vmo *vmo, uint64_t page,
		      uint64_t nr, uint64_t aux_page)
{
	return supply_plain(p, vmo, page, nr, aux_page, true);
}

bool pager_supply_zero(struct user_pager *p, struct test_vmo *vmo, uint64_t page,
		       uint64_t nr)
{
	return supply_plain(p, vmo, page, nr, 0, false);
}

bool pager_fail(struct user_pager *p, struct test_vmo *vmo, uint64_t page, uint64_t nr,
		int err)
{
	int rc = zxp_fail(p->fd, vmo->fd, page * page_size, nr * page_size, err);

	if (rc)
		diag("fail %" PRIu64 "+%" PRIu64 ": %s", page, nr, strerror(-rc));
	return !rc;
}

bool pager_detach(struct user_pager *p, struct test_vmo *vmo)
{
	int rc = zxp_detach_vmo(p->fd, vmo->fd);

	if (rc)
		diag("detach: %s", strerror(-rc));
	return !rc;
}

void port_close(struct user_pager *p)
{
	if (p->port >= 0 && p->port != p->fd)
		close(p->port);
	p->port = -1;
}

void pager_close(struct user_pager *p)
{
	if (p->fd >= 0)
		close(p->fd);
	if (p->port == p->fd)
		p->port = -1;
	p->fd = -1;
}

struct zxp_vmo_info vmo_info(const struct test_vmo *vmo)
{
	struct zxp_vmo_info info;
	int rc = zxp_vmo_get_info(vmo->fd, &info);

	if (rc)
		diag("VMO info: %s", strerror(-rc));
	return info;
}

bool vmo_wait_blocked(struct test_vmo *vmo, uint64_t nr)
{
	if (wait_until(vmo_info(vmo).out_waiting == nr))
		return true;
	diag("%llu tasks wait instead of %" PRIu64, vmo_info(vmo).out_waiting, nr);
	return false;
}

bool vmo_failed(const struct test_vmo *vmo, uint64_t page, int err)
{
	struct zxp_vmo_info info = vmo_info(vmo);

	if (info.out_fail_error == (uint32_t)err &&
	    info.out_fail_offset / page_size == page)
		return true;
	diag("last failure: error %u at %#llx instead of %d in page %" PRIu64,
	     info.out_fail_error, info.out_fail_offset, err, page);
	return false;
}
