// SPDX-License-Identifier: MIT
/*
 * lib/zx: who owns a handle, events, pairs and times.  Zircon's own tests by their names, and
 * others.  Needs no module.
 */
#include <set>

#include "cxx.hh"

#include <lib/zx/bti.h>
#include <lib/zx/clock.h>
#include <lib/zx/event.h>
#include <lib/zx/eventpair.h>
#include <lib/zx/stream.h>
#include <lib/zx/time.h>
#include <lib/zx/vmar.h>

static zx::event new_event()
{
	zx::event event;

	ok(zx::event::create(0, &event));
	return event;
}

/* ---- handles ---- */

static void HandleInvalid(void **)
{
	zx::handle handle;

	assert_int_equal(handle.release(), ZX_HANDLE_INVALID);
	no(handle.is_valid());
	no(handle);
}

static void HandleClose(void **)
{
	zx_handle_t raw = ZX_HANDLE_INVALID;

	ok(zx_event_create(0, &raw));
	{
		const zx::handle handle(raw);

		yes(handle);
		ok(valid(raw));
	}
	is(valid(raw), ZX_ERR_BAD_HANDLE);
}

/* Who is moved from has nothing, and nothing is closed but what is written over. */
static void HandleMove(void **)
{
	const zx::event watched = new_event();
	zx::event event, other = new_event();
	zx_handle_t raw;

	ok(watched.duplicate(ZX_RIGHT_SAME_RIGHTS, &event));
	raw = event.get();
	assert_int_equal(count(watched), 2);

	zx::event moved(std::move(event));
	assert_int_equal(event.get(), ZX_HANDLE_INVALID);
	assert_int_equal(moved.get(), raw);
	assert_int_equal(count(watched), 2);

	zx::handle any(std::move(moved));
	assert_int_equal(moved.get(), ZX_HANDLE_INVALID);
	assert_int_equal(count(watched), 2);

	event = zx::event(std::move(any));
	assert_int_equal(event.get(), raw);
	any = std::move(event);
	assert_int_equal(any.get(), raw);
	assert_int_equal(count(watched), 2);

	/* Over one that has something. */
	raw = other.get();
	other = zx::event(any.release());
	is(valid(raw), ZX_ERR_BAD_HANDLE);
	assert_int_equal(count(watched), 2);

	/* Onto itself. */
	zx::event &same = other;
	raw = other.get();
	other = std::move(same);
	assert_int_equal(other.get(), raw);
	assert_int_equal(count(watched), 2);

	other = zx::event();
	assert_int_equal(count(watched), 1);
}

static void HandleDuplicate(void **)
{
	zx::handle handle, second;

	ok(zx_event_create(0, handle.reset_and_get_address()));
	ok(handle.duplicate(ZX_RIGHT_SAME_RIGHTS, &second));
	ok(valid(second.get()));
	ok(valid(handle.get()));
	assert_int_equal(count(handle), 2);
}

static void Event(void **)
{
	zx::event event;

	ok(zx::event::create(0, &event));
	ok(valid(event.get()));
	is(zx::event::create(1, &event), ZX_ERR_INVALID_ARGS);
	no(event);
}

static void EventDuplicate(void **)
{
	zx::event event = new_event(), second;

	ok(event.duplicate(ZX_RIGHT_SAME_RIGHTS, &second));
	assert_int_not_equal(event.get(), second.get());
	assert_int_equal(koid(event), koid(second));
	assert_int_equal(count(event), 2);

	/* What was there goes, also if nothing comes. */
	ok(event.duplicate(ZX_RIGHT_SAME_RIGHTS, &second));
	assert_int_equal(count(event), 2);
	is(event.duplicate(ZX_RIGHT_READ, &second), ZX_ERR_INVALID_ARGS);
	no(second);
	assert_int_equal(count(event), 1);
	ok(event.duplicate(ZX_RIGHT_SAME_RIGHTS, &event));
	assert_int_equal(count(event), 1);
}

