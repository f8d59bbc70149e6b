// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of slices and references, which are the VMO or the clone itself.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <kselftest_harness.h>

#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define SLICE	ZXP_CHILD_SLICE

PAGER_FIXTURE(slices);

/* Only what is missing in the slice, by the VMO's offsets. */
TEST_F(slices, Prefetch)
{
	struct test_vmo *vmo = new_vmo(8), *slice = new_slice(vmo, 1, 5);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 3, 1));
	ASSERT_TRUE(thread_op(&self->t[0], slice, ZXP_VMO_OP_PREFETCH, 0, 5));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 2));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 2));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 4, 2));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 4, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
	EXPECT_TRUE(vmo_has(slice, 0, 5, SUPPLIED));
	test_err_zxp(ERANGE, vmo_op_range, slice->fd, ZXP_VMO_OP_PREFETCH, 0, 6 * page_size);
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A copy of a slice may be longer than that, and sees zeroes there. */
TEST_F(slices, SnapshotSlice)
{
	struct test_vmo *vmo = new_vmo(3), *slice = new_slice(vmo, 0, 2), *snapshot;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 3));
	snapshot = new_child(slice, MODIFIED, 1, 2);
	EXPECT_TRUE(vmo_shows(snapshot, 0, 1, SUPPLIED));
	EXPECT_TRUE(vmo_has(snapshot, 0, 1, SUPPLIED));
	EXPECT_TRUE(vmo_shows(snapshot, 1, 1, ZEROES));
	EXPECT_TRUE(vmo_has(snapshot, 1, 1, ZEROES));
	ASSERT_TRUE(vmo_put(snapshot, 0, 1));
	ASSERT_TRUE(vmo_put(snapshot, 1, 2));
	EXPECT_TRUE(vmo_has(slice, 0, 2, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, 0, 3, SUPPLIED));

	/* Here that of a snapshot's slice keeps what the slice has, and sees no more. */
	slice = new_slice(snapshot, 0, 1);
	snapshot = new_child(slice, MODIFIED, 0, 2);
	ASSERT_TRUE(vmo_put(slice, 0, 3));
	EXPECT_TRUE(vmo_word_is(snapshot, 0, 1));
	EXPECT_TRUE(vmo_shows(snapshot, 1, 1, ZEROES));
	EXPECT_TRUE(vmo_has(snapshot, 1, 1, ZEROES));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* As does one that is a copy at least on write. */
TEST_F(slices, SnapshotSliceAtLeastOnWrite)
{
	struct test_vmo *vmo = new_vmo(3), *clone = new_child(vmo, MODIFIED, 0, 3);
	struct test_vmo *snapshot, *slice, *copy;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 3));
	ASSERT_TRUE(vmo_put(clone, 1, 1));
	snapshot = new_child(clone, MODIFIED, 0, 3);
	slice = new_slice(snapshot, 1, 1);
	copy = new_child(slice, AT_LEAST, 0, 2);
	ASSERT_TRUE(vmo_put(slice, 0, 2));
	EXPECT_TRUE(vmo_word_is(copy, 0, 1));
	EXPECT_TRUE(vmo_shows(copy, 1, 1, ZEROES));
	EXPECT_TRUE(vmo_word_is(snapshot, 1, 2));
	EXPECT_TRUE(vmo_word_is(clone, 1, 1));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Copies of the VMO and of its slice follow the VMO until they fork. */
TEST_F(slices, CloneAfterSliceRoot)
{
	struct test_vmo *vmo = new_vmo(2), *slice = new_slice(vmo, 1, 1);
	struct test_vmo *clone = new_snapshot(vmo), *part = new_child(slice, MODIFIED, 0, 1);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(vmo_put(clone, 0, 1));

	/* A write to the root: seen by the slice's clone, and by the clone's page 1. */
	ASSERT_TRUE(vmo_put(vmo, 0, STORED_WORD));
	ASSERT_TRUE(vmo_put(vmo, 1, STORED_WORD));
	EXPECT_TRUE(vmo_word_is(clone, 0, 1));
	EXPECT_TRUE(vmo_word_is(clone, 1, STORED_WORD));
	EXPECT_TRUE(vmo_word_is(slice, 0, STORED_WORD));
	EXPECT_TRUE(vmo_word_is(part, 0, STORED_WORD));

	/* The slice's clone forks, and stays; a write to the slice is one to the root. */
	ASSERT_TRUE(vmo_put(part, 0, 2));
	ASSERT_TRUE(vmo_put(slice, 0, 3));
	EXPECT_TRUE(vmo_word_is(part, 0, 2));
	EXPECT_TRUE(vmo_word_is(clone, 1, 3));
	EXPECT_TRUE(vmo_word_is(vmo, 1, 3));
	ASSERT_TRUE(pager_idle(&self->p));
}

