// SPDX-License-Identifier: GPL-2.0
/*
 * What can be called, and with what. The ioctls are described by their structures
 * in <linux/zxpager.h>; fields that are not named here are the kernel's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/mman.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "fuzz.h"

#define LIST(...)	(const uint64_t[]){ __VA_ARGS__ }, \
			sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t)
#define ARG(_name, _kind, ...) \
	{ .name = _name, .kind = _kind, ##__VA_ARGS__ }
#define VALUES(_name, _kind, ...) \
	{ _name, _kind, 0, 0, LIST(__VA_ARGS__) }
#define FIELD(_type, _field, _kind) \
	{ #_field, _kind, sizeof(((struct _type *)0)->_field), \
	  offsetof(struct _type, _field), NULL, 0 }
#define FIELD_OF(_type, _field, _kind, ...) \
	{ #_field, _kind, sizeof(((struct _type *)0)->_field), \
	  offsetof(struct _type, _field), LIST(__VA_ARGS__) }
/* Where the structure is, and its size; the first revision ended with @_last. */
#define STRUCT(_type, _last) \
	ARG("at", A_AT), \
	{ "size", A_SIZE, 4, 0, \
	  LIST(sizeof(struct _type), \
	       offsetof(struct _type, _last) + sizeof(((struct _type *)0)->_last)) }

#define IOCTL_BY(_run, _name, _cmd, _weight) \
	.name = _name, .cmd = _cmd, .weight = _weight, .run = _run
#define IOCTL(...)	IOCTL_BY(run_ioctl, __VA_ARGS__)
#define FAIL_CODES	EIO, EBADMSG, ESTALE, ENOSPC, ENOBUFS
/* So few that what is queued and what is looked for meet. */
#define FEW_KEYS	0, 1, 2, 3

