// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a VMO without writing: create, fault, supply, fail, detach. The case is
 * the daemon. What happens when things are closed is in vmo_close_test.c.
 */
#include <linux/uio.h>

#include "world.h"
#include "../child.h"

#define ZXP_PAGES	8

static struct zxp_world *zxp_new(struct kunit *test, u32 options)
{
	struct zxp_world *w = test->priv;

	KUNIT_ASSERT_EQ(test, 0, zxp_world_create(w, 0, options, 0, -1, ZXP_PAGES));
	KUNIT_ASSERT_EQ(test, 0, zxp_world_map(w, 0, 0, ZXP_PAGES));
	return w;
}

static void zxp_vmo_is_made(struct kunit *test)
{
	struct zxp_world *w = test->priv;
	struct zxp_vmo_info info;

	KUNIT_ASSERT_EQ(test, 0, zxp_world_create(w, 5, ZXP_VMO_TRAP_DIRTY,
						  ZXP_CREATE_SYNC, -1, 3));
	KUNIT_ASSERT_EQ(test, zxp_world_info(w, 5, &info), 0);
	KUNIT_EXPECT_EQ(test, info.out_flags,
			ZXP_VMO_INFO_PAGER_BACKED | ZXP_VMO_INFO_SYNC);
	KUNIT_EXPECT_EQ(test, info.out_options, ZXP_VMO_TRAP_DIRTY);
	KUNIT_EXPECT_EQ(test, info.out_key, 0ULL);
	KUNIT_EXPECT_EQ(test, info.out_vmo_size, 3ULL << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, info.out_stream_size, 3ULL << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, info.out_resident, 0ULL);
	KUNIT_EXPECT_EQ(test, info.out_requests, 0ULL);
	KUNIT_EXPECT_TRUE(test, zxp_world_silent(w->pager));
}

static void zxp_vmo_is_refused(struct kunit *test)
{
	struct zxp_world *w = test->priv;

	KUNIT_EXPECT_EQ(test, zxp_world_create(w, 0, 1, 0, -1, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, zxp_world_create(w, 0, ZXP_VMO_DISCARDABLE, 0, -1, 1),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			zxp_world_create(w, 0, ZXP_VMO_RESIZABLE |
					 ZXP_VMO_UNBOUNDED, 0, -1, 1));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			zxp_world_create(w, 0, ZXP_VMO_TRAP_DIRTY,
					 ZXP_CREATE_PLAIN, -1, 1));
	KUNIT_EXPECT_EQ(test, -ERANGE,
			zxp_world_create(w, 0, 0, 0, -1, ZXP_MAX_VMO_PAGES + 1));
	/* A VMO is no port. */
	KUNIT_ASSERT_EQ(test, zxp_world_create(w, 0, 0, 0, -1, 1), 0);
	KUNIT_EXPECT_EQ(test, zxp_world_create(w, 1, 0, 0, 0, 1), -EMEDIUMTYPE);
	KUNIT_EXPECT_NULL(test, w->file[1]);
}

struct zxp_access_case {
	const char *name;
	enum zxp_kunit_access access;
	/* The errors of an access that the daemon fails, and of a detached VMO. */
	long failed;
	long detached;
};

static const struct zxp_access_case zxp_accesses[] = {
	{ "load", LOAD, -EFAULT, -EFAULT },
	{ "store", STORE, -EFAULT, -EFAULT },
	{ "pread", PREAD, -ENOSPC, -ESTALE },
	{ "pwrite", PWRITE, -ENOSPC, -ESTALE },
	{ "commit", COMMIT, -ENOSPC, -ESTALE },
};

