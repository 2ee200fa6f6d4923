// SPDX-License-Identifier: BSD-2-Clause
// Postern for Haraka 3 (3.0.4 and later): asks the agent once about each message and binds its connections to the
// handle of the decision. Haraka opens a connection per delivery, so no connection is shared between lanes.
//
// Installation: this file goes into Haraka's plugins/, postern.ini into its config/, and the line "postern" into
// config/plugins, after the scanners and before every other plugin that chooses the next hop (hook_get_mx).
// Haraka's user must be in the group of the agent's socket. always_split works either way.
//
// The decision stays with the message in Haraka's queue; normal mail waits or leaves by high-risk if its sender was
// blocked, restricted or sent there meanwhile. If the agent was down, the message is asked about again at
// delivery. Without an answer, a message that is high-risk without a decision uses the lane [high_risk] of
// postern.ini, any other the lane [normal]. For a message older than this plugin, only the null sender is high-risk.
// The mail waits if that section is empty, or if the pool has no handle in a family of the receiving hosts.
//
// It judges as the milter does, but for the differences that postern(8) lists.
'use strict'

const dns = require('node:dns')
const http = require('node:http')
const net = require('node:net')
const { domainToASCII } = require('node:url')
const net_utils = require('haraka-net-utils')

const TEXT_MAX_BYTES = 255
const ID_MAX_BYTES = 998
const RECIPIENTS_MAX = 1000
const RSPAMD_SPAM = ['add header', 'rewrite subject', 'reject', 'quarantine', 'discard']

exports.register = function () {
    this.load_postern_ini()
    this.resolver = new dns.promises.Resolver({ timeout: this.cfg.main.dns_timeout_ms || 5000, tries: 1 })
}

function patterns(section) {
    return Object.entries(section || {}).map(([name, value]) => [
        name.toLowerCase(),
        new RegExp(`^\\s*(?:${value})(?![a-z0-9])`, 'i'),
    ])
}

exports.load_postern_ini = function () {
    const options = { booleans: ['-main.mail_dns_aaaa', '-main.mail_dns_null_mx'] }

    this.cfg = this.config.get('postern.ini', options, () => this.load_postern_ini())
    this.marks = patterns(this.cfg.marks)
    this.clean_marks = patterns(this.cfg.clean)
}

// ---- facts

// The agent accepts no control characters, no truncated characters, and at most so many bytes of UTF-8.
function clean(text, max_bytes) {
    const bytes = Buffer.from(String(text || ''), 'utf8')
    const cut = bytes.subarray(0, max_bytes).toString('utf8')
    // eslint-disable-next-line no-control-regex
    return (bytes.length > max_bytes ? cut.replace(/\uFFFD+$/, '') : cut).replace(/[\0-\x1f\x7f]/g, '?')
}

// This much is the same in all versions of Haraka. An address that is too long loses the end of its local part.
function mailbox(address) {
    const text = address.isNull() ? '' : address.format().replace(/^<|>$/g, '')
    const at = text.lastIndexOf('@')
    const domain = at < 0 ? '' : clean(text.slice(at), TEXT_MAX_BYTES - 1)

    return clean(at < 0 ? text : text.slice(0, at), TEXT_MAX_BYTES - Buffer.byteLength(domain)) + domain
}

function header(transaction, name) {
    return transaction.header.get_all(name).join('\n').replace(/\r?\n(?=[ \t])/g, '')
}