static void HandleReplace(void **)
{
	const zx::event watched = new_event();
	zx::event event, second;
	zx_handle_t raw;

	ok(watched.duplicate(ZX_RIGHT_SAME_RIGHTS, &event));
	raw = event.get();
	ok(event.replace(ZX_RIGHT_SAME_RIGHTS, &second));
	no(event);
	is(valid(raw), ZX_ERR_BAD_HANDLE);
	ok(valid(second.get()));
	ok(second.replace(ZX_RIGHT_SAME_RIGHTS, &second));
	yes(second);
	assert_int_equal(count(watched), 2);
	is(second.replace(ZX_RIGHT_READ, &event), ZX_ERR_INVALID_ARGS);
	no(event);
	no(second);
	assert_int_equal(count(watched), 1);
}

static void swap_and_reset(void **)
{
	zx::event a = new_event(), b = new_event(), c;
	const zx_handle_t raw_a = a.get(), raw_b = b.get();

	a.swap(b);
	assert_int_equal(a.get(), raw_b);
	assert_int_equal(b.get(), raw_a);
	a.swap(a);
	assert_int_equal(a.get(), raw_b);
	a.swap(c);
	no(a);
	assert_int_equal(c.get(), raw_b);
	ok(valid(raw_a));
	ok(valid(raw_b));

	b.reset(c.release());
	is(valid(raw_a), ZX_ERR_BAD_HANDLE);
	ok(zx_event_create(0, b.reset_and_get_address()));
	is(valid(raw_b), ZX_ERR_BAD_HANDLE);
	ok(valid(b.get()));
	b.reset();
	no(b);
}

static void comparisons(void **)
{
	const zx::event low(ZX_HANDLE_FIXED_BITS_MASK), high(0x17);
	const zx::unowned_event look(low.get()), look_high(high);

	yes(low == low && low != high && low < high && low <= high);
	yes(high > low && high >= low && !(high < low));
	yes(low == 0x3u && 0x3u == low && high != ZX_HANDLE_INVALID);
	yes(low < 0x4u && 0x4u > low && low <= 0x3u && 0x3u >= low);
	yes(look == look && look != look_high && look < look_high);
	yes(look == 0x3u && 0x3u == look && 0x4u > look && look_high >= look);
	yes(*look == low);
}

static bool takes_any_handle(const zx::handle &handle)
{
	return handle.is_valid();
}

static void HandleConversion(void **)
{
	yes(takes_any_handle(*zx::unowned_handle(zx_vmar_root_self())));
	ok(valid(zx_vmar_root_self()));
}

static void VmarRootSelf(void **)
{
	yes(*zx::vmar::root_self());
	assert_int_equal(zx::vmar::root_self()->get(), zx_vmar_root_self());
	ok(valid(zx_vmar_root_self()));
}

/* However it is made, copied and moved, what it looks at stays open. */
static void Unowned(void **)
{
	const zx::event event = new_event();
	{
		zx::unowned_event by_handle(event.get()), by_owner(event), copy(by_owner);
		zx::unowned_event none, moved(std::move(copy));

		no(copy->is_valid());
		no(none->is_valid());
		none = moved;
		yes(none == moved && none == by_handle && *none == event);
		none = std::move(moved);
		no(moved->is_valid());
		by_handle = std::move(none);
		const zx::unowned_event &same = by_handle;
		by_handle = same;
		assert_int_equal(by_handle->get(), event.get());
		assert_int_equal(event.borrow()->get(), event.get());
		zx::event second;
		ok(by_owner->duplicate(ZX_RIGHT_SAME_RIGHTS, &second));
		assert_int_equal(count(event), 2);
	}
	assert_int_equal(count(event), 1);
}

static void UsableInContainers(void **)
{
	const zx::event event = new_event();
	std::set<zx::unowned_event> set;

	set.emplace(event);
	set.emplace(event);
	assert_int_equal(set.size(), 1);
	yes(*set.begin() == event.get());
}

static void BorrowReturnsUnownedObjectOfSameHandle(void **)
{
	const zx::event event = new_event();

	yes(event.get() == event.borrow());
	yes(zx::unowned_event(event) == event.borrow());
}

/* ---- signals ---- */

