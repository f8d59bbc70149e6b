// SPDX-License-Identifier: GPL-2.0
/*
 * What a writer does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../keeper/dice.h"
#include "guard.h"
#include "writer.h"

#define PAGE		4096ul
#define LENGTH_MAX	40000u
#define PATIENCE	6000		/* times 10 ms */

static struct part *part;		/* ours */
static struct dice dice;
static const struct run *run;
static int vmo = -1, vmo_sync = -1;
static uint8_t *map, buffer[LENGTH_MAX], content[FILE_MAX];

void broken(const char *what)
{
	fprintf(stderr, "fsx: %s: %s\n", what, strerror(errno));
	exit(BROKEN);
}

static void fault(const char *what)
{
	fprintf(stderr, "fsx: %s: %s; operation %u of part [%" PRIu64 ", %" PRIu64
		"), which ends at %" PRIu64 "\n", what, strerror(errno), part->ops,
		part->begin, part->limit, part->end);
	exit(FAULT);
}

/* A call has failed: it may, or the daemon has gone. */
static void failed(const char *what)
{
	if (errno == ESTALE)
		exit(GONE);
	part->errors++;
	if (!run->errors || (errno != EIO && errno != ENOSPC))
		fault(what);
}

/* At once, and nobody else's line in between. */
void say(const char *line)
{
	printf("%s\n", line);
	fflush(stdout);
}

/*
 * Not for ever; whoever makes it fail hears that it is still being tried.  That the store can
 * be read or written again, or has space, is no event that a client could wait for: nothing
 * but a call that succeeds tells of it.  So it is asked a hundred times a second, to leave
 * the processor to the daemon, which has to come further first.
 */
static void try_again(int *tries, const char *what)
{
	if (++*tries > PATIENCE)
		fault(what);
	if (!(*tries % 20))
		say("going on");
	nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
}

/* A call that ends early does so for an error, which the next one tells. */
static void cut_short(const char *what)
{
	if (fsync(vmo) && errno == ESTALE)
		exit(GONE);
	if (!run->errors)
		fault(what);
}

/* All of a file from @offset on, up to @end or its end; where that is. */
uint64_t read_all(int fd, uint8_t *to, uint64_t offset, uint64_t end)
{
	ssize_t n = 1;

	while (offset < end && n > 0) {
		n = pread(fd, to, end - offset, offset);
		if (n > 0) {
			to += n;
			offset += n;
		}
	}
	if (n < 0)
		broken("read of the store");
	return offset;
}

/* --- the mapping ------------------------------------------------------------------ */

/* SIGBUS has no errno; the VMO's descriptor tells if it has a daemon. */
static void failed_in_map(const char *what)
{
	errno = fsync(vmo) && errno == ESTALE ? ESTALE : EIO;
	failed(what);
}

static void open_vmo(void)
{
	if (map && munmap(map, FILE_MAX))
		broken("munmap");
	if (vmo >= 0) {
		close(vmo);
		close(vmo_sync);
	}
	vmo = open(run->vmo, O_RDWR | O_CLOEXEC);
	vmo_sync = open(run->vmo, O_RDWR | O_DSYNC | O_CLOEXEC);
	if ((vmo < 0 || vmo_sync < 0) && errno == ESTALE)
		exit(GONE);
	if (vmo < 0 || vmo_sync < 0)
		broken(run->vmo);
	map = mmap(NULL, FILE_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, vmo, 0);
	if (map == MAP_FAILED)
		broken("mmap");
}

/* --- what a sync has promised ------------------------------------------------------ */

static void compare_store(uint64_t offset, uint64_t end)
{
	if (read_all(run->store, content, offset, end) < end ||
	    !part_is(part, "the store after a sync", content, offset, end))
		fault("what was synced is not in the store");
}

static void synced(uint64_t offset, uint64_t end)
{
	compare_store(offset, end);
	part_synced(part, offset, end);
}

static void synced_all(void)
{
	struct stat st;

	if (part->is_tail && (fstat(run->store, &st) || (uint64_t)st.st_size != part->end))
		fault("the size was synced, but is not that of the store");
	compare_store(part->begin, part->end);
	part_synced_all(part);
}

