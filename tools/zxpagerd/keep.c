// SPDX-License-Identifier: GPL-2.0
/*
 * The messages between a keeper and its worker.
 */
#include <errno.h>
#include <unistd.h>

#include "keep.h"
#include "pass.h"

int keep_send(int sock, const struct keep_message *message, int fd, int flags)
{
	struct keep_message sent = *message;

	sent.version = KEEP_VERSION;
	return pass_send(sock, &sent, sizeof(sent), fd, flags);
}

static bool is_flawed(const struct keep_message *message, ssize_t n)
{
	return n != (ssize_t)sizeof(*message) || message->version != KEEP_VERSION ||
	       message->name[ZXD_NAME_SIZE - 1] || message->of[ZXD_NAME_SIZE - 1];
}

int keep_receive(int sock, struct keep_message *message, int *fd, int flags)
{
	ssize_t n = pass_receive(sock, message, sizeof(*message), fd, flags);

	if (n < 0)
		return (int)-n;
	if (!n && *fd < 0)
		return EPIPE;
	if (!is_flawed(message, n))
		return 0;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return EPROTO;
}
