// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim: clean pages go without a word and are asked for again, all others stay.
 * What a memory limit does is in zxp_memcg.c.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/uio.h>

#include "kselftest_harness.h"
#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define PAGES		32
#define BYTES(pages)	((pages) * page_size)
#define resident(vmo)	(vmo_info(vmo).out_resident / page_size)

PAGER_FIXTURE(evict);

/* Read some of it in the calling thread, with a server at hand. */
#define read_all(vmo, pages) do {					\
	struct client *__c = client_new(ACC_VMO_READ, vmo, 0, pages);	\
									\
	client_run(__c);						\
	ASSERT_TRUE(client_good(__c));					\
} while (0)

TEST_F(evict, clean)
{
	struct test_vmo *vmo = new_vmo(PAGES);
	struct server s;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, PAGES));
	EXPECT_EQ(PAGES, resident(vmo));
	ASSERT_TRUE(drop_caches(1));
	EXPECT_EQ(0, resident(vmo));
	EXPECT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(thread_check_vmar(&self->t[0], vmo, 5, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 5, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 5, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(server_start(&s, &self->p));
	read_all(vmo, PAGES);
	EXPECT_TRUE(server_end(&s));
	EXPECT_EQ(PAGES - 1, s.pages);
}

TEST_F(evict, mapped)
{
	struct test_vmo *vmo = new_vmo(PAGES);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, PAGES));
	EXPECT_TRUE(vmo_matches(vmo, 0, 8, vmo->map));
	ASSERT_TRUE(drop_caches(1));
	/* drop_caches is not for mapped pages, so those still are there. */
	EXPECT_LE(8, resident(vmo));
	EXPECT_TRUE(vmo_matches(vmo, 0, 8, vmo->map));
	EXPECT_EQ(0, vmo_info(vmo).out_read_packets);
	ASSERT_EQ(0, munmap(vmo->map, BYTES(PAGES)));
	vmo->map = NULL;
	ASSERT_TRUE(drop_caches(1));
	EXPECT_EQ(0, resident(vmo));
	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 3, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 3, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 3, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
}

static const uint64_t mark = 0x600d600d600d600dULL;

TEST_F(evict, written_pages_stay)
{
	struct test_vmo *vmo = new_vmo(PAGES);
	uint64_t word;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, PAGES));
	ASSERT_EQ(8, pwrite(vmo->fd, &mark, 8, BYTES(1)));
	*(volatile uint64_t *)(vmo->map + BYTES(2)) = mark;
	test_zxp(vmo_write, vmo->fd, BYTES(3), 8, &mark);
	ASSERT_EQ(0, munmap(vmo->map, BYTES(PAGES)));
	vmo->map = NULL;
	for (int i = 0; i < 3; i++) {
		ASSERT_TRUE(drop_caches(3));
		EXPECT_EQ(0, zxp_vmo_op_range(vmo->fd, ZXP_VMO_OP_DONT_NEED, 0,
					      BYTES(PAGES)));
		EXPECT_EQ(0, posix_fadvise(vmo->fd, 0, 0, POSIX_FADV_DONTNEED));
		EXPECT_EQ(3, resident(vmo));
	}
	for (int i = 1; i < 4; i++) {
		ASSERT_EQ(8, pread(vmo->fd, &word, 8, BYTES(i)));
		EXPECT_EQ(mark, word);
		ASSERT_EQ(8, pread(vmo->fd, &word, 8, BYTES(i) + 8));
		EXPECT_EQ(vmo_word(vmo, BYTES(i) / 8 + 1), word);
	}
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_F(evict, plain_pages_stay)
{
	int plain = zxp_create_plain(self->p.fd, BYTES(PAGES));
	char *buf = map_anon(PAGES), *back = map_anon(PAGES);
	struct zxp_vmo_info info;

	ASSERT_LE(0, plain);
	memset(buf, 0x3c, BYTES(PAGES));
	ASSERT_EQ((ssize_t)BYTES(8), pwrite(plain, buf, BYTES(8), BYTES(4)));
	ASSERT_TRUE(drop_caches(1));
	test_zxp(vmo_get_info, plain, &info);
	EXPECT_LE(BYTES(8), info.out_resident);
	ASSERT_EQ((ssize_t)BYTES(PAGES), pread(plain, back, BYTES(PAGES), 0));
	EXPECT_TRUE(is_zero(back, BYTES(4)));
	EXPECT_EQ(0, memcmp(back + BYTES(4), buf, BYTES(8)));
	EXPECT_TRUE(is_zero(back + BYTES(12), BYTES(PAGES - 12)));
	close(plain);
}

