/* SPDX-License-Identifier: MIT */
/*
 * Zircon's calls for pagers, ports, VMOs and the own address space, on Linux.
 *
 * Every call may be made from any thread at any time.  Offsets, lengths and sizes are
 * in bytes, times in nanoseconds.  A call that fails leaves what its out pointers point
 * to alone, and has changed nothing unless it says so.  A signal during a call runs its
 * handler, then the call goes on.
 *
 * BAD_HANDLE is a handle that is not open, WRONG_TYPE one of another kind, and
 * ACCESS_DENIED one without the rights that the call needs, which are named at each
 * handle.  The library keeps the rights of the handles of this process; READ and WRITE
 * of a VMO are what its descriptor is open for as well.  A pointer to where nothing is,
 * or where nothing may be written, is INVALID_ARGS in each call, as NULL is where
 * nothing else is said.
 */
#ifndef ZIRCON_SYSCALLS_H_
#define ZIRCON_SYSCALLS_H_

#include <zircon/compiler.h>
#include <zircon/process.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/port.h>
#include <zircon/syscalls/unsupported.h>
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
 * @pager: the pager (ATTACH_VMO)
 * @options: ZX_VMO_RESIZABLE; ZX_VMO_TRAP_DIRTY, the first write to a clean page
 *	waits for the pager; ZX_VMO_UNBOUNDED, the VMO has the largest size there is
 * @port: where its packets go (WRITE); not needed any more once this returns
 * @key: comes back in each packet
 * @size: its size in bytes, rounded up to a page, 0 is allowed; with
 *	ZX_VMO_UNBOUNDED its stream size in bytes
 * @out: the new handle, for reading and writing
 *
 * Return: ZX_OK, or, in the order of the tests: BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED
 * @pager, then @port; INVALID_ARGS @options, or both RESIZABLE and UNBOUNDED;
 * NOT_SUPPORTED an option that this module does not have; OUT_OF_RANGE @size;
 * NO_MEMORY; NO_RESOURCES.
 */
zx_status_t zx_pager_create_vmo(zx_handle_t pager, uint32_t options,
				zx_handle_t port, uint64_t key, uint64_t size,
				zx_handle_t *out);

/**
 * zx_pager_detach_vmo() - end what a pager has to do with a VMO
 * @pager: the pager (ATTACH_VMO, MANAGE_VMO)
 * @vmo: one of its VMOs (WRITE)
 *
 * Whoever waits wakes and fails with BAD_STATE, clean pages go, and the last packet
 * of the VMO is COMPLETE.  A second detach is OK and does nothing.
 *
 * Return: ZX_OK, or, in the order of the tests: BAD_HANDLE, WRONG_TYPE,
 * ACCESS_DENIED @pager, then @vmo; INVALID_ARGS a VMO of another pager
 * or of none.
 */
zx_status_t zx_pager_detach_vmo(zx_handle_t pager, zx_handle_t vmo);

/**
 * zx_pager_supply_pages() - move pages from a plain VMO into one with a pager
 * @pager: the pager (MANAGE_VMO)
 * @pager_vmo: one of its VMOs (WRITE)
 * @offset: start of the range in @pager_vmo, page aligned
 * @length: its length, page aligned; 0 does nothing
 * @aux_vmo: where the pages are taken from (READ, WRITE); its range reads as zeroes afterwards,
 *	also if the call fails after that
 * @aux_offset: start of the range in @aux_vmo, page aligned
 *
 * Pages that have content keep it.  Holes of @aux_vmo become zero pages.
 *
 * Return: ZX_OK, or, in the order of the tests: INVALID_ARGS alignment;
 * BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED @pager, then @pager_vmo;
 * INVALID_ARGS a VMO of another pager; BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED
 * @aux_vmo; NOT_SUPPORTED @aux_vmo has a pager; OUT_OF_RANGE @aux_vmo; BAD_STATE a
 * pinned page in it; OUT_OF_RANGE @pager_vmo; BAD_STATE detached; NO_MEMORY.
 */
zx_status_t zx_pager_supply_pages(zx_handle_t pager, zx_handle_t pager_vmo,
				  uint64_t offset, uint64_t length,
				  zx_handle_t aux_vmo, uint64_t aux_offset);

/**
 * zx_pager_op_range() - act on a range of a VMO
 * @pager: the pager (MANAGE_VMO)
 * @op: ZX_PAGER_OP_FAIL, _DIRTY, _WRITEBACK_BEGIN or _WRITEBACK_END
 * @pager_vmo: one of its VMOs (WRITE)
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
 * BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED @pager, then @pager_vmo;
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
 * @handle: a port (READ)
 * @deadline: when to give up, on the clock of zx_clock_get_monotonic();
 *	ZX_TIME_INFINITE for never, and any time that is over for not waiting
 * @packet: set to the packet
 *
 * Several threads may wait on one port: each packet goes to one of them.  A packet that
 * cannot be put at @packet stays the next one.
 *
 * Return: ZX_OK, or BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED; TIMED_OUT; INVALID_ARGS
 * @packet.
 */
zx_status_t zx_port_wait(zx_handle_t handle, zx_time_t deadline,
			 zx_port_packet_t *packet);

