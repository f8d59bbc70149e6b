// SPDX-License-Identifier: GPL-2.0
/*
 * The moment of a snapshot is one for all that is stored meanwhile, and stays that moment.
 *
 * ZXP_MOMENTS is how many snapshots all variants make together, of ZXP_PAGES pages.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>
#include <sched.h>
#include <sys/mman.h>

#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"
#include "lib/slow.h"

#define PAGES		64
#define MOMENTS		400
#define VARIANTS	8
/* For so many of each four times as many of them one is kept. */
#define KEPT		16
#define ROUNDS		4

/* Of what snapshots are made: a VMO or a copy of one, that is plain or a pager's. */
PAGER_DATA_AND(order, speed_up());
FIXTURE_VARIANT(order)
{
	bool maps;
	bool paged;
	bool copy;
};
FIXTURE_VARIANT_ADD(order, mapping) { .maps = true };
FIXTURE_VARIANT_ADD(order, pwrite) {};
FIXTURE_VARIANT_ADD(order, mapping_of_a_pagers) { .maps = true, .paged = true };
FIXTURE_VARIANT_ADD(order, pwrite_of_a_pagers) { .paged = true };
FIXTURE_VARIANT_ADD(order, mapping_of_a_copy) { .maps = true, .copy = true };
FIXTURE_VARIANT_ADD(order, pwrite_of_a_copy) { .copy = true };
FIXTURE_VARIANT_ADD(order, mapping_of_a_pagers_copy)
{
	.maps = true,
	.paged = true,
	.copy = true,
};
FIXTURE_VARIANT_ADD(order, pwrite_of_a_pagers_copy) { .paged = true, .copy = true };


#define new_source(pages) ({							\
	struct test_vmo *__vmo = make_source(&self->p, pages, variant->paged,	\
					     variant->copy);			\
										\
	ASSERT_NE(NULL, __vmo);							\
	__vmo;									\
})

/* All of its pages are its own, and zero. A pager allows stores to its VMO. */
static struct test_vmo *make_source(struct user_pager *p, uint64_t pages, bool paged,
				    bool copy)
{
	struct test_vmo *vmo;
	char *zeroes;
	int rc;

	vmo = paged ? pager_create_paged(p, pages, ZXP_VMO_TRAP_DIRTY) :
		      pager_create_plain(p, pages, 0);
	if (vmo && copy)
		vmo = vmo_create_child(vmo, AT_LEAST, 0, pages);
	if (!vmo)
		return NULL;
	zeroes = map_anon(pages);
	rc = zxp_vmo_write(vmo->fd, 0, pages * page_size, zeroes);
	munmap(zeroes, pages * page_size);
	if (rc)
		diag("write of all of it: %s", strerror(-rc));
	return rc ? NULL : vmo;
}

static uint32_t moment_of(bool paged, bool copy)
{
	return !paged ? ZXP_CHILD_SNAPSHOT : copy ? MODIFIED : ZXP_CHILD_POINT_IN_TIME;
}

/* Nobody gets a page to store to any more, but those that are mapped are there for a while. */
static bool slow_freezes(bool maps, bool copy)
{
	const struct slow slow[] = {
		{ "p:unmap_mapping_pages", gettid(), 4 },
		{ "p:unmap_mapping_range", gettid(), 4 },
	};

	(void)maps;
	return slow_down(slow + !copy, 1);
}

/* Who has a page to store to, and its lock, takes longer than who makes a snapshot. */
static bool slow_stores(bool maps, bool copy)
{
	const struct slow slow[2][2] = {
		{ { "r:zxpager:zxp_vmo_folio_for_write", 0, 3 },
		  { "r:zxpager:zxp_page_mkwrite", 0, 6 }, },
		{ { "r:zxpager:zxp_child_folio_for_write", 0, 3 },
		  { "r:zxpager:zxp_child_vm_fault", 0, 3 }, },
	};

	return slow_down(&slow[copy][maps], 1);
}

/* Of @t->vmo, of as many pages. */
struct writer {
	bool maps;
	volatile bool ends;
	volatile uint64_t done;
};

static int store_in_order(struct test_thread *t)
{
	struct writer *w = t->arg;

	for (uint64_t n = 1; !w->ends; n++) {
		for (uint64_t page = 0; page < t->nr; page += t->nr - 1) {
			if (w->maps)
				word_at(t->vmo, page) = n;
			else if (pwrite(t->vmo->fd, &n, 8, page * page_size) != 8)
				return errno;
		}
		w->done = n;
	}
	return 0;
}

