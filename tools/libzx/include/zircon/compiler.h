/* SPDX-License-Identifier: MIT */
/*
 * Zircon's words for C linkage and for what a compiler should know, for headers and programs
 * that use them.  What one of GCC and Clang does not know is nothing there.
 */
#ifndef ZIRCON_COMPILER_H_
#define ZIRCON_COMPILER_H_

#ifndef __has_cpp_attribute
#define __has_cpp_attribute(...) 0
#endif

#ifndef __has_feature
#define __has_feature(...) 0
#endif

#ifdef __cplusplus
#define __BEGIN_CDECLS extern "C" {
#define __END_CDECLS }
#define __CONSTEXPR constexpr
#else
#define __BEGIN_CDECLS
#define __END_CDECLS
#define __CONSTEXPR
#endif

/* Functions. */
#define __ALWAYS_INLINE	__attribute__((__always_inline__))
#define __CONST		__attribute__((__const__))
#define __CONSTRUCTOR	__attribute__((__constructor__))
#define __DESTRUCTOR	__attribute__((__destructor__))
#define __LEAF_FN	__attribute__((__leaf__))
#define __MALLOC	__attribute__((__malloc__))
#define __NONNULL(n)	__attribute__((__nonnull__ n))
#define __NO_INLINE	__attribute__((__noinline__))
#define __NO_RETURN	__attribute__((__noreturn__))
#define __PRINTFLIKE(format, first)						\
	__attribute__((__format__(__printf__, format, first)))
#define __PURE		__attribute__((__pure__))
#define __SCANFLIKE(format, first)						\
	__attribute__((__format__(__scanf__, format, first)))
#define __WARN_UNUSED_RESULT	__attribute__((__warn_unused_result__))

/* Variables, types and members. */
#define __ALIGNED(x)	__attribute__((__aligned__(x)))
#define __MAY_ALIAS	__attribute__((__may_alias__))
#define __PACKED	__attribute__((__packed__))
#define __RESTRICT	__restrict
#define __THREAD	__thread

/* Either. */
#define __ALIAS(x)	__attribute__((__alias__(x)))
#define __ALWAYS_EMIT	__attribute__((__used__))
#define __EXPORT	__attribute__((__visibility__("default")))
#define __LOCAL		__attribute__((__visibility__("hidden")))
#define __SECTION(x)	__attribute__((__section__(x)))
#define __UNUSED	__attribute__((__unused__))
#define __USED		__attribute__((__used__))
#define __WEAK		__attribute__((__weak__))
#define __WEAK_ALIAS(x)	__attribute__((__weak__, __alias__(x)))

#ifndef __DEPRECATE
#define __DEPRECATE	__attribute__((__deprecated__))
#endif

#ifdef __clang__
#define __ALLOC_SIZE(...)	__attribute__((__alloc_size__(__VA_ARGS__)))
#define __ANALYZER_CREATE_SINK	__attribute__((analyzer_noreturn))
#define __EXTERNALLY_VISIBLE
#define __NO_SAFESTACK		__attribute__((__no_sanitize__("safe-stack")))
#define __OPTIMIZE(...)
#define __UNINITIALIZED		__attribute__((__uninitialized__))
#else
#define __ALLOC_SIZE(...)
#define __ANALYZER_CREATE_SINK
#define __EXTERNALLY_VISIBLE	__attribute__((__externally_visible__))
#define __NO_SAFESTACK
#define __OPTIMIZE(x)		__attribute__((__optimize__(x)))
#define __UNINITIALIZED
#endif

#define __FALLTHROUGH	__attribute__((__fallthrough__))

#ifdef __cplusplus
#define __WARN_UNUSED_CONSTRUCTOR	\
	[[nodiscard]]

#if __has_cpp_attribute(no_unique_address)
#define __NO_UNIQUE_ADDRESS	\
	[[no_unique_address]]
#else
#define __NO_UNIQUE_ADDRESS
#endif

#ifdef __clang__
#define __OWNER(x)	\
	[[gsl::Owner(x)]]
#define __POINTER(x)	\
	[[gsl::Pointer(x)]]
#else
#define __OWNER(...)
#define __POINTER(...)
#endif