/**
 * zx_port_queue() - put a packet of the program's own in a port
 * @handle: a port (WRITE)
 * @packet: it arrives as it is, but as type ZX_PKT_TYPE_USER
 *
 * It comes behind all packets that are in the port, also those of pagers.
 *
 * Return: ZX_OK, or BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED; INVALID_ARGS @packet;
 * SHOULD_WAIT the port holds 4097 packets of this kind; NO_MEMORY; NOT_SUPPORTED by
 * this module.
 */
zx_status_t zx_port_queue(zx_handle_t handle, const zx_port_packet_t *packet);

/**
 * zx_port_cancel() - take waits of a handle, and their packets, back
 * @handle: a port (WRITE)
 * @source: the handle that was waited for (WAIT), by zx_object_wait_async()
 * @key: their key
 *
 * Those of this process.  Packets of a pager's VMO are not meant.
 *
 * Return: ZX_OK, or BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED @handle; BAD_HANDLE,
 * ACCESS_DENIED @source; NOT_SUPPORTED @source cannot be waited for; NOT_FOUND there are
 * none.
 */
zx_status_t zx_port_cancel(zx_handle_t handle, zx_handle_t source, uint64_t key);

/**
 * zx_port_cancel_key() - take waits and packets back by their key
 * @handle: a port (WRITE)
 * @options: must be 0
 * @key: the key
 *
 * The waits of zx_object_wait_async() of this process are over, and the packets of these
 * and of zx_port_queue() that nobody has taken yet are gone.  Page requests stay, since
 * nobody would answer them.
 *
 * Return: ZX_OK, or INVALID_ARGS @options; BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED;
 * NOT_FOUND there are none.
 */
zx_status_t zx_port_cancel_key(zx_handle_t handle, uint32_t options, uint64_t key);

/**
 * zx_event_create() - make an event
 * @options: must be 0
 * @out: the new handle; POLLIN while it has ZX_EVENT_SIGNALED
 *
 * An event has ZX_EVENT_SIGNALED and ZX_USER_SIGNAL_0 to 7, and at first none of them.
 * What is signaled is known in this process.  The child of a fork() has signals of its own; of
 * what it has from its parent poll() tells it the parent's.
 *
 * Return: ZX_OK, or INVALID_ARGS @options, @out; NO_MEMORY; NO_RESOURCES too many open
 * files.
 */
zx_status_t zx_event_create(uint32_t options, zx_handle_t *out);

/**
 * zx_eventpair_create() - make two events that can signal each other
 * @options: must be 0
 * @out0: the new handle of one; POLLIN while it has ZX_EVENTPAIR_SIGNALED, POLLHUP once
 *	it has ZX_EVENTPAIR_PEER_CLOSED
 * @out1: that of the other
 *
 * Each is related to the other in ZX_INFO_HANDLE_BASIC, and has ZX_EVENTPAIR_PEER_CLOSED
 * once all handles of the other are closed, in all processes: those that fork() made, and
 * those to which the descriptor was sent.  All else is as of an event.
 *
 * Return: ZX_OK, or NOT_SUPPORTED @options; INVALID_ARGS @out0, @out1; NO_MEMORY;
 * NO_RESOURCES too many open files, of which it takes four.
 */
zx_status_t zx_eventpair_create(uint32_t options, zx_handle_t *out0, zx_handle_t *out1);

/**
 * zx_object_signal() - change the signals of an object
 * @handle: an event, an end of a pair, a VMO or a stream (SIGNAL)
 * @clear_mask: ZX_USER_SIGNAL_*; also ZX_EVENT_SIGNALED, ZX_EVENTPAIR_SIGNALED
 * @set_mask: the same; what is in both is set
 *
 * Return: ZX_OK, or BAD_HANDLE, ACCESS_DENIED; INVALID_ARGS other signals.
 */
zx_status_t zx_object_signal(zx_handle_t handle, uint32_t clear_mask, uint32_t set_mask);

/**
 * zx_object_signal_peer() - change the signals of the other end of a pair
 * @handle: an end of a pair (SIGNAL_PEER)
 * @clear_mask: as zx_object_signal()
 * @set_mask: as zx_object_signal()
 *
 * Return: ZX_OK, or BAD_HANDLE, ACCESS_DENIED; INVALID_ARGS other signals; PEER_CLOSED;
 * NOT_SUPPORTED other processes have the other end, and this one has not.
 */
zx_status_t zx_object_signal_peer(zx_handle_t handle, uint32_t clear_mask,
				  uint32_t set_mask);

/**
 * zx_object_wait_one() - wait until an object has one of these signals
 * @handle: an event, an end of a pair, a VMO or a stream (WAIT)
 * @signals: any of them will do; 0: none does
 * @deadline: when to give up, on the clock of zx_clock_get_monotonic();
 *	ZX_TIME_INFINITE for never, and any time that is over for not waiting
 * @observed: set to all signals that it had then, also with TIMED_OUT and CANCELED; may
 *	be NULL
 *
 * A signal that is cleared again at once is seen by those that waited for it.  Closing
 * the handle, or replacing it, ends the wait.  It never ends before its time; how much
 * later it may is Linux's timer slack.
 *
 * Return: ZX_OK, also if there was such a signal when the time was over, or BAD_HANDLE,
 * ACCESS_DENIED; NOT_SUPPORTED cannot be waited for; TIMED_OUT; CANCELED @handle was
 * closed, with ZX_SIGNAL_HANDLE_CLOSED in @observed; INVALID_ARGS @observed; NO_RESOURCES
 * of the thread that looks for ZX_VMO_ZERO_CHILDREN and the like.
 */
