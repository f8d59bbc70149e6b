// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that hang: what they take from others, and what they do not.  The crew is real, and
 * so are its threads; a read hangs until the test lets it go.  Needs no kernel module.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmocka.h>

#include "../zxpagerd/calls.h"
#include "../zxpagerd/crew.h"
#include "fake_port.h"

#define SHARE		2u
#define ALL		(4 * SHARE)	/* calls under way */
#define DISKS		(2 * ALL)
#define LISTENERS	8u	/* wait for packets at most */
#define READS		8u		/* of one disk */

/* The thread sanitizer has one of its own, once there is any. */
#ifdef __SANITIZE_THREAD__
#define FOREIGN		1u
#else
#define FOREIGN		0u
#endif

ssize_t __wrap_pread(int fd, void *buffer, size_t length, off_t offset);
ssize_t __wrap_preadv2(int fd, const struct iovec *to, int count, off_t offset, int flags);
int __wrap_posix_fadvise(int fd, off_t offset, off_t length, int advice);
uint64_t __wrap_loop_now_ns(void);
uint64_t __real_loop_now_ns(void);
ssize_t __wrap_pwrite(int fd, const void *buffer, size_t length, off_t offset);
int __wrap_thread_start(void *(*run)(void *arg), void *arg);
int __real_thread_start(void *(*run)(void *arg), void *arg);

/* struct asked - a read, with the number of its disk as the file; @number of its answer */
struct asked {
	struct event event;
	bool done;
	int res;
	unsigned int number;
};

static struct asked asked[DISKS][READS];
static unsigned int answers;

/* What the threads know of disks that hang. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static bool hangs[DISKS];
static unsigned int inside[DISKS];	/* reads that have begun, and not ended */
static unsigned int announced[DISKS], tried[DISKS];
static bool cannot_tell;
static uint64_t clock_ns;	/* if it is one on which only a read takes time */
static bool no_more_threads;

ssize_t __wrap_pread(int fd, void *buffer, size_t length, off_t offset)
{
	(void)buffer;
	pthread_mutex_lock(&mutex);
	inside[fd]++;
	pthread_cond_broadcast(&moved);
	while (hangs[fd])
		pthread_cond_wait(&moved, &mutex);
	inside[fd]--;
	if (clock_ns)
		clock_ns += 100000;
	pthread_mutex_unlock(&mutex);
	if (offset)
		return (ssize_t)length;
	errno = EIO;
	return -1;
}

ssize_t __wrap_preadv2(int fd, const struct iovec *to, int count, off_t offset, int flags)
{
	int error;

	assert_int_equal(count, 1);
	assert_int_equal(flags, RWF_NOWAIT);
	pthread_mutex_lock(&mutex);
	tried[fd]++;
	error = cannot_tell ? EOPNOTSUPP : hangs[fd] ? EAGAIN : offset ? 0 : EIO;
	pthread_mutex_unlock(&mutex);
	errno = error;
	return error ? -1 : (ssize_t)to->iov_len;
}

int __wrap_posix_fadvise(int fd, off_t offset, off_t length, int advice)
{
	(void)offset;
	assert_int_equal(length, 4096);
	assert_int_equal(advice, POSIX_FADV_WILLNEED);
	pthread_mutex_lock(&mutex);
	announced[fd]++;
	pthread_mutex_unlock(&mutex);
	return 0;
}

uint64_t __wrap_loop_now_ns(void)
{
	uint64_t ns;

	pthread_mutex_lock(&mutex);
	ns = clock_ns ? clock_ns : __real_loop_now_ns();
	pthread_mutex_unlock(&mutex);
	return ns;
}

ssize_t __wrap_pwrite(int fd, const void *buffer, size_t length, off_t offset)
{
	(void)buffer;
	return __wrap_pread(fd, NULL, length, offset);
}

int __wrap_thread_start(void *(*run)(void *arg), void *arg)
{
	return no_more_threads ? EAGAIN : __real_thread_start(run, arg);
}

static void is_done(struct event *ev, int res)
{
	struct asked *a = event_owner(ev, struct asked, event);

	assert_false(a->done);
	a->done = true;
	a->res = res;
	a->number = answers++;
}

