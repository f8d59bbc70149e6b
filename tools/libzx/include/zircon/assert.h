/* SPDX-License-Identifier: MIT */
/*
 * What has to be so, or the program ends: ZX_ASSERT() always, ZX_DEBUG_ASSERT() if
 * ZX_ASSERT_LEVEL is defined as more than 1.
 */
#ifndef ZIRCON_ASSERT_H_
#define ZIRCON_ASSERT_H_

#include <zircon/compiler.h>

__BEGIN_CDECLS

/**
 * __zx_panic() - say something on the standard error output, and abort()
 * @format: as for printf(), with what belongs to it behind it
 */
void __zx_panic(const char *format, ...)
	__attribute__((__noreturn__, __format__(__printf__, 1, 2)));

/**
 * __zx_assert_failed() - say what was not so
 * @what: which kind of assertion
 * @file: where it stands
 * @line: where in @file
 * @expression: what was to be so
 *
 * For the macros, which __zx_panic() with the rest of the line.
 */
void __zx_assert_failed(const char *what, const char *file, int line,
			const char *expression);

__END_CDECLS

#define ZX_PANIC(...)	__zx_panic(__VA_ARGS__)

#if defined(ZX_ASSERT_LEVEL) && ZX_ASSERT_LEVEL > 1
#define ZX_DEBUG_ASSERT_IMPLEMENTED	1
#else
#define ZX_DEBUG_ASSERT_IMPLEMENTED	0
#endif

/*
 * The condition stands alone in its brackets: so a compiler warns of an assignment there, and
 * C++ programs may declare something in it, which the message may use.
 */
#define ZX_ASSERT_OR_PANIC_(what, x, ...)				\
	do {								\
		if (x) {						\
			break;						\
		} else {						\
			__zx_assert_failed(what, __FILE__, __LINE__, #x); \
			__zx_panic(__VA_ARGS__);			\
		}							\
	} while (0)

#define ZX_ASSERT(x)		ZX_ASSERT_OR_PANIC_("ASSERT", x, "%s", "")
#define ZX_ASSERT_MSG(x, ...)	ZX_ASSERT_OR_PANIC_("ASSERT", x, __VA_ARGS__)

/* The condition is compiled even so, and not looked at. */
#define ZX_DEBUG_ASSERT(x)						\
	do {								\
		if (ZX_DEBUG_ASSERT_IMPLEMENTED)			\
			ZX_ASSERT_OR_PANIC_("DEBUG ASSERT", x, "%s", ""); \
	} while (0)
#define ZX_DEBUG_ASSERT_MSG(x, ...)					\
	do {								\
		if (ZX_DEBUG_ASSERT_IMPLEMENTED)			\
			ZX_ASSERT_OR_PANIC_("DEBUG ASSERT", x, __VA_ARGS__); \
	} while (0)

/* The condition is not even compiled. */
#if ZX_DEBUG_ASSERT_IMPLEMENTED
#define ZX_DEBUG_ASSERT_COND(x)			ZX_DEBUG_ASSERT(x)
#define ZX_DEBUG_ASSERT_MSG_COND(x, ...)	ZX_DEBUG_ASSERT_MSG(x, __VA_ARGS__)
#else
#define ZX_DEBUG_ASSERT_COND(...)		do { } while (0)
#define ZX_DEBUG_ASSERT_MSG_COND(...)		do { } while (0)
#endif

#endif /* ZIRCON_ASSERT_H_ */
