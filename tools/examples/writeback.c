// SPDX-License-Identifier: MIT
/*
 * writeback FILE TEXT: a user pager that stores what is written
 *
 * FILE becomes a VMO.  A client puts TEXT at its start and calls fsync(); when that has
 * returned TEXT is in FILE, even if the power goes.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zircon/linux.h>
#include <zircon/syscalls.h>

#define CHUNK	((uint64_t)64 << 10)

static zx_handle_t pager, port, vmo;
static uint64_t size, page;
static int file;
static bool left, lost;		/* in this round; while writing back */
static zx_vmo_dirty_range_t *dirty;

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void fail(uint64_t offset, uint64_t length, zx_status_t status)
{
	zx_pager_op_range(pager, ZX_PAGER_OP_FAIL, vmo, offset, length,
			  (uint64_t)status);
}

/* Answers a READ.  Behind the end of the file there are zeroes. */
static void bring(uint64_t offset, uint64_t length)
{
	char *buffer = calloc(1, length);

	if (!buffer || pread(file, buffer, length, (off_t)offset) < 0 ||
	    zx_linux_pager_supply(pager, vmo, offset, length, buffer, NULL))
		fail(offset, length, ZX_ERR_IO);
	free(buffer);
}

/* Answers a DIRTY.  What is granted has to find room later, so make room now. */
static void grant(uint64_t offset, uint64_t length)
{
	if (!fallocate(file, FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)length))
		zx_pager_op_range(pager, ZX_PAGER_OP_DIRTY, vmo, offset, length, 0);
	else
		fail(offset, length, errno == ENOSPC ? ZX_ERR_NO_SPACE : ZX_ERR_IO);
}

/* This page is lost: its memory has failed. */
static bool is_lost(uint64_t at)
{
	zx_vmo_dirty_range_t now;
	size_t n;

	return !zx_pager_query_dirty_ranges(pager, vmo, at, page, &now, sizeof(now), &n, NULL) &&
	       n && now.options & ZX_LINUX_DIRTY_RANGE_IS_POISONED;
}

/*
 * Writes [*at, end) of the VMO to the file, and is done as far as *at then.  What is dirty
 * is in memory, but may be missing for a moment while a large folio is split.  To wait for
 * that would be to wait for this program, so it is left for another round.
 */
static bool store_pages(uint64_t *at, uint64_t end)
{
	static char buffer[CHUNK];
	struct iovec to = { .iov_base = buffer };
	ssize_t n;

	while (*at < end) {
		to.iov_len = smaller(end - *at, CHUNK);
		n = preadv2(zx_linux_handle_to_fd(vmo), &to, 1, (off_t)*at, RWF_NOWAIT);
		if (n < 0 && errno == EIO && is_lost(*at)) {
			lost = true;
			*at += page;
			continue;
		}
		if (n < 0 && errno == EAGAIN) {
			left = true;
			return true;
		}
		/* Behind the stream size, as far as which read() goes. */
		if (!n && !zx_vmo_read(vmo, buffer, *at, to.iov_len))
			n = (ssize_t)to.iov_len;
		if (n <= 0 || pwrite(file, buffer, (size_t)n, (off_t)*at) != n)
			return false;
		*at += (uint64_t)n;
	}
	return true;
}

static bool store_zeroes(uint64_t *at, uint64_t end)
{
	static const char zeroes[CHUNK];
	uint64_t n;

	for (; *at < end; *at += n) {
		n = smaller(end - *at, CHUNK);
		if (pwrite(file, zeroes, n, (off_t)*at) != (ssize_t)n)
			return false;
	}
	return true;
}

/*
 * Begins a range and writes it to the file, which does not make it durable.  It ends where
 * something was left.
 */
static bool store(zx_vmo_dirty_range_t *range)
{
	uint64_t at = range->offset, end = smaller(at + range->length, size);
	bool zero = range->options & ZX_VMO_DIRTY_RANGE_IS_ZERO;

	/* Its memory has failed, as its client was told: nothing is left to be stored. */
	if (range->options & ZX_LINUX_DIRTY_RANGE_IS_POISONED)
		return true;
	/* Before the content is read: what is written from now on is dirty again. */
	if (zx_pager_op_range(pager, ZX_PAGER_OP_WRITEBACK_BEGIN, vmo,
			      range->offset, range->length,
			      range->options & ZX_VMO_DIRTY_RANGE_IS_ZERO))
		return false;
	if (!(zero ? store_zeroes(&at, end) : store_pages(&at, end)))
		return false;
	if (at < end)
		range->length = at - at % page - range->offset;
	return true;
}

