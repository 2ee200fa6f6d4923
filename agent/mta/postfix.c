/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints Postfix configuration: master.cf(5), postconf(5). Installing it is left to people. */
#include "mta/postfix.h"

#include <errno.h>
#include <stdbool.h>

#include "config/config.h"

/* What a lane binds to. NULL: the pool does not do that family. */
struct lane {
	const struct config_address *ipv4;
	const struct config_address *ipv6;
};

/* The datapath follows when_empty per family, also where a pool has no address of it at all. */
static bool has_way_out(const struct config_pool *pool, bool ipv4)
{
	for (; pool; pool = pool->when_empty)
		for (size_t i = 0; i < pool->n_addresses; i++)
			if (address_is_ipv4(&pool->addresses[i].address) == ipv4)
				return true;
	return false;
}

static const struct config_address *find_handle(const struct config_pool *pool, bool ipv4)
{
	if (!has_way_out(pool, ipv4))
		return NULL;
	for (size_t i = 0; i < pool->n_handles; i++)
		if (address_is_ipv4(&pool->handles[i].address) == ipv4)
			return &pool->handles[i];
	return NULL;
}

static struct lane find_lane(const struct config_pool *pool)
{
	return (struct lane){find_handle(pool, true), find_handle(pool, false)};
}

static bool has_lane(const struct config_pool *pool)
{
	struct lane lane = find_lane(pool);

	return lane.ipv4 || lane.ipv6;
}

/*
 * smtp(8) looks up all of inet_interfaces in the family that is left and ends if one is not found
 * (127.0.0.1 of a lane that does IPv6 only): so the lane's address stands there instead.
 */
static void print_single_family(const struct lane *lane, FILE *out)
{
	const struct config_address *handle = lane->ipv4 ? lane->ipv4 : lane->ipv6;
	char text[ADDRESS_TEXT_SIZE];

	fprintf(out, "  -o inet_protocols=%s\n", lane->ipv4 ? "ipv4" : "ipv6");
	fprintf(out, "  -o inet_interfaces=%s\n", address_format(&handle->address, text));
}

static void print_lane(const struct config_pool *pool, FILE *out)
{
	struct lane lane = find_lane(pool);
	char text[ADDRESS_TEXT_SIZE];

	fprintf(out, "postern-%s unix - - n - - smtp\n", pool->name);
	if (lane.ipv4)
		fprintf(out, "  -o smtp_bind_address=%s\n",
			address_format(&lane.ipv4->address, text));
	if (lane.ipv6)
		fprintf(out, "  -o smtp_bind_address6=%s\n",
			address_format(&lane.ipv6->address, text));
	if (!lane.ipv4 || !lane.ipv6)
		print_single_family(&lane, out);
	/* Without it a bind that fails is a warning, and the mail leaves by any pool. */
	fprintf(out, "  -o smtp_bind_address_enforce=yes\n");
	if (pool->helo)
		fprintf(out, "  -o smtp_helo_name=%s\n", pool->helo);
	fprintf(out, "  -o syslog_name=postfix/postern-%s\n", pool->name);
}

static void print_master(const struct config *config, FILE *out)
{
	fprintf(out, "# Postern: one lane for each pool; smtp_bind_address_enforce needs Postfix "
		     "3.7.\n");
	for (size_t i = 0; i < config->n_pools; i++) {
		const struct config_pool *pool = &config->pools[i];

		if (has_lane(pool))
			print_lane(pool, out);
		else
			fprintf(out,
				"# No lane for pool %s: it has no handle of a family that it has "
				"addresses of.\n",
				pool->name);
	}
}

static void print_default(const struct config_pool *normal, FILE *out)
{
	if (!has_lane(normal)) {
		fprintf(out, "# Pool %s has no lane: default_transport stays what it is.\n",
			normal->name);
		return;
	}
	fprintf(out,
		"# Mail to other hosts takes the lane of pool %s. A relayhost stays the next hop;\n"
		"# transport_maps and relay_transport (for relay_domains) go their own ways.\n"
		"default_transport = postern-%s:\n",
		normal->name, normal->name);
}

static void print_high_risk(const struct config_pool *high_risk, FILE *out)
{
	const char *name = high_risk->name;

	if (!has_lane(high_risk)) {
		fprintf(out, "# Pool %s has no lane: bounces go with everything else.\n", name);
		return;
	}
	fprintf(out,
		"# Bounces (<> is the null sender) take the lane of pool %s. Other senders by "
		"address\n"
		"# or @domain; where the parameter is set already, add to it what stands here:\n"
		"# sender_dependent_default_transport_maps = inline:{ { <> = postern-%s: }, "
		"{ @news.example.net = postern-%s: } }\n"
		"sender_dependent_default_transport_maps = inline:{ { <> = postern-%s: } }\n",
		name, name, name, name);
}

static void print_main(const struct config *config, FILE *out)
{
	fprintf(out, "# Postern: which mail takes which lane.\n");
	print_default(&config->pools[0], out);
	print_high_risk(&config->pools[1], out);
}

int postfix_print(const struct config *config, enum postfix_part part, FILE *out)
{
	if (part == POSTFIX_ALL)
		fprintf(out, "# ---- to be appended to master.cf (postern mta postfix master)\n\n");
	if (part != POSTFIX_MAIN)
		print_master(config, out);
	if (part == POSTFIX_ALL)
		fprintf(out, "\n# ---- to be appended to main.cf (postern mta postfix main)\n\n");
	if (part != POSTFIX_MASTER)
		print_main(config, out);
	return fflush(out) == 0 && !ferror(out) ? 0 : -EIO;
}
