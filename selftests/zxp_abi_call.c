// SPDX-License-Identifier: GPL-2.0
/*
 * What holds for the structure of every ioctl: its size, pointer, flags, reserved
 * fields and kind of descriptor, each wrong in turn.
 */
#define _GNU_SOURCE
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "kselftest_harness.h"
#include "lib/child.h"
#include "lib/client.h"
#include "lib/world.h"

union any_arg {
	uint32_t size;
	struct zxp_info info;
	struct zxp_create_port create_port;
	struct zxp_create_vmo create_vmo;
	struct zxp_detach_vmo detach_vmo;
	struct zxp_supply_pages supply_pages;
	struct zxp_supply_ranges supply_ranges;
	struct zxp_op_range op_range;
	struct zxp_query_dirty_ranges query;
	struct zxp_query_vmo_stats stats;
	struct zxp_query_vmo_key key;
	struct zxp_begin_generation begin;
	struct zxp_list_vmos list;
	struct zxp_open_vmo open;
	struct zxp_bind_vmo bind;
	struct zxp_vmo_info vmo_info;
	struct zxp_vmo_op_range vmo_op_range;
	struct zxp_vmo_io vmo_io;
	struct zxp_vmo_set_stream_size stream;
	struct zxp_vmo_create_child create_child;
	struct zxp_vmo_query_own query_own;
	char room[256];
};

FIXTURE(call)
{
	struct world w;
	int fd;				/* the right kind of descriptor */
	int copy;			/* of the VMO, if it is one */
	int wrong[3];			/* the wrong kinds */
	int nr_wrong;
	union any_arg arg;		/* valid, and without any effect */
};

FIXTURE_VARIANT(call)
{
	unsigned long nr;
	size_t size;
	size_t first_size;		/* of the first revision, if it was smaller */
	size_t flags;			/* offset of a field of flags, or 0 */
	uint32_t known;			/* flags that exist */
	size_t flags2, known2;
	size_t reserved;		/* offset of a field that must be 0, or 0 */
	size_t out;			/* first field to be written, or 0 */
	bool on_vmo;
	bool on_copy;
	bool creates;
};

#define OFF(type, field)	offsetof(struct type, field)