static void zxp_access_name(const struct zxp_access_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(zxp_access, zxp_accesses, zxp_access_name);

static void zxp_vmo_access_is_supplied(struct kunit *test)
{
	const struct zxp_access_case *c = test->param_value;
	struct zxp_world *w = zxp_new(test, 0);
	struct zxp_client *client;
	u8 byte;

	client = zxp_client_start(test, c->access, 0, 3, 0x77);
	KUNIT_ASSERT_TRUE(test, zxp_pager_next_is(test, ZXP_PACKET_READ, 3, 4));
	KUNIT_EXPECT_TRUE(test, zxp_world_waiting(w, 0, 1));
	KUNIT_EXPECT_EQ(test, zxp_world_supply(w, 0, 3, 1, 0x11), 0);
	KUNIT_EXPECT_EQ(test, zxp_client_end(test, client), 0L);
	if (c->access == LOAD || c->access == PREAD)
		KUNIT_EXPECT_EQ(test, client->byte, (u8)0x11);

	/* Whoever comes next needs nobody. */
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, LOAD, 0, 3, &byte), 0L);
	KUNIT_EXPECT_EQ(test, byte, (u8)(c->access == STORE ||
					 c->access == PWRITE ? 0x77 : 0x11));
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, PREAD, 0, 3, &byte), 0L);
	KUNIT_EXPECT_TRUE(test, zxp_world_silent(w->pager));
	KUNIT_EXPECT_TRUE(test, zxp_world_waiting(w, 0, 0));
}

static void zxp_vmo_access_fails(struct kunit *test)
{
	const struct zxp_access_case *c = test->param_value;
	struct zxp_world *w = zxp_new(test, 0);
	struct zxp_client *client;
	struct zxp_vmo_info info;

	client = zxp_client_start(test, c->access, 0, 3, 0x77);
	KUNIT_ASSERT_TRUE(test, zxp_pager_next_is(test, ZXP_PACKET_READ, 3, 4));
	KUNIT_EXPECT_EQ(test, zxp_world_op(w, 0, ZXP_PAGER_OP_FAIL, 0, ZXP_PAGES,
					   ENOSPC), 0);
	KUNIT_EXPECT_EQ(test, zxp_client_end(test, client), c->failed);
	KUNIT_ASSERT_EQ(test, zxp_world_info(w, 0, &info), 0);
	KUNIT_EXPECT_EQ(test, info.out_failures, 1ULL);
	KUNIT_EXPECT_EQ(test, info.out_fail_offset, 3ULL << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, info.out_fail_error, (u32)ENOSPC);
	/* Who comes next is asked for again. */
	client = zxp_client_start(test, c->access, 0, 3, 0x77);
	KUNIT_ASSERT_TRUE(test, zxp_pager_next_is(test, ZXP_PACKET_READ, 3, 4));
	KUNIT_EXPECT_EQ(test, zxp_world_supply(w, 0, 3, 1, 0x11), 0);
	KUNIT_EXPECT_EQ(test, zxp_client_end(test, client), 0L);
}

static void zxp_vmo_access_is_detached(struct kunit *test)
{
	const struct zxp_access_case *c = test->param_value;
	struct zxp_world *w = zxp_new(test, 0);
	struct zxp_client *client;

	client = zxp_client_start(test, c->access, 0, 3, 0x77);
	KUNIT_ASSERT_TRUE(test, zxp_world_waiting(w, 0, 1));
	KUNIT_EXPECT_EQ(test, zxp_world_detach(w, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_client_end(test, client), c->detached);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, c->access, 0, 3, NULL),
			c->detached);
	/* The packet of the client was not read, so it is gone. */
	KUNIT_EXPECT_TRUE(test, zxp_pager_next_is(test, ZXP_PACKET_COMPLETE, 0, 0));
	KUNIT_EXPECT_TRUE(test, zxp_world_silent(w->pager));
	KUNIT_EXPECT_EQ(test, zxp_world_detach(w, 0), 0);
	KUNIT_EXPECT_EQ(test, zxp_world_supply(w, 0, 3, 1, 1), -ESTALE);
	KUNIT_EXPECT_EQ(test, -ESTALE,
			zxp_world_op(w, 0, ZXP_PAGER_OP_FAIL, 0, 1, EIO));
}

static void zxp_vmo_access_is_killed(struct kunit *test)
{
	const struct zxp_access_case *c = test->param_value;
	struct zxp_world *w = zxp_new(test, 0);
	struct zxp_client *client;

	client = zxp_client_start(test, c->access, 0, 3, 0x77);
	KUNIT_ASSERT_TRUE(test, zxp_world_waiting(w, 0, 1));
	zxp_task_kill(client->task);
	KUNIT_EXPECT_NE(test, zxp_client_end(test, client), 0L);
	KUNIT_EXPECT_TRUE(test, zxp_world_silent(w->pager));
	KUNIT_EXPECT_TRUE(test, zxp_world_waiting(w, 0, 0));
}

