// SPDX-License-Identifier: MIT
/*
 * Zircon's tests of who sees which page of a pager's VMO and of its clones, by the names
 * that they have there.  Each is a list of steps; what the clones ask of the pager is in
 * test_libzx_clone_ask.c.
 */
#include "fixture.h"

/* The root, and what is made of it.  Each is mapped as a whole for as long as it is there. */
#define VMOS	6
#define ROOT	0

static struct {
	zx_handle_t handle;
	zx_vaddr_t at;
	uint64_t mapped;
} vmos[VMOS];

enum what {
	END,
	SUPPLY,		/* so many pages of the root: 'a' in its first one, 'b' in the next */
	CLONE,		/* of another one, or a slice, with these options, from this page on */
	WRITE,		/* one byte at the start of a page */
	STORE,		/* the same by the mapping */
	ZERO,		/* so many pages */
	COMMIT,
	RESIZE,		/* to so many pages */
	CLOSE,		/* its handle and its mapping */
	SEES,		/* the first bytes of its pages; a page of zeroes is a dot */
	OWNS,		/* so many pages, that no other one has */
	HALVES,		/* so many half pages, as what two share is one of each */
	CHILDREN,	/* so many */
};

struct step {
	enum what what;
	unsigned int vmo;
	unsigned int page;
	unsigned int pages;
	const char *bytes;
	unsigned int of;
	uint32_t options;
};

#define SUPPLY(page, pages)		{ SUPPLY, ROOT, page, pages, NULL, 0, 0 }
#define CLONE(vmo, of, options, page, pages) \
	{ CLONE, vmo, page, pages, NULL, of, options }
#define WRITE(vmo, page, byte)		{ WRITE, vmo, page, 1, byte, 0, 0 }
#define STORE(vmo, page, byte)		{ STORE, vmo, page, 1, byte, 0, 0 }
#define ZERO(vmo, page, pages)		{ ZERO, vmo, page, pages, NULL, 0, 0 }
#define COMMIT(vmo, page, pages)	{ COMMIT, vmo, page, pages, NULL, 0, 0 }
#define RESIZE(vmo, pages)		{ RESIZE, vmo, 0, pages, NULL, 0, 0 }
#define CLOSE(vmo)			{ CLOSE, vmo, 0, 0, NULL, 0, 0 }
#define SEES(vmo, bytes)		{ SEES, vmo, 0, 0, bytes, 0, 0 }
#define OWNS(vmo, pages)		{ OWNS, vmo, 0, pages, NULL, 0, 0 }
#define HALVES(vmo, n)			{ HALVES, vmo, 0, n, NULL, 0, 0 }
#define CHILDREN(vmo, n)		{ CHILDREN, vmo, 0, n, NULL, 0, 0 }

struct story {
	const char *name;
	uint32_t options;	/* of the root */
	struct step steps[36];
};

/* selftests/conformance.py finds them by this. */
#define STORY(name)	#name

