// SPDX-License-Identifier: GPL-2.0
/*
 * child: copies of a VMO, which cost what a private mapping of a memfd costs, and can be
 * handed on.
 *
 *	store		the first store to a page that was not looked at; others map it
 *	store_mapped	the same after a load
 *	around		loads of all pages by a new mapping; the root's own is compared with
 *	family		store_mapped by who has 1 to 1,000 siblings with the page mapped
 *	family_write	the same by pwrite(); family_commit by COMMIT
 *	family_two	the same of a copy that is mapped twice
 *	family_other	by pwrite(), of a copy that another process has mapped as well, twice
 *	family_zero	ZERO of a page of the root, which so many copies have mapped
 *	family_shrink	the same by a smaller size
 *	freeze		a copy of a copy, for each page that the latter has for itself
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "peer.h"

/* So far apart that no fault maps two of them. */
#define APART	64UL
#define LONE	16U
#define PAGES	(LONE * APART)
/* Page tables are built for so many at a time. */
#define SAMPLE	(MIB(2) / PAGE_SIZE)

enum { CHILD, PRIVATE, WHO };

/* What gives a copy its page, and who has mapped it. */
enum way { BY_STORE, BY_WRITE, BY_COMMIT, MAPPED_TWICE, BESIDE_ANOTHER, WAYS };

static const unsigned int families[] = { 1, 10, 100, 1000 };
static const size_t frozen[] = { 256, 4096 };

