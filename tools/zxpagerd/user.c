// SPDX-License-Identifier: GPL-2.0
/*
 * The users that clients belong to.
 */
#include <stdlib.h>
#include <unistd.h>

#include "user.h"

/* Some without clients or copies are remembered: who comes again has not got a new budget of lines. */
#define KEPT	64

static struct user *users;
static unsigned long now;
static bool all_were_given;

static struct user *make(uid_t uid)
{
	struct user *oldest = NULL, *user;
	unsigned int idle = 0;

	for (user = users; user; user = user->next) {
		if (user->clients || user->copies || user->given)
			continue;
		idle++;
		if (!oldest || user->used < oldest->used)
			oldest = user;
	}
	if (idle >= KEPT) {
		*oldest = (struct user){ .next = oldest->next, .uid = uid };
		return oldest;
	}
	user = calloc(1, sizeof(*user));
	if (!user)
		return NULL;
	user->uid = uid;
	user->next = users;
	users = user;
	return user;
}

struct user *user_find(uid_t uid)
{
	struct user *user = users;

	while (user && user->uid != uid)
		user = user->next;
	if (!user)
		user = make(uid);
	if (user)
		user->used = ++now;
	return user;
}

bool user_was_given(const uid_t *uids, unsigned int count)
{
	const struct user *user = users;

	if (all_were_given)
		return true;
	for (; user; user = user->next) {
		bool is_meant = !count;

		for (unsigned int i = 0; i < count; i++)
			is_meant |= uids[i] == user->uid;
		if (user->given && is_meant)
			return true;
	}
	return false;
}

void user_all_were_given(void)
{
	all_were_given = true;
}

bool user_is_admin(const struct user *user)
{
	return user->uid == 0 || user->uid == geteuid();
}
