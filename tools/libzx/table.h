/* SPDX-License-Identifier: MIT */
/*
 * The handles of this process: which rights each has, and the objects behind them.
 *
 * The word of a handle is in slot.h.  All else changes under one mutex, which is held for a
 * few instructions, and is free in the child of a fork().  Who counts himself in the word may look
 * at what is constant in its object, and at what says so, without that.
 */
#ifndef LIBZX_TABLE_H
#define LIBZX_TABLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <zircon/syscalls/object.h>
#include <zircon/types.h>

#include "registry.h"
#include "slot.h"

struct zxi_late;
struct zxi_observer;
LIST_HEAD(zxi_observers, zxi_observer);
struct zxi_region;
struct zxi_stream;

/**
 * struct zxi_object - what one or more handles of this process stand for
 * @all: in the list of all
 * @same_bucket: where it is found by koid
 * @handles: how many handles
 * @refs: slots that have it: of its handles, and of those that were closed in use
 * @type: ZX_OBJ_TYPE_*; _NONE for a descriptor of somebody else's
 * @koid: constant
 * @region: of a VMAR; constant
 * @stream: of a stream, which there is as long as this; constant
 * @parent: of a child that this process made, the nearest one above it that has handles; or NULL
 * @siblings: in the list of its parent's children
 * @children: those that have it as their @parent
 * @child_count: how many
 * @name: of a VMO
 * @signals: ZX_*_SIGNALED and so on, as far as it is known; read without the lock, too
 * @observers: who waits for them
 * @waits: of a port: the observers that send packets to it
 * @fd: a descriptor of its own, as long as it has handles; -1 if nobody wanted one
 * @watched: by the thread that looks for what the kernel knows
 * @peer: of an end of a pair: the other one, if this process has handles of it; read without
 *	the lock, too
 * @inherited: it was made before a fork() that this process is the child of
 * @related_koid: that of the other end; constant
 * @late: of a port: packets that its queue had no room for
 */
struct zxi_object {
	LIST_ENTRY(zxi_object) all;
	LIST_ENTRY(zxi_object) same_bucket;
	unsigned int handles;
	unsigned int refs;
	zx_obj_type_t type;
	zx_koid_t koid;
	struct zxi_region *region;
	struct zxi_stream *stream;
	struct zxi_object *parent;
	LIST_ENTRY(zxi_object) siblings;
	struct zxi_objects children;
	size_t child_count;
	char name[ZX_MAX_NAME_LEN];
	_Atomic zx_signals_t signals;
	struct zxi_observers observers;
	struct zxi_observers waits;
	int fd;
	bool watched;
	bool inherited;
	struct zxi_object *_Atomic peer;
	zx_koid_t related_koid;
	struct zxi_late *late;
};

/* Who has it calls nothing that is a cancellation point, where it would be held forever. */
void zxi_table_lock(void);
void zxi_table_unlock(void);

/* Gives the lock away until woken, or the time on CLOCK_MONOTONIC is over: false. */
bool zxi_table_wait(pthread_cond_t *cond, const struct timespec *until);

/* The object of an open handle, or NULL; wants the lock. */
struct zxi_object *zxi_object_of(zx_handle_t handle);

/* Why it has none. */
static inline zx_status_t zxi_no_object(zx_handle_t handle)
{
	return zxi_open_word(handle) ? ZX_ERR_NO_MEMORY : ZX_ERR_BAD_HANDLE;
}

/* Makes @object->fd of another descriptor of it; wants the lock. */
zx_status_t zxi_own_fd(struct zxi_object *object, int fd);

/**
 * struct zxi_table_ops - what who waits for signals wants to hear of, with the lock
 * @closed: a handle is none any more
 * @gone: the last handle of an object is closed
 * @end_closed: this process has no handle of the object's peer any more
 * @child_closed: a handle of a child of the object is closed, which is watched
 * @forked: this is the child of a fork()
 */
struct zxi_table_ops {
	void (*closed)(struct zxi_object *object, zx_handle_t handle);
	void (*gone)(struct zxi_object *object);
	void (*end_closed)(struct zxi_object *object);
	void (*child_closed)(struct zxi_object *object);
	void (*forked)(void);
};

/* Wants the lock.  Nobody hears of anything before that. */
void zxi_table_hear(const struct zxi_table_ops *ops);

/*
 * BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED, in this order, unless @handle is of that type
 * and has at least these rights.  That may change at once: who needs the descriptor
 * wants zxi_get().
 */
zx_status_t zxi_check(zx_handle_t handle, zx_obj_type_t type, zx_rights_t rights);

/* BAD_HANDLE, or the type and rights of any handle. */
zx_status_t zxi_identify(zx_handle_t handle, zx_obj_type_t *type,
			 zx_rights_t *rights);

/*
 * A handle that nothing was known of is this, or what was known of it is not so; *@word
 * is what is known now.  Or BAD_HANDLE it is closed by now.
 */
zx_status_t zxi_adopt(zx_handle_t handle, zx_obj_type_t type, zx_rights_t rights,
		      uint64_t *word);

/*
 * A new descriptor becomes a handle, and *@out is told.  @like: another handle of the
 * same object, or ZX_HANDLE_INVALID.  If that fails, with BAD_HANDLE since @like is
 * closed by now, the descriptor is closed.
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

/* A handle of any kind but the root is none from now on; or BAD_HANDLE. */
zx_status_t zxi_close(zx_handle_t handle);

/*
 * Another number, and other rights, for what @handle is, which is none from now on.
 * @narrower: a descriptor of the same object that is to take the place of its own, or -1;
 * it is closed.  If that fails with INVALID_ARGS, for @out, both numbers are none.
 */
zx_status_t zxi_replace(zx_handle_t handle, zx_rights_t rights, int narrower,
			zx_handle_t *out);

/* A reference of the region behind a handle of a VMAR, or NULL. */
struct zxi_region *zxi_handle_region(zx_handle_t handle);

/* What object_get_info() tells, with the children that have handles. */
struct zxi_object_info {
	zx_koid_t koid;
	unsigned int handles;
	size_t children;
	zx_koid_t related_koid;
};

zx_status_t zxi_object_info(zx_handle_t handle, struct zxi_object_info *info);
zx_status_t zxi_get_name(zx_handle_t handle, char name[ZX_MAX_NAME_LEN]);
zx_status_t zxi_set_name(zx_handle_t handle, const char *name, size_t length);

#endif /* LIBZX_TABLE_H */
