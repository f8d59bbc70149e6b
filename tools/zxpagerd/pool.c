// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers that VMOs share.  The one that was given back last is taken next, so only as many
 * use memory as were ever needed at a time.
 *
 * Stores that hang may have them all, and never give one back.  They are not to stop the
 * others, so after a while more are made, one for each VMO that has none.  All are alike: as
 * long as there are more than there should be, one that is given back is gone.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "pool.h"

#define PATIENCE_MS	1000

static uint8_t *map(size_t size)
{
	uint8_t *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

int pool_open(struct pool *p, uint32_t size, unsigned int count)
{
	uint8_t *memory = map((size_t)count * size);

	*p = (struct pool){
		.size = size,
		.count = count,
		.free = count,
		.buffers = calloc(count, sizeof(*p->buffers)),
	};
	if (!memory || !p->buffers)
		return ENOMEM;
	for (unsigned int i = 0; i < count; i++)
		p->buffers[i] = memory + (size_t)(count - 1 - i) * size;
	return 0;
}

uint8_t *pool_take(struct pool *p)
{
	uint8_t *buffer;

	if (p->free)
		return p->buffers[--p->free];
	buffer = p->stuck ? map(p->size) : NULL;
	p->extra += !!buffer;
	return buffer;
}

void pool_give(struct pool *p, uint8_t *buffer)
{
	p->given++;
	if (p->extra) {
		p->extra--;
		munmap(buffer, p->size);
		return;
	}
	p->buffers[p->free++] = buffer;
	p->stuck = false;
}

static void be_patient(struct pool *p)
{
	p->waiting = true;
	p->given_before = p->given;
	loop_timer(&p->patience, PATIENCE_MS);
}

static void patience_over(struct event *ev, int res)
{
	struct timer *patience = event_owner(ev, struct timer, event);
	struct pool *p = event_owner(patience, struct pool, patience);

	(void)res;
	p->waiting = false;
	if (p->free)
		return;
	if (p->given != p->given_before) {
		be_patient(p);
		return;
	}
	p->stuck = true;
	p->news = true;
}

void pool_wait(struct pool *p)
{
	p->patience.event.handler = patience_over;
	if (!p->waiting)
		be_patient(p);
}

bool pool_take_news(struct pool *p)
{
	bool news = p->news;

	p->news = false;
	return news;
}
