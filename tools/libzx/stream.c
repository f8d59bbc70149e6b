// SPDX-License-Identifier: MIT
/*
 * zx_stream_*(), see stream.h.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base.h"
#include "objects.h"
#include "stream.h"
#include "stream_io.h"
#include "table.h"

/* Of the list. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct zxi_stream *streams;

/* Of the offsets that descriptors have in common. */
static pthread_mutex_t offsets_lock = PTHREAD_MUTEX_INITIALIZER;

void zxi_streams_before_fork(void)
{
	pthread_mutex_lock(&lock);
}

void zxi_streams_after_fork(void)
{
	pthread_mutex_unlock(&lock);
}

/* Whoever was moving an offset is not here. */
void zxi_streams_in_child(void)
{
	for (struct zxi_stream *s = streams; s; s = s->next)
		pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_init(&offsets_lock, NULL);
}

static struct zxi_stream *make(uint32_t options, uint64_t seek)
{
	struct zxi_stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return NULL;
	stream->refs = 1;
	stream->seek = seek;
	atomic_init(&stream->options, options);
	pthread_mutex_init(&stream->lock, NULL);
	pthread_mutex_lock(&lock);
	stream->next = streams;
	streams = stream;
	pthread_mutex_unlock(&lock);
	return stream;
}

struct zxi_stream *zxi_stream_get(struct zxi_stream *stream)
{
	__atomic_add_fetch(&stream->refs, 1, __ATOMIC_RELAXED);
	return stream;
}

void zxi_stream_put(struct zxi_stream *stream)
{
	struct zxi_stream **link = &streams;

	if (__atomic_sub_fetch(&stream->refs, 1, __ATOMIC_ACQ_REL))
		return;
	pthread_mutex_lock(&lock);
	while (*link != stream)
		link = &(*link)->next;
	*link = stream->next;
	pthread_mutex_unlock(&lock);
	pthread_mutex_destroy(&stream->lock);
	free(stream);
}

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
	char path[32];
	int anew;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	anew = open(path, mode | O_CLOEXEC);
	*shares = anew < 0;
	return anew < 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : anew;
}

/* One that does not make the VMO larger, though others do: that is a child. */
static zx_status_t open_fixed(int fd, int *fixed)
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
	close(anew);
	*fixed = arg.out_fd;
	return status;
}

zx_status_t zx_stream_create(uint32_t options, zx_handle_t vmo, zx_off_t seek,
			     zx_handle_t *out)
{
	zx_rights_t need = 0, has, rights = ZX_DEFAULT_STREAM_RIGHTS;
	struct zxi_stream *stream = NULL;
	struct zxp_vmo_info info;
	zx_obj_type_t type;
	zx_status_t status;
	int fd = -1, of;

	if (options & ~ZX_STREAM_CREATE_MASK)
		return ZX_ERR_INVALID_ARGS;
	if (options & ZX_STREAM_MODE_READ)
		need |= ZX_RIGHT_READ;
	if (options & ZX_STREAM_MODE_WRITE)
		need |= ZX_RIGHT_WRITE;
	rights |= need;
	status = zxi_get(vmo, ZX_OBJ_TYPE_VMO, need, &of);
	if (status != ZX_OK)
		return status;
	status = zxi_identify(vmo, &type, &has);
	if (status == ZX_OK)
		status = zxi_fd_vmo_info(of, &info);
	if (status == ZX_OK) {
		stream = make(options, seek);
		status = stream ? ZX_OK : ZX_ERR_NO_MEMORY;
	}
	if (status != ZX_OK) {
		zxi_put(of);
		return status;
	}
	stream->resizes = has & ZX_RIGHT_RESIZE;
	if (info.out_options & ZXP_VMO_RESIZABLE && need & ZX_RIGHT_WRITE &&
	    !stream->resizes) {
		status = open_fixed(of, &fd);
	} else {
		fd = open_anew(of, mode_of(options), &stream->shares);
		status = fd < 0 ? zxi_errno() : ZX_OK;
	}
	zxi_put(of);
	if (status != ZX_OK) {
		zxi_stream_put(stream);
		return status;
	}
	return zxi_publish_stream(fd, rights, stream, out);
}

/* A stream with these rights, to be put; or NULL. */
static struct zxi_stream *get(zx_handle_t handle, zx_rights_t rights, zx_status_t *status)
{
	struct zxi_stream *stream = NULL;

