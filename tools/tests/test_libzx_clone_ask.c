// SPDX-License-Identifier: MIT
/*
 * Zircon's tests of what clones of a pager's VMO ask its pager for, by the names that they
 * have there.  Who sees what then is in test_libzx_clone.c.
 */
#include "fixture.h"

/* One call on one VMO, in a thread of its own as it has to wait. */
struct ask {
	struct waiter waiter;
	zx_handle_t handle;
	zx_vaddr_t at;
	uint32_t op;
	uint64_t offset;
	uint64_t size;
};

static zx_status_t call_read(struct waiter *w)
{
	const struct ask *ask = (struct ask *)w;

	return zx_vmo_read(ask->handle, w->buffer, ask->offset, ask->size);
}

/* More than the waiter has room for. */
static zx_status_t call_read_pages(struct waiter *w)
{
	const struct ask *ask = (struct ask *)w;
	static char pages[4 * PAGE];

	return zx_vmo_read(ask->handle, pages, ask->offset, ask->size);
}

static zx_status_t call_write(struct waiter *w)
{
	static const char bytes[3 * PAGE] = "written";
	const struct ask *ask = (struct ask *)w;

	return zx_vmo_write(ask->handle, bytes, ask->offset, ask->size);
}

static zx_status_t call_op(struct waiter *w)
{
	const struct ask *ask = (struct ask *)w;

	return zx_vmo_op_range(ask->handle, ask->op, ask->offset, ask->size, NULL, 0);
}

static zx_status_t call_vmar_op(struct waiter *w)
{
	const struct ask *ask = (struct ask *)w;

	return zx_vmar_op_range(zx_vmar_root_self(), ask->op, ask->at, ask->size, NULL, 0);
}

static zx_status_t touch(struct waiter *w)
{
	w->buffer[0] = *(volatile char *)((struct ask *)w)->at;
	return ZX_OK;
}

static void ask_op(struct ask *ask, zx_handle_t handle, uint32_t op, uint64_t offset,
		   uint64_t size)
{
	*ask = (struct ask){ .handle = handle, .op = op, .offset = offset, .size = size };
	start(&ask->waiter, call_op);
}

static void ask_read(struct ask *ask, zx_handle_t handle, uint64_t offset)
{
	*ask = (struct ask){ .handle = handle, .offset = offset, .size = PAGE };
	start(&ask->waiter, call_read);
}

static zx_handle_t clone_of(zx_handle_t parent, uint64_t offset, uint64_t size)
{
	zx_handle_t clone;

	ok(zx_vmo_create_child(parent, ON_WRITE, offset, size, &clone));
	return clone;
}

/* A READ comes, and its pages do. */
static void serve(uint64_t offset, uint64_t length)
{
	expect_packet(ZX_PAGER_VMO_READ, offset, length);
	supply(offset, length, 's');
}

/* How much a clone has for itself. */
static uint64_t own(zx_handle_t clone)
{
	return vmo_info(clone).populated_private_bytes;
}

static void CloneReadFromCloneTest(void **state)
{
	zx_handle_t clone = clone_of(vmo, PAGE, 3 * PAGE);
	struct ask ask;

	(void)state;
	ask_read(&ask, clone, PAGE);
	serve(2 * PAGE, PAGE);
	ok(finish(&ask.waiter));
	assert_int_equal(ask.waiter.buffer[0], 's');
	ok(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ, 0, clone, 0, PAGE, &ask.at));
	start(&ask.waiter, touch);
	serve(PAGE, PAGE);
	ok(finish(&ask.waiter));
	assert_int_equal(ask.waiter.buffer[0], 's');
	ok(zx_vmar_unmap(zx_vmar_root_self(), ask.at, PAGE));
	assert_int_equal(own(clone), 0);
	ok(zx_handle_close(clone));
	expect_no_packet();
}

