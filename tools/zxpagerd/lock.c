// SPDX-License-Identifier: GPL-2.0
/*
 * Locks between daemons.  They are on files of the user's own, since others could take those
 * on anything that they can open, as a directory, or whose name they can guess.
 */
#include <errno.h>
#include <stdbool.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lock.h"
#include "log.h"

#define STEP_MS	50

static unsigned int patience;	/* in steps */

void lock_wait_for(unsigned int ms)
{
	patience = ms / STEP_MS;
}

bool lock_again(const char *path, unsigned int tries)
{
	struct timespec step = { .tv_nsec = STEP_MS * 1000000L };

	if (tries >= patience)
		return false;
	if (!tries)
		log_line("%s is still locked: waiting for up to %u seconds", path,
			 patience * STEP_MS / 1000);
	nanosleep(&step, NULL);
	return true;
}

static int fail(int fd, int error)
{
	close(fd);
	errno = error;
	return -1;
}

bool lock_has_name(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && st.st_nlink;
}

/* Whoever has locked it may remove it: who has one without a name opens the next. */
static int try_lock(const char *path)
{
	struct stat st;
	int fd;

	for (;;) {
		fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
		if (fd < 0)
			return -1;
		if (fstat(fd, &st))
			return fail(fd, errno);
		if (st.st_uid != geteuid() || !S_ISREG(st.st_mode) || st.st_mode & 077)
			return fail(fd, EPERM);
		if (flock(fd, LOCK_EX | LOCK_NB))
			return fail(fd, errno);
		if (lock_has_name(fd))
			return fd;
		close(fd);
	}
}

int lock_file(const char *path)
{
	unsigned int tries = 0;
	int fd;

	do {
		fd = try_lock(path);
	} while (fd < 0 && errno == EWOULDBLOCK && lock_again(path, tries++));
	return fd;
}