static const struct story stories[] = {
	{ STORY(CloneReadFromParentTest), 0, {
		SUPPLY(0, 4), SEES(ROOT, "abcd"), CLONE(1, ROOT, ON_WRITE, 1, 3),
		SEES(1, "bcd"), OWNS(1, 0),
	} },
	{ STORY(CloneResizeCloneHazard), 0, {
		SUPPLY(0, 4), CLONE(1, ROOT, ON_WRITE | RESIZABLE, 0, 4),
		WRITE(1, 0, "1"), SEES(1, "1bcd"), RESIZE(1, 0), OWNS(1, 0),
		RESIZE(1, 4), SEES(1, "...."), SEES(ROOT, "abcd"),
	} },
	{ STORY(CloneResizeParentOK), ZX_VMO_RESIZABLE, {
		SUPPLY(0, 4), CLONE(1, ROOT, ON_WRITE, 0, 4), WRITE(1, 0, "1"),
		SEES(1, "1bcd"), RESIZE(ROOT, 0), SEES(1, "1..."), STORE(1, 1, "2"),
		WRITE(1, 2, "3"), SEES(1, "123."),
	} },
	{ STORY(CloneShrinkGrowParent), ZX_VMO_RESIZABLE, {
		SUPPLY(0, 4), CLONE(1, ROOT, ON_WRITE, 0, 4), SEES(1, "abcd"),
		CLONE(2, ROOT, ON_WRITE, 2, 2), CLONE(3, 1, ON_WRITE, 0, 4),
		RESIZE(ROOT, 1), RESIZE(ROOT, 4), SEES(ROOT, "a..."),
		WRITE(ROOT, 2, "1"), STORE(ROOT, 3, "2"), SEES(ROOT, "a.12"),
		SEES(1, "a..."), SEES(2, ".."), SEES(3, "a..."),
		CLONE(4, ROOT, ON_WRITE, 0, 4), SEES(4, "a.12"),
	} },
	{ STORY(CloneMightSeeIntermediateForks), 0, {
		SUPPLY(0, 3), CLONE(1, ROOT, ON_WRITE, 0, 3), WRITE(1, 0, "1"),
		CLONE(2, 1, ON_WRITE, 0, 3), SEES(2, "1bc"), WRITE(1, 0, "2"),
		STORE(1, 1, "2"), SEES(1, "22c"), SEES(2, "1bc"),
		CLONE(3, 2, ON_WRITE, 0, 3), STORE(2, 0, "3"), SEES(3, "1bc"),
		WRITE(ROOT, 2, "4"), WRITE(ROOT, 1, "5"), SEES(1, "224"), SEES(2, "354"),
		SEES(3, "154"),
	} },
	{ STORY(CloneSeesCorrectParentPages), 0, {
		SUPPLY(0, 4), CLONE(1, ROOT, ON_WRITE, 0, 3), WRITE(1, 1, "1"),
		CLONE(2, 1, ON_WRITE, 1, 4), SEES(2, "1c.."), STORE(2, 2, "2"),
		CLONE(3, 2, ON_WRITE, 1, 4), SEES(2, "1c2."), SEES(3, "c2.."),
		WRITE(ROOT, 3, "3"), WRITE(ROOT, 2, "4"), SEES(1, "a14"),
		SEES(2, "142."), SEES(3, "42.."), SEES(ROOT, "ab43"),
	} },
	/* From here on Zircon has them in a suite of its own. */
	{ STORY(Smoke), 0, {
		SUPPLY(0, 1), CLONE(1, ROOT, MODIFIED, 0, 1), STORE(1, 0, "1"),
		OWNS(1, 1), CLONE(2, 1, MODIFIED, 0, 1), SEES(1, "1"), SEES(2, "1"),
		HALVES(1, 1), HALVES(2, 1), STORE(1, 0, "2"), HALVES(2, 2), SEES(1, "2"),
		SEES(2, "1"), HALVES(1, 2), OWNS(1, 1), SEES(ROOT, "a"), OWNS(ROOT, 1),
	} },
	{ STORY(AtLeastOnWriteAfterSnapshotModified), 0, {
		SUPPLY(0, 1), CLONE(1, ROOT, MODIFIED, 0, 1), STORE(1, 0, "1"),
		CLONE(2, 1, MODIFIED, 0, 1), STORE(1, 0, "2"),
		CLONE(3, 2, ON_WRITE, 0, 1), SEES(2, "1"), SEES(3, "1"),
		STORE(2, 0, "3"), SEES(2, "3"), SEES(3, "1"), CLOSE(2), SEES(3, "1"),
	} },
	{ STORY(SnapshotModifiedAfterAtLeastOnWrite), 0, {
		SUPPLY(0, 1), STORE(ROOT, 0, "1"), CLONE(1, ROOT, ON_WRITE, 0, 1),
		CLONE(2, ROOT, ON_WRITE, 0, 1), CLONE(3, 1, MODIFIED, 0, 1),
		CLONE(4, ROOT, MODIFIED, 0, 1), STORE(4, 0, "2"),
		CLONE(5, 4, MODIFIED, 0, 1), SEES(1, "1"), SEES(2, "1"), SEES(3, "1"),
		SEES(4, "2"), SEES(5, "2"), CHILDREN(ROOT, 3),
	} },
	{ STORY(DropVmos), 0, {
		SUPPLY(0, 2), STORE(ROOT, 0, "1"), STORE(ROOT, 1, "1"), HALVES(ROOT, 4),
		CHILDREN(ROOT, 0), CLONE(1, ROOT, MODIFIED, 0, 2), HALVES(1, 0),
		STORE(1, 0, "2"), STORE(1, 1, "2"), HALVES(1, 4), CHILDREN(ROOT, 1),
		CHILDREN(1, 0), CLONE(2, 1, MODIFIED, 0, 2), STORE(2, 0, "3"),
		STORE(2, 1, "3"), CLONE(3, 2, MODIFIED, 0, 1), CHILDREN(1, 1),
		CHILDREN(2, 1), HALVES(2, 3), HALVES(3, 1), CLOSE(2), SEES(3, "3"),
		HALVES(3, 2), OWNS(3, 1), CHILDREN(ROOT, 1), CHILDREN(1, 1),
		CHILDREN(3, 0), CLOSE(3), CHILDREN(ROOT, 1), CHILDREN(1, 0),
		HALVES(ROOT, 4), HALVES(1, 4), SEES(1, "22"),
	} },
	{ STORY(ObjMemAccounting), 0, {
		HALVES(ROOT, 0), SUPPLY(0, 2), HALVES(ROOT, 4), STORE(ROOT, 0, "1"),
		STORE(ROOT, 1, "1"), HALVES(ROOT, 4), CLONE(1, ROOT, MODIFIED, 0, 2),
		STORE(1, 0, "2"), CLONE(2, 1, MODIFIED, 0, 2), HALVES(ROOT, 4),
		HALVES(1, 1), HALVES(2, 1), OWNS(1, 0), STORE(1, 1, "3"),
		HALVES(ROOT, 4), HALVES(1, 3), STORE(2, 0, "4"), HALVES(ROOT, 4),
		HALVES(1, 4), HALVES(2, 2), STORE(ROOT, 1, "5"), STORE(1, 1, "5"),
		STORE(2, 1, "5"), HALVES(ROOT, 4), HALVES(1, 4), HALVES(2, 4),
	} },
	{ STORY(ResizeShrinkSnapshotWithEmptyParent), 0, {
		SUPPLY(0, 2), CLONE(1, ROOT, MODIFIED | RESIZABLE, 0, 2),
		CLONE(2, 1, MODIFIED | RESIZABLE, 0, 2), RESIZE(1, 1), OWNS(1, 0),
		OWNS(2, 0), RESIZE(2, 1), OWNS(2, 0), SEES(1, "a"), SEES(2, "a"),
		OWNS(ROOT, 2),
	} },
	{ STORY(ReleaseCowParentPagesRight), 0, {
		SUPPLY(0, 2), CLONE(1, ROOT, MODIFIED, 0, 2), CLONE(2, 1, MODIFIED, 0, 1),
		CLOSE(1), SEES(2, "a"), CHILDREN(ROOT, 1), SEES(ROOT, "ab"),
		OWNS(ROOT, 2),
	} },
	{ STORY(ReleaseCowParentPagesLeftAndRight), 0, {
		SUPPLY(0, 3), CLONE(1, ROOT, MODIFIED, 0, 3), CLONE(2, 1, MODIFIED, 1, 1),
		SEES(2, "b"), CLOSE(1), SEES(2, "b"), CHILDREN(ROOT, 1),
		SEES(ROOT, "abc"),
	} },
	{ STORY(ReleaseCowParentPagesRightInHiddenNode), 0, {
		SUPPLY(0, 2), CLONE(1, ROOT, MODIFIED, 0, 2), STORE(1, 0, "1"),
		STORE(1, 1, "2"), CLONE(2, 1, MODIFIED, 0, 2), CLONE(3, 2, MODIFIED, 0, 1),
		CLOSE(2), SEES(3, "1"), CLOSE(1), SEES(3, "1"), CHILDREN(ROOT, 1),
		SEES(ROOT, "ab"),
	} },
	{ STORY(ZeroRangeFromEndOfParent), 0, {
		SUPPLY(0, 3), CLONE(1, ROOT, MODIFIED, 0, 3), WRITE(1, 0, "1"),
		WRITE(1, 1, "2"), WRITE(1, 2, "3"), CLONE(2, 1, MODIFIED, 0, 2),
		ZERO(1, 1, 2), SEES(1, "1.."), SEES(2, "12"), SEES(ROOT, "abc"),
	} },
	{ STORY(ZeroRangeLeftInSnapshotNoPagesInParent), 0, {
		CLONE(1, ROOT, MODIFIED, 0, 2), CLONE(2, 1, MODIFIED, 0, 2),
		ZERO(2, 0, 1), SEES(2, "."), SUPPLY(0, 2), SEES(2, ".b"),
		SEES(1, "ab"), SEES(ROOT, "ab"),
	} },
	{ STORY(ZeroRangeLeftInSnapshotPageInParent), 0, {
		SUPPLY(0, 2), CLONE(1, ROOT, MODIFIED, 0, 2), CLONE(2, 1, MODIFIED, 0, 2),
		SEES(2, "ab"), ZERO(2, 0, 1), SEES(2, ".b"), SEES(1, "ab"),
		SEES(ROOT, "ab"),
	} },
	{ STORY(ZeroRangeLeftInSnapshotNoPagesInParentChain), 0, {
		SUPPLY(2, 1), CLONE(1, ROOT, MODIFIED, 0, 3), WRITE(1, 2, "1"),
		CLONE(2, 1, MODIFIED, 0, 3), WRITE(2, 2, "2"), CLONE(3, 2, MODIFIED, 0, 3),
		WRITE(3, 2, "3"), CLONE(4, 3, MODIFIED, 0, 3), ZERO(4, 0, 1),
		SEES(4, "."), SUPPLY(0, 2), SEES(4, ".b3"), SEES(3, "ab3"),
		SEES(2, "ab2"), SEES(1, "ab1"), SEES(ROOT, "abc"),
	} },
	{ STORY(ZeroRangeLeftInSnapshotPagesInParentChain), 0, {
		SUPPLY(0, 3), CLONE(1, ROOT, MODIFIED, 0, 3), WRITE(1, 0, "0"),
		WRITE(1, 2, "1"), CLONE(2, 1, MODIFIED, 0, 3), WRITE(2, 2, "2"),
		CLONE(3, 2, MODIFIED, 0, 3), WRITE(3, 2, "3"), CLONE(4, 3, MODIFIED, 0, 3),
		ZERO(4, 0, 1), STORE(1, 0, "5"), STORE(1, 1, "6"), SEES(4, ".b3"),
		SEES(3, "0b3"), SEES(2, "0b2"), SEES(1, "561"), SEES(ROOT, "abc"),
	} },
	{ STORY(ZeroRangeLeftInSnapshotPageInSnapshot), 0, {
		SUPPLY(0, 2), CLONE(1, ROOT, MODIFIED, 0, 2), WRITE(1, 1, "1"),
		CLONE(2, 1, MODIFIED, 0, 2), WRITE(2, 0, "2"), WRITE(2, 1, "3"),
		OWNS(2, 2), ZERO(2, 0, 2), OWNS(2, 0), SEES(2, ".."), SEES(1, "a1"),
		SEES(ROOT, "ab"),
	} },
	{ STORY(ZeroRangeLeftInSnapshotPageInClone), 0, {
		SUPPLY(0, 2), CLONE(1, ROOT, MODIFIED, 0, 2), CLONE(2, 1, MODIFIED, 0, 2),
		WRITE(1, 0, "1"), ZERO(2, 0, 1), SEES(2, ".b"), SEES(1, "1b"),
		SEES(ROOT, "ab"),
	} },
	{ STORY(ZeroRangeLeftInSnapshotPageInHiddenNode), 0, {
		SUPPLY(0, 2), CLONE(1, ROOT, MODIFIED, 0, 2), WRITE(1, 0, "1"),
		CLONE(2, 1, MODIFIED, 0, 2), ZERO(2, 0, 1), SEES(2, ".b"),
		SEES(1, "1b"), CLOSE(1), SEES(2, ".b"), SEES(ROOT, "ab"),
	} },
	/* Zircon has no copies of slices of clones. */
	{ STORY(SnapshotSlice), 0, {
		SUPPLY(0, 3), CLONE(1, ROOT, SLICE, 0, 2), CLONE(2, 1, MODIFIED, 1, 2),
		SEES(2, "b."), WRITE(2, 0, "1"), STORE(2, 1, "2"), SEES(1, "ab"),
		SEES(ROOT, "abc"), CLONE(3, 2, SLICE, 0, 1), CLONE(4, 3, MODIFIED, 0, 2),
		STORE(3, 0, "3"), SEES(4, "1."), SEES(2, "32"),
	} },
	{ STORY(SnapshotSliceAtLeastOnWrite), 0, {
		SUPPLY(0, 3), CLONE(1, ROOT, MODIFIED, 0, 3), WRITE(1, 1, "1"),
		CLONE(2, 1, MODIFIED, 0, 3), CLONE(3, 2, SLICE, 1, 1),
		CLONE(4, 3, ON_WRITE, 0, 2), WRITE(3, 0, "2"), SEES(4, "1."),
		SEES(2, "a2c"), SEES(1, "a1c"),
	} },
	{ STORY(CloneAfterSliceRoot), 0, {
		CLONE(1, ROOT, SLICE, 1, 1), CLONE(2, ROOT, MODIFIED, 0, 2),
		CLONE(3, 1, MODIFIED, 0, 1), SUPPLY(0, 2), WRITE(2, 0, "1"),
		WRITE(ROOT, 0, "2"), STORE(ROOT, 1, "3"), SEES(2, "13"), SEES(1, "3"),
		SEES(3, "3"), STORE(3, 0, "4"), WRITE(1, 0, "5"), SEES(3, "4"),
		SEES(2, "15"), SEES(ROOT, "25"), OWNS(3, 1),
	} },
	{ STORY(SnapshotVmoWithSlice), 0, {
		SUPPLY(0, 2), CLONE(1, ROOT, MODIFIED, 0, 2), CLONE(2, 1, MODIFIED, 0, 2),
		STORE(1, 0, "1"), CLONE(3, 1, SLICE, 0, 2), CLONE(4, 1, MODIFIED, 0, 2),
		SEES(3, "1b"), SEES(4, "1b"), STORE(1, 1, "2"), SEES(3, "12"),
		WRITE(3, 0, "3"), SEES(1, "32"), SEES(2, "ab"), SEES(4, "1b"),
		CHILDREN(1, 3), CLOSE(1), SEES(3, "32"), SEES(ROOT, "ab"),
	} },
	{ STORY(CommitRangeInSnapshot), 0, {
		SUPPLY(0, 1), CLONE(1, ROOT, MODIFIED, 0, 1), WRITE(1, 0, "1"),
		CLONE(2, 1, MODIFIED, 0, 1), HALVES(2, 1), COMMIT(2, 0, 1), HALVES(2, 2),
		OWNS(2, 1), HALVES(1, 2), SEES(2, "1"),
		WRITE(2, 0, "2"), SEES(1, "1"), SEES(2, "2"),
	} },
	{ STORY(Read), 0, {
		SUPPLY(0, 1), CLONE(1, ROOT, MODIFIED, 0, 1), SEES(1, "a"),
		WRITE(1, 0, "1"), CLONE(2, 1, MODIFIED, 0, 1), WRITE(2, 0, "2"),
		WRITE(ROOT, 0, "3"), SEES(ROOT, "3"), SEES(1, "1"), SEES(2, "2"),
	} },
	{ STORY(SnapshotModifiedClone), 0, {
		SUPPLY(0, 2), CLONE(1, ROOT, MODIFIED, 0, 2), STORE(1, 0, "1"),
		CLONE(2, 1, MODIFIED, 0, 2), SEES(2, "1b"), SEES(ROOT, "ab"),
	} },
	{ STORY(CloneModifyChain), 0, {
		SUPPLY(0, 3), CLONE(1, ROOT, MODIFIED, 0, 3), STORE(1, 0, "1"),
		CLONE(2, 1, MODIFIED, 0, 3), STORE(2, 1, "2"), CLONE(3, 2, MODIFIED, 0, 3),
		STORE(1, 0, "3"), STORE(2, 1, "4"), STORE(ROOT, 0, "5"),
		STORE(ROOT, 1, "6"), STORE(ROOT, 2, "7"), SEES(1, "367"), SEES(2, "147"),
		SEES(3, "127"),
	} },
	{ STORY(CloneVmoWrite), 0, {
		SUPPLY(0, 2), CLONE(1, ROOT, MODIFIED, 0, 2), WRITE(1, 0, "1"),
		CLONE(2, 1, MODIFIED, 0, 2), WRITE(1, 0, "2"), WRITE(1, 1, "3"),
		SEES(1, "23"), SEES(2, "1b"), SEES(ROOT, "ab"),
	} },
	{ STORY(SnapshotVmoWrite), 0, {
		SUPPLY(0, 2), CLONE(1, ROOT, MODIFIED, 0, 2), WRITE(1, 0, "1"),
		CLONE(2, 1, MODIFIED, 0, 2), WRITE(2, 0, "2"), WRITE(2, 1, "3"),
		SEES(2, "23"), SEES(1, "1b"), SEES(ROOT, "ab"),
	} },
	{ STORY(CloseClone), 0, {
		SUPPLY(0, 2), CLONE(1, ROOT, MODIFIED, 0, 2), WRITE(1, 0, "1"),
		CLONE(2, 1, MODIFIED, 0, 2), CLOSE(1), SEES(2, "1b"), OWNS(2, 1),
		SEES(ROOT, "ab"),
	} },
	{ STORY(CloseSnapshot), 0, {
		SUPPLY(0, 2), CLONE(1, ROOT, MODIFIED, 0, 2), WRITE(1, 0, "1"),
		CLONE(2, 1, MODIFIED, 0, 2), CLOSE(2), SEES(1, "1b"), OWNS(1, 1),
		SEES(ROOT, "ab"),
	} },
	{ STORY(CloseRoot), 0, {
		SUPPLY(0, 2), CLONE(1, ROOT, MODIFIED, 0, 2), WRITE(1, 0, "1"),
		CLONE(2, 1, MODIFIED, 0, 2), CLOSE(ROOT), SEES(1, "1b"), SEES(2, "1b"),
		CLOSE(1), SEES(2, "1b"),
	} },
	{ STORY(ChildAttributedCounts), 0, {
		SUPPLY(0, 2), CLONE(1, ROOT, ON_WRITE, 0, 2), WRITE(ROOT, 0, "1"),
		CLOSE(ROOT), SEES(1, "1b"), OWNS(1, 0),
	} },
	/* And this is in one of references. */
	{ STORY(ChildSnapshotAtLeastOnWrite), 0, {
		CLONE(1, ROOT, ZX_VMO_CHILD_REFERENCE, 0, 0), CLONE(2, 1, ON_WRITE, 0, 1),
		SUPPLY(0, 1), SEES(2, "a"), WRITE(ROOT, 0, "1"), SEES(2, "1"),
		STORE(2, 0, "2"), OWNS(2, 1), WRITE(1, 0, "3"), SEES(ROOT, "3"),
		SEES(1, "3"), SEES(2, "2"),
	} },
};

