/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of keys, and searches in it. */
#include "config/keys.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/word.h"
#include "config/kinds.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define FLOWS_LAST	    16777216
#define POLICY_LIMIT_LAST   10000 /* recipients a day of the service; no window is longer */
#define TENANT_LIMIT_LAST   1000000000
#define UID_LAST	    4294967294 /* (uid_t)-1 is "none" to the kernel */
#define ESTABLISHED_SEC	    7440       /* RFC 5382 REQ-5 */
#define TRANSITORY_SEC	    240
#define YEAR_SEC	    31536000
#define PATH_LAST	    3968 /* PATH_MAX, less a file name below it */
#define RUNTIME_DIR_LAST    92	 /* runtime_dir/socketmap.sock fits sun_path, see unix(7) */
#define TEXT_LAST	    255
#define SPAM_MARKS_LAST	    64
#define TEXT_OF(number)	    TEXT_OF_EXPANDED(number)
#define TEXT_OF_EXPANDED(n) #n

#define A_PATH(last) "a path that begins with '/', of at most " TEXT_OF(last) " characters"

static const char *const ingress_words[] = {
	[CONFIG_INGRESS_AUTO] = "auto", [CONFIG_INGRESS_XDP] = "xdp", [CONFIG_INGRESS_TC] = "tc"};
static const char *const egress_words[] = {[CONFIG_EGRESS_AUTO] = "auto",
					   [CONFIG_EGRESS_TCX] = "tcx",
					   [CONFIG_EGRESS_CLSACT] = "clsact"};
static const char *const forwarded_masquerade_words[] = {
	[MASQUERADE_HOLD] = "hold", [MASQUERADE_DEFAULT] = "default"};
static const char *const identity_words[] = {
	[CONFIG_IDENTITY_ENVELOPE] = "envelope",
	[CONFIG_IDENTITY_DOMAIN] = "domain",
	[CONFIG_IDENTITY_CLIENT] = "client",
	[CONFIG_IDENTITY_SENDER] = "sender",
};
static const char *const lanes_words[] = {
	[CONFIG_LANES_POOL] = "pool", [CONFIG_LANES_ADDRESS] = "address"};
static const char *const on_agent_down_words[] = {
	[CONFIG_ON_AGENT_DOWN_ACCEPT] = "accept", [CONFIG_ON_AGENT_DOWN_DEFER] = "defer"};
static const char *const like_words[] = {[CONFIG_LIKE_STANDARD] = "standard",
					 [CONFIG_LIKE_STRICT] = "strict",
					 [CONFIG_LIKE_SERVICE] = "service"};
static const char *const on_limit_words[] = {
	[CONFIG_ON_LIMIT_HIGH_RISK] = "high-risk",
	[CONFIG_ON_LIMIT_DEFER] = "defer",
	[CONFIG_ON_LIMIT_RESTRICT_TODAY] = "restrict-today",
	[CONFIG_ON_LIMIT_RESTRICT] = "restrict",
	[CONFIG_ON_LIMIT_ALERT] = "alert",
};
/* Senders are restricted, tenants are not. */
static const char *const on_limit_words_of_tenants[] = {
	[CONFIG_ON_LIMIT_HIGH_RISK] = "high-risk",
	[CONFIG_ON_LIMIT_DEFER] = "defer",
	[CONFIG_ON_LIMIT_ALERT] = "alert",
};

/*
 * The beginning of a row: section, name, kind and field. It does not compile if the field has
 * another type than its kind reads, or stands in the structure of another section.
 */
#define INSTANCE_TOP	struct config
#define INSTANCE_POOL	struct config_pool
#define INSTANCE_SENDER struct config_sender
#define INSTANCE_POLICY struct config_policy
#define INSTANCE_TENANT struct config_tenant