static bool do_sync(void)
{
	if (one_in(&dice, 2) ? fsync(vmo) : fdatasync(vmo)) {
		failed("fsync");
		return false;
	}
	synced_all();
	return true;
}

/* --- operations -------------------------------------------------------------------- */

/*
 * A range of the part that is there, or, if @beyond, one that ends behind the end, too.
 * Short ones are what most programs ask for.
 */
static bool choose(uint64_t *offset, uint64_t *end, bool beyond)
{
	uint64_t limit = beyond ? part->limit : part->end;
	uint32_t most = one_in(&dice, 4) ? LENGTH_MAX : 3000;

	if (limit == part->begin)
		return false;
	*offset = part->begin + roll(&dice, limit - part->begin);
	*end = *offset + 1 + roll(&dice, most);
	if (*end > limit)
		*end = limit;
	return true;
}

static void fill(uint64_t offset, uint64_t end)
{
	for (uint64_t at = offset; at < end; at++)
		buffer[at - offset] = byte_of(part->ops, at);
}

/* Into content[], however long that takes: nobody but us writes here. */
static void read_back(uint64_t offset, uint64_t end)
{
	int tries = 0;

	while (pread(vmo, content, end - offset, offset) != (ssize_t)(end - offset)) {
		failed("pread after an error");
		try_again(&tries, "it cannot be read any more");
	}
}

/*
 * What was not answered may have been done in part, from the front.  So what is read is
 * old or new, and that is what it is from now on.
 */
static void settle(uint64_t offset, uint64_t end)
{
	uint64_t at = offset;

	read_back(offset, end);
	while (at < end && content[at - offset] == byte_of(part->ops, at))
		at++;
	part_changed(part, offset, at, part->ops);
	if (!part_is(part, "after an error", content, offset, end))
		fault("what is there is neither old nor new");
}

static void do_store(void)
{
	uint64_t offset, end, next;

	if (!choose(&offset, &end, false))
		return;
	fill(offset, end);
	part_change(part, offset, end, part->ops);
	for (uint64_t at = offset; at < end; at = next) {
		next = (at / PAGE + 1) * PAGE;
		if (next > end)
			next = end;
		if (guarded_copy(map + at, buffer + (at - offset), next - at)) {
			part_changed(part, at, next, part->ops);
			continue;
		}
		failed_in_map("a store");
		settle(at, next);
	}
}

static void do_load(void)
{
	static const uint8_t zeroes[PAGE];
	uint64_t offset, end, page;

	if (!choose(&offset, &end, false))
		return;
	page = (end + PAGE - 1) & ~(PAGE - 1);
	if (!guarded_copy(content, map + offset, page - offset)) {
		failed_in_map("a load");
		return;
	}
	if (!part_is(part, "a mapping", content, offset, end))
		fault("loaded something else");
	if (part->is_tail && end == part->end &&
	    memcmp(content + (end - offset), zeroes, page - end))
		fault("the page goes on behind the end");
}

static void do_read(void)
{
	uint64_t offset, end;
	ssize_t n;

	if (!choose(&offset, &end, false))
		return;
	n = pread(vmo, content, end - offset, offset);
	if (n < 0) {
		failed("pread");
		return;
	}
	if (n != (ssize_t)(end - offset))
		cut_short("pread is short");
	if (!part_is(part, "a read", content, offset, offset + n))
		fault("read something else");
}

static void write_at(int fd, uint64_t offset, uint64_t end)
{
	ssize_t n;

	fill(offset, end);
	part_change(part, offset, end, part->ops);
	n = pwrite(fd, buffer, end - offset, offset);
	if (n < 0) {
		failed("pwrite");
		/* It may be the sync that failed. */
		if (fd == vmo_sync)
			settle(offset, end);
		return;
	}
	part_changed(part, offset, offset + n, part->ops);
	if (n != (ssize_t)(end - offset))
		cut_short("pwrite is short");
	if (fd == vmo_sync && n)
		synced(offset, offset + n);
}

