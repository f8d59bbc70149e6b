// SPDX-License-Identifier: GPL-2.0
/*
 * Copies that have a name.  The daemon does no more than to have a descriptor of each, so
 * that it outlives its clients: what is stored there is the kernel's business, and is written
 * to no file.
 *
 * To make a copy of a copy, or to close one, takes as long as it has pages, so the crew does
 * that.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "copies.h"
#include "keep.h"
#include "log.h"
#include "pager.h"
#include "proto.h"
#include "user.h"
#include "vmo.h"

/*
 * struct copy - a copy of a VMO or of another one
 * @name, @of: what it is called, and what it was made of was
 * @fd: -1 while it is being made
 * @frozen: it cannot be written to
 * @dropped: it has no name any more, and goes when it is not needed
 * @kept: the keeper has it, too, under this name
 * @making: so many copies of it are being made
 * @from: the copy of which it is being made
 * @req: of whom waits for it to be there, or to go
 */
struct copy {
	struct copy *next;
	struct event event;
	char name[ZXD_NAME_SIZE];
	char of[ZXD_NAME_SIZE];
	uint64_t number;
	struct user *user;
	int fd;
	bool frozen;
	bool dropped;
	bool kept;
	unsigned int making;
	struct copy *from;
	struct copy_request *req;
};

unsigned int copy_max = COPIES_MAX;
static struct copy *copies, **copies_end = &copies;	/* by number */
static unsigned int count;
static uint64_t numbers;
static struct copy *going, **going_end = &going;	/* dropped, and the keeper has them yet */
const struct copy_keeper *copy_keeper;

/* Also one that is being made. */
static struct copy *named(const char *name)
{
	struct copy *copy = copies;

	while (copy && strcmp(copy->name, name))
		copy = copy->next;
	return copy;
}

struct copy *copy_find(const char *name)
{
	struct copy *copy = named(name);

	return copy && copy->fd >= 0 ? copy : NULL;
}

struct copy *copy_from(uint64_t number)
{
	struct copy *copy = copies;

	while (copy && (copy->number < number || copy->fd < 0))
		copy = copy->next;
	return copy;
}

uint64_t copy_number(const struct copy *copy)
{
	return copy->number;
}

bool copy_is_for(const struct copy *copy, const struct user *user)
{
	return copy->user == user || user_is_admin(user);
}

static void add(struct copy *copy)
{
	copy->number = numbers++;
	*copies_end = copy;
	copies_end = &copy->next;
	count++;
	copy->user->copies++;
}

/* Others may have its name. */
static void take_out(struct copy *copy)
{
	struct copy **link = &copies;

	while (*link != copy)
		link = &(*link)->next;
	*link = copy->next;
	if (!copy->next)
		copies_end = link;
}

/* What it had is there for others. */
static void forget(struct copy *copy)
{
	count--;
	copy->user->copies--;
	free(copy);
}

/* --- making one ------------------------------------------------------------------------ */

static void close_if_free(struct copy *copy);

static void keep(struct copy *copy)
{
	struct keep_message message = {
		.kind = KEEP_COPY,
		.frozen = copy->frozen,
		.number = copy->number,
		.uid = copy->user->uid,
	};
	int error;

	if (!copy_keeper)
		return;
	memcpy(message.name, copy->name, sizeof(message.name));
	memcpy(message.of, copy->of, sizeof(message.of));
	error = copy_keeper->send(&message, copy->fd);
	copy->kept = !error;
	if (error)
		log_line("%s: this copy goes with the worker: it cannot be kept: %s", copy->name,
			 strerror(error));
}

static void leave(struct copy *from)
{
	if (!from)
		return;
	from->making--;
	close_if_free(from);
}

static void made(struct event *ev, int res)
{
	struct copy *copy = event_owner(ev, struct copy, event);
	struct copy_request *req = copy->req;

	leave(copy->from);
	copy->from = NULL;
	copy->fd = res;
	if (res >= 0) {
		log_debug("%s: a copy of %s, for user %u", copy->name, copy->of,
			  (unsigned int)copy->user->uid);
		keep(copy);
		req->done(req, copy, 0);
		return;
	}
	take_out(copy);
	forget(copy);
	req->done(req, NULL, -res);
}

/* Nobody takes more than half, rounded up, of what a small daemon has room for. */
static bool has_most(const struct user *user)
{
	return user->copies >= options.copies || user->copies >= (copy_max + 1) / 2;
}

static int may_make(const char *name, const struct user *user)
{
	if (!zxd_is_name(name))
		return EINVAL;
	if (vmo_find(name) || named(name))
		return EEXIST;
	if (!user_is_admin(user) && has_most(user))
		return EDQUOT;
	return count < copy_max ? 0 : EUSERS;
}