/* Pages that came from a plain VMO are like any others once they are there. */
TEST_F(evict, moved_pages_go)
{
	struct test_vmo *vmo = new_vmo(PAGES);

	ASSERT_TRUE(pager_supply_aux(&self->p, vmo, 0, PAGES, 0));
	EXPECT_EQ(PAGES, resident(vmo));
	ASSERT_TRUE(drop_caches(1));
	EXPECT_EQ(0, resident(vmo));
	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
}

/* What is known to be zero needs no asking, with or without a page. */
TEST_F(evict, zero_markers_stay)
{
	struct test_vmo *vmo = new_vmo(8);

	ASSERT_TRUE(pager_supply_zero(&self->p, vmo, 0, 8));
	EXPECT_EQ(0, resident(vmo));
	EXPECT_TRUE(is_zero(vmo->map, BYTES(4)));
	ASSERT_EQ(0, munmap(vmo->map, BYTES(8)));
	vmo->map = NULL;
	ASSERT_TRUE(drop_caches(1));
	self->t[0].zero = true;
	ASSERT_TRUE(thread_check_vmo(&self->t[0], vmo, 0, 8));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(0, vmo_info(vmo).out_read_packets);
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_F(evict, fadvise)
{
	struct test_vmo *vmo = new_vmo(PAGES);
	unsigned int page;

	/* What a large folio would hold goes only with all of it. */
	for (page = 0; page < PAGES; page += 8)
		ASSERT_TRUE(pager_supply(&self->p, vmo, page, 8));
	ASSERT_TRUE(drain_lru());
	EXPECT_EQ(0, posix_fadvise(vmo->fd, BYTES(8), BYTES(8), POSIX_FADV_DONTNEED));
	EXPECT_EQ(PAGES - 8, resident(vmo));
	EXPECT_EQ(0, posix_fadvise(vmo->fd, 0, 0, POSIX_FADV_DONTNEED));
	EXPECT_EQ(0, resident(vmo));
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_F(evict, dont_need)
{
	struct test_vmo *vmo = new_vmo(PAGES);
	struct server s;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 8, 16));
	/* A hint asks for nothing, and only clean pages may go by it. */
	*(volatile uint64_t *)(vmo->map + BYTES(9)) = mark;
	EXPECT_EQ(0, zxp_vmo_op_range(vmo->fd, ZXP_VMO_OP_DONT_NEED, 0,
				      BYTES(PAGES)));
	EXPECT_TRUE(pager_idle(&self->p));
	EXPECT_EQ(0, vmo_info(vmo).out_requests);
	EXPECT_EQ(mark, *(volatile uint64_t *)(vmo->map + BYTES(9)));
	ASSERT_TRUE(server_start(&s, &self->p));
	EXPECT_TRUE(vmo_matches(vmo, 10, 14, vmo->map + BYTES(10)));
	EXPECT_TRUE(server_end(&s));
}

/* Nobody has to be there for reclaim: the pager is closed, or the VMO detached. */
TEST_F(evict, pager_closed)
{
	struct test_vmo *vmo = new_vmo(PAGES);
	char byte;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, PAGES));
	pager_close(&self->p);
	ASSERT_EQ(1, pread(vmo->fd, &byte, 1, 0));
	ASSERT_TRUE(drop_caches(1));
	EXPECT_EQ(0, resident(vmo));
	EXPECT_EQ(-1, pread(vmo->fd, &byte, 1, 0));
	EXPECT_EQ(ESTALE, errno);
	EXPECT_TRUE(crashes(vmo->map, SIGBUS));
}

/* Pinned pages are somebody's: they stay and so does what is in them. */
TEST_F(evict, pinned)
{
	struct test_vmo *vmo = new_vmo(4);
	struct iovec iov = { vmo->map, BYTES(2) };
	char *buf = map_anon(2);
	int pipefd[2];

	ASSERT_EQ(0, pipe(pipefd));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	ASSERT_EQ((ssize_t)BYTES(2), vmsplice(pipefd[1], &iov, 1, 0));
	ASSERT_EQ(0, munmap(vmo->map, BYTES(4)));
	vmo->map = NULL;
	ASSERT_TRUE(drop_caches(1));
	EXPECT_EQ(2, resident(vmo));
	ASSERT_EQ((ssize_t)BYTES(2), read(pipefd[0], buf, BYTES(2)));
	EXPECT_TRUE(vmo_matches(vmo, 0, 2, buf));
	close(pipefd[0]);
	close(pipefd[1]);
	ASSERT_TRUE(drop_caches(1));
	EXPECT_EQ(0, resident(vmo));
}