/* Two that want one page, whose answer is one for both. */
static void one_read(zx_handle_t one, zx_handle_t other)
{
	struct ask ask[2];

	ask_read(&ask[0], one, PAGE);
	ask_read(&ask[1], other, PAGE);
	serve(PAGE, PAGE);
	for (int i = 0; i < 2; i++) {
		ok(finish(&ask[i].waiter));
		assert_int_equal(ask[i].waiter.buffer[0], 's');
	}
	expect_no_packet();
}

static void CloneSimultaneousReadTest(void **state)
{
	zx_handle_t clone = clone_of(vmo, 0, 2 * PAGE);

	(void)state;
	one_read(vmo, clone);
	ok(zx_handle_close(clone));
}

static void CloneSimultaneousChildReadTest(void **state)
{
	zx_handle_t clone = clone_of(vmo, 0, 2 * PAGE), other = clone_of(vmo, 0, 2 * PAGE);

	(void)state;
	one_read(clone, other);
	ok(zx_handle_close_many((zx_handle_t[]){ clone, other }, 2));
}

/* Also if all of the page is written: content comes first. */
static void CloneWriteToCloneTest(void **state)
{
	zx_handle_t clone = clone_of(vmo, 0, 2 * PAGE);
	struct ask ask = { .handle = clone, .offset = PAGE, .size = PAGE };

	(void)state;
	start(&ask.waiter, call_write);
	serve(PAGE, PAGE);
	ok(finish(&ask.waiter));
	expect_byte(clone, PAGE, 'w');
	expect_byte(vmo, PAGE, 's');
	assert_int_equal(own(clone), PAGE);
	ok(zx_handle_close(clone));
	expect_no_packet();
}

static void CloneDetachTest(void **state)
{
	zx_handle_t clone = clone_of(vmo, 0, 3 * PAGE), child;
	char byte;

	(void)state;
	supply(0, 2 * PAGE, 's');
	ok(zx_vmo_write(clone, "c", 0, 1));
	expect_byte(clone, PAGE, 's');
	ok(zx_pager_detach_vmo(pager, vmo));
	expect_packet(ZX_PAGER_VMO_COMPLETE, 0, 0);
	expect_byte(clone, 0, 'c');
	expect_byte(clone, 1, 's');
	is(zx_vmo_read(clone, &byte, PAGE, 1), ZX_ERR_BAD_STATE);
	is(zx_vmo_read(clone, &byte, 2 * PAGE, 1), ZX_ERR_BAD_STATE);
	is(zx_vmo_write(clone, "x", 2 * PAGE, 1), ZX_ERR_BAD_STATE);
	is(zx_vmo_op_range(clone, ZX_VMO_OP_COMMIT, 0, 3 * PAGE, NULL, 0),
	   ZX_ERR_BAD_STATE);
	ok(zx_vmo_op_range(clone, ZX_VMO_OP_ALWAYS_NEED, 0, 3 * PAGE, NULL, 0));
	ok(zx_vmo_op_range(clone, ZX_VMO_OP_ZERO, PAGE, PAGE, NULL, 0));
	expect_byte(clone, PAGE, 0);
	ok(zx_vmo_write(clone, "d", 0, 1));
	child = clone_of(clone, 0, PAGE);
	expect_byte(child, 0, 'd');
	ok(zx_handle_close_many((zx_handle_t[]){ clone, child }, 2));
	expect_no_packet();
}

/* COMMIT asks for the runs that are missing, and copies all. */
static void commit_all_of(zx_handle_t clone)
{
	struct ask ask;

	ask_op(&ask, clone, ZX_VMO_OP_COMMIT, 0, 4 * PAGE);
	serve(0, 4 * PAGE);
	ok(finish(&ask.waiter));
	assert_int_equal(own(clone), 4 * PAGE);
	assert_int_equal(own(vmo), 4 * PAGE);
	expect_byte(clone, 3 * PAGE, 's');
	expect_no_packet();
}

static void CloneCommitTest(void **state)
{
	zx_handle_t clone = clone_of(vmo, 0, 4 * PAGE);

	(void)state;
	commit_all_of(clone);
	ok(zx_handle_close(clone));
}

