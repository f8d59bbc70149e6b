// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of pinned pages that are not about writing back.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <kselftest_harness.h>

#include "lib/child.h"
#include "lib/fixture.h"
#include "lib/pin.h"

FIXTURE(pin)
{
	struct user_pager p;
	struct test_thread t[1];
	struct pin pin;
};

FIXTURE_SETUP(pin)
{
	ASSERT_TRUE(user_pager_init(&self->p));
}

FIXTURE_TEARDOWN(pin)
{
	user_pager_fini(&self->p);
}

/* A pinned page keeps its place and its content; the others are supplied. */
TEST_F(pin, PinnedSupplyPages)
{
	struct test_vmo *vmo = new_vmo(3);

	ASSERT_TRUE(pin_start(&self->pin, vmo, 1, 1, false));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pin_held(&self->pin));

	/* All three would get what belongs somewhere else. */
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply_from(&self->p, vmo, 1, 2, 2));
	EXPECT_TRUE(vmo_matches(vmo, 0, 2, vmo->map));
	EXPECT_EQ(3 * page_size, vmo_info(vmo).out_supplied_bytes);
	ASSERT_TRUE(pin_release(&self->pin));
	/* And it is the page that was pinned. */
	EXPECT_TRUE(vmo_matches(vmo, 1, 1, self->pin.buffer->map));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* The lookup waits for the page, and finds that it is no more: EFAULT. */
TEST_F(pin, ResizeBlockedPin)
{
	struct test_vmo *vmo = new_vmo_options(1, ZXP_VMO_RESIZABLE);

	ASSERT_TRUE(pin_start(&self->pin, vmo, 0, 1, true));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(vmo_resize(vmo, 0));
	ASSERT_TRUE(pin_failed(&self->pin));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A pinned page survives a detach; its neighbour does not. */
TEST_F(pin, PagerDetachPinned)
{
	struct test_vmo *vmo = new_vmo(2);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(pin_start(&self->pin, vmo, 0, 1, false));
	ASSERT_TRUE(pin_held(&self->pin));
	ASSERT_TRUE(pager_detach(&self->p, vmo));
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	EXPECT_EQ(page_size, vmo_info(vmo).out_resident);
	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 1, 1));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ESTALE));
	ASSERT_TRUE(pin_release(&self->pin));
	EXPECT_TRUE(vmo_matches(vmo, 0, 1, self->pin.buffer->map));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Pages that are pinned do not leave a plain VMO. */
TEST_F(pin, SupplyFromPinned)
{
	struct test_vmo *vmo = new_vmo(2), plain = { .pager = &self->p };

	plain.fd = zxp_create_plain(self->p.fd, 2 * page_size);
	ASSERT_LE(0, plain.fd);
	plain.map = mmap(NULL, 2 * page_size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 plain.fd, 0);
	ASSERT_NE(MAP_FAILED, plain.map);
	vmo_fill(vmo, 0, 2, plain.map);

	ASSERT_TRUE(pin_start(&self->pin, &plain, 1, 1, false));
	ASSERT_TRUE(pin_held(&self->pin));
	test_err_zxp(ESTALE, supply_aux, self->p.fd, vmo->fd, 0, 2 * page_size,
		     plain.fd, 0);
	EXPECT_EQ(0, vmo_info(vmo).out_resident);
	EXPECT_TRUE(vmo_matches(vmo, 0, 2, plain.map));
	ASSERT_TRUE(pin_release(&self->pin));
	test_zxp(supply_aux, self->p.fd, vmo->fd, 0, 2 * page_size, plain.fd, 0);
	EXPECT_TRUE(vmo_matches(vmo, 0, 2, vmo->map));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Nor do those that a copy has for itself. */
TEST_F(pin, SupplyFromPinnedCopy)
{
	struct test_vmo *vmo = new_vmo(2), *root = new_vmo(2), *clone = new_clone(root);

	ASSERT_TRUE(pager_supply(&self->p, root, 0, 2));
	ASSERT_TRUE(vmo_put(clone, 1, 5));
	ASSERT_TRUE(pin_start(&self->pin, clone, 1, 1, false));
	ASSERT_TRUE(pin_held(&self->pin));
	test_err_zxp(ESTALE, supply_aux, self->p.fd, vmo->fd, 0, 2 * page_size, clone->fd, 0);
	EXPECT_EQ(0, vmo_info(vmo).out_resident);
	EXPECT_TRUE(vmo_word_is(clone, 1, 5));
	ASSERT_TRUE(pin_release(&self->pin));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* It is made zero where it is, so that the copy has what is stored there later. */
TEST_F(pin, ZeroPinnedPageOfCopy)
{
	struct test_vmo *root = new_vmo(3), *clone = new_clone(root);

	ASSERT_TRUE(pager_supply(&self->p, root, 0, 3));
	for (uint64_t page = 0; page < 3; page++)
		ASSERT_TRUE(vmo_put(clone, page, 5));
	ASSERT_TRUE(pin_start(&self->pin, clone, 1, 1, true));
	ASSERT_TRUE(pin_held(&self->pin));
	ASSERT_TRUE(vmo_zero(clone, 0, 3));
	EXPECT_EQ(page_size, vmo_info(clone).out_resident);
	for (uint64_t page = 0; page < 3; page++)
		EXPECT_TRUE(vmo_word_is(clone, page, 0));
	ASSERT_TRUE(pin_release(&self->pin));
	EXPECT_TRUE(vmo_word_is(clone, 0, 0));
	EXPECT_TRUE(vmo_word_is(clone, 1, word_at(self->pin.buffer, 0)));
	EXPECT_TRUE(vmo_word_is(clone, 2, 0));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN
