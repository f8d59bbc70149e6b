// SPDX-License-Identifier: GPL-2.0
/*
 * A server for tests that are not about packets, and small helpers for files.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/socket.h>

#include "client.h"

static struct test_vmo *by_key(struct user_pager *p, uint64_t key)
{
	unsigned int i;

	for (i = 0; i < p->nr_vmos; i++)
		if (p->vmos[i]->key == key)
			return p->vmos[i];
	return NULL;
}

/* Who got an answer finds it counted. */
static void answer(struct server *s, const struct zxp_packet *pkt)
{
	struct test_vmo *vmo = by_key(s->pager, pkt->key);
	int rc = 0;

	switch (vmo ? pkt->command : ZXP_PACKET_COMPLETE) {
	case ZXP_PACKET_READ:
		s->reads++;
		s->pages += pkt->length / page_size;
		if (s->fail)
			rc = zxp_fail(s->pager->fd, vmo->fd, pkt->offset, pkt->length,
				      s->fail);
		else if (!pager_supply(s->pager, vmo, pkt->offset / page_size,
				       pkt->length / page_size))
			rc = -EIO;
		break;
	case ZXP_PACKET_DIRTY:
		s->dirties++;
		rc = zxp_dirty(s->pager->fd, vmo->fd, pkt->offset, pkt->length);
		/* A page was evicted meanwhile: its writer asks for it again. */
		if (rc == -ENOENT)
			rc = 0;
		break;
	case ZXP_PACKET_SYNC:
		s->syncs++;
		rc = zxp_sync_end(s->pager->fd, vmo->fd, pkt->offset, pkt->length, 0);
		break;
	default:
		if (pkt->command != ZXP_PACKET_COMPLETE)
			rc = -ENXIO;
	}
	if (rc) {
		diag("server: command %u of %#llx+%#llx: %s", pkt->command,
		     pkt->offset, pkt->length, strerror(-rc));
		s->errors++;
	}
}

static void *serve(void *arg)
{
	struct server *s = arg;
	struct pollfd fds[2] = {
		{ .fd = s->pager->port, .events = POLLIN },
		{ .fd = s->stop[0], .events = POLLIN },
	};
	struct zxp_packet pkt;

	while (poll(fds, 2, -1) > 0 && !fds[1].revents) {
		/* Nothing if the packet was retracted in between. */
		if (read(s->pager->port, &pkt, sizeof(pkt)) == sizeof(pkt))
			answer(s, &pkt);
	}
	return NULL;
}

bool server_start(struct server *s, struct user_pager *p)
{
	int flags = fcntl(p->port, F_GETFL);

	memset(s, 0, sizeof(*s));
	s->pager = p;
	return !fcntl(p->port, F_SETFL, flags | O_NONBLOCK) && !pipe(s->stop) &&
	       !pthread_create(&s->thread, NULL, serve, s);
}

bool server_end(struct server *s)
{
	bool ok = write(s->stop[1], "", 1) == 1 && !pthread_join(s->thread, NULL);

	close(s->stop[0]);
	close(s->stop[1]);
	return ok && !s->errors;
}

int reopen(int fd, int flags)
{
	char path[64];
	int ret;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ret = open(path, flags | O_CLOEXEC);
	return ret < 0 ? -errno : ret;
}

union fd_message {
	char room[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

int send_fd(int sock, int fd)
{
	union fd_message ctl = { 0 };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &ctl,
		.msg_controllen = sizeof(ctl.room),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	return sendmsg(sock, &msg, 0) == 1 ? 0 : -errno;
}

int recv_fd(int sock)
{
	union fd_message ctl = { 0 };
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &ctl,
		.msg_controllen = sizeof(ctl.room),
	};
	struct cmsghdr *c;
	int fd;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != 1)
		return -errno;
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return -ENOMSG;
	memcpy(&fd, CMSG_DATA(c), sizeof(int));
	return fd;
}

int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		ret = errno ? -errno : -EIO;
	close(fd);
	return ret;
}

bool enter_cgroup(const char *path)
{
	char file[128];

	snprintf(file, sizeof(file), "%s/cgroup.procs", path);
	return !write_file(file, "0");
}

long long read_keyed(const char *path, const char *key)
{
	FILE *f = fopen(path, "re");
	long long n = -1, value;
	char name[64];

	while (f && fscanf(f, "%63s %lld", name, &value) == 2)
		if (!strcmp(name, key))
			n = value;
	if (f)
		fclose(f);
	return n;
}

long long read_number(const char *path)
{
	FILE *f = fopen(path, "re");
	long long n = -1;

	if (f && fscanf(f, "%lld", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	return n;
}
