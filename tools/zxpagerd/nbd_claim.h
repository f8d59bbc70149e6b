/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_NBD_CLAIM_H
#define ZXD_NBD_CLAIM_H

#include <stdbool.h>
#include <stdint.h>

struct nbd_handle;

/*
 * The daemon ends if it has the export under another name already, or if it is to be written
 * and another daemon of this user does that.  Tells what it is known by.
 */
uint64_t nbd_claim(struct nbd_handle *handle, const char *uri, bool writable);

#endif /* ZXD_NBD_CLAIM_H */
