/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ACL part: facts as JSON, the question, the answer. What depends on the configuration is in macros.
 *
 * Two things about Exim make it longer. It has no operator that quotes for JSON. And its JSON parser
 * splits at commas and braces inside of strings, too: so a string of the answer that has such
 * characters (a Message-ID comes back in it) becomes "?" before it is looked into.
 */
#include "mta/exim.h"

static const char head[] =
	"# Postern: asks the agent about each message, once. $acl_m_postern_lane stays with the "
	"message.\n"
	"# Exim's user must be allowed to connect to the socket: adduser Debian-exim postern\n"
	"#\n"
	"# Not asked about: message bodies, and SPF and DKIM results. A scanner's marks are seen\n"
	"# where it, or the ACL before this, adds headers; or set acl_m_postern_spam = true.\n"
	"\n";

static const char quoting[] =
	"# The inside of a JSON string: '?' for control characters and for what is no UTF-8 (RFC "
	"3629),\n"
	"# then a backslash before quotes and backslashes.\n"
	"postern_text:\n"
	"  accept message = ${sg{${sg{$acl_arg1}{\\N(?:[\\xC2-\\xDF][\\x80-\\xBF]|\\\n"
	"    \\xE0[\\xA0-\\xBF][\\x80-\\xBF]|[\\xE1-\\xEC\\xEE\\xEF][\\x80-\\xBF]{2}|\\\n"
	"    \\xED[\\x80-\\x9F][\\x80-\\xBF]|\\xF0[\\x90-\\xBF][\\x80-\\xBF]{2}|\\\n"
	"    [\\xF1-\\xF3][\\x80-\\xBF]{3}|\\xF4[\\x80-\\x8F][\\x80-\\xBF]{2})(*SKIP)(*F)|\\\n"
	"    [\\x00-\\x1F\\x7F-\\xFF]\\N}{?}}}{\\N[\"\\\\]\\N}{\\N\\\\$0\\N}}\n"
	"\n";

static const char local[] =
	"# Mail of this host's programs (acl_not_smtp). They would not come again, so it is never "
	"put\n"
	"# off for want of an answer: it waits in the queue instead.\n"
	"postern_local:\n"
	"  warn    set acl_m_postern_local = true\n"
	"  require acl = postern\n"
	"  accept\n"
	"\n";

static const char known[] =
	"postern:\n"
	"  # What is known. Exim skips the statement whose name server fails: then it stays "
	"unknown.\n"
	"  warn    set acl_m_postern_dns = unknown\n"
	"          set acl_m_postern_domain = ${if "
	"match{$sender_address_domain}{\\N^[A-Za-z0-9_.-]+$\\N}{$sender_address_domain}}\n"
	"  warn    condition = ${if def:acl_m_postern_domain}\n"
	"          set acl_m_postern_dns = ${if POSTERN_RESOLVES{present}{absent}}\n"
	"  warn    condition = ${if POSTERN_MARKED}\n"
	"          set acl_m_postern_spam = true\n"
	"  warn    set acl_m_postern_bounce = ${if or{{eq{$sender_address}{}}\\\n"
	"            {match{$rh_Content-Type:}{\\N(?is)^\\s*multipart/"
	"report\\b.*report-type\\s*=\\s*\"?delivery-status\\N}}\\\n"
	"            {and{{match{$rh_From:}"
	"{\\N(?i)\\b(mailer-daemon|postmaster)(?:@|>?\\s*(?:[(,]|$))\\N}}\\\n"
	"                 {or{{def:h_X-Failed-Recipients:}"
	"{match{$rh_Auto-Submitted:}{\\N(?i)^\\s*auto-replied\\N}}}}}}\\\n"
	"            {and{{match{$rh_From:}{\\N(?i)\\bmailer-daemon(?:@|>?\\s*(?:[(,]|$))\\N}}\\\n"
	"                 {match{$rh_Auto-Submitted:}{\\N(?i)^\\s*auto-generated\\N}}}}}"
	"{true}{false}}\n"
	"          set acl_m_postern_automatic = ${if "
	"or{{match{$rh_Auto-Submitted:}{\\N(?i)^\\s*auto-replied\\N}}\\\n"
	"            {match{$rh_Content-Type:}{\\N(?is)^\\s*multipart/"
	"report\\b.*report-type\\s*=\\s*\"?disposition-notification\\N}}}{true}{false}}\n"
	"          # A quoted local part may have a comma in it, and $recipients is split at "
	"commas.\n"
	"          set acl_m_postern_internal = ${listcount:<, ${filter{<, "
	"${sg{$recipients}{\\N\"(?:[^\"\\\\]|\\\\.)*\"\\N}{}}}\\\n"
	"            {match{$item}{\\N(?i)@(?:POSTERN_OURS)$\\N}}}}\n"
	"          set acl_m_postern_id = "
	"${sg{$rh_Message-ID:}{\\N(?s)^\\s*<?([^\\s>]*).*$\\N}{\\$1}}\n"
	"\n";

