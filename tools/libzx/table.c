// SPDX-License-Identifier: MIT
/*
 * The objects behind the handles, see table.h.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base.h"
#include "kind.h"
#include "region.h"
#include "slot.h"
#include "stream.h"
#include "table.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t next_own;

void zxi_table_lock(void)
{
	pthread_mutex_lock(&lock);
}

void zxi_table_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

bool zxi_table_wait(pthread_cond_t *cond, const struct timespec *until)
{
	const int cancel = zxi_cancel_off();
	int rc;

	rc = until ? pthread_cond_clockwait(cond, &lock, CLOCK_MONOTONIC, until) :
		     pthread_cond_wait(cond, &lock);
	zxi_cancel_as(cancel);
	return rc != ETIMEDOUT;
}

/* In the order in which they nest. */
static void before_fork(void)
{
	zxi_region_lock();
	zxi_table_lock();
	zxi_streams_before_fork();
}

static void after_fork(void)
{
	zxi_streams_after_fork();
	zxi_table_unlock();
	zxi_region_unlock();
}

static void close_in_child(struct zxi_slot *slot, int fd);

static void child_after_fork(void)
{
	struct zxi_object *o;

	zxi_streams_in_child();
	zxi_streams_after_fork();
	/* That may be the end of a stream, which takes the lock of their list. */
	zxi_slots_after_fork(close_in_child);
	zxi_for_each_object(o)
		o->inherited = true;
	if (zxi_hears)
		zxi_hears->forked();
	zxi_table_unlock();
	zxi_region_unlock();
}

__attribute__((constructor)) static void survive_fork(void)
{
	pthread_atfork(before_fork, after_fork, child_after_fork);
}

/* The word becomes this, but for the calls that use it. */
static uint64_t set_word(struct zxi_slot *slot, uint64_t set)
{
	uint64_t word = atomic_load(&slot->word);

	while (!atomic_compare_exchange_weak(&slot->word, &word, (word & ZXI_USES) | set))
		;
	return word;
}

/* Locked.  Its slot has none any more; but a call may still use it. */
static void part(zx_handle_t handle, struct zxi_slot *slot)
{
	struct zxi_object *object = slot->object;

	if (!object)
		return;
	zxi_object_leave(object, handle);
	if (atomic_load(&slot->word) & ZXI_USES)
		return;
	slot->object = NULL;
	zxi_object_put(object);
}

/*
 * Locked.  A number that was closed behind the library becomes something else, or what is known of
 * it does.  @uses: of the caller's own.  What other calls use now is left to nobody.
 */
static void become(zx_handle_t handle, struct zxi_slot *slot, struct zxi_object *object,
		   uint64_t word, uint64_t uses)
{
	struct zxi_object *old = slot->object;

	if (old && atomic_load(&slot->word) & ZXI_OPEN)
		zxi_object_leave(old, handle);
	slot->object = object;
	if ((set_word(slot, word) & ZXI_USES) == uses)
		zxi_object_put(old);
}

/* Locked.  Nobody begins to use what is closing, and the last call that did is over. */
static void finish_closing(struct zxi_slot *slot)
{
	struct zxi_object *object = slot->object;

	slot->object = NULL;
	zxi_object_put(object);
	/* The number lives again once it is closed. */
	atomic_fetch_and(&slot->word, ~ZXI_CLOSING);
}

static void close_in_child(struct zxi_slot *slot, int fd)
{
	finish_closing(slot);
	zxi_close_fd(fd);
}

/* To close it may take long: the others need not wait for that. */
void zxi_put_last(struct zxi_slot *slot, int fd)
{
	zxi_table_lock();
	finish_closing(slot);
	zxi_table_unlock();
	zxi_close_fd(fd);
}

zx_status_t zxi_adopt(zx_handle_t handle, zx_obj_type_t type, zx_rights_t rights,
		      uint64_t *word)
{
	struct zxi_slot *slot = zxi_make_slot(handle);

	if (!slot)
		return ZX_ERR_NO_MEMORY;
	zxi_table_lock();
	*word = atomic_load(&slot->word);
	if (zxi_is_stale(handle, *word)) {
		zxi_table_unlock();
		return ZX_ERR_BAD_HANDLE;
	}
	/* Another thread may have done so. */
	if (!(*word & ZXI_OPEN) || !zxi_is_of_kind(ZXI_WORD_TYPE(*word), type)) {
		*word = ZXI_WORD(type, rights) | zxi_count_of(handle);
		become(handle, slot, NULL, *word, ZXI_USE);
	}
	zxi_table_unlock();
	return ZX_OK;
}