static void wait_for_event(void **)
{
	const zx::event event = new_event();
	zx_signals_t pending = 77;

	is(event.wait_one(ZX_EVENT_SIGNALED, zx::time(), &pending), ZX_ERR_TIMED_OUT);
	assert_int_equal(pending, 0);
	ok(event.signal(0, ZX_EVENT_SIGNALED | ZX_USER_SIGNAL_3));
	ok(event.wait_one(ZX_EVENT_SIGNALED, zx::time::infinite(), &pending));
	assert_int_equal(pending, ZX_EVENT_SIGNALED | ZX_USER_SIGNAL_3);
	ok(event.signal(ZX_EVENT_SIGNALED, 0));
	is(event.wait_one(ZX_EVENT_SIGNALED, zx::deadline_after(zx::msec(1)), nullptr),
	   ZX_ERR_TIMED_OUT);
}

static void wait_for_many(void **)
{
	const zx::event a = new_event(), b = new_event();
	zx_wait_item_t items[] = {
		{ a.get(), ZX_EVENT_SIGNALED, 0 },
		{ b.get(), ZX_USER_SIGNAL_0, 0 },
	};

	is(zx::handle::wait_many(items, 2, zx::time()), ZX_ERR_TIMED_OUT);
	ok(b.signal(0, ZX_USER_SIGNAL_0));
	ok(zx::handle::wait_many(items, 2, zx::time()));
	assert_int_equal(items[0].pending, 0);
	assert_int_equal(items[1].pending, ZX_USER_SIGNAL_0);
}

static void EventPair(void **)
{
	zx::eventpair a, b;
	zx_signals_t pending = 0;

	is(zx::eventpair::create(1, &a, &b), ZX_ERR_NOT_SUPPORTED);
	no(a || b);
	ok(zx::eventpair::create(0, &a, &b));
	ok(a.signal_peer(0, ZX_EVENTPAIR_SIGNALED));
	ok(b.wait_one(ZX_EVENTPAIR_SIGNALED, zx::time(), nullptr));
	is(a.wait_one(ZX_EVENTPAIR_SIGNALED, zx::time(), nullptr), ZX_ERR_TIMED_OUT);
	b.reset();
	ok(a.wait_one(ZX_EVENTPAIR_PEER_CLOSED, zx::time::infinite(), &pending));
	is(a.signal_peer(0, ZX_EVENTPAIR_SIGNALED), ZX_ERR_PEER_CLOSED);

	/* What was there is closed only when the new ones are made. */
	ok(zx::eventpair::create(0, &a, &b));
	ok(a.signal_peer(0, ZX_USER_SIGNAL_1));
	ok(b.wait_one(ZX_USER_SIGNAL_1, zx::time(), nullptr));
}

/* ---- times ---- */

static void TimeConstruction(void **)
{
	yes(zx::time().get() == 0);
	yes(zx::time::infinite().get() == ZX_TIME_INFINITE);
	yes(zx::time::infinite_past().get() == ZX_TIME_INFINITE_PAST);
	yes(zx::time(-1).get() == -1);
	yes(zx::time(std::timespec{ 123, 456 }).get() == ZX_SEC(123) + 456);
	yes(zx::time(std::timespec{ INT64_MAX, 0 }) == zx::time::infinite());
}

static void TimeConversions(void **)
{
	const std::timespec ts = zx::time(std::timespec{ 123, 456 }).to_timespec();

	yes(ts.tv_sec == 123 && ts.tv_nsec == 456);
}

static void DurationConstruction(void **)
{
	yes(zx::duration().get() == 0);
	yes(zx::duration::infinite().get() == ZX_TIME_INFINITE);
	yes(zx::duration::infinite_past().get() == ZX_TIME_INFINITE_PAST);
	yes(zx::duration(-1).get() == -1);
	yes(zx::duration(std::timespec{ 123, 456 }).get() == ZX_SEC(123) + 456);

	const std::timespec ts = zx::duration(std::timespec{ 123, 456 }).to_timespec();

	yes(ts.tv_sec == 123 && ts.tv_nsec == 456);
}