/* Shared, but for the contender whose copies are private mappings. */
static char *map_copy(int fd, int flags)
{
	char *addr = mmap(NULL, PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (addr == MAP_FAILED)
		die("mmap of a copy");
	return addr;
}

static void unmap(char *addr)
{
	munmap(addr, PAGES * PAGE_SIZE);
}

static void check_word(const char *addr, size_t page, uint64_t want)
{
	errno = 0;
	if (touch_read(addr + page * PAGE_SIZE) != want)
		die("child: wrong word in page %zu", page);
}

static void look(const char *addr)
{
	unsigned int i;

	for (i = 0; i < LONE; i++)
		check_word(addr, i * APART, content_word(i * APART));
}

static void store(int copy, char *addr, enum way way, struct samples *s)
{
	uint64_t start, word;
	unsigned int i;
	off_t offset;

	for (i = 0; i < LONE; i++) {
		offset = (off_t)(i * APART * PAGE_SIZE);
		word = i;
		start = now();
		switch (way) {
		case BY_STORE:
		case MAPPED_TWICE:
			*(volatile uint64_t *)(addr + offset) = i;
			break;
		case BY_WRITE:
		case BESIDE_ANOTHER:
			if (pwrite(copy, &word, sizeof(word), offset) != sizeof(word))
				die("write to a copy");
			break;
		default:
			zx_vmo_op(copy, ZXP_VMO_OP_COMMIT, i * APART, 1);
		}
		sample_since(s, start, 1);
	}
	for (i = 0; i < LONE; i++)
		check_word(addr, i * APART, way == BY_COMMIT ? content_word(i * APART) : i);
}

/* Another process that has looked, until what is returned is closed and it is waited for. */
static int start_looker(int copy, pid_t *pid)
{
	int ready[2], ends[2];
	char byte;

	if (pipe2(ready, O_CLOEXEC) || pipe2(ends, O_CLOEXEC))
		die("pipe");
	*pid = fork();
	if (*pid < 0)
		die("fork");
	if (!*pid) {
		close(ready[0]);
		close(ends[1]);
		look(map_copy(copy, MAP_SHARED));
		_exit(write(ready[1], "", 1) != 1 || read(ends[0], &byte, 1));
	}
	close(ready[1]);
	close(ends[0]);
	if (read(ready[0], &byte, 1) != 1)
		die("a process that looks");
	close(ready[0]);
	return ends[1];
}

/* One round: by a copy that nobody used so far. */
static void stores(int fd, bool child, bool looks, enum way way, struct samples *s)
{
	int copy = child ? zx_child_create(fd, ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, PAGES) : fd;
	char *addr = map_copy(copy, child ? MAP_SHARED : MAP_PRIVATE);
	char *second = way == MAPPED_TWICE ? map_copy(copy, MAP_SHARED) : NULL;
	int other = -1;
	pid_t pid = 0;

	if (way == BESIDE_ANOTHER)
		other = start_looker(copy, &pid);
	/* So both mappings are known. */
	if (second) {
		look(addr);
		look(second);
	}
	if (looks)
		look(addr);
	store(copy, addr, way, s);
	if (second) {
		check_word(second, APART, 1);
		unmap(second);
	}
	if (other >= 0) {
		close(other);
		waitpid(pid, NULL, 0);
	}
	unmap(addr);
	if (child)
		close(copy);
}

static void around(int fd, struct samples *s)
{
	char *addr = map_to_read(PAGES * PAGE_SIZE, fd);
	size_t page, i;
	uint64_t start;

	for (page = 0; page < PAGES; page += SAMPLE) {
		start = now();
		for (i = page; i < page + SAMPLE; i++)
			touch_read(addr + i * PAGE_SIZE);
		sample_since(s, start, SAMPLE);
	}
	munmap(addr, PAGES * PAGE_SIZE);
}

/* The first round of each is thrown away. */
static void run_stores(int root, int memfd, unsigned int rounds)
{
	static const char *const who[] = { "zxpager", "memfd" };
	struct samples s[WHO][2] = { 0 }, own = { 0 }, seen = { 0 };
	int fds[WHO] = { root, memfd }, j, k;
	char name[64];
	unsigned int i;

	for (i = 0; i <= rounds; i++) {
		int child = zx_child_create(root, ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, PAGES);

		for (j = 0; j < WHO; j++)
			for (k = 0; k < 2; k++)
				stores(fds[j], j == CHILD, k, BY_STORE, &s[j][k]);
		around(root, &own);
		around(child, &seen);
		close(child);
		if (i)
			continue;
		for (j = 0; j < WHO; j++)
			s[j][0].nr = s[j][1].nr = 0;
		own.nr = seen.nr = 0;
	}
	for (j = 0; j < WHO; j++) {
		for (k = 0; k < 2; k++) {
			snprintf(name, sizeof(name), "child.%s.%s", who[j],
				 k ? "store_mapped" : "store");
			emit(name, NAN, "ns", &s[j][k]);
			sample_free(&s[j][k]);
		}
	}
	emit("child.zxpager.around", NAN, "ns", &seen);
	emit("child.root.around", NAN, "ns", &own);
	sample_free(&seen);
	sample_free(&own);
}

/* Copies of which each has the pages mapped. */
struct family {
	char **sibling;
	unsigned int nr;
};

static unsigned int largest_family(void)
{
	return options.trace ? 10 : families[ARRAY_SIZE(families) - 1];
}

static void family_begin(struct family *f)
{
	*f = (struct family){ calloc(largest_family(), sizeof(*f->sibling)), 0 };
	if (!f->sibling)
		die("memory for %u siblings", largest_family());
}

static void family_grow(struct family *f, int root, unsigned int nr)
{
	int child;

	while (f->nr < nr) {
		child = zx_child_create(root, ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, PAGES);
		f->sibling[f->nr] = map_copy(child, MAP_SHARED);
		close(child);
		look(f->sibling[f->nr++]);
	}
}

static void family_end(struct family *f)
{
	while (f->nr)
		unmap(f->sibling[--f->nr]);
	free(f->sibling);
}

static void run_families(int root, unsigned int rounds)
{
	static const char *const figure[WAYS] = {
		"child.zxpager.family", "child.zxpager.family_write",
		"child.zxpager.family_commit", "child.zxpager.family_two",
		"child.zxpager.family_other",
	};
	struct samples s = { 0 };
	struct family f;
	unsigned int i, j;
	enum way way;

	family_begin(&f);
	for (i = 0; i < ARRAY_SIZE(families) && families[i] <= largest_family(); i++) {
		family_grow(&f, root, families[i]);
		for (way = 0; way < WAYS; way++) {
			for (j = 0; j <= rounds; j++) {
				stores(root, true, true, way, &s);
				if (!j)
					s.nr = 0;
			}
			emit(figure[way], families[i], "ns", &s);
			s.nr = 0;
		}
	}
	family_end(&f);
	sample_free(&s);
}

/* What the root loses, all who have it mapped lose. Each place is good for one sample. */
static void run_root(int pager, unsigned int nr)
{
	int root = zx_vmo_create(pager, PAGES, ZXP_VMO_RESIZABLE, 0, 0);
	struct samples zero = { 0 }, shrink = { 0 };
	struct family f;
	uint64_t start;
	unsigned int i;
	size_t page;

	for (page = 0; page < PAGES; page++)
		zx_supply(pager, root, page, content_at(page), 1);
	family_begin(&f);
	family_grow(&f, root, nr);
	for (i = 0; i < LONE / 2; i++) {
		start = now();
		zx_vmo_op(root, ZXP_VMO_OP_ZERO, i * APART, 1);
		sample_since(&zero, start, 1);
		check_word(f.sibling[0], i * APART, 0);
	}
	for (i = LONE - 1; i >= LONE / 2; i--) {
		/* It is the last page now. */
		if (ftruncate(root, (off_t)((i * APART + 1) * PAGE_SIZE)))
			die("ftruncate");
		start = now();
		if (ftruncate(root, (off_t)(i * APART * PAGE_SIZE)))
			die("ftruncate");
		sample_since(&shrink, start, 1);
		check_word(f.sibling[0], i * APART, 0);
	}
	emit("child.root.family_zero", nr, "ns", &zero);
	emit("child.root.family_shrink", nr, "ns", &shrink);
	family_end(&f);
	sample_free(&zero);
	sample_free(&shrink);
	close(root);
}

static void run_freezes(int root, unsigned int rounds)
{
	struct samples s = { 0 };
	double typical[ARRAY_SIZE(frozen)];
	unsigned int i, j;
	uint64_t start;
	int child, copy;
	size_t page;
	char *addr;

	for (i = 0; i < ARRAY_SIZE(frozen); i++) {
		child = zx_child_create(root, ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, frozen[i]);
		addr = map_memory(frozen[i] * PAGE_SIZE, child);
		for (j = 0; j <= rounds; j++) {
			for (page = 0; page < frozen[i]; page++)
				*(volatile uint64_t *)(addr + page * PAGE_SIZE) = j;
			start = now();
			copy = zx_child_create(child, ZXP_CHILD_SNAPSHOT_MODIFIED, frozen[i]);
			sample_since(&s, start, 1);
			close(copy);
			if (!j)
				s.nr = 0;
		}
		typical[i] = sample_typical(&s);
		emit("child.zxpager.freeze", (double)frozen[i], "ns", &s);
		s.nr = 0;
		munmap(addr, frozen[i] * PAGE_SIZE);
		close(child);
	}
	emit_value("child.zxpager.freeze.page", NAN, "ns",
		   (typical[1] - typical[0]) / (double)(frozen[1] - frozen[0]));
	sample_free(&s);
}

static void run_child(void)
{
	unsigned int rounds = times(4, 8, 32);
	size_t pages = frozen[ARRAY_SIZE(frozen) - 1], page;
	int pager = zx_pager_open(), root = zx_vmo_create(pager, pages, 0, 0, 0);
	int memfd = make_memfd(PAGES * PAGE_SIZE);
	char *others, *mapped = map_memory(pages * PAGE_SIZE, root);

	for (page = 0; page < pages; page++) {
		zx_supply(pager, root, page, content_at(page), 1);
		if (page < PAGES && pwrite(memfd, content_at(page), PAGE_SIZE,
					   (off_t)(page * PAGE_SIZE)) != (ssize_t)PAGE_SIZE)
			die("write to a memfd");
	}
	/* Somebody has the pages mapped: the root's own mapping and one of the memfd. */
	look(mapped);
	others = map_to_read(PAGES * PAGE_SIZE, memfd);
	look(others);

	run_stores(root, memfd, rounds);
	run_families(root, rounds);
	run_root(pager, 1);
	run_root(pager, largest_family());
	run_freezes(root, rounds);

	munmap(mapped, pages * PAGE_SIZE);
	munmap(others, PAGES * PAGE_SIZE);
	close(memfd);
	close(root);
	close(pager);
}

ZXB_WORK(child, "copies of a VMO: first stores, families, copies of copies", run_child)
