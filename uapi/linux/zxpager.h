/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * User interface of zxpager: Zircon's user pager for Linux.
 */
#ifndef _UAPI_LINUX_ZXPAGER_H
#define _UAPI_LINUX_ZXPAGER_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: General rules
 *
 * Every object is a file descriptor:
 *
 * - a *pager*: each open() of /dev/zxpager makes a new one. It also is a packet
 *   stream, so read() and poll() work on it. %ZXP_IOC_BEGIN_GENERATION makes further
 *   descriptors of it, of which the last one is taken.
 * - a *port*: a packet stream of its own, made with %ZXP_IOC_CREATE_PORT.
 * - a *VMO*: a regular file over page-cache pages, made with
 *   %ZXP_IOC_CREATE_VMO. Its content comes from the daemon that holds the pager.
 *
 * Each ioctl takes one structure that begins with its own size in bytes. A
 * smaller structure than the kernel's is taken as if its tail were zero, as long
 * as it reaches the last field that the first ABI revision had. A larger one is
 * taken if what the kernel does not know is zero. Fields named out_* are written
 * by the kernel, also when the call fails with something done; all others are
 * only read. Fields named reserved must be zero.
 *
 * Offsets and lengths are in bytes.
 */

/**
 * DOC: Errors
 *
 * Each Zircon status has one errno, and no two share one, so that a library can
 * give the exact status back:
 *
 * ==================  ===========  ============================================
 * Zircon status       errno        meaning here
 * ==================  ===========  ============================================
 * BAD_HANDLE          EBADF        no open file descriptor of that number
 * WRONG_TYPE          EMEDIUMTYPE  an open descriptor, but of another kind
 * INVALID_ARGS        EINVAL       bad option, alignment, operation code or
 *                                  data; a VMO of another pager or of none
 * OUT_OF_RANGE        ERANGE       outside of the VMO, or too large
 * BAD_STATE           ESTALE       detached, pager closed, or a page is pinned
 * NOT_SUPPORTED       EOPNOTSUPP   unknown operation, or not in this revision
 * NOT_FOUND           ENOENT       a page of the range is missing
 * NO_MEMORY           ENOMEM       out of memory, or over the memory limit
 * BUFFER_TOO_SMALL    ENOBUFS      a result does not fit, or a FAIL code
 * UNAVAILABLE         EPERM        resize of a VMO that is not resizable, or change
 *                                  of one that is read only
 * ACCESS_DENIED       EACCES       the descriptor was not opened for that
 * IO                  EIO          FAIL code
 * IO_DATA_INTEGRITY   EBADMSG      FAIL code
 * NO_SPACE            ENOSPC       FAIL code; write past a fixed size
 * CANCELED            ESHUTDOWN    the descriptor of the pager is that of a former
 *                                  generation; for nothing else
 * TIMED_OUT           ETIMEDOUT    the daemon has not answered in time, see
 *                                  %ZXP_IOC_SET_TIME_LIMIT
 * ==================  ===========  ============================================
 *
 * Besides these there are the errors of Linux itself: EFAULT for a bad pointer,
 * ENOTTY for an unknown ioctl number, E2BIG for a structure with an unknown tail
 * that is not zero, EMFILE and ENFILE for too many descriptors. A structure that
 * is too small is EINVAL.
 */

/**
 * DOC: ABI changelog
 *
 * Revision 1: the read half of the pager. GET_INFO, CREATE_PORT, CREATE_VMO,
 * DETACH_VMO, SUPPLY_PAGES and OP_RANGE(FAIL) on a pager; GET_INFO, OP_RANGE
 * (COMMIT, PREFETCH, ALWAYS_NEED, DONT_NEED), READ and WRITE on a VMO. All other
 * numbers and options are reserved as given here and answer EOPNOTSUPP.
 *
 * Revision 2: the write half. DIRTY and SYNC packets; OP_RANGE (DIRTY,
 * WRITEBACK_BEGIN, WRITEBACK_END, SYNC_END), QUERY_DIRTY_RANGES and
 * QUERY_VMO_STATS on a pager; the options TRAP_DIRTY, UNBOUNDED and SYNC; ZERO and
 * SET_STREAM_SIZE on a VMO; what comes behind @reserved in struct zxp_vmo_info.
 * CREATE_CHILD still answers EOPNOTSUPP.
 *
 * Revision 3: packets that are queued by hand. PORT_QUEUE and PORT_CANCEL on a port.
 *
 * Revision 4: several ranges with one call. SUPPLY_RANGES on a pager.
 *
 * Revision 5: the key of a VMO is its daemon's business. QUERY_VMO_KEY on a pager;
 * GET_INFO on a VMO does not tell it any more. The flags FIXED and READ_ONLY.
 *
 * Revision 6: a largest size, which is what comes behind @reserved in
 * struct zxp_create_vmo.
 *
 * Revision 7: CREATE_CHILD on a VMO, for copies of a pager's VMO, slices and references.
 *
 * Revision 8: what is to be known of children. QUERY_OWN on a copy; in struct zxp_vmo_info
 * @out_children and %ZXP_VMO_INFO_REFERENCE; poll() on a VMO.
 *
 * Revision 9: snapshots of a pager's VMO. The flag SNAPSHOTS, and POINT_IN_TIME of
 * CREATE_CHILD.
 *
 * Revision 10: what copies share. In struct zxp_vmo_info @out_shared_bytes and
 * @out_scaled_bytes. A copy, a slice or a reference as the source of a supply.
 *
 * Revision 11: generations of a pager. BEGIN_GENERATION, LIST_VMOS, OPEN_VMO and BIND_VMO on
 * a pager; ESHUTDOWN. Time limits: SET_TIME_LIMIT on a pager; ETIMEDOUT.
 *
 * Revision 12: which VMO is which. @out_id, @out_parent_id and @out_root_id in struct
 * zxp_vmo_info; what fstat() of a child tells as st_ino is its number, too.
 *
 * Revision 13: names. @name in struct zxp_create_vmo and struct zxp_vmo_create_child.
 */
#define ZXP_ABI_REVISION	13

/**
 * enum zxp_feature - what this kernel module can do (zxp_info.out_features)
 * @ZXP_FEATURE_READ: READ and COMPLETE packets, supply, FAIL, detach
 * @ZXP_FEATURE_SUPPLY_AUX: supply from a plain VMO
 * @ZXP_FEATURE_RESIZABLE: %ZXP_VMO_RESIZABLE and ftruncate()
 * @ZXP_FEATURE_HINTS: COMMIT, PREFETCH, ALWAYS_NEED, DONT_NEED
 * @ZXP_FEATURE_VMO_IO: %ZXP_IOC_VMO_READ and %ZXP_IOC_VMO_WRITE
 * @ZXP_FEATURE_TRAP_DIRTY: %ZXP_VMO_TRAP_DIRTY, DIRTY packets, OP_RANGE(DIRTY)
 * @ZXP_FEATURE_WRITEBACK: WRITEBACK_BEGIN and _END, QUERY_DIRTY_RANGES
 * @ZXP_FEATURE_STATS: QUERY_VMO_STATS
 * @ZXP_FEATURE_ZERO: VMO operation ZERO and fallocate(FALLOC_FL_ZERO_RANGE)
 * @ZXP_FEATURE_STREAM_SIZE: %ZXP_VMO_UNBOUNDED and SET_STREAM_SIZE
 * @ZXP_FEATURE_SYNC: %ZXP_CREATE_SYNC and SYNC packets
 * @ZXP_FEATURE_CHILD: CREATE_CHILD, %ZXP_CREATE_COPIES
 * @ZXP_FEATURE_PORT_QUEUE: PORT_QUEUE and PORT_CANCEL
 * @ZXP_FEATURE_SUPPLY_RANGES: SUPPLY_RANGES
 * @ZXP_FEATURE_VMO_KEY: QUERY_VMO_KEY
 * @ZXP_FEATURE_FIXED: %ZXP_CREATE_FIXED
 * @ZXP_FEATURE_READ_ONLY: %ZXP_CREATE_READ_ONLY
 * @ZXP_FEATURE_MAX_SIZE: @max_size of struct zxp_create_vmo
 * @ZXP_FEATURE_QUERY_OWN: QUERY_OWN
 * @ZXP_FEATURE_SNAPSHOTS: %ZXP_CREATE_SNAPSHOTS, %ZXP_CHILD_POINT_IN_TIME
 * @ZXP_FEATURE_GENERATIONS: BEGIN_GENERATION, LIST_VMOS, OPEN_VMO, BIND_VMO
 * @ZXP_FEATURE_TIME_LIMIT: SET_TIME_LIMIT
 * @ZXP_FEATURE_VMO_ID: numbers in struct zxp_vmo_info
 * @ZXP_FEATURE_VMO_NAME: @name of struct zxp_create_vmo and struct zxp_vmo_create_child
 */
