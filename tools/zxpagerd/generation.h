/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_GENERATION_H
#define ZXD_GENERATION_H

#include <stdbool.h>
#include <stdint.h>

/* --- of the keeper --------------------------------------------------------------------- */

/* A pager that can have generations; ends the daemon if there is none. */
int generation_open_pager(void);

/* A descriptor for the next worker, or -1 and errno; the one before can do nothing any more. */
int generation_begin(int pager_fd);

/* --- of the worker --------------------------------------------------------------------- */

/*
 * struct found - a VMO that is there already
 * @id: to open it by
 * @stream_size: of its content, in bytes
 * @detached: nobody waits for it any more
 */
struct found {
	uint64_t id;
	uint64_t key;
	uint64_t stream_size;
	bool detached;
};

/* Looks at all that there are; ends the daemon if that cannot be had. */
void generation_look(int generation_fd);

/* The one of the name that is in @key, or NULL. */
const struct found *generation_find(uint64_t key);

/* A descriptor of it, or -1 and errno. */
int generation_open(int generation_fd, const struct found *found);

/* A line for each that was not found by a name. */
void generation_tell_unknown(void);

#endif /* ZXD_GENERATION_H */
