/* SPDX-License-Identifier: MIT */
/*
 * Zircon's calls for pagers, ports, VMOs and the own address space, on Linux.
 *
 * Every call may be made from any thread at any time; none takes a lock.  Offsets,
 * lengths and sizes are in bytes, times in nanoseconds.  A call that fails leaves
 * what its out pointers point to alone, and has changed nothing unless it says so.
 * A signal during a call runs its handler, then the call goes on.
 *
 * BAD_HANDLE is a handle that is not open, WRONG_TYPE one of another kind, and
 * ACCESS_DENIED one whose descriptor was not opened for that.
 */
#ifndef ZIRCON_SYSCALLS_H_
#define ZIRCON_SYSCALLS_H_

#include <zircon/compiler.h>
#include <zircon/process.h>
#include <zircon/syscalls/port.h>
#include <zircon/types.h>

__BEGIN_CDECLS

/**
 * zx_pager_create() - make a pager
 * @options: must be 0
 * @out: the new handle; closing it fails whoever waits for one of its VMOs
 *
 * Return: ZX_OK, or INVALID_ARGS; UNAVAILABLE no /dev/zxpager, that is, the module
 * is not loaded; ACCESS_DENIED no permission for /dev/zxpager; NO_MEMORY;
 * NO_RESOURCES too many open files.
 */
zx_status_t zx_pager_create(uint32_t options, zx_handle_t *out);

/**
 * zx_pager_create_vmo() - make a VMO whose content comes from a pager
 * @pager: the pager
 * @options: ZX_VMO_RESIZABLE; ZX_VMO_TRAP_DIRTY, the first write to a clean page
 *	waits for the pager; ZX_VMO_UNBOUNDED, the VMO has the largest size there is
 * @port: where its packets go; not needed any more once this returns
 * @key: comes back in each packet
 * @size: its size in bytes, rounded up to a page, 0 is allowed; with
 *	ZX_VMO_UNBOUNDED its stream size in bytes
 * @out: the new handle, for reading and writing
 *
 * Return: ZX_OK, or, in the order of the tests: BAD_HANDLE, WRONG_TYPE @pager,
 * then @port; INVALID_ARGS @options, or both RESIZABLE and UNBOUNDED;
 * NOT_SUPPORTED an option that this module does not have; OUT_OF_RANGE @size;
 * NO_MEMORY; NO_RESOURCES.
 */
zx_status_t zx_pager_create_vmo(zx_handle_t pager, uint32_t options,
				zx_handle_t port, uint64_t key, uint64_t size,
				zx_handle_t *out);

/**
 * zx_pager_detach_vmo() - end what a pager has to do with a VMO
 * @pager: the pager
 * @vmo: one of its VMOs
 *
 * Whoever waits wakes and fails with BAD_STATE, clean pages go, and the last packet
 * of the VMO is COMPLETE.  A second detach is OK and does nothing.
 *
 * Return: ZX_OK, or, in the order of the tests: BAD_HANDLE, WRONG_TYPE @pager;
 * BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED @vmo; INVALID_ARGS a VMO of another pager
 * or of none.
 */
zx_status_t zx_pager_detach_vmo(zx_handle_t pager, zx_handle_t vmo);

/**
 * zx_pager_supply_pages() - move pages from a plain VMO into one with a pager
 * @pager: the pager
 * @pager_vmo: one of its VMOs
 * @offset: start of the range in @pager_vmo, page aligned
 * @length: its length, page aligned; 0 does nothing
 * @aux_vmo: where the pages are taken from; its range reads as zeroes afterwards,
 *	also if the call fails after that
 * @aux_offset: start of the range in @aux_vmo, page aligned
 *
 * Pages that have content keep it.  Holes of @aux_vmo become zero pages.
 *
 * Return: ZX_OK, or, in the order of the tests: INVALID_ARGS alignment;
 * BAD_HANDLE, WRONG_TYPE @pager; BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED @pager_vmo;
 * INVALID_ARGS a VMO of another pager; BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED
 * @aux_vmo; NOT_SUPPORTED @aux_vmo has a pager; OUT_OF_RANGE @aux_vmo; BAD_STATE a
 * pinned page in it; OUT_OF_RANGE @pager_vmo; BAD_STATE detached; NO_MEMORY.
 */
zx_status_t zx_pager_supply_pages(zx_handle_t pager, zx_handle_t pager_vmo,
				  uint64_t offset, uint64_t length,
				  zx_handle_t aux_vmo, uint64_t aux_offset);

