/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What zero ranges are, said page by page and without a tree. See zero_model.c.
 */
#ifndef _ZXPAGER_KUNIT_ZERO_MODEL_H
#define _ZXPAGER_KUNIT_ZERO_MODEL_H

#include "../base.h"

#define ZXP_MODEL_PAGES	128
#define ZXP_MODEL_NONE	0xff

/**
 * struct zxp_zero_model - a set of zero ranges
 * @kind: of each page, or %ZXP_MODEL_NONE; one page more, which has none
 * @awaiting: of a page that is the first of its run: how far it is being written back
 */
struct zxp_zero_model {
	u8 kind[ZXP_MODEL_PAGES + 1];
	unsigned int awaiting[ZXP_MODEL_PAGES];
};

void zxp_model_clear(struct zxp_zero_model *m);
bool zxp_model_is_first(const struct zxp_zero_model *m, unsigned int page);
unsigned int zxp_model_run_end(const struct zxp_zero_model *m, unsigned int page);
bool zxp_model_is_free(const struct zxp_zero_model *m, unsigned int start,
		       unsigned int end);
unsigned int zxp_model_runs(const struct zxp_zero_model *m);
unsigned int zxp_model_begun(const struct zxp_zero_model *m);
void zxp_model_add(struct zxp_zero_model *m, unsigned int start,
		   unsigned int end, u8 kind);
void zxp_model_remove(struct zxp_zero_model *m, unsigned int start,
		      unsigned int end);
void zxp_model_remove_kind(struct zxp_zero_model *m, unsigned int start, u8 kind);
unsigned int zxp_model_cover(struct zxp_zero_model *m, unsigned int *start,
			     unsigned int end, u8 kind, unsigned int keep);
void zxp_model_begin(struct zxp_zero_model *m, unsigned int start,
		     unsigned int end);
bool zxp_model_end(struct zxp_zero_model *m, unsigned int *start,
		   unsigned int end, unsigned int *reach, unsigned int *cleaned);
int zxp_model_find(const struct zxp_zero_model *m, unsigned int index,
		   unsigned int end, unsigned int kinds);

#endif /* _ZXPAGER_KUNIT_ZERO_MODEL_H */
