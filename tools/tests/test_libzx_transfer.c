// SPDX-License-Identifier: MIT
/*
 * libzx against the module: zx_vmo_transfer_data(), by the names of Zircon's tests.
 */
#include <stdatomic.h>

#include "fixture.h"

#define PAGES_ALL	5
#define PAGES_MOVED	3
#define ALL		(PAGES_ALL * PAGE)
#define MOVED		(PAGES_MOVED * PAGE)

/* A plain VMO with a byte everywhere. */
static zx_handle_t filled(char byte)
{
	char page[PAGE];
	zx_handle_t h;

	memset(page, byte, PAGE);
	ok(zx_vmo_create(ALL, 0, &h));
	for (unsigned int i = 0; i < PAGES_ALL; i++)
		ok(zx_vmo_write(h, page, i * PAGE, PAGE));
	return h;
}

/* The same with a pager, which is closed. */
static zx_handle_t filled_by_pager(char byte)
{
	zx_handle_t of, h, from = filled(byte);

	ok(zx_pager_create(0, &of));
	ok(zx_pager_create_vmo(of, 0, port, 0, ALL, &h));
	ok(zx_pager_supply_pages(of, h, 0, ALL, from, 0));
	ok(zx_handle_close(of));
	ok(zx_handle_close(from));
	return h;
}

/* Each page has one byte everywhere; a dot is 0. */
static void shows(zx_handle_t h, const char *expected)
{
	char page[PAGE], found[PAGES_ALL + 1] = "";

	for (size_t i = 0; i < strlen(expected); i++) {
		ok(zx_vmo_read(h, page, i * PAGE, PAGE));
		assert_memory_equal(page, page + 1, PAGE - 1);
		found[i] = '.';
		if (page[0])
			found[i] = page[0];
	}
	assert_string_equal(found, expected);
}

static void close_all(zx_handle_t a, zx_handle_t b, zx_handle_t c)
{
	const zx_handle_t all[] = { a, b, c };

	ok(zx_handle_close_many(all, COUNT(all)));
}

static void DestroyedParentWithNonZeroOffset(void **state)
{
	zx_handle_t parent = filled('s'), dst = filled('d'), src;

	(void)state;
	ok(zx_vmo_create_child(parent, SNAPSHOT, PAGE, MOVED, &src));
	ok(zx_handle_close(parent));
	ok(zx_vmo_transfer_data(dst, 0, 0, MOVED, src, 0));
	shows(src, "...");
	shows(dst, "sssdd");
	close_all(src, dst, ZX_HANDLE_INVALID);
}

/* One that has something for itself, and perhaps a child of its own. */
static zx_handle_t child_of(zx_handle_t parent, uint32_t kind, bool has_child,
			    zx_handle_t *grandchild)
{
	char page[PAGE];
	zx_handle_t h;

	*grandchild = ZX_HANDLE_INVALID;
	ok(zx_vmo_create_child(parent, kind, 0, MOVED, &h));
	if (has_child) {
		memset(page, 's', PAGE);
		ok(zx_vmo_write(h, page, 0, PAGE));
		ok(zx_vmo_create_child(h, kind, 0, MOVED, grandchild));
	}
	return h;
}

static const uint32_t kinds[] = { SNAPSHOT, ON_WRITE };

static zx_handle_t parent_of(unsigned int i, char byte)
{
	return i & 1 ? filled_by_pager(byte) : filled(byte);
}

/* By the bits of a number. */
#define CHILDREN		4
#define KIND(i)			kinds[(i) & 1]
#define HAS_CHILD(i)		((i) & 2)

static void SnapshotChildSrc(void **state)
{
	zx_handle_t parent, src, child, dst;

	(void)state;
	for (unsigned int i = 0; i < CHILDREN; i++) {
		parent = parent_of(i, 's');
		src = child_of(parent, KIND(i), HAS_CHILD(i), &child);
		dst = filled('d');
		ok(zx_vmo_transfer_data(dst, 0, 0, MOVED, src, 0));
		shows(src, "...");
		shows(parent, "sssss");
		shows(dst, "sssdd");
		if (child != ZX_HANDLE_INVALID)
			shows(child, "sss");
		close_all(parent, src, dst);
		ok(zx_handle_close(child));
	}
}

