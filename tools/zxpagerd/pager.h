/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_PAGER_H
#define ZXD_PAGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <zircon/linux.h>
#include <zircon/syscalls-next.h>
#include <zircon/syscalls/port.h>
#include <zircon/types.h>

#include "target.h"

/*
 * struct pager_info - what the kernel knows of a VMO now
 * @size: a multiple of the page size
 * @stream_size: to the byte
 * @dirty: bytes in pages that are not written back
 * @zero: bytes in zero ranges that are not
 * @own: of a copy: bytes that it has for itself
 */
struct pager_info {
	uint64_t size;
	uint64_t stream_size;
	uint64_t dirty;
	uint64_t zero;
	uint64_t own;
};

struct event;

/*
 * struct content - what a range of a VMO is to be supplied with
 * @status: how that went
 * @done: bytes that have content now, also on failure
 */
struct content {
	struct target *target;
	uint64_t offset;
	uint64_t length;
	const void *buffer;
	zx_status_t status;
	uint64_t done;
};

/* The daemon's one pager and its port; ends the daemon if there is no module. */
void pager_open(void);

/* The same for a worker, whose pager is a generation of one that its keeper has. */
void pager_open_generation(int fd);

/* Called with the descriptor of each VMO that is made from now on: somebody keeps it. */
void pager_on_vmo(void (*made)(int fd));

/* Makes the VMO itself, with @t->key; its handle is in @t afterwards. */
void pager_create_vmo(struct target *t);

struct found;

/* One that a predecessor has made and named, as @key tells; or NULL. */
const struct found *pager_find_vmo(uint64_t key);

/* A line for each that was never asked for: it stays, and nobody serves it. */
void pager_tell_unknown(void);

/* Has @t be that one; a failure ends the daemon. */
void pager_adopt_vmo(struct target *t, const struct found *found);

/* Waits for packets, and takes @count at most; tells how many. */
unsigned int pager_read_packets(zx_port_packet_t *packets, unsigned int count);

zx_status_t pager_detach(struct target *t);

/* Supplies one range, or several, of which each has its own outcome. */
void pager_supply(struct content *c);
void pager_supply_all(struct content **c, unsigned int n);

/* Fails what waits in a range; @code is an errno that the ABI knows for that. */
zx_status_t pager_fail(struct target *t, uint64_t offset, uint64_t length,
		       int code);

/* Allows writes to a range. */
zx_status_t pager_dirty(struct target *t, uint64_t offset, uint64_t length);

/*
 * What of a VMO is dirty from @offset on, before @end: at most @count ranges, with how
 * many as *@actual.
 */
zx_status_t pager_query(struct target *t, uint64_t offset, uint64_t end,
			zx_vmo_dirty_range_t *ranges, size_t count,
			size_t *actual);

/* Writing a range back begins, with @zero only its zero ranges; and it has ended. */
zx_status_t pager_begin(struct target *t, uint64_t offset, uint64_t length,
			bool zero);
zx_status_t pager_end(struct target *t, uint64_t offset, uint64_t length);

/* Answers a SYNC with 0 or an errno that the ABI knows for that. */
zx_status_t pager_sync_end(struct target *t, uint64_t offset, uint64_t length,
			   int code);

/*
 * Begins to make a copy of what @fd is: a VMO that is to have copies, or a copy; with @frozen
 * one that cannot be written to, and which stays as the VMO is now if that is @written_to.
 * @name is what /proc is to show, and stays where it is.
 * @ev is handled with its descriptor, or -errno.  0 or an errno.
 */
int pager_copy(struct event *ev, const char *name, int fd, bool frozen, bool written_to);

/* One that was made by a predecessor; false if there is no memory. */
bool pager_adopt_copy(int fd);

/* Of a copy; @ev is handled once that is done, which may take its time. */
void pager_close(struct event *ev, int fd);

/* The size of a copy, and what it has for itself. */
void pager_copy_info(int fd, struct pager_info *info);

/* A descriptor for a client, or -1 and errno; each has a file position of its own. */
int pager_reopen(int fd, bool writable);

static inline int pager_fd(const struct target *t)
{
	return zx_linux_handle_to_fd(t->handle);
}

/* 0 or an errno. */
int pager_info(struct target *t, struct pager_info *info);

/* Clients may have changed the size at any time, so it is asked for where it matters. */
static inline void pager_refresh(struct target *t)
{
	struct pager_info info;

	if (t->resizable && !pager_info(t, &info))
		t->size = info.size;
}

/*
 * A call for [@offset, *@end) found the VMO too small: true if it is to be made again, for
 * what there is by now.  That may be all of it, because clients cut off and grow as they
 * like.  False if none of it is left, or if it was no client who did that.
 */
static inline bool pager_clip(struct target *t, uint64_t offset, uint64_t *end)
{
	pager_refresh(t);
	if (*end > t->size)
		*end = t->size;
	return t->resizable && offset < *end;
}

/*
 * pread() of what is dirty in the VMO.  Such a page can be missing for a moment all the
 * same, and nobody but this daemon would bring it: EAGAIN then.
 */
ssize_t pager_read(struct target *t, void *buffer, size_t length, uint64_t offset);

/* How many bytes from @offset on, of @length at most, are there and need no READ. */
uint64_t pager_present(struct target *t, uint64_t offset, uint64_t length);

#endif /* ZXD_PAGER_H */
