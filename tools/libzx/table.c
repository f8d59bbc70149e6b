// SPDX-License-Identifier: MIT
/*
 * The table of handles, see table.h.
 *
 * A word is 0 while nothing is known of a handle: then its descriptor is looked at, and
 * it gets the rights that a new object of that kind has, as far as its mode allows.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base.h"
#include "region.h"
#include "stream.h"
#include "table.h"

struct entry {
	_Atomic uint64_t word;
	struct zxi_object *object;
};

/* Two levels, so that what is not used takes no memory. */
#define CHUNK_BITS	15
#define CHUNK		(1u << CHUNK_BITS)

static struct entry *_Atomic chunks[CHUNK];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct zxi_object *objects;
static uint32_t next_own = ZXI_MAX_FD;

#define KNOWN		(1ull << 63)
#define WORD(type, rights)	(KNOWN | (uint64_t)(type) << 32 | (rights))
#define WORD_TYPE(word)		((zx_obj_type_t)((word) >> 32 & 0xff))
#define WORD_RIGHTS(word)	((zx_rights_t)(word))

static void take_lock(void)
{
	pthread_mutex_lock(&lock);
}

static void give_lock(void)
{
	pthread_mutex_unlock(&lock);
}

/* In the order in which they nest. */
static void take_locks(void)
{
	zxi_region_lock();
	take_lock();
	zxi_streams_before_fork();
}

static void give_locks(void)
{
	zxi_streams_after_fork();
	give_lock();
	zxi_region_unlock();
}

static void give_locks_in_child(void)
{
	zxi_streams_in_child();
	give_locks();
}

__attribute__((constructor)) static void survive_fork(void)
{
	pthread_atfork(take_locks, give_locks, give_locks_in_child);
}

static struct entry *entry_of(zx_handle_t handle, bool make)
{
	uint32_t index = handle >> 2;
	struct entry *_Atomic *slot = &chunks[index >> CHUNK_BITS];
	struct entry *chunk = atomic_load_explicit(slot, memory_order_acquire);
	const size_t size = CHUNK * sizeof(*chunk);
	struct entry *made;

	if (!chunk && make) {
		made = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (made == MAP_FAILED)
			return NULL;
		if (atomic_compare_exchange_strong(slot, &chunk, made))
			chunk = made;
		else
			munmap(made, size);
	}
	return chunk ? &chunk[index & (CHUNK - 1)] : NULL;
}

static uint64_t word_of(zx_handle_t handle)
{
	struct entry *entry;

	if (handle == ZXI_VMAR_ROOT)
		return WORD(ZX_OBJ_TYPE_VMAR, ZXI_ROOT_RIGHTS);
	if ((handle & ZX_HANDLE_FIXED_BITS_MASK) != ZX_HANDLE_FIXED_BITS_MASK)
		return 0;
	entry = entry_of(handle, false);
	return entry ? atomic_load_explicit(&entry->word, memory_order_relaxed) : 0;
}

/* Locked.  What goes leaves its children to its parent. */
static void put_object(struct zxi_object *object)
{
	struct zxi_object **link = &objects;

	if (!object || --object->handles)
		return;
	while (*link != object)
		link = &(*link)->next;
	*link = object->next;
	for (struct zxi_object *o = objects; o; o = o->next)
		if (o->parent == object)
			o->parent = object->parent;
	if (object->region)
		zxi_region_put(object->region);
	if (object->stream)
		zxi_stream_put(object->stream);
	free(object);
}

/* What a descriptor is.  Only ours know our ioctls. */
static zx_status_t kind_of(int fd, zx_obj_type_t *type)
{
	struct zxp_info info = { .size = sizeof(info) };
	struct zxp_vmo_info vmo = { .size = ZXI_VMO_INFO_UNCOUNTED };

	*type = ZX_OBJ_TYPE_NONE;
	if (!ioctl(fd, ZXP_IOC_GET_INFO, &info))
		*type = ZX_OBJ_TYPE_PAGER;
	else if (errno == EBADF)
		return ZX_ERR_BAD_HANDLE;
	else if (errno == EMEDIUMTYPE)
		*type = ioctl(fd, ZXP_IOC_VMO_GET_INFO, &vmo) ? ZX_OBJ_TYPE_PORT :
								ZX_OBJ_TYPE_VMO;
	return ZX_OK;
}

