/* SPDX-License-Identifier: MIT */
/*
 * Calls that Zircon has and Linux, or this library, does not: a program links, and finds out by
 * ZX_ERR_NOT_SUPPORTED.  But for zx_vmo_set_cache_policy() none looks at a handle or a pointer,
 * and none changes anything.
 */
#ifndef ZIRCON_SYSCALLS_UNSUPPORTED_H_
#define ZIRCON_SYSCALLS_UNSUPPORTED_H_

#include <zircon/compiler.h>
#include <zircon/syscalls/clock.h>
#include <zircon/syscalls/exception.h>
#include <zircon/types.h>

__BEGIN_CDECLS

/**
 * zx_vmo_set_cache_policy() - how a VMO is cached
 * @handle: a VMO (MAP)
 * @cache_policy: ZX_CACHE_POLICY_CACHED
 *
 * Return: ZX_OK, or INVALID_ARGS @cache_policy is no policy; BAD_HANDLE, WRONG_TYPE,
 * ACCESS_DENIED; NOT_SUPPORTED one that is not CACHED, as all memory is.
 */
zx_status_t zx_vmo_set_cache_policy(zx_handle_t handle, uint32_t cache_policy);

/**
 * zx_vmo_create_contiguous() - make a VMO of memory that is in one piece
 * @bti: for which device
 * @size: its size
 * @alignment_log2: where it may begin
 * @out: the new handle
 *
 * Return: NOT_SUPPORTED: devices are their drivers' on Linux, which are in the kernel.
 */
zx_status_t zx_vmo_create_contiguous(zx_handle_t bti, size_t size, uint32_t alignment_log2,
				     zx_handle_t *out);

/**
 * zx_vmo_create_physical() - make a VMO of a certain place of the memory
 * @resource: the right to it
 * @paddr: where it is
 * @size: its size
 * @out: the new handle
 *
 * Return: NOT_SUPPORTED, as zx_vmo_create_contiguous().
 */
zx_status_t zx_vmo_create_physical(zx_handle_t resource, zx_paddr_t paddr, size_t size,
				   zx_handle_t *out);

/**
 * zx_iommu_create() - make an IOMMU
 * @resource: the right to it
 * @type: ZX_IOMMU_TYPE_*
 * @desc: what it is like, see <zircon/syscalls/iommu.h>
 * @desc_size: the size of @desc
 * @out: the new handle
 *
 * Return: NOT_SUPPORTED, as zx_vmo_create_contiguous().
 */
zx_status_t zx_iommu_create(zx_handle_t resource, uint32_t type, const void *desc,
			    size_t desc_size, zx_handle_t *out);

/**
 * zx_bti_create() - make what lets a device at memory
 * @iommu: by what
 * @options: must be 0
 * @bti_id: which device
 * @out: the new handle
 *
 * Return: NOT_SUPPORTED, as zx_vmo_create_contiguous().
 */
zx_status_t zx_bti_create(zx_handle_t iommu, uint32_t options, uint64_t bti_id,
			  zx_handle_t *out);

/**
 * zx_bti_pin() - let a device at a part of a VMO
 * @handle: by what
 * @options: ZX_BTI_*
 * @vmo: the VMO
 * @offset: start of the range
 * @size: its length
 * @addrs: where it is for the device
 * @num_addrs: how many fit there
 * @pmt: the new handle
 *
 * Return: NOT_SUPPORTED: on Linux O_DIRECT, RDMA and their like pin what is mapped.
 */
zx_status_t zx_bti_pin(zx_handle_t handle, uint32_t options, zx_handle_t vmo,
		       uint64_t offset, uint64_t size, zx_paddr_t *addrs,
		       size_t num_addrs, zx_handle_t *pmt);

/**
 * zx_bti_release_quarantine() - give back what nobody has unpinned
 * @handle: whose
 *
 * Return: NOT_SUPPORTED, as zx_bti_pin().
 */
zx_status_t zx_bti_release_quarantine(zx_handle_t handle);

/**
 * zx_pmt_unpin() - end a zx_bti_pin()
 * @handle: what that has made
 *
 * Return: NOT_SUPPORTED, as zx_bti_pin().
 */
zx_status_t zx_pmt_unpin(zx_handle_t handle);

/**
 * zx_job_create() - make a job
 * @parent_job: in which one
 * @options: must be 0
 * @out: the new handle
 *
 * Return: NOT_SUPPORTED: there are no jobs.
 */