ACCESS_FIXTURE(slice_reads);

/* What any of those between has for itself is not asked for, also where the root lost it. */
TEST_F(slice_reads, PageRequestBatchingChecksAncestorPages)
{
	struct test_vmo *vmo = new_vmo(8), *clone = new_child(vmo, AT_LEAST, 0, 8);
	struct test_vmo *next, *slice;
	static const struct {
		uint64_t page, nr;
	} runs[] = { { 1, 1 }, { 3, 2 }, { 6, 1 } };
	uint64_t page;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 2, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 5, 1));
	test_zxp(vmo_op_range, clone->fd, ZXP_VMO_OP_COMMIT, 2 * page_size, page_size);
	next = new_child(clone, AT_LEAST, 0, 8);
	test_zxp(vmo_op_range, next->fd, ZXP_VMO_OP_COMMIT, 5 * page_size, page_size);
	slice = new_slice(next, 1, 6);
	ASSERT_TRUE(drop_caches(1));
	ASSERT_EQ(0, vmo_info(vmo).out_resident);

	ASSERT_TRUE(variant->check(&self->t[0], slice, 0, 6));
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		if (!variant->mapping) {
			ASSERT_TRUE(pager_wait_read(&self->p, vmo, runs[i].page, runs[i].nr));
			ASSERT_TRUE(pager_supply(&self->p, vmo, runs[i].page, runs[i].nr));
			continue;
		}
		for (page = runs[i].page; page < runs[i].page + runs[i].nr; page++) {
			ASSERT_TRUE(pager_wait_read(&self->p, vmo, page, 1));
			ASSERT_TRUE(pager_supply(&self->p, vmo, page, 1));
		}
	}
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

WRITE_FIXTURE(slice_writes);

/* The slice goes on being one of the clone, and the snapshot keeps what both had. */
TEST_F(slice_writes, SnapshotVmoWithSlice)
{
	struct test_vmo *vmo = new_vmo(2), *clone = new_child(vmo, MODIFIED, 0, 2);
	struct test_vmo *first = new_child(clone, MODIFIED, 0, 2), *snapshot;
	struct test_vmo *slice = new_slice(clone, 1, 1);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(vmo_put(clone, 1, 1));
	EXPECT_TRUE(vmo_word_is(slice, 0, 1));
	ASSERT_TRUE(vmo_put(slice, 0, 2));
	EXPECT_TRUE(vmo_word_is(clone, 1, 2));

	snapshot = new_child(clone, MODIFIED, 0, 2);
	ASSERT_TRUE(variant->write(&self->t[0], clone, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(vmo_shows(slice, 0, 1, WRITTEN));
	EXPECT_TRUE(vmo_has(slice, 0, 1, WRITTEN));
	EXPECT_TRUE(vmo_word_is(snapshot, 1, 2));

	snapshot = new_child(clone, MODIFIED, 0, 2);
	ASSERT_TRUE(vmo_put(clone, 1, 3));
	ASSERT_TRUE(variant->write(&self->t[0], slice, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(vmo_shows(clone, 1, 1, WRITTEN));
	EXPECT_TRUE(vmo_has(clone, 1, 1, WRITTEN));
	EXPECT_TRUE(vmo_shows(snapshot, 1, 1, WRITTEN));
	EXPECT_TRUE(vmo_shows(first, 1, 1, SUPPLIED));
	/* What it had not changed is as in the root. */
	ASSERT_TRUE(vmo_put(vmo, 0, STORED_WORD));
	EXPECT_TRUE(vmo_word_is(snapshot, 0, STORED_WORD));
	EXPECT_TRUE(vmo_has(vmo, 1, 1, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

TRAP_FIXTURE(slice_trap);

/* A VMO that is not resizable, as only these have slices. */
#define new_whole(pages) \
	new_vmo_options(pages, variant->trap ? ZXP_VMO_TRAP_DIRTY : 0)

/* What this thread stores in each of the pages of a mapping. */
static int store_pages(struct test_thread *t)
{
	uint64_t i;

	for (i = 0; i < t->nr; i++)
		*(volatile uint64_t *)(t->vmo->map + (t->page + i) * page_size) = STORED_WORD;
	return 0;
}

static bool thread_store_pages(struct test_thread *t, struct test_vmo *vmo, uint64_t page,
			       uint64_t nr)
{
	t->vmo = vmo;
	t->page = page;
	t->nr = nr;
	return thread_start(t, store_pages);
}

/* A slice is the VMO itself: a write to it traps, is reported and is seen there. */
TEST_F(slice_trap, SliceWrite)
{
	struct test_vmo *vmo = new_whole(4), *slice = new_slice(vmo, 2, 2);
	struct zxp_dirty_range range;
	uint32_t modified;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	ASSERT_TRUE(thread_write_vmo(&self->t[0], slice, 1, 1));
	grant(vmo, 3, 1);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(3, 1)));
	EXPECT_TRUE(was_modified(vmo));
	EXPECT_TRUE(vmo_shows(vmo, 3, 1, WRITTEN));
	test_err_zxp(EINVAL, query_dirty_ranges, self->p.fd, slice->fd, 0, 2 * page_size,
		     &range, 1, NULL, NULL);
	test_err_zxp(EINVAL, query_vmo_stats, self->p.fd, slice->fd, 0, &modified);

	/* BEGIN takes permission out of the slice as well. */
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 4));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 4));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(thread_store_pages(&self->t[0], slice, 0, 2));
	grant(vmo, 2, 1);
	grant(vmo, 3, 1);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, DATA(2, 2)));
	EXPECT_TRUE(was_modified(vmo));
	EXPECT_TRUE(vmo_word_is(vmo, 2, STORED_WORD));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* No request, and the slice and the VMO both read zeroes. */
