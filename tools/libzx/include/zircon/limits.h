/* SPDX-License-Identifier: MIT */
/*
 * Between what a page may be on this architecture.  zx_system_get_page_size() tells what it is.
 */
#ifndef ZIRCON_LIMITS_H_
#define ZIRCON_LIMITS_H_

#include <stdint.h>

#define ZX_MIN_PAGE_SHIFT	((uint32_t)12)
#if defined(__aarch64__) || defined(__arm__)
#define ZX_MAX_PAGE_SHIFT	((uint32_t)16)
#else
#define ZX_MAX_PAGE_SHIFT	((uint32_t)21)
#endif

#define ZX_MIN_PAGE_SIZE	((uintptr_t)1 << ZX_MIN_PAGE_SHIFT)
#define ZX_MAX_PAGE_SIZE	((uintptr_t)1 << ZX_MAX_PAGE_SHIFT)

/* Where there is but one. */
#ifdef __x86_64__
#define ZX_PAGE_SHIFT		ZX_MIN_PAGE_SHIFT
#define ZX_PAGE_SIZE		ZX_MIN_PAGE_SIZE
#define ZX_PAGE_MASK		(ZX_PAGE_SIZE - 1)
#endif

#endif /* ZIRCON_LIMITS_H_ */