static int begin(struct copy_request *req, int fd, const char *of, struct copy *from,
		 const char *name, struct user *user, bool frozen, bool written_to)
{
	int error = may_make(name, user);
	struct copy *copy;

	if (error)
		return error;
	copy = calloc(1, sizeof(*copy));
	if (!copy)
		return ENOMEM;
	strncpy(copy->name, name, sizeof(copy->name) - 1);
	strncpy(copy->of, of, sizeof(copy->of) - 1);
	copy->user = user;
	copy->frozen = frozen;
	copy->fd = -1;
	copy->from = from;
	copy->req = req;
	copy->event.handler = made;
	error = pager_copy(&copy->event, copy->name, fd, frozen, written_to);
	if (error) {
		free(copy);
		return error;
	}
	if (from)
		from->making++;
	add(copy);
	return 0;
}

int copy_vmo(struct copy_request *req, struct vmo *vmo, const char *name,
	     struct user *user, bool frozen)
{
	const struct target *t = &vmo->target;

	if (!t->writable && !t->scratch)
		return EOPNOTSUPP;
	/* It would change with the VMO where nothing is its own. */
	if (t->writable && frozen && !t->snapshots)
		return ETXTBSY;
	return begin(req, pager_fd(t), t->name, NULL, name, user, frozen, t->writable);
}

int copy_copy(struct copy_request *req, struct copy *copy, const char *name,
	      struct user *user, bool frozen)
{
	return begin(req, copy->fd, copy->name, copy, name, user, frozen, false);
}

/* Its number is its own, and those to come are larger. */
void copy_adopt(const struct keep_message *message, int fd)
{
	struct copy *copy = calloc(1, sizeof(*copy));

	if (!copy || !pager_adopt_copy(fd))
		die("out of memory");
	memcpy(copy->name, message->name, sizeof(copy->name));
	memcpy(copy->of, message->of, sizeof(copy->of));
	copy->user = user_find((uid_t)message->uid);
	if (!copy->user)
		die("out of memory");
	copy->frozen = message->frozen;
	copy->kept = true;
	copy->fd = fd;
	if (message->number > numbers)
		numbers = message->number;
	add(copy);
}

/* --- the end of one ---------------------------------------------------------------------- */

static void closed(struct event *ev, int res)
{
	struct copy *copy = event_owner(ev, struct copy, event);
	struct copy_request *req = copy->req;

	(void)res;
	forget(copy);
	req->done(req, NULL, 0);
}

/* The keeper closes it first: what that takes, when it is the last, is for the crew. */
static void close_if_free(struct copy *copy)
{
	if (!copy->dropped || copy->kept || copy->making)
		return;
	copy->event.handler = closed;
	pager_close(&copy->event, copy->fd);
}

static void forsake(struct copy **link)
{
	struct copy *copy = *link;

	*link = copy->next;
	if (!*link)
		going_end = link;
	copy->kept = false;
	close_if_free(copy);
}

/* Of one name they go in the order in which the keeper was told. */
void copy_dropped(const char *name)
{
	struct copy **link = &going;

	while (*link && strcmp((*link)->name, name))
		link = &(*link)->next;
	if (*link)
		forsake(link);
}

void copies_alone(void)
{
	copy_keeper = NULL;
	for (struct copy *copy = copies; copy; copy = copy->next)
		copy->kept = false;
	while (going)
		forsake(&going);
}

/* At once, whoever still copies it: another one may have its name from now on. */
static bool tell_keeper(const struct copy *copy)
{
	struct keep_message message = { .kind = KEEP_DROP };

	memcpy(message.name, copy->name, sizeof(message.name));
	return !copy_keeper->send(&message, -1);
}

int copy_drop(struct copy_request *req, struct copy *copy)
{
	if (copy->kept && !tell_keeper(copy))
		return EBUSY;
	take_out(copy);
	copy->dropped = true;
	copy->req = req;
	if (copy->kept) {
		copy->next = NULL;
		*going_end = copy;
		going_end = &copy->next;
	}
	close_if_free(copy);
	return 0;
}

/* --- what clients get of it -------------------------------------------------------------- */

int copy_open(const struct copy *copy)
{
	return pager_reopen(copy->fd, !copy->frozen);
}

void copy_describe(const struct copy *copy, struct zxd_reply *reply)
{
	struct pager_info info = { 0 };

	pager_copy_info(copy->fd, &info);
	reply->flags = ZXD_COPY | (copy->frozen ? 0 : ZXD_WRITABLE);
	reply->vmo_size = info.size;
	reply->file_size = info.size;
	reply->own = info.own;
	reply->uid = copy->user->uid;
	memcpy(reply->name, copy->name, sizeof(reply->name));
	memcpy(reply->copy_of, copy->of, sizeof(reply->copy_of));
}

void copies_tell(void)
{
	for (const struct copy *copy = copies; copy; copy = copy->next)
		if (copy->fd >= 0)
			log_line("%s: this copy of %s goes with the daemon, unless a client has it open",
				 copy->name, copy->of);
}
