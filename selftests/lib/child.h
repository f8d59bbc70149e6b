/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Children of VMOs. A child is a VMO as any other for what looks at content or changes it:
 * its key is such that what its parent has at a page is what belongs there in the child.
 * Who waits for the pager does so on the root.
 */
#ifndef ZXP_SELFTESTS_CHILD_H
#define ZXP_SELFTESTS_CHILD_H

#include "dirty.h"

#define AT_LEAST	ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE
#define MODIFIED	ZXP_CHILD_SNAPSHOT_MODIFIED

/* A child of these pages of @parent; NULL after a message. */
struct test_vmo *vmo_create_child(struct test_vmo *parent, uint32_t options,
				  uint64_t page, uint64_t pages);
/* As Zircon's tests make most of theirs: of all of it, at least on write, resizable. */
struct test_vmo *vmo_clone(struct test_vmo *parent);
/* Another descriptor that is all of it; NULL after a message. */
struct test_vmo *vmo_refer(struct test_vmo *parent, uint32_t options);
/* What Linux has instead: a private mapping of a VMO. Its descriptor is that of the VMO. */
struct test_vmo *vmo_map_private(struct test_vmo *parent);

/*
 * A VMO of which there may be snapshots: plain, or with a pager, which allows them. NULL after
 * a message.
 */
struct test_vmo *pager_create_plain(struct user_pager *p, uint64_t pages, uint32_t options);
struct test_vmo *pager_create_paged(struct user_pager *p, uint64_t pages, uint32_t options);

/* What a test can be about that does not care which of them it is. */
enum vmo_kind {
	KIND_VMO,
	KIND_COPY,
	KIND_SLICE,
	KIND_SLICE_OF_COPY,
	KIND_REFERENCE,
	KIND_SNAPSHOT,
};

/*
 * Those accesses that wait in a way of their own by a child: KIND(name, access, kind), one
 * fixture variant for each, as FOR_EACH_ACCESS() has them for VMOs.
 */
#define FOR_ACCESSES_BY_CHILDREN(KIND)						\
	KIND(load_of_copy, ACC_LOAD, KIND_COPY);				\
	KIND(store_of_copy, ACC_STORE, KIND_COPY);				\
	KIND(pread_of_copy, ACC_PREAD, KIND_COPY);				\
	KIND(pwrite_of_copy, ACC_PWRITE, KIND_COPY);				\
	KIND(commit_of_copy, ACC_COMMIT, KIND_COPY);				\
	KIND(prefetch_of_copy, ACC_PREFETCH, KIND_COPY);			\
	KIND(splice_of_copy, ACC_SPLICE, KIND_COPY);				\
	KIND(read_into_copy, ACC_PIPE_READ, KIND_COPY);				\
	KIND(mlock_of_copy, ACC_MLOCK, KIND_COPY);				\
	KIND(load_of_slice, ACC_LOAD, KIND_SLICE);				\
	KIND(store_of_slice, ACC_STORE, KIND_SLICE);				\
	KIND(pread_of_slice, ACC_PREAD, KIND_SLICE);				\
	KIND(pwrite_of_slice, ACC_PWRITE, KIND_SLICE);				\
	KIND(commit_of_slice, ACC_COMMIT, KIND_SLICE);				\
	KIND(store_of_slice_of_copy, ACC_STORE, KIND_SLICE_OF_COPY);		\
	KIND(pwrite_of_slice_of_copy, ACC_PWRITE, KIND_SLICE_OF_COPY);		\
	KIND(store_of_reference, ACC_STORE, KIND_REFERENCE);			\
	KIND(pwrite_of_reference, ACC_PWRITE, KIND_REFERENCE);			\
	KIND(load_of_snapshot, ACC_LOAD, KIND_SNAPSHOT);			\
	KIND(store_of_snapshot, ACC_STORE, KIND_SNAPSHOT);			\
	KIND(pread_of_snapshot, ACC_PREAD, KIND_SNAPSHOT);			\
	KIND(pwrite_of_snapshot, ACC_PWRITE, KIND_SNAPSHOT)

/* A VMO of that kind, of the same pages as a new @root of the pager; NULL after a message. */
struct test_vmo *pager_create_kind(struct user_pager *p, enum vmo_kind kind, uint64_t pages,
				   uint32_t options);
/* What is stored in it is its own, and not the root's. */
bool kind_is_copy(enum vmo_kind kind);

/* How many pages a child has for itself. */
uint64_t child_own_pages(const struct test_vmo *child);
/* How much memory it has: what two share is half a page of each. */
#define EXPECT_HALVES(vmo, nr) EXPECT_EQ((nr) * page_size / 2, vmo_info(vmo).out_scaled_bytes)

/* The first word of a page, by the mapping. */
#define page_at(vmo, page)	((vmo)->map + (page) * page_size)
#define word_at(vmo, page)	(*(volatile uint64_t *)page_at(vmo, page))

/* One word, by a system call; in the calling thread, so it must not have to wait. */
bool vmo_put(struct test_vmo *vmo, uint64_t page, uint64_t word);
/* The first word of the page is this one, by its mapping and by a system call. */
bool vmo_word_is(struct test_vmo *vmo, uint64_t page, uint64_t word);
/* Its memory has failed: the page can neither be read nor be written to in part. */
bool vmo_page_is_lost(struct test_vmo *vmo, uint64_t page);
/* All of a page anew, which may be lost. */
bool vmo_put_page(struct test_vmo *vmo, uint64_t page, char byte);

/* A child that must come to be, in a test. */
#define new_child(parent, options, page, pages) ({				\
	struct test_vmo *__child =						\
		vmo_create_child(parent, options, page, pages);		\
										\
	ASSERT_NE(NULL, __child);						\
	__child;								\
})
#define new_clone(parent)							\
	new_child(parent, AT_LEAST | ZXP_CHILD_RESIZABLE, 0, (parent)->pages)
#define new_snapshot(parent)							\
	new_child(parent, MODIFIED | ZXP_CHILD_RESIZABLE, 0, (parent)->pages)

#define new_slice(parent, page, pages) new_child(parent, ZXP_CHILD_SLICE, page, pages)
#define new_reference(parent, options) ({					\
	struct test_vmo *__reference = vmo_refer(parent, options);		\
										\
	ASSERT_NE(NULL, __reference);						\
	__reference;								\
})

#endif /* ZXP_SELFTESTS_CHILD_H */
