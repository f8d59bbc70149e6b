/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_COPIES_H
#define ZXD_COPIES_H

#include <stdbool.h>
#include <stdint.h>

#include "options.h"

struct copy;
struct keep_message;
struct user;
struct vmo;
struct zxd_reply;

/* struct copy_request - until @copy is there, or, then NULL, has gone; @done is called once */
struct copy_request {
	void (*done)(struct copy_request *req, const struct copy *copy, int error);
};

/* The most that are kept; with fewer files that may be open, fewer. */
extern unsigned int copy_max;

/* NULL if there is none of that name; or if no number is as large as @number, or larger. */
struct copy *copy_find(const char *name);
struct copy *copy_from(uint64_t number);

/* Its number, which no other has had before. */
uint64_t copy_number(const struct copy *copy);

/* What is in it is for them. */
bool copy_is_for(const struct copy *copy, const struct user *user);

/*
 * 0 if a copy of @vmo or of @copy is begun to be made, for @user, or an errno; @frozen if it
 * is to stay as it is.
 */
int copy_vmo(struct copy_request *req, struct vmo *vmo, const char *name,
	     struct user *user, bool frozen);
int copy_copy(struct copy_request *req, struct copy *copy, const char *name,
	      struct user *user, bool frozen);

/*
 * struct copy_keeper - who keeps copies when this daemon has gone
 * @send: has a message go there, with @fd unless that is -1; 0 or an errno
 */
struct copy_keeper {
	int (*send)(const struct keep_message *message, int fd);
};

/* Or NULL; before any copy is made. */
extern const struct copy_keeper *copy_keeper;

/* One that a predecessor had, and that was kept; a failure ends the daemon. */
void copy_adopt(const struct keep_message *message, int fd);

/* The keeper does not have it any more; or there is no keeper any more. */
void copy_dropped(const char *name);
void copies_alone(void);

/*
 * From now on it has no name; @req is done when the daemon's descriptor is closed.  0, or EBUSY
 * if the keeper cannot be told now: then it stays.
 */
int copy_drop(struct copy_request *req, struct copy *copy);

/* A descriptor for a client, or -1 and errno. */
int copy_open(const struct copy *copy);

/* All but what is the same for each reply. */
void copy_describe(const struct copy *copy, struct zxd_reply *reply);

/* A line for each, as they go with the daemon. */
void copies_tell(void);

#endif /* ZXD_COPIES_H */
