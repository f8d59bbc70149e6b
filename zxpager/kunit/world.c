// SPDX-License-Identifier: GPL-2.0
/*
 * A world: the thread of a case is the daemon, and what it does it does through the
 * file operations of the device, with descriptors and with user memory.
 *
 * Descriptors are those of all kernel threads. User memory is that of the program that
 * loads the module, since no exported function makes another one on all series; the
 * thread of the case uses it while the case runs. What is there at the end is taken
 * down by a thread of its own, as the one that takes care of a failed case may be no
 * kernel thread, or use no memory.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/kthread.h>
#include <linux/mman.h>
#include <linux/namei.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "world.h"

#define ZXP_ARGS_PAGES	(ZXP_CLIENTS + 1)
#define ZXP_USER_SIZE	((ZXP_ARGS_PAGES + ZXP_DATA_PAGES + 1) * PAGE_SIZE)

/* Of the program that loads the module, while a suite runs. */
static struct mm_struct *zxp_world_mm;
static struct path zxp_world_device;

/* Called by that program. */
int zxp_world_suite_init(struct kunit_suite *suite)
{
	int ret = kern_path("/dev/zxpager", LOOKUP_FOLLOW, &zxp_world_device);

	if (ret)
		return ret;
	zxp_world_mm = get_task_mm(current);
	if (zxp_world_mm)
		return 0;
	path_put(&zxp_world_device);
	return -ENODEV;
}

/* Also called when the above has failed, by some series. */
void zxp_world_suite_exit(struct kunit_suite *suite)
{
	if (!zxp_world_mm)
		return;
	mmput(zxp_world_mm);
	zxp_world_mm = NULL;
	path_put(&zxp_world_device);
}

/* Files are closed here and now, and not by whoever has time for that later. */
void zxp_world_close(struct zxp_world *w, unsigned int nr)
{
	struct file *file = w->file[nr];

	if (!file)
		return;
	w->file[nr] = NULL;
	close_fd(w->fd[nr]);
	__fput_sync(file);
}

static void zxp_world_put(struct file **file)
{
	if (*file)
		__fput_sync(*file);
	*file = NULL;
}

void zxp_world_close_pager(struct zxp_world *w)
{
	zxp_world_put(&w->former);
	zxp_world_put(&w->keeper);
	zxp_world_put(&w->pager);
}

void zxp_world_unmap(struct zxp_world *w, unsigned int map)
{
	if (w->map[map])
		vm_munmap(w->map[map], w->map_size[map]);
	w->map[map] = 0;
	flush_delayed_fput();
}

static long zxp_world_take_down(void *arg)
{
	struct zxp_world *w = arg;
	unsigned int i;

	for (i = 0; i < ZXP_WORLD_MAPS; i++)
		zxp_world_unmap(w, i);
	if (w->user)
		vm_munmap(w->user, ZXP_USER_SIZE);
	for (i = 0; i < ZXP_WORLD_FILES; i++)
		zxp_world_close(w, i);
	zxp_world_close_pager(w);
	flush_delayed_fput();
	return 0;
}

static int zxp_world_resource_init(struct kunit_resource *res, void *context)
{
	res->data = context;
	return 0;
}

static void zxp_world_resource_free(struct kunit_resource *res)
{
	struct zxp_world *w = res->data;

	zxp_kunit_call(w->mm, zxp_world_take_down, w);
}

/* Another pager, after the one of the case was closed. */
int zxp_world_open_pager(struct zxp_world *w)
{
	struct file *pager;

	pager = dentry_open(&zxp_world_device, O_RDWR | O_NONBLOCK, current_cred());
	if (IS_ERR(pager))
		return PTR_ERR(pager);
	w->pager = pager;
	return 0;
}

