// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>

#include "kmemleak.h"

#define PATH	"/sys/kernel/debug/kmemleak"
/* It says nothing of what is younger than five seconds, and that is no event. */
#define OLD_S	6
#define SCANS	3

static void tell(const char *command)
{
	FILE *f = fopen(PATH, "we");

	if (!f)
		return;
	fputs(command, f);
	if (fclose(f))
		perror("# kmemleak");
}

/*
 * Two scans have to agree. And what seems lost for a moment, because it is on its way
 * from one place to another, is not: it has to stay so.
 */
FILE *kmemleak_scan(void)
{
	FILE *f = NULL;
	int i, c;

	if (access(PATH, W_OK))
		return NULL;
	tell("scan");
	sleep(OLD_S);
	for (i = 0; i < SCANS; i++) {
		tell("scan");
		f = fopen(PATH, "re");
		if (!f)
			return NULL;
		c = fgetc(f);
		if (c == EOF || i == SCANS - 1) {
			ungetc(c, f);
			break;
		}
		fclose(f);
		sleep(1);
	}
	return f;
}
