// SPDX-License-Identifier: GPL-2.0
/*
 * Bad input of the ioctls on a pager that are about dirty pages and SYNC: each value
 * wrong in turn gives its error and changes nothing, and of two wrong ones the one
 * that is tested first counts.
 */
#define _GNU_SOURCE
#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/world.h"

#define END	(WORLD_PAGES * page_size)

static const struct {
	uint32_t op;
	uint64_t data;
} ops[] = {
	{ ZXP_PAGER_OP_DIRTY, 0 },
	{ ZXP_PAGER_OP_WRITEBACK_BEGIN, 0 },
	{ ZXP_PAGER_OP_WRITEBACK_BEGIN, ZXP_DIRTY_RANGE_IS_ZERO },
	{ ZXP_PAGER_OP_WRITEBACK_END, 0 },
	{ ZXP_PAGER_OP_SYNC_END, 0 },
	{ ZXP_PAGER_OP_SYNC_END, EIO },
};

FIXTURE(bad)
{
	struct world w;
	int pager;
	struct test_vmo *vmo;		/* traps and syncs; nothing of it is there */
	int detached;			/* as well */
	int write_only;
};

FIXTURE_SETUP(bad)
{
	struct world *w = &self->w;
	struct bad_fd unused[NR_BAD_FDS];
	int port;

	ASSERT_TRUE(world_init(w));
	self->pager = w->p.fd;
	self->vmo = pager_create_vmo_flags(&w->p, END, ZXP_VMO_TRAP_DIRTY,
					   ZXP_CREATE_SYNC);
	ASSERT_NE(NULL, self->vmo);
	/* Its COMPLETE is not among the world's packets. */
	port = zxp_create_port(self->pager);
	self->detached = zxp_create_vmo_flags(self->pager, ZXP_VMO_TRAP_DIRTY,
					      ZXP_CREATE_SYNC, port, 1, END);
	ASSERT_LE(0, self->detached);
	test_zxp(detach_vmo, self->pager, self->detached);
	self->write_only = reopen(self->vmo->fd, O_WRONLY);
	ASSERT_LE(0, self->write_only);
	/* The world looks at what is open from here on. */
	world_bad_vmos(w, unused);
}

FIXTURE_TEARDOWN(bad)
{
	EXPECT_EQ(0, vmo_info(self->vmo).out_resident);
	EXPECT_EQ(0, vmo_info(self->vmo).out_requests);
	EXPECT_TRUE(world_intact(&self->w));
	world_fini(&self->w);
}

#define OP(i, vmo, offset, length) \
	zxp_op_range(self->pager, ops[i].op, vmo, offset, length, ops[i].data)

TEST_F(bad, op_range_vmo)
{
	EACH_BAD(vmos, b) {
		for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
			EXPECT_BAD(b, OP(i, b->fd, 0, page_size));
		}
	}
}

TEST_F(bad, op_range_alignment)
{
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		for (uint64_t off = 1; off < page_size; off *= 2) {
			EXPECT_EQ(-EINVAL, OP(i, self->vmo->fd, off, page_size));
			EXPECT_EQ(-EINVAL, OP(i, self->vmo->fd, 0, off));
		}
	}
}

/* The range of a SYNC may have been cut off meanwhile: it is found, or it is not. */
TEST_F(bad, op_range_outside)
{
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		int err = ops[i].op == ZXP_PAGER_OP_SYNC_END ? ENOENT : ERANGE;

		for (size_t r = 0; r < NR_WORLD_OUTSIDE; r++) {
			EXPECT_EQ(-err, OP(i, self->vmo->fd, world_outside[r].offset,
					   world_outside[r].length)) {
				TH_LOG("op %u, range %zu", ops[i].op, r);
			}
		}
	}
}

