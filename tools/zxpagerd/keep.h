/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a keeper and its worker say to each other, over a SOCK_SEQPACKET socket: messages
 * of one size, some of them with a descriptor.  Both are the same program, but for --replace.
 */
#ifndef ZXD_KEEP_H
#define ZXD_KEEP_H

#include <stdint.h>

#include "proto.h"

/* Of what follows: another one is refused before anything is replaced. */
#define KEEP_VERSION	1

/*
 * enum keep_kind - what a message says
 * @KEEP_GENERATION: from the keeper, with the descriptor of the generation
 * @KEEP_LOCK, @KEEP_LISTENER: the lock of the socket that clients connect to, and the socket;
 *	from the worker to be kept, and from the keeper to the next one
 * @KEEP_COPY: the same with a copy that has a name
 * @KEEP_SERVE: from the keeper: that is all that there is; @number workers were before
 * @KEEP_STORED: from the keeper, before that: a service manager has it all, too, and will start
 *	another keeper
 * @KEEP_LINK: from the worker, a connection to a server, for place @number, whose former one has
 *	ended; and from the keeper to the next worker
 * @KEEP_VMO: from the worker, a VMO that it has made, to be kept
 * @KEEP_READY: from the worker: it serves
 * @KEEP_DROP: from the worker: the copy called @name may go
 * @KEEP_DROPPED: from the keeper: it has
 * @KEEP_CLOSE: from the worker: nobody is to connect any more, the socket and its lock may go
 * @KEEP_STOP: from the keeper: this is the end, and @number signals have said so
 * @KEEP_LEAVE: from the keeper: write back and leave, another one comes
 * @KEEP_PING, @KEEP_PONG: from the keeper, and the answer
 * @KEEP_TRY: from the keeper, before all else: say what you would serve, and wait
 * @KEEP_FIT: from who may be the next worker: @number is a hash of that
 * @KEEP_PROGRAM, @KEEP_REPLACE: from who wants another worker, with its program, and with its
 *	arguments; the keeper answers the latter with a @number, 0 or an errno
 */
enum keep_kind {
	KEEP_GENERATION = 1,
	KEEP_LISTENER,
	KEEP_LOCK,
	KEEP_COPY,
	KEEP_SERVE,
	KEEP_STORED,
	KEEP_LINK,
	KEEP_VMO,
	KEEP_READY,
	KEEP_DROP,
	KEEP_DROPPED,
	KEEP_CLOSE,
	KEEP_STOP,
	KEEP_LEAVE,
	KEEP_PING,
	KEEP_PONG,
	KEEP_TRY,
	KEEP_FIT,
	KEEP_PROGRAM,
	KEEP_REPLACE,
};

/*
 * struct keep_message - one message
 * @version: KEEP_VERSION, by keep_send()
 * @uid, @frozen, @name, @of: of a copy, as copies.c knows them
 * @seconds: with KEEP_FIT, its --reconnect-timeout
 */
struct keep_message {
	uint32_t kind;
	uint32_t version;
	uint64_t number;
	uint64_t uid;
	uint32_t frozen;
	uint32_t seconds;
	char name[ZXD_NAME_SIZE];
	char of[ZXD_NAME_SIZE];
};

/*
 * A worker that has left, and is no death; or that has come to the end of the daemon, whose
 * status is that much less.  No other exit status is as large.
 */
#define KEEP_EXIT_LEFT	100
#define KEEP_EXIT_END	101

/* Sends it, with @fd unless that is -1; with @flags of sendmsg().  0 or an errno. */
int keep_send(int sock, const struct keep_message *message, int fd, int flags);

/*
 * Takes one, with @flags of recvmsg().  *@fd is the descriptor that came along, or -1.  0, or
 * an errno: EAGAIN, EPIPE at the end, EPROTO for what is no such message, or of another version.
 */
int keep_receive(int sock, struct keep_message *message, int *fd, int flags);

#endif /* ZXD_KEEP_H */