zx_status_t zx_object_wait_one(zx_handle_t handle, zx_signals_t signals,
			       zx_time_t deadline, zx_signals_t *observed);

/**
 * zx_object_wait_many() - wait until one of several objects has one of its signals
 * @items: handles (WAIT), and signals; their pending signals are set as
 *	zx_object_wait_one() does @observed
 * @num_items: how many, up to ZX_WAIT_MANY_MAX_ITEMS; 0: waits for the time alone
 * @deadline: as zx_object_wait_one()
 *
 * Return: ZX_OK, or OUT_OF_RANGE @num_items; INVALID_ARGS @items; for the first item of
 * which it is so BAD_HANDLE, ACCESS_DENIED, NOT_SUPPORTED; TIMED_OUT; CANCELED a handle
 * was closed; NO_RESOURCES as zx_object_wait_one().
 */
zx_status_t zx_object_wait_many(zx_wait_item_t *items, size_t num_items,
				zx_time_t deadline);

/**
 * zx_object_wait_async() - have a packet sent once an object has one of these signals
 * @handle: an event, an end of a pair, a VMO or a stream (WAIT)
 * @port: where it goes (WRITE)
 * @key: of the packet
 * @signals: any of them will do
 * @options: ZX_WAIT_ASYNC_EDGE: one that is there now will not do before it is set again, or
 *	another signal is that was not there;
 *	ZX_WAIT_ASYNC_TIMESTAMP or _BOOT_TIMESTAMP: say when, on the clock of
 *	zx_clock_get_monotonic() or zx_clock_get_boot(); or 0
 *
 * One packet, ZX_PKT_TYPE_SIGNAL_ONE.  Closing the handle, or the last one of the port,
 * ends the wait; what is in the port by then stays.  So does the end of the process, and the
 * child of a fork() does not go on waiting.  With EDGE, ZX_VMO_ZERO_CHILDREN is set again
 * by children of this process.
 *
 * Return: ZX_OK, or INVALID_ARGS @options; BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED @port;
 * BAD_HANDLE, ACCESS_DENIED @handle; NOT_SUPPORTED it cannot be waited for; NO_MEMORY;
 * NO_RESOURCES too many open files, or as zx_object_wait_one().
 */
zx_status_t zx_object_wait_async(zx_handle_t handle, zx_handle_t port, uint64_t key,
				 zx_signals_t signals, uint32_t options);

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
 * @handle: a VMO (READ)
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
 * @handle: a VMO (WRITE)
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
 * @handle: a VMO, resizable or not (WRITE)
 * @size: the new stream size in bytes, up to the size of the VMO
 *
 * All from the smaller of the old and the new stream size on is zero afterwards.  Whole
 * pages behind the new one read as zero, are not asked for, and are dirty only once they
 * are written to.
 *
 * Return: ZX_OK, or BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED; OUT_OF_RANGE @size;
 * BAD_STATE a pinned page would go, or a page in part is needed and the VMO is
 * detached; the status that the pager failed that page with; NO_MEMORY; NOT_SUPPORTED
 * by this module, or of a child, whose stream size is its size.
 */
zx_status_t zx_vmo_set_stream_size(zx_handle_t handle, uint64_t size);

/**
 * zx_vmo_set_size() - change the size of a resizable VMO
 * @handle: a VMO (WRITE, and RESIZE if it is resizable)
 * @size: the new size; the VMO is that rounded up to a page
 *
 * New pages are zero and dirty, and are not asked for.
 *
 * Return: ZX_OK, or, in the order of the tests: BAD_HANDLE, WRONG_TYPE,
 * ACCESS_DENIED (WRITE); UNAVAILABLE not resizable; ACCESS_DENIED (RESIZE); OUT_OF_RANGE @size; BAD_STATE a pinned
 * page would go, or a page in part is needed and the VMO is detached; the status that
 * the pager failed that page with; NO_MEMORY.
 */
zx_status_t zx_vmo_set_size(zx_handle_t handle, uint64_t size);

/**
 * zx_vmo_op_range() - act on a range of a VMO
 * @handle: a VMO (WRITE for COMMIT, DECOMMIT and ZERO, READ for PREFETCH)
 * @op: ZX_VMO_OP_COMMIT, _DECOMMIT, _ZERO, _DONT_NEED, _ALWAYS_NEED, _PREFETCH
 * @offset: start of the range, of any alignment
 * @size: its length; the range is rounded out to pages, but for ZERO
 * @buffer: not used
 * @buffer_size: not used
 *
 * COMMIT, PREFETCH and ALWAYS_NEED wait for the pager, killably.  COMMIT of a child copies
 * all of the range; the hints are for what it sees of the VMO at the bottom.  DECOMMIT gives
 * whole pages of a plain VMO back, which are zero then.  ZERO makes whole pages dirty zeroes
 * without asking for them, unless there are snapshots of the VMO (ZX_LINUX_CREATE_SNAPSHOTS);
 * a page in part is written to, and for that asked for, unless it is zero.
 *
 * Return: ZX_OK, or BAD_HANDLE, WRONG_TYPE; INVALID_ARGS unknown @op, or alignment with
 * DECOMMIT; ACCESS_DENIED; OUT_OF_RANGE; NOT_SUPPORTED DECOMMIT with a pager or of a
 * child, locks, cache operations; BAD_STATE detached; the status that the pager failed the
 * range with.
 */
