// SPDX-License-Identifier: MIT
/*
 * Signals of objects, see signals.h, and the calls that change them.
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

/* That programs may set and clear. */
static zx_signals_t users(zx_obj_type_t type)
{
	switch (type) {
	case ZX_OBJ_TYPE_EVENT:
	case ZX_OBJ_TYPE_EVENTPAIR:
		return ZX_USER_SIGNAL_ALL | ZX_OBJECT_SIGNALED;
	}
	return ZX_USER_SIGNAL_ALL;
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
	struct zxi_observer **link = &observer->object->observers;

	while (*link != observer)
		link = &(*link)->next;
	*link = observer->next;
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
		zxi_async_send(observer, observed);
		free(observer);
	}
}

void zxi_signal(struct zxi_object *object, zx_signals_t clear, zx_signals_t set)
{
	const zx_signals_t before = object->signals, now = (before & ~clear) | set;
	struct zxi_observer *observer, *next;

	object->signals = now;
	for (observer = object->observers; observer; observer = next) {
		next = observer->next;
		if (!(observer->signals & now & ~before))
			continue;
		unlist(observer);
		over(observer, now);
	}
}

static bool asked(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	return poll(&pfd, 1, 0) > 0 && (pfd.revents & events);
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

static void list(struct zxi_observer *observer)
{
	struct zxi_observer **link = &observer->object->observers;

	while (*link)
		link = &(*link)->next;
	*link = observer;
	observer->next = NULL;
	observer->listed = true;
}

zx_status_t zxi_observe(struct zxi_observer *observer)
{
	struct zxi_object *object = zxi_object_of(observer->handle);
	const int fd = zx_linux_handle_to_fd(observer->handle);
	zx_status_t status = ZX_OK;

	if (!object) {
		status = ZX_ERR_BAD_HANDLE;
		goto failed;
	}
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
			status = zxi_watch(object);
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
	zxi_signal_refresh(observer->object, zx_linux_handle_to_fd(observer->handle));
	/* That may just have been it. */
	if (!observer->listed)
		return;
	unlist(observer);
	observer->observed = observer->object->signals;
}

void zxi_signal_closed(struct zxi_object *object, zx_handle_t handle)
{
	struct zxi_observer *observer, *next;

	for (observer = object ? object->observers : NULL; observer; observer = next) {
		next = observer->next;
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

void zxi_signal_end_closed(struct zxi_object *object)
{
	zxi_signal_refresh(object, object->fd);
	/* Without a thread who waits already hears of it from none but those who ask. */
	if (object->observers && !(object->signals & ZX_EVENTPAIR_PEER_CLOSED))
		zxi_watch(object);
}

void zxi_signal_after_fork(void)
{
	struct zxi_observer *observer, *next;

	for (struct zxi_object *o = zxi_first_object(); o; o = o->next) {
		for (observer = o->observers; observer; observer = next) {
			next = observer->next;
			if (!observer->waiter)
				free(observer);
		}
		o->observers = NULL;
		zxi_async_forget(o);
		o->watched = false;
	}
	zxi_watch_after_fork();
}

/*
 * What poll() is told: an eventfd counts to one, and an end of a pair has a byte to read,
 * which comes from the other end.  @fd: of the event, or the end.
 */
static void show(struct zxi_object *object, int fd)
{
	const bool signaled = object->signals & ZX_OBJECT_SIGNALED;
	uint64_t one = 1;
	ssize_t done = 0;

	if (!signaled)
		done = read(fd, &one, sizeof(one));
	else if (object->type == ZX_OBJ_TYPE_EVENT)
		done = write(fd, &one, sizeof(one));
	else if (object->peer)
		done = write(object->peer->fd, "", 1);
	/* Other processes may have it, too, and do with it as they like. */
	(void)done;
}

static void change(struct zxi_object *object, int fd, zx_signals_t clear, zx_signals_t set)
{
	const zx_signals_t before = object->signals;

	zxi_signal(object, clear, set);
	/* Of a VMO that means that there are no children, of which poll() knows. */
	if ((object->signals ^ before) & ZX_OBJECT_SIGNALED & users(object->type))
		show(object, fd);
}

/* BAD_HANDLE, ACCESS_DENIED, NOT_SUPPORTED, INVALID_ARGS. */
static zx_status_t check(zx_handle_t handle, zx_rights_t right, zx_signals_t signals)
{
	zx_obj_type_t type;
	zx_rights_t rights;
	zx_status_t status = zxi_identify(handle, &type, &rights);

	if (status != ZX_OK)
		return status;
	if (!(rights & right))
		return ZX_ERR_ACCESS_DENIED;
	if (!zxi_is_waitable(type) ||
	    (right == ZX_RIGHT_SIGNAL_PEER && type != ZX_OBJ_TYPE_EVENTPAIR))
		return ZX_ERR_NOT_SUPPORTED;
	return signals & ~users(type) ? ZX_ERR_INVALID_ARGS : ZX_OK;
}

zx_status_t zx_object_signal(zx_handle_t handle, uint32_t clear_mask, uint32_t set_mask)
{
	zx_status_t status = check(handle, ZX_RIGHT_SIGNAL, clear_mask | set_mask);
	struct zxi_object *object;

	if (status != ZX_OK)
		return status;
	zxi_table_lock();
	object = zxi_object_of(handle);
	if (object)
		change(object, zx_linux_handle_to_fd(handle), clear_mask, set_mask);
	else
		status = ZX_ERR_BAD_HANDLE;
	zxi_table_unlock();
	return status;
}

/* Whose object another process alone has cannot be told. */
static zx_status_t signal_peer(struct zxi_object *object, zx_signals_t clear,
			       zx_signals_t set)
{
	if (!object->peer) {
		zxi_signal_refresh(object, object->fd);
		return object->signals & ZX_EVENTPAIR_PEER_CLOSED ?
		       ZX_ERR_PEER_CLOSED : ZX_ERR_NOT_SUPPORTED;
	}
	change(object->peer, object->peer->fd, clear, set);
	return ZX_OK;
}

zx_status_t zx_object_signal_peer(zx_handle_t handle, uint32_t clear_mask,
				  uint32_t set_mask)
{
	zx_status_t status = check(handle, ZX_RIGHT_SIGNAL_PEER, clear_mask | set_mask);
	struct zxi_object *object;

	if (status != ZX_OK)
		return status;
	zxi_table_lock();
	object = zxi_object_of(handle);
	status = object ? signal_peer(object, clear_mask, set_mask) : ZX_ERR_BAD_HANDLE;
	zxi_table_unlock();
	return status;
}