static void zxp_vmo_many_want_one_page(struct kunit *test)
{
	struct zxp_world *w = zxp_new(test, 0);
	struct zxp_client *client[ZXP_CLIENTS];
	struct zxp_vmo_info info;
	unsigned int i;

	for (i = 0; i < ZXP_CLIENTS; i++)
		client[i] = zxp_client_start(test, i % 2 ? PREAD : LOAD, 0, 2, 0);
	KUNIT_ASSERT_TRUE(test, zxp_world_waiting(w, 0, ZXP_CLIENTS));
	KUNIT_EXPECT_TRUE(test, zxp_pager_next_is(test, ZXP_PACKET_READ, 2, 3));
	KUNIT_EXPECT_TRUE(test, zxp_world_silent(w->pager));
	KUNIT_EXPECT_EQ(test, zxp_world_supply(w, 0, 0, ZXP_PAGES, 0x33), 0);
	for (i = 0; i < ZXP_CLIENTS; i++) {
		KUNIT_EXPECT_EQ(test, zxp_client_end(test, client[i]), 0L);
		KUNIT_EXPECT_EQ(test, client[i]->byte, (u8)0x33);
	}
	KUNIT_ASSERT_EQ(test, zxp_world_info(w, 0, &info), 0);
	KUNIT_EXPECT_EQ(test, info.out_read_packets, 1ULL);
	KUNIT_EXPECT_EQ(test, info.out_supplied_bytes, 8ULL << PAGE_SHIFT);
}

static void zxp_vmo_keeps_what_it_has(struct kunit *test)
{
	struct zxp_world *w = zxp_new(test, 0);
	u8 byte;

	KUNIT_EXPECT_EQ(test, zxp_world_supply(w, 0, 2, 2, 0x11), 0);
	KUNIT_EXPECT_EQ(test, zxp_world_supply(w, 0, 1, 4, 0x22), 0);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, LOAD, 0, 2, &byte), 0L);
	KUNIT_EXPECT_EQ(test, byte, (u8)0x11);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, LOAD, 0, 4, &byte), 0L);
	KUNIT_EXPECT_EQ(test, byte, (u8)0x22);
}

static void zxp_vmo_ends_where_it_ends(struct kunit *test)
{
	struct zxp_world *w = test->priv;

	KUNIT_ASSERT_EQ(test, zxp_world_create(w, 0, 0, 0, -1, 2), 0);
	KUNIT_ASSERT_EQ(test, zxp_world_map(w, 0, 0, 4), 0);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, LOAD, 0, 2, NULL), (long)-EFAULT);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, PREAD, 0, 2, NULL), (long)-ENODATA);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, PWRITE, 0, 2, NULL), (long)-ENOSPC);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, TRUNCATE, 0, 1, NULL), (long)-EPERM);
	KUNIT_EXPECT_EQ(test, zxp_world_supply(w, 0, 1, 2, 0), -ERANGE);
	KUNIT_EXPECT_EQ(test, -ERANGE,
			zxp_world_op(w, 0, ZXP_PAGER_OP_FAIL, 1, 2, EIO));
	KUNIT_EXPECT_TRUE(test, zxp_world_silent(w->pager));
}

static void zxp_vmo_shrinks_under_a_waiter(struct kunit *test)
{
	struct zxp_world *w = zxp_new(test, ZXP_VMO_RESIZABLE);
	struct zxp_client *load, *read;

	load = zxp_client_start(test, LOAD, 0, 5, 0);
	read = zxp_client_start(test, PREAD, 0, 6, 0);
	KUNIT_ASSERT_TRUE(test, zxp_world_waiting(w, 0, 2));
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, TRUNCATE, 0, 4, NULL), 0L);
	KUNIT_EXPECT_EQ(test, zxp_client_end(test, load), (long)-EFAULT);
	KUNIT_EXPECT_EQ(test, zxp_client_end(test, read), (long)-ENODATA);
	KUNIT_EXPECT_TRUE(test, zxp_world_silent(w->pager));
}

