// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of layers that fewer children see than before: see sharers.c.
 *
 * One that nobody sees is freed, and one that a single child sees becomes its own, so that it
 * is not copied when that child stores to it. But somebody may have it whom that child does
 * not know of: who had it by another one may have kept it, in a pipe for example, and is not
 * to see what is stored there later. So it moves only if nobody but its layer has a reference,
 * and nobody has it mapped, while its folio is locked. Otherwise it stays, as it does without
 * memory: the child copies it when it stores, unless it can have it then, and what nobody sees
 * any more goes in any case.
 *
 * Who makes a page be seen by fewer than two holds tree_lock for that, or looks afterwards,
 * with it. So with this lock what was found about such a page stays so.
 */
#include <linux/sched/signal.h>

#include "child.h"

/* It is locked, so nobody maps it. Return: whether nobody has it but who is known of. */
static bool zxp_sweep_unmap(struct zxp_vmo *root, pgoff_t index, struct folio *folio, int refs)
{
	if (!zxp_folio_may_be_seen(folio, refs))
		return true;
	unmap_mapping_pages(root->inode.i_mapping, index, 1, false);
	return !zxp_folio_may_be_seen(folio, refs);
}

/**
 * zxp_sweep_move() - a page that one child sees becomes its own
 * @root: the VMO at the bottom
 * @owner: the layer that has it
 * @index: page of the root
 * @folio: it, locked
 * @refs: how many references the caller has
 * @into: the top layer of that child
 *
 * Nobody has it mapped afterwards.
 *
 * Return: whether it has moved.
 */
bool zxp_sweep_move(struct zxp_vmo *root, struct zxp_layer *owner, pgoff_t index,
		    struct folio *folio, int refs, struct zxp_layer *into)
{
	struct zxp_family *family = root->family;
	int ret;

	lockdep_assert_held(&family->tree_lock);

	if (!zxp_sweep_unmap(root, index, folio, refs) || folio_test_hwpoison(folio))
		return false;
	write_lock(&family->lock);
	ret = zxp_layer_move(owner, index, into);
	/* A futex there is one of that child from now on, see own.c. */
	if (!ret)
		folio->private = (void *)into->id;
	write_unlock(&family->lock);
	return !ret;
}

/**
 * zxp_sweep_page() - fewer than two children see a page
 * @root: the VMO at the bottom
 * @seers: who, and the layer that has it
 * @index: page of the root
 * @folio: it, locked
 * @refs: how many references the caller has
 *
 * Nobody has it mapped afterwards who does not see it.
 */
void zxp_sweep_page(struct zxp_vmo *root, const struct zxp_layer_seers *seers, pgoff_t index,
		    struct folio *folio, int refs)
{
	struct zxp_family *family = root->family;

	lockdep_assert_held(&family->tree_lock);

	if (seers->nr) {
		zxp_sweep_move(root, seers->owner, index, folio, refs, seers->only);
		return;
	}
	zxp_sweep_unmap(root, index, folio, refs);
	write_lock(&family->lock);
	zxp_layer_drop(seers->owner, index);
	write_unlock(&family->lock);
	zxp_own_end(folio);
	folio_put(folio);
}

/* The next such page of a layer, with a reference; or NULL. One that cannot be had stays. */
static struct folio *zxp_sweep_next(struct zxp_family *family, struct zxp_layer *layer,
				    pgoff_t *index, pgoff_t end,
				    struct zxp_layer_seers *seers)
{
	unsigned int budget = ZXP_SEERS_STEPS;
	struct folio *folio;

	write_lock(&family->lock);
	folio = zxp_layer_next_unshared(layer, index, end, &budget, seers);
	if (folio && !folio_try_get(folio)) {
		folio = NULL;
		++*index;
	}
	write_unlock(&family->lock);
	return folio;
}

/**
 * zxp_sweep_layer() - children have come not to see pages of a layer
 * @root: the VMO at the bottom
 * @layer: it, which others are on
 * @start: first page of the root
 * @end: the page after the last one
 * @killable: what is left when the caller is killed stays
 */
void zxp_sweep_layer(struct zxp_vmo *root, struct zxp_layer *layer, pgoff_t start,
		     pgoff_t end, bool killable)
{
	struct zxp_layer_seers seers;
	struct folio *folio;

	lockdep_assert_held(&root->family->tree_lock);

	while (start < end && !(killable && fatal_signal_pending(current))) {
		folio = zxp_sweep_next(root->family, layer, &start, end, &seers);
		if (folio) {
			folio_lock(folio);
			zxp_sweep_page(root, &seers, start, folio, 1);
			folio_unlock(folio);
			folio_put(folio);
			start++;
		}
		cond_resched();
	}
}

/*
 * The same for all from a layer down; but not for those below very many. What nobody sees there
 * stays until its layer goes.
 */
void zxp_sweep_layers(struct zxp_vmo *root, struct zxp_layer *layer, pgoff_t start,
		      pgoff_t end, bool killable)
{
	unsigned int steps;

	for (steps = 0; layer->below && steps < ZXP_SEERS_STEPS; layer = layer->below, steps++)
		zxp_sweep_layer(root, layer, start, end, killable);
}

/**
 * zxp_sweep_below() - a child has come not to see pages of what is below its own
 * @child: the child
 * @start: first page of the root
 * @end: the page after the last one
 *
 * Who is killed leaves what there is to the end of the layers.
 */
void zxp_sweep_below(struct zxp_child *child, pgoff_t start, pgoff_t end)
{
	struct zxp_family *family = zxp_child_family(child);

	lockdep_assert_held(&child->content_lock);

	if (start >= end || mutex_lock_killable(&family->tree_lock))
		return;
	zxp_sweep_layers(child->root, child->top->below, start, end, true);
	mutex_unlock(&family->tree_lock);
}
