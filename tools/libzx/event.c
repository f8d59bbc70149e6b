// SPDX-License-Identifier: MIT
/*
 * Events and pairs of them, which are nothing but their signals, and changing those.
 *
 * An event is an eventfd, which can be read while it is SIGNALED, and an end of a pair a
 * socket, which can be read while that is, and hangs up with its peer.  Of each end the
 * library has a descriptor of its own, to write what the other one reads.
 *
 * The child of a fork() has signals of its own, and the descriptors in common with its parent:
 * so of what it has from there they tell what the parent did, and it leaves them alone.
 */
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base.h"
#include "signals.h"
#include "table.h"

zx_status_t zx_event_create(uint32_t options, zx_handle_t *out)
{
	int fd;

	if (options)
		return ZX_ERR_INVALID_ARGS;
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return zxi_errno();
	return zxi_publish(fd, ZX_OBJ_TYPE_EVENT, ZX_DEFAULT_EVENT_RIGHTS, ZX_HANDLE_INVALID,
			   out);
}

/* An end, whose object has a descriptor of its own; takes over @fd. */
static zx_status_t publish_end(int fd, zx_handle_t *handle)
{
	zx_status_t status = zxi_publish(fd, ZX_OBJ_TYPE_EVENTPAIR,
					 ZX_DEFAULT_EVENTPAIR_RIGHTS, ZX_HANDLE_INVALID,
					 handle);
	struct zxi_object *object;

	if (status != ZX_OK)
		return status;
	zxi_table_lock();
	object = zxi_object_of(*handle);
	status = object ? zxi_own_fd(object, fd) : zxi_no_object(*handle);
	zxi_table_unlock();
	if (status != ZX_OK)
		zx_handle_close(*handle);
	return status;
}

/* BAD_HANDLE if somebody has closed a number that nobody was told. */
static zx_status_t join(zx_handle_t one, zx_handle_t two)
{
	struct zxi_object *a, *b;
	zx_status_t status = ZX_ERR_BAD_HANDLE;

	zxi_table_lock();
	zxi_signals_begin();
	a = zxi_object_of(one);
	b = zxi_object_of(two);
	if (a && b) {
		a->peer = b;
		b->peer = a;
		a->related_koid = b->koid;
		b->related_koid = a->koid;
		status = ZX_OK;
	}
	zxi_table_unlock();
	return status;
}

zx_status_t zx_eventpair_create(uint32_t options, zx_handle_t *out0, zx_handle_t *out1)
{
	zx_handle_t handles[2];
	zx_status_t status;
	int fds[2];

	if (options)
		return ZX_ERR_NOT_SUPPORTED;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds))
		return zxi_errno();
	status = publish_end(fds[0], &handles[0]);
	if (status != ZX_OK) {
		zxi_close_fd(fds[1]);
		return status;
	}
	status = publish_end(fds[1], &handles[1]);
	if (status != ZX_OK) {
		zx_handle_close(handles[0]);
		return status;
	}
	status = join(handles[0], handles[1]);
	if (status == ZX_OK)
		status = zxi_copy_out(out0, &handles[0], sizeof(handles[0]));
	if (status == ZX_OK)
		status = zxi_copy_out(out1, &handles[1], sizeof(handles[1]));
	if (status != ZX_OK)
		zx_handle_close_many(handles, 2);
	return status;
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

/*
 * What poll() is told: an eventfd counts to one, and an end of a pair has a byte to read,
 * which comes from the other end.  @fd: of the event, or the end.
 */