static void SnapshotChildDst(void **state)
{
	zx_handle_t parent, src, child, dst;

	(void)state;
	for (unsigned int i = 0; i < CHILDREN; i++) {
		parent = parent_of(i, 'd');
		src = filled('s');
		dst = child_of(parent, KIND(i), HAS_CHILD(i), &child);
		ok(zx_vmo_transfer_data(dst, 0, 0, MOVED, src, 0));
		shows(dst, "sss");
		shows(src, "...ss");
		shows(parent, "ddddd");
		if (child != ZX_HANDLE_INVALID)
			shows(child, "sdd");
		close_all(parent, src, dst);
		ok(zx_handle_close(child));
	}
}

static void ChildSliceDst(void **state)
{
	zx_handle_t src = filled('s'), parent = filled('d'), dst;

	(void)state;
	ok(zx_vmo_create_child(parent, SLICE, PAGE, MOVED, &dst));
	ok(zx_vmo_transfer_data(dst, 0, 0, MOVED, src, 0));
	shows(src, "...ss");
	shows(parent, "dsssd");
	shows(dst, "sss");
	close_all(src, parent, dst);
}

static void ChildSliceSrc(void **state)
{
	zx_handle_t parent = filled('s'), dst = filled('d'), src;

	(void)state;
	ok(zx_vmo_create_child(parent, SLICE, PAGE, MOVED, &src));
	ok(zx_vmo_transfer_data(dst, 0, 0, MOVED, src, 0));
	shows(src, "...");
	shows(parent, "s...s");
	shows(dst, "sssdd");
	close_all(src, parent, dst);
}

static void ReferenceChildSrc(void **state)
{
	zx_handle_t parent = filled('s'), dst = filled('d'), src;

	(void)state;
	ok(zx_vmo_create_child(parent, ZX_VMO_CHILD_REFERENCE, 0, 0, &src));
	ok(zx_vmo_transfer_data(dst, 0, 0, MOVED, src, 0));
	shows(src, "...ss");
	shows(parent, "...ss");
	shows(dst, "sssdd");
	close_all(src, parent, dst);
}

static void ReferenceChildDst(void **state)
{
	zx_handle_t src = filled('s'), parent = filled('d'), dst;

	(void)state;
	ok(zx_vmo_create_child(parent, ZX_VMO_CHILD_REFERENCE, 0, 0, &dst));
	ok(zx_vmo_transfer_data(dst, 0, 0, MOVED, src, 0));
	shows(src, "...ss");
	shows(parent, "sssdd");
	shows(dst, "sssdd");
	close_all(src, parent, dst);
}

/* The ranges overlap. */
static void SameSrcAndDst(void **state)
{
	zx_handle_t h = filled('s'), part;

	(void)state;
	ok(zx_vmo_transfer_data(h, 0, 2 * PAGE, MOVED, h, 0));
	shows(h, "..sss");
	/* By a slice it is another VMO. */
	ok(zx_vmo_create_child(h, SLICE, PAGE, 4 * PAGE, &part));
	ok(zx_vmo_transfer_data(h, 0, 0, MOVED, part, PAGE));
	shows(h, "sss..");
	/* To where it is. */
	ok(zx_vmo_transfer_data(h, 0, 0, MOVED, h, 0));
	ok(zx_vmo_transfer_data(h, 0, 9 * PAGE, MOVED, h, 9 * PAGE));
	shows(h, "sss..");
	close_all(h, part, ZX_HANDLE_INVALID);
}

static void Basic(void **state)
{
	zx_handle_t src = filled('s'), dst = filled('d');

	(void)state;
	ok(zx_vmo_transfer_data(dst, 0, 2 * PAGE, MOVED, src, 0));
	shows(dst, "ddsss");
	shows(src, "...ss");
	ok(zx_vmo_transfer_data(dst, 0, 5 * PAGE, 0, src, 0));
	close_all(src, dst, ZX_HANDLE_INVALID);
}

