// SPDX-License-Identifier: GPL-2.0
/*
 * A client with very many zero ranges, and a running daemon that has others, too.
 *
 * Nothing here goes by the clock: what writing the ranges back costs is counted in the calls
 * that the daemon makes for it, and what it costs others in how many of them are written
 * back while one page is read.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/zxpager.h>

#include "../zxpagerd/parts.h"
#include "peer.h"

#define PAGE	4096u
#define FEW	8192u
#define MANY	(4 * FEW)
#define THREADS	128u
#define TRIES	3u

static int zeroed, other;		/* the VMOs */
static int counter[THREADS];		/* of the daemon's threads */
static unsigned int counters;
static atomic_bool synced;

static struct zxp_vmo_info info_of(int vmo)
{
	struct zxp_vmo_info info = { .size = sizeof(info) };

	assert_int_equal(ioctl(vmo, ZXP_IOC_VMO_GET_INFO, &info), 0);
	return info;
}

/* --- calls of the daemon ------------------------------------------------------------ */

static const char *const tracing = "/sys/kernel/debug/tracing/events/raw_syscalls/sys_enter/id";

static bool can_count(void)
{
	return !access(tracing, R_OK);
}

static void count_thread(pid_t tid)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.inherit = 1,
	};
	char text[32];
	FILE *file = fopen(tracing, "re");
	int fd;

	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	attr.config = strtoull(text, NULL, 10);
	assert_true(attr.config > 0);
	fd = (int)syscall(SYS_perf_event_open, &attr, tid, -1, -1, PERF_FLAG_FD_CLOEXEC);
	/* It may have ended. */
	if (fd < 0 && errno == ESRCH)
		return;
	assert_true(fd >= 0);
	snprintf(text, sizeof(text), "id == %d", SYS_ioctl);
	assert_int_equal(ioctl(fd, PERF_EVENT_IOC_SET_FILTER, text), 0);
	assert_in_range(counters, 0, THREADS - 1);
	counter[counters++] = fd;
}

/* Those that it starts later are counted with the one that does so. */
static void count_calls(void)
{
	struct dirent *entry;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)daemon_pid());
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			count_thread((pid_t)strtol(entry->d_name, NULL, 10));
	closedir(dir);
}

static uint64_t calls(void)
{
	uint64_t all = 0, count;

	for (unsigned int i = 0; i < counters; i++) {
		assert_int_equal(read(counter[i], &count, sizeof(count)), sizeof(count));
		all += count;
	}
	return all;
}

/* --- the ranges --------------------------------------------------------------------- */

/* Every second page, so each is a range of its own. */
static void zero_pages(unsigned int from, unsigned int ranges)
{
	uint64_t before = info_of(zeroed).out_zero_bytes;

	for (unsigned int i = from; i < from + ranges; i++)
		assert_int_equal(fallocate(zeroed, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
					   2ll * i * PAGE, PAGE), 0);
	assert_int_equal(info_of(zeroed).out_zero_bytes, before + (uint64_t)ranges * PAGE);
}

static uint64_t cost_of(unsigned int from, unsigned int ranges)
{
	uint64_t before;

	zero_pages(from, ranges);
	before = calls();
	assert_int_equal(fsync(zeroed), 0);
	assert_int_equal(info_of(zeroed).out_zero_bytes, 0);
	return calls() - before;
}

static void as_much_for_each(void **state)
{
	uint64_t few, many;

	(void)state;
	if (!can_count()) {
		print_message("# the kernel does not count system calls\n");
		skip();
	}
	count_calls();
	few = cost_of(0, FEW);
	many = cost_of(FEW, MANY);
	print_message("# %u ranges: %llu calls; %u: %llu\n", FEW, (unsigned long long)few, MANY,
		      (unsigned long long)many);
	/* BEGIN and END for each; and time passes, which is seen by a few calls each second. */
	assert_in_range(few, 2 * FEW, 4 * FEW);
	assert_in_range(many, 4 * few - FEW / 8, 4 * few + FEW / 8);
}

/* --- and the others ------------------------------------------------------------------ */

static void *sync_zeroed(void *arg)
{
	(void)arg;
	assert_int_equal(fsync(zeroed), 0);
	atomic_store(&synced, true);
	return NULL;
}

/* A page that has to be asked for; how many ranges were written back meanwhile. */
static unsigned int read_page(unsigned int page)
{
	uint64_t before;
	char byte;

	posix_fadvise(other, 0, 0, POSIX_FADV_DONTNEED);
	before = info_of(zeroed).out_zero_bytes;
	assert_int_equal(pread(other, &byte, 1, (off_t)page * PAGE), 1);
	return (unsigned int)((before - info_of(zeroed).out_zero_bytes) / PAGE);
}

/* True if it is as it should be; not if this process was held up, or others are starved. */
static bool others_went_on(void)
{
	uint64_t packets = info_of(other).out_read_packets;
	unsigned int pages = (unsigned int)(info_of(other).out_vmo_size / PAGE);
	unsigned int reads = 0, most = 0, ranges;
	pthread_t thread;

	atomic_store(&synced, false);
	zero_pages(FEW + MANY, MANY);
	assert_int_equal(pthread_create(&thread, NULL, sync_zeroed, NULL), 0);
	while (!atomic_load(&synced)) {
		ranges = read_page(reads++ * 7 % pages);
		if (most < ranges)
			most = ranges;
	}
	pthread_join(thread, NULL);
	packets = info_of(other).out_read_packets - packets;
	print_message("# %u ranges while %u pages were read, by %llu packets, and up to %u while one was\n",
		      MANY, reads, (unsigned long long)packets, most);
	/*
	 * For each batch there is somebody else's page.  It is not always the daemon that a
	 * reader waits for, so what is done meanwhile is some batches.
	 */
	return packets >= MANY / PARTS_MAX && packets <= MANY && most && most <= MANY / 4;
}

static void others_go_on(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < TRIES; i++)
		if (others_went_on())
			return;
	fail_msg("not in any of %d times", TRIES);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest starve[] = {
		cmocka_unit_test(as_much_for_each),
		cmocka_unit_test(others_go_on),
	};

	if (!is_served())
		return 77;
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	if (ask_for_fd(dial(), "g", &zeroed) || ask_for_fd(dial(), "f", &other))
		return 1;
	return cmocka_run_group_tests(starve, NULL, NULL);
}