/* Who has a page may be about to write to it, so a hint does not take it away. */
TEST_F(evict, held)
{
	struct test_vmo *vmo = new_vmo(4);
	struct iovec iov = { vmo->map + BYTES(1), BYTES(2) };
	int pipefd[2];

	ASSERT_EQ(0, pipe(pipefd));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	ASSERT_EQ((ssize_t)BYTES(2), vmsplice(pipefd[1], &iov, 1, 0));
	ASSERT_EQ(0, munmap(vmo->map, BYTES(4)));
	vmo->map = NULL;
	ASSERT_TRUE(drain_lru());
	EXPECT_EQ(0, zxp_vmo_op_range(vmo->fd, ZXP_VMO_OP_DONT_NEED, 0, BYTES(4)));
	EXPECT_EQ(2, resident(vmo));
	EXPECT_EQ(0, posix_fadvise(vmo->fd, 0, 0, POSIX_FADV_DONTNEED));
	EXPECT_EQ(2, resident(vmo));
	close(pipefd[0]);
	close(pipefd[1]);
	ASSERT_TRUE(drain_lru());
	EXPECT_EQ(0, zxp_vmo_op_range(vmo->fd, ZXP_VMO_OP_DONT_NEED, 0, BYTES(4)));
	EXPECT_EQ(0, resident(vmo));
}

/* A page may be evicted before who asked for it looks: it just asks again. */
TEST_F(evict, while_reading)
{
	struct test_vmo *vmo = new_vmo(256);
	struct client *c[4];
	struct server s;
	unsigned int dropped = 0;
	bool running = true;

	ASSERT_TRUE(server_start(&s, &self->p));
	for (int round = 0; round < 6; round++) {
		for (int i = 0; i < 4; i++) {
			c[i] = client_new(i % 2 ? ACC_VMO_READ : ACC_PREAD, vmo,
					  i * 32, 128);
			ASSERT_TRUE(client_thread(c[i]));
		}
		for (running = true; running; dropped++) {
			ASSERT_TRUE(drop_caches(1));
			running = false;
			for (int i = 0; i < 4; i++)
				running |= client_running(c[i]);
		}
		for (int i = 0; i < 4; i++) {
			ASSERT_TRUE(client_good(c[i]));
		}
	}
	EXPECT_TRUE(server_end(&s));
	EXPECT_LE(6, dropped);
	EXPECT_LT(224, s.pages);
	EXPECT_EQ(0, vmo_info(vmo).out_requests);
}

/* Loads of pages that go away under them. */
TEST_F(evict, while_loading)
{
	struct test_vmo *vmo = new_vmo(64);
	struct server s;

	ASSERT_TRUE(server_start(&s, &self->p));
	for (int round = 0; round < 10; round++) {
		char *map = mmap(NULL, BYTES(64), PROT_READ, MAP_SHARED, vmo->fd, 0);

		ASSERT_NE(MAP_FAILED, map);
		for (int i = 0; i < 4; i++) {
			ASSERT_TRUE(thread_check_at(&self->t[i], vmo, map, i * 16,
						    16));
		}
		ASSERT_TRUE(drop_caches(1));
		for (int i = 0; i < 4; i++) {
			ASSERT_TRUE(thread_wait(&self->t[i]));
		}
		ASSERT_EQ(0, munmap(map, BYTES(64)));
		ASSERT_TRUE(drop_caches(1));
	}
	EXPECT_TRUE(server_end(&s));
	EXPECT_LE(64, s.pages);
}

PAGER_DATA(evict_child);
FIXTURE_VARIANT(evict_child)
{
	enum vmo_kind kind;
};
FIXTURE_VARIANT_ADD(evict_child, Copy) { .kind = KIND_COPY };
FIXTURE_VARIANT_ADD(evict_child, Slice) { .kind = KIND_SLICE };
FIXTURE_VARIANT_ADD(evict_child, SliceOfCopy) { .kind = KIND_SLICE_OF_COPY };
FIXTURE_VARIANT_ADD(evict_child, Snapshot) { .kind = KIND_SNAPSHOT };

/* No mapping of the VMO itself, and all of it is there, page by page. */
#define new_parent_of(child) do {					\
	ASSERT_NE(NULL, child);						\
	ASSERT_EQ(0, munmap((child)->root->map, BYTES(PAGES)));		\
	(child)->root->map = NULL;					\
	for (int __page = 0; __page < PAGES; __page++)			\
		ASSERT_TRUE(pager_supply(&self->p, (child)->root, __page, 1));	\
} while (0)

