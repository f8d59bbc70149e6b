// SPDX-License-Identifier: GPL-2.0
/*
 * The descriptors that outlive a worker.  There is room for as many as the command line
 * allows, and no more is taken whatever a worker sends.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "held.h"
#include "options.h"

bool held_init(struct held *held, unsigned int vmo_max, unsigned int copy_max)
{
	*held = (struct held){
		.vmos = calloc(vmo_max ? vmo_max : 1, sizeof(*held->vmos)),
		.vmo_max = vmo_max,
		.copies = calloc(copy_max ? copy_max : 1, sizeof(*held->copies)),
		.copy_max = copy_max,
		.links = calloc(vmo_max ? vmo_max : 1, CONNECTIONS_MAX * sizeof(*held->links)),
		.link_max = vmo_max * CONNECTIONS_MAX,
		.listener = -1,
		.lock = -1,
	};
	for (unsigned int i = 0; held->links && i < held->link_max; i++)
		held->links[i] = -1;
	return held->vmos && held->copies && held->links;
}

struct held_copy *held_named(struct held *held, const char *name)
{
	for (unsigned int i = 0; i < held->copy_count; i++)
		if (!strcmp(held->copies[i].told.name, name))
			return &held->copies[i];
	return NULL;
}

static const char *take_vmo(struct held *held, int fd)
{
	if (held->vmo_count == held->vmo_max)
		return "more VMOs than are served";
	held->vmos[held->vmo_count++] = fd;
	return NULL;
}

/* Of those that a keeper before had nobody says in which order they come. */
static void insert(struct held *held, struct held_copy copy)
{
	unsigned int at = held->copy_count++;

	for (; at && held->copies[at - 1].told.number > copy.told.number; at--)
		held->copies[at] = held->copies[at - 1];
	held->copies[at] = copy;
}

static const char *take_copy(struct held *held, const struct keep_message *message, int fd)
{
	if (!zxd_is_name(message->name) || !zxd_is_name(message->of))
		return "a copy without a name";
	if (held_named(held, message->name))
		return "two copies of one name";
	if (held->copy_count == held->copy_max)
		return "more copies than there may be";
	insert(held, (struct held_copy){ .told = *message, .fd = fd });
	return NULL;
}

/* The others stay in their order, in which they are listed. */
static const char *drop_copy(struct held *held, const char *name)
{
	struct held_copy *copy = held_named(held, name);
	struct held_copy *end = held->copies + held->copy_count;

	if (!copy)
		return "the end of a copy that is not held";
	close(copy->fd);
	memmove(copy, copy + 1, (size_t)(end - copy - 1) * sizeof(*copy));
	held->copy_count--;
	return NULL;
}

static const char *take_one(int *place, int fd)
{
	if (*place >= 0)
		return "a second socket";
	*place = fd;
	return NULL;
}

/* That of a place has ended when there is another one. */
static const char *take_link(struct held *held, uint64_t place, int fd)
{
	if (place >= held->link_max)
		return "more connections than there may be";
	if (held->links[place] >= 0)
		close(held->links[place]);
	held->links[place] = fd;
	return NULL;
}

static void drop_one(int *place)
{
	if (*place >= 0)
		close(*place);
	*place = -1;
}

/* Who waits there to be taken is not served any more, and finds that out. */
static const char *drop_socket(struct held *held)
{
	drop_one(&held->listener);
	drop_one(&held->lock);
	return NULL;
}

/* Once taken the descriptor is not closed any more. */
static const char *take(struct held *held, const struct keep_message *message, int fd)
{
	switch (message->kind) {
	case KEEP_VMO:
		return take_vmo(held, fd);
	case KEEP_COPY:
		return take_copy(held, message, fd);
	case KEEP_LINK:
		return take_link(held, message->number, fd);
	case KEEP_LISTENER:
		return take_one(&held->listener, fd);
	case KEEP_LOCK:
		return take_one(&held->lock, fd);
	}
	return "a descriptor that belongs to nothing";
}

const char *held_take(struct held *held, const struct keep_message *message, int fd)
{
	const char *flaw;

	if (fd < 0 && message->kind == KEEP_DROP)
		return drop_copy(held, message->name);
	if (fd < 0 && message->kind == KEEP_CLOSE)
		return drop_socket(held);
	if (fd < 0)
		return "a message without its descriptor";
	flaw = take(held, message, fd);
	if (flaw)
		close(fd);
	return flaw;
}

bool held_tell(const struct held *held, unsigned int index, struct keep_message *message,
	       int *fd)
{
	memset(message, 0, sizeof(*message));
	if (index < 2) {
		message->kind = index ? KEEP_LOCK : KEEP_LISTENER;
		*fd = index ? held->lock : held->listener;
		return true;
	}
	index -= 2;
	if (index < held->copy_count) {
		*message = held->copies[index].told;
		*fd = held->copies[index].fd;
		return true;
	}
	index -= held->copy_count;
	if (index >= held->link_max)
		return false;
	message->kind = KEEP_LINK;
	*fd = held->links[index];
	return true;
}