enum zxp_feature {
	ZXP_FEATURE_READ	= 1 << 0,
	ZXP_FEATURE_SUPPLY_AUX	= 1 << 1,
	ZXP_FEATURE_RESIZABLE	= 1 << 2,
	ZXP_FEATURE_HINTS	= 1 << 3,
	ZXP_FEATURE_VMO_IO	= 1 << 4,
	ZXP_FEATURE_TRAP_DIRTY	= 1 << 8,
	ZXP_FEATURE_WRITEBACK	= 1 << 9,
	ZXP_FEATURE_STATS	= 1 << 10,
	ZXP_FEATURE_ZERO	= 1 << 11,
	ZXP_FEATURE_STREAM_SIZE	= 1 << 12,
	ZXP_FEATURE_SYNC	= 1 << 13,
	ZXP_FEATURE_CHILD	= 1 << 14,
	ZXP_FEATURE_PORT_QUEUE	= 1 << 15,
	ZXP_FEATURE_SUPPLY_RANGES	= 1 << 16,
	ZXP_FEATURE_VMO_KEY	= 1 << 17,
	ZXP_FEATURE_FIXED	= 1 << 18,
	ZXP_FEATURE_READ_ONLY	= 1 << 19,
	ZXP_FEATURE_MAX_SIZE	= 1 << 20,
	ZXP_FEATURE_QUERY_OWN	= 1 << 21,
	ZXP_FEATURE_SNAPSHOTS	= 1 << 22,
	ZXP_FEATURE_GENERATIONS	= 1 << 23,
	ZXP_FEATURE_TIME_LIMIT	= 1 << 24,
	ZXP_FEATURE_VMO_ID	= 1 << 25,
	ZXP_FEATURE_VMO_NAME	= 1 << 26,
};

/* Packets: what read() on a pager or a port returns. */

#define ZXP_PKT_TYPE_USER		0	/* from PORT_QUEUE, as is any other */
#define ZXP_PKT_TYPE_PAGE_REQUEST	9

/**
 * enum zxp_packet_command - what a packet asks for
 * @ZXP_PACKET_READ: supply the range, or fail it
 * @ZXP_PACKET_COMPLETE: the last packet of this VMO; offset and length are 0
 * @ZXP_PACKET_DIRTY: allow the first write to the range, or fail it
 * @ZXP_PACKET_SYNC: make the range durable, then answer with SYNC_END (Linux)
 */
enum zxp_packet_command {
	ZXP_PACKET_READ		= 0,
	ZXP_PACKET_COMPLETE	= 1,
	ZXP_PACKET_DIRTY	= 2,
	ZXP_PACKET_SYNC		= 0x8000,
};

/**
 * struct zxp_packet - one packet, 48 bytes, laid out as zx_port_packet_t
 * @key: the key that the VMO was created with
 * @type: %ZXP_PKT_TYPE_PAGE_REQUEST, or what it was queued with by PORT_QUEUE; then
 *	so are all other fields
 * @status: 0
 * @command: one of &enum zxp_packet_command
 * @flags: 0
 * @reserved0: 0
 * @offset: start of the range, a multiple of the page size
 * @length: its length, a multiple of the page size
 * @reserved1: 0
 *
 * One read() returns as many whole packets as are there and fit, and never a
 * part of one; a buffer smaller than a packet is EINVAL. With nothing to read it
 * waits, or returns EAGAIN with O_NONBLOCK. If the buffer turns bad in the
 * middle, the packets before are returned and the others stay in the stream.
 */
struct zxp_packet {
	__aligned_u64 key;
	__u32 type;
	__s32 status;
	__u16 command;
	__u16 flags;
	__u32 reserved0;
	__aligned_u64 offset;
	__aligned_u64 length;
	__aligned_u64 reserved1;
};

/* ioctls on a pager */

#define ZXP_IOC_TYPE			'Z'
#define ZXP_IOC_GET_INFO		_IO(ZXP_IOC_TYPE, 0x80)
#define ZXP_IOC_CREATE_PORT		_IO(ZXP_IOC_TYPE, 0x81)
#define ZXP_IOC_CREATE_VMO		_IO(ZXP_IOC_TYPE, 0x82)
#define ZXP_IOC_DETACH_VMO		_IO(ZXP_IOC_TYPE, 0x83)
#define ZXP_IOC_SUPPLY_PAGES		_IO(ZXP_IOC_TYPE, 0x84)
#define ZXP_IOC_OP_RANGE		_IO(ZXP_IOC_TYPE, 0x85)
#define ZXP_IOC_QUERY_DIRTY_RANGES	_IO(ZXP_IOC_TYPE, 0x86)
#define ZXP_IOC_QUERY_VMO_STATS		_IO(ZXP_IOC_TYPE, 0x87)
#define ZXP_IOC_SUPPLY_RANGES		_IO(ZXP_IOC_TYPE, 0x88)
#define ZXP_IOC_QUERY_VMO_KEY		_IO(ZXP_IOC_TYPE, 0x89)
#define ZXP_IOC_BEGIN_GENERATION	_IO(ZXP_IOC_TYPE, 0x8a)
#define ZXP_IOC_LIST_VMOS		_IO(ZXP_IOC_TYPE, 0x8b)
#define ZXP_IOC_OPEN_VMO		_IO(ZXP_IOC_TYPE, 0x8c)
#define ZXP_IOC_BIND_VMO		_IO(ZXP_IOC_TYPE, 0x8d)
#define ZXP_IOC_SET_TIME_LIMIT		_IO(ZXP_IOC_TYPE, 0x8e)

/* ioctls on a VMO */

#define ZXP_IOC_VMO_GET_INFO		_IO(ZXP_IOC_TYPE, 0xa0)
#define ZXP_IOC_VMO_OP_RANGE		_IO(ZXP_IOC_TYPE, 0xa1)
#define ZXP_IOC_VMO_READ		_IO(ZXP_IOC_TYPE, 0xa2)
#define ZXP_IOC_VMO_WRITE		_IO(ZXP_IOC_TYPE, 0xa3)
#define ZXP_IOC_VMO_SET_STREAM_SIZE	_IO(ZXP_IOC_TYPE, 0xa4)
#define ZXP_IOC_VMO_CREATE_CHILD	_IO(ZXP_IOC_TYPE, 0xa5)
#define ZXP_IOC_VMO_QUERY_OWN		_IO(ZXP_IOC_TYPE, 0xa6)

