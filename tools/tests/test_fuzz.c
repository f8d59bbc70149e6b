// SPDX-License-Identifier: GPL-2.0
/*
 * The daemon's side of its socket, in this process, against peers that do anything:
 * requests good and bad, broken ones, descriptors, hanging up, not listening; while copies
 * come and go or do not, the store answers late, wrongly or not, and clients read and write.
 *
 * What each peer is to hear is known when it speaks.  ZXD_FUZZ is the number of steps,
 * ZXP_SEED repeats what the dice said.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <zircon/linux.h>

#include "../zxpagerd/client.h"
#include "../zxpagerd/copies.h"
#include "../zxpagerd/op.h"
#include "../zxpagerd/proto.h"
#include "../zxpagerd/serve.h"
#include "../zxpagerd/server.h"
#include "../zxpagerd/user.h"
#include "fake.h"
#include "fake_loop.h"
#include "open_files.h"

#define PEERS	24
#define STEPS	40000u		/* unless told otherwise */
#define ROUND	1000u
#define ANY	(-1)		/* an error that the store may have */
#define AHEAD	3		/* requests without a reply, of a peer that behaves */

/* struct due - a reply that a peer is to get */
struct due {
	unsigned int op;
	int error;
};

/*
 * struct peer - a client's end
 * @rude: takes no replies, and may be dropped for it
 * @over: what it sent ends the connection, after the replies that are due
 */
struct peer {
	int sock;
	bool rude;
	bool over;
	struct due due[AHEAD + 1];
	unsigned int count;
};

static struct peer peers[PEERS];
static bool crowded;		/* there is not room for all peers */
static char dir[32], path[64];
static uint64_t dice_state;
static ino_t inode;
static unsigned int replies, refused, ends;

static unsigned int dice(unsigned int sides)
{
	dice_state = dice_state * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned int)(dice_state >> 33) % sides;
}

/* --- peers ------------------------------------------------------------------------ */

static void hang_up(struct peer *p)
{
	close(p->sock);
	*p = (struct peer){ .sock = -1 };
}

static void call(struct peer *p)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	strncpy(addr.sun_path, path, sizeof(addr.sun_path) - 1);
	*p = (struct peer){ .rude = !dice(8) };
	p->sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(p->sock >= 0);
	assert_int_equal(connect(p->sock, (struct sockaddr *)&addr, sizeof(addr)), 0);
}

static uint64_t odd_number(void)
{
	static const uint64_t numbers[] = {
		0, 1, PAGE - 1, PAGE, PAGE + 1, 16 * PAGE, 16 * PAGE - 1, 1ull << 31,
		1ull << 32, 1ull << 63, UINT64_MAX, UINT64_MAX - PAGE,
	};

	return numbers[dice(sizeof(numbers) / sizeof(*numbers))];
}

static bool makes_copy(const struct zxd_request *req)
{
	return req->op == ZXD_CLONE || req->op == ZXD_SNAPSHOT;
}

/* Others may have a copy of that name made or dropped meanwhile. */
static bool is_of_copy(const struct zxd_request *req)
{
	return req->op == ZXD_LIST ? req->index : req->name[0] && req->name[0] <= 'c' &&
						  req->name[0] >= 'a';
}

/* A request as it may be; what it does not use is not always zero. */
static struct zxd_request make_request(void)
{
	static const char *const names[] = { "vmo", "vmo", "vmo", "", "vm", "vmoo", "/",
					     "a", "b", "c" };
	static const char *const new_names[] = { "a", "b", "c", "d", "vmo", "", "x y" };
	static const uint32_t codes[] = { 0, EIO, EBADMSG, ESTALE, ENOSPC, ENOBUFS,
					  ENOMEM, UINT32_MAX, 1 };
	struct zxd_request req = {
		.size = sizeof(req),
		.version = ZXD_VERSION,
		.op = (uint16_t)(dice(50) ? dice(ZXD_STOP + 2) : dice(UINT16_MAX)),
	};

	if (req.op == ZXD_DETACH && dice(20))
		req.op = ZXD_SYNC;
	if (req.op == ZXD_HOLD && dice(4))
		req.op = ZXD_RELEASE;
	if (req.op == ZXD_LIST ? dice(4) : !dice(20))
		req.index = dice(3) ? 0 : (uint32_t)odd_number();
	if ((req.op != ZXD_LIST && req.op != ZXD_STOP) || !dice(10))
		strncpy(req.name, names[dice(10)], sizeof(req.name) - 1);
	if (makes_copy(&req) || !dice(20))
		strncpy(req.new_name, new_names[dice(7)], sizeof(req.new_name) - 1);
	req.reserved = !dice(50);
	if (req.op == ZXD_FAIL || !dice(20)) {
		req.code = codes[dice(9)];
		req.offset = dice(2) ? dice(20 * PAGE) : odd_number();
		req.length = dice(2) ? dice(4 * PAGE) : odd_number();
	}
	return req;
}

