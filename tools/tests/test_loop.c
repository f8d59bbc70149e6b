// SPDX-License-Identifier: GPL-2.0
/*
 * The daemon's loop by itself, with a real io_uring, and the threads beside it.  Needs no kernel module.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../zxpagerd/loop.h"
#include "../zxpagerd/resizer.h"

#define MANY	(4 * TURN_MAX)

static unsigned int handled;

static void count(struct event *ev, int res)
{
	assert_true(res > 0);
	ev->handler = NULL;
	handled++;
}

/* Whoever has much to be done at once does not keep the loop from its other business. */
static void a_turn_ends(void **state)
{
	static struct event events[MANY];
	int fd = eventfd(1, EFD_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	for (unsigned int i = 0; i < MANY; i++) {
		events[i].handler = count;
		loop_poll(&events[i], fd);
	}
	for (unsigned int before = 0; handled < MANY; before = handled) {
		loop_turn();
		assert_in_range(handled - before, 1, TURN_MAX);
	}
	close(fd);
}

#define FILES	200

/* struct file - one that becomes larger, once it has become smaller */
struct file {
	struct event event;
	struct resize resize;
};

static unsigned int resized;

static void is_resized(struct event *ev, int res)
{
	struct file *file = event_owner(ev, struct file, event);

	assert_int_equal(res, 0);
	resized++;
	if (file->resize.size)
		return;
	file->resize.size = 4711;
	resizer_begin(&file->resize);
}

static unsigned int count_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

static void files_are_resized(void **state)
{
	static struct file files[FILES];
	struct stat st;

	(void)state;
	resizer_open();
	for (unsigned int i = 0; i < FILES; i++) {
		files[i].event.handler = is_resized;
		files[i].resize = (struct resize){
			.ev = &files[i].event,
			.fd = memfd_create("file", MFD_CLOEXEC),
		};
		assert_true(files[i].resize.fd >= 0);
		resizer_begin(&files[i].resize);
	}
	while (resized < 2 * FILES)
		loop_turn();
	/* None of them has one for itself. */
	assert_in_range(count_threads(), 2, 1 + 64);
	for (unsigned int i = 0; i < FILES; i++) {
		assert_int_equal(fstat(files[i].resize.fd, &st), 0);
		assert_int_equal(st.st_size, 4711);
		close(files[i].resize.fd);
	}
}

int main(void)
{
	static const struct CMUnitTest loop[] = {
		cmocka_unit_test(a_turn_ends),
		cmocka_unit_test(files_are_resized),
	};

	loop_init(MANY);
	return cmocka_run_group_tests(loop, NULL, NULL);
}
