// SPDX-License-Identifier: GPL-2.0
/*
 * Regular files and block devices.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend.h"
#include "calls.h"
#include "key.h"
#include "lock.h"
#include "log.h"

/*
 * struct backend_file - an open file
 * @device, @ino: what it is known by; of a block device its number and 0
 * @disk: which one has it
 * @hole, @blank: fallocate() knows how to punch holes, to zero a range in place
 */
struct backend_file {
	struct backend base;
	int fd;
	dev_t device;
	ino_t ino;
	struct disk *disk;
	bool hole;
	bool blank;
	struct event event;	/* a fallocate() for zeroes */
	struct event *zeroing;	/* whom it is for */
	bool punching;
	bool keep;
	uint64_t offset, length;
};

static struct backend_file *file_of(struct backend *be)
{
	return event_owner(be, struct backend_file, base);
}

static void file_read(struct backend *be, struct event *ev, void *buffer,
		      uint32_t length, uint64_t offset)
{
	calls_read(file_of(be)->disk, ev, file_of(be)->fd, buffer, length, offset);
}

static void file_write(struct backend *be, struct event *ev, const void *buffer,
		       uint32_t length, uint64_t offset)
{
	calls_write(file_of(be)->disk, ev, file_of(be)->fd, buffer, length, offset);
}

static void file_sync(struct backend *be, struct event *ev, bool all)
{
	calls_sync(file_of(be)->disk, ev, file_of(be)->fd, !all);
}

static void file_reserve(struct backend *be, struct event *ev, uint64_t offset,
			 uint64_t length)
{
	calls_allocate(file_of(be)->disk, ev, file_of(be)->fd, FALLOC_FL_KEEP_SIZE, offset,
		       length);
}

/* --- zeroes --------------------------------------------------------------------- */