/* ioctls on a port */

#define ZXP_IOC_PORT_QUEUE		_IO(ZXP_IOC_TYPE, 0xc0)
#define ZXP_IOC_PORT_CANCEL		_IO(ZXP_IOC_TYPE, 0xc1)

/**
 * struct zxp_info - ZXP_IOC_GET_INFO: ask instead of guessing
 * @size: sizeof(struct zxp_info)
 * @flags: must be 0
 * @out_features: bits of &enum zxp_feature
 * @out_max_vmo_size: the largest size of a VMO
 * @out_abi_revision: %ZXP_ABI_REVISION of the module
 * @out_page_size: granule of offsets and lengths
 * @out_packet_size: sizeof(struct zxp_packet)
 * @reserved: must be 0
 */
struct zxp_info {
	__u32 size;
	__u32 flags;
	__aligned_u64 out_features;
	__aligned_u64 out_max_vmo_size;
	__u32 out_abi_revision;
	__u32 out_page_size;
	__u32 out_packet_size;
	__u32 reserved;
};

/**
 * struct zxp_create_port - ZXP_IOC_CREATE_PORT: make a packet stream
 * @size: sizeof(struct zxp_create_port)
 * @flags: must be 0
 * @out_fd: the new port, close-on-exec
 * @reserved: must be 0
 *
 * A port may serve VMOs of several pagers and outlives them.
 */
struct zxp_create_port {
	__u32 size;
	__u32 flags;
	__s32 out_fd;
	__u32 reserved;
};

/* How many packets that were queued by hand a port holds, as in Zircon. */
#define ZXP_PORT_QUEUE_MAX	4097

/**
 * struct zxp_port_queue - ZXP_IOC_PORT_QUEUE: queue a packet by hand
 * @size: sizeof(struct zxp_port_queue)
 * @flags: must be 0
 * @source: whatever PORT_CANCEL is to find it by, beside its key
 * @packet: the packet, all of it the caller's but for its type, which may not be
 *	%ZXP_PKT_TYPE_PAGE_REQUEST
 *
 * It comes behind all packets that are in the port now. Needs
 * %ZXP_FEATURE_PORT_QUEUE.
 *
 * Errors: EINVAL @flags, type; EAGAIN the port holds %ZXP_PORT_QUEUE_MAX such
 * packets; ENOMEM.
 */
struct zxp_port_queue {
	__u32 size;
	__u32 flags;
	__aligned_u64 source;
	struct zxp_packet packet;
};

#define ZXP_CANCEL_SOURCE	(1U << 0)	/* zxp_port_cancel.flags */

/**
 * struct zxp_port_cancel - ZXP_IOC_PORT_CANCEL: take queued packets back
 * @size: sizeof(struct zxp_port_cancel)
 * @flags: %ZXP_CANCEL_SOURCE: only those of @source
 * @key: only those with this key
 * @source: as with PORT_QUEUE; 0 without %ZXP_CANCEL_SOURCE
 *
 * Packets of VMOs stay: who waits behind one would not be heard of again.
 *
 * Errors: EINVAL @flags, @source; ENOENT there is none.
 */
struct zxp_port_cancel {
	__u32 size;
	__u32 flags;
	__aligned_u64 key;
	__aligned_u64 source;
};

/* zxp_create_vmo.options, with Zircon's numbers */
#define ZXP_VMO_RESIZABLE	(1U << 1)
#define ZXP_VMO_DISCARDABLE	(1U << 2)	/* always EINVAL */
#define ZXP_VMO_TRAP_DIRTY	(1U << 3)	/* %ZXP_FEATURE_TRAP_DIRTY */
#define ZXP_VMO_UNBOUNDED	(1U << 4)	/* %ZXP_FEATURE_STREAM_SIZE */

/* zxp_create_vmo.flags */
#define ZXP_CREATE_PLAIN	(1U << 0)	/* no pager behind it */
#define ZXP_CREATE_SYNC		(1U << 1)	/* %ZXP_FEATURE_SYNC; not with PLAIN */
#define ZXP_CREATE_FIXED	(1U << 2)	/* %ZXP_FEATURE_FIXED; not with PLAIN */
#define ZXP_CREATE_READ_ONLY	(1U << 3)	/* %ZXP_FEATURE_READ_ONLY; not with PLAIN */
#define ZXP_CREATE_COPIES	(1U << 4)	/* %ZXP_FEATURE_CHILD; only with READ_ONLY */
/* %ZXP_FEATURE_SNAPSHOTS; not with PLAIN, READ_ONLY */
#define ZXP_CREATE_SNAPSHOTS	(1U << 5)

#define ZXP_PORT_OWN		(-1)

/* Bytes of a name, without what ends it. */
#define ZXP_NAME_MAX	247

/**
 * struct zxp_create_vmo - ZXP_IOC_CREATE_VMO: make a VMO
 * @size: sizeof(struct zxp_create_vmo)
 * @options: ZXP_VMO_*
 * @flags: ZXP_CREATE_*
 * @port_fd: where its packets go: a port, or %ZXP_PORT_OWN for the pager's own
 *	stream. With %ZXP_CREATE_PLAIN it must be %ZXP_PORT_OWN.
 * @key: comes back in each of its packets; 0 with %ZXP_CREATE_PLAIN
 * @vmo_size: its size; the VMO is that rounded up to a page, and reads by read()
 *	end at exactly that
 * @out_fd: the new VMO, readable and writable, close-on-exec
 * @reserved: must be 0
 * @max_size: the largest stream size that it may have, or 0; 0 with %ZXP_CREATE_PLAIN
 *	(%ZXP_FEATURE_MAX_SIZE)
 * @name: address of a string of at most %ZXP_NAME_MAX bytes, or 0 (%ZXP_FEATURE_VMO_NAME)
 *
 * The name is for people, as that of memfd_create() is: /proc tells of each descriptor and
 * mapping of the VMO that it is one of "/zxpager:" and the name, and so do lsof and
 * losetup. Several may have the same. Without one they tell of "/zxpager-vmo".
 *
 * A plain VMO is filled with zeroes, keeps what is written to it, sends no
 * packets, and is what %ZXP_SUPPLY_AUX takes pages from, besides copies.
 *
 * With %ZXP_VMO_TRAP_DIRTY the first write to a clean page waits for the daemon.
 * With %ZXP_VMO_UNBOUNDED the VMO has the largest size there is, and @vmo_size is
 * only its stream size. With %ZXP_CREATE_SYNC fsync(), fdatasync(),
 * msync(MS_SYNC) and writes with O_SYNC send a SYNC packet and wait until the
 * daemon has answered it; without it they return at once. There is at most one SYNC
 * of a VMO to be answered at a time: what comes meanwhile is asked for together in
 * the next one.
 *
 * With %ZXP_CREATE_FIXED the stream size never changes either, as that of a device:
 * SET_STREAM_SIZE is EPERM, and so is ftruncate(); a write ends there, and one that begins
 * there is ENOSPC. Not with RESIZABLE or UNBOUNDED: EINVAL.
 *
 * With @max_size each call that would make the stream larger than that fails with EFBIG at
 * once, and nobody hears of it; a write that begins before it is short, as at the largest
 * file that a file system can have.
 *
 * With %ZXP_CREATE_READ_ONLY the VMO is what the daemon supplies, and nothing else. Nobody
 * can open it anew for writing, whatever the mode of its inode is, and root neither:
 * EACCES. The descriptor that this call makes is open for writing, as the daemon's calls
 * need, but to write by it, or to change a size, is EPERM, and so is a mapping that is
 * shared and writable. Not with RESIZABLE, UNBOUNDED or TRAP_DIRTY: EINVAL.
 *
 * Such a VMO has large folios where the daemon supplies much at once, up to 2 MiB, and then
 * it cannot have children that are copies, whose own pages such a folio would hide. With
 * %ZXP_CREATE_COPIES it can, and has folios of up to 1 MiB, which hide nothing. Any other
 * VMO of a pager can have copies without that.
 *
 * With %ZXP_CREATE_SNAPSHOTS who may read the VMO may also have children of it that see
 * nothing of what becomes of it, see %ZXP_CHILD_POINT_IN_TIME. The daemon promises that what
 * it supplies changes by writeback alone: what is missing when such a child is made is
 * supplied to it later. Who writes to the VMO copies each page once more; and who zeroes or
 * cuts off what is missing waits for READ of it first, so a daemon does not do that itself
 * in the thread that answers these. Not with PLAIN or READ_ONLY: EINVAL.
 *
 * Errors, in the order of the tests: EINVAL flags, and what does not go with a
 * plain VMO; EBADF, EMEDIUMTYPE @port_fd (a pager's own descriptor is not a port);
 * EINVAL options; EOPNOTSUPP an option or flag that this module does not have;
 * ERANGE @vmo_size, or that is more than @max_size; EFAULT @name, or EINVAL it is longer;
 * ENOMEM.
 *
 * @max_size came with revision 6, @name with revision 13.
 */
