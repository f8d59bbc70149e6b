// SPDX-License-Identifier: MIT
/*
 * What a stream is, see stream.h.
 */
#include <stdlib.h>

#include "base.h"
#include "stream.h"

/* Of the list. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct zxi_stream *streams;

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
	for (struct zxi_stream *s = streams; s; s = s->next) {
		pthread_mutex_init(&s->lock, NULL);
		s->inherited = true;
		if (s->position)
			pthread_mutex_init(&s->position->lock, NULL);
	}
}

/* Locked. */
static struct zxi_position *find_position(zx_koid_t koid)
{
	struct zxi_position *position;

	for (struct zxi_stream *s = streams; s; s = s->next)
		if (s->position && s->position->koid == koid)
			return s->position;
	position = calloc(1, sizeof(*position));
	if (!position)
		return NULL;
	position->koid = koid;
	pthread_mutex_init(&position->lock, NULL);
	return position;
}

bool zxi_stream_share(struct zxi_stream *stream, zx_koid_t koid)
{
	pthread_mutex_lock(&lock);
	stream->position = find_position(koid);
	if (stream->position)
		stream->position->refs++;
	pthread_mutex_unlock(&lock);
	return stream->position;
}

/* Locked. */
static void put_position(struct zxi_position *position)
{
	if (!position || --position->refs)
		return;
	pthread_mutex_destroy(&position->lock);
	free(position);
}

struct zxi_stream *zxi_stream_make(uint32_t options, uint64_t seek)
{
	struct zxi_stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return NULL;
	stream->append_fd = -1;
	stream->seek = seek;
	atomic_init(&stream->options, options);
	pthread_mutex_init(&stream->lock, NULL);
	pthread_mutex_lock(&lock);
	stream->next = streams;
	streams = stream;
	pthread_mutex_unlock(&lock);
	return stream;
}

void zxi_stream_append_by(struct zxi_stream *stream, int fd)
{
	if (stream->append_fd >= 0)
		zxi_close_fd(stream->append_fd);
	stream->append_fd = fd;
}

void zxi_stream_put(struct zxi_stream *stream)
{
	struct zxi_stream **link = &streams;

	pthread_mutex_lock(&lock);
	while (*link != stream)
		link = &(*link)->next;
	*link = stream->next;
	put_position(stream->position);
	pthread_mutex_unlock(&lock);
	pthread_mutex_destroy(&stream->lock);
	zxi_stream_append_by(stream, -1);
	free(stream);
}
