/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Namespaces, commands and daemons of a test's world, and the watchdog that removes them. Traffic
 * between the hosts is in traffic.c.
 */
#include "netns/host.h"

#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "netns/hostile.h"

#define TCX_EGRESS 47
#define LOOPBACK   1

struct world world = {.namespaces = {-1, -1, -1}, .watchdog_pipe = -1};

static const char *const host_names[HOSTS] = {"internet", "mail", "tenant"};
static int home_namespace = -1;

/*
 * Processes first: a process keeps its namespace. Daemons have left their parents, so they are
 * found by their namespace. The name belongs to this test alone.
 */
static const char remove_script[] =
	"for ns in internet mail tenant; do\n"
	"	ip netns pids $name-$ns 2>/dev/null | xargs -r kill -9 2>/dev/null\n"
	"done\n"
	"for ns in internet mail tenant; do ip netns del $name-$ns 2>/dev/null; done\n"
	/*
	 * The kernel can remove a cgroup only some time after the last process in it got SIGKILL.
	 */
	"n=0; while [ -d \"$cgroup\" ] && [ $n -lt 500 ]; do\n"
	"	find $cgroup -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.01\n"
	"	n=$((n + 1))\n"
	"done\n"
	"[ ! -d $pin_path ] || rm -rf $pin_path\n"
	"rm -rf $directory\n";

static const char build_script[] =
	"set -e\n"
	"for ns in internet mail tenant; do\n"
	"	ip netns add $name-$ns\n"
	/* No duplicate address detection, no reverse path filter. */
	"	nsenter --net=/run/netns/$name-$ns sh -c '\n"
	"		for f in /proc/sys/net/ipv6/conf/*/accept_dad; do echo 0 >$f; done\n"
	"		for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$f; done\n"
	"		ip link set lo up'\n"
	"done\n"
	"ip link add wan netns $name-mail type veth peer name wan netns $name-internet\n"
	"ip link add lan netns $name-mail type veth peer name lan netns $name-tenant\n"
	"ip -n $name-internet -batch - <<-end\n"
	"	address add 192.0.2.1/24 dev wan\n"
	"	address add 2001:db8:1::1/64 dev wan nodad\n"
	"	address add " RECEIVER_IPV4 "/32 dev lo\n"
	"	address add " RECEIVER_IPV6 "/128 dev lo nodad\n"
	"	link set wan up\n"
	"	route add 10.1.0.0/16 via " MAIL_IPV4 "\n"
	"	route add fd00:7::/64 via " MAIL_IPV6 "\n"
	"end\n"
	"ip -n $name-mail -batch - <<-end\n"
	"	address add " MAIL_IPV4 "/24 dev wan\n"
	"	address add " MAIL_IPV6 "/64 dev wan nodad\n"
	"	address add 10.1.7.1/24 dev lan\n"
	"	address add 10.1.8.1/24 dev lan\n"
	"	address add fd00:7::1/64 dev lan nodad\n"
	"	link set wan up\n"
	"	link set lan up\n"
	"	route add default via 192.0.2.1\n"
	"	route add default via 2001:db8:1::1\n"
	"end\n"
	"nsenter --net=/run/netns/$name-mail sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward;\n"
	"	echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'\n"
	"ip -n $name-tenant -batch - <<-end\n"
	"	address add " TENANT_IPV4 "/24 dev lan\n"
	"	address add 10.1.7.99/24 dev lan\n"
	"	address add " TENANT_OTHER "/24 dev lan\n"
	"	address add " TENANT_IPV6 "/64 dev lan nodad\n"
	"	link set lan up\n"
	"	route add default via 10.1.7.1\n"
	"	route add default via fd00:7::1\n"
	"end\n"
	/*
	 * A veth forwards unfinished checksums, and no receiver verifies them. Let the sending end
	 * finish them after tc: then the receiver verifies them as on a real wire.
	 */
	"for end in internet mail; do\n"
	"	nsenter --net=/run/netns/$name-$end ethtool -K wan tx off >/dev/null\n"
	"done\n"
	/* Neighbour discovery needs link-local addresses, which appear with a delay. */
	"for end in internet/wan mail/wan mail/lan tenant/lan; do\n"
	"	until ip -n $name-${end%/*} -6 -o address show dev ${end#*/} scope link | grep -q "
	".\n"
	"	do sleep 0.01; done\n"
	"done\n"
	"mkdir -p $cgroup\n";

