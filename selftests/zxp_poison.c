// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of a page fails. What the daemon has is asked for again; what it does not have
 * is lost, and nobody is given anything else for it, until it is written anew.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "kselftest_harness.h"
#include "lib/child.h"
#include "lib/client.h"
#include "lib/fixture.h"

#define BYTES(pages)	((pages) * page_size)

/* Of the VMO, and the page that fails. */
static uint64_t pages, bad;

FIXTURE(poison)
{
	struct user_pager p;
	struct test_thread t[1];
	struct test_vmo *vmo;
};

/* What the page is when that happens. */
FIXTURE_VARIANT(poison)
{
	uint32_t options;
	bool awaiting;
	bool many;		/* as are supplied in a large folio where that may be */
};

FIXTURE_VARIANT_ADD(poison, dirty) { .options = ZXP_VMO_RESIZABLE };
FIXTURE_VARIANT_ADD(poison, dirty_of_many)
{
	.options = ZXP_VMO_RESIZABLE, .many = true,
};
FIXTURE_VARIANT_ADD(poison, awaiting) { .options = ZXP_VMO_RESIZABLE, .awaiting = true };
FIXTURE_VARIANT_ADD(poison, trapped_dirty)
{
	.options = ZXP_VMO_RESIZABLE | ZXP_VMO_TRAP_DIRTY,
};
FIXTURE_VARIANT_ADD(poison, trapped_awaiting)
{
	.options = ZXP_VMO_RESIZABLE | ZXP_VMO_TRAP_DIRTY, .awaiting = true,
};

FIXTURE_SETUP(poison)
{
	if (!memory_can_fail())
		SKIP(return, "no CONFIG_MEMORY_FAILURE here");
	pages = variant->many ? (2 << 20) / page_size : 4;
	bad = variant->many ? 300 : 1;
	ASSERT_TRUE(user_pager_init(&self->p));
	self->vmo = pager_create_vmo_options(&self->p, pages, variant->options);
	ASSERT_NE(NULL, self->vmo);
	ASSERT_TRUE(pager_supply(&self->p, self->vmo, 0, pages));
}

FIXTURE_TEARDOWN(poison)
{
	user_pager_fini(&self->p);
}

#define traps(variant)	((variant)->options & ZXP_VMO_TRAP_DIRTY)

/* Pages that a write asks for, if it has to. */
#define allow(page, nr) do {							\
	if (traps(variant)) {							\
		ASSERT_TRUE(pager_wait_dirty(&self->p, self->vmo, page, nr));	\
		ASSERT_TRUE(pager_dirty(&self->p, self->vmo, page, nr));	\
	}									\
} while (0)

/* Two pages are unwritten, and the memory of the first one fails. */
#define lose_page() do {							\
	ASSERT_TRUE(thread_write_file(self->t, self->vmo, bad, 2));		\
	allow(bad, 2);								\
	ASSERT_TRUE(thread_wait(self->t));					\
	if (variant->awaiting)							\
		ASSERT_TRUE(pager_writeback_begin(&self->p, self->vmo, 0, pages)); \
	ASSERT_TRUE(memory_fails(self->vmo->fd, bad));				\
} while (0)

/* It is new, and the others are as they were. */
#define expect_new(what) do {							\
	EXPECT_TRUE(vmo_has(self->vmo, bad, 1, what));				\
	EXPECT_TRUE(vmo_has(self->vmo, bad + 1, 1, WRITTEN));			\
	EXPECT_TRUE(pager_idle(&self->p));					\
} while (0)

/* Nobody gets old content, or zeroes; and the daemon is not asked for either. */
TEST_F(poison, no_access)
{
	struct test_vmo *vmo = self->vmo;
	char buf[2] = "xx";

	lose_page();
	EXPECT_EQ(-1, pread(vmo->fd, buf, 1, BYTES(bad)));
	EXPECT_EQ(EIO, errno);
	EXPECT_TRUE(crashes(vmo->map + BYTES(bad), SIGBUS));
	EXPECT_TRUE(vmo_has(vmo, 0, 1, SUPPLIED));
	EXPECT_TRUE(vmo_has(vmo, bad + 1, 1, WRITTEN));
	if (!variant->awaiting || !traps(variant)) {
		EXPECT_EQ(-1, pwrite(vmo->fd, buf, 1, BYTES(bad) + 8));
		EXPECT_EQ(EIO, errno);
	}
	EXPECT_TRUE(store_crashes(vmo->map + BYTES(bad), SIGBUS));
	EXPECT_TRUE(pager_idle(&self->p));
}

