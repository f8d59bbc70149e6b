/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_PASS_H
#define ZXD_PASS_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Messages over a UNIX socket that keeps them apart, each with one descriptor or none.  Of the
 * daemon and of the command.
 */

/* Sends one, with @fd unless that is -1, and with @flags of sendmsg().  0 or an errno. */
int pass_send(int sock, const void *data, size_t size, int fd, int flags);

/*
 * Takes one of @size bytes at most, with @flags of recvmsg().  *@fd is what came along, or -1.
 * How many bytes it has, 0 at the end, or -errno: -EPROTO if it has more, or more descriptors.
 */
ssize_t pass_receive(int sock, void *data, size_t size, int *fd, int flags);

#endif /* ZXD_PASS_H */
