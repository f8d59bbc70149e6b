// SPDX-License-Identifier: MIT
/*
 * A user pager that dies again and again, while its client reads on.
 *
 * The first process is the keeper.  It has the descriptors that clients depend upon, and never
 * answers them: that is what workers are for, each with a generation of its own.  A worker
 * answers four requests.  The fifth it reads, and is killed; its successor is asked the same.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/zxpager.h>

#define PAGES	26U

static size_t page;

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(1);
}

/* From here on whatever another descriptor says, of a former generation, is of no effect. */
static int begin_generation(int keeper)
{
	struct zxp_begin_generation arg = { .size = sizeof(arg) };

	if (ioctl(keeper, ZXP_IOC_BEGIN_GENERATION, &arg))
		die("no generation");
	return arg.out_fd;
}

static int create_vmo(int pager)
{
	struct zxp_create_vmo arg = { .size = sizeof(arg), .port_fd = ZXP_PORT_OWN,
				      .key = 'A', .vmo_size = PAGES * page };

	if (ioctl(pager, ZXP_IOC_CREATE_VMO, &arg))
		die("no VMO");
	return arg.out_fd;
}

/* Which VMOs there are a worker learns from the module alone.  Here it is one. */
static int find_vmo(int pager, uint64_t *key)
{
	struct zxp_vmo_entry entry;
	struct zxp_list_vmos list = { .size = sizeof(list), .buffer = (uintptr_t)&entry,
				      .buffer_size = sizeof(entry) };
	struct zxp_open_vmo arg = { .size = sizeof(arg) };

	if (ioctl(pager, ZXP_IOC_LIST_VMOS, &list) || list.out_actual != 1)
		die("no list");
	arg.id = entry.id;
	if (ioctl(pager, ZXP_IOC_OPEN_VMO, &arg))
		die("the VMO cannot be opened");
	*key = entry.key;
	return arg.out_fd;
}

static void answer(int pager, int vmo, uint64_t offset, const void *content)
{
	struct zxp_supply_pages arg = { .size = sizeof(arg), .vmo_fd = vmo, .aux_fd = -1,
					.offset = offset, .length = page,
					.source = (uintptr_t)content };

	/* ESHUTDOWN would be that there is a successor, who answers. */
	if (ioctl(pager, ZXP_IOC_SUPPLY_PAGES, &arg))
		die("it cannot be answered");
}

static _Noreturn void work(int pager)
{
	char *content = malloc(page);
	struct zxp_packet packet;
	unsigned int answers = 0;
	uint64_t key;
	int vmo = find_vmo(pager, &key);

	while (content && read(pager, &packet, sizeof(packet)) == sizeof(packet)) {
		if (packet.command != ZXP_PACKET_READ)
			continue;
		if (answers++ == 4)
			raise(SIGKILL);
		memset(content, (int)(packet.key + packet.offset / page), page);
		answer(pager, vmo, packet.offset, content);
	}
	die("no packet");
}

static _Noreturn void be_client(int vmo)
{
	char *map = mmap(NULL, PAGES * page, PROT_READ, MAP_SHARED, vmo, 0);

	if (map == MAP_FAILED)
		die("mmap");
	for (unsigned int i = 0; i < PAGES; i++)
		putchar(map[i * page]);
	exit(0);
}

int main(void)
{
	int keeper = open("/dev/zxpager", O_RDWR | O_CLOEXEC), pager, vmo, status = 0;
	pid_t client, worker, ended;
	unsigned int workers = 0;

	page = (size_t)sysconf(_SC_PAGESIZE);
	if (keeper < 0)
		die("/dev/zxpager");
	pager = begin_generation(keeper);
	vmo = create_vmo(pager);	/* is kept: without it, and a client, it would be gone */
	client = fork();
	if (!client) {
		close(keeper);		/* or the pager would live as long as its client */
		close(pager);
		be_client(vmo);
	}
	do {
		worker = fork();
		if (!worker) {
			close(keeper);	/* whoever has it can begin a generation */
			close(vmo);
			work(pager);
		}
		if (client < 0 || worker < 0)
			die("fork");
		close(pager);
		workers++;
		ended = wait(&status);
		if (ended == worker)
			pager = begin_generation(keeper);
	} while (ended == worker && WIFSIGNALED(status));
	if (ended == worker)
		return 1;		/* with the last descriptors the client fails */
	kill(worker, SIGTERM);
	printf(", by %u workers\n", workers);
	return status != 0;
}
