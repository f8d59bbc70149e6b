/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_LOCK_H
#define ZXD_LOCK_H

/*
 * Makes and locks a file that nobody but this user can open, until the descriptor is closed,
 * which this returns; or -1 and an errno: EWOULDBLOCK if another one has it locked, EPERM
 * if it is no file of this user.
 */
int lock_file(const char *path);

#endif /* ZXD_LOCK_H */
