/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_NBD_CLAIM_H
#define ZXD_NBD_CLAIM_H

#include <stdbool.h>

struct nbd_handle;

/*
 * The daemon ends if it has the export under another name already, or if it is to be written
 * and another daemon of this user does that.
 */
void nbd_claim(struct nbd_handle *handle, const char *uri, bool writable);

#endif /* ZXD_NBD_CLAIM_H */