/* All of it can be known when it is compiled. */
static void DurationConversions(void **)
{
	static_assert(zx::nsec(-10).get() == -10 && zx::nsec(10).to_nsecs() == 10);
	static_assert(zx::usec(10).get() == ZX_USEC(10) && zx::usec(10).to_usecs() == 10);
	static_assert(zx::msec(10).get() == ZX_MSEC(10) && zx::msec(10).to_msecs() == 10);
	static_assert(zx::sec(10).get() == ZX_SEC(10) && zx::sec(10).to_secs() == 10);
	static_assert(zx::min(10).get() == ZX_MIN(10) && zx::min(10).to_mins() == 10);
	static_assert(zx::hour(10).get() == ZX_HOUR(10) && zx::hour(10).to_hours() == 10);
	static_assert(zx::msec(1999).to_secs() == 1 && zx::msec(-1999).to_secs() == -1);
	static_assert((zx::time() + zx::usec(19)).get() == ZX_USEC(19));
	static_assert((zx::usec(19) + zx::time()).get() == ZX_USEC(19));
	static_assert((zx::time(30) - zx::time(10)) == zx::nsec(20));
	static_assert(zx::time::infinite() - zx::time() == zx::duration::infinite());
	static_assert(zx::time() + zx::duration::infinite() == zx::time::infinite());
	static_assert(zx::time(-9) - zx::duration::infinite() == zx::time::infinite_past());
	static_assert(zx::time(1) - zx::duration::infinite_past() == zx::time::infinite());
	static_assert(zx::duration::infinite() + zx::nsec(1) == zx::duration::infinite());
	static_assert(zx::duration::infinite_past() - zx::nsec(1) ==
		      zx::duration::infinite_past());
	static_assert(zx::duration::infinite() * -2 == zx::duration::infinite_past());
	static_assert(-zx::duration::infinite_past() == zx::duration::infinite());
	static_assert(-zx::sec(1) == zx::sec(-1) && 2 * zx::sec(1) == zx::sec(2));
	static_assert(zx::sec(19) % zx::sec(7) == ZX_SEC(5) && zx::sec(19) / zx::sec(7) == 2);
	static_assert(zx::sec(9) / 3 == zx::sec(3) && zx::nsec(9) % 4 == zx::nsec(1));
	static_assert(zx::sec(1) < zx::sec(2) && zx::sec(2) <= zx::sec(2));
	static_assert(zx::sec(2) > zx::sec(1) && zx::sec(2) != zx::sec(1));

	zx::duration d;
	d += zx::min(2);
	d -= zx::min(1);
	d *= 19;
	yes(d == zx::min(19));
	d /= 19;
	yes(d == zx::min(1));
	d %= ZX_SEC(50);
	yes(d == zx::sec(10));

	zx::time t;
	t += zx::msec(19);
	t -= zx::msec(9);
	yes(t == zx::time(ZX_MSEC(10)) && *t.get_address() == ZX_MSEC(10));
}

static void clocks(void **)
{
	const zx::time before = zx::clock::get_monotonic();
	zx_clock_details_v1_t details;
	zx_time_t now = 0;
	zx::clock made;
	const zx::time deadline = zx::deadline_after(zx::msec(1));

	yes(deadline >= before + zx::msec(1));
	ok(zx::nanosleep(deadline));
	yes(zx::clock::get_monotonic() >= deadline);
	yes(zx::clock::get_boot().get() >= before.get());
	yes(zx::deadline_after(zx::duration::infinite()) == zx::time::infinite());
	no(zx::clock().get_handle());
	is(zx::clock::create(ZX_CLOCK_OPT_AUTO_START, nullptr, &made), ZX_ERR_NOT_SUPPORTED);
	no(made.is_valid());
	is(made.read(&now), ZX_ERR_NOT_SUPPORTED);
	is(made.get_details(&details), ZX_ERR_NOT_SUPPORTED);
	is(made.update(zx::clock::update_args()), ZX_ERR_NOT_SUPPORTED);
	is(made.update(zx::clock::update_args()
		       .set_both_values(before, deadline)
		       .set_rate_adjust(1)
		       .set_error_bound(2)
		       .reset()
		       .set_value(before)), ZX_ERR_NOT_SUPPORTED);
}

/* What is over is not waited for. */
static void TimeNanoSleep(void **)
{
	ok(zx::nanosleep(zx::time::infinite_past()));
	ok(zx::nanosleep(zx::time(-1)));
	ok(zx::nanosleep(zx::time(0)));
	ok(zx::nanosleep(zx::time(1)));
}

