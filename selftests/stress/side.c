// SPDX-License-Identifier: GPL-2.0
/*
 * A pager on the side, with one VMO and a client of it. Its content is always the same, and
 * more of it may be supplied than was asked for.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "stress.h"

uint64_t side_word(uint64_t i)
{
	return i * 0x9e3779b97f4a7c15ULL + 1;
}

const uint64_t *side_content(void)
{
	static uint64_t *words;
	uint64_t i;

	if (words)
		return words;
	words = map_anon(SIDE_PAGES);
	for (i = 0; words && i < SIDE_WORDS; i++)
		words[i] = side_word(i);
	return words;
}

/* With all of it, or with no more than was asked for. False: something is wrong. */
static bool answer(struct dice *d, int pager, int vmo, const struct zxp_packet *p)
{
	bool all = !one_in(d, 3);
	uint64_t offset = all ? 0 : p->offset, length = all ? SIDE_BYTES : p->length;
	int ret;

	if (p->command != ZXP_PACKET_READ) {
		wrong("side: packet %#x", p->command);
		return false;
	}
	ret = zxp_supply_pages(pager, vmo, offset, length, side_content() + offset / 8);
	if (ret)
		wrong("side: supply of %#" PRIx64 " at %#" PRIx64 ": %d", length, offset, ret);
	return !ret;
}

/* True after so many answers, false if the client ends before. */
static bool serve(struct dice *d, int pager, int vmo, int client, uint32_t answers)
{
	struct pollfd fds[] = {
		{ .fd = pager, .events = POLLIN }, { .fd = client, .events = POLLIN },
	};
	struct zxp_packet p;

	while (answers && poll(fds, 2, -1) > 0 && !fds[1].revents) {
		/* An answer to another packet may have taken this one back. */
		if (read(pager, &p, sizeof(p)) != sizeof(p))
			continue;
		answers = answer(d, pager, vmo, &p) ? answers - 1 : 0;
	}
	return !answers;
}

static void on_bus(int sig)
{
	(void)sig;
	_exit(SIDE_NO_MORE);
}

void side_once(struct dice *d, struct side *s)
{
	int pager = s->pager, vmo = s->vmo, client, status = 0;
	bool leaves;
	pid_t pid;

	pid = fork();
	if (!pid) {
		/* The pager is the daemon's alone. */
		close(pager);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGBUS, on_bus);
		s->client(d, vmo);
		_exit(0);
	}
	client = syscall(SYS_pidfd_open, pid, 0);
	if (client < 0) {
		wrong("%s: no client: %m", s->name);
		return;
	}
	leaves = serve(d, pager, vmo, client, s->answers);
	if (one_in(d, 2) && zxp_detach_vmo(pager, vmo))
		wrong("%s: the VMO cannot be detached", s->name);
	close(pager);
	close(client);
	close(vmo);
	if (waitpid(pid, &status, 0) != pid)
		wrong("%s: waitpid: %m", s->name);
	/* As long as there is a daemon, all can be read. */
	if (status && !(leaves && status == W_EXITCODE(SIDE_NO_MORE, 0)))
		wrong("%s: the client has ended with %#x", s->name, status);
}