// The rules of postern(8), MILTER, but for the body's; agent/mta/exim/acl has the same.
const DAEMON = /\bmailer-daemon(?:@|\s*<>|>?\s*(?:[(,]|$))/i
const SYSTEM = /\b(?:mailer-daemon|postmaster)(?:@|\s*<>|>?\s*(?:[(,]|$))|^[^<@]*<\s*>/i
const NAMED = /^[\s"]*(?:mail delivery? s|mailer[ -]daemon|mail system)/i
const FAILS =
    /^\s*(?:\[postmaster\] )?(?:undeliver|delivery (?:fail|status|notification|error|report)|returned mail|failure notice|(?:e?mail|message) delivery|mail system error|message status|failed mail|non-?deliver|non remis|unzustellbar|nicht zustell|could not deliver)/i

// The type may be encoded, and come in pieces (RFC 2231).
function is_report(transaction, type) {
    const content = header(transaction, 'Content-Type').replace(
        /"?\s*;\s*report-type\*[1-9]\d*\*?\s*=\s*"?/gi,
        '',
    )
    const value = type.replace('-', '(?:-|%2d)')

    return new RegExp(
        `^\\s*multipart/report\\b.*\\breport-type[*0]*\\s*=\\s*"?(?:[^'";\\n]*'[^'\\n]*')?${value}`,
        'im',
    ).test(content)
}

function is_bounce(transaction) {
    const author = header(transaction, 'From').trim()
    const submitted = header(transaction, 'Auto-Submitted')
    // A complaint may quote the subject of the mail that it is about.
    const fails = FAILS.test(header(transaction, 'Subject')) && !is_report(transaction, '')

    return (
        transaction.mail_from.isNull() ||
        /^(?:mailer-daemon(?:@.*)?|#@\[\])$/i.test(mailbox(transaction.mail_from)) ||
        is_report(transaction, 'delivery-status') ||
        (fails && (SYSTEM.test(author) || NAMED.test(author))) ||
        (SYSTEM.test(author) &&
            (transaction.header.get_all('X-Failed-Recipients').length > 0 || /^\s*auto-replied/i.test(submitted))) ||
        (DAEMON.test(author) && /^\s*auto-generated/i.test(submitted))
    )
}

function is_automatic(transaction) {
    return (
        /^\s*auto-(?:replied|notified)\b/i.test(header(transaction, 'Auto-Submitted')) ||
        /^\s*mailbox rules agent\s*$/i.test(header(transaction, 'X-MS-Exchange-Generated-Message-Source')) ||
        /^\s*vacation\b/i.test(header(transaction, 'X-Apple-Action')) ||
        is_report(transaction, 'disposition-notification')
    )
}

// "name: value" of all headers, the topmost first.
function lines_of(transaction) {
    return transaction.header.header_list.map((line) => {
        const [, name, value] = /^([^:]*):?(.*)$/s.exec(line)

        return [name.trim().toLowerCase(), value.replace(/\s+/g, ' ')]
    })
}

// The last verdict in the headers, as postern.conf(5) says of spam_marks.
function is_marked(plugin, transaction) {
    const has = (marks, [name, value]) => marks.some(([header, mark]) => header === name && mark.test(value))
    const verdicts = lines_of(transaction).filter(
        (line) => has(plugin.marks, line) || has(plugin.clean_marks, line),
    )

    return verdicts.length > 0 && has(plugin.marks, verdicts[verdicts.length - 1])
}

// Haraka's own scanners may add no header: their results outweigh headers.
exports.is_spam = function (transaction) {
    const action = transaction.results?.get('rspamd')?.action
    const flag = transaction.results?.get('spamassassin')?.flag

    if (action || flag) return RSPAMD_SPAM.includes(action) || /^yes/i.test(flag || '')
    return is_marked(this, transaction)
}

// The records; null: not known (SERVFAIL, timeout).
async function records_of(query) {
    try {
        return await query
    } catch (err) {
        return [dns.NODATA, dns.NOTFOUND].includes(err.code) ? [] : null
    }
}

const NAME = /^(?!.{255})(?:[a-z0-9_-]{1,63}(?:\.(?!$)|\.?$))+$/i

// As agent/dns/maildns.h says.
exports.mail_dns = async function (host) {
    if (!host) return 'unknown'
    if (host.startsWith('[')) return 'present'
    // eslint-disable-next-line no-control-regex
    const domain = /^[\0-\x7f]*$/.test(host) ? host : domainToASCII(host)

    if (!NAME.test(domain)) return 'absent'
    const [mx, ...others] = await Promise.all([
        records_of(this.resolver.resolveMx(domain)),
        records_of(this.resolver.resolve4(domain)),
        this.cfg.main.mail_dns_aaaa ? records_of(this.resolver.resolve6(domain)) : [],
    ])
    const is_null = this.cfg.main.mail_dns_null_mx && mx?.length === 1 && mx[0].exchange === ''

    if (is_null) return 'absent'
    if ([mx, ...others].some((records) => records?.length > 0)) return 'present'
    return [mx, ...others].includes(null) ? 'unknown' : 'absent'
}

function recipients_of(addresses) {
    return addresses.length > RECIPIENTS_MAX
        ? { recipients: undefined, recipients_external: addresses.length }
        : { recipients: addresses.map(mailbox), recipients_external: undefined }
}

exports.facts_of = async function (transaction, connection) {
    const author = header(transaction, 'From')
    const id = header(transaction, 'Message-Id').trim().split(/\s/)[0]

    return {
        message_id: clean(id || transaction.uuid, ID_MAX_BYTES),
        user: clean(connection?.notes?.auth_user, TEXT_MAX_BYTES),
        envelope_from: mailbox(transaction.mail_from),
        header_from: clean(/<([^<>]*)>/.exec(author)?.[1] || author.trim(), TEXT_MAX_BYTES),
        client: clean(connection?.remote?.ip, TEXT_MAX_BYTES),
        bounce: is_bounce(transaction),
        automatic: is_automatic(transaction),
        spam: this.is_spam(transaction),
        mail_dns: transaction.mail_from.isNull() ? 'unknown' : await this.mail_dns(transaction.mail_from.host),
        ...recipients_of(transaction.rcpt_to),
    }
}

// ---- the question

// The decision; null: the agent is down. A refused question gives no decision, but shows that the agent runs.
exports.ask = async function (facts) {
    const { status, text } = await this.request('POST', '/v1/messages', JSON.stringify(facts))

    return status ? this.read_answer(status, text) : null
}

// { status, text }; status 0: no answer.
exports.request = function (method, path, body) {
    const options = {
        socketPath: this.cfg.main.socket || '/run/postern/api.sock',
        path,
        method,
        headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) },
        timeout: (this.cfg.main.timeout || 3) * 1000,
        agent: false,
    }

    return new Promise((resolve) => {
        const request = http.request(options, (response) => {
            const chunks = []
            response.on('data', (chunk) => chunks.push(chunk))
            response.on('error', () => resolve({ status: 0 }))
            response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString() }))
        })
        request.on('timeout', () => request.destroy(new Error('no answer in time')))
        request.on('error', (err) => {
            this.logerror(`agent: ${err.message}`)
            resolve({ status: 0 })
        })
        request.end(body)
    })
}

