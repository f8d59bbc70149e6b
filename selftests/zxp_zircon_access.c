// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of reading missing pages and supplying them.
 */
#include <signal.h>
#include <kselftest_harness.h>

#include "lib/fixture.h"

ACCESS_FIXTURE(access);

TEST_F(access, SinglePageTest)
{
	struct test_vmo *vmo = new_vmo(1);

	ASSERT_TRUE(variant->check(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(access, UncommittedSinglePageTest)
{
	struct test_vmo *vmo = new_vmo(1);

	self->t[0].zero = true;
	ASSERT_TRUE(variant->check(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(0, vmo_info(vmo).out_resident);
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(access, PresupplyTest)
{
	struct test_vmo *vmo = new_vmo(4);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	ASSERT_TRUE(variant->check(&self->t[0], vmo, 0, 4));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A request that is answered before its packet is read leaves no packet. */
TEST_F(access, EarlySupplyTest)
{
	struct test_vmo *vmo = new_vmo(2);

	ASSERT_TRUE(variant->check(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 1));
	ASSERT_TRUE(variant->check(&self->t[1], vmo, 1, 1));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 2));

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));

	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(access, SequentialMultipageTest)
{
	const unsigned int pages = 32;
	struct test_vmo *vmo = new_vmo(pages);
	unsigned int i;

	ASSERT_TRUE(variant->check(&self->t[0], vmo, 0, pages));
	if (variant->mapping) {
		for (i = 0; i < pages; i++) {
			ASSERT_TRUE(pager_wait_read(&self->p, vmo, i, 1));
			ASSERT_TRUE(pager_supply(&self->p, vmo, i, 1));
		}
	} else {
		ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, pages));
		ASSERT_TRUE(pager_supply(&self->p, vmo, 0, pages));
	}
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(access, ConcurrentMultipageAccessTest)
{
	struct test_vmo *vmo = new_vmo(2);

	ASSERT_TRUE(variant->check(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(variant->check(&self->t[1], vmo, 1, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(thread_wait(&self->t[1]));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(access, ConcurrentOverlappingAccessTest)
{
	const unsigned int nr = 32;
	struct test_vmo *vmo = new_vmo(1);
	unsigned int i;

	for (i = 0; i < nr; i++) {
		ASSERT_TRUE(variant->check(&self->t[i], vmo, 0, 1));
	}
	ASSERT_TRUE(vmo_wait_blocked(vmo, nr));
	EXPECT_EQ(1, vmo_info(vmo).out_requests);
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	for (i = 0; i < nr; i++) {
		ASSERT_TRUE(thread_wait(&self->t[i]));
	}
	ASSERT_TRUE(pager_idle(&self->p));
}

/* @nr threads wait for a page each, and all their packets are read. */
#define start_bulk(vmo, nr) do {						\
	unsigned int __i;							\
										\
	for (__i = 0; __i < (nr); __i++) {					\
		ASSERT_TRUE(variant->check(&self->t[__i], vmo, __i, 1));	\
	}									\
	for (__i = 0; __i < (nr); __i++) {					\
		ASSERT_TRUE(pager_wait_read(&self->p, vmo, __i, 1));		\
	}									\
	ASSERT_TRUE(vmo_wait_blocked(vmo, nr));					\
} while (0)

#define end_bulk(nr) do {							\
	unsigned int __i;							\
										\
	for (__i = 0; __i < (nr); __i++) {					\
		ASSERT_TRUE(thread_wait(&self->t[__i]));			\
	}									\
	ASSERT_TRUE(pager_idle(&self->p));					\
} while (0)

TEST_F(access, BulkSingleSupplyTest)
{
	struct test_vmo *vmo = new_vmo(8);

	start_bulk(vmo, 8);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 8));
	end_bulk(8);
}

TEST_F(access, BulkOddLengthSupplyTest)
{
	struct test_vmo *vmo = new_vmo(15);

	start_bulk(vmo, 15);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 7));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 8));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 7, 3));
	ASSERT_TRUE(vmo_wait_blocked(vmo, 5));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 10, 5));
	end_bulk(15);
}

