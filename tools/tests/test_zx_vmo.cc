// SPDX-License-Identifier: MIT
/*
 * lib/zx: VMOs, streams, regions, ports and pagers.  Needs the module.
 */
#include "cxx.hh"

#include <lib/zx/event.h>
#include <lib/zx/pager.h>
#include <lib/zx/port.h>
#include <lib/zx/stream.h>
#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>

static constexpr uint64_t page = 4096;
static constexpr uint64_t key = 0x1234567890abcdef;

static zx::vmo new_vmo(uint64_t size, uint32_t options = 0)
{
	zx::vmo vmo;

	ok(zx::vmo::create(size, options, &vmo));
	return vmo;
}

static char byte_at(const zx::vmo &vmo, uint64_t offset)
{
	char byte = 0;

	ok(vmo.read(&byte, offset, 1));
	return byte;
}

/* ---- VMOs ---- */

static void vmo_content(void **)
{
	const zx::vmo vmo = new_vmo(4 * page);
	char text[8] = "";
	uint64_t size = 0;

	ok(vmo.write("content", page - 3, 8));
	ok(vmo.read(text, page - 3, 8));
	assert_string_equal(text, "content");
	is(vmo.read(text, 4 * page, 1), ZX_ERR_OUT_OF_RANGE);
	ok(vmo.op_range(ZX_VMO_OP_ZERO, page, page, nullptr, 0));
	assert_int_equal(byte_at(vmo, page), 0);
	assert_int_equal(byte_at(vmo, page - 1), 'n');
	ok(vmo.get_size(&size));
	assert_int_equal(size, 4 * page);
	ok(vmo.set_cache_policy(ZX_CACHE_POLICY_CACHED));
	is(vmo.set_cache_policy(ZX_CACHE_POLICY_UNCACHED), ZX_ERR_NOT_SUPPORTED);
}

static void vmo_sizes(void **)
{
	const zx::vmo fixed = new_vmo(page), vmo = new_vmo(page, ZX_VMO_RESIZABLE);
	uint64_t size = 0;

	is(fixed.set_size(2 * page), ZX_ERR_UNAVAILABLE);
	ok(vmo.set_size(2 * page));
	ok(vmo.get_size(&size));
	assert_int_equal(size, 2 * page);
	ok(vmo.set_stream_size(5));
	ok(vmo.get_stream_size(&size));
	assert_int_equal(size, 5);
}

static void VmoContentSize(void **)
{
	const zx::vmo vmo = new_vmo(2 * page);
	uint64_t size = 0;

	ok(vmo.get_prop_content_size(&size));
	assert_int_equal(size, 2 * page);
	ok(vmo.set_prop_content_size(500));
	ok(vmo.get_prop_content_size(&size));
	assert_int_equal(size, 500);
	size = 0;
	ok(zx_object_get_property(vmo.get(), ZX_PROP_VMO_CONTENT_SIZE, &size, sizeof(size)));
	assert_int_equal(size, 500);
}

static void vmo_child(void **)
{
	zx::vmo vmo = new_vmo(2 * page), child;
	const zx_koid_t parent = koid(vmo);
	zx_signals_t pending = 0;

	ok(vmo.write("p", page, 1));
	ok(vmo.create_child(ZX_VMO_CHILD_SNAPSHOT, page, page, &child));
	is(vmo.wait_one(ZX_VMO_ZERO_CHILDREN, zx::time(), &pending), ZX_ERR_TIMED_OUT);
	ok(child.write("c", 0, 1));
	assert_int_equal(byte_at(vmo, page), 'p');
	assert_int_equal(byte_at(child, 0), 'c');
	child.reset();
	ok(vmo.wait_one(ZX_VMO_ZERO_CHILDREN, zx::time::infinite(), nullptr));

	/* In its parent's place, and nowhere. */
	ok(vmo.create_child(ZX_VMO_CHILD_SNAPSHOT, page, page, &vmo));
	assert_int_not_equal(koid(vmo), parent);
	assert_int_equal(byte_at(vmo, 0), 'p');
	is(vmo.create_child(0, 0, page, &vmo), ZX_ERR_INVALID_ARGS);
	no(vmo);
}

static void vmo_transfer(void **)
{
	const zx::vmo to = new_vmo(2 * page);
	zx::vmo from = new_vmo(2 * page);

	ok(from.write("moved", page, 6));
	ok(to.transfer_data(0, 0, page, &from, page));
	assert_int_equal(byte_at(to, 0), 'm');
	assert_int_equal(byte_at(from, page), 0);
}

