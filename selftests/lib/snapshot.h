/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Snapshots: copies that are as their parent was at one moment.
 */
#ifndef ZXP_SELFTESTS_SNAPSHOT_H
#define ZXP_SELFTESTS_SNAPSHOT_H

#include "child.h"

/* One of all of @parent, in a test, by one of the options that make them. */
#define new_moment_by(option, parent)	new_child(parent, option, 0, (parent)->pages)

/* A VMO of the pager of the test that allows them. */
#define new_paged(pages, options) ({						\
	struct test_vmo *__vmo = pager_create_paged(&self->p, pages, options);	\
										\
	ASSERT_NE(NULL, __vmo);							\
	__vmo;									\
})

/* The first word of a page as it is supplied. */
static inline uint64_t supplied(const struct test_vmo *vmo, uint64_t page)
{
	return vmo_word(vmo, page * page_size / 8);
}

/* The first words of its first @nr pages are these, by its mapping and by a system call. */
bool words_are(struct test_vmo *vmo, const uint64_t *words, unsigned int nr);
/* The page is one that nobody knows any more. */
bool is_broken(struct test_vmo *child, uint64_t page);

#endif /* ZXP_SELFTESTS_SNAPSHOT_H */