/**
 * zx_pager_op_range() - act on a range of a VMO
 * @pager: the pager
 * @op: ZX_PAGER_OP_FAIL, _DIRTY, _WRITEBACK_BEGIN or _WRITEBACK_END
 * @pager_vmo: one of its VMOs
 * @offset: start of the range in bytes, page aligned
 * @length: its length in bytes, page aligned
 * @data: with FAIL a status, as (uint64_t)ZX_ERR_IO: one of IO, IO_DATA_INTEGRITY,
 *	BAD_STATE, NO_SPACE, BUFFER_TOO_SMALL; with WRITEBACK_BEGIN 0 or
 *	ZX_VMO_DIRTY_RANGE_IS_ZERO; else 0
 *
 * FAIL acts on what waits now; a later access asks again.
 *
 * DIRTY lets writers go on: the whole range becomes dirty, or nothing does, and then
 * those that wait in it look again.  No waiting writer is needed.
 *
 * WRITEBACK_BEGIN says that what is dirty in the range is about to be written; with
 * ZX_VMO_DIRTY_RANGE_IS_ZERO, that zeroes are, so pages stay dirty.  Read the content
 * after it.  WRITEBACK_END says that what was begun is stored: what was not written to
 * since is clean.  Both also work on a detached VMO.
 *
 * Return: ZX_OK, or, in the order of the tests: INVALID_ARGS alignment;
 * BAD_HANDLE, WRONG_TYPE @pager; BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED @pager_vmo;
 * INVALID_ARGS a VMO of another pager; NOT_SUPPORTED @op; INVALID_ARGS @data;
 * NOT_SUPPORTED DIRTY of a VMO without ZX_VMO_TRAP_DIRTY; OUT_OF_RANGE; BAD_STATE
 * detached (FAIL, DIRTY); NOT_FOUND a page of the range is missing (DIRTY);
 * NO_MEMORY (DIRTY).
 */
zx_status_t zx_pager_op_range(zx_handle_t pager, uint32_t op,
			      zx_handle_t pager_vmo, uint64_t offset,
			      uint64_t length, uint64_t data);

/**
 * zx_port_create() - make a stream of packets
 * @options: must be 0
 * @out: the new handle; O_NONBLOCK, and good for poll()
 *
 * Return: as zx_pager_create().
 */
zx_status_t zx_port_create(uint32_t options, zx_handle_t *out);

/**
 * zx_port_wait() - take the next packet
 * @handle: a port, or a pager
 * @deadline: when to give up, on the clock of zx_clock_get_monotonic();
 *	ZX_TIME_INFINITE for never, and any time that is over for not waiting
 * @packet: set to the packet
 *
 * Several threads may wait on one port: each packet goes to one of them.
 *
 * Return: ZX_OK, or BAD_HANDLE, WRONG_TYPE; TIMED_OUT; INVALID_ARGS @packet.
 */
zx_status_t zx_port_wait(zx_handle_t handle, zx_time_t deadline,
			 zx_port_packet_t *packet);

/**
 * zx_vmo_create() - make a plain VMO, filled with zeroes
 * @size: its size, rounded up to a page
 * @options: ZX_VMO_RESIZABLE, ZX_VMO_UNBOUNDED or 0
 * @out: the new handle
 *
 * Return: ZX_OK, or INVALID_ARGS @options, or both; NOT_SUPPORTED ZX_VMO_DISCARDABLE, or an
 * option that this module does not have; OUT_OF_RANGE @size; as zx_pager_create().
 */
zx_status_t zx_vmo_create(uint64_t size, uint32_t options, zx_handle_t *out);

/**
 * zx_vmo_read() - copy out of a VMO
 * @handle: a VMO
 * @buffer: where to; undefined if the call fails
 * @offset: start in the VMO, of any alignment
 * @buffer_size: how many bytes
 *
 * Waits for the pager, killably, where pages are missing.
 *
 * Return: ZX_OK, or BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED; OUT_OF_RANGE beyond the
 * VMO's size; BAD_STATE detached; the status that the pager failed the range with;
 * INVALID_ARGS @buffer.
 */
zx_status_t zx_vmo_read(zx_handle_t handle, void *buffer, uint64_t offset,
			size_t buffer_size);

