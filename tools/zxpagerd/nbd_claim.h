/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_NBD_CLAIM_H
#define ZXD_NBD_CLAIM_H

struct nbd_handle;

/* The daemon ends if another one on this machine writes to the export already. */
void nbd_claim(struct nbd_handle *handle, const char *uri);

#endif /* ZXD_NBD_CLAIM_H */