/* The error that @req will have, or ANY if that depends. */
static int error_of(const struct zxd_request *req)
{
	bool range = req->code > (req->op == ZXD_STOP) || req->offset || req->length;

	if (req->op < ZXD_LIST || req->op > ZXD_STOP)
		return EOPNOTSUPP;
	if (req->reserved || (!makes_copy(req) && req->new_name[0]))
		return EINVAL;
	if ((req->op != ZXD_FAIL && range) ||
	    (req->op == ZXD_LIST ? req->name[0] != '\0' : req->index != 0))
		return EINVAL;
	if (req->op == ZXD_STOP)
		return req->name[0] ? EINVAL : 0;
	if (is_of_copy(req))
		return ANY;
	if (req->op != ZXD_LIST && strcmp(req->name, "vmo"))
		return ENOENT;
	if (req->op == ZXD_SNAPSHOT)
		return ETXTBSY;
	if (req->op == ZXD_CLONE)
		return !zxd_is_name(req->new_name) ? EINVAL :
		       !strcmp(req->new_name, "vmo") ? EEXIST : ANY;
	if (req->op == ZXD_DROP)
		return EMEDIUMTYPE;
	/* The size is that of the time when it is looked at. */
	if (req->op == ZXD_FAIL && (!req->code || req->code == 1 || req->code == ENOMEM ||
				    req->code == UINT32_MAX))
		return EINVAL;
	if (req->op == ZXD_FAIL && !req->length)
		return ERANGE;
	return req->op == ZXD_FAIL || req->op == ZXD_SYNC ? ANY : 0;
}

static void expect(struct peer *p, unsigned int op, int error)
{
	if (p->rude || p->over)
		return;
	assert_true(p->count <= AHEAD);
	p->due[p->count++] = (struct due){ op, error };
}

