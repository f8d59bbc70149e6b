/* SPDX-License-Identifier: MIT */
/*
 * The handles of this process: which rights each has, and the objects behind them.
 *
 * A handle of a pager, port, VMO or stream is a file descriptor, (fd << 2) | 3.  Handles of
 * what only exists in this process, which are address regions, have numbers above those
 * of all descriptors.
 *
 * The word of a handle, its rights and type, is read without a lock by each call.  All
 * else is under one mutex, which is held for a few instructions, and is free in the
 * child of a fork().
 */
#ifndef LIBZX_TABLE_H
#define LIBZX_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include <zircon/syscalls/object.h>
#include <zircon/types.h>

struct zxi_region;
struct zxi_stream;

/**
 * struct zxi_object - what one or more handles of this process stand for
 * @next: in the list of all
 * @handles: how many handles
 * @type: ZX_OBJ_TYPE_*; _NONE for a descriptor of somebody else's
 * @koid: constant
 * @region: of a VMAR; constant
 * @stream: of a stream; constant
 * @parent_koid: of a child that this process made: what it was made of; constant
 * @parent: of such a child, the nearest one above it that has handles; or NULL
 * @name: of a VMO
 */
struct zxi_object {
	struct zxi_object *next;
	unsigned int handles;
	zx_obj_type_t type;
	zx_koid_t koid;
	struct zxi_region *region;
	struct zxi_stream *stream;
	zx_koid_t parent_koid;
	struct zxi_object *parent;
	char name[ZX_MAX_NAME_LEN];
};

/* The address space of the process: the only handle that cannot be closed. */
#define ZXI_VMAR_ROOT	((zx_handle_t)0xffffffff)
#define ZXI_ROOT_RIGHTS	(ZX_DEFAULT_VMAR_RIGHTS | ZX_RIGHTS_IO | ZX_RIGHT_EXECUTE)

/*
 * BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED, in this order, unless @handle is of that type
 * and has at least these rights.
 */
zx_status_t zxi_check(zx_handle_t handle, zx_obj_type_t type, zx_rights_t rights);

/* BAD_HANDLE, or the type and rights of any handle. */
zx_status_t zxi_identify(zx_handle_t handle, zx_obj_type_t *type,
			 zx_rights_t *rights);

/*
 * A new descriptor becomes a handle, and *@out is told.  @like: another handle of the
 * same object, or ZX_HANDLE_INVALID.  If that fails the descriptor is closed.
 */
zx_status_t zxi_publish(int fd, zx_obj_type_t type, zx_rights_t rights,
			zx_handle_t like, zx_handle_t *out);

/* The same for a child of @parent, whose name it has if @named. */
zx_status_t zxi_publish_child(int fd, zx_rights_t rights, zx_handle_t parent,
			      bool named, zx_handle_t *out);

/* The same for a descriptor of a VMO; takes over a reference of @stream. */
zx_status_t zxi_publish_stream(int fd, zx_rights_t rights, struct zxi_stream *stream,
			       zx_handle_t *out);

/* The same for what has no descriptor; takes over a reference of @region. */
zx_status_t zxi_publish_region(struct zxi_region *region, zx_rights_t rights,
			       zx_handle_t *out);
zx_status_t zxi_duplicate_region(zx_handle_t handle, zx_rights_t rights,
				 zx_handle_t *out);

/* Forgets a handle; false if there was none.  A descriptor stays open. */
bool zxi_forget(zx_handle_t handle);

/* A reference of the region behind a handle of a VMAR, or NULL. */
struct zxi_region *zxi_handle_region(zx_handle_t handle);

/* The same of a stream. */
struct zxi_stream *zxi_handle_stream(zx_handle_t handle);

/* What object_get_info() tells, with the children that have handles. */
struct zxi_object_info {
	zx_koid_t koid;
	unsigned int handles;
	zx_koid_t parent_koid;
	size_t children;
};

zx_status_t zxi_object_info(zx_handle_t handle, struct zxi_object_info *info);
zx_status_t zxi_get_name(zx_handle_t handle, char name[ZX_MAX_NAME_LEN]);
zx_status_t zxi_set_name(zx_handle_t handle, const char *name, size_t length);

#endif /* LIBZX_TABLE_H */
