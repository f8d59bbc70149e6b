// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers that VMOs share.  The one that was given back last is taken next, so only as many
 * use memory as were ever needed at a time.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "pool.h"

int pool_open(struct pool *p, uint32_t size, unsigned int count)
{
	uint8_t *memory = mmap(NULL, (size_t)count * size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*p = (struct pool){
		.size = size,
		.count = count,
		.free = count,
		.buffers = calloc(count, sizeof(*p->buffers)),
	};
	if (memory == MAP_FAILED || !p->buffers)
		return ENOMEM;
	for (unsigned int i = 0; i < count; i++)
		p->buffers[i] = memory + (size_t)(count - 1 - i) * size;
	return 0;
}

uint8_t *pool_take(struct pool *p)
{
	return p->free ? p->buffers[--p->free] : NULL;
}

void pool_give(struct pool *p, uint8_t *buffer)
{
	p->buffers[p->free++] = buffer;
}