static void InvalidInputs(void **state)
{
	zx_handle_t src = filled('s'), dst = filled('d'), part, none;
	const struct {
		zx_handle_t dst;
		uint32_t options;
		uint64_t offset;
		uint64_t length;
		zx_handle_t src;
		uint64_t src_offset;
		zx_status_t status;
	} rows[] = {
		{ dst, 0, PAGE, PAGE, CLOSED, 0, ZX_ERR_BAD_HANDLE },
		{ CLOSED, 0, PAGE, PAGE, src, 0, ZX_ERR_BAD_HANDLE },
		{ port, 0, PAGE, PAGE, CLOSED, 0, ZX_ERR_WRONG_TYPE },
		{ dst, 0, PAGE, PAGE, port, 0, ZX_ERR_WRONG_TYPE },
		{ CLOSED, 1, PAGE, PAGE, src, 0, ZX_ERR_INVALID_ARGS },
		{ CLOSED, 0, PAGE - 1, PAGE, src, 0, ZX_ERR_INVALID_ARGS },
		{ CLOSED, 0, PAGE, PAGE - 1, src, 0, ZX_ERR_INVALID_ARGS },
		{ CLOSED, 0, PAGE, PAGE, src, PAGE - 1, ZX_ERR_INVALID_ARGS },
		{ dst, 0, PAGE, PAGE, vmo, 0, ZX_ERR_NOT_SUPPORTED },
		{ vmo, 0, PAGE, PAGE, src, 0, ZX_ERR_NOT_SUPPORTED },
		{ dst, 0, PAGE, 6 * PAGE, src, 0, ZX_ERR_OUT_OF_RANGE },
		{ dst, 0, PAGE, PAGE, src, 6 * PAGE, ZX_ERR_OUT_OF_RANGE },
		{ dst, 0, PAGE, PAGE, src, -(uint64_t)PAGE, ZX_ERR_OUT_OF_RANGE },
		{ dst, 0, 6 * PAGE, PAGE, src, 3 * PAGE, ZX_ERR_OUT_OF_RANGE },
		{ dst, 0, 3 * PAGE, 3 * PAGE, src, 0, ZX_ERR_OUT_OF_RANGE },
		/* The source before the destination, and the range before who has it. */
		{ vmo, 0, PAGE, PAGE, src, 6 * PAGE, ZX_ERR_OUT_OF_RANGE },
		{ dst, 0, 6 * PAGE, PAGE, vmo, 0, ZX_ERR_NOT_SUPPORTED },
		{ dst, 0, PAGE, PAGE, vmo, 4 * PAGE, ZX_ERR_OUT_OF_RANGE },
	};
	const zx_rights_t lacks[] = { 0, ZX_RIGHT_READ, ZX_RIGHT_WRITE };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		row_is(i, zx_vmo_transfer_data(rows[i].dst, rows[i].options,
					       rows[i].offset, rows[i].length,
					       rows[i].src, rows[i].src_offset),
		       rows[i].status);
	for (size_t i = 0; i < COUNT(lacks); i++) {
		ok(zx_handle_duplicate(src, lacks[i], &none));
		is(zx_vmo_transfer_data(dst, 0, PAGE, PAGE, none, 0),
		   ZX_ERR_ACCESS_DENIED);
		ok(zx_handle_close(none));
	}
	ok(zx_handle_duplicate(dst, ZX_RIGHT_READ, &none));
	is(zx_vmo_transfer_data(none, 0, PAGE, PAGE, CLOSED, 0), ZX_ERR_ACCESS_DENIED);
	/* A slice of what has a pager has it, too. */
	ok(zx_vmo_create_child(vmo, SLICE, 0, PAGE, &part));
	is(zx_vmo_transfer_data(dst, 0, PAGE, PAGE, part, 0), ZX_ERR_NOT_SUPPORTED);
	is(zx_vmo_transfer_data(part, 0, 0, PAGE, src, 0), ZX_ERR_NOT_SUPPORTED);
	expect_no_packet();
	shows(src, "sssss");
	shows(dst, "ddddd");
	close_all(src, dst, none);
	ok(zx_handle_close(part));
}

#define MANY	1024

static void *close_parent(void *arg)
{
	ok(zx_handle_close(*(zx_handle_t *)arg));
	return NULL;
}