/* What the descriptor of an object is. */
static zx_obj_type_t kind_of_type(zx_obj_type_t type)
{
	return type == ZX_OBJ_TYPE_STREAM ? ZX_OBJ_TYPE_VMO : type;
}

static zx_rights_t vmo_rights(int fd)
{
	zx_rights_t rights = ZX_DEFAULT_VMO_RIGHTS;
	struct zxp_vmo_info vmo = { .size = ZXI_VMO_INFO_UNCOUNTED };
	int mode = fcntl(fd, F_GETFL) & O_ACCMODE;

	if (mode == O_RDONLY)
		rights &= ~ZX_RIGHT_WRITE;
	if (mode == O_WRONLY)
		rights &= ~ZX_RIGHT_READ;
	if (!ioctl(fd, ZXP_IOC_VMO_GET_INFO, &vmo) &&
	    (vmo.out_options & ZXP_VMO_RESIZABLE))
		rights |= ZX_RIGHT_RESIZE;
	return rights;
}

static zx_rights_t rights_of_kind(int fd, zx_obj_type_t type)
{
	switch (type) {
	case ZX_OBJ_TYPE_PAGER:
		return ZX_DEFAULT_PAGER_RIGHTS;
	case ZX_OBJ_TYPE_PORT:
		return ZX_DEFAULT_PORT_RIGHTS;
	case ZX_OBJ_TYPE_VMO:
		return vmo_rights(fd);
	}
	return ZX_RIGHTS_BASIC;
}

zx_status_t zxi_identify(zx_handle_t handle, zx_obj_type_t *type,
			 zx_rights_t *rights)
{
	uint64_t word = word_of(handle);
	int fd = zx_linux_handle_to_fd(handle);
	struct entry *entry;
	zx_status_t status;

	if (fd < 0 && !word)
		return ZX_ERR_BAD_HANDLE;
	if (fd >= 0) {
		status = kind_of(fd, type);
		if (status != ZX_OK)
			return status;
		if (!word || kind_of_type(WORD_TYPE(word)) != *type) {
			/* Not heard of yet, or not what it was. */
			zxi_forget(handle);
			word = WORD(*type, rights_of_kind(fd, *type));
			entry = entry_of(handle, true);
			if (entry)
				atomic_store(&entry->word, word);
		}
	}
	*type = WORD_TYPE(word);
	*rights = WORD_RIGHTS(word);
	return ZX_OK;
}

zx_status_t zxi_check(zx_handle_t handle, zx_obj_type_t type, zx_rights_t rights)
{
	uint64_t word = word_of(handle);
	zx_obj_type_t has_type;
	zx_rights_t has;
	zx_status_t status;

	/* The module finds out whether it is open. */
	if (word && WORD_TYPE(word) == type && !(rights & ~WORD_RIGHTS(word)))
		return ZX_OK;
	status = zxi_identify(handle, &has_type, &has);
	if (status != ZX_OK)
		return status;
	if (has_type != type)
		return ZX_ERR_WRONG_TYPE;
	return rights & ~has ? ZX_ERR_ACCESS_DENIED : ZX_OK;
}

/* The same in each process that has the VMO; of all others unlikely to be twice. */
static zx_koid_t make_koid(int fd, zx_obj_type_t type)
{
	zx_koid_t koid = 0;
	struct stat st;

	if (type == ZX_OBJ_TYPE_VMO && !fstat(fd, &st))
		return ZX_KOID_FIRST + st.st_ino;
	while (koid < (1ull << 32)) {
		if (getrandom(&koid, sizeof(koid), GRND_NONBLOCK) < 0)
			koid = (zx_koid_t)zx_clock_get_monotonic();
		koid &= INT64_MAX;
	}
	return koid;
}

/* Locked.  The object of a VMO is found by what it is, others are new. */
static struct zxi_object *make_object(int fd, zx_obj_type_t type)
{
	zx_koid_t koid = make_koid(fd, type);
	struct zxi_object *object;