const struct call_desc calls[] = {
	/* The ioctls of a pager. */
	{
		IOCTL("get_info", ZXP_IOC_GET_INFO, 2),
		.args = { ARG("pager", A_PAGER), STRUCT(zxp_info, reserved),
			  FIELD(zxp_info, flags, A_ZERO),
			  FIELD(zxp_info, reserved, A_ZERO) },
	}, {
		IOCTL_BY(run_create_port, "create_port", ZXP_IOC_CREATE_PORT, 3),
		.args = { ARG("pager", A_PAGER), STRUCT(zxp_create_port, reserved),
			  FIELD(zxp_create_port, flags, A_ZERO),
			  FIELD(zxp_create_port, reserved, A_ZERO),
			  ARG("to", A_TO_PORT),
			  VALUES("block", A_CHOICE, 0, 0, 0, 1) },
		.errnos = { EMFILE, ENFILE, ENOMEM },
	}, {
		IOCTL_BY(run_create_vmo, "create_vmo", ZXP_IOC_CREATE_VMO, 10),
		.args = { ARG("pager", A_PAGER), STRUCT(zxp_create_vmo, reserved),
			  FIELD_OF(zxp_create_vmo, options, A_FLAGS,
				   ZXP_VMO_RESIZABLE, ZXP_VMO_TRAP_DIRTY,
				   ZXP_VMO_UNBOUNDED),
			  FIELD_OF(zxp_create_vmo, flags, A_FLAGS,
				   ZXP_CREATE_PLAIN, ZXP_CREATE_SYNC,
				   ZXP_CREATE_FIXED, ZXP_CREATE_READ_ONLY),
			  FIELD(zxp_create_vmo, port_fd, A_PORT),
			  FIELD(zxp_create_vmo, key, A_KEY),
			  FIELD(zxp_create_vmo, vmo_size, A_LENGTH),
			  FIELD(zxp_create_vmo, reserved, A_ZERO),
			  FIELD(zxp_create_vmo, max_size, A_LENGTH),
			  ARG("to", A_TO_VMO) },
		.errnos = { EMFILE, ENFILE, ENOMEM, EOPNOTSUPP, ERANGE },
	}, {
		IOCTL("detach_vmo", ZXP_IOC_DETACH_VMO, 3),
		.args = { ARG("pager", A_PAGER), STRUCT(zxp_detach_vmo, reserved),
			  FIELD(zxp_detach_vmo, flags, A_ZERO),
			  FIELD(zxp_detach_vmo, vmo_fd, A_VMO),
			  FIELD(zxp_detach_vmo, reserved, A_ZERO) },
		.errnos = { EACCES },
	}, {
		IOCTL("supply_pages", ZXP_IOC_SUPPLY_PAGES, 20),
		.args = { ARG("pager", A_PAGER), STRUCT(zxp_supply_pages, out_filled),
			  FIELD_OF(zxp_supply_pages, flags, A_FLAGS, ZXP_SUPPLY_AUX),
			  FIELD(zxp_supply_pages, vmo_fd, A_VMO),
			  FIELD(zxp_supply_pages, aux_fd, A_PLAIN),
			  FIELD(zxp_supply_pages, offset, A_OFFSET),
			  FIELD(zxp_supply_pages, length, A_LENGTH),
			  FIELD(zxp_supply_pages, source, A_POINTER) },
		.errnos = { EACCES, EOPNOTSUPP, ERANGE, ESTALE, ENOMEM },
	}, {
		/* What is behind the structure is for the array. */
		IOCTL_BY(run_supply_ranges, "supply_ranges", ZXP_IOC_SUPPLY_RANGES, 12),
		.args = { ARG("pager", A_PAGER), STRUCT(zxp_supply_ranges, out_filled),
			  FIELD(zxp_supply_ranges, flags, A_ZERO),
			  FIELD(zxp_supply_ranges, ranges, A_POINTER),
			  FIELD_OF(zxp_supply_ranges, nr_ranges, A_CHOICE, 1, 2, 2, 3,
				   3, 4, 4, 4, 0, 5, ZXP_SUPPLY_RANGES_MAX,
				   ZXP_SUPPLY_RANGES_MAX + 1),
			  ARG("vmo", A_VMO), ARG("other", A_VMO),
			  ARG("offset", A_OFFSET), ARG("source", A_POINTER) },
		.errnos = { EACCES, EOPNOTSUPP, ERANGE, ESTALE, ENOMEM },
	}, {
		IOCTL("op_range", ZXP_IOC_OP_RANGE, 24),
		.args = { ARG("pager", A_PAGER), STRUCT(zxp_op_range, data),
			  FIELD_OF(zxp_op_range, op, A_CHOICE, ZXP_PAGER_OP_FAIL,
				   ZXP_PAGER_OP_DIRTY, ZXP_PAGER_OP_DIRTY,
				   ZXP_PAGER_OP_WRITEBACK_BEGIN,
				   ZXP_PAGER_OP_WRITEBACK_END,
				   ZXP_PAGER_OP_SYNC_END),
			  FIELD(zxp_op_range, vmo_fd, A_VMO),
			  FIELD(zxp_op_range, flags, A_ZERO),
			  FIELD(zxp_op_range, offset, A_OFFSET),
			  FIELD(zxp_op_range, length, A_LENGTH),
			  FIELD_OF(zxp_op_range, data, A_CHOICE, 0, 0, 0, 0,
				   ZXP_DIRTY_RANGE_IS_ZERO, FAIL_CODES) },
		.errnos = { EACCES, EOPNOTSUPP, ERANGE, ESTALE, ENOENT, ENOMEM },
	}, {
		IOCTL("query_dirty_ranges", ZXP_IOC_QUERY_DIRTY_RANGES, 8),
		.args = { ARG("pager", A_PAGER),
			  STRUCT(zxp_query_dirty_ranges, out_avail),
			  FIELD_OF(zxp_query_dirty_ranges, flags, A_FLAGS,
				   ZXP_QUERY_NO_AVAIL),
			  FIELD(zxp_query_dirty_ranges, vmo_fd, A_VMO),
			  FIELD(zxp_query_dirty_ranges, reserved, A_ZERO),
			  FIELD(zxp_query_dirty_ranges, offset, A_OFFSET),
			  FIELD(zxp_query_dirty_ranges, length, A_LENGTH),
			  FIELD(zxp_query_dirty_ranges, buffer, A_POINTER),
			  FIELD(zxp_query_dirty_ranges, buffer_size, A_LENGTH) },
		.errnos = { EACCES, ERANGE },
	}, {
		IOCTL("query_vmo_key", ZXP_IOC_QUERY_VMO_KEY, 3),
		.args = { ARG("pager", A_PAGER), STRUCT(zxp_query_vmo_key, out_key),
			  FIELD(zxp_query_vmo_key, flags, A_ZERO),
			  FIELD(zxp_query_vmo_key, vmo_fd, A_VMO),
			  FIELD(zxp_query_vmo_key, reserved, A_ZERO) },
		.errnos = { EACCES },
	}, {
		IOCTL("query_vmo_stats", ZXP_IOC_QUERY_VMO_STATS, 3),
		.args = { ARG("pager", A_PAGER),
			  STRUCT(zxp_query_vmo_stats, out_modified),
			  FIELD_OF(zxp_query_vmo_stats, options, A_FLAGS,
				   ZXP_STATS_RESET),
			  FIELD(zxp_query_vmo_stats, vmo_fd, A_VMO) },
		.errnos = { EACCES },
	},

	/* Those of a VMO. */
	{
		IOCTL("vmo_get_info", ZXP_IOC_VMO_GET_INFO, 3),
		.args = { ARG("vmo", A_VMO), STRUCT(zxp_vmo_info, reserved),
			  FIELD(zxp_vmo_info, flags, A_ZERO),
			  FIELD(zxp_vmo_info, reserved, A_ZERO) },
	}, {
		IOCTL("vmo_op_range", ZXP_IOC_VMO_OP_RANGE, 12),
		.args = { ARG("vmo", A_VMO), STRUCT(zxp_vmo_op_range, reserved),
			  FIELD_OF(zxp_vmo_op_range, op, A_CHOICE, ZXP_VMO_OP_COMMIT,
				   ZXP_VMO_OP_COMMIT, ZXP_VMO_OP_DECOMMIT,
				   ZXP_VMO_OP_ZERO, ZXP_VMO_OP_ZERO, ZXP_VMO_OP_ZERO,
				   ZXP_VMO_OP_DONT_NEED, ZXP_VMO_OP_ALWAYS_NEED,
				   ZXP_VMO_OP_PREFETCH),
			  FIELD(zxp_vmo_op_range, offset, A_OFFSET),
			  FIELD(zxp_vmo_op_range, length, A_LENGTH),
			  FIELD(zxp_vmo_op_range, flags, A_ZERO),
			  FIELD(zxp_vmo_op_range, reserved, A_ZERO) },
		.errnos = { EACCES, EPERM, ERANGE, EOPNOTSUPP, ENOMEM, FAIL_CODES },
	}, {
		IOCTL("vmo_read", ZXP_IOC_VMO_READ, 6),
		.args = { ARG("vmo", A_VMO), STRUCT(zxp_vmo_io, buffer),
			  FIELD(zxp_vmo_io, flags, A_ZERO),
			  FIELD(zxp_vmo_io, offset, A_OFFSET),
			  FIELD(zxp_vmo_io, length, A_LENGTH),
			  FIELD(zxp_vmo_io, buffer, A_POINTER) },
		.errnos = { EACCES, ERANGE, FAIL_CODES },
	}, {
		IOCTL("vmo_write", ZXP_IOC_VMO_WRITE, 8),
		.args = { ARG("vmo", A_VMO), STRUCT(zxp_vmo_io, buffer),
			  FIELD(zxp_vmo_io, flags, A_ZERO),
			  FIELD(zxp_vmo_io, offset, A_OFFSET),
			  FIELD(zxp_vmo_io, length, A_LENGTH),
			  FIELD(zxp_vmo_io, buffer, A_POINTER) },
		.errnos = { EACCES, EPERM, ERANGE, ENOMEM, FAIL_CODES },
	}, {
		IOCTL("vmo_set_stream_size", ZXP_IOC_VMO_SET_STREAM_SIZE, 8),
		.args = { ARG("vmo", A_VMO),
			  STRUCT(zxp_vmo_set_stream_size, stream_size),
			  FIELD(zxp_vmo_set_stream_size, flags, A_ZERO),
			  FIELD(zxp_vmo_set_stream_size, stream_size, A_LENGTH) },
		.errnos = { EACCES, EFBIG, EPERM, ERANGE, EOPNOTSUPP, ENOMEM, FAIL_CODES },
	}, {
		IOCTL("vmo_create_child", ZXP_IOC_VMO_CREATE_CHILD, 1),
		.args = { ARG("vmo", A_VMO), STRUCT(zxp_vmo_create_child, reserved),
			  FIELD(zxp_vmo_create_child, options, A_RANDOM),
			  FIELD(zxp_vmo_create_child, offset, A_OFFSET),
			  FIELD(zxp_vmo_create_child, length, A_LENGTH),
			  FIELD(zxp_vmo_create_child, reserved, A_ZERO) },
		.errnos = { EOPNOTSUPP },
	},

	/* Those of a port. */
	{
		IOCTL("port_queue", ZXP_IOC_PORT_QUEUE, 5),
		.args = { ARG("port", A_QUEUE), STRUCT(zxp_port_queue, packet),
			  FIELD(zxp_port_queue, flags, A_ZERO),
			  FIELD_OF(zxp_port_queue, source, A_CHOICE, FEW_KEYS),
			  FIELD_OF(zxp_port_queue, packet.key, A_CHOICE, FEW_KEYS),
			  FIELD_OF(zxp_port_queue, packet.type, A_CHOICE,
				   ZXP_PKT_TYPE_USER, ZXP_PKT_TYPE_USER, 1,
				   ZXP_PKT_TYPE_PAGE_REQUEST),
			  FIELD(zxp_port_queue, packet.offset, A_OFFSET) },
		.errnos = { EAGAIN, ENOMEM },
	}, {
		IOCTL("port_cancel", ZXP_IOC_PORT_CANCEL, 4),
		.args = { ARG("port", A_QUEUE), STRUCT(zxp_port_cancel, source),
			  FIELD_OF(zxp_port_cancel, flags, A_FLAGS,
				   ZXP_CANCEL_SOURCE),
			  FIELD_OF(zxp_port_cancel, key, A_CHOICE, FEW_KEYS),
			  FIELD_OF(zxp_port_cancel, source, A_CHOICE, FEW_KEYS) },
		.errnos = { ENOENT },
	},

	/* Objects. */
	{ "open", 3, .run = run_open,
	  .args = { ARG("to", A_TO_PAGER),
		    VALUES("flags", A_CHOICE, O_NONBLOCK, O_NONBLOCK, O_NONBLOCK, 0,
			   O_NONBLOCK | O_APPEND, O_NONBLOCK | O_DIRECT,
			   O_NONBLOCK | O_TRUNC | O_CREAT) } },
	{ "reopen", 5, .waits = true, .run = run_reopen,
	  .args = { ARG("fd", A_VMO), ARG("to", A_SPARE),
		    VALUES("flags", A_CHOICE, O_RDONLY, O_RDONLY, O_RDONLY, O_WRONLY,
			   O_WRONLY, O_RDWR,
			   O_RDWR | O_APPEND, O_RDWR | O_TRUNC, O_RDWR | O_SYNC,
			   O_RDWR | O_DIRECT, O_PATH, O_RDWR | O_NONBLOCK) } },
	{ "dup", 3, .run = run_dup,
	  .args = { ARG("fd", A_ANY), ARG("to", A_SPARE) } },
	{ "close", 5, .waits = true, .run = run_close, .args = { ARG("slot", A_ANY) } },
	{ "pass", 2, .run = run_pass,
	  .args = { ARG("fd", A_ANY), ARG("to", A_SPARE),
		    VALUES("leave", A_CHOICE, 0, 1) } },
	{ "pipe", 2, .run = run_pipe, .args = { ARG("nonblock", A_RANDOM) } },
	{ "memfd", 1, .run = run_memfd, .args = { ARG("size", A_LENGTH) } },
	{ "fork", 2, .waits = true, .run = run_fork,
	  .args = { ARG("address", A_WINDOW), VALUES("how", A_CHOICE, 0, 1, 2, 3) } },
	{ "signal", 2, .run = run_signal,
	  .args = { VALUES("thread", A_CHOICE, 0, 1, 2, 3) } },
	{ "limit", 1, .run = run_limit,
	  .args = { VALUES("what", A_CHOICE, 0, 1), ARG("value", A_RANDOM) } },
	{ "serve", 40, .waits = true, .run = run_serve,
	  .args = { ARG("stream", A_STREAM),
		    VALUES("how", A_CHOICE, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5),
		    VALUES("max", A_CHOICE, 1, 2, 4, 64) } },
	{ "fcntl", 3, .run = run_fcntl,
	  .args = { ARG("fd", A_ANY),
		    VALUES("cmd", A_CHOICE, F_SETFL, F_GETFL, F_SETLEASE,
			   F_ADD_SEALS, F_GETFD, F_SETPIPE_SZ, F_SET_RW_HINT),
		    VALUES("value", A_CHOICE, O_NONBLOCK, O_APPEND | O_NONBLOCK,
			   O_DIRECT, O_ASYNC | O_NONBLOCK, O_NOATIME, 0, F_WRLCK) } },
	{ "fdinfo", 2, .run = run_fdinfo, .args = { ARG("fd", A_ANY) } },
	{ "epoll", 2, .run = run_epoll,
	  .args = { ARG("fd", A_ANY),
		    VALUES("events", A_CHOICE, POLLIN, POLLIN | 1U << 31,
			   POLLOUT, POLLIN | 1U << 30, 0xffff) } },

	/* Files. */
	{ "read", 5, .waits = true, .run = run_read,
	  .args = { ARG("fd", A_STREAM), ARG("buffer", A_POINTER),
		    ARG("length", A_LENGTH) } },
	{ "readv", 2, .waits = true, .run = run_readv,
	  .args = { ARG("fd", A_STREAM), ARG("buffer1", A_POINTER),
		    VALUES("length1", A_CHOICE, 1, 47, 48, 49, 96, 4096),
		    ARG("buffer2", A_POINTER),
		    VALUES("length2", A_CHOICE, 1, 47, 48, 95, 4096) } },
	{ "poll", 3, .run = run_poll,
	  .args = { ARG("fd", A_ANY),
		    VALUES("events", A_CHOICE, POLLIN, POLLOUT, POLLPRI, 0xffff),
		    VALUES("timeout", A_CHOICE, 0, 0, 1, 5) } },
	{ "pread", 8, .run = run_pread,
	  .args = { ARG("fd", A_VMO), ARG("buffer", A_POINTER),
		    ARG("length", A_LENGTH), ARG("offset", A_OFFSET) } },
	{ "pwrite", 14, .run = run_pwrite,
	  .args = { ARG("fd", A_VMO), ARG("buffer", A_POINTER),
		    ARG("length", A_LENGTH), ARG("offset", A_OFFSET) } },
	{ "preadv2", 3, .run = run_preadv2,
	  .args = { ARG("fd", A_VMO), ARG("buffer", A_POINTER),
		    ARG("length", A_LENGTH), ARG("offset", A_OFFSET),
		    VALUES("flags", A_CHOICE, RWF_NOWAIT, RWF_NOWAIT, RWF_HIPRI, 0,
			   RWF_HIPRI | RWF_NOWAIT, RWF_DSYNC, 0x40, 0x80, 0xffff) } },
	{ "pwritev2", 5, .run = run_pwritev2,
	  .args = { ARG("fd", A_VMO), ARG("buffer", A_POINTER),
		    ARG("length", A_LENGTH), ARG("offset", A_OFFSET),
		    VALUES("flags", A_CHOICE, RWF_NOWAIT, RWF_DSYNC, RWF_SYNC,
			   RWF_APPEND, RWF_APPEND | RWF_NOWAIT,
			   RWF_NOWAIT, RWF_APPEND | RWF_DSYNC,
			   RWF_DSYNC | RWF_NOWAIT, 0x40, 0x80) } },
	{ "lseek", 2, .run = run_lseek,
	  .args = { ARG("fd", A_VMO), ARG("offset", A_OFFSET),
		    VALUES("whence", A_CHOICE, 0, 1, 2, 3, 4, 5) } },
	{ "ftruncate", 9, .run = run_ftruncate,
	  .args = { ARG("fd", A_VMO), ARG("length", A_LENGTH) } },
	{ "fallocate", 6, .run = run_fallocate,
	  .args = { ARG("fd", A_VMO),
		    VALUES("mode", A_CHOICE, FALLOC_FL_ZERO_RANGE,
			   FALLOC_FL_ZERO_RANGE,
			   FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
			   FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 0xff),
		    ARG("offset", A_OFFSET), ARG("length", A_LENGTH) } },
	{ "fsync", 5, .run = run_fsync,
	  .args = { ARG("fd", A_VMO), VALUES("data", A_CHOICE, 0, 1) } },
	{ "sync_range", 1, .run = run_sync_range,
	  .args = { ARG("fd", A_VMO), ARG("offset", A_OFFSET),
		    ARG("length", A_LENGTH), VALUES("flags", A_FLAGS, 1, 2, 4) } },
	{ "fadvise", 4, .run = run_fadvise,
	  .args = { ARG("fd", A_VMO), ARG("offset", A_OFFSET),
		    ARG("length", A_LENGTH),
		    VALUES("advice", A_CHOICE, 3, 3, 4, 4, 0, 1, 2, 5, 6) } },
	{ "splice", 3, .waits = true, .run = run_splice,
	  .args = { ARG("in", A_ANY), ARG("out", A_ANY), ARG("offset", A_OFFSET),
		    ARG("length", A_LENGTH), VALUES("flags", A_CHOICE, 2, 2, 0, 7) } },
	{ "sendfile", 2, .waits = true, .run = run_sendfile,
	  .args = { ARG("out", A_ANY), ARG("in", A_VMO), ARG("offset", A_OFFSET),
		    ARG("length", A_LENGTH) } },
	{ "copy_range", 1, .run = run_copy_range,
	  .args = { ARG("in", A_VMO), ARG("out", A_VMO), ARG("offset", A_OFFSET),
		    ARG("length", A_LENGTH) } },
	{ "ioctl_raw", 2, .run = run_ioctl_raw,
	  .args = { ARG("fd", A_ANY),
		    VALUES("cmd", A_CHOICE, 0x5a80, 0x5a82, 0x5a84, 0x5a86, 0x5a88,
			   0x5aa0, 0x5aa2, 0x5aa6, 0x5ac0, 0x5ac2, 0xc0105a84, 0x5401, 0x541b,
			   0x5450, 0x5451, 0xc020660b, 0x5460),
		    ARG("pointer", A_POINTER) } },
	{ "fstat", 1, .run = run_fstat, .args = { ARG("fd", A_ANY) } },

	/* Memory. */
	{ "mmap", 14, .run = run_mmap,
	  .args = { ARG("address", A_WINDOW), ARG("length", A_LENGTH),
		    VALUES("prot", A_CHOICE, PROT_READ | PROT_WRITE,
			   PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE,
			   PROT_READ | PROT_EXEC),
		    VALUES("flags", A_CHOICE, MAP_SHARED, MAP_SHARED, MAP_PRIVATE,
			   MAP_SHARED | MAP_POPULATE, MAP_SHARED | MAP_LOCKED,
			   MAP_PRIVATE | MAP_POPULATE, MAP_SHARED_VALIDATE,
			   MAP_SHARED | MAP_NONBLOCK | MAP_POPULATE),
		    ARG("fd", A_VMO), ARG("offset", A_OFFSET) } },
	{ "munmap", 2, .run = run_munmap,
	  .args = { ARG("address", A_WINDOW), ARG("length", A_LENGTH) } },
	{ "mremap", 2, .run = run_mremap,
	  .args = { ARG("address", A_WINDOW), ARG("length", A_LENGTH),
		    ARG("new_length", A_LENGTH),
		    VALUES("flags", A_CHOICE, 0, 1, 3, 3, 5, 7),
		    ARG("to", A_WINDOW) } },
	{ "madvise", 6, .run = run_madvise,
	  .args = { ARG("address", A_WINDOW), ARG("length", A_LENGTH),
		    VALUES("advice", A_CHOICE, MADV_DONTNEED, MADV_PAGEOUT,
			   MADV_PAGEOUT, MADV_PAGEOUT, MADV_COLD, MADV_WILLNEED,
			   MADV_REMOVE, MADV_FREE, MADV_POPULATE_READ,
			   MADV_POPULATE_WRITE, MADV_DONTFORK, MADV_HUGEPAGE,
			   MADV_COLLAPSE, MADV_MERGEABLE, MADV_SEQUENTIAL,
			   MADV_WIPEONFORK, MADV_HWPOISON,
			   MADV_SOFT_OFFLINE) } },
	{ "mprotect", 3, .run = run_mprotect,
	  .args = { ARG("address", A_WINDOW), ARG("length", A_LENGTH),
		    VALUES("prot", A_CHOICE, PROT_NONE, PROT_READ,
			   PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE,
			   PROT_EXEC) } },
	{ "msync", 3, .run = run_msync,
	  .args = { ARG("address", A_WINDOW), ARG("length", A_LENGTH),
		    VALUES("flags", A_CHOICE, MS_SYNC, MS_SYNC, MS_ASYNC,
			   MS_SYNC | MS_INVALIDATE, 0xff) } },
	{ "mlock", 2, .run = run_mlock,
	  .args = { ARG("address", A_WINDOW), ARG("length", A_LENGTH),
		    VALUES("how", A_CHOICE, 0, 1, 2) } },
	{ "touch_read", 14, .run = run_touch_read,
	  .args = { ARG("address", A_WINDOW) } },
	{ "touch_write", 20, .run = run_touch_write,
	  .args = { ARG("address", A_WINDOW) } },
	{ "vmsplice", 2, .waits = true, .run = run_vmsplice,
	  .args = { ARG("pipe", A_PIPE), ARG("address", A_WINDOW),
		    ARG("length", A_LENGTH), VALUES("flags", A_CHOICE, 2, 2, 10, 0) } },
	{ "vm_readv", 2, .run = run_vm_readv,
	  .args = { ARG("address", A_WINDOW), ARG("length", A_LENGTH),
		    ARG("local", A_POINTER), VALUES("write", A_CHOICE, 0, 1) } },

	/* Tasks. */
	{ "leave", 3, .run = run_leave,
	  .args = { ARG("list", A_WINDOW), ARG("tid_at", A_WINDOW) } },
	{ "dump", 1, .run = run_dump, .args = { VALUES("all", A_CHOICE, 1, 1, 1, 0) } },
	{ "vm_other", 2, .run = run_vm_other,
	  .args = { ARG("address", A_WINDOW), ARG("length", A_LENGTH),
		    ARG("local", A_POINTER), VALUES("write", A_CHOICE, 0, 1) } },
	{ "fsync_alarm", 3, .run = run_fsync_alarm,
	  .args = { ARG("fd", A_VMO), VALUES("data", A_CHOICE, 0, 1) } },
};

const unsigned int nr_call_kinds = ARRAY_SIZE(calls);