zx_status_t zx_job_create(zx_handle_t parent_job, uint32_t options, zx_handle_t *out);

/**
 * zx_process_create() - make a process
 * @job: in which job
 * @name: its name
 * @name_size: the length of @name
 * @options: ZX_PROCESS_*
 * @proc_handle: the new handle
 * @vmar_handle: that of its address space
 *
 * Return: NOT_SUPPORTED: fork() and posix_spawn() make processes, which are no objects.
 */
zx_status_t zx_process_create(zx_handle_t job, const char *name, size_t name_size,
			      uint32_t options, zx_handle_t *proc_handle,
			      zx_handle_t *vmar_handle);

/**
 * zx_process_start() - run a process
 * @handle: which one
 * @thread: its first thread
 * @entry: where that begins
 * @stack: where its stack is
 * @arg1: a handle for it
 * @arg2: something for it
 *
 * Return: NOT_SUPPORTED, as zx_process_create().
 */
zx_status_t zx_process_start(zx_handle_t handle, zx_handle_t thread, zx_vaddr_t entry,
			     zx_vaddr_t stack, zx_handle_t arg1, uintptr_t arg2);

/**
 * zx_process_read_memory() - read what another process has
 * @handle: which one
 * @vaddr: where
 * @buffer: where to
 * @buffer_size: how much
 * @actual: how much it was
 *
 * Return: NOT_SUPPORTED: that is process_vm_readv(2).
 */
zx_status_t zx_process_read_memory(zx_handle_t handle, zx_vaddr_t vaddr, void *buffer,
				   size_t buffer_size, size_t *actual);

/**
 * zx_process_write_memory() - write to what another process has
 * @handle: which one
 * @vaddr: where
 * @buffer: where from
 * @buffer_size: how much
 * @actual: how much it was
 *
 * Return: NOT_SUPPORTED: that is process_vm_writev(2).
 */
zx_status_t zx_process_write_memory(zx_handle_t handle, zx_vaddr_t vaddr,
				    const void *buffer, size_t buffer_size,
				    size_t *actual);

/**
 * zx_thread_create() - make a thread
 * @process: in which process
 * @name: its name
 * @name_size: the length of @name
 * @options: must be 0
 * @out: the new handle
 *
 * Return: NOT_SUPPORTED: pthread_create() makes threads, which are no objects.
 */
zx_status_t zx_thread_create(zx_handle_t process, const char *name, size_t name_size,
			     uint32_t options, zx_handle_t *out);

/**
 * zx_thread_start() - run a thread
 * @handle: which one
 * @thread_entry: where it begins
 * @stack: where its stack is
 * @arg1: something for it
 * @arg2: something for it
 *
 * Return: NOT_SUPPORTED, as zx_thread_create().
 */
zx_status_t zx_thread_start(zx_handle_t handle, zx_vaddr_t thread_entry, zx_vaddr_t stack,
			    uintptr_t arg1, uintptr_t arg2);

/**
 * zx_thread_read_state() - the registers of a thread
 * @handle: which one
 * @kind: ZX_THREAD_STATE_*
 * @buffer: where to
 * @buffer_size: how much fits there
 *
 * Return: NOT_SUPPORTED: that is ptrace(2), or the context of a signal handler.
 */
zx_status_t zx_thread_read_state(zx_handle_t handle, uint32_t kind, void *buffer,
				 size_t buffer_size);

/**
 * zx_thread_write_state() - change the registers of a thread
 * @handle: which one
 * @kind: ZX_THREAD_STATE_*
 * @buffer: where from
 * @buffer_size: how much
 *
 * Return: NOT_SUPPORTED, as zx_thread_read_state().
 */
zx_status_t zx_thread_write_state(zx_handle_t handle, uint32_t kind, const void *buffer,
				  size_t buffer_size);

/**
 * zx_thread_raise_exception() - raise an exception of one's own
 * @options: ZX_EXCEPTION_TARGET_JOB_DEBUGGER
 * @type: ZX_EXCP_USER
 * @context: what is to be told
 *
 * Return: NOT_SUPPORTED: there are signals instead of exceptions.
 */
zx_status_t zx_thread_raise_exception(uint32_t options, zx_excp_type_t type,
				      const zx_exception_context_t *context);

/**
 * zx_task_create_exception_channel() - hear of exceptions
 * @handle: of which thread, process or job
 * @options: ZX_EXCEPTION_CHANNEL_DEBUGGER or 0
 * @out: the new handle
 *
 * Return: NOT_SUPPORTED: a handler of SIGBUS hears of pages that cannot be had, and
 * zx_linux_fault_status() tells it why.
 */
