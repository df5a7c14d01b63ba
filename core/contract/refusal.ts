/** Why a value does not fit its column: a reason without the value. `path` points inside a list. */
export class Refusal {
  readonly reason: string
  readonly path: string
  constructor(reason: string, path = '') {
    this.reason = reason
    this.path = path
  }
}
