// SPDX-License-Identifier: GPL-2.0
/*
 * Figures, on standard output.
 */
#include <math.h>
#include <stdio.h>

#include "bench.h"

static void line(const char *name, const char *suffix, double x, const char *unit,
		 double value, size_t nr, double spread)
{
	printf("{\"name\": \"%s%s\"", name, suffix);
	if (!isnan(x))
		printf(", \"x\": %.17g", x);
	printf(", \"mode\": \"%s\", \"unit\": \"%s\", \"value\": %.6g, \"n\": %zu, \"spread\": %.3g}\n",
	       options.icount ? "icount" : "smp", unit, value, nr, spread);
	if (fflush(stdout))
		die("standard output");
}

void emit(const char *name, double x, const char *unit, const struct samples *s)
{
	line(name, "", x, unit, sample_typical(s), s->nr, sample_spread(s));
	if (options.trace)
		trace_name(name, x, s);
}

void emit_p99(const char *name, double x, const char *unit, const struct samples *s)
{
	line(name, ".p99", x, unit, sample_quantile(s, 0.99), s->nr,
	     sample_spread(s));
}

void emit_value(const char *name, double x, const char *unit, double value)
{
	line(name, "", x, unit, value, 1, 0);
}