static const char question[] =
	"  # The question. A message without a Message-ID is explained by Exim's own.\n"
	"  warn    set acl_m_postern_facts = {\\\n"
	"            \"message_id\":\"${acl{postern_text}{${length_998:"
	"${if def:acl_m_postern_id{$acl_m_postern_id}{$message_exim_id}}}}}\",\\\n"
	"            \"user\":\"${acl{postern_text}{${length_255:$authenticated_id}}}\",\\\n"
	"            \"envelope_from\":\"${acl{postern_text}{${length_255:$sender_address}}}\",\\\n"
	"            \"header_from\":\"${acl{postern_text}{${length_255:"
	"${sg{${addresses:$h_From:}}{\\N^((?:[^:]|::)*).*$\\N}{\\$1}}}}}\",\\\n"
	"            \"client\":\"$sender_host_address\",\\\n"
	"            \"recipients_external\":${eval:$recipients_count-$acl_m_postern_internal},\\\n"
	"            \"recipients_internal\":$acl_m_postern_internal,\\\n"
	"            \"bounce\":$acl_m_postern_bounce,\\\n"
	"            \"automatic\":$acl_m_postern_automatic,\\\n"
	"            \"spam\":${if def:acl_m_postern_spam{true}{false}},\\\n"
	"            \"mail_dns\":\"$acl_m_postern_dns\"}\n"
	"          set acl_m_postern_answer = ${readsocket{POSTERN_API}{\\\n"
	"            POST /v1/messages HTTP/1.0\\r\\n\\\n"
	"            Content-Length: ${strlen:$acl_m_postern_facts}\\r\\n\\r\\n\\\n"
	"            $acl_m_postern_facts}{POSTERN_PATIENCE:shutdown=no}{}{}}\n"
	"\n";

static const char answer[] =
	"  # The answer: an object, \"refused\", or nothing while the agent is away.\n"
	"  warn    set acl_m_postern_answer = ${if match{$acl_m_postern_answer}"
	"{\\N(?s)^HTTP/1\\.[01] 200 .*?\\r\\n\\r\\n(\\{.*\\})\\s*$\\N}\\\n"
	"            {${sg{$1}{\\N\"(?:[^\"\\\\\\]\\[{},:]*\"(*SKIP)(*F)|"
	"(?:[^\"\\\\]|\\\\.)*\")\\N}{\"?\"}}}\\\n"
	"            {${if match{$acl_m_postern_answer}{\\N^HTTP/1\\.[01] 4\\N}{refused}}}}\n"
	"\n"
	"  # Away, as on_agent_down says; what is high-risk anyway is so without an answer.\n"
	"  defer   condition = ${if and{{!def:acl_m_postern_answer}{eq{POSTERN_AWAY}{defer}}"
	"{!def:acl_m_postern_local}}}\n"
	"          message = 451 4.7.1 Outbound mail cannot be checked at the moment, try again "
	"later\n"
	"          log_message = postern: no answer from POSTERN_API\n"
	"  accept  condition = ${if and{{!def:acl_m_postern_answer}"
	"{!bool{$acl_m_postern_bounce}}{!def:acl_m_postern_spam}{!eq{$acl_m_postern_dns}"
	"{absent}}}}\n"
	"          logwrite = postern: no answer from POSTERN_API\n"
	"  accept  condition = ${if or{{!def:acl_m_postern_answer}"
	"{eq{$acl_m_postern_answer}{refused}}}}\n"
	"          set acl_m_postern_lane = POSTERN_RISKY\n"
	"          logwrite = postern: no decision, so $acl_m_postern_lane\n"
	"\n"
	"  # A decision.\n"
	"  warn    set acl_m_postern_action = ${extract json{action}{$acl_m_postern_answer}}\n"
	"          set acl_m_postern_status = "
	"${sg{${extract json{status}{$acl_m_postern_answer}}}{\"}{}}\n"
	"  deny    condition = ${if eq{$acl_m_postern_action}{\"reject\"}}\n"
	"          message = 550 $acl_m_postern_status Sending is blocked for this sender. Ask "
	"your postmaster\n"
	"  defer   condition = ${if eq{$acl_m_postern_action}{\"defer\"}}\n"
	"          message = 451 $acl_m_postern_status Mail of this sender is not taken at the "
	"moment, try again later\n"
	"  # A pool without a lane stands for itself; the routers say that it has none. Nothing: "
	"as "
	"Exim\n"
	"  # does without a decision.\n"
	"  accept  set acl_m_postern_lane = ${sg{${if "
	"eq{${extract json{lane}{$acl_m_postern_answer}}}{null}\\\n"
	"            {${extract json{pool}{$acl_m_postern_answer}}}"
	"{${extract json{lane}{$acl_m_postern_answer}}}}}{\\N^null$|\"\\N}{}}\n";

void exim_print_acl(FILE *out)
{
	const char *const texts[] = {head, quoting, local, known, question, answer};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		fputs(texts[i], out);
}