/* A read of more ends before it. */
TEST_F(poison, short_read)
{
	char *buf = map_anon(pages);

	lose_page();
	EXPECT_EQ((ssize_t)BYTES(bad), pread(self->vmo->fd, buf, BYTES(pages), 0));
	EXPECT_TRUE(content_is(self->vmo, 0, bad, SUPPLIED, buf));
}

/* END does not say that it is stored, and others can be. */
TEST_F(poison, writeback)
{
	struct test_vmo *vmo = self->vmo;

	lose_page();
	EXPECT_TRUE(is_dirty(vmo, LOST(bad, 1), DATA(bad + 1, 1)));
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, pages));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, pages));
	EXPECT_TRUE(is_dirty(vmo, LOST(bad, 1)));
	ASSERT_TRUE(drop_caches(1));
	EXPECT_TRUE(crashes(vmo->map + BYTES(bad), SIGBUS));
	EXPECT_TRUE(is_dirty(vmo, LOST(bad, 1)));
}

/* Each open file is told once, without a daemon that knows of syncs. */
TEST_F(poison, fsync)
{
	int other = reopen(self->vmo->fd, O_RDWR);

	ASSERT_LE(0, other);
	lose_page();
	EXPECT_EQ(-1, fsync(self->vmo->fd));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(0, fsync(self->vmo->fd));
	EXPECT_EQ(-1, fsync(other));
	EXPECT_EQ(EIO, errno);
	close(other);
}

TEST_F(poison, written_anew)
{
	struct test_vmo *vmo = self->vmo;

	lose_page();
	ASSERT_TRUE(thread_write_file(self->t, vmo, bad, 1));
	if (variant->awaiting)
		allow(bad, 1);
	ASSERT_TRUE(thread_wait(self->t));
	expect_new(WRITTEN);
	EXPECT_TRUE(is_dirty(vmo, DATA(bad, 2)));
	EXPECT_TRUE(vmo_shows(vmo, bad, 1, WRITTEN));
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, pages));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, pages));
	EXPECT_TRUE(is_clean(vmo));
}

/* What cannot be written as a whole stays lost. */
TEST_F(poison, not_written_anew)
{
	struct test_vmo *vmo = self->vmo;
	char *buf = map_anon(2);
	struct iovec iov = { buf, page_size };

	if (traps(variant) && variant->awaiting)
		SKIP(return, "the daemon is asked first");
	lose_page();
	ASSERT_EQ(0, mprotect(buf + page_size, page_size, PROT_NONE));
	EXPECT_EQ(-1, pwrite(vmo->fd, buf + page_size / 2, page_size, BYTES(bad)));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, pwritev2(vmo->fd, &iov, 1, BYTES(bad), RWF_NOWAIT));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_TRUE(is_dirty(vmo, LOST(bad, 1), DATA(bad + 1, 1)));
}

TEST_F(poison, zeroed)
{
	lose_page();
	ASSERT_TRUE(vmo_zero(self->vmo, bad, 1));
	expect_new(ZEROES);
	EXPECT_TRUE(is_dirty(self->vmo, ZERO(bad, 1), DATA(bad + 1, 1)));
}

/* Zeroing a part of it does not make a page of it. */
TEST_F(poison, cut_in_it_and_off)
{
	struct test_vmo *vmo = self->vmo;

	lose_page();
	ASSERT_TRUE(thread_set_stream(self->t, vmo, BYTES(bad) + 8));
	if (variant->awaiting && traps(variant))
		allow(bad, 1);
	thread_join(self->t);
	EXPECT_TRUE(crashes(vmo->map + BYTES(bad), SIGBUS));
	ASSERT_TRUE(vmo_resize(vmo, bad));
	EXPECT_TRUE(is_clean(vmo));
	ASSERT_TRUE(vmo_resize(vmo, pages));
	EXPECT_TRUE(vmo_has(vmo, bad, 1, ZEROES));
	EXPECT_TRUE(pager_idle(&self->p));
}

/* The daemon has it. */
TEST_F(poison, clean)
{
	ASSERT_TRUE(memory_fails(self->vmo->fd, bad));
	ASSERT_TRUE(thread_check_read(self->t, self->vmo, bad, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, self->vmo, bad, 1));
	ASSERT_TRUE(pager_supply(&self->p, self->vmo, bad, 1));
	EXPECT_TRUE(thread_wait(self->t));
	EXPECT_EQ(0, fsync(self->vmo->fd));
}