	*status = zxi_check(handle, ZX_OBJ_TYPE_STREAM, rights);
	if (*status == ZX_OK) {
		stream = zxi_handle_stream(handle);
		if (!stream)
			*status = ZX_ERR_BAD_HANDLE;
	}
	return stream;
}

/* The data has moved, whatever becomes of the count. */
static zx_status_t tell(zx_status_t status, size_t done, size_t *actual)
{
	return status == ZX_OK && actual ? zxi_copy_out(actual, &done, sizeof(done)) :
					   status;
}

static zx_status_t append(struct zxi_stream *stream, const struct zxi_io *io,
			  const zx_iovec_t *vector, size_t count, size_t *done)
{
	zx_status_t status;

	if (stream->shares)
		pthread_mutex_lock(&offsets_lock);
	status = zxi_move(io, vector, count, done);
	if (*done)
		stream->seek = (uint64_t)lseek(io->fd, 0, SEEK_CUR);
	if (stream->shares)
		pthread_mutex_unlock(&offsets_lock);
	return status;
}

/* At the offset, which moves. */
static zx_status_t move_on(zx_handle_t handle, struct zxi_stream *stream, struct zxi_io *io,
			   const zx_iovec_t *vector, size_t count, size_t *actual)
{
	size_t done = 0;
	zx_status_t status;

	status = zxi_get(handle, ZX_OBJ_TYPE_STREAM, 0, &io->fd);
	if (status != ZX_OK) {
		zxi_stream_put(stream);
		return status;
	}
	io->resizes = stream->resizes;
	pthread_mutex_lock(&stream->lock);
	io->offset = stream->seek;
	if (io->append) {
		status = append(stream, io, vector, count, &done);
	} else {
		status = zxi_move(io, vector, count, &done);
		stream->seek += done;
	}
	pthread_mutex_unlock(&stream->lock);
	zxi_put(io->fd);
	zxi_stream_put(stream);
	return tell(status, done, actual);
}

/* Elsewhere. */
static zx_status_t move_at(zx_handle_t handle, struct zxi_stream *stream, struct zxi_io *io,
			   const zx_iovec_t *vector, size_t count, size_t *actual)
{
	size_t done = 0;
	zx_status_t status;

	status = zxi_get(handle, ZX_OBJ_TYPE_STREAM, 0, &io->fd);
	if (status != ZX_OK) {
		zxi_stream_put(stream);
		return status;
	}
	io->resizes = stream->resizes;
	status = zxi_move(io, vector, count, &done);
	zxi_put(io->fd);
	zxi_stream_put(stream);
	return tell(status, done, actual);
}

/* Through the pointers the kernel writes. */
zx_status_t zx_stream_readv(zx_handle_t handle, uint32_t options, zx_iovec_t *vector,
			    size_t vector_count,
			    size_t *actual) /* NOLINT(readability-non-const-parameter) */
{
	struct zxi_io io = { .write = false };
	struct zxi_stream *stream;
	zx_status_t status;

	if (options || !vector)
		return ZX_ERR_INVALID_ARGS;
	stream = get(handle, ZX_RIGHT_READ, &status);
	return stream ? move_on(handle, stream, &io, vector, vector_count, actual) : status;
}

zx_status_t zx_stream_readv_at(zx_handle_t handle, uint32_t options, zx_off_t offset,
			       zx_iovec_t *vector, size_t vector_count,
			       size_t *actual) /* NOLINT(readability-non-const-parameter) */
{
	struct zxi_io io = { .offset = offset };
	struct zxi_stream *stream;
	zx_status_t status;

	if (options || !vector)
		return ZX_ERR_INVALID_ARGS;
	stream = get(handle, ZX_RIGHT_READ, &status);
	return stream ? move_at(handle, stream, &io, vector, vector_count, actual) : status;
}

zx_status_t zx_stream_writev(zx_handle_t handle, uint32_t options,
			     const zx_iovec_t *vector, size_t vector_count,
			     size_t *actual) /* NOLINT(readability-non-const-parameter) */
{
	struct zxi_io io = { .write = true };
	struct zxi_stream *stream;
	zx_status_t status;

	if (options & ~ZX_STREAM_APPEND || !vector)
		return ZX_ERR_INVALID_ARGS;
	stream = get(handle, ZX_RIGHT_WRITE, &status);
	if (!stream)
		return status;
	io.append = options & ZX_STREAM_APPEND ||
		    atomic_load(&stream->options) & ZX_STREAM_MODE_APPEND;
	return move_on(handle, stream, &io, vector, vector_count, actual);
}

