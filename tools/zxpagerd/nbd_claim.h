/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_NBD_CLAIM_H
#define ZXD_NBD_CLAIM_H

#include <stdbool.h>
#include <stdint.h>

struct nbd_handle;

/*
 * struct nbd_claim - an export that is served
 * @called: unlike any other
 * @lock: against other writers, or -1
 * @identity: what it is known by to a successor
 */
struct nbd_claim {
	char *called;
	const char *uri;
	int lock;
	uint64_t identity;
};

/*
 * NULL, after a line, and with an errno, if the daemon has the export under another name
 * already, or if it is to be written and is read-only, or another daemon of this user does that.
 */
struct nbd_claim *nbd_claim(struct nbd_handle *handle, const char *uri, bool writable);

/* It is nobody's any more. */
void nbd_unclaim(struct nbd_claim *claim);

#endif /* ZXD_NBD_CLAIM_H */