int zxp_world_init(struct kunit *test)
{
	struct zxp_world *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	int ret;

	if (!w)
		return -ENOMEM;
	w->mm = zxp_world_mm;
	if (!kunit_alloc_resource(test, zxp_world_resource_init,
				  zxp_world_resource_free, GFP_KERNEL, w))
		return -ENOMEM;

	/* If this thread ends by a failed assertion, its end does mmput(). */
	mmget(w->mm);
	kthread_use_mm(w->mm);
	test->priv = w;

	ret = zxp_world_open_pager(w);
	if (ret)
		return ret;
	w->user = vm_mmap(NULL, 0, ZXP_USER_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, 0);
	if (IS_ERR_VALUE(w->user)) {
		w->user = 0;
		return -ENOMEM;
	}
	return vm_munmap(zxp_world_end(w), PAGE_SIZE);
}

/* Called by the thread of the case, or when that is gone, as the series has it. */
void zxp_world_exit(struct kunit *test)
{
	struct zxp_world *w = test->priv;

	if (!w)
		return;
	if (current->flags & PF_KTHREAD && current->mm == w->mm) {
		kthread_unuse_mm(w->mm);
		mmput(w->mm);
	} else {
		/* What kthread_use_mm() took, and the end of a thread leaves. */
		mmdrop(w->mm);
	}
}

static unsigned long zxp_world_args(struct zxp_world *w, unsigned int thread)
{
	return w->user + thread * PAGE_SIZE;
}

/* %ZXP_DATA_PAGES pages for what is to be copied. */
unsigned long zxp_world_data(struct zxp_world *w)
{
	return w->user + ZXP_ARGS_PAGES * PAGE_SIZE;
}

/* Where user memory ends. */
unsigned long zxp_world_end(struct zxp_world *w)
{
	return zxp_world_data(w) + ZXP_DATA_PAGES * PAGE_SIZE;
}

/* An ioctl, with its structure in user memory. */
long zxp_world_ioctl(struct zxp_world *w, unsigned int thread, struct file *file,
		     unsigned int cmd, void *args, size_t size)
{
	void __user *uargs = (void __user *)zxp_world_args(w, thread);
	long ret;

	if (copy_to_user(uargs, args, size))
		return -EIO;
	ret = file->f_op->unlocked_ioctl(file, cmd, (unsigned long)uargs);
	if (copy_from_user(args, uargs, size))
		return -EIO;
	return ret;
}

/* Another generation is @w->pager; the one before is there for what it says late. */
int zxp_world_begin_generation(struct zxp_world *w)
{
	struct zxp_begin_generation args = { .size = sizeof(args) };
	struct file *pager;
	long ret;

	if (!w->keeper)
		w->keeper = get_file(w->pager);
	ret = zxp_world_ioctl(w, 0, w->keeper, ZXP_IOC_BEGIN_GENERATION, &args,
			      sizeof(args));
	if (ret)
		return ret;
	pager = fget(args.out_fd);
	close_fd(args.out_fd);
	if (!pager)
		return -EBADF;
	pager->f_flags |= O_NONBLOCK;
	zxp_world_put(&w->former);
	w->former = w->pager;
	w->pager = pager;
	return 0;
}

static int zxp_world_keep(struct zxp_world *w, unsigned int nr, long ret, int fd)
{
	if (ret)
		return ret;
	w->fd[nr] = fd;
	w->file[nr] = fget(fd);
	return w->file[nr] ? 0 : -EBADF;
}

int zxp_world_create_port(struct zxp_world *w, unsigned int nr)
{
	struct zxp_create_port args = { .size = sizeof(args) };
	long ret;

	ret = zxp_world_ioctl(w, 0, w->pager, ZXP_IOC_CREATE_PORT, &args,
			      sizeof(args));
	ret = zxp_world_keep(w, nr, ret, args.out_fd);
	if (!ret)
		w->file[nr]->f_flags |= O_NONBLOCK;
	return ret;
}

