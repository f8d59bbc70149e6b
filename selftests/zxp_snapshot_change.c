// SPDX-License-Identifier: GPL-2.0
/*
 * Snapshots of plain VMOs, and of those with a pager: none has what becomes of the VMO later,
 * in whatever way and whatever it had there.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <kselftest_harness.h>

#include "lib/client.h"
#include "lib/fixture.h"
#include "lib/snapshot.h"

#define PAGES		4
#define CHANGED		2	/* the page that is changed */

/* Each of its halves tells which one it is. */
#define WORD(n)			((n) * 0x100000001ULL)

/* What is in the VMO at the moment of a snapshot. */
enum before {
	PLAIN,		/* a plain VMO, and it was written to */
	DIRTY,		/* with a pager, and it was written to */
	CLEAN,		/* all is there, and as it was supplied */
	MISSING,	/* and nothing is there */
	ZERO,		/* zeroes were supplied, which take no page */
};

PAGER_DATA(change);
FIXTURE_VARIANT(change)
{
	bool (*make)(struct test_vmo *vmo, uint64_t page);
	enum before before;
	uint32_t options;
};

static bool by_mapping(struct test_vmo *vmo, uint64_t page)
{
	word_at(vmo, page) = 10;
	return true;
}

static bool by_write(struct test_vmo *vmo, uint64_t page)
{
	uint64_t word = 10;

	return pwrite(vmo->fd, &word, 8, page * page_size) == 8;
}

static bool by_ioctl(struct test_vmo *vmo, uint64_t page)
{
	return vmo_put(vmo, page, 10);
}

static bool by_splice(struct test_vmo *vmo, uint64_t page)
{
	loff_t offset = page * page_size;
	uint64_t word = 10;
	int ends[2];
	bool ok;

	if (pipe(ends))
		return false;
	ok = write(ends[1], &word, 8) == 8 &&
	     splice(ends[0], NULL, vmo->fd, &offset, 8, 0) == 8;
	close(ends[0]);
	close(ends[1]);
	return ok;
}

static bool by_zero(struct test_vmo *vmo, uint64_t page)
{
	return !zxp_vmo_zero(vmo->fd, page * page_size, page_size);
}

static bool by_zero_of_a_part(struct test_vmo *vmo, uint64_t page)
{
	return !zxp_vmo_zero(vmo->fd, page * page_size, 8);
}

static bool by_hole(struct test_vmo *vmo, uint64_t page)
{
	return !fallocate(vmo->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  page * page_size, page_size);
}

static bool by_remove(struct test_vmo *vmo, uint64_t page)
{
	return !madvise(page_at(vmo, page), page_size, MADV_REMOVE);
}

/* That page and all behind it. */
static bool by_shrink(struct test_vmo *vmo, uint64_t page)
{
	return !ftruncate(vmo->fd, page * page_size) &&
	       !ftruncate(vmo->fd, PAGES * page_size);
}

static bool by_shrink_in_page(struct test_vmo *vmo, uint64_t page)
{
	return !ftruncate(vmo->fd, page * page_size + 2) &&
	       !ftruncate(vmo->fd, PAGES * page_size);
}

static bool by_stream_size(struct test_vmo *vmo, uint64_t page)
{
	return !zxp_set_stream_size(vmo->fd, page * page_size) &&
	       !zxp_set_stream_size(vmo->fd, PAGES * page_size);
}

/* Pages that were behind the stream become a part of it, by a write behind them. */
static bool by_write_behind_a_gap(struct test_vmo *vmo, uint64_t page)
{
	uint64_t word = 10;

	return !zxp_set_stream_size(vmo->fd, page_size) &&
	       pwrite(vmo->fd, &word, 8, page * page_size) == 8;
}

static bool by_slice(struct test_vmo *vmo, uint64_t page)
{
	struct test_vmo *slice = vmo_create_child(vmo, ZXP_CHILD_SLICE, page, 1);

	if (!slice)
		return false;
	word_at(slice, 0) = 10;
	return true;
}

static bool by_reference(struct test_vmo *vmo, uint64_t page)
{
	struct test_vmo *reference = vmo_refer(vmo, 0);

	return reference && vmo_put(reference, page, 10);
}

/* It leaves the VMO. */
static bool by_supply(struct test_vmo *vmo, uint64_t page)
{
	struct test_vmo *filled = pager_create_vmo(vmo->pager, 1);
	uint64_t word;

	return filled &&
	       !zxp_supply_aux(vmo->pager->fd, filled->fd, 0, page_size, vmo->fd,
			       page * page_size) &&
	       !zxp_vmo_read(filled->fd, 0, 8, &word) && word == WORD(page + 1);
}

/* Nobody wants it, and yet it leaves. */
static bool by_supply_of_what_is_there(struct test_vmo *vmo, uint64_t page)
{
	struct test_vmo *filled = pager_create_vmo(vmo->pager, 1);

	return filled && pager_supply(vmo->pager, filled, 0, 1) &&
	       !zxp_supply_aux(vmo->pager->fd, filled->fd, 0, page_size, vmo->fd,
			       page * page_size);
}

#define PLAIN_WAY(name, _options)						\
	FIXTURE_VARIANT_ADD(change, name)					\
	{									\
		.make = name, .before = PLAIN, .options = _options,		\
	}
