// SPDX-License-Identifier: GPL-2.0
/*
 * Children on the side. Some threads make children of a VMO and of each other, store to them
 * and look if each has what it has to have; one stores numbers in order, and whoever makes a
 * child of that has them as of one moment. Another one does so with a plain VMO, and zeroes
 * what lies between.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stress.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

#define TREES		3		/* threads with children of their own */
#define KIDS		6		/* that each has at most */
#define STEPS		300		/* that each does */
#define BUSY		8		/* pages where most is done */
#define WORDS_A_PAGE	(4096 / 8)
#define COPIED		ZXP_CHILD_SNAPSHOT_MODIFIED

/*
 * @word: the first one of each page, and those behind it are the root's, or zero too.
 * @part: a slice, of a kid whose size does not change, from page @from on; else -1
 */
struct kid {
	int fd;
	volatile uint64_t *map;
	uint64_t pages;
	bool resizable;
	int part;
	volatile uint64_t *part_map;
	uint64_t from;
	uint64_t word[SIDE_PAGES];
};

struct tree {
	pthread_t thread;
	struct dice dice;
	struct kid *kid[KIDS];
	uint64_t last;
};

static int root;
static bool root_has_snapshots;
static struct kid *counted;
static int plain;
static bool counting_ends;

/* Without memory, or after the daemon: there is nothing more to be learnt. */
static void give_up(int ret, const char *what)
{
	if (ret != -ESTALE && ret != -ENOMEM && ret != -EIO && ret != -EINTR)
		wrong("family: %s: %d", what, ret);
	_exit(SIDE_NO_MORE);
}

/* The mapping is larger than what is mapped may be. */
static volatile uint64_t *kid_map(int fd)
{
	void *map = mmap(NULL, SIDE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED) {
		wrong("family: mmap: %m");
		_exit(1);
	}
	return map;
}

static struct kid *kid_new(int parent, const struct kid *of, uint32_t options)
{
	struct kid *kid = malloc(sizeof(*kid));
	uint64_t pages = of ? of->pages : SIDE_PAGES, i;
	/* What a kid has for itself is in its copy in any case. */
	uint32_t kind = root_has_snapshots && !of ? ZXP_CHILD_POINT_IN_TIME : COPIED;

	if (!kid)
		_exit(SIDE_NO_MORE);
	kid->fd = zxp_create_child(parent, options | kind, 0, pages * 4096);
	if (kid->fd < 0)
		give_up(kid->fd, "create");
	kid->pages = pages;
	kid->resizable = options & ZXP_CHILD_RESIZABLE;
	kid->map = kid_map(kid->fd);
	kid->part = -1;
	for (i = 0; i < SIDE_PAGES; i++)
		kid->word[i] = of ? of->word[i] : side_word(i * WORDS_A_PAGE);
	add(board->children, 1);
	return kid;
}

static void kid_take_part(struct kid *kid, uint64_t from)
{
	kid->from = from;
	kid->part = zxp_create_child(kid->fd, ZXP_CHILD_SLICE, from * 4096,
				     (kid->pages - from) * 4096);
	if (kid->part < 0)
		give_up(kid->part, "slice");
	kid->part_map = kid_map(kid->part);
	add(board->slices, 1);
}

static void kid_leave_part(struct kid *kid)
{
	if (kid->part < 0)
		return;
	close(kid->part);
	munmap((void *)kid->part_map, SIDE_BYTES);
	kid->part = -1;
}

static void kid_free(struct kid *kid)
{
	kid_leave_part(kid);
	close(kid->fd);
	munmap((void *)kid->map, SIDE_BYTES);
	free(kid);
}

/* By which of the two, if the page is in both, and where it is there. */
struct way {
	int fd;
	volatile uint64_t *map;
	uint64_t page;
};

static struct way kid_way(struct dice *d, const struct kid *kid, uint64_t page)
{
	if (kid->part >= 0 && page >= kid->from && one_in(d, 2))
		return (struct way){ kid->part, kid->part_map, page - kid->from };
	return (struct way){ kid->fd, kid->map, page };
}

static void kid_store(struct dice *d, struct kid *kid, uint64_t page, uint64_t word)
{
	struct way way = kid_way(d, kid, page);
	int ret;

	if (one_in(d, 2)) {
		way.map[way.page * WORDS_A_PAGE] = word;
	} else {
		ret = zxp_vmo_write(way.fd, way.page * 4096, 8, &word);
		if (ret)
			give_up(ret, "write");
	}
	kid->word[page] = word;
}

static uint64_t kid_load(struct dice *d, const struct kid *kid, uint64_t page)
{
	struct way way = kid_way(d, kid, page);
	uint64_t word;
	int ret;

	if (one_in(d, 2))
		return way.map[way.page * WORDS_A_PAGE];
	ret = zxp_vmo_read(way.fd, way.page * 4096, 8, &word);
	if (ret)
		give_up(ret, "read");
	return word;
}

