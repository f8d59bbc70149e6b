// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever can fail fails once in the lives of children. A short one of each kind is in
 * zxp_fail_child.c.
 */
#include "kselftest_harness.h"
#include "lib/child.h"
#include "lib/failnth.h"
#include "lib/life.h"

WALK_FIXTURE(fail_init);

LIFE(life_of_stores, 0, 0, 0) {
	MAKE(1, 0, AT_LEAST), PUT(1, 0, 5), STORE(1, 2, 6), PUT(1, 4, 7), STORE(1, 6, 8),
	STORE(1, 5, 9), HAS(1, 0, 5), SHOWS(1, 2, 6), HAS(1, 4, 7), SHOWS(1, 6, 8), HAS(1, 5, 9),
	SHOWS(1, 1, ROOTS), HAS(1, 3, ROOTS), SHOWS(1, 7, ROOTS), HAS(0, 0, ROOTS), CLOSE(1),
};

LIFE(life_of_zeroes, 0, 0, 0) {
	MAKE(1, 0, AT_LEAST), PUT(1, 0, 5), CLEAR(1, 0, 3), HAS(1, 0, 0), SHOWS(1, 2, 0),
	STORE(1, 1, 6), CLEAR(1, 2, 5), HAS(1, 1, 6), HAS(1, 6, 0), PUT(1, 6, 7), SHOWS(1, 6, 7),
	HAS(1, 7, ROOTS), CLEAR(1, 0, 8), HAS(1, 1, 0), HAS(0, 0, ROOTS), CLOSE(1),
};

LIFE(life_of_sizes, 0, 0, 0) {
	MAKE(1, 0, AT_LEAST | ZXP_CHILD_RESIZABLE), PUT(1, 3, 5), STORE(1, 0, 6), SIZE(1, 2),
	SIZE(1, 12), HAS(1, 3, 0), SHOWS(1, 0, 6), HAS(1, 1, ROOTS), PUT(1, 10, 7), STORE(1, 2, 8),
	MAKE(2, 1, MODIFIED), SIZE(1, 0), HAS(2, 0, 6), HAS(2, 2, 8), CLOSE(1), CLOSE(2),
};

LIFE(life_that_commits, 0, 0, 0) {
	MAKE(1, 0, AT_LEAST), COMMIT(1, 0, 8), HAS(1, 0, ROOTS), HAS(1, 3, ROOTS), HAS(1, 4, 0),
	SHOWS(1, 7, ROOTS), MAKE(2, 1, MODIFIED), COMMIT(2, 0, 8), HAS(2, 6, ROOTS), CLOSE(1),
	SHOWS(2, 1, ROOTS), CLOSE(2),
};

LIFE(life_of_a_parent_that_goes, 0, 0, 0) {
	MAKE(1, 0, AT_LEAST), PUT(1, 0, 5), STORE(1, 6, 6), MAKE(2, 1, MODIFIED), PUT(1, 0, 7),
	STORE(2, 6, 8), SHOWS(2, 0, 5), HAS(1, 0, 7), SHOWS(1, 6, 6), HAS(2, 6, 8), CLOSE(1),
	HAS(2, 0, 5), STORE(2, 0, 9), SHOWS(2, 0, 9), HAS(2, 2, ROOTS), CLOSE(2),
};

LIFE(life_of_a_child_that_goes, 0, 0, 0) {
	MAKE(1, 0, AT_LEAST), PUT(1, 0, 5), STORE(1, 6, 6), MAKE(2, 1, MODIFIED), CLEAR(1, 0, 1),
	STORE(2, 6, 8), HAS(2, 0, 5), CLOSE(2), HAS(1, 0, 0), SHOWS(1, 6, 6), STORE(1, 6, 9),
	HAS(1, 6, 9), HAS(1, 2, ROOTS), CLOSE(1),
};