/* Reads number 0 to @count of a file; the first one fails. */
static void begin_file(int disk, int fd, unsigned int count, uint32_t length)
{
	for (unsigned int i = 0; i < count; i++) {
		asked[fd][i] = (struct asked){ .event.handler = is_done };
		calls_read(calls_disk((dev_t)disk), &asked[fd][i].event, fd, NULL, length, i);
	}
	crew_kick();
}

static void begin(int disk, unsigned int count)
{
	begin_file(disk, disk, count, 4096);
}

static void wait_for_answers(unsigned int count)
{
	while (answers < count)
		loop_turn();
	assert_int_equal(answers, count);
}

static unsigned int value_of(const unsigned int *number)
{
	unsigned int value;

	pthread_mutex_lock(&mutex);
	value = *number;
	pthread_mutex_unlock(&mutex);
	return value;
}

static bool ticked;

static void tick(struct event *ev, int res)
{
	(void)ev;
	(void)res;
	ticked = true;
}

/* Until it is so much, and no more.  The loop has to go on meanwhile: it has the timers. */
static void wait_for_number(const unsigned int *number, unsigned int count)
{
	static struct timer timer = { .event.handler = tick };

	while (value_of(number) < count) {
		ticked = false;
		loop_timer(&timer, 2);
		while (!ticked)
			loop_turn();
	}
	assert_int_equal(value_of(number), count);
}

/* A disk has so many reads under way. */
static void wait_for_reads(int disk, unsigned int count)
{
	wait_for_number(&inside[disk], count);
}

static void set_hanging(int disk, bool hanging)
{
	pthread_mutex_lock(&mutex);
	hangs[disk] = hanging;
	pthread_cond_broadcast(&moved);
	pthread_mutex_unlock(&mutex);
}

static void assert_answered(int disk, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		assert_true(asked[disk][i].done);
		assert_int_equal(asked[disk][i].res, i ? 4096 : -EIO);
	}
}

static unsigned int count_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2 - FOREIGN;
}

static int setup(void **state)
{
	(void)state;
	answers = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	no_more_threads = false;
	cannot_tell = false;
	clock_ns = 0;
	for (int disk = 0; disk < (int)DISKS; disk++) {
		set_hanging(disk, false);
		announced[disk] = tried[disk] = 0;
	}
	return 0;
}

/* It comes first, so that there are only the two threads of the start. */
static void no_threads_are_to_be_had(void **state)
{
	(void)state;
	no_more_threads = true;
	set_hanging(0, true);
	begin(0, READS);
	wait_for_reads(0, 1);
	begin(1, READS);
	set_hanging(0, false);
	wait_for_answers(2 * READS);
	assert_answered(0, READS);
	assert_answered(1, READS);
	assert_int_equal(count_threads(), 1 + 2);
}

/* One that hangs has its share, and all others go on. */
static void a_disk_hangs(void **state)
{
	(void)state;
	set_hanging(0, true);
	begin(0, READS);
	wait_for_reads(0, SHARE);
	for (unsigned int round = 1; round <= 20; round++) {
		begin(1, READS);
		wait_for_answers(round * READS);
		assert_answered(1, READS);
	}
	wait_for_reads(0, SHARE);
	set_hanging(0, false);
	wait_for_answers(21 * READS);
	assert_answered(0, READS);
}

/* A file system is frozen: what is written waits, and what is read does not. */
static void only_writes_hang(void **state)
{
	const int frozen = 0, disk = 1;

	(void)state;
	set_hanging(frozen, true);
	for (unsigned int i = 0; i < READS; i++) {
		asked[frozen][i] = (struct asked){ .event.handler = is_done };
		calls_write(calls_disk((dev_t)disk), &asked[frozen][i].event, frozen, NULL,
			    4096, i);
	}
	crew_kick();
	wait_for_reads(frozen, SHARE / 2);
	for (unsigned int round = 1; round <= 20; round++) {
		begin(disk, READS);
		wait_for_answers(round * READS);
		assert_answered(disk, READS);
	}
	set_hanging(frozen, false);
	wait_for_answers(21 * READS);
	assert_answered(frozen, READS);
}

