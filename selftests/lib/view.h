/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that can be seen of a VMO without changing it or asking its daemon: sizes,
 * which pages are there and what they hold, what is dirty.
 */
#ifndef ZXP_SELFTESTS_VIEW_H
#define ZXP_SELFTESTS_VIEW_H

#include "dirty.h"

#define VIEW_PAGES	32
#define VIEW_PACKETS	8

enum view_content {
	VIEW_MISSING,
	VIEW_ZEROES,
	VIEW_SUPPLIED,
	VIEW_WRITTEN,
	VIEW_OTHER,
};

enum view_dirt {
	VIEW_CLEAN,
	VIEW_DATA,
	VIEW_ZERO,
};

struct page_view {
	enum view_content content;
	enum view_dirt dirt;
	uint64_t hash;		/* of which of its words hold what */
};

/* The key and whatever only counts what has happened are left out. */
struct vmo_view {
	uint64_t vmo_size;
	uint64_t stream_size;
	uint64_t flags;
	uint64_t modified;
	uint64_t waiting;
	uint64_t requests;
	uint64_t pages;		/* looked at */
	struct page_view page[VIEW_PAGES];
};

/* Look. False after a message, also if what is seen contradicts itself. */
bool vmo_look(struct test_vmo *vmo, struct vmo_view *view);
/* The same; false after a message that tells what differs. */
bool views_match(const struct vmo_view *want, const struct vmo_view *got);
/*
 * Each page is as before or as after, sizes lie in between, and what was missing may
 * have been supplied.
 */
bool view_is_between(const struct vmo_view *before, const struct vmo_view *now,
		     const struct vmo_view *after);

#endif /* ZXP_SELFTESTS_VIEW_H */
