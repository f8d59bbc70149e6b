// SPDX-License-Identifier: GPL-2.0
/*
 * Zircon's tests of writing to and writing back what is pinned.
 *
 * A pin for writing is a fault for writing of each page in turn, so it traps. A page
 * that is pinned for reading cannot be told from one that is pinned for writing.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <kselftest_harness.h>

#include "lib/child.h"
#include "lib/fixture.h"
#include "lib/pin.h"

#define TRAP	ZXP_VMO_TRAP_DIRTY

FIXTURE(pinned)
{
	struct user_pager p;
	struct test_thread t[2];
	struct pin pin;
};

FIXTURE_VARIANT(pinned)
{
	bool trap;
};

FIXTURE_VARIANT_ADD(pinned, TrapDirty)
{
	.trap = true,
};

FIXTURE_VARIANT_ADD(pinned, NoTrapDirty)
{
	.trap = false,
};

FIXTURE_SETUP(pinned)
{
	ASSERT_TRUE(user_pager_init(&self->p));
}

FIXTURE_TEARDOWN(pinned)
{
	user_pager_fini(&self->p);
}

TEST_F(pinned, PinForRead)
{
	struct test_vmo *vmo = new_trap_vmo(1);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pin_start(&self->pin, vmo, 0, 1, false));
	ASSERT_TRUE(pin_held(&self->pin));
	ASSERT_TRUE(is_clean(vmo));
	EXPECT_FALSE(was_modified(vmo));
	ASSERT_TRUE(pin_release(&self->pin));
	ASSERT_TRUE(is_clean(vmo));
	EXPECT_FALSE(was_modified(vmo));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(pinned, PinForWrite)
{
	struct test_vmo *vmo = new_trap_vmo(1);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pin_start(&self->pin, vmo, 0, 1, true));
	grant(vmo, 0, 1);
	ASSERT_TRUE(pin_held(&self->pin));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	EXPECT_TRUE(was_modified(vmo));
	ASSERT_TRUE(pin_release(&self->pin));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	EXPECT_TRUE(vmo_matches(self->pin.buffer, 0, 1, vmo->map));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(pinned, PinForWriteUnpopulated)
{
	struct test_vmo *vmo = new_trap_vmo(2);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pin_start(&self->pin, vmo, 0, 2, true));
	grant(vmo, 0, 1);
	ASSERT_TRUE(pager_wait_read(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_idle(&self->p));
	ASSERT_TRUE(pager_supply(&self->p, vmo, 1, 1));
	grant(vmo, 1, 1);
	ASSERT_TRUE(pin_held(&self->pin));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 2)));
	EXPECT_TRUE(was_modified(vmo));
	ASSERT_TRUE(pin_release(&self->pin));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Somebody may write to it at any time, so it does not become clean. */
TEST_F(pinned, PinnedWriteback)
{
	struct test_vmo *vmo = new_trap_vmo(2);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	write_granted(vmo, 0, 2);
	ASSERT_TRUE(pin_start(&self->pin, vmo, 0, 1, true));
	ASSERT_TRUE(pin_held(&self->pin));
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 2));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 2));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	ASSERT_TRUE(pin_release(&self->pin));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	EXPECT_TRUE(vmo_matches(self->pin.buffer, 0, 1, vmo->map));

	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 2));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 2));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* Pinned before BEGIN, even for reading: it may be a pin for writing. */
TEST_F(pinned, ReadPinnedWriteback)
{
	struct test_vmo *vmo = new_trap_vmo(1);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	write_granted(vmo, 0, 1);
	ASSERT_TRUE(pin_start(&self->pin, vmo, 0, 1, false));
	ASSERT_TRUE(pin_held(&self->pin));
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 1));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	/* It stayed dirty, so nobody has to be asked. */
	ASSERT_TRUE(thread_write_vmar(&self->t[0], vmo, 0, 1));
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(pin_release(&self->pin));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(pinned, ReadPinAwaitingClean)
{
	struct test_vmo *vmo = new_trap_vmo(1);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	write_granted(vmo, 0, 1);
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pin_start(&self->pin, vmo, 0, 1, false));
	ASSERT_TRUE(pin_held(&self->pin));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 1));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(pin_release(&self->pin));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(pinned, WritePinAwaitingClean)
{
	struct test_vmo *vmo = new_trap_vmo(1);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	write_granted(vmo, 0, 1);
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pin_start(&self->pin, vmo, 0, 1, true));
	grant(vmo, 0, 1);
	ASSERT_TRUE(pin_held(&self->pin));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 1));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	ASSERT_TRUE(pin_release(&self->pin));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A pinned page keeps its memory: it is cleared where it is, as by a write. */
