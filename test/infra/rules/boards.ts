import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ofType, type Rule, whole } from './rule.ts'
import { at, jsonAt, listAt, textAt } from './values.ts'

const handlers = resolve(import.meta.dirname, '../../../handlers')

/** Graphs and alarms show what there is. */
export const boards: readonly Rule[] = [
  {
    name: 'what is watched and shown of our functions is measured by them',
    faults: (resources) => {
      const shown = ofType(resources, 'aws_cloudwatch_dashboard').flatMap(({ values }) =>
        listAt(jsonAt(values, 'dashboard_body'), 'widgets').flatMap((widget) =>
          listAt(widget, 'properties.metrics')
            .filter((metric) => at(metric, '0') === 'Tidemark')
            .map((metric) => ({ name: textAt(metric, '1'), stage: textAt(metric, '3') })),
        ),
      )
      const watched = ofType(resources, 'aws_cloudwatch_metric_alarm')
        .filter(({ values }) => values['namespace'] === 'Tidemark')
        .map(({ values }) => ({
          name: textAt(values, 'metric_name'),
          stage: textAt(values, 'dimensions.stage'),
        }))
      return [...shown, ...watched]
        .filter(({ name, stage }) => !measures(stage, name))
        .map(({ name, stage }) => `${stage} measures no ${name}`)
    },
    seeds: {
      'a metric of another name': (draft) =>
        draft.set(
          draft.one('aws_cloudwatch_metric_alarm', 'quarantine-age'),
          'metric_name',
          'quarantine_age',
        ),
      'of another function': (draft) =>
        draft.set(
          draft.one('aws_cloudwatch_metric_alarm', 'ledger-missing'),
          'dimensions.stage',
          'reconcile',
        ),
      'a graph of nothing': (draft) =>
        draft.edit(
          draft.one('aws_cloudwatch_dashboard', ({ stack }) => stack === 'data'),
          'dashboard_body',
          (body) => {
            body['widgets'] = [{ properties: { metrics: [['Tidemark', 'landings', 'stage', 'land']] } }]
          },
        ),
    },
  },
  {
    name: 'a dashboard of each account shows something of everything on the way',
    faults: whole((resources) =>
      Object.entries({
        production: ['AWS/RDS', 'AWS/DMS', 'AWS/Kinesis'],
        data: ['Tidemark', 'AWS/Lambda', 'AWS/Firehose', 'AWS/SQS', 'AWS/DynamoDB'],
      }).flatMap(([stack, namespaces]) => {
        const board = ofType(resources, 'aws_cloudwatch_dashboard').find((one) => one.stack === stack)
        const shown = listAt(jsonAt(board?.values, 'dashboard_body'), 'widgets').flatMap((widget) =>
          listAt(widget, 'properties.metrics').map((metric) => at(metric, '0')),
        )
        return namespaces.map((one) =>
          shown.includes(one) ? undefined : `${stack}: shows nothing of ${one}`,
        )
      }),
    ),
    seeds: {
      'no dashboard': (draft) => draft.drop('aws_cloudwatch_dashboard'),
      'no widgets': (draft) =>
        draft.edit(draft.one('aws_cloudwatch_dashboard'), 'dashboard_body', (body) => {
          body['widgets'] = []
        }),
    },
  },
]

/* Whether the folder of a function says the name of a metric. */
function measures(stage: string, metric: string): boolean {
  const folder = join(handlers, stage)
  if (metric === '' || !existsSync(folder)) return false
  const says = `'${metric}'`
  return readdirSync(folder).some((file) => readFileSync(join(folder, file), 'utf8').includes(says))
}