static void CloneChainCommitTest(void **state)
{
	zx_handle_t clone = clone_of(vmo, 0, 4 * PAGE), child = clone_of(clone, 0, 4 * PAGE);

	(void)state;
	commit_all_of(child);
	assert_int_equal(own(clone), 0);
	ok(zx_handle_close_many((zx_handle_t[]){ clone, child }, 2));
}

/* What is there already makes several requests of one. */
static void commit_beside(const char *pages, size_t batches)
{
	zx_handle_t clone;
	struct ask ask;
	size_t n = strlen(pages);

	ok(zx_handle_close(vmo));
	expect_packet(ZX_PAGER_VMO_COMPLETE, 0, 0);
	ok(zx_pager_create_vmo(pager, 0, port, KEY, n * PAGE, &vmo));
	for (size_t i = 0; i < n; i++)
		if (pages[i] != '.')
			supply(i * PAGE, PAGE, pages[i]);
	clone = clone_of(vmo, 0, n * PAGE);
	ask_op(&ask, clone, ZX_VMO_OP_COMMIT, 0, n * PAGE);
	for (size_t i = 0, run; i < n; i += run + 1) {
		run = strspn(pages + i, ".");
		if (run) {
			serve(i * PAGE, run * PAGE);
			batches--;
		}
	}
	assert_int_equal(batches, 0);
	ok(finish(&ask.waiter));
	assert_int_equal(own(clone), n * PAGE);
	for (size_t i = 0; i < n; i++) {
		const char *there = pages[i] == '.' ? "s" : pages + i;

		expect_byte(clone, i * PAGE, *there);
	}
	ok(zx_handle_close(clone));
	expect_no_packet();
}

static void CloneCommitSingleBatch(void **state)
{
	(void)state;
	commit_beside("....", 1);
}

static void CloneCommitTwoBatches(void **state)
{
	(void)state;
	commit_beside("..p.", 2);
}

static void CloneCommitMultipleBatches(void **state)
{
	(void)state;
	commit_beside(".p..q...", 3);
}

/* As one throw of dice had it. */
static void CloneCommitRandomBatches(void **state)
{
	(void)state;
	commit_beside("..pq.r.tu...v.wx", 5);
}

/* By the mapping, which asks as the clone itself does; what is its own stays. */
static void OpCommitCloneVmar(void **state)
{
	const zx_vm_option_t perms = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;
	const zx_handle_t root = zx_vmar_root_self();
	zx_handle_t clone = clone_of(vmo, 0, 4 * PAGE);
	struct ask ask = { .op = ZX_VMAR_OP_COMMIT, .size = 4 * PAGE };

	(void)state;
	supply(3 * PAGE, PAGE, 'p');
	ok(zx_vmo_write(clone, "c", 3 * PAGE, 1));
	ok(zx_vmar_map(root, perms, 0, clone, 0, 4 * PAGE, &ask.at));
	start(&ask.waiter, call_vmar_op);
	serve(0, 3 * PAGE);
	ok(finish(&ask.waiter));
	assert_int_equal(own(clone), 4 * PAGE);
	expect_byte(clone, 2 * PAGE, 's');
	expect_byte(clone, 3 * PAGE, 'c');
	ok(zx_vmar_unmap(root, ask.at, 4 * PAGE));
	ok(zx_handle_close(clone));
	expect_no_packet();
}