/* Locked.  Gives @handle an object, if it has none; NULL if it is not open. */
struct zxi_object *zxi_object_of(zx_handle_t handle)
{
	struct zxi_slot *slot = zxi_slot(handle);
	struct zxi_object *object;
	uint64_t word;

	if (!slot)
		return NULL;
	word = atomic_load(&slot->word);
	if (!zxi_is_open(handle, word))
		return NULL;
	object = slot->object;
	if (!object) {
		object = zxi_object_make((int)zxi_fd_of(handle), ZXI_WORD_TYPE(word));
		slot->object = object;
	}
	return object;
}

/* A new descriptor; if its number is open it was closed without our knowing. */
static zx_status_t add_fd(int fd, zx_obj_type_t type, zx_rights_t rights,
			  zx_handle_t like, struct zxi_stream *stream, zx_handle_t *handle)
{
	struct zxi_object *object = NULL;
	struct zxi_slot *slot;
	uint64_t word;

	*handle = zx_linux_handle_from_fd(fd);
	if (*handle == ZX_HANDLE_INVALID)
		return ZX_ERR_NO_RESOURCES;
	slot = zxi_make_slot(*handle);
	if (!slot)
		return ZX_ERR_NO_MEMORY;
	zxi_table_lock();
	if (like != ZX_HANDLE_INVALID) {
		object = zxi_object_of(like);
		if (object)
			zxi_object_add_handle(object);
	} else {
		object = zxi_object_make(fd, type);
	}
	if (!object) {
		zxi_table_unlock();
		return like == ZX_HANDLE_INVALID ? ZX_ERR_NO_MEMORY : zxi_no_object(like);
	}
	word = atomic_load(&slot->word);
	/* What has a word of a stream is one. */
	if (stream)
		object->stream = stream;
	word = ZXI_WORD(type, rights) |
	       (word & ZXI_OPEN ? zxi_next_word(word) : word & ZXI_WORD_COUNT);
	become(*handle, slot, object, word, 0);
	*handle = zxi_number((unsigned int)fd, word);
	zxi_table_unlock();
	return ZX_OK;
}

/* Nobody knows of a new handle before this; if it cannot be told it goes. */
static zx_status_t tell(zx_handle_t handle, zx_handle_t *out)
{
	zx_status_t status = zxi_copy_out(out, &handle, sizeof(handle));

	if (status != ZX_OK)
		zxi_close(handle);
	return status;
}

static zx_status_t publish(int fd, zx_obj_type_t type, zx_rights_t rights,
			   zx_handle_t like, struct zxi_stream *stream, zx_handle_t *handle)
{
	zx_status_t status = add_fd(fd, type, rights, like, stream, handle);

	if (status != ZX_OK)
		zxi_close_fd(fd);
	return status;
}

zx_status_t zxi_publish(int fd, zx_obj_type_t type, zx_rights_t rights,
			zx_handle_t like, zx_handle_t *out)
{
	zx_handle_t handle;
	zx_status_t status = publish(fd, type, rights, like, NULL, &handle);

	return status == ZX_OK ? tell(handle, out) : status;
}

zx_status_t zxi_publish_child(int fd, zx_rights_t rights, zx_handle_t parent,
			      bool named, zx_handle_t *out)
{
	zx_handle_t handle;
	zx_status_t status = publish(fd, ZX_OBJ_TYPE_VMO, rights, ZX_HANDLE_INVALID, NULL,
				     &handle);
	struct zxi_object *child, *of;

	if (status != ZX_OK)
		return status;
	zxi_table_lock();
	child = zxi_object_of(handle);
	of = zxi_object_of(parent);
	/* A reference is the same VMO. */
	if (child && of && child != of) {
		zxi_registry_set_parent(child, of);
		if (named)
			memcpy(child->name, of->name, ZX_MAX_NAME_LEN);
	}
	zxi_table_unlock();
	return tell(handle, out);
}

