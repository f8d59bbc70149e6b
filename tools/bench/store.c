// SPDX-License-Identifier: GPL-2.0
/*
 * A file that is read as from a disk: brd or null_blk keep it in memory of their own, and
 * ext4 reads it into the page cache when it is not there. All who serve it read it in the
 * same way. With brd nothing waits for a disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store.h"

/* What ext4 has beside the file. */
#define OVERHEAD(size)	((size) / 8 + MIB(16))

const struct disk disk_brd = {
	.module = "brd",
	.parameters = { "rd_nr=1" },
	.size_parameter = "rd_size",
	.device = "/dev/ram0",
};

/* What was never written takes no memory, so its size is no matter. */
const struct disk disk_slow = {
	.module = "null_blk",
	.parameters = { "nr_devices=1", "gb=2", "bs=4096", "memory_backed=1", "irqmode=2",
			"completion_nsec=100000" },
	.device = "/dev/nullb0",
};

void make_directory(char *dir, size_t size)
{
	snprintf(dir, size, "/tmp/zxbench.XXXXXX");
	if (!mkdtemp(dir))
		die("%s", dir);
}

/* All descriptors of this program are closed there, but for @keep_fd. */
pid_t run_program(char *const *argv, int keep_fd)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid)
		return pid;
	/* Standard output is for figures. */
	dup2(STDERR_FILENO, STDOUT_FILENO);
	if (keep_fd >= 0)
		fcntl(keep_fd, F_SETFD, 0);
	execvp(argv[0], argv);
	die("%s", argv[0]);
}

void wait_for_end(pid_t pid, const char *what)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		die("wait for %s", what);
	errno = 0;
	if (status)
		die("%s ended with status %#x", what, (unsigned int)status);
}

static void run_to_end(char *const *argv)
{
	wait_for_end(run_program(argv, -1), argv[0]);
}

static void write_content(const struct store *store)
{
	int fd = open(store->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	size_t page, run;

	if (fd < 0)
		die("%s", store->path);
	for (page = 0; page < store->pages; page += run) {
		run = content_run(page, store->pages - page);
		if (pwrite(fd, content_at(page), run * PAGE_SIZE,
			   (off_t)(page * PAGE_SIZE)) != (ssize_t)(run * PAGE_SIZE))
			die("%s", store->path);
	}
	if (fsync(fd))
		die("%s", store->path);
	close(fd);
}

static void load(const struct disk *disk, size_t size)
{
	char *argv[12] = { "modprobe", (char *)disk->module }, size_parameter[32];
	unsigned int n = 2, i;

	for (i = 0; disk->parameters[i]; i++)
		argv[n++] = (char *)disk->parameters[i];
	if (disk->size_parameter) {
		snprintf(size_parameter, sizeof(size_parameter), "%s=%zu",
			 disk->size_parameter, (size + OVERHEAD(size)) >> 10);
		argv[n++] = size_parameter;
	}
	run_to_end(argv);
}

void store_open(struct store *store, const struct disk *disk, size_t pages)
{
	char *format[8] = { "mkfs.ext4", "-q", "-O", "^has_journal", "-E",
			    "lazy_itable_init=0,nodiscard", (char *)disk->device };

	store->disk = disk;
	store->pages = pages;
	load(disk, pages * PAGE_SIZE);
	run_to_end(format);
	make_directory(store->dir, sizeof(store->dir));
	if (mount(disk->device, store->dir, "ext4", MS_NOATIME, NULL))
		die("mount of %s", disk->device);
	snprintf(store->path, sizeof(store->path), "%s/data", store->dir);
	write_content(store);
}

void store_cold(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	sync();
	if (fd < 0 || write(fd, "1", 1) != 1)
		die("drop_caches");
	close(fd);
}

void store_close(const struct store *store)
{
	if (umount2(store->dir, 0))
		die("umount %s", store->dir);
	rmdir(store->dir);
	run_to_end((char *[]){ "modprobe", "-r", (char *)store->disk->module, NULL });
}

/* --- the file itself -------------------------------------------------------------- */

static void file_start(struct server *s, const struct store *store)
{
	s->fd = open(store->path, O_RDONLY | O_CLOEXEC);
	if (s->fd < 0)
		die("%s", store->path);
}

static void file_stop(struct server *s)
{
	close(s->fd);
}

const struct serving serving_file = {
	.name = "file",
	.start = file_start,
	.stop = file_stop,
};
