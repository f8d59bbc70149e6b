// SPDX-License-Identifier: MIT
/*
 * The end of a program, see <zircon/assert.h>.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <zircon/assert.h>

void __zx_assert_failed(const char *what, const char *file, int line,
			const char *expression)
{
	fprintf(stderr, "%s FAILED at (%s:%d): %s ", what, file, line, expression);
}

void __zx_panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}
