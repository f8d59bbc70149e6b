// SPDX-License-Identifier: GPL-2.0
/*
 * The pager as what VMOs refer to.
 */
#include <linux/slab.h>

#include "base.h"

static void zxp_pager_free(struct kref *ref)
{
	struct zxp_pager *pager = container_of(ref, struct zxp_pager, ref);

	WARN_ON(!list_empty(&pager->vmos));
	zxp_port_put(pager->port);
	kfree(pager);
}

void zxp_pager_put(struct zxp_pager *pager)
{
	kref_put(&pager->ref, zxp_pager_free);
}
