// SPDX-License-Identifier: BSD-2-Clause
// What fuzzing our parsers found worth keeping.
#include <criterion/criterion.h>

#include "base/error.h"
#include "fuzz/corpus.h"
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

Test(fuzz_parsers, the_corpus_of_journals_is_written_as_it_was_read)
{
	cr_assert_gt(corpus_replay("journal", parsers_journal), 0);
}