static void vmo_executable(void **)
{
	zx::vmo vmo = new_vmo(page), executable;
	zx_info_handle_basic_t info = {};

	ok(vmo.replace_as_executable(zx::resource(), &executable));
	no(vmo);
	ok(executable.get_info(ZX_INFO_HANDLE_BASIC, &info, sizeof(info), nullptr, nullptr));
	yes(info.rights & ZX_RIGHT_EXECUTE);
	ok(executable.replace_as_executable(zx::resource(), &executable));
	ok(valid(executable.get()));
}

static void SetGetProperty(void **)
{
	const zx::vmo vmo = new_vmo(1);
	const zx::object_base &object = vmo;
	char name[ZX_MAX_NAME_LEN] = "";

	ok(object.set_property(ZX_PROP_NAME, "a name", 7));
	ok(object.get_property(ZX_PROP_NAME, name, sizeof(name)));
	assert_string_equal(name, "a name");
}

static void GetInfo(void **)
{
	const zx::vmo vmo = new_vmo(1);

	assert_int_equal(count(vmo), 1);
}

/* ---- streams ---- */

static void stream_io(void **)
{
	const zx::vmo vmo = new_vmo(page);
	zx::stream stream;
	char first[] = "abc", second[] = "def", all[7] = "";
	const zx_iovec_t from[] = { { first, 3 }, { second, 3 } }, to[] = { { all, 6 } };
	zx_off_t seek = 0;
	size_t actual = 0;
	uint8_t append = 7;

	is(zx::stream::create(8, vmo, 0, &stream), ZX_ERR_INVALID_ARGS);
	no(stream);
	ok(vmo.set_stream_size(0));
	ok(zx::stream::create(ZX_STREAM_MODE_READ | ZX_STREAM_MODE_WRITE, vmo, 2, &stream));
	ok(stream.writev(0, from, 2, &actual));
	assert_int_equal(actual, 6);
	ok(stream.seek(ZX_STREAM_SEEK_ORIGIN_CURRENT, -6, &seek));
	assert_int_equal(seek, 2);
	ok(stream.readv(0, to, 1, &actual));
	assert_int_equal(actual, 6);
	assert_string_equal(all, "abcdef");
	ok(stream.writev_at(0, 2, from + 1, 1, &actual));
	ok(stream.readv_at(0, 2, to, 1, nullptr));
	assert_string_equal(all, "defdef");
	ok(stream.get_prop_mode_append(&append));
	assert_int_equal(append, 0);
	ok(stream.set_prop_mode_append(1));
	ok(stream.seek(ZX_STREAM_SEEK_ORIGIN_START, 0, nullptr));
	ok(stream.writev(0, from, 1, nullptr));
	assert_int_equal(byte_at(vmo, 8), 'a');
}

/* ---- address regions ---- */

static void Vmar(void **)
{
	const zx::vmo vmo = new_vmo(2 * page);
	zx::vmar vmar;
	uintptr_t base = 0;
	zx_vaddr_t at = 0;

	ok(zx::vmar::root_self()->allocate(ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE, 0, 8 * page,
					   &vmar, &base));
	ok(vmar.map(ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, vmo, page, page, &at));
	yes(at >= base && at < base + 8 * page);
	*reinterpret_cast<char *>(at) = 'm';
	assert_int_equal(byte_at(vmo, page), 'm');
	ok(vmar.op_range(ZX_VMAR_OP_ZERO, at, page, nullptr, 0));
	assert_int_equal(byte_at(vmo, page), 0);
	ok(vmar.protect(ZX_VM_PERM_READ, at, page));
	ok(vmar.unmap(at, page));
	/* In its parent's place. */
	ok(vmar.allocate(ZX_VM_CAN_MAP_READ, 0, page, &vmar, &at));
	yes(at >= base && at < base + 8 * page);
	ok(vmar.destroy());
	is(vmar.destroy(), ZX_ERR_BAD_STATE);
	zx_vmar_unmap(zx_vmar_root_self(), base, 8 * page);
}

/* ---- ports ---- */

static void Port(void **)
{
	zx_port_packet_t packet = {}, got = {};
	zx::event event;
	zx::port port;

	ok(zx::port::create(0, &port));
	is(port.wait(zx::time(), &got), ZX_ERR_TIMED_OUT);
	packet.key = key;
	packet.user.u64[3] = 9;
	ok(port.queue(&packet));
	ok(port.wait(zx::time::infinite(), &got));
	yes(got.key == key && got.type == ZX_PKT_TYPE_USER && got.user.u64[3] == 9);

	ok(zx::event::create(0, &event));
	ok(event.wait_async(port, key, ZX_EVENT_SIGNALED, 0));
	ok(event.signal(0, ZX_EVENT_SIGNALED));
	ok(port.wait(zx::time::infinite(), &got));
	yes(got.key == key && got.type == ZX_PKT_TYPE_SIGNAL_ONE && got.signal.count == 1);

	ok(event.wait_async(port, key, ZX_USER_SIGNAL_0, 0));
	ok(port.cancel(event, key));
	is(port.cancel(event, key), ZX_ERR_NOT_FOUND);
	ok(port.queue(&packet));
	ok(port.cancel_key(0, key));
	is(port.cancel_key(0, key), ZX_ERR_NOT_FOUND);
	is(port.wait(zx::time(), &got), ZX_ERR_TIMED_OUT);
}