static bool is_data_of(uint32_t op, uint64_t data)
{
	static const uint64_t codes[] = { EIO, EBADMSG, ESTALE, ENOSPC, ENOBUFS };

	if (!data)
		return true;
	if (op == ZXP_PAGER_OP_WRITEBACK_BEGIN)
		return data == ZXP_DIRTY_RANGE_IS_ZERO;
	for (size_t i = 0; op == ZXP_PAGER_OP_SYNC_END && i < ARRAY_SIZE(codes); i++)
		if (data == codes[i])
			return true;
	return false;
}

TEST_F(bad, op_range_data)
{
	static const uint32_t with_data[] = {
		ZXP_PAGER_OP_DIRTY, ZXP_PAGER_OP_WRITEBACK_BEGIN,
		ZXP_PAGER_OP_WRITEBACK_END, ZXP_PAGER_OP_SYNC_END,
	};

	for (size_t i = 0; i < ARRAY_SIZE(with_data); i++) {
		uint32_t op = with_data[i];

		for (int64_t data = -150; data < 600; data++) {
			if (is_data_of(op, data))
				continue;
			EXPECT_EQ(-EINVAL, zxp_op_range(self->pager, op,
							self->vmo->fd, 0, page_size,
							data)) {
				TH_LOG("op %u, data %jd", op, data);
			}
		}
		for (int bit = 32; bit < 64; bit++) {
			EXPECT_EQ(-EINVAL, zxp_op_range(self->pager, op,
							self->vmo->fd, 0, page_size,
							1ULL << bit));
		}
	}
}

/* Only writing back goes on after a detach. */
TEST_F(bad, op_range_detached)
{
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		bool works = ops[i].op == ZXP_PAGER_OP_WRITEBACK_BEGIN ||
			     ops[i].op == ZXP_PAGER_OP_WRITEBACK_END;

		EXPECT_EQ(works ? 0 : -ESTALE, OP(i, self->detached, 0, END)) {
			TH_LOG("op %u", ops[i].op);
		}
	}
}

TEST_F(bad, op_range_not_found)
{
	EXPECT_EQ(-ENOENT, zxp_dirty(self->pager, self->vmo->fd, 0, page_size));
	EXPECT_EQ(-ENOENT, zxp_dirty(self->pager, self->vmo->fd, 0, END));
	EXPECT_EQ(-ENOENT, zxp_sync_end(self->pager, self->vmo->fd, 0, END, 0));
	EXPECT_EQ(-ENOENT, zxp_sync_end(self->pager, self->vmo->fd, 0, END, EIO));
	/* Nothing is all there. */
	EXPECT_EQ(0, zxp_dirty(self->pager, self->vmo->fd, END, 0));
}

/* In the order of the header; each call has two things wrong, in neighbours. */
TEST_F(bad, op_range_order)
{
	struct world *w = &self->w;
	int pager = self->pager, vmo = self->vmo->fd, plain = w->vmo->fd;
	uint32_t dirty = ZXP_PAGER_OP_DIRTY, sync = ZXP_PAGER_OP_SYNC_END;

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		EXPECT_EQ(-EINVAL, OP(i, -1, 1, page_size));
		EXPECT_EQ(-EACCES, OP(i, w->read_only, END, page_size));
		EXPECT_EQ(-EINVAL, OP(i, w->foreign->fd, END, page_size));
	}
	EXPECT_EQ(-EINVAL, zxp_op_range(pager, 5, w->foreign->fd, 0, page_size, 7));
	EXPECT_EQ(-EOPNOTSUPP, zxp_op_range(pager, 5, vmo, 0, page_size, 7));
	/* A VMO that neither traps nor syncs. */
	EXPECT_EQ(-EINVAL, zxp_op_range(pager, dirty, plain, 0, page_size, 1));
	EXPECT_EQ(-EINVAL, zxp_op_range(pager, sync, plain, 0, page_size, EPERM));
	EXPECT_EQ(-EOPNOTSUPP, zxp_op_range(pager, dirty, plain, END, page_size, 0));
	EXPECT_EQ(-EOPNOTSUPP, zxp_op_range(pager, sync, plain, END, page_size, 0));
	EXPECT_EQ(-ERANGE, zxp_dirty(pager, self->detached, END, page_size));
	EXPECT_EQ(-ESTALE, zxp_dirty(pager, self->detached, 0, page_size));
	EXPECT_EQ(-ERANGE, zxp_dirty(pager, vmo, 0, END + page_size));
}

