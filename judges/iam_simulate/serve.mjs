// Answers requests with iam-simulate: JSON lines in, JSON lines out, in order, until the input ends.
//
// In: the fields of `narrowgate policy evaluate --batch`, with `owner`, the account of the resource.
// Out: {id, decision} with allowed, explicitDeny or implicitDeny; {id, error} where it gives none.
import readline from 'node:readline'
import { createValidatedPolicy } from '@cloud-copilot/iam-policy'
import { anonymousPrincipal, runSimulation, runUnsafeSimulation } from '@cloud-copilot/iam-simulate'

const DECISIONS = { Allowed: 'allowed', ExplicitlyDenied: 'explicitDeny', ImplicitlyDenied: 'implicitDeny' }
const FULL = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }] }

// Policies count as checked already: it is decisions that are compared, not checks of the input.
const checked = (policy) => createValidatedPolicy(policy, () => [], { name: 'p' })
const named = (policies) => policies.map((policy, number) => ({ name: `p${number}`, policy: checked(policy) }))
const levels = (all) => all.map((policies, number) => ({ orgIdentifier: `o${number}`, policies: named(policies) }))

function principal(asked) {
  if (asked.type === 'Anonymous') return anonymousPrincipal
  return asked.arn ?? asked.service ?? asked.provider
}

function simulation(asked) {
  return {
    request: {
      principal: principal(asked.principal),
      action: asked.action,
      resource: { resource: asked.resource, accountId: asked.owner },
      contextVariables: asked.context,
    },
    identityPolicies: named(asked.identity_policies),
    permissionBoundaryPolicies: asked.permission_boundaries.length ? named(asked.permission_boundaries) : undefined,
    sessionPolicy: asked.session_policy ? checked(asked.session_policy) : undefined,
    serviceControlPolicies: levels(asked.scps),
    resourceControlPolicies: levels(asked.rcps),
    resourcePolicy: asked.resource_policy ? checked(asked.resource_policy) : undefined,
    vpcEndpointPolicies: asked.endpoint_policies.length ? named(asked.endpoint_policies) : undefined,
  }
}

// The unchecked entry drops session and endpoint policies, and does not know actions without resources.
function needsChecked(asked) {
  return Boolean(asked.session_policy) || asked.endpoint_policies.length > 0 || asked.resource === '*'
}

async function decide(asked) {
  if (!needsChecked(asked)) {
    // AWS attaches RCPFullAWSAccess to every level; only the checked entry adds it by itself.
    const rcps = asked.rcps.map((level) => [...level, FULL])
    return { decision: DECISIONS[runUnsafeSimulation(simulation({ ...asked, rcps }), {})] }
  }
  const reply = await runSimulation(simulation(asked), { simulationMode: 'Strict' })
  if (reply.resultType !== 'single') return { error: reply.errors?.message ?? reply.resultType }
  const ignored = reply.result.ignoredContextKeys ?? []
  if (ignored.length) return { error: `ignored context keys: ${ignored.join(' ')}` }
  return { decision: DECISIONS[reply.overallResult] }
}

async function answer(line) {
  const asked = JSON.parse(line)
  try {
    return { id: asked.id, ...(await decide(asked)) }
  } catch (error) {
    return { id: asked.id, error: String(error.message) }
  }
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(line))}\n`)
}
