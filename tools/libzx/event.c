// SPDX-License-Identifier: MIT
/*
 * Events and pairs of them: objects that are nothing but their signals.
 *
 * An event is an eventfd, which can be read while it is SIGNALED, and an end of a pair a
 * socket, which can be read while that is, and hangs up with its peer.  Of each end the
 * library has a descriptor of its own, to write what the other one reads.
 */
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base.h"
#include "signals.h"
#include "table.h"

zx_status_t zx_event_create(uint32_t options, zx_handle_t *out)
{
	int fd;

	if (options)
		return ZX_ERR_INVALID_ARGS;
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return zxi_errno();
	return zxi_publish(fd, ZX_OBJ_TYPE_EVENT, ZX_DEFAULT_EVENT_RIGHTS, ZX_HANDLE_INVALID,
			   out);
}

/* An end, whose object has a descriptor of its own; takes over @fd. */
static zx_status_t publish_end(int fd, zx_handle_t *handle)
{
	zx_status_t status = zxi_publish(fd, ZX_OBJ_TYPE_EVENTPAIR,
					 ZX_DEFAULT_EVENTPAIR_RIGHTS, ZX_HANDLE_INVALID,
					 handle);

	if (status != ZX_OK)
		return status;
	zxi_table_lock();
	status = zxi_own_fd(zxi_object_of(*handle), fd);
	zxi_table_unlock();
	if (status != ZX_OK)
		zx_handle_close(*handle);
	return status;
}

static void join(zx_handle_t one, zx_handle_t two)
{
	struct zxi_object *a, *b;

	zxi_table_lock();
	a = zxi_object_of(one);
	b = zxi_object_of(two);
	a->peer = b;
	b->peer = a;
	a->related_koid = b->koid;
	b->related_koid = a->koid;
	zxi_table_unlock();
}

zx_status_t zx_eventpair_create(uint32_t options, zx_handle_t *out0, zx_handle_t *out1)
{
	zx_handle_t handles[2];
	zx_status_t status;
	int fds[2];

	if (options)
		return ZX_ERR_NOT_SUPPORTED;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds))
		return zxi_errno();
	status = publish_end(fds[0], &handles[0]);
	if (status != ZX_OK) {
		close(fds[1]);
		return status;
	}
	status = publish_end(fds[1], &handles[1]);
	if (status != ZX_OK) {
		zx_handle_close(handles[0]);
		return status;
	}
	join(handles[0], handles[1]);
	status = zxi_copy_out(out0, &handles[0], sizeof(handles[0]));
	if (status == ZX_OK)
		status = zxi_copy_out(out1, &handles[1], sizeof(handles[1]));
	if (status != ZX_OK)
		zx_handle_close_many(handles, 2);
	return status;
}
