/* SPDX-License-Identifier: BSD-2-Clause */
/* What the hostile host does, by the commands of an operator. */
#include "netns/hostile.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "netns/foreign.h"
#include "netns/host.h"
#include "netns/postern.h"
#include "netns/traffic.h"

static struct capture *wire;

bool hostile(void)
{
	return getenv("POSTERN_TEST_HOSTILE") != NULL;
}

/* The tenants' networks are left out of the masquerading, as README.md asks for. */
static const char change_world[] =
	"for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 1 >$f; done\n"
	"nft -f - <<-end\n"
	"	table inet hostile {\n"
	"		chain postrouting {\n"
	"			type nat hook postrouting priority 100\n"
	"			oifname wan ip saddr != 10.1.0.0/16 masquerade\n"
	"			oifname wan ip6 saddr != fd00:7::/64 masquerade\n"
	"		}\n"
	"	}\n"
	"end\n";

void hostile_world(void)
{
	free(host_must(MAIL, "%s", change_world));
	free(host_must(INTERNET, "echo 2 >/proc/sys/net/ipv4/conf/wan/arp_ignore"));
	wire = capture_start();
}

/* Sets $addresses: of pools, and handles, of the configuration. */
static const char of_configuration[] =
	"addresses=$(grep -oE '\"[0-9a-f.:]+[\" ]' %s | tr -d '\" ' | grep '[.:]' | sort -u)\n";

static const char take_away[] =
	"for address in $addresses; do\n"
	"	for place in wan/32 wan/128 lo/32 lo/128; do\n"
	"		ip address del $address/${place#*/} dev ${place%/*} 2>/dev/null &&\n"
	"			echo $address\n"
	"	done\n"
	"done >$directory/taken\n"
	":\n";

static const char is_back[] = "for address in $(cat $directory/taken); do\n"
			      "	ip -o address show to $address | grep -q . || exit 1\n"
			      "done\n";

/* The caller's. */
static char *guard_log(void)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/guard.log", world.directory);
	return read_text(path);
}

static bool is_watching(void)
{
	_cleanup_(free_p) char *log = guard_log();

	return strstr(log, "watching the host");
}

static bool is_behind(const struct foreign *foreign)
{
	bool is_first;

	host_enter(MAIL);
	is_first = foreign_is_first(foreign, "wan", FOREIGN_TCX_EGRESS);
	host_leave();
	return !is_first && postern_host_has("wan", "PRESENT", 1);
}

/*
 * A TCX program, which stays for as long as its link is open. It cannot come behind a filter of
 * clsact: there the guard would hold all mail.
 */
static void attach_in_front(const char *configuration)
{
	struct foreign foreign;

	if (!kernel_has_tcx() || host_succeeds(MAIL, "grep -q clsact %s", configuration))
		return;
	host_enter(MAIL);
	foreign = foreign_attach("wan", FOREIGN_TCX_EGRESS, 0);
	host_leave();
	cr_assert(wait_for(is_behind(&foreign), 10000), "the hooks are not in front: %s",
		  guard_log());
}

void hostile_host(const char *configuration)
{
	const char *const argv[] = {getenv("POSTERN"), "-c", configuration, "guard", NULL};
	_cleanup_(free_p) char *addresses = NULL;

	cr_assert_geq(asprintf(&addresses, of_configuration, configuration), 0);
	host_start(MAIL, "guard", argv);
	cr_assert(wait_for(is_watching(), 10000), "the guard does not watch: %s", guard_log());
	attach_in_front(configuration);
	free(host_must(MAIL, "%s%s", addresses, take_away));
	cr_assert(wait_for(host_succeeds(MAIL, "%s", is_back), 10000),
		  "the guard has not put back all addresses");
}

static bool is_handle(const char *address)
{
	return !strncmp(address, "100.127.", 8) || !strncmp(address, "fd70:6f73:7465:", 15);
}

/* For tests/soak/run, which adds up. */
static void count(const char *name, uint64_t packets, const char *rule)
{
	const char *path = getenv("SOAK_OUT");
	_cleanup_(fclose_p) FILE *file = path ? fopen(path, "ae") : NULL;

	if (file)
		fprintf(file, "%s\t%llu\t%s\n", name, (unsigned long long)packets, rule);
}

void hostile_end(void)
{
	const struct capture_source *sources;
	char text[ADDRESS_TEXT_SIZE];
	bool wrong;
	size_t n;

	if (!wire)
		return;
	sources = capture_stop(wire, &n);
	for (size_t i = 0; i < n; i++) {
		wrong = is_handle(address_format(&sources[i].address, text));
		cr_expect_not(wrong, "on the wire to port 25: %s", text);
		count("packets", sources[i].packets, "-");
		count("packets from a handle", wrong ? sources[i].packets : 0, "zero");
	}
	capture_free(wire);
	wire = NULL;
}
