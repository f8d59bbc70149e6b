// SPDX-License-Identifier: GPL-2.0
/*
 * The daemon's side of /dev/zxpager.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/zxpager.h>

#include <zircon/linux.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include "calls.h"
#include "generation.h"
#include "log.h"
#include "pager.h"

/* The first with all that is needed here: SUPPLY_RANGES, fixed VMOs, a largest size. */
#define ABI_REVISION	6

static zx_handle_t pager, port;
static int own_port = -1;	/* for CREATE_VMO; of a generation its own stream */
static void (*on_vmo)(int fd);

void pager_on_vmo(void (*made)(int fd))
{
	on_vmo = made;
}

static __attribute__((noreturn)) void die_too_old(void)
{
	die("the module that is loaded is too old: load a newer zxpager.ko");
}

void pager_open(void)
{
	struct zxp_info info = { .size = sizeof(info) };
	zx_status_t status = zx_pager_create(0, &pager);

	if (status == ZX_ERR_UNAVAILABLE)
		die("no /dev/zxpager: load the module first (insmod zxpager.ko)");
	if (status == ZX_ERR_ACCESS_DENIED)
		die("no permission for /dev/zxpager: run as root, or change its mode");
	if (status == ZX_OK)
		status = zx_port_create(0, &port);
	if (status != ZX_OK)
		die("cannot open /dev/zxpager: %s", zx_status_get_string(status));
	/* The crew waits in read(). */
	if (fcntl(zx_linux_handle_to_fd(port), F_SETFL, 0))
		die("cannot set up the port: %s", strerror(errno));
	own_port = zx_linux_handle_to_fd(port);
	if (ioctl(zx_linux_handle_to_fd(pager), ZXP_IOC_GET_INFO, &info))
		die("the module does not tell its revision: %s", strerror(errno));
	if (info.out_abi_revision < ABI_REVISION)
		die_too_old();
}

/* Its packets come by its own stream: there is no port to be closed with packets in it. */
void pager_open_generation(int fd)
{
	pager = zx_linux_handle_from_fd(fd);
	port = pager;
	own_port = ZXP_PORT_OWN;
	generation_look(fd);
}

const struct found *pager_find_vmo(uint64_t key)
{
	return generation_find(key);
}

void pager_tell_unknown(void)
{
	generation_tell_unknown();
}

static void note_file(struct target *t)
{
	struct stat st;

	if (fstat(pager_fd(t), &st))
		die("%s: cannot look at the VMO: %s", t->name, strerror(errno));
	t->dev = st.st_dev;
	t->ino = st.st_ino;
}

/* A limit or a kind of its own that the command line gave it stays as it was made. */
void pager_adopt_vmo(struct target *t, const struct found *found)
{
	int fd = generation_open(zx_linux_handle_to_fd(pager), found);
	struct pager_info info = { 0 };

	if (fd < 0)
		die("%s: cannot open the VMO that is there: %s", t->name, strerror(errno));
	t->handle = zx_linux_handle_from_fd(fd);
	note_file(t);
	if (pager_info(t, &info))
		die("%s: cannot look at the VMO that is there", t->name);
	t->size = info.size;
	t->detached = found->detached;
	t->was_detached = found->detached;
}

/*
 * Its owner is this daemon's user.  Who gets a descriptor may open it anew, through
 * /proc/self/fd: the mode has it that a read-only one stays so, and a VMO that nobody is
 * to write to is read-only for root, too.  A store that cannot grow has a VMO that cannot.
 */
void pager_create_vmo(struct target *t)
{
	struct zxp_create_vmo arg = {
		.size = sizeof(arg),
		.flags = ZXP_CREATE_READ_ONLY,
		.port_fd = own_port,
		.key = t->key,
		.vmo_size = t->backend->size,
		.max_size = t->max_size,
		.name = (uintptr_t)t->name,
	};
	int refused;

	if (t->writable) {
		arg.options = ZXP_VMO_TRAP_DIRTY | (t->resizable ? ZXP_VMO_RESIZABLE : 0);
		arg.flags = ZXP_CREATE_SYNC | (t->resizable ? 0 : ZXP_CREATE_FIXED) |
			    (t->snapshots ? ZXP_CREATE_SNAPSHOTS : 0);
	} else if (t->scratch) {
		arg.flags |= ZXP_CREATE_COPIES;
	}
	refused = ioctl(zx_linux_handle_to_fd(pager), ZXP_IOC_CREATE_VMO, &arg);
	if (refused && errno == E2BIG) {
		/* The module knows no names yet. */
		arg.name = 0;
		refused = ioctl(zx_linux_handle_to_fd(pager), ZXP_IOC_CREATE_VMO, &arg);
	}
	if (refused) {
		/* Nothing else is wrong with the arguments but a flag that it does not know. */
		if (errno == EOPNOTSUPP || errno == EINVAL)
			die_too_old();
		if (errno == ERANGE)
			die("%s: %s is larger than a VMO can be", t->name, t->backend->path);
		die("%s: cannot make the VMO: %s", t->name, strerror(errno));
	}
	t->handle = zx_linux_handle_from_fd(arg.out_fd);
	if (fchmod(zx_linux_handle_to_fd(t->handle),
		   t->writable ? 0666 : 0444))
		die("%s: cannot set the VMO's mode: %s", t->name,
		    strerror(errno));
	note_file(t);
	if (on_vmo)
		on_vmo(pager_fd(t));
}

