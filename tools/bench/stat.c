// SPDX-License-Identifier: GPL-2.0
/*
 * What many samples say.
 */
#include <stdlib.h>
#include <string.h>

#include "bench.h"

/* So many parts, each with its mean, see sample_typical(). */
#define PARTS	16

void sample_add(struct samples *s, double value)
{
	if (s->nr == s->room) {
		s->room = s->room ? s->room * 2 : 1024;
		s->value = reallocarray(s->value, s->room, sizeof(*s->value));
		if (!s->value)
			die("memory for samples");
		if (options.trace) {
			s->span = reallocarray(s->span, s->room, sizeof(*s->span));
			if (!s->span)
				die("memory for samples");
		}
	}
	if (options.trace)
		s->span[s->nr] = (struct span){ 0 };
	s->value[s->nr++] = value;
}

void sample_span(struct samples *s, struct span span)
{
	sample_add(s, (double)(span.end - span.start) / (double)span.nr);
	if (options.trace)
		s->span[s->nr - 1] = span;
}

void sample_since(struct samples *s, uint64_t start, size_t nr)
{
	uint64_t end = now();

	sample_span(s, (struct span){ start, end, nr });
}

void sample_free(struct samples *s)
{
	free(s->value);
	free(s->span);
	memset(s, 0, sizeof(*s));
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(const double *value, size_t nr, double q)
{
	double *sorted, at, result;
	size_t below;

	if (!nr)
		die("no samples");
	sorted = calloc(nr, sizeof(*sorted));
	if (!sorted)
		die("memory for samples");
	memcpy(sorted, value, nr * sizeof(*sorted));
	qsort(sorted, nr, sizeof(*sorted), compare);
	at = q * (double)(nr - 1);
	below = (size_t)at;
	result = sorted[below];
	if (below + 1 < nr)
		result += (at - (double)below) *
			  (sorted[below + 1] - sorted[below]);
	free(sorted);
	return result;
}

double sample_quantile(const struct samples *s, double q)
{
	return quantile(s->value, s->nr, q);
}

/*
 * By time: the median. By instructions each sample counts, since what is done for many
 * pages at once (a slab, a batch of the LRU) belongs to all of them; but not what
 * the guest did on its own in one part of the run. So the median of the means of parts.
 */
double sample_typical(const struct samples *s)
{
	double mean[PARTS];
	size_t i, at, end, nr;

	if (!options.icount || s->nr < 2 * (size_t)PARTS)
		return sample_quantile(s, 0.5);

	for (i = 0; i < PARTS; i++) {
		mean[i] = 0;
		at = s->nr * i / PARTS;
		end = s->nr * (i + 1) / PARTS;
		nr = end - at;
		for (; at < end; at++)
			mean[i] += s->value[at];
		mean[i] /= (double)nr;
	}
	return quantile(mean, PARTS, 0.5);
}

/* How far apart the middle half is, as a part of the median. */
double sample_spread(const struct samples *s)
{
	double median = sample_quantile(s, 0.5);

	if (median == 0)
		return 0;
	return (sample_quantile(s, 0.75) - sample_quantile(s, 0.25)) / median;
}