static int status_of(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void result_done(struct result *result)
{
	free(result->text);
}

static char *read_all(int fd)
{
	char *text = NULL;
	size_t size = 0, room = 0;
	ssize_t got;

	do {
		if (size + 1 >= room) {
			room = room ? room * 2 : 4096;
			text = realloc(text, room);
			cr_assert_not_null(text);
		}
		got = read(fd, text + size, room - size - 1);
		if (got > 0)
			size += (size_t)got;
	} while (got > 0 || (got < 0 && errno == EINTR));
	text[size] = '\0';
	return text;
}

/*
 * Runs in the child: redirects output to `out`, then executes the shell. `net` -1: stays in the
 * namespace of the test.
 */
static _Noreturn void become_shell(int net, int out, const char *command)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	if ((net >= 0 && setns(net, CLONE_NEWNET)) || dup2(null, 0) < 0 || dup2(out, 1) < 0 ||
	    dup2(out, 2) < 0)
		_exit(126);
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(127);
}

static struct result run_shell(int net, const char *command)
{
	struct result result = {0};
	int output[2];
	pid_t pid;

	cr_assert_eq(pipe2(output, O_CLOEXEC), 0);
	pid = fork();
	cr_assert_geq(pid, 0, "fork: %s", strerror(errno));
	if (!pid)
		become_shell(net, output[1], command);
	close(output[1]);
	result.text = read_all(output[0]);
	close(output[0]);
	result.status = status_of(pid);
	return result;
}

static struct result run_format(enum host host, const char *format, va_list arguments,
				char **ret_command)
{
	cr_assert_geq(vasprintf(ret_command, format, arguments), 0);
	return run_shell(world.namespaces[host], *ret_command);
}

struct result host_run(enum host host, const char *format, ...)
{
	_cleanup_(free_p) char *command = NULL;
	struct result result;
	va_list arguments;

	va_start(arguments, format);
	result = run_format(host, format, arguments, &command);
	va_end(arguments);
	return result;
}

char *host_must(enum host host, const char *format, ...)
{
	_cleanup_(free_p) char *command = NULL;
	struct result result;
	va_list arguments;

	va_start(arguments, format);
	result = run_format(host, format, arguments, &command);
	va_end(arguments);
	cr_assert_eq(result.status, 0, "on %s: %s\nexit %d: %s", host_names[host], command,
		     result.status, result.text);
	return result.text;
}

bool host_succeeds(enum host host, const char *format, ...)
{
	_cleanup_(free_p) char *command = NULL;
	_cleanup_result_ struct result result = {0};
	va_list arguments;

	va_start(arguments, format);
	result = run_format(host, format, arguments, &command);
	va_end(arguments);
	return result.status == 0;
}

pid_t host_start(enum host host, const char *name, const char *const argv[])
{
	char log[64];
	pid_t pid;
	int out;

	snprintf(log, sizeof(log), "%s/%s.log", world.directory, name);
	out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	cr_assert_geq(out, 0, "%s: %s", log, strerror(errno));
	pid = fork();
	cr_assert_geq(pid, 0, "fork: %s", strerror(errno));
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (setns(world.namespaces[host], CLONE_NEWNET) || dup2(out, 1) < 0 ||
		    dup2(out, 2) < 0)
			_exit(126);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	close(out);
	return pid;
}

int host_stop(pid_t pid, int signal)
{
	kill(pid, signal);
	return status_of(pid);
}

void host_enter(enum host host)
{
	cr_assert_eq(setns(world.namespaces[host], CLONE_NEWNET), 0, "setns: %s", strerror(errno));
}

void host_leave(void)
{
	cr_assert_eq(setns(home_namespace, CLONE_NEWNET), 0, "setns: %s", strerror(errno));
}

bool kernel_has_tcx(void)
{
	__u32 flags, count = 0;

	return !bpf_prog_query(LOOPBACK, TCX_EGRESS, 0, &flags, NULL, &count);
}