	for (object = objects; object; object = object->next)
		if (object->type == type && object->koid == koid)
			break;
	if (!object) {
		object = calloc(1, sizeof(*object));
		if (!object)
			return NULL;
		object->type = type;
		object->koid = koid;
		object->next = objects;
		objects = object;
	}
	object->handles++;
	return object;
}

/* Locked.  Gives @handle an object, if it has none. */
static struct zxi_object *object_of(zx_handle_t handle)
{
	struct entry *entry = entry_of(handle, true);
	uint64_t word = entry ? atomic_load(&entry->word) : 0;

	if (!word)
		return NULL;
	if (!entry->object)
		entry->object = make_object(zx_linux_handle_to_fd(handle),
					    WORD_TYPE(word));
	return entry->object;
}

static zx_status_t add_fd(zx_handle_t handle, zx_obj_type_t type,
			  zx_rights_t rights, zx_handle_t like)
{
	zx_status_t status = ZX_ERR_NO_MEMORY;
	struct zxi_object *object;
	struct entry *entry;

	take_lock();
	entry = entry_of(handle, true);
	if (!entry)
		goto out;
	object = like == ZX_HANDLE_INVALID ? NULL : object_of(like);
	if (object)
		object->handles++;
	else
		object = make_object(zx_linux_handle_to_fd(handle), type);
	if (!object)
		goto out;
	put_object(entry->object);
	entry->object = object;
	atomic_store(&entry->word, WORD(type, rights));
	status = ZX_OK;
out:
	give_lock();
	return status;
}

static void drop(zx_handle_t handle)
{
	int fd = zx_linux_handle_to_fd(handle);

	zxi_forget(handle);
	if (fd >= 0)
		close(fd);
}

/* Nobody knows of a new handle before this; if it cannot be told it goes. */
static zx_status_t tell(zx_handle_t handle, zx_handle_t *out)
{
	zx_status_t status = zxi_copy_out(out, &handle, sizeof(handle));

	if (status != ZX_OK)
		drop(handle);
	return status;
}

static zx_status_t publish(int fd, zx_obj_type_t type, zx_rights_t rights,
			   zx_handle_t like, zx_handle_t *handle)
{
	zx_status_t status;

	*handle = zx_linux_handle_from_fd(fd);
	if (*handle == ZX_HANDLE_INVALID) {
		close(fd);
		return ZX_ERR_NO_RESOURCES;
	}
	status = add_fd(*handle, type, rights, like);
	if (status != ZX_OK)
		drop(*handle);
	return status;
}

zx_status_t zxi_publish(int fd, zx_obj_type_t type, zx_rights_t rights,
			zx_handle_t like, zx_handle_t *out)
{
	zx_handle_t handle;
	zx_status_t status = publish(fd, type, rights, like, &handle);

	return status == ZX_OK ? tell(handle, out) : status;
}

zx_status_t zxi_publish_child(int fd, zx_rights_t rights, zx_handle_t parent,
			      bool named, zx_handle_t *out)
{
	zx_handle_t handle;
	zx_status_t status = publish(fd, ZX_OBJ_TYPE_VMO, rights, ZX_HANDLE_INVALID,
				     &handle);
	struct zxi_object *child, *of;

	if (status != ZX_OK)
		return status;
	take_lock();
	child = object_of(handle);
	of = object_of(parent);
	/* A reference is the same VMO. */
	if (child && of && child != of) {
		child->parent = of;
		child->parent_koid = of->koid;
		if (named)
			memcpy(child->name, of->name, ZX_MAX_NAME_LEN);
	}
	give_lock();
	return tell(handle, out);
}

zx_status_t zxi_publish_stream(int fd, zx_rights_t rights, struct zxi_stream *stream,
			       zx_handle_t *out)
{
	zx_handle_t handle;
	zx_status_t status = publish(fd, ZX_OBJ_TYPE_STREAM, rights, ZX_HANDLE_INVALID,
				     &handle);
	struct zxi_object *object;

	if (status != ZX_OK) {
		zxi_stream_put(stream);
		return status;
	}
	take_lock();
	object = object_of(handle);
	if (object)
		object->stream = stream;
	give_lock();
	if (!object)
		zxi_stream_put(stream);
	return tell(handle, out);
}

