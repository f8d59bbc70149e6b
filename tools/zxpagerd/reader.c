// SPDX-License-Identifier: GPL-2.0
/*
 * How READs are answered: in windows.
 *
 * A READ marks its pages as wanted in each window that it touches.  A window that is
 * being read already is not read again.  All of a VMO's windows may be busy; then requests
 * queue up, and only as many as there are packets without an answer.
 *
 * Windows that nobody has asked for yet are read ahead when no request waits for one.  They
 * take half of a VMO's windows at most, so that the next request finds one, and none is
 * begun for a stream before its client has what it waits for.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "log.h"
#include "pager.h"
#include "vmo.h"
#include "window.h"

void reader_fail(struct vmo *vmo, uint64_t offset, uint64_t length, int code)
{
	zx_status_t status = pager_fail(vmo, offset, length, code);

	vmo->failed++;
	if (status != ZX_OK && status != ZX_ERR_BAD_STATE)
		log_limited(&vmo->limit, "%s: cannot fail %llu+%llu: status %d",
			    vmo->name, (unsigned long long)offset,
			    (unsigned long long)length, status);
}

void reader_trim(struct reader *r, uint64_t offset, uint64_t end)
{
	struct request **link = &r->requests, *req;

	while ((req = *link)) {
		if (offset <= req->offset && req->offset < end)
			req->offset = end < req->end ? end : req->end;
		else if (req->offset < offset && offset < req->end &&
			 req->end <= end)
			req->end = offset;
		if (req->offset < req->end) {
			link = &req->next;
			continue;
		}
		*link = req->next;
		if (!req->next)
			r->requests_end = link;
		free(req);
	}
}

static struct window *find_window(struct reader *r, uint64_t offset)
{
	for (unsigned int i = 0; r->busy && i < r->depth; i++)
		if (r->windows[i].busy && r->windows[i].offset == offset)
			return &r->windows[i];
	return NULL;
}

static struct window *free_window(struct reader *r)
{
	for (unsigned int i = 0; i < r->depth; i++)
		if (!r->windows[i].busy)
			return &r->windows[i];
	return NULL;
}

/* Begins as many windows as there are requests for and room. */
static void begin_requests(struct vmo *vmo)
{
	struct reader *r = &vmo->reader;
	struct request *req;
	struct window *w;
	uint64_t start, end;
	bool begun;

	while ((req = r->requests)) {
		/* What was cut off the VMO in the meantime nobody waits for. */
		if (req->end > vmo->size) {
			reader_trim(r, vmo->size, UINT64_MAX);
			continue;
		}
		start = req->offset & ~(uint64_t)(r->window_size - 1);
		w = find_window(r, start);
		begun = !w;
		if (begun) {
			w = free_window(r);
			if (!w)
				return;
			window_begin(w, start);
		}
		/* It began when the VMO was smaller: when it is done. */
		if (req->offset >= start + w->length)
			return;
		end = start + w->length < req->end ? start + w->length : req->end;
		window_want(w, req->offset, end);
		req->offset = end;
		if (req->offset >= req->end) {
			r->requests = req->next;
			if (!r->requests)
				r->requests_end = &r->requests;
			free(req);
		}
		if (begun)
			window_step(w);
	}
}

/* Up to the end of the file: what a VMO has beyond costs no time to be had. */
static void read_ahead(struct vmo *vmo)
{
	struct reader *r = &vmo->reader;
	uint64_t size = vmo->size, offset;
	struct window *w;

	if (size > vmo->backend->size)
		size = vmo->backend->size;
	while (r->busy < r->depth / 2 &&
	       ahead_next(&r->ahead, size, &offset)) {
		if (find_window(r, offset) ||
		    reader_has_bad(r, offset, offset + r->window_size))
			continue;
		w = free_window(r);
		window_begin(w, offset);
		vmo->ahead++;
		window_step(w);
	}
}

void reader_pump(struct vmo *vmo)
{
	if (vmo->held || vmo->detached)
		return;
	begin_requests(vmo);
	if (!vmo->reader.requests)
		read_ahead(vmo);
}

/* Who asks once more for a window that somebody waits for already is no news. */
static void tell_ahead(struct reader *r, uint64_t offset, uint64_t end)
{
	uint64_t mask = ~(uint64_t)(r->window_size - 1);
	uint64_t first = offset & mask, last = (end - 1) & mask;
	struct window *w = find_window(r, last);

	if (!w || first < last || !window_is_wanted(w))
		ahead_read(&r->ahead, first, last, !!w);
}

void reader_outdate(struct vmo *vmo, uint64_t offset, uint64_t end)
{
	struct reader *r = &vmo->reader;

	for (unsigned int i = 0; i < r->depth; i++) {
		struct window *w = &r->windows[i];

		if (w->busy && w->offset < end && offset < w->offset + w->length)
			w->outdated = true;
	}
}

void reader_request(struct vmo *vmo, uint64_t offset, uint64_t length)
{
	struct reader *r = &vmo->reader;
	struct request *req;

	vmo_refresh(vmo);
	if (vmo->detached || offset >= vmo->size || !length)
		return;
	if (length > vmo->size - offset)
		length = vmo->size - offset;
	req = malloc(sizeof(*req));
	if (!req) {
		log_limited(&vmo->limit, "%s: out of memory: a READ fails",
			    vmo->name);
		reader_fail(vmo, offset, length, EIO);
		return;
	}
	*req = (struct request){ .offset = offset, .end = offset + length };
	*r->requests_end = req;
	r->requests_end = &req->next;
	tell_ahead(r, offset, offset + length);
	reader_pump(vmo);
}

void reader_cancel(struct vmo *vmo)
{
	reader_trim(&vmo->reader, 0, UINT64_MAX);
}

int reader_init(struct vmo *vmo, uint32_t window_size, unsigned int depth,
		uint64_t ahead)
{
	struct reader *r = &vmo->reader;
	uint32_t page = (uint32_t)sysconf(_SC_PAGESIZE);
	uint8_t *memory;

	*r = (struct reader){
		.window_size = window_size,
		.page_size = page,
		.depth = depth,
		.requests_end = &r->requests,
	};
	r->windows = calloc(depth, sizeof(*r->windows));
	memory = mmap(NULL, (size_t)depth * window_size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (!r->windows || memory == MAP_FAILED)
		return ENOMEM;
	for (unsigned int i = 0; i < depth; i++)
		if (window_init(&r->windows[i], vmo,
				memory + (size_t)i * window_size))
			return ENOMEM;
	ahead_init(&r->ahead, window_size, ahead);
	return 0;
}

void reader_free(struct vmo *vmo)
{
	struct reader *r = &vmo->reader;

	reader_cancel(vmo);
	reader_clear_bad(vmo);
	for (unsigned int i = 0; i < r->depth; i++)
		window_free(&r->windows[i]);
	munmap(r->windows[0].buffer, (size_t)r->depth * r->window_size);
	free(r->windows);
}