/* Pages of a plain VMO move; its holes become zero ranges. */
static void zxp_vmo_is_supplied_from_another(struct kunit *test)
{
	struct zxp_world *w = zxp_new(test, 0);
	struct zxp_supply_pages args = {
		.size = sizeof(args),
		.flags = ZXP_SUPPLY_AUX,
		.length = 4ULL << PAGE_SHIFT,
	};
	u8 byte = 0x44;

	KUNIT_ASSERT_EQ(test, 0, zxp_world_create(w, 1, 0, ZXP_CREATE_PLAIN, -1, 4));
	KUNIT_ASSERT_EQ(test, zxp_client_do(test, PWRITE, 1, 1, &byte), 0L);
	args.vmo_fd = w->fd[0];
	args.aux_fd = w->fd[1];
	KUNIT_EXPECT_EQ(test, 0L,
			zxp_world_ioctl(w, 0, w->pager, ZXP_IOC_SUPPLY_PAGES,
					&args, sizeof(args)));
	KUNIT_EXPECT_EQ(test, args.out_done, 4ULL << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, args.out_filled, 4ULL << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, LOAD, 0, 1, &byte), 0L);
	KUNIT_EXPECT_EQ(test, byte, (u8)0x44);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, LOAD, 0, 2, &byte), 0L);
	KUNIT_EXPECT_EQ(test, byte, (u8)0);
	KUNIT_EXPECT_EQ(test, zxp_client_do(test, PREAD, 1, 1, &byte), 0L);
	KUNIT_EXPECT_EQ(test, byte, (u8)0);
}

/* IMA does not trust what it has measured of a VMO, nor is it a program or a device. */
static void zxp_vmo_is_not_verified(struct kunit *test)
{
	struct zxp_world *w = zxp_new(test, 0);
	unsigned long flags = zxp_world_vmo(w, 0)->inode.i_sb->s_iflags;

	KUNIT_EXPECT_TRUE(test, flags & SB_I_IMA_UNVERIFIABLE_SIGNATURE);
	KUNIT_EXPECT_TRUE(test, flags & SB_I_NOEXEC);
	KUNIT_EXPECT_TRUE(test, flags & SB_I_NODEV);
}

/* All but the first page has been reclaimed: they are asked for in parts, without a gap. */
static void zxp_vmo_misses_in_parts(struct kunit *test)
{
	struct zxp_world *w = test->priv;
	pgoff_t nr = 10000, index, end, parts = 0;
	struct zxp_vmo *vmo;

	KUNIT_ASSERT_EQ(test, zxp_world_create(w, 0, 0, 0, -1, nr), 0);
	vmo = zxp_world_vmo(w, 0);
	for (index = 1; index < nr; index++)
		KUNIT_ASSERT_FALSE(test, xa_is_err(xa_store_irq(&vmo->inode.i_mapping->i_pages,
								index, xa_mk_value(1),
								GFP_KERNEL)));
	for (index = 0; index < nr; index = end) {
		end = zxp_vmo_missing_end(vmo, index, nr);
		KUNIT_ASSERT_GT(test, end, index);
		KUNIT_ASSERT_LE(test, end, nr);
		parts++;
	}
	KUNIT_EXPECT_EQ(test, end, nr);
	KUNIT_EXPECT_LT(test, (pgoff_t)1, parts);
	KUNIT_EXPECT_GT(test, (pgoff_t)10, parts);
	KUNIT_EXPECT_EQ(test, zxp_vmo_missing_end(vmo, nr - 1000, nr), nr);
}

static void zxp_vmo_sends_to_its_port(struct kunit *test)
{
	struct zxp_world *w = test->priv;
	struct zxp_client *client;

	KUNIT_ASSERT_EQ(test, zxp_world_create_port(w, 1), 0);
	KUNIT_ASSERT_EQ(test, zxp_world_create(w, 0, 0, 0, 1, 4), 0);
	client = zxp_client_start(test, PREAD, 0, 2, 0);
	KUNIT_EXPECT_TRUE(test, zxp_world_next_is(test, w->file[1],
						  ZXP_PACKET_READ, 2, 3));
	KUNIT_EXPECT_TRUE(test, zxp_world_silent(w->pager));
	KUNIT_EXPECT_EQ(test, zxp_world_supply(w, 0, 2, 1, 1), 0);
	KUNIT_EXPECT_EQ(test, zxp_client_end(test, client), 0L);
}

