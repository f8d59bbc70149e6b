// SPDX-License-Identifier: GPL-2.0
/*
 * What others see of a VMO's inode: times, notifications, its mode, and what limits the
 * size of a file. The calls of a VMO are like those of any file in this.
 */
#define _GNU_SOURCE
#include <linux/falloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "kselftest_harness.h"
#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define BYTES(pages)	((pages) * page_size)
#define STRANGER	1000

PAGER_FIXTURE(inode);

static int64_t ns(const struct timespec *ts)
{
	return ts->tv_sec * 1000000000LL + ts->tv_nsec;
}

/* As times of files are taken. */
static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME_COARSE, &ts);
	return ns(&ts);
}

/* A file, and who is told of what becomes of it. */
struct watched {
	int fd;
	int notify;
};

static bool watch(struct watched *w, int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	w->fd = fd;
	w->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	return inotify_add_watch(w->notify, path, IN_MODIFY) >= 0;
}

static bool notified(struct watched *w)
{
	char buf[4096];

	return read(w->notify, buf, sizeof(buf)) > 0;
}

/* From now on. */
static bool forget(struct watched *w)
{
	static const struct timespec past[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	notified(w);
	return !futimens(w->fd, past);
}

static bool has_new_times(struct watched *w)
{
	struct stat st;

	return !fstat(w->fd, &st) && st.st_mtim.tv_sec > 1;
}

/* What is done to a VMO of some pages of which the first ones have been supplied. */
static int write_byte(struct test_vmo *vmo)
{
	return pwrite(vmo->fd, "x", 1, 0) == 1 ? 0 : errno;
}

static int write_by_ioctl(struct test_vmo *vmo)
{
	return zxp_vmo_write(vmo->fd, 100, 1, "x");
}

static int zero_pages(struct test_vmo *vmo)
{
	return zxp_vmo_zero(vmo->fd, BYTES(1), BYTES(2));
}

static int zero_part(struct test_vmo *vmo)
{
	return zxp_vmo_zero(vmo->fd, 10, 20);
}

static int zero_range(struct test_vmo *vmo)
{
	return fallocate(vmo->fd, FALLOC_FL_ZERO_RANGE, 0, BYTES(1)) ? errno : 0;
}

static int punch_hole(struct test_vmo *vmo)
{
	return fallocate(vmo->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			 BYTES(1)) ? errno : 0;
}

static int remove_mapped(struct test_vmo *vmo)
{
	return madvise(page_at(vmo, 1), page_size, MADV_REMOVE) ? errno : 0;
}

static int store(struct test_vmo *vmo)
{
	word_at(vmo, 3) = 1;
	return 0;
}

static int stream_to_six(struct test_vmo *vmo)
{
	return zxp_set_stream_size(vmo->fd, BYTES(6));
}

static int stream_to_seven(struct test_vmo *vmo)
{
	return zxp_set_stream_size(vmo->fd, BYTES(7));
}

static int cut_to_five(struct test_vmo *vmo)
{
	return ftruncate(vmo->fd, BYTES(5)) ? errno : 0;
}

/* It does not tell the file system of times by itself. */
static int cut_by_path(struct test_vmo *vmo)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", vmo->fd);
	return truncate(path, BYTES(4)) ? errno : 0;
}

struct change {
	const char *name;
	int (*call)(struct test_vmo *vmo);
	bool mapped;		/* by a mapping, which is not one of a descriptor */
	bool silent;		/* nobody is told, as of any file */
};

#define CHANGE(fn, ...) { .name = #fn, .call = fn, __VA_ARGS__ }

static const struct change contents[] = {
	CHANGE(write_byte),
	CHANGE(write_by_ioctl),
	CHANGE(zero_pages),
	CHANGE(zero_part),
	CHANGE(zero_range),
	CHANGE(punch_hole),
	CHANGE(store, .mapped = true, .silent = true),
	CHANGE(remove_mapped, .mapped = true),
};

static const struct change sizes[] = {
	CHANGE(stream_to_six),
	CHANGE(stream_to_seven),
	CHANGE(cut_to_five),
	CHANGE(cut_by_path),
};