/* A page of the VMO that nobody but a child maps goes, and is asked for by the child. */
TEST_F(evict_child, mapped)
{
	struct test_vmo *child = pager_create_kind(&self->p, variant->kind, PAGES, 0);

	new_parent_of(child);
	EXPECT_TRUE(vmo_matches(child, 0, PAGES, child->map));
	ASSERT_TRUE(drain_lru());
	ASSERT_EQ(0, madvise(child->map, BYTES(PAGES), MADV_PAGEOUT));
	EXPECT_EQ(0, resident(child->root));
	EXPECT_FALSE(is_mapped(child->map + BYTES(5)));
	EXPECT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(thread_check_vmar(&self->t[0], child, 5, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, child->root, 5, 1));
	ASSERT_TRUE(pager_supply(&self->p, child->root, 5, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_EQ(1, resident(child->root));
}

/* KPF_REFERENCED: reclaim takes others first. */
#define is_young(addr)	(page_flags(addr) & 1ULL << 2)

/* What is read through a child is in use, as if it was read of the VMO itself. */
TEST_F(evict_child, read_pages_are_young)
{
	struct test_vmo *child = pager_create_kind(&self->p, variant->kind, PAGES, 0);
	struct test_vmo *ways[] = { child->root, child };
	char *map, byte;

	new_parent_of(child);
	map = mmap(NULL, BYTES(PAGES), PROT_READ, MAP_SHARED, child->root->fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_TRUE(vmo_matches(child, 0, PAGES, map));
	if (!page_flags(map))
		SKIP(return, "the kernel does not tell of pages here");
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		char *read = map + BYTES(2 * i), *ioctl = read + BYTES(1);

		EXPECT_FALSE(is_young(read));
		EXPECT_EQ(1, pread(ways[i]->fd, &byte, 1, BYTES(2 * i)));
		EXPECT_TRUE(is_young(read)) TH_LOG("way %zu", i);
		EXPECT_FALSE(is_young(ioctl));
		EXPECT_EQ(0, zxp_vmo_read(ways[i]->fd, BYTES(2 * i + 1), 1, &byte));
		EXPECT_TRUE(is_young(ioctl)) TH_LOG("way %zu", i);
	}
	EXPECT_FALSE(is_young(map + BYTES(4)));
	munmap(map, BYTES(PAGES));
}

/* What was stored by a child is its own or dirty, and stays, unlike what is under it. */
TEST_F(evict_child, stored_pages_stay)
{
	struct test_vmo *child = pager_create_kind(&self->p, variant->kind, PAGES, 0);
	bool copy = kind_is_copy(variant->kind);

	new_parent_of(child);
	EXPECT_TRUE(vmo_matches(child, 0, PAGES, child->map));
	word_at(child, 2) = mark;
	ASSERT_TRUE(vmo_put(child, 3, mark));
	for (int i = 0; i < 3; i++) {
		ASSERT_TRUE(drain_lru());
		ASSERT_EQ(0, madvise(child->map, BYTES(PAGES), MADV_PAGEOUT));
		EXPECT_EQ(0, zxp_vmo_op_range(child->fd, ZXP_VMO_OP_DONT_NEED, 0,
					      BYTES(PAGES)));
		ASSERT_TRUE(drop_caches(3));
		EXPECT_EQ(copy ? 0 : 2, resident(child->root));
		if (variant->kind == KIND_COPY || variant->kind == KIND_SNAPSHOT)
			EXPECT_EQ(2, child_own_pages(child));
	}
	EXPECT_TRUE(vmo_word_is(child, 2, mark));
	EXPECT_TRUE(vmo_word_is(child, 3, mark));
	EXPECT_TRUE(pager_idle(&self->p));
	EXPECT_EQ(0, vmo_info(child->root).out_read_packets);
	/* The rest of it can be had again, and the VMO has nothing of what a copy has. */
	ASSERT_TRUE(thread_check_vmo(&self->t[0], child->root, 4, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, child->root, 4, 1));
	ASSERT_TRUE(pager_supply(&self->p, child->root, 4, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(vmo_matches(child, 4, 1, child->map + BYTES(4)));
	if (!copy)
		return;
	ASSERT_TRUE(thread_check_vmo(&self->t[0], child->root, 2, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, child->root, 2, 1));
	ASSERT_TRUE(pager_supply(&self->p, child->root, 2, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	EXPECT_TRUE(vmo_word_is(child, 2, mark));
}

/* Pages move to other places in memory, and nobody notices. */
TEST_F(evict, compaction)
{
	struct test_vmo *vmo = new_vmo(1024);

	if (access("/proc/sys/vm/compact_memory", W_OK))
		SKIP(return, "no compaction here");
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1024));
	for (int i = 0; i < 1024; i += 3)
		*(volatile uint64_t *)(vmo->map + BYTES(i)) = mark;
	ASSERT_EQ(0, write_file("/proc/sys/vm/compact_memory", "1"));
	for (int i = 0; i < 1024; i++) {
		if (i % 3 == 0) {
			EXPECT_EQ(mark, *(volatile uint64_t *)(vmo->map + BYTES(i)));
			*(volatile uint64_t *)(vmo->map + BYTES(i)) =
				vmo_word(vmo, BYTES(i) / 8);
		}
	}
	EXPECT_TRUE(vmo_matches(vmo, 0, 1024, vmo->map));
	EXPECT_EQ(0, vmo_info(vmo).out_read_packets);
}

TEST_HARNESS_MAIN
