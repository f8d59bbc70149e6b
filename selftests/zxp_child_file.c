// SPDX-License-Identifier: GPL-2.0
/*
 * A child is a descriptor as any other: it is passed on and opened anew, is a loop device, and
 * is filled by calls that know nothing of it. What is only read of it that way is in
 * zxp_access.c.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "kselftest_harness.h"
#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"
#include "lib/loop.h"

#define BYTES(pages)	((pages) * page_size)
#define PAGES		16
#define FROM		4	/* what is stored to, from this page on */
#define STORED		2	/* so many pages */

FIXTURE(child_file)
{
	struct user_pager p;
	struct server s;
	struct test_vmo *child;
};

FIXTURE_VARIANT(child_file)
{
	enum vmo_kind kind;
};

FIXTURE_VARIANT_ADD(child_file, Copy) { .kind = KIND_COPY };
FIXTURE_VARIANT_ADD(child_file, Slice) { .kind = KIND_SLICE };
FIXTURE_VARIANT_ADD(child_file, SliceOfCopy) { .kind = KIND_SLICE_OF_COPY };
FIXTURE_VARIANT_ADD(child_file, Reference) { .kind = KIND_REFERENCE };
FIXTURE_VARIANT_ADD(child_file, Snapshot) { .kind = KIND_SNAPSHOT };

/* Nothing of it is there, and it is served. */
FIXTURE_SETUP(child_file)
{
	ASSERT_TRUE(user_pager_init(&self->p));
	self->child = pager_create_kind(&self->p, variant->kind, PAGES, 0);
	ASSERT_NE(NULL, self->child);
	ASSERT_TRUE(server_start(&self->s, &self->p));
}

FIXTURE_TEARDOWN(child_file)
{
	EXPECT_TRUE(server_end(&self->s));
	user_pager_fini(&self->p);
}

/* Those pages are new, all others as before, and whose they are is as the kind says. */
#define EXPECT_FILLED() do {						\
	struct test_vmo *__root = self->child->root;			\
									\
	EXPECT_TRUE(vmo_has(self->child, 0, FROM, SUPPLIED));		\
	EXPECT_TRUE(vmo_has(self->child, FROM, STORED, WRITTEN));	\
	EXPECT_TRUE(vmo_shows(self->child, FROM, STORED, WRITTEN));	\
	EXPECT_TRUE(vmo_shows(self->child, FROM + STORED,		\
			      PAGES - FROM - STORED, SUPPLIED));	\
	if (kind_is_copy(variant->kind)) {				\
		EXPECT_TRUE(is_clean(__root));				\
		EXPECT_TRUE(vmo_has(__root, 0, PAGES, SUPPLIED));	\
	} else {							\
		EXPECT_TRUE(is_dirty(__root, DATA(FROM, STORED)));	\
		EXPECT_TRUE(vmo_has(__root, FROM, STORED, WRITTEN));	\
	}								\
} while (0)

TEST_F(child_file, loop_device)
{
	char path[32], *buf = map_anon(PAGES);
	int loop = loop_over(self->child->fd, 0, path);

	if (loop == -ENODEV)
		SKIP(return, "no loop devices here");
	ASSERT_LE(0, loop);
	ASSERT_EQ((ssize_t)BYTES(FROM), pread(loop, buf, BYTES(FROM), 0));
	EXPECT_TRUE(vmo_matches(self->child, 0, FROM, buf));
	EXPECT_LE(1, vmo_info(self->child->root).out_read_packets);
	fill_written(self->child, FROM, STORED, buf);
	ASSERT_EQ((ssize_t)BYTES(STORED), pwrite(loop, buf, BYTES(STORED), BYTES(FROM)));
	ASSERT_EQ(0, fsync(loop));
	ASSERT_EQ(0, loop_end(loop));
	EXPECT_FILLED();
}

/* By a pipe, or out of another file, to where in the child @at is. */
static ssize_t fill_by_splice(int from, int to, loff_t *at)
{
	ssize_t n = -1;
	int p[2];

	if (pipe2(p, O_CLOEXEC))
		return -1;
	if (splice(from, NULL, p[1], NULL, BYTES(STORED), 0) == (ssize_t)BYTES(STORED))
		n = splice(p[0], NULL, to, at, BYTES(STORED), 0);
	close(p[0]);
	close(p[1]);
	return n;
}

static ssize_t fill_by_sendfile(int from, int to, loff_t *at)
{
	if (lseek(to, *at, SEEK_SET) != *at)
		return -1;
	return sendfile(to, from, NULL, BYTES(STORED));
}

static ssize_t fill_by_copy_range(int from, int to, loff_t *at)
{
	return copy_file_range(from, NULL, to, at, BYTES(STORED), 0);
}