/* Make VMO @nr; its key is @nr, too. Packets go to port @port, or -1. */
int zxp_world_create(struct zxp_world *w, unsigned int nr, u32 options,
		     u32 flags, int port, pgoff_t pages)
{
	struct zxp_create_vmo args = {
		.size = sizeof(args),
		.options = options,
		.flags = flags,
		.port_fd = port < 0 ? ZXP_PORT_OWN : w->fd[port],
		.key = flags & ZXP_CREATE_PLAIN ? 0 : nr,
		.vmo_size = (u64)pages << PAGE_SHIFT,
	};
	long ret;

	ret = zxp_world_ioctl(w, 0, w->pager, ZXP_IOC_CREATE_VMO, &args,
			      sizeof(args));
	return zxp_world_keep(w, nr, ret, args.out_fd);
}

int zxp_world_create_copy(struct zxp_world *w, unsigned int nr, unsigned int of,
			  pgoff_t pages)
{
	struct zxp_vmo_create_child args = {
		.size = sizeof(args),
		.options = ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE | ZXP_CHILD_RESIZABLE,
		.length = (u64)pages << PAGE_SHIFT,
	};
	long ret;

	ret = zxp_world_ioctl(w, 0, w->file[of], ZXP_IOC_VMO_CREATE_CHILD, &args,
			      sizeof(args));
	return zxp_world_keep(w, nr, ret, args.out_fd);
}

