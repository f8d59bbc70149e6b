/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_POOL_H
#define ZXD_POOL_H

#include <stdbool.h>
#include <stdint.h>

struct pool_user;

/*
 * struct pool_store - what the users of one store have
 * @id: what tells it from others
 * @taken: so many buffers
 * @first: of the users that wait for one
 * @next_asking: among the stores that have such
 */
struct pool_store {
	const void *id;
	struct pool_store *next;
	unsigned int taken;
	struct pool_user *first, **end;
	struct pool_store *next_asking;
};

/*
 * struct pool - @count buffers of @size bytes each, of which @free are
 * @stores, @store_count: whose users there are
 * @idle: how many of these have no buffer
 * @asking: each of these has its turn
 */
struct pool {
	uint32_t size;
	unsigned int count;
	unsigned int free;
	uint8_t **buffers;
	struct pool_store *stores;
	unsigned int store_count;
	unsigned int idle;
	struct pool_store *asking, **asking_end;
};

/*
 * struct pool_user - somebody who takes buffers
 * @next: among those that wait, if @waits
 * @fed: it is its turn: others that wait are not before it
 * @feed: called when it is
 */
struct pool_user {
	struct pool *pool;
	struct pool_store *store;
	struct pool_user *next;
	bool waits;
	bool fed;
	void (*feed)(struct pool_user *u);
};

/* 0 or ENOMEM.  The memory is taken now, and used when buffers are. */
int pool_open(struct pool *p, uint32_t size, unsigned int count);

/* 0 or ENOMEM.  @u, with its @feed, takes buffers for a store from now on, and no more. */
int pool_join(struct pool *p, struct pool_user *u, const void *store);
void pool_leave(struct pool_user *u);

/* NULL if there is none to be had now; who then waits is fed in some later turn. */
uint8_t *pool_take(struct pool_user *u);
void pool_wait(struct pool_user *u);
void pool_give(struct pool_user *u, uint8_t *buffer);

/* One can be had, and then its store still has less than half of what it may have. */
bool pool_has_plenty(const struct pool_user *u);

/* Once in each turn of the loop: feeds those that wait, one buffer each, while there are any. */
void pool_turn(struct pool *p);

#endif /* ZXD_POOL_H */