#ifdef __cpp_constinit
#define __CONSTINIT	constinit
#elif defined(__clang__)
#define __CONSTINIT	\
	[[clang::require_constant_initialization]]
#else
#define __CONSTINIT
#endif
#endif /* __cplusplus */

/* Expressions.  Those without underscores may be the program's own already. */
#define __GET_CALLER(...)	__builtin_return_address(0)
#define __GET_FRAME(...)	__builtin_frame_address(0)
#define __ISCONSTANT(x)		__builtin_constant_p(x)
#define __UNREACHABLE		__builtin_unreachable()

#ifndef __offsetof
#define __offsetof(type, field)	__builtin_offsetof(type, field)
#endif

#ifndef likely
#define likely(x)	__builtin_expect(!!(x), 1)
#endif

#ifndef unlikely
#define unlikely(x)	__builtin_expect(!!(x), 0)
#endif

#ifndef add_overflow
#define add_overflow(a, b, result)	__builtin_add_overflow(a, b, result)
#endif

#ifndef sub_overflow
#define sub_overflow(a, b, result)	__builtin_sub_overflow(a, b, result)
#endif

#ifndef mul_overflow
#define mul_overflow(a, b, result)	__builtin_mul_overflow(a, b, result)
#endif

/*
 * Locks, for clang's -Wthread-safety.  It knows std::mutex as a lock only with a libc++ that was
 * told to say so; with any other the words would make it warn of each use.
 */
#if defined(__clang__) && defined(_LIBCPP_ENABLE_THREAD_SAFETY_ANNOTATIONS)
#define __THREAD_ANNOTATION(x)	__attribute__((x))
#else
#define __THREAD_ANNOTATION(...)
#endif

#define __TA_ACQUIRE(...)	__THREAD_ANNOTATION(__acquire_capability__(__VA_ARGS__))
#define __TA_ACQUIRED_AFTER(...)	__THREAD_ANNOTATION(__acquired_after__(__VA_ARGS__))
#define __TA_ACQUIRED_BEFORE(...)	__THREAD_ANNOTATION(__acquired_before__(__VA_ARGS__))
#define __TA_ACQUIRE_SHARED(...)						\
	__THREAD_ANNOTATION(__acquire_shared_capability__(__VA_ARGS__))
#define __TA_ASSERT(...)	__THREAD_ANNOTATION(__assert_capability__(__VA_ARGS__))
#define __TA_ASSERT_SHARED(...)							\
	__THREAD_ANNOTATION(__assert_shared_capability__(__VA_ARGS__))
#define __TA_CAPABILITY(x)	__THREAD_ANNOTATION(__capability__(x))
#define __TA_EXCLUDES(...)	__THREAD_ANNOTATION(__locks_excluded__(__VA_ARGS__))
#define __TA_GUARDED(x)		__THREAD_ANNOTATION(__guarded_by__(x))
#define __TA_NO_THREAD_SAFETY_ANALYSIS						\
	__THREAD_ANNOTATION(__no_thread_safety_analysis__)
#define __TA_RELEASE(...)	__THREAD_ANNOTATION(__release_capability__(__VA_ARGS__))
#define __TA_RELEASE_SHARED(...)						\
	__THREAD_ANNOTATION(__release_shared_capability__(__VA_ARGS__))
#define __TA_REQUIRES(...)	__THREAD_ANNOTATION(__requires_capability__(__VA_ARGS__))
#define __TA_REQUIRES_SHARED(...)						\
	__THREAD_ANNOTATION(__requires_shared_capability__(__VA_ARGS__))
#define __TA_RETURN_CAPABILITY(x)	__THREAD_ANNOTATION(__lock_returned__(x))
#define __TA_SCOPED_CAPABILITY	__THREAD_ANNOTATION(__scoped_lockable__)
#define __TA_TRY_ACQUIRE(...)	__THREAD_ANNOTATION(__try_acquire_capability__(__VA_ARGS__))
#define __TA_TRY_ACQUIRE_SHARED(...)						\
	__THREAD_ANNOTATION(__try_acquire_shared_capability__(__VA_ARGS__))

#endif /* ZIRCON_COMPILER_H_ */