struct zxp_create_vmo {
	__u32 size;
	__u32 options;
	__u32 flags;
	__s32 port_fd;
	__aligned_u64 key;
	__aligned_u64 vmo_size;
	__s32 out_fd;
	__u32 reserved;
	__aligned_u64 max_size;
	__aligned_u64 name;
};

/**
 * struct zxp_detach_vmo - ZXP_IOC_DETACH_VMO: end the relation of pager and VMO
 * @size: sizeof(struct zxp_detach_vmo)
 * @flags: must be 0
 * @vmo_fd: the VMO, open for writing
 * @reserved: must be 0
 *
 * No READ or DIRTY follows, whoever waits wakes and fails, clean pages go, and
 * COMPLETE is the last packet. Detaching again is allowed and does nothing.
 *
 * Errors: EBADF, EMEDIUMTYPE, EACCES @vmo_fd; EINVAL not a VMO of this pager.
 */
struct zxp_detach_vmo {
	__u32 size;
	__u32 flags;
	__s32 vmo_fd;
	__u32 reserved;
};

/* zxp_supply_pages.flags */
#define ZXP_SUPPLY_AUX		(1U << 0)	/* from a plain VMO or a copy */

/**
 * struct zxp_supply_pages - ZXP_IOC_SUPPLY_PAGES: give content to a range
 * @size: sizeof(struct zxp_supply_pages)
 * @flags: ZXP_SUPPLY_*
 * @vmo_fd: the VMO, open for writing
 * @aux_fd: with %ZXP_SUPPLY_AUX a plain VMO, or a copy since revision 10, open for
 *	reading and writing; without it must be -1
 * @offset: start of the range, page aligned
 * @length: its length, page aligned; 0 does nothing
 * @source: with %ZXP_SUPPLY_AUX the page-aligned offset in @aux_fd; without it
 *	the address of @length bytes, of any alignment
 * @out_done: how many bytes of the range, from its start, now have content
 * @out_filled: how many bytes of those had none before
 *
 * What has content already keeps it. Whole pages leave the plain VMO, which
 * reads as zeroes there afterwards; its holes become zero pages that take no
 * memory. On an error @out_done tells how far the call came. A source page that
 * cannot be read ends the call before that page with EFAULT. A plain VMO is empty
 * in the whole range even then, as in Zircon: fill it again before trying again. Of a
 * copy what is missing is asked for, and may fail as a read of it; from there on it stays
 * as it was. When the caller is killed some pages may have left it for nowhere.
 *
 * Errors, in the order of the tests: EINVAL alignment; EBADF, EMEDIUMTYPE,
 * EACCES @vmo_fd; EINVAL not a VMO of this pager; EBADF, EMEDIUMTYPE, EACCES
 * @aux_fd; EOPNOTSUPP @aux_fd has a pager; ERANGE outside of @aux_fd; ESTALE a pinned
 * page in @aux_fd; ERANGE outside of @vmo_fd; ESTALE detached; ENOMEM; EFAULT; EINTR, EIO
 * or a FAIL code: of a page of a copy.
 */
struct zxp_supply_pages {
	__u32 size;
	__u32 flags;
	__s32 vmo_fd;
	__s32 aux_fd;
	__aligned_u64 offset;
	__aligned_u64 length;
	__aligned_u64 source;
	__aligned_u64 out_done;
	__aligned_u64 out_filled;
};

/* How many ranges one SUPPLY_RANGES takes. */
#define ZXP_SUPPLY_RANGES_MAX	1024

/**
 * struct zxp_supply_range - one range of ZXP_IOC_SUPPLY_RANGES
 * @flags: as in struct zxp_supply_pages, like all that follows but @reserved
 * @vmo_fd: the VMO, open for writing
 * @aux_fd: the plain VMO or copy, or -1
 * @reserved: must be 0
 * @offset: start of the range, page aligned
 * @length: its length, page aligned; 0 does nothing
 * @source: offset in @aux_fd, or an address
 */
struct zxp_supply_range {
	__u32 flags;
	__s32 vmo_fd;
	__s32 aux_fd;
	__u32 reserved;
	__aligned_u64 offset;
	__aligned_u64 length;
	__aligned_u64 source;
};

/**
 * struct zxp_supply_ranges - ZXP_IOC_SUPPLY_RANGES: give content to several ranges
 * @size: sizeof(struct zxp_supply_ranges)
 * @flags: must be 0
 * @ranges: address of an array of &struct zxp_supply_range
 * @nr_ranges: how many there are, at most %ZXP_SUPPLY_RANGES_MAX; 0 does nothing
 * @out_ranges: how many of them, from the first one, are wholly done
 * @out_done: how many bytes of the one after these, from its start, now have content;
 *	0 if all are done
 * @out_filled: how many bytes of those in @out_done had none before
 *
 * As one SUPPLY_PAGES after the other, until all is done or one fails; but those who
 * wait are woken when the pages of more than one range are there, so that they do not
 * take the CPU while there are answers to give. Ranges may be of different VMOs of the
 * pager, and may overlap. A descriptor that several ranges in succession name is
 * looked up once. Needs %ZXP_FEATURE_SUPPLY_RANGES.
 *
 * Errors: EINVAL @flags, @nr_ranges; then for each range in turn, EFAULT it cannot be
 * read; EINVAL @reserved; and those of SUPPLY_PAGES.
 */
struct zxp_supply_ranges {
	__u32 size;
	__u32 flags;
	__aligned_u64 ranges;
	__u32 nr_ranges;
	__u32 out_ranges;
	__aligned_u64 out_done;
	__aligned_u64 out_filled;
};

/**
 * enum zxp_pager_op - operations of ZXP_IOC_OP_RANGE, with Zircon's numbers
 * @ZXP_PAGER_OP_FAIL: fail what waits in the range; data is one of the errnos
 *	EIO, EBADMSG, ESTALE, ENOSPC, ENOBUFS, as a positive number
 * @ZXP_PAGER_OP_DIRTY: allow writes to the range: all of it becomes dirty, or
 *	nothing; data is 0 (%ZXP_FEATURE_TRAP_DIRTY)
 * @ZXP_PAGER_OP_WRITEBACK_BEGIN: what is dirty in the range is about to be written;
 *	data is 0, or %ZXP_DIRTY_RANGE_IS_ZERO to write only its zero ranges
 *	(%ZXP_FEATURE_WRITEBACK)
 * @ZXP_PAGER_OP_WRITEBACK_END: what was begun in the range and not written to since
 *	is clean now; data is 0 (%ZXP_FEATURE_WRITEBACK)
 * @ZXP_PAGER_OP_SYNC_END: answer the SYNC packet of exactly this range; data is 0
 *	or an errno as with FAIL (%ZXP_FEATURE_SYNC)
 */