/* The buffer turns bad in the middle of the second packet. */
static void zxp_pager_is_read_by_half(struct kunit *test)
{
	struct zxp_world *w = zxp_new(test, 0);
	struct zxp_port *port = zxp_world_vmo(w, 0)->source->port;
	size_t size = sizeof(struct zxp_packet);
	struct zxp_client *client[2];
	struct iov_iter to;

	KUNIT_ASSERT_EQ(test, zxp_world_create(w, 1, 0, 0, -1, ZXP_PAGES), 0);
	client[0] = zxp_client_start(test, PREAD, 0, 1, 0);
	KUNIT_ASSERT_TRUE(test, zxp_world_waiting(w, 0, 1));
	client[1] = zxp_client_start(test, PREAD, 1, 2, 0);
	KUNIT_ASSERT_TRUE(test, zxp_world_waiting(w, 1, 1));
	iov_iter_ubuf(&to, ITER_DEST,
		      (void __user *)(zxp_world_end(w) - size - size / 2), 4 * size);
	KUNIT_EXPECT_EQ(test, zxp_port_read(port, &to, true), (ssize_t)size);
	/* So the second is still there, and whole. */
	KUNIT_EXPECT_TRUE(test, zxp_pager_next_is(test, ZXP_PACKET_READ, 2, 3));
	KUNIT_EXPECT_TRUE(test, zxp_world_silent(w->pager));
	KUNIT_EXPECT_EQ(test, zxp_world_supply(w, 0, 1, 1, 1), 0);
	KUNIT_EXPECT_EQ(test, zxp_world_supply(w, 1, 2, 1, 1), 0);
	KUNIT_EXPECT_EQ(test, zxp_client_end(test, client[0]), 0L);
	KUNIT_EXPECT_EQ(test, zxp_client_end(test, client[1]), 0L);
}

static void zxp_ioctl_is_refused(struct kunit *test)
{
	struct zxp_world *w = zxp_new(test, 0);
	struct zxp_info info[2] = {};

	KUNIT_EXPECT_EQ(test, zxp_pager_ioctl(w->pager, ZXP_IOC_GET_INFO, 0),
			(long)-EFAULT);
	info->size = sizeof(*info) - 1;
	KUNIT_EXPECT_EQ(test, (long)-EINVAL,
			zxp_world_ioctl(w, 0, w->pager, ZXP_IOC_GET_INFO, info,
					sizeof(info)));
	info->size = sizeof(info);
	KUNIT_EXPECT_EQ(test, 0L,
			zxp_world_ioctl(w, 0, w->pager, ZXP_IOC_GET_INFO, info,
					sizeof(info)));
	KUNIT_EXPECT_EQ(test, info->out_features, (u64)ZXP_FEATURES);
	info[1].flags = 1;
	KUNIT_EXPECT_EQ(test, (long)-E2BIG,
			zxp_world_ioctl(w, 0, w->pager, ZXP_IOC_GET_INFO, info,
					sizeof(info)));
	KUNIT_EXPECT_EQ(test, (long)-EMEDIUMTYPE,
			zxp_world_ioctl(w, 0, w->file[0], ZXP_IOC_GET_INFO, info,
					sizeof(info)));
	KUNIT_EXPECT_EQ(test, (long)-EMEDIUMTYPE,
			zxp_world_ioctl(w, 0, w->pager, ZXP_IOC_VMO_GET_INFO, info,
					sizeof(info)));
	KUNIT_EXPECT_EQ(test, (long)-ENOTTY,
			zxp_world_ioctl(w, 0, w->pager, 0x5abc, info,
					sizeof(info)));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, zxp_world_op(w, 0, 99, 0, 1, 0));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			zxp_world_op(w, 0, ZXP_PAGER_OP_DIRTY, 0, 1, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			zxp_world_op(w, 0, ZXP_PAGER_OP_FAIL, 0, 1, EPERM));
}

/* For a mutex in the way of this module: nothing else is waited for like that here. */
static bool zxp_waits_killable(const struct zxp_task *task)
{
	return READ_ONCE(task->task->__state) & TASK_WAKEKILL;
}

static long zxp_keep_first(void *vmo)
{
	return zxp_vmo_keep(vmo, 0);
}

