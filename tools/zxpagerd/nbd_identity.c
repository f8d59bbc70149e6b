// SPDX-License-Identifier: GPL-2.0
/*
 * What an NBD export is known by: its size, its flags and, where --identity tells, some
 * of its content.
 *
 * A server that was killed may or may not have what it was given since the last flush.  So
 * what was written to the range since then says nothing about who it is.
 */
#include <libnbd.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "nbd_identity.h"
#include "options.h"

static const struct {
	int (*ask)(struct nbd_handle *handle);
	const char *differs;
} abilities[] = {
	{ nbd_is_read_only, "cannot be written to any more, or can now" },
	{ nbd_can_flush, "does not flush as it did before" },
	{ nbd_can_fua, "does not write through as it did before" },
	{ nbd_can_zero, "does not zero as it did before" },
	{ nbd_can_trim, "does not trim as it did before" },
	{ nbd_can_multi_conn, "does not take several connections as it did before" },
};

#define ABILITIES	(sizeof(abilities) / sizeof(abilities[0]))

static unsigned int flags_of(struct nbd_handle *handle)
{
	unsigned int flags = 0;

	for (unsigned int i = 0; i < ABILITIES; i++)
		if (abilities[i].ask(handle) > 0)
			flags |= 1u << i;
	return flags;
}

/* What [@offset, *@end) and the range have in common, or nothing. */
static bool clip(const struct nbd_identity *id, uint64_t *offset, uint64_t *end)
{
	if (*offset < id->offset)
		*offset = id->offset;
	if (*end > id->offset + id->length)
		*end = id->offset + id->length;
	return *offset < *end;
}

static void mark(struct nbd_identity *id, uint64_t offset, uint64_t end,
		 enum nbd_sure sure)
{
	for (uint64_t i = offset - id->offset; i < end - id->offset; i++)
		id->sure[i] = sure;
}

/* What is in the range. */
static bool note_content(struct nbd_identity *id, struct nbd_handle *handle, const char *uri)
{
	id->offset = options.identity_offset;
	id->length = options.identity_length;
	if (id->offset > id->size || id->length > id->size - id->offset) {
		log_line("--identity: %s has %llu bytes, fewer than that", uri,
			 (unsigned long long)id->size);
		return false;
	}
	id->content = malloc(id->length);
	id->sure = malloc(id->length * sizeof(*id->sure));
	if (!id->content || !id->sure)
		die("out of memory");
	if (nbd_pread(handle, id->content, id->length, id->offset, 0)) {
		log_line("%s: what it is known by cannot be read: %s", uri, nbd_get_error());
		return false;
	}
	mark(id, id->offset, id->offset + id->length, NBD_FLUSHED);
	return true;
}

bool nbd_identity_note(struct nbd_identity *id, struct nbd_handle *handle,
		       const char *uri)
{
	int64_t size = nbd_get_size(handle);

	if (size < 0)
		log_line("%s: its size cannot be had: %s", uri, nbd_get_error());
	else if (!size)
		log_line("%s is empty: there is nothing to serve", uri);
	if (size <= 0)
		return false;
	id->size = (uint64_t)size;
	id->flags = flags_of(handle);
	return !options.identity_length || note_content(id, handle, uri);
}

void nbd_identity_forget(struct nbd_identity *id)
{
	free(id->content);
	free(id->sure);
	*id = (struct nbd_identity){ .size = 0 };
}

const char *nbd_identity_differs(const struct nbd_identity *id,
				 struct nbd_handle *handle)
{
	unsigned int changed = flags_of(handle) ^ id->flags;

	if (nbd_get_size(handle) != (int64_t)id->size)
		return "has not the size that it had";
	for (unsigned int i = 0; i < ABILITIES; i++)
		if (changed & 1u << i)
			return abilities[i].differs;
	return NULL;
}

bool nbd_identity_matches(const struct nbd_identity *id, const uint8_t *content)
{
	for (uint32_t i = 0; i < id->length; i++)
		if (id->sure[i] == NBD_FLUSHED && content[i] != id->content[i])
			return false;
	return true;
}

void nbd_identity_doubt(struct nbd_identity *id, uint64_t offset, uint64_t length)
{
	uint64_t end = offset + length;

	if (clip(id, &offset, &end))
		mark(id, offset, end, NBD_UNSURE);
}

void nbd_identity_written(struct nbd_identity *id, uint64_t offset, uint64_t length,
			  const uint8_t *content)
{
	uint64_t from = offset, end = offset + length;

	if (!clip(id, &from, &end))
		return;
	if (content)
		memcpy(id->content + (from - id->offset), content + (from - offset),
		       end - from);
	else
		memset(id->content + (from - id->offset), 0, end - from);
	mark(id, from, end, NBD_WRITTEN);
}

void nbd_identity_flushed(struct nbd_identity *id)
{
	for (uint32_t i = 0; i < id->length; i++)
		if (id->sure[i] == NBD_WRITTEN)
			id->sure[i] = NBD_FLUSHED;
}