enum zxp_pager_op {
	ZXP_PAGER_OP_FAIL		= 1,
	ZXP_PAGER_OP_DIRTY		= 2,
	ZXP_PAGER_OP_WRITEBACK_BEGIN	= 3,
	ZXP_PAGER_OP_WRITEBACK_END	= 4,
	ZXP_PAGER_OP_SYNC_END		= 0x100,
};

/**
 * struct zxp_op_range - ZXP_IOC_OP_RANGE: act on a range of a VMO
 * @size: sizeof(struct zxp_op_range)
 * @op: one of &enum zxp_pager_op
 * @vmo_fd: the VMO, open for writing
 * @flags: must be 0
 * @offset: start of the range, page aligned
 * @length: its length, page aligned
 * @data: meaning depends on @op
 *
 * FAIL acts on what waits now, and on nothing else: who asks again later is
 * asked for again. With nothing waiting it succeeds.
 *
 * DIRTY gives memory to what is a zero page in the range. When it fails, because
 * a page is missing (ENOENT), memory is short (ENOMEM) or the range ends outside
 * of the VMO (ERANGE), writers that wait in the range look again.
 *
 * WRITEBACK_BEGIN takes write permission out of all mappings of the range; pages
 * that are pinned for I/O stay dirty. Read the content between BEGIN and END. A
 * page that is written to in between is dirty again, and END leaves it so. A zero
 * range that END has cleaned is missing afterwards: the next access asks for it.
 * END leaves dirty what lies behind the stream size, where read() does not go, but for
 * pages that were read since BEGIN, as a whole, by VMO_READ with the descriptor that
 * CREATE_VMO has made.
 *
 * Errors, in the order of the tests: EINVAL alignment; EBADF, EMEDIUMTYPE,
 * EACCES @vmo_fd; EINVAL not a VMO of this pager; EOPNOTSUPP @op; EINVAL @data;
 * EOPNOTSUPP DIRTY on a VMO without %ZXP_VMO_TRAP_DIRTY, SYNC_END on one without
 * %ZXP_CREATE_SYNC; ERANGE outside of the VMO (not for SYNC_END, since the VMO may
 * have shrunk meanwhile); ESTALE detached (not for the WRITEBACK operations, which
 * go on working); ENOENT a page is missing (DIRTY), or
 * no such SYNC is to be answered (SYNC_END); ENOMEM (DIRTY); EINTR.
 */
struct zxp_op_range {
	__u32 size;
	__u32 op;
	__s32 vmo_fd;
	__u32 flags;
	__aligned_u64 offset;
	__aligned_u64 length;
	__aligned_u64 data;
};

#define ZXP_DIRTY_RANGE_IS_ZERO		1ULL
#define ZXP_DIRTY_RANGE_IS_POISONED	2ULL

/**
 * struct zxp_dirty_range - one result of ZXP_IOC_QUERY_DIRTY_RANGES
 * @offset: start
 * @length: length
 * @options: %ZXP_DIRTY_RANGE_IS_ZERO if the range holds only zeroes;
 *	%ZXP_DIRTY_RANGE_IS_POISONED if its memory has failed, so that the content is lost
 */
struct zxp_dirty_range {
	__aligned_u64 offset;
	__aligned_u64 length;
	__aligned_u64 options;
};

/* zxp_query_dirty_ranges.flags */
#define ZXP_QUERY_NO_AVAIL	(1U << 0)	/* stop when the buffer is full */

/**
 * struct zxp_query_dirty_ranges - ZXP_IOC_QUERY_DIRTY_RANGES
 * @size: sizeof(struct zxp_query_dirty_ranges)
 * @flags: ZXP_QUERY_*
 * @vmo_fd: the VMO, open for reading
 * @reserved: must be 0
 * @offset: start of the range to look at
 * @length: its length
 * @buffer: address of an array of &struct zxp_dirty_range, or 0
 * @buffer_size: its size in bytes
 * @out_actual: how many ranges were written to @buffer
 * @out_avail: how many there are; @out_actual with %ZXP_QUERY_NO_AVAIL
 *
 * The range is rounded out to pages. Ranges come in ascending order, cut to it:
 * one for each run of pages that are dirty or being written back, and one for each
 * run of zeroes that have no pages. A buffer that is too small is not an error:
 * ask again from the end of the last range. With a null buffer of size 0 they are
 * only counted. Needs %ZXP_FEATURE_WRITEBACK; else EOPNOTSUPP.
 *
 * Errors, in the order of the tests: EINVAL @flags, @reserved; EBADF, EMEDIUMTYPE,
 * EACCES @vmo_fd; EINVAL not a VMO of this pager; ERANGE outside of the VMO; EFAULT
 * @buffer, if there is something to report; EINTR.
 */
struct zxp_query_dirty_ranges {
	__u32 size;
	__u32 flags;
	__s32 vmo_fd;
	__u32 reserved;
	__aligned_u64 offset;
	__aligned_u64 length;
	__aligned_u64 buffer;
	__aligned_u64 buffer_size;
	__aligned_u64 out_actual;
	__aligned_u64 out_avail;
};

#define ZXP_STATS_RESET		(1U << 0)	/* zxp_query_vmo_stats.options */
#define ZXP_STATS_MODIFIED	(1U << 0)	/* .out_modified */

/**
 * struct zxp_query_vmo_stats - ZXP_IOC_QUERY_VMO_STATS
 * @size: sizeof(struct zxp_query_vmo_stats)
 * @options: %ZXP_STATS_RESET or 0
 * @vmo_fd: the VMO, open for reading
 * @out_modified: %ZXP_STATS_MODIFIED or 0
 *
 * A VMO is modified by a write, a fault for writing, a change of its size or
 * stream size, and ZERO; not by OP_RANGE(DIRTY). Stores through a mapping that is
 * writable already are not seen: WRITEBACK_BEGIN takes that permission away.
 * Needs %ZXP_FEATURE_STATS; else EOPNOTSUPP.
 *
 * Errors, in the order of the tests: EBADF, EMEDIUMTYPE, EACCES @vmo_fd; EINVAL
 * not a VMO of this pager; EINVAL @options.
 */
struct zxp_query_vmo_stats {
	__u32 size;
	__u32 options;
	__s32 vmo_fd;
	__u32 out_modified;
};

/**
 * struct zxp_query_vmo_key - ZXP_IOC_QUERY_VMO_KEY
 * @size: sizeof(struct zxp_query_vmo_key)
 * @flags: must be 0
 * @vmo_fd: the VMO, open for reading
 * @reserved: must be 0
 * @out_key: the key that it was created with
 *
 * So a daemon knows a VMO by a descriptor that it gets from somebody. A client cannot
 * ask, since it has no pager. Needs %ZXP_FEATURE_VMO_KEY.
 *
 * Errors, in the order of the tests: EINVAL @flags, @reserved; EBADF, EMEDIUMTYPE,
 * EACCES @vmo_fd; EINVAL not a VMO of this pager.
 */
struct zxp_query_vmo_key {
	__u32 size;
	__u32 flags;
	__s32 vmo_fd;
	__u32 reserved;
	__aligned_u64 out_key;
};