zx_status_t zxi_publish_stream(int fd, zx_rights_t rights, struct zxi_stream *stream,
			       zx_handle_t *out)
{
	zx_handle_t handle;
	zx_status_t status = publish(fd, ZX_OBJ_TYPE_STREAM, rights, ZX_HANDLE_INVALID,
				     stream, &handle);

	if (status == ZX_OK)
		return tell(handle, out);
	zxi_stream_put(stream);
	return status;
}

/* Locked.  A number that is not used, and was not just now. */
static zx_status_t add_own(struct zxi_object *object, zx_rights_t rights,
			   zx_handle_t *handle)
{
	const zx_handle_t first = ZXI_OWN << ZXI_COUNT_SHIFT | ZX_HANDLE_FIXED_BITS_MASK;
	struct zxi_slot *slot;

	for (uint32_t tries = 0; tries < ZXI_MAX_FD; tries++) {
		*handle = first | next_own << 2;
		/* The last one is the root. */
		next_own = (next_own + 1) % (ZXI_MAX_FD - 1);
		slot = zxi_make_slot(*handle);
		if (!slot)
			return ZX_ERR_NO_MEMORY;
		if (atomic_load(&slot->word))
			continue;
		zxi_object_add_handle(object);
		slot->object = object;
		atomic_store(&slot->word, ZXI_WORD(object->type, rights) |
			     zxi_count_of(*handle));
		return ZX_OK;
	}
	return ZX_ERR_NO_RESOURCES;
}

zx_status_t zxi_publish_region(struct zxi_region *region, zx_rights_t rights,
			       zx_handle_t *out)
{
	struct zxi_object *object;
	zx_handle_t handle;
	zx_status_t status;

	zxi_table_lock();
	object = zxi_object_make(-1, ZX_OBJ_TYPE_VMAR);
	if (!object) {
		zxi_table_unlock();
		zxi_region_put(region);
		return ZX_ERR_NO_MEMORY;
	}
	object->region = region;
	status = add_own(object, rights, &handle);
	zxi_object_lose_handle(object);
	zxi_object_put(object);
	zxi_table_unlock();
	return status == ZX_OK ? tell(handle, out) : status;
}

zx_status_t zxi_duplicate_region(zx_handle_t like, zx_rights_t rights,
				 zx_handle_t *out)
{
	struct zxi_object *object;
	zx_handle_t handle;
	zx_status_t status;

	if (like == ZXI_VMAR_ROOT)
		return zxi_publish_region(zxi_handle_region(like), rights, out);
	zxi_table_lock();
	object = zxi_object_of(like);
	status = object ? add_own(object, rights, &handle) : zxi_no_object(like);
	zxi_table_unlock();
	return status == ZX_OK ? tell(handle, out) : status;
}

/* Locked.  The handle is none from now on; *@was is its word, or it was none before. */
static bool retire(zx_handle_t handle, struct zxi_slot *slot, uint64_t *was)
{
	uint64_t word = atomic_load(&slot->word), next;

	do {
		if (zxi_is_stale(handle, word) ||
		    (zxi_is_own(handle) && !(word & ZXI_OPEN)))
			return false;
		next = zxi_is_own(handle) ? 0 : zxi_next_word(word);
		if (word & ZXI_USES)
			next |= (word & ZXI_USES) | ZXI_CLOSING;
	} while (!atomic_compare_exchange_weak(&slot->word, &word, next));
	*was = word;
	part(handle, slot);
	return true;
}

/*
 * Locked.  A call that uses the number of an end has that until it is over, but nothing is behind
 * it that keeps either end of the pair.
 */
static void leave_number(int fd, const struct zxi_object *peer)
{
	const int nothing = eventfd(0, EFD_CLOEXEC);

	dup3(nothing >= 0 ? nothing : peer->fd, fd, O_CLOEXEC);
	if (nothing >= 0)
		zxi_close_fd(nothing);
}

/* What is wrong with it, which is closed even so. */
static int close_now(int *fd)
{
	const int error = *fd >= 0 && zxi_close_fd(*fd) ? errno : 0;

	*fd = -1;
	return error;
}