/**
 * zx_vmo_write() - copy into a VMO
 * @handle: a VMO
 * @buffer: where from
 * @offset: start in the VMO, of any alignment
 * @buffer_size: how many bytes; if the call fails some may have been written
 *
 * Waits for the pager, killably, where pages are missing, and with ZX_VMO_TRAP_DIRTY
 * where they are clean.
 *
 * Return: as zx_vmo_read().
 */
zx_status_t zx_vmo_write(zx_handle_t handle, const void *buffer, uint64_t offset,
			 size_t buffer_size);

/**
 * zx_vmo_get_size() - the size of a VMO
 * @handle: a VMO
 * @size: set to it: a multiple of the page size
 *
 * Return: ZX_OK, or BAD_HANDLE, WRONG_TYPE; INVALID_ARGS @size.
 */
zx_status_t zx_vmo_get_size(zx_handle_t handle, uint64_t *size);

/**
 * zx_vmo_get_stream_size() - the size of a VMO to the byte
 * @handle: a VMO
 * @size: set to it: where read() ends, what fstat() tells
 *
 * Return: ZX_OK, or BAD_HANDLE, WRONG_TYPE; INVALID_ARGS @size.
 */
zx_status_t zx_vmo_get_stream_size(zx_handle_t handle, uint64_t *size);

/**
 * zx_vmo_set_stream_size() - change the size of a VMO to the byte, and not its pages
 * @handle: a VMO, resizable or not
 * @size: the new stream size in bytes, up to the size of the VMO
 *
 * All from the smaller of the old and the new stream size on is zero afterwards.  Whole
 * pages behind the new one read as zero, are not asked for, and are dirty only once they
 * are written to.
 *
 * Return: ZX_OK, or BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED; OUT_OF_RANGE @size;
 * BAD_STATE a pinned page would go, or a page in part is needed and the VMO is
 * detached; the status that the pager failed that page with; NO_MEMORY;
 * NOT_SUPPORTED by this module.
 */
zx_status_t zx_vmo_set_stream_size(zx_handle_t handle, uint64_t size);

/**
 * zx_vmo_set_size() - change the size of a resizable VMO
 * @handle: a VMO
 * @size: the new size; the VMO is that rounded up to a page
 *
 * New pages are zero and dirty, and are not asked for.
 *
 * Return: ZX_OK, or, in the order of the tests: BAD_HANDLE, WRONG_TYPE,
 * ACCESS_DENIED; UNAVAILABLE not resizable; OUT_OF_RANGE @size; BAD_STATE a pinned
 * page would go, or a page in part is needed and the VMO is detached; the status that
 * the pager failed that page with; NO_MEMORY.
 */
zx_status_t zx_vmo_set_size(zx_handle_t handle, uint64_t size);

/**
 * zx_vmo_op_range() - act on a range of a VMO
 * @handle: a VMO
 * @op: ZX_VMO_OP_COMMIT, _DECOMMIT, _ZERO, _DONT_NEED, _ALWAYS_NEED, _PREFETCH
 * @offset: start of the range, of any alignment
 * @size: its length; the range is rounded out to pages, but for ZERO
 * @buffer: must be NULL
 * @buffer_size: must be 0
 *
 * COMMIT, PREFETCH and ALWAYS_NEED wait for the pager, killably.  ZERO makes whole pages
 * dirty zeroes without asking for them; a page in part is written to, and for that asked
 * for, unless it is zero.
 *
 * Return: ZX_OK, or BAD_HANDLE, WRONG_TYPE; INVALID_ARGS unknown @op;
 * ACCESS_DENIED; OUT_OF_RANGE; NOT_SUPPORTED DECOMMIT with a pager, locks, cache
 * operations; BAD_STATE detached; the status that the pager failed the range with.
 */
zx_status_t zx_vmo_op_range(zx_handle_t handle, uint32_t op, uint64_t offset,
			    uint64_t size, void *buffer, size_t buffer_size);

