// SPDX-License-Identifier: GPL-2.0
/*
 * A keeper that takes over from itself, one generation after the other.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "keeper.h"

struct keeper_generation *keeper_enter(struct keeper *k)
{
	struct keeper_generation *g;

	pthread_mutex_lock(&k->generation_lock);
	g = &k->generation[k->taken_over % 2];
	g->users++;
	pthread_mutex_unlock(&k->generation_lock);
	return g;
}

void keeper_leave(struct keeper *k, struct keeper_generation *g)
{
	pthread_mutex_lock(&k->generation_lock);
	if (!--g->users)
		pthread_cond_signal(&k->generation_left);
	pthread_mutex_unlock(&k->generation_lock);
}

bool keeper_followed(const struct keeper *k, const struct keeper_generation *g)
{
	return k->begun != g->number;
}

bool keeper_is_former(const struct keeper *k, const struct keeper_generation *g)
{
	return k->taken_over != g->number;
}

/*
 * All that would do harm: the content is wrong, nothing was stored, and nothing is to fail.
 * False if anything of it was not refused.
 */
static bool refuses(struct keeper *k, const struct keeper_generation *g, struct dice *d)
{
	uint64_t size = vmo_info(k->vmo).out_vmo_size, pages = size / page_size, page, avail;
	char *junk = map_anon(1);
	int rc[8], i, nr = 0;

	page = roll(d, pages < k->room ? pages : k->room) * page_size;
	memset(junk, 0xbd, page_size);
	rc[nr++] = zxp_supply_pages(g->fd, g->vmo, page, page_size, junk);
	rc[nr++] = zxp_dirty(g->fd, g->vmo, page, page_size);
	rc[nr++] = zxp_writeback_begin(g->fd, g->vmo, 0, size, 0);
	rc[nr++] = zxp_writeback_end(g->fd, g->vmo, 0, size);
	rc[nr++] = zxp_fail(g->fd, g->vmo, page, page_size, EIO);
	rc[nr++] = zxp_sync_end(g->fd, g->vmo, 0, k->room * page_size, 0);
	rc[nr++] = zxp_query_dirty_ranges(g->fd, g->vmo, 0, size, NULL, 0, NULL, &avail);
	rc[nr++] = zxp_detach_vmo(g->fd, g->vmo);
	munmap(junk, page_size);
	for (i = 0; i < nr; i++) {
		if (rc[i] == -ESHUTDOWN)
			continue;
		/* Shorter since that look; not for a VMO of this kind; detached. */
		if (rc[i] == -ERANGE || rc[i] == -EOPNOTSUPP || rc[i] == -ESTALE)
			continue;
		diag("call %d of a former generation: %s", i, strerror(-rc[i]));
		return false;
	}
	return true;
}

/* The one before the former is used by nobody, and has its place. */
static struct keeper_generation *free_place(struct keeper *k)
{
	struct keeper_generation *g = &k->generation[!(k->taken_over % 2)];

	pthread_mutex_lock(&k->generation_lock);
	while (g->users)
		pthread_cond_wait(&k->generation_left, &k->generation_lock);
	pthread_mutex_unlock(&k->generation_lock);
	if (g->fd > 0) {
		close(g->fd);
		if (g->vmo != k->vmo->fd)
			close(g->vmo);
	}
	return g;
}

bool keeper_take_over(struct keeper *k, struct dice *d)
{
	struct keeper_generation *g = free_place(k);

	g->number = ++k->begun;
	g->fd = zxp_begin_generation(k->keeper);
	g->vmo = g->fd < 0 ? -1 : zxp_open_vmo(g->fd, vmo_info(k->vmo).out_id);
	g->port = g->fd;
	if (g->vmo < 0 || fcntl(g->fd, F_SETFL, O_RDWR | O_NONBLOCK)) {
		diag("take over: %d, %d (%m)", g->fd, g->vmo);
		k->errors++;
		return false;
	}
	pthread_mutex_lock(&k->generation_lock);
	k->taken_over = g->number;
	pthread_mutex_unlock(&k->generation_lock);
	k->p->fd = g->fd;
	k->p->port = g->port;
	if (!refuses(k, &k->generation[!(g->number % 2)], d))
		k->errors++;
	return true;
}

static void *successor_main(void *arg)
{
	struct keeper_thread *t = arg;
	struct pollfd stop = { .fd = t->k->settle[0], .events = POLLIN };

	while (!poll(&stop, 1, roll(&t->dice, 40)) && keeper_take_over(t->k, &t->dice))
		;
	return NULL;
}

bool keeper_begin_generations(struct keeper *k, int keeper, uint64_t seed)
{
	struct keeper_thread *t = &k->successor;

	k->keeper = keeper;
	t->k = k;
	t->dice.state = seed;
	return !pipe(k->settle) && !pthread_create(&t->thread, NULL, successor_main, t);
}

bool keeper_settle(struct keeper *k)
{
	bool ok = write(k->settle[1], "", 1) == 1 && !pthread_join(k->successor.thread, NULL);

	close(k->settle[0]);
	close(k->settle[1]);
	return ok;
}
