/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_LOCK_H
#define ZXD_LOCK_H

#include <stdbool.h>

/*
 * Makes and locks a file that nobody but this user can open, until the descriptor is closed,
 * which this returns; or -1 and an errno: EWOULDBLOCK if another one has it locked, EPERM
 * if it is no file of this user.
 */
int lock_file(const char *path);

/*
 * Its file is there still.  Whoever holds a lock with others removes it, and what it is for, only
 * then: if another one of them has, those names may be somebody else's.
 */
bool lock_has_name(int fd);

/*
 * From now on what is locked is waited for so long: who had it has just been killed, or is on
 * its way out.  Until then it is not.
 */
void lock_wait_for(unsigned int ms);

/* Waits for a moment, after so many tries to lock @path; false if that was enough. */
bool lock_again(const char *path, unsigned int tries);

#endif /* ZXD_LOCK_H */