/* Who finds half of all calls under way has one, and is not left out. */
static void many_disks_hang(void **state)
{
	const int hanging = 2 + 2 * SHARE - 1;

	(void)state;
	for (int disk = 0; disk < hanging; disk++) {
		set_hanging(disk, true);
		begin(disk, READS);
		wait_for_reads(disk, disk < 2 ? SHARE : 1);
	}
	begin(hanging, READS);
	wait_for_answers(READS);
	assert_answered(hanging, READS);
	for (int disk = hanging - 1; disk >= 0; disk--)
		set_hanging(disk, false);
	wait_for_answers((unsigned int)(hanging + 1) * READS);
	for (int disk = 0; disk < hanging; disk++)
		assert_answered(disk, READS);
}

/* All wait then, and the threads are no more than they may be. */
static void all_disks_hang(void **state)
{
	const int hanging = 2 + 2 * SHARE;

	(void)state;
	for (int disk = 0; disk < (int)DISKS; disk++) {
		set_hanging(disk, true);
		begin(disk, READS);
		if (disk < hanging)
			wait_for_reads(disk, disk < 2 ? SHARE : 1);
	}
	assert_false(calls_any());
	assert_in_range(count_threads(), ALL, 1 + ALL + LISTENERS);
	for (int disk = 0; disk < (int)DISKS; disk++)
		set_hanging(disk, false);
	wait_for_answers(DISKS * READS);
	for (int disk = 0; disk < (int)DISKS; disk++)
		assert_answered(disk, READS);
	assert_in_range(count_threads(), ALL, 1 + ALL + LISTENERS);
}

/* With one call at a time it can be seen. */
static void calls_are_made_in_order(void **state)
{
	(void)state;
	for (int disk = 0; disk < 2 + (int)SHARE; disk++) {
		set_hanging(disk, true);
		begin(disk, READS);
		wait_for_reads(disk, disk < 2 ? SHARE : 1);
	}
	begin(9, READS);
	wait_for_answers(READS);
	for (unsigned int i = 0; i < READS; i++)
		assert_int_equal(asked[9][i].number, i);
	for (int disk = 0; disk < 2 + (int)SHARE; disk++)
		set_hanging(disk, false);
	wait_for_answers((3 + SHARE) * READS);
}

/* --- reads that sleep, but not for long ------------------------------------------------- */

#define BRIEF	12	/* such a disk, and a file there that hangs */
#define OTHER	13	/* and another one */

static void set_clock(uint64_t ns)
{
	pthread_mutex_lock(&mutex);
	clock_ns = ns;
	pthread_mutex_unlock(&mutex);
}

/* A thread attends to the disk, and does not come back. */
static void attend(void)
{
	set_clock(__real_loop_now_ns());
	begin(BRIEF, 1);
	wait_for_answers(1);
	assert_true(calls_disk(BRIEF)->brief);
	set_hanging(BRIEF, true);
	begin(BRIEF, 1);
	wait_for_reads(BRIEF, 1);
}

/* They are left to the thread that attends to the disk, which has not to wait for any. */
static void small_reads_are_made_in_turn(void **state)
{
	(void)state;
	attend();
	begin_file(BRIEF, OTHER, READS, 4096);
	wait_for_number(&announced[OTHER], READS);
	loop_unlock();
	loop_lock();
	assert_false(calls_any());
	set_hanging(BRIEF, false);
	wait_for_answers(2 + READS);
	assert_answered(OTHER, READS);
	for (unsigned int i = 0; i < READS; i++)
		assert_int_equal(asked[OTHER][i].number, 2 + i);
	assert_int_equal(value_of(&tried[OTHER]), READS);
}

static void large_reads_have_a_thread_each(void **state)
{
	(void)state;
	attend();
	set_hanging(OTHER, true);
	begin_file(BRIEF, OTHER, READS, 1u << 20);
	wait_for_reads(OTHER, SHARE - 1);
	assert_int_equal(value_of(&announced[OTHER]), 0);
	set_hanging(OTHER, false);
	wait_for_answers(1 + READS);
	set_hanging(BRIEF, false);
	wait_for_answers(2 + READS);
}

/* Before there is a sleep, what was read is supplied. */
static void nothing_waits_for_the_next_read(void **state)
{
	unsigned int settled;

	(void)state;
	attend();
	set_hanging(OTHER, true);
	begin_file(BRIEF, OTHER, READS, 4096);
	wait_for_number(&announced[OTHER], READS);
	settled = fake_port_settled;
	set_hanging(BRIEF, false);
	wait_for_reads(OTHER, 1);
	assert_int_equal(answers, 2);
	assert_int_equal(value_of(&tried[OTHER]), 1);
	assert_in_range(fake_port_settled, settled + 1, UINT_MAX);
	set_hanging(OTHER, false);
	wait_for_answers(2 + READS);
	assert_answered(OTHER, READS);
	for (unsigned int i = 0; i < READS; i++)
		assert_int_equal(asked[OTHER][i].number, 2 + i);
}

