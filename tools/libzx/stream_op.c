// SPDX-License-Identifier: MIT
/*
 * zx_stream_*(), see stream.h.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base.h"
#include "kind.h"
#include "objects.h"
#include "stream.h"
#include "stream_io.h"
#include "table.h"

static int mode_of(uint32_t options)
{
	if (!(options & ZX_STREAM_MODE_WRITE))
		return O_RDONLY;
	return options & ZX_STREAM_MODE_READ ? O_RDWR : O_WRONLY;
}

/*
 * Another descriptor of a VMO, which has an offset of its own if that can be had: of a VMO
 * that somebody else has made perhaps it cannot.
 */
static int open_anew(int fd, int mode, bool *shares)
{
	const int anew = zxi_reopen(fd, mode);

	*shares = anew < 0;
	return anew < 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : anew;
}

/* One that does not make the VMO larger, though others do: that is a child. */
static zx_status_t open_fixed(int fd, int mode, int *fixed)
{
	struct zxp_vmo_create_child arg = {
		.size = sizeof(arg),
		.options = ZXP_CHILD_REFERENCE,
	};
	zx_status_t status;
	bool shares;
	int anew;

	/* Who may only write cannot make one. */
	anew = open_anew(fd, O_RDWR, &shares);
	if (anew < 0)
		return zxi_errno();
	status = zxi_fd_ioctl(anew, ZXP_IOC_VMO_CREATE_CHILD, &arg);
	zxi_close_fd(anew);
	if (status != ZX_OK)
		return status;
	/* Nobody who gets it over a socket may do more. */
	*fixed = open_anew(arg.out_fd, mode, &shares);
	if (*fixed < 0)
		status = zxi_errno();
	zxi_close_fd(arg.out_fd);
	return status;
}

/* The descriptor of a stream, by one of its VMO. */
static zx_status_t open_for(struct zxi_stream *stream, int of, int *fd)
{
	const uint32_t options = atomic_load(&stream->options);
	struct zxp_vmo_info info;
	zx_status_t status = zxi_fd_vmo_info(of, &info);
	bool shares = false;

	if (status != ZX_OK)
		return status;
	atomic_store(&stream->failures, info.out_failures);
	if (info.out_options & ZXP_VMO_RESIZABLE && options & ZX_STREAM_MODE_WRITE &&
	    !stream->resizes)
		return open_fixed(of, mode_of(options), fd);
	*fd = open_anew(of, mode_of(options), &shares);
	if (*fd < 0)
		return zxi_errno();
	if (!shares || zxi_stream_share(stream, zxi_make_koid(of, ZX_OBJ_TYPE_VMO)))
		return ZX_OK;
	zxi_close_fd(*fd);
	return ZX_ERR_NO_MEMORY;
}

zx_status_t zx_stream_create(uint32_t options, zx_handle_t vmo, zx_off_t seek,
			     zx_handle_t *out)
{
	struct zxi_stream *stream = NULL;
	zx_rights_t need = 0, has;
	zx_obj_type_t type;
	zx_status_t status;
	int of, fd = -1;

	if (options & ~ZX_STREAM_CREATE_MASK)
		return ZX_ERR_INVALID_ARGS;
	if (options & ZX_STREAM_MODE_READ)
		need |= ZX_RIGHT_READ;
	if (options & ZX_STREAM_MODE_WRITE)
		need |= ZX_RIGHT_WRITE;
	status = zxi_get(vmo, ZX_OBJ_TYPE_VMO, need, &of);
	if (status != ZX_OK)
		return status;
	status = zxi_identify(vmo, &type, &has);
	if (status == ZX_OK) {
		stream = zxi_stream_make(options, seek);
		status = stream ? ZX_OK : ZX_ERR_NO_MEMORY;
	}
	if (status == ZX_OK) {
		stream->resizes = has & ZX_RIGHT_RESIZE;
		status = open_for(stream, of, &fd);
	}
	zxi_put(of);
	if (status == ZX_OK)
		return zxi_publish_stream(fd, ZX_DEFAULT_STREAM_RIGHTS | need, stream, out);
	if (stream)
		zxi_stream_put(stream);
	return status;
}

