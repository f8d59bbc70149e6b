// SPDX-License-Identifier: MIT
/*
 * Signals of objects, and who waits for them, see signals.h.
 */
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base.h"
#include "signals.h"
#include "table.h"

bool zxi_is_waitable(zx_obj_type_t type)
{
	switch (type) {
	case ZX_OBJ_TYPE_NONE:
	case ZX_OBJ_TYPE_PORT:
	case ZX_OBJ_TYPE_VMAR:
	case ZX_OBJ_TYPE_PAGER:
		return false;
	}
	return true;
}

zx_status_t zxi_check_wait(zx_handle_t handle)
{
	uint64_t word = zxi_open_word(handle);
	zx_obj_type_t type = ZXI_WORD_TYPE(word);
	zx_rights_t rights = ZXI_WORD_RIGHTS(word);
	zx_status_t status = word ? ZX_OK : zxi_identify(handle, &type, &rights);

	if (status != ZX_OK)
		return status;
	if (!(rights & ZX_RIGHT_WAIT))
		return ZX_ERR_ACCESS_DENIED;
	return zxi_is_waitable(type) ? ZX_OK : ZX_ERR_NOT_SUPPORTED;
}

static void unlist(struct zxi_observer *observer)
{
	LIST_REMOVE(observer, of_object);
	if (observer->port)
		LIST_REMOVE(observer, of_port);
	observer->listed = false;
}

static void wake(struct zxi_observer *observer, zx_signals_t observed)
{
	observer->observed = observed;
	observer->waiter->woken = true;
	pthread_cond_signal(&observer->waiter->cond);
}

/* Not listed any more. */
static void over(struct zxi_observer *observer, zx_signals_t observed)
{
	if (observer->waiter) {
		wake(observer, observed);
	} else {
		zxi_packet_send(observer, observed);
		free(observer);
	}
}

void zxi_signal(struct zxi_object *object, zx_signals_t clear, zx_signals_t set)
{
	const zx_signals_t before = object->signals, now = (before & ~clear) | set;
	struct zxi_observer *observer, *next;

	object->signals = now;
	if (!(now & ~before))
		return;
	for (observer = LIST_FIRST(&object->observers); observer; observer = next) {
		next = LIST_NEXT(observer, of_object);
		/* As in Zircon also one with EDGE of a signal that is not new, if another is. */
		if (!(observer->signals & now))
			continue;
		unlist(observer);
		over(observer, now);
	}
}

static bool asked(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	const int cancel = zxi_cancel_off(), n = poll(&pfd, 1, 0);

	zxi_cancel_as(cancel);
	return n > 0 && (pfd.revents & events);
}

void zxi_signal_refresh(struct zxi_object *object, int fd)
{
	switch (object->type) {
	case ZX_OBJ_TYPE_VMO:
		if (asked(fd, POLLPRI))
			zxi_signal(object, 0, ZX_VMO_ZERO_CHILDREN);
		else
			zxi_signal(object, ZX_VMO_ZERO_CHILDREN, 0);
		break;
	case ZX_OBJ_TYPE_EVENTPAIR:
		if (!object->peer && asked(fd, POLLHUP))
			zxi_signal(object, 0, ZX_EVENTPAIR_PEER_CLOSED);
		break;
	}
}

/* Whether what is waited for may come from the kernel. */
static bool is_kernels(const struct zxi_observer *observer)
{
	switch (observer->object->type) {
	case ZX_OBJ_TYPE_VMO:
		return observer->signals & ZX_VMO_ZERO_CHILDREN;
	case ZX_OBJ_TYPE_EVENTPAIR:
		return (observer->signals & ~observer->object->signals &
			ZX_EVENTPAIR_PEER_CLOSED) && !observer->object->peer;
	}
	return false;
}

/* As in Zircon who waits last hears first. */
static void list(struct zxi_observer *observer)
{
	LIST_INSERT_HEAD(&observer->object->observers, observer, of_object);
	if (observer->port)
		LIST_INSERT_HEAD(&observer->port->waits, observer, of_port);
	observer->listed = true;
}

zx_status_t zxi_observe(struct zxi_observer *observer)
{
	struct zxi_object *object = zxi_object_of(observer->handle);
	const int fd = (int)zxi_fd_of(observer->handle);
	zx_status_t status = ZX_OK;

	if (!object) {
		status = zxi_no_object(observer->handle);
		goto failed;
	}
	zxi_signals_begin();
	observer->object = object;
	zxi_signal_refresh(object, fd);
	if (!(observer->options & ZX_WAIT_ASYNC_EDGE) &&
	    (object->signals & observer->signals)) {
		over(observer, object->signals);
		return ZX_OK;
	}
	if (is_kernels(observer)) {
		status = zxi_own_fd(object, fd);
		if (status == ZX_OK)
			status = zxi_watch(object, zxi_signal_refresh);
	}
	if (status != ZX_OK)
		goto failed;
	list(observer);
	return ZX_OK;
failed:
	if (!observer->waiter)
		free(observer);
	return status;
}