/* A plain VMO of what is to be stored. */
#define new_source() ({							\
	struct test_vmo *__plain = pager_create_plain(&self->p, STORED, 0);	\
	char *__content = map_anon(STORED);				\
									\
	ASSERT_NE(NULL, __plain);					\
	fill_written(self->child, FROM, STORED, __content);		\
	ASSERT_EQ((ssize_t)BYTES(STORED),				\
		  pwrite(__plain->fd, __content, BYTES(STORED), 0));	\
	munmap(__content, BYTES(STORED));				\
	__plain;							\
})

#define expect_filled_by(fill, source) do {				\
	struct test_vmo *__source = source;				\
	loff_t __at = BYTES(FROM);					\
									\
	ASSERT_EQ((ssize_t)BYTES(STORED),				\
		  fill(__source->fd, self->child->fd, &__at));		\
	EXPECT_FILLED();						\
} while (0)

TEST_F(child_file, splice)
{
	expect_filled_by(fill_by_splice, new_source());
}

TEST_F(child_file, sendfile)
{
	expect_filled_by(fill_by_sendfile, new_source());
}

TEST_F(child_file, copy_file_range)
{
	struct test_vmo *source = new_source();

	/* Copies and slices are in another file system than VMOs. */
	if (variant->kind != KIND_REFERENCE) {
		EXPECT_EQ(-1, fill_by_copy_range(source->fd, self->child->fd,
						 &(loff_t){ BYTES(FROM) }));
		EXPECT_EQ(EXDEV, errno);
		source = new_child(source, ZXP_CHILD_SNAPSHOT, 0, STORED);
	}
	expect_filled_by(fill_by_copy_range, source);
}

/* Another process, that has it by a socket alone, opens it anew and stores by a mapping. */
struct receiver {
	int sock;
	struct test_vmo *child;		/* of which it looks at key and size */
};

static int receive_and_store(void *arg)
{
	const struct receiver *r = arg;
	int fd, again, ro;
	char *map;

	munmap(r->child->map, BYTES(PAGES));
	close(r->child->fd);
	fd = recv_fd(r->sock);
	again = reopen(fd, O_RDWR);
	ro = reopen(again, O_RDONLY);
	if (fd < 0 || again < 0 || ro < 0 || pwrite(ro, "x", 1, 0) >= 0)
		return 1;
	close(fd);
	map = mmap(NULL, BYTES(PAGES), PROT_READ | PROT_WRITE, MAP_SHARED, again, 0);
	close(again);
	if (map == MAP_FAILED)
		return 2;
	fill_written(r->child, FROM, STORED, map + BYTES(FROM));
	map = mmap(NULL, BYTES(PAGES), PROT_READ, MAP_SHARED, ro, 0);
	if (map == MAP_FAILED || !vmo_matches(r->child, 0, FROM, map))
		return 3;
	return content_is(r->child, FROM, STORED, WRITTEN, map + BYTES(FROM)) ? 0 : 4;
}

TEST_F(child_file, passed_and_opened_anew)
{
	int sock[2];
	struct receiver r;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	r = (struct receiver){ sock[1], self->child };
	pid = child_start(receive_and_store, &r);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, send_fd(sock[0], self->child->fd));
	ASSERT_TRUE(child_wait(pid, 0));
	close(sock[0]);
	close(sock[1]);
	EXPECT_FILLED();
}

/* It stays what it is when all that is left of it is on its way. */
TEST_F(child_file, on_its_way)
{
	uint64_t key = self->child->key, mark = 0x600d;
	int sock[2], fd;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	ASSERT_TRUE(vmo_put(self->child, FROM, mark));
	ASSERT_EQ(0, send_fd(sock[0], self->child->fd));
	vmo_release(self->child);
	fd = recv_fd(sock[1]);
	ASSERT_LE(0, fd);
	self->child = pager_adopt_vmo(&self->p, fd, key, PAGES, PROT_READ | PROT_WRITE);
	ASSERT_NE(NULL, self->child);
	EXPECT_TRUE(vmo_word_is(self->child, FROM, mark));
	EXPECT_TRUE(vmo_shows(self->child, 0, FROM, SUPPLIED));
	close(sock[0]);
	close(sock[1]);
}

/* Its mode is for who opens it anew, and for nothing else. */
TEST_F(child_file, mode)
{
	struct stat st;

	ASSERT_EQ(0, fchmod(self->child->fd, 06640));
	ASSERT_EQ(0, fstat(self->child->fd, &st));
	EXPECT_EQ(0640, st.st_mode & 07777);
}

TEST_HARNESS_MAIN