/* A stream and its descriptor, while a call uses them. */
struct use {
	struct zxi_slot *slot;
	struct zxi_stream *stream;
	int fd;
};

static void put(const struct use *use)
{
	zxi_put_slot(use->slot, use->fd);
}

static ZXI_INLINE zx_status_t get(zx_handle_t handle, zx_rights_t rights, struct use *use)
{
	zx_status_t status = zxi_get_slot(handle, ZX_OBJ_TYPE_STREAM, rights, &use->slot);
	struct zxi_object *object;

	if (status != ZX_OK)
		return status;
	use->fd = (int)zxi_fd_of(handle);
	object = use->slot->object;
	use->stream = object ? object->stream : NULL;
	if (use->stream)
		return ZX_OK;
	/* Its descriptor is something else by now: somebody has closed that behind the library. */
	put(use);
	return ZX_ERR_BAD_HANDLE;
}

/*
 * The offset of the descriptor says where the append was.  After fork() another process has the
 * descriptor, too: then one is opened that nobody else has, if that can be had.
 */
static int descriptor_to_append(struct zxi_stream *stream, int fd)
{
	int anew;

	if (stream->inherited) {
		anew = zxi_reopen(fd, mode_of(atomic_load(&stream->options)));
		if (anew >= 0) {
			zxi_stream_append_by(stream, anew);
			stream->inherited = false;
		}
	}
	return stream->append_fd >= 0 ? stream->append_fd : fd;
}

/* As in Zircon the offset moves to the end also if nothing can be moved there. */
static zx_status_t append(struct zxi_stream *stream, struct zxi_io *io,
			  const zx_iovec_t *vector, size_t count, size_t *done)
{
	zx_status_t status;

	io->fd = descriptor_to_append(stream, io->fd);
	if (stream->position)
		pthread_mutex_lock(&stream->position->lock);
	status = zxi_move(io, vector, count, done);
	if (*done)
		stream->seek = (uint64_t)lseek(io->fd, 0, SEEK_CUR);
	else if (io->begun)
		stream->seek = io->offset;
	if (stream->position)
		pthread_mutex_unlock(&stream->position->lock);
	return status;
}

static struct zxi_io io_of(struct use use, bool write, uint64_t offset)
{
	return (struct zxi_io){
		.fd = use.fd,
		.write = write,
		.resizes = use.stream->resizes,
		.offset = offset,
		.failures = &use.stream->failures,
	};
}

/* The call is over.  The data has moved, whatever becomes of the count. */
static zx_status_t end(struct use use, zx_status_t status, size_t done, size_t *actual)
{
	put(&use);
	return status == ZX_OK && actual ? zxi_copy_out(actual, &done, sizeof(done)) :
					   status;
}

static __attribute__((__noinline__)) zx_status_t
move_on_at(struct use use, bool write, zx_off_t offset, const zx_iovec_t *vector, size_t count,
	   ssize_t moved, size_t *actual)
{
	struct zxi_io io = io_of(use, write, offset);
	size_t done;
	zx_status_t status = zxi_move_on(&io, vector, count, moved, &done);

	return end(use, status, done, actual);
}

/* Whether there is nothing left to do but to say so. */
static ZXI_INLINE bool is_done(ssize_t moved, const zx_iovec_t *vector, size_t count,
			       const size_t *actual)
{
	return moved >= 0 && (size_t)moved == zxi_capacity(vector, count) &&
	       zxi_is_beside(actual, sizeof(*actual));
}