PAGER_DATA(inode_of);
FIXTURE_VARIANT(inode_of)
{
	enum vmo_kind kind;
	bool is_file;		/* a mapping is one of its descriptor's file */
	bool is_part;		/* the first VMO of the pager changes with it */
};
FIXTURE_VARIANT_ADD(inode_of, Vmo) { .kind = KIND_VMO, .is_file = true, .is_part = true };
FIXTURE_VARIANT_ADD(inode_of, Reference) {
	.kind = KIND_REFERENCE, .is_file = true, .is_part = true
};
FIXTURE_VARIANT_ADD(inode_of, Slice) { .kind = KIND_SLICE, .is_part = true };
FIXTURE_VARIANT_ADD(inode_of, Copy) { .kind = KIND_COPY };
FIXTURE_VARIANT_ADD(inode_of, SliceOfCopy) { .kind = KIND_SLICE_OF_COPY };
FIXTURE_VARIANT_ADD(inode_of, Snapshot) { .kind = KIND_SNAPSHOT };

TEST_F(inode_of, content_is_seen)
{
	struct test_vmo *vmo = pager_create_kind(&self->p, variant->kind, 8, 0);
	struct watched self_w, root_w, copy_w;
	char byte;

	ASSERT_NE(NULL, vmo);
	ASSERT_TRUE(watch(&self_w, vmo->fd));
	ASSERT_TRUE(watch(&root_w, self->p.vmos[0]->fd));
	ASSERT_TRUE(watch(&copy_w, self->p.vmos[self->p.nr_vmos > 1]->fd));
	ASSERT_TRUE(pager_supply(&self->p, vmo->root, 0, 8));
	for (size_t i = 0; i < ARRAY_SIZE(contents); i++) {
		const struct change *c = &contents[i];

		ASSERT_TRUE(forget(&self_w) && forget(&root_w) && forget(&copy_w));
		EXPECT_EQ(0, c->call(vmo)) TH_LOG("%s", c->name);
		EXPECT_TRUE(has_new_times(&self_w)) TH_LOG("%s", c->name);
		EXPECT_EQ(variant->is_part, has_new_times(&root_w)) TH_LOG("%s", c->name);
		/* Of a slice of it, too. */
		EXPECT_TRUE(has_new_times(&copy_w)) TH_LOG("%s", c->name);
		EXPECT_EQ(!c->silent && (!c->mapped || variant->is_file),
			  notified(&self_w)) TH_LOG("%s", c->name);
		EXPECT_EQ(!c->silent && variant->is_part, notified(&root_w))
			TH_LOG("%s", c->name);
	}
	/* And who only looks changes nothing. */
	ASSERT_TRUE(forget(&self_w) && forget(&root_w));
	EXPECT_EQ(0, zxp_vmo_read(vmo->fd, 100, 1, &byte));
	EXPECT_EQ(1, pread(vmo->fd, &byte, 1, 0));
	EXPECT_EQ(1, word_at(vmo, 3));
	EXPECT_EQ(0, zxp_vmo_op_range(vmo->fd, ZXP_VMO_OP_PREFETCH, 0, BYTES(4)));
	EXPECT_FALSE(has_new_times(&self_w) || has_new_times(&root_w));
	EXPECT_FALSE(notified(&self_w) || notified(&root_w));
	close(self_w.notify);
	close(root_w.notify);
	close(copy_w.notify);
}

/* What is left of a copy when its descriptors are gone is a mapping, which has no times. */
TEST_F(inode_of, mapping_goes_on)
{
	struct test_vmo *vmo = pager_create_kind(&self->p, variant->kind, 8, 0);

	ASSERT_NE(NULL, vmo);
	ASSERT_TRUE(pager_supply(&self->p, vmo->root, 0, 8));
	close(vmo->fd);
	vmo->fd = -1;
	EXPECT_EQ(0, store(vmo));
	EXPECT_EQ(0, remove_mapped(vmo));
	EXPECT_EQ(1, word_at(vmo, 3));
	EXPECT_EQ(0, word_at(vmo, 1));
}

/* A copy has one size. */
TEST_F(inode, sizes_are_seen)
{
	struct test_vmo *vmo = new_vmo_options(8, ZXP_VMO_RESIZABLE);
	struct test_vmo *copy = new_clone(vmo), *vmos[] = { copy, vmo };
	struct watched w;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 8));
	for (size_t which = 0; which < ARRAY_SIZE(vmos); which++) {
		ASSERT_TRUE(watch(&w, vmos[which]->fd));
		for (size_t i = which ? 0 : 2; i < ARRAY_SIZE(sizes); i++) {
			ASSERT_TRUE(forget(&w));
			EXPECT_EQ(0, sizes[i].call(vmos[which])) TH_LOG("%s", sizes[i].name);
			EXPECT_TRUE(has_new_times(&w)) TH_LOG("%s", sizes[i].name);
			EXPECT_TRUE(notified(&w)) TH_LOG("%s", sizes[i].name);
		}
		/* The same by that way is no change. */
		ASSERT_TRUE(forget(&w));
		EXPECT_EQ(0, cut_by_path(vmos[which]));
		EXPECT_FALSE(has_new_times(&w));
		close(w.notify);
	}
}

