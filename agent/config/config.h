/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postern.conf, read and checked. config_load() either gives a configuration in which every rule
 * below holds, or an error that names file:line, what was found and what was expected; the callers
 * check nothing again.
 *
 *   - pools "normal" and "high-risk" exist; every pool has at least one address, and at most POSTERN_SLOTS;
 *     all have at most POSTERN_ADDRESSES_MAX; ids stay below POSTERN_POOLS_MAX; no pool is named "hold", "pass", "drop" or like an address
 *   - an address or handle stands in one place only, over all pools; a handle is no pool's address and no source
 *   - an address and its own handle are of one family; where lanes = "address", all addresses of a pool have
 *     a handle of their own, or none has
 *   - `when_empty` is "hold" or a pool that exists; following it never comes back and never leads
 *     from "high-risk" to "normal", whatever the steps
 *   - a selector belongs to one sender and every sender has one; names are unique, fit their labels
 *     (postern/abi.h) and are made of A-Z a-z 0-9 . _ @ + - with a letter or digit first
 *   - `default` is a pool, "pass" or "drop"
 *   - a policy that a sender names exists; there is a policy "default", which has no patterns
 *   - the file is text, not empty and at most CONFIG_SIZE_MAX_BYTES
 *
 * The file alone decides: no environment variable and no other file is read into it.
 *
 * Below this header: text.h (is it text at all?), syntax.h (libconfuse), read.h (values and their
 * meaning, and what must hold between them).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "postern/abi.h"

struct error;

#define CONFIG_DEFAULT_FILE   "/etc/postern/postern.conf"
#define CONFIG_SIZE_MAX_BYTES (8 << 20)

/* How `up` attaches; AUTO tries the best first. */
enum config_ingress { CONFIG_INGRESS_AUTO, CONFIG_INGRESS_XDP, CONFIG_INGRESS_TC };
enum config_egress { CONFIG_EGRESS_AUTO, CONFIG_EGRESS_TCX, CONFIG_EGRESS_CLSACT };

/* An address of a pool, "ADDRESS [weight N] [handle ADDRESS] [helo NAME]", or a handle. */
struct config_address {
	struct address address;
	int line;
	/* Of an address: */
	unsigned weight; /* 1..1000 */
	bool has_handle; /* one of its own; it stands among the pool's handles, too */
	struct address handle;
	char *helo; /* of its own; NULL: the pool's */
	/* Of a handle: */
	const struct config_address
		*of; /* the one address that it stands for; NULL: any of the pool */
};

/* A name as it stands in the file; the pointer beside it is the answer. */
struct config_name {
	char *text; /* NULL: left out */
	int line;
};

struct config_pool {
	char *name;
	int line;
	uint32_t id; /* POOL_NORMAL, POOL_HIGH_RISK, then in the order of the file */
	struct config_address *addresses;
	size_t n_addresses;
	struct config_address *handles; /* of the pool, then those of single addresses */
	size_t n_handles;
	char *helo;			      /* NULL: the MTA's own */
	const struct config_pool *when_empty; /* NULL: hold */
	struct config_name when_empty_name;
};

enum config_selector_kind {
	CONFIG_SELECTOR_SOURCE, /* prefix; a single address is one of full length */
	CONFIG_SELECTOR_MARK,	/* number */
	CONFIG_SELECTOR_CGROUP, /* path below the cgroup v2 mount, begins with '/' */
	CONFIG_SELECTOR_UID,	/* number; a user's name was resolved when the file was read */
};

struct config_selector {
	enum config_selector_kind kind;
	struct prefix prefix;
	uint32_t number;
	char *path;
	int line;
};

/* What can be limited; the words are the keys of policies and tenants (config_limit_name()). */
enum config_limit {
	CONFIG_EXTERNAL_PER_HOUR,
	CONFIG_INTERNAL_PER_HOUR,
	CONFIG_RECIPIENTS_PER_DAY,
	CONFIG_MESSAGES_PER_MINUTE,
	CONFIG_CONNECTIONS_PER_MINUTE,
	CONFIG_LIMITS_OF_SENDER,
	CONFIG_TENANT_EXTERNAL_PER_DAY = CONFIG_LIMITS_OF_SENDER,
	CONFIG_TENANT_RECIPIENTS_PER_DAY,
	CONFIG_LIMITS,
	CONFIG_LIMITS_OF_TENANT = CONFIG_LIMITS - CONFIG_LIMITS_OF_SENDER,
};

