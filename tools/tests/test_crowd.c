// SPDX-License-Identifier: GPL-2.0
/*
 * A thousand clients of one daemon at the same time, each of them a process that has a
 * connection, a descriptor and a mapping, and looks at every byte.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include "peer.h"

#define CLIENTS		1000
#define SPARE		16

/* struct crowd - how far they have come, in memory of all */
struct crowd {
	atomic_uint ready, done, wrong;
};

static struct crowd *crowd;
static const uint8_t *content;
static size_t size;
static int gate[2];		/* its end is the sign to begin */

static void map_content(void)
{
	struct stat st;
	int fd = open(told("ZXD_FILE"), O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	size = (size_t)st.st_size;
	content = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(content, MAP_FAILED);
	close(fd);
}

static void evict(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "3", 1), 1);
	close(fd);
}

/* Some through the mapping, others with pread(), from different places on. */
static bool is_right(const uint8_t *map, int fd, unsigned int number)
{
	size_t start = (size_t)number * 4096 % size, done = 0;
	uint8_t buffer[8192];

	while (done < size) {
		size_t at = (start + done) % size, n = sizeof(buffer);

		if (n > size - at)
			n = size - at;
		if (n > size - done)
			n = size - done;
		if (number % 2 && pread(fd, buffer, n, (off_t)at) != (ssize_t)n)
			return false;
		if (memcmp(number % 2 ? buffer : map + at, content + at, n))
			return false;
		done += n;
	}
	return true;
}

static void __attribute__((noreturn)) be_client(unsigned int number)
{
	struct zxd_request req = request(ZXD_STAT, "f");
	const uint8_t *map;
	int sock, fd;
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(gate[1]);
	sock = dial();
	if (ask_for_fd(sock, "f", &fd))
		_exit(1);
	map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		_exit(1);
	atomic_fetch_add(&crowd->ready, 1);
	/* The end of the gate, and no byte ever. */
	if (read(gate[0], &byte, 1))
		_exit(1);
	if (!is_right(map, fd, number) || ask(sock, &req))
		atomic_fetch_add(&crowd->wrong, 1);
	atomic_fetch_add(&crowd->done, 1);
	_exit(0);
}

/* The most that the daemon has while they go on. */
static void watch(unsigned int *fds, unsigned int *threads)
{
	unsigned int n;

	while (atomic_load(&crowd->done) < CLIENTS) {
		n = daemon_fds();
		*fds = n > *fds ? n : *fds;
		n = (unsigned int)daemon_status("Threads");
		*threads = n > *threads ? n : *threads;
		/* Each of them is to have to ask. */
		evict();
		if (waitpid(-1, NULL, WNOHANG) < 0)
			break;
	}
}

static void a_thousand_at_once(void **state)
{
	unsigned int fds_before = daemon_fds(), fds, threads;
	unsigned long memory = daemon_status("VmRSS"), most;
	struct rlimit files;
	int failed = 0, status;

	(void)state;
	/* It was started with room for few, and made more for itself. */
	assert_int_equal(prlimit(daemon_pid(), RLIMIT_NOFILE, NULL, &files), 0);
	assert_true(files.rlim_cur > CLIENTS + SPARE);
	map_content();
	crowd = mmap(NULL, sizeof(*crowd), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(crowd, MAP_FAILED);
	assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
	for (unsigned int i = 0; i < CLIENTS; i++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (!pid)
			be_client(i);
	}
	while (atomic_load(&crowd->ready) < CLIENTS)
		assert_int_equal(waitpid(-1, NULL, WNOHANG), 0);
	assert_true(daemon_fds() >= fds_before + CLIENTS);
	evict();
	close(gate[0]);
	close(gate[1]);
	fds = daemon_fds();
	threads = 0;
	watch(&fds, &threads);
	while (wait(&status) > 0)
		failed += status != 0;
	most = daemon_status("VmHWM");
	print_message("# the daemon had up to %u descriptors, %u threads, %lu KiB, at first %u and %lu KiB\n",
		      fds, threads, most, fds_before, memory);
	assert_int_equal(failed, 0);
	assert_int_equal(atomic_load(&crowd->done), CLIENTS);
	assert_int_equal(atomic_load(&crowd->wrong), 0);
	assert_true(fds <= fds_before + CLIENTS + SPARE);
	/* The first, those that wait for packets, and those of one disk. */
	assert_true(threads <= 1 + 8 + 32);
	assert_true(most < memory + 16384);	/* with ASan half of that */
	assert_daemon_fds(fds_before);
}

int main(void)
{
	static const struct CMUnitTest crowded[] = {
		cmocka_unit_test(a_thousand_at_once),
	};

	if (!is_served())
		return 77;
	return cmocka_run_group_tests(crowded, NULL, NULL);
}