static void show(struct zxi_object *object, int fd)
{
	const bool signaled = object->signals & ZX_OBJECT_SIGNALED;
	struct zxi_object *peer = object->peer;
	uint64_t one = 1;
	ssize_t done = 0;
	int cancel;

	/* The descriptor tells of the parent's signals, which are others. */
	if (object->inherited)
		return;
	cancel = zxi_cancel_off();
	if (!signaled)
		done = read(fd, &one, sizeof(one));
	else if (object->type == ZX_OBJ_TYPE_EVENT)
		done = write(fd, &one, sizeof(one));
	else if (peer)
		done = send(peer->fd, "", 1, MSG_NOSIGNAL);
	zxi_cancel_as(cancel);
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

/* NOT_SUPPORTED, INVALID_ARGS. */
static ZXI_INLINE zx_status_t check_type(zx_obj_type_t type, zx_rights_t right,
					 zx_signals_t signals)
{
	if (type == ZX_OBJ_TYPE_EVENT && right == ZX_RIGHT_SIGNAL)
		return signals & ~users(type) ? ZX_ERR_INVALID_ARGS : ZX_OK;
	if (!zxi_is_waitable(type) ||
	    (right == ZX_RIGHT_SIGNAL_PEER && type != ZX_OBJ_TYPE_EVENTPAIR))
		return ZX_ERR_NOT_SUPPORTED;
	return signals & ~users(type) ? ZX_ERR_INVALID_ARGS : ZX_OK;
}

/* BAD_HANDLE, ACCESS_DENIED, and those. */
static zx_status_t check(zx_handle_t handle, zx_rights_t right, zx_signals_t signals)
{
	zx_obj_type_t type;
	zx_rights_t rights;
	zx_status_t status = zxi_identify(handle, &type, &rights);

	if (status != ZX_OK)
		return status;
	return rights & right ? check_type(type, right, signals) : ZX_ERR_ACCESS_DENIED;
}

/* The slot of a handle until zxi_put_slot(), or one of those. */
static ZXI_INLINE zx_status_t get(zx_handle_t handle, zx_rights_t right, zx_signals_t signals,
				  struct zxi_slot **slot)
{
	zx_status_t status;
	zx_obj_type_t type;

	*slot = zxi_fd_slot(handle);
	while (!zxi_try_get_any(*slot, handle, right, &type)) {
		status = check(handle, right, signals);
		if (status != ZX_OK)
			return status;
		*slot = zxi_fd_slot(handle);
	}
	status = check_type(type, right, signals);
	if (status != ZX_OK)
		zxi_put_slot(*slot, (int)zxi_fd_of(handle));
	return status;
}

/* Locked.  The object of a slot that is in use; NULL if the handle is closed meanwhile. */
static ZXI_INLINE struct zxi_object *object_in(struct zxi_slot *slot, zx_handle_t handle)
{
	struct zxi_object *object = slot->object;

	if (!object)
		return zxi_object_of(handle);
	return object->handles ? object : NULL;
}

zx_status_t zx_object_signal(zx_handle_t handle, uint32_t clear_mask, uint32_t set_mask)
{
	const int fd = (int)zxi_fd_of(handle);
	struct zxi_object *object;
	struct zxi_slot *slot;
	zx_status_t status;

	status = get(handle, ZX_RIGHT_SIGNAL, clear_mask | set_mask, &slot);
	if (status != ZX_OK)
		return status;
	zxi_table_lock();
	object = object_in(slot, handle);
	/* Behind the number of an end that is closed meanwhile there is nothing. */
	if (object)
		change(object, object->fd >= 0 ? object->fd : fd, clear_mask, set_mask);
	else
		status = zxi_no_object(handle);
	zxi_table_unlock();
	zxi_put_slot(slot, fd);
	return status;
}

/* Whose object another process alone has cannot be told. */
static zx_status_t signal_peer(struct zxi_object *object, zx_signals_t clear,
			       zx_signals_t set)
{
	struct zxi_object *peer = object->peer;

	if (!peer) {
		zxi_signal_refresh(object, object->fd);
		return object->signals & ZX_EVENTPAIR_PEER_CLOSED ?
		       ZX_ERR_PEER_CLOSED : ZX_ERR_NOT_SUPPORTED;
	}
	change(peer, peer->fd, clear, set);
	return ZX_OK;
}

zx_status_t zx_object_signal_peer(zx_handle_t handle, uint32_t clear_mask,
				  uint32_t set_mask)
{
	struct zxi_object *object;
	struct zxi_slot *slot;
	zx_status_t status;

	status = get(handle, ZX_RIGHT_SIGNAL_PEER, clear_mask | set_mask, &slot);
	if (status != ZX_OK)
		return status;
	zxi_table_lock();
	object = object_in(slot, handle);
	status = object ? signal_peer(object, clear_mask, set_mask) : zxi_no_object(handle);
	zxi_table_unlock();
	zxi_put_slot(slot, (int)zxi_fd_of(handle));
	return status;
}
