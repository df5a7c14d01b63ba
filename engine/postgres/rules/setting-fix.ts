import { type Fix, shell, sql, step } from '../../../core/check.ts'

/** Sets a setting of the server: by SQL, on RDS in a parameter group, whose name only its owner knows. `isStatic` needs a restart. */
export function settingFix(
  setting: { readonly name: string; readonly value: string; readonly isStatic: boolean },
  isRds: boolean,
): readonly Fix[] {
  const { name, value, isStatic } = setting
  if (!isRds)
    return [
      sql(`ALTER SYSTEM SET ${name} = ${/^[a-z0-9]+$/.test(value) ? value : `'${value}'`};`),
      isStatic ? step('then restart PostgreSQL') : sql('SELECT pg_reload_conf();'),
    ]
  const method = isStatic ? 'pending-reboot' : 'immediate'
  return [
    shell(
      `aws rds modify-db-parameter-group --db-parameter-group-name <group> --parameters ParameterName=${name},ParameterValue=${value},ApplyMethod=${method}`,
    ),
    ...(isStatic ? [step('then reboot the instance')] : []),
  ]
}
