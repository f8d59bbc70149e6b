/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_RENEW_H
#define ZXD_RENEW_H

struct target;

/*
 * Begins to reserve anew the space for what is dirty in a VMO that was there before this
 * daemon: its predecessor may have been killed between cutting off or punching, which gives
 * space back, and reserving it.
 */
void renew_reservations(struct target *t);

#endif /* ZXD_RENEW_H */