zx_status_t zx_stream_writev_at(zx_handle_t handle, uint32_t options, zx_off_t offset,
				const zx_iovec_t *vector, size_t vector_count,
				size_t *actual) /* NOLINT(readability-non-const-parameter) */
{
	struct zxi_io io = { .write = true, .offset = offset };
	struct zxi_stream *stream;
	zx_status_t status;

	if (options || !vector)
		return ZX_ERR_INVALID_ARGS;
	stream = get(handle, ZX_RIGHT_WRITE, &status);
	return stream ? move_at(handle, stream, &io, vector, vector_count, actual) : status;
}

static zx_status_t content_size(zx_handle_t handle, uint64_t *size)
{
	struct zxp_vmo_info info;
	zx_status_t status;
	int fd;

	status = zxi_get(handle, ZX_OBJ_TYPE_STREAM, 0, &fd);
	if (status != ZX_OK)
		return status;
	status = zxi_fd_vmo_info(fd, &info);
	zxi_put(fd);

	*size = info.out_stream_size;
	return status;
}

/* Where an offset counts from.  The stream is locked. */
static zx_status_t origin_of(zx_handle_t handle, const struct zxi_stream *stream,
			     zx_stream_seek_origin_t whence, uint64_t *origin)
{
	switch (whence) {
	case ZX_STREAM_SEEK_ORIGIN_START:
		*origin = 0;
		return ZX_OK;
	case ZX_STREAM_SEEK_ORIGIN_CURRENT:
		*origin = stream->seek;
		return ZX_OK;
	case ZX_STREAM_SEEK_ORIGIN_END:
		return content_size(handle, origin);
	}
	return ZX_ERR_INVALID_ARGS;
}

zx_status_t zx_stream_seek(zx_handle_t handle, zx_stream_seek_origin_t whence,
			   int64_t offset,
			   zx_off_t *out_seek) /* NOLINT(readability-non-const-parameter) */
{
	struct zxi_stream *stream;
	uint64_t origin, target = 0;
	zx_obj_type_t type;
	zx_rights_t rights;
	zx_status_t status;

	stream = get(handle, 0, &status);
	if (!stream)
		return status;
	status = zxi_identify(handle, &type, &rights);
	if (status == ZX_OK && !(rights & ZX_RIGHTS_IO))
		status = ZX_ERR_ACCESS_DENIED;
	if (status == ZX_OK) {
		pthread_mutex_lock(&stream->lock);
		status = origin_of(handle, stream, whence, &origin);
		if (status == ZX_OK && __builtin_add_overflow(origin, offset, &target))
			status = ZX_ERR_INVALID_ARGS;
		if (status == ZX_OK)
			stream->seek = target;
		pthread_mutex_unlock(&stream->lock);
	}
	zxi_stream_put(stream);
	return status == ZX_OK && out_seek ?
	       zxi_copy_out(out_seek, &target, sizeof(target)) : status;
}

zx_status_t zxi_stream_info(zx_handle_t handle, zx_info_stream_t *info)
{
	struct zxi_stream *stream;
	zx_status_t status;

	stream = get(handle, ZX_RIGHT_INSPECT, &status);
	if (!stream)
		return status;
	*info = (zx_info_stream_t){ .options = atomic_load(&stream->options) };
	pthread_mutex_lock(&stream->lock);
	info->seek = stream->seek;
	status = content_size(handle, &info->content_size);
	pthread_mutex_unlock(&stream->lock);
	zxi_stream_put(stream);
	return status;
}

zx_status_t zxi_stream_get_append(zx_handle_t handle, uint8_t *append)
{
	struct zxi_stream *stream;
	zx_status_t status;

	stream = get(handle, 0, &status);
	if (!stream)
		return status;
	*append = !!(atomic_load(&stream->options) & ZX_STREAM_MODE_APPEND);
	zxi_stream_put(stream);
	return ZX_OK;
}

zx_status_t zxi_stream_set_append(zx_handle_t handle, uint8_t append)
{
	struct zxi_stream *stream;
	zx_status_t status;

	stream = get(handle, 0, &status);
	if (!stream)
		return status;
	if (append)
		atomic_fetch_or(&stream->options, ZX_STREAM_MODE_APPEND);
	else
		atomic_fetch_and(&stream->options, ~ZX_STREAM_MODE_APPEND);
	zxi_stream_put(stream);
	return ZX_OK;
}
