import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkEnvironments } from './check-environments.ts'
import { checkPermissions } from './check-permissions.ts'
import { checkPriced } from './check-priced.ts'
import { checkProvider } from './check-provider.ts'
import { checkRules } from './check-rules.ts'
import { STACKS } from './stack.ts'
import { openStacksFixture, type StacksFixture } from './stacks-fixture.ts'
import { hasTerraform } from './terraform.ts'

/* Of a machine that does much else: alone, two cores need 15 seconds for all of it. */
const PATIENCE = 180_000

/* One file, so that each stack is planned once for all that is asked of it. */
if (hasTerraform()) {
  describe('the provider of these tests', checkProvider)
  describe('the stacks', { timeout: PATIENCE }, checkStacks)
} else
  test.skip('infra/ is not checked: there is no `terraform` on the PATH (1.11 or newer)', () => undefined)

function checkStacks() {
  let lab: StacksFixture
  beforeAll(async () => {
    lab = await openStacksFixture()
  })
  afterAll(() => lab.close(), PATIENCE)

  test('are formatted', async () => {
    const { code, stdout } = await lab.format
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
  })

  test.each(STACKS)('%s is valid', async (stack) => {
    const { code, stdout, stderr } = await lab.validations[stack]
    expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' })
  })

  test.each(STACKS)('%s is planned and applied with the variables of its example', async (stack) => {
    expect((await lab.resources[stack]).length).toBeGreaterThan(50)
  })

  test.each(STACKS)('%s has nothing to do after it was applied', async (stack) => {
    const { code, stdout, stderr } = await lab.secondPlans[stack]
    expect(code, stdout + stderr).toBe(0)
  })

  test.each(STACKS)('%s passes its own tests', async (stack) => {
    const { code, stdout, stderr } = await lab.tests[stack]
    expect(code, stdout + stderr).toBe(0)
    expect(stdout).toMatch(/^Success! [1-9]\d* passed, 0 failed\.$/m)
  })

  const applied = async () => [...(await lab.resources.production), ...(await lab.resources.data)]
  checkRules(applied)
  checkPriced(applied)
  describe('roles', () => checkPermissions(applied))
  describe('environments', () => checkEnvironments(applied))
}