exports.read_answer = function (status, text) {
    if (status !== 200) this.logerror(`agent: ${status} ${text}`)
    try {
        if (status === 200) return JSON.parse(text)
    } catch (err) {
        this.logerror(`agent: ${err.message}`)
    }
    return status >= 400 && status < 500 ? { action: 'steer', refused: true } : null
}

// The verdict on the sender of queued mail now: an order, a restriction or repeated spam reaches what waits. A limit
// does not: it meets new messages.
exports.verdict_of = async function (facts) {
    const name = facts.user || facts.envelope_from
    const { status, text } = name ? await this.request('GET', `/v1/senders/${encodeURIComponent(name)}`, '') : {}
    const verdict = status === 200 ? JSON.parse(text).verdict : null

    return verdict?.reason === 'over-limit' ? null : verdict
}

// Stores the decision with the message. `bind` null: none; `risky`: high-risk without an answer.
function keep(holder, facts, answer) {
    const risky = facts.bounce || facts.spam || facts.mail_dns === 'absent' || !!answer?.refused
    const bind = answer?.pool ? { pool: answer.pool, helo: answer.helo, ...answer.handles } : null

    // A verdict to pass has no pool, and neither has a refused question.
    holder.notes.postern = { bind, risky, asked: !!answer, facts }
}

function rejection_of(answer) {
    if (answer.status === '5.5.3') return '5.5.3 Too many recipients in one message'
    const until = answer.until ? ` until ${answer.until}` : ''

    return `${answer.status} Sending is blocked for this sender${until}. Ask your postmaster`
}

