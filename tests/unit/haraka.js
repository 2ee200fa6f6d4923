// SPDX-License-Identifier: BSD-2-Clause
// The stand-in of Haraka for test_mail_haraka.c. Prints the facts of messages: "NAME bounce automatic spam", one a line.
// Arguments: the plugin, then pairs of an envelope sender and a file. With one argument it prints the hosts that
// hook_get_mx chooses for lists of MX records from standard input, one list a line: "PRIORITY EXCHANGE,…".
'use strict'

const fs = require('node:fs')
const module_loader = require('node:module')
const path = require('node:path')

let exchanges = []
const net_utils = {
    get_mx: async () => exchanges,
    resolve_mx_hosts: async (hosts) => hosts.map((mx) => ({ ...mx, exchange: '192.0.2.25' })),
}
const load = module_loader._load
module_loader._load = (name, ...rest) => (name === 'haraka-net-utils' ? net_utils : load(name, ...rest))
global.OK = 'OK'
global.DENY = 'DENY'
global.DENYSOFT = 'DENYSOFT'

const plugin = require(path.resolve(process.argv[2]))
plugin.cfg = { main: {}, normal: { ipv4: '100.127.0.1' } }
const ini = (section) =>
    Object.fromEntries(
        new RegExp(`\\[${section}\\]\\n([^[]*)`)
            .exec(fs.readFileSync(path.join(path.dirname(process.argv[2]), 'postern.ini'), 'utf8'))[1]
            .split('\n')
            .filter((line) => /^[^;=]+=/.test(line))
            .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    )
plugin.config = { get: () => ({ main: {}, normal: plugin.cfg.normal, marks: ini('marks'), clean: ini('clean') }) }
plugin.load_postern_ini()
plugin.mail_dns = async () => 'unknown'

function address(text) {
    return { isNull: () => text === '', format: () => `<${text}>`, host: text.split('@')[1] }
}

function headers_of(text) {
    return text
        .split(/\r?\n\r?\n/)[0]
        .split(/\r?\n(?![ \t])/)
        .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()])
}

async function print_facts(sender, file) {
    const headers = headers_of(fs.readFileSync(file, 'utf8'))
    const get_all = (name) => headers.filter(([found]) => found === name.toLowerCase()).map(([, value]) => value)
    const transaction = { mail_from: address(sender), rcpt_to: [], header: { get_all, header_list: headers.map((pair) => pair.join(': ')) }, uuid: 'u' }
    const facts = await plugin.facts_of(transaction, null)

    console.log(`${path.basename(file, '.eml')} ${facts.bounce} ${facts.automatic} ${facts.spam}`)
}

async function print_hosts(line) {
    exchanges = line.split(',').map((mx) => {
        const [priority, exchange] = mx.split(' ')
        return { priority: Number(priority), exchange: exchange.replace(/\.$/, '') }
    })
    const hmail = {
        todo: { notes: {}, mail_from: address('a@b'), rcpt_to: [] },
        sort_mx: (hosts) => hosts,
    }
    await plugin.hook_get_mx(
        (code, hosts) => console.log(`${code} ${JSON.stringify(hosts)}`),
        hmail,
        'example.net',
    )
}

async function main(args) {
    if (args.length === 0)
        for (const line of fs.readFileSync(0, 'utf8').trim().split('\n')) await print_hosts(line)
    for (let i = 0; i < args.length; i += 2) await print_facts(args[i], args[i + 1])
}

main(process.argv.slice(3))
