// SPDX-License-Identifier: GPL-2.0
/*
 * Who has a VMO open.  The kernel does not tell when the last client has gone, so it is
 * looked for in /proc, and in the loop devices, which no process has to keep open.
 *
 * A thread does that: a process that waits for this daemon may keep one waiting who wants to
 * read its list of mappings.
 *
 * A daemon that is not root may not look at everybody.  Who belongs to a user that was never
 * given a descriptor is taken to have none; of any other it cannot be found out.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "holders.h"
#include "log.h"
#include "loop.h"
#include "target.h"
#include "thread.h"
#include "user.h"

#define HOLDERS_MAX	4096
#define TOLD_MAX	10	/* lines for one VMO */

/* What the kernel calls the files of the module: what follows is "-" or, with a name, ":". */
#define FILES_PREFIX	"/zxpager"

/* struct holder - somebody who has the VMO with inode @ino open; @pid 0 for a device */
struct holder {
	ino_t ino;
	pid_t pid;
	char name[32];
};

/* The thread's until it has answered. */
static struct holder holders[HOLDERS_MAX];
static unsigned int count;
static int failure;		/* what kept it from seeing all */
static bool seen_self, seen_first;
static dev_t vmo_dev;
static pid_t this_pid;
static char this_name[32];

pid_t holders_keeper;

static int answer = -1;
static struct event answered, *waiting;

/* In a line of numbers behind their name, which ends in a colon. */
static unsigned int read_uids(const char *line, uid_t *uids, unsigned int most)
{
	const char *at = strchr(line, ':');
	unsigned int n = 0;
	char *end;

	while (at++ && n < most) {
		uids[n] = (uid_t)strtoul(at, &end, 10);
		if (end == at)
			break;
		at = end;
		n++;
	}
	return n;
}

/* How many uids a process has told; 0, with errno, if it cannot be asked. */
static unsigned int uids_of(pid_t pid, uid_t *uids, unsigned int most)
{
	char file[64], line[128];
	unsigned int n = 0;
	FILE *status;

	snprintf(file, sizeof(file), "/proc/%d/status", (int)pid);
	status = fopen(file, "re");
	if (!status)
		return 0;
	while (fgets(line, sizeof(line), status))
		if (!strncmp(line, "Uid:", 4))
			n = read_uids(line, uids, most);
	fclose(status);
	errno = 0;
	return n;
}

/* That its uids cannot be had says nothing of whose it is. */
static bool may_have_one(pid_t pid)
{
	unsigned int n = 0;
	uid_t uids[4] = { 0 };
	bool given;

	if (pid) {
		n = uids_of(pid, uids, 4);
		if (!n && (errno == ENOENT || errno == ESRCH))
			return false;
	}
	loop_lock();
	given = user_was_given(uids, n);
	loop_unlock();
	return given;
}

/* A process that has ended is none; nor is one that cannot have been given anything. */
static void note_failure(int error)
{
	bool denied = (error == EACCES || error == EPERM) && !failure && may_have_one(this_pid);

	if (denied || error == ENOMEM || error == EMFILE || error == ENFILE || error == ENOBUFS)
		failure = error;
}

static void add(ino_t ino, pid_t pid, const char *name)
{
	struct holder *h = &holders[count];

	for (unsigned int i = 0; i < count; i++)
		if (holders[i].ino == ino && holders[i].pid == pid && pid)
			return;
	if (count == HOLDERS_MAX) {
		note_failure(ENOBUFS);
		return;
	}
	*h = (struct holder){ .ino = ino, .pid = pid };
	snprintf(h->name, sizeof(h->name), "%s", name);
	count++;
}

/* Calls @each for what is in a directory and begins with a digit, or with @prefix. */
static void for_each(const char *path, const char *prefix,
		     void (*each)(int dir, const char *path, const char *name))
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir) {
		note_failure(errno);
		return;
	}
	for (errno = 0; (entry = readdir(dir)); errno = 0)
		if (!strncmp(entry->d_name, prefix, strlen(prefix)) &&
		    strchr("0123456789", entry->d_name[strlen(prefix)]))
			each(dirfd(dir), path, entry->d_name);
	note_failure(errno);
	closedir(dir);
}

/* A copy or a slice is a file of another file system; the kernel tells of what VMO it is. */
static void look_at_child(const char *path, const char *name)
{
	static const char field[] = "zxpager-root:";
	char file[300], line[200];
	FILE *info;

	snprintf(file, sizeof(file), "%sinfo/%s", path, name);
	info = fopen(file, "re");
	if (!info) {
		note_failure(errno);
		return;
	}
	while (fgets(line, sizeof(line), info))
		if (!strncmp(line, field, sizeof(field) - 1)) {
			add(strtoul(line + sizeof(field) - 1, NULL, 10), this_pid, this_name);
			break;
		}
	if (ferror(info))
		note_failure(errno);
	fclose(info);
}

/*
 * It may be a file of a file system that hangs, which is not to be asked. One that is on no
 * device may be a child.
 */
static void look_at_fd(int dir, const char *path, const char *name)
{
	struct statx st;

	if (statx(dir, name, AT_STATX_DONT_SYNC, STATX_INO | STATX_TYPE, &st))
		note_failure(errno);
	else if (makedev(st.stx_dev_major, st.stx_dev_minor) == vmo_dev)
		add(st.stx_ino, this_pid, this_name);
	else if (!st.stx_dev_major && S_ISREG(st.stx_mode))
		look_at_child(path, name);
}