/* More layers than are looked at one by one, of which some go. */
LIFE(life_of_a_chain, 0, 0, 0) {
	MAKE(1, 0, AT_LEAST), PUT(1, 0, 1), MAKE(2, 1, MODIFIED), PUT(2, 1, 2),
	MAKE(3, 2, MODIFIED), PUT(3, 2, 3), MAKE(4, 3, MODIFIED), PUT(4, 3, 4),
	MAKE(5, 4, MODIFIED), PUT(5, 4, 5), MAKE(6, 5, MODIFIED), PUT(6, 5, 6),
	MAKE(7, 6, MODIFIED), PUT(7, 6, 7), MAKE(8, 7, MODIFIED), PUT(8, 7, 8),
	MAKE(9, 8, MODIFIED), PUT(9, 0, 9), MAKE(10, 9, MODIFIED), CLEAR(10, 1, 1),
	MAKE(11, 10, MODIFIED), HAS(11, 0, 9), HAS(11, 1, 0), HAS(11, 2, 3), HAS(8, 0, 1),
	CLOSE(4), CLOSE(9), CLOSE(5), HAS(11, 3, 4), HAS(11, 4, 5), STORE(11, 4, 10), HAS(10, 4, 5),
	CLOSE(11), HAS(10, 7, 8), HAS(1, 1, ROOTS),
};

LIFE(life_of_a_slice_of_a_copy, 0, 0, 0) {
	MAKE(1, 0, AT_LEAST), MAKE(2, 1, ZXP_CHILD_SLICE), PUT(2, 0, 5), STORE(2, 3, 6),
	HAS(1, 2, 5), MAKE(3, 2, MODIFIED), STORE(2, 0, 7), HAS(3, 0, 5), HAS(3, 3, 6),
	CLEAR(2, 3, 1), CLOSE(1), SHOWS(2, 0, 7), HAS(2, 3, 0), CLOSE(2), SHOWS(3, 0, 5), CLOSE(3),
};

LIFE(life_of_a_reference, 0, 0, 0) {
	MAKE(1, 0, AT_LEAST), PUT(1, 0, 5), MAKE(2, 1, ZXP_CHILD_REFERENCE), STORE(2, 1, 6),
	HAS(1, 1, 6), CLOSE(1), MAKE(3, 2, MODIFIED), PUT(2, 0, 7), HAS(3, 0, 5), HAS(3, 1, 6),
	CLOSE(2), SHOWS(3, 0, 5), HAS(3, 2, ROOTS), CLOSE(3),
};

LIFE(life_of_a_plain_snapshot, 0, 0, -EIO) {
	PLAIN(1, 8), PUT(1, 0, 1), STORE(1, 1, 2), PUT(1, 2, 3), MAKE(2, 1, ZXP_CHILD_SNAPSHOT),
	PUT(1, 0, 5), STORE(1, 1, 6), CLEAR(1, 2, 1), PUT(1, 3, 7), HAS(2, 0, 1), HAS(2, 1, 2),
	HAS(2, 2, 3), HAS(2, 3, 0), HAS(1, 0, 5), SHOWS(1, 1, 6), HAS(1, 2, 0), PUT(2, 0, 8),
	CLOSE(1), HAS(2, 0, 8), HAS(2, 1, 2), CLOSE(2),
};

LIFE(life_of_plain_snapshots, 0, 0, -EIO) {
	PLAIN(1, 8), PUT(1, 0, 1), MAKE(2, 1, ZXP_CHILD_SNAPSHOT), STORE(1, 0, 2),
	MAKE(3, 1, ZXP_CHILD_SNAPSHOT), PUT(1, 0, 3), MAKE(4, 2, ZXP_CHILD_SNAPSHOT), PUT(1, 1, 4),
	HAS(2, 0, 1), HAS(3, 0, 2), CLOSE(2), HAS(4, 0, 1), STORE(1, 0, 5), HAS(3, 1, 0),
	MAKE(5, 1, ZXP_CHILD_SNAPSHOT), CLOSE(3), HAS(4, 0, 1), PUT(1, 0, 6), HAS(5, 0, 5),
	CLOSE(5), HAS(4, 1, 0), HAS(1, 0, 6),
};

