/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postern.conf, read and checked. config_load() returns a configuration in which every rule below
 * holds, or an error with file:line, the text found and the text expected. Callers check nothing
 * again.
 *
 *   - pools "normal" and "high-risk" exist. A pool has 1 to POSTERN_SLOTS addresses, all pools
 *     together at most POSTERN_ADDRESSES_MAX. Ids stay below POSTERN_POOLS_MAX. No pool is named
 *     "hold", "pass", "drop" or like an address
 *   - an address or handle stands in one place only, over all pools. A handle is no address of a
 *     pool and no source of a sender
 *   - an address and its own handle are of one family. With lanes = "address", either all addresses
 *     of a pool have a handle of their own, or none has
 *   - `when_empty` is "hold" or a pool. Its path has no circle and never leads from "high-risk" to
 *     "normal"
 *   - a selector belongs to one sender, and a sender has at least one. Names are unique in their
 *     kind of section, fit their labels (postern/abi.h) and consist of A-Z a-z 0-9 . _ @ + - with a
 *     letter or digit first
 *   - `default` is a pool, "pass" or "drop"
 *   - the policy that a sender names exists. A policy "default" exists and has no patterns
 *   - the file is text, not empty, and has at most CONFIG_SIZE_MAX_BYTES
 *
 * Only the file decides: neither the environment nor another file is read, except the passwd
 * database for names of users.
 *
 * Bounds, defaults and help of each key: keys.h.
 *
 * Ownership: the configuration owns all that its pointers reach. A reload loads a second one and
 * frees the first after its commit. These keep pointers into a configuration, and the commit
 * replaces them: struct steering with its lanes, struct judge and its engine (policy/). In the
 * milter struct config_ref does, until the last message that started under it ends.
 * daemon/listeners.h keeps the configuration of the start, which a reload does not free. All others
 * borrow for the call.
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

/* The hooks that `up` attaches to. AUTO tries the best one first. */
enum config_ingress { CONFIG_INGRESS_AUTO, CONFIG_INGRESS_XDP, CONFIG_INGRESS_TC };
enum config_egress { CONFIG_EGRESS_AUTO, CONFIG_EGRESS_TCX, CONFIG_EGRESS_CLSACT };

/* An address of a pool, "ADDRESS [weight N] [handle ADDRESS] [helo NAME]", or a handle. */
struct config_address {
	struct address address;
	int line;
	/* Of an address: */
	unsigned weight; /* 1..1000 */
	bool has_handle; /* of its own; the handle is also among the pool's handles */
	struct address handle;
	char *helo; /* of its own; NULL: the pool's */
	/* Of a handle: the one address that it stands for; NULL: any address of the pool. */
	const struct config_address *of;
};

/* A name as the file has it. The pointer in front of it is the pool or policy of that name. */
struct config_name {
	char *text; /* NULL: left out */
	int line;
};