static void RacyDropParent(void **state)
{
	const uint64_t word = 42;
	zx_handle_t src, dst, child;
	uint64_t found;
	pthread_t thread;

	(void)state;
	ok(zx_vmo_create(MANY * PAGE, 0, &src));
	ok(zx_vmo_create(MANY * PAGE, 0, &dst));
	for (uint64_t i = 0; i < MANY; i++)
		ok(zx_vmo_write(src, &word, i * PAGE, sizeof(word)));
	ok(zx_vmo_create_child(src, SNAPSHOT, 0, MANY * PAGE, &child));
	assert_int_equal(pthread_create(&thread, NULL, close_parent, &src), 0);
	ok(zx_vmo_transfer_data(dst, 0, 0, MANY * PAGE, child, 0));
	assert_int_equal(pthread_join(thread, NULL), 0);
	for (uint64_t i = 0; i < MANY; i++) {
		ok(zx_vmo_read(dst, &found, i * PAGE, sizeof(found)));
		assert_int_equal(found, word);
	}
	expect_byte(child, 5 * PAGE, 0);
	close_all(dst, child, ZX_HANDLE_INVALID);
}

static void EmptyOverwritesParentContent(void **state)
{
	zx_handle_t parent = filled('d'), dst, src;

	(void)state;
	ok(zx_vmo_create_child(parent, SNAPSHOT, 0, ALL, &dst));
	ok(zx_vmo_create(ALL, 0, &src));
	ok(zx_vmo_transfer_data(dst, 0, PAGE, MOVED, src, 0));
	shows(dst, "d...d");
	shows(parent, "ddddd");
	close_all(parent, dst, src);
}

/* What is zero takes no memory, and what has left the source neither. */
static void sparse_stays_sparse(void **state)
{
	zx_handle_t src, dst = filled('d');

	(void)state;
	ok(zx_vmo_create(ALL, 0, &src));
	ok(zx_vmo_write(src, "xy", 3 * PAGE - 1, 2));
	assert_int_equal(vmo_info(src).committed_bytes, 2 * PAGE);
	ok(zx_vmo_transfer_data(dst, 0, 0, ALL, src, 0));
	assert_int_equal(vmo_info(src).committed_bytes, 0);
	assert_int_equal(vmo_info(dst).committed_bytes, 2 * PAGE);
	expect_byte(dst, 3 * PAGE - 1, 'x');
	expect_byte(dst, 3 * PAGE, 'y');
	expect_byte(dst, 0, 0);
	close_all(src, dst, ZX_HANDLE_INVALID);
}

#define ROUNDS	200

static atomic_bool stop;
static _Atomic uint64_t *counter;
static uint64_t counted;

static void *count(void *arg)
{
	(void)arg;
	while (!atomic_load(&stop)) {
		atomic_fetch_add(counter, 1);
		counted++;
	}
	return NULL;
}

/* Each store is in what was moved, or is still there. */
static void no_store_is_lost(void **state)
{
	zx_handle_t src = filled(0), dst = filled('d');
	uint64_t sum = 0, moved;
	pthread_t thread;
	zx_vaddr_t at;

	(void)state;
	ok(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, src, 0,
		       PAGE, &at));
	counter = (_Atomic uint64_t *)at;
	counted = 0;
	atomic_store(&stop, false);
	assert_int_equal(pthread_create(&thread, NULL, count, NULL), 0);
	for (int i = 0; i < ROUNDS; i++) {
		ok(zx_vmo_transfer_data(dst, 0, PAGE, PAGE, src, 0));
		ok(zx_vmo_read(dst, &moved, PAGE, sizeof(moved)));
		sum += moved;
	}
	atomic_store(&stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(sum + atomic_load(counter), counted);
	assert_true(counted > 0);
	ok(zx_vmar_unmap(zx_vmar_root_self(), at, PAGE));
	close_all(src, dst, ZX_HANDLE_INVALID);
}

static zx_handle_t waiting_dst, waiting_src;

static zx_status_t transfer_missing(struct waiter *w)
{
	(void)w;
	return zx_vmo_transfer_data(waiting_dst, 0, 0, 3 * PAGE, waiting_src, 0);
}

