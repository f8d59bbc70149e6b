/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_USER_H
#define ZXD_USER_H

#include <stdbool.h>
#include <sys/types.h>

#include "log.h"

/*
 * struct user - what one user has of the daemon, so that it is no other's
 * @clients: connections that stay
 * @waiting: those that wait for a sync, or for a copy to come or go
 * @copies: with a name, which are this user's
 * @given: was given a descriptor of what is written to, and may have it still
 * @limit: of lines about them
 * @used: when it came last, on a clock of its own
 */
struct user {
	struct user *next;
	uid_t uid;
	unsigned int clients;
	unsigned int waiting;
	unsigned int copies;
	bool given;
	struct log_limit limit;
	unsigned long used;
};

/*
 * NULL if there is no memory.  It is the same until it has neither clients nor copies nor was
 * given anything, and a while longer.
 */
struct user *user_find(uid_t uid);

/* Any of these users was given a descriptor; or anybody, with none of them. */
bool user_was_given(const uid_t *uids, unsigned int count);

/* Predecessors of this daemon may have given descriptors to anybody. */
void user_all_were_given(void);

/* Root, or the daemon's own. */
bool user_is_admin(const struct user *user);

#endif /* ZXD_USER_H */