static void add_vmo(unsigned int nr, zx_handle_t handle)
{
	uint64_t size;

	vmos[nr].handle = handle;
	ok(zx_vmo_get_size(handle, &size));
	vmos[nr].mapped = size;
	ok(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE |
		       ZX_VM_ALLOW_FAULTS, 0, handle, 0, size, &vmos[nr].at));
}

static void remove_vmo(unsigned int nr)
{
	ok(zx_vmar_unmap(zx_vmar_root_self(), vmos[nr].at, vmos[nr].mapped));
	ok(zx_handle_close(vmos[nr].handle));
	vmos[nr].handle = ZX_HANDLE_INVALID;
}

/* As two strings, so that a failure tells all pages of both. */
static void expect_bytes(const struct step *step)
{
	const volatile char *map = (char *)vmos[step->vmo].at;
	size_t pages = strlen(step->bytes);
	char mapped[8] = "", read[8] = "", page[PAGE];

	for (size_t i = 0; i < pages; i++) {
		ok(zx_vmo_read(vmos[step->vmo].handle, page, i * PAGE, PAGE));
		read[i] = page[0];
		if (!page[0])
			read[i] = page[PAGE - 1] ? '!' : '.';
		mapped[i] = map[i * PAGE];
		if (!mapped[i])
			mapped[i] = map[(i + 1) * PAGE - 1] ? '!' : '.';
	}
	assert_string_equal(read, step->bytes);
	assert_string_equal(mapped, step->bytes);
}