#define PAGED_WAY(name, how, _before, _options)					\
	FIXTURE_VARIANT_ADD(change, name##_of_##how)				\
	{									\
		.make = name, .before = _before, .options = _options,		\
	}
#define WAY(name, options)							\
	PLAIN_WAY(name, options);						\
	PAGED_WAY(name, what_is_dirty, DIRTY, (options) | ZXP_VMO_TRAP_DIRTY);	\
	PAGED_WAY(name, what_is_clean, CLEAN, options);				\
	PAGED_WAY(name, what_is_missing, MISSING, options);			\
	PAGED_WAY(name, what_traps, CLEAN, (options) | ZXP_VMO_TRAP_DIRTY)

WAY(by_mapping, 0);
WAY(by_write, 0);
WAY(by_ioctl, 0);
WAY(by_splice, 0);
WAY(by_zero, 0);
WAY(by_zero_of_a_part, 0);
WAY(by_hole, 0);
WAY(by_remove, 0);
WAY(by_shrink, ZXP_VMO_RESIZABLE);
WAY(by_shrink_in_page, ZXP_VMO_RESIZABLE);
WAY(by_stream_size, 0);
WAY(by_write_behind_a_gap, 0);
WAY(by_slice, 0);
WAY(by_reference, 0);
PLAIN_WAY(by_supply, 0);
PLAIN_WAY(by_supply_of_what_is_there, 0);
PAGED_WAY(by_mapping, zeroes, ZERO, 0);
PAGED_WAY(by_mapping, zeroes_that_trap, ZERO, ZXP_VMO_TRAP_DIRTY);
PAGED_WAY(by_write, zeroes, ZERO, 0);

static struct test_vmo *make_vmo(struct user_pager *p, enum before before, uint32_t options)
{
	return before == PLAIN ? pager_create_plain(p, PAGES, options) :
				 pager_create_paged(p, PAGES, options);
}

static bool get_words(struct test_vmo *vmo, uint64_t *words)
{
	for (unsigned int page = 0; page < PAGES; page++)
		if (zxp_vmo_read(vmo->fd, page * page_size, 8, &words[page]))
			return false;
	return true;
}

/* Have that in the VMO, and tell what a snapshot is to have of it. */
static bool fill_words(struct test_vmo *vmo, enum before before, uint64_t *words)
{
	for (unsigned int page = 0; page < PAGES; page++) {
		words[page] = before == ZERO ? 0 : before == PLAIN || before == DIRTY ?
			      WORD(page + 1) : vmo_word(vmo, page * page_size / 8);
		if (before == PLAIN || before == DIRTY)
			word_at(vmo, page) = words[page];
	}
	return before == CLEAN ? pager_supply(vmo->pager, vmo, 0, PAGES) :
	       before == ZERO ? pager_supply_zero(vmo->pager, vmo, 0, PAGES) : true;
}

#define new_moment(parent)							\
	new_moment_by(variant->before == PLAIN ? ZXP_CHILD_SNAPSHOT :		\
		      ZXP_CHILD_POINT_IN_TIME, parent)

/* The one that looks at it before has it mapped then. A page is mapped to be stored to. */
TEST_F(change, is_not_for_snapshots)
{
	struct test_vmo *vmo = make_vmo(&self->p, variant->before, variant->options);
	struct test_vmo *looks, *sleeps, *later, *copy;
	uint64_t before[PAGES], after[PAGES];
	struct server s;

	ASSERT_NE(NULL, vmo);
	ASSERT_TRUE(server_start(&s, &self->p));
	ASSERT_TRUE(fill_words(vmo, variant->before, before));
	looks = new_moment(vmo);
	sleeps = new_moment(vmo);
	copy = new_child(looks, variant->before == PLAIN ? ZXP_CHILD_SNAPSHOT : AT_LEAST, 0,
			 PAGES);
	/* What it looks at is not missing. */
	if (variant->before != MISSING)
		EXPECT_TRUE(words_are(looks, before, PAGES));
	ASSERT_TRUE(variant->make(vmo, CHANGED));
	ASSERT_TRUE(get_words(vmo, after));
	EXPECT_NE(before[CHANGED], after[CHANGED]);
	EXPECT_TRUE(words_are(vmo, after, PAGES));
	EXPECT_TRUE(words_are(looks, before, PAGES));
	EXPECT_TRUE(words_are(sleeps, before, PAGES));
	EXPECT_TRUE(words_are(copy, before, PAGES));

	/* Another moment. */
	later = new_moment(vmo);
	for (unsigned int page = 0; page < PAGES; page++)
		ASSERT_TRUE(vmo_put(vmo, page, 20));
	EXPECT_TRUE(words_are(later, after, PAGES));
	EXPECT_TRUE(words_are(looks, before, PAGES));
	EXPECT_TRUE(words_are(sleeps, before, PAGES));

	/* Nor is it the other way round. */
	word_at(looks, CHANGED) = 30;
	ASSERT_TRUE(vmo_put(later, CHANGED, 40));
	EXPECT_TRUE(vmo_word_is(vmo, CHANGED, 20));
	EXPECT_TRUE(vmo_word_is(looks, CHANGED, 30));
	EXPECT_TRUE(vmo_word_is(later, CHANGED, 40));
	EXPECT_TRUE(words_are(sleeps, before, PAGES));
	vmo_release(looks);
	EXPECT_TRUE(words_are(copy, before, PAGES));
	vmo_release(later);
	ASSERT_TRUE(vmo_put(vmo, 0, 50));
	EXPECT_TRUE(words_are(sleeps, before, PAGES));
	EXPECT_TRUE(server_end(&s));
}

TEST_HARNESS_MAIN
