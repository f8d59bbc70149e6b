// SPDX-License-Identifier: GPL-2.0
/*
 * Zero ranges as an array of pages: what zero.c has to come to, however it does it.
 *
 * A run is what the array shows; nothing is joined or split. The length that is being
 * written back belongs to the first page of a run. Taken away are pages one by one: if
 * the first page of a run goes, the next one inherits what is left of the length.
 */
#include <linux/bits.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "zero_model.h"

void zxp_model_clear(struct zxp_zero_model *m)
{
	memset(m->kind, ZXP_MODEL_NONE, sizeof(m->kind));
	memset(m->awaiting, 0, sizeof(m->awaiting));
}

bool zxp_model_is_first(const struct zxp_zero_model *m, unsigned int page)
{
	return m->kind[page] != ZXP_MODEL_NONE &&
	       (!page || m->kind[page - 1] != m->kind[page]);
}

/* The page behind the run that @page is in. */
unsigned int zxp_model_run_end(const struct zxp_zero_model *m, unsigned int page)
{
	u8 kind = m->kind[page];

	while (m->kind[page] == kind)
		page++;
	return page;
}

bool zxp_model_is_free(const struct zxp_zero_model *m, unsigned int start,
		       unsigned int end)
{
	for (; start < end; start++)
		if (m->kind[start] != ZXP_MODEL_NONE)
			return false;
	return true;
}

/* How many runs are being written back, in part or whole? */
unsigned int zxp_model_begun(const struct zxp_zero_model *m)
{
	unsigned int page, runs = 0;

	for (page = 0; page < ZXP_MODEL_PAGES; page++)
		runs += zxp_model_is_first(m, page) && m->awaiting[page];
	return runs;
}

unsigned int zxp_model_runs(const struct zxp_zero_model *m)
{
	unsigned int page, runs = 0;

	for (page = 0; page < ZXP_MODEL_PAGES; page++)
		runs += zxp_model_is_first(m, page);
	return runs;
}

static void zxp_model_remove_page(struct zxp_zero_model *m, unsigned int page)
{
	unsigned int next = page + 1;

	if (m->kind[page] == m->kind[next] && next < ZXP_MODEL_PAGES)
		m->awaiting[next] = zxp_model_is_first(m, page) &&
				    m->awaiting[page] ?
				    m->awaiting[page] - 1 : 0;
	m->kind[page] = ZXP_MODEL_NONE;
	m->awaiting[page] = 0;
}

void zxp_model_remove(struct zxp_zero_model *m, unsigned int start,
		      unsigned int end)
{
	for (; start < min_t(unsigned int, end, ZXP_MODEL_PAGES); start++)
		zxp_model_remove_page(m, start);
}

void zxp_model_add(struct zxp_zero_model *m, unsigned int start,
		   unsigned int end, u8 kind)
{
	unsigned int page;

	if (start == end)
		return;
	for (page = start; page < end; page++) {
		m->kind[page] = kind;
		m->awaiting[page] = 0;
	}
	/* Whatever came behind is not the first of its run any more. */
	if (m->kind[end] == kind)
		m->awaiting[end] = 0;
}

/* As a whole, also what of the first run lies before @start. */
void zxp_model_remove_kind(struct zxp_zero_model *m, unsigned int start, u8 kind)
{
	while (start && m->kind[start] != ZXP_MODEL_NONE &&
	       !zxp_model_is_first(m, start))
		start--;
	for (; start < ZXP_MODEL_PAGES; start++)
		if (m->kind[start] == kind)
			zxp_model_remove_page(m, start);
}

unsigned int zxp_model_cover(struct zxp_zero_model *m, unsigned int *start,
			     unsigned int end, u8 kind, unsigned int keep)
{
	unsigned int from = *start, page;

	if (m->kind[from] != ZXP_MODEL_NONE && keep & BIT(m->kind[from])) {
		*start = zxp_model_run_end(m, from);
		return 0;
	}
	for (page = from; page < end; page++)
		if (m->kind[page] != ZXP_MODEL_NONE && keep & BIT(m->kind[page]))
			break;
	zxp_model_remove(m, from, page);
	zxp_model_add(m, from, page, kind);
	*start = page;
	return page - from;
}

void zxp_model_begin(struct zxp_zero_model *m, unsigned int start,
		     unsigned int end)
{
	unsigned int page, length;

	for (page = start; page < end; page++) {
		if (m->kind[page] != ZXP_ZERO_DIRTY || !zxp_model_is_first(m, page))
			continue;
		length = min(zxp_model_run_end(m, page), end) - page;
		m->awaiting[page] = max(m->awaiting[page], length);
	}
}

/* One run, as zxp_zero_end(). */
bool zxp_model_end(struct zxp_zero_model *m, unsigned int *start,
		   unsigned int end, unsigned int *reach, unsigned int *cleaned)
{
	unsigned int page, first;

	for (page = *start; page < end; page++) {
		if (m->kind[page] != ZXP_ZERO_DIRTY || !zxp_model_is_first(m, page))
			continue;
		*reach = max(*reach, page + m->awaiting[page]);
		if (*reach <= page)
			continue;
		first = page;
		end = min(end, zxp_model_run_end(m, page));
		for (; page < min(*reach, end); page++)
			zxp_model_remove_page(m, page);
		*start = page;
		*cleaned = page - first;
		return true;
	}
	return false;
}

/* The first page of the run of these kinds that ends behind @index; -1: none. */
int zxp_model_find(const struct zxp_zero_model *m, unsigned int index,
		   unsigned int end, unsigned int kinds)
{
	for (; index < end; index++) {
		if (m->kind[index] == ZXP_MODEL_NONE ||
		    !(kinds & BIT(m->kind[index])))
			continue;
		while (!zxp_model_is_first(m, index))
			index--;
		return index;
	}
	return -1;
}
