/* SPDX-License-Identifier: BSD-2-Clause */
/* What fuzzing our parsers found worth keeping. */
#include <criterion/criterion.h>

#include "base/error.h"
#include "fuzz/corpus.h"
#include "fuzz/mail_parsers.h"
#include "fuzz/parsers.h"

TestSuite(fuzz_parsers, .init = parsers_open, .fini = parsers_close, .timeout = 120);

Test(fuzz_parsers, the_corpus_of_configurations_loads_or_is_refused_with_words)
{
	cr_assert_gt(corpus_replay("config", parsers_config), 0);
}

Test(fuzz_parsers, the_corpus_of_requests_is_answered)
{
	cr_assert_gt(corpus_replay("api", parsers_api), 0);
}

Test(fuzz_parsers, the_corpus_of_socketmap_requests_is_answered)
{
	cr_assert_gt(corpus_replay("socketmap", parsers_socketmap), 0);
}

Test(fuzz_parsers, the_corpus_of_journals_is_written_as_it_was_read)
{
	cr_assert_gt(corpus_replay("journal", parsers_journal), 0);
}

Test(fuzz_parsers, the_corpus_of_documents_prints_without_control_characters)
{
	cr_assert_gt(corpus_replay("document", parsers_document), 0);
}

TestSuite(fuzz_parsers_mail, .timeout = 60);

Test(fuzz_parsers_mail, the_corpus_of_messages_says_the_same_wherever_it_is_cut)
{
	cr_assert_gt(corpus_replay("message", mail_parsers_message), 0);
}

Test(fuzz_parsers_mail, the_corpus_of_authentication_results_is_read_as_it_is_trusted)
{
	cr_assert_gt(corpus_replay("authres", mail_parsers_authres), 0);
}

Test(fuzz_parsers_mail, the_corpus_of_mailboxes_has_keys)
{
	cr_assert_gt(corpus_replay("mailbox", mail_parsers_mailbox), 0);
}

Test(fuzz_parsers_mail, the_corpus_of_milter_packets_is_the_same_wherever_it_is_cut)
{
	cr_assert_gt(corpus_replay("milter", mail_parsers_milter), 0);
}
