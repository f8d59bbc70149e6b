/* SPDX-License-Identifier: MIT */
/*
 * All objects that this process has handles of: by koid, and whose children they are.
 *
 * All of it wants the lock of the table.
 */
#ifndef LIBZX_REGISTRY_H
#define LIBZX_REGISTRY_H

#include <sys/queue.h>

#include <zircon/types.h>

struct zxi_object;

LIST_HEAD(zxi_objects, zxi_object);

extern struct zxi_objects zxi_all_objects;

#define zxi_for_each_object(o)	LIST_FOREACH(o, &zxi_all_objects, all)

/* With its koid set. */
void zxi_registry_add(struct zxi_object *object);

/* What goes leaves its children to its parent. */
void zxi_registry_remove(struct zxi_object *object);

/* NULL if there is none. */
struct zxi_object *zxi_registry_find(zx_koid_t koid);

/* @object is a child of @parent from now on, which is NULL if it is none any more. */
void zxi_registry_set_parent(struct zxi_object *object, struct zxi_object *parent);

#endif /* LIBZX_REGISTRY_H */