TEST_F(pinned, OpZeroPinned)
{
	struct test_vmo *vmo = new_trap_vmo(3);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 3));
	ASSERT_TRUE(pin_start(&self->pin, vmo, 1, 1, false));
	ASSERT_TRUE(pin_held(&self->pin));
	ASSERT_TRUE(thread_zero(&self->t[0], vmo, 0, 3 * page_size));
	grant(vmo, 1, 1);
	ASSERT_TRUE(thread_wait(&self->t[0]));
	ASSERT_TRUE(is_dirty(vmo, ZERO(0, 1), DATA(1, 1), ZERO(2, 1)));
	EXPECT_EQ(page_size, vmo_info(vmo).out_resident);
	EXPECT_TRUE(vmo_has(vmo, 0, 3, ZEROES));
	ASSERT_TRUE(pin_release(&self->pin));
	/* The holder sees it: it was the same page all the time. */
	EXPECT_TRUE(is_zero(self->pin.buffer->map + PIN_IN_REGISTERS,
			    page_size - PIN_IN_REGISTERS));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(pinned, NotModifiedOnFailedResize)
{
	struct test_vmo *vmo = new_trap_vmo(2);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(pin_start(&self->pin, vmo, 1, 1, false));
	ASSERT_TRUE(pin_held(&self->pin));
	ASSERT_TRUE(thread_set_size(&self->t[0], vmo, page_size));
	ASSERT_TRUE(thread_wait_failure(&self->t[0], ESTALE));
	EXPECT_EQ(2 * page_size, vmo_info(vmo).out_vmo_size);
	EXPECT_EQ(2 * page_size, vmo_info(vmo).out_stream_size);
	EXPECT_FALSE(was_modified(vmo));
	EXPECT_TRUE(vmo_has(vmo, 0, 2, SUPPLIED));
	ASSERT_TRUE(pin_release(&self->pin));
	ASSERT_TRUE(vmo_resize(vmo, 1));
	EXPECT_TRUE(was_modified(vmo));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A pin through a slice is one of the VMO's page, and the slice cannot be asked for it. */
TEST_F(pinned, SlicePinWrite)
{
	struct test_vmo *vmo = new_vmo_options(4, variant->trap ? ZXP_VMO_TRAP_DIRTY : 0);
	struct test_vmo *slice = new_slice(vmo, 2, 2);
	struct zxp_dirty_range range;

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 4));
	self->pin.map = slice->map - 2 * page_size;
	ASSERT_TRUE(pin_start(&self->pin, vmo, 3, 1, true));
	grant(vmo, 3, 1);
	ASSERT_TRUE(pin_held(&self->pin));
	ASSERT_TRUE(is_dirty(vmo, DATA(3, 1)));
	EXPECT_TRUE(was_modified(vmo));
	test_err_zxp(EINVAL, query_dirty_ranges, self->p.fd, slice->fd, 0, 2 * page_size,
		     &range, 1, NULL, NULL);
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 4));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 4));
	ASSERT_TRUE(is_dirty(vmo, DATA(3, 1)));
	ASSERT_TRUE(pin_release(&self->pin));
	EXPECT_TRUE(vmo_matches(self->pin.buffer, 0, 1, vmo->map + 3 * page_size));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(pinned, CutStreamPinned)
{
	struct test_vmo *vmo = new_trap_vmo(3);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 3));
	ASSERT_TRUE(pin_start(&self->pin, vmo, 2, 1, false));
	ASSERT_TRUE(pin_held(&self->pin));
	test_err_zxp(ESTALE, set_stream_size, vmo->fd, page_size);
	EXPECT_EQ(3 * page_size, vmo_info(vmo).out_stream_size);
	EXPECT_FALSE(was_modified(vmo));
	EXPECT_TRUE(vmo_has(vmo, 0, 3, SUPPLIED));
	ASSERT_TRUE(pin_release(&self->pin));
	test_zxp(set_stream_size, vmo->fd, page_size);
	EXPECT_TRUE(vmo_has(vmo, 1, 2, ZEROES));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A zero range that is pinned by a writer is a page, and stays. */
TEST_F(pinned, PinOfZeroRange)
{
	struct test_vmo *vmo = new_trap_vmo(0);

	ASSERT_TRUE(vmo_resize(vmo, 2));
	ASSERT_TRUE(pin_start(&self->pin, vmo, 1, 1, true));
	grant(vmo, 1, 1);
	ASSERT_TRUE(pin_held(&self->pin));
	ASSERT_TRUE(is_dirty(vmo, ZERO(0, 1), DATA(1, 1)));
	ASSERT_TRUE(pager_writeback_begin(&self->p, vmo, 0, 2));
	ASSERT_TRUE(pager_writeback_end(&self->p, vmo, 0, 2));
	ASSERT_TRUE(is_dirty(vmo, DATA(1, 1)));
	ASSERT_TRUE(pager_detach(&self->p, vmo));
	ASSERT_TRUE(pager_wait_complete(&self->p, vmo->key));
	ASSERT_TRUE(is_dirty(vmo, DATA(1, 1)));
	ASSERT_TRUE(pin_release(&self->pin));
	EXPECT_TRUE(vmo_matches(self->pin.buffer, 0, 1, vmo->map + page_size));
	ASSERT_TRUE(pager_idle(&self->p));
}

