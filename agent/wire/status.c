/* SPDX-License-Identifier: BSD-2-Clause */
/* Members in the order in which they are printed. */
#include "wire/status.h"

#include <string.h>

#include "wire/json_fields.h"

#define COUNT(fields) (sizeof(fields) / sizeof((fields)[0]))

#define ROW(type, member) JSON_FIELD(type, wire_interface, member)
static const struct json_field interface_fields[] = {
	ROW(FIELD_STRING, name),
	ROW(FIELD_STRING, egress),
	ROW(FIELD_STRING, ingress),
};
#undef ROW

json_t *wire_interface_json(const struct wire_interface *source)
{
	return json_fields_print(interface_fields, COUNT(interface_fields), source);
}

void wire_interface_read(const json_t *document, struct wire_interface *ret)
{
	json_fields_scan(document, interface_fields, COUNT(interface_fields), ret);
}

#define ROW(type, member) JSON_FIELD(type, wire_datapath, member)
static const struct json_field datapath_fields[] = {
	ROW(FIELD_BOOLEAN, attached),	   ROW(FIELD_BOOLEAN, held),
	ROW(FIELD_ARRAY, interfaces),	   ROW(FIELD_INTEGER, flows),
	ROW(FIELD_INTEGER, flows_max),	   ROW(FIELD_OBJECT, counters),
	ROW(FIELD_ARRAY, cgroups_missing),
};
#undef ROW

json_t *wire_datapath_json(const struct wire_datapath *source)
{
	return json_fields_print(datapath_fields, COUNT(datapath_fields), source);
}

void wire_datapath_read(const json_t *document, struct wire_datapath *ret)
{
	json_fields_scan(document, datapath_fields, COUNT(datapath_fields), ret);
}

#define ROW(type, member) JSON_FIELD(type, wire_recent, member)
static const struct json_field recent_fields[] = {
	ROW(FIELD_STRING, what),   ROW(FIELD_STRING, text),	ROW(FIELD_STRING, sender),
	ROW(FIELD_STRING, pool),   ROW(FIELD_STRING, source),	ROW(FIELD_STRING, destination),
	ROW(FIELD_INTEGER, count), ROW(FIELD_INTEGER, age_sec),
};
#undef ROW

json_t *wire_recent_json(const struct wire_recent *source)
{
	return json_fields_print(recent_fields, COUNT(recent_fields), source);
}

void wire_recent_read(const json_t *document, struct wire_recent *ret)
{
	json_fields_scan(document, recent_fields, COUNT(recent_fields), ret);
}

#define ROW(type, member) JSON_FIELD(type, wire_agent, member)
static const struct json_field agent_fields[] = {
	ROW(FIELD_BOOLEAN, running),
	ROW(FIELD_BOOLEAN, hangs),
	ROW(FIELD_INTEGER, pid),
	ROW(FIELD_STRING, user),
	ROW(FIELD_INTEGER, uptime_sec),
	ROW(FIELD_STRING, state),
	ROW(FIELD_STRING, mail_dns_unknown_since),
	ROW(FIELD_ARRAY, errors),
};
#undef ROW

json_t *wire_agent_json(const struct wire_agent *source)
{
	return json_fields_print(agent_fields, COUNT(agent_fields), source);
}

void wire_agent_read(const json_t *document, struct wire_agent *ret)
{
	json_fields_scan(document, agent_fields, COUNT(agent_fields), ret);
}

#define ROW(type, member) JSON_FIELD(type, wire_milter, member)
static const struct json_field milter_fields[] = {
	ROW(FIELD_BOOLEAN, running),
	ROW(FIELD_STRING, since),
};
#undef ROW

json_t *wire_milter_json(const struct wire_milter *source)
{
	return json_fields_print(milter_fields, COUNT(milter_fields), source);
}

void wire_milter_read(const json_t *document, struct wire_milter *ret)
{
	json_fields_scan(document, milter_fields, COUNT(milter_fields), ret);
}

#define ROW(type, member) JSON_FIELD(type, wire_part, member)
static const struct json_field part_fields[] = {
	ROW(FIELD_STRING, kind),      ROW(FIELD_STRING, name),	    ROW(FIELD_STRING, state),
	ROW(FIELD_BOOLEAN, held),     ROW(FIELD_STRING, interface), ROW(FIELD_STRING, cause),
	ROW(FIELD_INTEGER, put_back), ROW(FIELD_INTEGER, age_sec),  ROW(FIELD_MAYBE, again_sec),
};
#undef ROW

json_t *wire_part_json(const struct wire_part *source)
{
	return json_fields_print(part_fields, COUNT(part_fields), source);
}

void wire_part_read(const json_t *document, struct wire_part *ret)
{
	json_fields_scan(document, part_fields, COUNT(part_fields), ret);
}

bool wire_part_is_well(const struct wire_part *part)
{
	return part->state &&
	       (strcmp(part->state, "present") == 0 || strcmp(part->state, "leaving") == 0);
}

#define ROW(type, member) JSON_FIELD(type, wire_guard, member)
static const struct json_field guard_fields[] = {
	ROW(FIELD_BOOLEAN, running),
	ROW(FIELD_STRING, since),
};
#undef ROW

json_t *wire_guard_json(const struct wire_guard *source)
{
	return json_fields_print(guard_fields, COUNT(guard_fields), source);
}

void wire_guard_read(const json_t *document, struct wire_guard *ret)
{
	json_fields_scan(document, guard_fields, COUNT(guard_fields), ret);
}

#define ROW(type, member) JSON_FIELD(type, wire_hold, member)
static const struct json_field hold_fields[] = {
	ROW(FIELD_BOOLEAN, host),
	ROW(FIELD_INTEGER, connections),
	ROW(FIELD_INTEGER, packets),
	ROW(FIELD_INTEGER, forwarded),
};
#undef ROW

json_t *wire_hold_json(const struct wire_hold *source)
{
	return json_fields_print(hold_fields, COUNT(hold_fields), source);
}

void wire_hold_read(const json_t *document, struct wire_hold *ret)
{
	json_fields_scan(document, hold_fields, COUNT(hold_fields), ret);
}

#define ROW(type, member) JSON_FIELD(type, wire_status, member)
static const struct json_field status_fields[] = {
	ROW(FIELD_STRING, version), ROW(FIELD_OBJECT, datapath), ROW(FIELD_OBJECT, guard),
	ROW(FIELD_OBJECT, hold),    ROW(FIELD_ARRAY, host),	 ROW(FIELD_OBJECT, agent),
	ROW(FIELD_OBJECT, milter),  ROW(FIELD_ARRAY, pools),
};
#undef ROW

json_t *wire_status_json(const struct wire_status *source)
{
	return json_fields_print(status_fields, COUNT(status_fields), source);
}

void wire_status_read(const json_t *document, struct wire_status *ret)
{
	json_fields_scan(document, status_fields, COUNT(status_fields), ret);
}

json_t *wire_agent_away_json(bool hangs)
{
	return json_pack("{s:b, s:b}", "running", (int)hangs, "hangs", (int)hangs);
}

json_t *wire_status_down_json(const struct wire_status *known)
{
	return wire_status_json(&(struct wire_status){
		.version = known->version,
		.datapath = json_pack("{s:b}", "attached", 0),
		.guard = known->guard,
		.hold = known->hold,
		.host = json_array(),
		.agent = wire_agent_away_json(false),
		.milter = known->milter,
		.pools = json_array(),
	});
}
