// SPDX-License-Identifier: GPL-2.0
/*
 * Children are written to, and what they see is read, as strings: see layer_text.h.
 */
#include <linux/ctype.h>

#include "layer_text.h"

int zxp_layer_test_init(struct kunit *test)
{
	struct zxp_layer_fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	test->priv = f;
	if (!f)
		return -ENOMEM;
	zxp_nodes_init(&f->nodes);
	return 0;
}

void zxp_layer_test_exit(struct kunit *test)
{
	struct zxp_layer_fixture *f = test->priv;

	if (!f)
		return;
	KUNIT_EXPECT_TRUE(test, zxp_nodes_are_sound(&f->nodes));
	zxp_nodes_exit(&f->nodes);
	KUNIT_EXPECT_EQ(test, f->nodes.nr_layers, 0U);
	KUNIT_EXPECT_EQ(test, f->nodes.nr_used, 0U);
	KUNIT_EXPECT_EQ(test, f->nodes.wrong, 0U);
}

/* Give a child pages where there are letters, and zeroes where there is a "0". */
void zxp_layer_write(struct kunit *test, unsigned int node, const char *text)
{
	struct zxp_layer_fixture *f = test->priv;
	unsigned int i;

	for (i = 0; text[i]; i++) {
		if (text[i] == '0')
			KUNIT_ASSERT_TRUE(test, zxp_nodes_zero(&f->nodes, node, i, i + 1));
		if (islower(text[i]))
			KUNIT_ASSERT_TRUE(test, zxp_nodes_set(&f->nodes, node, i, text[i]));
	}
}

const char *zxp_layer_show(struct zxp_layer_fixture *f, unsigned int node)
{
	unsigned int i;
	int view;

	for (i = 0; i < ZXP_TEXT; i++) {
		switch (zxp_nodes_find(&f->nodes, node, i, &view)) {
		case ZXP_SEEN_TOP:
			f->text[i] = view;
			break;
		case ZXP_SEEN_SHARED:
			f->text[i] = toupper(view);
			break;
		case ZXP_SEEN_ZERO:
			f->text[i] = '0';
			break;
		case ZXP_SEEN_ROOT:
			f->text[i] = '.';
			break;
		case ZXP_SEEN_LOST:
			f->text[i] = '!';
			break;
		}
	}
	return f->text;
}

void zxp_layer_add(struct kunit *test, unsigned int node, pgoff_t limit)
{
	struct zxp_layer_fixture *f = test->priv;

	KUNIT_ASSERT_TRUE(test, zxp_nodes_add(&f->nodes, node, 0, limit));
}

void zxp_layer_fork(struct kunit *test, unsigned int parent, unsigned int node,
		    pgoff_t limit)
{
	struct zxp_layer_fixture *f = test->priv;

	KUNIT_ASSERT_TRUE(test, zxp_nodes_fork(&f->nodes, parent, node, 0, limit));
}

void zxp_layer_snapshot(struct kunit *test, unsigned int node, pgoff_t limit)
{
	struct zxp_layer_fixture *f = test->priv;

	KUNIT_ASSERT_TRUE(test, zxp_nodes_snapshot(&f->nodes, node, 0, limit));
}

/* The root loses what it has at some pages, a letter each. */
void zxp_layer_lose(struct kunit *test, const char *text)
{
	struct zxp_layer_fixture *f = test->priv;
	unsigned int i;

	for (i = 0; text[i]; i++)
		if (islower(text[i]))
			KUNIT_ASSERT_TRUE(test, zxp_nodes_keep(&f->nodes, i, text[i]));
}

/* From a page on, the next one that is its own or shared, and how many see it. */
void zxp_layer_expect_seers(struct kunit *test, unsigned int node, pgoff_t from,
			    pgoff_t page, unsigned int nr)
{
	struct zxp_layer_fixture *f = test->priv;
	unsigned int budget = UINT_MAX;
	pgoff_t index = from;

	KUNIT_EXPECT_EQ_MSG(test, nr, zxp_layer_next_seen(f->nodes.top[node], &index, 8,
							  &budget),
			    "node %u from page %lu", node, from);
	KUNIT_EXPECT_EQ_MSG(test, index, page, "node %u from page %lu", node, from);
}