static void Ticks(void **)
{
	using zx::ticks;

	static_assert(ticks().get() == 0 && (ticks(5) + ticks(7)).get() == 12);
	static_assert((ticks(5) - ticks(7)).get() == -2 && (ticks(7) * 3).get() == 21);
	static_assert((ticks(25) / 7).get() == 3 && (ticks(25) % 7).get() == 4);
	static_assert(ticks(25) / ticks(7) == 3 && ticks(25) % ticks(7) == 4);
	static_assert((ticks(25) / UINT64_MAX).get() == 0);
	static_assert((ticks(25) % UINT64_MAX).get() == 25);
	static_assert(ticks(INT64_MAX - 5) + ticks(10) == ticks::infinite());
	static_assert(ticks(INT64_MIN + 5) + ticks(-10) == ticks::infinite_past());
	static_assert(ticks(INT64_MIN + 5) - ticks(10) == ticks::infinite_past());
	static_assert(ticks() - ticks(INT64_MIN) == ticks::infinite());
	static_assert(ticks(INT64_MAX - 5) * 2 == ticks::infinite());
	static_assert(ticks(INT64_MIN + 5) * 2 == ticks::infinite_past());
	static_assert(ticks(1) < ticks(2) && ticks(2) >= ticks(2) && ticks(1) != ticks(2));

	ticks t(5);
	t += ticks(7);
	t -= ticks(2);
	t *= 5;
	t /= 2;
	t %= 7;
	yes(t == ticks(4));
	const ticks before = ticks::now();
	yes(before > ticks() && before <= ticks::now());
	yes(zx::ticks_boot::now().get() >= before.get());
	yes(ticks::per_second().get() == zx_ticks_per_second());
}

/* ---- what there is none of here ---- */

static void BtiCompilation(void **)
{
	zx::iommu iommu;
	zx::bti bti;
	zx::pmt pmt;
	zx::vmo vmo;

	is(zx::bti::create(iommu, 0, 0, &bti), ZX_ERR_NOT_SUPPORTED);
	is(bti.pin(0, vmo, 0, 0, nullptr, 0, &pmt), ZX_ERR_NOT_SUPPORTED);
	is(bti.release_quarantine(), ZX_ERR_NOT_SUPPORTED);
	is(zx::vmo::create_contiguous(bti, 0, 0, &vmo), ZX_ERR_NOT_SUPPORTED);
	is(zx::vmo::create_physical(zx::resource(), 0, 0, &vmo), ZX_ERR_NOT_SUPPORTED);
	no(vmo);
	no(bti);
}

static void PmtCompilation(void **)
{
	zx::pmt pmt;

	is(pmt.unpin(), ZX_ERR_NOT_SUPPORTED);
}

static void IommuCompilation(void **)
{
	zx::iommu iommu;

	is(zx::iommu::create(zx::resource(), 0, nullptr, 0, &iommu), ZX_ERR_NOT_SUPPORTED);
	no(iommu);
}

int main()
{
	static const struct CMUnitTest zx[] = {
		cmocka_unit_test(HandleInvalid),
		cmocka_unit_test(HandleClose),
		cmocka_unit_test(HandleMove),
		cmocka_unit_test(HandleDuplicate),
		cmocka_unit_test(HandleReplace),
		cmocka_unit_test(Event),
		cmocka_unit_test(EventDuplicate),
		cmocka_unit_test(swap_and_reset),
		cmocka_unit_test(comparisons),
		cmocka_unit_test(HandleConversion),
		cmocka_unit_test(VmarRootSelf),
		cmocka_unit_test(Unowned),
		cmocka_unit_test(UsableInContainers),
		cmocka_unit_test(BorrowReturnsUnownedObjectOfSameHandle),
		cmocka_unit_test(wait_for_event),
		cmocka_unit_test(wait_for_many),
		cmocka_unit_test(EventPair),
		cmocka_unit_test(TimeConstruction),
		cmocka_unit_test(TimeConversions),
		cmocka_unit_test(DurationConstruction),
		cmocka_unit_test(DurationConversions),
		cmocka_unit_test(clocks),
		cmocka_unit_test(TimeNanoSleep),
		cmocka_unit_test(Ticks),
		cmocka_unit_test(BtiCompilation),
		cmocka_unit_test(PmtCompilation),
		cmocka_unit_test(IommuCompilation),
	};

	return cmocka_run_group_tests(zx, nullptr, nullptr);
}