static void kid_check(struct dice *d, const struct kid *kid, uint64_t page)
{
	uint64_t word = kid_load(d, kid, page);

	if (word == kid->word[page])
		return;
	wrong("family: page %" PRIu64 " has %#" PRIx64 ", not %#" PRIx64, page, word,
	      kid->word[page]);
	_exit(1);
}

static void kid_zero(struct dice *d, struct kid *kid)
{
	uint64_t page = roll(d, kid->pages), nr = 1 + roll(d, kid->pages - page), i;
	struct way way = kid_way(d, kid, page);
	int ret = zxp_vmo_zero(way.fd, way.page * 4096, nr * 4096);

	if (ret)
		give_up(ret, "zero");
	for (i = page; i < page + nr; i++)
		kid->word[i] = 0;
}

static void kid_resize(struct dice *d, struct kid *kid)
{
	uint64_t pages = 1 + roll(d, SIDE_PAGES), i;

	/* One of a fixed size gets a slice instead, or gives it up. */
	if (!kid->resizable) {
		if (kid->part < 0)
			kid_take_part(kid, roll(d, kid->pages));
		else
			kid_leave_part(kid);
		return;
	}
	if (ftruncate(kid->fd, pages * 4096))
		give_up(-errno, "ftruncate");
	for (i = pages; i < SIDE_PAGES; i++)
		kid->word[i] = 0;
	kid->pages = pages;
}

static void kid_advise(struct dice *d, struct kid *kid)
{
	static const int advice[] = {
		MADV_DONTNEED, MADV_PAGEOUT, MADV_COLD, MADV_WILLNEED, MADV_POPULATE_READ,
		MADV_COLLAPSE,
	};

	madvise((void *)kid->map, kid->pages * 4096,
		advice[roll(d, sizeof(advice) / sizeof(*advice))]);
}

/* What is stored first is never older than what is stored last, and at most one newer. */
static void snapshot_of_counted(struct dice *d)
{
	struct kid *kid = kid_new(one_in(d, 2) ? counted->part : counted->fd, counted, 0);
	uint64_t first, last;

	if (one_in(d, 2)) {
		first = kid_load(d, kid, 0);
		last = kid_load(d, kid, SIDE_PAGES - 1);
	} else {
		last = kid_load(d, kid, SIDE_PAGES - 1);
		first = kid_load(d, kid, 0);
	}
	if (first != last && first != last + 1)
		wrong("family: a child has %" PRIu64 " first, and %" PRIu64 " last", first,
		      last);
	add(board->moments, 1);
	kid_free(kid);
}

/* The first and the last page, and one in between. Without memory it is broken: false. */
static bool past_has(int fd, uint64_t page, uint64_t words[3])
{
	const uint64_t pages[3] = { 0, page, SIDE_PAGES - 1 };
	int i, ret;

	for (i = 0; i < 3; i++) {
		ret = zxp_vmo_read(fd, pages[i] * 4096, 8, &words[i]);
		if (ret == -EIO)
			return false;
		if (ret)
			give_up(ret, "read of a snapshot");
	}
	return true;
}

/* As above, and what it has it has for good. */
static void snapshot_of_plain(struct dice *d)
{
	uint64_t page = 1 + roll(d, BUSY), words[3], again[3];
	int parent = one_in(d, 2) ? dup(plain) :
		     zxp_create_child(plain, ZXP_CHILD_REFERENCE, 0, 0), fd, i;

	if (parent < 0)
		give_up(parent, "reference");
	fd = zxp_create_child(parent, ZXP_CHILD_SNAPSHOT, 0, SIDE_BYTES);
	close(parent);
	if (fd < 0)
		give_up(fd, "snapshot");
	if (past_has(fd, page, words)) {
		if (words[0] != words[2] && words[0] != words[2] + 1)
			wrong("family: a snapshot has %" PRIu64 " first, and %" PRIu64
			      " last", words[0], words[2]);
		for (i = roll(d, 8); i; i--)
			sched_yield();
		if (past_has(fd, page, again) && memcmp(words, again, sizeof(words)))
			wrong("family: a snapshot had %" PRIu64 ", %" PRIu64 ", %" PRIu64
			      " and has %" PRIu64 ", %" PRIu64 ", %" PRIu64, words[0],
			      words[1], words[2], again[0], again[1], again[2]);
	}
	add(board->moments, 1);
	close(fd);
}

static void plain_store(struct dice *d, volatile uint64_t *map, uint64_t page, uint64_t n)
{
	int ret;

	if (one_in(d, 2)) {
		map[page * WORDS_A_PAGE] = n;
		return;
	}
	ret = zxp_vmo_write(plain, page * 4096, 8, &n);
	if (ret)
		give_up(ret, "write of a plain VMO");
}