/**
 * struct zxp_begin_generation - ZXP_IOC_BEGIN_GENERATION: another daemon takes over
 * @size: sizeof(struct zxp_begin_generation)
 * @flags: must be 0
 * @out_fd: a descriptor of the pager, for the new generation, close-on-exec; or -1
 * @reserved: must be 0
 * @out_generation: its number; that of the open() has 0
 *
 * Only by the descriptor that open() made, which is the keeper's. It is generation 0, too,
 * until there is another one. From then on each call by the descriptor of a former
 * generation fails with ESHUTDOWN, also one that has begun, at the place where it would take
 * effect; and by the keeper's each but GET_INFO, CREATE_PORT, BEGIN_GENERATION, LIST_VMOS,
 * OPEN_VMO and SET_TIME_LIMIT.
 *
 * The packets of all VMOs go to the stream of the new descriptor, see BIND_VMO. What is not
 * answered is sent anew, once, whether it was read or not: READ, DIRTY and SYNC in any order,
 * and COMPLETE last, for VMOs that are detached and still there. The pager ends, and all its
 * VMOs are detached, when the keeper's descriptor and that of the present generation are
 * closed, whatever others are open.
 *
 * Errors, in the order of the tests: EINVAL @flags, @reserved; EPERM not the keeper's; EINTR
 * the caller is killed; ENOMEM, ENFILE. After EINTR, or EFAULT of this structure, there may be
 * no generation that anybody has: then clients wait until the call is made again. Needs
 * %ZXP_FEATURE_GENERATIONS.
 */
struct zxp_begin_generation {
	__u32 size;
	__u32 flags;
	__s32 out_fd;
	__u32 reserved;
	__aligned_u64 out_generation;
};

/* zxp_vmo_entry.state */
#define ZXP_VMO_ENTRY_DETACHED	(1U << 0)
#define ZXP_VMO_ENTRY_UNWRITTEN	(1U << 1)	/* QUERY_DIRTY_RANGES finds something */
#define ZXP_VMO_ENTRY_BEGUN	(1U << 2)	/* of which something awaits WRITEBACK_END */

/**
 * struct zxp_vmo_entry - one VMO of ZXP_IOC_LIST_VMOS
 * @id: its number, @out_id of struct zxp_vmo_info
 * @key: its key
 * @vmo_size: its size, a multiple of the page size
 * @stream_size: its stream size, in bytes
 * @max_size: the largest stream size that it may have
 * @options: ZXP_VMO_*, as it was created with
 * @flags: ZXP_CREATE_*, as it was created with
 * @state: ZXP_VMO_ENTRY_*
 * @reserved0: 0
 * @waiting: tasks that wait for the pager now
 * @requests: READ and DIRTY requests that are not answered
 * @reserved1: 0
 * @reserved2: 0
 * @reserved3: 0
 */
struct zxp_vmo_entry {
	__aligned_u64 id;
	__aligned_u64 key;
	__aligned_u64 vmo_size;
	__aligned_u64 stream_size;
	__aligned_u64 max_size;
	__u32 options;
	__u32 flags;
	__u32 state;
	__u32 reserved0;
	__aligned_u64 waiting;
	__aligned_u64 requests;
	__aligned_u64 reserved1;
	__aligned_u64 reserved2;
	__aligned_u64 reserved3;
};

/**
 * struct zxp_list_vmos - ZXP_IOC_LIST_VMOS: the VMOs of a pager
 * @size: sizeof(struct zxp_list_vmos)
 * @flags: must be 0
 * @after: only those whose number is larger; 0 for all
 * @buffer: address of an array of &struct zxp_vmo_entry
 * @buffer_size: its size in bytes
 * @out_actual: how many were written to @buffer
 *
 * In the order of their numbers, and so in that in which they were made. If the buffer is full
 * ask again, after the last one. What is there all the time is listed once, whatever comes
 * and goes. Plain VMOs and children are no VMOs of the pager.
 *
 * Errors: EINVAL @flags; ESHUTDOWN neither the keeper's descriptor nor that of the present
 * generation; EINTR the caller is killed; ENOMEM; EFAULT @buffer. Needs
 * %ZXP_FEATURE_GENERATIONS.
 */
struct zxp_list_vmos {
	__u32 size;
	__u32 flags;
	__aligned_u64 after;
	__aligned_u64 buffer;
	__aligned_u64 buffer_size;
	__aligned_u64 out_actual;
};

/**
 * struct zxp_open_vmo - ZXP_IOC_OPEN_VMO: a descriptor of a VMO that is listed
 * @size: sizeof(struct zxp_open_vmo)
 * @flags: must be 0
 * @id: its number
 * @out_fd: the VMO, readable and writable, close-on-exec; or -1
 * @reserved: must be 0
 *
 * It is to this generation what that of CREATE_VMO is to the one that has made the VMO. What
 * is read behind the stream size counts as read, see WRITEBACK_END, by such a descriptor of
 * the present generation alone.
 *
 * Errors: EINVAL @flags, @reserved; ESHUTDOWN as LIST_VMOS; ENOENT the pager has none with this
 * number; ENOMEM, ENFILE. Needs %ZXP_FEATURE_GENERATIONS.
 */
struct zxp_open_vmo {
	__u32 size;
	__u32 flags;
	__aligned_u64 id;
	__s32 out_fd;
	__u32 reserved;
};

/**
 * struct zxp_bind_vmo - ZXP_IOC_BIND_VMO: packets go elsewhere, with another key
 * @size: sizeof(struct zxp_bind_vmo)
 * @flags: must be 0
 * @vmo_fd: the VMO, open for writing
 * @port_fd: a port, or %ZXP_PORT_OWN for the stream of this descriptor
 * @key: comes back in each of its packets from now on
 * @reserved: must be 0
 *
 * A packet that nobody has read goes there, too; what was read is not sent again. Needs
 * %ZXP_FEATURE_GENERATIONS.
 *
 * Errors, in the order of the tests: EINVAL @flags, @reserved; EBADF, EMEDIUMTYPE @port_fd;
 * EBADF, EMEDIUMTYPE, EACCES @vmo_fd; EINVAL not a VMO of this pager; ESHUTDOWN.
 */
struct zxp_bind_vmo {
	__u32 size;
	__u32 flags;
	__s32 vmo_fd;
	__s32 port_fd;
	__aligned_u64 key;
	__aligned_u64 reserved;
};

/**
 * struct zxp_set_time_limit - ZXP_IOC_SET_TIME_LIMIT
 * @size: sizeof(struct zxp_set_time_limit)
 * @flags: must be 0
 * @limit_ms: in milliseconds; 0 for none, as a pager has at first
 * @reserved: must be 0
 *
 * For those who would rather have an error than wait for a daemon that hangs. A READ, DIRTY
 * or SYNC of any VMO of this pager that somebody waits for so long fails for him: reads, writes
 * and fsync() with ETIMEDOUT, accesses of mappings with SIGBUS, and the log tells of it. An
 * answer to a part of a READ or DIRTY is one, and the time begins anew. That a packet was read
 * is none. Hints that are too old, and that nobody waits for, are forgotten. It is for who waits
 * already, too; that may fail at once. The limit stays if another generation begins.
 *
 * The daemon is not told. It may still answer: a supply is taken as any that nobody has asked
 * for, and a SYNC that was read has to be answered all the same before there is another one.
 *
 * Without a limit the log tells once for each VMO if somebody waits for two minutes (the
 * parameter patience of the module).
 *
 * Errors: EINVAL @flags, @reserved; ESHUTDOWN as LIST_VMOS. Needs %ZXP_FEATURE_TIME_LIMIT.
 */
