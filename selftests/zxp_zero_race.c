// SPDX-License-Identifier: GPL-2.0
/*
 * Zeroes are mapped while something else takes their place. Once that is there, nobody
 * sees zeroes any more, however long a fault that began before takes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "lib/fixture.h"
#include "lib/slow.h"

#define BYTES(pages)	((pages) * page_size)
#define ROUNDS		1000

struct race {
	struct test_vmo *vmo;
	char *map;		/* through which it is loaded */
	/* How many pages are about to be loaded, have their content, and were seen with it. */
	_Atomic uint64_t begun;
	_Atomic uint64_t done;
	_Atomic uint64_t seen;
	uint64_t stale;
};

FIXTURE(zero_race)
{
	struct user_pager p;
	struct test_thread t[1];
	struct race race;
};

/* What takes the place of zeroes, and beside which mapping. */
FIXTURE_VARIANT(zero_race)
{
	bool (*fill)(struct race *race, uint64_t page);
	bool read_only;
};

static bool write_page(struct race *race, uint64_t page)
{
	return pwrite(race->vmo->fd, "x", 1, BYTES(page)) == 1;
}

static bool store_page(struct race *race, uint64_t page)
{
	*(volatile char *)(race->vmo->map + BYTES(page)) = 'x';
	return true;
}

/* The daemon writes zeroes back, and then somebody else has stored 'x' there. */
static bool supply_page(struct race *race, uint64_t page)
{
	static char full[65536] __attribute__((aligned(65536))) = "x";
	struct test_vmo *vmo = race->vmo;
	struct zxp_supply_pages arg = {
		.size = sizeof(arg),
		.vmo_fd = vmo->fd,
		.aux_fd = -1,
		.offset = BYTES(page),
		.length = page_size,
		.source = (uintptr_t)full,
	};

	return pager_writeback_begin_zero(vmo->pager, vmo, page, 1) &&
	       pager_writeback_end(vmo->pager, vmo, page, 1) &&
	       !zxp_ioctl(vmo->pager->fd, ZXP_IOC_SUPPLY_PAGES, &arg);
}

FIXTURE_VARIANT_ADD(zero_race, write) { .fill = write_page };
FIXTURE_VARIANT_ADD(zero_race, store_beside) { .fill = store_page, .read_only = true };
FIXTURE_VARIANT_ADD(zero_race, supply) { .fill = supply_page };

/*
 * The first load begins about when the page comes. What the second one sees is what the
 * first has mapped.
 */
static int load_each(struct test_thread *t)
{
	struct race *race = t->arg;
	uint64_t page;
	char *byte;
	int again;

	for (page = 0; page < ROUNDS; page++) {
		byte = race->map + BYTES(page);
		if (madvise(byte, page_size, MADV_DONTNEED))
			return errno;
		race->begun = page + 1;
		(void)*(volatile char *)byte;
		while (race->done == page)
			nap();
		for (again = 0; again < 2; again++) {
			if (*(volatile char *)byte != 'x')
				race->stale++;
			if (madvise(byte, page_size, MADV_DONTNEED))
				return errno;
		}
		race->seen = page + 1;
	}
	return 0;
}

FIXTURE_SETUP(zero_race)
{
	/* A fault is to take its time after it has found that there is nothing but zeroes. */
	const struct slow slow = { .where = "r:zxpager:zxp_vmo_absent", .times = 2 };
	struct race *race = &self->race;

	ASSERT_TRUE(user_pager_init(&self->p));
	race->vmo = pager_create_vmo_options(&self->p, 0, ZXP_VMO_RESIZABLE);
	ASSERT_NE(NULL, race->vmo);
	ASSERT_TRUE(vmo_resize(race->vmo, ROUNDS));
	race->map = variant->read_only ?
		    mmap(NULL, BYTES(ROUNDS), PROT_READ, MAP_SHARED, race->vmo->fd, 0) :
		    race->vmo->map;
	ASSERT_NE(MAP_FAILED, race->map);
	SLOW_OR_SKIP(slow_down(&slow, 1));
}

FIXTURE_TEARDOWN(zero_race)
{
	speed_up();
	user_pager_fini(&self->p);
}

TEST_F(zero_race, no_old_zeroes)
{
	struct race *race = &self->race;
	uint64_t page, early;

	self->t[0].arg = race;
	ASSERT_TRUE(thread_start(&self->t[0], load_each));
	for (page = 0; page < ROUNDS; page++) {
		while (race->begun == page)
			;
		/* A little later each time. */
		for (early = page % 64 * 32; early; early--)
			(void)race->seen;
		ASSERT_TRUE(variant->fill(race, page));
		race->done = page + 1;
		ASSERT_EQ('x', *(volatile char *)(race->map + BYTES(page)));
		while (race->seen == page)
			nap();
	}
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(0, race->stale);
	EXPECT_EQ(ROUNDS * page_size, vmo_info(race->vmo).out_resident);
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN
