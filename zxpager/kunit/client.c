// SPDX-License-Identifier: GPL-2.0
/*
 * Clients: threads that make one access to a VMO, and may have to wait for it.
 */
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "world.h"

static long zxp_client_fn(void *arg)
{
	struct zxp_client *c = arg;
	struct zxp_world *w = c->world;
	loff_t pos = (loff_t)c->page << PAGE_SHIFT;
	u8 __user *address = NULL;
	struct zxp_vmo_op_range op;
	struct file *file = NULL;
	ssize_t ret;

	if (c->access == LOAD || c->access == STORE)
		address = (u8 __user *)(w->map[c->vmo] + pos);
	else
		file = w->file[c->vmo];

	switch (c->access) {
	case LOAD:
		return get_user(c->byte, address);
	case STORE:
		return put_user(c->byte, address);
	case PREAD:
		ret = kernel_read(file, &c->byte, 1, &pos);
		return ret < 0 ? ret : ret == 1 ? 0 : -ENODATA;
	case PWRITE:
		ret = kernel_write(file, &c->byte, 1, &pos);
		return ret < 0 ? ret : ret == 1 ? 0 : -ENODATA;
	case FSYNC:
		return vfs_fsync(file, 0);
	case TRUNCATE:
		return vfs_truncate(&file->f_path, pos);
	case ZERO:
	case COMMIT:
		op = (struct zxp_vmo_op_range) {
			.size = sizeof(op),
			.op = c->access == ZERO ? ZXP_VMO_OP_ZERO :
						  ZXP_VMO_OP_COMMIT,
			.offset = pos,
			.length = PAGE_SIZE,
		};
		return zxp_world_ioctl(w, c->nr, file, ZXP_IOC_VMO_OP_RANGE, &op,
				       sizeof(op));
	}
	return -EINVAL;
}

/* Have a client make an access, and go on meanwhile. */
struct zxp_client *zxp_client_start(struct kunit *test, enum zxp_kunit_access access,
				    unsigned int vmo, pgoff_t page, u8 byte)
{
	struct zxp_client *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	struct zxp_world *w = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, c);
	*c = (struct zxp_client) {
		.world = w,
		.nr = w->clients++ % ZXP_CLIENTS + 1,
		.access = access,
		.vmo = vmo,
		.page = page,
		.byte = byte,
	};
	c->task = zxp_kunit_task(test, w->mm, zxp_client_fn, c);
	return c;
}

/* What has become of that. */
long zxp_client_end(struct kunit *test, struct zxp_client *client)
{
	KUNIT_ASSERT_TRUE(test, zxp_task_join(client->task));
	return client->task->result;
}

/* An access that has to wait for nobody. */
long zxp_client_do(struct kunit *test, enum zxp_kunit_access access, unsigned int vmo,
		   pgoff_t page, u8 *byte)
{
	struct zxp_client *c;
	long ret;

	c = zxp_client_start(test, access, vmo, page, byte ? *byte : 0);
	ret = zxp_client_end(test, c);
	if (byte)
		*byte = c->byte;
	return ret;
}
