/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ranges of a VMO that read as zeroes without a page. See zero.c.
 */
#ifndef _ZXPAGER_ZERO_H
#define _ZXPAGER_ZERO_H

#include <linux/bits.h>
#include <linux/rbtree.h>
#include <linux/types.h>

/**
 * enum zxp_zero_kind - why a range is zero
 * @ZXP_ZERO_MARKER: the daemon supplied zeroes; clean, goes with a detach
 * @ZXP_ZERO_DIRTY: a client made it so; stays until it is written back
 * @ZXP_ZERO_UNTRACKED: it lies behind the stream size; nobody is told of it
 */
enum zxp_zero_kind {
	ZXP_ZERO_MARKER,
	ZXP_ZERO_DIRTY,
	ZXP_ZERO_UNTRACKED,
};

#define ZXP_ZERO_ANY	(BIT(ZXP_ZERO_MARKER) | BIT(ZXP_ZERO_DIRTY) | \
			 BIT(ZXP_ZERO_UNTRACKED))

/**
 * struct zxp_zero_range - a maximal run of one kind
 * @node: in the tree, by @start
 * @start: first page
 * @end: the page after the last one
 * @awaiting: how many pages from @start on are being written back, if it is a
 *	dirty one; may go past @end after a shrink
 * @kind: kind
 */
struct zxp_zero_range {
	struct rb_node node;
	pgoff_t start;
	pgoff_t end;
	pgoff_t awaiting;
	enum zxp_zero_kind kind;
};

struct zxp_zero_range *zxp_zero_find(struct rb_root *root, pgoff_t index);
bool zxp_zero_contains(struct rb_root *root, pgoff_t index);
void zxp_zero_add(struct rb_root *root, pgoff_t start, pgoff_t end,
		  enum zxp_zero_kind kind, struct zxp_zero_range **spare);
pgoff_t zxp_zero_remove(struct rb_root *root, pgoff_t start, pgoff_t end,
			struct zxp_zero_range **spare);
pgoff_t zxp_zero_cover(struct rb_root *root, pgoff_t *start, pgoff_t end,
		       enum zxp_zero_kind kind, unsigned int keep,
		       struct zxp_zero_range **split,
		       struct zxp_zero_range **add);
pgoff_t zxp_zero_remove_kind(struct rb_root *root, pgoff_t start,
			     enum zxp_zero_kind kind);
pgoff_t zxp_zero_begin(struct rb_root *root, pgoff_t start, pgoff_t end);
bool zxp_zero_end(struct rb_root *root, pgoff_t *start, pgoff_t end,
		  pgoff_t *reach, pgoff_t *cleaned);
struct zxp_zero_range *zxp_zero_find_kinds(struct rb_root *root, pgoff_t index,
					   pgoff_t end, unsigned int kinds);

#endif /* _ZXPAGER_ZERO_H */