/* What happens to mail over a limit. A tenant's: never the two that restrict. */
enum config_on_limit {
	CONFIG_ON_LIMIT_HIGH_RISK,
	CONFIG_ON_LIMIT_DEFER,
	CONFIG_ON_LIMIT_RESTRICT_TODAY, /* until midnight UTC */
	CONFIG_ON_LIMIT_RESTRICT,	/* until released */
	CONFIG_ON_LIMIT_ALERT,		/* only said */
	CONFIG_ON_LIMITS,
};

/* Who is counted where nobody has authenticated. */
enum config_identity {
	CONFIG_IDENTITY_ENVELOPE, /* the envelope sender */
	CONFIG_IDENTITY_DOMAIN,	  /* its domain */
	CONFIG_IDENTITY_CLIENT,	  /* its address; of IPv6 the /64 */
	CONFIG_IDENTITY_SENDER,	  /* the sender whose selector it is */
};

/*
 * Texts as they stand in the file. Patterns are those of fnmatch(3), without regard to case: "*@example.net",
 * "*.example.net" (which is not example.net itself), "tenant-*".
 */
struct config_texts {
	char **texts;
	size_t count;
};

#define CONFIG_METRICS_OFF "off"

#define CONFIG_SPAM_FOR_MAX_SEC (30 * 86400)

/* The ready-made limits that a policy begins with. */
enum config_like { CONFIG_LIKE_STANDARD, CONFIG_LIKE_STRICT, CONFIG_LIKE_SERVICE };

/* Every limit has a value: what is left out or 0 is that of the service, below. */
struct config_policy {
	char *name;
	int line; /* 0: ready-made */
	enum config_like like;
	struct config_texts senders; /* nothing in all three: chosen by name only */
	struct config_texts tenants;
	struct config_texts domains;
	uint32_t limits[CONFIG_LIMITS_OF_SENDER]; /* 1..10000; connections: 0 is no limit */
	enum config_on_limit on_limit;
	/* Spam: `spam_count` of the last `spam_of` messages, or reports in a day. 0: never. */
	uint32_t spam_count;
	uint32_t spam_of; /* at most 64 */
	uint32_t reports_per_day;
	uint32_t spam_for_sec; /* how long the sender is high-risk then; default a day */
};

struct config_tenant {
	char *name;
	int line;
	struct config_texts senders;
	struct config_texts domains;
	uint32_t limits[CONFIG_LIMITS_OF_TENANT]; /* 0: no limit */
	enum config_on_limit on_limit;
};

/* New connections a minute, in the datapath; at most. */
#define CONFIG_CONNECTIONS_PER_MINUTE_MAX 1000000
/* Three quarters of the ports that one address has towards one destination; see sender_flows_max. */
#define CONFIG_SENDER_FLOWS_MAX 48384

struct config_sender {
	char *name;
	int line;
	uint32_t connections_per_minute;    /* 0: no limit; default sender_connections_per_minute */
	uint32_t flows_max;		    /* at once; 0: no limit; default sender_flows_max */
	const struct config_policy *policy; /* NULL: the first that matches */
	struct config_name policy_name;
	struct config_selector *selectors;
	size_t n_selectors;
};

/* Where a process of ours listens; given to it by systemd or made by itself. */
struct config_socket {
	char *path; /* NULL: TCP, on loopback */
	struct address address;
	uint16_t port;
	int line; /* 0: a default */
};

/*
 * A header by which a scanner says that a message is spam: its name, and how its value begins, both
 * without regard to case. The value goes on, if it does, with something else than a letter or digit.
 */
struct config_mark {
	char *header;
	char *value; /* no blanks around it; never empty */
};

/* What becomes of mail while the agent does not answer. */
enum config_on_agent_down {
	CONFIG_ON_AGENT_DOWN_ACCEPT, /* by the MTA's own lane; what is high-risk anyway, by that one */
	CONFIG_ON_AGENT_DOWN_DEFER, /* 451 4.7.1 */
};

/* What an MTA's lanes are for (pool/lane.h). */
enum config_lanes { CONFIG_LANES_POOL, CONFIG_LANES_ADDRESS };

