// SPDX-License-Identifier: MIT
/*
 * Ports: streams of packets.
 */
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

_Static_assert(sizeof(zx_port_packet_t) == sizeof(struct zxp_packet) &&
	       offsetof(zx_port_packet_t, page_request.offset) ==
	       offsetof(struct zxp_packet, offset),
	       "packets are not laid out as the module's");

/*
 * A port needs no pager, only a way to the module, which is closed again: a
 * descriptor kept here would hold the module and could be closed by others.
 */
zx_status_t zx_port_create(uint32_t options, zx_handle_t *out)
{
	struct zxp_create_port arg = { .size = sizeof(arg) };
	zx_handle_t pager;
	zx_status_t status;

	if (options || !out)
		return ZX_ERR_INVALID_ARGS;
	status = zxi_open_pager(&pager);
	if (status != ZX_OK)
		return status;
	status = zxi_ioctl(pager, ZXP_IOC_CREATE_PORT, &arg);
	zx_handle_close(pager);
	if (status != ZX_OK)
		return status;
	/* Of several that wait, those that get nothing must see their deadline. */
	if (fcntl(arg.out_fd, F_SETFL, O_NONBLOCK)) {
		status = zxi_errno();
		close(arg.out_fd);
		return status;
	}
	*out = zx_linux_handle_from_fd(arg.out_fd);
	return ZX_OK;
}

/* What can be read is not always a stream of packets: a VMO can be read, too. */
static zx_status_t check_stream(zx_handle_t handle)
{
	struct zxp_info info = { .size = sizeof(info) };
	struct stat st;

	if (fstat(zxi_fd(handle), &st))
		return ZX_ERR_BAD_HANDLE;
	if (S_ISCHR(st.st_mode))
		return zxi_ioctl(handle, ZXP_IOC_GET_INFO, &info);
	return st.st_mode & S_IFMT ? ZX_ERR_WRONG_TYPE : ZX_OK;
}

/* Until there is something to read; TIMED_OUT when @deadline is over. */
static zx_status_t wait_readable(int fd, zx_time_t deadline)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct timespec left, *limit = NULL;
	zx_duration_t ns;
	int rc;

	if (deadline != ZX_TIME_INFINITE) {
		ns = deadline > 0 ? deadline - zx_clock_get_monotonic() : 0;
		if (ns <= 0)
			return ZX_ERR_TIMED_OUT;
		left.tv_sec = ns / 1000000000;
		left.tv_nsec = ns % 1000000000;
		limit = &left;
	}
	rc = ppoll(&pfd, 1, limit, NULL);
	if (rc < 0 && errno != EINTR)
		return zxi_errno();
	return ZX_OK;
}

zx_status_t zx_port_wait(zx_handle_t handle, zx_time_t deadline,
			 zx_port_packet_t *packet)
{
	zx_status_t status = check_stream(handle);
	int fd = zxi_fd(handle);
	ssize_t n;

	if (status == ZX_OK && !packet)
		status = ZX_ERR_INVALID_ARGS;
	while (status == ZX_OK) {
		n = read(fd, packet, sizeof(*packet));
		if (n == sizeof(*packet))
			return ZX_OK;
		if (n >= 0)
			return ZX_ERR_WRONG_TYPE;
		if (errno != EAGAIN && errno != EINTR)
			return zxi_errno();
		status = wait_readable(fd, deadline);
	}
	return status;
}