zx_status_t zx_vmo_op_range(zx_handle_t handle, uint32_t op, uint64_t offset,
			    uint64_t size, void *buffer, size_t buffer_size);

/**
 * zx_vmo_create_child() - make a VMO that sees another one
 * @handle: the parent (DUPLICATE, READ)
 * @options: one kind: ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE or _SNAPSHOT_MODIFIED for a
 *	copy, _SNAPSHOT for one of what has no pager, _SLICE for a part of the parent, or _REFERENCE for all of it; with it perhaps
 *	ZX_VMO_CHILD_RESIZABLE, or ZX_VMO_CHILD_NO_WRITE
 * @offset: where in the parent it begins, page aligned; also behind its end
 * @size: its size, rounded up to a page; what is behind the parent's end is zero
 * @out: the new handle
 *
 * A copy sees the VMO of a pager at the bottom, and has what is written to it for itself:
 * that copies a page, which is asked for if it is missing, and is neither DIRTY nor MODIFIED.
 * With SNAPSHOT_MODIFIED it also keeps what a parent that is a child has for itself, as that
 * is now; here SNAPSHOT_AT_LEAST_ON_WRITE does the same.
 *
 * @out has the rights of @handle, but RESIZE only with RESIZABLE, and also GET_PROPERTY and
 * SET_PROPERTY.  WRITE takes the place of EXECUTE; with NO_WRITE there is no WRITE, EXECUTE
 * stays, and nobody can open the descriptor anew for writing.  The child has the name of its
 * parent if @handle has GET_PROPERTY.
 *
 * A child is no pager's: calls of one on it are INVALID_ARGS.  Closing the parent leaves it as
 * it is, and the pager is told that a VMO is gone only when its children are.
 *
 * Return: ZX_OK, or, in the order of the tests: OUT_OF_RANGE @size; INVALID_ARGS both NO_WRITE
 * and RESIZABLE; BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED; INVALID_ARGS @offset, unknown options,
 * none or several kinds, a SLICE that is resizable or not inside of its parent, a REFERENCE
 * that is not of all, with 0 for both; ACCESS_DENIED a REFERENCE would be resizable, and
 * @handle or its VMO is not; NOT_SUPPORTED ZX_VMO_CHILD_SNAPSHOT of what has a pager, for
 * which there is zx_linux_vmo_create_child(), a copy of a VMO made with
 * ZX_LINUX_CREATE_READ_ONLY and without ZX_LINUX_CREATE_COPIES, a SLICE of what is resizable;
 * OUT_OF_RANGE behind the largest VMO; NO_MEMORY; BAD_STATE a page that the parent has for
 * itself is pinned; NO_RESOURCES; INVALID_ARGS @out.
 */
zx_status_t zx_vmo_create_child(zx_handle_t handle, uint32_t options,
				uint64_t offset, uint64_t size, zx_handle_t *out);

/**
 * zx_vmo_transfer_data() - move pages from one VMO to another
 * @dst_vmo: where they go (WRITE)
 * @options: must be 0
 * @offset: start of the range in @dst_vmo, page aligned
 * @length: its length, page aligned; 0 does nothing
 * @src_vmo: where they come from (READ, WRITE); its range reads as zeroes afterwards
 * @src_offset: start of the range in @src_vmo, page aligned
 *
 * The ranges may overlap.  What is stored into the source by a mapping meanwhile is moved or
 * stays there, and never lost.  Who looks at the destination meanwhile sees each page as it was
 * or as it will be.  A parent or child of the one or the other sees what it would if the source
 * were zeroed and the destination written to.  What a clone misses is asked for.  The content
 * is copied, which takes as much memory again for a while; content that is zero takes none.
 *
 * If the call fails some pages may have moved, or be in both VMOs; the others are back in the
 * source, or, for want of memory, lost.
 *
 * Return: ZX_OK, or, in the order of the tests: INVALID_ARGS @options, alignment;
 * BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED @dst_vmo, then @src_vmo; OUT_OF_RANGE, NOT_SUPPORTED it
 * has a pager: @src_vmo, then @dst_vmo; BAD_STATE a pinned page in @src_vmo, or one in
 * @dst_vmo that would become zero; NO_MEMORY; NO_RESOURCES; the status that a pager failed what
 * a clone misses with.
 */
zx_status_t zx_vmo_transfer_data(zx_handle_t dst_vmo, uint32_t options,
				 uint64_t offset, uint64_t length,
				 zx_handle_t src_vmo, uint64_t src_offset);

