import { PipelineError } from '../../core/failures/failures.ts'

/** What DMS says of a task. */
export interface TaskState {
  readonly status: string
  readonly migrationType: 'full-load' | 'cdc' | 'full-load-and-cdc'
  /** Whether it was ever started. */
  readonly hasRun: boolean
}

/** What a person wants of a task: to go on where it was, or to read its tables from the begin. */
export type TaskWish = 'go-on' | 'load-again'

/** Values of DMS's StartReplicationTaskType; `running` when there is nothing to do. */
export type StartType = 'start-replication' | 'resume-processing' | 'reload-target' | 'running'

/**
 * How a task is started so that no change is lost. A CDC task that has run is only ever resumed: starting it anew would make
 * its replication slot again, and the changes in between would be in none. Throws `dms/refused` for what loses changes
 * and for states in which DMS starts nothing.
 */
export function startType({ status, migrationType, hasRun }: TaskState, wish: TaskWish): StartType {
  if (status === 'running' || status === 'starting') {
    if (wish === 'go-on') return 'running'
    throw new PipelineError('dms/refused', `the task is ${status}: stop it first`)
  }
  if (status !== 'ready' && status !== 'stopped' && status !== 'failed')
    throw new PipelineError('dms/refused', `the task is ${status}: wait until it is not`)
  if (wish === 'load-again' && migrationType !== 'full-load')
    throw new PipelineError(
      'dms/refused',
      `a ${migrationType} task is not loaded again: use a full-load task`,
    )
  if (!hasRun) return 'start-replication'
  return wish === 'go-on' ? 'resume-processing' : 'reload-target'
}