/* Memory cannot be given back, be it the root's or the clone's own. */
static void DecommitTest(void **state)
{
	zx_handle_t clone = new_child(ON_WRITE);

	(void)state;
	ok(zx_vmo_write(clone, "c", 0, 1));
	is(zx_vmo_op_range(vmo, ZX_VMO_OP_DECOMMIT, 0, PAGE, NULL, 0),
	   ZX_ERR_NOT_SUPPORTED);
	is(zx_vmo_op_range(clone, ZX_VMO_OP_DECOMMIT, 0, PAGE, NULL, 0),
	   ZX_ERR_NOT_SUPPORTED);
	is(zx_vmo_op_range(clone, ZX_VMO_OP_DECOMMIT, PAGE, PAGE, NULL, 0),
	   ZX_ERR_NOT_SUPPORTED);
	ok(zx_vmo_op_range(clone, ZX_VMO_OP_DECOMMIT, 0, 0, NULL, 0));
	expect_byte(clone, 0, 'c');
	ok(zx_handle_close(clone));
}

/* Hints are for what is seen of the root, in the clone and in a clone of it. */
static void EvictionHintsWithClones(void **state)
{
	zx_handle_t clone = clone_of(vmo, 0, 4 * PAGE), child;
	struct ask ask;

	(void)state;
	ok(zx_vmo_op_range(clone, ZX_VMO_OP_DONT_NEED, 0, 4 * PAGE, NULL, 0));
	supply(1 * PAGE, PAGE, 'p');
	ok(zx_vmo_write(clone, "c", PAGE, 1));
	child = clone_of(clone, PAGE, 3 * PAGE);
	ok(zx_vmo_op_range(child, ZX_VMO_OP_ALWAYS_NEED, 0, PAGE, NULL, 0));
	expect_no_packet();
	ask_op(&ask, clone, ZX_VMO_OP_ALWAYS_NEED, 0, 3 * PAGE);
	serve(0, PAGE);
	serve(2 * PAGE, PAGE);
	ok(finish(&ask.waiter));
	ask_op(&ask, child, ZX_VMO_OP_ALWAYS_NEED, 0, 3 * PAGE);
	serve(3 * PAGE, PAGE);
	ok(finish(&ask.waiter));
	ok(zx_vmo_op_range(child, ZX_VMO_OP_DONT_NEED, 0, 3 * PAGE, NULL, 0));
	assert_int_equal(own(child), 0);
	expect_byte(child, 0, 'c');
	ok(zx_handle_close_many((zx_handle_t[]){ clone, child }, 2));
	expect_no_packet();
}

/* Of the root, and of a clone, which has one page and zeroes for itself. */
static void Prefetch(void **state)
{
	zx_handle_t clone = clone_of(vmo, 1 * PAGE, 3 * PAGE);
	struct ask ask;

	(void)state;
	ok(zx_vmo_op_range(clone, ZX_VMO_OP_ZERO, PAGE, PAGE, NULL, 0));
	ask_op(&ask, clone, ZX_VMO_OP_PREFETCH, 0, 3 * PAGE);
	serve(PAGE, PAGE);
	serve(3 * PAGE, PAGE);
	ok(finish(&ask.waiter));
	assert_int_equal(own(clone), 0);
	ask_op(&ask, vmo, ZX_VMO_OP_PREFETCH, 0, 4 * PAGE);
	serve(0, PAGE);
	serve(2 * PAGE, PAGE);
	ok(finish(&ask.waiter));
	expect_byte(clone, PAGE, 0);
	ok(zx_handle_close(clone));
	expect_no_packet();
}

/* What those between have for themselves is not asked for, though all is read at once. */
static void PageRequestBatchingChecksAncestorPages(void **state)
{
	zx_handle_t clone = clone_of(vmo, 0, 4 * PAGE), next, slice;
	struct ask ask;

	(void)state;
	ok(zx_vmo_op_range(clone, ZX_VMO_OP_ZERO, PAGE, PAGE, NULL, 0));
	next = clone_of(clone, 0, 4 * PAGE);
	ok(zx_vmo_create_child(next, SLICE, 0, 4 * PAGE, &slice));
	ask = (struct ask){ .handle = slice, .size = 4 * PAGE };
	start(&ask.waiter, call_read_pages);
	serve(0, PAGE);
	serve(2 * PAGE, 2 * PAGE);
	ok(finish(&ask.waiter));
	expect_byte(slice, 0, 's');
	expect_byte(slice, PAGE, 0);
	expect_byte(slice, 4 * PAGE - 1, 's');
	ok(zx_handle_close_many((zx_handle_t[]){ clone, next, slice }, 3));
	expect_no_packet();
}

