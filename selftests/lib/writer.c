// SPDX-License-Identifier: GPL-2.0
/*
 * Writers: threads that write to a VMO in one way, and what they leave there.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>

#include "dirty.h"

void fill_written(const struct test_vmo *vmo, uint64_t page, uint64_t nr, void *buf)
{
	uint64_t *words = buf, per_page = page_size / 8, i;

	for (i = 0; i < nr * per_page; i++)
		words[i] = written_word(vmo, page * per_page + i);
}

bool content_is(const struct test_vmo *vmo, uint64_t page, uint64_t nr,
		enum content what, const void *buf)
{
	const volatile uint64_t *words = buf;
	uint64_t per_page = page_size / 8, i;

	for (i = 0; i < nr * per_page; i++) {
		uint64_t word = page * per_page + i, seen = words[i];
		uint64_t want = what == SUPPLIED ? vmo_word(vmo, word) :
				what == WRITTEN ? written_word(vmo, word) : 0;

		if (seen != want) {
			diag("page %" PRIu64 " word %" PRIu64 ": %#" PRIx64
			     " instead of %#" PRIx64, page + i / per_page, i % per_page,
			     seen, want);
			return false;
		}
	}
	return true;
}

bool vmo_has(struct test_vmo *vmo, uint64_t page, uint64_t nr, enum content what)
{
	void *buf = map_anon(nr);
	int rc = zxp_vmo_read(vmo->fd, page * page_size, nr * page_size, buf);
	bool ok = !rc && content_is(vmo, page, nr, what, buf);

	if (rc)
		diag("read of %" PRIu64 "+%" PRIu64 ": %s", page, nr, strerror(-rc));
	munmap(buf, nr * page_size);
	return ok;
}

bool vmo_shows(struct test_vmo *vmo, uint64_t page, uint64_t nr, enum content what)
{
	return content_is(vmo, page, nr, what, vmo->map + page * page_size);
}

static int write_vmar(struct test_thread *t)
{
	uint64_t per_page = page_size / 8, i;
	volatile uint64_t *words = (void *)t->vmo->map;

	for (i = t->page * per_page; i < (t->page + t->nr) * per_page; i++)
		words[i] = written_word(t->vmo, i);
	return 0;
}

static int write_vmo(struct test_thread *t)
{
	void *buf = map_anon(t->nr);
	int rc;

	fill_written(t->vmo, t->page, t->nr, buf);
	rc = zxp_vmo_write(t->vmo->fd, t->page * page_size, t->nr * page_size, buf);
	munmap(buf, t->nr * page_size);
	return -rc;
}

static int write_file(struct test_thread *t)
{
	ssize_t len = t->nr * page_size, n;
	void *buf = map_anon(t->nr);
	int err;

	fill_written(t->vmo, t->page, t->nr, buf);
	n = pwrite(t->vmo->fd, buf, len, t->page * page_size);
	err = n < 0 ? errno : n < len ? ENODATA : 0;
	munmap(buf, len);
	return err;
}

/* In these four, page and nr count bytes. */
static int write_bytes(struct test_thread *t)
{
	uint64_t first = t->page / page_size, end = t->page + t->nr;
	uint64_t nr = (end + page_size - 1) / page_size - first;
	char *buf = map_anon(nr);
	int rc;

	fill_written(t->vmo, first, nr, buf);
	rc = zxp_vmo_write(t->vmo->fd, t->page, t->nr, buf + t->page % page_size);
	munmap(buf, nr * page_size);
	return -rc;
}

static int zero(struct test_thread *t)
{
	return -zxp_vmo_zero(t->vmo->fd, t->page, t->nr);
}

static int set_size(struct test_thread *t)
{
	return ftruncate(t->vmo->fd, t->nr) ? errno : 0;
}

static int set_stream(struct test_thread *t)
{
	return -zxp_set_stream_size(t->vmo->fd, t->nr);
}

static bool start(struct test_thread *t, access_fn fn, struct test_vmo *vmo,
		  uint64_t page, uint64_t nr)
{
	t->vmo = vmo;
	t->page = page;
	t->nr = nr;
	return thread_start(t, fn);
}

bool thread_write_vmar(struct test_thread *t, struct test_vmo *vmo, uint64_t page,
		       uint64_t nr)
{
	return start(t, write_vmar, vmo, page, nr);
}

bool thread_write_vmo(struct test_thread *t, struct test_vmo *vmo, uint64_t page,
		      uint64_t nr)
{
	return start(t, write_vmo, vmo, page, nr);
}

bool thread_write_file(struct test_thread *t, struct test_vmo *vmo, uint64_t page,
		       uint64_t nr)
{
	return start(t, write_file, vmo, page, nr);
}

bool thread_write_bytes(struct test_thread *t, struct test_vmo *vmo, uint64_t offset,
			uint64_t len)
{
	return start(t, write_bytes, vmo, offset, len);
}

bool thread_zero(struct test_thread *t, struct test_vmo *vmo, uint64_t offset,
		 uint64_t len)
{
	return start(t, zero, vmo, offset, len);
}

bool thread_set_size(struct test_thread *t, struct test_vmo *vmo, uint64_t size)
{
	return start(t, set_size, vmo, 0, size);
}

bool thread_set_stream(struct test_thread *t, struct test_vmo *vmo, uint64_t size)
{
	return start(t, set_stream, vmo, 0, size);
}