TEST_F(slice_trap, SliceOpZero)
{
	struct test_vmo *vmo = new_whole(4), *slice = new_slice(vmo, 2, 2);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 3));
	EXPECT_TRUE(vmo_shows(slice, 0, 1, SUPPLIED));
	EXPECT_FALSE(was_modified(vmo));

	ASSERT_TRUE(vmo_zero(slice, 0, 2));
	ASSERT_TRUE(pager_idle(&self->p));
	EXPECT_TRUE(vmo_shows(slice, 0, 2, ZEROES));
	EXPECT_TRUE(vmo_shows(vmo, 0, 2, SUPPLIED));
	EXPECT_TRUE(vmo_shows(vmo, 2, 2, ZEROES));
	ASSERT_TRUE(is_dirty(vmo, ZERO(2, 2)));
	EXPECT_TRUE(was_modified(vmo));
	test_err_zxp(ERANGE, vmo_zero, slice->fd, 0, 3 * page_size);
	ASSERT_TRUE(pager_idle(&self->p));

	/* What was cleared is written to by the slice as by the VMO. */
	ASSERT_TRUE(thread_store_pages(&self->t[0], slice, 0, 1));
	grant(vmo, 2, 1);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(vmo_word_is(vmo, 2, STORED_WORD));
	ASSERT_TRUE(is_dirty(vmo, DATA(2, 1), ZERO(3, 1)));
	ASSERT_TRUE(pager_idle(&self->p));
}

PAGER_FIXTURE(references);

/* A clone of a reference follows the VMO until it has a page of its own. */
TEST_F(references, ChildSnapshotAtLeastOnWrite)
{
	struct test_vmo *vmo = new_vmo(1), *reference = new_reference(vmo, 0), *clone;

	clone = new_clone(reference);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	EXPECT_TRUE(vmo_shows(clone, 0, 1, SUPPLIED));
	ASSERT_TRUE(vmo_put(vmo, 0, STORED_WORD));
	EXPECT_TRUE(vmo_word_is(clone, 0, STORED_WORD));
	ASSERT_TRUE(vmo_put(clone, 0, 1));
	ASSERT_TRUE(vmo_put(reference, 0, 2));
	EXPECT_TRUE(vmo_word_is(vmo, 0, 2));
	EXPECT_TRUE(vmo_word_is(clone, 0, 1));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A whole snapshot is not for what has a pager, nor is it by a reference. */
TEST_F(references, UnsupportedChild)
{
	struct test_vmo *vmo = new_vmo(1), *reference = new_reference(vmo, 0);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	EXPECT_EQ(-EOPNOTSUPP, zxp_create_child(reference->fd, ZXP_CHILD_SNAPSHOT, 0,
						page_size));
	reference = new_reference(reference, 0);
	EXPECT_EQ(-EOPNOTSUPP, zxp_create_child(reference->fd, ZXP_CHILD_SNAPSHOT, 0,
						page_size));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN
