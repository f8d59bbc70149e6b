// SPDX-License-Identifier: GPL-2.0
/*
 * Who has a file open, and whether that was to be found out at all.  Files without a name
 * are VMOs here.  Needs no kernel module.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../zxpagerd/holders.h"
#include "../zxpagerd/loop.h"
#include "../zxpagerd/target.h"
#include "../zxpagerd/user.h"

#define MANY	4200u	/* more than there is room for */

/* Users that nobody else is; the test may be no more than root of a container. */
#define USER		70001
#define ANOTHER		70002

static struct target target = { .name = "file" };
static struct event done;
static bool is_done;
static int result, no_eventfd;
static const char *hidden;	/* a directory or file */
static int hidden_error;

int __wrap_eventfd(unsigned int value, int flags);
int __real_eventfd(unsigned int value, int flags);
DIR *__wrap_opendir(const char *path);
DIR *__real_opendir(const char *path);
int __wrap_statx(int dir, const char *path, int flags, unsigned int mask, struct statx *st);
int __real_statx(int dir, const char *path, int flags, unsigned int mask, struct statx *st);
FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__real_fopen(const char *path, const char *mode);
int __wrap_openat(int dir, const char *path, int flags, ...);
int __wrap_access(const char *path, int mode);
static unsigned int asked, synced;
static const char *hidden_file;
static const char *devices;	/* instead of /dev */
static const char *no_device;	/* in there, that may not be opened */
static const char *backing;		/* what the kernel tells of what it lies on, if it does */
static bool no_sysfs;
static const char *its_status;	/* of a process of USER */
static pid_t holds_child;	/* what this process has open is a copy */
static char child_info[100];	/* what the kernel tells of it */

int __wrap_eventfd(unsigned int value, int flags)
{
	if (!no_eventfd)
		return __real_eventfd(value, flags);
	errno = no_eventfd;
	return -1;
}

DIR *__wrap_opendir(const char *path)
{
	if (devices && !strcmp(path, "/dev"))
		return __real_opendir(devices);
	if (!hidden || strcmp(path, hidden))
		return __real_opendir(path);
	errno = hidden_error;
	return NULL;
}

int __wrap_statx(int dir, const char *path, int flags, unsigned int mask, struct statx *st)
{
	asked++;
	synced += !(flags & AT_STATX_DONT_SYNC);
	return __real_statx(dir, path, flags, mask, st);
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
	static const char status[] = "Name:\tclient\nUid:\t1\t70001\t1\t1\nGid:\t1\t1\t1\t1\n";
	char infos[40];

	if (hidden_file && !strcmp(path, hidden_file)) {
		errno = hidden_error;
		return NULL;
	}
	if (its_status && !strcmp(path, its_status))
		return fmemopen((char *)status, sizeof(status) - 1, "r");
	if (no_device && !strncmp(path, "/sys/block/", strlen("/sys/block/"))) {
		errno = ENOENT;
		return backing ? fmemopen((char *)backing, strlen(backing), "r") : NULL;
	}
	snprintf(infos, sizeof(infos), "/proc/%d/fdinfo/", (int)holds_child);
	if (holds_child && !strncmp(path, infos, strlen(infos)))
		return fmemopen(child_info, strlen(child_info), "r");
	return __real_fopen(path, mode);
}

/* Only devices are opened with it. */
int __wrap_openat(int dir, const char *path, int flags, ...)
{
	(void)dir;
	(void)path;
	(void)flags;
	errno = EACCES;
	return -1;
}

int __wrap_access(const char *path, int mode)
{
	(void)path;
	(void)mode;
	errno = ENOENT;
	return no_sysfs ? -1 : 0;
}

static void look_done(struct event *ev, int res)
{
	(void)ev;
	is_done = true;
	result = res;
}

static int look(void)
{
	int error;

	is_done = false;
	done.handler = look_done;
	error = holders_look(target.dev, &done);
	while (!error && !is_done)
		loop_turn();
	return error ? error : result;
}

/* A process that has the file open, and @more others. */
static pid_t begin_client(unsigned int more)
{
	int there[2] = { -1, -1 }, fd = memfd_create("file", MFD_CLOEXEC);
	struct stat st = { 0 };
	char byte;
	pid_t pid;

	assert_true(fd >= 0 && !fstat(fd, &st) && !pipe2(there, O_CLOEXEC));
	target.dev = st.st_dev;
	target.ino = st.st_ino;
	pid = fork();
	if (!pid) {
		while (more && memfd_create("more", MFD_CLOEXEC) >= 0)
			more--;
		if (!more && write(there[1], "y", 1) == 1)
			pause();
		_exit(1);
	}
	close(there[1]);
	assert_int_equal(read(there[0], &byte, 1), 1);
	close(there[0]);
	close(fd);
	return pid;
}

static void end_client(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Before there has been one. */
static void look_that_cannot_begin(void **state)
{
	(void)state;
	no_eventfd = EMFILE;
	assert_int_equal(look(), EMFILE);
	no_eventfd = 0;
}

static void somebody_and_nobody(void **state)
{
	pid_t pid = begin_client(0);

	(void)state;
	assert_int_equal(look(), 0);
	assert_true(holders_have(&target));
	assert_true(asked > 0);
	assert_int_equal(synced, 0);
	end_client(pid);
	assert_int_equal(look(), 0);
	assert_false(holders_have(&target));
}

/* It is on another device, and not the VMO's inode. */
static void somebody_with_a_copy(void **state)
{
	pid_t pid = begin_client(0);

	(void)state;
	target.dev = makedev(0, (1 << 20) - 1);
	holds_child = pid;
	snprintf(child_info, sizeof(child_info), "pos:\t0\nzxpager-state:\tchild\n"
		 "zxpager-root:\t%llu\n", (unsigned long long)target.ino);
	assert_int_equal(look(), 0);
	assert_true(holders_have(&target));
	snprintf(child_info, sizeof(child_info), "pos:\t0\nzxpager-root:\t%llu\n",
		 (unsigned long long)target.ino + 1);
	assert_int_equal(look(), 0);
	assert_false(holders_have(&target));
	/* A file of somebody else. */
	holds_child = 0;
	assert_int_equal(look(), 0);
	assert_false(holders_have(&target));
	end_client(pid);
}

static void processes_cannot_be_seen(void **state)
{
	(void)state;
	hidden = "/proc";
	hidden_error = EACCES;
	assert_int_equal(look(), -ENOENT);
	hidden_error = EMFILE;
	assert_true(look() < 0);
	hidden = "/dev";
	assert_int_equal(look(), -EMFILE);
	/* There need not be any. */
	hidden_error = ENOENT;
	assert_int_equal(look(), 0);
	hidden = NULL;
}

static void give_to(uid_t uid)
{
	user_find(uid)->given = true;
}

static void take_back(void)
{
	user_find(USER)->given = false;
	user_find(ANOTHER)->given = false;
}

/* The daemon is not root, and may not look at the process of another user. */
static void process_of_another_user(void **state)
{
	pid_t pid = begin_client(0);
	char fds[40], maps[40], status[40];

	(void)state;
	snprintf(fds, sizeof(fds), "/proc/%d/fd", (int)pid);
	snprintf(maps, sizeof(maps), "/proc/%d/maps", (int)pid);
	snprintf(status, sizeof(status), "/proc/%d/status", (int)pid);
	its_status = status;
	hidden = fds;
	hidden_error = EACCES;
	/* Nobody has been given anything, or another one. */
	assert_int_equal(look(), 0);
	assert_false(holders_have(&target));
	give_to(ANOTHER);
	assert_int_equal(look(), 0);
	/* It does not tell whose it is. */
	hidden_file = status;
	assert_int_equal(look(), -EACCES);
	hidden_file = NULL;
	take_back();
	give_to(USER);
	assert_int_equal(look(), -EACCES);
	hidden_error = EPERM;
	assert_int_equal(look(), -EPERM);
	/* It ends just then. */
	hidden_error = ENOENT;
	assert_int_equal(look(), 0);
	hidden = NULL;
	hidden_file = maps;
	hidden_error = EACCES;
	assert_int_equal(look(), -EACCES);
	assert_true(holders_have(&target));
	hidden_file = NULL;
	its_status = NULL;
	take_back();
	end_client(pid);
}

/* Nor open a device that may lie on a VMO. */
static void device_of_root(void **state)
{
	static const char on_a_file[] = "/srv/image\n", on_a_vmo[] = "/zxpager-vmo (deleted)\n";
	static const char on_a_named_one[] = "/zxpager:image (deleted)\n";
	char dir[] = "/tmp/zxd-holders-XXXXXX", device[64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(device, sizeof(device), "%s/loop7", dir);
	assert_int_equal(mknod(device, S_IFREG | 0600, 0), 0);
	devices = dir;
	no_device = "loop7";
	backing = on_a_vmo;
	assert_int_equal(look(), 0);
	give_to(ANOTHER);
	assert_int_equal(look(), -EACCES);
	backing = on_a_named_one;
	assert_int_equal(look(), -EACCES);
	backing = on_a_file;
	assert_int_equal(look(), 0);
	/* On nothing; or nobody tells. */
	backing = NULL;
	assert_int_equal(look(), 0);
	no_sysfs = true;
	assert_int_equal(look(), -EACCES);
	unlink(device);
	/* Of a partition nothing is known that the whole does not tell. */
	snprintf(device, sizeof(device), "%s/loop7p1", dir);
	assert_int_equal(mknod(device, S_IFREG | 0600, 0), 0);
	assert_int_equal(look(), 0);
	unlink(device);
	rmdir(dir);
	devices = no_device = NULL;
	no_sysfs = false;
	take_back();
}

static void more_than_there_is_room_for(void **state)
{
	struct rlimit files;
	pid_t pid;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	/* Root may have more than that. */
	if (files.rlim_max < MANY + 16)
		files.rlim_max = MANY + 16;
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files))
		skip();
	pid = begin_client(MANY);
	assert_int_equal(look(), -ENOBUFS);
	end_client(pid);
	assert_int_equal(look(), 0);
}

int main(void)
{
	static const struct CMUnitTest holders[] = {
		cmocka_unit_test(look_that_cannot_begin),
		cmocka_unit_test(somebody_and_nobody),
		cmocka_unit_test(somebody_with_a_copy),
		cmocka_unit_test(processes_cannot_be_seen),
		cmocka_unit_test(process_of_another_user),
		cmocka_unit_test(device_of_root),
		cmocka_unit_test(more_than_there_is_room_for),
	};

	loop_init();
	return cmocka_run_group_tests(holders, NULL, NULL);
}
