/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fixtures for test programs: include after kselftest_harness.h.
 *
 * PAGER_FIXTURE(name);  self->p is a pager with a port, self->t are threads
 * ACCESS_FIXTURE(name); the same three times, and variant->check(thread, vmo, page,
 *	nr) starts a thread that reads pages and compares them:
 *	  Vmar	loads through a shared mapping: one page at a time
 *	  Vmo	ZXP_IOC_VMO_READ, which is zx_vmo_read: the whole range at once
 *	  Read	one pread(): the whole range at once
 */
#ifndef ZXP_SELFTESTS_FIXTURE_H
#define ZXP_SELFTESTS_FIXTURE_H

#include "thread.h"

#define MAX_THREADS	64

/* The threads are here, not in the test's frame, for they may outlive it. */
#define PAGER_DATA(name)						\
	FIXTURE(name)							\
	{								\
		struct user_pager p;					\
		struct test_thread t[MAX_THREADS];			\
	};								\
	FIXTURE_SETUP(name)						\
	{								\
		ASSERT_TRUE(user_pager_init(&self->p));			\
	}								\
	FIXTURE_TEARDOWN(name)						\
	{								\
		user_pager_fini(&self->p);				\
	}								\
	struct name##_needs_semicolon

#define PAGER_FIXTURE(name) PAGER_DATA(name)

typedef bool (*start_fn)(struct test_thread *t, struct test_vmo *vmo, uint64_t page,
			 uint64_t nr);

#define ACCESS_FIXTURE(name)						\
	PAGER_DATA(name);						\
	FIXTURE_VARIANT(name)						\
	{								\
		start_fn check;						\
		bool mapping;						\
		int out_of_range;					\
	};								\
	FIXTURE_VARIANT_ADD(name, Vmar)					\
	{								\
		.check = thread_check_vmar,				\
		.mapping = true,					\
	};								\
	FIXTURE_VARIANT_ADD(name, Vmo)					\
	{								\
		.check = thread_check_vmo,				\
		.out_of_range = ERANGE,					\
	};								\
	FIXTURE_VARIANT_ADD(name, Read)					\
	{								\
		.check = thread_check_read,				\
		.out_of_range = ENODATA,				\
	};								\
	struct name##_needs_semicolon2

/* A VMO of self->p, which must come to be. */
#define new_vmo(pages)		new_vmo_options(pages, 0)
#define new_vmo_options(pages, options) ({				\
	struct test_vmo *__vmo =					\
		pager_create_vmo_options(&self->p, pages, options);	\
									\
	ASSERT_NE(NULL, __vmo);						\
	__vmo;								\
})

/*
 * The access of thread @i failed with @err in this page: a mapping got SIGBUS
 * there, with the code in the VMO's info if it is a FAIL code.
 */
#define assert_failure(i, vmo, page, err) do {				\
	if (variant->mapping) {						\
		ASSERT_TRUE(thread_wait_crash(&self->t[i],		\
			(vmo)->map + (page) * page_size, SIGBUS));	\
	} else {							\
		ASSERT_TRUE(thread_wait_failure(&self->t[i], err));	\
	}								\
} while (0)

#endif /* ZXP_SELFTESTS_FIXTURE_H */