char *world_write(const char *name, const char *format, ...)
{
	_cleanup_(fclose_p) FILE *file = NULL;
	va_list arguments;
	char *path;

	cr_assert_geq(asprintf(&path, "%s/%s", world.directory, name), 0);
	file = fopen(path, "we");
	cr_assert_not_null(file, "%s: %s", path, strerror(errno));
	va_start(arguments, format);
	cr_assert_geq(vfprintf(file, format, arguments), 0);
	va_end(arguments);
	return path;
}

char *read_text(const char *path)
{
	_cleanup_(close_fd_p) int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? strdup("") : read_all(fd);
}

static void export_names(void)
{
	setenv("name", world.name, 1);
	setenv("directory", world.directory, 1);
	setenv("pin_path", world.pin_path, 1);
	setenv("cgroup", world.cgroup, 1);
}

/* The watchdog's read ends when the test has ended: no other process holds the write end. */
static void start_watchdog(void)
{
	int pipe_ends[2];
	char byte;

	cr_assert_eq(pipe2(pipe_ends, O_CLOEXEC), 0);
	world.watchdog = fork();
	cr_assert_geq(world.watchdog, 0, "fork: %s", strerror(errno));
	if (!world.watchdog) {
		setsid();
		dup2(pipe_ends[0], 3);
		close_range(4, ~0U, 0);
		while (read(3, &byte, 1) < 0 && errno == EINTR)
			;
		execl("/bin/sh", "sh", "-c", remove_script, NULL);
		_exit(127);
	}
	close(pipe_ends[0]);
	world.watchdog_pipe = pipe_ends[1];
}

/*
 * The mount point of cgroup v2: the field before " - cgroup2" of its line. Empty if it is not
 * mounted.
 */
static void find_cgroup(void)
{
	_cleanup_(fclose_p) FILE *file = fopen("/proc/self/mountinfo", "re");
	char line[1024], mount_point[96];

	while (file && fgets(line, sizeof(line), file))
		if (strstr(line, " - cgroup2 ") &&
		    sscanf(line, "%*s %*s %*s %*s %95s", mount_point) == 1) {
			snprintf(world.cgroup_path, sizeof(world.cgroup_path), "/postern-test-%d",
				 getpid());
			snprintf(world.cgroup, sizeof(world.cgroup), "%s%s", mount_point,
				 world.cgroup_path);
			return;
		}
	cr_assert_fail("cgroup v2 is not mounted; these tests need it: mount -t cgroup2 none DIR");
}

void world_init(void)
{
	_cleanup_result_ struct result built = {0};
	char path[64];

	cr_assert_eq(geteuid(), 0, "namespace tests need root; run make test as root");
	cr_assert_not_null(getenv("POSTERN"), "POSTERN is not set; run by make test");
	signal(SIGPIPE, SIG_IGN);
	/* A shell makes its background jobs ignore SIGINT, and children would inherit that. */
	signal(SIGINT, SIG_DFL);
	snprintf(world.name, sizeof(world.name), "pst-%d", getpid());
	snprintf(world.pin_path, sizeof(world.pin_path), "/sys/fs/bpf/postern-test-%d", getpid());
	strcpy(world.directory, "/tmp/postern-test-XXXXXX");
	cr_assert_not_null(mkdtemp(world.directory));
	cr_assert_eq(chmod(world.directory, 0755), 0);
	find_cgroup();
	export_names();
	start_watchdog();
	home_namespace = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	cr_assert_geq(home_namespace, 0);
	built = run_shell(-1, build_script);
	cr_assert_eq(built.status, 0, "cannot build the namespaces: %s", built.text);
	for (int host = 0; host < HOSTS; host++) {
		snprintf(path, sizeof(path), "/run/netns/%s-%s", world.name, host_names[host]);
		world.namespaces[host] = open(path, O_RDONLY | O_CLOEXEC);
		cr_assert_geq(world.namespaces[host], 0, "%s: %s", path, strerror(errno));
	}
	if (hostile())
		hostile_world();
}

void world_done(void)
{
	if (world.watchdog_pipe < 0)
		return;
	hostile_end();
	close(world.watchdog_pipe);
	world.watchdog_pipe = -1;
	for (int host = 0; host < HOSTS; host++)
		close(world.namespaces[host]);
	status_of(world.watchdog);
}
