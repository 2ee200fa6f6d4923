/* SPDX-License-Identifier: BSD-2-Clause */
/* Collects; what it means is for end_of_message.c. */
#include "milter/session.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/config.h"
#include "mail/utf8.h"
#include "mail/mailbox.h"
#include "mail/message.h"
#include "milter/milter.h"
#include "milter/end_of_message.h"
#include "policy/identity.h"

/* libmilter hands no pointer of ours to its callbacks, but for the connection's. */
static struct session_shared *shared;

/* Whoever is in a callback holds it for reading. For the end of the process it is taken for good. */
static pthread_rwlock_t gate = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;

/* NULL: nothing may be used any more, or there was no memory; nothing to leave then. */
static struct session *enter(SMFICTX *ctx)
{
	struct session *session;

	if (pthread_rwlock_tryrdlock(&gate) != 0)
		return NULL;
	session = smfi_getpriv(ctx);
	if (!session)
		pthread_rwlock_unlock(&gate);
	return session;
}

static void leave(void)
{
	pthread_rwlock_unlock(&gate);
}

static void reset(struct transaction *transaction)
{
	message_free(transaction->message);
	forged_done(&transaction->forged);
	settings_put(&shared->settings, transaction->settings);
	memset(transaction, 0, sizeof(*transaction));
}

/* ---- the connection */

static struct session *make(SMFICTX *ctx, bool can_skip)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->can_skip = can_skip;
	smfi_setpriv(ctx, session);
	return session;
}

/*
 * Nothing is answered before the end of the message; libmilter answers for us where an MTA insists. SKIP
 * is the only thing asked for that an old MTA may lack.
 */
static sfsistat on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
			     unsigned long unused2, unsigned long unused3,
			     unsigned long *ret_actions, unsigned long *ret_steps,
			     unsigned long *ret_unused2, unsigned long *ret_unused3)
{
	(void)actions, (void)unused2, (void)unused3;
	*ret_actions = SMFIF_ADDHDRS | SMFIF_CHGHDRS;
	*ret_steps = SMFIP_NOHELO | SMFIP_NOUNKNOWN | SMFIP_NODATA | SMFIP_NR_CONN | SMFIP_NR_MAIL |
		     SMFIP_NR_RCPT | SMFIP_NR_HDR | SMFIP_NR_EOH | (steps & SMFIP_SKIP);
	*ret_unused2 = *ret_unused3 = 0;
	make(ctx, steps & SMFIP_SKIP);
	return SMFIS_CONTINUE;
}

static bool take_address(const struct sockaddr *from, struct address *ret_address)
{
	static const uint8_t mapped[12] = {[10] = 0xff, 0xff};

	if (from && from->sa_family == AF_INET) {
		memcpy(ret_address->bytes, mapped, sizeof(mapped));
		memcpy(ret_address->bytes + sizeof(mapped),
		       &((const struct sockaddr_in *)from)->sin_addr, 4);
		return true;
	}
	if (from && from->sa_family == AF_INET6) {
		memcpy(ret_address->bytes, &((const struct sockaddr_in6 *)from)->sin6_addr, 16);
		return true;
	}
	return false;
}

/* The datapath does not see who brings mail in; as there, the longest prefix wins. NULL: nobody. */
static const char *find_sender(const struct config *config, const struct address *client)
{
	const char *name = NULL;
	unsigned longest = 0;

	for (size_t i = 0; i < config->n_senders; i++) {
		const struct config_sender *sender = &config->senders[i];

		for (size_t j = 0; j < sender->n_selectors; j++) {
			const struct config_selector *selector = &sender->selectors[j];

			if (selector->kind != CONFIG_SELECTOR_SOURCE ||
			    (name && selector->prefix.length <= longest) ||
			    !prefix_contains(&selector->prefix, client))
				continue;
			name = sender->name;
			longest = selector->prefix.length;
		}
	}
	return name;
}

static sfsistat on_connect(SMFICTX *ctx, char *host, _SOCK_ADDR *from)
{
	struct session *session;

	(void)host;
	/* After QUIT_NC the next connection begins without negotiation. */
	if (!smfi_getpriv(ctx))
		make(ctx, false);
	session = enter(ctx);
	if (!session)
		return SMFIS_NOREPLY;
	if (take_address((const struct sockaddr *)from, &session->address))
		address_format(&session->address, session->client);
	leave();
	return SMFIS_NOREPLY;
}

