/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What zxpagerd and its clients say to each other, over a SOCK_SEQPACKET socket.
 *
 * A client sends one request and gets one reply, as often as it likes.  Either is
 * one message of fixed size, in the byte order of the machine.  The reply to
 * ZXD_OPEN carries a file descriptor (SCM_RIGHTS), those to ZXD_SYNC, ZXD_CLONE,
 * ZXD_SNAPSHOT and ZXD_DROP may take their time.  Who sends what is no request gets a reply
 * without an operation, with error EPROTO, or EPROTONOSUPPORT for a request of another
 * version, and loses the connection.
 */
#ifndef ZXD_PROTO_H
#define ZXD_PROTO_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ZXD_VERSION	3
#define ZXD_NAME_SIZE	64	/* with the closing NUL */
#define ZXD_SOCKET	"/run/zxpagerd.sock"	/* unless told otherwise */

/**
 * enum zxd_op - what a request asks for
 * @ZXD_LIST: the VMO of number @index, or the next one that there is; ENOENT ends the list
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
 * @ZXD_CLONE: from now on there is a copy of @name called @new_name, which can be written
 *	to, is in no file, and stays until it is dropped or the daemon ends
 * @ZXD_SNAPSHOT: the same, but it stays as @name is now
 * @ZXD_DROP: there is no copy called @name any more, but for those who have it open
 * @ZXD_STOP: end the daemon, as SIGTERM does, or with @code 1 as two signals; the reply comes
 *	at once, and the end of the connection with that of the daemon
 *
 * FAIL to DETACH and STOP are for root and for the daemon's own user; for others EPERM.  Of copies
 * FAIL to SYNC are EMEDIUMTYPE, and so is DROP of what is no copy; OPEN and what makes or
 * drops copies is for their user, root and the daemon's own; for others EACCES.
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
	ZXD_CLONE = 10,
	ZXD_SNAPSHOT = 11,
	ZXD_DROP = 12,
	ZXD_STOP = 13,
};

/**
 * struct zxd_request - from the client
 * @size: sizeof(struct zxd_request)
 * @version: ZXD_VERSION
 * @op: one of &enum zxd_op
 * @code: with FAIL: EIO, EBADMSG, ESTALE, ENOSPC or ENOBUFS; with STOP: 0 or 1
 * @reserved: 0
 * @index: with LIST
 * @offset: with FAIL: start of the range in bytes, rounded out to pages
 * @length: with FAIL: its length in bytes, at least 1
 * @name: of the VMO, with all but LIST and STOP; closed by NUL
 * @new_name: with CLONE and SNAPSHOT; closed by NUL
 *
 * What an operation does not use must be 0.
 */
struct zxd_request {
	uint32_t size;
	uint16_t version;
	uint16_t op;
	uint32_t code;
	uint32_t reserved;
	uint64_t index;
	uint64_t offset;
	uint64_t length;
	char name[ZXD_NAME_SIZE];
	char new_name[ZXD_NAME_SIZE];
};

/* zxd_reply.flags */
#define ZXD_WRITABLE	(1U << 0)
#define ZXD_HELD	(1U << 1)
#define ZXD_DETACHED	(1U << 2)
#define ZXD_COMPLETE	(1U << 3)	/* its COMPLETE packet came */
#define ZXD_THROTTLED	(1U << 4)	/* writers wait for a limit of dirty bytes */
#define ZXD_FAILING	(1U << 5)	/* what was last written back failed */
#define ZXD_COPY	(1U << 6)	/* made by CLONE or, not ZXD_WRITABLE, SNAPSHOT */

/**
 * struct zxd_reply - from the daemon
 * @size: sizeof(struct zxd_reply)
 * @version: ZXD_VERSION
 * @op: that of the request
 * @error: 0, or a positive errno and all below is 0: ENOENT no such VMO, EPERM not
 *	for this user, EINVAL bad value or name, EOPNOTSUPP unknown operation, or it is
 *	not served with copies, ENOSPC too many failing ranges, EBUSY too many wait for a
 *	SYNC or a copy, ESHUTDOWN the daemon ends and opens nothing any more, EEXIST there is
 *	something of @new_name, EDQUOT this user has as many copies as it may, EUSERS the
 *	daemon has as many as it can, ETXTBSY a snapshot of what is served for writing,
 *	and without snapshots, EACCES another user's copy, EMEDIUMTYPE a copy, or none, or
 *	what opening the descriptor, writing back or the making of a copy met.  With @op 0
 *	the connection is over: EACCES this user may not connect, EBUSY no room for
 *	another client, EMFILE, ENFILE, ENOBUFS or ENOMEM the daemon has not what it takes,
 *	EPROTO no request, EPROTONOSUPPORT another version
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
 * @next: with LIST: the @index that goes on behind this one
 * @own: of a copy: bytes that it has for itself
 * @uid: of a copy: whose it is
 * @reserved: 0
 * @name: of the VMO
 * @copy_of: of a copy: what it was made of, by the name that this had
 *
 * Of a copy all that the daemon counts of what it serves is 0.
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
	uint64_t next;
	uint64_t own;
	uint32_t uid;
	uint32_t reserved;
	char name[ZXD_NAME_SIZE];
	char copy_of[ZXD_NAME_SIZE];
};

_Static_assert(sizeof(struct zxd_request) == 168, "requests are 168 bytes");
_Static_assert(sizeof(struct zxd_reply) == 296, "replies are 296 bytes");

/* What a VMO may be called. */
static inline bool zxd_is_name(const char *text)
{
	size_t length = strlen(text);

	return length && length < ZXD_NAME_SIZE &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789._-") == length;
}

#endif /* ZXD_PROTO_H */
