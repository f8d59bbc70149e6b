// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "state.h"
#include "writer.h"

void *map_state(const char *path, size_t size, int flags)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | flags, 0600);
	void *state;

	if (fd < 0 || ftruncate(fd, (off_t)size))
		broken(path);
	state = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (state == MAP_FAILED)
		broken("mmap of the state");
	close(fd);
	return state;
}
