/* SPDX-License-Identifier: BSD-2-Clause */
/* Replies of real servers, with other addresses: which say that a recipient is unknown? */
#include "mail/phrases.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

Test(mail_phrases, servers_say_in_many_words_that_a_recipient_is_unknown)
{
	static const char *const replies[] = {
		/* Postfix, sendmail, Exim, Courier, qmail, OpenSMTPD, Haraka */
		"<a@b>: Recipient address rejected: User unknown in virtual mailbox table",
		"<a@b>: Recipient address rejected: Undeliverable address: host mx said no",
		"<a@b>... User unknown",
		"Unknown user",
		"no such address here",
		"User <a@b> unknown",
		"sorry, no mailbox here by that name (#5.1.1 - chkusr)",
		"Invalid recipient: a@b",
		/* Exchange, Microsoft 365, Lotus, Google, Yahoo, AOL */
		"RESOLVER.ADR.RecipNotFound; not found",
		"RESOLVER.ADR.ExRecipNotFound; not found",
		"The recipient name is not recognized",
		"Requested action not taken: mailbox unavailable",
		"a@b... No such user",
		"User a not listed in Domino Directory",
		"User  not listed in\tpublic Name & Address Book",
		"The email account that you tried to reach does not exist. Please try",
		"delivery error: dd This user doesn't have a yahoo.com account (a@b) [0]",
		"MAILBOX NOT FOUND",
		/* mail.ru, Yandex, Comcast, IMail, CommuniGate, Orange, Laposte, T-Online, GMX */
		"Message was not accepted -- invalid mailbox. Local mailbox a@b is unavailable: "
		"user not found",
		"No such user!",
		"Not our Customer",
		"Invalid final delivery userid: a@b",
		"a unknown user account",
		"Adresse d au moins un destinataire invalide. Invalid recipient.",
		"Adresse destinataire invalide",
		"Benutzer unbekannt. Unknown user",
		"Unbekannter Empf\xc3\xa4nger",
		"utilisateur inconnu",
		"usuario desconocido",
		"utente sconosciuto",
		/* Domino in Japanese: UTF-8 and ISO-2022-JP */
		"a@b \xe3\x81\xaf\xe8\xa6\x8b\xe3\x81\xa4\xe3\x81\x8b\xe3\x82\x8a\xe3\x81\xbe"
		"\xe3\x81\x9b\xe3\x82\x93",
		"\x1b$B%G%#%l%/%H%j$K$O8+$D$+$j$^$;$s\x1b(B",
		"\x1b$B%j%9%H$K$\"$j$^$;$s\x1b(B",
	};

	for (size_t i = 0; i < COUNT(replies); i++)
		cr_expect(phrases_say_unknown(replies[i]), "%s", replies[i]);
}

Test(mail_phrases, other_words_do_not_say_so)
{
	static const char *const replies[] = {
		"",
		"<user unknown@b>: Service unavailable",
		"your user profile is unknown to us",
		"superuser unknown",
		"Message content rejected",
		"Host or domain name not found",
		"<a@b>: Relay access denied",
		"Mailbox full",
		"Greylisted, try again later",
	};

	for (size_t i = 0; i < COUNT(replies); i++)
		cr_expect_not(phrases_say_unknown(replies[i]), "%s", replies[i]);
}

Test(mail_phrases, another_cause_is_told_apart)
{
	static const char *const replies[] = {
		"Sender verify failed",
		"<a@b>: Sender address rejected: User unknown",
		"198.51.100.2 has sent to too many recipients this hour",
		"host/domain does not accept mail",
		"a@b: Mailbox full",
		"The email account that you tried to reach is disabled",
		"blocked using a blacklist",
	};

	for (size_t i = 0; i < COUNT(replies); i++)
		cr_expect(phrases_say_other(replies[i]), "%s", replies[i]);
	cr_expect_not(phrases_say_other("User unknown"));
}

Test(mail_phrases, a_long_text_is_cut)
{
	char text[4096];

	memset(text, 'x', sizeof(text));
	memcpy(text, "user unknown ", 13);
	text[sizeof(text) - 1] = '\0';
	cr_expect(phrases_say_unknown(text));
	memcpy(text, "xxxx", 4);
	memcpy(text + 2000, " user unknown ", 14);
	cr_expect_not(phrases_say_unknown(text));
}