static void a_file_system_cannot_tell(void **state)
{
	(void)state;
	attend();
	cannot_tell = true;
	begin_file(BRIEF, OTHER, READS, 4096);
	wait_for_number(&announced[OTHER], READS);
	set_hanging(BRIEF, false);
	wait_for_answers(2 + READS);
	assert_answered(OTHER, READS);
	assert_int_equal(value_of(&tried[OTHER]), 1);
	calls_disk(BRIEF)->cannot_tell = false;
}

/* Then others make what was left to the one who attends to the disk. */
static void one_read_hangs(void **state)
{
	(void)state;
	attend();
	begin_file(BRIEF, OTHER, READS, 4096);
	wait_for_number(&announced[OTHER], READS);
	assert_int_equal(answers, 1);
	set_clock(0);
	wait_for_answers(1 + READS);
	assert_answered(OTHER, READS);
	for (unsigned int round = 2; round <= 20; round++) {
		begin_file(BRIEF, OTHER, READS, 4096);
		wait_for_answers(1 + round * READS);
		assert_answered(OTHER, READS);
	}
	wait_for_reads(BRIEF, 1);
	set_hanging(BRIEF, false);
	wait_for_answers(2 + 20 * READS);
}

/* As many as may be under way find out. */
static void all_reads_hang(void **state)
{
	(void)state;
	attend();
	set_hanging(OTHER, true);
	begin_file(BRIEF, OTHER, READS, 4096);
	wait_for_number(&announced[OTHER], READS);
	set_clock(0);
	wait_for_reads(OTHER, SHARE - 1);
	begin(1, READS);
	wait_for_answers(1 + READS);
	wait_for_reads(OTHER, SHARE - 1);
	set_hanging(BRIEF, false);
	set_hanging(OTHER, false);
	wait_for_answers(2 + 2 * READS);
	assert_answered(OTHER, READS);
}

/* --- reads that do not sleep ------------------------------------------------------------ */

static unsigned int woken;

static void note_woken(void)
{
	woken++;
}

static void begin_one(void)
{
	begin(0, 1);
}

/*
 * As long as no read has slept, only one thread waits for packets, and nobody does while it
 * reads.  If it hangs somebody else does.
 */
static void a_quick_disk_hangs(void **state)
{
	(void)state;
	while (!calls_are_quick()) {
		answers = 0;
		begin(1, READS);
		wait_for_answers(READS);
	}
	/* All but one of these find out that they are too many. */
	fake_port_woken = note_woken;
	for (unsigned int i = 0; i < 2 * LISTENERS; i++)
		fake_port_wake();
	while (woken < 2 * LISTENERS)
		loop_turn();
	answers = 0;
	set_hanging(0, true);
	fake_port_woken = begin_one;
	fake_port_wake();
	wait_for_reads(0, 1);
	fake_port_woken = note_woken;
	while (calls_are_quick())
		loop_turn();
	woken = 0;
	fake_port_wake();
	while (!woken)
		loop_turn();
	set_hanging(0, false);
	wait_for_answers(1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest calls[] = {
		TEST(no_threads_are_to_be_had),
		TEST(a_disk_hangs),
		TEST(only_writes_hang),
		TEST(many_disks_hang),
		TEST(all_disks_hang),
		TEST(calls_are_made_in_order),
		TEST(small_reads_are_made_in_turn),
		TEST(large_reads_have_a_thread_each),
		TEST(nothing_waits_for_the_next_read),
		TEST(a_file_system_cannot_tell),
		TEST(one_read_hangs),
		TEST(all_reads_hang),
		TEST(a_quick_disk_hangs),
	};

	alarm(600);	/* a wake-up that is lost is to fail, not to hang */
	calls_share = SHARE;
	loop_init();
	loop_watch();
	fake_port_open();
	crew_start();
	return cmocka_run_group_tests(calls, NULL, NULL);
}