/* A line of it has, divided by blanks: addresses, mode, offset, MAJOR:MINOR, inode. */
static void look_at_mapping(const char *line)
{
	unsigned long major, minor, ino;
	char *end;

	for (unsigned int i = 0; i < 3; i++) {
		line = strchr(line, ' ');
		if (!line++)
			return;
	}
	major = strtoul(line, &end, 16);
	if (*end != ':')
		return;
	minor = strtoul(end + 1, &end, 16);
	ino = strtoul(end, NULL, 10);
	if (makedev((unsigned int)major, (unsigned int)minor) == vmo_dev)
		add(ino, this_pid, this_name);
}

static void look_at_mappings(const char *path)
{
	FILE *maps = fopen(path, "re");
	char line[512];

	if (!maps) {
		note_failure(errno);
		return;
	}
	while (fgets(line, sizeof(line), maps))
		look_at_mapping(line);
	if (ferror(maps))
		note_failure(errno);
	fclose(maps);
}

static void look_at_process(int dir, const char *path, const char *name)
{
	char file[300];
	FILE *comm;

	(void)dir;
	this_pid = (pid_t)strtol(name, NULL, 10);
	seen_first |= this_pid == 1;
	seen_self |= this_pid == getpid();
	if (this_pid == getpid() || this_pid == holders_keeper)
		return;
	snprintf(file, sizeof(file), "%s/%s/comm", path, name);
	comm = fopen(file, "re");
	if (!comm || !fgets(this_name, sizeof(this_name), comm))
		this_name[0] = '\0';
	if (comm)
		fclose(comm);
	this_name[strcspn(this_name, "\n")] = '\0';
	snprintf(file, sizeof(file), "%s/%s/fd", path, name);
	for_each(file, "", look_at_fd);
	snprintf(file, sizeof(file), "%s/%s/maps", path, name);
	look_at_mappings(file);
}

/*
 * One that may not be opened tells everybody what lies below it, if anything does.  A
 * partition is a part of one that does.
 */
static bool may_be_on_a_vmo(const char *name)
{
	char file[300], below[300];
	FILE *tells;
	bool may;

	if (strchr(name + strlen("loop"), 'p'))
		return false;
	snprintf(file, sizeof(file), "/sys/block/%s/loop/backing_file", name);
	tells = fopen(file, "re");
	if (!tells) {
		snprintf(file, sizeof(file), "/sys/block/%s", name);
		return access(file, F_OK) != 0;
	}
	may = !fgets(below, sizeof(below), tells) ||
	      (!strncmp(below, FILES_PREFIX, strlen(FILES_PREFIX)) &&
	       strchr("-:", below[strlen(FILES_PREFIX)]));
	fclose(tells);
	return may;
}

static void look_at_loop(int dir, const char *path, const char *name)
{
	struct loop_info64 info;
	char file[300];
	int fd;

	snprintf(file, sizeof(file), "%s/%s", path, name);
	fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		int error = errno;

		if ((error != EACCES && error != EPERM) || may_be_on_a_vmo(name))
			note_failure(error);
		return;
	}
	if (!ioctl(fd, LOOP_GET_STATUS64, &info) && info.lo_device == vmo_dev)
		add((ino_t)info.lo_inode, 0, file);
	close(fd);
}

static void *look(void *unused)
{
	(void)unused;
	count = 0;
	failure = 0;
	seen_self = seen_first = false;
	this_pid = 0;
	for_each("/proc", "", look_at_process);
	this_pid = 0;
	if (!seen_self)
		failure = ENOENT;
	/* Those of others are hidden, and not only what they have. */
	if (!seen_first)
		note_failure(EACCES);
	for_each("/dev", "loop", look_at_loop);
	while (eventfd_write(answer, 1))
		;
	return NULL;
}

static void take_answer(struct event *ev, int res)
{
	struct event *done = waiting;
	eventfd_t value;

	(void)ev;
	(void)res;
	if (eventfd_read(answer, &value)) {
		loop_poll(&answered, answer);
		return;
	}
	done->handler(done, -failure);
}

int holders_look(dev_t dev, struct event *done)
{
	int error;

	vmo_dev = dev;
	waiting = done;
	answered.handler = take_answer;
	if (answer < 0)
		answer = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	error = answer < 0 ? errno : thread_start(look, NULL);
	if (!error)
		loop_poll(&answered, answer);
	return error;
}

bool holders_have(const struct target *t)
{
	for (unsigned int i = 0; i < count; i++)
		if (holders[i].ino == t->ino)
			return true;
	return false;
}

void holders_tell(const struct target *t, uint64_t bytes)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < count; i++) {
		const struct holder *h = &holders[i];

		if (h->ino != t->ino || n++ >= TOLD_MAX)
			continue;
		if (h->pid)
			log_line("%s: process %d (%s) has it open, %llu bytes are not written",
				 t->name, (int)h->pid, h->name, (unsigned long long)bytes);
		else
			log_line("%s: %s lies on it, %llu bytes are not written", t->name,
				 h->name, (unsigned long long)bytes);
	}
	if (n > TOLD_MAX)
		log_line("%s: %u more have it open", t->name, n - TOLD_MAX);
}
