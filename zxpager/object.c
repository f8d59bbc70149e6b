// SPDX-License-Identifier: GPL-2.0
/*
 * The pager as what VMOs refer to, and its files.
 */
#include <linux/slab.h>

#include "base.h"

struct zxp_pager *zxp_pager_alloc(void)
{
	struct zxp_pager *pager = kzalloc(sizeof(*pager), GFP_KERNEL_ACCOUNT);

	if (!pager)
		return NULL;
	kref_init(&pager->ref);
	mutex_init(&pager->begin_lock);
	spin_lock_init(&pager->lock);
	pager->vmos = RB_ROOT;
	return pager;
}

static void zxp_pager_free(struct kref *ref)
{
	struct zxp_pager *pager = container_of(ref, struct zxp_pager, ref);

	WARN_ON(!RB_EMPTY_ROOT(&pager->vmos) || pager->spare);
	kfree(pager);
}

void zxp_pager_put(struct zxp_pager *pager)
{
	kref_put(&pager->ref, zxp_pager_free);
}

/* With a stream of its own. */
struct zxp_pager_file *zxp_pager_file_alloc(struct zxp_pager *pager)
{
	struct zxp_pager_file *by = kzalloc(sizeof(*by), GFP_KERNEL_ACCOUNT);

	if (!by)
		return NULL;
	by->port = zxp_port_alloc();
	if (!by->port) {
		kfree(by);
		return NULL;
	}
	kref_get(&pager->ref);
	by->pager = pager;
	return by;
}

void zxp_pager_file_free(struct zxp_pager_file *by)
{
	if (by->port)
		zxp_port_put(by->port);
	zxp_pager_put(by->pager);
	kfree(by);
}
