/* SPDX-License-Identifier: MIT */
/*
 * The calling process.
 */
#ifndef ZIRCON_PROCESS_H_
#define ZIRCON_PROCESS_H_

#include <zircon/compiler.h>
#include <zircon/types.h>

__BEGIN_CDECLS

/**
 * zx_vmar_root_self() - the address space of the calling process
 *
 * Return: a handle for zx_vmar_map() and its kin only.  It is no file
 * descriptor; closing it does nothing.  Its base address is 0.
 */
zx_handle_t zx_vmar_root_self(void);

/**
 * zx_process_self() - the calling process
 *
 * Return: ZX_HANDLE_INVALID: processes are no objects here.
 */
zx_handle_t zx_process_self(void);

/**
 * zx_thread_self() - the calling thread
 *
 * Return: ZX_HANDLE_INVALID: threads are no objects here.
 */
zx_handle_t zx_thread_self(void);

/**
 * zx_job_default() - the job of the calling process
 *
 * Return: ZX_HANDLE_INVALID: there are no jobs.
 */
zx_handle_t zx_job_default(void);

__END_CDECLS

#endif /* ZIRCON_PROCESS_H_ */