/**
 * zx_vmo_replace_as_executable() - the right to execute a VMO
 * @handle: a VMO; not open any more, whatever is returned
 * @vmex: ZX_HANDLE_INVALID
 * @out: the new handle, with EXECUTE beside the rights of @handle
 *
 * The module does not let VMOs be executed: zx_vmar_map() is ACCESS_DENIED even so.
 *
 * Return: ZX_OK, or BAD_HANDLE @handle is no VMO; BAD_HANDLE, WRONG_TYPE @vmex is
 * something; NO_RESOURCES.
 */
zx_status_t zx_vmo_replace_as_executable(zx_handle_t handle, zx_handle_t vmex,
					 zx_handle_t *out);

/**
 * zx_stream_create() - make a stream: a VMO with an offset
 * @options: ZX_STREAM_MODE_READ, _WRITE; ZX_STREAM_MODE_APPEND, each zx_stream_writev() is at
 *	the end
 * @vmo: the VMO (READ, WRITE as @options; RESIZE, for writes to make it larger); not needed
 *	any more once this returns
 * @seek: where the offset is
 * @out: the new handle, with a right for READ and WRITE in @options
 *
 * All handles of a stream have the same offset.  It is known to this process: whoever gets
 * the descriptor of the handle has the VMO, and after fork() each process has an offset of its
 * own.  Where /proc is missing, or the VMO is another user's, appends also move the offset of
 * the descriptor of @vmo.  A stream that writes to a resizable VMO by a handle without RESIZE
 * is, while it is there, one more child of that.
 *
 * Return: ZX_OK, or INVALID_ARGS @options; BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED; NO_MEMORY;
 * NO_RESOURCES; INVALID_ARGS @out.
 */
zx_status_t zx_stream_create(uint32_t options, zx_handle_t vmo, zx_off_t seek,
			     zx_handle_t *out);

/**
 * zx_stream_readv() - read at the offset of a stream, and move that
 * @handle: a stream (READ)
 * @options: must be 0
 * @vector: where to: buffers, filled one after the other
 * @vector_count: how many
 * @actual: set to the number of bytes that were read; may be NULL
 *
 * Ends where the stream does, and before what cannot be had or a buffer that is bad, if
 * something was read before that.  At the end there is nothing, which is no error.  Other
 * calls that move the offset wait meanwhile, also while this one waits for the pager.
 *
 * Return: ZX_OK, or INVALID_ARGS @options, @vector is NULL; BAD_HANDLE, WRONG_TYPE,
 * ACCESS_DENIED; INVALID_ARGS @vector, or it is more than 64 bits can count; NOT_FOUND a
 * buffer is bad; BAD_STATE detached; the status that the pager failed the range with;
 * INVALID_ARGS @actual, and the offset has moved.
 */
zx_status_t zx_stream_readv(zx_handle_t handle, uint32_t options, zx_iovec_t *vector,
			    size_t vector_count, size_t *actual);

/**
 * zx_stream_readv_at() - read from a stream
 * @handle: a stream (READ)
 * @options: must be 0
 * @offset: where
 * @vector: as with zx_stream_readv()
 * @vector_count: how many
 * @actual: set to the number of bytes that were read; may be NULL
 *
 * Return: as zx_stream_readv().
 */
zx_status_t zx_stream_readv_at(zx_handle_t handle, uint32_t options, zx_off_t offset,
			       zx_iovec_t *vector, size_t vector_count, size_t *actual);

/**
 * zx_stream_writev() - write at the offset of a stream, and move that
 * @handle: a stream (WRITE)
 * @options: ZX_STREAM_APPEND or 0
 * @vector: where from: buffers, one after the other
 * @vector_count: how many
 * @actual: set to the number of bytes that were written; may be NULL
 *
 * With APPEND, or of a stream that is in that mode, what is written goes to where the stream
 * ends, at one go, and the offset to behind that.  The stream size grows with what is written; what
 * lies between its old end and the offset becomes zero, and so does the rest of the page behind
 * what was written.  The VMO grows if it is resizable, by its right RESIZE, and no child that is a
 * copy.  Ends where the VMO does, and before what cannot be had or a buffer that is bad, if
 * something was written before that.
 *
 * Return: as zx_stream_readv(), but FILE_BIG the offset and the buffers are more than 64 bits
 * can count, or more than a file may have; OUT_OF_RANGE the same with APPEND, or the VMO cannot
 * become so large; NO_SPACE the offset is not before the end of the VMO, which does not grow;
 * UNAVAILABLE a VMO made with ZX_LINUX_CREATE_READ_ONLY.
 */
zx_status_t zx_stream_writev(zx_handle_t handle, uint32_t options,
			     const zx_iovec_t *vector, size_t vector_count,
			     size_t *actual);

/**
 * zx_stream_writev_at() - write to a stream
 * @handle: a stream (WRITE)
 * @options: must be 0
 * @offset: where, also in append mode
 * @vector: as with zx_stream_writev()
 * @vector_count: how many
 * @actual: set to the number of bytes that were written; may be NULL
 *
 * Return: as zx_stream_writev().
 */
zx_status_t zx_stream_writev_at(zx_handle_t handle, uint32_t options, zx_off_t offset,
				const zx_iovec_t *vector, size_t vector_count,
				size_t *actual);