/* Who closes one of many snapshots may have the tree for long. */
static void zxp_vmo_goes_on_while_a_copy_waits_for_the_tree(struct kunit *test)
{
	struct zxp_layer *open = kunit_kzalloc(test, sizeof(*open), GFP_KERNEL);
	struct zxp_world *w = zxp_new(test, 0);
	struct zxp_vmo *vmo = zxp_world_vmo(w, 0);
	struct zxp_family *family = zxp_vmo_get_family(vmo);
	struct zxp_task *task;
	bool free;

	KUNIT_ASSERT_NOT_NULL(test, open);
	KUNIT_ASSERT_NOT_NULL(test, family);
	zxp_layer_init(open);
	mutex_lock(&family->tree_lock);
	zxp_layer_open(open, &family->bottom, NULL, ZXP_PAGES);
	WRITE_ONCE(family->open, open);
	task = zxp_kunit_task(test, NULL, zxp_keep_first, vmo);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_poll(zxp_waits_killable(task)));
	/* It waits with nothing held. So a supply does not wait, nor does who faults. */
	free = mutex_trylock(&vmo->content_lock);
	KUNIT_EXPECT_TRUE(test, free);
	if (free)
		mutex_unlock(&vmo->content_lock);
	/* There is no page that could be copied. */
	WRITE_ONCE(family->open, NULL);
	zxp_layer_pop(open);
	mutex_unlock(&family->tree_lock);
	KUNIT_EXPECT_TRUE(test, zxp_task_join(task));
	KUNIT_EXPECT_EQ(test, task->result, 0L);
}

/* Who makes a copy of it may have its lock for long, and nobody is to wait for i_rwsem then. */
static void zxp_copy_is_resized_without_its_inode(struct kunit *test)
{
	struct zxp_world *w = zxp_new(test, 0);
	struct zxp_client *client;
	struct zxp_child *copy;
	struct inode *inode;
	bool free;

	KUNIT_ASSERT_EQ(test, zxp_world_create_copy(w, 1, 0, 4), 0);
	copy = zxp_child_of(w->file[1]);
	inode = file_inode(w->file[1]);
	mutex_lock(&copy->content_lock);
	client = zxp_client_start(test, TRUNCATE, 1, 2, 0);
	KUNIT_EXPECT_TRUE(test, zxp_kunit_poll(zxp_waits_killable(client->task)));
	free = inode_trylock(inode);
	KUNIT_EXPECT_TRUE(test, free);
	if (free)
		inode_unlock(inode);
	mutex_unlock(&copy->content_lock);
	KUNIT_EXPECT_EQ(test, zxp_client_end(test, client), 0L);
	KUNIT_EXPECT_EQ(test, i_size_read(inode), 2LL << PAGE_SHIFT);
}

static struct kunit_case zxp_vmo_cases[] = {
	KUNIT_CASE(zxp_vmo_is_made),
	KUNIT_CASE(zxp_vmo_is_refused),
	KUNIT_CASE_PARAM(zxp_vmo_access_is_supplied, zxp_access_gen_params),
	KUNIT_CASE_PARAM(zxp_vmo_access_fails, zxp_access_gen_params),
	KUNIT_CASE_PARAM(zxp_vmo_access_is_detached, zxp_access_gen_params),
	KUNIT_CASE_PARAM(zxp_vmo_access_is_killed, zxp_access_gen_params),
	KUNIT_CASE(zxp_vmo_many_want_one_page),
	KUNIT_CASE(zxp_vmo_keeps_what_it_has),
	KUNIT_CASE(zxp_vmo_ends_where_it_ends),
	KUNIT_CASE(zxp_vmo_shrinks_under_a_waiter),
	KUNIT_CASE(zxp_vmo_is_supplied_from_another),
	KUNIT_CASE(zxp_vmo_is_not_verified),
	KUNIT_CASE(zxp_vmo_misses_in_parts),
	KUNIT_CASE(zxp_vmo_goes_on_while_a_copy_waits_for_the_tree),
	KUNIT_CASE(zxp_copy_is_resized_without_its_inode),
	KUNIT_CASE(zxp_vmo_sends_to_its_port),
	KUNIT_CASE(zxp_pager_is_read_by_half),
	KUNIT_CASE(zxp_ioctl_is_refused),
	{}
};

struct kunit_suite zxp_vmo_suite = {
	.name = "zxpager_vmo",
	.suite_init = zxp_world_suite_init,
	.suite_exit = zxp_world_suite_exit,
	.init = zxp_world_init,
	.exit = zxp_world_exit,
	.test_cases = zxp_vmo_cases,
};