/* Locked.  A number that is not used, and was not just now. */
static zx_status_t add_own(struct zxi_object *object, zx_rights_t rights,
			   zx_handle_t *handle)
{
	const uint32_t end = (ZXI_VMAR_ROOT >> 2) - 1;
	struct entry *entry;

	for (uint32_t tries = 0; tries < ZXI_MAX_FD; tries++) {
		uint32_t index = next_own++;

		if (next_own >= end)
			next_own = ZXI_MAX_FD;
		*handle = index << 2 | ZX_HANDLE_FIXED_BITS_MASK;
		entry = entry_of(*handle, true);
		if (!entry)
			return ZX_ERR_NO_MEMORY;
		if (atomic_load(&entry->word))
			continue;
		object->handles++;
		entry->object = object;
		atomic_store(&entry->word, WORD(object->type, rights));
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

	take_lock();
	object = make_object(-1, ZX_OBJ_TYPE_VMAR);
	if (!object) {
		give_lock();
		zxi_region_put(region);
		return ZX_ERR_NO_MEMORY;
	}
	object->region = region;
	status = add_own(object, rights, &handle);
	put_object(object);
	give_lock();
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
	take_lock();
	object = object_of(like);
	status = object ? add_own(object, rights, &handle) : ZX_ERR_BAD_HANDLE;
	give_lock();
	return status == ZX_OK ? tell(handle, out) : status;
}

bool zxi_forget(zx_handle_t handle)
{
	struct entry *entry = entry_of(handle, false);
	bool known;

	if (!entry)
		return false;
	take_lock();
	known = atomic_exchange(&entry->word, 0);
	put_object(entry->object);
	entry->object = NULL;
	give_lock();
	return known;
}

struct zxi_region *zxi_handle_region(zx_handle_t handle)
{
	struct zxi_region *region = NULL;
	struct zxi_object *object;

	if (handle == ZXI_VMAR_ROOT)
		return zxi_region_get(zxi_region_root());
	take_lock();
	object = object_of(handle);
	if (object && object->region)
		region = zxi_region_get(object->region);
	give_lock();
	return region;
}

struct zxi_stream *zxi_handle_stream(zx_handle_t handle)
{
	struct zxi_stream *stream = NULL;
	struct zxi_object *object;

	take_lock();
	object = object_of(handle);
	if (object && object->stream)
		stream = zxi_stream_get(object->stream);
	give_lock();
	return stream;
}

zx_status_t zxi_object_info(zx_handle_t handle, struct zxi_object_info *info)
{
	struct zxi_object *object;

	if (handle == ZXI_VMAR_ROOT) {
		*info = (struct zxi_object_info){ ZX_KOID_FIRST - 1, 1, 0, 0 };
		return ZX_OK;
	}
	take_lock();
	object = object_of(handle);
	if (object) {
		*info = (struct zxi_object_info){ object->koid, object->handles,
						  object->parent_koid, 0 };
		for (struct zxi_object *o = objects; o; o = o->next)
			info->children += o->parent == object;
	}
	give_lock();
	return object ? ZX_OK : ZX_ERR_NO_MEMORY;
}

zx_status_t zxi_get_name(zx_handle_t handle, char name[ZX_MAX_NAME_LEN])
{
	struct zxi_object *object;

	take_lock();
	object = object_of(handle);
	if (object)
		memcpy(name, object->name, ZX_MAX_NAME_LEN);
	give_lock();
	return object ? ZX_OK : ZX_ERR_NO_MEMORY;
}

zx_status_t zxi_set_name(zx_handle_t handle, const char *name, size_t length)
{
	struct zxi_object *object;

	take_lock();
	object = object_of(handle);
	if (object) {
		memset(object->name, 0, ZX_MAX_NAME_LEN);
		memcpy(object->name, name, length);
	}
	give_lock();
	return object ? ZX_OK : ZX_ERR_NO_MEMORY;
}
