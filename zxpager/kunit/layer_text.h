/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a child sees, as a string with a letter a page: "." for the root's, "0" for zeroes, a
 * small letter for a page of its own, a capital one for one of a layer below, and "!" for what
 * is lost.
 */
#ifndef _ZXPAGER_KUNIT_LAYER_TEXT_H
#define _ZXPAGER_KUNIT_LAYER_TEXT_H

#include "kunit.h"
#include "layer_test.h"

#define ZXP_TEXT	8

/**
 * struct zxp_layer_fixture - children, and what is to be seen of one
 * @nodes: the children
 * @text: zxp_layer_show() writes here
 */
struct zxp_layer_fixture {
	struct zxp_nodes nodes;
	char text[ZXP_TEXT + 1];
};

/* Numbers of children. */
enum { ONE, TWO, THREE, FOUR };

int zxp_layer_test_init(struct kunit *test);
void zxp_layer_test_exit(struct kunit *test);
void zxp_layer_write(struct kunit *test, unsigned int node, const char *text);
const char *zxp_layer_show(struct zxp_layer_fixture *f, unsigned int node);
void zxp_layer_add(struct kunit *test, unsigned int node, pgoff_t limit);
void zxp_layer_fork(struct kunit *test, unsigned int parent, unsigned int node,
		    pgoff_t limit);
void zxp_layer_snapshot(struct kunit *test, unsigned int node, pgoff_t limit);
void zxp_layer_lose(struct kunit *test, const char *text);
void zxp_layer_expect_seers(struct kunit *test, unsigned int node, pgoff_t from,
			    pgoff_t page, unsigned int nr);

#define ZXP_EXPECT_SEEN(_test, node, expected)	do {				\
	struct kunit *__test = (_test);						\
										\
	KUNIT_EXPECT_STREQ(__test, zxp_layer_show(__test->priv, node), expected); \
} while (0)

#endif /* _ZXPAGER_KUNIT_LAYER_TEXT_H */
