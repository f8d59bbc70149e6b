// SPDX-License-Identifier: MIT
/*
 * Ports: streams of packets.
 */
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base.h"
#include "signals.h"
#include "table.h"

_Static_assert(sizeof(zx_port_packet_t) == sizeof(struct zxp_packet) &&
	       offsetof(zx_port_packet_t, page_request.offset) ==
	       offsetof(struct zxp_packet, offset),
	       "packets are not laid out as the module's");

/* A port needs no pager, only a way to the module, which is closed again. */
zx_status_t zx_port_create(uint32_t options, zx_handle_t *out)
{
	struct zxp_create_port arg = { .size = sizeof(arg) };
	zx_status_t status;
	int fd;

	/* There are no interrupts that a port could be bound to. */
	if (options)
		return ZX_ERR_INVALID_ARGS;
	fd = zxi_open(&status);
	if (fd < 0)
		return status;
	status = zxi_fd_ioctl(fd, ZXP_IOC_CREATE_PORT, &arg);
	zxi_close_fd(fd);
	if (status != ZX_OK)
		return status;
	/* Of several that wait, those that get nothing must see their deadline. */
	if (fcntl(arg.out_fd, F_SETFL, O_NONBLOCK)) {
		status = zxi_errno();
		zxi_close_fd(arg.out_fd);
		return status;
	}
	return zxi_publish(arg.out_fd, ZX_OBJ_TYPE_PORT, ZX_DEFAULT_PORT_RIGHTS,
			   ZX_HANDLE_INVALID, out);
}

/* By syscall(), which is no cancellation point. */
static ZXI_INLINE ssize_t take(int fd, zx_port_packet_t *packet)
{
	return syscall(SYS_read, fd, packet, sizeof(*packet));
}

/* Until there is something to read; TIMED_OUT when @deadline is over. */
static zx_status_t wait_readable(int fd, zx_time_t deadline)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct timespec left, *limit = NULL;
	zx_duration_t ns;
	int cancel, rc;

	if (deadline != ZX_TIME_INFINITE) {
		ns = deadline > 0 ? deadline - zx_clock_get_monotonic() : 0;
		if (ns <= 0)
			return ZX_ERR_TIMED_OUT;
		left.tv_sec = ns / 1000000000;
		left.tv_nsec = ns % 1000000000;
		limit = &left;
	}
	cancel = zxi_cancel_off();
	rc = ppoll(&pfd, 1, limit, NULL);
	zxi_cancel_as(cancel);
	if (rc < 0 && errno != EINTR)
		return zxi_errno();
	return ZX_OK;
}

static __attribute__((__noinline__)) zx_status_t
wait_for_packet(zx_handle_t handle, zx_time_t deadline, zx_port_packet_t *packet)
{
	zx_status_t status;
	ssize_t n;
	int fd;

	status = zxi_get(handle, ZX_OBJ_TYPE_PORT, ZX_RIGHT_READ, &fd);
	if (status != ZX_OK)
		return status;
	while (status == ZX_OK) {
		if (zxi_packets_late)
			zxi_packets_flush(handle);
		n = take(fd, packet);
		if (n == sizeof(*packet))
			break;
		if (n >= 0)
			status = ZX_ERR_WRONG_TYPE;
		else if (errno != EAGAIN && errno != EINTR)
			status = zxi_errno();
		else
			status = wait_readable(fd, deadline);
	}
	zxi_put(fd);
	return status;
}

zx_status_t zx_port_wait(zx_handle_t handle, zx_time_t deadline,
			 zx_port_packet_t *packet)
{
	struct zxi_slot *slot = zxi_fd_slot(handle);
	const int fd = (int)zxi_fd_of(handle);
	ssize_t n;

	/* Mostly there is one. */
	if (zxi_packets_late ||
	    !zxi_try_get(slot, handle, ZX_OBJ_TYPE_PORT, ZX_RIGHT_READ))
		return wait_for_packet(handle, deadline, packet);
	n = take(fd, packet);
	zxi_put_slot(slot, fd);
	return n == sizeof(*packet) ? ZX_OK : wait_for_packet(handle, deadline, packet);
}

static __attribute__((__noinline__)) zx_status_t
queue_slowly(zx_handle_t handle, const zx_port_packet_t *packet)
{
	struct zxp_port_queue arg = { .size = sizeof(arg) };
	zx_status_t status;
	int fd;

	status = zxi_get(handle, ZX_OBJ_TYPE_PORT, ZX_RIGHT_WRITE, &fd);
	if (status != ZX_OK)
		return status;
	status = zxi_copy_in(&arg.packet, packet, sizeof(arg.packet));
	arg.packet.type = ZX_PKT_TYPE_USER;
	/* Nothing gets before those that were there first. */
	if (status == ZX_OK && zxi_packets_late && !zxi_packets_flush(handle))
		status = ZX_ERR_SHOULD_WAIT;
	if (status == ZX_OK)
		status = zxi_fd_ioctl(fd, ZXP_IOC_PORT_QUEUE, &arg);
	zxi_put(fd);
	return status;
}

/* Whatever the caller says, it is a packet of type USER. */
zx_status_t zx_port_queue(zx_handle_t handle, const zx_port_packet_t *packet)
{
	struct zxp_port_queue arg = { .size = sizeof(arg) };

	if (zxi_packets_late || !zxi_is_beside(packet, sizeof(*packet)))
		return queue_slowly(handle, packet);
	__builtin_memcpy(&arg.packet, packet, sizeof(*packet));
	arg.packet.type = ZX_PKT_TYPE_USER;
	return zxi_ioctl(handle, ZX_OBJ_TYPE_PORT, ZX_RIGHT_WRITE, ZXP_IOC_PORT_QUEUE, &arg);
}
