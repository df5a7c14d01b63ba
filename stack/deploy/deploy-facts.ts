import type { MappingsChange } from '../../aws/dms/mapped-tables.ts'
import type { TaskDefinition } from '../../aws/dms/read-task.ts'
import type { SettingChange } from '../../aws/dms/settings-change.ts'
import type { CatalogChange } from '../../glue/catalog-plan.ts'

/** The contracts beside their lock, and the files that Terraform reads of them. */
export interface ContractsFacts {
  /** Versions that the lock does not have as they are. */
  readonly unlocked: readonly string[]
  /** Of those, what would break readers: rule and message. */
  readonly breaks: readonly { readonly version: string; readonly rule: string; readonly message: string }[]
  /** Files of `infra/generated` that are not what the contracts say. */
  readonly stale: readonly string[]
}

export interface FunctionFacts {
  readonly functions: readonly {
    readonly name: string
    /** The SHA-256 of its package, base64; undefined when it is not there. */
    readonly deployed: string | undefined
    readonly built: string | undefined
  }[]
  /** Settings that all functions must agree on, and where one does not: what it has, and what the outputs of the stack say. */
  readonly disagreements: readonly {
    readonly setting: 'epoch' | 'masking key'
    readonly name: string
    readonly live: string
    readonly said: string
  }[]
}

export interface CatalogFacts {
  readonly changes: readonly CatalogChange[]
  /** The arguments of `tidemark catalog` for this stack. */
  readonly place: string
}

export interface TaskFacts {
  readonly arn: string
  readonly task: Pick<TaskDefinition, 'status' | 'hasRun'>
  readonly mappings: MappingsChange
  readonly settings: readonly SettingChange[]
}

export interface LoadTaskFacts {
  readonly settings: readonly SettingChange[]
}

export interface LoadFacts {
  /** Source tables of the contracts that no load has read whole, and none reads now. */
  readonly unloaded: readonly string[]
}

/** What is deployed and what should be; undefined where it could not be read. */
export interface DeployFacts {
  /** As the user wrote the files of the stack, for commands. */
  readonly stack: string
  readonly contracts: ContractsFacts | undefined
  readonly functions: FunctionFacts | undefined
  readonly catalog: CatalogFacts | undefined
  readonly cdcTask: TaskFacts | undefined
  readonly loadTask: LoadTaskFacts | undefined
  readonly loads: LoadFacts | undefined
}