/* The mail itself: what `postern milter` looks at, and how; what the agent tells Postfix. */
struct config_mail {
	struct config_socket socketmap; /* default: socketmap.sock in runtime_dir */
	enum config_lanes lanes;
	struct config_socket milter; /* default: milter.sock in runtime_dir */
	bool has_milter;	     /* the configuration names its socket, so one is to run */
	enum config_on_agent_down on_agent_down;
	struct config_mark *spam_marks; /* left out: those of the usual scanners */
	size_t n_spam_marks;
	struct config_texts authserv_ids; /* whose Authentication-Results are believed; none */
	struct config_texts resolver;	  /* "ADDRESS" or "ADDRESS@PORT"; none: those of the host */
	bool dns_aaaa;			  /* AAAA alone is mail DNS, too; default false */
	bool dns_null_mx;		  /* a null MX (RFC 7505) is no mail DNS; default false */
	uint32_t dns_timeout_ms;	  /* default 5000, 100..60000 */
};

struct config {
	char *file;
	struct config_texts interfaces;	   /* none: those of the default routes */
	uint16_t ports[POSTERN_PORTS_MAX]; /* default: 25; unused ones 0 */
	enum config_ingress ingress;	   /* "auto" | "xdp" | "tc" */
	enum config_egress egress;	   /* "auto" | "tcx" | "clsact" */
	enum verdict_action default_action;
	const struct config_pool *default_pool; /* NULL unless STEER */
	struct config_name default_name;
	struct config_pool *pools; /* sorted by id; pools[0] is normal, pools[1] high-risk */
	size_t n_pools;
	struct config_sender *senders; /* sorted by name, without regard to case first */
	size_t n_senders;
	bool plumb;
	char *pin_path;
	char *runtime_dir;
	char *state;
	char *user;
	char *metrics;	      /* "127.0.0.1:9525" or "[::1]:9525"; NULL: "", off */
	uint32_t flows_max;   /* default 262144, 1024..16777216 */
	uint32_t senders_max; /* default 65536, 1024..4194304 */
	/*
	 * For senders that say nothing else and for traffic of no known sender; not for handles, by which
	 * all of an MTA's mail goes, judged message by message. Default: no limit of connections; a quarter
	 * of flows_max at once, so that the floods of three senders leave the others a quarter, and no more
	 * than CONFIG_SENDER_FLOWS_MAX, so that one sender's to one destination leaves the others of
	 * its address a port (32 random tries find one in a quarter of them 9,999 times of 10,000).
	 */
	uint32_t sender_connections_per_minute;
	uint32_t sender_flows_max;
	uint32_t timeout_established_sec; /* default and minimum 7440 (RFC 5382 REQ-5) */
	uint32_t timeout_transitory_sec;  /* default and minimum 240 (RFC 5382 REQ-5) */
	struct config_policy *policies;	  /* in the order of the file, then the ready-made ones */
	size_t n_policies;
	const struct config_policy *default_policy; /* for whom no other is; never NULL */
	struct config_tenant *tenants;		    /* in the order of the file */
	size_t n_tenants;
	struct config_texts internal_domains; /* ours */
	enum config_identity identity;
	bool relay_dkim;	      /* DKIM, too, keeps mail out of the relay pool */
	uint32_t senders_tracked_max; /* default 1000000, 1024..16777216 */
	uint32_t decisions_max;	      /* default 65536, 1024..4194304 */
	struct config_mail mail;
};

/*
 * Reads `file`. -ENOENT, -EACCES and the like: not readable; -EINVAL: its content is wrong or it is
 * no regular file; -EFBIG: too large. Not re-entrant: one at a time in a process. The result is the caller's, freed by config_free() (NULL is fine).
 */
int config_load(const char *file, struct config **ret_config, struct error *error);
void config_free(struct config *config);

bool config_socket_equal(const struct config_socket *a, const struct config_socket *b);

/* Borrowed; NULL: no such pool, sender, policy. */
const struct config_pool *config_pool_find(const struct config *config, const char *name);
const struct config_pool *config_pool_by_id(const struct config *config, uint32_t id);
/* The id that a pool of `config` has in `to`, by its name. POOL_NONE: `to` has no such pool. */
uint32_t config_pool_moved(const struct config *config, uint32_t id, const struct config *to);
/* By a binary search: the one that is written like this, else one whose name differs by case alone. */
const struct config_sender *config_sender_find(const struct config *config, const char *name);
const struct config_policy *config_policy_find(const struct config *config, const char *name);

/* Never NULL; tenants' begin with "tenant ". */
const char *config_limit_name(enum config_limit limit);
const char *config_on_limit_name(enum config_on_limit on_limit);
