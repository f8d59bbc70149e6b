// SPDX-License-Identifier: GPL-2.0
/*
 * Is somebody stuck? Whoever makes no step while the supervisor looks so many times. If
 * so, it tells where everybody is.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>

#include "client.h"

/* Looks; each is at least WATCH_MS after the one before. */
static unsigned int patience;

static struct {
	uint64_t ops;
	unsigned int looks;
} actors[ACTORS], daemons[PAGERS];

void watch_init(void)
{
	const char *looks = getenv("ZXP_PATIENCE");

	patience = looks && *looks ? strtoul(looks, NULL, 0) : 900;
	memset(actors, 0, sizeof(actors));
	memset(daemons, 0, sizeof(daemons));
}

unsigned int watch_patience(void)
{
	return patience;
}

bool watch(void)
{
	bool ok = true;
	int i;

	for (i = 0; i < ACTORS; i++) {
		struct actor_board *ab = &board->actor[i];

		if (load(ab->ops) != actors[i].ops || !load(ab->pid))
			actors[i].looks = 0;
		actors[i].ops = load(ab->ops);
		if (++actors[i].looks < patience)
			continue;
		wrong("actor %d (task %d) is stuck after %" PRIu64 " operations: %s of VMO %d %#"
		      PRIx64 "+%#" PRIx64, i, ab->tid, ab->ops, ops[ab->op].name, ab->vmo,
		      ab->offset, ab->length);
		ok = false;
	}
	for (i = 0; i < PAGERS; i++) {
		struct pager_board *pb = &board->pager[i];

		/* While it only answers there may be nothing to do. */
		if (load(pb->ops) != daemons[i].ops || load(board->phase) != PHASE_FLUSH ||
		    pb->fate == FATE_KILLED)
			daemons[i].looks = 0;
		daemons[i].ops = load(pb->ops);
		if (++daemons[i].looks < patience)
			continue;
		wrong("the daemon of pager %d is stuck at the end", i);
		ok = false;
	}
	if (!ok)
		watch_tell();
	return ok;
}

static void tell_file(const char *task, const char *file, bool stack)
{
	char path[700], line[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", task, file);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (stack || !strncmp(line, "Name:", 5) || !strncmp(line, "State:", 6))
			diag("    %s", line);
	}
	if (f)
		fclose(f);
}

static bool is_ours(const char *task)
{
	char path[700], name[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "%s/comm", task);
	f = fopen(path, "re");
	if (f) {
		if (!fgets(name, sizeof(name), f))
			name[0] = '\0';
		fclose(f);
	}
	return !strncmp(name, "zxp-", 4) || !strncmp(name, "iou-", 4);
}

static void tell_tasks(const char *pid)
{
	char path[300], task[600];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/task", pid);
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(task, sizeof(task), "%s/%s", path, e->d_name);
		if (!is_ours(task))
			continue;
		diag("task %s of process %s", e->d_name, pid);
		tell_file(task, "status", false);
		tell_file(task, "syscall", true);
		tell_file(task, "stack", true);
	}
	if (dir)
		closedir(dir);
}

void watch_tell(void)
{
	struct dirent *e;
	DIR *dir = opendir("/proc");
	int fd;

	diag("seed of the round: %" PRIu64 "; all tasks:", board->seed);
	while (dir && (e = readdir(dir)))
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9')
			tell_tasks(e->d_name);
	if (dir)
		closedir(dir);
	/* What lockdep knows goes to the kernel log. */
	fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, "d", 1) < 0)
		errno = 0;
	close(fd);
}