static void *count_in_plain(void *arg)
{
	struct dice d = { seed_of(40, *(int *)arg) };
	volatile uint64_t *map = kid_map(plain);
	uint64_t n, page;
	int ret;

	for (n = 1; !load(counting_ends); n++) {
		plain_store(&d, map, 0, n);
		page = 1 + roll(&d, BUSY);
		if (one_in(&d, 3)) {
			ret = zxp_vmo_zero(plain, page * 4096, 4096);
			if (ret)
				give_up(ret, "zero of a plain VMO");
		} else {
			plain_store(&d, map, page, n);
		}
		plain_store(&d, map, SIDE_PAGES - 1, n);
		if (one_in(&d, 8))
			madvise((void *)map, SIDE_BYTES, MADV_DONTNEED);
	}
	return NULL;
}

static void *count(void *arg)
{
	struct dice d = { seed_of(41, *(int *)arg) };
	uint64_t n;

	for (n = 1; !load(counting_ends); n++) {
		kid_store(&d, counted, 0, n);
		kid_store(&d, counted, SIDE_PAGES - 1, n);
	}
	return NULL;
}

static void step(struct tree *t)
{
	struct dice *d = &t->dice;
	struct kid **slot = &t->kid[roll(d, KIDS)], *kid = *slot, *other;
	uint64_t page;

	if (!kid) {
		other = t->kid[roll(d, KIDS)];
		*slot = kid_new(other ? other->fd : root, other,
				one_in(d, 2) ? ZXP_CHILD_RESIZABLE : 0);
		return;
	}
	page = roll(d, one_in(d, 4) || kid->pages < BUSY ? kid->pages : BUSY);
	switch (roll(d, 16)) {
	case 0:
	case 1:
		kid_free(kid);
		*slot = NULL;
		break;
	case 2:
		kid_zero(d, kid);
		break;
	case 3:
		kid_resize(d, kid);
		break;
	case 4:
		kid_advise(d, kid);
		break;
	case 5:
		snapshot_of_counted(d);
		snapshot_of_plain(d);
		break;
	case 6 ... 10:
		kid_check(d, kid, page);
		kid_store(d, kid, page, ++t->last);
		/* fall through */
	default:
		kid_check(d, kid, page);
	}
}

static void *climb(void *arg)
{
	struct tree *t = arg;
	int i, j;

	for (i = 0; i < STEPS && load(board->phase) == PHASE_RUN; i++)
		step(t);
	for (i = 0; i < KIDS; i++) {
		for (j = 0; t->kid[i] && j < 16; j++)
			kid_check(&t->dice, t->kid[i], roll(&t->dice, t->kid[i]->pages));
		if (t->kid[i])
			kid_free(t->kid[i]);
	}
	return NULL;
}

static void family_client(struct dice *d, int vmo)
{
	struct tree tree[TREES] = {};
	int who = roll(d, 1 << 30), i;
	pthread_t counts, counts_in_plain;

	root = vmo;
	counted = kid_new(root, NULL, 0);
	/* Of all of it, so that its copies are the same. */
	kid_take_part(counted, 0);
	kid_store(d, counted, 0, 0);
	kid_store(d, counted, SIDE_PAGES - 1, 0);
	if (pthread_create(&counts, NULL, count, &who) ||
	    pthread_create(&counts_in_plain, NULL, count_in_plain, &who))
		_exit(SIDE_NO_MORE);
	for (i = 0; i < TREES; i++) {
		tree[i].dice.state = seed_of(42 + i, who);
		if (pthread_create(&tree[i].thread, NULL, climb, &tree[i]))
			_exit(SIDE_NO_MORE);
	}
	for (i = 0; i < TREES; i++)
		pthread_join(tree[i].thread, NULL);
	put(counting_ends, true);
	pthread_join(counts, NULL);
	pthread_join(counts_in_plain, NULL);
}

void family_once(struct dice *d)
{
	/* Of the last kind folios are large, and lie beside what the kids have for themselves. */
	static const uint32_t kinds[] = {
		0, ZXP_CREATE_SNAPSHOTS, ZXP_CREATE_READ_ONLY | ZXP_CREATE_COPIES,
	};
	struct side s = { .name = "family", .client = family_client };
	uint32_t flags = kinds[roll(d, sizeof(kinds) / sizeof(*kinds))];

	s.pager = zxp_open(O_NONBLOCK);
	root_has_snapshots = flags & ZXP_CREATE_SNAPSHOTS;
	s.vmo = zxp_create_vmo_flags(s.pager, 0, flags, ZXP_PORT_OWN, 0, SIDE_BYTES);
	plain = zxp_create_plain(s.pager, SIDE_BYTES);
	if (s.pager < 0 || s.vmo < 0 || plain < 0 || !side_content()) {
		wrong("family: %d %d %d", s.pager, s.vmo, plain);
		return;
	}
	s.answers = one_in(d, 4) ? roll(d, 20) : UINT32_MAX;
	side_once(d, &s);
	close(plain);
	add(board->families, 1);
}