unsigned int pager_read_packets(zx_port_packet_t *packets, unsigned int count)
{
	ssize_t n = read(zx_linux_handle_to_fd(port), packets,
			 count * sizeof(*packets));

	if (n < 0 && errno != EINTR)
		die("cannot read packets: %s", strerror(errno));
	return n > 0 ? (size_t)n / sizeof(*packets) : 0;
}

zx_status_t pager_detach(struct target *t)
{
	return zx_pager_detach_vmo(pager, t->handle);
}

void pager_supply(struct content *c)
{
	c->status = zx_linux_pager_supply(pager, c->target->handle, c->offset,
					  c->length, c->buffer, &c->done);
}

/* Those after one that fails are begun anew. */
void pager_supply_all(struct content **c, unsigned int n)
{
	struct zxp_supply_range range[n];
	struct zxp_supply_ranges all = { .size = sizeof(all) };
	unsigned int at = 0;
	int error;

	for (unsigned int i = 0; i < n; i++)
		range[i] = (struct zxp_supply_range){
			.vmo_fd = zx_linux_handle_to_fd(c[i]->target->handle),
			.aux_fd = -1,
			.offset = c[i]->offset,
			.length = c[i]->length,
			.source = (uintptr_t)c[i]->buffer,
		};
	while (n > 1 && at < n) {
		all.ranges = (uintptr_t)&range[at];
		all.nr_ranges = n - at;
		all.out_ranges = 0;
		error = ioctl(zx_linux_handle_to_fd(pager), ZXP_IOC_SUPPLY_RANGES,
			      &all) ? errno : 0;
		for (unsigned int i = 0; i < all.out_ranges; i++, at++) {
			c[at]->status = ZX_OK;
			c[at]->done = c[at]->length;
		}
		if (error && at < n) {
			c[at]->status = zx_linux_status_from_errno(error);
			c[at++]->done = all.out_done;
		}
	}
	if (n == 1)
		pager_supply(c[0]);
}

zx_status_t pager_fail(struct target *t, uint64_t offset, uint64_t length,
		       int code)
{
	zx_status_t status = zx_linux_status_from_errno(code);

	return zx_pager_op_range(pager, ZX_PAGER_OP_FAIL, t->handle, offset,
				 length, (uint64_t)status);
}

zx_status_t pager_dirty(struct target *t, uint64_t offset, uint64_t length)
{
	return zx_pager_op_range(pager, ZX_PAGER_OP_DIRTY, t->handle, offset,
				 length, 0);
}

zx_status_t pager_query(struct target *t, uint64_t offset, uint64_t end,
			zx_vmo_dirty_range_t *ranges, size_t count,
			size_t *actual)
{
	return zx_pager_query_dirty_ranges(pager, t->handle, offset,
					   end - offset, ranges,
					   count * sizeof(*ranges), actual, NULL);
}

zx_status_t pager_begin(struct target *t, uint64_t offset, uint64_t length,
			bool zero)
{
	return zx_pager_op_range(pager, ZX_PAGER_OP_WRITEBACK_BEGIN, t->handle,
				 offset, length,
				 zero ? ZX_VMO_DIRTY_RANGE_IS_ZERO : 0);
}

zx_status_t pager_end(struct target *t, uint64_t offset, uint64_t length)
{
	return zx_pager_op_range(pager, ZX_PAGER_OP_WRITEBACK_END, t->handle,
				 offset, length, 0);
}

zx_status_t pager_sync_end(struct target *t, uint64_t offset, uint64_t length,
			   int code)
{
	return zx_linux_pager_sync_end(pager, t->handle, offset, length,
				       zx_linux_status_from_errno(code));
}

