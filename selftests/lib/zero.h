/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Zero ranges that are mapped, for the programs that look at them: a fixture, VMOs of
 * nothing else, and what is seen of one. Include after kselftest_harness.h.
 */
#ifndef ZXP_SELFTESTS_ZERO_H
#define ZXP_SELFTESTS_ZERO_H

#include <sys/mman.h>

#include "fixture.h"

#define BYTES(pages)	((pages) * page_size)
#define PAGES		8

TRAP_FIXTURE(zero);

/* All of it is a dirty zero range, and was read through its mapping. */
#define new_mapped_zeroes() ({						\
	struct test_vmo *__v = new_trap_vmo(0);				\
									\
	ASSERT_TRUE(vmo_resize(__v, PAGES));				\
	ASSERT_TRUE(vmo_shows(__v, 0, PAGES, ZEROES));			\
	ASSERT_TRUE(was_modified(__v));					\
	__v;								\
})

/* The same, written back: mappings go on reading zeroes, others ask. */
#define new_ended_zeroes() ({						\
	struct test_vmo *__e = new_mapped_zeroes();			\
									\
	ASSERT_TRUE(pager_writeback_begin_zero(&self->p, __e, 0, PAGES)); \
	ASSERT_TRUE(pager_writeback_end(&self->p, __e, 0, PAGES));	\
	ASSERT_TRUE(is_clean(__e));					\
	__e;								\
})

static inline uint64_t resident(const struct test_vmo *vmo)
{
	return vmo_info(vmo).out_resident / page_size;
}

static inline char *map_vmo(const struct test_vmo *vmo, int prot, int flags)
{
	char *map = mmap(NULL, BYTES(vmo->pages), prot, flags, vmo->fd, 0);

	return map == MAP_FAILED ? NULL : map;
}

/* The first byte of each page. */
static inline bool all_bytes_are(const char *map, uint64_t pages, char byte)
{
	uint64_t page;

	for (page = 0; page < pages; page++) {
		if (*(volatile const char *)(map + BYTES(page)) == byte)
			continue;
		diag("page %llu has %d", (unsigned long long)page, map[BYTES(page)]);
		return false;
	}
	return true;
}

#endif /* ZXP_SELFTESTS_ZERO_H */
