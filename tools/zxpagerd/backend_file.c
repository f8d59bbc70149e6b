// SPDX-License-Identifier: GPL-2.0
/*
 * Regular files and block devices, through io_uring.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend.h"
#include "log.h"

#define STACK_SIZE	(256u << 10)

/*
 * struct backend_file - an open file
 * @hole, @blank: fallocate() knows how to punch holes, to zero a range in place
 * @order, @answer: eventfds, to the thread that resizes and back
 */
struct backend_file {
	struct backend base;
	int fd;
	bool hole;
	bool blank;
	struct event event;	/* a fallocate() for zeroes */
	struct event *zeroing;	/* whom it is for */
	bool punching;
	bool keep;
	uint64_t offset, length;
	struct event resized;	/* the thread has answered */
	struct event *resizing;	/* whom it is for */
	int order, answer;
	uint64_t new_size;
	int resize_error;
};

static struct backend_file *file_of(struct backend *be)
{
	return event_owner(be, struct backend_file, base);
}

static void file_read(struct backend *be, struct event *ev, void *buffer,
		      uint32_t length, uint64_t offset)
{
	loop_read(ev, file_of(be)->fd, buffer, length, offset);
}

static void file_write(struct backend *be, struct event *ev, const void *buffer,
		       uint32_t length, uint64_t offset)
{
	loop_write(ev, file_of(be)->fd, buffer, length, offset);
}

static void file_sync(struct backend *be, struct event *ev, bool all)
{
	loop_sync(ev, file_of(be)->fd, !all);
}

static void file_reserve(struct backend *be, struct event *ev, uint64_t offset,
			 uint64_t length)
{
	loop_fallocate(ev, file_of(be)->fd, FALLOC_FL_KEEP_SIZE, offset, length);
}

/* --- zeroes --------------------------------------------------------------------- */

/* A hole gives space back; where that must not be, blocks are marked as unwritten. */
static void begin_zero(struct backend_file *file)
{
	file->punching = file->hole && !file->keep;
	loop_fallocate(&file->event, file->fd,
		       FALLOC_FL_KEEP_SIZE | (file->punching ? FALLOC_FL_PUNCH_HOLE :
							       FALLOC_FL_ZERO_RANGE),
		       file->offset, file->length);
}

static void zero_done(struct event *ev, int res)
{
	struct backend_file *file = event_owner(ev, struct backend_file, event);

	if (res == -ENOSYS)
		res = -EOPNOTSUPP;
	if (res == -EOPNOTSUPP) {
		if (!file->punching)
			file->blank = false;
		else
			file->hole = false;
		if (file->punching && file->blank) {
			begin_zero(file);
			return;
		}
	}
	file->zeroing->handler(file->zeroing, res);
}

static void file_zero(struct backend *be, struct event *ev, uint64_t offset,
		      uint64_t length, bool keep)
{
	struct backend_file *file = file_of(be);

	file->zeroing = ev;
	file->keep = keep;
	file->offset = offset;
	file->length = length;
	begin_zero(file);
}

/* --- the size ------------------------------------------------------------------- */

/*
 * io_uring has no ftruncate() before Linux 6.9, and a store that hangs is not to hold up
 * all others.  So a thread that does nothing else makes the call.
 */
static void *resizer(void *data)
{
	struct backend_file *file = data;
	uint64_t count;

	for (;;) {
		if (read(file->order, &count, sizeof(count)) != sizeof(count))
			continue;
		file->resize_error = ftruncate(file->fd, (off_t)file->new_size) ?
				     errno : 0;
		while (eventfd_write(file->answer, 1))
			;
	}
	return NULL;
}

static void resize_done(struct event *ev, int res)
{
	struct backend_file *file = event_owner(ev, struct backend_file, resized);
	eventfd_t count;

	(void)res;
	if (eventfd_read(file->answer, &count))
		loop_poll(&file->resized, file->answer);
	else
		file->resizing->handler(file->resizing, -file->resize_error);
}

static void file_resize(struct backend *be, struct event *ev, uint64_t size)
{
	struct backend_file *file = file_of(be);

	file->resizing = ev;
	file->new_size = size;
	loop_poll(&file->resized, file->answer);
	eventfd_write(file->order, 1);
}

static void start_resizer(struct backend_file *file, const char *path)
{
	pthread_t thread;
	pthread_attr_t attr;
	sigset_t all, old;
	int error;

	file->resized.handler = resize_done;
	file->order = eventfd(0, EFD_CLOEXEC);
	file->answer = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (file->order < 0 || file->answer < 0)
		die("%s: cannot make an eventfd: %s", path, strerror(errno));
	/* Signals are for the loop. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	error = pthread_create(&thread, &attr, resizer, file);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error)
		die("%s: cannot start a thread: %s", path, strerror(error));
}

static const struct backend_ops regular_ops = {
	.read = file_read,
	.write = file_write,
	.sync = file_sync,
	.reserve = file_reserve,
	.zero = file_zero,
	.resize = file_resize,
};

static const struct backend_ops device_ops = {
	.read = file_read,
	.write = file_write,
	.sync = file_sync,
	.zero = file_zero,
};

/* --- the beginning -------------------------------------------------------------- */

/* Finds out what it is and how large. */
static void examine(struct backend_file *file, const char *path)
{
	struct stat st;

	if (fstat(file->fd, &st))
		die("%s: %s", path, strerror(errno));
	file->base.ops = S_ISREG(st.st_mode) ? &regular_ops : &device_ops;
	if (S_ISREG(st.st_mode))
		file->base.size = (uint64_t)st.st_size;
	else if (!S_ISBLK(st.st_mode))
		die("%s is neither a regular file nor a block device", path);
	else if (ioctl(file->fd, BLKGETSIZE64, &file->base.size))
		die("%s: its size cannot be had: %s", path, strerror(errno));
	/* A hole on a device would be a discard, which thin devices take as a gift. */
	file->hole = S_ISREG(st.st_mode);
	file->blank = true;
}

/* Two that write to one file would each undo what the other has written. */
static void claim(struct backend_file *file, const char *path)
{
	if (!flock(file->fd, LOCK_EX | LOCK_NB))
		return;
	if (errno == EWOULDBLOCK)
		die("%s is being written by another daemon, or under another name: serve it once",
		    path);
	die("%s: cannot lock it: %s", path, strerror(errno));
}

struct backend *backend_file_open(const char *path, bool writable)
{
	struct backend_file *file = calloc(1, sizeof(*file));

	if (!file)
		die("out of memory");
	/*
	 * Not to hang on a FIFO that nobody writes to.  O_EXCL says something about
	 * block devices alone: not while it is mounted.
	 */
	file->fd = open(path, (writable ? O_RDWR | O_EXCL : O_RDONLY) | O_CLOEXEC |
			      O_NONBLOCK | O_NOCTTY);
	if (file->fd < 0 && errno == EBUSY)
		die("%s is mounted or in use: stop that before serving it writable",
		    path);
	if (file->fd < 0)
		die("cannot open %s: %s", path, strerror(errno));
	file->base.path = path;
	file->event.handler = zero_done;
	examine(file, path);
	if (writable)
		claim(file, path);
	if (writable && file->base.ops->resize)
		start_resizer(file, path);
	/* A file that can grow may begin with nothing. */
	if (!file->base.size && !(writable && file->base.ops->resize))
		die("%s is empty: there is nothing to serve", path);
	if (fcntl(file->fd, F_SETFL, 0))
		die("%s: %s", path, strerror(errno));
	return &file->base;
}