/* ---- pagers ---- */

struct paged {
	zx::pager pager;
	zx::port port;
	zx::vmo vmo, aux = new_vmo(page);

	explicit paged(uint32_t options)
	{
		ok(zx::pager::create(0, &pager));
		ok(zx::port::create(0, &port));
		ok(pager.create_vmo(options, port, key, 4 * page, &vmo));
	}

	zx_packet_page_request_t next() const
	{
		zx_port_packet_t packet = {};

		ok(port.wait(zx::time::infinite(), &packet));
		assert_int_equal(packet.key, key);
		assert_int_equal(packet.type, ZX_PKT_TYPE_PAGE_REQUEST);
		return packet.page_request;
	}
};

static void Pager(void **)
{
	const paged p(0);
	char text[6] = "";
	zx_status_t status = 77;

	std::thread reader([&] { status = p.vmo.read(text, page, sizeof(text)); });
	const zx_packet_page_request_t first = p.next();
	yes(first.command == ZX_PAGER_VMO_READ && first.offset == page);
	ok(p.aux.write("pages", 0, 6));
	ok(p.pager.supply_pages(p.vmo, page, page, p.aux, 0));
	reader.join();
	ok(status);
	assert_string_equal(text, "pages");

	reader = std::thread([&] { status = p.vmo.read(text, 0, 1); });
	p.next();
	ok(p.pager.op_range(ZX_PAGER_OP_FAIL, p.vmo, 0, page,
			    static_cast<uint64_t>(ZX_ERR_IO_DATA_INTEGRITY)));
	reader.join();
	is(status, ZX_ERR_IO_DATA_INTEGRITY);

	ok(p.pager.detach_vmo(p.vmo));
	yes(p.next().command == ZX_PAGER_VMO_COMPLETE);
	is(p.vmo.read(text, 0, 1), ZX_ERR_BAD_STATE);
}

static void PagerWriteback(void **)
{
	const paged p(ZX_VMO_RESIZABLE);
	zx_pager_vmo_stats_t stats = {};
	zx_vmo_dirty_range_t range = {};
	size_t actual = 0, avail = 0;

	ok(p.pager.supply_pages(p.vmo, 0, page, p.aux, 0));
	ok(p.vmo.write("dirty", 0, 5));
	ok(p.pager.query_vmo_stats(p.vmo, ZX_PAGER_RESET_VMO_STATS, &stats, sizeof(stats)));
	assert_int_equal(stats.modified, ZX_PAGER_VMO_STATS_MODIFIED);
	ok(p.pager.query_dirty_ranges(p.vmo, 0, 4 * page, &range, sizeof(range), &actual,
				      &avail));
	yes(actual == 1 && avail == 1 && range.offset == 0 && range.length == page);
	ok(p.pager.op_range(ZX_PAGER_OP_WRITEBACK_BEGIN, p.vmo, 0, page, 0));
	ok(p.pager.op_range(ZX_PAGER_OP_WRITEBACK_END, p.vmo, 0, page, 0));
	ok(p.pager.query_dirty_ranges(p.vmo, 0, 4 * page, nullptr, 0, nullptr, &avail));
	assert_int_equal(avail, 0);
}

/* Closing the last handle is what an owner does in the end, also of a pager. */
static void pager_goes(void **)
{
	paged p(0);
	zx_status_t status = 77;

	std::thread reader([&] {
		char byte = 0;

		status = p.vmo.read(&byte, 0, 1);
	});
	p.next();
	{
		const zx::pager last(std::move(p.pager));

		no(p.pager);
	}
	reader.join();
	is(status, ZX_ERR_BAD_STATE);
}

int main()
{
	static const struct CMUnitTest zx_vmo[] = {
		cmocka_unit_test(vmo_content),
		cmocka_unit_test(vmo_sizes),
		cmocka_unit_test(VmoContentSize),
		cmocka_unit_test(vmo_child),
		cmocka_unit_test(vmo_transfer),
		cmocka_unit_test(vmo_executable),
		cmocka_unit_test(SetGetProperty),
		cmocka_unit_test(GetInfo),
		cmocka_unit_test(stream_io),
		cmocka_unit_test(Vmar),
		cmocka_unit_test(Port),
		cmocka_unit_test(Pager),
		cmocka_unit_test(PagerWriteback),
		cmocka_unit_test(pager_goes),
	};

	if (zx_system_get_page_size() != page)
		return 77;
	return cmocka_run_group_tests(zx_vmo, nullptr, nullptr);
}
