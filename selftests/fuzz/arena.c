// SPDX-License-Identifier: GPL-2.0
/*
 * The memory that programs know of, at the same addresses in each worker.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fuzz.h"

/* What is in plain memory when a program begins. */
static uint8_t fresh[BUFFER_PAGES * PAGE];

static void *map_fixed(uint64_t at, uint64_t pages, int prot)
{
	void *p = mmap((void *)(uintptr_t)at, pages * PAGE, prot,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (p == MAP_FAILED) {
		perror("fuzz: mmap of the arena");
		exit(2);
	}
	return p;
}

/* What looks like the structures of the ioctls, wherever one may be fetched from. */
static void fill(uint8_t *at, size_t size)
{
	static const uint32_t sizes[] = { 16, 24, 32, 40, 48, 56, 64, 72, 128, 160 };
	struct dice d = { 1 };
	size_t i;

	for (i = 0; i < size; i += 64) {
		uint32_t *cell = (uint32_t *)(at + i);
		unsigned int k;

		cell[0] = sizes[roll(&d, ARRAY_SIZE(sizes))];
		for (k = 1; k < 16; k++)
			cell[k] = one_in(&d, 3) ? roll(&d, 12) : 0;
	}
}

void arena_map(void)
{
	unsigned int i;
	uint8_t *p = map_fixed(BUFFER, BUFFER_PAGES, PROT_READ | PROT_WRITE);

	fill(fresh, sizeof(fresh));
	memcpy(p, fresh, sizeof(fresh));
	map_fixed(READ_ONLY, 1, PROT_READ);
	for (i = 0; i < NR_WINDOWS; i++) {
		uint64_t at = WINDOWS + i * WINDOW_STRIDE;

		memcpy(map_fixed(at - PAGE, 1, PROT_READ | PROT_WRITE), fresh, PAGE);
		map_fixed(at, WINDOW_PAGES, PROT_NONE);
	}
	for (i = 0; i < MAX_THREADS; i++)
		threads[i].private = map_fixed(PRIVATE + (i + 1) * PRIVATE_STRIDE,
					       PRIVATE_PAGES, PROT_READ | PROT_WRITE);
}

/* As if nobody had been here. */
void arena_renew(void)
{
	unsigned int i;

	memcpy((void *)(uintptr_t)BUFFER, fresh, sizeof(fresh));
	for (i = 0; i < NR_WINDOWS; i++) {
		uint64_t at = WINDOWS + i * WINDOW_STRIDE;

		memcpy((void *)(uintptr_t)(at - PAGE), fresh, PAGE);
		munmap((void *)(uintptr_t)at, WINDOW_PAGES * PAGE);
		map_fixed(at, WINDOW_PAGES, PROT_NONE);
	}
}

bool plain_memory(uint64_t at)
{
	uint64_t next;

	if (at >= BUFFER && at < BUFFER + BUFFER_PAGES * PAGE)
		return true;
	next = at + PAGE;
	return next >= WINDOWS && next < WINDOWS + NR_WINDOWS * WINDOW_STRIDE &&
	       next % WINDOW_STRIDE < PAGE;
}

/*
 * Where the kernel may be told to write: the arena, the private memory, and where
 * there is nothing. Not into what the worker itself runs on.
 */
void *pointer(struct thread *t, uint64_t at)
{
	if (at >= PRIVATE && at < PRIVATE + PRIVATE_PAGES * PAGE)
		return t->private + (at - PRIVATE);
	if ((at >= BUFFER && at < ARENA_END) || at < 0x10000 || at >= 0x7ffffffff000)
		return (void *)(uintptr_t)at;
	return (void *)(uintptr_t)(0x10000 - PAGE + at % PAGE);
}
