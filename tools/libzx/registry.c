// SPDX-License-Identifier: MIT
/*
 * All objects, from the first of their handles to the last, see registry.h.
 */
#include <fcntl.h>
#include <stdlib.h>

#include "base.h"
#include "kind.h"
#include "region.h"
#include "registry.h"
#include "stream.h"
#include "table.h"

/* Of random numbers, and of those that count inodes. */
#define BUCKETS	4096

struct zxi_objects zxi_all_objects = LIST_HEAD_INITIALIZER(zxi_all_objects);

const struct zxi_table_ops *zxi_hears;

static struct zxi_objects by_koid[BUCKETS];

static struct zxi_objects *bucket_of(zx_koid_t koid)
{
	return &by_koid[koid % BUCKETS];
}

static void add(struct zxi_object *object)
{
	LIST_INSERT_HEAD(&zxi_all_objects, object, all);
	LIST_INSERT_HEAD(bucket_of(object->koid), object, same_bucket);
}

static void remove_object(struct zxi_object *object)
{
	while (!LIST_EMPTY(&object->children))
		zxi_registry_set_parent(LIST_FIRST(&object->children), object->parent);
	zxi_registry_set_parent(object, NULL);
	LIST_REMOVE(object, all);
	LIST_REMOVE(object, same_bucket);
}

struct zxi_object *zxi_registry_find(zx_koid_t koid)
{
	struct zxi_object *object;

	LIST_FOREACH(object, bucket_of(koid), same_bucket)
		if (object->koid == koid)
			return object;
	return NULL;
}

void zxi_registry_set_parent(struct zxi_object *object, struct zxi_object *parent)
{
	if (object->parent) {
		LIST_REMOVE(object, siblings);
		object->parent->child_count--;
	}
	object->parent = parent;
	if (parent) {
		LIST_INSERT_HEAD(&parent->children, object, siblings);
		parent->child_count++;
	}
}

void zxi_table_hear(const struct zxi_table_ops *ops)
{
	zxi_hears = ops;
}

void zxi_object_add_handle(struct zxi_object *object)
{
	object->handles++;
	object->refs++;
}

struct zxi_object *zxi_object_make(int fd, zx_obj_type_t type)
{
	zx_koid_t koid = zxi_make_koid(fd, type);
	struct zxi_object *object = zxi_registry_find(koid);

	if (!object) {
		object = calloc(1, sizeof(*object));
		if (!object)
			return NULL;
		object->type = type;
		object->koid = koid;
		object->fd = -1;
		add(object);
	}
	zxi_object_add_handle(object);
	return object;
}

void zxi_object_lose_handle(struct zxi_object *object)
{
	struct zxi_object *peer = object->peer;

	if (--object->handles)
		return;
	remove_object(object);
	if (peer)
		peer->peer = NULL;
	if (zxi_hears)
		zxi_hears->gone(object);
	if (object->fd >= 0)
		zxi_close_fd(object->fd);
	object->fd = -1;
}

void zxi_object_put(struct zxi_object *object)
{
	if (!object || --object->refs)
		return;
	if (object->region)
		zxi_region_put(object->region);
	if (object->stream)
		zxi_stream_put(object->stream);
	free(object);
}

void zxi_object_leave(struct zxi_object *object, zx_handle_t handle)
{
	if (zxi_hears)
		zxi_hears->closed(object, handle);
	zxi_object_lose_handle(object);
}

zx_status_t zxi_own_fd(struct zxi_object *object, int fd)
{
	if (object->fd < 0)
		object->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return object->fd < 0 ? zxi_errno() : ZX_OK;
}