struct zxp_set_time_limit {
	__u32 size;
	__u32 flags;
	__u32 limit_ms;
	__u32 reserved;
};

/* zxp_vmo_info.out_flags */
#define ZXP_VMO_INFO_PAGER_BACKED	(1U << 0)	/* or a slice of such a VMO */
#define ZXP_VMO_INFO_DETACHED		(1U << 1)	/* or its pager is closed */
#define ZXP_VMO_INFO_SYNC		(1U << 2)	/* made with %ZXP_CREATE_SYNC */
#define ZXP_VMO_INFO_FIXED		(1U << 3)	/* ... %ZXP_CREATE_FIXED */
#define ZXP_VMO_INFO_READ_ONLY		(1U << 4)	/* ... %ZXP_CREATE_READ_ONLY */
#define ZXP_VMO_INFO_COPY		(1U << 5)	/* a copy, or a slice of one */
#define ZXP_VMO_INFO_REFERENCE		(1U << 6)	/* all that is told is another's */

/**
 * struct zxp_vmo_info - ZXP_IOC_VMO_GET_INFO
 * @size: sizeof(struct zxp_vmo_info)
 * @flags: must be 0
 * @out_flags: ZXP_VMO_INFO_*
 * @out_options: the options it was created with; of a child %ZXP_VMO_RESIZABLE alone
 * @out_key: 0 since revision 5: only the daemon may know it, by QUERY_VMO_KEY
 * @out_vmo_size: size, a multiple of the page size
 * @out_stream_size: size in bytes, as stat() tells it
 * @out_resident: bytes in memory now; of a copy those that it has for itself, and, if @size
 *	has @out_shared_bytes, those of what it was made of that no other one sees any more
 * @out_waiting: tasks that wait for the pager now
 * @out_requests: requests that are not answered yet
 * @out_read_packets: READ packets that were read from the stream so far
 * @out_read_bytes: sum of their lengths
 * @out_supplied_bytes: bytes that got content from a supply so far
 * @out_failures: accesses that failed with a FAIL code so far
 * @out_fail_offset: offset of the last access that failed
 * @out_fail_error: its errno as a positive number, or 0. This is how the code
 *	behind a SIGBUS can be had. A child tells the last one of the VMO at the bottom, and
 *	how many there were there, if that one was in the child. It is DETACHED if that is.
 * @reserved: must be 0
 * @out_dirty_bytes: bytes in pages that are dirty or being written back
 * @out_zero_bytes: bytes in dirty zero ranges, which have no pages
 * @out_dirty_packets: DIRTY packets that were read from the stream so far
 * @out_sync_packets: SYNC packets that were read from the stream so far
 * @out_children: children of any kind that were made of it and are still there, and those of
 *	them that are not. poll() has POLLPRI while that is 0, besides POLLIN and POLLOUT, which
 *	are always set.
 * @out_shared_bytes: of a copy, bytes in memory that other copies see as well
 * @out_scaled_bytes: @out_resident and its part of what is shared: of a page that three copies
 *	see, a third. So what all of them have comes to what they see.
 * @out_id: its number, which no other VMO or child has or had since the module was loaded;
 *	fstat() tells it as st_ino, and LIST_VMOS as @id
 * @out_parent_id: of a child, the number of what it was made of, which may have gone; or 0
 * @out_root_id: of a child, the number of the VMO at the bottom; or 0
 *
 * The fields behind @reserved came with revision 2, @out_children with revision 8,
 * @out_shared_bytes and @out_scaled_bytes with revision 10, what comes behind that with
 * revision 12. What a copy shares has to be counted, which takes as long as there are pages and
 * who sees them: leave that and all behind it out by @size where it is not wanted. The numbers
 * are in fdinfo, too, where nothing is counted.
 */
struct zxp_vmo_info {
	__u32 size;
	__u32 flags;
	__u32 out_flags;
	__u32 out_options;
	__aligned_u64 out_key;
	__aligned_u64 out_vmo_size;
	__aligned_u64 out_stream_size;
	__aligned_u64 out_resident;
	__aligned_u64 out_waiting;
	__aligned_u64 out_requests;
	__aligned_u64 out_read_packets;
	__aligned_u64 out_read_bytes;
	__aligned_u64 out_supplied_bytes;
	__aligned_u64 out_failures;
	__aligned_u64 out_fail_offset;
	__u32 out_fail_error;
	__u32 reserved;
	__aligned_u64 out_dirty_bytes;
	__aligned_u64 out_zero_bytes;
	__aligned_u64 out_dirty_packets;
	__aligned_u64 out_sync_packets;
	__aligned_u64 out_children;
	__aligned_u64 out_shared_bytes;
	__aligned_u64 out_scaled_bytes;
	__aligned_u64 out_id;
	__aligned_u64 out_parent_id;
	__aligned_u64 out_root_id;
};

/**
 * enum zxp_vmo_op - operations of ZXP_IOC_VMO_OP_RANGE, with Zircon's numbers
 * @ZXP_VMO_OP_COMMIT: bring the range into memory; needs an fd open for writing
 * @ZXP_VMO_OP_DECOMMIT: not for VMOs with a pager: EOPNOTSUPP
 * @ZXP_VMO_OP_ZERO: fill with zeroes (%ZXP_FEATURE_ZERO)
 * @ZXP_VMO_OP_DONT_NEED: its clean pages may go first
 * @ZXP_VMO_OP_ALWAYS_NEED: bring the range into memory, pages that fail are
 *	skipped
 * @ZXP_VMO_OP_PREFETCH: bring the range into memory; needs an fd open for reading
 */
enum zxp_vmo_op {
	ZXP_VMO_OP_COMMIT	= 1,
	ZXP_VMO_OP_DECOMMIT	= 2,
	ZXP_VMO_OP_ZERO		= 10,
	ZXP_VMO_OP_DONT_NEED	= 12,
	ZXP_VMO_OP_ALWAYS_NEED	= 13,
	ZXP_VMO_OP_PREFETCH	= 14,
};

/**
 * struct zxp_vmo_op_range - ZXP_IOC_VMO_OP_RANGE
 * @size: sizeof(struct zxp_vmo_op_range)
 * @op: one of &enum zxp_vmo_op
 * @offset: start of the range, of any alignment
 * @length: its length; the range is rounded out to pages, but for ZERO
 * @flags: must be 0
 * @reserved: must be 0
 *
 * ZERO makes a zero range of whole pages, without a DIRTY packet, and without asking for
 * them unless the VMO has snapshots, which get what is missing first. What it clears of a
 * page in part is a write like any other, unless that page reads as zero already.
 * fallocate(FALLOC_FL_ZERO_RANGE) does the same.
 *
 * COMMIT, PREFETCH, ALWAYS_NEED and such a ZERO wait for the daemon; a signal runs its handler
 * and the call goes on. On a plain VMO the hints do nothing, for any range.
 *
 * Errors: EINVAL unknown @op, EACCES, EPERM to zero what is read only, ERANGE outside of
 * the VMO, EOPNOTSUPP, ESTALE detached, and any FAIL code.
 */
struct zxp_vmo_op_range {
	__u32 size;
	__u32 op;
	__aligned_u64 offset;
	__aligned_u64 length;
	__u32 flags;
	__u32 reserved;
};

/**
 * struct zxp_vmo_io - ZXP_IOC_VMO_READ and ZXP_IOC_VMO_WRITE
 * @size: sizeof(struct zxp_vmo_io)
 * @flags: must be 0
 * @offset: start in the VMO
 * @length: how many bytes
 * @buffer: address of the caller's buffer
 *
 * As pread() and pwrite(), but with Zircon's rules: a range outside of the VMO's
 * size (not its stream size) is ERANGE and nothing is copied, and the call
 * either does all or fails, with what was copied left undefined. A VMO that is
 * read only is not written to: EPERM. One made with %ZXP_CREATE_FIXED is not
 * written to behind its stream: ENOSPC, and nothing is copied.
 */
