// SPDX-License-Identifier: GPL-2.0
/*
 * takeover: another daemon takes over VMOs with requests that are not answered.
 *
 *	begin	BEGIN_GENERATION, for each of ten requests of each VMO, half of which were read
 *	list	LIST_VMOS and OPEN_VMO, for each VMO
 *	look	LIST_VMOS, of one VMO in which so many pages are dirty, and none begun
 *
 * The requests are hints, for which nobody has to wait.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include <linux/zxpager.h>

#include "peer.h"

#define REQUESTS	10UL
#define APART		2UL	/* pages from one to the next, so that none joins another */

static void ask(const int *vmo, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		for (size_t request = 0; request < REQUESTS; request++)
			if (posix_fadvise(vmo[i], (off_t)(request * APART * PAGE_SIZE),
					  PAGE_SIZE, POSIX_FADV_WILLNEED))
				die("POSIX_FADV_WILLNEED");
}

/* Returns how many there were, @most at most. */
static size_t take_packets(int stream, size_t most)
{
	struct zxp_packet packets[64];
	size_t taken = 0;
	ssize_t n;

	while (taken < most) {
		n = (ssize_t)(most - taken < ARRAY_SIZE(packets) ? most - taken :
								  ARRAY_SIZE(packets));
		n = read(stream, packets, (size_t)n * sizeof(*packets));
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			die("read of packets");
		taken += (size_t)n / sizeof(*packets);
	}
	return taken;
}

static int begin(int keeper)
{
	struct zxp_begin_generation arg = { .size = sizeof(arg) };

	if (ioctl(keeper, ZXP_IOC_BEGIN_GENERATION, &arg))
		die("BEGIN_GENERATION");
	return arg.out_fd;
}

/* What the former daemon had is closed, so there is room for as many. */
static void list_and_open(int pager, int *vmo, unsigned int nr)
{
	static struct zxp_vmo_entry entries[256];
	struct zxp_list_vmos list = {
		.size = sizeof(list),
		.buffer = (uintptr_t)entries,
		.buffer_size = sizeof(entries),
	};
	unsigned int found = 0;

	do {
		if (ioctl(pager, ZXP_IOC_LIST_VMOS, &list))
			die("LIST_VMOS");
		for (uint64_t i = 0; i < list.out_actual; i++) {
			struct zxp_open_vmo arg = { .size = sizeof(arg), .id = entries[i].id };

			if (found == nr || ioctl(pager, ZXP_IOC_OPEN_VMO, &arg))
				die("OPEN_VMO");
			vmo[found++] = arg.out_fd;
		}
		if (list.out_actual)
			list.after = entries[list.out_actual - 1].id;
	} while (list.out_actual == ARRAY_SIZE(entries));
	errno = 0;
	if (found != nr)
		die("takeover: %u VMOs instead of %u", found, nr);
}

static void close_all(const int *fd, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		close(fd[i]);
}

static void take_over(unsigned int nr)
{
	struct samples begun = { 0 }, listed = { 0 };
	int *vmo = calloc(nr, sizeof(*vmo)), *opened = calloc(nr, sizeof(*opened));
	int keeper = zx_pager_open(), former, pager;
	uint64_t start;

	if (!vmo || !opened)
		die("memory for %u numbers", nr);
	former = begin(keeper);
	for (unsigned int i = 0; i < nr; i++)
		vmo[i] = zx_vmo_create(former, REQUESTS * APART, 0, 0, i);
	ask(vmo, nr);
	take_packets(former, nr * REQUESTS / 2);

	start = now();
	pager = begin(keeper);
	sample_since(&begun, start, nr * REQUESTS);
	start = now();
	list_and_open(pager, opened, nr);
	sample_since(&listed, start, nr);

	/* Each is asked for once more, and once. */
	errno = 0;
	if (fcntl(pager, F_SETFL, O_RDWR | O_NONBLOCK) ||
	    take_packets(pager, SIZE_MAX) != nr * REQUESTS)
		die("takeover: not as many requests as there were");
	emit("takeover.zxpager.begin", nr, "ns", &begun);
	emit("takeover.zxpager.list", nr, "ns", &listed);
	sample_free(&begun);
	sample_free(&listed);
	close_all(vmo, nr);
	close_all(opened, nr);
	close(former);
	close(pager);
	close(keeper);
	free(vmo);
	free(opened);
}

#define LOOKS	100UL

static void make_dirty(int pager, int vmo, unsigned int nr)
{
	static const char content[PAGE_SIZE];

	for (unsigned int i = 0; i < nr; i++) {
		zx_supply(pager, vmo, i, content, 1);
		if (pwrite(vmo, content, 1, (off_t)(i * PAGE_SIZE)) != 1)
			die("write to a VMO");
	}
}

static void look(unsigned int nr)
{
	struct zxp_vmo_entry entry;
	struct zxp_list_vmos list = {
		.size = sizeof(list),
		.buffer = (uintptr_t)&entry,
		.buffer_size = sizeof(entry),
	};
	int pager = zx_pager_open(), vmo = zx_vmo_create(pager, nr, 0, 0, 0);
	struct samples looked = { 0 };
	uint64_t start;

	make_dirty(pager, vmo, nr);
	start = now();
	for (size_t i = 0; i < LOOKS; i++)
		if (ioctl(pager, ZXP_IOC_LIST_VMOS, &list))
			die("LIST_VMOS");
	sample_since(&looked, start, LOOKS);
	errno = 0;
	if (list.out_actual != 1 || entry.state != ZXP_VMO_ENTRY_UNWRITTEN)
		die("takeover: a VMO is not as it was left");
	emit("takeover.zxpager.look", nr, "ns", &looked);
	sample_free(&looked);
	close(vmo);
	close(pager);
}

static void run_takeover(void)
{
	const unsigned int most = options.trace ? 100 : options.quick ? 1000 : 10000;
	struct rlimit files = { .rlim_cur = 2 * most + 64, .rlim_max = 2 * most + 64 };

	/* Room in the table of descriptors is made before it is measured. */
	if (setrlimit(RLIMIT_NOFILE, &files) || dup2(STDERR_FILENO, (int)(2 * most + 63)) < 0)
		die("%u descriptors", 2 * most);
	for (unsigned int nr = 100; nr <= most; nr *= 10)
		take_over(nr);
	for (unsigned int nr = 100; nr <= most; nr *= 10)
		look(nr);
}

ZXB_WORK(takeover, "another daemon takes over", run_takeover)
