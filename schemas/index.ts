import type { Table } from '#contract'
import { absencesV1 } from './workforce/absences/v1.ts'
import { employeesV1 } from './workforce/employees/v1.ts'
import { employmentContractsV1 } from './workforce/employment_contracts/v1.ts'
import { payslipsV1 } from './workforce/payslips/v1.ts'
import { shiftsV1 } from './workforce/shifts/v1.ts'
import { shopsV1 } from './workforce/shops/v1.ts'

/** Every contract version of this folder, by path; a test compares the list with the files. */
export const tables: readonly Table[] = [
  absencesV1,
  employeesV1,
  employmentContractsV1,
  payslipsV1,
  shiftsV1,
  shopsV1,
]
