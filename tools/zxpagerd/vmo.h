/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_VMO_H
#define ZXD_VMO_H

#include <stdbool.h>
#include <stdint.h>

#include "reader.h"
#include "target.h"
#include "writeback.h"

/* struct vmo - one file that is served, and all that serves it; @index: which one it is */
struct vmo {
	struct target target;
	struct vmo *next;
	uint64_t index;
	struct reader reader;
	struct writeback writeback;
};

/* All of them, in the order of the command line. */
extern struct vmo *vmos;

struct vmo_option;
struct zxd_reply;

/* Before serving: adds a VMO; a failure ends the daemon. */
void vmo_add(const struct vmo_option *option);

/*
 * Adds one that is there, with its key.  ENOMEM, or EEXIST if there is one whose key is of the
 * same name, as far as keys tell.
 */
int vmo_register(struct vmo *vmo);

/* NULL if there is none of that name, of that key, or of that index. */
struct vmo *vmo_find(const char *name);
struct vmo *vmo_of_key(uint64_t key);
struct vmo *vmo_at(uint64_t index);

/* How many there are. */
uint64_t vmo_count(void);

/* A descriptor for a client, or -1 and errno. */
int vmo_open(struct vmo *vmo);

/* All but what is the same for each reply. */
void vmo_describe(struct vmo *vmo, struct zxd_reply *reply);

/* 0 or an errno: what administrators ask for. */
int vmo_fail(struct vmo *vmo, uint64_t offset, uint64_t length, int code);
void vmo_clear(struct vmo *vmo);
void vmo_hold(struct vmo *vmo, bool held);

#endif /* ZXD_VMO_H */
