/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page size, deadlines, and waiting for a condition.
 */
#ifndef ZXP_SELFTESTS_UTIL_H
#define ZXP_SELFTESTS_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Only a bound on failure: nothing that works takes anywhere near that long. */
#define FAILURE_MS	60000

extern size_t page_size;	/* set before main() */

/* Milliseconds of the monotonic clock. */
int64_t now_ms(void);

/* Yield or nap a little: the body of a polling loop. */
void nap(void);

/* Poll @cond until it holds; false, and a message, when the time is up. */
#define wait_until(cond) ({						\
	int64_t __end = now_ms() + FAILURE_MS;				\
	bool __ok;							\
									\
	while (!(__ok = (cond)) && now_ms() < __end)			\
		nap();							\
	if (!__ok)							\
		diag("%s:%d: in vain: %s", __FILE__, __LINE__, #cond);	\
	__ok;								\
})

/* A diagnostic line of the KTAP output. */
void diag(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A number out of the environment. */
uint64_t from_env(const char *name, uint64_t otherwise);

/* The number in the line of /proc/self/fdinfo/@fd that has this name, or -1. */
long long fdinfo_number(int fd, const char *name);

/* Anonymous memory of @pages pages. */
void *map_anon(size_t pages);

/*
 * What was brought in so far, on the CPUs that the calling thread may be on, can be evicted
 * from now on: each CPU puts a page on the lists
 * of reclaim only with some more, and nobody else gets at it before.
 */
bool drain_lru(void);

/* Evict what can be, of all that is there: 1 the pages, 3 dentries and inodes as well. */
bool drop_caches(int what);

/* Is the page at @addr in the page tables? */
bool is_mapped(const void *addr);

/*
 * What the kernel notes about the page that is mapped at @addr, by the numbers of KPF_* in
 * linux/kernel-page-flags.h; 0 after a message if there is none, or it cannot be had.
 */
uint64_t page_flags(const void *addr);

/* The number of the page that is mapped at @addr; 0 if there is none, or it cannot be had. */
uint64_t page_frame(const void *addr);

/* Is what is to be read at @addr part of a large folio? */
bool page_is_large(const volatile void *addr);

/* Is it this version of Linux, or a later one? */
bool kernel_is_since(int major, int minor);

/* Are pages that a daemon supplies kept in large folios, where they may be? */
bool kernel_has_large_folios(void);

/* This thread runs on one processor alone from now on. False if there is none such. */
bool run_on(unsigned int cpu);

#endif /* ZXP_SELFTESTS_UTIL_H */
