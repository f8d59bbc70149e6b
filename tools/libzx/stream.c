// SPDX-License-Identifier: MIT
/*
 * What a stream is, see stream.h.
 */
#include <stdlib.h>

#include "stream.h"

/* Of the list. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct zxi_stream *streams;

/* Of the offsets that descriptors have in common. */
static pthread_mutex_t offsets_lock = PTHREAD_MUTEX_INITIALIZER;

void zxi_offsets_lock(void)
{
	pthread_mutex_lock(&offsets_lock);
}

void zxi_offsets_unlock(void)
{
	pthread_mutex_unlock(&offsets_lock);
}

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

struct zxi_stream *zxi_stream_make(uint32_t options, uint64_t seek)
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