/**
 * zx_stream_seek() - move the offset of a stream
 * @handle: a stream (READ or WRITE)
 * @whence: ZX_STREAM_SEEK_ORIGIN_START, _CURRENT or _END
 * @offset: how far from there
 * @out_seek: set to the new offset; may be NULL
 *
 * The offset may be anywhere, also behind the end.
 *
 * Return: ZX_OK, or BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED; INVALID_ARGS @whence, less than 0
 * or more than 64 bits; INVALID_ARGS @out_seek, and the offset has moved.
 */
zx_status_t zx_stream_seek(zx_handle_t handle, zx_stream_seek_origin_t whence,
			   int64_t offset, zx_off_t *out_seek);

/**
 * zx_vmar_allocate() - take a range of addresses for a region of its own
 * @parent_vmar: the region that it is a part of (READ, WRITE, EXECUTE for each
 *	ZX_VM_CAN_MAP_* of that name)
 * @options: ZX_VM_CAN_MAP_READ, _WRITE, _EXECUTE, _SPECIFIC: what may be mapped there;
 *	ZX_VM_SPECIFIC, ZX_VM_OFFSET_IS_UPPER_LIMIT, ZX_VM_ALIGN_*; ZX_VM_COMPACT, which
 *	changes nothing
 * @offset: with SPECIFIC its start, from that of the parent on; with
 *	OFFSET_IS_UPPER_LIMIT where it has to end at the latest; else 0
 * @size: its size, page aligned
 * @child_vmar: the new handle, with a right for each ZX_VM_CAN_MAP_*
 * @child_addr: set to its address
 *
 * Closing the handle leaves the region as it is.
 *
 * Return: ZX_OK, or BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED; INVALID_ARGS @options,
 * alignment, 0, outside of the parent; BAD_STATE the parent is destroyed;
 * ACCESS_DENIED the parent cannot have such mappings, or not at a certain place;
 * ALREADY_EXISTS something is there; NO_RESOURCES no room; NO_MEMORY.
 */
zx_status_t zx_vmar_allocate(zx_handle_t parent_vmar, zx_vm_option_t options,
			     uint64_t offset, uint64_t size,
			     zx_handle_t *child_vmar, zx_vaddr_t *child_addr);

/**
 * zx_vmar_destroy() - unmap a region and all in it
 * @handle: a region (OP_CHILDREN)
 *
 * Its handles and those of regions in it stay open, and are good for nothing else.
 *
 * Return: ZX_OK, or BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED; NOT_SUPPORTED the root;
 * BAD_STATE it is destroyed already.
 */
zx_status_t zx_vmar_destroy(zx_handle_t handle);

/**
 * zx_vmar_map() - map a VMO into the calling process
 * @handle: a region, mostly zx_vmar_root_self() (READ, WRITE, EXECUTE as @options)
 * @options: ZX_VM_PERM_READ, _WRITE, _EXECUTE; ZX_VM_SPECIFIC, _SPECIFIC_OVERWRITE,
 *	_OFFSET_IS_UPPER_LIMIT, _ALIGN_*; ZX_VM_ALLOW_FAULTS,
 *	ZX_VM_REQUIRE_NON_RESIZABLE; ZX_VM_MAP_RANGE and
 *	ZX_VM_FAULT_BEYOND_STREAM_SIZE, which do nothing here
 * @vmar_offset: with SPECIFIC and SPECIFIC_OVERWRITE the address, from that of the
 *	region on; with OFFSET_IS_UPPER_LIMIT where it has to end at the latest; else 0
 * @vmo: the VMO (MAP, and READ, WRITE, EXECUTE as @options); not needed any more once
 *	this returns
 * @vmo_offset: start in the VMO, page aligned
 * @len: length, rounded up to a page; not 0
 * @mapped_addr: set to the address
 *
 * The mapping is shared: what is written there is in the VMO.  An access that fails
 * raises SIGBUS, where Zircon raises an exception.  The library keeps a descriptor of
 * each VMO that is mapped, until it is unmapped with zx_vmar_unmap() or
 * zx_vmar_destroy().
 *
 * Return: ZX_OK, or, mostly in the order of the tests: BAD_HANDLE, WRONG_TYPE @handle,
 * then @vmo; ACCESS_DENIED @vmo (MAP); INVALID_ARGS WRITE or EXECUTE without READ,
 * MAP_RANGE with SPECIFIC_OVERWRITE; ACCESS_DENIED; INVALID_ARGS @options;
 * NOT_SUPPORTED resizable though REQUIRE_NON_RESIZABLE; INVALID_ARGS alignment;
 * OUT_OF_RANGE overflow; BUFFER_TOO_SMALL beyond the end of a VMO that is not
 * resizable, without ALLOW_FAULTS; BAD_STATE @handle is destroyed; INVALID_ARGS @len is
 * 0, outside of the region; ACCESS_DENIED no certain places in it; ALREADY_EXISTS
 * something is mapped there, without OVERWRITE; INVALID_ARGS a region is there, with
 * it; NO_RESOURCES no room, or too many open files; NO_MEMORY; INVALID_ARGS
 * @mapped_addr.
 */
