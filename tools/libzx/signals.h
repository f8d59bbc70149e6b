/* SPDX-License-Identifier: MIT */
/*
 * The signals of objects, and who waits for them: calls, and packets for ports.
 *
 * Signals are of this process: it keeps those of each object that it has a handle of, and
 * a change is seen by all who wait at that moment, also if it is undone at once.  Two the
 * kernel knows, a VMO that has no children and an end of a pair whose other end is closed
 * wherever it was.  Those are asked for, and as long as somebody waits for them a thread
 * of the library does, see watch.c.
 *
 * All is under the lock of the table, but a look at signals that nobody but this process knows.
 */
#ifndef LIBZX_SIGNALS_H
#define LIBZX_SIGNALS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <zircon/types.h>

#include "table.h"

/**
 * struct zxi_waiter - a call that waits
 * @cond: on the lock of the table
 * @woken: one of its observers has seen something
 * @thread: whose call; constant
 */
struct zxi_waiter {
	pthread_cond_t cond;
	bool woken;
	pthread_t thread;
};

/**
 * struct zxi_observer - somebody waits for signals
 * @of_object: in the list of the object
 * @of_port: in that of the port, if there is one
 * @object: whose signals
 * @handle: by which handle: once that is closed the wait is over
 * @signals: any of them will do
 * @observed: what there was when it was over; with @waiter
 * @listed: it is not over
 * @waiter: the call, whose this is; or NULL
 * @port: else where a packet goes, which has a descriptor of its own for that
 * @key: of the packet
 * @options: ZX_WAIT_ASYNC_*
 */
struct zxi_observer {
	LIST_ENTRY(zxi_observer) of_object;
	LIST_ENTRY(zxi_observer) of_port;
	struct zxi_object *object;
	zx_handle_t handle;
	zx_signals_t signals;
	zx_signals_t observed;
	bool listed;
	struct zxi_waiter *waiter;
	struct zxi_object *port;
	uint64_t key;
	uint32_t options;
};

/* Whether objects of this type have signals at all. */
bool zxi_is_waitable(zx_obj_type_t type);

/* BAD_HANDLE, ACCESS_DENIED, NOT_SUPPORTED of a handle to be waited for.  No lock. */
zx_status_t zxi_check_wait(zx_handle_t handle);

/* Those who wait for a signal that was not there before hear of it. */
void zxi_signal(struct zxi_object *object, zx_signals_t clear, zx_signals_t set);

/*
 * Whether nobody but this process knows signals of an object, so that they are what is known.
 * No lock.
 */
static inline bool zxi_signals_own(struct zxi_object *object)
{
	switch (object->type) {
	case ZX_OBJ_TYPE_EVENT:
	case ZX_OBJ_TYPE_STREAM:
		return true;
	case ZX_OBJ_TYPE_EVENTPAIR:
		return object->peer;
	}
	return false;
}

/* What the kernel knows: asks it.  @fd: a descriptor of the object. */
void zxi_signal_refresh(struct zxi_object *object, int fd);

/*
 * Begins a wait, which may be over at once; BAD_HANDLE, or an error of the thread that
 * may be needed.  An observer without a waiter is freed when it is over, by this too.
 */
zx_status_t zxi_observe(struct zxi_observer *observer);

/* Ends a wait. */
void zxi_observe_end(struct zxi_observer *observer);

/* From now on those who wait hear of handles that are closed. */
void zxi_signals_begin(void);

/* Ends the waits for a port by key, and of one handle if @handle is one; how many. */
unsigned int zxi_observe_cancel(struct zxi_object *port, zx_handle_t handle, uint64_t key);

/* A VMO has got a child, by a call here: who waits for the next time is to see that.  No lock. */
void zxi_signal_child(zx_handle_t vmo);

/* By which the port finds the packets of a handle, of this process. */
uint64_t zxi_packet_source(zx_handle_t handle);

/* What a port waited for was there. */
void zxi_packet_send(const struct zxi_observer *observer, zx_signals_t observed);

/* Packets of all ports whose queue was too full; sends those of one, and whether that is all. */
extern _Atomic unsigned int zxi_packets_late;
bool zxi_packets_flush(zx_handle_t port);

/* Of such packets those of one handle if @handle is one, and of one key if not NULL. */
unsigned int zxi_packets_drop(struct zxi_object *port, zx_handle_t handle,
			      const uint64_t *key);

/* Has the thread look at the object, whose @fd is its own, from now on, by @look. */
zx_status_t zxi_watch(struct zxi_object *object,
		      void (*look)(struct zxi_object *object, int fd));
void zxi_watch_end(struct zxi_object *object);
void zxi_watch_after_fork(void);

#endif /* LIBZX_SIGNALS_H */