struct zxp_vmo_io {
	__u32 size;
	__u32 flags;
	__aligned_u64 offset;
	__aligned_u64 length;
	__aligned_u64 buffer;
};

/**
 * struct zxp_vmo_set_stream_size - ZXP_IOC_VMO_SET_STREAM_SIZE
 * @size: sizeof(struct zxp_vmo_set_stream_size)
 * @flags: must be 0
 * @stream_size: the new size in bytes, up to the size of the VMO
 *
 * Everything from the smaller of the old and the new size on is zero afterwards.
 * Whole pages behind the stream size read as zero without a request and are not
 * reported as dirty, until somebody writes to them. Needs an fd open for writing
 * and %ZXP_FEATURE_STREAM_SIZE; else EOPNOTSUPP. ftruncate() on a VMO made with
 * %ZXP_VMO_UNBOUNDED is this call.
 *
 * Errors: EINVAL @flags; EACCES; EPERM made with %ZXP_CREATE_FIXED or
 * %ZXP_CREATE_READ_ONLY; ERANGE larger than the VMO; EFBIG larger than its @max_size, or
 * than the caller may make a file; ESTALE a page to be dropped is pinned, or the VMO is
 * detached and a page in part has to be asked for; ENOMEM, EINTR, and any FAIL code.
 */
struct zxp_vmo_set_stream_size {
	__u32 size;
	__u32 flags;
	__aligned_u64 stream_size;
};

/**
 * enum zxp_child_option - kinds of children, of which one is given, and options
 * @ZXP_CHILD_SNAPSHOT: as the parent is now, and so it stays; not of what has a pager
 * @ZXP_CHILD_RESIZABLE: its size may change
 * @ZXP_CHILD_SLICE: a part of the parent, whose pages are the parent's; not where the size
 *	may change
 * @ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE: what is not changed in the child may be as in the
 *	parent later on, unless the VMO is plain or the parent is a snapshot
 * @ZXP_CHILD_NO_WRITE: its descriptors are not open for writing
 * @ZXP_CHILD_REFERENCE: another descriptor of all of it, which is not for calls of a pager;
 *	without %ZXP_CHILD_RESIZABLE it does not change the size
 * @ZXP_CHILD_SNAPSHOT_MODIFIED: what a parent that is a child has for itself is kept as it
 *	is now; all else is as in the root later on, unless that is plain or the parent is a
 *	snapshot
 * @ZXP_CHILD_POINT_IN_TIME: as %ZXP_CHILD_SNAPSHOT, also of a VMO that is made with
 *	%ZXP_CREATE_SNAPSHOTS, of its slices, and of children that are of this kind; not in
 *	Zircon (%ZXP_FEATURE_SNAPSHOTS)
 */
enum zxp_child_option {
	ZXP_CHILD_SNAPSHOT			= 1 << 0,
	ZXP_CHILD_RESIZABLE			= 1 << 2,
	ZXP_CHILD_SLICE				= 1 << 3,
	ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE	= 1 << 4,
	ZXP_CHILD_NO_WRITE			= 1 << 5,
	ZXP_CHILD_REFERENCE			= 1 << 6,
	ZXP_CHILD_SNAPSHOT_MODIFIED		= 1 << 7,
	ZXP_CHILD_POINT_IN_TIME			= 1 << 16,
};

/**
 * struct zxp_vmo_create_child - ZXP_IOC_VMO_CREATE_CHILD
 * @size: sizeof(struct zxp_vmo_create_child)
 * @options: enum zxp_child_option, one kind and perhaps more
 * @offset: start in the parent, a multiple of the page size; 0 for a reference
 * @length: size of the child in bytes, rounded up to pages; 0 for a reference
 * @out_fd: the new VMO, or -1
 * @reserved: must be 0
 * @name: as that of struct zxp_create_vmo, which is not the parent's
 *
 * The descriptor is open for reading and writing, with %ZXP_CHILD_NO_WRITE for reading; a
 * slice or reference is open for writing only if the parent is. A reference to a VMO has all
 * calls on that. Other children have them, too, but for SET_STREAM_SIZE. Those of a pager are
 * EINVAL.
 *
 * Errors: EINVAL @options, @offset, @length, @reserved, a slice outside of the parent; EACCES
 * the parent is not open for reading, or a reference would be resizable and the parent is
 * not; EOPNOTSUPP a kind that this revision does not have, or not for this parent; ERANGE
 * behind the largest VMO; EFAULT @name, or EINVAL it is too long; ESTALE a page of the
 * parent is pinned; ENOMEM; EINTR.
 *
 * @name came with revision 13.
 */
struct zxp_vmo_create_child {
	__u32 size;
	__u32 options;
	__aligned_u64 offset;
	__aligned_u64 length;
	__s32 out_fd;
	__u32 reserved;
	__aligned_u64 name;
};

#define ZXP_OWN_RANGE_IS_ZERO		1ULL
#define ZXP_OWN_RANGE_IS_POISONED	2ULL

/**
 * struct zxp_own_range - one result of ZXP_IOC_VMO_QUERY_OWN
 * @offset: start
 * @length: length
 * @options: %ZXP_OWN_RANGE_IS_ZERO if the range is zero without a page;
 *	%ZXP_OWN_RANGE_IS_POISONED if the content is lost, as its memory has failed or the
 *	snapshot is broken
 */
struct zxp_own_range {
	__aligned_u64 offset;
	__aligned_u64 length;
	__aligned_u64 options;
};

/**
 * struct zxp_vmo_query_own - ZXP_IOC_VMO_QUERY_OWN: what a copy has for itself
 * @size: sizeof(struct zxp_vmo_query_own)
 * @flags: must be 0
 * @offset: start of the range to look at
 * @length: its length
 * @buffer: address of an array of &struct zxp_own_range, or 0
 * @buffer_size: its size in bytes
 * @out_actual: how many ranges were written to @buffer
 * @out_next: where to go on: nothing before that is left to be told. At the end of the
 *	range that was asked for there is nothing more.
 *
 * All else of the copy is as the root has it. The range is rounded out to pages. Ranges come
 * in ascending order, cut to it: one for each run of pages that the copy, or what it was made
 * of, has in place of the root's; and one for each run that is zero without a page, by ZERO or
 * a hole, or because what the copy was made of ended before, whatever the root has there.
 *
 * A buffer that is too small is not an error: ask again from @out_next on. With a null buffer
 * of size 0 that is where the first range begins. What changes meanwhile is told as it was
 * before or after; a call from one end of the copy to the other is not one moment.
 *
 * Needs an fd that is open for reading, and %ZXP_FEATURE_QUERY_OWN. The pages of a VMO that is
 * no copy, and of a slice, are not those of a copy that differ from the root's: EINVAL.
 *
 * Errors, in the order of the tests: EINVAL not a copy; EINVAL @flags; EACCES; ERANGE outside
 * of the VMO; EFAULT @buffer, if there is something to report; EINTR.
 */
struct zxp_vmo_query_own {
	__u32 size;
	__u32 flags;
	__aligned_u64 offset;
	__aligned_u64 length;
	__aligned_u64 buffer;
	__aligned_u64 buffer_size;
	__aligned_u64 out_actual;
	__aligned_u64 out_next;
};

#endif /* _UAPI_LINUX_ZXPAGER_H */
