// SPDX-License-Identifier: GPL-2.0
/*
 * The VMOs that the daemon serves, and how they are found.
 */
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "key.h"
#include "pager.h"
#include "proto.h"
#include "vmo.h"

struct vmo *vmos;
static struct vmo **vmos_end = &vmos;
static struct slot {
	struct vmo *vmo;
} *by_index, *by_key;
static uint64_t count, slots;	/* slots of @by_key: a power of two, at most half of them used */
static void *by_name;		/* a tree of <search.h>, of targets */

static int compare(const void *a, const void *b)
{
	const struct target *one = a, *other = b;

	return strcmp(one->name, other->name);
}

/*
 * Where a key of that name is, or would be: a name has one place, whatever its store.  The
 * upper bits are those of the name, and spread.
 */
static struct slot *find_slot(uint64_t key)
{
	uint64_t at = key >> 32 & (slots - 1);

	while (by_key[at].vmo && !key_is_of_name(by_key[at].vmo->target.key, key))
		at = (at + 1) & (slots - 1);
	return &by_key[at];
}

/* Twice as many whenever there are as many as there is room for. */
static int make_room(void)
{
	uint64_t room = count ? 2 * count : 1;
	struct slot *more, *keys;

	if (count & (count - 1))
		return 0;
	more = realloc(by_index, room * sizeof(*more));
	if (!more)
		return ENOMEM;
	by_index = more;
	keys = calloc(2 * room, sizeof(*keys));
	if (!keys)
		return ENOMEM;
	free(by_key);
	by_key = keys;
	slots = 2 * room;
	for (uint64_t i = 0; i < count; i++)
		find_slot(by_index[i].vmo->target.key)->vmo = by_index[i].vmo;
	return 0;
}

int vmo_register(struct vmo *vmo)
{
	struct slot *slot;

	if (make_room())
		return ENOMEM;
	slot = find_slot(vmo->target.key);
	if (slot->vmo)
		return EEXIST;
	if (!tsearch(&vmo->target, &by_name, compare))
		return ENOMEM;
	slot->vmo = vmo;
	vmo->index = count;
	by_index[count++].vmo = vmo;
	*vmos_end = vmo;
	vmos_end = &vmo->next;
	return 0;
}

struct vmo *vmo_find(const char *name)
{
	struct target key = { .name = name };
	struct target **found = tfind(&key, &by_name, compare);

	return found ? event_owner(*found, struct vmo, target) : NULL;
}

struct vmo *vmo_of_key(uint64_t key)
{
	struct vmo *vmo = slots ? find_slot(key)->vmo : NULL;

	return vmo && vmo->target.key == key ? vmo : NULL;
}

struct vmo *vmo_at(uint64_t index)
{
	return index < count ? by_index[index].vmo : NULL;
}

uint64_t vmo_count(void)
{
	return count;
}

int vmo_open(struct vmo *vmo)
{
	return pager_reopen(pager_fd(&vmo->target), vmo->target.writable);
}

void vmo_describe(struct vmo *vmo, struct zxd_reply *reply)
{
	const struct dirty *dirty = &vmo->writeback.dirty;
	struct target *t = &vmo->target;

	pager_refresh(t);
	reply->flags = (t->writable ? ZXD_WRITABLE : 0) |
		       (t->held ? ZXD_HELD : 0) |
		       (t->detached ? ZXD_DETACHED : 0) |
		       (t->complete ? ZXD_COMPLETE : 0) |
		       (dirty->throttled && dirty->queue.first ? ZXD_THROTTLED : 0) |
		       (vmo->writeback.retry_ms ? ZXD_FAILING : 0);
	reply->vmo_size = t->size;
	reply->file_size = t->backend->size;
	reply->packets = t->packets;
	reply->windows = t->windows;
	reply->failed = t->failed;
	reply->late = t->late;
	reply->dirty_packets = t->dirty_packets;
	reply->dirty = vmo->writeback.dirty.bytes;
	reply->granted = t->granted;
	reply->throttled = t->throttled;
	reply->no_space = t->no_space;
	reply->written = t->written;
	reply->zeroed = t->zeroed;
	reply->writeback_errors = t->writeback_errors;
	reply->syncs = t->syncs;
	reply->ahead = t->ahead;
	strncpy(reply->name, t->name, sizeof(reply->name) - 1);
}

int vmo_fail(struct vmo *vmo, uint64_t offset, uint64_t length, int code)
{
	switch (code) {
	case EIO:
	case EBADMSG:
	case ESTALE:
	case ENOSPC:
	case ENOBUFS:
		return bad_add(&vmo->reader.bads, &vmo->target, offset, length, code);
	}
	return EINVAL;
}

void vmo_clear(struct vmo *vmo)
{
	bad_clear(&vmo->reader.bads);
}

void vmo_hold(struct vmo *vmo, bool held)
{
	vmo->target.held = held;
	reader_pump(&vmo->reader);
	if (vmo->target.writable)
		dirty_pump(&vmo->writeback.dirty);
}
