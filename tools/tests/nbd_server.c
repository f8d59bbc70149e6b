// SPDX-License-Identifier: GPL-2.0
/*
 * An nbdkit that comes and goes.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nbd_server.h"
#include "store.h"

char sock[64], port[8], uri[128], inject[64], log_file[64];
pid_t server;

static char pidfile[64];
static bool installed;

static bool have_nbdkit(void)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		dup2(null, STDOUT_FILENO);
		execlp("nbdkit", "nbdkit", "--version", NULL);
		_exit(127);
	}
	return waitpid(pid, &status, 0) == pid && !status;
}

void begin_servers(void)
{
	snprintf(pidfile, sizeof(pidfile), "%s/pid", dir);
	snprintf(inject, sizeof(inject), "%s/inject", dir);
	snprintf(log_file, sizeof(log_file), "%s/log", dir);
	installed = have_nbdkit();
	if (!installed)
		puts("# no nbdkit");
}

void end_servers(void)
{
	unlink(sock);
	unlink(log_file);
	unlink(pidfile);
}

void new_socket(void)
{
	static unsigned int number;

	no_inject();
	unlink(sock);
	snprintf(sock, sizeof(sock), "%s/sock%u", dir, ++number);
	snprintf(uri, sizeof(uri), "nbd+unix:///?socket=%s", sock);
}

unsigned int new_port(const char *host)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &size), 0);
	close(fd);
	snprintf(port, sizeof(port), "%u", ntohs(addr.sin_port));
	snprintf(uri, sizeof(uri), "nbd://%s:%s", host, port);
	return ntohs(addr.sin_port);
}

static bool is_there(const char *path)
{
	struct stat st;

	return !stat(path, &st) && st.st_size;
}

void start_server(const char *const *args)
{
	const char *argv[24] = { "nbdkit", "-f", "-P", pidfile, "-U", sock };
	unsigned int n = 6;

	if (!installed)
		skip();
	if (*port) {
		argv[4] = "-i127.0.0.1";
		argv[5] = "-p";
		argv[n++] = port;
	}
	for (; *args; args++)
		argv[n++] = strcmp(*args, "$file") ? *args : file;
	unlink(sock);
	unlink(pidfile);
	server = fork();
	assert_true(server >= 0);
	if (!server) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execvp(argv[0], (char **)argv);
		_exit(127);
	}
	while (!is_there(pidfile)) {
		assert_int_equal(waitpid(server, NULL, WNOHANG), 0);
		poll(NULL, 0, 10);
	}
}

void kill_server(void)
{
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

void do_inject(void)
{
	int fd = open(inject, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
}

void no_inject(void)
{
	unlink(inject);
}

unsigned int connections_in_log(void)
{
	unsigned int count = 0;
	char line[512];
	FILE *f = fopen(log_file, "re");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		count += !!strstr(line, " Connect ");
	fclose(f);
	return count;
}
