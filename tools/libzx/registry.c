// SPDX-License-Identifier: MIT
/*
 * All objects, see registry.h.
 */
#include <stddef.h>

#include "registry.h"
#include "table.h"

/* Of random numbers, and of those that count inodes. */
#define BUCKETS	4096

struct zxi_objects zxi_all_objects = LIST_HEAD_INITIALIZER(zxi_all_objects);

static struct zxi_objects by_koid[BUCKETS];

static struct zxi_objects *bucket_of(zx_koid_t koid)
{
	return &by_koid[koid % BUCKETS];
}

void zxi_registry_add(struct zxi_object *object)
{
	LIST_INSERT_HEAD(&zxi_all_objects, object, all);
	LIST_INSERT_HEAD(bucket_of(object->koid), object, same_bucket);
}

void zxi_registry_remove(struct zxi_object *object)
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
