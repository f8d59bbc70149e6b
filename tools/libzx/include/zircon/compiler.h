/* SPDX-License-Identifier: MIT */
/*
 * Zircon's words for C linkage and the like, for headers and programs that use them.
 */
#ifndef ZIRCON_COMPILER_H_
#define ZIRCON_COMPILER_H_

#ifdef __cplusplus
#define __BEGIN_CDECLS extern "C" {
#define __END_CDECLS }
#define __CONSTEXPR constexpr
#else
#define __BEGIN_CDECLS
#define __END_CDECLS
#define __CONSTEXPR
#endif

#define __EXPORT __attribute__((__visibility__("default")))

#define __ALIGNED(x) __attribute__((__aligned__(x)))

#define __NO_RETURN	__attribute__((__noreturn__))

#endif /* ZIRCON_COMPILER_H_ */