FIXTURE_VARIANT_ADD(call, GET_INFO) {
	.nr = ZXP_IOC_GET_INFO, .size = sizeof(struct zxp_info),
	.flags = OFF(zxp_info, flags), .reserved = OFF(zxp_info, reserved),
	.out = OFF(zxp_info, out_features),
};
FIXTURE_VARIANT_ADD(call, CREATE_PORT) {
	.nr = ZXP_IOC_CREATE_PORT, .size = sizeof(struct zxp_create_port),
	.flags = OFF(zxp_create_port, flags),
	.reserved = OFF(zxp_create_port, reserved),
	.out = OFF(zxp_create_port, out_fd), .creates = true,
};
FIXTURE_VARIANT_ADD(call, CREATE_VMO) {
	.nr = ZXP_IOC_CREATE_VMO, .size = sizeof(struct zxp_create_vmo),
	.first_size = OFF(zxp_create_vmo, max_size),
	.flags = OFF(zxp_create_vmo, flags),
	.known = ZXP_CREATE_PLAIN | ZXP_CREATE_SYNC | ZXP_CREATE_FIXED |
		 ZXP_CREATE_READ_ONLY | ZXP_CREATE_COPIES | ZXP_CREATE_SNAPSHOTS,
	.flags2 = OFF(zxp_create_vmo, options),
	.known2 = ZXP_VMO_RESIZABLE | ZXP_VMO_TRAP_DIRTY | ZXP_VMO_UNBOUNDED,
	.reserved = OFF(zxp_create_vmo, reserved),
	.out = OFF(zxp_create_vmo, out_fd), .creates = true,
};
FIXTURE_VARIANT_ADD(call, DETACH_VMO) {
	.nr = ZXP_IOC_DETACH_VMO, .size = sizeof(struct zxp_detach_vmo),
	.flags = OFF(zxp_detach_vmo, flags),
	.reserved = OFF(zxp_detach_vmo, reserved),
};
FIXTURE_VARIANT_ADD(call, SUPPLY_PAGES) {
	.nr = ZXP_IOC_SUPPLY_PAGES, .size = sizeof(struct zxp_supply_pages),
	.flags = OFF(zxp_supply_pages, flags), .known = ZXP_SUPPLY_AUX,
	.out = OFF(zxp_supply_pages, out_done),
};
FIXTURE_VARIANT_ADD(call, SUPPLY_RANGES) {
	.nr = ZXP_IOC_SUPPLY_RANGES, .size = sizeof(struct zxp_supply_ranges),
	.flags = OFF(zxp_supply_ranges, flags),
	.out = OFF(zxp_supply_ranges, out_ranges),
};
FIXTURE_VARIANT_ADD(call, OP_RANGE) {
	.nr = ZXP_IOC_OP_RANGE, .size = sizeof(struct zxp_op_range),
	.flags = OFF(zxp_op_range, flags),
};
FIXTURE_VARIANT_ADD(call, QUERY_DIRTY_RANGES) {
	.nr = ZXP_IOC_QUERY_DIRTY_RANGES,
	.size = sizeof(struct zxp_query_dirty_ranges),
	.flags = OFF(zxp_query_dirty_ranges, flags), .known = ZXP_QUERY_NO_AVAIL,
	.reserved = OFF(zxp_query_dirty_ranges, reserved),
	.out = OFF(zxp_query_dirty_ranges, out_actual),
};
FIXTURE_VARIANT_ADD(call, QUERY_VMO_STATS) {
	.nr = ZXP_IOC_QUERY_VMO_STATS,
	.size = sizeof(struct zxp_query_vmo_stats),
	.flags = OFF(zxp_query_vmo_stats, options), .known = ZXP_STATS_RESET,
	.out = OFF(zxp_query_vmo_stats, out_modified),
};
FIXTURE_VARIANT_ADD(call, QUERY_VMO_KEY) {
	.nr = ZXP_IOC_QUERY_VMO_KEY, .size = sizeof(struct zxp_query_vmo_key),
	.flags = OFF(zxp_query_vmo_key, flags),
	.reserved = OFF(zxp_query_vmo_key, reserved),
	.out = OFF(zxp_query_vmo_key, out_key),
};
FIXTURE_VARIANT_ADD(call, BEGIN_GENERATION) {
	.nr = ZXP_IOC_BEGIN_GENERATION, .size = sizeof(struct zxp_begin_generation),
	.flags = OFF(zxp_begin_generation, flags),
	.reserved = OFF(zxp_begin_generation, reserved),
	.out = OFF(zxp_begin_generation, out_fd), .creates = true,
};
FIXTURE_VARIANT_ADD(call, LIST_VMOS) {
	.nr = ZXP_IOC_LIST_VMOS, .size = sizeof(struct zxp_list_vmos),
	.flags = OFF(zxp_list_vmos, flags), .out = OFF(zxp_list_vmos, out_actual),
};
FIXTURE_VARIANT_ADD(call, OPEN_VMO) {
	.nr = ZXP_IOC_OPEN_VMO, .size = sizeof(struct zxp_open_vmo),
	.flags = OFF(zxp_open_vmo, flags), .reserved = OFF(zxp_open_vmo, reserved),
	.out = OFF(zxp_open_vmo, out_fd), .creates = true,
};
FIXTURE_VARIANT_ADD(call, BIND_VMO) {
	.nr = ZXP_IOC_BIND_VMO, .size = sizeof(struct zxp_bind_vmo),
	.flags = OFF(zxp_bind_vmo, flags), .reserved = OFF(zxp_bind_vmo, reserved),
};
FIXTURE_VARIANT_ADD(call, SET_TIME_LIMIT) {
	.nr = ZXP_IOC_SET_TIME_LIMIT, .size = sizeof(struct zxp_set_time_limit),
	.flags = OFF(zxp_set_time_limit, flags),
	.reserved = OFF(zxp_set_time_limit, reserved),
};
FIXTURE_VARIANT_ADD(call, VMO_GET_INFO) {
	.nr = ZXP_IOC_VMO_GET_INFO, .size = sizeof(struct zxp_vmo_info),
	.first_size = OFF(zxp_vmo_info, out_dirty_bytes),
	.flags = OFF(zxp_vmo_info, flags), .reserved = OFF(zxp_vmo_info, reserved),
	.out = OFF(zxp_vmo_info, out_flags), .on_vmo = true,
};
FIXTURE_VARIANT_ADD(call, VMO_OP_RANGE) {
	.nr = ZXP_IOC_VMO_OP_RANGE, .size = sizeof(struct zxp_vmo_op_range),
	.flags = OFF(zxp_vmo_op_range, flags),
	.reserved = OFF(zxp_vmo_op_range, reserved), .on_vmo = true,
};
FIXTURE_VARIANT_ADD(call, VMO_READ) {
	.nr = ZXP_IOC_VMO_READ, .size = sizeof(struct zxp_vmo_io),
	.flags = OFF(zxp_vmo_io, flags), .on_vmo = true,
};
FIXTURE_VARIANT_ADD(call, VMO_WRITE) {
	.nr = ZXP_IOC_VMO_WRITE, .size = sizeof(struct zxp_vmo_io),
	.flags = OFF(zxp_vmo_io, flags), .on_vmo = true,
};
FIXTURE_VARIANT_ADD(call, VMO_SET_STREAM_SIZE) {
	.nr = ZXP_IOC_VMO_SET_STREAM_SIZE,
	.size = sizeof(struct zxp_vmo_set_stream_size),
	.flags = OFF(zxp_vmo_set_stream_size, flags), .on_vmo = true,
};
FIXTURE_VARIANT_ADD(call, VMO_CREATE_CHILD) {
	.nr = ZXP_IOC_VMO_CREATE_CHILD,
	.size = sizeof(struct zxp_vmo_create_child),
	.first_size = OFF(zxp_vmo_create_child, name),
	.flags = OFF(zxp_vmo_create_child, options),
	.known = ZXP_CHILD_SNAPSHOT | ZXP_CHILD_RESIZABLE | ZXP_CHILD_SLICE |
		 ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE | ZXP_CHILD_NO_WRITE |
		 ZXP_CHILD_REFERENCE | ZXP_CHILD_SNAPSHOT_MODIFIED |
		 ZXP_CHILD_POINT_IN_TIME,
	.reserved = OFF(zxp_vmo_create_child, reserved),
	.out = OFF(zxp_vmo_create_child, out_fd), .on_vmo = true, .creates = true,
};