/* A hole gives space back; where that must not be, blocks are marked as unwritten. */
static void begin_zero(struct backend_file *file)
{
	file->punching = file->hole && !file->keep;
	calls_allocate(file->disk, &file->event, file->fd,
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

static void file_resize(struct backend *be, struct event *ev, uint64_t size)
{
	calls_resize(file_of(be)->disk, ev, file_of(be)->fd, size);
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

static int compare(const void *a, const void *b)
{
	const struct backend_file *one = a, *other = b;

	if (one->device != other->device)
		return one->device < other->device ? -1 : 1;
	if (one->ino != other->ino)
		return one->ino < other->ino ? -1 : 1;
	return 0;
}

static void *taken;	/* a tree of <search.h> */

/* Under two names it would be two VMOs, and what is written to one not be seen in the other. */
static bool take(struct backend_file *file, const char *path, const struct stat *st)
{
	struct backend_file **found;

	file->device = S_ISBLK(st->st_mode) ? st->st_rdev : st->st_dev;
	file->ino = S_ISBLK(st->st_mode) ? 0 : st->st_ino;
	found = tsearch(file, &taken, compare);
	if (!found)
		die("out of memory");
	if (*found == file)
		return true;
	log_line("%s is %s under another name: serve it once", path, (*found)->base.path);
	errno = EEXIST;
	return false;
}

/* A file that was removed and made anew may have its number, but was not born then. */
static uint64_t identity(const struct backend_file *file)
{
	struct statx st = { .stx_mask = 0 };
	uint64_t known[4] = { file->device, file->ino };

	if (file->ino && !statx(file->fd, "", AT_EMPTY_PATH, STATX_BTIME, &st) &&
	    st.stx_mask & STATX_BTIME) {
		known[2] = (uint64_t)st.stx_btime.tv_sec;
		known[3] = st.stx_btime.tv_nsec;
	}
	return key_hash(KEY_SEED, known, sizeof(known));
}

/*
 * How large a file may be its file system knows, and lseek() goes as far as that and no
 * further.  Nothing is changed to find out.
 */
static uint64_t largest(int fd)
{
	uint64_t most = 0, refused = 1ULL << 63;

	while (refused - most > 1) {
		uint64_t at = most + (refused - most) / 2;

		if (lseek(fd, (off_t)at, SEEK_SET) < 0)
			refused = at;
		else
			most = at;
	}
	lseek(fd, 0, SEEK_SET);
	return most;
}

static bool fail(const char *path, const char *why, int error)
{
	log_line("%s%s", path, why);
	errno = error;
	return false;
}

static bool fail_by(const char *what, const char *path, int error)
{
	log_line("%s%s: %s", what, path, strerror(error));
	errno = error;
	return false;
}

/* Finds out what it is, how large, and how large it can be. */
static bool examine(struct backend_file *file, const char *path)
{
	struct stat st;

	if (fstat(file->fd, &st))
		return fail_by("", path, errno);
	file->base.ops = S_ISREG(st.st_mode) ? &regular_ops : &device_ops;
	if (S_ISREG(st.st_mode)) {
		file->base.size = (uint64_t)st.st_size;
		file->base.max_size = largest(file->fd);
	} else if (!S_ISBLK(st.st_mode)) {
		return fail(path, " is neither a regular file nor a block device", EINVAL);
	} else if (ioctl(file->fd, BLKGETSIZE64, &file->base.size)) {
		return fail_by("the size cannot be had of ", path, errno);
	}
	if (!take(file, path, &st))
		return false;
	file->base.identity = identity(file);
	file->disk = calls_disk(file->device);
	if (!file->disk)
		die("out of memory");
	file->base.store = file->disk;
	/* A hole on a device would be a discard, which thin devices take as a gift. */
	file->hole = S_ISREG(st.st_mode);
	file->blank = true;
	return true;
}

/* Two that write to one file would each undo what the other has written. */
static bool claim(struct backend_file *file, const char *path)
{
	unsigned int tries = 0;

	while (flock(file->fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK)
			return fail_by("cannot lock ", path, errno);
		if (!lock_again(path, tries++))
			return fail(path, " is being written by another daemon: serve it once",
				    EWOULDBLOCK);
	}
	return true;
}

/*
 * Not to hang on a FIFO that nobody writes to.  O_EXCL says something about block devices
 * alone: not while it is mounted.
 */
static int open_store(const char *path, bool writable)
{
	unsigned int tries = 0;
	int fd;

	do {
		fd = open(path, (writable ? O_RDWR | O_EXCL : O_RDONLY) | O_CLOEXEC | O_NONBLOCK |
				O_NOCTTY);
	} while (fd < 0 && errno == EBUSY && lock_again(path, tries++));
	return fd;
}

static bool begin(struct backend_file *file, const char *path, bool writable)
{
	file->fd = open_store(path, writable);
	if (file->fd < 0 && errno == EBUSY)
		return fail(path, " is mounted or in use: stop that before serving it writable",
			    EBUSY);
	if (file->fd < 0)
		return fail_by("cannot open ", path, errno);
	file->base.path = path;
	file->event.handler = zero_done;
	if (!examine(file, path) || (writable && !claim(file, path)))
		return false;
	/* A file that can grow may begin with nothing. */
	if (!file->base.size && !(writable && file->base.ops->resize))
		return fail(path, " is empty: there is nothing to serve", ENODATA);
	return !fcntl(file->fd, F_SETFL, 0) || fail_by("", path, errno);
}

/* Another one may be known as taken in its place. */
void backend_file_close(struct backend *be)
{
	struct backend_file *file = file_of(be), **found = tfind(file, &taken, compare);

	if (found && *found == file)
		tdelete(file, &taken, compare);
	if (file->fd >= 0)
		close(file->fd);
	free(file);
}

struct backend *backend_file_open(const char *path, bool writable)
{
	struct backend_file *file = calloc(1, sizeof(*file));
	int error;

	if (!file)
		die("out of memory");
	if (begin(file, path, writable))
		return &file->base;
	error = errno;
	backend_file_close(&file->base);
	errno = error;
	return NULL;
}