/* In a child, whom limits do not hurt. */
static int limited(int (*fn)(struct test_vmo *vmo), struct test_vmo *vmo)
{
	struct rlimit limit = { BYTES(4), BYTES(4) };
	int status;
	pid_t pid = fork();

	if (!pid) {
		signal(SIGXFSZ, SIG_IGN);
		_exit(setrlimit(RLIMIT_FSIZE, &limit) ? 255 : fn(vmo));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static int to_eight(struct test_vmo *vmo)
{
	return -zxp_set_stream_size(vmo->fd, BYTES(8));
}

static int to_four(struct test_vmo *vmo)
{
	return -zxp_set_stream_size(vmo->fd, BYTES(4));
}

static int zero_to_eight(struct test_vmo *vmo)
{
	return fallocate(vmo->fd, FALLOC_FL_ZERO_RANGE, 0, BYTES(8)) ? errno : 0;
}

static int zero_inside(struct test_vmo *vmo)
{
	return fallocate(vmo->fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 0,
			 BYTES(8)) ? errno : 0;
}

static int truncate_to_eight(struct test_vmo *vmo)
{
	return ftruncate(vmo->fd, BYTES(8)) ? errno : 0;
}

static int write_behind(struct test_vmo *vmo)
{
	return pwrite(vmo->fd, "x", 1, BYTES(7)) == 1 ? 0 : errno;
}

TEST_F(inode, file_size_limit)
{
	struct test_vmo *vmo = pager_create_vmo_flags(&self->p, 0, ZXP_VMO_UNBOUNDED, 0);

	ASSERT_NE(NULL, vmo);
	EXPECT_EQ(EFBIG, limited(to_eight, vmo));
	EXPECT_EQ(EFBIG, limited(zero_to_eight, vmo));
	EXPECT_EQ(EFBIG, limited(truncate_to_eight, vmo));
	EXPECT_EQ(EFBIG, limited(write_behind, vmo));
	EXPECT_EQ(0, vmo_info(vmo).out_stream_size);
	EXPECT_EQ(0, limited(zero_inside, vmo));
	EXPECT_EQ(0, limited(to_four, vmo));
	EXPECT_EQ(BYTES(4), vmo_info(vmo).out_stream_size);
}

/*
 * A truncation by somebody else waits for the daemon. What its owner changes meanwhile
 * stays so, and its time is that of its end.
 */
TEST_F(inode, truncation_undoes_nothing)
{
	struct test_vmo *vmo = new_vmo_options(8, ZXP_VMO_RESIZABLE);
	struct stat st;
	int64_t end;
	int status;
	pid_t pid;

	ASSERT_EQ(0, fchown(vmo->fd, STRANGER, STRANGER));
	ASSERT_EQ(0, fchmod(vmo->fd, 06666));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		if (setresgid(STRANGER, STRANGER, STRANGER) ||
		    setresuid(STRANGER, STRANGER, STRANGER))
			_exit(255);
		_exit(ftruncate(vmo->fd, BYTES(3) + 100) ? errno : 0);
	}
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 3, 1));
	ASSERT_EQ(0, fchmod(vmo->fd, 0600));
	ASSERT_EQ(0, fchown(vmo->fd, STRANGER, 0));
	/* The clock of files moves on. */
	end = now_ns();
	ASSERT_TRUE(wait_until(now_ns() > end));
	end = now_ns();
	ASSERT_TRUE(pager_supply(&self->p, vmo, 3, 1));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	ASSERT_EQ(0, fstat(vmo->fd, &st));
	EXPECT_EQ(S_IFREG | 0600, st.st_mode);
	EXPECT_EQ(0, st.st_gid);
	EXPECT_EQ((off_t)(BYTES(3) + 100), st.st_size);
	EXPECT_LE(end, ns(&st.st_mtim));
	EXPECT_LE(end, ns(&st.st_ctim));
}

/* A VMO is not executed, so there is nothing that a truncation would have to take away. */
TEST_F(inode, no_set_id_bits)
{
	struct test_vmo *vmo = new_vmo(1);
	struct stat st;

	ASSERT_EQ(0, fchmod(vmo->fd, 06755));
	ASSERT_EQ(0, fstat(vmo->fd, &st));
	EXPECT_EQ(S_IFREG | 0755, st.st_mode);
}

TEST_HARNESS_MAIN
