/* SPDX-License-Identifier: MIT */
/*
 * What libzx has beside Zircon's names: the way between handles, file
 * descriptors and errnos, supply from memory, and VMOs that hear of fsync().
 */
#ifndef ZIRCON_LINUX_H_
#define ZIRCON_LINUX_H_

#include <zircon/compiler.h>
#include <zircon/types.h>

__BEGIN_CDECLS

/**
 * zx_linux_handle_from_fd() - a file descriptor as a handle
 * @fd: a pager, port or VMO, perhaps received over a socket
 *
 * Nothing is opened: handle and descriptor are the same thing.  Of a descriptor that has
 * a handle it is that one, with its rights; else it has all rights that a new object of
 * its kind has, as far as the mode of the descriptor allows them.  Close it with
 * zx_handle_close(): after a close(2) the next descriptor of that number is taken for
 * it, unless that is made by libzx.  A port must be O_NONBLOCK, as those that libzx
 * makes are.
 *
 * Return: the handle, or ZX_HANDLE_INVALID if @fd is negative or 2^20 or more.
 */
zx_handle_t zx_linux_handle_from_fd(int fd);

/**
 * zx_linux_handle_to_fd() - the file descriptor of a handle
 * @handle: any number
 *
 * Return: the descriptor, good for poll(), mmap() and SCM_RIGHTS; -1 if @handle
 * cannot be a handle, was closed, or is that of an address region.
 */
int zx_linux_handle_to_fd(zx_handle_t handle);

/**
 * zx_linux_status_from_errno() - the status that an errno of the ABI stands for
 * @error: a positive errno, or 0
 *
 * Return: ZX_OK for 0, and ZX_ERR_INTERNAL for an errno that stands for none.
 */
zx_status_t zx_linux_status_from_errno(int error);

/**
 * zx_linux_errno_from_status() - the errno of the ABI that stands for a status
 * @status: a status
 *
 * Return: a positive errno, 0 for ZX_OK, and EIO for a status that has none.
 */
int zx_linux_errno_from_status(zx_status_t status);

/**
 * zx_linux_fault_status() - which status is behind a SIGBUS
 * @addr: the address of the access, which is si_addr in a handler of the signal
 * @status: set to it: what Zircon's exception has in synth_code
 *
 * May be called in a signal handler, whatever that has interrupted.  It knows mappings that
 * were made with zx_vmar_map().  A status is OUT_OF_RANGE behind the end of the VMO, BAD_STATE if
 * it is detached, what the pager failed the page with, or else IO: the memory has failed, a
 * snapshot has lost the page, or an access to another page of the VMO has failed meanwhile, of
 * which the last one alone is known.
 *
 * Return: ZX_OK, or NOT_FOUND nothing is mapped there.
 */
zx_status_t zx_linux_fault_status(zx_vaddr_t addr, zx_status_t *status);

/**
 * zx_linux_pager_supply() - zx_pager_supply_pages() from memory
 * @pager: the pager
 * @pager_vmo: a VMO of this pager
 * @offset: start of the range in bytes, page aligned
 * @length: its length in bytes, page aligned; 0 does nothing
 * @buffer: @length bytes, of any alignment; they are copied
 * @done: set to the bytes from @offset on that have content now, also when the
 *	call fails; may be NULL
 *
 * Pages that have content keep it.  The call never waits for another request,
 * and may be made from several threads at once.
 *
 * Return: ZX_OK, or, in the order of the tests: INVALID_ARGS alignment;
 * BAD_HANDLE, WRONG_TYPE @pager; BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED @pager_vmo;
 * INVALID_ARGS a VMO of another pager; OUT_OF_RANGE; BAD_STATE detached;
 * NO_MEMORY; INVALID_ARGS @buffer.
 */
zx_status_t zx_linux_pager_supply(zx_handle_t pager, zx_handle_t pager_vmo,
				  uint64_t offset, uint64_t length,
				  const void *buffer, uint64_t *done);

/* zx_packet_page_request_t.command, beside Zircon's */
#define ZX_LINUX_PAGER_VMO_SYNC		((uint16_t)0x8000)

/*
 * zx_vmo_dirty_range_t.options, beside Zircon's: the memory of these pages has failed, and
 * what they held is lost.  They stay in the query until all of a page is written, zeroed or
 * cut off.  Nothing can be read there, BEGIN and END leave them out, and these are no
 * options for BEGIN: skip the range.
 */
#define ZX_LINUX_DIRTY_RANGE_IS_POISONED	((uint64_t)1 << 1)

/* zx_linux_pager_create_vmo() */
#define ZX_LINUX_CREATE_SYNC		((uint32_t)1 << 1)
#define ZX_LINUX_CREATE_FIXED		((uint32_t)1 << 2)
#define ZX_LINUX_CREATE_READ_ONLY	((uint32_t)1 << 3)
#define ZX_LINUX_CREATE_COPIES		((uint32_t)1 << 4)
#define ZX_LINUX_CREATE_SNAPSHOTS	((uint32_t)1 << 5)

