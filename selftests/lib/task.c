// SPDX-License-Identifier: GPL-2.0
/*
 * What /proc tells of a task.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "task.h"

/* The whole file, as text; false if there is no such task. */
static bool slurp(pid_t pid, pid_t tid, const char *name, char *text, size_t room)
{
	char path[64];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", pid, tid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, room - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = 0;
	return n > 0;
}

/* What follows the name in parentheses, which may have anything in it. */
static const char *stat_fields(pid_t pid, pid_t tid, char *text, size_t room)
{
	char *name_end;

	if (!slurp(pid, tid, "stat", text, room))
		return NULL;
	name_end = strrchr(text, ')');
	return name_end ? name_end + 2 : NULL;
}

char task_state(pid_t pid, pid_t tid)
{
	char text[512];
	const char *fields = stat_fields(pid, tid, text, sizeof(text));

	return fields ? *fields : 0;
}

bool task_asleep(pid_t pid, pid_t tid)
{
	char state = task_state(pid, tid);

	return state == 'S' || state == 'D';
}

bool task_exits(pid_t pid, pid_t tid)
{
	char text[512];
	const char *fields = stat_fields(pid, tid, text, sizeof(text));
	unsigned int flags = 0;

	/* PF_EXITING */
	return fields && sscanf(fields, "%*c %*d %*d %*d %*d %*d %u", &flags) == 1 &&
	       flags & 0x4;
}

int64_t task_faults(pid_t pid, pid_t tid)
{
	char text[512];
	const char *fields = stat_fields(pid, tid, text, sizeof(text));
	int64_t minor, major;

	if (!fields || sscanf(fields, "%*c %*d %*d %*d %*d %*d %*u %" SCNd64
			      " %*d %" SCNd64, &minor, &major) != 2)
		return -1;
	return minor + major;
}

int64_t task_sleeps(pid_t pid, pid_t tid)
{
	static const char key[] = "\nvoluntary_ctxt_switches:";
	char text[4096], *line;
	int64_t n = -1;

	if (!slurp(pid, tid, "status", text, sizeof(text)))
		return -1;
	line = strstr(text, key);
	if (line)
		sscanf(line + strlen(key), "%" SCNd64, &n);
	return n;
}

bool task_sleeps_in(pid_t pid, pid_t tid, const char *name)
{
	char text[128];

	return slurp(pid, tid, "wchan", text, sizeof(text)) && strstr(text, name);
}
