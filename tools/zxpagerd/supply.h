/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_SUPPLY_H
#define ZXD_SUPPLY_H

#include <stdbool.h>

#include "pager.h"

/*
 * struct supply - content for a range, to be supplied together with other ranges; it must
 *	stay where it is until it is done
 * @begin: called when it is its turn: fills in @content, or returns false if there is
 *	nothing to be supplied after all
 * @handler: called once when it is done
 * @window: the number of the window that it is in, of the VMO
 */
struct supply {
	struct supply *next;
	bool (*begin)(struct supply *s);
	void (*handler)(struct supply *s);
	struct content content;
	uint64_t window;
};

/* In the next supply_all(), first if @somebody_waits; nothing is called from within. */
void supply_later(struct supply *s, bool somebody_waits);

/* Once in each turn of the loop, when all that has happened is known. */
void supply_all(void);

/* Grows with each call that supplies something. */
extern uint64_t supply_count;

/* What it was after a part of this window was supplied, or one more. */
uint64_t supply_last(const struct target *t, uint64_t window);

#endif /* ZXD_SUPPLY_H */
