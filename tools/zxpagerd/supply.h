/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_SUPPLY_H
#define ZXD_SUPPLY_H

#include <stdbool.h>
#include <stdint.h>

#include <zircon/types.h>

struct vmo;

/*
 * struct supply - content for a range, to be supplied together with other ranges; it must
 *	stay where it is until it is done
 * @begin: called when it is its turn: fills in what follows, or returns false if there
 *	is nothing to be supplied after all
 * @handler: called once when it is done
 * @status: how that went
 * @done: bytes that have content now, also on failure
 */
struct supply {
	struct supply *next;
	bool (*begin)(struct supply *s);
	void (*handler)(struct supply *s);
	struct vmo *vmo;
	uint64_t offset;
	uint64_t length;
	const void *buffer;
	zx_status_t status;
	uint64_t done;
};

/* In the next supply_all(), first if @somebody_waits; nothing is called from within. */
void supply_later(struct supply *s, bool somebody_waits);

/* Once in each turn of the loop, when all that has happened is known. */
void supply_all(void);

#endif /* ZXD_SUPPLY_H */
