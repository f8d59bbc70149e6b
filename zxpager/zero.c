// SPDX-License-Identifier: GPL-2.0
/*
 * Zero ranges: an ordered set of runs of pages that need no memory.
 *
 * Ranges never overlap, and two of one kind never touch. A page in the cache
 * hides the range under it: COMMIT of supplied zeroes makes a clean page there, and
 * when that is reclaimed the range is still what it was. Writing removes the page
 * from its range, so a dirty page is never in one.
 *
 * A dirty range that is being written back says on its first page how far, and
 * only there. That length stays with what is left of the front when something is
 * cut off, and is lost when the range grows to the left.
 *
 * No locks here and no allocation: whoever may need a new node brings it as
 * @spare, which is NULL afterwards if it was used.
 *
 * This file knows pages by their index only: no file, no mapping, no folio.
 */
#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "base.h"

/**
 * zxp_zero_find() - the range that ends after a page first
 * @zeroes: the set
 * @index: the page
 *
 * Return: the range that holds @index, else the next one behind it, else NULL.
 */
struct zxp_zero_range *zxp_zero_find(struct zxp_zeroes *zeroes, pgoff_t index)
{
	struct zxp_zero_range *range, *found = NULL;
	struct rb_node *node = zeroes->root.rb_node;

	while (node) {
		range = rb_entry(node, struct zxp_zero_range, node);
		if (range->end > index) {
			found = range;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return found;
}

/* Is @index in a zero range? */
bool zxp_zero_contains(struct zxp_zeroes *zeroes, pgoff_t index)
{
	struct zxp_zero_range *range = zxp_zero_find(zeroes, index);

	return range && range->start <= index;
}

static void zxp_zero_insert(struct zxp_zeroes *zeroes, struct zxp_zero_range *new)
{
	struct rb_node **link = &zeroes->root.rb_node, *parent = NULL;
	struct zxp_zero_range *range;

	while (*link) {
		parent = *link;
		range = rb_entry(parent, struct zxp_zero_range, node);
		link = new->start < range->start ? &parent->rb_left :
						   &parent->rb_right;
	}
	rb_link_node(&new->node, parent, link);
	rb_insert_color(&new->node, &zeroes->root);
}

/* A range gets so many pages, or loses them. */
static void zxp_zero_count(struct zxp_zeroes *zeroes, struct zxp_zero_range *range,
			   long pages)
{
	WRITE_ONCE(zeroes->pages[range->kind],
		   zeroes->pages[range->kind] + pages);
}

static void zxp_zero_set_awaiting(struct zxp_zeroes *zeroes, struct zxp_zero_range *range,
				  pgoff_t awaiting)
{
	WRITE_ONCE(zeroes->begun, zeroes->begun - !!range->awaiting + !!awaiting);
	range->awaiting = awaiting;
}

static struct zxp_zero_range *zxp_zero_use_spare(struct zxp_zeroes *zeroes,
						 pgoff_t start, pgoff_t end,
						 enum zxp_zero_kind kind,
						 struct zxp_zero_range **spare)
{
	struct zxp_zero_range *range = *spare;

	if (WARN_ON_ONCE(!range))
		return NULL;
	*spare = NULL;
	range->start = start;
	range->end = end;
	range->awaiting = 0;
	range->kind = kind;
	zeroes->nr[kind]++;
	zxp_zero_count(zeroes, range, end - start);
	zxp_zero_insert(zeroes, range);
	return range;
}

static void zxp_zero_free(struct zxp_zeroes *zeroes, struct zxp_zero_range *range)
{
	zeroes->nr[range->kind]--;
	zxp_zero_count(zeroes, range, range->start - range->end);
	zxp_zero_set_awaiting(zeroes, range, 0);
	rb_erase(&range->node, &zeroes->root);
	kfree(range);
}

static void zxp_zero_set_end(struct zxp_zeroes *zeroes, struct zxp_zero_range *range,
			     pgoff_t end)
{
	zxp_zero_count(zeroes, range, end - range->end);
	range->end = end;
}

/* The range before this one; the last one, if there is none. */
static struct zxp_zero_range *zxp_zero_before(struct zxp_zeroes *zeroes,
					      struct zxp_zero_range *range)
{
	struct rb_node *node = range ? rb_prev(&range->node) : rb_last(&zeroes->root);

	return rb_entry_safe(node, struct zxp_zero_range, node);
}

/**
 * zxp_zero_add() - make a run of pages zero
 * @zeroes: the set
 * @start: first page
 * @end: the page after the last one
 * @kind: kind
 * @spare: a node that may be used
 *
 * The run must not meet a range that is there already. It joins neighbours of
 * its kind.
 */
void zxp_zero_add(struct zxp_zeroes *zeroes, pgoff_t start, pgoff_t end,
		  enum zxp_zero_kind kind, struct zxp_zero_range **spare)
{
	struct zxp_zero_range *right = zxp_zero_find(zeroes, start), *left;

	if (start >= end || WARN_ON_ONCE(right && right->start < end))
		return;

	left = zxp_zero_before(zeroes, right);
	if (left && (left->end != start || left->kind != kind))
		left = NULL;
	if (right && (right->start != end || right->kind != kind))
		right = NULL;

	if (left && right) {
		zxp_zero_set_end(zeroes, left, right->end);
		zxp_zero_free(zeroes, right);
	} else if (left) {
		zxp_zero_set_end(zeroes, left, end);
	} else if (right) {
		zxp_zero_count(zeroes, right, end - start);
		right->start = start;
		zxp_zero_set_awaiting(zeroes, right, 0);
	} else {
		zxp_zero_use_spare(zeroes, start, end, kind, spare);
	}
}

static void zxp_zero_cut_front(struct zxp_zeroes *zeroes,
			       struct zxp_zero_range *range, pgoff_t start)
{
	zxp_zero_count(zeroes, range, range->start - start);
	zxp_zero_set_awaiting(zeroes, range, range->awaiting -
			      min(range->awaiting, start - range->start));
	range->start = start;
}

/**
 * zxp_zero_remove() - take a run of pages out of all ranges
 * @zeroes: the set
 * @start: first page
 * @end: the page after the last one
 * @spare: a node, used if a range is split in two
 *
 * Return: how far it came: @end, or less if that was enough for one call.
 */
pgoff_t zxp_zero_remove(struct zxp_zeroes *zeroes, pgoff_t start, pgoff_t end,
			struct zxp_zero_range **spare)
{
	struct zxp_zero_range *range = zxp_zero_find(zeroes, start), *next;
	unsigned int budget = ZXP_ZERO_BUDGET;
	pgoff_t tail;

	while (range && range->start < end) {
		if (!budget--)
			return range->start;
		next = rb_entry_safe(rb_next(&range->node),
				     struct zxp_zero_range, node);
		if (range->start < start) {
			tail = range->end;
			zxp_zero_set_end(zeroes, range, start);
			if (tail > end)
				zxp_zero_use_spare(zeroes, end, tail, range->kind,
						   spare);
		} else if (range->end > end) {
			zxp_zero_cut_front(zeroes, range, end);
		} else {
			zxp_zero_free(zeroes, range);
		}
		range = next;
	}
	return end;
}

/**
 * zxp_zero_cover() - have a range of a kind where there is none to be kept
 * @zeroes: the set
 * @start: first page; advances behind what was looked at
 * @end: the page after the last one
 * @kind: kind
 * @keep: bits of the kinds that stay as they are
 * @split: a node, used if a range is split in two
 * @add: a node that may be used for the new range
 *
 * One run for each call.
 *
 * Return: how many pages before @start were covered; 0 if some are kept there.
 */
pgoff_t zxp_zero_cover(struct zxp_zeroes *zeroes, pgoff_t *start, pgoff_t end,
		       enum zxp_zero_kind kind, unsigned int keep,
		       struct zxp_zero_range **split,
		       struct zxp_zero_range **add)
{
	unsigned int budget = ZXP_ZERO_BUDGET;
	pgoff_t from = *start, looked = from;
	struct zxp_zero_range *range;

	range = zxp_zero_find_kinds(zeroes, &looked, end, keep, &budget);
	if (range && range->start <= from) {
		*start = range->end;
		return 0;
	}
	end = range ? range->start : looked;
	end = zxp_zero_remove(zeroes, from, end, split);
	zxp_zero_add(zeroes, from, end, kind, add);
	*start = end;
	return end - from;
}

/**
 * zxp_zero_adds() - would covering a run make another range?
 * @zeroes: the set
 * @start: first page of the run
 * @end: the page after the last one
 * @kind: of what it would be covered with; all that is there would be kept
 *
 * Return: true if the first part of it that is in no range has no neighbour of its kind.
 */
bool zxp_zero_adds(struct zxp_zeroes *zeroes, pgoff_t start, pgoff_t end,
		   enum zxp_zero_kind kind)
{
	struct zxp_zero_range *right = zxp_zero_find(zeroes, start), *left;

	if (right && right->start <= start)
		return false;
	left = zxp_zero_before(zeroes, right);
	if (left && left->end == start && left->kind == kind)
		return false;
	return !(right && right->start <= end && right->kind == kind);
}

/**
 * zxp_zero_find_kinds() - the next range of some kinds
 * @zeroes: the set
 * @index: first page; advances over ranges of other kinds
 * @end: the page after the last one
 * @kinds: bits of the kinds
 * @budget: how many ranges may be looked at; goes down, and those of other kinds count
 *
 * Return: the range that holds @index, or the next one; NULL if there is none, and
 * @index is @end; or if @budget is used up, and @index is where to go on.
 */
struct zxp_zero_range *zxp_zero_find_kinds(struct zxp_zeroes *zeroes,
					   pgoff_t *index, pgoff_t end,
					   unsigned int kinds,
					   unsigned int *budget)
{
	struct zxp_zero_range *range = zxp_zero_find(zeroes, *index);

	while (range && range->start < end) {
		if (!*budget)
			return NULL;
		--*budget;
		if (kinds & BIT(range->kind))
			return range;
		*index = range->end;
		range = rb_entry_safe(rb_next(&range->node),
				      struct zxp_zero_range, node);
	}
	*index = end;
	return NULL;
}

/**
 * zxp_zero_begin() - the dirty ranges that begin in a range are being written back
 * @zeroes: the set
 * @start: first page
 * @end: the page after the last one
 *
 * One that begins before @start is left alone, whatever of it is covered.
 *
 * Return: how far it came: @end, or less if that was enough for one call.
 */
pgoff_t zxp_zero_begin(struct zxp_zeroes *zeroes, pgoff_t start, pgoff_t end)
{
	unsigned int budget = ZXP_ZERO_BUDGET;
	struct zxp_zero_range *range;

	while ((range = zxp_zero_find_kinds(zeroes, &start, end,
					    BIT(ZXP_ZERO_DIRTY), &budget))) {
		if (range->start >= start)
			zxp_zero_set_awaiting(zeroes, range,
					      max(range->awaiting,
						  min(range->end, end) - range->start));
		start = range->end;
	}
	return start;
}

/**
 * zxp_zero_end() - what was being written back in a range is clean, so it goes
 * @zeroes: the set
 * @start: first page; advances behind what was looked at
 * @end: the page after the last one
 * @reach: 0 before the first call: how far any range looked at says that it is
 *	clean. So a length that is kept on one range also goes for later ones.
 * @cleaned: on success, the number of pages before @start that went
 *
 * One range for each call, so that the caller can do something about the pages.
 *
 * Return: true if something went; false if @start is @end now, or that was enough for
 * one call.
 */
bool zxp_zero_end(struct zxp_zeroes *zeroes, pgoff_t *start, pgoff_t end,
		  pgoff_t *reach, pgoff_t *cleaned)
{
	unsigned int budget = ZXP_ZERO_BUDGET;
	struct zxp_zero_range *range;
	pgoff_t cut;

	while ((range = zxp_zero_find_kinds(zeroes, start, end,
					    BIT(ZXP_ZERO_DIRTY), &budget))) {
		/* Of one that begins before, the length is not in sight. */
		if (range->start < *start) {
			*start = range->end;
			continue;
		}
		*reach = max(*reach, range->start + range->awaiting);
		cut = min3(*reach, end, range->end);
		if (cut <= range->start) {
			*start = range->end;
			continue;
		}
		*cleaned = cut - range->start;
		*start = cut;
		if (cut < range->end)
			zxp_zero_cut_front(zeroes, range, cut);
		else
			zxp_zero_free(zeroes, range);
		return true;
	}
	return false;
}

/* Remove the ranges of a kind from @start on. Return: as zxp_zero_remove(). */
pgoff_t zxp_zero_remove_kind(struct zxp_zeroes *zeroes, pgoff_t start,
			     enum zxp_zero_kind kind)
{
	struct zxp_zero_range *range = zxp_zero_find(zeroes, start), *next;
	unsigned int budget = ZXP_ZERO_BUDGET;

	for (; range; range = next) {
		if (!budget--)
			return range->start;
		next = rb_entry_safe(rb_next(&range->node),
				     struct zxp_zero_range, node);
		if (range->kind == kind)
			zxp_zero_free(zeroes, range);
	}
	return ULONG_MAX;
}
