// SPDX-License-Identifier: GPL-2.0
/*
 * Who has no part in it, and disturbs all.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "stress.h"

#define CHURN_PAGES	8
#define CHURN_MANY	16
#define CHURN_NS	10000000
#define CHURN_KEY	77

static void pause_up_to(struct dice *d, uint32_t us)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000L * (1 + roll(d, us)) }, NULL);
}

/* Not all kernels have all of these. */
static void poke(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		errno = 0;
	close(fd);
}

void reclaim_main(void)
{
	struct dice d = { seed_of(1, 0) };

	while (load(board->phase) == PHASE_RUN) {
		switch (roll(&d, 16)) {
		case 0:
			poke("/proc/sys/vm/drop_caches", "1");
			break;
		case 1:
			poke("/proc/sys/vm/compact_memory", "1");
			break;
		default:
			poke("/sys/fs/cgroup/zxp_stress/memory.reclaim",
			     one_in(&d, 16) ? "2M" : "128K");
		}
		pause_up_to(&d, 200000);
	}
}

/* The supervisor has descriptors of all VMOs as long as this is called. */
void unload_main(void)
{
	struct dice d = { seed_of(2, 0) };

	while (load(board->phase) == PHASE_RUN) {
		if (!syscall(SYS_delete_module, "zxpager", O_NONBLOCK))
			wrong("the module was removed while it is used");
		else if (errno != EWOULDBLOCK && errno != EBUSY)
			wrong("attempt to remove the module: %m");
		else
			add(board->busy, 1);
		pause_up_to(&d, 20000);
	}
}

static volatile uint64_t *churn_at;

static void on_bus(int sig)
{
	(void)sig;
	_exit(0);
}

/* It sees what was supplied, or nothing. */
static void churn_client(int vmo, uint64_t page, bool store)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGBUS, on_bus);
	churn_at = mmap(NULL, CHURN_PAGES * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, vmo, 0);
	if (churn_at == MAP_FAILED)
		_exit(1);
	if (store)
		churn_at[page * 512 + 1] = 1;
	_exit(churn_at[page * 512] == CHURN_KEY ? 0 : 1);
}

/*
 * So many that whatever one of them does not give back is seen to grow; but others want
 * to do something, too.
 */
static void churn_many(struct dice *d, int pager, const void *content)
{
	uint64_t end = now_ns() + CHURN_NS;
	int port = zxp_create_port(pager), i, vmo;

	for (i = 0; i < CHURN_MANY && now_ns() < end; i++) {
		vmo = zxp_create_vmo(pager, 0, port, CHURN_KEY, CHURN_PAGES * 4096);
		if (vmo < 0 || zxp_supply_pages(pager, vmo, 0, 4096, content))
			wrong("churn: VMO %d of many: %d", i, vmo);
		if (one_in(d, 2) && zxp_detach_vmo(pager, vmo))
			wrong("churn: VMO %d of many cannot be detached", i);
		close(vmo);
	}
	close(port);
}

/*
 * The client may just have asked, and nobody has read that. COMPLETE is all that is to be
 * read afterwards.
 */
static void churn_detach(int pager, int stream, int vmo)
{
	struct zxp_packet p;

	fcntl(stream, F_SETFL, O_NONBLOCK);
	if (zxp_detach_vmo(pager, vmo))
		wrong("churn: the VMO cannot be detached");
	if (read(stream, &p, sizeof(p)) != sizeof(p))
		wrong("churn: no COMPLETE: %m");
	else if (p.command != ZXP_PACKET_COMPLETE)
		wrong("churn: packet %#x after the detach", p.command);
}

static void churn_no_more(int stream)
{
	struct zxp_packet p;

	if (read(stream, &p, sizeof(p)) == sizeof(p))
		wrong("churn: packet %#x after COMPLETE", p.command);
}

/* What the daemon of it does. True if it has detached the VMO. */
static bool churn_serve(struct dice *d, int pager, int *port, int vmo, uint64_t page,
			const void *content)
{
	int stream = *port < 0 ? pager : *port;
	struct zxp_packet p;

	switch (roll(d, 5)) {
	case 0:
	case 1:
		churn_detach(pager, stream, vmo);
		return true;
	case 2:
		if (read(stream, &p, sizeof(p)) < 0)
			break;
		zxp_supply_pages(pager, vmo, 0, CHURN_PAGES * 4096, content);
		zxp_dirty(pager, vmo, 0, CHURN_PAGES * 4096);
		break;
	case 3:
		zxp_supply_pages(pager, vmo, page * 4096, 4096, content);
		break;
	case 4:
		close(*port);
		*port = -1;
		break;
	}
	return false;
}

/* A pager, from its begin to its end, and a client that is in the middle of it. */
static void churn_once(struct dice *d, const void *content)
{
	static const uint32_t options[] = {
		0, ZXP_VMO_RESIZABLE, ZXP_VMO_TRAP_DIRTY, ZXP_VMO_UNBOUNDED,
		ZXP_VMO_TRAP_DIRTY | ZXP_VMO_RESIZABLE,
	};
	int pager = zxp_open(O_NONBLOCK), port, vmo, status = 0;
	uint64_t page = roll(d, CHURN_PAGES);
	bool killed, detached;
	pid_t pid;

	churn_many(d, pager, content);
	port = one_in(d, 2) ? zxp_create_port(pager) : ZXP_PORT_OWN;
	vmo = zxp_create_vmo(pager, options[roll(d, 5)], port, CHURN_KEY,
			     CHURN_PAGES * 4096);
	if (pager < 0 || vmo < 0) {
		wrong("churn: %d %d", pager, vmo);
		return;
	}
	pid = fork();
	if (!pid) {
		/* The pager is the daemon's alone. */
		close(pager);
		close(port);
		churn_client(vmo, page, one_in(d, 2));
	}
	pause_up_to(d, 3000);
	detached = churn_serve(d, pager, &port, vmo, page, content);
	killed = one_in(d, 3);
	if (killed)
		kill(pid, SIGKILL);
	if (one_in(d, 2))
		close(vmo);
	/* Else it only ends with the pager. */
	if (detached) {
		pid = waitpid(pid, &status, 0) == pid ? 0 : pid;
		churn_no_more(port < 0 ? pager : port);
	}
	close(pager);
	if (pid && waitpid(pid, &status, 0) != pid)
		wrong("churn: waitpid: %m");
	if (status && !(killed && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
		wrong("churn: the client has ended with %#x", status);
	close(vmo);
	close(port);
	add(board->churned, 1);
}

void churn_main(void)
{
	struct dice d = { seed_of(3, 0) };
	uint64_t *content = map_anon(CHURN_PAGES);
	int i;

	for (i = 0; i < CHURN_PAGES; i++)
		content[i * 512] = CHURN_KEY;
	while (load(board->phase) == PHASE_RUN) {
		churn_once(&d, content);
		if (!board->sealed || one_in(&d, 4))
			sealed_once(&d);
		if (!board->families || one_in(&d, 4))
			family_once(&d);
		if (!board->poisoned || one_in(&d, 4))
			poison_once(&d);
		pause_up_to(&d, 20000);
	}
}
