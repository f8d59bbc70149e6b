// SPDX-License-Identifier: GPL-2.0
/*
 * A client that does anything at all to a VMO, one thing after the other, against a
 * daemon that answers and writes back as it likes, while others evict and prefetch. One
 * generation of the daemon follows the other, of which the client notices nothing.
 * Each read has to give what a plain copy in memory has, and so has the daemon's store
 * after each fsync() and at the end, when all was written back. If there are snapshots, each
 * has for ever what the VMO had when it was made.
 *
 * ZXP_SEED repeats the dice, though not what the threads make of them. ZXP_OPS is how
 * many operations each variant makes; together they make at least 100,000.
 */
#define _GNU_SOURCE

#include "kselftest_harness.h"
#include "keeper/actor.h"
#include "keeper/bystander.h"
#include "lib/client.h"
#include "lib/generation.h"

#define OPS		25000

FIXTURE(random)
{
	struct user_pager p;
	struct keeper k;
	struct actor a;
	struct bystander b;
	struct witness w;
	int pager;		/* of the open(), if there are generations */
	uint64_t ops;
};

FIXTURE_VARIANT(random)
{
	uint32_t options;
	uint32_t flags;
	bool detach;		/* before the last writeback */
	bool snapshots;		/* with a part of the operations */
	bool port;		/* packets come by one, and the daemon is the same all along */
};

FIXTURE_VARIANT_ADD(random, trap_resizable)
{
	.options = ZXP_VMO_TRAP_DIRTY | ZXP_VMO_RESIZABLE,
	.flags = ZXP_CREATE_SYNC,
};

FIXTURE_VARIANT_ADD(random, resizable)
{
	.options = ZXP_VMO_RESIZABLE,
	.detach = true,
	.port = true,
};

FIXTURE_VARIANT_ADD(random, trap_unbounded)
{
	.options = ZXP_VMO_TRAP_DIRTY | ZXP_VMO_UNBOUNDED,
	.detach = true,
};

FIXTURE_VARIANT_ADD(random, unbounded)
{
	.options = ZXP_VMO_UNBOUNDED,
	.flags = ZXP_CREATE_SYNC,
};

FIXTURE_VARIANT_ADD(random, trap_resizable_with_snapshots)
{
	.options = ZXP_VMO_TRAP_DIRTY | ZXP_VMO_RESIZABLE,
	.flags = ZXP_CREATE_SNAPSHOTS,
	.snapshots = true,
	.port = true,
};

FIXTURE_VARIANT_ADD(random, unbounded_with_snapshots)
{
	.options = ZXP_VMO_UNBOUNDED,
	.flags = ZXP_CREATE_SNAPSHOTS,
	.detach = true,
	.snapshots = true,
};

FIXTURE_SETUP(random)
{
	uint64_t seed = from_env("ZXP_SEED", now_ms()), size = BYTES(ROOM / 2) + 100;
	struct test_vmo *vmo;

	TH_LOG("ZXP_SEED=%ju", (uintmax_t)seed);
	self->ops = from_env("ZXP_OPS", variant->snapshots ? OPS / 4 : OPS);
	if (variant->port) {
		ASSERT_TRUE(user_pager_init(&self->p));
	} else {
		self->pager = zxp_open(O_NONBLOCK);
		ASSERT_LE(0, self->pager);
		ASSERT_TRUE(begin_generation(&self->p, self->pager, NULL));
	}
	vmo = pager_create_vmo_flags(&self->p, size, variant->options, variant->flags);
	ASSERT_NE(NULL, vmo);
	ASSERT_TRUE(keeper_start(&self->k, &self->p, vmo, ROOM, true, seed + 1));
	/* A store has nothing behind its end, as a file has not. */
	memset(self->k.store + size, 0, BYTES(ROOM) - size);
	self->a.dice.state = seed;
	self->a.sync = variant->flags & ZXP_CREATE_SYNC;
	ASSERT_TRUE(actor_start(&self->a, &self->k, size));
	if (variant->snapshots) {
		ASSERT_TRUE(witness_init(&self->w, vmo, ROOM));
		self->a.witness = &self->w;
	}
	ASSERT_TRUE(bystander_start(&self->b, vmo, ROOM, seed + 2));
	if (!variant->port)
		ASSERT_TRUE(keeper_begin_generations(&self->k, self->pager, seed + 3));
}

FIXTURE_TEARDOWN(random)
{
	if (!variant->port)
		close(self->pager);
	user_pager_fini(&self->p);
}

TEST_F_TIMEOUT(random, ops, 36000)
{
	struct actor *a = &self->a;
	struct keeper *k = &self->k;
	uint64_t completes = variant->detach;
	struct zxp_vmo_info info;

	while (a->done < self->ops) {
		ASSERT_TRUE(actor_go_on(a) && !k->errors && !self->b.errors) {
			actor_tell(a);
		}
	}
	if (a->witness) {
		ASSERT_TRUE(witness_end(a->witness)) {
			actor_tell(a);
		}
		EXPECT_LT(0, a->witness->made);
		EXPECT_LT(0, a->witness->looks);
	}
	ASSERT_TRUE(bystander_end(&self->b));
	if (!variant->port)
		ASSERT_TRUE(keeper_settle(k));
	if (variant->detach) {
		ASSERT_TRUE(pager_detach(&self->p, k->vmo));
	}
	/* Each generation is told that it is. */
	if (variant->detach && !variant->port) {
		ASSERT_TRUE(wait_until(k->completes == 1));
		ASSERT_TRUE(keeper_take_over(k, &a->dice));
		completes++;
	}
	ASSERT_TRUE(keeper_flush(k));
	EXPECT_TRUE(wait_until(k->completes == completes));
	EXPECT_TRUE(keeper_end(k));
	/* Not before: hints that nobody waits for are read until then. */
	info = vmo_info(k->vmo);
	EXPECT_TRUE(keeper_holds(k, a->shadow, a->size));
	EXPECT_EQ(0, keeper_dirty(k));
	EXPECT_EQ(a->size, info.out_stream_size);
	EXPECT_EQ(completes, k->completes);
	TH_LOG("%ju ops; packets: %ju READ, %ju DIRTY, %ju SYNC; %ju passes wrote %ju ranges and zeroed %ju; %u generations, %ju late answers",
	       (uintmax_t)a->done, (uintmax_t)k->reads, (uintmax_t)k->dirties,
	       (uintmax_t)k->syncs, (uintmax_t)k->passes, (uintmax_t)k->page_ranges,
	       (uintmax_t)k->zero_ranges, k->taken_over, (uintmax_t)k->late);
	EXPECT_LT(0, k->reads);
	EXPECT_LT(0, k->passes);
	EXPECT_LT(0, k->page_ranges);
	EXPECT_LT(0, k->zero_ranges);
	EXPECT_EQ(k->reads, info.out_read_packets);
	EXPECT_EQ(k->dirties, info.out_dirty_packets);
	EXPECT_EQ(k->syncs, info.out_sync_packets);
	EXPECT_EQ(!(variant->options & ZXP_VMO_TRAP_DIRTY), !k->dirties);
	EXPECT_EQ(!a->sync, !k->syncs);
	EXPECT_EQ(variant->port, !k->taken_over);
	EXPECT_EQ(variant->port, !k->late);
}

TEST_HARNESS_MAIN