/* Each change keeps what is there, or asks for it first; the last page is not asked for. */
LIFE(life_of_a_point_in_time, 0, ZXP_CREATE_SNAPSHOTS, -EIO) {
	PUT(0, 0, 1), PUT(0, 2, 2), MAKE(1, 0, ZXP_CHILD_POINT_IN_TIME), PUT(0, 0, 3),
	STORE(0, 2, 4), HAS(1, 0, 1), HAS(1, 2, 2), HAS(1, 4, 0), HAS(1, 3, ROOTS),
	MAKE(2, 1, ZXP_CHILD_POINT_IN_TIME), PUT(1, 3, 5), HAS(2, 3, ROOTS), HAS(2, 0, 1),
	CLOSE(1), HAS(2, 2, 2), HAS(0, 0, 3),
};

LIFE(life_of_a_rescue, 0, ZXP_CREATE_SNAPSHOTS, -EIO) {
	MAKE(1, 0, ZXP_CHILD_POINT_IN_TIME), CLEAR(0, 2, 1), CLEAR(0, 6, 1), HAS(1, 2, RESCUED),
	HAS(1, 6, RESCUED), HAS(1, 7, ROOTS), HAS(0, 2, 0), HAS(0, 6, 0), CLOSE(1),
};

/* What the VMO has not got comes out of a copy, also what that has of its own root. */
LIFE(life_of_a_source, 0, 0, -EIO) {
	PLAIN(1, 8), PUT(1, 0, 1), PUT(1, 1, 2), MAKE(2, 1, ZXP_CHILD_SNAPSHOT), PUT(2, 1, 3),
	SUPPLY(0, 6, 2, 0), SUPPLY(0, 7, 2, 1), HAS(0, 6, 1), HAS(0, 7, 3), HAS(2, 0, 0),
	HAS(2, 1, 0), HAS(1, 0, 1), HAS(1, 1, 2), CLOSE(2), CLOSE(1),
};

LIFE(life_that_is_asked_about, 0, 0, 0) {
	MAKE(1, 0, AT_LEAST), CHILDREN(0, 1), OWN(1, 0), HALVES(1, 0), PUT(1, 0, 5), CLEAR(1, 2, 1),
	PUT(1, 6, 6), OWN(1, 3), HALVES(1, 4), MAKE(2, 1, MODIFIED), CHILDREN(1, 1), HALVES(2, 2),
	STORE(2, 0, 7), HALVES(2, 3), HALVES(1, 3), OWN(2, 3), CLOSE(1), CHILDREN(0, 1),
	HALVES(2, 4), CLOSE(2), CHILDREN(0, 0),
};

LIFE(life_under_a_size, 0, 0, -EIO) {
	PLAIN(1, 8), PUT(1, 0, 1), STORE(1, 3, 2), PUT(1, 7, 3), MAKE(2, 1, ZXP_CHILD_SNAPSHOT),
	STREAM(1, 3, 8), HAS(2, 7, 3), STREAM(1, 1, 0), STREAM(1, 8, 0),
	HAS(1, 3, 0), HAS(2, 0, 1), SHOWS(2, 3, 2), SHOWS(2, 7, 3), HAS(2, 5, 0), CLOSE(1),
	HAS(2, 3, 2), CLOSE(2),
};

/* What is cut off is kept, or asked for and kept. */
LIFE(life_under_a_root_that_shrinks, ZXP_VMO_RESIZABLE, ZXP_CREATE_SNAPSHOTS, -EIO) {
	SIZE(0, 8), PUT(0, 1, 4), MAKE(1, 0, ZXP_CHILD_POINT_IN_TIME), SIZE(0, 7),
	HAS(1, 7, RESCUED), SIZE(0, 2), HAS(1, 6, RESCUED), HAS(1, 1, 4), HAS(1, 4, 0),
	PUT(0, 1, 5), HAS(1, 1, 4), HAS(1, 7, RESCUED), CLOSE(1),
};

LIFE(life_under_a_stream_that_ends, 0, ZXP_CREATE_SNAPSHOTS, -EIO) {
	STREAM(0, 8, 0), PUT(0, 1, 4), MAKE(1, 0, ZXP_CHILD_POINT_IN_TIME), STREAM(0, 2, 0),
	HAS(1, 7, RESCUED), HAS(1, 2, RESCUED), HAS(1, 1, 4), HAS(1, 4, 0), PUT(0, 1, 5),
	HAS(1, 1, 4), HAS(1, 6, RESCUED), CLOSE(1),
};

TEST_HARNESS_MAIN
