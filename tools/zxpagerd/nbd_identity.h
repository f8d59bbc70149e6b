/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_NBD_IDENTITY_H
#define ZXD_NBD_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

struct nbd_handle;

/* How far a byte has come: it is being written or that failed, is written, or is flushed. */
enum nbd_sure { NBD_UNSURE, NBD_WRITTEN, NBD_FLUSHED };

/*
 * struct nbd_identity - what an export is known by when it comes back
 * @flags: what it can do
 * @content: that of [@offset, @offset + @length), as it was written last
 * @sure: whether a byte of that can be relied on
 */
struct nbd_identity {
	uint64_t size;
	unsigned int flags;
	uint64_t offset;
	uint32_t length;
	uint8_t *content;
	enum nbd_sure *sure;
};

/* Takes note of an export just connected to; false, after a line, if that is not to be served. */
bool nbd_identity_note(struct nbd_identity *id, struct nbd_handle *handle,
		       const char *uri);
void nbd_identity_forget(struct nbd_identity *id);

/* What is different about the export at the other end, or NULL. */
const char *nbd_identity_differs(const struct nbd_identity *id,
				 struct nbd_handle *handle);

/* Whether @content, read from there just now, may be that of the range. */
bool nbd_identity_matches(const struct nbd_identity *id, const uint8_t *content);

/*
 * Something is going to be written; has been, zeroes if @content is NULL; and all that has
 * been was flushed.
 */
void nbd_identity_doubt(struct nbd_identity *id, uint64_t offset, uint64_t length);
void nbd_identity_written(struct nbd_identity *id, uint64_t offset, uint64_t length,
			  const uint8_t *content);
void nbd_identity_flushed(struct nbd_identity *id);

#endif /* ZXD_NBD_IDENTITY_H */