// ---- hooks

// Haraka exits when a hook throws: defer the message after any failure.
exports.hook_data_post = async function (next, connection) {
    try {
        const { transaction } = connection
        const facts = await this.facts_of(transaction, connection)
        const answer = await this.ask(facts)

        if (!answer && this.cfg.main.on_agent_down === 'defer')
            return next(DENYSOFT, '4.7.1 Outbound mail cannot be checked at the moment, try again later')
        if (answer?.action === 'reject') return next(DENY, rejection_of(answer))
        if (answer?.action === 'defer')
            return next(
                DENYSOFT,
                `${answer.status} Mail of this sender waits: try again ${answer.until ? `after ${answer.until}` : 'later'}`,
            )
        keep(transaction, facts, answer)
        next()
    } catch (err) {
        this.logerror(err.stack)
        next(DENYSOFT, '4.3.0 Outbound mail cannot be checked, try again later')
    }
}

// Haraka's own mail, its bounces, is not received by SMTP. It is never refused.
exports.hook_pre_send_trans_email = async function (next, connection) {
    try {
        const { transaction } = connection

        if (!transaction.notes.postern) {
            const facts = await this.facts_of(transaction, null)
            keep(transaction, facts, await this.ask(facts))
        }
    } catch (err) {
        this.logerror(err.stack)
    }
    next()
}

// { pool, ipv4, ipv6, helo } to bind to; null: the mail waits.
exports.binding_of = async function (hmail) {
    const { notes, mail_from, rcpt_to } = hmail.todo
    // Haraka has split the message by domains: each part is asked about and counted with its own recipients.
    const facts = notes.postern?.facts && { ...notes.postern.facts, ...recipients_of(rcpt_to) }
    const answer = !facts || notes.postern.asked ? null : await this.ask(facts)

    if (answer && answer.action !== 'steer') return null
    if (answer) keep(hmail.todo, facts, answer)
    if (notes.postern?.bind?.pool === 'normal') {
        const verdict = await this.verdict_of(facts)

        if (verdict?.action === 'drop') return null
        if (verdict?.pool === 'high-risk') return this.cfg.high_risk || null
    }
    if (notes.postern?.bind) return notes.postern.bind
    return this.cfg[(notes.postern ? notes.postern.risky : mail_from.isNull()) ? 'high_risk' : 'normal'] || null
}

// All addresses of all hosts, each with the handle of its family. A family without a handle is left out.
async function bind_hosts(exchanges, binding) {
    const bound = []

    for (const mx of await net_utils.resolve_mx_hosts(exchanges)) {
        const handle = net.isIPv6(mx.exchange) ? binding.ipv6 : binding.ipv4

        if (!handle || !net.isIP(mx.exchange)) continue
        mx.bind = handle
        if (binding.helo) mx.bind_helo = binding.helo
        bound.push(mx)
    }
    return bound
}

// Never next() without a binding: Haraka would connect from the address of the route.
exports.hook_get_mx = async function (next, hmail, domain) {
    try {
        const binding = await this.binding_of(hmail)
        const exchanges = binding ? await net_utils.get_mx(domain) : []

        if (!binding) return next(DENYSOFT, 'no lane to bind to')
        if (exchanges.length === 0) return next(DENY, `no host takes mail for ${domain}`)
        const hosts = exchanges.filter((mx) => mx.exchange !== '' && mx.exchange !== '.')
        // A null MX (RFC 7505) of any preference names no host. Haraka returns mail (5.1.10) for a single one of
        // preference 0, and connects to this host for others.
        if (hosts.length === 0) return next(OK, [{ priority: 0, exchange: '' }])
        const bound = await bind_hosts(hmail.sort_mx(hosts), binding)
        if (bound.length === 0) return next(DENYSOFT, `pool ${binding.pool || '?'} has no way to ${domain}`)
        next(OK, bound)
    } catch (err) {
        next([dns.NODATA, dns.NOTFOUND].includes(err.code) ? DENY : DENYSOFT, err.message)
    }
}
