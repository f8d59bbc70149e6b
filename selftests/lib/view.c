// SPDX-License-Identifier: GPL-2.0
/*
 * What can be seen of a VMO.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "view.h"

#define MAX_RANGES	(2 * VIEW_PAGES)

static const char *const contents[] = {
	"missing", "zeroes", "as supplied", "as written", "something else",
};

static const char *const dirts[] = { "clean", "dirty", "dirty zeroes" };

static enum view_content word_content(const struct test_vmo *vmo, uint64_t index,
				      uint64_t word)
{
	return !word ? VIEW_ZEROES :
	       word == vmo_word(vmo, index) ? VIEW_SUPPLIED :
	       word == written_word(vmo, index) ? VIEW_WRITTEN : VIEW_OTHER;
}

/* Without a key in it, so that two VMOs can be compared. */
static void look_at_words(const struct test_vmo *vmo, uint64_t page,
			  const uint64_t *words, struct page_view *view)
{
	uint64_t per_page = page_size / 8, first = page * per_page, i;
	enum view_content what;

	view->content = word_content(vmo, first, words[0]);
	view->hash = 0;
	for (i = 0; i < per_page; i++) {
		what = word_content(vmo, first + i, words[i]);
		view->hash = view->hash * 31 + (what - VIEW_ZEROES);
		if (what != view->content)
			view->content = VIEW_OTHER;
	}
}

static bool look_at_page(struct test_vmo *vmo, uint64_t page, uint64_t stream_size,
			 struct page_view *view)
{
	static uint64_t *words;
	struct iovec iov;
	char byte;
	int rc;

	if (!words)
		words = map_anon(1);
	view->content = VIEW_MISSING;
	view->hash = 0;
	if (page * page_size < stream_size) {
		iov = (struct iovec){ &byte, 1 };
		if (preadv2(vmo->fd, &iov, 1, page * page_size, RWF_NOWAIT) != 1) {
			if (errno == EAGAIN)
				return true;
			diag("a look at page %llu: %m", (unsigned long long)page);
			return false;
		}
	}
	/* Behind the stream nothing is ever missing. */
	rc = zxp_vmo_read(vmo->fd, page * page_size, page_size, words);
	if (rc) {
		diag("reading page %llu: %s", (unsigned long long)page, strerror(-rc));
		return false;
	}
	look_at_words(vmo, page, words, view);
	return true;
}

/* In order, apart from each other, inside, and as much as the info says. */
static bool look_at_dirt(struct test_vmo *vmo, const struct zxp_vmo_info *info,
			 struct vmo_view *view)
{
	struct zxp_dirty_range ranges[MAX_RANGES] = { 0 };
	uint64_t nr = 0, i, page, end = 0, sum[2] = { 0, 0 };
	int rc;

	rc = zxp_query_dirty_ranges(vmo->pager->fd, vmo->fd, 0, info->out_vmo_size,
				    ranges, MAX_RANGES, &nr, NULL);
	if (rc) {
		diag("query: %s", strerror(-rc));
		return false;
	}
	for (i = 0; i < nr; i++) {
		uint64_t last = ranges[i].offset + ranges[i].length;

		if (ranges[i].offset < end || last <= ranges[i].offset ||
		    last > info->out_vmo_size) {
			diag("dirty range %llu is out of order", (unsigned long long)i);
			return false;
		}
		end = last;
		sum[ranges[i].options] += ranges[i].length;
		for (page = ranges[i].offset / page_size;
		     page < last / page_size && page < view->pages; page++)
			view->page[page].dirt = ranges[i].options ? VIEW_ZERO :
								    VIEW_DATA;
	}
	if (sum[0] == info->out_dirty_bytes && sum[1] == info->out_zero_bytes)
		return true;
	diag("%llu dirty bytes and %llu zeroes, but ranges of %llu and %llu",
	     info->out_dirty_bytes, info->out_zero_bytes,
	     (unsigned long long)sum[0], (unsigned long long)sum[1]);
	return false;
}

/* A dirty page has content, and a dirty zero range reads as zero. */
static bool page_makes_sense(uint64_t page, const struct page_view *view)
{
	if (view->dirt == VIEW_CLEAN ||
	    (view->dirt == VIEW_DATA && view->content != VIEW_MISSING) ||
	    (view->dirt == VIEW_ZERO && view->content == VIEW_ZEROES))
		return true;
	diag("page %llu is %s and %s", (unsigned long long)page, dirts[view->dirt],
	     contents[view->content]);
	return false;
}