void zxi_observe_end(struct zxi_observer *observer)
{
	if (!observer->listed)
		return;
	zxi_signal_refresh(observer->object, (int)zxi_fd_of(observer->handle));
	/* That may just have been it. */
	if (!observer->listed)
		return;
	unlist(observer);
	observer->observed = observer->object->signals;
}

static void end_wait(struct zxi_observer *observer)
{
	unlist(observer);
	free(observer);
}

/* Of one handle, by key. */
static unsigned int end_waits_of(zx_handle_t handle, const struct zxi_object *port, uint64_t key)
{
	struct zxi_object *object = zxi_object_of(handle);
	struct zxi_observer *observer, *next;
	unsigned int found = 0;

	observer = object ? LIST_FIRST(&object->observers) : NULL;
	for (; observer; observer = next) {
		next = LIST_NEXT(observer, of_object);
		if (observer->port != port || observer->key != key || observer->handle != handle)
			continue;
		end_wait(observer);
		found++;
	}
	return found;
}

/* Of all handles; all keys if @key is NULL. */
static unsigned int end_waits_for(struct zxi_object *port, const uint64_t *key)
{
	struct zxi_observer *observer, *next;
	unsigned int found = 0;

	for (observer = LIST_FIRST(&port->waits); observer; observer = next) {
		next = LIST_NEXT(observer, of_port);
		if (key && observer->key != *key)
			continue;
		end_wait(observer);
		found++;
	}
	return found;
}

unsigned int zxi_observe_cancel(struct zxi_object *port, zx_handle_t handle, uint64_t key)
{
	return zxi_packets_drop(port, handle, &key) +
	       (handle == ZX_HANDLE_INVALID ? end_waits_for(port, &key) :
					      end_waits_of(handle, port, key));
}

static void gone(struct zxi_object *object)
{
	zxi_watch_end(object);
	zxi_packets_drop(object, ZX_HANDLE_INVALID, NULL);
	end_waits_for(object, NULL);
}

static void closed(struct zxi_object *object, zx_handle_t handle)
{
	struct zxi_observer *observer, *next;

	for (observer = LIST_FIRST(&object->observers); observer; observer = next) {
		next = LIST_NEXT(observer, of_object);
		if (observer->handle != handle)
			continue;
		unlist(observer);
		if (observer->waiter)
			wake(observer, object->signals | ZX_SIGNAL_HANDLE_CLOSED);
		else
			free(observer);
	}
}

void zxi_signal_child(zx_handle_t vmo)
{
	struct zxi_object *object;

	zxi_table_lock();
	object = zxi_object_of(vmo);
	if (object && object->watched)
		zxi_signal_refresh(object, object->fd);
	zxi_table_unlock();
}

static void end_closed(struct zxi_object *object)
{
	zxi_signal_refresh(object, object->fd);
	/* Without a thread who waits already hears of it from none but those who ask. */
	if (!LIST_EMPTY(&object->observers) && !(object->signals & ZX_EVENTPAIR_PEER_CLOSED))
		zxi_watch(object, zxi_signal_refresh);
}

static void child_closed(struct zxi_object *object)
{
	zxi_signal_refresh(object, object->fd);
}

/* Of those who wait the calls are left that are this thread's: a signal handler has forked. */
static void keep_own(struct zxi_object *object)
{
	struct zxi_observer *observer, *next;

	for (observer = LIST_FIRST(&object->observers); observer; observer = next) {
		next = LIST_NEXT(observer, of_object);
		if (!observer->waiter)
			end_wait(observer);
		else if (!pthread_equal(observer->waiter->thread, pthread_self()))
			unlist(observer);
	}
}

static void forked(void)
{
	struct zxi_object *o;

	zxi_for_each_object(o) {
		keep_own(o);
		zxi_packets_drop(o, ZX_HANDLE_INVALID, NULL);
		o->watched = false;
	}
	zxi_watch_after_fork();
}

void zxi_signals_begin(void)
{
	static const struct zxi_table_ops ops = {
		.closed = closed,
		.gone = gone,
		.end_closed = end_closed,
		.child_closed = child_closed,
		.forked = forked,
	};

	zxi_table_hear(&ops);
}