FIXTURE(pin_request)
{
	struct user_pager p;
	struct test_thread t[2];
	struct pin pin;
};

FIXTURE_SETUP(pin_request)
{
	ASSERT_TRUE(user_pager_init(&self->p));
}

FIXTURE_TEARDOWN(pin_request)
{
	user_pager_fini(&self->p);
}

/* A pin waits for a page that is being written back, and END comes before. */
#define start_delayed_pin() ({						\
	struct test_vmo *__vmo = new_vmo_options(1, TRAP);		\
									\
	ASSERT_TRUE(pager_supply(&self->p, __vmo, 0, 1));		\
	ASSERT_TRUE(pager_dirty(&self->p, __vmo, 0, 1));		\
	ASSERT_TRUE(pager_writeback_begin(&self->p, __vmo, 0, 1));	\
	ASSERT_TRUE(pin_start(&self->pin, __vmo, 0, 1, true));		\
	ASSERT_TRUE(pager_wait_dirty(&self->p, __vmo, 0, 1));		\
	ASSERT_TRUE(threads_blocked(&self->pin.t, 1, __vmo));		\
	ASSERT_TRUE(pager_writeback_end(&self->p, __vmo, 0, 1));	\
	EXPECT_TRUE(thread_asleep(&self->pin.t));			\
	ASSERT_TRUE(is_clean(__vmo));					\
	__vmo;								\
})

TEST_F(pin_request, DelayedPinAwaitingClean)
{
	struct test_vmo *vmo = start_delayed_pin();

	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pin_held(&self->pin));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	EXPECT_TRUE(was_modified(vmo));
	ASSERT_TRUE(pin_release(&self->pin));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(pin_request, FailedPinAwaitingClean)
{
	struct test_vmo *vmo = start_delayed_pin();

	ASSERT_TRUE(pager_fail(&self->p, vmo, 0, 1, EIO));
	ASSERT_TRUE(pin_failed(&self->pin));
	ASSERT_TRUE(is_clean(vmo));
	EXPECT_FALSE(was_modified(vmo));
	EXPECT_TRUE(vmo_has(vmo, 0, 1, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(pin_request, DirtyAfterPin)
{
	struct test_vmo *vmo = new_vmo_options(1, TRAP);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pin_start(&self->pin, vmo, 0, 1, true));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pin_held(&self->pin));
	EXPECT_TRUE(was_modified(vmo));
	write_untrapped(vmo, 0, 1);
	EXPECT_TRUE(was_modified(vmo));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	ASSERT_TRUE(pin_release(&self->pin));
	ASSERT_TRUE(pager_idle(&self->p));
}

/* A page that no mapping may write to yet: the pin is a fault, and is seen. */
TEST_F(pin_request, PinAfterDirty)
{
	struct test_vmo *vmo = new_vmo_options(1, TRAP);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	EXPECT_FALSE(was_modified(vmo));
	ASSERT_TRUE(pin_start(&self->pin, vmo, 0, 1, true));
	ASSERT_TRUE(pin_held(&self->pin));
	EXPECT_TRUE(was_modified(vmo));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	ASSERT_TRUE(pin_release(&self->pin));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_F(pin_request, NotModifiedFailedPinWrite)
{
	struct test_vmo *vmo = new_vmo_options(1, TRAP);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pin_start(&self->pin, vmo, 0, 1, true));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 0, 1, EIO));
	ASSERT_TRUE(pin_failed(&self->pin));
	EXPECT_FALSE(was_modified(vmo));
	ASSERT_TRUE(is_clean(vmo));
	ASSERT_TRUE(pager_idle(&self->p));
}

/*
 * Each page is a fault of its own. The first is allowed and the second is not: the
 * call makes do with the first, tries the second again, and returns what it has
 * copied.
 */
TEST_F(pin_request, NotModifiedPartialFailedPinWrite)
{
	struct test_vmo *vmo = new_vmo_options(2, TRAP);

	ASSERT_TRUE(pager_supply(&self->p, vmo, 0, 2));
	ASSERT_TRUE(pin_start(&self->pin, vmo, 0, 2, true));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_dirty(&self->p, vmo, 0, 1));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 1, 1, EIO));
	ASSERT_TRUE(pin_held(&self->pin));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	EXPECT_TRUE(was_modified(vmo));
	ASSERT_TRUE(pager_supply(&self->p, self->pin.buffer, 0, 2));
	ASSERT_TRUE(pager_wait_dirty(&self->p, vmo, 1, 1));
	ASSERT_TRUE(pager_fail(&self->p, vmo, 1, 1, EIO));
	ASSERT_TRUE(thread_wait_failure(&self->pin.t, ENODATA));
	ASSERT_TRUE(is_dirty(vmo, DATA(0, 1)));
	EXPECT_FALSE(was_modified(vmo));
	EXPECT_TRUE(vmo_has(vmo, 1, 1, SUPPLIED));
	ASSERT_TRUE(pager_idle(&self->p));
}

TEST_HARNESS_MAIN
