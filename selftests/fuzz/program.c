// SPDX-License-Identifier: GPL-2.0
/*
 * Programs as text: one call a line, with the names of its arguments, so that a
 * finding can be read, edited and run again.
 *
 *	end kill
 *	t0 open to=0 flags=0x800
 *	t1 pwrite fd=4 buffer=0x100000000000 length=0x1000 offset=0x0 fail=2
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

const char *const ending_names[] = {
	[END_KILL] = "kill",
	[END_SERVE] = "serve",
	[END_DETACH] = "detach",
	[END_CLOSE] = "close",
};

unsigned int nr_args(const struct call_desc *d)
{
	unsigned int n = 0;

	while (n < MAX_ARGS && d->args[n].name)
		n++;
	return n;
}

size_t program_print(const struct program *p, char *text, size_t size)
{
	size_t at = snprintf(text, size, "end %s\n", ending_names[p->end]);
	unsigned int i, k;

	for (i = 0; i < p->nr && at < size; i++) {
		const struct call *c = &p->call[i];
		const struct call_desc *d = &calls[c->kind];

		at += snprintf(text + at, size - at, "t%u %s", c->thread, d->name);
		for (k = 0; k < nr_args(d) && at < size; k++)
			at += snprintf(text + at, size - at, " %s=%#llx",
				       d->args[k].name,
				       (unsigned long long)c->arg[k]);
		if (c->fail && at < size)
			at += snprintf(text + at, size - at, " fail=%u", c->fail);
		if (at < size)
			at += snprintf(text + at, size - at, "\n");
	}
	return at < size ? at : size - 1;
}

static bool parse_arg(struct call *c, char *word)
{
	const struct call_desc *d = &calls[c->kind];
	char *equals = strchr(word, '='), *rest;
	uint64_t value;
	unsigned int k;

	if (!equals)
		return false;
	*equals = '\0';
	value = strtoull(equals + 1, &rest, 0);
	if (*rest || rest == equals + 1)
		return false;
	if (!strcmp(word, "fail")) {
		c->fail = value;
		return true;
	}
	for (k = 0; k < nr_args(d); k++) {
		if (!strcmp(word, d->args[k].name)) {
			c->arg[k] = value;
			return true;
		}
	}
	return false;
}

static bool parse_call(struct program *p, char *thread, char **save)
{
	struct call *c = &p->call[p->nr];
	char *word = strtok_r(NULL, " \t", save);
	unsigned int kind = 0;

	if (p->nr == MAX_CALLS || thread[0] != 't' || !thread[1] || !word)
		return false;
	memset(c, 0, sizeof(*c));
	c->thread = atoi(thread + 1);
	if (c->thread >= MAX_THREADS)
		return false;
	while (kind < nr_call_kinds && strcmp(word, calls[kind].name))
		kind++;
	if (kind == nr_call_kinds)
		return false;
	c->kind = kind;
	while ((word = strtok_r(NULL, " \t", save)))
		if (!parse_arg(c, word))
			return false;
	p->nr++;
	return true;
}

static bool parse_end(struct program *p, char **save)
{
	const char *word = strtok_r(NULL, " \t", save);
	unsigned int i;

	for (i = 0; word && i < NR_ENDINGS; i++) {
		if (!strcmp(word, ending_names[i])) {
			p->end = i;
			return true;
		}
	}
	return false;
}

/* What is behind a # is a comment. On failure @error is the line that is wrong. */
bool program_parse(struct program *p, const char *text, char *error, size_t size)
{
	char *copy = strdup(text), *lines = NULL, *line, *save, *word;
	bool good = copy;

	memset(p, 0, sizeof(*p));
	for (line = copy ? strtok_r(copy, "\n", &lines) : NULL; line && good;
	     line = strtok_r(NULL, "\n", &lines)) {
		snprintf(error, size, "%s", line);
		line[strcspn(line, "#")] = '\0';
		word = strtok_r(line, " \t", &save);
		if (!word)
			continue;
		good = strcmp(word, "end") ? parse_call(p, word, &save) :
					     parse_end(p, &save);
	}
	free(copy);
	return good;
}