static sfsistat on_close(SMFICTX *ctx)
{
	struct session *session = enter(ctx);

	if (!session)
		return SMFIS_CONTINUE;
	reset(&session->transaction);
	smfi_setpriv(ctx, NULL);
	free(session);
	leave();
	return SMFIS_CONTINUE;
}

/* ---- the message */

/* Where there is no memory the end of the message defers it. */
static void begin(const struct session *session, struct transaction *transaction)
{
	struct settings *settings = settings_get(&shared->settings);

	if (message_new(&settings->config->mail, &transaction->message) < 0) {
		transaction->message = NULL;
		settings_put(&shared->settings, settings);
		return;
	}
	transaction->settings = settings;
	if (session->client[0])
		transaction->sender = find_sender(settings->config, &session->address);
}

static sfsistat on_mail(SMFICTX *ctx, char **arguments)
{
	struct session *session = enter(ctx);
	struct transaction *transaction;
	const char *user;

	if (!session)
		return SMFIS_NOREPLY;
	transaction = &session->transaction;
	reset(transaction);
	mailbox_parse(arguments[0], transaction->envelope_from);
	user = smfi_getsymval(ctx, "{auth_authen}");
	if (user)
		clean_text(user, strlen(user), transaction->user, sizeof(transaction->user));
	begin(session, transaction);
	leave();
	return SMFIS_NOREPLY;
}

/* Who has no domain is on this host. */
static void count_recipient(struct transaction *transaction, const char *path)
{
	char recipient[POLICY_NAME_SIZE];
	const char *domain;

	mailbox_parse(path, recipient);
	domain = mailbox_domain(recipient);
	if (!domain || identity_matches(&transaction->settings->config->internal_domains, domain))
		transaction->recipients_internal++;
	else
		transaction->recipients_external++;
}

static sfsistat on_rcpt(SMFICTX *ctx, char **arguments)
{
	struct session *session = enter(ctx);

	if (!session)
		return SMFIS_NOREPLY;
	if (session->transaction.message)
		count_recipient(&session->transaction, arguments[0]);
	leave();
	return SMFIS_NOREPLY;
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
	struct session *session = enter(ctx);

	if (!session)
		return SMFIS_NOREPLY;
	if (session->transaction.message)
		message_header(session->transaction.message, name, value);
	forged_add(&session->transaction.forged, name);
	leave();
	return SMFIS_NOREPLY;
}

static sfsistat on_end_of_headers(SMFICTX *ctx)
{
	struct session *session = enter(ctx);
	struct transaction *transaction;

	if (!session)
		return SMFIS_NOREPLY;
	transaction = &session->transaction;
	transaction->wants_body = transaction->message && message_wants_body(transaction->message);
	leave();
	return SMFIS_NOREPLY;
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *bytes, size_t size)
{
	struct session *session = enter(ctx);
	struct transaction *transaction;
	sfsistat status;

	if (!session)
		return SMFIS_CONTINUE;
	transaction = &session->transaction;
	if (transaction->wants_body)
		transaction->wants_body = message_body(transaction->message, bytes, size);
	status = !transaction->wants_body && session->can_skip ? SMFIS_SKIP : SMFIS_CONTINUE;
	leave();
	return status;
}

static sfsistat on_end_of_message(SMFICTX *ctx)
{
	struct session *session = enter(ctx);
	sfsistat status;

	if (!session)
		return SMFIS_TEMPFAIL;
	status = verdict_give(ctx, shared, session);
	reset(&session->transaction);
	leave();
	return status;
}

static sfsistat on_abort(SMFICTX *ctx)
{
	struct session *session = enter(ctx);

	if (session) {
		reset(&session->transaction);
		leave();
	}
	return SMFIS_CONTINUE;
}

/* ---- all of them */

struct smfiDesc session_callbacks(struct session_shared *for_all)
{
	static char name[] = "postern";

	shared = for_all;
	return (struct smfiDesc){
		.xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS,
		.xxfi_negotiate = on_negotiate,
		.xxfi_connect = on_connect,
		.xxfi_envfrom = on_mail,
		.xxfi_envrcpt = on_rcpt,
		.xxfi_header = on_header,
		.xxfi_eoh = on_end_of_headers,
		.xxfi_body = on_body,
		.xxfi_eom = on_end_of_message,
		.xxfi_abort = on_abort,
		.xxfi_close = on_close,
	};
}

bool session_end(unsigned wait_sec)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += wait_sec;
	return pthread_rwlock_clockwrlock(&gate, CLOCK_MONOTONIC, &until) == 0;
}
