/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What zxpagerd and its clients say to each other, over a SOCK_SEQPACKET socket.
 *
 * A client sends one request and gets one reply, as often as it likes.  Either is
 * one message of fixed size, in the byte order of the machine.  The reply to
 * ZXD_OPEN carries a file descriptor (SCM_RIGHTS), that to ZXD_SYNC may take its
 * time.  Who sends what is no request gets a reply without an operation, with error
 * EPROTO, or EPROTONOSUPPORT for a request of another version, and loses the connection.
 */
#ifndef ZXD_PROTO_H
#define ZXD_PROTO_H

#include <stdint.h>

#define ZXD_VERSION	2
#define ZXD_NAME_SIZE	64	/* with the closing NUL */
#define ZXD_SOCKET	"/run/zxpagerd.sock"	/* unless told otherwise */

/**
 * enum zxd_op - what a request asks for
 * @ZXD_LIST: the VMO of number @index; ENOENT ends the list
 * @ZXD_STAT: the VMO called @name
 * @ZXD_OPEN: the same, and a file descriptor of it
 * @ZXD_FAIL: from now on READs of the range are failed with @code
 * @ZXD_CLEAR: take back each ZXD_FAIL of this VMO
 * @ZXD_HOLD: leave READs and DIRTYs unanswered
 * @ZXD_RELEASE: answer them again, and those left over
 * @ZXD_DETACH: detach the VMO; what is dirty is written back after the reply
 * @ZXD_SYNC: the reply comes once all that was dirty in the VMO when the request
 *	came is durable, or with the error that keeps it from being so; also after
 *	DETACH, and on a read-only VMO, which has nothing to write
 *
 * FAIL to DETACH are for root and for the daemon's own user; for others EPERM.
 */
enum zxd_op {
	ZXD_LIST = 1,
	ZXD_STAT = 2,
	ZXD_OPEN = 3,
	ZXD_FAIL = 4,
	ZXD_CLEAR = 5,
	ZXD_HOLD = 6,
	ZXD_RELEASE = 7,
	ZXD_DETACH = 8,
	ZXD_SYNC = 9,
};

/**
 * struct zxd_request - from the client
 * @size: sizeof(struct zxd_request)
 * @version: ZXD_VERSION
 * @op: one of &enum zxd_op
 * @index: with LIST
 * @code: with FAIL: EIO, EBADMSG, ESTALE, ENOSPC or ENOBUFS
 * @offset: with FAIL: start of the range in bytes, rounded out to pages
 * @length: with FAIL: its length in bytes, at least 1
 * @name: of the VMO, with all but LIST; closed by NUL
 *
 * What an operation does not use must be 0.
 */
struct zxd_request {
	uint32_t size;
	uint16_t version;
	uint16_t op;
	uint32_t index;
	uint32_t code;
	uint64_t offset;
	uint64_t length;
	char name[ZXD_NAME_SIZE];
};

/* zxd_reply.flags */
#define ZXD_WRITABLE	(1U << 0)
#define ZXD_HELD	(1U << 1)
#define ZXD_DETACHED	(1U << 2)
#define ZXD_COMPLETE	(1U << 3)	/* its COMPLETE packet came */
#define ZXD_THROTTLED	(1U << 4)	/* writers wait for a limit of dirty bytes */
#define ZXD_FAILING	(1U << 5)	/* what was last written back failed */

/**
 * struct zxd_reply - from the daemon
 * @size: sizeof(struct zxd_reply)
 * @version: ZXD_VERSION
 * @op: that of the request
 * @error: 0, or a positive errno and all below is 0: ENOENT no such VMO, EPERM not
 *	for this user, EINVAL bad value, EOPNOTSUPP unknown operation, ENOSPC too
 *	many failing ranges, EBUSY too many are waiting for a SYNC, ESHUTDOWN the
 *	daemon ends and opens nothing any more, or what opening the descriptor or writing
 *	back met.  With @op 0 the connection is over: EACCES
 *	this user may not connect, EBUSY no room for another client, EMFILE, ENFILE,
 *	ENOBUFS or ENOMEM the daemon has not what it takes, EPROTO no request,
 *	EPROTONOSUPPORT another version
 * @flags: ZXD_*
 * @vmo_size: size of the VMO in bytes, a multiple of the page size
 * @file_size: size of what it shows
 * @packets: READ packets that the daemon took
 * @windows: reads of whole windows that it began
 * @failed: ranges that it failed
 * @late: packets that came after COMPLETE, which is to stay 0
 * @dirty_packets: DIRTY packets that the daemon took
 * @dirty: bytes that wait to be written back, as far as the daemon knows now
 * @granted: bytes that it allowed writes to
 * @throttled: DIRTY packets that had to wait for a limit of dirty bytes
 * @no_space: DIRTY packets that it failed because the store is full
 * @written: bytes that it wrote back, zeroes of zero ranges not counted
 * @zeroed: bytes of zero ranges that it wrote back
 * @writeback_errors: writes and syncs of the store that failed
 * @syncs: SYNC packets that it answered
 * @ahead: windows of @windows that nobody had asked for yet
 * @name: of the VMO
 */
struct zxd_reply {
	uint32_t size;
	uint16_t version;
	uint16_t op;
	uint32_t error;
	uint32_t flags;
	uint64_t vmo_size;
	uint64_t file_size;
	uint64_t packets;
	uint64_t windows;
	uint64_t failed;
	uint64_t late;
	uint64_t dirty_packets;
	uint64_t dirty;
	uint64_t granted;
	uint64_t throttled;
	uint64_t no_space;
	uint64_t written;
	uint64_t zeroed;
	uint64_t writeback_errors;
	uint64_t syncs;
	uint64_t ahead;
	char name[ZXD_NAME_SIZE];
};

_Static_assert(sizeof(struct zxd_request) == 96, "requests are 96 bytes");
_Static_assert(sizeof(struct zxd_reply) == 208, "replies are 208 bytes");

#endif /* ZXD_PROTO_H */
