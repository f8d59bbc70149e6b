/* SPDX-License-Identifier: MIT */
/*
 * C's threads and Zircon's.
 */
#ifndef ZIRCON_THREADS_H_
#define ZIRCON_THREADS_H_

#include <pthread.h>
#include <threads.h>

#include <zircon/compiler.h>
#include <zircon/types.h>

__BEGIN_CDECLS

/**
 * thrd_get_zx_handle() - the handle of a thread
 * @t: a thread
 *
 * Return: ZX_HANDLE_INVALID: threads have none on Linux.
 */
static inline zx_handle_t thrd_get_zx_handle(thrd_t t)
{
	(void)t;
	return ZX_HANDLE_INVALID;
}

/**
 * native_thread_get_zx_handle() - the handle of a thread
 * @t: a thread, as std::thread::native_handle() tells it
 *
 * Return: ZX_HANDLE_INVALID, as thrd_get_zx_handle().
 */
static inline zx_handle_t native_thread_get_zx_handle(pthread_t t)
{
	(void)t;
	return ZX_HANDLE_INVALID;
}

/**
 * thrd_status_to_zx_status() - what a result of <threads.h> is as a status
 * @thrd_status: thrd_*
 *
 * Return: a status, ZX_ERR_INTERNAL for what is none of these.
 */
static inline zx_status_t thrd_status_to_zx_status(int thrd_status)
{
	switch (thrd_status) {
	case thrd_success:
		return ZX_OK;
	case thrd_nomem:
		return ZX_ERR_NO_MEMORY;
	case thrd_timedout:
		return ZX_ERR_TIMED_OUT;
	case thrd_busy:
		return ZX_ERR_SHOULD_WAIT;
	default:
		return ZX_ERR_INTERNAL;
	}
}

__END_CDECLS

#endif /* ZIRCON_THREADS_H_ */
