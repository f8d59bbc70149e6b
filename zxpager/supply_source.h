/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a supply is, for where its content comes from.
 */
#ifndef _ZXPAGER_SUPPLY_SOURCE_H
#define _ZXPAGER_SUPPLY_SOURCE_H

#include <linux/uaccess.h>

#include "objects.h"

/**
 * struct zxp_supply - a call that fills ranges
 * @epoch: the generation that fills them
 * @vmo: the VMO that is filled
 * @aux: a plain VMO that content is taken from, or NULL
 * @child: a copy that it is taken from, or NULL; if neither, it is user memory
 * @kept: nothing more could be taken from @child, so the rest stays there
 * @args: the range
 * @runs: what was filled, and whose waiters were not woken yet
 */
struct zxp_supply {
	unsigned long epoch;
	struct zxp_vmo *vmo;
	struct zxp_vmo *aux;
	struct zxp_child *child;
	bool kept;
	struct zxp_supply_pages *args;
	struct zxp_runs runs;
};

/*
 * copy_from_user(), which may wait for another daemon, and that one for a page that is
 * there: then those who wait for such are woken first. Inline, since the kernel looks at
 * what is copied to if it cannot see that the size is a constant.
 */
static __always_inline bool zxp_supply_copy(struct zxp_supply *s, void *to, u64 from,
					    size_t size)
{
	const void __user *uaddr = u64_to_user_ptr(from);
	unsigned long left;

	if (s->runs.nr) {
		pagefault_disable();
		left = copy_from_user(to, uaddr, size);
		pagefault_enable();
		if (!left)
			return true;
		zxp_runs_resolve(&s->runs);
	}
	return !copy_from_user(to, uaddr, size);
}

int zxp_supply_prepare(struct zxp_supply *s, struct zxp_batch *batch, u64 source);
int zxp_supply_prepare_child(struct zxp_supply *s, struct zxp_batch *batch, u64 source);
bool zxp_supply_copy_user(struct zxp_supply *s, struct folio *folio, u64 source);
int zxp_supply_fill_from_aux(struct folio *folio, struct zxp_vmo *aux, pgoff_t index);
void zxp_supply_drop_aux(struct zxp_vmo *aux, u64 offset, u64 length);

#endif /* _ZXPAGER_SUPPLY_SOURCE_H */
