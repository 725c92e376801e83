// Measures iam-simulate: node policy_peer.mjs FOLDER FILE SECONDS, where FOLDER has it under node_modules.
//
// Policies are read once and count as checked; requests are asked in the same order and with the same resources as
// ours, until the time is up. Prints the figures as one line of JSON.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const [folder, file, limit] = process.argv.slice(2)
const installed = createRequire(`${folder}/package.json`)
const { createValidatedPolicy, loadPolicy } = installed('@cloud-copilot/iam-policy')
const { runSimulation, runUnsafeSimulation } = installed('@cloud-copilot/iam-simulate')
const work = JSON.parse(readFileSync(file, 'utf8'))
const seconds = Number(limit)

const WORDS = { Allowed: 'allowed', ExplicitlyDenied: 'explicitDeny', ImplicitlyDenied: 'implicitDeny' }
const FULL = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }] }

const read = (text) => createValidatedPolicy(JSON.parse(text), () => [], { name: 'p' })
const named = (texts) => texts.map((text, number) => ({ name: `p${number}`, policy: read(text) }))
const levels = (all, extra = []) =>
  all.map((texts, number) => ({ orgIdentifier: `o${number}`, policies: named([...texts, ...extra]) }))

const identityOnly = (texts) => ({
  identityPolicies: named(texts),
  permissionBoundaryPolicies: undefined,
  sessionPolicy: undefined,
  serviceControlPolicies: [],
  resourceControlPolicies: [],
  resourcePolicy: undefined,
  vpcEndpointPolicies: undefined,
})

// The checked entry adds RCPFullAWSAccess to every level by itself.
const everyLayer = (texts, layers) => ({
  identityPolicies: named(texts),
  permissionBoundaryPolicies: named(layers.boundaries),
  sessionPolicy: read(layers.session[0]),
  serviceControlPolicies: levels(layers.scps),
  resourceControlPolicies: levels(layers.rcps),
  resourcePolicy: read(layers.resource[0]),
  vpcEndpointPolicies: named(layers.endpoints),
})

function variant(question, number) {
  const resource = question.resource.replace('{n}', String(number).padStart(7, '0'))
  return {
    principal: question.principal.arn,
    action: question.action,
    resource: { resource, accountId: question.resource_account },
    contextVariables: question.context,
  }
}

// Identity policies alone go through the unchecked entry, which is much faster; session and endpoint policies do not.
function quick(documents, request) {
  return WORDS[runUnsafeSimulation({ request, ...documents }, {})]
}

async function checked(documents, request) {
  const reply = await runSimulation({ request, ...documents }, { simulationMode: 'Strict' })
  return reply.resultType === 'single' ? WORDS[reply.overallResult] : 'error'
}

const now = () => performance.now() / 1000
function processor() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

async function decided(ask, documents, questions, variants, budget) {
  for (const [n, question] of questions.entries()) await attempt(ask, documents, variant(question, 9000000 + n))
  const requests = []
  for (let turn = 0; turn < variants; turn++)
    for (const [place, question] of questions.entries())
      requests.push(variant(question, turn * questions.length + place))
  const answers = []
  const cpu = processor()
  const wall = now()
  const until = wall + budget
  for (const request of requests) {
    if (answers.length >= questions.length && now() > until) break
    answers.push(await attempt(ask, documents, request))
  }
  return { figures: { count: answers.length, wall: now() - wall, cpu: processor() - cpu }, answers }
}

// A promise is waited for only where there is one: waiting costs.
function attempt(ask, documents, request) {
  try {
    const found = ask(documents, request)
    return found instanceof Promise ? found.catch(() => 'error') : found
  } catch {
    return 'error'
  }
}

function added(runs) {
  const made = { count: 0, wall: 0, cpu: 0 }
  for (const { figures } of runs) for (const name of Object.keys(made)) made[name] += figures[name]
  return made
}

function load() {
  const cpu = processor()
  const wall = now()
  const texts = Object.values(work.policies)
  for (const text of texts) loadPolicy(JSON.parse(text))
  return { count: texts.length, wall: now() - wall, cpu: processor() - cpu }
}

function cold() {
  const first = new Map()
  for (const question of work.own) if (!first.has(question.policy)) first.set(question.policy, question)
  const cpu = processor()
  const wall = now()
  for (const [name, text] of Object.entries(work.policies))
    attempt(quick, identityOnly([text]), variant(first.get(name), 0))
  return { count: Object.keys(work.policies).length, wall: now() - wall, cpu: processor() - cpu }
}

const byPolicy = new Map()
for (const question of work.questions) {
  if (!byPolicy.has(question.policy)) byPolicy.set(question.policy, [])
  byPolicy.get(question.policy).push(question)
}
const texts = work.ten.map((name) => work.policies[name])
const loaded = load()
const suites = { single: [], ten: [], layers: [] }
for (const [name, questions] of byPolicy)
  suites.single.push(
    await decided(quick, identityOnly([work.policies[name]]), questions, work.variants, seconds / byPolicy.size),
  )
suites.ten.push(await decided(quick, identityOnly(texts), work.questions, work.variants, seconds))
suites.layers.push(await decided(checked, everyLayer(texts, work.layers), work.layered, work.variants, seconds))
const rates = {}
const answers = {}
for (const [name, runs] of Object.entries(suites)) {
  rates[name] = added(runs)
  answers[name] = runs.map((run) => run.answers)
}
console.log(JSON.stringify({ rates, answers, load: loaded, cold: cold() }))