static void do_write(void)
{
	uint64_t offset, end;

	if (!choose(&offset, &end, part->is_tail))
		return;
	/* Every third one of the tail goes on where the file ends. */
	if (part->is_tail && one_in(&dice, 3)) {
		end += part->end - offset;
		offset = part->end;
		if (end > part->limit)
			end = part->limit;
	}
	if (offset < end)
		write_at(vmo, offset, end);
}

static void do_sync_write(void)
{
	uint64_t offset, end;

	/* With errors one could not tell how far an end has moved that failed. */
	if (choose(&offset, &end, part->is_tail && !run->errors))
		write_at(vmo_sync, offset, end);
}

static void do_zero(void)
{
	uint64_t offset, end;
	int mode = FALLOC_FL_KEEP_SIZE |
		   (one_in(&dice, 2) ? FALLOC_FL_ZERO_RANGE : FALLOC_FL_PUNCH_HOLE);

	if (!choose(&offset, &end, false))
		return;
	part_change(part, offset, end, 0);
	if (!fallocate(vmo, mode, offset, end - offset)) {
		part_changed(part, offset, end, 0);
		return;
	}
	failed("fallocate");
	/* Some of it may be zero already, in any order. */
	read_back(offset, end);
	for (uint64_t at = offset; at < end; at++)
		if (!content[at - offset])
			part_changed(part, at, at + 1, 0);
	if (!part_is(part, "after a fallocate() that failed", content, offset, end))
		fault("what is there is neither old nor zero");
}

static void do_msync(void)
{
	uint64_t offset, end, page;

	if (!choose(&offset, &end, false))
		return;
	page = offset & ~(PAGE - 1);
	if (msync(map + page, end - page, MS_SYNC))
		failed("msync");
	else
		synced(offset, end);
}

static void do_resize(void)
{
	uint64_t end;

	if (!part->is_tail)
		return;
	end = part->begin + roll(&dice, one_in(&dice, 3) ? part->end - part->begin + 1 :
							   ROOM + 1);
	if (one_in(&dice, 4))
		end = (end + PAGE - 1) & ~(PAGE - 1);
	if (end > part->limit)
		end = part->limit;
	part_resize(part, end);
	if (ftruncate(vmo, end))
		failed("ftruncate");
	else
		part_resized(part, end);
}

static void do_evict(void)
{
	int fd;

	if (madvise(map, FILE_MAX, MADV_DONTNEED) ||
	    posix_fadvise(vmo, 0, 0, POSIX_FADV_DONTNEED))
		fault("DONTNEED");
	if (!one_in(&dice, 20))
		return;
	fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "1", 1) != 1)
		broken("drop_caches");
	close(fd);
}

static void one_operation(void)
{
	/* No change can be noted any more until one sync has succeeded. */
	if (part->changes + 4 > CHANGES) {
		do_sync();
		return;
	}
	switch (roll(&dice, 32)) {
	case 0 ... 6:
		do_write();
		break;
	case 7 ... 13:
		do_store();
		break;
	case 14 ... 17:
		do_read();
		break;
	case 18 ... 21:
		do_load();
		break;
	case 22 ... 23:
		do_zero();
		break;
	case 24:
		do_sync();
		break;
	case 25:
		do_msync();
		break;
	case 26:
		do_sync_write();
		break;
	case 27 ... 29:
		do_resize();
		break;
	case 30:
		do_evict();
		break;
	default:
		if (one_in(&dice, 4))
			open_vmo();
	}
}

int writer(struct part *p, const struct run *r)
{
	int tries = 0;

	part = p;
	run = r;
	guard_begin();
	open_vmo();
	/* A round that was cut short is not run again the same. */
	dice.state = part->dice + part->ops;
	for (uint32_t n = 1; part->ops < run->ops; n++) {
		part->ops++;
		one_operation();
		if (!(n % run->mark))
			say("going on");
	}
	while (!do_sync())
		try_again(&tries, "nothing can be synced any more");
	if (read_all(vmo, content, part->begin, part->end) < part->end ||
	    !part_is(part, "the end", content, part->begin, part->end))
		fault("the last read");
	return DONE;
}
