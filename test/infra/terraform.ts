import { spawn, spawnSync } from 'node:child_process'

export interface TerraformRun {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

// biome-ignore lint/style/noProcessEnv: a child needs PATH and HOME
const inherited = Object.entries(process.env).filter(([name]) => /^(PATH|HOME|TMPDIR|TEMP)$/i.test(name))
/* Nothing of the developer's own: no credentials, no variables, no plugin cache, no question to HashiCorp. */
const environment: Readonly<Record<string, string | undefined>> = {
  ...Object.fromEntries(inherited),
  TF_CLI_CONFIG_FILE: '/dev/null',
  CHECKPOINT_DISABLE: '1',
  TF_IN_AUTOMATION: '1',
  TF_INPUT: '0',
  /* Short lives: memory is cheaper than a garbage collector. */
  GOGC: '800',
}

/** Whether there is a Terraform on the PATH. */
export function hasTerraform(): boolean {
  return spawnSync('terraform', ['version'], { env: environment, stdio: 'ignore' }).error === undefined
}

/** Runs Terraform in a folder, to its end. */
export function runTerraform(
  folder: string,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<TerraformRun> {
  const child = spawn('terraform', [`-chdir=${folder}`, ...args], {
    env: { ...environment, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (bytes: Buffer) => {
    stdout += bytes.toString()
  })
  child.stderr.on('data', (bytes: Buffer) => {
    stderr += bytes.toString()
  })
  return new Promise((done, failed) => {
    child.on('error', failed)
    child.on('close', (code) => done({ code, stdout, stderr }))
  })
}

/** What Terraform wrote, when it went well; throws with everything it said when it did not. */
export async function terraform(...run: Parameters<typeof runTerraform>): Promise<string> {
  const { code, stdout, stderr } = await runTerraform(...run)
  if (code !== 0) throw new Error(`terraform ${run[1].join(' ')} ended with ${code}:\n${stdout}${stderr}`)
  return stdout
}
