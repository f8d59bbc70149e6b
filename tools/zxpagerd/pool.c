// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers that VMOs share.  The one that was given back last is taken next, so only as many
 * use memory as were ever needed at a time.
 *
 * Stores that hang keep what they have, and are not to stop the others.  So where there are
 * several none has more than half, and one buffer is kept for each that has none.  There are
 * at least two for each store; no more are ever made while they are used.
 *
 * Who waits goes before who does not, and stores that wait take turns, as do the users of
 * each.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "pool.h"

/* More buffers, which are free; 0 or ENOMEM. */
static int add_buffers(struct pool *p, unsigned int count)
{
	uint8_t **buffers = realloc(p->buffers, (p->count + count) * sizeof(*buffers));
	uint8_t *memory;

	if (!buffers)
		return ENOMEM;
	p->buffers = buffers;
	memory = mmap(NULL, (size_t)count * p->size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return ENOMEM;
	for (unsigned int i = count; i--;)
		p->buffers[p->free++] = memory + (size_t)i * p->size;
	p->count += count;
	return 0;
}

int pool_open(struct pool *p, uint32_t size, unsigned int count)
{
	*p = (struct pool){ .size = size, .asking_end = &p->asking };
	return add_buffers(p, count);
}

/* --- users and their stores ---------------------------------------------------------- */

static struct pool_store *add_store(struct pool *p, const void *id)
{
	struct pool_store *s = malloc(sizeof(*s));
	unsigned int least = 2 * (p->store_count + 1);

	/* One that is alone has nothing to leave. */
	if (s && p->store_count && p->count < least && add_buffers(p, least - p->count)) {
		free(s);
		return NULL;
	}
	if (!s)
		return NULL;
	*s = (struct pool_store){ .id = id, .next = p->stores, .end = &s->first };
	p->stores = s;
	p->store_count++;
	p->idle++;
	return s;
}

int pool_join(struct pool *p, struct pool_user *u, const void *store)
{
	struct pool_store *s = p->stores;

	while (s && s->id != store)
		s = s->next;
	if (!s)
		s = add_store(p, store);
	u->pool = p;
	u->store = s;
	return s ? 0 : ENOMEM;
}

static void append_store(struct pool *p, struct pool_store *s)
{
	s->next_asking = NULL;
	*p->asking_end = s;
	p->asking_end = &s->next_asking;
}

static void remove_store(struct pool *p, struct pool_store *s)
{
	struct pool_store **link = &p->asking;

	while (*link != s)
		link = &(*link)->next_asking;
	*link = s->next_asking;
	if (!*link)
		p->asking_end = link;
}

static void remove_user(struct pool_user *u)
{
	struct pool_store *s = u->store;
	struct pool_user **link = &s->first;

	while (*link != u)
		link = &(*link)->next;
	*link = u->next;
	if (!*link)
		s->end = link;
	u->waits = false;
	if (!s->first)
		remove_store(u->pool, s);
}

void pool_leave(struct pool_user *u)
{
	if (u->waits)
		remove_user(u);
}

void pool_wait(struct pool_user *u)
{
	struct pool_store *s = u->store;

	if (u->waits)
		return;
	if (!s->first)
		append_store(u->pool, s);
	u->waits = true;
	u->next = NULL;
	*s->end = u;
	s->end = &u->next;
}

/* --- who may take one ---------------------------------------------------------------- */

/* What one store may have. */
static unsigned int most(const struct pool *p)
{
	return p->store_count > 1 ? p->count / 2 : p->count;
}

static bool may_take(const struct pool *p, const struct pool_store *s)
{
	return !s->taken || (p->free > p->idle && s->taken < most(p));
}

/* The store that is to go first, of those that may take one, or NULL. */
static struct pool_store *first_asking(const struct pool *p)
{
	struct pool_store *s = p->asking;

	while (s && !may_take(p, s))
		s = s->next_asking;
	return s;
}

static bool is_turn_of(const struct pool_user *u)
{
	const struct pool_store *s = u->store;

	if (!may_take(u->pool, s))
		return false;
	return u->fed || (!s->first && (!s->taken || !first_asking(u->pool)));
}

bool pool_has_plenty(const struct pool_user *u)
{
	return is_turn_of(u) && 2 * u->store->taken < most(u->pool);
}

uint8_t *pool_take(struct pool_user *u)
{
	struct pool *p = u->pool;

	if (!is_turn_of(u))
		return NULL;
	u->fed = false;
	p->idle -= !u->store->taken++;
	return p->buffers[--p->free];
}

void pool_give(struct pool_user *u, uint8_t *buffer)
{
	struct pool *p = u->pool;

	p->buffers[p->free++] = buffer;
	p->idle += !--u->store->taken;
}

void pool_turn(struct pool *p)
{
	struct pool_store *s;
	struct pool_user *u;

	while ((s = first_asking(p)) && (u = s->first)) {
		remove_user(u);
		if (s->first) {
			remove_store(p, s);
			append_store(p, s);
		}
		u->fed = true;
		u->feed(u);
		u->fed = false;
	}
}