zx_status_t zx_task_create_exception_channel(zx_handle_t handle, uint32_t options,
					     zx_handle_t *out);

/**
 * zx_task_suspend() - stop a thread or process
 * @handle: which one
 * @token: the new handle; it goes on when that is closed
 *
 * Return: NOT_SUPPORTED: that is SIGSTOP, or ptrace(2).
 */
zx_status_t zx_task_suspend(zx_handle_t handle, zx_handle_t *token);

/**
 * zx_task_kill() - end a process or job
 * @handle: which one
 *
 * Return: NOT_SUPPORTED: that is kill(2).
 */
zx_status_t zx_task_kill(zx_handle_t handle);

/**
 * zx_exception_get_thread() - whose an exception is
 * @handle: the exception
 * @out: the new handle
 *
 * Return: NOT_SUPPORTED, as zx_task_create_exception_channel().
 */
zx_status_t zx_exception_get_thread(zx_handle_t handle, zx_handle_t *out);

/**
 * zx_exception_get_process() - whose an exception is
 * @handle: the exception
 * @out: the new handle
 *
 * Return: NOT_SUPPORTED, as zx_task_create_exception_channel().
 */
zx_status_t zx_exception_get_process(zx_handle_t handle, zx_handle_t *out);

/**
 * zx_job_set_policy() - what processes of a job may do
 * @handle: the job
 * @options: ZX_JOB_POL_RELATIVE or ZX_JOB_POL_ABSOLUTE
 * @topic: ZX_JOB_POL_BASIC_V1 or one of its kin
 * @policy: an array of what @topic says
 * @policy_size: how many
 *
 * Return: NOT_SUPPORTED, as zx_job_create().
 */
zx_status_t zx_job_set_policy(zx_handle_t handle, uint32_t options, uint32_t topic,
			      const void *policy, uint32_t policy_size);

/**
 * zx_object_get_child() - a handle of what belongs to a job or process
 * @handle: the job or process
 * @koid: of what
 * @rights: what may be done with it
 * @out: the new handle
 *
 * Return: NOT_SUPPORTED: they are no objects.
 */
zx_status_t zx_object_get_child(zx_handle_t handle, uint64_t koid, zx_rights_t rights,
				zx_handle_t *out);

/**
 * zx_object_set_profile() - how threads are scheduled
 * @handle: a thread, or a VMAR
 * @profile: how
 * @options: must be 0
 *
 * Return: NOT_SUPPORTED: that is sched_setattr(2).
 */
zx_status_t zx_object_set_profile(zx_handle_t handle, zx_handle_t profile, uint32_t options);

/**
 * zx_clock_create() - make a clock of one's own
 * @options: ZX_CLOCK_OPT_*, with ZX_CLOCK_ARGS_VERSION()
 * @args: zx_clock_create_args_v1_t, or NULL
 * @out: the new handle
 *
 * Return: NOT_SUPPORTED: the clocks of the system are all that there are.
 */
zx_status_t zx_clock_create(uint64_t options, const void *args, zx_handle_t *out);

/**
 * zx_clock_read() - the time of a clock
 * @handle: the clock
 * @now: its time
 *
 * Return: NOT_SUPPORTED, as zx_clock_create().
 */
zx_status_t zx_clock_read(zx_handle_t handle, zx_time_t *now);

/**
 * zx_clock_get_details() - how a clock runs
 * @handle: the clock
 * @options: ZX_CLOCK_ARGS_VERSION()
 * @details: zx_clock_details_v1_t
 *
 * Return: NOT_SUPPORTED, as zx_clock_create().
 */
zx_status_t zx_clock_get_details(zx_handle_t handle, uint64_t options, void *details);

/**
 * zx_clock_update() - set a clock, or have it run faster or slower
 * @handle: the clock
 * @options: ZX_CLOCK_UPDATE_OPTION_*, with ZX_CLOCK_ARGS_VERSION()
 * @args: zx_clock_update_args_v1_t or zx_clock_update_args_v2_t
 *
 * Return: NOT_SUPPORTED, as zx_clock_create().
 */
zx_status_t zx_clock_update(zx_handle_t handle, uint64_t options, const void *args);

__END_CDECLS

#endif /* ZIRCON_SYSCALLS_UNSUPPORTED_H_ */