TEST_F(access, BulkOddOffsetSupplyTest)
{
	struct test_vmo *vmo = new_vmo(8);

	start_bulk(vmo, 8);
	ASSERT_TRUE(pager_supply_aux(&self->p, vmo, 0, 3, 0));
	ASSERT_TRUE(pager_supply_aux(&self->p, vmo, 3, 5, 3));
	end_bulk(8);
}

TEST_F(access, OverlapSupplyTest)
{
	struct test_vmo *vmo = new_vmo(2), *other = new_vmo(1);

	/* Page 0 gets what belongs in page 1, and is not overwritten. */
	ASSERT_TRUE(pager_supply_from(&self->p, vmo, 0, 1, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	EXPECT_EQ(2 * page_size, vmo_info(vmo).out_supplied_bytes);

	ASSERT_TRUE(variant->check(&self->t[0], vmo, 1, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	other->key = vmo->key + page_size / 8;
	EXPECT_TRUE(vmo_matches(other, 0, 1, vmo->map));

	/* The same the other way round: page 1 is there already. */
	ASSERT_TRUE(pager_supply_from(&self->p, vmo, 1, 1, 0));
	EXPECT_TRUE(vmo_matches(vmo, 1, 1, vmo->map + page_size));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(access, ManyRequestTest)
{
	struct test_vmo *vmo = new_vmo(MAX_THREADS);
	unsigned int i;

	start_bulk(vmo, MAX_THREADS);
	for (i = 0; i < MAX_THREADS; i++) {
		ASSERT_TRUE(pager_supply(&self->p, vmo, i, 1));
	}
	end_bulk(MAX_THREADS);
}

/* Supply out of a plain VMO is no different from supply out of memory. */
TEST_F(access, SupplyFromPlainVmo)
{
	struct test_vmo *vmo = new_vmo(5);

	ASSERT_TRUE(variant->check(&self->t[0], vmo, 4, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 4, 1));
	ASSERT_TRUE(pager_supply_aux(&self->p, vmo, 3, 2, 7));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(variant->check(&self->t[0], vmo, 3, 2));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pager_idle(&self->p));
}

PAGER_FIXTURE(many_vmos);

TEST_F(many_vmos, SuccessiveVmoTest)
{
	unsigned int i;

	for (i = 0; i < 64; i++) {
		struct test_vmo *vmo = new_vmo(1);

		ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo, 0, 1));
		ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
		ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
		ASSERT_TRUE(thread_wait(&self->t[0]));
		vmo_release(vmo);
		ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	}
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(many_vmos, MultipleConcurrentVmoTest)
{
	struct test_vmo *vmo[8];
	unsigned int i;

	for (i = 0; i < 8; i++) {
		vmo[i] = new_vmo(1);
		ASSERT_TRUE(thread_check_vmar(&self->t[i], vmo[i], 0, 1));
		ASSERT_TRUE(pager_wait_read(&self->p, vmo[i], 0, 1));
	}
	for (i = 0; i < 8; i++) {
		ASSERT_TRUE(pager_supply(&self->p, vmo[i], 0, 1));
	}
	for (i = 0; i < 8; i++) {
		ASSERT_TRUE(thread_wait(&self->t[i]));
	}
	ASSERT_TRUE(pager_idle(&self->p));
}

/* An empty source makes the range present and zero, once. */
TEST_F(many_vmos, UncommittedSupply)
{
	struct test_vmo *vmo = new_vmo(4);
	char *buf = map_anon(4);

	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 0, 4));
	EXPECT_EQ(0, vmo_info(vmo).out_resident);
	test_zxp(vmo_read, vmo->fd, 0, 4 * page_size, buf);
	EXPECT_TRUE(is_zero(buf, 4 * page_size));
	EXPECT_TRUE(is_zero(vmo->map, 4 * page_size));

	/* What has content keeps it, and zeroes are content. */
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	EXPECT_TRUE(is_zero(vmo->map, 4 * page_size));
	EXPECT_EQ(0, vmo_info(vmo).out_resident);
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN
