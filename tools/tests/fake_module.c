// SPDX-License-Identifier: MIT
#include "fake_module.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/zxpager.h>

/* A file's mode says what it is; a port is a socket that talks to itself. */
enum kind { NOBODY, PAGER, PORT, VMO };

#define PAGE	4096

_Atomic unsigned int fake_wrong;
_Atomic unsigned int fake_asked;
void (*_Atomic fake_read)(int fd);

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);

static int new_file(enum kind kind)
{
	int fd = memfd_create("fake", MFD_CLOEXEC);

	if (fd >= 0 && (fchmod(fd, 0600 | kind) || ftruncate(fd, PAGE))) {
		close(fd);
		return -1;
	}
	return fd;
}

int __wrap_open(const char *path, int flags, ...)
{
	return strcmp(path, "/dev/zxpager") ? __real_open(path, flags) : new_file(PAGER);
}

static int new_port(void)
{
	struct sockaddr_un self = { .sun_family = AF_UNIX };
	socklen_t length = sizeof(self);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	/* A name of the kernel's own choice. */
	if (fd < 0 || bind(fd, (struct sockaddr *)&self, sizeof(self.sun_family)) ||
	    getsockname(fd, (struct sockaddr *)&self, &length) ||
	    connect(fd, (struct sockaddr *)&self, length)) {
		close(fd);
		return -1;
	}
	return fd;
}

static enum kind kind_of(int fd)
{
	int type = 0;
	socklen_t length = sizeof(type);
	struct stat st;

	if (fstat(fd, &st))
		return NOBODY;
	if (S_ISSOCK(st.st_mode) && !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length))
		return type == SOCK_DGRAM ? PORT : NOBODY;
	return S_ISREG(st.st_mode) ? (enum kind)(st.st_mode & 07) : NOBODY;
}

uint64_t fake_identity(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}

static int fail(int error)
{
	errno = error;
	return -1;
}

static int vmo_io(int fd, unsigned long request, const struct zxp_vmo_io *arg)
{
	void (*read_of)(int fd) = fake_read;
	uint64_t said;

	if (request == ZXP_IOC_VMO_WRITE && arg->length == sizeof(said)) {
		memcpy(&said, (void *)(uintptr_t)arg->buffer, sizeof(said));
		fake_wrong += said != fake_identity(fd);
	}
	if (request == ZXP_IOC_VMO_READ && read_of)
		read_of(fd);
	return 0;
}

static int vmo_info(struct zxp_vmo_info *info)
{
	info->out_vmo_size = PAGE;
	info->out_stream_size = PAGE;
	return 0;
}

/* As it is in the socket: a read of a packet leaves the rest out. */
struct queued {
	struct zxp_packet packet;
	uint64_t source;
};

static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;

static int port_queue(int fd, const struct zxp_port_queue *arg)
{
	struct queued q = { arg->packet, arg->source };
	ssize_t done;

	pthread_mutex_lock(&queue_lock);
	done = send(fd, &q, sizeof(q), MSG_DONTWAIT);
	pthread_mutex_unlock(&queue_lock);
	return done < 0 ? -1 : 0;
}

static int port_cancel(int fd, const struct zxp_port_cancel *arg)
{
	static struct queued all[1024];
	size_t n = 0;
	int found = 0;

	pthread_mutex_lock(&queue_lock);
	while (n < 1024 && recv(fd, &all[n], sizeof(all[n]), MSG_DONTWAIT) > 0)
		n++;
	for (size_t i = 0; i < n; i++) {
		if (all[i].packet.key == arg->key &&
		    (!(arg->flags & ZXP_CANCEL_SOURCE) || all[i].source == arg->source))
			found++;
		else if (send(fd, &all[i], sizeof(all[i]), MSG_DONTWAIT) < 0)
			abort();
	}
	pthread_mutex_unlock(&queue_lock);
	return found ? 0 : fail(ENOENT);
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	enum kind kind = kind_of(fd);
	struct zxp_create_vmo *vmo;
	struct zxp_create_port *port;
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (kind == NOBODY)
		return fcntl(fd, F_GETFD) < 0 ? fail(EBADF) : fail(ENOTTY);
	switch (request) {
	case ZXP_IOC_CREATE_VMO:
		vmo = arg;
		vmo->out_fd = new_file(VMO);
		return vmo->out_fd < 0 ? -1 : 0;
	case ZXP_IOC_CREATE_PORT:
		port = arg;
		port->out_fd = new_port();
		return port->out_fd < 0 ? -1 : 0;
	case ZXP_IOC_GET_INFO:
		fake_asked++;
		return kind == PAGER ? 0 : fail(EMEDIUMTYPE);
	case ZXP_IOC_VMO_GET_INFO:
		fake_asked++;
		return kind == VMO ? vmo_info(arg) : fail(EMEDIUMTYPE);
	case ZXP_IOC_VMO_READ:
	case ZXP_IOC_VMO_WRITE:
		return kind == VMO ? vmo_io(fd, request, arg) : fail(EMEDIUMTYPE);
	case ZXP_IOC_OP_RANGE:
	case ZXP_IOC_SUPPLY_PAGES:
		return kind == PAGER ? 0 : fail(EMEDIUMTYPE);
	case ZXP_IOC_PORT_QUEUE:
		return kind == PORT ? port_queue(fd, arg) : fail(EMEDIUMTYPE);
	case ZXP_IOC_PORT_CANCEL:
		return kind == PORT ? port_cancel(fd, arg) : fail(EMEDIUMTYPE);
	}
	return fail(EOPNOTSUPP);
}