/* All that is dirty now, in @dirty; -1 if that cannot be had. */
static ssize_t find_dirty(void)
{
	size_t n, all = 0;

	for (size_t room = 16;; room = all) {
		zx_vmo_dirty_range_t *more = realloc(dirty, room * sizeof(*dirty));

		if (!more)
			return -1;
		dirty = more;
		if (zx_pager_query_dirty_ranges(pager, vmo, 0, size, dirty,
						room * sizeof(*dirty), &n, &all))
			return -1;
		if (n == all)
			return (ssize_t)n;
	}
}

static void end(uint64_t offset, uint64_t length)
{
	zx_pager_op_range(pager, ZX_PAGER_OP_WRITEBACK_END, vmo, offset, length, 0);
}

/* Ends a range, but where it was written as pages no zeroes that came since. */
static void end_stored(const zx_vmo_dirty_range_t *range)
{
	uint64_t at = range->offset, behind = at + range->length;
	zx_vmo_dirty_range_t now;
	size_t n;

	if (range->options & ZX_VMO_DIRTY_RANGE_IS_ZERO) {
		end(at, range->length);
		return;
	}
	for (; at < behind; at = now.offset + now.length) {
		if (zx_pager_query_dirty_ranges(pager, vmo, at, behind - at, &now,
						sizeof(now), &n, NULL) || !n)
			return;
		if (!now.options)
			end(now.offset, now.length);
	}
}

/* All that is dirty now, but for what is left. */
static bool do_round(void)
{
	ssize_t n = find_dirty();

	for (ssize_t i = 0; i < n; i++)
		if (!store(&dirty[i]))
			return false;
	/* Only then END, for it gives the pages up. */
	if (n < 0 || fdatasync(file))
		return false;
	/* The last one first: a zero range knows at its start how far it was begun. */
	while (n--)
		end_stored(&dirty[n]);
	return true;
}

/*
 * All that is dirty now.  After a failure it still is, and the next call writes all of it
 * once more: the flush may have forgotten any of it.  If memory has failed all else is in the
 * file.
 */
static bool write_back(void)
{
	lost = false;
	do {
		left = false;
		if (!do_round())
			return false;
	} while (left && !poll(NULL, 0, 1));
	return !lost;
}

/* Another process as a rule; it has the VMO alone, and no need for libzx. */
static int client(int fd, const char *text)
{
	ssize_t length = (ssize_t)strlen(text);
	bool stored = pwrite(fd, text, (size_t)length, 0) == length && !fsync(fd);

	if (stored)
		puts("stored");
	else
		perror("client");
	zx_pager_detach_vmo(pager, vmo);	/* COMPLETE ends the pager */
	return stored ? 0 : 1;
}

int main(int argc, char **argv)
{
	zx_port_packet_t packet;
	struct stat st;
	int status;

	file = argc == 3 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;
	if (file < 0 || fstat(file, &st))
		return fprintf(stderr, "usage: writeback FILE TEXT\n"), 2;
	size = (uint64_t)st.st_size;
	page = (uint64_t)sysconf(_SC_PAGESIZE);
	if (zx_pager_create(0, &pager) || zx_port_create(0, &port) ||
	    zx_linux_pager_create_vmo(pager, ZX_VMO_TRAP_DIRTY, ZX_LINUX_CREATE_SYNC,
				      port, 1, size, &vmo))
		return fprintf(stderr, "is zxpager.ko loaded?\n"), 1;
	if (!fork())
		return client(zx_linux_handle_to_fd(vmo), argv[2]);

	while (!zx_port_wait(port, ZX_TIME_INFINITE, &packet)) {
		uint64_t offset = packet.page_request.offset;
		uint64_t length = packet.page_request.length;

		switch (packet.page_request.command) {
		case ZX_PAGER_VMO_READ:
			bring(offset, length);
			break;
		case ZX_PAGER_VMO_DIRTY:
			grant(offset, length);
			break;
		case ZX_LINUX_PAGER_VMO_SYNC:
			zx_linux_pager_sync_end(pager, vmo, offset, length,
						write_back() ? ZX_OK : ZX_ERR_IO);
			break;
		case ZX_PAGER_VMO_COMPLETE:
			/* Dirty pages outlive the detach.  Nobody else has them. */
			return write_back() && wait(&status) > 0 && !status ? 0 : 1;
		}
	}
	return 1;
}
