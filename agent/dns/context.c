/* SPDX-License-Identifier: BSD-2-Clause */
/* Options, resolvers, and the zones that libunbound would answer itself. */
#include "dns/context.h"

#include <errno.h>
#include <stdbool.h>
#include <unbound.h>

#include "base/error.h"
#include "config/config.h"
#include "dns/resolv_conf.h"

static int set_options(struct ub_ctx *context, struct error *error)
{
	static const struct {
		const char *name, *value;
	} options[] = {
		{"module-config:", "iterator"},	   /* validating is the resolver's task */
		{"do-not-query-localhost:", "no"}, /* a resolver is often on this host */
		/* More sockets and queries than three for each of MAILDNS_ASKED_MAX domains. */
		{"outgoing-range:", "2048"},
		{"num-queries-per-thread:", "2048"},
		/* Retry a resolver that was down after seconds, not minutes. */
		{"infra-host-ttl:", "10"},
		{"infra-keep-probing:", "yes"},
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		int code = ub_ctx_set_option(context, options[i].name, options[i].value);

		if (code)
			return error_set(error, -EINVAL, "libunbound: option '%s': %s",
					 options[i].name, ub_strerror(code));
	}
	return 0;
}

static int set_resolver(struct ub_ctx *context, const char *resolver, struct error *error)
{
	int code = ub_ctx_set_fwd(context, resolver);

	return code ? error_set(error, -EINVAL, "resolver '%s': %s", resolver, ub_strerror(code))
		    : 0;
}

/* Without one, the resolver is on this host (resolv.conf(5)). */
static int set_hosts_resolvers(struct ub_ctx *context, const struct resolv_conf *file,
			       struct error *error)
{
	bool any = false;
	int r = 0;

	for (unsigned i = 0; r == 0 && i < file->count; i++) {
		if (!*file->servers[i].text)
			continue;
		r = set_resolver(context, file->servers[i].text, error);
		any = true;
	}
	return any ? r : set_resolver(context, "127.0.0.1", error);
}

static int set_resolvers(struct ub_ctx *context, const struct config_texts *resolvers,
			 const struct resolv_conf *file, struct error *error)
{
	int r = 0;

	if (resolvers->count == 0)
		return set_hosts_resolvers(context, file, error);
	for (size_t i = 0; r == 0 && i < resolvers->count; i++)
		r = set_resolver(context, resolvers->texts[i], error);
	return r;
}

/* libunbound would answer for these zones itself. After this call it takes no more options. */
static int remove_own_names(struct ub_ctx *context, struct error *error)
{
	static const char *const zones[] = {"localhost.", "test.", "home.arpa."};

	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		int code = ub_ctx_zone_remove(context, zones[i]);

		if (code)
			return error_set(error, -ENOMEM, "libunbound: zone '%s': %s", zones[i],
					 ub_strerror(code));
	}
	return 0;
}

static int create(const struct config_mail *config, const struct resolv_conf *file,
		  struct ub_ctx **ret_context, struct error *error)
{
	struct ub_ctx *context = ub_ctx_create();
	int r;

	if (!context)
		return error_set(error, -ENOMEM, "libunbound: cannot be started");
	r = set_options(context, error);
	if (r == 0)
		r = set_resolvers(context, &config->resolver, file, error);
	/* A thread for its queries, not a process. */
	if (r == 0 && ub_ctx_async(context, 1) != 0)
		r = error_set(error, -ENOMEM, "libunbound: cannot be given a thread");
	if (r == 0)
		r = remove_own_names(context, error);
	if (r < 0) {
		ub_ctx_delete(context);
		return r;
	}
	*ret_context = context;
	return 0;
}

int context_open(const struct config_mail *config, const struct resolv_conf *file,
		 struct event_base *base, event_callback_fn on_results, void *data,
		 struct context *ret_context, struct error *error)
{
	struct context context = {.unbound = NULL};
	int r = create(config, file, &context.unbound, error);

	if (r < 0)
		return r;
	context.results =
		event_new(base, ub_fd(context.unbound), EV_READ | EV_PERSIST, on_results, data);
	if (!context.results || event_add(context.results, NULL) < 0) {
		context_close(&context);
		return error_set(error, -ENOMEM, "out of memory");
	}
	*ret_context = context;
	return 0;
}

void context_close(struct context *context)
{
	if (context->results)
		event_free(context->results);
	ub_ctx_delete(context->unbound);
}