/* A clone's write asks for content alone, and all at once. */
static void NoDirtyRequestsForClones(void **state)
{
	struct ask ask = { .size = 3 * PAGE };
	zx_handle_t clone;

	(void)state;
	replace_vmo(ZX_VMO_TRAP_DIRTY, 0);
	clone = clone_of(vmo, 0, 4 * PAGE);
	ask.handle = clone;
	start(&ask.waiter, call_write);
	serve(0, 3 * PAGE);
	ok(finish(&ask.waiter));
	expect_no_packet();
	ALL_CLEAN();
	ask.handle = vmo;
	start(&ask.waiter, call_write);
	expect_packet(ZX_PAGER_VMO_DIRTY, 0, 3 * PAGE);
	ok(zx_pager_op_range(pager, ZX_PAGER_OP_DIRTY, vmo, 0, 3 * PAGE, 0));
	ok(finish(&ask.waiter));
	DIRTY(PAGES(0, 3));
	ok(zx_handle_close(clone));
	expect_no_packet();
}

/* A clone that is not written to has snapshots that are. */
static void SnapshotReadOnlyVmo(void **state)
{
	zx_handle_t clone = new_child(ON_WRITE | NO_WRITE), snapshot;

	(void)state;
	assert_int_equal(vmo_info(clone).handle_rights & ZX_RIGHT_WRITE, 0);
	is(zx_vmo_write(clone, "x", 0, 1), ZX_ERR_ACCESS_DENIED);
	ok(zx_vmo_create_child(clone, MODIFIED, 0, PAGE, &snapshot));
	assert_int_equal(vmo_info(snapshot).handle_rights & ZX_RIGHT_WRITE,
			 ZX_RIGHT_WRITE);
	ok(zx_vmo_write(snapshot, "x", 0, 1));
	expect_byte(snapshot, 0, 'x');
	expect_byte(clone, 0, 'p');
	ok(zx_handle_close_many((zx_handle_t[]){ clone, snapshot }, 2));
	expect_no_packet();
}

/* Each is closed when it has a clone of its own; the last one is the root's, then. */
static void DeepHierarchy(void **state)
{
	zx_handle_t clone = clone_of(vmo, 0, PAGE), next;
	struct ask ask;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		next = clone_of(clone, 0, PAGE);
		ok(zx_handle_close(clone));
		clone = next;
	}
	assert_int_equal(vmo_info(vmo).num_children, 1);
	ask_read(&ask, clone, 0);
	serve(0, PAGE);
	ok(finish(&ask.waiter));
	assert_int_equal(ask.waiter.buffer[0], 's');
	ok(zx_handle_close(clone));
	assert_int_equal(vmo_info(vmo).num_children, 0);
	expect_no_packet();
}

int main(void)
{
	static const struct CMUnitTest libzx_clone_ask[] = {
		TEST(CloneReadFromCloneTest),
		TEST(CloneSimultaneousReadTest),
		TEST(CloneSimultaneousChildReadTest),
		TEST(CloneWriteToCloneTest),
		TEST(CloneDetachTest),
		TEST(CloneCommitTest),
		TEST(CloneChainCommitTest),
		TEST(CloneCommitSingleBatch),
		TEST(CloneCommitTwoBatches),
		TEST(CloneCommitMultipleBatches),
		TEST(CloneCommitRandomBatches),
		TEST(OpCommitCloneVmar),
		TEST(DecommitTest),
		TEST(EvictionHintsWithClones),
		TEST(Prefetch),
		TEST(PageRequestBatchingChecksAncestorPages),
		TEST(NoDirtyRequestsForClones),
		TEST(SnapshotReadOnlyVmo),
		TEST(DeepHierarchy),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_clone_ask, NULL, NULL);
}