int zxp_world_map(struct zxp_world *w, unsigned int map, unsigned int vmo,
		  pgoff_t pages)
{
	unsigned long address;

	address = vm_mmap(w->file[vmo], 0, pages << PAGE_SHIFT,
			  PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	if (IS_ERR_VALUE(address))
		return (int)address;
	w->map[map] = address;
	w->map_size[map] = pages << PAGE_SHIFT;
	return 0;
}

/* Supply up to %ZXP_DATA_PAGES pages that are full of @byte. */
int zxp_world_supply(struct zxp_world *w, unsigned int vmo, pgoff_t start,
		     pgoff_t pages, u8 byte)
{
	struct zxp_supply_pages args = {
		.size = sizeof(args),
		.vmo_fd = w->fd[vmo],
		.aux_fd = -1,
		.offset = (u64)start << PAGE_SHIFT,
		.length = (u64)pages << PAGE_SHIFT,
		.source = zxp_world_data(w),
	};
	u8 *page = kmalloc(PAGE_SIZE, GFP_KERNEL);
	pgoff_t i;
	int ret = page ? 0 : -ENOMEM;

	for (i = 0; !ret && i < pages; i++) {
		memset(page, byte, PAGE_SIZE);
		if (copy_to_user((void __user *)zxp_world_data(w) +
				 i * PAGE_SIZE, page, PAGE_SIZE))
			ret = -EIO;
	}
	kfree(page);
	return ret ?: zxp_world_ioctl(w, 0, w->pager, ZXP_IOC_SUPPLY_PAGES, &args,
				      sizeof(args));
}

int zxp_world_op(struct zxp_world *w, unsigned int vmo, u32 op, pgoff_t start,
		 pgoff_t pages, u64 data)
{
	struct zxp_op_range args = {
		.size = sizeof(args),
		.op = op,
		.vmo_fd = w->fd[vmo],
		.offset = (u64)start << PAGE_SHIFT,
		.length = (u64)pages << PAGE_SHIFT,
		.data = data,
	};

	return zxp_world_ioctl(w, 0, w->pager, ZXP_IOC_OP_RANGE, &args,
			       sizeof(args));
}

int zxp_world_detach(struct zxp_world *w, unsigned int vmo)
{
	struct zxp_detach_vmo args = {
		.size = sizeof(args),
		.vmo_fd = w->fd[vmo],
	};

	return zxp_world_ioctl(w, 0, w->pager, ZXP_IOC_DETACH_VMO, &args,
			       sizeof(args));
}

int zxp_world_vmo_op(struct zxp_world *w, unsigned int vmo, u32 op, pgoff_t start,
		     pgoff_t pages)
{
	struct zxp_vmo_op_range args = {
		.size = sizeof(args),
		.op = op,
		.offset = (u64)start << PAGE_SHIFT,
		.length = (u64)pages << PAGE_SHIFT,
	};

	return zxp_world_ioctl(w, 0, w->file[vmo], ZXP_IOC_VMO_OP_RANGE, &args,
			       sizeof(args));
}

/*
 * What is unwritten in @pages pages from @start on, in pages and not in bytes. Return: how
 * many ranges there are, of which up to @nr are in @ranges, and which with
 * %ZXP_QUERY_NO_AVAIL in @flags are all that there is room for; or a negative errno.
 */
int zxp_world_query_from(struct zxp_world *w, unsigned int vmo, u32 flags,
			 pgoff_t start, pgoff_t pages,
			 struct zxp_dirty_range *ranges, unsigned int nr)
{
	struct zxp_query_dirty_ranges args = {
		.size = sizeof(args),
		.flags = flags,
		.vmo_fd = w->fd[vmo],
		.offset = (u64)start << PAGE_SHIFT,
		.length = (u64)pages << PAGE_SHIFT,
		.buffer = zxp_world_data(w),
		.buffer_size = nr * sizeof(*ranges),
	};
	unsigned int i;
	int ret;

	ret = zxp_world_ioctl(w, 0, w->pager, ZXP_IOC_QUERY_DIRTY_RANGES, &args,
			      sizeof(args));
	if (ret)
		return ret;
	if (args.out_actual != min_t(u64, nr, args.out_avail))
		return -EIO;
	if (copy_from_user(ranges, (void __user *)zxp_world_data(w),
			   args.out_actual * sizeof(*ranges)))
		return -EIO;
	for (i = 0; i < args.out_actual; i++) {
		ranges[i].offset >>= PAGE_SHIFT;
		ranges[i].length >>= PAGE_SHIFT;
	}
	return args.out_avail;
}

/* The same for the first @pages pages. */
int zxp_world_query(struct zxp_world *w, unsigned int vmo, pgoff_t pages,
		    struct zxp_dirty_range *ranges, unsigned int nr)
{
	return zxp_world_query_from(w, vmo, 0, 0, pages, ranges, nr);
}

int zxp_world_info(struct zxp_world *w, unsigned int vmo, struct zxp_vmo_info *info)
{
	*info = (struct zxp_vmo_info) { .size = sizeof(*info) };
	return zxp_world_ioctl(w, 0, w->file[vmo], ZXP_IOC_VMO_GET_INFO, info,
			       sizeof(*info));
}

/* Read one packet. True if there was one, or an error. */
static bool zxp_world_read(struct file *file, struct zxp_packet *packet,
			   ssize_t *ret)
{
	*ret = kernel_read(file, packet, sizeof(*packet), NULL);
	return *ret != -EAGAIN;
}

/* Read one packet of a pager or a port, which comes soon. Is it this one? */
bool zxp_world_next_is(struct kunit *test, struct file *file, u16 command,
		       pgoff_t start, pgoff_t end)
{
	struct zxp_packet packet;
	ssize_t ret = -EAGAIN;

	zxp_kunit_poll(zxp_world_read(file, &packet, &ret));
	if (ret != sizeof(packet)) {
		kunit_err(test, "no packet: %zd\n", ret);
		return false;
	}
	if (packet.command == command &&
	    packet.offset == (u64)start << PAGE_SHIFT &&
	    packet.length == (u64)(end - start) << PAGE_SHIFT)
		return true;
	kunit_err(test, "packet %#x [%#llx, +%#llx)\n", packet.command,
		  packet.offset, packet.length);
	return false;
}

bool zxp_world_silent(struct file *file)
{
	struct zxp_packet packet;
	ssize_t ret;

	return !zxp_world_read(file, &packet, &ret);
}

/* Do so many tasks wait, soon? */
bool zxp_world_waiting(struct zxp_world *w, unsigned int vmo, u64 waiting)
{
	struct zxp_source *source = zxp_world_vmo(w, vmo)->source;

	return zxp_kunit_poll(zxp_kunit_waiting(source) == waiting);
}