zx_status_t zxi_close(zx_handle_t handle)
{
	struct zxi_slot *slot = zxi_make_slot(handle);
	int fd = zxi_is_own(handle) ? -1 : (int)zxi_fd_of(handle), error = 0;
	struct zxi_object *object, *peer, *parent;
	uint64_t was;

	if (!slot)
		return ZX_ERR_BAD_HANDLE;
	zxi_table_lock();
	object = slot->object;
	peer = object ? object->peer : NULL;
	parent = object ? object->parent : NULL;
	if (!retire(handle, slot, &was)) {
		zxi_table_unlock();
		return ZX_ERR_BAD_HANDLE;
	}
	/* An end of a pair is gone with its last handle, so that the other one can be told. */
	if (peer && was & ZXI_USES)
		leave_number(fd, peer);
	else if (peer)
		error = close_now(&fd);
	if (peer && !peer->peer)
		zxi_hears->end_closed(peer);
	/* The last call that uses it closes it. */
	if (was & ZXI_USES)
		fd = -1;
	/* Who waits for there being no child sees that though there is another one at once. */
	if (parent && parent->watched && fd >= 0) {
		error = close_now(&fd);
		zxi_hears->child_closed(parent);
	}
	zxi_table_unlock();
	if (fd >= 0)
		error = close_now(&fd);
	/* Linux has closed it too when a signal came or a flush failed. */
	return error == EBADF ? ZX_ERR_BAD_HANDLE : ZX_OK;
}

/* Locked.  Of a region. */
static zx_status_t replace_own(zx_handle_t handle, struct zxi_slot *slot,
			       zx_rights_t rights, zx_handle_t *made)
{
	struct zxi_object *object = zxi_object_of(handle);
	zx_status_t status;
	uint64_t was;

	if (!object)
		return zxi_no_object(handle);
	status = add_own(object, rights, made);
	if (status == ZX_OK)
		retire(handle, slot, &was);
	return status;
}

/* Locked.  The descriptor and the object stay, under the next count. */
static zx_status_t replace_fd(zx_handle_t handle, struct zxi_slot *slot,
			      zx_rights_t rights, int narrower, zx_handle_t *made)
{
	const int fd = zx_linux_handle_to_fd(handle);
	const uint64_t word = zxi_open_word(handle);
	uint64_t next;

	if (!word)
		return ZX_ERR_BAD_HANDLE;
	if (narrower >= 0 && dup3(narrower, fd, O_CLOEXEC) < 0)
		return zxi_errno();
	next = ZXI_WORD(ZXI_WORD_TYPE(word), rights) | zxi_next_word(word);
	*made = zxi_number((unsigned int)fd, next);
	set_word(slot, next);
	if (zxi_hears && slot->object)
		zxi_hears->closed(slot->object, handle);
	return ZX_OK;
}

zx_status_t zxi_replace(zx_handle_t handle, zx_rights_t rights, int narrower,
			zx_handle_t *out)
{
	struct zxi_slot *slot = zxi_make_slot(handle);
	zx_status_t status = slot ? ZX_OK : ZX_ERR_NO_MEMORY;
	zx_handle_t made = ZX_HANDLE_INVALID;

	if (handle == ZXI_VMAR_ROOT)
		return zxi_duplicate_region(handle, rights, out);
	zxi_table_lock();
	if (status == ZX_OK)
		status = zxi_is_own(handle) ?
			 replace_own(handle, slot, rights, &made) :
			 replace_fd(handle, slot, rights, narrower, &made);
	zxi_table_unlock();
	if (narrower >= 0)
		zxi_close_fd(narrower);
	return status == ZX_OK ? tell(made, out) : status;
}

struct zxi_region *zxi_handle_region(zx_handle_t handle)
{
	struct zxi_region *region = NULL;
	struct zxi_object *object;

	if (handle == ZXI_VMAR_ROOT)
		return zxi_region_get(zxi_region_root());
	zxi_table_lock();
	object = zxi_object_of(handle);
	if (object && object->region)
		region = zxi_region_get(object->region);
	zxi_table_unlock();
	return region;
}