static void transmit(struct peer *p, const void *message, size_t length,
		     unsigned int fds)
{
	union {
		char buffer[CMSG_SPACE(8 * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { (void *)message, length };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (fds) {
		msg.msg_control = control.buffer;
		msg.msg_controllen = CMSG_SPACE(fds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(fds * sizeof(int));
		for (unsigned int i = 0; i < fds; i++)
			memcpy(CMSG_DATA(cmsg) + i * sizeof(int), &p->sock,
			       sizeof(int));
	}
	/* Who was refused or dropped hears of it when it listens. */
	if (sendmsg(p->sock, &msg, MSG_NOSIGNAL) < 0)
		assert_true(errno == EPIPE || errno == ECONNRESET ||
			    ((p->rude || p->over || crowded) && errno == EAGAIN));
}

static void ask_something(struct peer *p)
{
	struct zxd_request req = make_request();

	if (!p->rude && p->count >= AHEAD)
		return;
	expect(p, req.op, error_of(&req));
	transmit(p, &req, sizeof(req), 0);
}

/* A request with something broken, which is told. */
static void break_something(struct peer *p)
{
	struct zxd_request req = make_request();
	uint8_t message[1024];
	size_t length = sizeof(req);
	unsigned int fds = 0;
	int error = EPROTO;

	switch (dice(6)) {
	case 0:
		length = 1 + dice(sizeof(req) - 1);
		break;
	case 1:
		length = sizeof(req) + 1 + dice(sizeof(message) - sizeof(req) - 1);
		break;
	case 2:
		req.size = (uint32_t)odd_number();
		break;
	case 3:
		req.version = (uint16_t)(ZXD_VERSION + 1 + dice(1000));
		error = EPROTONOSUPPORT;
		break;
	case 4:
		memset(req.name, 'v', sizeof(req.name));
		break;
	case 5:
		fds = 1 + dice(8);
		break;
	}
	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (uint8_t)dice(256);
	memcpy(message, &req, length < sizeof(req) ? length : sizeof(req));
	expect(p, 0, error);
	p->over = true;
	transmit(p, message, length, fds);
}

static void check_fds(struct msghdr *msg, const struct zxd_reply *reply)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
	struct stat st;
	int fd;

	assert_int_equal(!!cmsg, reply->op == ZXD_OPEN && !reply->error);
	if (!cmsg)
		return;
	assert_int_equal(cmsg->cmsg_len, CMSG_LEN(sizeof(int)));
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_ino == inode, !strcmp(reply->name, "vmo"));
	close(fd);
}

/* Where that depends on what others do, or the store and the kernel say. */
static bool may_have(const struct zxd_reply *reply)
{
	switch (reply->error) {
	case 0:
	case ENOENT:
		return true;
	case EIO:
	case EBUSY:
		return reply->op == ZXD_SYNC;
	case ENOSPC:
		return reply->op == ZXD_SYNC || reply->op == ZXD_FAIL;
	case ERANGE:
		return reply->op == ZXD_FAIL;
	case EMEDIUMTYPE:
		return reply->op >= ZXD_FAIL && reply->op <= ZXD_SYNC;
	case EINVAL:
	case EEXIST:
	case EUSERS:
	case ESTALE:
		return reply->op == ZXD_CLONE || reply->op == ZXD_SNAPSHOT;
	}
	return false;
}

static void check_reply(struct peer *p, const struct zxd_reply *reply)
{
	struct due due = p->due[0];

	assert_int_equal(reply->size, sizeof(*reply));
	assert_int_equal(reply->version, ZXD_VERSION);
	if (p->rude || (crowded && !reply->op && reply->error == EBUSY))
		return;
	assert_true(p->count > 0);
	memmove(&p->due[0], &p->due[1], --p->count * sizeof(due));
	assert_int_equal(reply->op, due.op);
	if (due.error != ANY)
		assert_int_equal(reply->error, due.error);
	else
		assert_true(may_have(reply));
	assert_int_equal(!reply->name[0], reply->error || reply->op >= ZXD_DROP);
	assert_int_equal(reply->flags & ZXD_COPY, reply->copy_of[0] ? ZXD_COPY : 0);
	replies++;
	refused += !reply->op && reply->error != EOPNOTSUPP;
}

/* One message; false if there is none. */
static bool listen_to(struct peer *p)
{
	union {
		char buffer[CMSG_SPACE(8 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct zxd_reply reply;
	struct iovec iov = { &reply, sizeof(reply) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buffer,
		.msg_controllen = sizeof(control.buffer),
	};
	ssize_t n;

	/* What was said after the last word comes back as this, before what is due. */
	do {
		n = recvmsg(p->sock, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == ECONNRESET);
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0) {
		/* All that was due has come before, unless it was dropped. */
		if (!crowded && !p->rude)
			assert_true(p->over && !p->count);
		ends++;
		hang_up(p);
		return true;
	}
	assert_int_equal(n, sizeof(reply));
	check_fds(&msg, &reply);
	check_reply(p, &reply);
	return true;
}

static void peer_step(struct peer *p)
{
	if (p->sock < 0) {
		call(p);
		return;
	}
	switch (dice(16)) {
	case 0:
		hang_up(p);
		break;
	case 1:
		break_something(p);
		break;
	case 2:
		/* Looks like the end, and is one. */
		transmit(p, "", 0, 0);
		p->over = true;
		break;
	case 3 ... 8:
		ask_something(p);
		break;
	default:
		if (!p->rude)
			listen_to(p);
	}
}

/* --- everybody else --------------------------------------------------------------- */

static void store_step(void)
{
	if (asked_count)
		answer(dice(asked_count), dice(10) ? 0 : dice(2) ? EIO : ENOSPC);
}

static void world_step(void)
{
	unsigned int pages = (unsigned int)(stream_size / PAGE), i = dice(pages);

	if (vmo.target.detached)
		return;
	switch (dice(8)) {
	case 0:
		client_zero(i, i + 1);
		break;
	case 1:
		client_resize((8 + dice(24)) * (uint64_t)PAGE);
		break;
	case 2:
		evict(0, pages);
		break;
	case 3:
		serve_sync(&vmo, i * (uint64_t)PAGE, PAGE);
		break;
	case 4 ... 5:
		client_read(i);
		break;
	default:
		client_write(i);
	}
}

static void time_step(void)
{
	ms_now += dice(3000);
	fake_copies_wait = dice(2);
	fake_copy_error = dice(5) ? 0 : ESTALE;
	writeback_tick();
}

static void settle(void)
{
	bool busy;

	do {
		busy = fake_loop_step(dice(PEERS));
		while (asked_count) {
			answer(0, 0);
			busy = true;
		}
		for (unsigned int i = 0; i < PEERS; i++)
			if (peers[i].sock >= 0 && !peers[i].rude)
				busy |= listen_to(&peers[i]);
	} while (busy);
}

/*
 * The same, and what waits for a tick: a sync that was put off, or zeroes, which one tick
 * notices and the next one finds old enough.
 */
static void settle_for_good(void)
{
	settle();
	for (unsigned int i = 0; i < 2; i++) {
		ms_now += 100000;
		writeback_tick();
		settle();
	}
}

static void begin_round(void)
{
	fake_start(16 * PAGE);
	fake_register();
	vmo.target.size = 16 * PAGE;
	vmo.target.handle = zx_linux_handle_from_fd(memfd_create("vmo", MFD_CLOEXEC));
	for (unsigned int i = 0; i < PEERS; i++)
		peers[i] = (struct peer){ .sock = -1 };
	crowded = dice(2);
	copy_max = 3;
	client_max = !crowded ? 4 * PEERS : dice(4) ? 6 : 1;
	server_open(path, -1);
}

static void dropped(struct copy_request *req, const struct copy *copy, int error)
{
	(void)req;
	assert_null(copy);
	assert_int_equal(error, 0);
}

static void drop_copies(void)
{
	struct copy_request req = { .done = dropped };
	struct copy *copy;

	while ((copy = copy_from(0))) {
		assert_int_equal(copy_drop(&req, copy), 0);
		while (fake_copy_step())
			;
	}
	assert_int_equal(fake_copy_fds, 0);
	assert_int_equal(user_find(geteuid())->copies, 0);
}

static void end_round(void)
{
	fake_copies_wait = false;
	settle_for_good();
	/* Who waits for nothing has heard all. */
	for (unsigned int i = 0; i < PEERS; i++)
		if (peers[i].sock >= 0 && !peers[i].rude && !crowded)
			assert_int_equal(peers[i].count, 0);
	for (unsigned int i = 0; i < PEERS; i++)
		if (peers[i].sock >= 0)
			hang_up(&peers[i]);
	settle();
	assert_int_equal(client_count(), 0);
	drop_copies();
	vmo_clear(&vmo);
	vmo_hold(&vmo, false);
	settle_for_good();
	assert_true(writeback_is_clean(&vmo.writeback));
	server_close();
	settle();
	assert_int_equal(fake_loop_forget(), 0);
	close(zx_linux_handle_to_fd(vmo.target.handle));
	fake_stop();
}

static void round_of(unsigned int steps)
{
	struct stat st;

	begin_round();
	assert_int_equal(fstat(zx_linux_handle_to_fd(vmo.target.handle), &st), 0);
	inode = st.st_ino;
	while (steps--) {
		switch (dice(8)) {
		case 0 ... 2:
			peer_step(&peers[dice(PEERS)]);
			break;
		case 3 ... 4:
			fake_loop_step(dice(PEERS));
			break;
		case 5:
			store_step();
			break;
		case 6:
			world_step();
			break;
		default:
			time_step();
		}
	}
	end_round();
}

/* It writes to the descriptor, cmocka to the stream. */
static void silence_the_daemon(void)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	FILE *old = fdopen(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0), "w");

	assert_non_null(old);
	setlinebuf(old);
	stderr = old;
	assert_int_equal(dup2(null, STDERR_FILENO), STDERR_FILENO);
	close(null);
}

static void anything_at_all(void **state)
{
	const char *told = getenv("ZXP_SEED"), *much = getenv("ZXD_FUZZ");
	unsigned long seed = told ? strtoul(told, NULL, 0) : (unsigned long)time(NULL);
	unsigned long steps = much ? strtoul(much, NULL, 0) : STEPS;
	unsigned int fds;

	(void)state;
	print_message("# seed %lu, %lu steps\n", seed, steps);
	dice_state = seed;
	snprintf(dir, sizeof(dir), "/tmp/zxd-fuzz-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/socket", dir);
	silence_the_daemon();
	op_keeper = -1;		/* who asks for the end is told that it comes, and it does not */
	round_of(ROUND);
	fds = open_files();
	for (unsigned long done = 0; done < steps; done += ROUND)
		round_of(ROUND);
	assert_int_equal(open_files(), fds);
	rmdir(dir);
	print_message("# %u replies, %u of them refusals, %u connections ended\n", replies,
		      refused, ends);
	assert_true(replies > steps / 100);
}

int main(void)
{
	static const struct CMUnitTest fuzz[] = {
		cmocka_unit_test(anything_at_all),
	};

	return cmocka_run_group_tests(fuzz, NULL, NULL);
}