/* 0; two types that differ do not compile. */
#define SAME(type, other) (sizeof(char[__builtin_types_compatible_p(type, other) ? 1 : -1]) - 1)
#define FIELD(section_, member_, type)                                                             \
	.section = CONFIG_##section_,                                                              \
	.offset = offsetof(INSTANCE_##section_, member_) +                                         \
		  SAME(__typeof__(((INSTANCE_##section_ *)NULL)->member_), type)

#define KEY(section, name_, kind_, member)                                                         \
	FIELD(section, member, kind_##_field), .name = name_, .kind = &kind_
/* The kind reads into the whole structure of the section. */
#define WHOLE(section_, name_, kind_)                                                              \
	.section = CONFIG_##section_, .offset = SAME(INSTANCE_##section_, kind_##_field),          \
	.name = name_, .kind = &kind_
#define WORD(section, name_, member, type, words_)                                                 \
	FIELD(section, member, type), .name = name_, .kind = &kind_word, .words = words_,          \
				      .n_words = COUNT(words_)

#define NUMBER(section, name, member, first, last)                                                 \
	KEY(section, name, kind_number, member), .min = first, .max = last
#define BOOLEAN(section, name, member) KEY(section, name, kind_boolean, member)
#define TEXT(section, name, member)    KEY(section, name, kind_text, member)
#define TEXTS(section, name, member)   KEY(section, name, kind_texts, member)
#define NAME(section, name, member)    KEY(section, name, kind_name, member)

#define UP     CONFIG_NEEDS_UP
#define AGENT  CONFIG_NEEDS_AGENT
#define MILTER CONFIG_NEEDS_MILTER

#define SENDERS(section)                                                                           \
	TEXTS(section, "senders", senders), .is_right = policy_is_sender, .max = TEXT_LAST,        \
					    .expected = "one like 'bob@example.net' or "           \
							"'*@sales.example.net'"
#define DOMAINS(section, name, member)                                                             \
	TEXTS(section, name, member), .is_right = policy_is_domain, .max = TEXT_LAST,              \
				      .expected = "one like 'example.net' or '*.example.net'"

#define USERS(name, member)                                                                        \
	TEXTS(TOP, name, member), .is_right = host_is_caller, .max = TEXT_LAST,                    \
				  .expected = "the name of a user, or '@' and that of a group",    \
				  .noun = "user"

const struct config_key config_keys[] = {
	/* ---- the datapath */
	{TEXTS(TOP, "interfaces", interfaces), .is_right = host_is_interface, .max = 15,
	 .expected = "a name of 1 to 15 characters without blanks, '/' and ':'",
	 .noun = "interface", .needs = UP,
	 .help = "interfaces at which mail leaves for the internet"},
	{KEY(TOP, "ports", kind_ports, ports), .min = 1, .max = 65535, .noun = "port",
	 .fallback = "25", .needs = UP, .help = "TCP ports that are steered"},
	{WORD(TOP, "ingress", ingress, enum config_ingress, ingress_words), .fallback = "auto",
	 .needs = UP, .help = "hook for replies"},
	{WORD(TOP, "egress", egress, enum config_egress, egress_words), .fallback = "auto",
	 .needs = UP, .help = "hook for packets that leave"},
	{NAME(TOP, "default", default_name), .fallback = "normal",
	 .help = "verdict for traffic of no known sender"},
	{WORD(TOP, "forwarded_masquerade", forwarded_masquerade, enum forwarded_masquerade,
	      forwarded_masquerade_words),
	 .fallback = "hold", .help = "forwarded mail that the host masquerades before Postern"},
	{BOOLEAN(TOP, "plumb", plumb), .fallback = "true", .needs = UP,
	 .help = "put pool addresses on the interfaces and handles on lo"},
	{BOOLEAN(TOP, "hold_until_up", hold_until_up), .fallback = "true", .needs = UP,
	 .help = "hold mail while nothing steers it: before 'up', on interfaces without hooks"},
	{TEXT(TOP, "pin_path", pin_path), .is_right = host_is_pin_path, .max = PATH_LAST,
	 .expected = A_PATH(PATH_LAST) ", without '..', for Postern alone",
	 .fallback = "/sys/fs/bpf/postern", .needs = UP | AGENT,
	 .help = "directory of the pinned maps"},
	{NUMBER(TOP, "flows_max", flows_max, 1024, FLOWS_LAST), .fallback = "262144", .needs = UP,
	 .help = "space in the flow table"},
	{NUMBER(TOP, "sender_flows_max", sender_flows_max, 0, FLOWS_LAST),
	 .help = "flows_max of senders that set none, and of traffic of no known sender"},
	{NUMBER(TOP, "sender_connections_per_minute", sender_connections_per_minute, 0,
		CONFIG_CONNECTIONS_PER_MINUTE_MAX),
	 .fallback = "0", .help = "connections_per_minute of the same"},
	{NUMBER(TOP, "senders_max", senders_max, 1024, 4194304), .fallback = "65536", .needs = UP,
	 .help = "space for senders and their selectors"},
	{NUMBER(TOP, "timeout_established_sec", timeout_established_sec, ESTABLISHED_SEC, YEAR_SEC),
	 .fallback = TEXT_OF(ESTABLISHED_SEC), .needs = UP,
	 .help = "lifetime of a silent connection"},
	{NUMBER(TOP, "timeout_transitory_sec", timeout_transitory_sec, TRANSITORY_SEC, YEAR_SEC),
	 .fallback = TEXT_OF(TRANSITORY_SEC), .needs = UP,
	 .help = "lifetime of a silent connection that opens or closes"},
	/* ---- the agent */
	{TEXT(TOP, "runtime_dir", runtime_dir), .is_right = host_is_path, .max = RUNTIME_DIR_LAST,
	 .expected = A_PATH(RUNTIME_DIR_LAST), .fallback = "/run/postern",
	 .needs = UP | AGENT | MILTER, .help = "directory of the sockets"},
	{TEXT(TOP, "state", state), .is_right = host_is_path, .max = PATH_LAST,
	 .expected = A_PATH(PATH_LAST), .fallback = "/var/lib/postern/state.db", .needs = AGENT,
	 .help = "file with orders, restrictions and counts"},
	{TEXT(TOP, "user", user), .is_right = host_is_user, .max = TEXT_LAST,
	 .expected = "the name of a user", .fallback = "postern", .needs = UP | AGENT | MILTER,
	 .help = "user of the agent and the milter"},
	{USERS("commanders", commanders), .help = "users that may change what Postern does"},
	{USERS("tellers", tellers), .help = "users that may report spam"},
	{TEXT(TOP, "metrics", metrics), .is_right = host_is_metrics,
	 .expected = "an address and a port like 127.0.0.1:9525 or [::1]:9525, or 'off'",
	 .fallback = "127.0.0.1:9525", .needs = AGENT, .help = "address for Prometheus"},
	{DOMAINS(TOP, "internal_domains", internal_domains), .help = "our own domains"},
	{WORD(TOP, "identity", identity, enum config_identity, identity_words),
	 .fallback = "envelope", .help = "the sender of mail that nobody authenticated for"},
	{TEXTS(TOP, "sender_forms", sender_forms), .is_right = policy_is_sender_form,
	 .max = TEXT_LAST,
	 .expected =
		 "'plus', 'prvs', 'btv1', 'srs', 'verp', '@' and the domain of logins, or a "
		 "pattern and the sender that it names, like 'b-*@example.net: news@example.net'",
	 .fallback = "plus, prvs, btv1, srs, verp", .help = "names that stand for one sender"},
	{BOOLEAN(TOP, "relay_dkim", relay_dkim), .fallback = "false",
	 .help = "DKIM, too, keeps mail out of the relay pool"},
	{NUMBER(TOP, "senders_tracked_max", senders_tracked_max, 1024, 16777216),
	 .fallback = "1000000", .help = "senders that are counted"},
	{NUMBER(TOP, "decisions_max", decisions_max, 1024, 4194304), .fallback = "65536",
	 .needs = AGENT, .help = "decisions that can be explained"},
	/* ---- mail */
	{KEY(TOP, "milter", kind_socket, mail.milter), .needs = MILTER,
	 .help = "socket of the milter"},
	{BOOLEAN(TOP, "milter_inet", mail.milter_inet), .fallback = "false",
	 .help = "'milter' may be a TCP socket, which every user of the host reaches"},
	{KEY(TOP, "socketmap", kind_socket, mail.socketmap), .needs = AGENT,
	 .help = "socket at which Postfix asks the agent for lanes"},
	{WORD(TOP, "lanes", mail.lanes, enum config_lanes, lanes_words), .fallback = "pool",
	 .help = "what an MTA has a lane for"},
	{WORD(TOP, "on_agent_down", mail.on_agent_down, enum config_on_agent_down,
	      on_agent_down_words),
	 .fallback = "accept", .help = "mail while the agent does not answer"},
	{KEY(TOP, "spam_marks", kind_marks, mail), .max = TEXT_LAST,
	 .expected = "a scanner like 'rspamd', or a header and how its value begins, like "
		     "'X-Spam-Flag: YES', of at most 255 characters",
	 .fallback = "rspamd, spamassassin",
	 .help = "scanners whose verdicts count, and headers that mark spam"},
	{TEXTS(TOP, "authserv_ids", mail.authserv_ids), .is_right = mail_is_authserv_id,
	 .max = TEXT_LAST, .expected = "the name that a host gives itself, like 'mx.example.net'",
	 .help = "hosts whose Authentication-Results are believed"},
	{TEXTS(TOP, "resolver", mail.resolver), .is_right = mail_is_resolver,
	 .expected = "an address like '127.0.0.1' or '127.0.0.1@5353'", .help = "name servers"},
	{BOOLEAN(TOP, "mail_dns_aaaa", mail.dns_aaaa), .fallback = "false",
	 .help = "AAAA without A and MX is mail DNS"},
	{BOOLEAN(TOP, "mail_dns_null_mx", mail.dns_null_mx), .fallback = "false",
	 .help = "a null MX is no mail DNS"},
	{NUMBER(TOP, "dns_timeout_ms", mail.dns_timeout_ms, 100, 60000), .fallback = "5000",
	 .help = "time for the DNS answers about a message"},

	/* ---- pool "NAME" { … } */
	{WHOLE(POOL, "addresses", kind_addresses), .needs = UP,
	 .help = "public addresses of this host, with weights"},
	{WHOLE(POOL, "handles", kind_handles), .noun = "handle", .needs = UP,
	 .help = "local addresses that stand for the pool"},
	{TEXT(POOL, "helo", helo), .is_right = pool_is_helo, .expected = POOL_HELO_EXPECTED,
	 .help = "name that an MTA's lane says in HELO"},
	{NAME(POOL, "when_empty", when_empty_name), .fallback = "hold",
	 .help = "pool for new flows while this one has no active address"},

	/* ---- sender "NAME" { … } */
	{WHOLE(SENDER, "source", kind_sources), .help = "source addresses and prefixes"},
	{WHOLE(SENDER, "mark", kind_fwmarks), .min = 1, .max = UINT32_MAX, .noun = "mark",
	 .help = "fwmarks; a packet without one has mark 0"},
	{WHOLE(SENDER, "uid", kind_uids), .min = 0, .max = UID_LAST, .noun = "uid",
	 .expected = "a user of this host or a number", .help = "owners of the local socket"},
	{WHOLE(SENDER, "cgroup", kind_cgroups), .is_right = sender_is_cgroup, .max = 4095,
	 .noun = "cgroup",
	 .expected = "a path below the cgroup v2 mount such as '/system.slice/shop.service'",
	 .help = "cgroups, with all below them"},
	{NAME(SENDER, "policy", policy_name), .help = "policy, whatever other policies match"},
	{NUMBER(SENDER, "connections_per_minute", connections_per_minute, 0,
		CONFIG_CONNECTIONS_PER_MINUTE_MAX),
	 .help = "new connections a minute"},
	{NUMBER(SENDER, "flows_max", flows_max, 0, FLOWS_LAST), .help = "flows at once"},

	/* ---- policy "NAME" { … } */
	{KEY(POLICY, "like", kind_like, like), .words = like_words, .n_words = COUNT(like_words),
	 .fallback = "service", .help = "ready-made limits to begin with"},
	{NUMBER(POLICY, "recipients_external_per_hour", limits[CONFIG_EXTERNAL_PER_HOUR], 0,
		POLICY_LIMIT_LAST),
	 .help = "external recipients an hour"},
	{NUMBER(POLICY, "recipients_internal_per_hour", limits[CONFIG_INTERNAL_PER_HOUR], 0,
		POLICY_LIMIT_LAST),
	 .help = "internal recipients an hour"},
	{NUMBER(POLICY, "recipients_per_day", limits[CONFIG_RECIPIENTS_PER_DAY], 0,
		POLICY_LIMIT_LAST),
	 .help = "recipients a day"},
	{NUMBER(POLICY, "messages_per_minute", limits[CONFIG_MESSAGES_PER_MINUTE], 0,
		POLICY_LIMIT_LAST),
	 .help = "messages a minute"},
	{NUMBER(POLICY, "connections_per_minute", limits[CONFIG_CONNECTIONS_PER_MINUTE], 0,
		POLICY_LIMIT_LAST),
	 .help = "connections a minute"},
	{NUMBER(POLICY, "automatic_per_day", automatic_per_day, 0, POLICY_LIMIT_LAST),
	 .fallback = "100", .help = "recipients of automatic messages a day that are free"},
	{WORD(POLICY, "on_limit", on_limit, enum config_on_limit, on_limit_words),
	 .fallback = "high-risk", .help = "mail over a limit"},
	{WHOLE(POLICY, "spam_of_last", kind_spam_of_last), .max = SPAM_MARKS_LAST,
	 .expected = "'N of M' with N from 1 to M and M of at most " TEXT_OF(
		 SPAM_MARKS_LAST) ", or 'never'",
	 .fallback = "10 of 20", .help = "marked messages that make a sender a spam sender"},
	{NUMBER(POLICY, "reports_per_day", reports_per_day, 0, POLICY_LIMIT_LAST), .fallback = "5",
	 .help = "reports of spam that do the same"},
	{KEY(POLICY, "spam_for", kind_duration, spam_for_sec), .max = CONFIG_SPAM_FOR_MAX_SEC,
	 .expected = "a time such as '12h', of at most 30d", .fallback = "1d",
	 .help = "time for which it is one"},
	{SENDERS(POLICY), .help = "senders that the policy is for"},
	{TEXTS(POLICY, "tenants", tenants), .is_right = policy_is_sender, .max = TEXT_LAST,
	 .expected = "one like 'shop' or 'shop-*'", .help = "tenants that the policy is for"},
	{DOMAINS(POLICY, "domains", domains), .help = "domains that the policy is for"},

	/* ---- tenant "NAME" { … } */
	{SENDERS(TENANT), .help = "senders of the tenant"},
	{DOMAINS(TENANT, "domains", domains), .help = "domains of the tenant"},
	{NUMBER(TENANT, "recipients_external_per_day",
		limits[CONFIG_TENANT_EXTERNAL_PER_DAY - CONFIG_LIMITS_OF_SENDER], 0,
		TENANT_LIMIT_LAST),
	 .fallback = "0", .help = "external recipients a day"},
	{NUMBER(TENANT, "recipients_per_day",
		limits[CONFIG_TENANT_RECIPIENTS_PER_DAY - CONFIG_LIMITS_OF_SENDER], 0,
		TENANT_LIMIT_LAST),
	 .fallback = "0", .help = "recipients a day"},
	{WORD(TENANT, "on_limit", on_limit, enum config_on_limit, on_limit_words_of_tenants),
	 .fallback = "high-risk", .help = "mail over a limit"},
};

const size_t config_n_keys = COUNT(config_keys);
static_assert(COUNT(config_keys) <= CONFIG_KEYS_MAX, "CONFIG_KEYS_MAX is too small");

const char *config_section_name(enum config_section section)
{
	static const char *const names[] = {
		[CONFIG_TOP] = NULL,	    [CONFIG_POOL] = "pool",	[CONFIG_SENDER] = "sender",
		[CONFIG_POLICY] = "policy", [CONFIG_TENANT] = "tenant",
	};

	return names[section];
}

const struct config_key *config_key_find(enum config_section section, const char *name)
{
	for (size_t i = 0; i < config_n_keys; i++)
		if (config_keys[i].section == section && strcmp(config_keys[i].name, name) == 0)
			return &config_keys[i];
	return NULL;
}

const char *config_key_kind(const struct config_key *key)
{
	return key->kind->name;
}

bool config_key_is_list(const struct config_key *key)
{
	return key->kind->is_list;
}

char *config_key_value(const struct config_key *key, const struct config *config)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	key->kind->print(key, (const char *)config + key->offset, out);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

/* 1: they differ. */
static int differs(const struct config_key *key, const struct config *a, const struct config *b)
{
	_cleanup_(free_p) char *x = config_key_value(key, a), *y = config_key_value(key, b);

	return x && y ? strcmp(x, y) != 0 : -ENOMEM;
}

int config_changed(const struct config *before, const struct config *after, unsigned needs,
		   char *ret_names, size_t size)
{
	size_t used = 0;
	int count = 0;

	ret_names[0] = '\0';
	for (const struct config_key *key = config_keys; key->section == CONFIG_TOP; key++) {
		int r = key->needs & needs ? differs(key, before, after) : 0;

		if (r < 0)
			return r;
		if (r && used < size)
			used += (size_t)snprintf(ret_names + used, size - used, "%s%s",
						 count ? ", " : "", key->name);
		count += r;
	}
	return count;
}

/* ---- words of config.h's enums for other rooms */

const char *config_limit_name(enum config_limit limit)
{
	static const char *const names[] = {
		[CONFIG_EXTERNAL_PER_HOUR] = "recipients_external_per_hour",
		[CONFIG_INTERNAL_PER_HOUR] = "recipients_internal_per_hour",
		[CONFIG_RECIPIENTS_PER_DAY] = "recipients_per_day",
		[CONFIG_MESSAGES_PER_MINUTE] = "messages_per_minute",
		[CONFIG_CONNECTIONS_PER_MINUTE] = "connections_per_minute",
		[CONFIG_TENANT_EXTERNAL_PER_DAY] = "tenant recipients_external_per_day",
		[CONFIG_TENANT_RECIPIENTS_PER_DAY] = "tenant recipients_per_day",
	};

	return WORD_OF(names, limit);
}

const char *config_on_limit_name(enum config_on_limit on_limit)
{
	return WORD_OF(on_limit_words, on_limit);
}
