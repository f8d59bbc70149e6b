/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_POOL_H
#define ZXD_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "loop.h"

/*
 * struct pool - @count buffers of @size bytes each, of which @free are
 * @extra: buffers beside those
 * @given: so many have been given back, and had been when @patience began, if @waiting
 * @stuck: none was for a while, though somebody waits: those who have none may have one
 * @news: it is stuck, and those who wait have not been told
 */
struct pool {
	uint32_t size;
	unsigned int count;
	unsigned int free;
	uint8_t **buffers;
	unsigned int extra;
	unsigned int given, given_before;
	struct timer patience;
	bool waiting;
	bool stuck;
	bool news;
};

/* 0 or ENOMEM.  The memory is taken now, and used when buffers are. */
int pool_open(struct pool *p, uint32_t size, unsigned int count);

/* NULL if none is free, unless it is stuck: then if there is no memory. */
uint8_t *pool_take(struct pool *p);
void pool_give(struct pool *p, uint8_t *buffer);

/* Somebody waits for a buffer, and looks for @news in each turn of the loop. */
void pool_wait(struct pool *p);

/* True once for each time that it got stuck. */
bool pool_take_news(struct pool *p);

#endif /* ZXD_POOL_H */