/* Elsewhere than at the offset of the stream. */
static ZXI_INLINE zx_status_t move_at(zx_handle_t handle, bool write, uint32_t options,
				      zx_off_t offset, const zx_iovec_t *vector, size_t count,
				      size_t *actual)
{
	struct use use;
	zx_status_t status;
	ssize_t moved;

	if (options || !vector)
		return ZX_ERR_INVALID_ARGS;
	status = get(handle, write ? ZX_RIGHT_WRITE : ZX_RIGHT_READ, &use);
	if (status != ZX_OK)
		return status;
	moved = zxi_move_once(use.fd, write, vector, count, offset);
	if (!is_done(moved, vector, count, actual))
		return move_on_at(use, write, offset, vector, count, moved, actual);
	put(&use);
	*actual = (size_t)moved;
	return ZX_OK;
}

/* The stream is locked until this returns. */
static __attribute__((__noinline__)) zx_status_t
move_on_from(struct use use, bool write, const zx_iovec_t *vector, size_t count, ssize_t moved,
	     size_t *actual)
{
	struct zxi_io io = io_of(use, write, use.stream->seek);
	size_t done;
	zx_status_t status = zxi_move_on(&io, vector, count, moved, &done);

	use.stream->seek += done;
	pthread_mutex_unlock(&use.stream->lock);
	return end(use, status, done, actual);
}

/* At the offset, which moves.  Nothing that is called with the lock is a cancellation point. */
static ZXI_INLINE zx_status_t move_from(struct use use, bool write, const zx_iovec_t *vector,
					size_t count, size_t *actual)
{
	struct zxi_stream *stream = use.stream;
	ssize_t moved;

	pthread_mutex_lock(&stream->lock);
	moved = zxi_move_once(use.fd, write, vector, count, stream->seek);
	if (!is_done(moved, vector, count, actual))
		return move_on_from(use, write, vector, count, moved, actual);
	stream->seek += (size_t)moved;
	pthread_mutex_unlock(&stream->lock);
	put(&use);
	*actual = (size_t)moved;
	return ZX_OK;
}

/* At the end. */
static zx_status_t append_to(struct use use, const zx_iovec_t *vector, size_t count,
			     size_t *actual)
{
	struct zxi_io io = io_of(use, true, 0);
	size_t done = 0;
	zx_status_t status;

	io.append = true;
	pthread_mutex_lock(&use.stream->lock);
	status = append(use.stream, &io, vector, count, &done);
	pthread_mutex_unlock(&use.stream->lock);
	return end(use, status, done, actual);
}

/* Through the pointers the kernel writes. */
zx_status_t zx_stream_readv(zx_handle_t handle, uint32_t options, zx_iovec_t *vector,
			    size_t vector_count,
			    size_t *actual) /* NOLINT(readability-non-const-parameter) */
{
	struct use use;
	zx_status_t status;

	if (options || !vector)
		return ZX_ERR_INVALID_ARGS;
	status = get(handle, ZX_RIGHT_READ, &use);
	return status == ZX_OK ? move_from(use, false, vector, vector_count, actual) : status;
}

zx_status_t zx_stream_readv_at(zx_handle_t handle, uint32_t options, zx_off_t offset,
			       zx_iovec_t *vector, size_t vector_count,
			       size_t *actual) /* NOLINT(readability-non-const-parameter) */
{
	return move_at(handle, false, options, offset, vector, vector_count, actual);
}

zx_status_t zx_stream_writev(zx_handle_t handle, uint32_t options,
			     const zx_iovec_t *vector, size_t vector_count,
			     size_t *actual) /* NOLINT(readability-non-const-parameter) */
{
	struct use use;
	zx_status_t status;

	if (options & ~ZX_STREAM_APPEND || !vector)
		return ZX_ERR_INVALID_ARGS;
	status = get(handle, ZX_RIGHT_WRITE, &use);
	if (status != ZX_OK)
		return status;
	if (options & ZX_STREAM_APPEND ||
	    atomic_load(&use.stream->options) & ZX_STREAM_MODE_APPEND)
		return append_to(use, vector, vector_count, actual);
	return move_from(use, true, vector, vector_count, actual);
}