zx_status_t zx_vmar_map(zx_handle_t handle, zx_vm_option_t options,
			uint64_t vmar_offset, zx_handle_t vmo,
			uint64_t vmo_offset, uint64_t len,
			zx_vaddr_t *mapped_addr);

/**
 * zx_vmar_unmap() - unmap a part of a region
 * @handle: a region (OP_CHILDREN if there are regions in the range)
 * @addr: start, page aligned
 * @len: length, rounded up to a page; not 0
 *
 * Regions in the range are destroyed.  That nothing is mapped there is no error.
 *
 * Return: ZX_OK, or BAD_HANDLE, WRONG_TYPE; INVALID_ARGS alignment, @len, outside of
 * the region, a region that is there in part or may not be touched; BAD_STATE @handle is
 * destroyed; NO_MEMORY.
 */
zx_status_t zx_vmar_unmap(zx_handle_t handle, zx_vaddr_t addr, uint64_t len);

/**
 * zx_vmar_protect() - change the permissions of mappings
 * @handle: a region (READ, WRITE, EXECUTE as @options)
 * @options: ZX_VM_PERM_READ, _WRITE, _EXECUTE
 * @addr: start, page aligned
 * @len: length, rounded up to a page; not 0
 *
 * Return: ZX_OK, or BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED; INVALID_ARGS as with
 * zx_vmar_unmap(), WRITE or EXECUTE without READ, other options; BAD_STATE @handle is
 * destroyed; NOT_FOUND nothing is mapped in a part of it; ACCESS_DENIED the handle of
 * the VMO that was mapped did not allow it, or a region below would get more than it
 * has; NO_MEMORY.
 */
zx_status_t zx_vmar_protect(zx_handle_t handle, zx_vm_option_t options,
			    zx_vaddr_t addr, uint64_t len);

/**
 * zx_vmar_op_range() - zx_vmo_op_range() by address
 * @handle: a region (WRITE for COMMIT, DECOMMIT and ZERO, READ for PREFETCH)
 * @op: ZX_VMAR_OP_COMMIT, _DECOMMIT, _ZERO, _DONT_NEED, _ALWAYS_NEED, _PREFETCH;
 *	_MAP_RANGE, which does nothing here
 * @address: start, page aligned
 * @size: length, rounded up to a page; not 0
 * @buffer: must be NULL
 * @buffer_size: must be 0
 *
 * One mapping after the other; an error ends it.
 *
 * Return: ZX_OK, or BAD_HANDLE, WRONG_TYPE; INVALID_ARGS unknown @op; ACCESS_DENIED;
 * INVALID_ARGS @buffer, alignment, @size; OUT_OF_RANGE outside of the region; BAD_STATE
 * nothing is mapped in a part of it, or @handle is destroyed; INVALID_ARGS a region is
 * there and may not be touched, with COMMIT, DECOMMIT and PREFETCH in any case;
 * ACCESS_DENIED the handle of the VMO that was mapped did not allow it; else as
 * zx_vmo_op_range().
 */
zx_status_t zx_vmar_op_range(zx_handle_t handle, uint32_t op, zx_vaddr_t address,
			     uint64_t size, void *buffer, size_t buffer_size);

/**
 * zx_handle_close() - close a handle
 * @handle: a handle; ZX_HANDLE_INVALID is OK and does nothing
 *
 * Return: ZX_OK, or BAD_HANDLE.
 */
zx_status_t zx_handle_close(zx_handle_t handle);

/**
 * zx_handle_close_many() - close handles
 * @handles: an array of them; ZX_HANDLE_INVALID may be among them
 * @num_handles: how many
 *
 * All are closed, also if one of them is none.
 *
 * Return: ZX_OK, or BAD_HANDLE one was none, or twice there; INVALID_ARGS @handles.
 */
zx_status_t zx_handle_close_many(const zx_handle_t *handles, size_t num_handles);

/**
 * zx_handle_duplicate() - another handle to the same object
 * @handle: a handle (DUPLICATE, which those of pagers do not have)
 * @rights: ZX_RIGHT_SAME_RIGHTS, or some of those that @handle has
 * @out: the new handle
 *
 * Without READ or WRITE the descriptor of a VMO is opened anew, so that whoever gets
 * that cannot do more.
 *
 * Return: ZX_OK, or BAD_HANDLE; ACCESS_DENIED; INVALID_ARGS rights that @handle does
 * not have; NO_RESOURCES; NO_MEMORY; INVALID_ARGS @out.
 */
zx_status_t zx_handle_duplicate(zx_handle_t handle, zx_rights_t rights,
				zx_handle_t *out);

/**
 * zx_handle_replace() - the same handle with fewer rights
 * @handle: a handle; not open any more unless this fails for want of a descriptor
 * @rights: ZX_RIGHT_SAME_RIGHTS, or some of those that @handle has
 * @out: the new handle
 *
 * Return: as zx_handle_duplicate(), but ACCESS_DENIED.
 */
zx_status_t zx_handle_replace(zx_handle_t handle, zx_rights_t rights,
			      zx_handle_t *out);

/**
 * zx_handle_check_valid() - whether a handle is open
 * @handle: any number
 *
 * Return: ZX_OK, or INVALID_ARGS it is ZX_HANDLE_INVALID; OUT_OF_RANGE it cannot be a
 * handle; NOT_FOUND it is not open.
 */
