// SPDX-License-Identifier: GPL-2.0
/*
 * What a VMO knows of its children: that there are some, how much of it they see, and what
 * was kept for them.
 */
#include <linux/slab.h>

#include "content.h"

/**
 * zxp_vmo_get_family() - the family of a VMO, which comes with its first child
 * @vmo: the VMO
 *
 * It stays until the VMO ends.
 *
 * Return: the family, or NULL without memory.
 */
struct zxp_family *zxp_vmo_get_family(struct zxp_vmo *vmo)
{
	/* What is in it is seen by who sees it: pairs with cmpxchg(). */
	struct zxp_family *family = smp_load_acquire(&vmo->family), *new, *old;

	if (family)
		return family;
	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return NULL;
	mutex_init(&new->tree_lock);
	rwlock_init(&new->lock);
	zxp_layer_init(&new->bottom);
	old = cmpxchg(&vmo->family, NULL, new);
	if (!old)
		return new;
	kfree(new);
	return old;
}

/* Copies, of any depth. None comes while the lock is held, but for children of theirs. */
bool zxp_vmo_has_children(struct zxp_vmo *vmo)
{
	struct zxp_family *family = vmo->family;
	bool has;

	lockdep_assert_held(&vmo->content_lock);

	if (!family)
		return false;
	/* Where one takes the place of another there is none for a moment. */
	read_lock(&family->lock);
	has = !list_empty(&family->bottom.above);
	read_unlock(&family->lock);
	return has;
}

/**
 * zxp_family_lock() - take content_lock of a VMO, and tree_lock of its children
 * @vmo: the VMO, which has a family
 *
 * Who changes the tree may have to look at each page of it, and holds tree_lock meanwhile. All
 * who fault on the VMO or supply it would wait for that if it was waited for with content_lock.
 * So that is given up first, as long as others are not faster too often.
 *
 * Return: 0; -EINTR.
 */
int zxp_family_lock(struct zxp_vmo *vmo)
{
	struct zxp_family *family = vmo->family;
	int tries = ZXP_TREE_TRIES;

	for (;;) {
		if (zxp_lock_killable(&vmo->content_lock))
			return -EINTR;
		if (mutex_trylock(&family->tree_lock))
			return 0;
		if (!tries--)
			break;
		mutex_unlock(&vmo->content_lock);
		if (zxp_lock_killable(&family->tree_lock))
			return -EINTR;
		mutex_unlock(&family->tree_lock);
	}
	if (!zxp_lock_killable(&family->tree_lock))
		return 0;
	mutex_unlock(&vmo->content_lock);
	return -EINTR;
}

void zxp_family_unlock(struct zxp_vmo *vmo)
{
	mutex_unlock(&vmo->family->tree_lock);
	mutex_unlock(&vmo->content_lock);
}

/**
 * zxp_family_cut() - a VMO shrinks
 * @vmo: the VMO
 * @nr_pages: its new size
 *
 * Children see zeroes from there on, and go on doing so when it grows again.
 */
void zxp_family_cut(struct zxp_vmo *vmo, pgoff_t nr_pages)
{
	struct zxp_family *family = vmo->family;
	struct zxp_layer *layer;

	lockdep_assert_held(&vmo->content_lock);

	if (!family)
		return;
	write_lock(&family->lock);
	list_for_each_entry(layer, &family->bottom.above, link)
		if (!layer->lost)
			zxp_layer_cut(layer, nr_pages);
	write_unlock(&family->lock);
}

/* Would children see it if a page of the VMO changed, who are not to? See before.c. */
bool zxp_family_misses(struct zxp_family *family, pgoff_t index)
{
	bool misses;

	read_lock(&family->lock);
	misses = family->open && !zxp_layer_hides(family->open, index);
	read_unlock(&family->lock);
	return misses;
}

/**
 * zxp_family_find_missed() - where the same holds next
 * @family: the family
 * @index: first page to look at
 * @end: the page after the last one; afterwards, after the run that begins at the result
 *
 * Return: the first such page; or @end if there is none, also without snapshots, or in a layer
 * that is just being broken.
 */
pgoff_t zxp_family_find_missed(struct zxp_family *family, pgoff_t index, pgoff_t *end)
{
	struct zxp_layer *open;
	unsigned int budget;
	void *page;

	do {
		budget = ZXP_ZERO_BUDGET;
		read_lock(&family->lock);
		open = family->open;
		if (open)
			index = max(index, min(open->start, *end));
		index = open ? zxp_layer_next_root(open, index, *end, &budget) : *end;
		if (budget && index < *end)
			zxp_layer_run(open, index, end, &page);
		read_unlock(&family->lock);
		cond_resched();
	} while (!budget);
	return index;
}

/**
 * zxp_family_keep_zero_locked() - a page of zeroes is about to come where there is none
 * @vmo: the VMO
 * @index: where
 *
 * So no copy has to be made of it. If there is no memory for that, it is made later.
 */
void zxp_family_keep_zero_locked(struct zxp_vmo *vmo, pgoff_t index)
{
	struct zxp_zero_range *none = NULL, *spare;
	struct zxp_family *family = vmo->family;

	lockdep_assert_held(&vmo->content_lock);

	spare = zxp_vmo_alloc_zero(vmo, GFP_NOWAIT);
	if (!spare)
		return;
	write_lock(&family->lock);
	if (family->open && !zxp_layer_hides(family->open, index))
		zxp_layer_zero(family->open, index, index + 1, &none, &spare);
	write_unlock(&family->lock);
	kfree(spare);
}

/* At the end of the VMO: each child holds it, so there is none any more. */
void zxp_vmo_free_family(struct zxp_vmo *vmo)
{
	if (!vmo->family)
		return;
	iput(vmo->family->map_inode);
	xa_destroy(&vmo->family->bottom.pages);
	kfree(vmo->family);
	vmo->family = NULL;
}
