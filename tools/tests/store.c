// SPDX-License-Identifier: GPL-2.0
/*
 * What the tests of the daemon's stores have in common.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../zxpagerd/crew.h"
#include "../zxpagerd/loop.h"
#include "fake_port.h"
#include "store.h"

char dir[32], file[64];
bool asking;

void begin_stores(void)
{
	snprintf(dir, sizeof(dir), "/tmp/zxd-store-XXXXXX");
	if (!mkdtemp(dir)) {
		perror(dir);
		exit(1);
	}
	snprintf(file, sizeof(file), "%s/file", dir);
	loop_init();
	loop_watch();
	fake_port_open();
	crew_start();
}

void end_stores(void)
{
	unlink(file);
	rmdir(dir);
}

void make_file(void)
{
	int fd = open(file, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, SIZE), 0);
	close(fd);
}

off_t size_of_file(void)
{
	struct stat st;

	assert_int_equal(stat(file, &st), 0);
	return st.st_size;
}

void called(struct event *ev, int res)
{
	struct call *c = event_owner(ev, struct call, event);

	assert_false(asking);
	c->answers++;
	c->res = res;
}

int wait_for(struct call *c)
{
	while (!c->answers)
		crew_turn();
	assert_int_equal(c->answers, 1);
	return c->res;
}