/* It goes as a whole, and comes back as it can be had. */
TEST_F(poison, clean_in_large)
{
	uint64_t large = (2 << 20) / page_size;
	struct test_vmo *vmo;

	if (!variant->many)
		SKIP(return, "one look is enough");
	vmo = pager_create_vmo_flags(&self->p, BYTES(large), 0, ZXP_CREATE_READ_ONLY);
	ASSERT_NE(NULL, vmo);
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, large));
	ASSERT_TRUE(memory_fails(vmo->fd, bad));
	ASSERT_TRUE(thread_check_read(self->t, vmo, bad, 1));
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, bad, 1));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, large));
	EXPECT_TRUE(thread_wait(self->t));
	EXPECT_TRUE(vmo_has(vmo, 0, large, SUPPLIED));
	EXPECT_TRUE(is_clean(vmo));
	EXPECT_EQ(0, fsync(vmo->fd));
}

/* A supply takes pages out of a plain VMO, of which one has failed. */
FIXTURE(source)
{
	struct user_pager p;
	struct test_vmo *plain, *vmo;
};

FIXTURE_VARIANT(source)
{
	uint32_t flags;
	uint64_t pages, bad;
	bool present;		/* so that not each page is needed */
	bool of_copy;		/* of another plain VMO */
};

FIXTURE_VARIANT_ADD(source, first) { .pages = 4, .bad = 0 };
FIXTURE_VARIANT_ADD(source, in_a_batch) { .pages = 40, .bad = 21 };
FIXTURE_VARIANT_ADD(source, not_needed) { .pages = 40, .bad = 21, .present = true };
FIXTURE_VARIANT_ADD(source, of_copy) { .pages = 40, .bad = 21, .of_copy = true };
/* Where there are large folios: these come before it. */
FIXTURE_VARIANT_ADD(source, behind_large) {
	.flags = ZXP_CREATE_READ_ONLY, .pages = 600, .bad = 530,
};

FIXTURE_SETUP(source)
{
	uint64_t i;

	if (!memory_can_fail())
		SKIP(return, "no CONFIG_MEMORY_FAILURE here");
	ASSERT_TRUE(user_pager_init(&self->p));
	self->plain = pager_create_plain(&self->p, variant->pages, 0);
	if (self->plain && variant->of_copy)
		self->plain = vmo_create_child(self->plain, ZXP_CHILD_SNAPSHOT, 0,
					       variant->pages);
	self->vmo = pager_create_vmo_flags(&self->p, BYTES(variant->pages), 0, variant->flags);
	ASSERT_TRUE(self->plain && self->vmo);
	for (i = 0; i < variant->pages; i++)
		ASSERT_TRUE(vmo_put(self->plain, i, i + 1));
	if (variant->present)
		ASSERT_TRUE(pager_supply(&self->p, self->vmo, variant->bad, 1));
	ASSERT_TRUE(memory_fails(self->plain->fd, variant->bad));
}

FIXTURE_TEARDOWN(source)
{
	user_pager_fini(&self->p);
}

/* It stays, as does what follows, which another call may have. */
TEST_F(source, stays)
{
	const uint64_t bad = variant->bad, end = variant->pages;
	struct zxp_supply_pages arg = {
		.flags = ZXP_SUPPLY_AUX,
		.vmo_fd = self->vmo->fd,
		.aux_fd = self->plain->fd,
		.length = BYTES(end),
	};
	uint64_t i, word;

	EXPECT_EQ(-EIO, zxp_supply(self->p.fd, &arg));
	EXPECT_EQ(BYTES(bad), arg.out_done);
	for (i = 0; i < end; i++) {
		if (i == bad)
			continue;
		ASSERT_TRUE(vmo_word_is(self->plain, i, i < bad ? 0 : i + 1));
		if (i < bad)
			ASSERT_TRUE(vmo_word_is(self->vmo, i, i + 1));
	}
	EXPECT_EQ(-EIO, zxp_vmo_read(self->plain->fd, BYTES(bad), sizeof(word), &word));

	test_zxp(supply_aux, self->p.fd, self->vmo->fd, BYTES(bad + 1), BYTES(end - bad - 1),
		 self->plain->fd, BYTES(bad + 1));
	for (i = bad + 1; i < end; i++) {
		ASSERT_TRUE(vmo_word_is(self->plain, i, 0));
		ASSERT_TRUE(vmo_word_is(self->vmo, i, i + 1));
	}
	EXPECT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN
