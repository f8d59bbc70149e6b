/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Each writer is a process.
 */
#ifndef ZXP_SELFTESTS_FSX_WRITER_H
#define ZXP_SELFTESTS_FSX_WRITER_H

#include "model.h"

#define WRITERS		3
#define SHARE		100000ul	/* of each but the last; no whole pages */
#define FILE_MAX	((WRITERS - 1) * SHARE + ROOM)

/* How it ends. */
enum { DONE, FAULT, BROKEN, GONE };

/*
 * struct run - what all writers have in common
 * @vmo: the path of the VMO
 * @store: a descriptor of what is behind it
 * @ops: operations of each, in all runs
 * @mark: says so whenever it has done so many
 * @errors: calls may fail
 */
struct run {
	const char *vmo;
	int store;
	uint32_t ops, mark;
	bool errors;
};

/* Goes on with @p until all is done; or it ends the process. */
int writer(struct part *p, const struct run *r);

/* Ends the process: it is not the VMO that is at fault. */
void broken(const char *what);

void say(const char *line);

/* All of a file from @offset on, up to @end or its end; where that is. */
uint64_t read_all(int fd, uint8_t *to, uint64_t offset, uint64_t end);

#endif /* ZXP_SELFTESTS_FSX_WRITER_H */
