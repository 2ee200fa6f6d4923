/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The document of the status, in parts.
 *
 * Printing returns a new reference and consumes the json_t members; NULL: out of memory. Reading
 * borrows everything from the document; a member that is missing, null or of another type is
 * NULL, 0 or false. postern(8) has the types.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct wire_interface {
	const char *name;
	const char *egress;
	const char *ingress;
};
json_t *wire_interface_json(const struct wire_interface *source);
void wire_interface_read(const json_t *document, struct wire_interface *ret);

struct wire_datapath {
	bool attached;
	bool held;
	json_t *interfaces; /* of struct wire_interface */
	json_int_t flows;
	json_int_t flows_max;
	json_t *counters;	 /* by name */
	json_t *cgroups_missing; /* paths: texts */
};
json_t *wire_datapath_json(const struct wire_datapath *source);
void wire_datapath_read(const json_t *document, struct wire_datapath *ret);

struct wire_recent {
	const char *what;
	const char *text;
	const char *sender;
	const char *pool;
	const char *source;
	const char *destination;
	json_int_t count;
	json_int_t age_sec;
};
json_t *wire_recent_json(const struct wire_recent *source);
void wire_recent_read(const json_t *document, struct wire_recent *ret);

struct wire_agent {
	bool running;
	bool hangs; /* it does not answer: this is read from the maps */
	json_int_t pid;
	const char *user;
	json_int_t uptime_sec;
	const char *state;
	const char *mail_dns_unknown_since; /* NULL: name servers answer */
	json_t *errors;			    /* of struct wire_recent */
};
json_t *wire_agent_json(const struct wire_agent *source);
void wire_agent_read(const json_t *document, struct wire_agent *ret);

struct wire_milter {
	bool running;
	const char *since;
};
json_t *wire_milter_json(const struct wire_milter *source);
void wire_milter_read(const json_t *document, struct wire_milter *ret);

/* What the datapath needs of the host: an interface with its hooks, an address, a handle. */
struct wire_part {
	const char *kind;
	const char *name;
	const char *state; /* host_state_name() */
	bool held;	   /* its mail is held; an address: it takes no new flows */
	const char *interface;
	const char *cause; /* of the last loss */
	json_int_t put_back;
	json_int_t age_sec;   /* since the last change */
	json_int_t again_sec; /* until the next try; -1: not given up */
};
json_t *wire_part_json(const struct wire_part *source);
void wire_part_read(const json_t *document, struct wire_part *ret);
/* Is the part as it should be? */
bool wire_part_is_well(const struct wire_part *part);

struct wire_guard {
	bool running;
	const char *since;
};
json_t *wire_guard_json(const struct wire_guard *source);
void wire_guard_read(const json_t *document, struct wire_guard *ret);

/* What was kept on the host since the hold was made. */
struct wire_hold {
	bool host; /* no datapath: all connections to steered ports are refused */
	json_int_t connections;
	json_int_t packets;
	json_int_t forwarded;
};
json_t *wire_hold_json(const struct wire_hold *source);
void wire_hold_read(const json_t *document, struct wire_hold *ret);

struct wire_status {
	const char *version;
	json_t *datapath; /* struct wire_datapath */
	json_t *guard;	  /* struct wire_guard; NULL: none has run */
	json_t *hold;	  /* struct wire_hold; NULL: there is none */
	json_t *host;	  /* of struct wire_part */
	json_t *agent;	  /* struct wire_agent */
	json_t *milter;	  /* NULL: no milter is expected */
	json_t *pools;	  /* of struct wire_pool */
};
json_t *wire_status_json(const struct wire_status *source);
void wire_status_read(const json_t *document, struct wire_status *ret);

/* The document of an agent that does not answer. */
json_t *wire_agent_away_json(bool hangs);
/*
 * The status of a host where nothing is up, by version, guard, hold and milter of `known`, which it
 * consumes.
 */
json_t *wire_status_down_json(const struct wire_status *known);