FIXTURE_VARIANT_ADD(call, VMO_QUERY_OWN) {
	.nr = ZXP_IOC_VMO_QUERY_OWN, .size = sizeof(struct zxp_vmo_query_own),
	.flags = OFF(zxp_vmo_query_own, flags),
	.out = OFF(zxp_vmo_query_own, out_actual), .on_vmo = true, .on_copy = true,
};

static uint64_t inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}

static void fill(union any_arg *arg, unsigned long nr, struct world *w)
{
	memset(arg, 0, sizeof(*arg));
	switch (nr) {
	case ZXP_IOC_CREATE_VMO:
		arg->create_vmo.port_fd = ZXP_PORT_OWN;
		break;
	case ZXP_IOC_DETACH_VMO:
		arg->detach_vmo.vmo_fd = w->detached->fd;
		break;
	case ZXP_IOC_SUPPLY_PAGES:
		arg->supply_pages.vmo_fd = w->vmo->fd;
		arg->supply_pages.aux_fd = -1;
		break;
	case ZXP_IOC_OP_RANGE:
		arg->op_range.op = ZXP_PAGER_OP_FAIL;
		arg->op_range.vmo_fd = w->vmo->fd;
		arg->op_range.length = page_size;
		arg->op_range.data = EIO;
		break;
	case ZXP_IOC_QUERY_DIRTY_RANGES:
		arg->query.vmo_fd = w->vmo->fd;
		arg->query.length = WORLD_PAGES * page_size;
		break;
	case ZXP_IOC_QUERY_VMO_STATS:
		arg->stats.vmo_fd = w->vmo->fd;
		break;
	case ZXP_IOC_QUERY_VMO_KEY:
		arg->key.vmo_fd = w->vmo->fd;
		break;
	case ZXP_IOC_OPEN_VMO:
		arg->open.id = inode_of(w->vmo->fd);
		break;
	case ZXP_IOC_BIND_VMO:
		arg->bind.vmo_fd = w->vmo->fd;
		arg->bind.port_fd = w->p.port;
		arg->bind.key = w->vmo->key;
		break;
	case ZXP_IOC_VMO_SET_STREAM_SIZE:
		/* As it is already. */
		arg->stream.stream_size = WORLD_PAGES * page_size;
		break;
	case ZXP_IOC_VMO_CREATE_CHILD:
		arg->create_child.options = ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE;
		arg->create_child.length = page_size;
		break;
	case ZXP_IOC_VMO_QUERY_OWN:
		arg->query_own.length = page_size;
		break;
	case ZXP_IOC_VMO_OP_RANGE:
		arg->vmo_op_range.op = ZXP_VMO_OP_PREFETCH;
		arg->vmo_op_range.offset = WORLD_RESIDENT * page_size;
		arg->vmo_op_range.length = page_size;
		break;
	}
}