/* For both queries a VMO that was opened for reading only will do. */
TEST_F(bad, query_vmo)
{
	uint32_t modified;

	EACH_BAD(vmos, b) {
		int err = b->err == EACCES ? 0 : -b->err;

		EXPECT_EQ(err, zxp_query_dirty_ranges(self->pager, b->fd, 0, END, NULL,
						      0, NULL, NULL)) {
			TH_LOG("with %s", b->what);
		}
		EXPECT_EQ(err, zxp_query_vmo_stats(self->pager, b->fd, 0, &modified)) {
			TH_LOG("with %s", b->what);
		}
	}
	EXPECT_EQ(-EACCES, zxp_query_dirty_ranges(self->pager, self->write_only, 0, END,
						  NULL, 0, NULL, NULL));
	EXPECT_EQ(-EACCES, zxp_query_vmo_stats(self->pager, self->write_only, 0,
					       &modified));
}

/* The key of a VMO is for its daemon, and for nobody else. */
TEST_F(bad, query_key)
{
	struct world *w = &self->w;
	uint64_t key;

	test_zxp(query_vmo_key, self->pager, w->vmo->fd, &key);
	EXPECT_EQ(w->vmo->key, key);
	test_zxp(query_vmo_key, self->pager, w->read_only, &key);
	EXPECT_EQ(w->vmo->key, key);
	test_zxp(query_vmo_key, self->pager, w->detached->fd, &key);
	EXPECT_EQ(w->detached->key, key);
	EACH_BAD(vmos, b) {
		int err = b->err == EACCES ? 0 : -b->err;

		EXPECT_EQ(err, zxp_query_vmo_key(self->pager, b->fd, &key)) {
			TH_LOG("with %s", b->what);
		}
		if (err) {
			EXPECT_EQ(0, key);
		}
	}
	EXPECT_EQ(-EACCES, zxp_query_vmo_key(self->pager, self->write_only, &key));
	EXPECT_EQ(0, vmo_info(w->vmo).out_key);
	EXPECT_EQ(0, vmo_info(w->detached).out_key);
}

TEST_F(bad, query_order)
{
	struct world *w = &self->w;
	struct zxp_query_dirty_ranges arg = { .flags = 2, .vmo_fd = -1 };
	uint32_t modified;

	EXPECT_EQ(-EINVAL, zxp_query(self->pager, &arg));
	arg.flags = 0;
	arg.reserved = 1;
	EXPECT_EQ(-EINVAL, zxp_query(self->pager, &arg));
	EXPECT_EQ(-EACCES, zxp_query_dirty_ranges(self->pager, self->write_only, END,
						  1, NULL, 0, NULL, NULL));
	EXPECT_EQ(-EINVAL, zxp_query_dirty_ranges(self->pager, w->foreign->fd, END, 1,
						  NULL, 0, NULL, NULL));
	for (size_t r = 0; r < NR_WORLD_OUTSIDE; r++) {
		EXPECT_EQ(-ERANGE, zxp_query_dirty_ranges(self->pager, self->vmo->fd,
							  world_outside[r].offset,
							  world_outside[r].length,
							  (void *)8, 1, NULL, NULL));
	}

	EXPECT_EQ(-EBADF, zxp_query_vmo_stats(self->pager, -1, 2, &modified));
	EXPECT_EQ(-EACCES, zxp_query_vmo_stats(self->pager, self->write_only, 2,
					       &modified));
	EXPECT_EQ(-EINVAL, zxp_query_vmo_stats(self->pager, w->foreign->fd, 0,
					       &modified));
	EXPECT_EQ(-EINVAL, zxp_query_vmo_stats(self->pager, self->vmo->fd, 2,
					       &modified));
}

TEST_HARNESS_MAIN