struct config_pool {
	char *name;
	int line;
	uint32_t id; /* POOL_NORMAL, POOL_HIGH_RISK; others: steering_new() takes the map's */
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

/* The limits of policies and tenants; config_limit_name() is their key. */
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

/* The answer for mail over a limit. A tenant has none of the two that restrict. */
enum config_on_limit {
	CONFIG_ON_LIMIT_HIGH_RISK,
	CONFIG_ON_LIMIT_DEFER,
	CONFIG_ON_LIMIT_RESTRICT_TODAY, /* until midnight UTC */
	CONFIG_ON_LIMIT_RESTRICT,	/* until released */
	CONFIG_ON_LIMIT_ALERT,		/* reported only */
	CONFIG_ON_LIMITS,
};

/* The sender of mail that nobody authenticated for. */
enum config_identity {
	CONFIG_IDENTITY_ENVELOPE, /* the envelope sender */
	CONFIG_IDENTITY_DOMAIN,	  /* its domain */
	CONFIG_IDENTITY_CLIENT,	  /* the client's address; of IPv6 the /64 */
	CONFIG_IDENTITY_SENDER,	  /* the sender that a selector names */
};

/*
 * Texts as the file has them. Patterns are those of fnmatch(3), without regard to case:
 * "*@example.net", "*.example.net" (which does not match example.net itself), "tenant-*".
 */
struct config_texts {
	char **texts;
	size_t count;
};

#define CONFIG_METRICS_OFF "off"

#define CONFIG_SPAM_FOR_MAX_SEC (30 * 86400)

/* The ready-made limits that a policy begins with. */
enum config_like { CONFIG_LIKE_STANDARD, CONFIG_LIKE_STRICT, CONFIG_LIKE_SERVICE };

/* Every limit has a value: one that is left out is that of `like`, 0 is that of the service. */
struct config_policy {
	char *name;
	int line; /* 0: ready-made */
	enum config_like like;
	struct config_texts senders; /* all three empty: only by its name */
	struct config_texts tenants;
	struct config_texts domains;
	uint32_t limits[CONFIG_LIMITS_OF_SENDER]; /* 1..10000; connections: 0 is no limit */
	enum config_on_limit on_limit;
	/* A spam sender: spam_count of the last spam_of messages, or reports in a day. 0: never. */
	uint32_t spam_count;
	uint32_t spam_of; /* at most 64 */
	uint32_t reports_per_day;
	uint32_t spam_for_sec;	    /* the sender is high-risk for that time */
	uint32_t automatic_per_day; /* recipients of automatic messages that count nothing */
};

struct config_tenant {
	char *name;
	int line;
	struct config_texts senders;
	struct config_texts domains;
	uint32_t limits[CONFIG_LIMITS_OF_TENANT]; /* 0: no limit */
	enum config_on_limit on_limit;
};

/* New connections a minute. */
#define CONFIG_CONNECTIONS_PER_MINUTE_MAX 1000000
/* Three quarters of the ports of one address towards one destination; see sender_flows_max. */
#define CONFIG_SENDER_FLOWS_MAX 48384

struct config_sender {
	char *name;
	int line;
	uint32_t connections_per_minute;    /* 0: no limit */
	uint32_t flows_max;		    /* at once; 0: no limit */
	const struct config_policy *policy; /* NULL: the first that matches */
	struct config_name policy_name;
	struct config_selector *selectors;
	size_t n_selectors;
};

/* A socket at which a process of ours listens; systemd passes it, or the process makes it. */
struct config_socket {
	char *path; /* NULL: TCP, on loopback */
	struct address address;
	uint16_t port;
	int line; /* 0: a default */
};

struct scanner;

/*
 * A header by which a scanner marks spam: its name and the beginning of its value, both without
 * regard to case. No letter or digit follows the beginning.
 */
struct config_mark {
	char *header;
	char *value; /* no blanks around it; empty only of a scanner: any value */
	/* NULL: the file names header and value, and each such header counts. */
	const struct scanner *scanner;
	bool clean; /* of a scanner: the message is no spam */
};

/* The answer to mail while the agent does not answer. */
enum config_on_agent_down {
	/* By the MTA's own lane; mail that is high-risk by itself leaves by the high-risk lane. */
	CONFIG_ON_AGENT_DOWN_ACCEPT,
	CONFIG_ON_AGENT_DOWN_DEFER, /* 451 4.7.1 */
};

/* What an MTA has a lane for (pool/lane.h). */
enum config_lanes { CONFIG_LANES_POOL, CONFIG_LANES_ADDRESS };

struct config_mail {
	struct config_socket socketmap;
	enum config_lanes lanes;
	struct config_socket milter;
	bool has_milter; /* the file names its socket, so a milter is to run */
	bool milter_inet;
	enum config_on_agent_down on_agent_down;
	struct config_mark *spam_marks;
	size_t n_spam_marks;
	struct config_texts authserv_ids; /* hosts whose Authentication-Results are believed */
	struct config_texts resolver;	  /* "ADDRESS" or "ADDRESS@PORT"; none: those of the host */
	bool dns_aaaa;			  /* AAAA alone is mail DNS, too */
	bool dns_null_mx;		  /* a null MX (RFC 7505) is no mail DNS */
	uint32_t dns_timeout_ms;
};

struct config {
	char *file;
	uint64_t fingerprint;		   /* of the file's bytes; not 0 */
	struct config_texts interfaces;	   /* none: those of the default routes */
	uint16_t ports[POSTERN_PORTS_MAX]; /* at least one; 0 behind the last */
	enum config_ingress ingress;
	enum config_egress egress;
	enum forwarded_masquerade forwarded_masquerade;
	enum verdict_action default_action;
	const struct config_pool *default_pool; /* NULL unless STEER */
	struct config_name default_name;
	/* [0] is normal, [1] high-risk; the others in the order of the file. */
	struct config_pool *pools;
	size_t n_pools;
	struct config_sender *senders; /* by strcasecmp() of their names, then by strcmp() */
	size_t n_senders;
	bool plumb;
	bool hold_until_up;
	char *pin_path;
	char *runtime_dir;
	char *state;
	char *user;
	struct config_texts commanders; /* users with a right of the API (api/rights.h) */
	struct config_texts tellers;
	char *metrics; /* "127.0.0.1:9525", "[::1]:9525" or CONFIG_METRICS_OFF */
	uint32_t flows_max;
	uint32_t senders_max;
	/*
	 * The limits of senders that set none, and of traffic of no known sender. Handles have
	 * none: they carry all mail of an MTA, which is judged message by message. sender_flows_max
	 * is by default a quarter of flows_max, so that three senders that flood leave a quarter to
	 * all others, and at most CONFIG_SENDER_FLOWS_MAX, so that a sender that floods one
	 * destination leaves a quarter of an address's ports (32 random tries find one of them
	 * 9,999 times of 10,000).
	 */
	uint32_t sender_connections_per_minute;
	uint32_t sender_flows_max;
	uint32_t timeout_established_sec;
	uint32_t timeout_transitory_sec;
	struct config_policy *policies; /* in the order of the file, then the ready-made ones */
	size_t n_policies;
	const struct config_policy
		*default_policy;       /* of senders that no other matches; never NULL */
	struct config_tenant *tenants; /* in the order of the file */
	size_t n_tenants;
	struct config_texts internal_domains;
	struct config_texts sender_forms; /* policy/owner.h */
	enum config_identity identity;
	bool relay_dkim;
	uint32_t senders_tracked_max;
	uint32_t decisions_max;
	struct config_mail mail;
	struct config *before; /* content that config_refresh() replaced; NULL: none */
};

/*
 * Reads `file`. -EINVAL: no regular file, or its content is wrong; -EFBIG: too large; -ENOMEM;
 * others: those of open(2) and read(2). It keeps nothing in the process, so threads may call it at
 * the same time. config_free() frees the result; NULL is fine.
 */
int config_load(const char *file, struct config **ret_config, struct error *error);
/*
 * The keys of the top level alone, for commands that only ask the agent: it has no pools, senders,
 * policies or fingerprint, and neither they nor rules between keys are checked. Errors as above.
 */
int config_load_top(const char *file, struct config **ret_config, struct error *error);
/* The fingerprint of the file as it is now. Errors: as if it were loaded, but for its contents. */
int config_fingerprint(const char *file, uint64_t *ret_fingerprint, struct error *error);
/*
 * Loads the file again if it is another one by now. The old content stays until config_free(), for
 * those who borrow from it. Errors as of config_load(); then nothing has changed.
 */
int config_refresh(struct config *config, struct error *error);
void config_free(struct config *config);

/* The same place to listen at. */
bool config_socket_equal(const struct config_socket *a, const struct config_socket *b);

/* Borrowed; NULL: no such pool, sender, policy. */
const struct config_pool *config_pool_find(const struct config *config, const char *name);
const struct config_pool *config_pool_by_id(const struct config *config, uint32_t id);
/* The id that a pool of `config` has in `to`, by its name. POOL_NONE: `to` has no such pool. */
uint32_t config_pool_moved(const struct config *config, uint32_t id, const struct config *to);
/* Binary search. The sender of that name, otherwise one whose name differs only in case. */
const struct config_sender *config_sender_find(const struct config *config, const char *name);
const struct config_policy *config_policy_find(const struct config *config, const char *name);

/* Never NULL; those of tenants begin with "tenant ". */
const char *config_limit_name(enum config_limit limit);
const char *config_on_limit_name(enum config_on_limit on_limit);