FIXTURE_SETUP(call)
{
	struct world *w = &self->w;

	ASSERT_TRUE(world_init(w));
	fill(&self->arg, variant->nr, w);
	self->arg.size = variant->size;
	self->fd = variant->on_vmo ? w->vmo->fd : w->p.fd;
	/* It ends the pager as the world knows it. */
	if (variant->nr == ZXP_IOC_BEGIN_GENERATION)
		self->fd = w->other.fd;
	if (variant->on_copy) {
		/* Not where a descriptor that a call leaves open would be looked for. */
		self->copy = fcntl(zxp_create_child(w->vmo->fd, AT_LEAST, 0, page_size),
				   F_DUPFD, 500);
		ASSERT_LE(0, self->copy);
		ASSERT_EQ(0, close(w->next_fd));
		self->fd = self->copy;
	}
	self->wrong[0] = w->p.port;
	self->wrong[1] = variant->on_vmo ? w->p.fd : w->vmo->fd;
	self->wrong[2] = w->plain;
	self->nr_wrong = variant->on_vmo ? 2 : 3;
}

FIXTURE_TEARDOWN(call)
{
	if (variant->on_copy)
		close(self->copy);
	EXPECT_TRUE(world_intact(&self->w));
	world_fini(&self->w);
}

TEST_F(call, valid)
{
	struct world *w = &self->w;

	ASSERT_EQ(0, zxp_ioctl(self->fd, variant->nr, &self->arg));
	if (!variant->creates)
		return;
	/* And the descriptor is close-on-exec. */
	ASSERT_EQ(FD_CLOEXEC, fcntl(w->next_fd, F_GETFD));
	ASSERT_EQ(0, close(w->next_fd));
}

TEST_F(call, size_zero)
{
	self->arg.size = 0;
	EXPECT_EQ(-EINVAL, zxp_ioctl(self->fd, variant->nr, &self->arg));
}

TEST_F(call, size_too_small)
{
	self->arg.size = (variant->first_size ?: variant->size) - 1;
	EXPECT_EQ(-EINVAL, zxp_ioctl(self->fd, variant->nr, &self->arg));
	self->arg.size = sizeof(uint32_t);
	EXPECT_EQ(-EINVAL, zxp_ioctl(self->fd, variant->nr, &self->arg));
}

TEST_F(call, size_larger_with_zero_tail)
{
	self->arg.size = sizeof(self->arg);
	EXPECT_EQ(0, zxp_ioctl(self->fd, variant->nr, &self->arg));
	EXPECT_EQ(sizeof(self->arg), self->arg.size);
	if (variant->creates) {
		ASSERT_EQ(0, close(self->w.next_fd));
	}
}

TEST_F(call, size_larger_with_tail)
{
	self->arg.size = sizeof(self->arg);
	self->arg.room[variant->size] = 1;
	EXPECT_EQ(-E2BIG, zxp_ioctl(self->fd, variant->nr, &self->arg));
	self->arg.room[variant->size] = 0;
	self->arg.room[sizeof(self->arg) - 1] = 1;
	EXPECT_EQ(-E2BIG, zxp_ioctl(self->fd, variant->nr, &self->arg));
}

TEST_F(call, size_huge)
{
	size_t pages = 3;
	union any_arg *big = map_anon(pages);

	memcpy(big, &self->arg, sizeof(*big));
	big->size = pages * page_size;
	EXPECT_EQ(-E2BIG, zxp_ioctl(self->fd, variant->nr, big));
	big->size = UINT32_MAX;
	EXPECT_EQ(-E2BIG, zxp_ioctl(self->fd, variant->nr, big));
}