struct moment {
	int fd;
	uint64_t first, last;
};

static bool look_at(struct moment *m, uint64_t pages)
{
	return pread(m->fd, &m->first, 8, 0) == 8 &&
	       pread(m->fd, &m->last, 8, (pages - 1) * page_size) == 8;
}

/* No store is there without the one before. */
static bool in_order(struct moment *m, uint64_t pages)
{
	if (look_at(m, pages) && (m->first == m->last || m->first == m->last + 1))
		return true;
	diag("the first page has %lu, the last one %lu", m->first, m->last);
	return false;
}

static bool is_as_before(struct moment *m, uint64_t pages)
{
	struct moment now = *m;

	if (look_at(&now, pages) && now.first == m->first && now.last == m->last)
		return true;
	diag("the first page had %lu, the last one %lu; now they have %lu and %lu", m->first,
	     m->last, now.first, now.last);
	return false;
}

/* Of the two pages that are stored to now the one, now the other is not mapped any more. */
static int unmap_one_of_them(struct test_thread *t)
{
	struct writer *w = t->arg;

	for (uint64_t i = 0, done; !w->ends; i++) {
		done = w->done;
		if (madvise(page_at(t->vmo, i % 2 ? t->nr - 1 : 0), page_size, MADV_DONTNEED))
			return errno;
		/* A mapping that was forgotten is good for some more stores. */
		while (w->done < done + 8 && !w->ends)
			sched_yield();
	}
	return 0;
}

static bool make_moment(struct moment *m, struct test_vmo *vmo, uint32_t kind)
{
	m->fd = zxp_create_child(vmo->fd, kind, 0, vmo->pages * page_size);
	if (m->fd < 0)
		diag("snapshot: %s", strerror(-m->fd));
	return m->fd >= 0;
}

/* A writer of the first and then the last of some pages. */
TEST_F_TIMEOUT(order, of_stores_is_kept, getenv("ZXP_MOMENTS") ? 36000 : 1000)
{
	uint64_t pages = from_env("ZXP_PAGES", PAGES), was, start = now_ms();
	uint64_t moments = from_env("ZXP_MOMENTS", MOMENTS) / VARIANTS / 2 + 1;
	bool (*const slow[])(bool maps, bool copy) = { slow_freezes, slow_stores };
	uint32_t kind = moment_of(variant->paged, variant->copy);
	struct moment kept, m;
	struct writer w;
	struct test_vmo *vmo;
	struct server s;

	ASSERT_LE(2, pages);
	ASSERT_TRUE(server_start(&s, &self->p));
	vmo = new_source(pages);
	for (unsigned int i = 0; i < 2; i++) {
		self->t[i].vmo = vmo;
		self->t[i].nr = pages;
		self->t[i].arg = &w;
	}
	for (unsigned int which = 0; which < ARRAY_SIZE(slow); which++) {
		SLOW_OR_SKIP(slow[which](variant->maps, variant->copy));
		w = (struct writer){ .maps = variant->maps };
		kept.fd = -1;
		was = 0;
		ASSERT_TRUE(vmo_put(vmo, 0, 0) && vmo_put(vmo, pages - 1, 0));
		ASSERT_TRUE(thread_start(&self->t[0], store_in_order));
		ASSERT_TRUE(thread_start(&self->t[1], unmap_one_of_them));
		for (uint64_t i = 0; i < moments; i++) {
			/* So that each first store afterwards has to be allowed. */
			if (variant->paged && !variant->copy)
				ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, pages));
			ASSERT_TRUE(make_moment(&m, vmo, kind));
			ASSERT_TRUE(in_order(&m, pages));
			ASSERT_LE(was, m.first);
			was = m.first;
			/* All that had begun to store has stored. */
			while (w.done <= m.first && thread_running(&self->t[0]))
				sched_yield();
			ASSERT_TRUE(is_as_before(&m, pages));
			if (kept.fd >= 0 && i % KEPT == 0) {
				ASSERT_TRUE(is_as_before(&kept, pages));
				close(kept.fd);
				kept.fd = -1;
			}
			/* As long as there is none, all pages are the parent's own, to freeze. */
			if (i % (4 * KEPT) == 0)
				kept = m;
			else
				close(m.fd);
		}
		w.ends = true;
		ASSERT_TRUE(thread_wait(&self->t[0]));
		ASSERT_TRUE(thread_wait(&self->t[1]));
		speed_up();
		if (kept.fd >= 0)
			close(kept.fd);
	}
	diag("%ju moments took %jd ms", (uintmax_t)moments * 2, (intmax_t)(now_ms() - start));
	EXPECT_TRUE(server_end(&s));
}

