/* SPDX-License-Identifier: MIT */
/*
 * All objects that this process has handles of: how long they live, by koid, and whose children
 * they are.
 *
 * All of it wants the lock of the table.
 */
#ifndef LIBZX_REGISTRY_H
#define LIBZX_REGISTRY_H

#include <sys/queue.h>

#include <zircon/types.h>

struct zxi_object;
struct zxi_table_ops;

LIST_HEAD(zxi_objects, zxi_object);

extern struct zxi_objects zxi_all_objects;

#define zxi_for_each_object(o)	LIST_FOREACH(o, &zxi_all_objects, all)

/* NULL if there is none. */
struct zxi_object *zxi_registry_find(zx_koid_t koid);

/* @object is a child of @parent from now on, which is NULL if it is none any more. */
void zxi_registry_set_parent(struct zxi_object *object, struct zxi_object *parent);

/*
 * The object of a descriptor, with a handle more: that of a VMO is found by what it is, others are
 * new.  NULL without memory.
 */
struct zxi_object *zxi_object_make(int fd, zx_obj_type_t type);
void zxi_object_add_handle(struct zxi_object *object);

/* One handle less: with the last one it goes, though a slot may have it still. */
void zxi_object_lose_handle(struct zxi_object *object);

/* The same, which is told to who waits by this handle. */
void zxi_object_leave(struct zxi_object *object, zx_handle_t handle);

/* A slot has it no more; the last one frees it.  It may be NULL. */
void zxi_object_put(struct zxi_object *object);

/* Who hears of all that, or NULL. */
extern const struct zxi_table_ops *zxi_hears;

#endif /* LIBZX_REGISTRY_H */