zx_status_t zx_handle_check_valid(zx_handle_t handle);

/**
 * zx_object_get_info() - what there is to know of an object
 * @handle: a handle (INSPECT for HANDLE_COUNT, VMAR and STREAM)
 * @topic: ZX_INFO_HANDLE_VALID, without an answer; ZX_INFO_HANDLE_BASIC,
 *	_HANDLE_COUNT, _VMO, _VMAR, _STREAM
 * @buffer: the structure of @topic, see <zircon/syscalls/object.h>
 * @buffer_size: its size, or more
 * @actual: set to the number of structures in @buffer, 1; may be NULL
 * @avail: set to the number that there are, 1; may be NULL
 *
 * The koid of a VMO is the same in each process, others only in this one.
 *
 * Return: ZX_OK, or NOT_SUPPORTED @topic; BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED;
 * INVALID_ARGS @buffer; BUFFER_TOO_SMALL, with @actual 0 and @avail 1; NO_MEMORY.
 */
zx_status_t zx_object_get_info(zx_handle_t handle, uint32_t topic, void *buffer,
			       size_t buffer_size, size_t *actual, size_t *avail);

/**
 * zx_object_get_property() - a property of an object
 * @handle: a handle (GET_PROPERTY, which those of VMOs and streams alone have)
 * @property: of a VMO ZX_PROP_NAME, ZX_PROP_VMO_CONTENT_SIZE (the stream size); of a stream
 *	ZX_PROP_STREAM_MODE_APPEND
 * @value: set to it
 * @value_size: the size of @value: ZX_MAX_NAME_LEN, 8, 1, or more
 *
 * A name is known to this process.
 *
 * Return: ZX_OK, or INVALID_ARGS @value is NULL; BAD_HANDLE, ACCESS_DENIED;
 * INVALID_ARGS @property; BUFFER_TOO_SMALL; WRONG_TYPE; NO_MEMORY.
 */
zx_status_t zx_object_get_property(zx_handle_t handle, uint32_t property,
				   void *value, size_t value_size);

/**
 * zx_object_set_property() - change a property of an object
 * @handle: a handle (SET_PROPERTY; WRITE for VMO_CONTENT_SIZE)
 * @property: ZX_PROP_NAME, ZX_PROP_VMO_CONTENT_SIZE, ZX_PROP_STREAM_MODE_APPEND
 * @value: a name, with or without a zero at its end; an uint64_t; or an uint8_t that is 0 or not
 * @value_size: the size of @value; of a longer name ZX_MAX_NAME_LEN - 1 bytes count
 *
 * Return: ZX_OK, or INVALID_ARGS @value is NULL; BAD_HANDLE, ACCESS_DENIED;
 * INVALID_ARGS @property; BUFFER_TOO_SMALL; WRONG_TYPE; as zx_vmo_set_stream_size(); NO_MEMORY.
 */
zx_status_t zx_object_set_property(zx_handle_t handle, uint32_t property,
				   const void *value, size_t value_size);

/**
 * zx_clock_get_monotonic() - the time
 *
 * Return: nanoseconds of CLOCK_MONOTONIC.
 */
zx_instant_mono_t zx_clock_get_monotonic(void);

/**
 * zx_clock_get_boot() - the time, with that of suspend
 *
 * Return: nanoseconds of CLOCK_BOOTTIME.
 */
zx_instant_boot_t zx_clock_get_boot(void);

/**
 * zx_deadline_after() - a time from now
 * @nanoseconds: how far away, also negative
 *
 * Return: now plus that; ZX_TIME_INFINITE or ZX_TIME_INFINITE_PAST if that is too
 * far.
 */
zx_instant_mono_t zx_deadline_after(zx_duration_mono_t nanoseconds);

/**
 * zx_nanosleep() - wait for a time
 * @deadline: on the clock of zx_clock_get_monotonic(); 0 and before give way to others
 *
 * Return: ZX_OK.
 */
zx_status_t zx_nanosleep(zx_instant_mono_t deadline);

/**
 * zx_thread_legacy_yield() - give way to other threads
 * @options: must be 0
 *
 * Return: ZX_OK, INVALID_ARGS.
 */
zx_status_t zx_thread_legacy_yield(uint32_t options);

/* Ends the calling thread, as pthread_exit() does. */
void zx_thread_exit(void)
	__NO_RETURN;

/* Ends the process at once, as _exit() does, with the lowest eight bits of @retcode. */
void zx_process_exit(int64_t retcode)
	__NO_RETURN;

/**
 * zx_ticks_get() - the time in ticks
 *
 * Return: nanoseconds of CLOCK_MONOTONIC.
 */
zx_instant_mono_ticks_t zx_ticks_get(void);

/**
 * zx_ticks_get_boot() - the time in ticks, with that of suspend
 *
 * Return: nanoseconds of CLOCK_BOOTTIME.
 */
zx_instant_boot_ticks_t zx_ticks_get_boot(void);

/**
 * zx_ticks_per_second() - how long a tick is
 *
 * Return: 1,000,000,000.
 */
zx_ticks_t zx_ticks_per_second(void);

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
