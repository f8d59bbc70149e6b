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
 * WRITE_FIXTURE(name); the same with variant->write(thread, vmo, page, nr), which
 *	starts a thread that writes pages full of WRITTEN:
 *	  Vmar	stores through a shared mapping: one page at a time
 *	  Vmo	ZXP_IOC_VMO_WRITE, which is zx_vmo_write
 *	  Write	one pwrite()
 * TRAP_FIXTURE(name); twice, TrapDirty and NoTrapDirty: new_trap_vmo(pages) makes
 *	the VMO with variant->trap, and grant() answers the DIRTY of a trapped write
 */
#ifndef ZXP_SELFTESTS_FIXTURE_H
#define ZXP_SELFTESTS_FIXTURE_H

#include "dirty.h"

#define MAX_THREADS	64

/* The threads are here, not in the test's frame, for they may outlive it. */
#define PAGER_DATA(name) PAGER_DATA_AND(name, (void)0)

/* The same, with what is to be done in any case at the end. */
#define PAGER_DATA_AND(name, last)					\
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
		last;							\
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

#define WRITE_FIXTURE(name)						\
	PAGER_DATA(name);						\
	FIXTURE_VARIANT(name)						\
	{								\
		start_fn write;						\
		start_fn check;						\
		bool mapping;						\
	};								\
	FIXTURE_VARIANT_ADD(name, Vmar)					\
	{								\
		.write = thread_write_vmar,				\
		.check = thread_check_vmar,				\
		.mapping = true,					\
	};								\
	FIXTURE_VARIANT_ADD(name, Vmo)					\
	{								\
		.write = thread_write_vmo,				\
		.check = thread_check_vmo,				\
	};								\
	FIXTURE_VARIANT_ADD(name, Write)				\
	{								\
		.write = thread_write_file,				\
		.check = thread_check_read,				\
	};								\
	struct name##_needs_semicolon2

#define TRAP_FIXTURE(name)						\
	PAGER_DATA(name);						\
	FIXTURE_VARIANT(name)						\
	{								\
		bool trap;						\
	};								\
	FIXTURE_VARIANT_ADD(name, TrapDirty)				\
	{								\
		.trap = true,						\
	};								\
	FIXTURE_VARIANT_ADD(name, NoTrapDirty)				\
	{								\
		.trap = false,						\
	};								\
	struct name##_needs_semicolon2

/* As the variant says, and resizable. */
#define new_trap_vmo(pages)						\
	new_vmo_options(pages, ZXP_VMO_RESIZABLE |			\
			(variant->trap ? ZXP_VMO_TRAP_DIRTY : 0))

/* If writes trap: the DIRTY of exactly this comes, and is answered. */
#define grant(vmo, page, nr) do {					\
	if (variant->trap) {						\
		ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, page, nr));	\
		ASSERT_TRUE(pager_dirty(&self->p, vmo, page, nr));	\
	}								\
} while (0)

/* A whole write by a system call, in one run of pages that is granted. */
#define write_granted(vmo, page, nr) do {				\
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, page, nr));	\
	grant(vmo, page, nr);						\
	ASSERT_TRUE(thread_wait(&self->t[0]));				\
} while (0)

/* A whole write that does not trap, whatever the variant. */
#define write_untrapped(vmo, page, nr) do {				\
	ASSERT_TRUE(thread_write_vmo(&self->t[0], vmo, page, nr));	\
	ASSERT_TRUE(thread_wait(&self->t[0]));				\
} while (0)

/* A VMO of self->p, which must come to be. */
#define new_vmo(pages)		new_vmo_options(pages, 0)
#define new_vmo_options(pages, options) ({				\
	struct test_vmo *__vmo =					\
		pager_create_vmo_options(&self->p, pages, options);	\
									\
	ASSERT_NE(NULL, __vmo);						\
	__vmo;								\
})

/* The same of @size bytes, with the flags of its creation. */
#define new_vmo_flags(size, options, flags) ({				\
	struct test_vmo *__vmo =					\
		pager_create_vmo_flags(&self->p, size, options, flags);	\
									\
	ASSERT_NE(NULL, __vmo);						\
	__vmo;								\
})
#define new_unbounded(size, options)					\
	new_vmo_flags(size, ZXP_VMO_UNBOUNDED | (options), 0)

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
