/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_POOL_H
#define ZXD_POOL_H

#include <stdint.h>

/* struct pool - @count buffers of @size bytes each, of which @free are */
struct pool {
	uint32_t size;
	unsigned int count;
	unsigned int free;
	uint8_t **buffers;
};

/* 0 or ENOMEM.  The memory is taken now, and used when buffers are. */
int pool_open(struct pool *p, uint32_t size, unsigned int count);

/* NULL if none is free. */
uint8_t *pool_take(struct pool *p);
void pool_give(struct pool *p, uint8_t *buffer);

#endif /* ZXD_POOL_H */