/**
 * zx_linux_pager_create_vmo() - zx_pager_create_vmo() with what only Linux has
 * @pager: the pager
 * @options: as with zx_pager_create_vmo()
 * @flags: ZX_LINUX_CREATE_*, or 0
 * @port: as with zx_pager_create_vmo()
 * @key: as with zx_pager_create_vmo()
 * @size: as with zx_pager_create_vmo(), in bytes
 * @out: the new handle, for reading and writing
 *
 * With ZX_LINUX_CREATE_SYNC fsync(), fdatasync(), msync(MS_SYNC) and writes with O_SYNC
 * or O_DSYNC send a packet ZX_LINUX_PAGER_VMO_SYNC with the range, and wait until
 * zx_linux_pager_sync_end() answers it.  Without it they return at once.
 *
 * With ZX_LINUX_CREATE_FIXED the stream size never changes: zx_vmo_set_stream_size() is
 * UNAVAILABLE, and a write ends there.  Not with ZX_VMO_RESIZABLE or ZX_VMO_UNBOUNDED.
 * With ZX_LINUX_CREATE_READ_ONLY the VMO is what the pager supplies, and nothing else: nobody,
 * root and the pager included, writes to it, changes its size, or has a shared mapping of it
 * that is writable.  Not with ZX_VMO_TRAP_DIRTY either.  It has no children that are copies,
 * unless it is made with ZX_LINUX_CREATE_COPIES, too; then it has no pages of 2 MiB.
 * With ZX_LINUX_CREATE_SNAPSHOTS the pager promises that what it supplies changes by writeback
 * alone, and so who may read the VMO can have children of it that are as it is at that moment:
 * see zx_linux_vmo_create_child().  Not with ZX_LINUX_CREATE_READ_ONLY.
 *
 * Return: ZX_OK, or INVALID_ARGS @flags, and then as zx_pager_create_vmo().  If this module
 * is too old for it, ZX_LINUX_CREATE_SYNC is NOT_SUPPORTED, and another flag INVALID_ARGS.
 */
zx_status_t zx_linux_pager_create_vmo(zx_handle_t pager, uint32_t options,
				      uint32_t flags, zx_handle_t port,
				      uint64_t key, uint64_t size,
				      zx_handle_t *out);

/**
 * zx_linux_pager_create_vmo_max() - the same, with a largest size
 * @pager: the pager
 * @options: as with zx_pager_create_vmo()
 * @flags: ZX_LINUX_CREATE_*, or 0
 * @port: as with zx_pager_create_vmo()
 * @key: as with zx_pager_create_vmo()
 * @size: as with zx_pager_create_vmo(), in bytes
 * @max_size: the largest stream size that the VMO may have, in bytes; 0 for none
 * @out: the new handle, for reading and writing
 *
 * What would make the stream larger than @max_size, by the calls of files too, fails with
 * EFBIG, of which the pager does not hear; a write that begins before is short.
 *
 * Return: as zx_linux_pager_create_vmo(); OUT_OF_RANGE also if @size is more than @max_size.
 */
zx_status_t zx_linux_pager_create_vmo_max(zx_handle_t pager, uint32_t options,
					  uint32_t flags, zx_handle_t port,
					  uint64_t key, uint64_t size,
					  uint64_t max_size, zx_handle_t *out);

#define ZX_LINUX_CHILD_POINT_IN_TIME	((uint32_t)1 << 0)

/**
 * zx_linux_vmo_create_child() - zx_vmo_create_child() with what only Linux has
 * @handle: as with zx_vmo_create_child()
 * @options: as with zx_vmo_create_child(), with another kind in @flags none
 * @flags: ZX_LINUX_CHILD_*, or 0
 * @offset: as with zx_vmo_create_child()
 * @size: as with zx_vmo_create_child()
 * @out: the new handle
 *
 * ZX_LINUX_CHILD_POINT_IN_TIME is a kind: a copy that is as the parent is at this moment, and
 * stays so, as ZX_VMO_CHILD_SNAPSHOT is of a plain VMO.  The parent is a VMO that was made with
 * ZX_LINUX_CREATE_SNAPSHOTS, such a copy, a SLICE or REFERENCE of one of these, or a plain
 * VMO.  The pager hears nothing of it.  Where what the parent was cannot be kept, what is not
 * known any more fails with IO, and whoever changes the parent goes on.
 *
 * Return: as zx_vmo_create_child(); also INVALID_ARGS @flags, before all else; NOT_SUPPORTED
 * the pager does not allow it, or the parent is a copy that follows its VMO; NO_RESOURCES
 * too many snapshots.
 */
zx_status_t zx_linux_vmo_create_child(zx_handle_t handle, uint32_t options,
				      uint32_t flags, uint64_t offset,
				      uint64_t size, zx_handle_t *out);

/**
 * zx_linux_pager_sync_end() - answer a ZX_LINUX_PAGER_VMO_SYNC
 * @pager: the pager
 * @pager_vmo: one of its VMOs, made with ZX_LINUX_CREATE_SYNC
 * @offset: that of the packet, in bytes
 * @length: that of the packet, in bytes
 * @status: ZX_OK: what was dirty in the range when the packet came is durable; or what
 *	fsync() is to fail with: IO, IO_DATA_INTEGRITY, BAD_STATE, NO_SPACE,
 *	BUFFER_TOO_SMALL
 *
 * A VMO has one SYNC at a time: what comes before this call is in the next packet.
 *
 * Return: ZX_OK, or, in the order of the tests: INVALID_ARGS alignment;
 * BAD_HANDLE, WRONG_TYPE @pager; BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED @pager_vmo;
 * INVALID_ARGS a VMO of another pager; INVALID_ARGS @status; NOT_SUPPORTED a VMO
 * without ZX_LINUX_CREATE_SYNC; BAD_STATE detached; NOT_FOUND no such SYNC is to be
 * answered.
 */
zx_status_t zx_linux_pager_sync_end(zx_handle_t pager, zx_handle_t pager_vmo,
				    uint64_t offset, uint64_t length,
				    zx_status_t status);

__END_CDECLS

#endif /* ZIRCON_LINUX_H_ */