TEST_F(call, bad_pointer)
{
	char *page = map_anon(2), *end = page + page_size;

	ASSERT_EQ(0, mprotect(end, page_size, PROT_NONE));
	EXPECT_EQ(-EFAULT, zxp_ioctl(self->fd, variant->nr, NULL));
	EXPECT_EQ(-EFAULT, zxp_ioctl(self->fd, variant->nr, end));
	EXPECT_EQ(-EFAULT, zxp_ioctl(self->fd, variant->nr, (void *)-page_size));
	/* Its last byte is missing; then all but the size is. */
	memcpy(end - (variant->size - 1), &self->arg, variant->size - 1);
	EXPECT_EQ(-EFAULT, zxp_ioctl(self->fd, variant->nr,
				     end - (variant->size - 1)));
	memcpy(end - sizeof(uint32_t), &self->arg, sizeof(uint32_t));
	EXPECT_EQ(-EFAULT, zxp_ioctl(self->fd, variant->nr,
				     end - sizeof(uint32_t)));
}

/* Results that cannot be handed over fail, and what was made is gone again. */
TEST_F(call, read_only_structure)
{
	union any_arg *arg = map_anon(1);

	memcpy(arg, &self->arg, sizeof(*arg));
	ASSERT_EQ(0, mprotect(arg, page_size, PROT_READ));
	EXPECT_EQ(variant->out ? -EFAULT : 0,
		  zxp_ioctl(self->fd, variant->nr, arg));
}

TEST_F(call, wrong_kind)
{
	for (int i = 0; i < self->nr_wrong; i++) {
		EXPECT_EQ(-EMEDIUMTYPE,
			  zxp_ioctl(self->wrong[i], variant->nr, &self->arg));
	}
}

TEST_F(call, no_descriptor)
{
	int path = reopen(self->w.vmo->fd, O_PATH);

	EXPECT_EQ(-EBADF, zxp_ioctl(-1, variant->nr, &self->arg));
	EXPECT_EQ(-EBADF, zxp_ioctl(path, variant->nr, &self->arg));
	close(path);
}

/* All other fields are only read: the structure comes back as it was. */
TEST_F(call, inputs_only_read)
{
	size_t end = variant->out ? variant->out : variant->size;
	union any_arg arg = self->arg;

	ASSERT_EQ(0, zxp_ioctl(self->fd, variant->nr, &arg));
	EXPECT_EQ(0, memcmp(&arg, &self->arg, end));
	EXPECT_TRUE(is_zero(arg.room + variant->size,
			    sizeof(arg) - variant->size));
	if (variant->creates) {
		ASSERT_EQ(0, close(self->w.next_fd));
	}
}

static uint32_t *field(union any_arg *arg, size_t off)
{
	return (uint32_t *)(arg->room + off);
}

TEST_F(call, unknown_flags)
{
	for (int bit = 0; bit < 32; bit++) {
		if (variant->known & 1U << bit)
			continue;
		*field(&self->arg, variant->flags) = 1U << bit;
		EXPECT_EQ(-EINVAL, zxp_ioctl(self->fd, variant->nr, &self->arg)) {
			TH_LOG("flag bit %d", bit);
		}
	}
	*field(&self->arg, variant->flags) = 0;
	for (int bit = 0; variant->flags2 && bit < 32; bit++) {
		if (variant->known2 & 1U << bit)
			continue;
		*field(&self->arg, variant->flags2) = 1U << bit;
		EXPECT_EQ(-EINVAL, zxp_ioctl(self->fd, variant->nr, &self->arg)) {
			TH_LOG("option bit %d", bit);
		}
	}
}

TEST_F(call, reserved_not_zero)
{
	if (!variant->reserved)
		SKIP(return, "it has no reserved field");
	for (int bit = 0; bit < 32; bit++) {
		*field(&self->arg, variant->reserved) = 1U << bit;
		EXPECT_EQ(-EINVAL, zxp_ioctl(self->fd, variant->nr, &self->arg)) {
			TH_LOG("reserved bit %d", bit);
		}
	}
}

TEST_HARNESS_MAIN