zx_status_t zx_stream_writev_at(zx_handle_t handle, uint32_t options, zx_off_t offset,
				const zx_iovec_t *vector, size_t vector_count,
				size_t *actual) /* NOLINT(readability-non-const-parameter) */
{
	return move_at(handle, true, options, offset, vector, vector_count, actual);
}

static zx_status_t content_size(const struct use *use, uint64_t *size)
{
	struct zxp_vmo_info info;
	zx_status_t status = zxi_fd_vmo_info(use->fd, &info);

	*size = info.out_stream_size;
	return status;
}

/* Where an offset counts from.  The stream is locked. */
static zx_status_t origin_of(const struct use *use, zx_stream_seek_origin_t whence,
			     uint64_t *origin)
{
	switch (whence) {
	case ZX_STREAM_SEEK_ORIGIN_START:
		*origin = 0;
		return ZX_OK;
	case ZX_STREAM_SEEK_ORIGIN_CURRENT:
		*origin = use->stream->seek;
		return ZX_OK;
	case ZX_STREAM_SEEK_ORIGIN_END:
		return content_size(use, origin);
	}
	return ZX_ERR_INVALID_ARGS;
}

/* READ or WRITE will do. */
static ZXI_INLINE zx_status_t get_to_seek(zx_handle_t handle, struct use *use)
{
	zx_status_t status = get(handle, ZX_RIGHT_READ, use);

	return status == ZX_ERR_ACCESS_DENIED ? get(handle, ZX_RIGHT_WRITE, use) : status;
}

zx_status_t zx_stream_seek(zx_handle_t handle, zx_stream_seek_origin_t whence,
			   int64_t offset,
			   zx_off_t *out_seek) /* NOLINT(readability-non-const-parameter) */
{
	struct use use;
	uint64_t origin, target = 0;
	zx_status_t status;

	status = get_to_seek(handle, &use);
	if (status != ZX_OK)
		return status;
	pthread_mutex_lock(&use.stream->lock);
	status = origin_of(&use, whence, &origin);
	if (status == ZX_OK && __builtin_add_overflow(origin, offset, &target))
		status = ZX_ERR_INVALID_ARGS;
	if (status == ZX_OK)
		use.stream->seek = target;
	pthread_mutex_unlock(&use.stream->lock);
	put(&use);
	return status == ZX_OK && out_seek ?
	       zxi_copy_out(out_seek, &target, sizeof(target)) : status;
}

zx_status_t zxi_stream_info(zx_handle_t handle, zx_info_stream_t *info)
{
	struct use use;
	zx_status_t status;

	status = get(handle, ZX_RIGHT_INSPECT, &use);
	if (status != ZX_OK)
		return status;
	*info = (zx_info_stream_t){ .options = atomic_load(&use.stream->options) };
	pthread_mutex_lock(&use.stream->lock);
	info->seek = use.stream->seek;
	status = content_size(&use, &info->content_size);
	pthread_mutex_unlock(&use.stream->lock);
	put(&use);
	return status;
}

zx_status_t zxi_stream_get_append(zx_handle_t handle, uint8_t *append)
{
	struct use use;
	zx_status_t status;

	status = get(handle, 0, &use);
	if (status != ZX_OK)
		return status;
	*append = !!(atomic_load(&use.stream->options) & ZX_STREAM_MODE_APPEND);
	put(&use);
	return ZX_OK;
}

zx_status_t zxi_stream_set_append(zx_handle_t handle, uint8_t append)
{
	struct use use;
	zx_status_t status;

	status = get(handle, 0, &use);
	if (status != ZX_OK)
		return status;
	if (append)
		atomic_fetch_or(&use.stream->options, ZX_STREAM_MODE_APPEND);
	else
		atomic_fetch_and(&use.stream->options, ~ZX_STREAM_MODE_APPEND);
	put(&use);
	return ZX_OK;
}
