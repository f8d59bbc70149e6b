/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is dirty: writers, what a pager tells the kernel about dirty pages, and what
 * it asks. All in page units.
 */
#ifndef ZXP_SELFTESTS_DIRTY_H
#define ZXP_SELFTESTS_DIRTY_H

#include "thread.h"

/* What a page can hold. */
enum content {
	SUPPLIED,	/* word i is vmo_word(i) */
	WRITTEN,	/* word i is written_word(i) */
	ZEROES,
};

/* What a writer of this file leaves at word @word. */
static inline uint64_t written_word(const struct test_vmo *vmo, uint64_t word)
{
	return ~vmo_word(vmo, word);
}

/* @nr pages of what is written at @page. */
void fill_written(const struct test_vmo *vmo, uint64_t page, uint64_t nr, void *buf);
/* Memory has that content, which belongs at @page. */
bool content_is(const struct test_vmo *vmo, uint64_t page, uint64_t nr,
		enum content what, const void *buf);
/* The VMO has it; read by one ZXP_IOC_VMO_READ. */
bool vmo_has(struct test_vmo *vmo, uint64_t page, uint64_t nr, enum content what);
/* The same, read through the VMO's mapping. */
bool vmo_shows(struct test_vmo *vmo, uint64_t page, uint64_t nr, enum content what);

/*
 * Writers of whole pages of WRITTEN; a page that they cannot write ends them.
 *
 * write_vmar	store word by word through the VMO's mapping
 * write_vmo	one ZXP_IOC_VMO_WRITE
 * write_file	one pwrite(); a short count with nothing wrong is ENODATA
 * write_bytes	one ZXP_IOC_VMO_WRITE of @len bytes at byte @offset
 * zero		the operation ZERO on bytes
 * set_size	ftruncate() to a size in bytes, which clears the rest of a page
 * set_stream	the same with the stream size
 */
bool thread_write_vmar(struct test_thread *t, struct test_vmo *vmo, uint64_t page,
		       uint64_t nr);
bool thread_write_vmo(struct test_thread *t, struct test_vmo *vmo, uint64_t page,
		      uint64_t nr);
bool thread_write_file(struct test_thread *t, struct test_vmo *vmo, uint64_t page,
		       uint64_t nr);
bool thread_write_bytes(struct test_thread *t, struct test_vmo *vmo, uint64_t offset,
			uint64_t len);
bool thread_zero(struct test_thread *t, struct test_vmo *vmo, uint64_t offset,
		 uint64_t len);

bool thread_set_size(struct test_thread *t, struct test_vmo *vmo, uint64_t size);
bool thread_set_stream(struct test_thread *t, struct test_vmo *vmo, uint64_t size);

/* The calls of a pager; false after a message if one fails. */
bool pager_dirty(struct user_pager *p, struct test_vmo *vmo, uint64_t page, uint64_t nr);
bool pager_writeback_begin(struct user_pager *p, struct test_vmo *vmo, uint64_t page,
			   uint64_t nr);
/* BEGIN that promises to write only zeroes. */
bool pager_writeback_begin_zero(struct user_pager *p, struct test_vmo *vmo,
				uint64_t page, uint64_t nr);
bool pager_writeback_end(struct user_pager *p, struct test_vmo *vmo, uint64_t page,
			 uint64_t nr);
/* @err is 0 or the errno that who waits is to get. */
bool pager_sync_end(struct user_pager *p, struct test_vmo *vmo, uint64_t page,
		    uint64_t nr, int err);

/* The operation ZERO on whole pages, in the calling thread. */
bool vmo_zero(struct test_vmo *vmo, uint64_t page, uint64_t nr);

struct dirty_range {
	uint64_t page;
	uint64_t nr;
	uint64_t options;
};

#define DATA(page, nr)	{ (page), (nr), 0 }
#define ZERO(page, nr)	{ (page), (nr), ZXP_DIRTY_RANGE_IS_ZERO }
#define LOST(page, nr)	{ (page), (nr), ZXP_DIRTY_RANGE_IS_POISONED }

/*
 * The query of the whole VMO reports exactly these ranges: counted only, read two at
 * a time, and read into memory that nobody has touched before.
 */
bool dirty_ranges_are(struct test_vmo *vmo, const struct dirty_range *want, size_t nr);

/* is_dirty(vmo, DATA(0, 2), ZERO(2, 1)) */
#define is_dirty(vmo, ...)							\
	dirty_ranges_are(vmo, (const struct dirty_range[]){ __VA_ARGS__ },	\
			 sizeof((struct dirty_range[]){ __VA_ARGS__ }) /	\
			 sizeof(struct dirty_range))
#define is_clean(vmo)	dirty_ranges_are(vmo, NULL, 0)

/* Was it modified since it was asked the last time? */
bool was_modified(struct test_vmo *vmo);

#endif /* ZXP_SELFTESTS_DIRTY_H */
