/* SPDX-License-Identifier: MIT */
/*
 * Streams: a VMO with an offset where the next read or write is.
 *
 * A handle of a stream is a descriptor of the VMO, with which read() and write() do what
 * streams do.  The offset is kept here and not in the descriptor: it may be any 64 bits,
 * and a call that moves it is to be the only one.
 */
#ifndef LIBZX_STREAM_H
#define LIBZX_STREAM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <zircon/syscalls/object.h>
#include <zircon/types.h>

/**
 * struct zxi_position - an offset that descriptors of a VMO may have in common
 * @refs: streams that have it; under the lock of the list
 * @koid: of the VMO; constant
 * @lock: held while one of them looks where it has appended
 */
struct zxi_position {
	unsigned int refs;
	zx_koid_t koid;
	pthread_mutex_t lock;
};

/**
 * struct zxi_stream - a stream
 * @next: in the list of all
 * @lock: held by a call that moves @seek, also while that waits for a pager
 * @seek: the offset
 * @append_fd: by which it appends; -1: by that of the handle
 * @inherited: from a parent process, which has the same descriptors
 * @options: ZX_STREAM_MODE_*
 * @resizes: it may make the VMO larger; constant
 * @position: that its descriptor has in common with others, or NULL; constant
 * @failures: of its VMO, see struct zxi_io
 */
struct zxi_stream {
	struct zxi_stream *next;
	pthread_mutex_t lock;
	uint64_t seek;
	int append_fd;
	bool inherited;
	_Atomic uint32_t options;
	bool resizes;
	struct zxi_position *position;
	_Atomic uint64_t failures;
};

struct zxi_stream *zxi_stream_make(uint32_t options, uint64_t seek);
void zxi_stream_put(struct zxi_stream *stream);

/* Appends by this descriptor from now on; with @lock. */
void zxi_stream_append_by(struct zxi_stream *stream, int fd);

/* Its descriptor is one that others may have, of a VMO with this koid; false without memory. */
bool zxi_stream_share(struct zxi_stream *stream, zx_koid_t koid);

/* With the table's lock held; in the child before the last one but one. */
void zxi_streams_before_fork(void);
void zxi_streams_after_fork(void);
void zxi_streams_in_child(void);

/* WRONG_TYPE, or what there is to know of a stream. */
zx_status_t zxi_stream_info(zx_handle_t handle, zx_info_stream_t *info);
zx_status_t zxi_stream_get_append(zx_handle_t handle, uint8_t *append);
zx_status_t zxi_stream_set_append(zx_handle_t handle, uint8_t append);

#endif /* LIBZX_STREAM_H */