/* A reader says of which page, and the writer stores there at once. */
struct reader {
	uint64_t value;		/* that all pages had, and have in the snapshot @t->vmo */
	volatile uint64_t begun;
	volatile uint64_t done;
};

/* The word of a page, of the copy of it that @fd gets now. */
static bool fork_word(int fd, uint64_t page, uint64_t *word)
{
	uint64_t other = 1;

	return pwrite(fd, &other, 8, page * page_size + 8) == 8 &&
	       pread(fd, word, 8, page * page_size) == 8;
}

static int compare_one(struct test_thread *t, int fork, uint64_t page)
{
	struct reader *r = t->arg;
	uint64_t word, forked;
	bool fork_first = (page + r->value) % 2;

	r->begun = page + 1;
	if ((fork_first && !fork_word(fork, page, &forked)) ||
	    pread(t->vmo->fd, &word, 8, page * page_size) != 8 ||
	    (!fork_first && !fork_word(fork, page, &forked)))
		return errno;
	while (r->done == page)
		sched_yield();
	if (word == r->value && forked == r->value && word_at(t->vmo, page) == r->value)
		return 0;
	diag("page %lu has %lu, that of a copy %lu, mapped %lu, and all had %lu", page, word,
	     forked, word_at(t->vmo, page), r->value);
	return EILSEQ;
}

static int compare_each(struct test_thread *t)
{
	int fork = zxp_create_child(t->vmo->fd, AT_LEAST, 0, PAGES * page_size), ret = 0;
	struct reader *r = t->arg;

	if (fork < 0)
		ret = -fork;
	for (uint64_t page = 0; !ret && page < PAGES; page++)
		ret = compare_one(t, fork, page);
	r->begun = PAGES;
	if (fork >= 0)
		close(fork);
	return ret;
}

/* Who looks takes its time after it knows where. */
static bool slow_looks(void)
{
	const struct slow slow[] = {
		{ "r:zxpager:zxp_child_look", 0, 2 },
		{ "r:zxpager:zxp_vmo_get_folio", 0, 2 },
	};

	return slow_down(slow, ARRAY_SIZE(slow));
}

/* All pages have one value at the moment of the snapshot, and there for ever. */
TEST_F(order, is_one_value_for_ever)
{
	struct test_vmo *vmo, *first;
	struct reader r;
	struct server s;
	uint64_t word;

	speed_up();
	ASSERT_TRUE(server_start(&s, &self->p));
	vmo = new_source(PAGES);
	SLOW_OR_SKIP(slow_looks());
	for (uint64_t round = 1; round <= ROUNDS; round++) {
		for (uint64_t page = 0; round == 1 && page < PAGES; page++)
			ASSERT_TRUE(vmo_put(vmo, page, round));
		first = new_child(vmo, moment_of(variant->paged, variant->copy), 0, PAGES);
		r = (struct reader){ .value = round };
		self->t[0].vmo = first;
		self->t[0].arg = &r;
		ASSERT_TRUE(thread_start(&self->t[0], compare_each));
		for (uint64_t page = 0; page < PAGES; page++) {
			while (r.begun <= page && r.begun < PAGES)
				sched_yield();
			if (variant->maps)
				word_at(vmo, page) = round + 1;
			else
				ASSERT_TRUE(vmo_put(vmo, page, round + 1));
			r.done = page + 1;
		}
		ASSERT_TRUE(thread_wait(&self->t[0]));
		for (uint64_t page = 0; page < PAGES; page++) {
			ASSERT_EQ(8, pread(first->fd, &word, 8, page * page_size));
			ASSERT_EQ(round, word);
		}
		vmo_release(first);
	}
	speed_up();
	EXPECT_TRUE(server_end(&s));
}

TEST_HARNESS_MAIN