bool vmo_look(struct test_vmo *vmo, struct vmo_view *view)
{
	struct zxp_vmo_info info = vmo_info(vmo);
	uint32_t modified = 0;
	uint64_t page;
	int rc;

	memset(view, 0, sizeof(*view));
	rc = zxp_query_vmo_stats(vmo->pager->fd, vmo->fd, 0, &modified);
	if (rc) {
		diag("stats: %s", strerror(-rc));
		return false;
	}
	view->vmo_size = info.out_vmo_size;
	view->stream_size = info.out_stream_size;
	view->flags = info.out_flags;
	view->modified = modified;
	view->waiting = info.out_waiting;
	view->requests = info.out_requests;
	view->pages = info.out_vmo_size / page_size;
	if (view->pages > VIEW_PAGES)
		view->pages = VIEW_PAGES;
	if (!look_at_dirt(vmo, &info, view))
		return false;
	for (page = 0; page < view->pages; page++)
		if (!look_at_page(vmo, page, view->stream_size, &view->page[page]) ||
		    !page_makes_sense(page, &view->page[page]))
			return false;
	return true;
}

#define same(field) do {							\
	if (want->field != got->field) {					\
		diag(#field " is %#llx instead of %#llx",			\
		     (unsigned long long)got->field,				\
		     (unsigned long long)want->field);				\
		ok = false;							\
	}									\
} while (0)

bool views_match(const struct vmo_view *want, const struct vmo_view *got)
{
	bool ok = true;
	uint64_t i;

	same(vmo_size);
	same(stream_size);
	same(flags);
	same(modified);
	same(waiting);
	same(requests);
	same(pages);
	for (i = 0; ok && i < want->pages; i++) {
		const struct page_view *a = &want->page[i], *b = &got->page[i];

		if (a->content == b->content && a->dirt == b->dirt && a->hash == b->hash)
			continue;
		diag("page %llu is %s, %s (%#llx) instead of %s, %s (%#llx)",
		     (unsigned long long)i, dirts[b->dirt], contents[b->content],
		     (unsigned long long)b->hash, dirts[a->dirt], contents[a->content],
		     (unsigned long long)a->hash);
		ok = false;
	}
	return ok;
}

static bool lies_between(uint64_t a, uint64_t now, uint64_t b)
{
	return a < b ? now >= a && now <= b : now >= b && now <= a;
}

/* @grown: what was not there before; then dirty zeroes are what it is at first. */
static bool page_is_between(const struct page_view *a, const struct page_view *now,
			    const struct page_view *b, bool grown)
{
	bool content = (now->content == a->content && now->hash == a->hash) ||
		       (now->content == b->content && now->hash == b->hash) ||
		       (now->content == VIEW_SUPPLIED && a->content == VIEW_MISSING);

	return content && (now->dirt == a->dirt || now->dirt == b->dirt ||
			   (grown && now->dirt == VIEW_ZERO));
}

bool view_is_between(const struct vmo_view *before, const struct vmo_view *now,
		     const struct vmo_view *after)
{
	bool ok = lies_between(before->vmo_size, now->vmo_size, after->vmo_size) &&
		  lies_between(before->stream_size, now->stream_size,
			       after->stream_size) &&
		  (now->flags == before->flags || now->flags == after->flags);
	/* What was not there before, or is not there afterwards. */
	const struct page_view none = { .content = VIEW_ZEROES };
	uint64_t i;

	if (!ok)
		diag("size %llu, stream size %llu, flags %#llx are neither those before nor those after",
		     (unsigned long long)now->vmo_size,
		     (unsigned long long)now->stream_size,
		     (unsigned long long)now->flags);
	for (i = 0; ok && i < now->pages; i++) {
		ok = page_is_between(i < before->pages ? &before->page[i] : &none,
				     &now->page[i],
				     i < after->pages ? &after->page[i] : &none,
				     i >= before->pages);
		if (!ok)
			diag("page %llu is %s, %s: neither as before nor as after",
			     (unsigned long long)i, dirts[now->page[i].dirt],
			     contents[now->page[i].content]);
	}
	return ok;
}
