import fc from 'fast-check'
import { expect, test } from 'vitest'
import { settingsChange } from '../../aws/dms/settings-change.ts'
import { cdcTaskSettings } from '../../aws/dms/task-settings.ts'

const anySettings = fc.dictionary(
  fc.stringMatching(/^[A-Z][a-z]{1,6}$/),
  fc.dictionary(
    fc.stringMatching(/^[a-z]{1,6}$/),
    fc.oneof(fc.boolean(), fc.integer(), fc.string(), fc.constant(null)),
  ),
)

test('settings that have what is wanted and more are as they should be, in whatever order', () => {
  fc.assert(
    fc.property(anySettings, anySettings, (wanted, more) => {
      const both = { ...more, ...wanted }
      const live = Object.fromEntries(
        Object.entries(both)
          .toReversed()
          .map(([name, of]) => [name, { ...more[name], ...of }]),
      )
      expect(settingsChange(JSON.stringify(live), wanted)).toEqual([])
    }),
  )
})

test('what DMS fills in is no change, what somebody changed is one, by its path', () => {
  const { ErrorBehavior, Logging, ...rest } = cdcTaskSettings
  const components = [
    { Id: 'ADDONS', Severity: 'LOGGER_SEVERITY_DEFAULT' },
    ...Logging.LogComponents.toReversed(),
  ]
  const filled = {
    ...rest,
    ErrorBehavior: { ...ErrorBehavior, ApplyErrorDeletePolicy: 'IGNORE_RECORD' },
    Logging: { ...Logging, LogComponents: components, CloudWatchLogGroup: 'dms-tasks-tidemark' },
    StreamBufferSettings: null,
  }
  expect(settingsChange(JSON.stringify(filled), cdcTaskSettings)).toEqual([])
  const changed = {
    ...filled,
    ErrorBehavior: { ...filled.ErrorBehavior, DataErrorPolicy: 'LOG_ERROR' },
    Logging: { EnableLogging: true, LogComponents: components.slice(1) },
    BeforeImageSettings: null,
  }
  expect(settingsChange(JSON.stringify(changed), cdcTaskSettings)).toEqual([
    {
      path: 'BeforeImageSettings',
      live: 'null',
      wanted: JSON.stringify(cdcTaskSettings.BeforeImageSettings),
    },
    { path: 'ErrorBehavior.DataErrorPolicy', live: '"LOG_ERROR"', wanted: '"STOP_TASK"' },
  ])
  const [lost] = components.slice(1)
  const fewer = { ...filled, Logging: { ...Logging, LogComponents: components.slice(2) } }
  expect(settingsChange(JSON.stringify(fewer), cdcTaskSettings)).toEqual([
    { path: 'Logging.LogComponents[4]', live: undefined, wanted: JSON.stringify(lost) },
  ])
  expect(() => settingsChange('no JSON', cdcTaskSettings)).toThrow(
    expect.objectContaining({ code: 'dms/refused' }),
  )
})