/**
 * zx_vmar_map() - map a VMO into the calling process
 * @handle: zx_vmar_root_self()
 * @options: ZX_VM_PERM_READ, _WRITE, _EXECUTE; ZX_VM_SPECIFIC, _SPECIFIC_OVERWRITE;
 *	ZX_VM_ALLOW_FAULTS, ZX_VM_REQUIRE_NON_RESIZABLE, ZX_VM_MAP_RANGE (which does
 *	nothing here), ZX_VM_FAULT_BEYOND_STREAM_SIZE
 * @vmar_offset: with SPECIFIC the address, page aligned; else 0
 * @vmo: the VMO; not needed any more once this returns
 * @vmo_offset: start in the VMO, page aligned
 * @len: length, rounded up to a page; not 0
 * @mapped_addr: set to the address
 *
 * The mapping is shared: what is written there is in the VMO.  An access that fails
 * raises SIGBUS, where Zircon raises an exception.
 *
 * Return: ZX_OK, or BAD_HANDLE, WRONG_TYPE @handle, @vmo; INVALID_ARGS @options,
 * alignment, WRITE without READ, @len; ACCESS_DENIED the VMO's descriptor does not
 * allow it; NOT_SUPPORTED resizable though REQUIRE_NON_RESIZABLE; BUFFER_TOO_SMALL
 * beyond the end of a VMO that is not resizable, without ALLOW_FAULTS;
 * OUT_OF_RANGE overflow; ALREADY_EXISTS something is mapped there, without
 * OVERWRITE; NO_MEMORY.
 */
zx_status_t zx_vmar_map(zx_handle_t handle, zx_vm_option_t options,
			uint64_t vmar_offset, zx_handle_t vmo,
			uint64_t vmo_offset, uint64_t len,
			zx_vaddr_t *mapped_addr);

/**
 * zx_vmar_unmap() - unmap a part of the calling process
 * @handle: zx_vmar_root_self()
 * @addr: start, page aligned
 * @len: length, rounded up to a page; not 0
 *
 * Return: ZX_OK, or BAD_HANDLE, WRONG_TYPE; INVALID_ARGS; NO_MEMORY.
 */
zx_status_t zx_vmar_unmap(zx_handle_t handle, zx_vaddr_t addr, uint64_t len);

/**
 * zx_vmar_protect() - change the permissions of mappings
 * @handle: zx_vmar_root_self()
 * @options: ZX_VM_PERM_READ, _WRITE, _EXECUTE
 * @addr: start, page aligned
 * @len: length, rounded up to a page; not 0
 *
 * Return: ZX_OK, or BAD_HANDLE, WRONG_TYPE; INVALID_ARGS; NOT_FOUND nothing is
 * mapped there; ACCESS_DENIED.
 */
zx_status_t zx_vmar_protect(zx_handle_t handle, zx_vm_option_t options,
			    zx_vaddr_t addr, uint64_t len);

/**
 * zx_handle_close() - close a handle
 * @handle: a handle; ZX_HANDLE_INVALID is OK and does nothing
 *
 * Return: ZX_OK, or BAD_HANDLE.
 */
zx_status_t zx_handle_close(zx_handle_t handle);

/**
 * zx_handle_duplicate() - another handle to the same object
 * @handle: a port or VMO; Zircon's pagers cannot be duplicated, nor can ours
 * @rights: ZX_RIGHT_SAME_RIGHTS, or fewer rights
 * @out: the new handle
 *
 * Of the rights READ and WRITE of a VMO count, since they are what an open file has:
 * without WRITE the descriptor is opened anew, read-only.  All others are taken for
 * granted, as are those of ports.
 *
 * Return: ZX_OK, or BAD_HANDLE; ACCESS_DENIED a pager; INVALID_ARGS READ or WRITE
 * that @handle does not have; NOT_SUPPORTED a VMO with neither; NO_RESOURCES.
 */
zx_status_t zx_handle_duplicate(zx_handle_t handle, zx_rights_t rights,
				zx_handle_t *out);

/**
 * zx_clock_get_monotonic() - the time
 *
 * Return: nanoseconds of CLOCK_MONOTONIC.
 */
zx_instant_mono_t zx_clock_get_monotonic(void);

/**
 * zx_deadline_after() - a time from now
 * @nanoseconds: how far away, also negative
 *
 * Return: now plus that; ZX_TIME_INFINITE or ZX_TIME_INFINITE_PAST if that is too
 * far.
 */
zx_instant_mono_t zx_deadline_after(zx_duration_mono_t nanoseconds);

/**
 * zx_system_get_page_size() - the granule of offsets and lengths
 *
 * Return: bytes, a power of two.
 */
uint32_t zx_system_get_page_size(void);

__END_CDECLS

/* Ours has no calls that are still to come, but programs include it by name. */
#include <zircon/syscalls-next.h>

#endif /* ZIRCON_SYSCALLS_H_ */