static void take(const struct step *step)
{
	const uint64_t offset = step->page * PAGE, size = step->pages * PAGE;
	zx_handle_t handle = vmos[step->vmo].handle;

	switch (step->what) {
	case SUPPLY:
		for (unsigned int i = step->page; i < step->page + step->pages; i++)
			supply(i * PAGE, PAGE, 'a' + (int)i);
		break;
	case CLONE:
		ok(zx_vmo_create_child(vmos[step->of].handle, step->options, offset, size,
				       &handle));
		add_vmo(step->vmo, handle);
		break;
	case WRITE:
		ok(zx_vmo_write(handle, step->bytes, offset, 1));
		break;
	case STORE:
		*(volatile char *)(vmos[step->vmo].at + offset) = step->bytes[0];
		break;
	case ZERO:
		ok(zx_vmo_op_range(handle, ZX_VMO_OP_ZERO, offset, size, NULL, 0));
		break;
	case COMMIT:
		ok(zx_vmo_op_range(handle, ZX_VMO_OP_COMMIT, offset, size, NULL, 0));
		break;
	case RESIZE:
		ok(zx_vmo_set_size(handle, size));
		break;
	case CLOSE:
		remove_vmo(step->vmo);
		break;
	case SEES:
		expect_bytes(step);
		break;
	case OWNS:
		assert_int_equal(vmo_info(handle).populated_private_bytes, size);
		break;
	case HALVES:
		assert_int_equal(vmo_info(handle).populated_scaled_bytes, size / 2);
		break;
	case CHILDREN:
		assert_int_equal(vmo_info(handle).num_children, step->pages);
		break;
	case END:
		break;
	}
}

/* Nothing is asked for that is not missing, and COMPLETE comes after the last of all. */
static void tell_story(void **state)
{
	const struct story *story = *state;

	/* One that failed may have left some. */
	memset(vmos, 0, sizeof(vmos));
	if (story->options)
		replace_vmo(story->options, 0);
	add_vmo(ROOT, vmo);
	for (const struct step *step = story->steps; step->what != END; step++)
		take(step);
	for (unsigned int i = 0; i < VMOS; i++) {
		if (vmos[i].handle == ZX_HANDLE_INVALID)
			continue;
		expect_no_packet();
		remove_vmo(i);
	}
	expect_packet(ZX_PAGER_VMO_COMPLETE, 0, 0);
	ok(zx_vmo_create(PAGE, 0, &vmo));
}

int main(void)
{
	struct CMUnitTest libzx_clone[COUNT(stories)];

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	for (size_t i = 0; i < COUNT(stories); i++)
		libzx_clone[i] = (struct CMUnitTest){
			stories[i].name, tell_story, setup, teardown,
			(void *)&stories[i],
		};
	return cmocka_run_group_tests(libzx_clone, NULL, NULL);
}