/* What a clone misses is asked for; what cannot be had is left as it is. */
static void missing_in_a_clone(void **state)
{
	struct waiter w;

	(void)state;
	supply(0, PAGE, 'a');
	supply(PAGE, PAGE, 'b');
	waiting_dst = filled('d');
	ok(zx_vmo_create_child(vmo, ON_WRITE, 0, 3 * PAGE, &waiting_src));
	start(&w, transfer_missing);
	expect_packet(ZX_PAGER_VMO_READ, 2 * PAGE, PAGE);
	ok(zx_pager_op_range(pager, ZX_PAGER_OP_FAIL, vmo, 2 * PAGE, PAGE,
			     (uint64_t)ZX_ERR_IO));
	is(finish(&w), ZX_ERR_IO);
	shows(waiting_dst, "abddd");
	shows(waiting_src, "..");
	supply(2 * PAGE, PAGE, 'c');
	expect_byte(waiting_src, 2 * PAGE, 'c');
	shows(vmo, "abc");
	close_all(waiting_dst, waiting_src, ZX_HANDLE_INVALID);
}

/* The same of the destination: what that cannot take goes back. */
static void missing_below_the_destination(void **state)
{
	struct waiter w;

	(void)state;
	supply(0, 2 * PAGE, 'a');
	waiting_src = filled('s');
	ok(zx_vmo_create_child(vmo, ON_WRITE, 0, 3 * PAGE, &waiting_dst));
	start(&w, transfer_missing);
	expect_packet(ZX_PAGER_VMO_READ, 2 * PAGE, PAGE);
	ok(zx_pager_op_range(pager, ZX_PAGER_OP_FAIL, vmo, 2 * PAGE, PAGE,
			     (uint64_t)ZX_ERR_IO));
	is(finish(&w), ZX_ERR_IO);
	shows(waiting_dst, "ss");
	shows(waiting_src, "sssss");
	shows(vmo, "aa");
	close_all(waiting_dst, waiting_src, ZX_HANDLE_INVALID);
}

/* Both VMOs, though their handles are closed meanwhile. */
static void closed_while_in_use(void **state)
{
	zx_handle_t dst = filled('d'), src, other;
	struct waiter w;
	int fds[2];

	(void)state;
	supply(0, 2 * PAGE, 'a');
	ok(zx_vmo_create_child(vmo, ON_WRITE, 0, 3 * PAGE, &src));
	ok(zx_handle_duplicate(dst, ZX_RIGHT_SAME_RIGHTS, &waiting_dst));
	ok(zx_handle_duplicate(src, ZX_RIGHT_SAME_RIGHTS, &waiting_src));
	fds[0] = zx_linux_handle_to_fd(waiting_dst);
	fds[1] = zx_linux_handle_to_fd(waiting_src);
	start(&w, transfer_missing);
	expect_packet(ZX_PAGER_VMO_READ, 2 * PAGE, PAGE);
	close_all(waiting_dst, waiting_src, ZX_HANDLE_INVALID);
	is(zx_handle_check_valid(waiting_dst), ZX_ERR_NOT_FOUND);
	is(zx_handle_check_valid(waiting_src), ZX_ERR_NOT_FOUND);
	/* Nobody else has their numbers. */
	other = filled('o');
	for (int i = 0; i < 2; i++) {
		assert_int_not_equal(zx_linux_handle_to_fd(other), fds[i]);
		assert_true(fcntl(fds[i], F_GETFD) >= 0);
	}
	supply(2 * PAGE, PAGE, 'c');
	ok(finish(&w));
	for (int i = 0; i < 2; i++)
		assert_int_equal(fcntl(fds[i], F_GETFD), -1);
	shows(dst, "aacdd");
	shows(src, "...");
	shows(other, "ooooo");
	close_all(dst, src, other);
}

int main(void)
{
	static const struct CMUnitTest libzx_transfer[] = {
		TEST(DestroyedParentWithNonZeroOffset),
		TEST(SnapshotChildSrc),
		TEST(SnapshotChildDst),
		TEST(ChildSliceDst),
		TEST(ChildSliceSrc),
		TEST(ReferenceChildSrc),
		TEST(ReferenceChildDst),
		TEST(SameSrcAndDst),
		TEST(Basic),
		TEST(InvalidInputs),
		TEST(RacyDropParent),
		TEST(EmptyOverwritesParentContent),
		TEST(sparse_stays_sparse),
		TEST(no_store_is_lost),
		TEST(missing_in_a_clone),
		TEST(missing_below_the_destination),
		TEST(closed_while_in_use),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_transfer, NULL, NULL);
}