/* Zircon has no call for that. */
int pager_info(struct target *t, struct pager_info *info)
{
	struct zxp_vmo_info all = { .size = sizeof(all) };
	int error;

	if (ioctl(zx_linux_handle_to_fd(t->handle), ZXP_IOC_VMO_GET_INFO, &all)) {
		error = errno;
		log_limited(&t->limit, "%s: the kernel does not tell its size: %s",
			    t->name, strerror(error));
		return error;
	}
	*info = (struct pager_info){
		.size = all.out_vmo_size,
		.stream_size = all.out_stream_size,
		.dirty = all.out_dirty_bytes,
		.zero = all.out_zero_bytes,
	};
	return 0;
}

/* --- copies ----------------------------------------------------------------------------- */

/* Whatever they hang on, it is the same for all. */
static struct disk *copies_disk;

bool pager_adopt_copy(int fd)
{
	struct stat st;

	if (!copies_disk && !fstat(fd, &st))
		copies_disk = calls_disk(st.st_dev);
	return copies_disk;
}

/* As for a VMO: who gets a descriptor may open it anew, and not for more. */
static int make_copy(const struct file_call *c)
{
	struct zxp_vmo_create_child arg = {
		.size = sizeof(arg),
		.options = (uint32_t)c->mode,
		.name = (uintptr_t)c->buffer,
	};
	struct stat st;
	int error;

	/* As large as it is now: it may have changed since it was asked for. */
	if (fstat(c->fd, &st))
		return -errno;
	arg.length = (uint64_t)st.st_size;
	if (ioctl(c->fd, ZXP_IOC_VMO_CREATE_CHILD, &arg)) {
		if (errno != E2BIG)
			return -errno;
		arg.name = 0;
		if (ioctl(c->fd, ZXP_IOC_VMO_CREATE_CHILD, &arg))
			return -errno;
	}
	if (!fchmod(arg.out_fd, c->mode & ZXP_CHILD_NO_WRITE ? 0444 : 0666))
		return arg.out_fd;
	error = errno;
	close(arg.out_fd);
	return -error;
}

int pager_copy(struct event *ev, const char *name, int fd, bool frozen, bool written_to)
{
	int frozen_mode = written_to ? ZXP_CHILD_POINT_IN_TIME :
				       ZXP_CHILD_SNAPSHOT_MODIFIED;

	if (!pager_adopt_copy(fd))
		return ENOMEM;
	calls_begin(copies_disk, ev, (struct file_call){
		.make = make_copy,
		.buffer = (void *)(uintptr_t)name,
		.fd = fd,
		.mode = frozen ? frozen_mode | ZXP_CHILD_NO_WRITE :
				 ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE | ZXP_CHILD_RESIZABLE,
	});
	return 0;
}

static int make_close(const struct file_call *c)
{
	return close(c->fd) ? -errno : 0;
}

void pager_close(struct event *ev, int fd)
{
	calls_begin(copies_disk, ev, (struct file_call){ .make = make_close, .fd = fd });
}

void pager_copy_info(int fd, struct pager_info *info)
{
	/* What it shares is not asked for, which takes its time. */
	struct zxp_vmo_info all = { .size = offsetof(struct zxp_vmo_info, out_shared_bytes) };

	/* It takes no memory, so it does not fail. */
	if (ioctl(fd, ZXP_IOC_VMO_GET_INFO, &all))
		log_line("the kernel does not tell of a copy: %s", strerror(errno));
	*info = (struct pager_info){
		.size = all.out_vmo_size,
		.stream_size = all.out_stream_size,
		.own = all.out_resident,
	};
}

int pager_reopen(int fd, bool writable)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
}

ssize_t pager_read(struct target *t, void *buffer, size_t length, uint64_t offset)
{
	struct iovec to = { .iov_base = buffer, .iov_len = length };

	return preadv2(zx_linux_handle_to_fd(t->handle), &to, 1, (off_t)offset,
		       RWF_NOWAIT);
}

/* What it reads is of no interest: all of it goes to one place. */
uint64_t pager_present(struct target *t, uint64_t offset, uint64_t length)
{
	static char page[4096];
	struct iovec to[64];
	unsigned int n = 0;
	ssize_t got;

	while (n < sizeof(to) / sizeof(to[0]) && n * sizeof(page) < length)
		to[n++] = (struct iovec){ .iov_base = page, .iov_len = sizeof(page) };
	got = preadv2(zx_linux_handle_to_fd(t->handle), to, (int)n, (off_t)offset,
		      RWF_NOWAIT);
	if (got <= 0)
		return 0;
	/* The stream may end within the last page. */
	got = (got + (ssize_t)sizeof(page) - 1) & ~((ssize_t)sizeof(page) - 1);
	return (uint64_t)got < length ? (uint64_t)got : length;
}
